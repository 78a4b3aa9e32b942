package document

import "math"

// A grid is a table or a form on pages.
type grid struct {
	w     *writer
	at    []float64 // where its columns begin, and where the last one ends
	right []bool
	boxed bool    // with lines around each field, the first of a row shaded
	whole float64 // rows up to this height are not divided
	head  *row    // comes again on each page
}

// row is a row of a grid, broken into lines.
type row struct {
	cells  [][]entry
	height float64
}

// entry is a line in a cell.
type entry struct {
	line
	size  float64
	tone  Tone
	align Align
}

// columns places columns by their parts of the width.
func (w *writer) columns(parts []float64) []float64 {
	all, at := 0.0, []float64{w.look.margin}
	for _, p := range parts {
		all += max(p, 0)
	}
	for _, p := range parts {
		if all > 0 {
			p = max(p, 0) / all
		} else {
			p = 1 / float64(len(parts))
		}
		at = append(at, at[len(at)-1]+p*w.width())
	}
	return at
}

// table lays a table out.
func (w *writer) table(t Table) {
	g, head := w.tabled(t)
	if g == nil {
		return
	}
	if len(t.Rows) > 0 {
		w.room(head.height + min(g.cells(t.Rows[0]).height, w.bottom()-w.look.margin-head.height))
	} else {
		w.room(head.height)
	}
	g.begin()
	for _, cells := range t.Rows {
		g.add(g.cells(cells))
	}
	w.y += 6
}

// tabled is the grid of a table, with its head; nil if it has no columns.
func (w *writer) tabled(t Table) (*grid, row) {
	if len(t.Columns) == 0 {
		return nil, row{}
	}
	g := &grid{w: w, whole: math.Inf(1)}
	var parts []float64
	titles := make([]Cell, len(t.Columns))
	for i, c := range t.Columns {
		parts, titles[i] = append(parts, c.Width), Cell{Text: c.Title, Tone: Quiet}
		g.right = append(g.right, c.Right)
	}
	g.at = w.columns(parts)
	head := g.cells(titles)
	g.head = &head
	return g, head
}

// form lays a form out.
func (w *writer) form(f Form) {
	g := w.formed()
	for _, x := range f {
		g.add(g.line(x))
	}
	w.y += 8
}

// formed is the grid of a form.
func (w *writer) formed() *grid {
	return &grid{w: w, boxed: true, right: []bool{false, false}, at: w.columns([]float64{27, 73}), whole: (w.bottom() - w.look.margin) / 3}
}

// line is a row of a form.
func (g *grid) line(x Field) row {
	var left, right []entry
	left = g.entries(left, x.Label, g.w.look.cell, Plain, Left, 0)
	if x.Note != "" {
		left = g.entries(left, x.Note, g.w.look.small, Quiet, Left, 0)
	}
	for _, p := range x.Value {
		right = g.entries(right, p.Text, g.w.look.cell, p.Tone, p.Align, 1)
	}
	if right == nil {
		right = g.entries(right, "", g.w.look.cell, Plain, Left, 1)
	}
	return g.row([][]entry{left, right})
}

// least is how much of a row stays in one piece at its beginning.
func (g *grid) least(r row) float64 {
	page := g.w.bottom() - g.w.look.margin
	if g.head != nil {
		page -= g.head.height
	}
	if r.height <= min(g.whole, page) {
		return r.height
	}
	return worth*g.w.look.cell*g.w.look.tight + 2*g.above()
}

// inside is the width in which the text of a column is set.
func (g *grid) inside(i int) float64 { return g.at[i+1] - g.at[i] - 2*g.pad() }

// above is the room above and below the text of a cell.
func (g *grid) above() float64 {
	if g.boxed {
		return padding
	}
	return 2
}

func (g *grid) pad() float64 {
	if g.boxed {
		return 2 * padding
	}
	return padding
}

// entries adds the lines of a text to those of a cell in a column.
func (g *grid) entries(to []entry, text string, size float64, tone Tone, align Align, column int) []entry {
	for _, l := range g.w.lines(text, size, g.inside(column)) {
		to = append(to, entry{l, size, tone, align})
	}
	return to
}

// cells breaks the cells of a table's row into lines.
func (g *grid) cells(list []Cell) row {
	out := make([][]entry, len(g.right))
	for i, right := range g.right {
		align, c := Left, cell(list, i)
		if right {
			align = Right
		}
		size := g.w.look.cell
		if c.Tone == Large {
			size = g.w.look.head
		}
		out[i] = g.entries(nil, c.Text, size, c.Tone, align, i)
		if c.Small != "" {
			out[i] = g.entries(out[i], c.Small, g.w.look.small, Quiet, align, i)
		}
	}
	return g.row(out)
}

// row measures cells.
func (g *grid) row(cells [][]entry) row {
	r := row{cells: cells}
	for _, c := range cells {
		high := 2 * g.above()
		for _, e := range c {
			high += e.size * g.w.look.tight
		}
		r.height = max(r.height, high)
	}
	return r
}

// begin writes the head, at the top of a page or where the table begins.
func (g *grid) begin() {
	if g.head != nil {
		g.draw(*g.head)
		g.w.rule(g.w.y, 0.8, 60)
	}
}

// add writes a row where there is room for it, in parts if it is longer than may be kept on one page.
func (g *grid) add(r row) {
	w := g.w
	for fresh := false; ; fresh = true {
		left, page := w.bottom()-w.y, w.bottom()-w.look.margin
		if g.head != nil {
			page -= g.head.height
		}
		switch {
		case r.height <= left:
			g.finish(r)
			return
		case r.height > min(g.whole, page):
			first, rest := g.divide(r, left)
			if first.height > 0 {
				g.finish(first)
				r, fresh = rest, false
			}
		}
		if fresh { // a head as high as a page leaves no room: no document of ours is like that, and it must end
			g.finish(r)
			return
		}
		w.page()
		g.begin()
	}
}

// worth is how many lines of a row stand alone on a page at least.
const worth = 4

// divide takes from a row what fits into a height; nothing, if that is not worth it.
func (g *grid) divide(r row, height float64) (first, rest row) {
	var a, b [][]entry
	if height < worth*g.w.look.cell*g.w.look.tight+2*g.above() {
		return row{}, r
	}
	for _, c := range r.cells {
		n, high := 0, 2*g.above()
		for ; n < len(c) && high+c[n].size*g.w.look.tight <= height; n++ {
			high += c[n].size * g.w.look.tight
		}
		a, b = append(a, c[:n]), append(b, c[n:])
	}
	return g.row(a), g.row(b)
}

// finish draws a row and the line below it.
func (g *grid) finish(r row) {
	g.draw(r)
	if !g.boxed {
		g.w.rule(g.w.y, 0.3, 200)
	}
}

// draw writes a row.
func (g *grid) draw(r row) {
	w := g.w
	for i, c := range r.cells {
		x, y := g.at[i]+g.pad(), w.y+g.above()
		if g.boxed {
			style := "D"
			w.pdf.SetStrokeColor(90, 90, 90)
			w.pdf.SetLineWidth(0.5)
			if i == 0 {
				w.pdf.SetFillColor(labelShade, labelShade, labelShade)
				style = "FD"
			}
			w.pdf.RectFromUpperLeftWithStyle(g.at[i], w.y, g.at[i+1]-g.at[i], r.height, style)
		}
		for _, e := range c {
			w.put(e.line, e.size, e.tone, x, y+e.size*(w.look.tight-1)/2, g.inside(i), e.align)
			y += e.size * w.look.tight
		}
	}
	w.y += r.height
}
