package vaultmodel_test

import (
	"bytes"
	"slices"
	"testing"
	"time"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/commit"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/pathname"
	"github.com/azekura/azekura/internal/problem"
	"github.com/azekura/azekura/internal/vault"
	"github.com/azekura/azekura/internal/vault/vaultmodel"
)

// house is a model with a clock that the test moves.
type house struct {
	*vaultmodel.Model
	t    *testing.T
	at   time.Time
	who  account.Session
	taro account.Session
}

func newHouse(t *testing.T) *house {
	h := &house{t: t, at: time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)}
	h.Model = vaultmodel.New(func() time.Time { h.at = h.at.Add(time.Millisecond); return h.at })
	h.AddShare("s")
	h.AddShare("other")
	h.who = account.Session{ID: id.NewSession(), Account: id.NewAccount(), Name: "花子", Door: "webdav"}
	h.taro = account.Session{ID: id.NewSession(), Account: id.NewAccount(), Name: "太郎", Door: "webdav"}
	return h
}

func (h *house) files(tokens ...string) vault.Files { return h.As(h.who, tokens...) }

// put saves content and returns the error of whichever step refused it.
func put(t *testing.T, f vault.Files, name pathname.Path, content string) error {
	t.Helper()
	d, err := f.Create(t.Context(), name)
	if err != nil {
		return err
	}
	defer d.Discard()
	if _, err := d.Write([]byte(content)); err != nil {
		return err
	}
	_, err = d.Commit(t.Context(), vault.Save{})
	return err
}

func (h *house) put(name pathname.Path, content string) {
	h.t.Helper()
	h.ok(put(h.t, h.files(), name, content))
}

func (h *house) ok(err error) {
	h.t.Helper()
	if err != nil {
		h.t.Fatal(err)
	}
}

func (h *house) want(err error, kind problem.Kind) {
	h.t.Helper()
	if err == nil || problem.KindOf(err) != kind {
		h.t.Errorf("got %v, want a problem of kind %v", err, kind)
	}
}

func (h *house) stat(name pathname.Path) vault.Info {
	h.t.Helper()
	i, err := h.files().Stat(h.t.Context(), name)
	h.ok(err)
	return i
}

func (h *house) load(i vault.Info) string {
	h.t.Helper()
	files, err := h.files().Open(h.t.Context(), account.Open, i)
	h.ok(err)
	var b bytes.Buffer
	_, err = files[0].WriteTo(&b)
	h.ok(err)
	return b.String()
}

func (h *house) versions(name pathname.Path) (all []string) {
	h.t.Helper()
	for c, err := range h.files().History(h.t.Context(), name) {
		h.ok(err)
		if c.Kind == commit.Save || c.Kind == commit.Link {
			all = append(all, h.load(c.Info))
		}
	}
	return all
}

func (h *house) list(dir pathname.Path) (names []string) {
	h.t.Helper()
	for i, err := range h.files().List(h.t.Context(), dir) {
		h.ok(err)
		names = append(names, i.Path.Base())
	}
	slices.Sort(names)
	return names
}

