// Package structure tells whether content is what it says it is: a JPEG whose picture data is a JPEG's, a ZIP whose members are
// there. What ransomware leaves of a file is not, whatever it keeps of its name, its size and its first bytes.
//
// Content is read once, from front to back, in bounded memory, while it is being saved. It comes from anybody: nothing here trusts a length,
// a count or an offset. A kind of file is one file of this package and one line in the table of kinds.
package structure

import (
	"errors"
	"io"
	"sync"
)

// Kind is a kind of content, told by the content itself.
type Kind string

// State is what a check has found.
type State uint8

// The states.
const (
	Unknown State = iota // no kind that is known here: nothing can be said
	Valid                // as its kind has it
	Damaged              // it begins as its kind does, and is not that from Finding.At on
)

// Finding is what a check has found.
type Finding struct {
	Kind     Kind
	State    State
	Reason   string  // of Damaged: what is wrong, a word of Reasons
	At       int64   // of Damaged: from which byte on
	Size     int64   // bytes in all
	Trailing int64   // bytes after the end that the kind's own structure has, and many inside that are none of it; cameras append, and so does ransomware
	Sealed   bool    // it is locked with a password of its own, as ZIP, PDF and Office can be
	Inside   *Inside // of an archive that is whole and has no password: what is in it
	Even     bool    // of Unknown: all bytes are equally frequent, as in what is encrypted, or well compressed; of text: it is such bytes, written in Base64 or the like
}

// Reasons are the words that say what is wrong.
var Reasons = []string{cut, badHeader, badChain, badSum, badData, badLength, badIndex, badText}

// What can be wrong.
const (
	cut       = "cut"    // it ends too early
	badHeader = "header" // a header has values that cannot be
	badChain  = "chain"  // a part does not begin where the one before it ends
	badSum    = "sum"    // a checksum is another one
	badData   = "data"   // the content itself, such as the picture data, cannot be read
	badLength = "length" // a part is longer or shorter than it says
	badIndex  = "index"  // the index does not match what is there
	badText   = "text"   // characters that are none
)

// kind is how a kind of content is checked.
type kind struct {
	name Kind
	// matches looks at the first bytes, as many as there are up to headSize.
	matches func(head []byte) bool
	// check reads to the end of the structure. A *flaw says what is wrong; nil that it is whole.
	check func(s *source) error
}

// kinds are all kinds that are known. The first that matches is taken.
func kinds() []kind {
	return []kind{
		{"jpeg", begins("\xff\xd8\xff"), checkJPEG},
		{"png", begins("\x89PNG\r\n\x1a\n"), checkPNG},
		{"gif", begins("GIF8?a"), checkGIF},
		{"bmp", begins("BM????\x00\x00\x00\x00"), checkBMP},
		{"webp", begins("RIFF????WEBP"), checkRIFF},
		{"riff", begins("RIFF"), checkRIFF},
		{"psd", begins("8BPS\x00"), checkPSD},
		{"pdf", isPDF, checkPDF},
		{"zip", begins("PK\x03\x04"), checkZIP},
		{"zip", begins("PK\x05\x06"), checkZIP},
		{"gzip", isGZIP, checkGZIP},
		{"xz", begins(xzMagic), checkXZ},
		{"7z", begins(sevenMagic), checkSeven},
		{"bmff", begins("????ftyp"), checkBMFF},
		{"tiff", begins("II*\x00"), checkTIFF},
		{"tiff", begins("MM\x00*"), checkTIFF},
		{"sqlite", begins("SQLite format 3\x00"), checkSQLite},
		{"cfb", begins(cfbMagic), checkCFB},
		{"indesign", begins(inDesign), checkInDesign},
		{"font", isFont, checkFont},
		{"text", isText, checkText},
	}
}

// headSize is how many first bytes tell a kind.
const headSize = 4096

// begins matches first bytes; '?' stands for any.
func begins(magic string) func([]byte) bool {
	return func(head []byte) bool {
		if len(head) < len(magic) {
			return false
		}
		for i := range len(magic) {
			if magic[i] != '?' && magic[i] != head[i] {
				return false
			}
		}
		return true
	}
}

// Check reads all of r. Deep looks into compressed data, too, which costs about as much as opening the file; without it what is inside is
// skipped where its frame can be followed. The error is one of r.
func Check(r io.Reader, deep bool) (Finding, error) {
	s := newSource(partsOf(r), deep)
	defer s.free()
	return check(s)
}

