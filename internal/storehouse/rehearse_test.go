package storehouse

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/door/api"
	"github.com/azekura/azekura/internal/door/api/client"
	"github.com/azekura/azekura/internal/durable"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/keeper/card"
	"github.com/azekura/azekura/internal/keeper/piece"
	"github.com/azekura/azekura/internal/problem"
)

// drilled is a house with a medium, a key card, and papers.
type drilled struct {
	t      *testing.T
	cfg    Config
	h      *House
	c      *client.Client
	at     string
	card   card.Card
	papers []piece.Piece
}

// newDrilled makes a house with files of all sizes in two shares, and copies it to a medium.
func newDrilled(t *testing.T, files int) *drilled {
	t.Helper()
	cfg, _ := created(t)
	cfg.PackSize = 1
	d := &drilled{t: t, cfg: cfg, at: t.TempDir()}
	t.Setenv("TMPDIR", t.TempDir())
	d.h, d.c = stopped(t, cfg, options())
	t.Cleanup(func() { shut(t, d.h) })
	if _, err := d.c.MakeShare(t.Context(), "名簿"); err != nil {
		t.Fatal(err)
	}
	r := rand.New(rand.NewPCG(1, 2))
	for i := range files {
		b := make([]byte, []int{100, 70_000, 700_000}[i%3])
		for j := range b {
			b[j] = byte(r.Uint32())
		}
		saved(t, d.c, fmt.Sprintf("/アルバム/%d.jpg", i), string(b))
	}
	saved(t, d.c, "/アルバム/0.jpg", "a later version")
	saved(t, d.c, "/名簿/list.csv", "one,two")
	p, err := d.c.MakePapers(t.Context(), api.PapersRequest{Needed: 2, Of: 3})
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range p.Papers {
		one, err := piece.Parse(x.Code)
		if err != nil {
			t.Fatal(err)
		}
		d.papers = append(d.papers, one)
	}
	d.newCard("safe")
	if _, err := d.c.MakeMedium(t.Context(), api.NewMedium{Path: d.at, Label: "disk A", Set: "A", Place: "bank"}); err != nil {
		t.Fatal(err)
	}
	if _, err := synced(t, d.c, d.at); err != nil {
		t.Fatal(err)
	}
	return d
}

func (d *drilled) newCard(name string) {
	d.t.Helper()
	f, err := d.c.MakeCard(d.t.Context(), name)
	if err == nil {
		d.card, err = card.Parse(f.Content)
	}
	if err != nil {
		d.t.Fatal(err)
	}
}

// asKeeper rehearses with the keys of the house.
func (d *drilled) asKeeper(q api.DrillRequest) (out api.Drill, err error) {
	for l, err := range d.c.Rehearse(d.t.Context(), q) {
		if err != nil {
			return out, err
		}
		if l.Drill != nil {
			out = *l.Drill
		}
	}
	return out, nil
}

func (d *drilled) source() Source {
	s := Source{From: d.at}
	s.Keys.Card, s.Keys.Pieces = d.card, slices.Clone(d.papers[:2])
	return s
}

// asStranger rehearses with the card and papers, and looks that nothing is left behind.
func (d *drilled) asStranger(ctx context.Context, src Source, q api.DrillRequest) (api.Drill, error) {
	d.t.Helper()
	out, err := RehearseAsStranger(ctx, options(), src, q, d.c, func(api.DrillProgress) {})
	if left, _ := filepath.Glob(filepath.Join(os.TempDir(), scratchName+"*")); len(left) > 0 {
		d.t.Errorf("left behind: %q", left)
	}
	return out, err
}

// entries counts what the house's ledger tells of drills and of readings for them.
func (d *drilled) entries() (kinds map[string]int, files int) {
	d.t.Helper()
	kinds = make(map[string]int)
	for raw, err := range d.c.Events(d.t.Context(), api.EventFilter{Kinds: []string{"released", "drill-begun", "drill-ended"}}) {
		if err != nil {
			d.t.Fatal(err)
		}
		s := string(raw)
		for _, k := range []string{"released", "drill-begun", "drill-ended"} {
			if strings.Contains(s, `"kind":"`+k+`"`) && (k != "released" || strings.Contains(s, `"purpose":"drill"`)) {
				kinds[k]++
				files += strings.Count(s, `"version"`)
			}
		}
	}
	return kinds, files
}

