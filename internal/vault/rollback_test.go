package vault_test

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/commit"
	"github.com/azekura/azekura/internal/durable/durabletest"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/pathname"
	"github.com/azekura/azekura/internal/vault"
)

// contentsOf reads everything that a share shows: contents by path. A disk that fails gives nil.
func contentsOf(t *testing.T, h *house) map[string]string {
	t.Helper()
	out := make(map[string]string)
	f := h.v.As(staff)
	for todo := []pathname.Path{"/s"}; len(todo) > 0; todo = todo[1:] {
		for i, err := range f.List(t.Context(), todo[0]) {
			if err != nil {
				return nil
			}
			if i.Dir {
				todo = append(todo, i.Path)
				out[string(i.Path)] = "a directory"
				continue
			}
			files, err := f.Open(t.Context(), account.Open, i)
			if err != nil {
				return nil
			}
			var b bytes.Buffer
			_, err = files[0].WriteTo(&b)
			files[0].Close()
			if err != nil {
				return nil
			}
			out[string(i.Path)] = b.String()
		}
	}
	return out
}

// ransacked plays an attack of every kind into a share, with the work of a colleague in between, and returns whom to suspect. It may break off.
func ransacked(t *testing.T, h *house) (by vault.Suspects, done bool) {
	ctx := t.Context()
	owner, bad, colleague := h.v.As(person("owner")), h.v.As(person("bad")), h.v.As(person("colleague"))
	set := func(f vault.Files, name pathname.Path, content string) error {
		d, err := f.Create(ctx, name)
		if err != nil {
			return err
		}
		defer d.Discard()
		if _, err := d.Write([]byte(content)); err != nil {
			return err
		}
		_, err = d.Commit(ctx, vault.Save{})
		return err
	}
	steps := []func() error{
		func() error { return owner.Mkdir(ctx, "/s/d") },
		func() error { return owner.Mkdir(ctx, "/s/e") },
		func() error { return set(owner, "/s/d/1.jpg", "one") },
		func() error { return set(owner, "/s/d/2.jpg", "two") },
		func() error { return set(owner, "/s/d/3.jpg", "three") },
		func() error { return set(owner, "/s/d/4.jpg", "four") },
		func() error { return set(owner, "/s/e/5.jpg", "five") },
		func() error { by.From = time.Now(); return nil },
		func() error { return set(bad, "/s/d/1.jpg", "spoilt one") },
		func() error { return set(bad, "/s/d/2.jpg", "spoilt two") },
		func() error { return bad.Rename(ctx, "/s/d/2.jpg", "/s/d/2.jpg.locked", false) },
		func() error { return bad.Remove(ctx, "/s/d/3.jpg") },
		func() error { return set(bad, "/s/d/4.jpg", "spoilt four") },
		func() error { return bad.Mkdir(ctx, "/s/new") },
		func() error { return set(bad, "/s/new/note.txt", "pay") },
		func() error { return bad.Rename(ctx, "/s/e", "/s/new/e", false) },
		func() error { return set(colleague, "/s/d/4.jpg", "four, mended by hand") },
		func() error { return set(colleague, "/s/d/6.jpg", "six") },
	}
	for _, step := range steps {
		if step() != nil {
			return by, false
		}
	}
	by.Pick = func(a vault.Actor) bool { return a.Author == "bad" }
	return by, true
}

var mended = map[string]string{"/s/d": "a directory", "/s/e": "a directory", "/s/d/1.jpg": "one", "/s/d/2.jpg": "two", "/s/d/3.jpg": "three",
	"/s/d/4.jpg": "four, mended by hand", "/s/d/4(前).jpg": "four", "/s/d/6.jpg": "six", "/s/e/5.jpg": "five"}

func mend(t *testing.T, h *house, who account.Session, by vault.Suspects) (vault.Rolled, error) {
	return h.v.Rollback(t.Context(), who, "/s", by, nil, false, func(vault.Mended) error { return nil })
}

// TestRollback undoes an attack of every kind at once, and takes that back, and that again.
func TestRollback(t *testing.T) {
	h := newHouse(t, "s")
	by, ok := ransacked(t, h)
	if !ok {
		t.Fatal("the attack has failed")
	}
	before := contentsOf(t, h)
	for round := range 3 {
		who := person("mender")
		rolled, err := mend(t, h, who, by)
		must(t, err)
		want := mended
		if round == 1 {
			want = before
		}
		if got := contentsOf(t, h); !maps.Equal(got, want) {
			t.Errorf("after %d rollbacks there is\n%v\nwant\n%v", round+1, got, want)
		}
		if rolled.Records != 1 {
			t.Errorf("it took %d records", rolled.Records)
		}
		by = vault.Suspects{From: rolled.First.Add(-time.Microsecond), To: rolled.Last, Pick: func(a vault.Actor) bool { return a.Session == who.ID }}
	}
}

