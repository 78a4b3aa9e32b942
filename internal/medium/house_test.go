package medium

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"io/fs"
	"iter"
	mathrand "math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"

	"github.com/azekura/azekura/internal/durable"
	"github.com/azekura/azekura/internal/durable/durabletest"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/ledger"
	"github.com/azekura/azekura/internal/pack"
	"github.com/azekura/azekura/internal/pack/dir"
	"github.com/azekura/azekura/internal/seal"
)

// tb is what a test and a property test have in common.
type tb interface {
	Helper()
	Errorf(format string, args ...any)
	Fatalf(format string, args ...any)
}

// house is a vault without people: packs, a ledger, and two sealed files.
type house struct {
	t        tb
	disk     durable.FS
	root     string
	packs    *dir.Store
	log      *ledger.Log
	signer   note.Signer
	key      string
	sealer   *ledger.Sealer
	rand     *mathrand.Rand
	clock    time.Time
	shares   []id.Share
	files    map[string][]byte
	frames   int
	bookless bool // it gives no copy of the catalogue
}

// packTarget is small, so that packs are sealed often.
var packTarget int64 = 64 << 10

func newHouse(t tb, disk durable.FS, seed uint64) *house {
	t.Helper()
	private, public, err := note.GenerateKey(rand.Reader, "azekura.example/ledger/test")
	if err != nil {
		t.Fatalf("%v", err)
	}
	return houseOf(t, disk, seed, "/", private, public)
}

// houseOf is a house below a folder, made anew or opened again.
func houseOf(t tb, disk durable.FS, seed uint64, root, private, public string) *house {
	t.Helper()
	signer, err := note.NewSigner(private)
	if err != nil {
		t.Fatalf("%v", err)
	}
	h := &house{t: t, disk: disk, root: root, signer: signer, key: public, sealer: ledger.NewSealer(seal.NewKey()), rand: mathrand.New(mathrand.NewPCG(seed, 1)),
		clock: time.Date(2026, 11, 30, 1, 0, 0, 0, time.UTC), files: map[string][]byte{"keeper/state": []byte("state 0"), "settings": []byte("settings")}}
	h.open()
	return h
}

func (h *house) open() {
	h.t.Helper()
	v, err := note.NewVerifier(h.key)
	if err != nil {
		h.t.Fatalf("%v", err)
	}
	if h.log, err = ledger.Open(context.Background(), ledger.Config{FS: h.disk, Dir: filepath.Join(h.root, "ledger"), Origin: h.signer.Name(), Signer: h.signer, Verifier: v, FileSize: 64 << 10}); err != nil {
		h.t.Fatalf("%v", err)
	}
	if h.packs, err = dir.Open(context.Background(), dir.Config{FS: h.disk, Root: filepath.Join(h.root, "packs"), Target: packTarget}); err != nil {
		h.t.Fatalf("%v", err)
	}
}

func (h *house) close() {
	if err := h.log.Close(); err != nil {
		h.t.Fatalf("%v", err)
	}
	if err := h.packs.Close(); err != nil {
		h.t.Fatalf("%v", err)
	}
}

// grow saves n frames of up to size bytes into some share, and as many entries.
func (h *house) grow(n, size int) {
	h.t.Helper()
	ctx := context.Background()
	if len(h.shares) == 0 || h.rand.IntN(8) == 0 && len(h.shares) < 3 {
		h.shares = append(h.shares, id.NewShare())
	}
	share := h.shares[h.rand.IntN(len(h.shares))]
	for range n {
		b := make([]byte, 1+h.rand.IntN(size))
		rand.Read(b)
		if _, err := h.packs.Append(ctx, share, pack.Chunk, [32]byte{1}, b); err != nil {
			h.t.Fatalf("%v", err)
		}
		h.frames++
		h.tick(fmt.Appendf(nil, "saved %d", h.frames))
	}
	if _, err := h.packs.Sync(ctx, share); err != nil {
		h.t.Fatalf("%v", err)
	}
	h.files["keeper/state"] = fmt.Appendf(nil, "state after %d", h.frames)
}

// tick writes an entry, a second later.
func (h *house) tick(text []byte) {
	h.t.Helper()
	h.clock = h.clock.Add(time.Second)
	e, err := h.sealer.Seal(h.clock, text)
	if err != nil {
		h.t.Fatalf("%v", err)
	}
	if _, err := h.log.Append(context.Background(), e); err != nil {
		h.t.Fatalf("%v", err)
	}
}

