package vault_test

import (
	"crypto/sha256"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/azekura/azekura/internal/event"
	"github.com/azekura/azekura/internal/pathname"
	"github.com/azekura/azekura/internal/vault"
)

// TestHarmBack: what suspects have done is told also once it was put back, for those who ask for it: with what it had become, and when it was put back. What
// is still hurt is told as before, and nothing that suspects have put back themselves.
func TestHarmBack(t *testing.T) {
	h := newHouse(t, "s")
	owner, bad := h.v.As(person("owner")), person("bad")
	for _, dir := range []pathname.Path{"/s/a", "/s/b", "/s/c"} {
		must(t, owner.Mkdir(t.Context(), dir))
	}
	for _, name := range []pathname.Path{"/s/a/1.jpg", "/s/a/2.jpg", "/s/a/3.jpg", "/s/b/4.jpg", "/s/c/5.jpg"} {
		save(t, owner, name, []byte("the content of "+name))
	}
	from := time.Now()
	theirs := h.v.As(bad)
	save(t, theirs, "/s/a/1.jpg", []byte("spoilt"))
	must(t, theirs.Rename(t.Context(), "/s/a/2.jpg", "/s/a/2.locked", false))
	must(t, theirs.Remove(t.Context(), "/s/b/4.jpg"))
	save(t, theirs, "/s/c/5.jpg", []byte("work"))
	save(t, theirs, "/s/c/5.jpg", []byte("the content of /s/c/5.jpg")) // by themselves
	for _, dir := range []pathname.Path{"/s/a", "/s/b", "/s/c"} {
		save(t, theirs, dir.Join("note.txt"), []byte("pay"))
	}
	by := vault.Suspects{From: from, Pick: func(a vault.Actor) bool { return a.Session == bad.ID }}
	if _, err := mend(t, h, person("owner"), by); err != nil {
		t.Fatal(err)
	}
	mended := time.Now()
	save(t, theirs, "/s/a/3.jpg", []byte("spoilt again"))
	tell := func(by vault.Suspects) (got []string) {
		list, of := harmed(t, h, person("eyes"), by)
		for _, x := range list {
			if back := x.Back; !back.IsZero() && (back.Before(from) || back.After(mended)) {
				t.Errorf("%s was put back at %v", x.Path, back)
			}
			got = append(got, fmt.Sprintf("%s %v %v %s", x.Path, x.Hurts, !x.Back.IsZero(), x.Head.Path.Base()))
		}
		slices.Sort(got)
		if of.Files != 5 {
			t.Errorf("of %d files", of.Files)
		}
		return got
	}
	if got := tell(by); !slices.Equal(got, []string{"/s/a/3.jpg [encrypted] false 3.jpg"}) {
		t.Errorf("without what was put back: %q", got)
	}
	by.Back = true
	want := []string{"/s/a/1.jpg [encrypted] true 1.jpg", "/s/a/2.jpg [renamed] true 2.locked", "/s/a/3.jpg [encrypted] false 3.jpg", "/s/a/note.txt [note] true note.txt",
		"/s/b/4.jpg [removed] true 4.jpg", "/s/b/note.txt [note] true note.txt", "/s/c/note.txt [note] true note.txt"}
	if got := tell(by); !slices.Equal(got, want) {
		t.Errorf("with it:\n%q\nwant\n%q", got, want)
	}
	list, _ := harmed(t, h, person("eyes"), by)
	for _, x := range list {
		if x.Path.Base() != "note.txt" {
			continue
		}
		if sum, err := h.v.Digest(t.Context(), person("owner"), x.Head); err != nil || sum != sha256.Sum256([]byte("pay")) {
			t.Errorf("the digest of a note that was taken away: %x, %v", sum, err)
		}
	}
}

