package client_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"sync"
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

// clock goes on by a second at each look, so that every act has a time of its own.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(time.Second)
	return c.now
}

// cared adds to the model what the API wants of a vault beside files.
type cared struct {
	*vaultmodel.Model
	findings []vault.Finding
	undone   []vault.Undone
	undo     []any // what Undo was asked for
	failed   error
}

func (*cared) Holdings(context.Context, account.Session, string) (account.Holdings, error) {
	return account.Holdings{}, nil
}

func (v *cared) Held(context.Context, account.Session, pathname.Path) iter.Seq2[vault.Held, error] {
	return func(func(vault.Held, error) bool) {}
}

func (v *cared) Harm(context.Context, account.Session, pathname.Path, vault.Suspects, func(vault.Harm) error) (vault.Extent, error) {
	return vault.Extent{}, nil
}

func (v *cared) Rollback(context.Context, account.Session, pathname.Path, vault.Suspects, func(pathname.Path) bool, bool, func(vault.Mended) error) (vault.Rolled, error) {
	return vault.Rolled{}, nil
}

func (v *cared) Settle(context.Context, account.Session, pathname.Path, id.Version, bool) error {
	return nil
}

func (v *cared) Undo(_ context.Context, s account.Session, dir pathname.Path, at time.Time, dry bool, tell func(vault.Undone) error) error {
	v.undo = []any{s.Name, dir, at, dry}
	for _, u := range v.undone {
		if err := tell(u); err != nil {
			return err
		}
	}
	return v.failed
}

func (v cared) Verify(_ context.Context, _ account.Session, _ vault.VerifyOptions, found func(vault.Finding)) (vault.VerifyReport, error) {
	for _, f := range v.findings {
		found(f)
	}
	return vault.VerifyReport{Shares: 1, Findings: len(v.findings)}, v.failed
}

func (v cared) Rebuild(_ context.Context, _ account.Session, _ string, progress func(int64), found func(vault.Finding)) (vault.RebuildReport, error) {
	for _, f := range v.findings {
		found(f)
	}
	for n := range int64(25_000) {
		progress(n + 1)
	}
	return vault.RebuildReport{Frames: 25_000, Findings: len(v.findings), Equal: true}, nil
}

func (v cared) PreviewRemoval(_ context.Context, _ account.Session, share string, rule account.Retention, _ *account.Aging, _ bool, progress func(done, of int64)) (account.Removal, error) {
	progress(8192, 10000)
	return account.Removal{Share: share, Rule: rule, Versions: 3, Digest: "d"}, v.failed
}

func (v cared) PreviewedRemoval(_ context.Context, _ account.Session, share string) (account.Removal, error) {
	return account.Removal{Share: share, Versions: 3, Digest: "d"}, v.failed
}

func (v cared) Expiring(_ context.Context, _ account.Session, share string, each func(vault.Expiring) error) error {
	return errors.Join(each(vault.Expiring{Path: pathname.Root.Join(share).Join("a"), Number: 1}), v.failed)
}

func (v cared) RemoveByRule(ctx context.Context, _ account.Session, _ string, q vault.Removing) (account.Removed, error) {
	err := q.May(ctx)
	if err == nil {
		err = q.Begin(ctx, account.Removal{Digest: q.Digest})
	}
	q.Progress("versions", 3, 3)
	return account.Removed{Digest: q.Digest, Agreed: 3, Versions: 2}, err
}

// Previews has one of each kind, by the first letter of the name.
func (v cared) Previews(ctx context.Context, s account.Session, files ...vault.Info) ([]vault.Preview, error) {
	out := make([]vault.Preview, len(files))
	for i, f := range files {
		switch {
		case f.Version.IsZero():
		case f.Path.Base()[0] == 'r':
			open, err := v.As(s).Open(ctx, account.Preview, f)
			if err != nil {
				return nil, err
			}
			out[i].File = open[0]
		case f.Path.Base()[0] == 'c':
			out[i].Coming = true
		}
	}
	return out, v.failed
}

func (v cared) Picture(context.Context, account.Session, vault.Info, int) ([]byte, error) {
	return []byte("large"), v.failed
}

// kept stands for the keeper's lists: it remembers what it was asked.
type kept struct {
	api.People // what a test does not ask is not there

	mu    sync.Mutex
	asked []string
	err   error
}

func (k *kept) note(format string, args ...any) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.asked = append(k.asked, fmt.Sprintf(format, args...))
	return k.err
}

