package account

import (
	"testing"
	"time"
)

// TestKnewEarly: a firm that knew before anybody is distrusted has a wrong time somewhere.
func TestKnewEarly(t *testing.T) {
	at := time.Date(2026, 11, 30, 9, 0, 0, 0, time.UTC)
	suspects := []Suspect{{From: at.Add(time.Hour)}, {From: at}}
	for name, c := range map[string]struct {
		c    Case
		want bool
	}{
		"before":    {Case{Knew: at.Add(-time.Minute), Suspects: suspects}, true},
		"then":      {Case{Knew: at, Suspects: suspects}, false},
		"between":   {Case{Knew: at.Add(time.Minute), Suspects: suspects}, false},
		"nobody":    {Case{Knew: at}, false},
		"the alarm": {Case{Alarm: at.Add(-time.Minute), Suspects: suspects}, true},
	} {
		if c.c.KnewEarly() != c.want {
			t.Errorf("%s: %v", name, !c.want)
		}
	}
}
