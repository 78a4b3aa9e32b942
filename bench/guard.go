package main

import (
	"bytes"
	"compress/zlib"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
)

// What the guard's program saves, at full scale: about 1.3 GB of photographs, and as much of documents.
const (
	guardedPhotos    = 400
	guardedDocuments = 150
)

// guarded returns two trees with the same names: what is there first, and what is saved over it.
func (b *bench) guarded(ctx context.Context, name string, n int, make func(p *photographs, r *rand.Rand, i, pass int) ([]byte, error)) (trees [2]string, err error) {
	for pass := range trees {
		trees[pass], err = b.corpus(ctx, fmt.Sprintf("guard-%s-%d", name, pass+1), n, func() ([]job, error) {
			p, err := b.load(ctx)
			if err != nil {
				return nil, err
			}
			var out []job
			for i := range n {
				out = append(out, job{fmt.Sprintf("%02d/%s_%04d", i/52, name, i), func(*rand.Rand) ([]byte, error) {
					return make(p, random(fmt.Sprint(name, i)), i, pass) // the same picture in both trees
				}})
			}
			return out, nil
		})
		if err != nil {
			return trees, err
		}
	}
	return trees, nil
}

// taken is a photograph; the second time it is encoded anew, in another quality.
func taken(p *photographs, r *rand.Rand, _, pass int) ([]byte, error) {
	return p.photo(r, photoWidth, photoHeight, 5+r.IntN(22), 93+2*pass)
}

// proof is a document as they go to the printer: a page of text and photographs, one of them without loss.
func proof(p *photographs, r *rand.Rand, i, pass int) ([]byte, error) {
	var streams []stream
	for range 2 {
		picture, err := taken(p, r, i, pass)
		if err != nil {
			return nil, err
		}
		streams = append(streams, stream{"/Type/XObject/Subtype/Image/Filter/DCTDecode", picture})
	}
	var text bytes.Buffer
	for line := range 2000 {
		fmt.Fprintf(&text, "BT /F1 %d Tf %d %d Td (%s) Tj ET\n", 8+r.IntN(4), r.IntN(500), line*700/2000, roster(r, 1))
	}
	shot := p.shot(r, photoWidth/3, photoHeight/3, 8+pass)
	for _, data := range [][]byte{text.Bytes(), planes(shot)} {
		var packed bytes.Buffer
		z := zlib.NewWriter(&packed)
		z.Write(data)
		if err := z.Close(); err != nil {
			return nil, err
		}
		streams = append(streams, stream{"/Filter/FlateDecode", packed.Bytes()})
	}
	return pdf(streams), nil
}

// stream is an object of a PDF that has data.
type stream struct {
	dict string
	data []byte
}

// pdf returns a document with these objects.
func pdf(streams []stream) []byte {
	var w bytes.Buffer
	w.WriteString("%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n<</Type/Catalog/Pages 2 0 R>>\nendobj\n2 0 obj\n<</Type/Pages/Kids[]/Count 0>>\nendobj\n")
	for i, s := range streams {
		fmt.Fprintf(&w, "%d 0 obj\n<<%s/Length %d>>\nstream\n%s\nendstream\nendobj\n", i+3, s.dict, len(s.data), s.data)
	}
	index := w.Len()
	fmt.Fprintf(&w, "xref\n0 1\n0000000000 65535 f \ntrailer\n<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n", len(streams)+3, index)
	return w.Bytes()
}

// unguarded is the program with its guard off.
const unguarded = "guard off"

// runGuard measures what the guard adds, to what is new and to what is saved over something else.
func runGuard(ctx context.Context, b *bench, r *Result) error {
	for _, k := range []struct {
		name  string
		count int
		make  func(p *photographs, r *rand.Rand, i, pass int) ([]byte, error)
	}{{"photographs", guardedPhotos, taken}, {"documents", guardedDocuments, proof}} {
		trees, err := b.guarded(ctx, k.name, b.count(k.count), k.make)
		if err != nil {
			return err
		}
		for round := range b.n {
			for i := range 2 {
				on := (i+round)%2 == 0
				if err := b.guardOnce(ctx, r, k.name, trees, on); err != nil {
					return err
				}
			}
		}
		for _, test := range []string{k.name + ", new", k.name + ", over others"} {
			r.atMost(test, unguarded, 1.05, "time", wall)
			r.atMost(test, unguarded, 1.05, "CPU", cpu)
		}
	}
	r.Notes = append(r.Notes, "With the guard off what is saved is looked at all the same, as what is new is with it: what was found is kept with each version. A look at what comes over something else follows every code of a picture and unpacks what is compressed, beside the sealing; on a machine without an idle core that takes its time.")
	return nil
}

// guardOnce imports both trees into an empty vault, one over the other.
func (b *bench) guardOnce(ctx context.Context, r *Result, name string, trees [2]string, on bool) error {
	dir := filepath.Join(b.run(), "guard")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	v, err := b.newVault(ctx, filepath.Join(dir, "data"))
	if err != nil {
		return err
	}
	peer, setting := ours, "AZEKURA_GUARD=on"
	if !on {
		peer, setting = unguarded, "AZEKURA_GUARD=off"
	}
	for pass, test := range []string{name + ", new", name + ", over others"} {
		files, size, err := measureTree(trees[pass])
		if err != nil {
			return err
		}
		if err := warm(ctx, trees[pass]); err != nil {
			return err
		}
		c := v.command(ctx, "import", "--json", trees[pass], v.Share+"/tree")
		c.Env = append(c.Env, setting)
		s, out, err := b.timed(ctx, c)
		if err != nil {
			return err
		}
		if err := complete(out, files); err != nil {
			return err
		}
		b.say("%s, %s: %.2f s, CPU %.2f s", test, peer, s.Wall, s.CPU)
		r.add(test, peer, size, s)
	}
	return nil
}
