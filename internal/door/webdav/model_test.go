package webdav

import (
	"fmt"
	"maps"
	"net/url"
	"path"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// plain is what a person expects of a drive: names and contents. nil content is a directory.
type plain map[string]*string

func (p plain) dir(name string) bool { c, ok := p[name]; return ok && c == nil }

// below returns a name and everything under it.
func (p plain) below(name string) (all []string) {
	for n := range p {
		if n == name || strings.HasPrefix(n, name+"/") {
			all = append(all, n)
		}
	}
	return all
}

func (p plain) remove(name string) {
	for _, n := range p.below(name) {
		delete(p, n)
	}
}

// transfer is COPY and MOVE, with the status that they must have.
func (p plain) transfer(from, to string, move, replace, deep bool) int {
	_, there := p[from]
	_, taken := p[to]
	switch {
	case !there:
		return 404
	case from == to, p.dir(from) && strings.HasPrefix(to, from+"/"), strings.HasPrefix(from, to+"/"):
		return 403
	case !p.dir(path.Dir(to)):
		return 409
	case taken && !replace:
		return 412
	}
	moved := make(plain)
	for _, n := range p.below(from) {
		if deep || n == from {
			moved[to+n[len(from):]] = p[n]
		}
	}
	p.remove(to)
	if move {
		p.remove(from)
	}
	maps.Copy(p, moved)
	if taken {
		return 204
	}
	return 201
}

// TestModel drives the door with random requests, and holds what it answers and shows against a plain map.
func TestModel(t *testing.T) {
	names := []string{"a", "b", "がぎ", "c.txt"}
	rapid.Check(t, func(r *rapid.T) {
		h := newHouse(t)
		want := plain{"/s": nil}
		draw := func(label string) string {
			name := "/s"
			for range rapid.IntRange(1, 3).Draw(r, label+" depth") {
				name += "/" + rapid.SampledFrom(names).Draw(r, label)
			}
			return name
		}
		check := func(rep reply, code int) {
			if rep.Code != code {
				r.Fatalf("%s: %d, want %d: %s", rep.line, rep.Code, code, rep.Body)
			}
		}
		transfer := func(method string) func(*rapid.T) {
			return func(r *rapid.T) {
				from, to := draw("from"), draw("to")
				replace, deep := rapid.Bool().Draw(r, "replace"), method == "MOVE" || rapid.Bool().Draw(r, "deep")
				headers := []string{"Destination: http://h.example/dav" + escaped(to), "Overwrite: " + map[bool]string{true: "T", false: "F"}[replace]}
				if !deep {
					headers = append(headers, "Depth: 0")
				}
				check(h.do(method+" "+escaped(from), "", headers...), want.transfer(from, to, method == "MOVE", replace, deep))
			}
		}
		r.Repeat(map[string]func(*rapid.T){
			"PUT": func(r *rapid.T) {
				name, content := draw("name"), rapid.SampledFrom([]string{"", "1", "22"}).Draw(r, "content")
				code := 201
				switch c, taken := want[name]; {
				case !want.dir(path.Dir(name)):
					code = 409
				case taken && c == nil:
					code = 405
				case taken:
					code = 204
				}
				if check(h.do("PUT "+escaped(name), content), code); code < 300 {
					want[name] = &content
				}
			},
			"MKCOL": func(r *rapid.T) {
				name, code := draw("name"), 201
				if _, taken := want[name]; !want.dir(path.Dir(name)) {
					code = 409
				} else if taken {
					code = 405
				}
				if check(h.do("MKCOL "+escaped(name)+"/", ""), code); code == 201 {
					want[name] = nil
				}
			},
			"DELETE": func(r *rapid.T) {
				name, code := draw("name"), 204
				if _, ok := want[name]; !ok {
					code = 404
				}
				check(h.do("DELETE "+escaped(name), ""), code)
				want.remove(name)
			},
			"COPY": transfer("COPY"), "MOVE": transfer("MOVE"), "MOVE again": transfer("MOVE"),
			"": func(r *rapid.T) {
				if got, want := h.walk("/s"), lines(want); got != want {
					r.Fatalf("the door shows\n%s\nwant\n%s", got, want)
				}
			},
		})
	})
}

// lines writes a plain tree down.
func lines(p plain) string {
	var out []string
	for name, content := range p {
		if content == nil {
			out = append(out, name+"/")
		} else {
			out = append(out, fmt.Sprintf("%s %q", name, *content))
		}
	}
	slices.Sort(out)
	return strings.Join(out, "\n")
}

// walk reads a tree through the door.
func (h *house) walk(top string) string {
	h.Helper()
	out, dirs := []string{top + "/"}, []string{top}
	for len(dirs) > 0 {
		dir := dirs[0]
		dirs = dirs[1:]
		for href, props := range h.do("PROPFIND "+escaped(dir), "", "Depth: 1").want(207).props() {
			name, err := url.PathUnescape(strings.TrimPrefix(href, "/dav"))
			if err != nil {
				h.Fatal(err)
			}
			switch sub, isDir := strings.CutSuffix(name, "/"); {
			case sub == dir:
			case isDir:
				dirs, out = append(dirs, sub), append(out, name)
			default:
				r := h.do("GET "+escaped(name), "").want(200)
				if got := "200: " + fmt.Sprint(r.Body.Len()); props["DAV: getcontentlength"] != got {
					h.Errorf("%s: length %s, content %s", name, props["DAV: getcontentlength"], got)
				}
				out = append(out, fmt.Sprintf("%s %q", name, r.Body))
			}
		}
	}
	slices.Sort(out)
	return strings.Join(out, "\n")
}