func (k *kept) Accounts(context.Context, id.Session) ([]api.Account, error) {
	return []api.Account{{Name: "佐藤", Role: account.Staff}}, k.note("accounts")
}
func (k *kept) MakeAccount(_ context.Context, _ id.Session, a api.NewAccount) error {
	return k.note("account %s %s %s", a.Name, a.Role, a.Password)
}
func (k *kept) SetPassword(_ context.Context, _ id.Session, name, password string) error {
	return k.note("password %s %s", name, password)
}
func (k *kept) SetDisabled(_ context.Context, _ id.Session, name string, disabled bool) (api.Outcome, error) {
	return api.Outcome{}, k.note("disabled %s %v", name, disabled)
}
func (k *kept) MakeDevice(_ context.Context, _ id.Session, name, device string) (string, error) {
	return "azk-secret", k.note("device %s|%s", name, device)
}
func (k *kept) RemoveDevice(_ context.Context, _ id.Session, name, device string) error {
	return k.note("remove device %s|%s", name, device)
}
func (k *kept) Shares(context.Context, id.Session) ([]account.Share, error) {
	return []account.Share{{Name: "アルバム", Write: true}}, nil
}
func (k *kept) MakeShare(_ context.Context, _ id.Session, name string) (account.Share, error) {
	return account.Share{Name: name, Write: true}, k.note("share %s", name)
}
func (k *kept) SetRights(_ context.Context, _ id.Session, r api.Right) error {
	return k.note("rights %s %s %s", r.Account, r.Share, r.Rights)
}
func (k *kept) Sessions(context.Context, id.Session) ([]account.Session, error) {
	return []account.Session{{Name: "佐藤"}}, nil
}
func (k *kept) Reserve(context.Context, id.Session) (account.Reserve, error) {
	return account.Reserve{Lacks: []string{"no-papers"}}, nil
}
func (k *kept) May(context.Context, id.Session, account.Power, string) error { return nil }
func (k *kept) Events(_ context.Context, _ account.Session, f api.EventFilter) iter.Seq2[json.RawMessage, error] {
	return func(yield func(json.RawMessage, error) bool) {
		yield(json.RawMessage(fmt.Sprintf(`{"index":1,"path":%q,"kinds":%d,"limit":%d,"from":%q}`, f.Path, len(f.Kinds), f.Limit, f.From.UTC().Format(time.RFC3339))), nil)
	}
}
func (k *kept) Proof(_ context.Context, _ account.Session, index int64) (api.Proof, error) {
	return api.Proof{Proof: fmt.Sprint("proof of ", index)}, k.err
}
func (k *kept) Head(context.Context, account.Session) (api.LedgerHead, error) {
	return api.LedgerHead{Origin: "o", Size: 7, Text: "7-abcd"}, k.err
}
func (k *kept) ReadingKey(context.Context, account.Session) (json.RawMessage, error) {
	return json.RawMessage(`{"key":"k"}`), k.err
}

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

func TestAdministration(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		if err := errors.Join(
			w.MakeAccount(ctx, api.NewAccount{Name: "佐藤", Role: account.Staff, Password: "p"}),
			w.SetPassword(ctx, "佐藤", "q"), second(w.SetDisabled(ctx, "佐藤", true)),
			second(w.MakeDevice(ctx, "佐藤", "Sato's Mac / 1")), w.RemoveDevice(ctx, "佐藤", "Sato's Mac / 1"),
			second(w.MakeShare(ctx, "2026年度")), w.SetRights(ctx, api.Right{Account: "佐藤", Share: "2026年度", Rights: api.CanRead}),
		); err != nil {
			t.Fatal(err)
		}
		want := []string{"account 佐藤 staff p", "password 佐藤 q", "disabled 佐藤 true", "device 佐藤|Sato's Mac / 1", "remove device 佐藤|Sato's Mac / 1",
			"share 2026年度", "rights 佐藤 2026年度 read"}
		if !slices.Equal(w.kept.asked, want) {
			t.Errorf("asked\n%q, want\n%q", w.kept.asked, want)
		}
		w.kept.err = &problem.Error{Kind: problem.Denied, Op: "make share", Hint: "hint.not-your-role"}
		if _, err := w.MakeShare(ctx, "x"); problem.KindOf(err) != problem.Denied || !strings.Contains(err.Error(), "role") {
			t.Errorf("denied: %v", err)
		}
	})
}

