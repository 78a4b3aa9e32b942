package medium

import (
	"context"
	"crypto/sha256"
	"slices"

	"github.com/azekura/azekura/internal/id"
)

const batchJobs = 8192 // segments after which a part is put

// batch is how many bytes are copied before a part is put: a sync that is broken off loses no more.
var batch int64 = 4 << 30 // less in tests

// farBatch is batch on a target at the other end of a line.
const farBatch int64 = 1 << 30

// copyAll copies what is new, batch by batch. What stands in the vault and cannot be read there is told and left out.
func (s *syncer) copyAll(ctx context.Context) error {
	batch, r := batch, newRun(s, s.jobs)
	if !s.fresh.IsZero() {
		batch = min(batch, farBatch)
	}
	for jobs := s.jobs; len(jobs) > 0; {
		n := batchOf(jobs, batch)
		r.done, r.lost = nil, nil
		if err := r.all(ctx, jobs[:n]); err != nil {
			return err
		}
		s.settle(r.done, r.lost)
		if jobs = jobs[n:]; len(jobs) == 0 {
			break
		}
		if err := s.putPart(ctx, jobs); err != nil {
			return err
		}
	}
	return nil
}

// settle enters what was copied, with its digests, and takes out what could not be read.
func (s *syncer) settle(done, lost []job) {
	sums := make(map[id.Share]map[segment][32]byte)
	for _, j := range slices.Concat(done, lost) {
		of := sums[j.share]
		if of == nil {
			of = make(map[segment][32]byte)
			sums[j.share] = of
		}
		x := j.segment
		x.sum = [32]byte{}
		of[x] = j.sum // zeros: lost
	}
	for share, of := range sums {
		list := slices.Clone(s.shares[share])
		for i, x := range list {
			if sum, ok := of[x]; ok {
				list[i].sum = sum
			}
		}
		s.shares[share] = slices.DeleteFunc(list, func(x segment) bool {
			sum, ok := of[x]
			return ok && sum == [32]byte{}
		})
	}
}

// putPart writes down what was copied so far, without what is still to come.
func (s *syncer) putPart(ctx context.Context, rest []job) error {
	missing := make(map[id.Share]map[segment]bool)
	for _, j := range rest {
		if missing[j.share] == nil {
			missing[j.share] = make(map[segment]bool)
		}
		missing[j.share][j.segment] = true
	}
	shares := make(map[id.Share][]segment)
	for share, list := range s.shares {
		shares[share] = slices.DeleteFunc(slices.Clone(list), func(x segment) bool { return missing[share][x] })
	}
	p := &putter{t: s.t, known: s.known}
	b := body{Format: format, Descriptor: sha256.Sum256(s.raw), Until: s.until}
	if _, ok := s.t.(*layers); !ok {
		var err error
		if b.Read, err = s.putLists(ctx, p, s.readShares(shares)); err != nil {
			return err
		}
	}
	sum, err := s.putBody(ctx, p, b, shares)
	if err != nil {
		return err
	}
	if err := p.readBack(ctx); err != nil {
		return err
	}
	for _, w := range p.done {
		s.passing[w.name] = true
	}
	r := record{medium: s.desc.ID, number: s.number, time: s.cut.Time, head: s.head, body: sum}
	if s.prev != nil {
		r.before = s.prev.sum
	}
	s.part++
	return s.putRecord(ctx, r, partName(s.number, s.part-1), p)
}
