package document

// set is a row of a table, broken into lines.
type set struct {
	text, small [][]string
	height      float64
}

// table lays a table out. Its head is repeated on each page, and a row stays on one; one that is higher than a page begins on a
// new one and loses what does not fit, which no row of ours does.
func (w *writer) table(t Table) {
	all := 0.0
	for _, c := range t.Columns {
		all += c.Width
	}
	at := []float64{margin}
	for _, c := range t.Columns {
		at = append(at, at[len(at)-1]+c.Width/all*w.width())
	}
	titles := make([]Cell, len(t.Columns))
	for i, c := range t.Columns {
		titles[i].Text = c.Title
	}
	head := w.set(t, titles, at)
	begin := func() {
		w.row(t, titles, head, at, Quiet)
		w.rule(w.y, 0.8, 60)
	}
	if len(t.Rows) > 0 {
		w.room(head.height + w.set(t, t.Rows[0], at).height)
	}
	begin()
	for _, cells := range t.Rows {
		s := w.set(t, cells, at)
		if w.y+s.height > w.bottom() {
			w.page()
			begin()
		}
		w.row(t, cells, s, at, Plain)
		w.rule(w.y, 0.3, 200)
	}
	w.y += 6
}

// set breaks the cells of a row into lines.
func (w *writer) set(t Table, cells []Cell, at []float64) (s set) {
	for i := range t.Columns {
		width := at[i+1] - at[i] - 2*padding
		var small []string
		text := w.lines(cells[i].Text, cellAt, width)
		if cells[i].Small != "" {
			small = w.lines(cells[i].Small, smallAt, width)
		}
		s.text, s.small = append(s.text, text), append(s.small, small)
		s.height = max(s.height, (float64(len(text))*cellAt+float64(len(small))*smallAt)*leading+2*padding)
	}
	return s
}

// row writes a row, in the tone of its cells or, where they have none, in one.
func (w *writer) row(t Table, cells []Cell, s set, at []float64, tone Tone) {
	for i, c := range t.Columns {
		x, y := at[i]+padding, w.y+padding
		if c.Right {
			x = at[i+1] - padding
		}
		its := cells[i].Tone
		if its == Plain {
			its = tone
		}
		for _, l := range s.text[i] {
			w.put(l, cellAt, its, x, y, c.Right)
			y += cellAt * leading
		}
		for _, l := range s.small[i] {
			w.put(l, smallAt, Quiet, x, y, c.Right)
			y += smallAt * leading
		}
	}
	w.y += s.height
}
