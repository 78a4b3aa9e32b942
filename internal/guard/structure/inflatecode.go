package structure

import mathbits "math/bits"

// entry is what a code of deflated data means: how many bits it has, of which kind it is, what it stands for, and how many bits follow it.
type entry uint32

// Kinds of entries.
const (
	codeNone    = iota // there is no such code
	codeLiteral        // a byte
	codeBase           // a length or a distance, to which the bits that follow are added
	codeEnd            // the block ends
	codeMore           // the code is longer: base is where its table is, extra how many bits tell more
)

func entryOf(kind, bits, base, extra uint) entry {
	return entry(bits | kind<<4 | extra<<8 | base<<16)
}

func (e entry) bits() uint  { return uint(e & 15) }
func (e entry) kind() uint  { return uint(e >> 4 & 15) }
func (e entry) extra() uint { return uint(e >> 8 & 15) }
func (e entry) base() uint  { return uint(e >> 16) }

const (
	firstBits  = 10
	longestBit = 15
)

// codes is a table of codes: those of at most firstBits bits, and tables of those that are longer.
type codes struct {
	first  [1 << firstBits]entry
	second []entry
}

// read reads a code, with no more bits than it has.
func (c *codes) read(x *inflater) (entry, bool) {
	for {
		e := c.first[x.acc&(1<<min(x.n, firstBits)-1)]
		if x.n >= firstBits && e.kind() == codeMore {
			e = c.second[e.base()+uint(x.acc&(1<<x.n-1)>>firstBits)&(1<<e.extra()-1)]
		}
		if e.kind() != codeMore && e.kind() != codeNone && e.bits() <= x.n {
			x.drop(e.bits())
			return e, true
		}
		if x.n >= longestBit || !x.more() {
			return 0, false
		}
	}
}

// make makes the table of codes of these lengths. meaning says what each symbol stands for. Codes must be complete, but for one alone.
func (c *codes) make(lengths []uint8, meaning func(symbol int) entry) bool {
	var count, next [longestBit + 2]int
	longest := 0
	for _, n := range lengths {
		count[n]++
		longest = max(longest, int(n))
	}
	clear(c.first[:])
	c.second = c.second[:0]
	if longest == 0 {
		return true // there is none, which is wrong when one is needed
	}
	code := 0
	for n := 1; n <= longest; n++ {
		code <<= 1
		next[n] = code
		code += count[n]
	}
	if code != 1<<longest && !(code == 1 && longest == 1) {
		return false
	}
	more := max(0, longest-firstBits)
	for symbol, n := range lengths {
		if n == 0 {
			continue
		}
		at := int(mathbits.Reverse16(uint16(next[n])) >> (16 - n))
		next[n]++
		e := meaning(symbol) | entry(n)
		if n <= firstBits {
			for i := at; i < len(c.first); i += 1 << n {
				c.first[i] = e
			}
			continue
		}
		head := &c.first[at&(1<<firstBits-1)]
		if *head == 0 {
			*head = entryOf(codeMore, longestBit, uint(len(c.second)), uint(more))
			c.second = append(c.second, make([]entry, 1<<more)...)
		}
		for i := at >> firstBits; i < 1<<more; i += 1 << (n - firstBits) {
			c.second[int(head.base())+i] = e
		}
	}
	return true
}

// literal says what a symbol of literals and lengths stands for.
func literal(symbol int) entry {
	switch s := uint(symbol); {
	case s < 256:
		return entryOf(codeLiteral, 0, s, 0)
	case s == 256:
		return entryOf(codeEnd, 0, 0, 0)
	case s < 265:
		return entryOf(codeBase, 0, s-254, 0)
	case s < 285:
		extra := (s - 261) / 4
		return entryOf(codeBase, 0, (4+(s-261)%4)<<extra+3, extra)
	case s == 285:
		return entryOf(codeBase, 0, longestCopy, 0)
	}
	return entryOf(codeNone, 0, 0, 0)
}

// distance says what a symbol of distances stands for.
func distance(symbol int) entry {
	switch s := uint(symbol); {
	case s < 4:
		return entryOf(codeBase, 0, s+1, 0)
	case s < 30:
		extra := s/2 - 1
		return entryOf(codeBase, 0, (2+s%2)<<extra+1, extra)
	}
	return entryOf(codeNone, 0, 0, 0)
}

// fixed makes the codes that stand in the RFC, unless they are there from the block before.
func (x *inflater) fixed() {
	if x.standing {
		return
	}
	x.standing = true
	x.cost += tableCost
	for i := range 288 {
		switch {
		case i < 144, i >= 280:
			x.lengths[i] = 8
		case i < 256:
			x.lengths[i] = 9
		default:
			x.lengths[i] = 7
		}
	}
	x.literals.make(x.lengths[:288], literal)
	for i := range 32 {
		x.lengths[i] = 5
	}
	x.distances.make(x.lengths[:32], distance)
}

// dynamic reads the codes of a block.
func (x *inflater) dynamic() error {
	x.standing = false
	x.cost += tableCost
	head, ok := x.bits(14)
	literals, distances, n := int(head&31)+257, int(head>>5&31)+1, int(head>>10)+4
	if !ok || literals > 286 || distances > 30 {
		return errDeflate
	}
	var lengths [19]uint8
	for i := range n {
		v, ok := x.bits(3)
		if !ok {
			return errDeflate
		}
		lengths[[19]uint8{16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15}[i]] = uint8(v)
	}
	if !x.literals.make(lengths[:], func(s int) entry { return entryOf(codeLiteral, 0, uint(s), 0) }) {
		return errDeflate
	}
	for i := 0; i < literals+distances; {
		e, ok := x.literals.read(x)
		if !ok {
			return errDeflate
		}
		times, bits, value := 3, uint(0), uint8(0)
		switch s := e.base(); s {
		case 16:
			if bits = 2; i == 0 {
				return errDeflate
			}
			value = x.lengths[i-1]
		case 17:
			bits = 3
		case 18:
			times, bits = 11, 7
		default:
			times, value = 1, uint8(s)
		}
		more, ok := x.bits(bits)
		if times += int(more); !ok || i+times > literals+distances {
			return errDeflate
		}
		for range times {
			x.lengths[i] = value
			i++
		}
	}
	if !x.literals.make(x.lengths[:literals], literal) || !x.distances.make(x.lengths[literals:literals+distances], distance) {
		return errDeflate
	}
	return nil
}
