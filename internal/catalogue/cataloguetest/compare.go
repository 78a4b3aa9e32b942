package cataloguetest

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
	"reflect"
	"slices"
	"time"

	"golang.org/x/text/unicode/norm"

	"github.com/azekura/azekura/internal/catalogue"
	"github.com/azekura/azekura/internal/commit"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/pack"
)

// failer is *testing.T, *testing.B or *rapid.T.
type failer interface {
	Helper()
	Fatalf(format string, args ...any)
	Errorf(format string, args ...any)
}

// equal compares one answer of a View with the model's.
func equal[T any](t failer, what string, got T, err error, want T, wantErr error) {
	t.Helper()
	if !errors.Is(err, wantErr) {
		t.Fatalf("%s: error %v, want %v", what, err, wantErr)
	}
	if err == nil && !reflect.DeepEqual(got, want) {
		t.Fatalf("%s:\n got %+v\nwant %+v", what, got, want)
	}
}

// same asks a View everything that the model knows, and compares the answers.
func same(ctx context.Context, t failer, got catalogue.View, want *model) {
	t.Helper()
	dirs := map[id.File]bool{{}: true, id.NewFile(): true}
	for _, n := range want.find(func(*catalogue.Node) bool { return true }) {
		dirs[n.Parent], dirs[n.File] = true, true
		sameNode(ctx, t, got, want, n)
	}
	for dir := range dirs {
		for _, removed := range []bool{false, true} {
			g, err := list(ctx, got, dir, removed)
			w, _ := list(ctx, want, dir, removed)
			equal(t, "List", g, err, w, nil)
		}
	}
	for dir := range dirs {
		g, err := got.Below(ctx, dir)
		w, _ := want.Below(ctx, dir)
		equal(t, "Below", g, err, w, nil)
	}
	for v := range want.versions {
		g, err := got.Version(ctx, v)
		equal(t, "Version", g, err, want.versions[v], nil)
	}
	for e, enc := range want.epochs {
		g, err := got.Epoch(ctx, e)
		equal(t, "Epoch", g, err, enc, nil)
	}
	chunks := append(slices.Collect(maps.Keys(want.chunks)), id.Chunk{1: 1}, id.Chunk{2: 2})
	shows := append(slices.Collect(maps.Keys(want.versions)), id.NewVersion())
	shows = append(shows, slices.Collect(maps.Keys(want.previews))...) // some of them twice
	gp, err := got.Previews(ctx, shows)
	wp, _ := want.Previews(ctx, shows)
	equal(t, "Previews", gp, err, wp, nil)
	g, err := got.Chunks(ctx, chunks)
	w, _ := want.Chunks(ctx, chunks)
	equal(t, "Chunks", g, err, w, nil)
	for _, since := range moments(want) {
		g, err := changed(ctx, got, since)
		w, _ := changed(ctx, want, since)
		equal(t, "Changed", g, err, w, nil)
	}
	for _, since := range moments(want) {
		for _, pick := range []func(catalogue.Actor) bool{func(catalogue.Actor) bool { return true }, func(a catalogue.Actor) bool { return a.Author == "tanaka" }} {
			sameStories(ctx, t, got, want, since, pick)
		}
	}
	sameSince(ctx, t, got, want)
	sameNodes(ctx, t, got, want)
	for _, file := range append(slices.Collect(maps.Keys(want.nodes)), id.File{}) {
		g, err := collect(got.Held(ctx, file))
		w, _ := collect(want.Held(ctx, file))
		equal(t, "Held", g, err, w, nil)
	}
	sameExpired(ctx, t, got, want)
	samePacks(ctx, t, got, want)
	none(ctx, t, got)
	gt, err := got.Totals(ctx)
	wt, _ := want.Totals(ctx)
	equal(t, "Totals", gt, err, wt, nil)
	gd, err := got.Digest(ctx)
	wd, _ := want.Digest(ctx)
	equal(t, "Digest", gd, err, wd, nil)
}

