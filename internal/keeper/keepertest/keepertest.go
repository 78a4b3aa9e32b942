// Package keepertest is what every keeper.Keeper must pass, in this process or over a network.
package keepertest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/event"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/keeper"
	"github.com/azekura/azekura/internal/problem"
	"github.com/azekura/azekura/internal/seal"
)

// House is a keeper with people and shares in it.
type House struct {
	Keeper keeper.Keeper

	// Writer may write in Share, Reader may read in it; neither may do anything in Closed. Stranger's password is
	// wrong. Administrator administers.
	Writer, Reader, Stranger, Administrator account.Credentials
	Share, Closed                           id.Share

	// Recorded returns all events that are durable in the ledger, in order.
	Recorded func(t *testing.T) []event.Event
}

// Run runs the suite. build makes a new house for each test of it.
func Run(t *testing.T, build func(t *testing.T) House) {
	for _, c := range []struct {
		name string
		test func(*testing.T, House)
	}{
		{"login is recorded once", loginOnce},
		{"login fails", loginFails},
		{"rights", rights},
		{"a key opens what was saved", releaseOpens},
		{"a release is one event", releaseRecorded},
		{"a large release is split", releaseLarge},
		{"what is refused", refused},
		{"nothing after the end", ended},
		{"another epoch's name opens nothing", wrongEpoch},
		{"unlock is recorded", unlockRecorded},
		{"what a storehouse may record", recordKinds},
		{"who reads the ledger", auditing},
		{"a request that was given up", cancelled},
		{"side by side", concurrent},
	} {
		t.Run(c.name, func(t *testing.T) { c.test(t, build(t)) })
	}
}

func login(t *testing.T, h House, c account.Credentials) account.Session {
	t.Helper()
	s, err := h.Keeper.Login(t.Context(), c)
	if err != nil {
		t.Fatalf("log in: %v", err)
	}
	return s
}

// writer seals as a storehouse does.
type writer struct {
	share id.Share
	meta  *seal.Metadata
	epoch *seal.Epoch
}

func open(t *testing.T, h House, s account.Session) *writer {
	t.Helper()
	u, err := h.Keeper.Unlock(t.Context(), s.ID, h.Share)
	if err != nil {
		t.Fatalf("unlock: %v", err)
	}
	e, err := u.Recipient.NewEpoch(h.Share)
	if err != nil {
		t.Fatal(err)
	}
	return &writer{h.Share, seal.NewMetadata(u.Metadata), e}
}

// save returns a new version, and the key that the storehouse has while it saves.
func (w *writer) save(t *testing.T, path string) (keeper.Sealed, seal.Key) {
	t.Helper()
	v := id.NewVersion()
	k, err := w.epoch.FileKey(v)
	if err != nil {
		t.Fatal(err)
	}
	return keeper.Sealed{Version: v, Epoch: w.epoch.ID, Enc: w.epoch.Enc, Path: w.meta.SealPath(path)}, k
}

func (w *writer) request(s account.Session, files ...keeper.Sealed) keeper.Request {
	return keeper.Request{Session: s.ID, Purpose: account.Open, Share: w.share, Files: files}
}

// wantKind fails the test unless err is a problem of kind k.
func wantKind(t *testing.T, what string, err error, k problem.Kind) {
	t.Helper()
	if _, ok := errors.AsType[*problem.Error](err); !ok || problem.KindOf(err) != k {
		t.Errorf("%s: %v, want a problem of kind %v", what, err, k)
	}
}

// of returns the events of a kind.
func of(events []event.Event, k event.Kind) []event.Event {
	return slices.DeleteFunc(slices.Clone(events), func(e event.Event) bool { return e.Kind != k })
}

