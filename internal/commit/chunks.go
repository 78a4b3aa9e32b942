package commit

import (
	"fmt"

	"golang.org/x/crypto/cryptobyte"

	"github.com/azekura/azekura/internal/id"
)

// MaxChunks is how many chunks one list may name: with its seal it fits into a frame of a pack. A content of more than half a terabyte has more.
const MaxChunks = (MaxRecord - 1) / 32

// MarshalChunks returns the one encoding of a list of chunks: of those that a manifest names, or of those that are nobody's any more.
func MarshalChunks(chunks []id.Chunk) ([]byte, error) {
	if len(chunks) == 0 || len(chunks) > MaxChunks {
		return nil, fmt.Errorf("list of chunks: %w: %d chunks", ErrTooLarge, len(chunks))
	}
	b := cryptobyte.NewBuilder(make([]byte, 0, 1+32*len(chunks)))
	b.AddUint8(format)
	for i := range chunks {
		b.AddBytes(chunks[i][:])
	}
	return finish(b, MaxRecord)
}

// ParseChunks reads what MarshalChunks wrote, and calls each with every chunk.
func ParseChunks(b []byte, each func(id.Chunk)) error {
	s, err := begin(b, MaxRecord)
	if err == nil && (len(s) == 0 || len(s)%32 != 0) {
		err = ErrFormat
	}
	if err != nil {
		return fmt.Errorf("list of chunks: %w", err)
	}
	for ; len(s) > 0; s = s[32:] {
		each(id.Chunk(s[:32]))
	}
	return nil
}
