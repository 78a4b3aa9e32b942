package vault_test

import (
	"fmt"
	"maps"
	"testing"

	"github.com/azekura/azekura/internal/durable/durabletest"
	"github.com/azekura/azekura/internal/pathname"
	"github.com/azekura/azekura/internal/problem"
	"github.com/azekura/azekura/internal/vault"
)

// script is what the tests below do: every kind of act, small and chunked content.
var script = []act{
	{Kind: "save", From: "a", Seed: 1, Size: 100}, {Kind: "save", From: "b", Seed: 2, Size: 50_000},
	{Kind: "rename", From: "a", To: "b"}, {Kind: "save", From: "c", Seed: 3, Size: 40_000},
	{Kind: "copy", From: "c", To: "d"}, {Kind: "remove", From: "c"}, {Kind: "save", From: "c", Seed: 4, Size: 10},
	{Kind: "save", From: "c", Seed: 5, Size: 33_000},
}

// perform does the script and returns the state that was acknowledged, and for acts that failed the states
// that are allowed beside it.
func perform(t *testing.T, f vault.Files) (allowed []map[string]act) {
	state := map[string]act{}
	allowed = []map[string]act{state}
	if err := f.Mkdir(t.Context(), "/s/w0"); err != nil {
		return allowed
	}
	for _, a := range script {
		if _, ok := state[a.From]; !ok && a.Kind != "save" {
			continue // an act before it failed
		}
		err := a.do(t.Context(), f, workerDir(0))
		if err == nil {
			state = a.after(state)
			allowed = []map[string]act{state}
			continue
		}
		if k := problem.KindOf(err); k != problem.Unavailable && k != problem.NoSpace && k != problem.Internal {
			t.Errorf("%v failed with %v, which tells the client to change its request", a, err)
		}
		// A failed act may be on disk all the same, and so the next ones may follow on either.
		var more []map[string]act
		for _, s := range allowed {
			more = append(more, s, a.after(s))
		}
		allowed = more
		if state = now(t, f); state == nil {
			return allowed
		}
	}
	return allowed
}

// now reads the state back; nil if that does not work.
func now(t *testing.T, f vault.Files) map[string]act {
	state := map[string]act{}
	for i, err := range f.List(t.Context(), workerDir(0)) {
		if err != nil {
			return nil
		}
		state[i.Path.Base()] = known(i.Size)
	}
	return state
}

// known finds the act that saved a content of that size: the script has no two alike.
func known(size int64) act {
	for _, a := range script {
		if a.Kind == "save" && int64(a.Size) == size {
			return a
		}
	}
	return act{Seed: 1 << 60}
}

// among reports whether what a vault shows is one of the allowed states, with all its content.
func among(t *testing.T, f vault.Files, allowed []map[string]act) error {
	found := map[string]vault.Info{}
	if _, err := f.Stat(t.Context(), workerDir(0)); err == nil {
		for i, err := range f.List(t.Context(), workerDir(0)) {
			if err != nil {
				return err
			}
			found[i.Path.Base()] = i
		}
	}
	why := ""
	for _, want := range allowed {
		if why = differs(t, f, found, want); why == "" {
			return nil
		}
	}
	return fmt.Errorf("%s: found %v, allowed %v", why, maps.Collect(maps.All(found)), allowed)
}

// lookAfter opens the disk as the next start sees it, with no catalogue at all, and compares.
func lookAfter(t *testing.T, disk *durabletest.Platter, k *testKeeper, allowed []map[string]act) {
	t.Helper()
	h := openOn(t, disk, "/vault", t.TempDir(), k)
	defer h.close()
	f := h.v.As(staff)
	if err := among(t, f, allowed); err != nil {
		t.Error(err)
	}
	if _, err := h.v.Verify(t.Context(), staff, vault.VerifyOptions{}, func(x vault.Finding) { t.Errorf("verify: %+v", x) }); err != nil {
		t.Error(err)
	}
	if f.Mkdir(t.Context(), "/s/w0"); true {
		save(t, f, "/s/w0/after", []byte("life goes on"))
	}
}

// The power goes at every single call to the disk: what was acknowledged is on the platter.
func TestPowerCut(t *testing.T) {
	k := newTestKeeper(t, "s")
	durabletest.EachCut(t, func(t *testing.T, p *durabletest.Platter) {
		allowed := []map[string]act{{}}
		if h := tryOpen(t, p, k); h != nil {
			allowed = perform(t, h.v.As(staff))
			h.close()
		}
		for disk := range p.Crashes(3) {
			lookAfter(t, disk, k, allowed)
		}
	})
}

// tryOpen opens a vault on a disk that may be broken already.
func tryOpen(t *testing.T, p *durabletest.Platter, k *testKeeper) (h *house) {
	defer func() {
		if r := recover(); r != nil && r != errOpen {
			panic(r)
		}
	}()
	return openOn(&quiet{t}, p, "/vault", t.TempDir(), k)
}

var errOpen = fmt.Errorf("the vault did not open")

// quiet is a testing.TB to which a failure is an answer.
type quiet struct{ testing.TB }

func (*quiet) Fatal(...any) { panic(errOpen) }

// Every single fault of the disk, at every call: a clear error, nothing acknowledged lost, and service goes on.
func TestFaults(t *testing.T) {
	k := newTestKeeper(t, "s")
	durabletest.Each(t, func(t *testing.T, p *durabletest.Platter) {
		h := tryOpen(t, p, k)
		if h == nil {
			return
		}
		allowed := perform(t, h.v.As(staff))
		p.Heal()
		save(t, h.v.As(staff), "/s/again", []byte("service goes on"))
		if err := among(t, h.v.As(staff), allowed); err != nil {
			t.Error(err)
		}
		h.close()
		lookAfter(t, p.Crash(1), k, allowed)
	}, durabletest.Write, durabletest.Sync, durabletest.Rename, durabletest.SyncDir, durabletest.Open)
}

// When the disk is full nothing is lost; when there is room again, saving works again.
func TestFullDisk(t *testing.T) {
	k := newTestKeeper(t, "s")
	p := durabletest.New(t)
	h := openOn(t, p, "/vault", t.TempDir(), k)
	f := h.v.As(staff)
	save(t, f, "/s/before", random(1, 100_000))
	p.Limit(200_000)
	for _, size := range []int{300_000, 1 << 20, 3 << 20, 20 << 20} { // what fails in the background is named, too
		d, err := f.Create(t.Context(), "/s/large")
		if err == nil {
			if _, err = d.Write(random(2, size)); err == nil {
				_, err = d.Commit(t.Context(), vault.Save{})
			}
			d.Discard()
		}
		if problem.KindOf(err) != problem.NoSpace {
			t.Errorf("%d bytes: a full disk said %v", size, err)
		}
	}
	p.Limit(0)
	save(t, f, "/s/after", random(3, 300_000))
	h.close()
	h = openOn(t, p.Crash(1), "/vault", t.TempDir(), k)
	defer h.close()
	f = h.v.As(staff)
	for name, size := range map[string]int64{"before": 100_000, "after": 300_000} {
		if i := stat(t, f, pathname.Path("/s").Join(name)); i.Size != size {
			t.Errorf("%s has %d bytes", name, i.Size)
		}
	}
	if _, err := f.Stat(t.Context(), "/s/large"); problem.KindOf(err) != problem.NotFound {
		t.Errorf("half a save is shown: %v", err)
	}
}
