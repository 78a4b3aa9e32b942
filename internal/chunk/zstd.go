package chunk

import (
	"errors"
	"fmt"
	"sync"

	"github.com/klauspost/compress/zstd"
)

// ErrPacked means that bytes are not what Pack returns for content of that size.
var ErrPacked = errors.New("compressed chunk is damaged")

// Samples that are compressed before a whole chunk is: not at its beginning, where a photograph keeps
// texts and padding.
const (
	samples    = 3
	sampleSize = 4 << 10
)

// encoder is a compressor with room for samples.
type encoder struct {
	*zstd.Encoder
	in  [samples * sampleSize]byte
	out [samples*sampleSize + 64]byte
}

// Scratch memory, nothing that outlives a call. An encoder keeps about 1 MiB, a decoder less.
var (
	encoders = sync.Pool{New: func() any {
		e, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1),
			zstd.WithWindowSize(1<<20), zstd.WithLowerEncoderMem(true), zstd.WithEncoderCRC(false))
		if err != nil {
			panic(err) // only for options out of range
		}
		return &encoder{Encoder: e}
	}}
	decoders = sync.Pool{New: func() any {
		d, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(Max),
			zstd.WithDecodeAllCapLimit(true), zstd.IgnoreChecksum(true))
		if err != nil {
			panic(err) // only for options out of range
		}
		return d
	}}
)

// Pack compresses plain into the capacity of dst, which may be nil, if it becomes at least 1/16 shorter.
// Otherwise ok is false and packed is of no use. Content that seems dense by a few samples, such as a
// photograph, costs microseconds.
func Pack(dst, plain []byte) (packed []byte, ok bool) {
	e := encoders.Get().(*encoder)
	defer encoders.Put(e)
	if len(plain) > 2*len(e.in) && !e.promising(plain) {
		return nil, false
	}
	packed = e.EncodeAll(plain, dst[:0])
	return packed, len(packed) <= len(plain)-len(plain)/16
}

// promising reports whether samples of plain become at least a tenth shorter.
func (e *encoder) promising(plain []byte) bool {
	for i := range samples {
		copy(e.in[i*sampleSize:(i+1)*sampleSize], plain[len(plain)*(i+1)/(samples+1):])
	}
	short := len(e.EncodeAll(e.in[:], e.out[:0])) <= len(e.in)*9/10
	clear(e.in[:])
	clear(e.out[:])
	return short
}

// Unpack returns the content that Pack compressed, in the capacity of dst if it suffices. It takes
// memory for size bytes and yields exactly size bytes, or ErrPacked.
func Unpack(dst, packed []byte, size int) ([]byte, error) {
	if size < 0 {
		return nil, ErrPacked
	}
	if cap(dst) < size {
		dst = make([]byte, 0, size)
	}
	d := decoders.Get().(*zstd.Decoder)
	defer decoders.Put(d)
	plain, err := d.DecodeAll(packed, dst[:0:size])
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrPacked, err)
	}
	if len(plain) != size {
		return nil, ErrPacked
	}
	return plain, nil
}