func TestCare(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		if s, err := w.Status(ctx); err != nil || s.Version != "test" || len(s.Shares) != 1 || s.Keeper.Caution == "" {
			t.Errorf("status %+v, %v", s, err)
		}
		w.cared.findings = []vault.Finding{{Pack: 1, Reason: "checksum"}, {Pack: 2, Reason: "digest"}}
		var findings, reports int
		for l, err := range w.Verify(ctx, api.VerifyRequest{}) {
			if err != nil {
				t.Fatal(err)
			}
			if l.Finding != nil {
				findings++
			}
			if l.Report != nil {
				reports++
			}
		}
		if findings != 2 || reports != 1 {
			t.Errorf("%d findings, %d reports, want 2 and 1", findings, reports)
		}
		w.cared.failed = problem.New(problem.Unavailable, "verify", "", nil)
		var last error
		for _, err := range w.Verify(ctx, api.VerifyRequest{}) {
			last = err
		}
		if problem.KindOf(last) != problem.Unavailable {
			t.Errorf("a failure after findings: %v, want unavailable", last)
		}
		var frames []int64
		found := 0
		for l, err := range w.Rebuild(ctx, "albums") {
			if err != nil {
				t.Fatal(err)
			}
			if l.Finding != nil {
				found++
				continue
			}
			frames = append(frames, l.Frames)
		}
		if want := len(w.cared.findings); found != want || want == 0 {
			t.Errorf("a rebuild passes %d findings on, want %d", found, want)
		}
		if want := []int64{10_000, 20_000, 25_000}; !slices.Equal(frames, want) {
			t.Errorf("progress %v, want %v", frames, want)
		}
		f := api.EventFilter{Path: "/albums/写真", Kinds: []string{"released", "login"}, Limit: 7, From: time.Date(2026, 7, 13, 0, 0, 0, 0, time.UTC)}
		for e, err := range w.Events(ctx, f) {
			if want := `{"index":1,"path":"/albums/写真","kinds":2,"limit":7,"from":"2026-07-13T00:00:00Z"}`; err != nil || string(e) != want {
				t.Errorf("event %s, %v, want %s", e, err, want)
			}
		}
		if k, err := w.ReadingKey(ctx); err != nil || string(bytes.TrimSpace(k)) != `{"key":"k"}` {
			t.Errorf("reading key %s, %v", k, err)
		}
	})
}

// TestStrangers: whoever has no session gets nothing, in both languages.
func TestStrangers(t *testing.T) {
	h := api.New(api.Config{Log: slog.New(slog.DiscardHandler), Session: func(*http.Request) (account.Session, error) {
		return account.Session{}, &problem.Error{Kind: problem.Unauthenticated, Op: "log in", Hint: "hint.log-in-again"}
	}})
	for lang, want := range map[string]string{"en": "Cannot log in", "ja": "ログインできません"} {
		for _, target := range []string{"GET /v1/status", "GET /v1/files/albums/x", "PUT /v1/files/albums/x", "POST /v1/restore", "GET /other", "BREW /"} {
			method, path, _ := strings.Cut(target, " ")
			r := httptest.NewRequest(method, path, nil)
			r.Header.Set("Accept-Language", lang)
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			if w.Code != http.StatusUnauthorized && w.Code != http.StatusMethodNotAllowed || w.Code == http.StatusUnauthorized && !strings.Contains(w.Body.String(), want) {
				t.Errorf("%s in %s: %d %s", target, lang, w.Code, w.Body)
			}
		}
	}
}

// TestHostile: requests that make no sense get a status and a sentence.
func TestHostile(t *testing.T) {
	c := &clock{now: time.Date(2026, 7, 12, 0, 0, 0, 0, time.UTC)}
	m := vaultmodel.New(c.Now)
	m.AddShare("albums")
	session := m.Gate().Add("sato", "x")
	k := &kept{}
	h := api.New(api.Config{Session: func(*http.Request) (account.Session, error) { return session, nil }, Vault: &cared{Model: m}, People: k, Ledger: k,
		Now: c.Now, Log: slog.New(slog.DiscardHandler)})
	json := "application/json"
	for _, x := range []struct {
		target, kind, body string
		want               int
	}{
		{"POST /v1/restore", json, `{`, 400}, {"POST /v1/restore", json, `{"pth":"/x"}`, 400}, {"POST /v1/restore", "", `{"path":"/x"}`, 400},
		{"POST /v1/restore", json, `{"path":"/albums/x","number":-1}`, 404}, {"POST /v1/restore", json, strings.Repeat("[", 2<<20), 413},
		{"GET /v1/files/albums/x?number=0", "", "", 400}, {"GET /v1/files/albums/x?number=x", "", "", 400}, {"GET /v1/files/albums/x?version=zz", "", "", 400},
		{"GET /v1/files/albums/x?purpose=curiosity", "", "", 400}, {"GET /v1/files/albums/%00", "", "", 400}, {"GET /v1/files/albums/%ff", "", "", 400},
		{"GET /v1/stat/" + strings.Repeat("a/", 10_000), "", "", 400}, {"GET /v1/ledger/events?from=yesterday", "", "", 400}, {"GET /v1/ledger/events?limit=-1", "", "", 400},
		{"POST /v1/batch/save", api.BatchType, "no batch", 400}, {"POST /v1/batch/save", api.BatchType, "{\"path\":\"/albums/x\",\"size\":5}\n\xff\xff\xff\xff", 400},
		{"POST /v1/batch/open", json, `{"paths":[` + strings.Repeat(`"x",`, api.MaxBatch) + `"x"]}`, 413}, {"GET /v1/nothing", "", "", 404}, {"PUT /v1/files/albums", "", "x", 403},
	} {
		method, target, _ := strings.Cut(x.target, " ")
		r := httptest.NewRequest(method, target, strings.NewReader(x.body))
		if x.kind != "" {
			r.Header.Set("Content-Type", x.kind)
		}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code != x.want || !strings.Contains(w.Body.String(), `"message"`) {
			t.Errorf("%.60s: %d %.200s, want %d", x.target, w.Code, w.Body, x.want)
		}
	}
}