func loginOnce(t *testing.T, h House) {
	before := len(of(h.Recorded(t), event.Login))
	first := login(t, h, h.Writer)
	for range 5 {
		if again := login(t, h, h.Writer); again != first {
			t.Errorf("logged in as %+v, then as %+v", first, again)
		}
	}
	elsewhere := h.Writer
	elsewhere.Door = "sftp"
	if other := login(t, h, elsewhere); other.ID == first.ID {
		t.Error("another door has the same session")
	}
	logins := of(h.Recorded(t), event.Login)[before:]
	if len(logins) != 2 {
		t.Fatalf("%d logins in the ledger, want 2", len(logins))
	}
	e := logins[0]
	if e.Session != first.ID || e.Account != first.Account || e.Actor != first.Name || e.Address != first.Address || e.Device != first.Device || !e.Until.Equal(first.Expires) {
		t.Errorf("the ledger has %+v of the session %+v", e, first)
	}
	if first.Role != account.Staff || first.Name != h.Writer.Name || !first.Expires.After(first.Started) {
		t.Errorf("session %+v", first)
	}
}

func loginFails(t *testing.T, h House) {
	unknown, console, nothing := h.Writer, h.Writer, h.Writer
	unknown.Name = "nobody of this name"
	console.Factor = account.Console
	nothing.Factor, nothing.Secret = account.Password, ""
	for _, c := range []account.Credentials{h.Stranger, unknown, console, nothing, {}} {
		s, err := h.Keeper.Login(t.Context(), c)
		wantKind(t, fmt.Sprintf("%v as %q", c, c.Name), err, problem.Unauthenticated)
		if s != (account.Session{}) {
			t.Errorf("%v: a session in spite of the error", c)
		}
	}
	if n := len(of(h.Recorded(t), event.LoginFailed)); n != 5 {
		t.Errorf("%d failed logins in the ledger, want 5", n)
	}
}

func rights(t *testing.T, h House) {
	w, r := login(t, h, h.Writer), login(t, h, h.Reader)
	for _, c := range []struct {
		s     account.Session
		share id.Share
		write bool
		ok    bool
	}{
		{w, h.Share, false, true}, {w, h.Share, true, true}, {w, h.Closed, false, false}, {w, h.Closed, true, false},
		{r, h.Share, false, true}, {r, h.Share, true, false}, {r, h.Closed, false, false}, {r, id.NewShare(), false, false},
	} {
		err := h.Keeper.Check(t.Context(), c.s.ID, c.share, c.write)
		if c.ok && err != nil {
			t.Errorf("%s may not (write %v): %v", c.s.Name, c.write, err)
		} else if !c.ok {
			wantKind(t, c.s.Name, err, problem.Denied)
		}
	}
	for _, c := range []struct {
		s     account.Session
		write bool
	}{{w, true}, {r, false}} {
		list, err := h.Keeper.Shares(t.Context(), c.s.ID)
		if err != nil || len(list) != 1 || list[0].ID != h.Share || list[0].Write != c.write {
			t.Errorf("%s sees %+v, %v", c.s.Name, list, err)
		}
	}
	wantKind(t, "nobody's session", h.Keeper.Check(t.Context(), id.NewSession(), h.Share, false), problem.Unauthenticated)
	_, err := h.Keeper.Shares(t.Context(), id.NewSession())
	wantKind(t, "shares of nobody's session", err, problem.Unauthenticated)
	_, err = h.Keeper.Unlock(t.Context(), w.ID, h.Closed)
	wantKind(t, "unlocking a closed share", err, problem.Denied)
}

func releaseOpens(t *testing.T, h House) {
	s := login(t, h, h.Reader)
	w := open(t, h, s)
	var files []keeper.Sealed
	var keys []seal.Key
	for n := range 20 {
		if n == 10 {
			w = open(t, h, s) // a second epoch
		}
		f, k := w.save(t, fmt.Sprintf("/albums/%d", n))
		files, keys = append(files, f), append(keys, k)
	}
	files, keys = append(files, files[3]), append(keys, keys[3]) // asked for twice
	leases, err := h.Keeper.Release(t.Context(), w.request(s, files...))
	if err != nil || len(leases) != len(files) {
		t.Fatalf("%d leases, %v", len(leases), err)
	}
	for i, l := range leases {
		if l.Version != files[i].Version || l.Key != keys[i] || !l.Until.After(s.Started) || l.Until.After(s.Expires) {
			t.Errorf("lease %d of %v until %v is not that of the request", i, l.Version, l.Until)
		}
	}
}

