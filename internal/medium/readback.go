package medium

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/azekura/azekura/internal/id"
)

// unread is what the state has and was never read back from the medium, in the order of the lists.
func (s *syncer) unread() (jobs []job) {
	if _, ok := s.t.(*layers); ok {
		return nil // each object was compared when it was put
	}
	for _, share := range inOrder(s.shares) {
		for _, x := range s.shares[share] {
			if !s.read[share][x] && !s.stuck[x.name(share)] {
				jobs = append(jobs, job{share: share, segment: x})
			}
		}
	}
	return jobs
}

// wasRead enters that a segment was read back, or that it must be.
func (s *syncer) wasRead(share id.Share, x segment, read bool) {
	if s.read[share] == nil {
		s.read[share] = make(map[segment]bool)
	}
	if delete(s.read[share], x); read {
		s.read[share][x] = true
	}
}

// readOf is what of the medium was read back, as a part tells it: what it names, before there was a difference.
func (s *syncer) readOf(st *state) {
	s.read = make(map[id.Share]map[segment]bool)
	from := []map[id.Share][]segment{st.readShares}
	if st.Read == nil {
		if from[0] = st.shares; s.prev != nil {
			from = append(from, s.prev.shares)
		}
	}
	for _, shares := range from {
		for share, list := range shares {
			for _, x := range list {
				s.wasRead(share, x, true)
			}
		}
	}
}

// readShares is the segments of shares that were read back, as lists can hold them: of each pack those from its first byte on.
func (s *syncer) readShares(shares map[id.Share][]segment) map[id.Share][]segment {
	out := make(map[id.Share][]segment)
	for share, list := range shares {
		last := segment{}
		for _, x := range list {
			if s.read[share][x] && (x.from == 0 || x.pack == last.pack && x.from == last.end()) {
				out[share] = append(out[share], x)
				last = x
			}
		}
	}
	return out
}

// readBack reads what is new on the medium. The state is complete before: a disk reads as long as it writes, and whoever has to go with it has a copy
// by then. How far it has come stands in parts, so that what was not read is by the next sync.
func (s *syncer) readBack(ctx context.Context) error {
	for jobs := s.unread(); len(jobs) > 0; {
		n := batchOf(jobs, batch)
		wrong, err := s.readBatch(ctx, jobs[:n])
		if err == nil && len(wrong) > 0 {
			err = s.copyAgain(ctx, wrong)
		}
		if err != nil {
			return err
		}
		if jobs = jobs[n:]; len(jobs) == 0 {
			break
		}
		if err := s.putPart(ctx, nil); err != nil {
			return err
		}
	}
	s.out.Unread = 0
	for share, list := range s.shares {
		for _, x := range list {
			if s.stuck[x.name(share)] {
				s.out.Unread += x.length
			}
		}
	}
	return nil
}

// readBatch returns what the medium gives back otherwise than it was written, or not at all.
func (s *syncer) readBatch(ctx context.Context, jobs []job) (wrong []job, err error) {
	for _, j := range jobs {
		name := j.name(j.share)
		err := sure(ctx, s.t, name, j.length, j.sum, func(b []byte) { s.wentOver(int64(len(b))) })
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if err != nil {
			s.finding(Finding{Object: name, Share: j.share, Pack: j.pack, Reason: reasonOf(err), Text: err.Error()})
			wrong = append(wrong, j)
			continue
		}
		s.wasRead(j.share, j.segment, true)
	}
	return wrong, nil
}

// copyAgain copies what was given back otherwise than it was written, once: a disk that does so again is no medium.
func (s *syncer) copyAgain(ctx context.Context, jobs []job) error {
	r := newRun(s, jobs)
	if err := r.all(ctx, jobs); err != nil {
		return err
	}
	if err := s.t.Flush(ctx); err != nil {
		return err
	}
	for _, j := range jobs {
		if s.stuck[j.name(j.share)] {
			continue
		}
		if err := check(ctx, s.t, j.name(j.share), j.length, j.sum, nil); err != nil {
			return fmt.Errorf("%s, read back: %w", j.name(j.share), errors.Join(err, errDigest))
		}
		s.wasRead(j.share, j.segment, true)
		s.out.Lied++
	}
	return nil
}

// knowLists enters the lists of all states: what was read back by now may be what one of them had. Put once more and broken off, it would lack it.
func (s *syncer) knowLists(ctx context.Context, h *shelf) error {
	if _, ok := s.t.(*layers); ok || !s.unclean {
		return nil
	}
	for _, n := range h.numbers {
		st, err := loadRecord(ctx, s.t, s.v, s.desc, recordName(n))
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err == nil {
			s.know(st)
		}
	}
	return nil
}

func inOrder(shares map[id.Share][]segment) []id.Share {
	var out []id.Share
	for share := range shares {
		out = append(out, share)
	}
	slices.SortFunc(out, func(a, b id.Share) int { return slices.Compare(a[:], b[:]) })
	return out
}

// batchOf is how many of jobs make a part.
func batchOf(jobs []job, batch int64) (n int) {
	for bytes := int64(0); n < len(jobs) && n < batchJobs && (n == 0 || bytes+jobs[n].length <= batch); n++ {
		bytes += jobs[n].length
	}
	return n
}
