package medium

import (
	"bytes"
	"errors"
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/azekura/azekura/internal/durable/durabletest"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/problem"
)

// tampered is a medium with three states in the hands of somebody.
type tampered struct {
	t     *testing.T
	disk  *durabletest.Platter
	other *durabletest.Platter // another medium of the same vault
	alien *durabletest.Platter // a medium of another vault
}

func (x *tampered) read(name string) []byte {
	x.t.Helper()
	b, err := x.disk.ReadFile("/medium/" + name)
	if err != nil {
		x.t.Fatal(err)
	}
	return slices.Clone(b)
}

func (x *tampered) write(name string, b []byte) {
	x.t.Helper()
	if err := x.disk.SetFile("/medium/"+name, b); err != nil {
		x.t.Fatal(err)
	}
}

func (x *tampered) remove(name string) {
	x.t.Helper()
	if err := x.disk.Remove("/medium/" + name); err != nil {
		x.t.Fatal(err)
	}
}

// nth returns the n-th name below a folder that is at least so long.
func (x *tampered) nth(folder string, n, least int) string {
	x.t.Helper()
	for _, name := range x.disk.Names() {
		name = strings.TrimPrefix(strings.TrimPrefix(name, "/"), "medium/")
		if strings.HasPrefix(name, folder+"/") && len(x.read(name)) >= least {
			if n--; n < 0 {
				return name
			}
		}
	}
	x.t.Fatalf("nothing below %s", folder)
	return ""
}

func flip(b []byte) []byte {
	b[len(b)/2] ^= 1
	return b
}

