package vault_test

import (
	"testing"
	"time"

	"github.com/azekura/azekura/internal/pathname"
	"github.com/azekura/azekura/internal/problem"
	"github.com/azekura/azekura/internal/vault"
)

// Whatever an act is: when what its client had seen is no longer there, nothing happens.
func TestExpecting(t *testing.T) {
	const f, g = pathname.Path("/s/f"), pathname.Path("/s/g")
	acts := map[string]func(vault.Files) error{
		"remove":                  func(w vault.Files) error { return w.Remove(t.Context(), f) },
		"rename":                  func(w vault.Files) error { return w.Rename(t.Context(), f, "/s/to", true) },
		"rename to another share": func(w vault.Files) error { return w.Rename(t.Context(), f, "/other/to", true) },
		"copy":                    func(w vault.Files) error { return w.Copy(t.Context(), f, "/s/to", true, true) },
		"mkdir":                   func(w vault.Files) error { return w.Mkdir(t.Context(), "/s/to") },
		"props":                   func(w vault.Files) error { return w.SetProps(t.Context(), f, nil, time.Unix(1e9, 0)) },
		"lock": func(w vault.Files) error {
			_, _, err := w.Lock(t.Context(), "/s/to", vault.Lock{TTL: time.Minute})
			return err
		},
		"save": func(w vault.Files) error {
			d, err := w.Create(t.Context(), f)
			if err != nil {
				return err
			}
			defer d.Discard()
			if _, err := d.Write([]byte("mine")); err != nil {
				return err
			}
			_, err = d.Commit(t.Context(), vault.Save{})
			return err
		},
	}
	for name, act := range acts {
		for _, c := range []struct {
			name    string
			between func(w vault.Files) error
			seen    pathname.Path
			want    problem.Kind
		}{
			{"nothing happens", func(vault.Files) error { return nil }, f, 0},
			{"another file changes", func(w vault.Files) error { save(t, w, "/s/other", []byte("x")); return nil }, f, 0},
			{"it is saved", func(w vault.Files) error { save(t, w, f, []byte("theirs")); return nil }, f, problem.Condition},
			{"it is replaced", func(w vault.Files) error { return w.Rename(t.Context(), "/s/spare", f, true) }, f, problem.Condition},
			{"nothing was there, and is not", func(vault.Files) error { return nil }, g, 0},
			{"nothing was there, and is", func(w vault.Files) error { save(t, w, g, []byte("x")); return nil }, g, problem.Condition},
		} {
			t.Run(name+", "+c.name, func(t *testing.T) {
				h := newHouse(t, "s", "other")
				w := h.v.As(staff)
				save(t, w, f, []byte("first"))
				save(t, w, "/s/spare", []byte("spare"))
				seen := vault.Info{Path: g}
				if c.seen == f {
					seen = stat(t, w, f)
				}
				careful := w.Expecting(seen)
				if err := c.between(w); err != nil {
					t.Fatal(err)
				}
				if err := act(careful); (err == nil) != (c.want == 0) || err != nil && problem.KindOf(err) != c.want {
					t.Fatalf("%v, want %v", err, c.want)
				}
				if _, err := w.Stat(t.Context(), "/s/to"); c.want == problem.Condition && problem.KindOf(err) != problem.NotFound {
					t.Errorf("it happened all the same: %v", err)
				}
				if c.want == 0 && name != "save" { // the condition was for one act
					save(t, w, f, []byte("later"))
					save(t, careful, f, []byte("again"))
				}
			})
		}
	}
}