func (h *house) Cut(ctx context.Context) (*Cut, error) {
	h.tick([]byte("a copy begins"))
	signed, err := h.log.Publish(ctx)
	if err != nil {
		return nil, err
	}
	c := &Cut{Checkpoint: signed, Ledger: h.log.Files(), Time: h.clock}
	for name, b := range h.files {
		c.Files = append(c.Files, File{Name: name, Read: func() ([]byte, error) { return b, nil }, Close: func() {}})
	}
	return c, nil
}

func (h *house) Consistent(ctx context.Context, head ledger.Head) error {
	return h.log.Consistent(ctx, head)
}

func (h *house) Shares(ctx context.Context) ([]id.Share, error) { return h.packs.Shares(ctx) }

func (h *house) Packs(ctx context.Context, share id.Share) iter.Seq2[pack.Info, error] {
	return h.packs.Packs(ctx, share)
}

func (h *house) OpenPack(share id.Share, n uint64, direct bool) (durable.File, error) {
	return h.packs.OpenPack(share, n, direct)
}

// Books gives a copy when there are twice as many frames, of the length that they have together.
func (h *house) Books(ctx context.Context, share id.Share, rows int64) (*Books, error) {
	if h.bookless || rows > 0 && int64(h.frames) < 2*rows {
		return nil, nil
	}
	b := &Books{Rows: int64(h.frames), Done: func() {}}
	for i, err := range h.packs.Packs(ctx, share) {
		if err != nil {
			return nil, err
		}
		b.At = pack.Position{Pack: i.Pack, Offset: i.Size}
		b.Size += i.Size
	}
	text := bytes.Repeat([]byte("books "), int(b.Size)/6+1)[:b.Size]
	b.File, b.Sum = bytes.NewReader(text), sha256.Sum256(text)
	return b, nil
}

func (h *house) Sign(_ context.Context, text string) ([]byte, error) {
	return note.Sign(&note.Note{Text: text}, h.signer)
}

// snapshot is what a state must hold.
type snapshot struct {
	packs map[string][]byte
	files map[string][]byte
	head  ledger.Head
}

func (h *house) snapshot() snapshot {
	s := snapshot{packs: make(map[string][]byte), files: make(map[string][]byte), head: h.log.Head()}
	for name, b := range h.files {
		s.files[name] = b
	}
	list, _ := h.packs.Shares(context.Background())
	for _, share := range list {
		for i, err := range h.packs.Packs(context.Background(), share) {
			if err != nil {
				h.t.Fatalf("%v", err)
			}
			name := fmt.Sprintf("%v/%016x.pack", share, i.Pack)
			b, err := durable.ReadFile(h.disk, filepath.Join(h.root, "packs", name))
			if err != nil {
				h.t.Fatalf("%v", err)
			}
			s.packs[name] = b[:i.Size]
		}
	}
	return s
}

// medium makes a medium of a disk.
func (h *house) medium(disk durable.FS) *Dir {
	h.t.Helper()
	t := NewDir(disk, "/medium")
	if err := t.Create(); err != nil {
		h.t.Fatalf("%v", err)
	}
	if err := Make(context.Background(), t, Descriptor{ID: id.NewMedium(), Label: "disk 1", Set: "A", Vault: h.key, Made: h.clock}); err != nil {
		h.t.Fatalf("%v", err)
	}
	return t
}

// sync syncs, and returns what the state must hold.
func (h *house) sync(t Target) (Outcome, snapshot, error) {
	want := h.snapshot()
	out, err := Sync(context.Background(), t, h, Options{Key: h.key})
	if err == nil {
		want.head = out.Head
	}
	return out, want, err
}

// same compares a state with what it must hold, the whole ledger included.
func same(t tb, target Target, key string, n uint64, want snapshot) {
	t.Helper()
	ctx := context.Background()
	s, err := Open(ctx, target, key, n)
	if err != nil {
		t.Fatalf("open state %d: %v", n, err)
	}
	if s.Head != want.head {
		t.Errorf("state %d has the head %v, want %v", s.Number, s.Head, want.head)
	}
	disk, packs := s.Disk(), 0
	for _, share := range s.Shares() {
		list, err := disk.ReadDir("/" + share.String())
		if err != nil {
			t.Fatalf("%v", err)
		}
		for _, e := range list {
			name := share.String() + "/" + e.Name()
			b, err := durable.ReadFile(disk, "/"+name)
			if err != nil || !bytes.HasPrefix(b, want.packs[name]) || len(b) > len(want.packs[name])+3*pack.Align { // it may have been sealed meanwhile
				t.Errorf("state %d: %s has %d bytes, want %d, or others: %v", s.Number, name, len(b), len(want.packs[name]), err)
			}
			packs++
		}
	}
	if packs != len(want.packs) {
		t.Errorf("state %d has %d packs, want %d", s.Number, packs, len(want.packs))
	}
	for name, b := range want.files {
		if got, err := s.File(ctx, name); err != nil || !bytes.Equal(got, b) {
			t.Errorf("state %d: %s is %q, want %q: %v", s.Number, name, got, b, err)
		}
	}
	if r, err := ledger.Verify(ctx, s.Ledger(), key); err != nil || !r.OK() || r.Size != want.head.Size {
		t.Errorf("state %d: its ledger: %+v, %v", s.Number, r.Damage, err)
	}
}

