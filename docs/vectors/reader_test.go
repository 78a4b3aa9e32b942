package vectors

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/hpke"
	"crypto/sha256"
	"encoding/binary"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"

	"github.com/azekura/azekura/internal/chunk"
	"github.com/azekura/azekura/internal/commit"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/seal"
)

// shareVector is a share with two files in one commit: its secrets, the payloads of its frames in order, and
// the SHA-256 of what is in the files.
type shareVector struct {
	Share      octets            `json:"share"`
	PrivateKey octets            `json:"private_key"`
	Metadata   octets            `json:"metadata_key"`
	Frames     []frameVector     `json:"frames"`
	Files      map[string]octets `json:"sha256_of_files"`
}

type frameVector struct {
	Type    int    `json:"type"` // 1 chunk, 2 epoch, 3 manifest, 4 commit
	ID      octets `json:"id"`
	Payload octets `json:"payload"`
}

func freshShare(t *testing.T) (v shareVector) {
	share := id.Share(word("share"))
	ikm, root := key("share key pair"), seal.Key(key("share metadata key"))
	private, err := seal.KEM().DeriveKeyPair(ikm[:])
	if err != nil {
		t.Fatal(err)
	}
	v.Share, v.Metadata = share[:], root[:]
	if v.PrivateKey, err = private.Bytes(); err != nil {
		t.Fatal(err)
	}
	r, err := seal.ParseRecipient(private.PublicKey().Bytes())
	if err != nil {
		t.Fatal(err)
	}
	epoch, err := r.NewEpoch(share)
	if err != nil {
		t.Fatal(err)
	}
	frame := func(kind int, name []byte, payload []byte) {
		v.Frames = append(v.Frames, frameVector{kind, append(bytes.Clone(name), make([]byte, 32-len(name))...), payload})
	}
	frame(2, epoch.ID[:], epoch.Enc)
	m := seal.NewMetadata(root)
	when := time.Date(2026, 7, 14, 3, 26, 53, 0, time.UTC)
	rec := commit.Record{When: when, Author: "田中 花子", Door: "console"}
	short, long := "3年B組\n", string(bytes.Repeat([]byte("佐藤 はるか\n"), 5000))
	v.Files = map[string]octets{}
	for name, content := range map[string]string{"組.txt": short, "名簿.txt": long} {
		plain := []byte(content)
		sum := sha256.Sum256(plain)
		v.Files[name] = sum[:]
		man := commit.Manifest{Size: int64(len(plain)), Inline: plain}
		if name == "名簿.txt" {
			packed, ok := chunk.Pack(nil, plain)
			if !ok {
				t.Fatal("not compressed")
			}
			s := sha256.Sum256(packed)
			part := commit.Part{Chunk: m.Chunk(s), Key: m.ChunkKey(s), Size: man.Size, Packed: true}
			frame(1, part.Chunk[:], part.Key.Seal(nil, packed, part.Chunk[:]))
			man.Level, man.Inline, man.Parts = 1, nil, []commit.Part{part}
		}
		b, err := man.Marshal()
		if err != nil {
			t.Fatal(err)
		}
		version := id.Version(word("version of " + name))
		k, err := epoch.FileKey(version)
		if err != nil {
			t.Fatal(err)
		}
		frame(3, version[:], k.Seal(nil, b, version[:]))
		rec.Ops = append(rec.Ops, commit.Op{Kind: commit.Save, File: id.File(word(name)), Name: name, Content: commit.Content{
			Version: version, Key: version, Epoch: epoch.ID, Size: man.Size, Modified: when, Equal: m.Equal(sum[:])}})
	}
	b, err := rec.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	frame(4, nil, m.SealRecord(nil, b))
	return v
}

// TestSecondReader reads a share with nothing but docs/format.md, the standard library and zstd. What it calls
// of the program is nothing, so that the description is shown to be enough.
func TestSecondReader(t *testing.T) {
	v := load(t, "share.json", freshShare)
	r := reader{t: t, v: v}
	got := r.files()
	if len(got) != len(v.Files) || len(got) == 0 {
		t.Errorf("%d files, want %d", len(got), len(v.Files))
	}
	for name, want := range v.Files {
		sum := sha256.Sum256([]byte(got[name]))
		same(t, name, sum[:], want)
	}
}

type reader struct {
	t *testing.T
	v shareVector
}

