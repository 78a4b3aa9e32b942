package seal

import (
	"bytes"
	"crypto/hpke"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/azekura/azekura/internal/id"
)

func TestSealOpen(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		k := NewKey()
		plain := rapid.SliceOf(rapid.Byte()).Draw(t, "plain")
		context := rapid.SliceOf(rapid.Byte()).Draw(t, "context")
		before := rapid.SliceOf(rapid.Byte()).Draw(t, "before")
		for _, kind := range []struct {
			name     string
			overhead int
			seal     func(dst, plain, context []byte) []byte
			open     func(dst, sealed, context []byte) ([]byte, error)
		}{
			{"Seal", Overhead, k.Seal, k.Open},
			{"SealOnce", OnceOverhead, k.SealOnce, k.OpenOnce},
		} {
			sealed := kind.seal(bytes.Clone(before), plain, context)
			if !bytes.HasPrefix(sealed, before) || len(sealed) != len(before)+len(plain)+kind.overhead {
				t.Fatalf("%s: %d bytes behind %d of %d", kind.name, len(sealed), len(before), len(plain))
			}
			got, err := kind.open(bytes.Clone(before), sealed[len(before):], context)
			if err != nil || !bytes.Equal(got, append(bytes.Clone(before), plain...)) {
				t.Fatalf("%s: opened as %x, %v", kind.name, got, err)
			}
		}
	})
}

// TestTamper changes every byte of what is sealed, and the key, the context and the length.
func TestTamper(t *testing.T) {
	k, plain, context := NewKey(), []byte("3年B組 佐藤"), []byte("context")
	for _, kind := range []struct {
		name string
		seal func(dst, plain, context []byte) []byte
		open func(k Key, sealed, context []byte) ([]byte, error)
	}{
		{"Seal", k.Seal, func(k Key, s, c []byte) ([]byte, error) { return k.Open(nil, s, c) }},
		{"SealOnce", k.SealOnce, func(k Key, s, c []byte) ([]byte, error) { return k.OpenOnce(nil, s, c) }},
	} {
		sealed := kind.seal(nil, plain, context)
		refused := func(what string, k Key, s, c []byte) {
			if got, err := kind.open(k, s, c); !errors.Is(err, ErrOpen) || got != nil {
				t.Errorf("%s: %s: opened as %q, %v", kind.name, what, got, err)
			}
		}
		for i := range sealed {
			for bit := range 8 {
				s := bytes.Clone(sealed)
				s[i] ^= 1 << bit
				refused(fmt.Sprintf("bit %d of byte %d", bit, i), k, s, context)
			}
			refused(fmt.Sprintf("the first %d bytes", i), k, sealed[:i], context)
		}
		refused("a byte more", k, append(bytes.Clone(sealed), 0), context)
		refused("no context", k, sealed, nil)
		refused("another context", k, sealed, []byte("contexT"))
		refused("another key", NewKey(), sealed, context)
		if got, err := kind.open(k, sealed, context); err != nil || !bytes.Equal(got, plain) {
			t.Errorf("%s: unchanged: opened as %q, %v", kind.name, got, err)
		}
	}
}

func TestSealedTwiceDiffers(t *testing.T) {
	k := NewKey()
	for name, seal := range map[string]func(dst, plain, context []byte) []byte{"Seal": k.Seal, "SealOnce": k.SealOnce} {
		seen := map[string]bool{}
		for range 1000 {
			s := string(seal(nil, nil, nil)[:12]) // the nonce, or most of the salt
			if seen[s] {
				t.Fatalf("%s: a nonce came twice", name)
			}
			seen[s] = true
		}
	}
}

// TestSeparation: no two purposes of a metadata key share a working key, and nothing sealed for one opens for
// another.
func TestSeparation(t *testing.T) {
	root := NewKey()
	m := NewMetadata(root)
	seen := map[Key]string{root: "the metadata key"}
	for name, k := range map[string]Key{"names": m.names, "records": m.records, "lookup": m.lookup, "paths": m.paths,
		"chunk id": m.chunkID, "chunk key": m.chunkKey, "equal": m.equal, "cutting": m.Cutting()} {
		if other, ok := seen[k]; ok {
			t.Errorf("%s and %s are one key", name, other)
		}
		if k == (Key{}) {
			t.Errorf("%s is zero", name)
		}
		seen[k] = name
	}
	if PathKey(root) != m.paths {
		t.Error("an auditor's key is not the one of SealPath")
	}
	sum := sha256.Sum256([]byte("x"))
	values := [][32]byte{m.Chunk(sum), m.ChunkKey(sum), m.Equal(sum[:]), sum}
	for i, a := range values {
		for _, b := range values[i+1:] {
			if a == b {
				t.Errorf("two purposes give one value, %x", a)
			}
		}
	}
	other := NewMetadata(NewKey())
	if m.Chunk(sum) == other.Chunk(sum) || m.ChunkKey(sum) == other.ChunkKey(sum) || m.Equal(sum[:]) == other.Equal(sum[:]) ||
		m.Lookup(id.File{}, "x") == other.Lookup(id.File{}, "x") {
		t.Error("two shares give one value")
	}
	record := m.SealRecord(nil, []byte("record"))
	if _, err := m.paths.OpenOnce(nil, record, nil); !errors.Is(err, ErrOpen) {
		t.Errorf("a record opens as a path: %v", err)
	}
	if _, err := m.OpenRecord(m.SealPath("/share/file")); !errors.Is(err, ErrOpen) {
		t.Errorf("a path opens as a record: %v", err)
	}
}

