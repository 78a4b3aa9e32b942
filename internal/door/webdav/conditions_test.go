package webdav

import (
	"context"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/commit"
	"github.com/azekura/azekura/internal/pathname"
	"github.com/azekura/azekura/internal/vault"
)

// late does something between the moment when a condition was judged and the act.
type late struct {
	vault.Files
	first func()
}

func (l late) Expecting(seen ...vault.Info) vault.Files {
	return late{l.Files.Expecting(seen...), l.first}
}

func (l late) Remove(ctx context.Context, name pathname.Path) error {
	l.first()
	return l.Files.Remove(ctx, name)
}

func (l late) Rename(ctx context.Context, from, to pathname.Path, replace bool) error {
	l.first()
	return l.Files.Rename(ctx, from, to, replace)
}

func (l late) Copy(ctx context.Context, from, to pathname.Path, replace, deep bool) error {
	l.first()
	return l.Files.Copy(ctx, from, to, replace, deep)
}

func (l late) SetProps(ctx context.Context, name pathname.Path, props []commit.Prop, modified time.Time) error {
	l.first()
	return l.Files.SetProps(ctx, name, props, modified)
}

func (l late) Create(ctx context.Context, name pathname.Path) (vault.Draft, error) {
	d, err := l.Files.Create(ctx, name)
	l.first()
	return d, err
}

// Of two clients that saw the same version only one can act on it, however close they come.
func TestConditionsHoldInTheAct(t *testing.T) {
	const patch = `<D:propertyupdate xmlns:D="DAV:"><D:set><D:prop><x xmlns="urn:x">1</x></D:prop></D:set></D:propertyupdate>`
	for _, c := range []struct {
		line, body string
		headers    []string
	}{
		{"DELETE /s/f", "", nil},
		{"MOVE /s/f", "", []string{"Destination: /dav/s/g"}},
		{"COPY /s/f", "", []string{"Destination: /dav/s/g"}},
		{"PROPPATCH /s/f", patch, nil},
		{"PUT /s/f", "mine", nil},
	} {
		for _, condition := range []string{"If-Match: %s", "If: ([%s])", "If: </dav/s/f> ([%s])"} {
			for _, changed := range []bool{false, true} {
				var h *house
				first := func() {}
				h = newHouse(t, func(cfg *Config) {
					as := cfg.Files
					cfg.Files = func(s account.Session, tokens ...string) vault.Files {
						return late{as(s, tokens...), func() { first() }}
					}
				})
				h.do("PUT /s/f", "first").want(http.StatusCreated)
				tag := h.do("HEAD /s/f", "").want(http.StatusOK).Header().Get("ETag")
				if changed {
					first = func() { h.overwrite("/s/f", "theirs") }
				}
				r := h.do(c.line, c.body, append(c.headers, fmt.Sprintf(condition, tag))...)
				if changed {
					r.want(http.StatusPreconditionFailed)
					if got := h.do("GET /s/f", "").want(http.StatusOK).Body.String(); got != "theirs" {
						t.Errorf("%s, %s: the file holds %q", c.line, condition, got)
					}
					h.do("HEAD /s/g", "").want(http.StatusNotFound)
				} else if r.Code >= 300 {
					t.Errorf("%s, %s: %d", c.line, condition, r.Code)
				}
			}
		}
	}
}

// overwrite saves through another door.
func (h *house) overwrite(name pathname.Path, content string) {
	h.Helper()
	d, err := h.files().Create(h.Context(), name)
	if err != nil {
		h.Fatal(err)
	}
	defer d.Discard()
	if _, err := d.Write([]byte(content)); err != nil {
		h.Fatal(err)
	}
	if _, err := d.Commit(h.Context(), vault.Save{}); err != nil {
		h.Fatal(err)
	}
}