// TestTampering does to a medium what somebody could do who has it for an hour, and finds each by name, with the public key alone.
func TestTampering(t *testing.T) {
	h := newHouse(t, durabletest.New(t), 5)
	defer h.close()
	disk, otherDisk := durabletest.New(t), durabletest.New(t)
	m, other := h.medium(disk), h.medium(otherDisk)
	var early *durabletest.Platter
	for round := range 3 {
		h.grow(30, 12<<10)
		for _, d := range []*Dir{m, other} {
			if _, _, err := h.sync(d); err != nil {
				t.Fatal(err)
			}
		}
		if round == 1 {
			early = disk.Crash(0)
		}
	}
	alien := newHouse(t, durabletest.New(t), 6)
	defer alien.close()
	alienDisk := durabletest.New(t)
	am := alien.medium(alienDisk)
	alien.grow(30, 12<<10)
	for range 3 {
		if _, _, err := alien.sync(am); err != nil {
			t.Fatal(err)
		}
	}
	const any = 99
	for _, c := range []struct {
		name   string
		do     func(x *tampered) (object string)
		reason Reason
		last   uint64 // the state that is still whole
	}{
		{"nothing", func(*tampered) string { return "" }, "", 3},
		{"a pack edited", func(x *tampered) string { n := x.nth("packs", 0, 1); x.write(n, flip(x.read(n))); return n }, Digest, 0},
		{"a pack of the last state edited", func(x *tampered) string {
			n := newest(x)
			x.write(n, flip(x.read(n)))
			return n
		}, Digest, 2},
		{"a pack deleted", func(x *tampered) string { n := newest(x); x.remove(n); return n }, Missing, 2},
		{"a pack cut off", func(x *tampered) string { n := newest(x); x.write(n, x.read(n)[:4096]); return n }, Length, 2},
		{"a pack added to", func(x *tampered) string { n := newest(x); x.write(n, append(x.read(n), 0)); return n }, Length, 2},
		{"two packs swapped", func(x *tampered) string {
			a := newest(x)
			b := x.nth("packs", 0, 1)
			one, two := x.read(a), x.read(b)
			x.write(a, two)
			x.write(b, one)
			return a
		}, "", 0},
		{"a pack of another vault", func(x *tampered) string {
			n := newest(x)
			b := make([]byte, len(x.read(n)))
			x.write(n, b)
			return n
		}, Digest, 2},
		{"the keeper's state edited", func(x *tampered) string { n := keeperState(x, h); x.write(n, flip(x.read(n))); return n }, Digest, 2},
		{"a list edited", func(x *tampered) string { n := x.nth("lists", 0, 1); x.write(n, flip(x.read(n))); return "" }, Digest, any},
		{"the last record edited", func(x *tampered) string { n := recordName(3); x.write(n, flip(x.read(n))); return n }, Unsigned, 2},
		{"a record deleted between", func(x *tampered) string { x.remove(recordName(2)); return recordName(3) }, Chain, 3},
		{"the last record deleted", func(x *tampered) string { x.remove(recordName(3)); return "" }, Replayed, 2},
		{"records reordered", func(x *tampered) string {
			a, b := x.read(recordName(2)), x.read(recordName(3))
			x.write(recordName(3), a)
			x.write(recordName(2), b)
			return recordName(3)
		}, Number, 1},
		{"an old record under a new number", func(x *tampered) string { x.write(recordName(4), x.read(recordName(2))); return recordName(4) }, Number, 3},
		{"a record of another medium", func(x *tampered) string {
			b, err := x.other.ReadFile("/medium/" + recordName(3))
			if err != nil {
				t.Fatal(err)
			}
			x.write(recordName(3), b)
			return recordName(3)
		}, OtherMedium, 2},
		{"a record of another vault", func(x *tampered) string {
			b, err := x.alien.ReadFile("/medium/" + recordName(3))
			if err != nil {
				t.Fatal(err)
			}
			x.write(recordName(3), bytes.ReplaceAll(b, []byte("ledger/test"), []byte("ledger/other")))
			return recordName(3)
		}, OtherVault, 2},
		{"a part given out as a state", func(x *tampered) string {
			r := record{medium: describe(x).ID, number: 4, before: [32]byte{}, time: h.clock}
			signed, err := h.Sign(t.Context(), r.text())
			if err != nil {
				t.Fatal(err)
			}
			x.write(recordName(4), signed)
			return recordName(4)
		}, Number, 3},
		{"an old image of the medium put back", func(x *tampered) string { x.disk = early.Crash(0); return "" }, Replayed, 2},
		{"an entry of the ledger edited", func(x *tampered) string {
			n := x.nth("ledger/tile/entries", 0, 1)
			x.write(n, flip(x.read(n)))
			return n
		}, BadLedger, 3}, // the first state alone needs it
		{"an entry of the last state edited", func(x *tampered) string {
			n := "ledger/tile/entries/000.p/" + lastWidth(x)
			x.write(n, flip(x.read(n)))
			return n
		}, BadLedger, 2},
		{"a tile deleted", func(x *tampered) string {
			for _, name := range x.disk.Names() {
				name = strings.TrimPrefix(strings.TrimPrefix(name, "/"), "medium/")
				if strings.HasPrefix(name, "ledger/tile/0/") && path.Base(name) == lastWidth(x) {
					x.remove(name)
				}
			}
			return ""
		}, BadLedger, 2},
		{"the descriptor edited", func(x *tampered) string {
			x.write(descriptorName, bytes.Replace(x.read(descriptorName), []byte(`"A"`), []byte(`"B"`), 1))
			return descriptorName
		}, Digest, 3},
		{"a foreign file", func(x *tampered) string { x.write("packs/readme", []byte("x")); return "packs/readme" }, Unknown, 3},
	} {
		t.Run(c.name, func(t *testing.T) {
			x := &tampered{t, disk.Crash(0), otherDisk, alienDisk}
			object := c.do(x)
			r, found := verified(t, NewDir(x.disk, "/medium"), Check{Key: h.key, Known: 3})
			hit := slices.ContainsFunc(found, func(f Finding) bool {
				return (c.reason == "" || f.Reason == c.reason) && (object == "" || f.Object == object)
			})
			if c.name != "nothing" && !hit || c.name == "nothing" && len(found) > 0 {
				t.Errorf("found %+v, want %s of %s", found, c.reason, object)
			}
			if slices.ContainsFunc(found, func(f Finding) bool { return f.Reason == Vault }) {
				t.Errorf("the vault is said to have been damaged: %+v", found)
			}
			if c.last != any && r.Last != c.last {
				t.Errorf("the last whole state is %d, want %d", r.Last, c.last)
			}
		})
	}
	if _, err := Verify(t.Context(), NewDir(alienDisk, "/medium"), Check{Key: h.key}, func(Finding) {}); err == nil {
		t.Error("a medium of another vault is verified with the key of this one")
	}
}