// files reads the last commit frame and every file saved in it.
func (r reader) files() map[string]string {
	sealed := r.v.Frames[len(r.v.Frames)-1].Payload
	m := hmac.New(sha256.New, r.derive("records"))
	m.Write([]byte("azekura/v1 once"))
	m.Write(sealed[:16])
	b := field{r.t, r.open(m.Sum(nil), sealed[16:], nil)}
	b.want(1, 1) // version
	b.take(8 + 3*16)
	author := string(b.take(b.number(2)))
	door := string(b.take(b.number(2)))
	if author != "田中 花子" || door != "console" {
		r.t.Errorf("saved by %q over %q", author, door)
	}
	b.take(b.number(2)) // optional fields
	files := map[string]string{}
	for len(b.b) > 0 {
		op := field{r.t, b.take(b.number(3))}
		op.want(1, 3) // save
		op.take(16 + 16)
		name := string(op.take(op.number(2)))
		version, epoch := op.take(16), op.take(16)
		size := op.number(8)
		op.take(8)
		equal := op.take(32)
		op.want(1, 0) // checksums
		content := r.content(version, epoch)
		sum := sha256.Sum256(content)
		sums := sha256.Sum256(sum[:])
		h := hmac.New(sha256.New, r.derive("equal content"))
		h.Write(sums[:])
		if len(op.b) > 0 || len(content) != size || !bytes.Equal(h.Sum(nil), equal) {
			r.t.Errorf("%s: %d bytes, want %d, or another content, or %d bytes left of the operation", name, len(content), size, len(op.b))
		}
		files[name] = string(content)
	}
	return files
}

func (r reader) content(version, epoch []byte) (content []byte) {
	private, err := hpke.MLKEM768P256().NewPrivateKey(r.v.PrivateKey)
	r.check(err)
	info := bytes.Join([][]byte{[]byte("azekura/v1 epoch"), r.v.Share, epoch}, nil)
	k, err := hpke.NewRecipient(r.frame(2, epoch), private, hpke.HKDFSHA256(), hpke.ExportOnly(), info)
	r.check(err)
	fileKey, err := k.Export("azekura/v1 file"+string(version), 32)
	r.check(err)
	b := field{r.t, r.open(fileKey, r.frame(3, version), version)}
	b.want(1, 1) // version
	level, size := b.number(1), b.number(8)
	b.take(b.number(2)) // optional fields
	if level == 0 {
		return b.b
	}
	for len(b.b) > 0 {
		name, key := b.take(32), b.take(32)
		part := b.number(8)
		packed := b.number(1)
		plain := r.open(key, r.frame(1, name), name)
		sum := sha256.Sum256(plain)
		h := hmac.New(sha256.New, r.derive("chunk id"))
		h.Write(sum[:])
		if !bytes.Equal(h.Sum(nil), name) {
			r.t.Error("a chunk's id is not that of its bytes")
		}
		if packed == 1 {
			d, err := zstd.NewReader(nil)
			r.check(err)
			plain, err = d.DecodeAll(plain, nil)
			r.check(err)
			d.Close()
		}
		if len(plain) != part {
			r.t.Errorf("chunk of %d bytes, want %d", len(plain), part)
		}
		content = append(content, plain...)
	}
	if len(content) != size {
		r.t.Errorf("content of %d bytes, want %d", len(content), size)
	}
	return content
}

// frame returns the payload of the frame with a type and an id.
func (r reader) frame(kind int, name []byte) []byte {
	for _, f := range r.v.Frames {
		if f.Type == kind && bytes.HasPrefix(f.ID, name) {
			return f.Payload
		}
	}
	r.t.Fatalf("no frame %d %x", kind, name)
	return nil
}

func (r reader) derive(label string) []byte {
	k, err := hkdf.Expand(sha256.New, r.v.Metadata, "azekura/v1 "+label, 32)
	r.check(err)
	return k
}

func (r reader) open(key, sealed, context []byte) []byte {
	block, err := aes.NewCipher(key)
	r.check(err)
	gcm, err := cipher.NewGCMWithRandomNonce(block) // the nonce stands before the ciphertext
	r.check(err)
	plain, err := gcm.Open(nil, nil, sealed, context)
	r.check(err)
	return plain
}

func (r reader) check(err error) {
	r.t.Helper()
	if err != nil {
		r.t.Fatal(err)
	}
}

// field is what is left of an encoding.
type field struct {
	t *testing.T
	b []byte
}

func (f *field) take(n int) []byte {
	f.t.Helper()
	if n > len(f.b) {
		f.t.Fatalf("%d bytes wanted, %d left", n, len(f.b))
	}
	out := f.b[:n]
	f.b = f.b[n:]
	return out
}

// number reads an integer of n bytes.
func (f *field) number(n int) int {
	f.t.Helper()
	return int(binary.BigEndian.Uint64(append(make([]byte, 8-n), f.take(n)...)))
}

func (f *field) want(n, x int) {
	f.t.Helper()
	if got := f.number(n); got != x {
		f.t.Fatalf("got %d, want %d", got, x)
	}
}