func releaseRecorded(t *testing.T, h House) {
	s := login(t, h, h.Reader)
	w := open(t, h, s)
	a, _ := w.save(t, "/albums/a")
	b, _ := w.save(t, "/albums/b")
	before := len(of(h.Recorded(t), event.Released))
	q := w.request(s, a, b)
	q.Purpose = account.Export
	leases, err := h.Keeper.Release(t.Context(), q)
	if err != nil {
		t.Fatal(err)
	}
	got := of(h.Recorded(t), event.Released)[before:]
	if len(got) != 1 {
		t.Fatalf("%d events, want 1", len(got))
	}
	e := got[0]
	if e.Session != s.ID || e.Account != s.Account || e.Actor != s.Name || e.Device != s.Device || e.Address != s.Address || e.Door != s.Door ||
		e.Share != h.Share || e.Purpose != account.Export || len(e.Files) != 2 || e.Files[0].Version != a.Version || string(e.Files[1].Path) != string(b.Path) {
		t.Errorf("recorded %+v", e)
	}
	for _, l := range leases {
		if l.Until.After(e.Until) {
			t.Errorf("a lease until %v, the ledger says %v", l.Until, e.Until)
		}
	}
}

func releaseLarge(t *testing.T, h House) {
	s := login(t, h, h.Administrator) // nobody else may read as much at once
	w := open(t, h, s)
	files := make([]keeper.Sealed, keeper.MaxRelease)
	f, _ := w.save(t, "/albums/a path of some length, as they are in albums.jpg")
	for i := range files {
		files[i] = f
		files[i].Version = id.NewVersion()
	}
	before := len(of(h.Recorded(t), event.Released))
	leases, err := h.Keeper.Release(t.Context(), w.request(s, files...))
	if err != nil || len(leases) != len(files) {
		t.Fatalf("%d leases, %v", len(leases), err)
	}
	n := 0
	for _, e := range of(h.Recorded(t), event.Released)[before:] {
		for _, f := range e.Files {
			if f.Version != files[n].Version {
				t.Fatalf("file %d of the ledger is another one", n)
			}
			n++
		}
	}
	if n != len(files) {
		t.Errorf("%d files in the ledger, want %d", n, len(files))
	}
	_, err = h.Keeper.Release(t.Context(), w.request(s, append(files, f)...))
	wantKind(t, "one file more", err, problem.TooLarge)
	n = len(of(h.Recorded(t), event.Released))
	q := w.request(login(t, h, h.Reader), files...)
	q.Purpose = account.Export
	_, err = h.Keeper.Release(t.Context(), q)
	wantKind(t, "more than the budget", err, problem.Spent)
	if more := len(of(h.Recorded(t), event.Released)); more != n {
		t.Error("what was refused stands in the ledger as released")
	}
}

