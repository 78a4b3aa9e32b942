package cases

import (
	"encoding/hex"
	"time"

	"github.com/azekura/azekura/internal/problem"
)

// mostSums bounds how many digests of notes are remembered.
const mostSums = 10_000

// digest computes the SHA-256 of the notes with which none was saved: the guard keeps it with what it knew for a note. By it others find them elsewhere.
// Where who asks may not read, there is none. The source is held.
func (f *Findings) digest() error {
	x := f.source
	for i := range f.Damage.Notes {
		n := &f.Damage.Notes[i]
		if n.SHA256 != "" {
			continue
		}
		x.Desk.mu.Lock()
		sum, known := x.sums[n.head.Equal]
		x.Desk.mu.Unlock()
		if !known {
			var err error
			sum, err = x.House.Digest(x.ctx, x.s, n.head)
			if k := problem.KindOf(err); err != nil && x.ctx.Err() == nil && k != problem.Internal {
				continue // the number of persons must not wait for it, and its place says that it is not known
			}
			if err != nil {
				return err
			}
			x.keepSum(n.head.Equal, sum)
		}
		n.SHA256 = hex.EncodeToString(sum[:])
	}
	return nil
}

func (d *Desk) keepSum(equal, sum [32]byte) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.sums == nil || len(d.sums) >= mostSums {
		d.sums = make(map[[32]byte][32]byte)
	}
	d.sums[equal] = sum
}

// verified tells of each share when its data were last read again, if nothing was found wrong then. What was verified before the case began says little
// of now, and is told all the same, with its day. The source is held.
func (f *Findings) verified() {
	x := f.source
	var all []*Damage
	for n, a := range x.shares {
		f.Shares[n].Damage.Verified = x.checked[a.ID]
		all = append(all, &f.Shares[n].Damage)
	}
	f.Damage.Verified = verifiedOf(all)
}

// verifiedOf is when that of which it is longest ago was last verified, of those with damage; zero if some was not.
func verifiedOf(list []*Damage) (first time.Time) {
	for _, d := range list {
		switch {
		case d.Files == 0:
		case d.Verified.IsZero():
			return time.Time{}
		case first.IsZero() || d.Verified.Before(first):
			first = d.Verified
		}
	}
	return first
}
