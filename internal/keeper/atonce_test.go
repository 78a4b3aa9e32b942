package keeper

import (
	"strings"
	"testing"
	"time"

	"github.com/azekura/azekura/internal/problem"
)

// TestMoreAtOnce: who asks for more at once than there is in a minute is told that waiting does not help, and not to come again.
func TestMoreAtOnce(t *testing.T) {
	h := newLending(t, nil) // 8 a minute, 20 a day
	for range 2 {
		if err := h.open(h.some(9)...); problem.KindOf(err) != problem.Spent || hint(err) != "hint.read-parts" {
			t.Errorf("nine at once: %v, %s", err, hint(err))
		}
		*h.clock = h.clock.Add(time.Minute)
	}
	if err := h.open(h.some(8)...); err != nil {
		t.Errorf("eight at once: %v", err)
	}
	if err := h.open(h.some(8)...); hint(err) != "hint.read-slower" {
		t.Errorf("eight more in the same minute: %s", hint(err))
	}
	if err := h.open(h.some(13)...); hint(err) != "hint.read-more" {
		t.Errorf("more than the day has left: %s", hint(err))
	}
	list, err := h.l.Proposals(t.Context(), h.officer)
	if err != nil || len(list) != 1 || !strings.HasPrefix(list[0].Reason, "open 9/8, minute") {
		t.Errorf("a second person is asked %+v, %v", list, err)
	}
}
