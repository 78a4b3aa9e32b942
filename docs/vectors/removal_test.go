package vectors

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"hash/crc32"
	"testing"
	"time"

	"github.com/azekura/azekura/internal/commit"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/pack"
	"github.com/azekura/azekura/internal/seal"
)

// removalVector is what stands in packs about what nobody has any more: a list of chunks, sealed, the record that removes a version, and what comes in
// the place of a frame.
type removalVector struct {
	Metadata octets   `json:"metadata_key"`
	Frame    octets   `json:"frame"` // its id
	Chunks   []octets `json:"chunks"`
	List     octets   `json:"list"`   // the payload of the frame
	Record   octets   `json:"record"` // plain
	Version  octets   `json:"version"`
	Gap      octets   `json:"gap"` // a frame
}

func freshRemoval(t *testing.T) (v removalVector) {
	root, version := seal.Key(key("share metadata key")), id.Version(word("removed version"))
	v.Metadata, v.Version, v.Frame = root[:], version[:], append(bytes.Clone(version[:]), make([]byte, 16)...)
	chunks := []id.Chunk{key("chunk one"), key("chunk two")}
	for i := range chunks {
		v.Chunks = append(v.Chunks, chunks[i][:])
	}
	plain, err := commit.MarshalChunks(chunks)
	if err != nil {
		t.Fatal(err)
	}
	v.List = seal.NewMetadata(root).SealList(plain, [32]byte(v.Frame))
	v.Record, err = commit.Record{When: time.Date(2026, 11, 30, 3, 0, 0, 0, time.UTC), Author: "tanaka", Door: "cli",
		Ops: []commit.Op{{Kind: commit.Expire, File: id.File(word("file")), Content: commit.Content{Version: version, Key: version}}}}.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	h := pack.Header{Type: pack.TypeGap, Length: 100}
	v.Gap = append(h.Append(nil, pack.PayloadSum(make([]byte, 100))), make([]byte, 100)...)
	return v
}

// TestRemoval reads them as the format says, and not with the code that wrote them.
func TestRemoval(t *testing.T) {
	v := load(t, "removal.json", freshRemoval)
	r := reader{t, shareVector{Metadata: v.Metadata}}
	m := hmac.New(sha256.New, r.derive("lists of chunks"))
	m.Write([]byte("azekura/v1 once"))
	m.Write(v.List[:16])
	plain := r.open(m.Sum(nil), v.List[16:], v.Frame)
	if len(plain) != 1+32*len(v.Chunks) || plain[0] != 1 {
		t.Fatalf("the list is %x", plain)
	}
	for i, c := range v.Chunks {
		same(t, "chunk", plain[1+32*i:][:32], c)
	}
	op := v.Record[len(v.Record)-33-3:] // the last field: a length of 24 bits, kind, file, version
	if binary.BigEndian.Uint16(op[1:]) != 33 || op[3] != 12 {
		t.Errorf("the operation is %x", op)
	}
	same(t, "version", op[3+1+16:], v.Version)
	g := v.Gap
	sum := crc32.Update(crc32.Checksum(g[56:], crc32.MakeTable(crc32.Castagnoli)), crc32.MakeTable(crc32.Castagnoli), g[:52])
	if binary.BigEndian.Uint32(g) != 0x617a6b66 || g[4] != 0x83 || binary.BigEndian.Uint32(g[8:]) != uint32(len(g)-56) || binary.BigEndian.Uint32(g[52:]) != sum || !bytes.Equal(g[56:], make([]byte, len(g)-56)) {
		t.Errorf("the gap is %x", g)
	}
}