// TestPutBackWithFolder: what suspects have altered in a folder, and then removed with it, is counted with the folder alone, also once that was put back.
func TestPutBackWithFolder(t *testing.T) {
	h := newHouse(t, "s")
	f := h.v.As(person("owner"))
	must(t, f.Mkdir(t.Context(), "/s/a"))
	must(t, f.Mkdir(t.Context(), "/s/a/b"))
	for _, name := range []pathname.Path{"/s/a/1.jpg", "/s/a/2.jpg", "/s/a/b/3.jpg"} {
		save(t, f, name, []byte("the content of "+name))
	}
	from := time.Now()
	bad := person("thief")
	theirs := h.v.As(bad)
	save(t, theirs, "/s/a/1.jpg", []byte("spoilt"))
	save(t, theirs, "/s/a/b/3.jpg", []byte("spoilt, too"))
	must(t, theirs.Remove(t.Context(), "/s/a"))
	must(t, f.Restore(t.Context(), "/s/a", vault.Info{}.Version)) // the folder alone
	by := vault.Suspects{From: from, Back: true, Pick: func(a vault.Actor) bool { return a.Session == bad.ID }}
	tell := func() (got []string) {
		list, _ := harmed(t, h, person("eyes"), by)
		for _, x := range list {
			got = append(got, fmt.Sprintf("%s %v sunk %v up %v below %d", x.Path, !x.Back.IsZero(), x.Sunk, x.Up, x.Below.Files))
		}
		return got
	}
	if got, want := tell(), []string{"/s/a true sunk false up false below 3", "/s/a/1.jpg false sunk true up true below 0", "/s/a/b/3.jpg false sunk true up true below 0"}; !slices.Equal(got, want) {
		t.Errorf("the folder was put back:\n%q\nwant\n%q", got, want)
	}
	if _, err := mend(t, h, person("owner"), vault.Suspects{From: from, Pick: by.Pick}); err != nil {
		t.Fatal(err)
	}
	if got, want := tell(), []string{"/s/a true sunk false up false below 3", "/s/a/1.jpg true sunk true up true below 0", "/s/a/b/3.jpg true sunk true up true below 0"}; !slices.Equal(got, want) {
		t.Errorf("all was put back:\n%q\nwant\n%q", got, want)
	}
}

// TestMends: what is found out about damage is of another state after everything that puts something back, and after a verification; not after a save.
func TestMends(t *testing.T) {
	h := newHouse(t, "s")
	owner, bad := person("owner"), person("thief")
	f, theirs := h.v.As(owner), h.v.As(bad)
	must(t, f.Mkdir(t.Context(), "/s/a"))
	save(t, f, "/s/a/1.jpg", []byte("the content"))
	from := time.Now()
	save(t, theirs, "/s/a/1.jpg", []byte("spoilt"))
	must(t, f.Rename(t.Context(), "/s/a/1.jpg", "/s/a/2.jpg", false))
	must(t, f.Remove(t.Context(), "/s/a/2.jpg"))
	if n := h.v.Mends(); n != 0 {
		t.Errorf("after ordinary work: %d", n)
	}
	for _, c := range []struct {
		what string
		do   func() error
	}{
		{"restore", func() error { return f.Restore(t.Context(), "/s/a/2.jpg", vault.Info{}.Version) }},
		{"undo", func() error {
			return h.v.Undo(t.Context(), owner, "/s/a", from, false, func(vault.Undone) error { return nil })
		}},
		{"rollback", func() error {
			save(t, theirs, "/s/a/1.jpg", []byte("spoilt again"))
			_, err := mend(t, h, owner, vault.Suspects{From: from, Pick: func(a vault.Actor) bool { return a.Session == bad.ID }})
			return err
		}},
		{"verify", func() error {
			_, err := h.v.Verify(t.Context(), owner, vault.VerifyOptions{}, func(vault.Finding) {})
			return err
		}},
	} {
		before := h.v.Mends()
		if must(t, c.do()); h.v.Mends() == before {
			t.Errorf("%s does not count", c.what)
		}
	}
}

// TestVerifiedIsRecorded: that every byte of a share was read again stands in the ledger, with what was found.
func TestVerifiedIsRecorded(t *testing.T) {
	h := newHouse(t, "s")
	save(t, h.v.As(person("owner")), "/s/a", random(1, 100_000))
	if _, err := h.v.Verify(t.Context(), person("owner"), vault.VerifyOptions{}, func(vault.Finding) {}); err != nil {
		t.Fatal(err)
	}
	var told []event.Event
	for _, e := range h.keeper.ledger {
		if e.Kind == event.Verified {
			told = append(told, e)
		}
	}
	if len(told) != 1 || told[0].Note != event.NoFindings || told[0].Size < 100_000 || told[0].Actor != "owner" {
		t.Errorf("%+v", told)
	}
}