// newest returns a segment that only the last state has.
func newest(x *tampered) string {
	x.t.Helper()
	d := NewDir(x.disk, "/medium")
	last, err := Open(x.t.Context(), d, "", 3)
	if err != nil {
		x.t.Fatal(err)
	}
	before, err := Open(x.t.Context(), d, "", 2)
	if err != nil {
		x.t.Fatal(err)
	}
	had := make(map[string]bool)
	before.s.objects(func(name string, _ int64, _ [32]byte) { had[name] = true })
	found := ""
	last.s.objects(func(name string, size int64, _ [32]byte) {
		if strings.HasPrefix(name, "packs/") && !had[name] && size > 4096 {
			found = name
		}
	})
	return found
}

func keeperState(x *tampered, h *house) string {
	for _, name := range x.disk.Names() {
		name = strings.TrimPrefix(strings.TrimPrefix(name, "/"), "medium/")
		if strings.HasPrefix(name, "files/") && bytes.Equal(x.read(name), h.files["keeper/state"]) {
			return name
		}
	}
	x.t.Fatal("no state")
	return ""
}

func describe(x *tampered) Descriptor {
	d, err := Describe(x.t.Context(), NewDir(x.disk, "/medium"))
	if err != nil {
		x.t.Fatal(err)
	}
	return d
}

// lastWidth is how wide the partial tile of the last state is.
func lastWidth(x *tampered) string {
	s, err := Open(x.t.Context(), NewDir(x.disk, "/medium"), "", 3)
	if err != nil {
		x.t.Fatal(err)
	}
	return strconv.FormatInt(s.Head.Size%256, 10)
}

// TestRefusals: what must not be written to is not.
func TestRefusals(t *testing.T) {
	h := newHouse(t, durabletest.New(t), 7)
	defer h.close()
	h.grow(10, 8<<10)
	m := h.medium(durabletest.New(t))
	if _, _, err := h.sync(m); err != nil {
		t.Fatal(err)
	}
	alien := newHouse(t, durabletest.New(t), 8)
	defer alien.close()
	alien.grow(3, 8<<10)
	if _, _, err := alien.sync(m); !hinted(err, "hint.medium-other-vault") {
		t.Error(err)
	}
	if _, _, err := h.sync(NewDir(durabletest.New(t), "/nothing")); !hinted(err, "hint.medium-none") {
		t.Error(err)
	}
	if _, err := Sync(t.Context(), m, h, Options{Key: h.key, ID: id.NewMedium()}); !hinted(err, "hint.medium-other") {
		t.Error(err)
	}
	full := NewDir(m.fsys, "/medium")
	full.free = func(string) (int64, error) { return 1 << 20, nil }
	h.grow(10, 8<<10)
	if _, err := Sync(t.Context(), full, h, Options{Key: h.key}); !hinted(err, "hint.medium-full") {
		t.Error(err)
	}
	// The vault is put back to a copy of before, and goes on: the medium knows more.
	disk := durabletest.New(t)
	old := newHouse(t, disk, 9)
	old.grow(10, 8<<10)
	old.close()
	before := disk.Crash(0)
	old.open()
	om := old.medium(durabletest.New(t))
	old.grow(10, 8<<10)
	if _, _, err := old.sync(om); err != nil {
		t.Fatal(err)
	}
	old.close()
	old.disk = before
	old.open()
	defer old.close()
	if _, _, err := old.sync(om); !hinted(err, "hint.medium-newer") {
		t.Error(err)
	}
	old.grow(40, 8<<10)
	if _, _, err := old.sync(om); !hinted(err, "hint.medium-forked") {
		t.Error(err)
	}
}

