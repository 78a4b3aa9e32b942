package medium

import (
	"cmp"
	"context"
	"errors"
	"io"
	"iter"
	"slices"

	"github.com/azekura/azekura/internal/durable"
	"github.com/azekura/azekura/internal/id"
)

// A medium has sealed copies of the catalogue, so that whoever restores can serve files before all packs have been read. Nothing depends on them:
// a state is whole without, and what they say is compared with the packs.

// booksOfStates is how many of the latest states keep their copies. A state that is taken because the later ones are damaged has one; those of older
// ones would only need room.
const booksOfStates = 2

// makeBooks has the vault copy its catalogue where that pays. It comes before the packs are looked at: they go further then.
func (s *syncer) makeBooks(ctx context.Context) error {
	s.books, s.shelved = make(map[id.Share]*Books), make(map[id.Share]*booksOf)
	shares, err := s.src.Shares(ctx)
	if err != nil {
		return err
	}
	for _, share := range shares {
		rows := int64(0)
		old, err := s.oldBooks(ctx, share)
		if err != nil {
			return err
		}
		if old != nil {
			rows, s.shelved[share] = old.Rows, old
		}
		b, err := s.src.Books(ctx, share, rows)
		if err != nil {
			return err
		}
		if b != nil {
			s.books[share] = b
		}
	}
	return nil
}

// oldBooks is the copy that the state before has, if it is still there and, where all is read, undamaged.
func (s *syncer) oldBooks(ctx context.Context, share id.Share) (*booksOf, error) {
	if s.prev == nil {
		return nil, nil
	}
	i := slices.IndexFunc(s.prev.Shares, func(l shareList) bool { return l.Share == share })
	if i < 0 || s.prev.Shares[i].Books == nil {
		return nil, nil
	}
	b := s.prev.Shares[i].Books
	name := sumName(booksDir, b.Sum)
	var err error
	if s.opt.Mend {
		err = sure(ctx, s.t, name, b.Size, b.Sum, nil)
	} else {
		err = lengthOf(ctx, s.t, name, b.Size, b.Sum)
	}
	if away(err) || ctx.Err() != nil {
		return nil, err
	}
	if err != nil {
		s.finding(Finding{Object: name, Share: share, Reason: reasonOf(err)})
		return nil, nil
	}
	return b, nil
}

// lengthOf looks whether an object is there and as long as it should be. In a bucket it may lie below something else.
func lengthOf(ctx context.Context, t Target, name string, want int64, sum [32]byte) error {
	var o Object
	var err error
	if l, ok := t.(*layers); ok {
		o, err = l.choose(ctx, name, want, sum)
	} else {
		o, err = t.Open(ctx, name)
	}
	if err != nil {
		return err
	}
	defer o.Close()
	n, err := o.Size()
	if err == nil && n != want {
		err = errLength
	}
	return err
}

func (s *syncer) closeBooks() {
	for _, b := range s.books {
		b.Done()
	}
}

// putBooks puts the copies that are new. One for which there is no room is left out: the medium is as good a copy without.
func (s *syncer) putBooks(ctx context.Context, p *putter) error {
	for share, b := range s.books {
		free, err := s.t.Free(ctx)
		if err != nil {
			return err
		}
		if free >= 0 && free < b.Size+16<<20 {
			continue
		}
		x := &booksOf{Sum: b.Sum, Size: b.Size, Pack: b.At.Pack, Offset: b.At.Offset, Rows: b.Rows}
		name := sumName(booksDir, b.Sum)
		put := func() error { return s.t.Put(ctx, name, b.Size, fileOfBooks(b)) }
		err = s.insist(ctx, put(), put)
		if durable.IsNoSpace(err) { // on FAT32 no file is longer than 4 GiB, and the state is whole without
			if err = s.t.Remove(ctx, name); err == nil {
				continue
			}
		}
		if err != nil {
			return err
		}
		p.done = append(p.done, written{name, b.Size, b.Sum})
		s.shelved[share] = x
	}
	return nil
}

// fileOfBooks yields a copy piece by piece.
func fileOfBooks(b *Books) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		buf := buffer(b.Size)
		for at := int64(0); at < b.Size; {
			n, err := b.File.ReadAt(buf[:min(int64(len(buf)), b.Size-at)], at)
			if n == 0 || err != nil && err != io.EOF {
				yield(nil, errors.Join(err, io.ErrUnexpectedEOF))
				return
			}
			if at += int64(n); !yield(buf[:n], nil) {
				return
			}
		}
	}
}

// sweepBooks removes the copies that none of the latest states has, also those that a sync which was broken off has left.
func (s *syncer) sweepBooks(ctx context.Context, numbers []uint64) error {
	keep := make(map[string]bool)
	for _, n := range numbers[max(0, len(numbers)-booksOfStates):] {
		st, err := loadRecord(ctx, s.t, s.v, s.desc, recordName(n))
		if err != nil {
			return ctx.Err() // one that cannot be read may have any
		}
		for _, l := range st.Shares {
			if l.Books != nil {
				keep[sumName(booksDir, l.Books.Sum)] = true
			}
		}
	}
	var gone []string
	for e, err := range s.t.List(ctx, booksDir) {
		if err != nil {
			return err
		}
		if !keep[e.Name] {
			gone = append(gone, e.Name)
		}
	}
	for _, name := range gone {
		_ = s.t.Remove(ctx, name) // one that a bucket keeps does no harm
	}
	return nil
}

// enterBooks has the copies of a state read, if it should have them. What is wrong with them is told, and the state is whole all the same.
func (w *verifier) enterBooks(s *state, latest bool) {
	for _, l := range s.Shares {
		if l.Books == nil {
			continue
		}
		name := sumName(booksDir, l.Books.Sum)
		if w.books[name] = true; latest {
			w.enter(s, name, l.Books.Size, l.Books.Sum)
		}
	}
}

// Copied lists the shares of which a state has copies of the catalogue, the largest first.
func (s *State) Copied() (out []id.Share) {
	var list []shareList
	for _, l := range s.s.Shares {
		if l.Books != nil {
			list = append(list, l)
		}
	}
	slices.SortStableFunc(list, func(a, b shareList) int { return cmp.Compare(b.Books.Rows, a.Books.Rows) })
	for _, l := range list {
		out = append(out, l.Share)
	}
	return out
}

// Books returns the copy of the catalogue that a state has of a share, sealed; nil if there is none that can be of its packs. Its bytes are to be
// compared with Sum.
func (s *State) Books(ctx context.Context, share id.Share) (*Books, error) {
	i := slices.IndexFunc(s.s.Shares, func(l shareList) bool { return l.Share == share })
	if i < 0 || s.s.Shares[i].Books == nil {
		return nil, nil
	}
	b := s.s.Shares[i].Books
	if !slices.ContainsFunc(s.s.shares[share], func(x segment) bool { return x.pack == b.Pack && x.from <= b.Offset && b.Offset <= x.end() }) {
		return nil, errors.New("it goes further than the packs")
	}
	o, err := openObject(s.t, sumName(booksDir, b.Sum), segment{length: b.Size, sum: b.Sum})
	if err != nil {
		return nil, err
	}
	if n, err := o.Size(); err != nil || n != b.Size {
		return nil, errors.Join(err, errLength, o.Close())
	}
	return &Books{At: b.at(), Rows: b.Rows, Size: b.Size, Sum: b.Sum, File: o, Done: func() { _ = o.Close() }}, nil
}