func refused(t *testing.T, h House) {
	s := login(t, h, h.Reader)
	w := open(t, h, s)
	f, _ := w.save(t, "/albums/a")
	long, noVersion := f, f
	long.Path = make([]byte, 1<<20)
	noVersion.Version = id.Version{}
	good := w.request(s, f)
	before := len(of(h.Recorded(t), event.Refused))
	cases := []struct {
		name string
		edit func(q *keeper.Request)
		kind problem.Kind
	}{
		{"nobody's session", func(q *keeper.Request) { q.Session = id.NewSession() }, problem.Unauthenticated},
		{"a closed share", func(q *keeper.Request) { q.Share = h.Closed }, problem.Denied},
		{"no share", func(q *keeper.Request) { q.Share = id.NewShare() }, problem.Denied},
		{"no purpose", func(q *keeper.Request) { q.Purpose = "" }, problem.Invalid},
		{"unknown purpose", func(q *keeper.Request) { q.Purpose = "curiosity" }, problem.Invalid},
		{"nothing", func(q *keeper.Request) { q.Files = nil }, problem.Invalid},
		{"an endless path", func(q *keeper.Request) { q.Files = []keeper.Sealed{f, long} }, problem.Invalid},
		{"no version", func(q *keeper.Request) { q.Files = []keeper.Sealed{noVersion} }, problem.Invalid},
	}
	for _, c := range cases {
		q := good
		c.edit(&q)
		leases, err := h.Keeper.Release(t.Context(), q)
		wantKind(t, c.name, err, c.kind)
		if leases != nil {
			t.Errorf("%s: leases in spite of the error", c.name)
		}
	}
	if n := len(of(h.Recorded(t), event.Refused)) - before; n != len(cases) {
		t.Errorf("%d refusals in the ledger, want %d", n, len(cases))
	}
	if leases, err := h.Keeper.Release(t.Context(), good); err != nil || len(leases) != 1 {
		t.Errorf("afterwards: %d leases, %v", len(leases), err)
	}
}

func ended(t *testing.T, h House) {
	s := login(t, h, h.Writer)
	w := open(t, h, s)
	f, _ := w.save(t, "/albums/a")
	if err := h.Keeper.End(t.Context(), s.ID, "left"); err != nil {
		t.Fatal(err)
	}
	_, err := h.Keeper.Release(t.Context(), w.request(s, f))
	wantKind(t, "release", err, problem.Unauthenticated)
	_, err = h.Keeper.Unlock(t.Context(), s.ID, h.Share)
	wantKind(t, "unlock", err, problem.Unauthenticated)
	wantKind(t, "check", h.Keeper.Check(t.Context(), s.ID, h.Share, false), problem.Unauthenticated)
	if err := h.Keeper.End(t.Context(), s.ID, "left"); err != nil {
		t.Errorf("ending it again: %v", err)
	}
	out := of(h.Recorded(t), event.Logout)
	if len(out) == 0 || out[len(out)-1].Session != s.ID || out[len(out)-1].Note != "left" {
		t.Errorf("the ledger has %+v", out)
	}
	if again := login(t, h, h.Writer); again.ID == s.ID {
		t.Error("the ended session came back")
	}
}

func wrongEpoch(t *testing.T, h House) {
	s := login(t, h, h.Reader)
	one, two := open(t, h, s), open(t, h, s)
	f, k := one.save(t, "/albums/a")
	if _, err := h.Keeper.Release(t.Context(), one.request(s, f)); err != nil { // so that the epoch is known
		t.Fatal(err)
	}
	for _, enc := range [][]byte{two.epoch.Enc, nil, f.Enc[1:]} {
		g := f
		g.Enc = enc
		if leases, err := h.Keeper.Release(t.Context(), one.request(s, g)); err == nil && leases[0].Key == k {
			t.Error("an epoch's name was enough for its keys")
		}
	}
	g := f
	g.Enc = f.Enc[1:]
	leases, err := h.Keeper.Release(t.Context(), one.request(s, f, g))
	wantKind(t, "one good, one bad", err, problem.Damaged)
	if leases != nil {
		t.Error("a part of a request was given")
	}
}

func unlockRecorded(t *testing.T, h House) {
	s := login(t, h, h.Reader)
	before := len(of(h.Recorded(t), event.Unlocked))
	open(t, h, s)
	got := of(h.Recorded(t), event.Unlocked)[before:]
	if len(got) != 1 || got[0].Session != s.ID || got[0].Share != h.Share {
		t.Errorf("recorded %+v", got)
	}
}

