package sqlite

import (
	"encoding/binary"
	"errors"
	"time"

	"github.com/azekura/azekura/internal/catalogue"
	"github.com/azekura/azekura/internal/commit"
	"github.com/azekura/azekura/internal/pack"
)

// errBody means that a body opened and makes no sense: a defect, since it was sealed by this program.
var errBody = errors.New("sealed body of a row is malformed")

// body is what stands sealed in a row of change. Its encoding is this file's own affair: a catalogue
// with another one has another schemaVersion and is rebuilt.
type body struct {
	catalogue.Change // without what the actor and the node's row tell
	props            []commit.Prop
}

// hasPlace and hasVersion tell which parts of a body a kind of change has.
func hasPlace(k commit.Kind) bool {
	switch k {
	case commit.Remove, commit.SetProp, commit.Hold, commit.HoldRemove, commit.Settle, commit.Expire:
		return false
	}
	return true
}

// names reports whether a kind of change has no more of a version than what it is called.
func names(k commit.Kind) bool {
	return k == commit.HoldRemove || k == commit.Settle || k == commit.Expire
}

// append writes b behind dst.
func (b *body) append(dst []byte) []byte {
	dst = append(dst, byte(b.Kind))
	dst = appendTime(dst, b.When)
	dst = appendText(dst, b.Sign)
	if hasPlace(b.Kind) {
		dst = append(dst, b.Parent[:]...)
		dst = appendText(dst, b.Name)
	}
	if b.Kind.HasContent() {
		dst = appendVersion(dst, &b.Version)
	}
	if names(b.Kind) {
		dst = append(dst, b.Version.Version[:]...)
	}
	if b.Kind == commit.SetProp {
		dst = binary.AppendUvarint(dst, uint64(len(b.props)))
		for _, p := range b.props {
			dst = appendText(appendText(appendText(dst, p.Space), p.Name), p.Value)
		}
	}
	return dst
}

func appendVersion(dst []byte, v *catalogue.Version) []byte {
	dst = append(dst, v.Version[:]...)
	dst = append(dst, v.Key[:]...)
	dst = append(dst, v.Epoch[:]...)
	dst = append(dst, v.Equal[:]...)
	dst = binary.AppendUvarint(dst, uint64(v.Number))
	dst = binary.AppendUvarint(dst, uint64(v.Size))
	dst = appendTime(dst, v.Modified)
	dst = binary.AppendUvarint(dst, v.Manifest.Pack)
	dst = binary.AppendUvarint(dst, uint64(v.Manifest.Offset))
	dst = binary.AppendUvarint(dst, uint64(v.Manifest.Size))
	dst = binary.AppendUvarint(dst, uint64(len(v.Sums)))
	for _, s := range v.Sums {
		dst = appendText(appendText(dst, s.Algorithm), s.Value)
	}
	return appendFound(dst, &v.Found)
}

// appendFound writes what was found in a version: flags, and the rest if there is any.
func appendFound(dst []byte, f *commit.Found) []byte {
	flags := byte(0)
	for i, x := range []bool{f.Looked, f.Deep, f.Damaged, f.Sealed, f.Even} {
		if x {
			flags |= 1 << i
		}
	}
	if dst = append(dst, flags); !f.Looked {
		return dst
	}
	dst = appendText(appendText(dst, f.Kind), f.Reason)
	return binary.AppendUvarint(binary.AppendUvarint(dst, uint64(f.At)), uint64(f.Trailing))
}

func (r *reader) found(f *commit.Found) {
	flags := r.fixed(1)[0]
	for i, x := range []*bool{&f.Looked, &f.Deep, &f.Damaged, &f.Sealed, &f.Even} {
		*x = flags&(1<<i) != 0
	}
	if f.Looked {
		f.Kind, f.Reason, f.At, f.Trailing = r.text(), r.text(), int64(r.count()), int64(r.count())
	}
}

// parse reads what append wrote.
func (b *body) parse(plain []byte) error {
	r := reader{rest: plain}
	b.Kind = commit.Kind(r.fixed(1)[0])
	b.When = r.time()
	b.Sign = r.text()
	if hasPlace(b.Kind) {
		copy(b.Parent[:], r.fixed(len(b.Parent)))
		b.Name = r.text()
	}
	if b.Kind.HasContent() {
		r.version(&b.Version)
		b.Version.Saved = b.When
	}
	if names(b.Kind) {
		copy(b.Version.Version[:], r.fixed(len(b.Version.Version)))
	}
	if b.Kind == commit.SetProp {
		for n := r.count(); n > 0 && !r.bad; n-- {
			b.props = append(b.props, commit.Prop{Space: r.text(), Name: r.text(), Value: r.text()})
		}
	}
	if r.bad || len(r.rest) > 0 {
		return errBody
	}
	return nil
}

