package medium

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"

	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/ledger"
)

// finish puts all but packs, and then the record.
func (s *syncer) finish(ctx context.Context) error {
	b := body{Format: format, Descriptor: sha256.Sum256(s.raw), Checkpoint: string(s.cut.Checkpoint)}
	p := &putter{t: s.t, known: s.known}
	for _, f := range s.cut.Files {
		data, err := f.Read()
		if err != nil {
			return err
		}
		x := fileOf{f.Name, int64(len(data)), sha256.Sum256(data)}
		if err := p.sum(ctx, fileDir, x.Sum, data); err != nil {
			return err
		}
		b.Files = append(b.Files, x)
	}
	var err error
	if err = s.putLedger(ctx, p); err == nil {
		b.Over, err = s.overs(ctx, p)
	}
	if err == nil {
		err = s.renew(ctx)
	}
	if err != nil {
		return err
	}
	if err := s.putBooks(ctx, p); err != nil {
		return err
	}
	b.Until = s.until
	sum, err := s.putBody(ctx, p, b, s.shares)
	if err != nil {
		return err
	}
	if err := p.readBack(ctx); err != nil {
		return err
	}
	r := record{complete: true, medium: s.desc.ID, number: s.number, time: s.cut.Time, head: s.head, body: sum}
	if s.prev != nil {
		r.before = s.prev.sum
	}
	if err := s.putRecord(ctx, r, recordName(s.number), p); err != nil {
		return err
	}
	s.out.State, s.out.Time, s.out.Head, s.out.Until = s.number, s.cut.Time, s.head, s.until
	for _, j := range s.unread() {
		s.out.Unread += j.length
	}
	s.did.ReadOf, s.out.ReadOf = s.out.Unread, s.out.Unread
	if s.opt.Copied != nil {
		return s.opt.Copied(s.out)
	}
	return nil
}

// putLedger copies what of the ledger is new since the state before.
func (s *syncer) putLedger(ctx context.Context, p *putter) error {
	r, err := ledger.NewReader(WithCheckpoint(s.cut.Ledger, s.cut.Checkpoint), s.opt.Key)
	if err != nil {
		return err
	}
	from := int64(0)
	if s.prev != nil {
		from = s.prev.head.Size
	}
	fresh := make(map[string]bool)
	for f, err := range r.FilesSince(ctx, from) {
		if err == nil {
			err = p.put(ctx, ledgerDir+"/"+f.Name, f.Data)
		}
		if err != nil {
			return err
		}
		fresh[f.Name] = true
	}
	if s.opt.Mend && from > 0 {
		return s.mendLedger(ctx, p, r, fresh)
	}
	return nil
}

// mendLedger puts what of the ledger should be on the medium already, and is not as it should be: all but what is fresh.
func (s *syncer) mendLedger(ctx context.Context, p *putter, r *ledger.Reader, fresh map[string]bool) error {
	for f, err := range r.FilesSince(ctx, 0) {
		if err != nil {
			return err
		}
		name := ledgerDir + "/" + f.Name
		if fresh[f.Name] {
			continue
		}
		err := sure(ctx, s.t, name, int64(len(f.Data)), sha256.Sum256(f.Data), nil)
		if err == nil {
			continue
		}
		if err2 := ctx.Err(); err2 != nil || away(err) {
			return errors.Join(err2, err)
		}
		s.finding(Finding{Object: name, Reason: BadLedger})
		s.out.Mended++
		if err := p.put(ctx, name, f.Data); err != nil {
			return err
		}
	}
	return nil
}

// putBody puts the lists of segments, and the body that names them.
func (s *syncer) putBody(ctx context.Context, p *putter, b body, shares map[id.Share][]segment) (sum [32]byte, err error) {
	if b.Shares, err = s.putLists(ctx, p, shares); err != nil {
		return sum, err
	}
	for i, l := range b.Shares {
		b.Shares[i].Books = s.shelved[l.Share]
		last := uint64(0)
		for _, x := range shares[l.Share] {
			b.Bytes += x.length
			if x.pack != last {
				b.Packs++
			}
			last = x.pack
		}
	}
	s.out.Packs, s.out.Bytes = b.Packs, b.Bytes
	data, err := json.Marshal(b)
	if err != nil {
		return sum, err
	}
	sum = sha256.Sum256(data)
	return sum, p.sum(ctx, listDir, sum, data)
}

// putLists puts the lists of segments of shares.
func (s *syncer) putLists(ctx context.Context, p *putter, shares map[id.Share][]segment) ([]shareList, error) {
	out := []shareList{}
	for _, share := range inOrder(shares) {
		l := shareList{Share: share}
		for _, data := range lists(shares[share]) {
			x := sha256.Sum256(data)
			if err := p.sum(ctx, listDir, x, data); err != nil {
				return nil, err
			}
			l.Lists = append(l.Lists, x)
		}
		out = append(out, l)
	}
	return out, nil
}

// putRecord puts a record when all that it names is durable, and reads it back. From there on nothing is put once more that it names.
func (s *syncer) putRecord(ctx context.Context, r record, name string, named *putter) error {
	if err := s.t.Flush(ctx); err != nil {
		return err
	}
	signed, err := s.src.Sign(ctx, r.text())
	if err != nil {
		return err
	}
	if _, err := parseRecord(signed, s.v); err != nil {
		return err
	}
	p := &putter{t: s.t}
	if err := p.put(ctx, name, signed); err != nil {
		return err
	}
	if err := s.t.Flush(ctx); err != nil {
		return err
	}
	for _, w := range named.done {
		s.known[w.name] = true
	}
	return p.readBack(ctx)
}
