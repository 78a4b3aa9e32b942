package vault_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/pathname"
	"github.com/azekura/azekura/internal/vault"
)

// objectsOf collects all objects of a share, by where they stand, or stood last.
func objectsOf(t testing.TB, h *house, share pathname.Path) map[pathname.Path]vault.Object {
	t.Helper()
	out := make(map[pathname.Path]vault.Object)
	for o, err := range h.v.Objects(t.Context(), staff, share) {
		must(t, err)
		if _, twice := out[o.Paths[0]]; twice {
			t.Errorf("two objects stand at %s", o.Paths[0])
		}
		out[o.Paths[0]] = o
	}
	return out
}

// TestObjects: a file is found with every content and under every path that it ever had, whatever became of it.
func TestObjects(t *testing.T) {
	h := newHouse(t, "albums")
	ctx, f := t.Context(), h.v.As(staff)
	must(t, f.Mkdir(ctx, "/albums/2026"))
	must(t, f.Mkdir(ctx, "/albums/2026/3-A"))
	first := save(t, f, "/albums/2026/3-A/12_a.jpg", []byte("one"))
	second := save(t, f, "/albums/2026/3-A/12_a.jpg", []byte("two"))
	save(t, f, "/albums/2026/3-A/13_b.jpg", []byte("other"))
	must(t, f.Copy(ctx, "/albums/2026/3-A/12_a.jpg", "/albums/copy.jpg", false, false))
	must(t, f.Rename(ctx, "/albums/2026/3-A", "/albums/2026/x", false))
	must(t, f.Rename(ctx, "/albums/2026/x/12_a.jpg", "/albums/1.jpg", false))
	must(t, f.Remove(ctx, "/albums/2026/x/13_b.jpg"))
	if _, err := h.v.SaveRoster(ctx, staff, "/albums", []byte("r")); err != nil {
		t.Fatal(err)
	}
	all := objectsOf(t, h, "/albums")
	if len(all) != 4 {
		t.Errorf("%d objects: %v", len(all), all)
	}
	a := all["/albums/1.jpg"]
	if want := []pathname.Path{"/albums/1.jpg", "/albums/2026/x/12_a.jpg", "/albums/2026/3-A/12_a.jpg"}; !slices.Equal(a.Paths, want) {
		t.Errorf("it stood at %q, want %q", a.Paths, want)
	}
	var versions []id.Version
	for _, c := range a.Contents {
		versions = append(versions, c.Version)
		if c.Copied || c.Held || c.Key != c.Version || c.By.Session != staff.ID || c.Saved.IsZero() {
			t.Errorf("content %+v", c)
		}
	}
	if !slices.Equal(versions, []id.Version{second.Version, first.Version}) {
		t.Errorf("it had the versions %v", versions)
	}
	c := all["/albums/copy.jpg"]
	if len(c.Contents) != 1 || !c.Contents[0].Copied || c.Contents[0].Key != second.Version || c.Contents[0].Equal != a.Contents[0].Equal {
		t.Errorf("the copy is %+v", c)
	}
	if b := all["/albums/2026/x/13_b.jpg"]; b.Removed.IsZero() || len(b.Contents) != 1 || !slices.Contains(b.Paths, "/albums/2026/3-A/13_b.jpg") {
		t.Errorf("what was removed is %+v", b)
	}
	if r := all["/albums/:roster"]; len(r.Contents) != 1 {
		t.Errorf("the roster is %+v", r)
	}
}

// TestObjectsKnowEveryPlace: after any moves of directories and files, every path under which a content was ever shown is told.
func TestObjectsKnowEveryPlace(t *testing.T) {
	h := newHouse(t, "s")
	ctx, f := t.Context(), h.v.As(staff)
	round := 0
	rapid.Check(t, func(rt *rapid.T) {
		round++
		base := pathname.Path(fmt.Sprintf("/s/%d", round))
		must(t, f.Mkdir(ctx, base))
		dirs := []pathname.Path{base}
		shown := make(map[id.File]map[pathname.Path]bool)
		note := func() {
			todo := []pathname.Path{base}
			for len(todo) > 0 {
				for i, err := range f.List(ctx, todo[0]) {
					must(t, err)
					if i.Dir {
						todo = append(todo, i.Path)
						continue
					}
					if shown[i.File] == nil {
						shown[i.File] = make(map[pathname.Path]bool)
					}
					shown[i.File][i.Path] = true
				}
				todo = todo[1:]
			}
		}
		for step := range rapid.IntRange(1, 8).Draw(rt, "steps") {
			dir := rapid.SampledFrom(dirs).Draw(rt, "dir")
			switch rapid.IntRange(0, 2).Draw(rt, "act") {
			case 0:
				p := dir.Join(fmt.Sprintf("d%d", step))
				if f.Mkdir(ctx, p) == nil {
					dirs = append(dirs, p)
				}
			case 1:
				if d, err := f.Create(ctx, dir.Join(fmt.Sprintf("f%d", step))); err == nil {
					d.Write([]byte{byte(step)})
					d.Commit(ctx, vault.Save{}) // where the directory has moved away there is none
				}
			case 2:
				if dir != base {
					to := rapid.SampledFrom(dirs).Draw(rt, "to").Join(fmt.Sprintf("m%d", step))
					if f.Rename(ctx, dir, to, false) == nil {
						dirs = append(dirs, to)
					}
				}
			}
			note()
		}
		told := make(map[id.File][]pathname.Path)
		for o, err := range h.v.Objects(ctx, staff, "/s") {
			must(t, err)
			told[o.File] = o.Paths
			if o.More {
				return
			}
		}
		for file, paths := range shown {
			for p := range paths {
				if !slices.Contains(told[file], p) {
					rt.Fatalf("%v stood at %s; told are %s", file, p, strings.Trim(fmt.Sprint(told[file]), "[]"))
				}
			}
		}
	})
}

// BenchmarkObjects goes through all files of a share.
func BenchmarkObjects(b *testing.B) {
	c := newCrowd(b, 100_000)
	b.ReportAllocs()
	for b.Loop() {
		n := 0
		for _, err := range c.h.v.Objects(b.Context(), staff, "/s") {
			if err != nil {
				b.Fatal(err)
			}
			n++
		}
		b.ReportMetric(float64(n), "files")
	}
}
