package main

import (
	"bytes"
	"compress/zlib"
	"context"
	"errors"
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
			return guardedJobs(p, name, n, pass, make), nil
		})
		if err != nil {
			return trees, err
		}
	}
	return trees, nil
}

// guardedJobs lists the files of one of them.
func guardedJobs(p *photographs, name string, n, pass int, make func(p *photographs, r *rand.Rand, i, pass int) ([]byte, error)) (out []job) {
	for i := range n {
		out = append(out, job{fmt.Sprintf("%02d/%s_%04d", i/52, name, i), func(*rand.Rand) ([]byte, error) {
			return make(p, random(fmt.Sprint(name, i)), i, pass) // the same picture in both trees
		}})
	}
	return out
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

// Two ways to save a tree: from a disk of this machine, where nothing but the processor limits, and over the network of an office.
const (
	byImport = "import"
	byWire   = "WebDAV over 1 Gbit/s"
)

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
				g := guarding{b: b, r: r, name: k.name, trees: trees, on: (i+round)%2 == 0}
				if err := errors.Join(g.trial(ctx, g.throughImport), g.trial(ctx, g.throughDoor(1)), g.trial(ctx, g.throughDoor(4))); err != nil {
					return err
				}
			}
		}
		g := guarding{name: k.name}
		r.atMost(g.test(0, byImport), unguarded, 1.05, "time", wall)
		for pass := range 2 {
			for _, connections := range []int{1, 4} {
				r.atMost(passageName(g.test(pass, byWire), connections), unguarded, 1.05, "time", wall)
			}
		}
	}
	r.Notes = append(r.Notes, "With the guard off what is saved is looked at all the same, as what is new is with it: what was found is kept with each version. A look at what comes over something else follows every code of a picture and unpacks what is compressed, at about 300 MB/s of one core beside the sealing: the wire of an office hides it, and an import over other files, which nothing but the processor limits, does not.")
	return nil
}

// guarding is one turn of the program, with its guard on or off.
type guarding struct {
	b     *bench
	r     *Result
	name  string
	trees [2]string
	on    bool
}

func (g *guarding) test(pass int, way string) string {
	return fmt.Sprintf("%s, %s, %s", g.name, [...]string{"new", "over others"}[pass], way)
}

func (g *guarding) peer() string {
	if g.on {
		return ours
	}
	return unguarded
}

// trial gives a way of saving an empty vault.
func (g *guarding) trial(ctx context.Context, save func(context.Context, *vault) error) error {
	dir := filepath.Join(g.b.run(), "guard")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	v, err := g.b.newVault(ctx, filepath.Join(dir, "data"))
	if err != nil {
		return err
	}
	v.env = append(v.env, "AZEKURA_GUARD="+map[bool]string{true: "on", false: "off"}[g.on])
	return save(ctx, v)
}

func (g *guarding) add(test string, size int64, s Sample) {
	g.b.say("%s, %s: %.2f s, CPU %.2f s", test, g.peer(), s.Wall, s.CPU)
	g.r.add(test, g.peer(), size, s)
}

// throughImport imports both trees, one over the other.
func (g *guarding) throughImport(ctx context.Context, v *vault) error {
	for pass, tree := range g.trees {
		files, size, err := measureTree(tree)
		if err != nil {
			return err
		}
		if err := warm(ctx, tree); err != nil {
			return err
		}
		s, out, err := g.b.timed(ctx, v.command(ctx, "import", "--json", tree, v.Share+"/tree"))
		if err != nil {
			return err
		}
		if err := complete(out, files); err != nil {
			return err
		}
		g.add(g.test(pass, byImport), size, s)
	}
	return nil
}

// throughDoor puts both trees over the wire, one over the other.
func (g *guarding) throughDoor(connections int) func(context.Context, *vault) error {
	return func(ctx context.Context, v *vault) (err error) {
		s, err := v.serve(ctx)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, s.stop()) }()
		s.wire = &wire{rate: gigabit}
		for pass, tree := range g.trees {
			files, size, err := treeFiles(tree)
			if err != nil {
				return err
			}
			if err := warm(ctx, tree); err != nil {
				return err
			}
			if pass == 0 {
				if err := makeDirs(ctx, s.target, files); err != nil {
					return err
				}
			}
			m, err := s.during(ctx, func(ctx context.Context) error {
				return parallel(ctx, s.target, connections, len(files), func(ctx context.Context, d *dav, i int) error {
					return d.putFile(ctx, files[i], filepath.Join(tree, files[i]))
				})
			})
			if err != nil {
				return err
			}
			g.add(passageName(g.test(pass, byWire), connections), size, m)
		}
		return nil
	}
}

// makeDirs makes the directories of files.
func makeDirs(ctx context.Context, t target, files []string) error {
	d, err := newDAV(t)
	if err != nil {
		return err
	}
	defer d.close()
	last := ""
	for _, f := range files {
		if dir := filepath.Dir(f); dir != last {
			if err := d.mkcol(ctx, dir); err != nil {
				return err
			}
			last = dir
		}
	}
	return nil
}
