package structure

// inner tells whether what lies inside a container is anything: bytes that have no order, and that begin like no kind, are what an encryption
// gives. A container of them is as whole as one of photographs.
type inner struct {
	head []byte
	c    census
	n    int64
	bias float64 // how far the bytes may be from equally frequent all the same, as chi-square of each
}

// begin makes it ready for the next.
func (x *inner) begin() *inner {
	if x.n > 0 {
		x.head, x.c, x.n = x.head[:0], census{}, 0
	}
	return x
}

// add sees some more of what lies inside. Every sixteenth stretch is counted, and the first.
func (x *inner) add(b []byte) {
	if more := headSize - len(x.head); more > 0 {
		x.head = append(x.head, b[:min(more, len(b))]...)
	}
	for len(b) > 0 {
		w := b[:min(len(b), int(sample-x.n%sample))]
		if x.n/sample%oneOf == 0 {
			x.c.add(w)
		}
		x.n += int64(len(w))
		b = b[len(w):]
	}
}

// is reports whether it is noise.
func (x *inner) is() bool {
	if x.c.n < fewest || x.c.chi() > maxChi+x.bias*float64(x.c.n) {
		return false
	}
	for _, k := range kinds() {
		if k.matches(x.head) {
			return false
		}
	}
	return true
}

// peeked is how much is unpacked of what is looked at from outside alone: enough to tell noise.
const peeked = 64 << 10

// pass passes over what is not compressed, and looks at it on the way.
func (x *inner) pass(from input) {
	for w := from.view(); len(w) > 0; w = from.view() {
		x.add(w)
		from.took(len(w))
	}
}
