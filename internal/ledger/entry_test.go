package ledger

import (
	"bytes"
	"errors"
	"testing"
	"time"

	"github.com/azekura/azekura/internal/event"
	"github.com/azekura/azekura/internal/seal"
)

func TestEntryOpensOnlyAsItWasSealed(t *testing.T) {
	if event.MaxSize != MaxEvent {
		t.Errorf("the largest event has %d bytes, and the largest that can be sealed %d", event.MaxSize, MaxEvent)
	}
	key := seal.NewKey()
	s := NewSealer(key)
	when := time.Date(2026, 7, 13, 1, 2, 3, 4_999_999, time.UTC)
	for _, want := range [][]byte{nil, []byte("event"), make([]byte, MaxEvent)} {
		e, err := s.Seal(when, want)
		if err != nil || len(e) > MaxEntry {
			t.Fatalf("an entry of %d bytes, %v", len(e), err)
		}
		at, got, err := s.Open(e)
		if err != nil || !bytes.Equal(got, want) || !at.Equal(when.Truncate(time.Millisecond)) {
			t.Errorf("Open = %v, %d bytes, %v", at, len(got), err)
		}
		if at, ok := EntryTime(e); !ok || !at.Equal(when.Truncate(time.Millisecond)) {
			t.Errorf("EntryTime = %v, %v", at, ok)
		}
		for i := 0; i < len(e); i += 1 + len(e)/100 {
			e[i] ^= 1
			if _, _, err := s.Open(e); !errors.Is(err, ErrEntry) {
				t.Errorf("with byte %d changed, Open = %v, want ErrEntry", i, err)
			}
			e[i] ^= 1
		}
		if _, _, err := OpenEntry(seal.NewKey(), e); !errors.Is(err, ErrEntry) {
			t.Errorf("with another key, Open = %v, want ErrEntry", err)
		}
	}
	if e, err := s.Seal(when, make([]byte, MaxEvent+1)); err == nil {
		t.Errorf("an event that is too large made an entry of %d bytes", len(e))
	}
}

func FuzzEntry(f *testing.F) {
	key := seal.Key{1}
	s := NewSealer(key)
	e, err := s.Seal(time.UnixMilli(1_784_000_000_000), []byte("event"))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(e)
	f.Add(e[:20])
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, b []byte) {
		when, event, err := OpenEntry(key, b)
		if at, ok := EntryTime(b); ok != (len(b) >= entryHead && b[0] == entryVersion) || err == nil && !at.Equal(when) {
			t.Errorf("EntryTime = %v, %v, Open %v, %v", at, ok, when, err)
		}
		if err != nil {
			return
		}
		again, err := s.Seal(when, event) // the salt and the nonce differ, nothing else
		if err != nil || len(again) != len(b) || !bytes.Equal(again[:entryHead], b[:entryHead]) {
			t.Errorf("sealed again: %x, %v, want the like of %x", again, err, b)
		}
		// A bundle that holds it and its double reads back.
		both, err := splitBundle(appendGroup(nil, [16]byte{}, 0, []entry{{data: b}, {data: again}})[groupHead:][:4+2*len(b)], 2)
		if err != nil || !bytes.Equal(both[0], b) || !bytes.Equal(both[1], again) {
			t.Errorf("bundle: %v", err)
		}
	})
}

// TestEntryKey: the key of one entry opens that entry, and no other.
func TestEntryKey(t *testing.T) {
	key := seal.NewKey()
	s := NewSealer(key)
	when := time.UnixMilli(1_784_000_000_123).UTC()
	one, err := s.Seal(when, []byte("one"))
	if err != nil {
		t.Fatal(err)
	}
	two, err := s.Seal(when, []byte("two"))
	if err != nil {
		t.Fatal(err)
	}
	k, err := EntryKey(key, one)
	if err != nil || k == key {
		t.Fatal(err)
	}
	if at, text, err := OpenDisclosed(k, one); err != nil || !at.Equal(when) || string(text) != "one" {
		t.Errorf("%v, %q, %v", at, text, err)
	}
	for name, entry := range map[string][]byte{"another": two, "cut": one[:40], "nothing": nil, "another time": append([]byte{1, 9}, one[2:]...)} {
		if _, text, err := OpenDisclosed(k, entry); !errors.Is(err, ErrEntry) {
			t.Errorf("%s: %q, %v", name, text, err)
		}
	}
	if _, err := EntryKey(seal.NewKey(), one); !errors.Is(err, ErrEntry) {
		t.Errorf("the key of an entry that it does not open: %v", err)
	}
}
