package client_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/door/api"
	"github.com/azekura/azekura/internal/door/api/client"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/pathname"
	"github.com/azekura/azekura/internal/problem"
	"github.com/azekura/azekura/internal/vault"
	"github.com/azekura/azekura/internal/vault/vaultmodel"
)

// world is an API over the model, and a client of it.
type world struct {
	*client.Client
	model *vaultmodel.Model
	cared *cared
	kept  *kept
	clock *clock
}

// each runs a test in process and over a socket: the same handler behind both.
func each(t *testing.T, test func(t *testing.T, w *world)) {
	for _, way := range []string{"in process", "socket"} {
		t.Run(way, func(t *testing.T) {
			c := &clock{now: time.Date(2026, 7, 12, 0, 0, 0, 0, time.UTC)}
			w := &world{model: vaultmodel.New(c.Now), kept: &kept{}, clock: c}
			w.cared = &cared{Model: w.model}
			w.model.AddShare("albums")
			session := w.model.Gate().Add("sato", "x")
			h := api.New(api.Config{
				Session: func(r *http.Request) (account.Session, error) {
					if r.Header.Get("Accept-Language") == "nobody" {
						return session, &problem.Error{Kind: problem.Unauthenticated, Op: "log in", Hint: "hint.log-in-again"}
					}
					return session, nil
				},
				Vault: w.cared, People: w.kept, Ledger: w.kept, Now: c.Now, Log: slog.New(slog.DiscardHandler),
				Status: func(context.Context) (api.Status, error) { return api.Status{Version: "test"}, nil },
			})
			if way == "in process" {
				w.Client = client.New(api.Local(h, "console:0"), "en")
			} else {
				name := filepath.Join(t.TempDir(), "s")
				l, err := net.Listen("unix", name)
				if err != nil {
					t.Fatal(err)
				}
				srv := httptest.NewUnstartedServer(h)
				srv.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
				srv.Listener.Close()
				srv.Listener = l
				srv.Start()
				t.Cleanup(srv.Close)
				w.Client = client.New(client.Socket(name), "en")
			}
			test(t, w)
		})
	}
}

func (w *world) save(t *testing.T, path, content string) api.Info {
	t.Helper()
	i, err := w.Save(t.Context(), path, strings.NewReader(content), int64(len(content)), time.Time{})
	if err != nil {
		t.Fatalf("save %s: %v", path, err)
	}
	return i
}

func (w *world) read(t *testing.T, path string, v client.Version) string {
	t.Helper()
	c, err := w.Open(t.Context(), path, v, "")
	if err != nil {
		t.Fatalf("open %s: %v", path, err)
	}
	defer c.Close()
	b, err := io.ReadAll(c)
	if err != nil {
		t.Fatalf("read %s: %v", path, err)
	}
	return string(b)
}

// shown lists a tree as "path=content", sorted.
func (w *world) shown(t *testing.T, dir string) (out []string) {
	t.Helper()
	for i, err := range w.List(t.Context(), dir) {
		if err != nil {
			t.Fatal(err)
		}
		if i.Type == api.RegularFile {
			out = append(out, i.Path+"="+w.read(t, i.Path, client.Version{}))
		} else {
			out = append(out, w.shown(t, i.Path)...)
		}
	}
	slices.Sort(out)
	return out
}

