package cases

import (
	"testing"
	"time"

	"github.com/azekura/azekura/internal/catalogue"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/vault"
)

// TestFolderPutBack: a file that was hurt below a folder that went and was put back counts once; and as put back only if it is as it was, too.
func TestFolderPutBack(t *testing.T) {
	at := time.Date(2026, 7, 12, 9, 0, 0, 0, time.UTC)
	for back, want := range map[time.Time]int64{{}: 2, at: 3} {
		c := NewTally()
		for _, h := range []vault.Harm{
			{Path: "/s/d", Dir: true, Hurts: []vault.Hurt{vault.Gone}, Back: at, Below: catalogue.Below{Files: 3, Bytes: 30, Contents: 3}},
			{Path: "/s/d/1.jpg", Hurts: []vault.Hurt{vault.Encrypted}, Was: vault.Info{Version: id.NewVersion(), Size: 10}, Sunk: true, Up: true, Back: back},
		} {
			c.Add(&h)
		}
		if c.Files != 3 || c.Bytes != 30 || c.Intact != 3 || c.Back != want {
			t.Errorf("put back at %v: %+v", back, c.Damage)
		}
	}
}