// Bytes checks content that is at hand.
func Bytes(b []byte, deep bool) Finding {
	return guarded(newSource(only(b), deep))
}

// only is content of one part.
func only(b []byte) func() ([]byte, error) {
	return func() ([]byte, error) {
		p := b
		b = nil
		return p, io.EOF
	}
}

// much is how many bytes inside that are no part of the content are worth telling: comments of people are shorter.
const much = 4 << 10

// guarded is check for content that has no errors of its own. A defect of a parser costs a finding, and not the program.
func guarded(s *source) (f Finding) {
	defer s.free()
	defer func() {
		if recover() != nil {
			s.drain(nil)
			f = Finding{Size: s.pos()}
		}
	}()
	f, _ = check(s)
	return f
}

func check(s *source) (Finding, error) {
	head := s.peek(headSize)
	f := Finding{}
	for _, k := range kinds() {
		if k.matches(head) {
			f = k.find(s)
			break
		}
	}
	var c census
	if f.Kind == "" {
		s.drain(&c)
		if f.Even = c.even(); !f.Even {
			f.Inside = &Inside{Rooms: []int64{c.part(s.pos())}, Open: true} // which may be a tar, and be told by its name alone
		}
	} else if rest := s.drain(nil); f.State == Valid {
		if s.end > 0 {
			rest = s.pos() - s.end
		}
		if f.Trailing = rest; s.aside > much {
			f.Trailing += s.aside
		}
	}
	if s.err != nil && s.err != io.EOF {
		return Finding{}, s.err
	}
	f.Size = s.pos()
	f.At = min(f.At, f.Size) // an index may point beyond
	return f, nil
}

// find checks what is of this kind.
func (k *kind) find(s *source) Finding {
	f := Finding{Kind: k.name, State: Valid}
	if err := k.check(s); err != nil {
		f.State, f.Reason, f.At = Damaged, badData, s.pos()
		if w, ok := errors.AsType[*flaw](err); ok {
			f.Reason, f.At = w.reason, w.at
		}
	}
	if s.kind != "" {
		f.Kind = s.kind
	}
	f.Sealed, f.Even = s.sealed, s.even && f.State == Valid
	if f.State == Valid && !f.Sealed && !f.Even {
		f.Inside = s.inside
	}
	return f
}

// Running is a check of content that comes piece by piece, beside whatever else is done with it. One goroutine offers; any may wait.
type Running struct {
	pieces chan []byte
	found  chan Finding

	mu   sync.Mutex
	more sync.Cond
	done int64 // bytes of the pieces that are done with
}

// queued is how many pieces may wait for the check: who offers should hardly ever wait for it.
const queued = 16

// Begin begins a check. It must be ended.
func Begin(deep bool) *Running {
	r := &Running{pieces: make(chan []byte, queued), found: make(chan Finding, 1)}
	r.more.L = &r.mu
	go func() {
		var p []byte
		r.found <- guarded(newSource(func() ([]byte, error) {
			r.did(len(p))
			var ok bool
			if p, ok = <-r.pieces; !ok {
				return nil, io.EOF
			}
			return p, nil
		}, deep))
	}()
	return r
}

func (r *Running) did(n int) {
	r.mu.Lock()
	r.done += int64(n)
	r.mu.Unlock()
	r.more.Broadcast()
}

// Offer gives the next piece, which must stay as it is until it is done with.
func (r *Running) Offer(p []byte) { r.pieces <- p }

// Wait waits until the first n bytes of what was offered are done with.
func (r *Running) Wait(n int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for r.done < n {
		r.more.Wait()
	}
}

// End returns what was found in all pieces.
func (r *Running) End() Finding {
	close(r.pieces)
	return <-r.found
}

// census counts bytes.
type census struct {
	n  int64
	of [256]int64
}

func (c *census) add(b []byte) {
	c.n += int64(len(b))
	for _, x := range b {
		c.of[x]++
	}
}

// Bounds of even.
const (
	fewest = 1024 // of fewer bytes nothing can be said
	// maxChi is the chi-square of 256 classes below which bytes are equally frequent: random bytes have 255 on average, and pass 330 once in
	// a thousand times.
	maxChi = 330
)

func (c *census) even() bool { return c.n >= fewest && c.chi() < maxChi }

// chi is the chi-square of 256 classes.
func (c *census) chi() float64 {
	want, chi := float64(c.n)/256, 0.0
	for _, n := range c.of {
		chi += (float64(n) - want) * (float64(n) - want) / want
	}
	return chi
}