func TestFiles(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		if err := w.Mkdir(ctx, "/albums/2026/東 高校 100%"); err != nil {
			t.Fatal(err)
		}
		path := "/albums/2026/東 高校 100%/か\u3099#&+.jpg"
		when := time.Date(2026, 3, 1, 12, 0, 0, 123456000, time.UTC)
		i, err := w.Save(ctx, path, strings.NewReader("one"), 3, when)
		if err != nil {
			t.Fatal(err)
		}
		if i.Path != path || i.Size != 3 || i.Number != 1 || !i.Modified.Equal(when) || i.Author != "sato" || i.Type != api.RegularFile {
			t.Errorf("saved as %+v", i)
		}
		w.save(t, "/albums/2026/東 高校 100%/が#&+.jpg", "two") // the composed form is the same name
		if got := w.read(t, path, client.Version{}); got != "two" {
			t.Errorf("head is %q, want two", got)
		}
		if got := w.read(t, path, client.Version{Number: 1}); got != "one" {
			t.Errorf("version 1 is %q, want one", got)
		}
		if got := w.read(t, path, client.Version{Version: i.Version}); got != "one" {
			t.Errorf("version %v is %q, want one", i.Version, got)
		}
		if _, err := w.Open(ctx, path, client.Version{Number: 9}, ""); problem.KindOf(err) != problem.NotFound {
			t.Errorf("version 9: %v, want not found", err)
		}
		if err := w.Rename(ctx, path, "/albums/x.jpg", false); err != nil {
			t.Fatal(err)
		}
		if err := w.Remove(ctx, "/albums/x.jpg"); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Stat(ctx, "/albums/x.jpg"); problem.KindOf(err) != problem.NotFound {
			t.Errorf("after remove: %v, want not found", err)
		}
		var removed []string
		for i, err := range w.Removed(ctx, "/albums") {
			if err != nil {
				t.Fatal(err)
			}
			removed = append(removed, i.Path)
		}
		if want := []string{"/albums/x.jpg"}; !slices.Equal(removed, want) {
			t.Errorf("removed %q, want %q", removed, want)
		}
		var acts []api.Act
		for c, err := range w.History(ctx, "/albums/x.jpg") {
			if err != nil {
				t.Fatal(err)
			}
			acts = append(acts, c.Act)
		}
		if want := []api.Act{"removed", "moved", "saved", "saved"}; !slices.Equal(acts, want) {
			t.Errorf("history %q, want %q", acts, want)
		}
	})
}

func TestErrors(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		for _, x := range []struct {
			what string
			err  error
			kind problem.Kind
			text string
		}{
			{"no such file", second(w.Stat(ctx, "/albums/none")), problem.NotFound, "no such thing"},
			{"no such share", w.Mkdir(ctx, "/other/x"), problem.NotFound, "azekura share add"},
			{"bad name", w.Mkdir(ctx, "/albums/a:b"), problem.Invalid, "Windows"},
			{"traversal", w.Remove(ctx, "/albums/../../etc/passwd"), problem.Invalid, ""},
			{"no parent", second(w.Save(ctx, "/albums/no/such/x", strings.NewReader("x"), 1, time.Time{})), problem.Conflict, "folder"},
			{"restore what is there", restore(w, api.RestoreRequest{Path: "/albums"}), problem.Exists, "--version"},
		} {
			if got := problem.KindOf(x.err); got != x.kind || !strings.Contains(fmt.Sprint(x.err), x.text) {
				t.Errorf("%s: %v (%v), want %v with %q", x.what, x.err, got, x.kind, x.text)
			}
		}
	})
}

func second[T any](_ T, err error) error { return err }

func restore(w *world, q api.RestoreRequest) error {
	for _, err := range w.Restore(context.Background(), q) {
		if err != nil {
			return err
		}
	}
	return nil
}

// TestShortContent: content that ends early leaves nothing.
func TestShortContent(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		broken := io.MultiReader(strings.NewReader("half"), &failing{errors.New("the disk is gone")})
		if _, err := w.Save(t.Context(), "/albums/x", broken, 8, time.Time{}); err == nil {
			t.Error("saved half a file")
		}
		if _, err := w.Stat(t.Context(), "/albums/x"); problem.KindOf(err) != problem.NotFound {
			t.Errorf("after half a file: %v, want not found", err)
		}
	})
}

type failing struct{ err error }

func (f *failing) Read([]byte) (int, error) { return 0, f.err }