func TestMetadata(t *testing.T) {
	root := NewKey()
	m := NewMetadata(root)
	a, b := id.File{1}, id.File{2}
	name := m.SealName(a, []byte("名簿.xlsx"))
	if got, err := m.OpenName(a, name); err != nil || string(got) != "名簿.xlsx" {
		t.Errorf("name: %q, %v", got, err)
	}
	if got, err := m.OpenName(b, name); !errors.Is(err, ErrOpen) {
		t.Errorf("a name opens for another file: %q, %v", got, err)
	}
	if m.Lookup(a, "x") == m.Lookup(b, "x") || m.Lookup(a, "x") == m.Lookup(a, "y") || m.Lookup(a, "x") != NewMetadata(root).Lookup(a, "x") {
		t.Error("Lookup is not a function of directory and name")
	}
	if got, err := m.OpenRecord(m.SealRecord([]byte("-"), []byte("record"))[1:]); err != nil || string(got) != "record" {
		t.Errorf("record: %q, %v", got, err)
	}
	if got, err := PathKey(root).OpenOnce(nil, m.SealPath("/組/顔写真.jpg"), nil); err != nil || string(got) != "/組/顔写真.jpg" {
		t.Errorf("path: %q, %v", got, err)
	}
	m.Zero()
	for _, k := range []Key{m.names, m.records, m.lookup, m.paths, m.chunkID, m.chunkKey, m.equal, m.cutting} {
		if k != (Key{}) {
			t.Error("a working key is left")
		}
	}
}

// TestEpoch releases file keys as the keeper does: from the recipient's side of the encapsulation.
func TestEpoch(t *testing.T) {
	private, err := KEM().GenerateKey()
	if err != nil {
		t.Fatal(err)
	}
	r, err := ParseRecipient(private.PublicKey().Bytes())
	if err != nil {
		t.Fatal(err)
	}
	share := id.NewShare()
	e, err := r.NewEpoch(share)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := len(e.Enc), 1153; got != want {
		t.Errorf("encapsulation of %d bytes, docs/format.md says %d", got, want)
	}
	if got, want := [3]uint16{KEM().ID(), hpke.HKDFSHA256().ID(), hpke.ExportOnly().ID()}, [3]uint16{0x0050, 0x0001, 0xffff}; got != want {
		t.Errorf("ciphersuite %x, docs/format.md says %x", got, want)
	}
	release := func(enc []byte, share id.Share, epoch id.Epoch, v id.Version) Key {
		t.Helper()
		c, err := hpke.NewRecipient(enc, private, hpke.HKDFSHA256(), hpke.ExportOnly(), EpochInfo(share, epoch))
		if err != nil {
			t.Fatal(err)
		}
		b, err := c.Export(FileKeyContext(v), 32)
		if err != nil {
			t.Fatal(err)
		}
		return Key(b)
	}
	v, w := id.NewVersion(), id.NewVersion()
	k, err := e.FileKey(v)
	if err != nil {
		t.Fatal(err)
	}
	if got := release(e.Enc, share, e.ID, v); got != k {
		t.Error("the keeper releases another key than the version was sealed with")
	}
	bad := bytes.Clone(e.Enc)
	bad[17] ^= 1
	for name, other := range map[string]Key{
		"another version":       release(e.Enc, share, e.ID, w),
		"another epoch's id":    release(e.Enc, share, id.NewEpoch(), v),
		"another share":         release(e.Enc, id.NewShare(), e.ID, v),
		"changed encapsulation": release(bad, share, e.ID, v),
	} {
		if other == k {
			t.Errorf("%s gives the same key", name)
		}
	}
	next, err := r.NewEpoch(share)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := next.FileKey(v); err != nil || again == k || next.ID == e.ID {
		t.Errorf("two epochs are one (%v)", err)
	}
	if again, err := e.FileKey(v); err != nil || again != k {
		t.Errorf("one version, two keys (%v)", err)
	}
}

