package ledger

import (
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"github.com/azekura/azekura/internal/seal"
)

// MaxEntry is the largest entry, in bytes: its length stands in two bytes of a bundle.
const MaxEntry = 1<<16 - 1

// entryHead is what stands in clear before a sealed event: version and time.
const entryHead = 1 + 8

// MaxEvent is the largest event that Sealer takes.
const MaxEvent = MaxEntry - entryHead - seal.OnceOverhead

const entryVersion = 1

// ErrEntry means that an entry does not open: it was changed, it is sealed with another key, or no Sealer made it.
var ErrEntry = errors.New("entry of the ledger does not open")

// Sealer makes entries from events. An entry tells its time to everybody, so that the gaps in the
// heartbeats are seen with the public key alone, and everything else only to who has the key.
type Sealer struct{ key seal.Key }

// NewSealer returns a Sealer with a copy of key.
func NewSealer(key seal.Key) *Sealer { return &Sealer{key} }

// Zero overwrites the key.
func (s *Sealer) Zero() { s.key.Zero() }

// Seal returns the entry of an event that happened at when; only its milliseconds are kept.
func (s *Sealer) Seal(when time.Time, event []byte) ([]byte, error) {
	if len(event) > MaxEvent {
		return nil, fmt.Errorf("an event of %d bytes does not fit into an entry", len(event))
	}
	entry := make([]byte, entryHead, entryHead+seal.OnceOverhead+len(event))
	entry[0] = entryVersion
	binary.BigEndian.PutUint64(entry[1:], uint64(when.UnixMilli()))
	return s.key.SealOnce(entry, event, entry[:entryHead:entryHead]), nil
}

// Open undoes Seal.
func (s *Sealer) Open(entry []byte) (when time.Time, event []byte, err error) {
	return OpenEntry(s.key, entry)
}

// OpenEntry returns what Sealer.Seal sealed with key, or ErrEntry.
func OpenEntry(key seal.Key, entry []byte) (when time.Time, event []byte, err error) {
	when, ok := EntryTime(entry)
	if !ok {
		return time.Time{}, nil, fmt.Errorf("%w: unknown version", ErrEntry)
	}
	event, err = key.OpenOnce(nil, entry[entryHead:], entry[:entryHead])
	if err != nil {
		return time.Time{}, nil, fmt.Errorf("%w: %w", ErrEntry, err)
	}
	return when, event, nil
}

// EntryKey returns the key of one entry, given the key of all: whoever has it reads that entry and no other.
func EntryKey(key seal.Key, entry []byte) (seal.Key, error) {
	if _, _, err := OpenEntry(key, entry); err != nil {
		return seal.Key{}, err
	}
	return key.OnceKey(entry[entryHead:])
}

// OpenDisclosed is OpenEntry with the key of that entry alone, as EntryKey returned it.
func OpenDisclosed(key seal.Key, entry []byte) (when time.Time, event []byte, err error) {
	when, ok := EntryTime(entry)
	if !ok {
		return time.Time{}, nil, fmt.Errorf("%w: unknown version", ErrEntry)
	}
	event, err = key.OpenDisclosed(entry[entryHead:], entry[:entryHead])
	if err != nil {
		return time.Time{}, nil, fmt.Errorf("%w: %w", ErrEntry, err)
	}
	return when, event, nil
}

// EntryTime returns the time that an entry tells without a key.
func EntryTime(entry []byte) (when time.Time, ok bool) {
	if len(entry) < entryHead || entry[0] != entryVersion {
		return time.Time{}, false
	}
	return time.UnixMilli(int64(binary.BigEndian.Uint64(entry[1:]))).UTC(), true
}
