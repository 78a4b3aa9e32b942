package vault_test

import (
	"context"
	"fmt"
	"iter"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/azekura/azekura/internal/catalogue"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/pathname"
	"github.com/azekura/azekura/internal/problem"
	"github.com/azekura/azekura/internal/vault"
)

// counted is a View that counts the nodes and changes that are read.
type counted struct {
	catalogue.View
	reads *int
}

func (v counted) Child(ctx context.Context, dir id.File, name string) (catalogue.Node, error) {
	*v.reads++
	return v.View.Child(ctx, dir, name)
}

func (v counted) Node(ctx context.Context, file id.File) (catalogue.Node, error) {
	*v.reads++
	return v.View.Node(ctx, file)
}

func (v counted) List(ctx context.Context, dir id.File, removed bool) iter.Seq2[catalogue.Node, error] {
	return count(v.reads, v.View.List(ctx, dir, removed))
}

func (v counted) History(ctx context.Context, file id.File) iter.Seq2[catalogue.Change, error] {
	return count(v.reads, v.View.History(ctx, file))
}

func (v counted) Changed(ctx context.Context, since time.Time) iter.Seq2[catalogue.Changed, error] {
	return count(v.reads, v.View.Changed(ctx, since))
}

func count[T any](n *int, of iter.Seq2[T, error]) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for x, err := range of {
			*n++
			if !yield(x, err) {
				return
			}
		}
	}
}

// forgetful is a View that cannot tell what has changed: it might be all files of the share, removed ones too.
type forgetful struct{ catalogue.View }

func (v forgetful) Changed(ctx context.Context, _ time.Time) iter.Seq2[catalogue.Changed, error] {
	return func(yield func(catalogue.Changed, error) bool) {
		for todo := []id.File{{}}; len(todo) > 0; {
			dir := todo[len(todo)-1]
			todo = todo[:len(todo)-1]
			for _, removed := range []bool{false, true} {
				for n, err := range v.List(ctx, dir, removed) {
					if !yield(catalogue.Changed{File: n.File}, err) || err != nil {
						return
					}
					if n.Dir {
						todo = append(todo, n.File)
					}
				}
			}
		}
	}
}

// rehearse returns what Undo would do.
func rehearse(t testing.TB, v *vault.Vault, dir pathname.Path, at time.Time) (acts []string, kind problem.Kind) {
	t.Helper()
	err := v.Undo(t.Context(), staff, dir, at, true, func(u vault.Undone) error {
		acts = append(acts, fmt.Sprint(u.Path, " → ", u.To, " ", u.Act, " ", u.Version.Number))
		return nil
	})
	if err != nil {
		kind = problem.KindOf(err)
	}
	return acts, kind
}

// fill doubles a tree of five files into itself.
func fill(t testing.TB, f vault.Files, dir pathname.Path, doublings int) {
	t.Helper()
	must(t, f.Mkdir(t.Context(), dir))
	for i := range 5 {
		save(t, f, dir.Join(fmt.Sprint(i)), []byte("elsewhere"))
	}
	for i := range doublings {
		must(t, f.Copy(t.Context(), dir, "/s/copy", false, true), f.Rename(t.Context(), "/s/copy", dir.Join(fmt.Sprint("d", i)), false))
	}
}

// What stands elsewhere in the share and has not changed is not read.
func TestUndoReadsNothingElsewhere(t *testing.T) {
	read := func(doublings int) (n int) {
		h, f, c := clockHouse(t)
		fill(t, f, "/s/elsewhere", doublings)
		_, at := album(t, h, c)
		wrap(h, func(v catalogue.View) catalogue.View { return counted{v, &n} })
		rehearse(t, h.v, "/s/A", at)
		return n
	}
	if alone, beside := read(0), read(6); alone != beside || alone == 0 {
		t.Errorf("read %d nodes and changes, and %d beside a large tree", alone, beside)
	}
}