func TestBatches(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		big := bytes.Repeat([]byte("0123456789abcdef"), api.SmallFile/16+1)
		send := func(b *api.ItemWriter, path string, content []byte, size int64, p *api.Problem) error {
			return errors.Join(b.Begin(api.Item{Path: path, Size: size}), second(b.Write(content)), b.End(p))
		}
		results := make(map[string]problem.Kind)
		for s, err := range w.SaveBatch(ctx, func(b *api.ItemWriter) error {
			return errors.Join(
				send(b, "/albums/one", []byte("one"), 3, nil),
				send(b, "/albums/empty", nil, 0, nil),
				send(b, "/albums/short", []byte("sho"), 5, nil),
				send(b, "/albums/long", []byte("long"), 3, nil),
				send(b, "/albums/given up", []byte("g"), 1, &api.Problem{Kind: problem.Damaged}),
				send(b, "/albums/big", big, int64(len(big)), nil),
				send(b, "/albums/big and given up", big, int64(len(big)), &api.Problem{Kind: problem.Damaged}),
				send(b, "/albums/unknown", []byte("unknown"), -1, nil),
				send(b, "/albums/no/parent", []byte("x"), 1, nil),
				send(b, "/albums/CON", []byte("x"), 1, nil),
				send(b, "/albums/two", []byte("two"), 3, nil),
			)
		}) {
			if err != nil {
				t.Fatal(err)
			}
			results[s.Path] = 255
			if s.Error != nil {
				results[s.Path] = s.Error.Kind
			}
		}
		for path, want := range map[string]problem.Kind{
			"/albums/one": 255, "/albums/empty": 255, "/albums/big": 255, "/albums/unknown": 255, "/albums/two": 255,
			"/albums/short": problem.Invalid, "/albums/long": problem.Invalid, "/albums/given up": problem.Damaged,
			"/albums/big and given up": problem.Damaged, "/albums/no/parent": problem.Conflict, "/albums/CON": problem.Invalid,
		} {
			if got, ok := results[path]; !ok || got != want {
				t.Errorf("%s: %v, want %v", path, got, want)
			}
		}
		if got, want := w.shown(t, "/albums"), []string{"/albums/big=" + string(big), "/albums/empty=", "/albums/one=one", "/albums/two=two", "/albums/unknown=unknown"}; !slices.Equal(got, want) {
			t.Errorf("%d files shown, want %d", len(got), len(want))
		}

		before := w.model.Opened()
		r, body, err := w.OpenBatch(ctx, []string{"/albums/one", "/albums/none", "/albums/big", "/albums", "/albums/two"}, "export")
		if err != nil {
			t.Fatal(err)
		}
		defer body.Close()
		var got []string
		for i, err := r.Next(); err != io.EOF; i, err = r.Next() {
			if err != nil {
				t.Fatal(err)
			}
			if i.Error != nil {
				got = append(got, i.Path+":"+i.Error.Kind.String())
				continue
			}
			content, err := io.ReadAll(r)
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, fmt.Sprintf("%s=%d", i.Path, len(content)))
		}
		want := []string{"/albums/one=3", "/albums/none:not-found", fmt.Sprintf("/albums/big=%d", len(big)), "/albums:conflict", "/albums/two=3"}
		if !slices.Equal(got, want) {
			t.Errorf("read %q, want %q", got, want)
		}
		if n := w.model.Opened() - before; n != 3 {
			t.Errorf("%d versions opened, want 3", n)
		}
	})
}