// TestHistoryFollowsName: each way in which programs save ends as one more version of the file that has the name.
func TestHistoryFollowsName(t *testing.T) {
	type step func(h *house)
	put := func(name pathname.Path, content string) step {
		return func(h *house) { h.put("/s"+name, content) }
	}
	mv := func(from, to pathname.Path) step {
		return func(h *house) { h.ok(h.files().Rename(h.t.Context(), "/s"+from, "/s"+to, true)) }
	}
	rm := func(name pathname.Path) step {
		return func(h *house) { h.ok(h.files().Remove(h.t.Context(), "/s"+name)) }
	}
	mkdir := func(name pathname.Path) step {
		return func(h *house) { h.ok(h.files().Mkdir(h.t.Context(), "/s"+name)) }
	}
	for name, steps := range map[string][]step{
		"in place":                   {put("/d", "2")},
		"rename over":                {put("/t.tmp", "2"), mv("/t.tmp", "/d")},
		"word 2003":                  {put("/~WRD1.tmp", "2"), mv("/d", "/~WRL1.tmp"), mv("/~WRD1.tmp", "/d"), rm("/~WRL1.tmp")},
		"word, backup removed first": {put("/~WRD1.tmp", "2"), mv("/d", "/~WRL1.tmp"), rm("/~WRL1.tmp"), mv("/~WRD1.tmp", "/d")},
		"word with its lock file":    {put("/~$d", "x"), put("/~WRD1.tmp", "2"), mv("/~WRD1.tmp", "/d"), rm("/~$d")},
		"excel":                      {put("/A1B2C3D4", "2"), rm("/d"), mv("/A1B2C3D4", "/d")},
		"photoshop":                  {put("/psTMP.tmp", ""), put("/psTMP.tmp", "2"), mv("/psTMP.tmp", "/d")},
		"indesign":                   {put("/~d~a(k.idlk", "x"), put("/d", "2"), rm("/~d~a(k.idlk")},
		"preview":                    {put("/d.sb-1", "2"), mv("/d", "/d.sb-0"), mv("/d.sb-1", "/d"), rm("/d.sb-0")},
		"preview, own directory":     {mkdir("/.TemporaryItems"), put("/.TemporaryItems/d", "2"), mv("/.TemporaryItems/d", "/d")},
		"vim":                        {mv("/d", "/d~"), put("/d", "2"), rm("/d~")},
		"delete, then save":          {rm("/d"), put("/d", "2")},
		"delete, zero bytes, save":   {rm("/d"), put("/d", ""), put("/d", "2")},
		"finder litter":              {put("/._d", "x"), put("/.DS_Store", "x"), put("/d", "2")},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHouse(t)
			h.put("/s/d", "1")
			first := h.stat("/s/d")
			for _, s := range steps {
				s(h)
			}
			if i := h.stat("/s/d"); i.File != first.File || i.Number != 2 {
				t.Errorf("file %v number %d, want %v number 2", i.File, i.Number, first.File)
			}
			if got := h.versions("/s/d"); !slices.Equal(got, []string{"2", "1"}) {
				t.Errorf("versions %q, want [2 1]", got)
			}
			if got := h.list("/s"); !slices.Equal(got, []string{"d"}) {
				t.Errorf("the directory shows %q", got)
			}
		})
	}
}

// TestBackupStays: what was renamed away keeps its content when the name gets another.
func TestBackupStays(t *testing.T) {
	h := newHouse(t)
	h.put("/s/d", "1")
	h.ok(h.files().Rename(t.Context(), "/s/d", "/s/d.bak", false))
	h.put("/s/d", "2")
	if got := h.load(h.stat("/s/d.bak")); got != "1" {
		t.Errorf("the backup holds %q", got)
	}
	if got := h.versions("/s/d"); !slices.Equal(got, []string{"2", "1"}) {
		t.Errorf("versions %q", got)
	}
}

// TestLaterIsAnother: a name that another file has left long ago begins a new history when a file is renamed to it.
func TestLaterIsAnother(t *testing.T) {
	h := newHouse(t)
	h.put("/s/d", "1")
	h.put("/s/e", "2")
	h.ok(h.files().Remove(t.Context(), "/s/d"))
	h.at = h.at.Add(2 * time.Minute)
	e := h.stat("/s/e").File
	h.ok(h.files().Rename(t.Context(), "/s/e", "/s/d", false))
	if i := h.stat("/s/d"); i.File != e || i.Number != 1 {
		t.Errorf("%+v", i)
	}
}

func TestPlaceholder(t *testing.T) {
	h := newHouse(t)
	h.put("/s/new", "")
	if i := h.stat("/s/new"); !i.Version.IsZero() || i.Number != 0 {
		t.Errorf("a placeholder has a version: %+v", i)
	}
	h.put("/s/new", "x")
	h.put("/s/new", "")
	if i := h.stat("/s/new"); i.Number != 2 || i.Size != 0 || i.Version.IsZero() {
		t.Errorf("emptying a file is a version: %+v", i)
	}
	h.put("/s/empty", "")
	h.put("/s/full", "x")
	h.ok(h.files().Rename(t.Context(), "/s/empty", "/s/full", true))
	if got := h.versions("/s/full"); !slices.Equal(got, []string{"", "x"}) {
		t.Errorf("an empty file over a full one: versions %q", got)
	}
}