// TestMending: what verification has found damaged the next sync copies again, if it is asked to look; and never from a vault that has
// other bytes there.
func TestMending(t *testing.T) {
	h := newHouse(t, durabletest.New(t), 10)
	defer h.close()
	h.grow(30, 12<<10)
	disk := durabletest.New(t)
	m := h.medium(disk)
	_, want, err := h.sync(m)
	if err != nil {
		t.Fatal(err)
	}
	x := &tampered{t: t, disk: disk}
	edited, cutOff, gone := x.nth("packs", 0, 8192), x.nth("packs", 1, 8192), x.nth("packs", 2, 8192)
	x.write(edited, flip(x.read(edited)))
	x.write(cutOff, x.read(cutOff)[:4096])
	x.remove(gone)
	out, err := Sync(t.Context(), m, h, Options{Key: h.key, Mend: true})
	if err != nil || out.Mended != 3 || out.Found != 3 {
		t.Fatalf("%+v, %v", out, err)
	}
	want.head = out.Head
	same(t, m, h.key, 2, want)
	if r, found := verified(t, m, Check{Key: h.key}); len(found) > 0 || r.Last != 2 || !r.States[0].Whole {
		t.Errorf("%+v, %v", r, found)
	}
	// The ledger: what is on the medium since the states before.
	entries, tile := "ledger/tile/entries/000", "ledger/tile/0/000"
	for _, err := disk.ReadFile("/medium/" + entries); err != nil; _, err = disk.ReadFile("/medium/" + entries) {
		h.grow(30, 100)
		if _, _, err := h.sync(m); err != nil {
			t.Fatal(err)
		}
	}
	x.write(entries, flip(x.read(entries)))
	x.remove(tile)
	if out, err = Sync(t.Context(), m, h, Options{Key: h.key, Mend: true}); err != nil || out.Mended != 2 || out.Found != 2 {
		t.Fatalf("%+v, %v", out, err)
	}
	if r, found := verified(t, m, Check{Key: h.key}); len(found) > 0 || r.Last != out.State {
		t.Errorf("%+v, %v", r, found)
	}
	// Now the vault is what is damaged.
	share, n, _, _ := segmentOf(edited)
	name := "/packs/" + share.String() + "/" + strings.TrimSuffix(path.Base(edited), "-0000000000000000") + ".pack"
	vault := h.disk.(*durabletest.Platter)
	b, err := vault.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if err := vault.SetFile(name, flip(slices.Clone(b))); err != nil {
		t.Fatal(err)
	}
	good := x.read(edited)
	x.write(edited, good[:4096])
	out, err = Sync(t.Context(), m, h, Options{Key: h.key})
	if err != nil || !slices.ContainsFunc(out.Findings, func(f Finding) bool { return f.Reason == Vault && f.Pack == n }) {
		t.Errorf("%+v, %v", out, err)
	}
	if !bytes.Equal(x.read(edited), good[:4096]) {
		t.Error("bytes that are not those of the state were put in its place")
	}
}

// TestVaultLost: what the vault has lost since it was copied stays on the medium, in the states that come as well, and is told; so is a record that is
// damaged, behind which the copies go on.
func TestVaultLost(t *testing.T) {
	vault := durabletest.New(t)
	h := newHouse(t, vault, 12)
	h.grow(60, 12<<10)
	disk := durabletest.New(t)
	m := h.medium(disk)
	for range 2 {
		if _, _, err := h.sync(m); err != nil {
			t.Fatal(err)
		}
	}
	want := h.snapshot()
	h.close()
	share := h.shares[0]
	pack := func(n int) string { return "/packs/" + share.String() + "/" + fmt.Sprintf("%016x.pack", n) }
	b, err := vault.ReadFile(pack(2))
	if err == nil {
		err = errors.Join(vault.Remove(pack(1)), vault.SetFile(pack(2), slices.Clone(b[:len(b)/2])))
	}
	x := &tampered{t: t, disk: disk}
	x.write(recordName(2), flip(x.read(recordName(2))))
	if err != nil {
		t.Fatal(err)
	}
	h.open()
	defer h.close()
	out, err := Sync(t.Context(), m, h, Options{Key: h.key, Known: 2})
	if err != nil || out.State != 3 {
		t.Fatalf("%+v, %v", out, err)
	}
	told := func(f Finding) bool {
		return slices.ContainsFunc(out.Findings, func(g Finding) bool { return g.Reason == f.Reason && g.Object == f.Object && g.Pack == f.Pack })
	}
	if !told(Finding{Reason: Vault, Pack: 1}) || !told(Finding{Reason: Vault, Pack: 2}) || !told(Finding{Reason: Unsigned, Object: recordName(2)}) {
		t.Errorf("%+v", out.Findings)
	}
	want.head = out.Head
	same(t, m, h.key, 3, want)
}

func hinted(err error, hint string) bool {
	e, ok := errors.AsType[*problem.Error](err)
	return ok && e.Hint == hint
}