// TestDrill: with the keys of the house, and with card and papers, everything on a medium is what was saved, in a sample and in all; each reading
// stands in the ledger of the house, the result in its books, and nothing is left in the scratch place.
func TestDrill(t *testing.T) {
	d := newDrilled(t, 9)
	all, err := d.asKeeper(api.DrillRequest{Path: d.at, All: true})
	if err != nil || !all.Good() || all.Tried != 11 || all.Versions != 11 || all.Whole != 11 || all.Keys != account.DrillKeeper || all.Label != "disk A" || all.Number != 1 || all.First == 0 || all.OfShares != 2 {
		t.Fatalf("%+v, %v", all, err)
	}
	if k, files := d.entries(); k["drill-begun"] != 1 || k["drill-ended"] != 1 || k["released"] < 2 || files != 11 {
		t.Errorf("in the ledger: %v, %d files", k, files)
	}
	some, err := d.asStranger(t.Context(), d.source(), api.DrillRequest{Sample: 4, Seed: 3})
	if err != nil || !some.Good() || some.Keys != account.DrillPapers || some.Papers != 1 || some.Card != "1 safe" || some.Seed != 3 || some.Tried < 4 || some.Tried > 8 || some.Estimate == 0 || some.First > some.Ready+some.Reading+1 || some.Number != 2 {
		t.Fatalf("%+v, %v", some, err)
	}
	if r, err := d.c.Reserve(t.Context()); err != nil || r.Papers.Tested.IsZero() || r.Papers.Opened.IsZero() || slices.Contains(r.Lacks, "untested") {
		t.Errorf("papers that have opened the medium count as untested: %+v, %v", r, err)
	}
	for _, s := range some.Shares {
		if s.Tried == 0 {
			t.Errorf("the sample leaves %s out", s.Name)
		}
	}
	if k, files := d.entries(); k["drill-begun"] != 2 || k["drill-ended"] != 2 || files != 11+some.Tried {
		t.Errorf("in the ledger: %v, %d files, want %d", k, files, 11+some.Tried)
	}
	again, err := d.asStranger(t.Context(), d.source(), api.DrillRequest{Sample: 4, Seed: 3})
	if err != nil || again.Tried != some.Tried || again.Read != some.Read {
		t.Errorf("the same seed takes %d files and %d bytes, before %d and %d: %v", again.Tried, again.Read, some.Tried, some.Read, err)
	}
	list, err := d.c.Drills(t.Context())
	if err != nil || len(list) != 3 || list[0].Number != 3 || list[2].By == "" {
		t.Errorf("%+v, %v", list, err)
	}
	c, err := d.c.Media(t.Context())
	if err != nil || len(c.Drills) != 1 || c.Drills[0].State != "good" || c.LastDrill == nil || c.LastDrill.Number != 3 || c.Drills[0].Due.IsZero() {
		t.Errorf("%+v, %v", c.Drills, err)
	}
	if left, err := os.ReadDir(d.h.at.drills); err != nil || len(left) > 0 {
		t.Errorf("left: %v, %v", left, err)
	}
	for _, format := range []string{"pdf", "html"} {
		if b, err := d.c.DrillReport(t.Context(), 2, format); err != nil || !bytes.Contains(b, map[string][]byte{"pdf": []byte("%PDF"), "html": []byte("disk A")}[format]) {
			t.Errorf("%s: %d bytes, %v", format, len(b), err)
		}
	}
}

