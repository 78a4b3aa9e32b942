package pack

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"

	"github.com/azekura/azekura/internal/id"
)

// The layout of frames, docs/format.md. All numbers are big endian.
//
//	offset  size
//	0       4     magic "azkf"
//	4       1     type
//	5       3     zero
//	8       4     length of the payload
//	12      8     synced: offset of this pack known to be durable when the frame was appended
//	20      32    id
//	52      4     CRC-32C of bytes 0 to 51 and the payload, the payload first
//	56      …     payload
const (
	HeaderSize = 56
	Align      = 4096 // after a flush the pack goes on at the next multiple
	magic      = 0x617a6b66
)

// Types that packs need for themselves; users of a Store never see them.
const (
	TypeHead    Type = 0x80 // first frame of a pack
	TypeTable   Type = 0x81 // where the frames of a sealed pack stand
	TypeTrailer Type = 0x82 // last frame of a sealed pack: its digest
	TypeGap     Type = 0x83 // zeros where frames were that have been taken out of a sealed pack
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// Header is the fixed part of a frame.
type Header struct {
	Type   Type
	Length uint32 // of the payload
	Synced int64
	ID     [32]byte
	Sum    uint32
}

// ErrFrame means that bytes are no frame.
var ErrFrame = errors.New("not a frame")

// PayloadSum starts a frame's checksum. It is the expensive part, and needs no lock.
func PayloadSum(payload ...[]byte) (sum uint32) {
	for _, p := range payload {
		sum = crc32.Update(sum, castagnoli, p)
	}
	return sum
}

// Append appends the header, with the checksum that continues payloadSum, to dst.
func (h Header) Append(dst []byte, payloadSum uint32) []byte {
	at := len(dst)
	dst = binary.BigEndian.AppendUint32(dst, magic)
	dst = append(dst, byte(h.Type), 0, 0, 0)
	dst = binary.BigEndian.AppendUint32(dst, h.Length)
	dst = binary.BigEndian.AppendUint64(dst, uint64(h.Synced))
	dst = append(dst, h.ID[:]...)
	return binary.BigEndian.AppendUint32(dst, crc32.Update(payloadSum, castagnoli, dst[at:]))
}

// ParseHeader reads a header. It checks all but the checksum, which needs the payload.
func ParseHeader(b []byte) (h Header, err error) {
	if len(b) < HeaderSize || binary.BigEndian.Uint32(b) != magic || b[5]|b[6]|b[7] != 0 {
		return h, ErrFrame
	}
	h.Type = Type(b[4])
	h.Length = binary.BigEndian.Uint32(b[8:])
	synced := binary.BigEndian.Uint64(b[12:])
	if h.Length > MaxPayload && h.Type < TypeHead || h.Length > MaxTable || synced > 1<<62 || !h.Type.known() {
		return h, ErrFrame
	}
	h.Synced = int64(synced)
	copy(h.ID[:], b[20:])
	h.Sum = binary.BigEndian.Uint32(b[52:])
	return h, nil
}

// MaxTable bounds the table of a sealed pack.
const MaxTable = 64 << 20

// Stored reports whether frames of the type hold something of the vault.
func (t Type) Stored() bool { return t >= Chunk && t <= Gone }

func (t Type) known() bool { return t.Stored() || t >= TypeHead && t <= TypeGap }

// Index returns the first place in b where a header may begin, or -1.
func Index(b []byte) int { return bytes.Index(b, binary.BigEndian.AppendUint32(nil, magic)) }

// Valid reports whether the checksum of a frame holds.
func (h Header) Valid(header, payload []byte) bool {
	return h.Sum == crc32.Update(PayloadSum(payload), castagnoli, header[:HeaderSize-4])
}

// Head is the payload of a pack's first frame.
type Head struct {
	Share id.Share
	Pack  uint64
	After Position // the end of the log before this pack: what stands behind it was never acknowledged
}

const formatVersion = 1

// Append appends the head to dst.
func (h Head) Append(dst []byte) []byte {
	dst = append(dst, formatVersion)
	dst = append(dst, h.Share[:]...)
	dst = binary.BigEndian.AppendUint64(dst, h.Pack)
	dst = binary.BigEndian.AppendUint64(dst, h.After.Pack)
	return binary.BigEndian.AppendUint64(dst, uint64(h.After.Offset))
}

// ParseHead reads the payload of a pack's first frame.
func ParseHead(b []byte) (h Head, err error) {
	if len(b) != 1+id.Size+24 {
		return h, ErrFrame
	}
	if b[0] != formatVersion {
		return h, errors.New("a pack of another format version")
	}
	copy(h.Share[:], b[1:])
	b = b[1+id.Size:]
	h.Pack = binary.BigEndian.Uint64(b)
	h.After = Position{binary.BigEndian.Uint64(b[8:]), int64(binary.BigEndian.Uint64(b[16:]))}
	if h.After.Offset < 0 {
		return h, ErrFrame
	}
	return h, nil
}

// Entry is a line of a sealed pack's table.
type Entry struct {
	Type   Type
	Offset int64
	Size   uint32 // header and payload
	ID     [32]byte
}

const entrySize = 1 + 8 + 4 + 32

// AppendEntry appends a line of the table.
func AppendEntry(dst []byte, e Entry) []byte {
	dst = append(dst, byte(e.Type))
	dst = binary.BigEndian.AppendUint64(dst, uint64(e.Offset))
	dst = binary.BigEndian.AppendUint32(dst, e.Size)
	return append(dst, e.ID[:]...)
}

// ParseTable reads a table.
func ParseTable(b []byte) ([]Entry, error) {
	if len(b)%entrySize != 0 {
		return nil, ErrFrame
	}
	out := make([]Entry, 0, len(b)/entrySize)
	end := int64(HeaderSize) // of the frame before
	for ; len(b) > 0; b = b[entrySize:] {
		e := Entry{Type: Type(b[0]), Offset: int64(binary.BigEndian.Uint64(b[1:])), Size: binary.BigEndian.Uint32(b[9:])}
		copy(e.ID[:], b[13:])
		if !e.Type.Stored() || e.Offset < end || e.Offset > 1<<62 || e.Size < HeaderSize || e.Size > MaxPayload+HeaderSize {
			return nil, ErrFrame
		}
		end = e.Offset + int64(e.Size)
		out = append(out, e)
	}
	return out, nil
}

// Trailer is the payload of a sealed pack's last frame, which begins its last Align bytes.
type Trailer struct {
	Digest [32]byte // SHA-256 of all bytes before the trailer's frame
	Table  int64    // offset of the table's frame
	Size   uint32   // of the table's frame
	Frames uint32
	Former [32]byte // the id of its frame: the digest of the pack in whose place it came, if there was one
}

// Append appends the trailer to dst.
func (t Trailer) Append(dst []byte) []byte {
	dst = append(dst, t.Digest[:]...)
	dst = binary.BigEndian.AppendUint64(dst, uint64(t.Table))
	dst = binary.BigEndian.AppendUint32(dst, t.Size)
	return binary.BigEndian.AppendUint32(dst, t.Frames)
}

// ParseTrailer reads the payload of a trailer.
func ParseTrailer(b []byte) (t Trailer, err error) {
	if len(b) != 48 {
		return t, ErrFrame
	}
	copy(t.Digest[:], b)
	t.Table = int64(binary.BigEndian.Uint64(b[32:]))
	t.Size, t.Frames = binary.BigEndian.Uint32(b[40:]), binary.BigEndian.Uint32(b[44:])
	if t.Table < 0 || t.Size < HeaderSize {
		return t, ErrFrame
	}
	return t, nil
}

// RoundUp returns the next multiple of Align.
func RoundUp(n int64) int64 { return (n + Align - 1) &^ (Align - 1) }

// ReadSize is how large a buffer for Read should be for a payload of n bytes: then whole blocks around the frame fit.
func ReadSize(n int) int { return n + HeaderSize + 3*Align }
