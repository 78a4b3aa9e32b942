package structure

// track is what the index of a film says of one of its tracks.
type track struct {
	chain  chain
	known  bool // chain is
	fixed  int64
	sizes  []uint32 // of samples, if not fixed
	runs   []trackRun
	chunks []int64
	over   bool // there is more than is remembered
}

// trackRun says how many samples the chunks from one on have.
type trackRun struct{ first, samples uint32 }

// Bounds of what is remembered of a track.
const (
	maxSamples = 1 << 20
	maxChunks  = 1 << 18
)

// table reads a table of the index.
func (t *track) table(s *source, name string, n int64) error {
	x := &fields{s: s, left: n}
	x.number(4)
	switch name {
	case "stsd":
		t.describe(s.peek(int(min(n-4, 4096))))
		return nil
	case "stsz":
		t.fixed = int64(x.number(4))
		for range x.number(4) {
			if t.fixed > 0 || x.err != nil {
				break
			}
			if size := uint32(x.number(4)); len(t.sizes) < maxSamples {
				t.sizes = append(t.sizes, size)
			} else {
				t.over = true
			}
		}
	case "stsc":
		for range x.number(4) {
			r := trackRun{uint32(x.number(4)), uint32(x.number(4))}
			if x.number(4); x.err != nil {
				break
			}
			if len(t.runs) < maxChunks {
				t.runs = append(t.runs, r)
			} else {
				t.over = true
			}
		}
	default:
		size := 4
		if name == "co64" {
			size = 8
		}
		for range x.number(4) {
			at := x.number(size)
			if x.err != nil {
				break
			}
			if at > 1<<60 {
				return s.wrong(badIndex)
			}
			if len(t.chunks) < maxChunks {
				t.chunks = append(t.chunks, int64(at))
			} else {
				t.over = true
			}
		}
	}
	return x.err
}

// describe looks what the samples of a track are: the first entry of an stsd, and in it how long the lengths of units are.
func (t *track) describe(b []byte) {
	if len(b) < 12+78+8 || be.Uint32(b) != 1 {
		return
	}
	var unit unitKind
	config, at := "avcC", 4
	switch string(b[8:12]) {
	case "avc1", "avc3":
		unit = unitH264
	case "hvc1", "hev1":
		unit, config, at = unitH265, "hvcC", 21
	default:
		return
	}
	for b = b[12+78:]; len(b) >= 8; {
		n := int(be.Uint32(b))
		if n < 8 || n > len(b) {
			return
		}
		if string(b[4:8]) == config && n > 8+at {
			t.chain, t.known = chain{int(b[8+at]&3) + 1, unit}, true
		}
		b = b[n:]
	}
}

// placeTrack notes where the chunks of a track lie.
func (f *bmffFile) placeTrack() {
	t := f.track
	f.track = nil
	if t == nil || t.over || len(t.runs) == 0 || t.fixed == 0 && len(t.sizes) == 0 {
		return
	}
	run, sample := 0, 0
	for i, at := range t.chunks {
		for run+1 < len(t.runs) && int(t.runs[run+1].first) <= i+1 {
			run++
		}
		n, size := int(t.runs[run].samples), int64(0)
		if t.fixed > 0 {
			size = t.fixed * int64(n)
			if !t.known { // sounds count what is not bytes there
				size = 0
			}
		} else {
			last := min(sample+n, len(t.sizes))
			for _, x := range t.sizes[sample:last] {
				size += int64(x)
			}
			sample = last
		}
		f.end = max(f.end, at+size)
		if t.known {
			f.add(span{at, size, t.chain})
		}
	}
}
