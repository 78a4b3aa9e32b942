package cases

import (
	"slices"
	"testing"
	"time"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/paper"
)

// TestCopies: a report calls a copy offline only if it is: not a bucket, which is connected, nor a medium on the disk of the house.
func TestCopies(t *testing.T) {
	at := time.Date(2026, 7, 1, 9, 0, 0, 0, time.UTC)
	until, checked := at.AddDate(0, 1, 0), at.AddDate(0, 0, -1)
	got := copies([]account.Medium{
		{Label: "off", State: 1, Checked: checked},
		{Label: "attached", State: 1, Attached: at},
		{Label: "beside", State: 1, SameDisk: true},
		{Label: "bucket", State: 1, Lock: 30, Until: until},
		{Label: "lapsed", State: 1, Lock: 30, Until: at.AddDate(0, 0, -1)},
		{Label: "empty"},
		{Label: "retired", State: 1, Retired: at},
	}, at)
	want := []paper.Copy{{Name: "off", Offline: true, Verified: checked}, {Name: "attached"}, {Name: "beside"}, {Name: "bucket", Locked: until}, {Name: "lapsed"}}
	if !slices.Equal(got, want) {
		t.Errorf("%+v", got)
	}
}