func TestConditions(t *testing.T) {
	c := &clock{now: time.Date(2026, 7, 12, 0, 0, 0, 0, time.UTC)}
	m := vaultmodel.New(c.Now)
	m.AddShare("albums")
	session := m.Gate().Add("sato", "x")
	h := api.New(api.Config{Session: func(*http.Request) (account.Session, error) { return session, nil }, Vault: &cared{Model: m}, Now: c.Now, Log: slog.New(slog.DiscardHandler)})
	put := func(header, value string) *httptest.ResponseRecorder {
		r := httptest.NewRequest("PUT", "/v1/files/albums/x", strings.NewReader("x"))
		r.Header.Set(header, value)
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		return w
	}
	if w := put("If-Match", "*"); w.Code != http.StatusPreconditionFailed {
		t.Errorf("If-Match: * on nothing: %d", w.Code)
	}
	first := put("If-None-Match", "*")
	if first.Code != http.StatusCreated {
		t.Errorf("If-None-Match: * on nothing: %d", first.Code)
	}
	if w := put("If-None-Match", "*"); w.Code != http.StatusPreconditionFailed {
		t.Errorf("If-None-Match: * on a file: %d", w.Code)
	}
	if w := put("If-Match", first.Header().Get("ETag")); w.Code != http.StatusCreated {
		t.Errorf("If-Match on the head: %d", w.Code)
	}
	if w := put("If-Match", first.Header().Get("ETag")); w.Code != http.StatusPreconditionFailed {
		t.Errorf("If-Match on an earlier version: %d", w.Code)
	}
}

// TestLocalCancel: a client that goes away in process ends its handler, and its goroutines.
func TestLocalCancel(t *testing.T) {
	began, ended := make(chan bool), make(chan bool)
	h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Write([]byte("begun"))
		close(began)
		<-r.Context().Done()
		close(ended)
	})
	ctx, cancel := context.WithCancel(t.Context())
	r, err := http.NewRequestWithContext(ctx, "GET", "http://azekura/", nil)
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		<-began
		cancel()
	}()
	resp, err := (&http.Client{Transport: api.Local(h, "console:0")}).Do(r)
	if err == nil {
		_, err = io.ReadAll(resp.Body)
		resp.Body.Close()
	}
	if !errors.Is(err, context.Canceled) {
		t.Errorf("read after cancel: %v", err)
	}
	<-ended
}

func TestPreviews(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		for _, name := range []string{"ready.jpg", "coming.jpg", "none.jpg"} {
			if _, err := w.Save(ctx, "/albums/"+name, strings.NewReader(name), -1, time.Time{}); err != nil {
				t.Fatal(err)
			}
		}
		var got []string
		for p, err := range w.Previews(ctx, []string{"/albums/none.jpg", "/albums/ready.jpg", "/albums/gone.jpg", "/albums/coming.jpg"}) {
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, p.Path+" "+string(p.State))
		}
		want := []string{"/albums/none.jpg none", "/albums/ready.jpg ready", "/albums/gone.jpg none", "/albums/coming.jpg coming"}
		if !slices.Equal(got, want) {
			t.Errorf("got %q, want %q", got, want)
		}
		for _, err := range w.Previews(ctx, make([]string, api.MaxBatch+1)) {
			if problem.KindOf(err) != problem.TooLarge {
				t.Errorf("too many: %v", err)
			}
		}
		w.cared.failed = problem.New(problem.Denied, "release", "", nil)
		for _, err := range w.Previews(ctx, []string{"/albums/ready.jpg"}) {
			if problem.KindOf(err) != problem.Denied {
				t.Errorf("refused: %v", err)
			}
		}
	})
}