func TestParseRecipient(t *testing.T) {
	private, err := KEM().GenerateKey()
	if err != nil {
		t.Fatal(err)
	}
	b := private.PublicKey().Bytes()
	off := bytes.Clone(b)
	off[len(off)-1] ^= 1 // not a point of the curve
	for name, b := range map[string][]byte{"empty": nil, "short": b[1:], "long": append(bytes.Clone(b), 0), "no point": off} {
		if _, err := ParseRecipient(b); err == nil {
			t.Errorf("%s: taken as a public key", name)
		}
	}
}

// TestKeysAreNotPrinted: a key that slips into a log line or an error shows nothing.
func TestKeysAreNotPrinted(t *testing.T) {
	k := Key(bytes.Repeat([]byte("k"), 32))
	m := NewMetadata(k)
	lease := struct{ Key Key }{k}
	traces := []string{"kkkk", "107", "6b6b", "6B6B", "153", string(m.names[:4]), fmt.Sprintf("%x", m.names[:4]), fmt.Sprint(m.names[0], m.names[1])}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d"} {
		for _, v := range []any{k, &k, m, *m, lease, []Key{k}, Plain(k), []Plain{Plain(k)}} {
			shown := fmt.Sprintf(verb, v)
			for _, trace := range traces {
				if strings.Contains(shown, trace) {
					t.Errorf("%s of %T shows %q", verb, v, shown)
					break
				}
			}
		}
	}
	var out bytes.Buffer
	slog.New(slog.NewJSONHandler(&out, nil)).Info("x", "key", k, "lease", lease, "plain", Plain(k))
	slog.New(slog.NewTextHandler(&out, nil)).Info("x", "key", k, "lease", lease, "plain", Plain(k))
	if strings.Contains(out.String(), "107") || strings.Contains(out.String(), "kkk") {
		t.Errorf("a log shows %s", out.String())
	}
	if b, err := json.Marshal(lease); err == nil {
		t.Errorf("a key became JSON: %s", b)
	}
	b, err := json.Marshal(Plain(k)) // which is what it is for
	var back Plain
	if err != nil || json.Unmarshal(b, &back) != nil || back != Plain(k) || len(b) != 66 {
		t.Errorf("a key in clear: %s %v", b, err)
	}
	for _, text := range []string{"", "6b", strings.Repeat("6", 65), strings.Repeat("x", 64)} {
		if back.UnmarshalText([]byte(text)) == nil {
			t.Errorf("%q is a key", text)
		}
	}
}

func BenchmarkSeal(b *testing.B) {
	k, plain := NewKey(), make([]byte, 3<<20)
	sealed := k.Seal(nil, plain, nil)
	buf := make([]byte, 0, len(sealed))
	b.Run("Seal", func(b *testing.B) {
		b.SetBytes(int64(len(plain)))
		for b.Loop() {
			k.Seal(buf, plain, nil)
		}
	})
	b.Run("Open", func(b *testing.B) {
		b.SetBytes(int64(len(plain)))
		for b.Loop() {
			if _, err := k.Open(buf, sealed, nil); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func BenchmarkSmall(b *testing.B) {
	m := NewMetadata(NewKey())
	name, sum := []byte("IMG_0001.JPG"), sha256.Sum256(nil)
	sealed := m.SealName(id.File{}, name)
	for what, f := range map[string]func(){
		"SealName":   func() { m.SealName(id.File{}, name) },
		"OpenName":   func() { m.OpenName(id.File{}, sealed) },
		"Lookup":     func() { m.Lookup(id.File{}, "IMG_0001.JPG") },
		"SealRecord": func() { m.SealRecord(nil, name) },
		"ChunkKey":   func() { m.ChunkKey(sum) },
	} {
		b.Run(what, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				f()
			}
		})
	}
}

func BenchmarkEpoch(b *testing.B) {
	private, err := KEM().GenerateKey()
	if err != nil {
		b.Fatal(err)
	}
	r, err := ParseRecipient(private.PublicKey().Bytes())
	if err != nil {
		b.Fatal(err)
	}
	e, err := r.NewEpoch(id.NewShare())
	if err != nil {
		b.Fatal(err)
	}
	v := id.NewVersion()
	b.Run("NewEpoch", func(b *testing.B) {
		for b.Loop() {
			if _, err := r.NewEpoch(id.NewShare()); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("FileKey", func(b *testing.B) {
		for b.Loop() {
			if _, err := e.FileKey(v); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("Release", func(b *testing.B) { // what the keeper does
		for b.Loop() {
			c, err := hpke.NewRecipient(e.Enc, private, hpke.HKDFSHA256(), hpke.ExportOnly(), EpochInfo(id.Share{}, e.ID))
			if err != nil {
				b.Fatal(err)
			}
			if _, err := c.Export(FileKeyContext(v), 32); err != nil {
				b.Fatal(err)
			}
		}
	})
}
