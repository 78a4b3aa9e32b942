package structure

const (
	// fastBits is how long the codes are that are found in one step.
	fastBits = 10
	// stepBits is how much is looked at to find several codes in one step.
	stepBits = 12
)

// What code.run says besides.
const (
	noSymbol   = 100 // there is no such symbol
	endOfBlock = 200
)

// code is what a code means for the coefficients after the first: how far it leads, and how many bits it and its value have.
type code struct {
	bits, run uint8
}

// What step.run says besides.
const (
	blockEnds = 128 // the last code ends the block
	noStep    = 255 // the codes must be read one by one
)

// huffman is a table of codes, T.81 annex C.
type huffman struct {
	fast    [1 << fastBits]code
	lengths [1 << fastBits]uint8 // of the code alone; 0: it is longer
	symbols [1 << fastBits]uint8
	values  [256]byte
	most    [18]int32 // the largest code of each length; -1: none
	first   [17]int32 // index of the first value of each length, less its code
	// steps are what several codes mean together, as many as there are in so many bits. They are made when they are worth it.
	steps *[1 << stepBits]code
}

// single is for tables of which no steps were made.
var single = func() (t [1 << stepBits]code) {
	for i := range t {
		t[i].run = noStep
	}
	return t
}()

// read reads a table and returns how many bytes it took; 0: it is none.
func (h *huffman) read(b []byte) int {
	if len(b) < 16 {
		return 0
	}
	total := 0
	for _, n := range b[:16] {
		total += int(n)
	}
	if total == 0 || total > len(h.values) || len(b) < 16+total {
		return 0
	}
	*h = huffman{steps: &single}
	copy(h.values[:], b[16:16+total])
	next, at := int32(0), int32(0)
	for length := 1; length <= 16; length++ {
		n := int32(b[length-1])
		h.first[length], h.most[length] = at-next, -1
		if next+n > 1<<length {
			return 0 // more codes than there are
		}
		for range n {
			if length <= fastBits {
				h.fill(next, length, h.values[at])
			}
			next, at = next+1, at+1
		}
		if n > 0 {
			h.most[length] = next - 1
		}
		next <<= 1
	}
	return 16 + total
}

// fill writes what a short code means at all places that begin with it.
func (h *huffman) fill(bits int32, length int, symbol byte) {
	from := int(bits) << (fastBits - length)
	c := meaning(symbol, length)
	for i := from; i < from+1<<(fastBits-length); i++ {
		h.fast[i], h.lengths[i], h.symbols[i] = c, uint8(length), symbol
	}
}

// meaning is what a symbol says about the coefficients after the first.
func meaning(symbol byte, length int) code {
	run, size := symbol>>4, symbol&15
	switch {
	case size > 0:
		return code{uint8(length) + size, run + 1}
	case run == 15:
		return code{uint8(length), 16}
	case run == 0:
		return code{uint8(length), endOfBlock}
	}
	return code{uint8(length), noSymbol}
}

// prepare makes the steps.
func (h *huffman) prepare() {
	if h.steps != &single {
		return
	}
	h.steps = new([1 << stepBits]code)
	for i := range h.steps {
		h.steps[i] = h.step(i)
	}
}

// step finds the codes that begin in so many bits. The first may have a value that goes on behind them.
func (h *huffman) step(bits int) code {
	sum := code{run: noStep}
	for used := 0; used < stepBits; {
		i := bits << used & (1<<stepBits - 1) >> (stepBits - fastBits)
		length, c := int(h.lengths[i]), h.fast[i]
		if length == 0 || used+length > stepBits || c.run == noSymbol || used > 0 && used+int(c.bits) > stepBits {
			break
		}
		if used == 0 {
			sum.run = 0
		}
		used += int(c.bits)
		if c.run == endOfBlock {
			return code{uint8(used), sum.run | blockEnds}
		}
		if sum.run+c.run >= 64 {
			break
		}
		sum = code{uint8(used), sum.run + c.run}
	}
	return sum
}

// long finds a code that fast does not have; the bits are there.
func (h *huffman) long(b *bits) (symbol byte, length int, ok bool) {
	for length = fastBits + 1; length <= 16; length++ {
		if c := int32(b.acc >> (64 - length)); c <= h.most[length] {
			return h.values[c+h.first[length]], length, true
		}
	}
	return 0, 0, false
}

func (h *huffman) slow(b *bits) (code, bool) {
	symbol, length, ok := h.long(b)
	return meaning(symbol, length), ok
}

// symbol reads a code.
func (h *huffman) symbol(b *bits) (byte, bool) {
	if b.n < 16 {
		b.refill()
	}
	i := b.acc >> (64 - fastBits)
	if n := h.lengths[i]; n > 0 {
		b.drop(uint(n))
		return h.symbols[i], true
	}
	symbol, length, ok := h.long(b)
	b.drop(uint(length))
	return symbol, ok
}
