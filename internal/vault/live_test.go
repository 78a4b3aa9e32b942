package vault_test

import (
	"slices"
	"testing"
	"time"

	"github.com/azekura/azekura/internal/pathname"
)

// TestLiveGivesWay: the lock files of programs in a directory go with it when another takes its place, and one that is itself copied over the
// directory it lies in becomes the file of that name.
func TestLiveGivesWay(t *testing.T) {
	f := newHouse(t, "s").v.As(staff)
	names := func() (all []pathname.Path) {
		for i, err := range f.List(t.Context(), "/s/a") {
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, i.Path)
		}
		return all
	}
	for _, x := range []struct {
		what string
		do   func() error
		want []pathname.Path
	}{
		{"copied over", func() error { return f.Copy(t.Context(), "/s/b", "/s/a", true, true) }, []pathname.Path{"/s/a/new"}},
		{"copied over alone", func() error { return f.Copy(t.Context(), "/s/b", "/s/a", true, false) }, nil},
		{"moved over", func() error { return f.Rename(t.Context(), "/s/b", "/s/a", true) }, []pathname.Path{"/s/a/new", "/s/a/~$new"}},
		{"moved onto itself", func() error { return f.Rename(t.Context(), "/s/a", "/s/a", true) }, []pathname.Path{"/s/a/old", "/s/a/~$old"}},
	} {
		for _, dir := range []pathname.Path{"/s/a", "/s/b"} {
			_ = f.Remove(t.Context(), dir)
			if err := f.Mkdir(t.Context(), dir); err != nil {
				t.Fatal(err)
			}
		}
		for _, name := range []pathname.Path{"/s/a/old", "/s/a/~$old", "/s/b/new", "/s/b/~$new"} {
			save(t, f, name, []byte("x"))
		}
		if err := x.do(); err != nil {
			t.Fatal(err)
		}
		if got := names(); !slices.Equal(got, x.want) {
			t.Errorf("%s: %q, want %q", x.what, got, x.want)
		}
	}
	if err := f.Copy(t.Context(), "/s/a/~$old", "/s/a", true, true); err != nil {
		t.Fatal(err)
	}
	if got, err := f.Stat(t.Context(), "/s/a"); err != nil || got.Dir || got.Size != 1 {
		t.Errorf("%+v, %v", got, err)
	}
}

// TestLiveIsForgotten: a lock file that a program has left behind is not listed any longer than it can be opened.
func TestLiveIsForgotten(t *testing.T) {
	now := time.Now()
	h := openClock(t, t.TempDir(), newTestKeeper(t, "s"), func() time.Time { return now })
	defer h.close()
	f := h.v.As(staff)
	save(t, f, "/s/~$a", []byte("x"))
	for _, x := range []struct {
		later time.Duration
		want  int
	}{{0, 1}, {8 * 24 * time.Hour, 0}} {
		now = now.Add(x.later)
		n := 0
		for range f.List(t.Context(), "/s") {
			n++
		}
		if _, err := f.Stat(t.Context(), "/s/~$a"); n != x.want || (err == nil) != (n > 0) {
			t.Errorf("after %v %d are listed: %v", x.later, n, err)
		}
	}
}
