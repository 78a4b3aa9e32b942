package dir

import (
	"errors"
	"fmt"
	"io/fs"
	"sync"
	"syscall"
	"unsafe"

	"github.com/azekura/azekura/internal/durable"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/pack"
)

// directFrom is the size of a frame from which on reading past the page cache is worth it.
const directFrom = 256 << 10

// bytes reads a frame, into buf if that is large enough. A large frame that was not read lately goes past the page
// cache: an export, a check or a print run reads everything once, and must not push out what people work with
// (compare the 2Q policy: Johnson and Shasha, VLDB 1994).
func (s *Store) bytes(share id.Share, at pack.Place, buf []byte) ([]byte, error) {
	name := s.file(share, at.Pack)
	if at.Size >= directFrom && s.lately.first(spot{share, at.Position}) {
		if b, err := s.direct(name, at, buf); err == nil {
			return b, nil
		} // and if it was the disk, that shows again
	}
	f, err := s.handles.get(name, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, damaged(share, at, "missing")
	}
	if err != nil {
		return nil, err
	}
	defer s.handles.put(f)
	if cap(buf) < int(at.Size) {
		buf = make([]byte, at.Size)
	}
	buf = buf[:at.Size]
	if n, err := f.ReadAt(buf, at.Offset); n < len(buf) {
		return nil, damaged(share, at, fmt.Sprintf("unreadable: %v", err))
	}
	return buf, nil
}

// direct reads the blocks that a frame touches.
func (s *Store) direct(name string, at pack.Place, buf []byte) ([]byte, error) {
	f, err := s.handles.get(name, durable.Direct)
	if err != nil {
		return nil, err
	}
	defer s.handles.put(f)
	skip := int(at.Offset % durable.Block)
	need := skip + int(at.Size)
	span := int(pack.RoundUp(int64(need)))
	if buf = aligned(buf); len(buf) < span {
		buf = durable.Aligned(span)
	}
	if n, err := f.ReadAt(buf[:span], at.Offset-int64(skip)); n < need { // the file may end before the last block does
		return nil, fmt.Errorf("read %d of %d bytes: %w", n, need, err)
	}
	return buf[skip:need], nil
}

// aligned returns the part of b's capacity that begins at a block.
func aligned(b []byte) []byte {
	b = b[:cap(b)]
	off := int(-uintptr(unsafe.Pointer(unsafe.SliceData(b))) % durable.Block)
	return b[min(off, len(b)):]
}

// lately remembers which frames were read, up to 2 × maxLately of the latest ones.
type lately struct {
	mu          sync.Mutex
	now, before map[spot]struct{}
}

const maxLately = 4096

type spot struct {
	share id.Share
	at    pack.Position
}

// first reports whether a frame was not read lately.
func (l *lately) first(s spot) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	_, now := l.now[s]
	_, before := l.before[s]
	if now {
		return false
	}
	if len(l.now) >= maxLately || l.now == nil {
		l.now, l.before = make(map[spot]struct{}), l.now
	}
	l.now[s] = struct{}{}
	return !before
}

// unreadable makes damage of an error when it is the medium that cannot give bytes back; asking again will not help. Any other
// error stays what it is. Length 0 is the whole pack.
func unreadable(share id.Share, at pack.Position, length int64, err error) error {
	if !errors.Is(err, syscall.EIO) && !errors.Is(err, syscall.EUCLEAN) && !errors.Is(err, syscall.EBADMSG) {
		return err
	}
	return &pack.DamageError{Damage: pack.Damage{Share: share, At: at, Length: length, Reason: "unreadable: " + err.Error()}}
}

func damaged(share id.Share, at pack.Place, reason string) error {
	return &pack.DamageError{Damage: pack.Damage{Share: share, At: at.Position, Length: int64(at.Size), Reason: reason}}
}
