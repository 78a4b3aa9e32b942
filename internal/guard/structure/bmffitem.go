package structure

// item is a picture of a HEIC or AVIF file, or what belongs to one.
type item struct {
	id       uint32
	at, size int64
}

// maxItems is more than any such file has.
const maxItems = 1 << 16

// fields reads numbers of a box.
type fields struct {
	s    *source
	left int64
	err  error
}

// number reads a number of so many bytes.
func (f *fields) number(size int) (v uint64) {
	if f.left -= int64(size); f.err != nil || f.left < 0 {
		if f.err == nil {
			f.err = f.s.wrong(badLength)
		}
		return 0
	}
	b, err := f.s.take(size)
	if err != nil {
		f.err = err
		return 0
	}
	for _, c := range b {
		v = v<<8 | uint64(c)
	}
	return v
}

// locations reads an iloc: where the extents of each item lie.
func (f *bmffFile) locations(n int64) error {
	x := &fields{s: f.s, left: n}
	version := x.number(4) >> 24
	sizes := x.number(2)
	offset, length, base, index := int(sizes>>12), int(sizes>>8&15), int(sizes>>4&15), int(sizes&15)
	wide := 2
	if version == 2 {
		wide = 4
	}
	if version == 0 {
		index = 0
	}
	for range min(x.number(wide), maxItems) {
		it := item{id: uint32(x.number(wide))}
		method := uint64(0)
		if version > 0 {
			method = x.number(2) & 15
		}
		x.number(2)
		from := x.number(base)
		extents := x.number(2)
		if offset+length+index == 0 {
			extents = min(extents, 1) // of which nothing is told
		}
		for range extents {
			x.number(index)
			at, size := from+x.number(offset), x.number(length)
			if x.err != nil {
				return x.err
			}
			if method != 0 {
				continue
			}
			if at > 1<<60 || size > 1<<60 {
				return f.s.wrong(badIndex)
			}
			it.at, it.size = int64(at), int64(size)
			f.end = max(f.end, it.at+it.size)
		}
		if method == 0 && extents == 1 && len(f.items) < maxItems {
			f.items = append(f.items, it)
		}
	}
	return x.err
}

// infos reads an iinf: what each item is.
func (f *bmffFile) infos(n int64) error {
	x := &fields{s: f.s, left: n}
	wide := 2
	if x.number(4)>>24 > 0 {
		wide = 4
	}
	x.number(wide)
	for x.err == nil && x.left >= 20 {
		size := int64(x.number(4))
		name, version := x.number(4), x.number(4)>>24
		if name != 0x696e6665 || size < 20 || size-12 > x.left { // "infe"
			return f.s.wrong(badChain)
		}
		end := f.s.pos() + size - 12
		wide := 2
		if version == 3 {
			wide = 4
		}
		if version >= 2 {
			id := uint32(x.number(wide))
			x.number(2)
			kind := x.number(4)
			if len(f.kinds) < maxItems {
				f.kinds[id] = string(be.AppendUint32(nil, uint32(kind)))
			}
		}
		rest := end - f.s.pos()
		if x.left -= rest; x.err != nil || rest < 0 || x.left < 0 {
			return f.s.wrong(badLength)
		}
		if err := f.s.skip(rest); err != nil {
			return err
		}
	}
	return x.err
}

// place notes which items are to be looked at.
func (f *bmffFile) place() {
	for _, it := range f.items {
		switch f.kinds[it.id] {
		case "hvc1":
			f.add(span{it.at, it.size, chain{f.prefix, unitH265}})
		case "av01":
			f.add(span{it.at, it.size, chain{0, unitAV1}})
		}
	}
	f.items = nil
}

func (f *bmffFile) add(x span) {
	if x.size > 0 && len(f.spans) < maxSpans {
		f.spans, f.sorted = append(f.spans, x), false
	}
}