func TestNamesAreFoundByTheirComposedForm(t *testing.T) {
	h := newHouse(t)
	h.put("/s/か\u3099くせい.txt", "1") // が, as a Mac sends it
	h.put("/s/がくせい.txt", "2")
	if got := h.list("/s"); !slices.Equal(got, []string{"か\u3099くせい.txt"}) {
		t.Errorf("%q: want the name that was given first, once", got)
	}
	if i := h.stat("/s/がくせい.txt"); i.Number != 2 || i.Path != "/s/か\u3099くせい.txt" {
		t.Errorf("%+v", i)
	}
}

func TestLive(t *testing.T) {
	h := newHouse(t)
	h.put("/s/~$a.docx", "x")
	h.put("/s/._a", "x")
	h.put("/s/desktop.ini", "x")
	if got := h.list("/s"); !slices.Equal(got, []string{"~$a.docx"}) {
		t.Errorf("shown: %q", got)
	}
	if i := h.stat("/s/._a"); !i.Live || !i.Hidden || h.load(i) != "x" {
		t.Errorf("%+v", i)
	}
	for c := range h.files().History(t.Context(), "/s/._a") {
		if c.Kind != 0 {
			t.Errorf("it has a history: %+v", c)
		}
	}
	h.ok(h.files().Rename(t.Context(), "/s/~$a.docx", "/s/a.docx", false))
	if i := h.stat("/s/a.docx"); i.Live || i.Number != 1 || h.load(i) != "x" {
		t.Errorf("under a person's name: %+v", i)
	}
	h.want(h.files().Rename(t.Context(), "/s/a.docx", "/s/~$a.docx", true), problem.Denied)
	h.ok(h.files().Mkdir(t.Context(), "/s/d"))
	h.put("/s/d/~$b", "x")
	h.ok(h.files().Rename(t.Context(), "/s/d", "/s/e", false))
	if got := h.list("/s/e"); !slices.Equal(got, []string{"~$b"}) {
		t.Errorf("after a rename of the directory: %q", got)
	}
	h.ok(h.files().Remove(t.Context(), "/s/e"))
	h.ok(h.files().Mkdir(t.Context(), "/s/e"))
	if got := h.list("/s/e"); len(got) != 0 {
		t.Errorf("in a new directory of that name: %q", got)
	}
}

func TestRemoveAndRestore(t *testing.T) {
	h := newHouse(t)
	f, ctx := h.files(), t.Context()
	h.ok(f.Mkdir(ctx, "/s/d"))
	h.put("/s/d/a", "1")
	one := h.stat("/s/d/a")
	h.put("/s/d/a", "2")
	h.ok(f.Restore(ctx, "/s/d/a", one.Version))
	h.ok(f.Remove(ctx, "/s/d"))
	_, err := f.Stat(ctx, "/s/d/a")
	h.want(err, problem.NotFound)
	if got := h.versions("/s/d/a"); !slices.Equal(got, []string{"1", "2", "1"}) {
		t.Errorf("history of what is removed: %q", got)
	}
	for i, err := range f.Removed(ctx, "/s") {
		if err != nil || i.Path != "/s/d" || i.Removed.IsZero() {
			t.Errorf("removed: %+v %v", i, err)
		}
	}
	h.ok(f.Restore(ctx, "/s/d", id.Version{}))
	if got := h.load(h.stat("/s/d/a")); got != "1" {
		t.Errorf("restored %q", got)
	}
	h.want(f.Restore(ctx, "/s/d", id.Version{}), problem.Exists)
	h.want(f.Restore(ctx, "/s/none", id.Version{}), problem.NotFound)
}