// sameExpired compares what was removed by rule.
func sameExpired(ctx context.Context, t failer, got catalogue.View, want *model) {
	t.Helper()
	ids := append(slices.Collect(maps.Keys(want.versions)), slices.Collect(maps.Keys(want.linked))...)
	ids = append(ids, id.NewVersion())
	g, err := got.Expired(ctx, ids)
	w, _ := want.Expired(ctx, ids)
	equal(t, "Expired", g, err, w, nil)
	g, err = got.Forsaken(ctx, ids)
	w, _ = want.Forsaken(ctx, ids)
	equal(t, "Forsaken", g, err, w, nil)
	order := func(a, b id.Version) int { return bytes.Compare(a[:], b[:]) }
	ga, err := got.AllForsaken(ctx)
	wa, _ := want.AllForsaken(ctx)
	slices.SortFunc(ga, order)
	slices.SortFunc(wa, order)
	equal(t, "AllForsaken", ga, err, wa, nil)
}

// samePacks compares in which packs the changes stand.
func samePacks(ctx context.Context, t failer, got catalogue.View, want *model) {
	t.Helper()
	all, err := got.Nodes(ctx)
	if err != nil {
		t.Fatalf("Nodes: %v", err)
	}
	stories, err := got.Stories(ctx, slices.Collect(all.All()), time.Time{})
	if err != nil {
		t.Fatalf("Stories: %v", err)
	}
	marks, err := got.Marks(ctx)
	if err != nil {
		t.Fatalf("Marks: %v", err)
	}
	var nums []int64
	for _, s := range stories {
		for _, c := range s.Changes {
			nums = append(nums, c.Num)
		}
	}
	slices.Sort(nums)
	if len(nums) != len(want.log) {
		t.Fatalf("%d changes, want %d", len(nums), len(want.log))
	}
	for i, n := range nums {
		if is := catalogue.PackOf(marks, n); is != want.log[i].pack {
			t.Fatalf("change %d stands in pack %d, want %d", i, is, want.log[i].pack)
		}
	}
}

// without leaves out of changes the numbers that each implementation gives as it likes.
func without(s catalogue.Story) catalogue.Story {
	s.Changes = slices.Clone(s.Changes)
	for i := range s.Changes {
		s.Changes[i].Num = 0
	}
	return s
}

// unnumbered leaves out of a node what each implementation gives as it likes.
func unnumbered(n catalogue.Node) catalogue.Node {
	n.Num = 0
	return n
}

// sameNode compares what is said of one node and of the name it has or had.
func sameNode(ctx context.Context, t failer, got catalogue.View, want *model, n catalogue.Node) {
	t.Helper()
	g, err := got.Node(ctx, n.File)
	equal(t, "Node", unnumbered(g), err, n, nil)
	for _, name := range []string{n.Name, norm.NFC.String(n.Name), norm.NFD.String(n.Name)} {
		g, err := got.Child(ctx, n.Parent, name)
		w, wantErr := want.Child(ctx, n.Parent, name)
		equal(t, "Child", unnumbered(g), err, w, wantErr)
		gf, err := former(ctx, got, n.Parent, name)
		wf, _ := former(ctx, want, n.Parent, name)
		equal(t, "Former", gf, err, wf, nil)
	}
	gc, err := history(ctx, got, n.File)
	wc, _ := history(ctx, want, n.File)
	equal(t, "History", gc, err, wc, nil)
}

