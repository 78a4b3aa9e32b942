package medium

import (
	"context"
	"errors"
	"io/fs"
	"slices"

	"golang.org/x/mod/sumdb/note"

	"github.com/azekura/azekura/internal/id"
)

// shelf is the records of a medium, as far as they count.
type shelf struct {
	last     *state   // the newest complete state
	numbers  []uint64 // of complete records by name, ascending, whole or not
	parts    []part   // ascending
	findings []Finding
}

// part is the record of a sync that was not ended.
type part struct {
	number uint64
	part   int
}

// history reads which records there are, and the newest that is whole. Those before it are not read.
func history(ctx context.Context, t Target, v note.Verifier, d Descriptor) (*shelf, error) {
	h := &shelf{}
	for e, err := range t.List(ctx, recordDir) {
		if err != nil {
			return nil, err
		}
		n, p, ok := numberOf(e.Name)
		switch {
		case !ok:
			h.findings = append(h.findings, Finding{Object: e.Name, Reason: Unknown})
		case p < 0:
			h.numbers = append(h.numbers, n)
		default:
			h.parts = append(h.parts, part{n, p})
		}
	}
	slices.Sort(h.numbers)
	slices.SortFunc(h.parts, func(a, b part) int {
		if a.number != b.number {
			return map[bool]int{true: -1, false: 1}[a.number < b.number]
		}
		return a.part - b.part
	})
	for _, n := range slices.Backward(h.numbers) {
		s, err := load(ctx, t, v, d, recordName(n))
		if err == nil {
			h.last = s
			break
		}
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if away(err) {
			return nil, err
		}
		h.findings = append(h.findings, Finding{Object: recordName(n), State: n, Reason: reasonOf(err), Text: err.Error()})
	}
	return h, nil
}

// reasonOf returns the word for an error.
func reasonOf(err error) Reason {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return Missing
	case errors.Is(err, errLength):
		return Length
	case errors.Is(err, errDigest):
		return Digest
	case errors.Is(err, errOtherVault):
		return OtherVault
	case errors.Is(err, errOtherMedium):
		return OtherMedium
	case errors.Is(err, errNumber):
		return Number
	case errors.Is(err, errUnsigned):
		return Unsigned
	case errors.Is(err, errList):
		return Malformed
	}
	if _, ok := errors.AsType[*fs.PathError](err); ok {
		return Unreadable
	}
	return Malformed
}

// sweep removes what no state needs: the parts of this sync, states beyond those that stay, and, after a sync that was broken off, what
// that has left. What cannot be removed does no harm.
func (s *syncer) sweep(ctx context.Context) error {
	h, err := history(ctx, s.t, s.v, s.desc)
	if err != nil {
		return err
	}
	var old []uint64
	if n := len(h.numbers) - s.opt.Keep; s.opt.Keep > 0 && n > 0 {
		old = h.numbers[:n]
	}
	if s.outdated() {
		old = h.numbers[:max(len(old), slices.Index(h.numbers, s.number))]
	}
	if err := s.sweepBooks(ctx, h.numbers); err != nil {
		return err
	}
	needed := make(map[string]bool)
	for _, n := range h.numbers[len(old):] {
		if !s.unclean && len(old) == 0 && n != s.number {
			continue
		}
		if err := s.need(ctx, n, needed); err != nil {
			return err // a state that cannot be read may need anything: nothing is removed
		}
	}
	for _, n := range old {
		_ = s.t.Remove(ctx, recordName(n))
	}
	if err := s.t.Flush(ctx); err != nil { // records go first: none is left that names what is gone
		return err
	}
	swept := true
	if s.unclean || len(old) > 0 {
		swept, err = s.removeBut(ctx, needed)
	} else { // only what the parts of this sync have named
		for name := range s.passing {
			swept = (needed[name] || s.t.Remove(ctx, name) == nil) && swept
		}
	}
	if err = errors.Join(err, s.t.Flush(ctx)); err != nil || !swept {
		return err
	}
	for _, p := range h.parts { // last: as long as there is one, the next sync looks again
		_ = s.t.Remove(ctx, partName(p.number, p.part))
	}
	return s.t.Flush(ctx)
}

// outdated reports whether the medium still has packs as they were before something was taken out of them. It is gone from the vault by rule, so no
// state from before stays on a medium once there is one without it.
func (s *syncer) outdated() bool {
	now := make(map[id.Share]map[uint64]string)
	for share, list := range s.shares {
		for _, x := range list {
			if x.anew == 0 {
				continue
			}
			if now[share] == nil {
				now[share] = make(map[uint64]string)
			}
			now[share][x.pack] = x.name(share)
		}
	}
	if len(now) == 0 {
		return false
	}
	for name := range s.has {
		if share, n, _, ok := segmentOf(name); ok && now[share][n] != "" && now[share][n] != name {
			return true
		}
	}
	return false
}

// need enters what a state consists of. Lists that other states have, too, are read once.
func (s *syncer) need(ctx context.Context, n uint64, needed map[string]bool) error {
	st, err := loadRecord(ctx, s.t, s.v, s.desc, recordName(n))
	if err != nil {
		return err
	}
	needed[sumName(listDir, st.record.body)] = true
	for _, f := range st.Files {
		needed[sumName(fileDir, f.Sum)] = true
	}
	for _, l := range st.Shares {
		for _, x := range l.Lists {
			name := sumName(listDir, x)
			if needed[name] {
				continue
			}
			b, err := readSum(ctx, s.t, listDir, x, perList*segmentSize)
			if err != nil {
				return err
			}
			for _, seg := range decodeList(b, nil) {
				needed[seg.name(l.Share)] = true
			}
			needed[name] = true
		}
	}
	return nil
}

// removeBut removes all objects but those that are needed.
func (s *syncer) removeBut(ctx context.Context, needed map[string]bool) (all bool, err error) {
	var gone []string
	for _, dir := range []string{listDir, fileDir, packDir} {
		for e, err := range s.t.List(ctx, dir) {
			if err != nil {
				return false, err
			}
			if !needed[e.Name] {
				gone = append(gone, e.Name)
			}
		}
	}
	all = true
	for _, name := range gone {
		all = s.t.Remove(ctx, name) == nil && all
	}
	return all, nil
}

// objects tells of everything that a state consists of, but for its record and the ledger.
func (s *state) objects(tell func(name string, size int64, sum [32]byte)) {
	tell(sumName(listDir, s.record.body), -1, s.record.body)
	for _, f := range s.Files {
		tell(sumName(fileDir, f.Sum), f.Size, f.Sum)
	}
	for _, l := range s.Shares {
		for _, x := range l.Lists {
			tell(sumName(listDir, x), -1, x)
		}
		for _, x := range s.shares[l.Share] {
			tell(x.name(l.Share), x.length, x.sum)
		}
	}
	for _, l := range s.Read {
		for _, x := range l.Lists {
			tell(sumName(listDir, x), -1, x)
		}
	}
}
