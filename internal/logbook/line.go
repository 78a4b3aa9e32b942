package logbook

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"time"

	"golang.org/x/mod/sumdb/tlog"
)

// Line is a message of an appliance, as it came and as it was understood.
type Line struct {
	Received time.Time
	Stated   time.Time  // by the appliance's clock; zero: it states none
	Source   netip.Addr // who has sent it
	Device   string     // what that was called then
	Maker    string
	Kind     string
	Account  string
	Address  netip.Addr // of whom the message tells
	Raw      []byte
}

// errLines means that bytes are no lines.
var errLines = errors.New("not an encoding of lines")

const encoding = 1 // its version: docs/format.md, Logbook

// append adds the encoding of a line.
func (l *Line) append(b []byte) []byte {
	stated := int64(0)
	if !l.Stated.IsZero() {
		stated = l.Stated.UnixMilli()
	}
	b = binary.AppendVarint(b, l.Received.UnixMilli())
	b = binary.AppendVarint(b, stated)
	for _, s := range []string{string(l.Source.AsSlice()), l.Device, l.Maker, l.Kind, l.Account, string(l.Address.AsSlice())} {
		b = append(binary.AppendUvarint(b, uint64(len(s))), s...)
	}
	return append(binary.AppendUvarint(b, uint64(len(l.Raw))), l.Raw...)
}

// read reads a line, and returns what stands behind it. It keeps b.
func (l *Line) read(b []byte) (rest []byte, err error) {
	var at [2]int64
	for i := range at {
		v, n := binary.Varint(b)
		if n <= 0 {
			return nil, errLines
		}
		at[i], b = v, b[n:]
	}
	var f [7][]byte
	for i := range f {
		size, n := binary.Uvarint(b)
		if n <= 0 || size > uint64(len(b)-n) {
			return nil, errLines
		}
		f[i], b = b[n:n+int(size):n+int(size)], b[n+int(size):]
	}
	*l = Line{Received: time.UnixMilli(at[0]).UTC(), Device: string(f[1]), Maker: string(f[2]), Kind: string(f[3]), Account: string(f[4]), Raw: f[6]}
	if at[1] != 0 {
		l.Stated = time.UnixMilli(at[1]).UTC()
	}
	for i, a := range map[int]*netip.Addr{0: &l.Source, 5: &l.Address} {
		x, ok := netip.AddrFromSlice(f[i])
		if !ok && len(f[i]) > 0 {
			return nil, errLines
		}
		*a = x
	}
	return b, nil
}

// encode returns lines as bytes, and the root of the tree over them.
func encode(lines []Line) (plain []byte, root [32]byte, err error) {
	plain = append(make([]byte, 0, 64*len(lines)), encoding)
	hashes := make([]tlog.Hash, len(lines))
	for i := range lines {
		start := len(plain)
		plain = lines[i].append(plain)
		hashes[i] = tlog.RecordHash(plain[start:])
		if len(plain) > MaxBatch {
			return nil, root, fmt.Errorf("%d lines of more than %d bytes", len(lines), MaxBatch)
		}
	}
	return plain, tree(hashes), nil
}

// decode is encode's other way; without hashed the root is none.
func decode(plain []byte, count int, hashed bool) (lines []Line, root [32]byte, err error) {
	if len(plain) == 0 || plain[0] != encoding || count < 1 || count > len(plain)/9 { // the least that a line takes
		return nil, root, errLines
	}
	lines = make([]Line, count)
	var hashes []tlog.Hash
	rest := plain[1:]
	for i := range lines {
		before := rest
		if rest, err = lines[i].read(rest); err != nil {
			return nil, root, err
		}
		if hashed {
			hashes = append(hashes, tlog.RecordHash(before[:len(before)-len(rest)]))
		}
	}
	if len(rest) > 0 {
		return nil, root, errLines
	}
	if hashed {
		root = tree(hashes)
	}
	return lines, root, nil
}

// tree returns the root over hashes, RFC 6962, 2.1.
func tree(h []tlog.Hash) tlog.Hash {
	if len(h) == 1 {
		return h[0]
	}
	k := 1
	for k*2 < len(h) {
		k *= 2
	}
	return tlog.NodeHash(tree(h[:k]), tree(h[k:]))
}

// span returns when the first and the last of some lines were received. They came over several connections, and need not be in order.
func span(lines []Line) (first, last time.Time) {
	for i := range lines {
		at := lines[i].Received.Truncate(time.Millisecond).UTC()
		if i == 0 || at.Before(first) {
			first = at
		}
		if i == 0 || at.After(last) {
			last = at
		}
	}
	return first, last
}
