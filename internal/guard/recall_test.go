package guard

import (
	"testing"
	"time"

	"github.com/azekura/azekura/internal/id"
)

// TestRecallLate: what is told of a share that is opened hours after the others changes nothing of what is known of today.
func TestRecallLate(t *testing.T) {
	play := func(late bool) (spoilt, held int, first time.Time) {
		d := newDesk()
		tell := func(i int) {
			if late {
				p := Party{Session: id.NewSession(), Account: d.p.Account, Share: id.Share{2, byte(i)}}
				d.g.Recall(p, d.now.Add(-remembered+time.Hour), Step{Kind: Made, File: id.NewFile(), Name: "x", New: whole("jpeg", 1<<20)}, "", id.Version{})
			}
		}
		for i := range 20 {
			if v := d.do(Step{Kind: Removed, Dir: id.File{1}, Name: "a.jpg", Old: whole("jpeg", 1<<20)}); v.Held() {
				held++
			}
			tell(i)
		}
		d = newDesk()
		for i := range 40 {
			d.p.Session, d.p.Device = id.NewSession(), id.NewDevice()
			d.now = d.now.Add(2 * time.Minute)
			v := d.do(Step{Kind: Saved, Name: "a.jpg", Old: whole("jpeg", 1<<20), New: junk(1 << 20)})
			if spoilt++; len(v.Freeze) > 0 {
				return spoilt, held, v.First
			}
			tell(i)
		}
		return spoilt, held, first
	}
	spoilt, held, _ := play(false)
	s, h, first := play(true)
	if s != spoilt || h != held || first.Before(start) {
		t.Errorf("%d files spoilt, %d removals held, since %v; without what was told late %d and %d", s, h, first, spoilt, held)
	}
}

// TestRecallOrder: what is told late still counts, at its time.
func TestRecallOrder(t *testing.T) {
	d := newDesk()
	spoil := Step{Kind: Saved, Name: "a.jpg", Old: whole("jpeg", 1<<20), New: junk(1 << 20)}
	d.do(spoil)
	before := start.Add(-48 * time.Hour)
	for range 3 {
		p := d.p
		p.Share, spoil.File = id.Share{2}, id.NewFile()
		d.g.Recall(p, before, spoil, Even, id.NewVersion())
	}
	spoil.File = id.File{}
	if v := d.do(spoil); len(v.Freeze) == 0 || !v.First.Equal(before) {
		t.Errorf("%+v", v)
	}
}
