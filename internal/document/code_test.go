package document

import (
	"regexp"
	"strconv"
	"strings"
	"testing"

	"rsc.io/qr"
)

// TestCode compares what a page draws with the code, module by module.
func TestCode(t *testing.T) {
	c := Code{Text: "AZEKURA1MFRGGZDF", Size: 30}
	svg, err := c.SVG()
	if err != nil {
		t.Fatal(err)
	}
	want, err := qr.Encode(c.Text, qr.M)
	if err != nil {
		t.Fatal(err)
	}
	black := make(map[[2]int]bool)
	for _, m := range regexp.MustCompile(`M(\d+) (\d+)h(\d+)`).FindAllStringSubmatch(svg, -1) {
		x, _ := strconv.Atoi(m[1])
		y, _ := strconv.Atoi(m[2])
		n, _ := strconv.Atoi(m[3])
		for i := range n {
			black[[2]int{x + i - quiet, y - quiet}] = true
		}
	}
	for y := range want.Size {
		for x := range want.Size {
			if black[[2]int{x, y}] != want.Black(x, y) {
				t.Fatalf("the module at %d, %d is another", x, y)
			}
		}
	}
	d := Document{Title: "t", Blocks: []Block{c}}
	if b, err := d.HTML(); err != nil || !strings.Contains(string(b), "<svg viewBox") || strings.Contains(string(b), c.Text) {
		t.Errorf("%s, %v", b, err)
	}
}