// TestRollbackPowerCut lets the power go at every single call to the disk during a rollback of several records. At the next start each file is
// as it was or as it will be, and calling it again gives what it would have given.
func TestRollbackPowerCut(t *testing.T) {
	defer vault.SetRollbackPage(2, 2)()
	k := newTestKeeper(t, "s")
	cuts, records := 0, 0
	durabletest.EachCut(t, func(t *testing.T, p *durabletest.Platter) {
		h := tryOpen(t, p, k)
		if h == nil {
			return
		}
		by, ok := ransacked(t, h)
		before := contentsOf(t, h)
		if !ok || before == nil {
			h.close()
			return // that much is TestPowerCut's
		}
		rolled, err := mend(t, h, person("mender"), by)
		h.close()
		if err == nil {
			records = rolled.Records
		}
		for seed := range uint64(2) {
			cuts++
			h := openOn(t, p.Crash(seed), "/vault", t.TempDir(), k)
			for name, content := range contentsOf(t, h) {
				if before[name] != content && mended[name] != content {
					t.Errorf("in between %s holds %q", name, content)
				}
			}
			if _, err := mend(t, h, person("mender again"), by); err != nil {
				t.Error(err)
			}
			if got := contentsOf(t, h); !maps.Equal(got, mended) {
				t.Errorf("after calling it again there is\n%v\nwant\n%v", got, mended)
			}
			h.close()
		}
	})
	if cuts < 10 || records < 4 {
		t.Errorf("%d cuts, %d records", cuts, records)
	}
}

// TestRollbackMeanwhile lets somebody work while a rollback is planned: what they do stays, whatever it is.
func TestRollbackMeanwhile(t *testing.T) {
	h := newHouse(t, "s")
	by, ok := ransacked(t, h)
	if !ok {
		t.Fatal("the attack has failed")
	}
	colleague, saved := h.v.As(person("colleague")), false
	pick := by.Pick
	by.Pick = func(a vault.Actor) bool {
		if !saved && a.Author == "bad" { // the rollback has looked at the books, and not committed yet
			saved = true
			save(t, colleague, "/s/d/3.jpg", []byte("three anew"))
			save(t, colleague, "/s/d/1.jpg", []byte("one anew"))
			save(t, colleague, "/s/new/mine.txt", []byte("mine"))
		}
		return pick(a)
	}
	_, err := mend(t, h, person("mender"), by)
	must(t, err)
	want := maps.Clone(mended)
	want["/s/d/1.jpg"], want["/s/d/1(前).jpg"], want["/s/d/3.jpg"] = "one anew", "one", "three anew"
	want["/s/new"], want["/s/new/mine.txt"] = "a directory", "mine"
	if got := contentsOf(t, h); !maps.Equal(got, want) {
		t.Errorf("there is\n%v\nwant\n%v", got, want)
	}
}

// TestRollbackIntoWork commits between look and commit of a rollback, file by file and in the worst moment: its names are taken, its files
// changed, its directories filled. It looks again, at last while others wait.
func TestRollbackIntoWork(t *testing.T) {
	h := newHouse(t, "s")
	bad, dir := person("bad"), id.NewFile()
	files := []id.File{id.NewFile(), id.NewFile()}
	now := time.Now()
	must(t, h.v.Do(bg, staff, "/s", commit.Op{Kind: commit.Mkdir, File: dir, Name: "d"}))
	for i, f := range files {
		must(t, h.v.Do(bg, staff, "/s", commit.Op{Kind: commit.Save, File: f, Parent: dir, Name: fmt.Sprint(i), Content: filled(i + 1)}))
		must(t, h.v.Do(bg, bad, "/s", commit.Op{Kind: commit.Move, File: f, Parent: dir, Name: fmt.Sprint(i, ".locked")}))
	}
	n := 0
	restore := vault.SetLooked(func() {
		n++
		must(t, h.v.Do(bg, staff, "/s", commit.Op{Kind: commit.Save, File: id.NewFile(), Parent: dir, Name: []string{"0", "1"}[n%2] + map[bool]string{true: "(前)"}[n > 2], Content: filled(10 + n)}))
	})
	defer restore()
	by := vault.Suspects{From: now.Add(-time.Hour), Pick: func(a vault.Actor) bool { return a.Session == bad.ID }}
	_, err := mend(t, h, person("mender"), by)
	must(t, err)
	all, err := h.v.Nodes(bg, staff, "/s")
	must(t, err)
	var names []string
	for _, x := range all {
		if x.Parent == dir && x.Removed.IsZero() {
			names = append(names, x.Name)
		}
	}
	slices.Sort(names)
	if want := []string{"0", "0(前)", "1", "1(前 2)", "1(前)"}; n != 3 || !slices.Equal(names, want) {
		t.Errorf("after %d looks: %q, want %q", n, names, want)
	}
	for _, f := range all {
		if !f.Removed.IsZero() {
			t.Errorf("%s of somebody else has gone", f.Name)
		}
	}
}

