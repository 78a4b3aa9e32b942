package document

import "slices"

// block lays a block out.
func (w *writer) block(b Block) {
	switch b := b.(type) {
	case Subject:
		w.subject(string(b))
	case Heading:
		w.heading(b)
	case Paragraph:
		w.paragraph(b)
	case List:
		w.list(b)
	case Pairs:
		w.pairs(b)
	case Form:
		w.form(b)
	case Table:
		w.table(b)
	case Signature:
		w.sign(b)
	case Code:
		w.code(b)
	case PageBreak:
		if w.y > w.look.margin {
			w.page()
		}
	}
}

// headed is the size of a heading, and the room above it.
func (w *writer) headed(h Heading) (size, above float64) {
	if h.Level > 1 {
		return w.look.part, 5
	}
	return w.look.head, 8
}

// keep begins a new page where a heading would stand on this one without the first of what follows it.
func (w *writer) keep(list []Block) {
	need := 0.0
	for _, b := range list {
		h, ok := b.(Heading)
		if !ok {
			if need > 0 {
				w.room(min(need+w.least(b), w.bottom()-w.look.margin))
			}
			return
		}
		size, above := w.headed(h)
		need += above + float64(len(w.lines(h.Text, size, w.width())))*size*w.look.leading + 4
	}
}

// least is how high the part of a block is that stays in one piece at its beginning.
func (w *writer) least(b Block) float64 {
	switch b := b.(type) {
	case Paragraph, List, Pairs, Subject:
		return 2 * w.look.head * w.look.leading
	case Form:
		if g := w.formed(); len(b) > 0 {
			return g.least(g.line(b[0]))
		}
	case Table:
		if g, head := w.tabled(b); g != nil && len(b.Rows) > 0 {
			return head.height + g.least(g.cells(b.Rows[0]))
		}
	case Signature:
		return signHeight
	case Code:
		return b.Size * millimetre
	}
	return 0
}

func (w *writer) heading(h Heading) {
	size, above := w.headed(h)
	if w.y > w.look.margin {
		w.y += above
	}
	w.room(size*w.look.leading + 60) // not the last thing on a page
	w.text(h.Text, size, strong, Left, w.look.margin, w.width())
	if h.Level <= 1 {
		w.rule(w.y-1, 0.6, 120)
		w.y += 4
	}
}

func (w *writer) subject(s string) {
	size := w.look.title
	w.y += size
	w.text(s, size, strong, Centre, w.look.margin, w.width())
	w.y += 8
}

func (w *writer) paragraph(p Paragraph) {
	size := w.look.text
	if p.Tone == Large {
		size = w.look.head
	}
	w.text(p.Text, size, p.Tone, p.Align, w.look.margin, w.width())
	w.y += 4
}

func (w *writer) list(list List) {
	size := w.look.text
	indent := 1.2 * size
	for _, s := range list {
		w.room(size * w.look.leading)
		page, y := w.pages, w.y
		w.text(s, size, Plain, Left, w.look.margin+indent, w.width()-indent)
		if w.pages == page { // its dot stands where it began
			w.put(line{"・", true}, size, Plain, w.look.margin, y, indent, Left)
		}
	}
	w.y += 4
}

func (w *writer) pairs(list Pairs) {
	size, wide := w.look.text, 0.0
	w.font(size)
	for _, p := range list {
		wide = min(max(wide, w.measure(clean(p[0]))+labelGap), labelMost)
	}
	for _, p := range list {
		left, right := w.lines(p[0], size, wide-10), w.lines(p[1], size, w.width()-wide)
		for i := range max(len(left), len(right)) {
			w.room(size * w.look.leading)
			if i < len(left) {
				w.put(line{left[i].text, true}, size, Quiet, w.look.margin, w.y, wide-10, Left)
			}
			if i < len(right) {
				w.put(right[i], size, Plain, w.look.margin+wide, w.y, w.width()-wide, Left)
			}
			w.y += size * w.look.leading
		}
	}
	w.y += 4
}

// signHeight is how high places to sign are.
const signHeight = 64.0

func (w *writer) sign(list Signature) {
	const gap = 24.0
	if len(list) == 0 {
		return
	}
	long := min(signAt, (w.width()+gap)/float64(len(list))-gap)
	w.room(signHeight)
	for i, s := range list {
		x := w.look.margin + float64(i)*(long+gap)
		w.pdf.SetStrokeColor(120, 120, 120)
		w.pdf.SetLineWidth(0.6)
		w.pdf.Line(x, w.y+44, x+long, w.y+44)
		for j, l := range slices.Backward(w.lines(s, w.look.cell, long)) {
			w.put(l, w.look.cell, Quiet, x, w.y+48+float64(j)*w.look.cell*w.look.leading, long, Left)
		}
	}
	w.y += signHeight
}
