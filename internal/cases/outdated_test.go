package cases

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/id"
)

// TestOutdated: findings are given up for whatever changes what they say (something put back, a party, its time), while they are computed and once
// they are there; what nobody is told any more is not computed to its end.
func TestOutdated(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, h := slowDesk()
		defer d.Close()
		officer := account.Session{ID: id.NewSession(), Factor: account.Console}
		books := d.Books.(*oneCase)
		current := func() *Findings {
			t.Helper()
			f, err := d.Current(t.Context(), officer, "2026-1")
			if err != nil {
				t.Fatal(err)
			}
			return f
		}
		first := current()
		if again := current(); again != first {
			t.Error("they are computed anew though nothing has changed")
		}
		for what, change := range map[string]func(){
			"something was put back": func() { h.mends.Add(1) },
			"another party":          func() { books.suspect.Subject = id.NewSession().String() },
			"another window":         func() { books.suspect.To = time.Now() },
		} {
			before := current()
			change()
			if after := current(); after == before {
				t.Errorf("%s: told is the state before", what)
			}
		}
		harms := h.harms.Load()
		h.mends.Add(1)
		if p, err := d.Progress(t.Context(), officer, "2026-1"); err != nil || p.Ready {
			t.Fatalf("%+v, %v", p, err)
		}
		time.Sleep(30 * time.Second)
		h.mends.Add(1) // in the middle
		begun := time.Now()
		if f := current(); f.mends != h.mends.Load() || time.Since(begun) < time.Minute {
			t.Errorf("after %v: told is what was put back %d times of %d", time.Since(begun), f.mends, h.mends.Load())
		}
		if n := h.harms.Load() - harms; n != 2 {
			t.Errorf("computed %d times", n)
		}
	})
}

// TestOutdatedAtItsEnd: who has waited for findings during which something was put back gets others.
func TestOutdatedAtItsEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, h := slowDesk()
		defer d.Close()
		time.AfterFunc(30*time.Second, func() { h.mends.Add(1) })
		f, err := d.Current(t.Context(), account.Session{ID: id.NewSession(), Factor: account.Console}, "2026-1")
		if err != nil || f.mends != 1 || h.harms.Load() != 2 {
			t.Errorf("%v; computed %d times", err, h.harms.Load())
		}
	})
}