func TestCopy(t *testing.T) {
	h := newHouse(t)
	f, ctx := h.files(), t.Context()
	h.ok(f.Mkdir(ctx, "/s/a"))
	h.ok(f.Mkdir(ctx, "/s/a/b"))
	h.put("/s/a/b/f", "1")
	h.ok(f.SetProps(ctx, "/s/a/b/f", []commit.Prop{{Space: "x:", Name: "y", Value: "z"}}, time.Time{}))
	for _, to := range []pathname.Path{"/s/c", "/other/c"} {
		h.ok(f.Copy(ctx, "/s/a", to, false, true))
		i := h.stat(to + "/b/f")
		if h.load(i) != "1" || len(i.Props) != 1 || i.Number != 1 {
			t.Errorf("%s: %+v", to, i)
		}
	}
	h.ok(f.Copy(ctx, "/s/a", "/s/flat", false, false))
	if got := h.list("/s/flat"); len(got) != 0 {
		t.Errorf("a copy that is not deep holds %q", got)
	}
	h.want(f.Copy(ctx, "/s/a", "/s/a/b/c", false, true), problem.Denied)
	h.want(f.Copy(ctx, "/s/a", "/s/c", false, true), problem.Exists)
	h.ok(f.Rename(ctx, "/s/a", "/other/a", false))
	h.want(f.Rename(ctx, "/s/c", "/s/c/b/x", false), problem.Denied)
	if got := h.load(h.stat("/other/a/b/f")); got != "1" {
		t.Errorf("moved into another share: %q", got)
	}
	if h.Opened() == 0 {
		t.Error("nothing was opened")
	}
}

// TestKinds: what cannot be done is of the kind that the interface promises.
func TestKinds(t *testing.T) {
	h := newHouse(t)
	f, ctx := h.files(), t.Context()
	h.put("/s/f", "1")
	h.ok(f.Mkdir(ctx, "/s/d"))
	h.want(put(t, f, "/s/none/f", "1"), problem.Conflict)
	h.want(put(t, f, "/s/f/g", "1"), problem.Conflict)
	h.want(put(t, f, "/s/d", "1"), problem.Exists)
	h.want(put(t, f, "/s", "1"), problem.Denied)
	h.want(put(t, f, "/none/f", "1"), problem.Conflict)
	h.want(f.Mkdir(ctx, "/s/d"), problem.Exists)
	h.want(f.Mkdir(ctx, "/none"), problem.Denied)
	h.want(f.Remove(ctx, "/s"), problem.Denied)
	h.want(f.Remove(ctx, "/s/none/x"), problem.NotFound)
	h.want(f.Rename(ctx, "/s/none", "/s/x", false), problem.NotFound)
	h.want(f.Rename(ctx, "/s/f", "/s/d", false), problem.Exists)
	h.want(f.SetProps(ctx, "/s/none", nil, time.Time{}), problem.NotFound)
	h.SetReadOnly("s", true)
	h.want(put(t, f, "/s/f", "2"), problem.Denied)
	if !h.stat("/s/f").ReadOnly {
		t.Error("nothing says that it is read only")
	}
	h.SetReadOnly("s", false)
	h.SetFault(func(op string, _ pathname.Path) error {
		if op == "write" {
			return problem.New(problem.NoSpace, op, "", nil)
		}
		return nil
	})
	h.want(put(t, f, "/s/f", "2"), problem.NoSpace)
	if got := h.load(h.stat("/s/f")); got != "1" {
		t.Errorf("a save that failed left %q", got)
	}
}

func TestGate(t *testing.T) {
	h := newHouse(t)
	g := h.Gate()
	g.Add("花子", "secret")
	s, err := g.Login(t.Context(), account.Credentials{Name: "花子", Secret: "secret", Door: "webdav"})
	h.ok(err)
	h.ok(put(t, h.As(s), "/s/f", "1"))
	files, err := h.As(s).Open(t.Context(), account.Open, h.stat("/s/f"))
	h.ok(err)
	_, err = g.Login(t.Context(), account.Credentials{Name: "花子", Secret: "wrong"})
	h.want(err, problem.Unauthenticated)
	g.End("花子")
	_, err = g.Login(t.Context(), account.Credentials{Name: "花子", Secret: "secret"})
	h.want(err, problem.Unauthenticated)
	h.want(put(t, h.As(s), "/s/f", "1"), problem.Unauthenticated)
	_, err = files[0].Read(make([]byte, 1))
	h.want(err, problem.Unauthenticated)
}