// sameStories compares what somebody has touched since a time: what the model has must be there, and nothing that they have never touched.
func sameStories(ctx context.Context, t failer, got catalogue.View, want *model, since time.Time, pick func(catalogue.Actor) bool) {
	t.Helper()
	refs, err := got.Touched(ctx, since, pick)
	if err != nil {
		t.Fatalf("Touched: %v", err)
	}
	if !slices.IsSortedFunc(refs, func(a, b catalogue.Ref) int { return cmp.Compare(a.Num, b.Num) }) {
		t.Errorf("Touched since %v is not in order: %v", since, refs)
	}
	stories, err := got.Stories(ctx, append(refs, catalogue.Ref{Num: 1 << 40}), since)
	if err != nil || len(stories) != len(refs)+1 || len(stories[len(refs)].Changes) > 0 {
		t.Fatalf("Stories: %d of %d, %v", len(stories), len(refs)+1, err)
	}
	theirs, told := make(map[id.File]bool), make(map[id.File]bool)
	for _, l := range want.log {
		theirs[l.file] = theirs[l.file] || pick(l.actor)
	}
	for i, s := range stories[:len(refs)] {
		if told[s.Node.File] || !theirs[s.Node.File] || s.Node.Dir != refs[i].Dir {
			t.Errorf("Touched since %v: %v is told twice, is not theirs, or is no directory", since, s.Node.File)
			continue
		}
		told[s.Node.File] = true
		if n, err := got.Node(ctx, s.Node.File); err != nil || n.Num != refs[i].Num || s.Node.Num != refs[i].Num {
			t.Errorf("%v is number %d, and %d in its story; want %d, %v", s.Node.File, n.Num, s.Node.Num, refs[i].Num, err)
		}
		s.Node = unnumbered(s.Node)
		equal(t, "Stories", without(s), nil, want.story(s.Node.File, since), nil)
	}
	w, _ := want.Touched(ctx, since, pick)
	expected, _ := want.Stories(ctx, w, since)
	for _, s := range expected {
		if !told[s.Node.File] {
			t.Errorf("Touched since %v: %v is missing", since, s.Node.File)
		}
	}
}

// sameNodes compares which nodes there are.
func sameNodes(ctx context.Context, t failer, got catalogue.View, want *model) {
	t.Helper()
	all, err := got.Nodes(ctx)
	if err != nil {
		t.Fatalf("Nodes: %v", err)
	}
	refs := slices.Collect(all.All())
	stories, err := got.Stories(ctx, refs, time.Time{})
	if err != nil {
		t.Fatalf("Stories: %v", err)
	}
	told := make(map[id.File]bool)
	for i, s := range stories {
		n, there := want.nodes[s.Node.File]
		if told[s.Node.File] || !there || n.Dir != refs[i].Dir {
			t.Errorf("Nodes: %v is told twice, is not there, or is no directory", s.Node.File)
		}
		told[s.Node.File] = true
	}
	if len(told) != len(want.removals) {
		t.Errorf("Nodes: %d, want %d", len(told), len(want.removals))
	}
}

// sameSince compares what has changed after the beginning and the end of the books.
func sameSince(ctx context.Context, t failer, got catalogue.View, want *model) {
	t.Helper()
	mark, err := got.Mark(ctx)
	if err != nil {
		t.Fatalf("Mark: %v", err)
	}
	if late, err := got.Since(ctx, mark); err != nil || len(late) > 0 {
		t.Errorf("Since the last mark: %v, %v", late, err)
	}
	g, err := got.Since(ctx, 0)
	w, _ := want.Since(ctx, 0)
	for _, list := range [][]id.File{g, w} { // within one record no order is promised
		slices.SortFunc(list, func(a, b id.File) int { return bytes.Compare(a[:], b[:]) })
	}
	equal(t, "Since", g, err, w, nil)
}

// collect reads a sequence to its end.
func collect[T any](seq iter.Seq2[T, error]) (out []T, err error) {
	for x, err := range seq {
		if err != nil {
			return out, err
		}
		out = append(out, x)
	}
	return out, nil
}