// TestDamageWhileReading: content that turns out damaged half way is never taken for whole.
func TestDamageWhileReading(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		w.save(t, "/albums/good", "good")
		w.save(t, "/albums/bad", "damaged bytes")
		w.model.SetFault(func(op string, name pathname.Path) error {
			if op == "read" && name == "/albums/bad" {
				return problem.New(problem.Damaged, "open", string(name), nil)
			}
			return nil
		})
		c, err := w.Open(ctx, "/albums/bad", client.Version{}, "")
		if err == nil {
			_, err = io.ReadAll(c)
			c.Close()
		}
		if err == nil {
			t.Error("damaged content read as whole")
		}
		r, body, err := w.OpenBatch(ctx, []string{"/albums/bad", "/albums/good"}, "")
		if err != nil {
			t.Fatal(err)
		}
		defer body.Close()
		for _, want := range []struct {
			path string
			kind problem.Kind
		}{{"/albums/bad", problem.Damaged}, {"/albums/good", 255}} {
			i, err := r.Next()
			if err != nil || i.Path != want.path {
				t.Fatalf("next is %q, %v, want %q", i.Path, err, want.path)
			}
			_, err = io.ReadAll(r)
			if want.kind == 255 && err != nil || want.kind != 255 && problem.KindOf(err) != want.kind {
				t.Errorf("%s: %v, want kind %v", want.path, err, want.kind)
			}
		}
	})
}

// TestRestoreTree leaves a directory to the vault and passes on what that says.
func TestRestoreTree(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		if err := w.Mkdir(t.Context(), "/albums/a"); err != nil {
			t.Fatal(err)
		}
		at, saved := w.clock.Now(), w.clock.Now()
		version := id.NewVersion()
		w.cared.undone = []vault.Undone{
			{Path: "/albums/a/1", Act: vault.Restored, Version: vault.Info{Version: version, Number: 3, Saved: saved}},
			{Path: "/albums/a/2", Act: vault.Renamed, To: "/albums/a/two"},
			{Path: "/albums/a/3", Act: vault.Failed, Err: problem.New(problem.Locked, "restore", "/albums/a/3", nil)},
		}
		want := []api.Restored{
			{Path: "/albums/a/1", Act: "restored", Number: 3, Saved: saved, Version: version},
			{Path: "/albums/a/2", Act: "renamed", To: "/albums/a/two"},
			{Path: "/albums/a/3", Act: "failed"},
		}
		for _, dir := range []string{"/albums/a", "/albums/never/seen"} {
			var got []api.Restored
			for r, err := range w.Restore(t.Context(), api.RestoreRequest{Path: dir, At: at, DryRun: true}) {
				if err != nil {
					t.Fatal(err)
				}
				if (r.Error != nil) != (r.Act == "failed") {
					t.Errorf("%s: %s with error %v", r.Path, r.Act, r.Error)
				}
				r.Error = nil
				got = append(got, r)
			}
			if !slices.Equal(got, want) {
				t.Errorf("%s: answered %+v, want %+v", dir, got, want)
			}
			if asked := []any{"sato", pathname.Path(dir), at, true}; !slices.Equal(w.cared.undo, asked) {
				t.Errorf("asked the vault for %v, want %v", w.cared.undo, asked)
			}
		}
	})
}

func TestRestoreFile(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		path := "/albums/x"
		w.save(t, path, "one")
		at := w.clock.Now()
		w.save(t, path, "two")
		for _, x := range []struct {
			q    api.RestoreRequest
			want string
		}{
			{api.RestoreRequest{Path: path, Number: 1}, "one"}, {api.RestoreRequest{Path: path, Number: 2}, "two"}, {api.RestoreRequest{Path: path, At: at}, "one"},
		} {
			if err := restore(w, x.q); err != nil {
				t.Fatal(err)
			}
			if got := w.read(t, path, client.Version{}); got != x.want {
				t.Errorf("%+v: %q, want %q", x.q, got, x.want)
			}
		}
		if err := restore(w, api.RestoreRequest{Path: path, At: at.Add(-time.Hour)}); problem.KindOf(err) != problem.NotFound {
			t.Errorf("before it was made: %v, want not found", err)
		}
		if err := w.Remove(t.Context(), path); err != nil {
			t.Fatal(err)
		}
		if err := restore(w, api.RestoreRequest{Path: path}); err != nil {
			t.Fatal(err)
		}
		if got := w.read(t, path, client.Version{}); got != "one" {
			t.Errorf("brought back: %q, want one", got)
		}
	})
}