// verified verifies a medium and returns what was found.
func verified(t tb, target Target, opt Check) (Report, []Finding) {
	t.Helper()
	var found []Finding
	r, err := Verify(context.Background(), target, opt, func(f Finding) { found = append(found, f) })
	if err != nil {
		t.Fatalf("verify: %v", err)
	}
	return r, found
}

func TestSync(t *testing.T) {
	h := newHouse(t, durabletest.New(t), 1)
	defer h.close()
	m := h.medium(durabletest.New(t))
	var wants []snapshot
	for round := range 6 {
		h.grow(40, 12<<10)
		out, want, err := h.sync(m)
		if err != nil || out.State != uint64(round+1) || out.Found != 0 || !out.Time.Equal(h.clock) {
			t.Fatalf("%+v, %v", out, err)
		}
		wants = append(wants, want)
		if round > 0 && out.Copied >= out.Bytes {
			t.Errorf("round %d: %d of %d bytes were copied", round, out.Copied, out.Bytes)
		}
	}
	for i, want := range wants {
		same(t, m, h.key, uint64(i+1), want)
	}
	var sealed int
	r, found := verified(t, m, Check{Key: h.key, Known: 6, Sealed: func(id.Share, uint64, int64, [32]byte) { sealed++ }})
	if len(found) != 0 || r.Last != 6 || len(r.States) != 6 || !r.States[0].Whole || r.Entries != wants[5].head.Size || sealed < 10 {
		t.Errorf("%+v, %v, %d sealed", r, found, sealed)
	}
	out, _, err := h.sync(m)
	if err != nil || out.Copied != 0 {
		t.Errorf("nothing new: %+v, %v", out, err)
	}
}

// TestServeFromMedium reads the frames of a state with the package that reads those of a vault.
func TestServeFromMedium(t *testing.T) {
	h := newHouse(t, durabletest.New(t), 2)
	defer h.close()
	m := h.medium(durabletest.New(t))
	for range 3 {
		h.grow(40, 12<<10)
		if _, _, err := h.sync(m); err != nil {
			t.Fatal(err)
		}
	}
	s, err := Open(t.Context(), m, "", 0)
	if err != nil {
		t.Fatal(err)
	}
	store, err := dir.Open(t.Context(), dir.Config{FS: s.Disk(), Root: "/"})
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, share := range s.Shares() {
		for f, err := range store.Frames(t.Context(), share, pack.Position{}, func(pack.Type) bool { return true }) {
			if err != nil {
				t.Fatal(err)
			}
			if n++; len(f.Payload) == 0 {
				t.Errorf("%v is empty", f.Place)
			}
		}
		for i, err := range store.Packs(t.Context(), share) {
			if err != nil {
				t.Fatal(err)
			}
			if _, damage, err := store.Check(t.Context(), share, i.Pack); err != nil || len(damage) > 0 {
				t.Errorf("pack %d: %v, %v", i.Pack, damage, err)
			}
		}
	}
	if n != h.frames {
		t.Errorf("%d frames, want %d", n, h.frames)
	}
	if _, err := store.Append(t.Context(), s.Shares()[0], pack.Chunk, [32]byte{}, []byte("x")); err == nil {
		if _, err = store.Sync(t.Context(), s.Shares()[0]); err == nil {
			t.Error("a medium could be written to")
		}
	}
	_ = store.Close()
	if _, err := s.Disk().OpenFile("/nothing", os.O_RDONLY, 0); err == nil || !os.IsNotExist(err) {
		t.Error(err)
	}
	if _, err := fs.ReadFile(s.Ledger(), "checkpoint"); err != nil {
		t.Error(err)
	}
}