// TestDrillInto: files are written in clear only where somebody says so, into an empty folder; where there is no house, not at all.
func TestDrillInto(t *testing.T) {
	d := newDrilled(t, 3)
	into := t.TempDir()
	x, err := d.asStranger(t.Context(), d.source(), api.DrillRequest{All: true, Into: into})
	if err != nil || !x.Good() || !x.Kept {
		t.Fatalf("%+v, %v", x, err)
	}
	if b, err := os.ReadFile(filepath.Join(into, "アルバム", "0.jpg")); err != nil || string(b) != "a later version" {
		t.Errorf("%q, %v", b, err)
	}
	if list, err := filepath.Glob(filepath.Join(into, "earlier versions", "*", "0.jpg")); err != nil || len(list) != 1 {
		t.Errorf("earlier versions: %q, %v", list, err)
	}
	for name, err := range map[string]error{
		"not empty":     second(d.asKeeper(api.DrillRequest{Path: d.at, Into: into})),
		"not there":     second(d.asKeeper(api.DrillRequest{Path: d.at, Into: filepath.Join(into, "no")})),
		"in the house":  second(d.asKeeper(api.DrillRequest{Path: d.at, Into: d.cfg.Data})),
		"a sample of 0": second(d.asKeeper(api.DrillRequest{Path: d.at, Sample: -1})),
	} {
		if problem.KindOf(err) != problem.Invalid {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := RehearseAsStranger(t.Context(), options(), d.source(), api.DrillRequest{Into: t.TempDir()}, nil, func(api.DrillProgress) {}); problem.KindOf(err) != problem.Denied {
		t.Errorf("in clear without a ledger: %v", err)
	}
	x, err = RehearseAsStranger(t.Context(), options(), d.source(), api.DrillRequest{}, nil, func(api.DrillProgress) {})
	if err != nil || !x.Good() || x.Number != 0 {
		t.Errorf("on a machine without a house: %+v, %v", x, err)
	}
}

func second[T any](_ T, err error) error { return err }

// TestDrillOfAnOldState: an older state holds what it held then, and the sample knows nothing of what came later.
func TestDrillOfAnOldState(t *testing.T) {
	d := newDrilled(t, 3)
	saved(t, d.c, "/アルバム/later.jpg", "later")
	if out, err := synced(t, d.c, d.at); err != nil || out.State != 2 {
		t.Fatal(out, err)
	}
	for state, want := range map[uint64]int{1: 5, 2: 6} {
		if x, err := d.asStranger(t.Context(), d.source(), api.DrillRequest{All: true, State: state}); err != nil || !x.Good() || x.Tried != want || x.State != state {
			t.Errorf("state %d: %+v, %v", state, x, err)
		}
		if x, err := d.asKeeper(api.DrillRequest{Path: d.at, All: true, State: state}); err != nil || !x.Good() || x.Tried != want || x.State != state {
			t.Errorf("state %d, with the keys of the house: %+v, %v", state, x, err)
		}
	}
}

// segmentsOf lists the objects of a medium that hold packs, the largest first.
func segmentsOf(t *testing.T, at string) (out []string) {
	t.Helper()
	sizes := make(map[string]int64)
	err := filepath.WalkDir(filepath.Join(at, "packs"), func(name string, e fs.DirEntry, err error) error {
		if err == nil && e.Type().IsRegular() {
			i, err := e.Info()
			if err != nil {
				return err
			}
			sizes[name] = i.Size()
			out = append(out, name)
		}
		return err
	})
	if err != nil || len(out) == 0 {
		t.Fatal(out, err)
	}
	slices.SortFunc(out, func(a, b string) int { return int(sizes[b] - sizes[a]) })
	return out
}

// TestDrillOfDamage: bytes that are turned, cut off or gone on a medium fail the drill, with the names of what is lost and what to do; the rest
// is whole, and the home page does not say that there are no errors.
func TestDrillOfDamage(t *testing.T) {
	d := newDrilled(t, 9)
	seg := segmentsOf(t, d.at)[0]
	whole, err := os.ReadFile(seg)
	if err != nil {
		t.Fatal(err)
	}
	turned := bytes.Clone(whole)
	for i := len(turned) / 4; i < len(turned); i += len(turned) / 4 {
		turned[i] ^= 0x55
	}
	for name, b := range map[string][]byte{"turned": turned, "cut": whole[:len(whole)/2], "gone": nil} {
		if err := os.Chmod(seg, 0o600); err != nil && name != "gone" {
			t.Fatal(err)
		}
		if b == nil {
			err = os.Remove(seg)
		} else {
			err = os.WriteFile(seg, b, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
		for _, drill := range []func() (api.Drill, error){
			func() (api.Drill, error) { return d.asKeeper(api.DrillRequest{Path: d.at, All: true}) },
			func() (api.Drill, error) {
				return d.asStranger(t.Context(), d.source(), api.DrillRequest{All: true})
			},
		} {
			x, err := drill()
			if err != nil || x.Outcome != account.DrillFailed || x.Failed == 0 || len(x.Failures) == 0 || x.Whole == 0 || x.Good() {
				t.Errorf("%s: %+v, %v", name, x, err)
				continue
			}
			lost := 0
			for _, f := range x.Failures {
				if f.Path == "" || f.Reason == "" {
					t.Errorf("%s: %+v", name, f)
				}
				if f.Reason == "lost" {
					lost++
				}
			}
			if x.Tried+lost != 11 {
				t.Errorf("%s: %d were tried and %d are lost, of 11: %+v", name, x.Tried, lost, x)
			}
		}
		if err := os.WriteFile(seg, whole, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	c, err := d.c.Media(t.Context())
	if err != nil || c.Drills[0].State != "failed" {
		t.Errorf("%+v, %v", c.Drills, err)
	}
	for _, r := range c.Rules {
		if r.Rule == "errors" && r.Level != "bad" {
			t.Errorf("the rule says %+v", r)
		}
	}
	if x, err := d.asKeeper(api.DrillRequest{Path: d.at, All: true}); err != nil || !x.Good() {
		t.Errorf("put back: %+v, %v", x, err)
	}
}

// pulled is a disk that is pulled out at its n-th call. Outside of its folder nothing happens.
type pulled struct {
	durable.FS
	at    string
	calls atomic.Int64
	after int64
}

func (p *pulled) gone(name string) error {
	if !strings.HasPrefix(name, p.at) || p.calls.Add(1) <= p.after {
		return nil
	}
	return &fs.PathError{Op: "open", Path: name, Err: syscall.EIO}
}

func (p *pulled) OpenFile(name string, flag int, perm fs.FileMode) (durable.File, error) {
	if err := p.gone(name); err != nil {
		return nil, err
	}
	f, err := p.FS.OpenFile(name, flag, perm)
	return pulledFile{f, p, name}, err
}

func (p *pulled) ReadDir(name string) ([]fs.DirEntry, error) {
	if err := p.gone(name); err != nil {
		return nil, err
	}
	return p.FS.ReadDir(name)
}

type pulledFile struct {
	durable.File
	p    *pulled
	name string
}

func (f pulledFile) ReadAt(b []byte, off int64) (int, error) {
	if err := f.p.gone(f.name); err != nil {
		return 0, err
	}
	return f.File.ReadAt(b, off)
}

// TestDrillPulledOut: at whatever call the medium is pulled out, the drill is broken off, and nothing counts as proven.
func TestDrillPulledOut(t *testing.T) {
	d := newDrilled(t, 6)
	src, count := d.source(), &pulled{FS: durable.OS(), at: d.at, after: 1 << 40}
	src.disk = count
	if x, err := d.asStranger(t.Context(), src, api.DrillRequest{All: true}); err != nil || !x.Good() {
		t.Fatalf("%+v, %v", x, err)
	}
	total, r, broken := count.calls.Load(), rand.New(rand.NewPCG(7, 7)), 0
	opening := int64(0) // calls until the drill is entered
	for range 12 {
		after := r.Int64N(total - 1)
		src.disk = &pulled{FS: durable.OS(), at: d.at, after: after}
		x, err := d.asStranger(t.Context(), src, api.DrillRequest{All: true})
		switch {
		case err != nil: // before it was begun
			opening = max(opening, after)
		case x.Outcome != account.DrillBroken || x.Why != "hint.drill-pulled" || x.Whole != 0 || x.First != 0 || x.Good():
			t.Errorf("pulled out at call %d of %d: %+v", after, total, x)
		default:
			broken++
		}
	}
	if broken < 4 || opening > total/2 {
		t.Errorf("%d of 12 were broken off on the way; the opening takes %d of %d calls", broken, opening, total)
	}
	ctx, stop := context.WithCancel(t.Context())
	x, err := RehearseAsStranger(ctx, options(), d.source(), api.DrillRequest{All: true}, d.c, func(p api.DrillProgress) {
		if p.Tried == 2 {
			stop()
		}
	})
	if err != nil || x.Outcome != account.DrillBroken || x.Why != "hint.drill-interrupted" || x.Whole != 0 {
		t.Errorf("interrupted: %+v, %v", x, err)
	}
	for _, y := range first(d.c.Drills(t.Context())) {
		if y.Ended.IsZero() {
			t.Errorf("drill %d has no end", y.Number)
		}
	}
}

func first[T any](x T, _ error) T { return x }

// TestDrillKilled: what was begun and never ended stays in the books as that, over a start, and its books go.
func TestDrillKilled(t *testing.T) {
	d := newDrilled(t, 1)
	if _, err := d.c.BeginDrill(t.Context(), api.Drill{Medium: first(d.c.Media(t.Context())).Media[0].ID, State: 1}); err != nil {
		t.Fatal(err)
	}
	if _, err := d.c.DrillReadings(t.Context(), 2, []api.DrillReading{{}}); problem.KindOf(err) != problem.NotFound {
		t.Errorf("a drill that was never begun: %v", err)
	}
	share := first(d.h.keeper.Keeper().Shares(t.Context(), first(d.h.keeper.Keeper().Login(t.Context(), account.Credentials{Name: "root", Factor: account.Console, Door: "console"})).ID))[0].ID
	never := api.DrillReading{Share: share, Version: id.NewVersion(), Path: "/アルバム/x"}
	if gone, err := d.c.DrillReadings(t.Context(), 1, []api.DrillReading{never, {Share: id.NewShare(), Version: id.NewVersion(), Path: "/erased/x"}}); err != nil || len(gone) != 2 {
		t.Errorf("what the house does not keep: %v, %v", gone, err)
	}
	left, alive := filepath.Join(os.TempDir(), scratchName+"left"), filepath.Join(os.TempDir(), scratchName+"alive")
	begun := func(at string) (unlock func() error) {
		unlock, err := lockDir(at, filepath.Join(at, "lock"), "rehearse medium", "")
		if err != nil {
			t.Fatal(err)
		}
		return unlock
	}
	begun(left)()
	defer begun(alive)()
	sweepScratch()
	if _, err := os.Stat(left); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("what a killed drill has left is still there: %v", err)
	}
	if _, err := os.Stat(alive); err != nil {
		t.Errorf("the scratch place of a drill at work is gone: %v", err)
	}
	if err := os.MkdirAll(filepath.Join(d.h.at.drills, "x"), 0o700); err != nil {
		t.Fatal(err)
	}
	begun(left)()
	shut(t, d.h)
	d.h, d.c = stopped(t, d.cfg, options())
	list, err := d.c.Drills(t.Context())
	if err != nil || len(list) != 1 || !list[0].Ended.IsZero() || list[0].Good() || list[0].Keys != account.DrillPapers {
		t.Errorf("%+v, %v", list, err)
	}
	for _, at := range []string{d.h.at.drills, left} {
		if _, err := os.Stat(at); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s is still there after a start: %v", at, err)
		}
	}
	now := time.Now()
	set := api.DrillsOf(d.h.keeper.local.KnownMedia(), list, 90, now.Add(8*24*time.Hour))
	if len(set) != 1 || set[0].State != "failed" {
		t.Errorf("eight days later: %+v", set)
	}
}