// TestRollbackTellsOnce brings two files back that would have one name, in records of their own: each is told of once, as in the dry run.
func TestRollbackTellsOnce(t *testing.T) {
	defer vault.SetRollbackPage(1, 1)()
	h := newHouse(t, "s")
	bad, from := person("bad"), time.Now()
	first, second := id.NewFile(), id.NewFile()
	do := func(who account.Session, kind commit.Kind, f id.File, name string, content int) {
		op := commit.Op{Kind: kind, File: f, Name: name}
		if content > 0 {
			op.Content = filled(content)
		}
		must(t, h.v.Do(bg, who, "/s", op))
	}
	do(staff, commit.Save, first, "a", 1)
	do(bad, commit.Move, first, "c", 0)
	do(staff, commit.Move, first, "b", 0)
	do(bad, commit.Move, first, "c", 0)
	do(staff, commit.Save, second, "b", 2)
	do(bad, commit.Move, second, "a", 0)
	by := vault.Suspects{From: from.Add(-time.Hour), Pick: func(a vault.Actor) bool { return a.Session == bad.ID }}
	for _, dry := range []bool{true, false, false} {
		var told []pathname.Path
		_, err := h.v.Rollback(bg, person("mender"), "/s", by, nil, dry, func(m vault.Mended) error { told = append(told, m.Path); return nil })
		must(t, err)
		if len(told) > 2 || slices.Index(told, "/s/a") != 0 || len(told) == 2 && told[1] != "/s/b" {
			t.Errorf("dry %v: told of %q", dry, told)
		}
	}
}

// TestRollbackFamily: the new versions of a rollback stand side by side in an index, and each is another.
func TestRollbackFamily(t *testing.T) {
	h := newHouse(t, "s")
	from, bad := time.Now(), person("bad")
	for i := range 9 {
		name := pathname.Path(fmt.Sprint("/s/", i))
		save(t, h.v.As(staff), name, []byte(name))
		save(t, h.v.As(bad), name, []byte("spoilt"))
	}
	_, err := mend(t, h, person("mender"), vault.Suspects{From: from, Pick: func(a vault.Actor) bool { return a.Session == bad.ID }})
	must(t, err)
	families, versions := make(map[[8]byte]int), make(map[id.Version]bool)
	for _, i := range listed(t, h.v.As(staff).List(t.Context(), "/s")) {
		families[[8]byte(i.Version[:8])]++
		versions[i.Version] = true
	}
	if len(families) != 1 || len(versions) != 9 {
		t.Errorf("%d versions, begun in these ways: %v", len(versions), families)
	}
}

// TestHarm tells the same, sorted or not: with what went with a removed directory, and with notes.
func TestHarm(t *testing.T) {
	h := newHouse(t, "s")
	owner, bad := h.v.As(person("owner")), person("bad")
	for _, dir := range []pathname.Path{"/s/a", "/s/b", "/s/c", "/s/c/d"} {
		must(t, owner.Mkdir(t.Context(), dir))
	}
	for i, name := range []pathname.Path{"/s/a/1.jpg", "/s/b/2.jpg", "/s/c/3.jpg", "/s/c/d/4.jpg", "/s/c/d/5.jpg"} {
		save(t, owner, name, make([]byte, 100+i))
	}
	from := time.Now()
	theirs := h.v.As(bad)
	save(t, theirs, "/s/a/1.jpg", []byte("spoilt"))
	save(t, theirs, "/s/c/d/4.jpg", []byte("spoilt, too"))
	for _, dir := range []pathname.Path{"/s/a", "/s/b", "/s/c"} {
		save(t, theirs, dir.Join("note.txt"), []byte("pay"))
	}
	save(t, theirs, "/s/a/tool.bin", []byte("something else"))
	must(t, theirs.Remove(t.Context(), "/s/c"))
	must(t, theirs.Remove(t.Context(), "/s/b/2.jpg"))
	by := vault.Suspects{From: from, Pick: func(a vault.Actor) bool { return a.Session == bad.ID }}
	want := []string{"/s/a/1.jpg [altered] false 0", "/s/a/note.txt [note] false 0", "/s/a/tool.bin [new] false 0", "/s/b/2.jpg [removed] false 0", "/s/b/note.txt [note] false 0",
		"/s/c [removed] false 4", "/s/c/d/4.jpg [altered] true 0", "/s/c/note.txt [note] true 0"}
	for _, most := range []int{100, 0} {
		defer vault.SetMostSorted(most)()
		list, of := harmed(t, h, person("eyes"), by)
		var got []string
		for _, x := range list {
			if x.By.Author != "bad" || x.By.Device != bad.Device || x.When.Before(from) {
				t.Errorf("%s was hurt by %+v at %v", x.Path, x.By, x.When)
			}
			got = append(got, fmt.Sprintf("%s %v %v %d", x.Path, x.Hurts, x.Sunk, x.Below.Files))
		}
		if most == 0 {
			slices.Sort(got)
		}
		if !slices.Equal(got, want) || of.Files != 9 {
			t.Errorf("of %d files, sorted up to %d:\n%q\nwant\n%q", of.Files, most, got, want)
		}
	}
}