// After random acts every time comes back as it was, and as it does when all that there is is looked at.
func TestUndoOfRandomActs(t *testing.T) {
	paths := []pathname.Path{"/s/A", "/s/B", "/s/A/C", "/s/x", "/s/A/x", "/s/A/y", "/s/A/C/x", "/s/B/x", "/s/B/C"}
	for seed := range uint64(8) {
		h, f, c := clockHouse(t)
		forgets := false
		wrap(h, func(v catalogue.View) catalogue.View {
			if forgets {
				return forgetful{v}
			}
			return v
		})
		type moment struct {
			at   time.Time
			held map[string]string
		}
		var moments []moment
		r := rand.New(rand.NewPCG(seed, 1))
		for i := range 60 {
			p, q := paths[r.IntN(len(paths))], paths[r.IntN(len(paths))]
			switch r.IntN(6) { // what cannot be done is refused, and does nothing
			case 0, 1:
				trySave(f, p, fmt.Sprint("content ", i))
			case 2:
				f.Mkdir(t.Context(), p)
			case 3:
				f.Rename(t.Context(), p, q, true)
			case 4:
				f.Remove(t.Context(), p)
			case 5:
				f.Copy(t.Context(), p, q, true, true)
			}
			if i%10 == 9 {
				held := shown(t, f, "/s")
				moments = append(moments, moment{c.pass(), held})
			}
		}
		r.Shuffle(len(moments), func(i, j int) { moments[i], moments[j] = moments[j], moments[i] })
		for _, m := range moments {
			for _, dir := range []pathname.Path{"/s", "/s/A", "/s/B", "/s/A/C"} {
				forgets = true
				want, wantKind := rehearse(t, h.v, dir, m.at)
				forgets = false
				if got, kind := rehearse(t, h.v, dir, m.at); !slices.Equal(got, want) || kind != wantKind {
					t.Fatalf("seed %d: %s would be restored by %q, %q; want %q, %q", seed, dir, got, kind, want, wantKind)
				}
			}
			acts := undo(t, h.v, "/s", m.at, false)
			got := shown(t, f, "/s")
			for name, content := range m.held {
				if _, there := got[name]; (!there || got[name] != content) && !failed(acts, pathname.Path(name)) {
					t.Fatalf("seed %d: %s holds %q, want %q; did %v", seed, name, got[name], content, acts)
				}
			}
			c.pass()
		}
	}
}

// failed tells whether a path could not be restored, or a directory above it.
func failed(acts map[string]vault.Act, name pathname.Path) bool {
	for failed := range maps.Keys(acts) {
		if acts[failed] == vault.Failed && name.In(pathname.Path(failed)) {
			return true
		}
	}
	return false
}

// BenchmarkUndo looks at a directory of a hundred files, of which one has changed: alone in its share, beside some
// 100,000 entries that have not changed, and as it would be if the catalogue could not tell that they have not.
func BenchmarkUndo(b *testing.B) {
	for _, c := range []struct {
		name      string
		doublings int
		forgets   bool
	}{{"alone", 0, false}, {"beside-100000", 14, false}, {"beside-100000-forgetful", 14, true}} {
		b.Run(c.name, func(b *testing.B) {
			h, f, clock := clockHouse(b)
			fill(b, f, "/s/elsewhere", c.doublings)
			must(b, f.Mkdir(b.Context(), "/s/A"))
			for i := range 100 {
				save(b, f, pathname.Path(fmt.Sprint("/s/A/", i)), []byte("then"))
			}
			at := clock.pass()
			save(b, f, "/s/A/7", []byte("since"))
			if c.forgets {
				wrap(h, func(v catalogue.View) catalogue.View { return forgetful{v} })
			}
			for b.Loop() {
				if acts, _ := rehearse(b, h.v, "/s/A", at); len(acts) != 1 {
					b.Fatalf("would do %q, want one act", acts)
				}
			}
		})
	}
}
