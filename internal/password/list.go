package password

import (
	"bufio"
	"bytes"
	"crypto/fips140"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"io"
	"math/bits"

	"golang.org/x/text/unicode/norm"
)

// Errors of lists.
var (
	ErrFormat = errors.New("not a list of breached passwords")
	ErrSHA1   = errors.New("the list holds SHA-1 digests, which the FIPS 140-3 mode of this program does not compute: load a list in plain text")
)

// digest is the kind of digest that a list holds.
type digest byte

const (
	// digestSHA1 is what Have I Been Pwned publishes, of the exact bytes of a password. It protects nothing here: it is only
	// the name under which other people's data has a password.
	digestSHA1   digest = 1
	digestSHA256 digest = 2 // of the password in NFKC
)

// allowed returns nil if the program may compute a digest.
func (d digest) allowed() error {
	switch {
	case d != digestSHA1 && d != digestSHA256:
		return fmt.Errorf("%w: unknown digest %d", ErrFormat, d)
	case d == digestSHA1 && fips140.Enforced():
		return ErrSHA1
	}
	return nil
}

// prefix returns the first eight bytes of the digest of a password, all that a list keeps of it.
func (d digest) prefix(password []byte) uint64 {
	if d == digestSHA1 {
		sum := sha1.Sum(password)
		return binary.BigEndian.Uint64(sum[:])
	}
	sum := sha256.Sum256(password)
	return binary.BigEndian.Uint64(sum[:])
}

// The file: a header of magic and kind, prefixes in ascending order, and the SHA-256 of all before it.
const (
	magic      = "azkpwl1\n"
	headerSize = 16
	prefixSize = 8
)

func header(d digest) []byte {
	return append(append(make([]byte, 0, headerSize), magic...), byte(d), 0, 0, 0, 0, 0, 0, 0)
}

// List is a list of breached passwords that Compile has made. It may be used concurrently.
//
// It holds 64 bits of each digest, so a password that is not in it is taken for one that is with a chance of Len/2^64:
// for a thousand million passwords 5·10^-11.
type List struct {
	r      io.ReaderAt
	digest digest
	n      int64
}

// OpenList reads all of a list of size bytes once and returns it if it is whole. r stays in use.
func OpenList(r io.ReaderAt, size int64) (*List, error) {
	head := make([]byte, headerSize)
	n := (size - headerSize - sha256.Size) / prefixSize
	if size < headerSize+sha256.Size || (size-headerSize-sha256.Size)%prefixSize != 0 {
		return nil, fmt.Errorf("%w: it has %d bytes", ErrFormat, size)
	}
	if _, err := r.ReadAt(head, 0); err != nil {
		return nil, err
	}
	l := &List{r: r, digest: digest(head[len(magic)]), n: n}
	if err := l.digest.allowed(); !bytes.Equal(head, header(l.digest)) {
		return nil, ErrFormat
	} else if err != nil {
		return nil, err
	}
	return l, l.verify(size)
}

// verify compares order and digest.
func (l *List) verify(size int64) error {
	sum := sha256.New()
	in := bufio.NewReaderSize(io.TeeReader(io.NewSectionReader(l.r, 0, size-sha256.Size), sum), 1<<20)
	if _, err := in.Discard(headerSize); err != nil {
		return err
	}
	var b [prefixSize]byte
	for i, last := int64(0), uint64(0); i < l.n; i++ {
		if _, err := io.ReadFull(in, b[:]); err != nil {
			return err
		}
		x := binary.BigEndian.Uint64(b[:])
		if i > 0 && x <= last {
			return fmt.Errorf("%w: it is out of order at %d", ErrFormat, i)
		}
		last = x
	}
	return l.verifyDigest(sum, size)
}

func (l *List) verifyDigest(sum hash.Hash, size int64) error {
	var want [sha256.Size]byte
	if _, err := l.r.ReadAt(want[:], size-sha256.Size); err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	if !bytes.Equal(sum.Sum(nil), want[:]) {
		return fmt.Errorf("%w: it is damaged", ErrFormat)
	}
	return nil
}

// Len returns how many passwords the list holds.
func (l *List) Len() int64 { return l.n }

// Has reports whether a password is in the list, as it was typed or in NFKC.
func (l *List) Has(password string) (bool, error) {
	normal := norm.NFKC.String(password)
	found, err := l.has(l.digest.prefix([]byte(normal)))
	if found || err != nil || normal == password || l.digest != digestSHA1 {
		return found, err
	}
	return l.has(l.digest.prefix([]byte(password)))
}

// blockSize is how many prefixes one reading takes: a page.
const blockSize = 512

// has looks for a prefix. Digests lie evenly, so that the first reading is near; every other one halves what is left,
// so that a list made with malice takes no more than twice as many readings as a search by halves.
func (l *List) has(want uint64) (bool, error) {
	var buf [blockSize * prefixSize]byte
	lo, hi := int64(0), l.n // prefixes that may be it
	low, high := uint64(0), ^uint64(0)
	for turn := 0; lo < hi; turn++ {
		at := lo + (hi-lo)/2
		if turn%2 == 0 {
			at = lo + between(want, low, high, hi-lo)
		}
		at = max(lo, min(at-blockSize/2, hi-blockSize))
		block := buf[:prefixSize*min(blockSize, hi-at)]
		if n, err := l.r.ReadAt(block, headerSize+at*prefixSize); n < len(block) {
			return false, err
		}
		n := int64(len(block) / prefixSize)
		switch first, last := prefixAt(block, 0), prefixAt(block, n-1); {
		case want < first:
			hi, high = at, first
		case want > last:
			lo, low = at+n, last
		default:
			return inBlock(block, want), nil
		}
	}
	return false, nil
}

// between returns the place of want among n things that lie evenly from low to high.
func between(want, low, high uint64, n int64) int64 {
	if want <= low || high <= low {
		return 0
	}
	hi, lo := bits.Mul64(min(want, high)-low, uint64(n))
	span := high - low
	if hi >= span {
		return n - 1
	}
	q, _ := bits.Div64(hi, lo, span)
	return min(int64(q), n-1)
}

func prefixAt(block []byte, i int64) uint64 { return binary.BigEndian.Uint64(block[i*prefixSize:]) }

func inBlock(block []byte, want uint64) bool {
	for ; len(block) > 0; block = block[prefixSize:] {
		if binary.BigEndian.Uint64(block) == want {
			return true
		}
	}
	return false
}