func recordKinds(t *testing.T, h House) {
	s := login(t, h, h.Writer)
	mine := []event.Event{
		{Kind: event.Saved, Session: s.ID, Share: h.Share, Files: []event.File{{Version: id.NewVersion()}}},
		{Kind: event.Changed, Session: s.ID, Share: h.Share, Note: "removed"},
		{Kind: event.PackSealed, Share: h.Share, Pack: 3, Size: 64 << 20, Digest: [32]byte{1}},
		{Kind: event.PackRewritten, Share: h.Share, Pack: 3, Size: 64 << 20, Digest: [32]byte{2}},
		{Kind: event.Verified, Session: s.ID, Share: h.Share, Size: 64 << 20, Note: event.NoFindings},
	}
	if err := h.Keeper.Record(t.Context(), mine...); err != nil {
		t.Fatal(err)
	}
	got := h.Recorded(t)
	got = got[len(got)-len(mine):]
	for i, e := range got {
		if e.Kind != mine[i].Kind || e.Session != mine[i].Session || e.Pack != mine[i].Pack || e.When.IsZero() {
			t.Errorf("recorded %+v of %+v", e, mine[i])
		}
	}
	for _, k := range []event.Kind{event.Released, event.Login, event.Heartbeat, event.Started, "", "made up"} {
		wantKind(t, "recording "+string(k), h.Keeper.Record(t.Context(), event.Event{Kind: k}), problem.Denied)
	}
	if err := h.Keeper.Record(t.Context()); err != nil {
		t.Errorf("nothing to record: %v", err)
	}
}

func auditing(t *testing.T, h House) {
	w := login(t, h, h.Writer)
	version := id.NewVersion()
	err := h.Keeper.Record(t.Context(), event.Event{Kind: event.Saved, Session: w.ID, Share: h.Share, Files: []event.File{{Version: version}}},
		event.Event{Kind: event.Changed, Session: w.ID, Share: h.Share, Note: "removed"})
	if err != nil {
		t.Fatal(err)
	}
	read := func(c account.Credentials) (out []keeper.Entry, err error) {
		for e, err := range h.Keeper.Events(t.Context(), login(t, h, c).ID, keeper.Filter{Kinds: []event.Kind{event.Saved}}) {
			if err != nil {
				return out, err
			}
			out = append(out, e)
		}
		return out, nil
	}
	got, err := read(h.Administrator)
	if err != nil || len(got) != 1 || got[0].Event.Kind != event.Saved || got[0].Event.Share != h.Share || got[0].Event.Files[0].Version != version {
		t.Errorf("saves in the ledger: %+v, %v", got, err)
	}
	got, err = read(h.Writer)
	if err != nil || len(got) > 0 {
		t.Errorf("a member of staff read of others' acts %+v, %v", got, err)
	}
}

func cancelled(t *testing.T, h House) {
	s := login(t, h, h.Reader)
	w := open(t, h, s)
	f, _ := w.save(t, "/albums/a")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	leases, err := h.Keeper.Release(ctx, w.request(s, f))
	wantKind(t, "release", err, problem.Unavailable)
	if leases != nil {
		t.Error("leases in spite of the error")
	}
}

func concurrent(t *testing.T, h House) {
	var all sync.WaitGroup
	before := len(of(h.Recorded(t), event.Login))
	for range 8 {
		all.Go(func() {
			s, err := h.Keeper.Login(t.Context(), h.Reader)
			if err != nil {
				t.Error(err)
				return
			}
			u, err := h.Keeper.Unlock(t.Context(), s.ID, h.Share)
			if err != nil {
				t.Error(err)
				return
			}
			e, err := u.Recipient.NewEpoch(h.Share)
			if err != nil {
				t.Error(err)
				return
			}
			w := &writer{h.Share, seal.NewMetadata(u.Metadata), e}
			for n := range 10 {
				f, k := w.save(t, fmt.Sprint("/albums/", n))
				leases, err := h.Keeper.Release(t.Context(), w.request(s, f))
				if err != nil || leases[0].Key != k {
					t.Errorf("release: %v", err)
				}
				if err := h.Keeper.Check(t.Context(), s.ID, h.Share, false); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	got := h.Recorded(t)
	if n := len(of(got, event.Login)) - before; n != 1 {
		t.Errorf("%d logins for one device at one address, want 1", n)
	}
	if n := len(of(got, event.Released)); n != 80 {
		t.Errorf("%d releases, want 80", n)
	}
}