// none asks for what nobody has.
func none(ctx context.Context, t failer, v catalogue.View) {
	t.Helper()
	_, e1 := v.Node(ctx, id.NewFile())
	_, e2 := v.Child(ctx, id.NewFile(), "no such name")
	_, e3 := v.Version(ctx, id.NewVersion())
	_, e4 := v.Epoch(ctx, id.NewEpoch())
	_, e5 := history(ctx, v, id.NewFile())
	_, e6 := v.Node(ctx, id.File{}) // the root has no node
	for i, err := range []error{e1, e2, e3, e4, e5, e6} {
		if !errors.Is(err, catalogue.ErrNone) {
			t.Errorf("what is not there (%d): %v, want ErrNone", i, err)
		}
	}
	former, err := v.Former(ctx, id.NewFile(), "no such name")
	if err != nil || len(former) > 0 {
		t.Errorf("what was never there: %v, %v", former, err)
	}
}

// moments are the times of changes, and one before all of them.
func moments(m *model) []time.Time {
	out := []time.Time{{}}
	for _, l := range m.log {
		if !slices.ContainsFunc(out, l.when.Equal) {
			out = append(out, l.when)
		}
	}
	return out
}

// changed collects what has changed since a time, in an order of its own: what a record does first is nobody's business.
func changed(ctx context.Context, v catalogue.View, since time.Time) (out []string, err error) {
	for c, err := range v.Changed(ctx, since) {
		if err != nil {
			return nil, err
		}
		out = append(out, fmt.Sprintf("%v", c))
	}
	slices.Sort(out)
	return out, nil
}

// list collects a listing in the order of its files.
func list(ctx context.Context, v catalogue.View, dir id.File, removed bool) (out []catalogue.Node, err error) {
	for n, err := range v.List(ctx, dir, removed) {
		if err != nil {
			return nil, err
		}
		out = append(out, unnumbered(n))
	}
	slices.SortFunc(out, func(a, b catalogue.Node) int { return bytes.Compare(a.File[:], b.File[:]) })
	return out, nil
}

// former asks who had a name, in the order in which it is answered.
func former(ctx context.Context, v catalogue.View, dir id.File, name string) ([]catalogue.Node, error) {
	out, err := v.Former(ctx, dir, name)
	for i := range out {
		out[i] = unnumbered(out[i])
	}
	return out, err
}

func history(ctx context.Context, v catalogue.View, file id.File) (out []catalogue.Change, err error) {
	for c, err := range v.History(ctx, file) {
		if err != nil {
			return nil, err
		}
		out = append(out, c)
	}
	return out, nil
}

// writer makes batches as they would come from one share's packs, one frame behind the other.
type writer struct {
	end  pack.Position
	made int
}

// frame returns the place of the next frame. Packs are short, so that positions cross from one to the next.
func (w *writer) frame(size uint32) pack.Place {
	if w.made++; w.made%7 == 1 {
		w.end = pack.Position{Pack: w.end.Pack + 1, Offset: 64}
	}
	p := pack.Place{Position: w.end, Size: size}
	w.end = p.End()
	return p
}

// commit returns a batch of one commit, with a manifest for each Save.
func (w *writer) commit(rec commit.Record) catalogue.Batch {
	c := catalogue.Committed{Record: rec}
	for _, op := range rec.Ops {
		if op.HasManifest() {
			if c.Manifests == nil {
				c.Manifests = make(map[id.Version]pack.Place)
			}
			c.Manifests[op.Version] = w.frame(200)
		}
	}
	c.Place = w.frame(300)
	return catalogue.Batch{Commits: []catalogue.Committed{c}, UpTo: w.end}
}

// join makes one batch of several in a row.
func join(batches ...catalogue.Batch) (out catalogue.Batch) {
	for _, b := range batches {
		out.Chunks = append(out.Chunks, b.Chunks...)
		out.Epochs = append(out.Epochs, b.Epochs...)
		out.Commits = append(out.Commits, b.Commits...)
		out.Gone = append(out.Gone, b.Gone...)
		out.UpTo = b.UpTo
	}
	return out
}
