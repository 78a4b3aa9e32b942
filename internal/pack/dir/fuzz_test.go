package dir

import (
	"context"
	"errors"
	"testing"

	"github.com/azekura/azekura/internal/durable/durabletest"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/pack"
	"github.com/azekura/azekura/internal/pack/packtest"
)

// FuzzPack has anything for the last pack of a share. It is opened, walked, checked and appended to without a panic and with little memory, and
// what is said to be there is there.
func FuzzPack(f *testing.F) {
	share := id.Share{7}
	p := durabletest.New(f)
	s, err := Open(context.Background(), Config{FS: p, Root: "packs"})
	if err != nil {
		f.Fatal(err)
	}
	for i := range uint32(5) {
		put := packtest.NewPut(i, 1000)
		if err := put.Append(context.Background(), s, share); err != nil {
			f.Fatal(err)
		}
		if _, err := s.Sync(context.Background(), share); err != nil {
			f.Fatal(err)
		}
	}
	name := s.file(share, 1)
	open, err := p.ReadFile(name)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(open)
	if _, err := s.Seal(context.Background(), share); err != nil {
		f.Fatal(err)
	}
	s.Close()
	sealed, err := p.ReadFile(name)
	if err != nil {
		f.Fatal(err)
	}
	for _, b := range [][]byte{sealed, sealed[:len(sealed)-4096], open[:len(open)-100], open[:50], nil} {
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		p := durabletest.New(t)
		if err := errors.Join(p.MkdirAll("packs/"+share.String(), 0o700), p.SetFile(name, data)); err != nil {
			t.Fatal(err)
		}
		s, err := Open(t.Context(), Config{FS: p, Root: "packs", Target: 1 << 20, Memory: 1})
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		for f, err := range s.Frames(t.Context(), share, pack.Position{}, nil) {
			if err != nil {
				break
			}
			got, err := s.Read(t.Context(), share, f.Place, nil)
			if de, ok := errors.AsType[*pack.DamageError](err); ok && de.At == f.Place.Position {
				continue // named by a table, and not there
			}
			if err != nil || got.Place != f.Place {
				t.Fatalf("frame at %+v: %v", f.Place, err)
			}
		}
		if _, _, err := s.Check(t.Context(), share, 1); err != nil {
			t.Fatal(err)
		}
		put := packtest.NewPut(9, 100)
		if err := put.Append(t.Context(), s, share); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Sync(t.Context(), share); err != nil {
			t.Fatal(err)
		}
		got, err := s.Read(t.Context(), share, put.Place, nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := put.Check(got); err != nil {
			t.Fatal(err)
		}
	})
}
