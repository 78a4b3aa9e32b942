package document

import (
	"fmt"
	"strings"

	"rsc.io/qr"
)

// Code is a text that a camera reads: a QR code. Where nothing can be drawn, in DOCX, the text itself stands.
type Code struct {
	Text string
	Size float64 // of a side, in millimetres
}

func (Code) block() {}

const (
	quiet      = 4 // white modules around a code
	millimetre = 72 / 25.4
)

// squares returns the runs of black modules of a code, row by row, and how many modules a side has.
func (c Code) squares() (list [][3]int, side int, err error) {
	code, err := qr.Encode(c.Text, qr.M)
	if err != nil {
		return nil, 0, err
	}
	for y := range code.Size {
		for x := 0; x < code.Size; x++ {
			from := x
			for x < code.Size && code.Black(x, y) {
				x++
			}
			if x > from {
				list = append(list, [3]int{from, y, x - from})
			}
		}
	}
	return list, code.Size, nil
}

// code draws a code as squares, which every printer prints sharp.
func (w *writer) code(c Code) {
	list, side, err := c.squares()
	if err != nil {
		w.err = err
		return
	}
	size := c.Size * millimetre
	module := size / float64(side+2*quiet)
	w.room(size)
	w.pdf.SetFillColor(0, 0, 0)
	for _, s := range list {
		w.pdf.RectFromUpperLeftWithStyle(w.look.margin+float64(s[0]+quiet)*module, w.y+float64(s[1]+quiet)*module, float64(s[2])*module, module, "F")
	}
	w.y += size + 4
}

// SVG draws a code for a page: the path of its squares and the length of a side.
func (c Code) SVG() (string, error) {
	list, side, err := c.squares()
	if err != nil {
		return "", err
	}
	var b strings.Builder
	for _, s := range list {
		fmt.Fprintf(&b, "M%d %dh%dv1h-%dz", s[0]+quiet, s[1]+quiet, s[2], s[2])
	}
	return fmt.Sprintf(`viewBox="0 0 %d %d" style="width:%gmm;height:%gmm"><path d="%s"/>`, side+2*quiet, side+2*quiet, c.Size, c.Size, b.String()), nil
}