// reader takes values off the front of rest; after the first that is not there it is bad and
// returns zeros.
type reader struct {
	rest []byte
	bad  bool
	zero [32]byte
}

// fixed returns the next n bytes, at most 32.
func (r *reader) fixed(n int) []byte {
	if r.bad || len(r.rest) < n {
		r.bad = true
		return r.zero[:n]
	}
	b := r.rest[:n]
	r.rest = r.rest[n:]
	return b
}

func (r *reader) count() uint64 {
	n, size := binary.Uvarint(r.rest)
	if r.bad || size <= 0 {
		r.bad = true
		return 0
	}
	r.rest = r.rest[size:]
	return n
}

func (r *reader) text() string {
	n := r.count()
	if r.bad || n > uint64(len(r.rest)) {
		r.bad = true
		return ""
	}
	s := string(r.rest[:n])
	r.rest = r.rest[n:]
	return s
}

func (r *reader) time() time.Time { return clock(int64(binary.BigEndian.Uint64(r.fixed(8)))) }

func (r *reader) version(v *catalogue.Version) {
	copy(v.Version[:], r.fixed(len(v.Version)))
	copy(v.Key[:], r.fixed(len(v.Key)))
	copy(v.Epoch[:], r.fixed(len(v.Epoch)))
	copy(v.Equal[:], r.fixed(len(v.Equal)))
	v.Number = int(r.count())
	v.Size = int64(r.count())
	v.Modified = r.time()
	v.Manifest = pack.Place{Position: pack.Position{Pack: r.count(), Offset: int64(r.count())}, Size: uint32(r.count())}
	for n := r.count(); n > 0 && !r.bad; n-- {
		v.Sums = append(v.Sums, commit.Sum{Algorithm: r.text(), Value: r.text()})
	}
	r.found(&v.Found)
}

// actor is who acted. It is comparable, so that one who acts often is looked up once.
type actor struct {
	ids          [48]byte // session, account, device
	door, author string
}

func actorOf(r *commit.Record) (a actor) {
	copy(a.ids[:16], r.Session[:])
	copy(a.ids[16:32], r.Account[:])
	copy(a.ids[32:], r.Device[:])
	a.door, a.author = r.Door, r.Author
	return a
}

func (a *actor) append(dst []byte) []byte {
	return appendText(appendText(append(dst, a.ids[:]...), a.door), a.author)
}

func (a *actor) parse(plain []byte) error {
	r := reader{rest: plain}
	copy(a.ids[:32], r.fixed(32))
	copy(a.ids[32:], r.fixed(16))
	a.door, a.author = r.text(), r.text()
	if r.bad || len(r.rest) > 0 {
		return errBody
	}
	return nil
}

// public returns the actor as the catalogue's users know one.
func (a *actor) public() (out catalogue.Actor) {
	copy(out.Session[:], a.ids[:16])
	copy(out.Account[:], a.ids[16:32])
	copy(out.Device[:], a.ids[32:])
	out.Author, out.Door = a.author, a.door
	return out
}

// into writes the actor into a change and its version.
func (a *actor) into(c *catalogue.Change) {
	copy(c.Session[:], a.ids[:16])
	copy(c.Account[:], a.ids[16:32])
	copy(c.Device[:], a.ids[32:])
	c.Author, c.Door = a.author, a.door
	if v := &c.Version; c.Kind.HasContent() || names(c.Kind) {
		v.Session, v.Account, v.Device, v.Author, v.Door = c.Session, c.Account, c.Device, a.author, a.door
	}
}

func appendText(dst []byte, s string) []byte {
	return append(binary.AppendUvarint(dst, uint64(len(s))), s...)
}

func appendTime(dst []byte, t time.Time) []byte {
	return binary.BigEndian.AppendUint64(dst, uint64(t.UnixMicro()))
}

// clock undoes time.Time.UnixMicro; the zero time comes back as the zero time.
func clock(micro int64) time.Time { return time.UnixMicro(micro).UTC() }
