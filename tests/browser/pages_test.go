package browser

import (
	"fmt"

	"github.com/chromedp/chromedp"
)

// selectOption chooses an option of a list.
func selectOption(name, value string) chromedp.Action {
	return chromedp.Evaluate(fmt.Sprintf(`document.querySelector('select[name=%q]').value = %q`, name, value), nil)
}

// untick takes the tick out of a box.
func untick(name string) chromedp.Action {
	return chromedp.Evaluate(fmt.Sprintf(`document.querySelector('input[name=%q]').checked = false`, name), nil)
}
