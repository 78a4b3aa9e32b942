package exposure

import (
	"errors"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/event"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/pathname"
)

var (
	shareA, shareB = id.Share{0xA}, id.Share{0xB}
	thief          = id.Session{7}
	day            = time.Date(2026, 7, 12, 9, 0, 0, 0, time.UTC)
)

// clockAt is a time of that day.
func clockAt(hour, min int) time.Time {
	return day.Add(time.Duration(hour-9)*time.Hour + time.Duration(min)*time.Minute)
}

// book is a ledger from 9:00 to 12:00 with a heartbeat a minute, into which a test writes.
type book struct{ list []Entry }

func newBook() *book {
	b := &book{}
	b.add(clockAt(9, 0), event.Event{Kind: event.Started})
	for m := 1; m <= 180; m++ {
		b.add(clockAt(9, m), event.Event{Kind: event.Heartbeat})
	}
	return b
}

func (b *book) add(when time.Time, e event.Event, paths ...pathname.Path) {
	e.When = when
	at := len(b.list)
	for at > 0 && b.list[at-1].Recorded.After(when) {
		at--
	}
	b.list = slices.Insert(b.list, at, Entry{Recorded: when, Event: e, Paths: paths})
	for i := range b.list {
		b.list[i].Index = int64(i)
	}
}

func (b *book) released(when time.Time, s id.Session, v id.Version, why account.Purpose) {
	b.add(when, event.Event{Kind: event.Released, Session: s, Share: shareA, Purpose: why, Until: when.Add(5 * time.Minute), Files: []event.File{{Version: v}}})
}

func (b *book) ledger() Ledger {
	return Ledger{Entries: seq(b.list), Verified: int64(len(b.list)), Read: clockAt(12, 0)}
}

func version(n byte) id.Version { return id.Version{n} }

// file is a file of share A with one version, saved at 9:01, with a key of its own.
func file(n byte, path pathname.Path) *File {
	return &File{ID: id.File{n}, Share: shareA, Paths: []pathname.Path{path},
		Versions: []Version{{ID: version(n), Key: version(n), Epoch: id.Epoch{n}, Equal: [32]byte{n, n}, Saved: clockAt(9, 1)}}}
}

func bySession(from, to time.Time) []Party {
	return []Party{{Kind: Session, Session: thief, From: from, To: to, Shares: []id.Share{shareA}}}
}

func ask(t *testing.T, q Question) *Exposure {
	t.Helper()
	if q.Persons == nil {
		q.Persons = persons{[]id.Share{shareA}}
	}
	x, err := Ask(q)
	if err != nil {
		t.Fatal(err)
	}
	return x
}

// saved writes into the book that the files were saved at 9:01.
func (b *book) saved(files ...*File) {
	for _, f := range files {
		for _, v := range f.Versions {
			b.add(v.Saved, event.Event{Kind: event.Saved, Share: f.Share, Files: []event.File{{Version: v.ID}}})
		}
	}
}

func TestMarks(t *testing.T) {
	mine := func(f *File, at time.Time) *File {
		f.Versions[0].Session, f.Versions[0].Saved = thief, at
		return f
	}
	for name, c := range map[string]struct {
		parties []Party
		file    *File // 1
		write   func(b *book)
		damage  Damage
		want    Mark
	}{
		"nothing": {want: 0},
		"released in its time": {write: func(b *book) { b.released(clockAt(10, 10), thief, version(1), account.Open) },
			want: Released},
		"released before, and the lease was still good": {write: func(b *book) { b.released(clockAt(9, 52), thief, version(1), account.Open) },
			want: Released},
		"released before, and the lease was over": {write: func(b *book) { b.released(clockAt(9, 48), thief, version(1), account.Open) }},
		"released behind":                         {write: func(b *book) { b.released(clockAt(11, 10), thief, version(1), account.Open) }},
		"released to somebody else":               {write: func(b *book) { b.released(clockAt(10, 10), id.Session{8}, version(1), account.Open) }},
		"a copy":                                  {write: func(b *book) { b.released(clockAt(10, 10), thief, version(1), account.Copy) }, want: Released},
		"a preview": {file: func() *File {
			f := file(1, "/a/p1_x.jpg")
			f.Versions[0].Previews, f.Versions[0].Equal = []Preview{{ID: version(99)}}, [32]byte{}
			return f
		}(), write: func(b *book) { b.released(clockAt(10, 10), thief, version(99), account.Preview) }, want: Released},
		"a version that it was copied from": {file: func() *File {
			f := file(1, "/a/p1_x.jpg")
			f.Versions[0].Key = version(98)
			return f
		}(), write: func(b *book) { b.released(clockAt(10, 10), thief, version(98), account.Open) }, want: Released},
		"by the console's account": {parties: []Party{{Kind: Account, From: clockAt(10, 0), To: clockAt(11, 0)}},
			write: func(b *book) { b.released(clockAt(10, 10), thief, version(1), account.Open) }}, // nobody's account is no account
		"saved by itself": {file: mine(file(1, "/a/p1_x.jpg"), clockAt(10, 5)), want: Own},
		"saved by itself and read": {file: mine(file(1, "/a/p1_x.jpg"), clockAt(10, 5)),
			write: func(b *book) { b.released(clockAt(10, 10), thief, version(1), account.Open) }, want: Own | Released},
		"saved by itself before": {file: mine(file(1, "/a/p1_x.jpg"), clockAt(9, 5))},
		"restored": {file: func() *File {
			f := mine(file(1, "/a/p1_x.jpg"), clockAt(10, 5))
			f.Versions[0].Key = version(98)
			return f
		}(), want: Handled | Reach},
		"saved where it had copied": {file: mine(file(1, "/a/p1_x.jpg"), clockAt(10, 15)),
			write: func(b *book) { b.released(clockAt(10, 10), thief, version(97), account.Copy) }, want: Handled | Reach},
		"altered":            {damage: func(id.File) (bool, bool) { return true, false }, want: Altered},
		"altered and intact": {damage: func(id.File) (bool, bool) { return true, true }, want: Altered | Intact},
		"the keeper":         {parties: []Party{{Kind: Keeper, From: clockAt(10, 0), To: clockAt(11, 0)}}, want: Reach | Cipher},
		"one process": {parties: []Party{{Kind: Storehouse, From: clockAt(10, 0), To: clockAt(11, 0)}},
			write: manySaves, want: Reach | Cipher},
		"a storehouse that waits with a preview": {parties: []Party{{Kind: Storehouse, Apart: true, From: clockAt(9, 20), To: clockAt(11, 0)}},
			write: manySaves, want: Reach | Cipher},
		"a reader of a keeper that was restarted": {parties: []Party{{Kind: Storehouse, Apart: true, From: clockAt(11, 0), To: clockAt(11, 30)}},
			write: func(b *book) {
				manySaves(b)
				b.released(clockAt(9, 30), id.Session{8}, version(1), account.Open)
				b.add(clockAt(9, 31), event.Event{Kind: event.Stopped})
				b.add(clockAt(9, 31), event.Event{Kind: event.Started})
			}, want: Cipher},
		"a storehouse, keeper apart": {parties: []Party{{Kind: Storehouse, Apart: true, From: clockAt(11, 0), To: clockAt(11, 30)}},
			write: manySaves, want: Cipher},
		"a storehouse that holds the write epoch": {parties: []Party{{Kind: Storehouse, Apart: true, From: clockAt(11, 0), To: clockAt(11, 30)}},
			want: Cipher | Reach},
		"a storehouse that holds the write epoch of a preview": {parties: []Party{{Kind: Storehouse, Apart: true, From: clockAt(11, 0), To: clockAt(11, 30)}},
			file: func() *File {
				f := file(1, "/a/p1_x.jpg")
				f.Versions[0].Previews = []Preview{{version(99), id.Epoch{99}}}
				return f
			}(), write: manySaves, want: Cipher | Reach},
		"a lease to whomever, in a storehouse": {parties: []Party{{Kind: Storehouse, Apart: true, From: clockAt(11, 0), To: clockAt(11, 30)}},
			write: func(b *book) {
				manySaves(b)
				b.released(clockAt(11, 10), id.Session{8}, version(1), account.Open)
			}, want: Cipher | Reach},
		"a reader that may be open still": {parties: []Party{{Kind: Storehouse, Apart: true, From: clockAt(11, 0), To: clockAt(11, 30)}},
			write: func(b *book) {
				manySaves(b)
				b.released(clockAt(9, 30), id.Session{8}, version(1), account.Open)
			}, want: Cipher | Reach},
		"a reader whose session has ended": {parties: []Party{{Kind: Storehouse, Apart: true, From: clockAt(11, 0), To: clockAt(11, 30)}},
			write: func(b *book) {
				manySaves(b)
				b.released(clockAt(9, 30), id.Session{8}, version(1), account.Open)
				b.add(clockAt(9, 31), event.Event{Kind: event.Logout, Session: id.Session{8}})
			}, want: Cipher},
		"a stolen medium":          {parties: []Party{{Kind: Copy, To: clockAt(11, 0)}}, want: Cipher},
		"a medium made before":     {parties: []Party{{Kind: Copy, To: clockAt(8, 0)}}},
		"a medium of other shares": {parties: []Party{{Kind: Copy, To: clockAt(11, 0), Shares: []id.Share{shareB}}}},
	} {
		t.Run(name, func(t *testing.T) {
			b, f := newBook(), c.file
			if f == nil {
				f = file(1, "/a/p1_x.jpg")
			}
			b.saved(f)
			if c.write != nil {
				c.write(b)
			}
			if c.parties == nil {
				c.parties = bySession(clockAt(10, 0), clockAt(11, 0))
			}
			extra := file(50, "/a/p5_x.jpg") // has the same content as what was copied
			extra.Versions[0].ID, extra.Versions[0].Key = version(97), version(97)
			x := ask(t, Question{Parties: c.parties, Ledger: b.ledger(), Files: seq([]*File{f, extra}), Damage: c.damage})
			if got := x.marks(f); got != c.want {
				t.Errorf("marks %09b, want %09b", got, c.want)
			}
			for _, g := range x.Gaps {
				t.Errorf("a gap: %+v", g)
			}
		})
	}
}

// manySaves lets so many others be saved behind that the storehouse has begun other write epochs since.
func manySaves(b *book) {
	for i := range byte(lastSaved) {
		b.add(clockAt(9, 2), event.Event{Kind: event.Saved, Share: shareA, Files: []event.File{{Version: id.Version{200, i}}}})
	}
}

// TestEqual: who has read a content has read it wherever it stands in the share.
func TestEqual(t *testing.T) {
	b := newBook()
	b.released(clockAt(10, 10), thief, version(1), account.Open)
	one, two := file(1, "/a/p1_x.jpg"), file(2, "/a/p2_x.jpg")
	two.Versions[0].Equal = one.Versions[0].Equal
	x := ask(t, Question{Parties: bySession(clockAt(10, 0), clockAt(11, 0)), Ledger: b.ledger(), Files: seq([]*File{one, two})})
	list := x.List(Filter{Class: Confirmed})
	if len(list) != 2 || len(list[1].Proof) != 1 || b.list[list[1].Proof[0]].Event.Kind != event.Released {
		t.Errorf("%+v", list)
	}
	if got := slices.Collect(x.People(Filter{Class: Confirmed})); !slices.Equal(got, []int{1, 2}) {
		t.Errorf("persons %v", got)
	}
}

// TestAddresses: a session belongs to the address that it began at, and whoever is in the same IPv6 network could go on with it.
func TestAddresses(t *testing.T) {
	b := newBook()
	from := netip.MustParseAddr("2001:db8::1")
	b.add(clockAt(9, 10), event.Event{Kind: event.Login, Session: thief, Address: from})
	b.released(clockAt(10, 10), thief, version(1), account.Open) // tells no address
	b.add(clockAt(9, 12), event.Event{Kind: event.Login, Session: id.Session{8}, Address: netip.MustParseAddr("2001:db8:0:1::1")})
	b.released(clockAt(10, 11), id.Session{8}, version(2), account.Open)
	p := Party{Kind: Address, Address: netip.MustParseAddr("2001:db8::77"), From: clockAt(10, 0), To: clockAt(11, 0)}
	x := ask(t, Question{Parties: []Party{p}, Ledger: b.ledger(), Files: seq([]*File{file(1, "/a/p1_x.jpg"), file(2, "/a/p2_x.jpg")})})
	if x.Files.Files != (Three{Confirmed: 1}) {
		t.Errorf("%+v", x.Files.Files)
	}
}

// TestGapShares: what a gap leaves unsure is what the parties could read, and that is everything if nobody knows.
func TestGapShares(t *testing.T) {
	other := file(2, "/b/p1_x.jpg")
	other.Share = shareB
	late := file(3, "/a/p3_x.jpg")
	late.Versions[0].Saved = clockAt(11, 30)
	b := newBook()
	b.list[len(b.list)/2].Closed = true
	b.saved(late)
	for _, c := range []struct {
		shares []id.Share
		want   int64
	}{{[]id.Share{shareA}, 1}, {[]id.Share{}, 0}, {nil, 2}} {
		p := bySession(clockAt(10, 0), clockAt(11, 0))
		p[0].Shares = c.shares
		x := ask(t, Question{Parties: p, Ledger: b.ledger(), Files: seq([]*File{file(1, "/a/p1_x.jpg"), other, late})})
		if x.Files.Files != (Three{Possible: c.want}) {
			t.Errorf("shares %v: %+v", c.shares, x.Files.Files)
		}
	}
}

// TestPersons: groups count as all who are in them, what nothing links as everybody, and a share without a roster as unknown.
func TestPersons(t *testing.T) {
	b := newBook()
	files := []*File{file(1, "/a/p0_x.jpg"), file(2, "/a/p11_x.jpg"), file(3, "/a/class_x.jpg"), file(4, "/a/note_x.txt"), file(5, "/a/x_1.pdf"), file(6, "/b/p1_x.jpg")}
	files[5].Share = shareB
	named := func(n ...byte) Report {
		b := &book{slices.Clone(b.list)}
		for _, n := range n {
			b.released(clockAt(10, 10), thief, version(n), account.Open)
		}
		return ask(t, Question{Parties: bySession(clockAt(10, 0), clockAt(11, 0)), Ledger: b.ledger(), Files: seq(files)}).Report
	}
	for _, c := range []struct {
		read             []byte
		persons, loose   int64
		files, unlinked  int64
		unknown, strange int64
	}{
		{[]byte{1}, 1, 0, 1, 0, 0, 0},
		{[]byte{1, 2}, 2, 0, 2, 0, 0, 0},
		{[]byte{1, 3}, 6, 0, 2, 0, 0, 0},
		{[]byte{4}, 0, 0, 1, 0, 0, 0},
		{[]byte{1, 5}, 12, 11, 2, 1, 0, 0},
		{[]byte{6}, 0, 0, 1, 0, 1, 0}, // without a roster, and not linked to nobody besides
		{[]byte{77}, 12, 12, 0, 0, 0, 1},
	} {
		r := named(c.read...)
		got := []int64{r.Persons.Persons.Confirmed, r.Persons.Unlinked.Confirmed, r.Files.Files.Confirmed, r.Files.Unlinked.Confirmed, r.Unknown.Confirmed, r.Files.Strange}
		if want := []int64{c.persons, c.loose, c.files, c.unlinked, c.unknown, c.strange}; !slices.Equal(got, want) {
			t.Errorf("read %v: %v, want %v", c.read, got, want)
		}
	}
	r := named(1, 2, 3)
	if len(r.Rows) != 2 || r.Rows[0].Kind != "pupil" || r.Rows[0].Persons.Confirmed != 6 || r.Rows[1].Persons.Confirmed != 1 {
		t.Errorf("rows %+v", r.Rows)
	}
}

// TestWorst: a person counts once, where it is worst.
func TestWorst(t *testing.T) {
	b := newBook()
	one, two, three := file(1, "/a/p0_x.jpg"), file(2, "/a/p0_y.jpg"), file(3, "/a/p1_x.jpg")
	b.saved(one, two, three)
	b.released(clockAt(10, 10), thief, version(1), account.Open)
	parties := append(bySession(clockAt(10, 0), clockAt(11, 0)), Party{Kind: Copy})
	x := ask(t, Question{Parties: parties, Ledger: b.ledger(), Files: seq([]*File{one, two, three})})
	if x.Files.Files != (Three{1, 0, 2}) || x.Persons.Persons != (Three{1, 0, 1}) {
		t.Errorf("files %+v, persons %+v", x.Files.Files, x.Persons.Persons)
	}
	for c, want := range map[Class]int{Confirmed: 0, Exempt: 1} {
		list := x.List(Filter{Class: c, Person: &want})
		if len(list) != 1 {
			t.Errorf("class %d: %+v", c, list)
		}
		if got := slices.Collect(x.People(Filter{Class: c})); len(got) != 1 || got[0] != want {
			t.Errorf("class %d: persons %v", c, got)
		}
	}
	if list := x.List(Filter{Class: Exempt, Offset: 1, Limit: 1}); len(list) != 1 || list[0].File != three.ID {
		t.Errorf("%+v", list)
	}
}

// TestWorstOfGap: what was read for certain is not counted as possible once more.
func TestWorstOfGap(t *testing.T) {
	b := newBook()
	b.released(clockAt(10, 10), thief, version(1), account.Open)
	b.list[len(b.list)/2].Closed = true
	files := []*File{file(1, "/a/p0_x.jpg"), file(2, "/a/p0_y.jpg"), file(3, "/a/p1_x.jpg")}
	files[1].Paths = append(files[1].Paths, "/a/q.pdf") // has stood where nothing says whose it is
	x := ask(t, Question{Parties: bySession(clockAt(10, 0), clockAt(11, 0)), Ledger: b.ledger(), Files: seq(files)})
	if x.Files.Files != (Three{1, 2, 0}) || x.Persons.Persons != (Three{1, 11, 0}) || x.Files.Unlinked != (Three{0, 1, 0}) || x.Persons.Unlinked != (Three{0, 10, 0}) {
		t.Errorf("files %+v, persons %+v", x.Files, x.Persons)
	}
	if list := x.List(Filter{Class: Possible, Unlinked: true}); len(list) != 1 || list[0].File != files[1].ID || len(list[0].Gaps) != 1 {
		t.Errorf("%+v", list)
	}
}

// TestLost: what was altered counts beside what was read; with an intact version it is not lost.
func TestLost(t *testing.T) {
	files := []*File{file(1, "/a/p0_x.jpg"), file(2, "/a/p1_x.jpg"), file(3, "/a/p2_x.jpg")}
	damage := func(f id.File) (altered, intact bool) { return f != files[2].ID, f != files[0].ID }
	x := ask(t, Question{Parties: bySession(clockAt(10, 0), clockAt(11, 0)), Ledger: newBook().ledger(), Files: seq(files), Damage: damage})
	if x.Files.Altered != 2 || x.Files.Lost != 1 || x.Persons.Altered != 2 || x.Persons.Lost != 1 || x.Files.Files != (Three{}) {
		t.Errorf("files %+v, persons %+v", x.Files, x.Persons)
	}
	if list := x.List(Filter{Class: Lost}); len(list) != 1 || list[0].File != files[0].ID {
		t.Errorf("%+v", list)
	}
}

// TestNoRoster: without a roster nobody knows of how many persons, and nobody says none.
func TestNoRoster(t *testing.T) {
	b := newBook()
	b.released(clockAt(10, 10), thief, version(1), account.Open)
	x, err := Ask(Question{Parties: bySession(clockAt(10, 0), clockAt(11, 0)), Ledger: b.ledger(), Files: seq([]*File{file(1, "/a/p1_x.jpg")})})
	if err != nil || x.Unknown != (Three{Confirmed: 1}) || len(x.Rows) != 0 || len(x.Shares) != 1 || x.Shares[0].Roster || x.Shares[0].Unlinked.Confirmed != 0 {
		t.Errorf("%+v, %v", x.Report, err)
	}
	if list := x.List(Filter{Class: Confirmed, Unlinked: true}); len(list) != 0 {
		t.Errorf("linked to nobody: %+v", list)
	}
	if list := x.List(Filter{Class: Confirmed}); len(list) != 1 || len(list[0].Proof) != 1 {
		t.Errorf("%+v", list)
	}
}

// TestStrange: what was released and is in no file is told with the path that the ledger knows.
func TestStrange(t *testing.T) {
	b := newBook()
	b.add(clockAt(10, 10), event.Event{Kind: event.Released, Session: thief, Share: shareA, Files: []event.File{{Version: version(1)}, {Version: version(9)}}}, "/a/p1_x.jpg", "/a/p9_x.jpg")
	x := ask(t, Question{Parties: bySession(clockAt(10, 0), clockAt(11, 0)), Ledger: b.ledger(), Files: seq([]*File{file(1, "/a/p1_x.jpg")})})
	list := x.Strange()
	if len(list) != 1 || list[0].Versions[0].ID != version(9) || list[0].Paths[0] != "/a/p9_x.jpg" || len(list[0].Proof) != 1 || list[0].Marks != Released {
		t.Errorf("%+v", list)
	}
	p := Party{Kind: Storehouse, Apart: true, From: clockAt(10, 0), To: clockAt(11, 0)}
	x = ask(t, Question{Parties: []Party{p}, Ledger: b.ledger(), Files: seq([]*File(nil))})
	if x.Files.Strange != 2 || x.Persons.Persons != (Three{Possible: perShare}) {
		t.Errorf("%+v", x.Report)
	}
}

// TestNames: the names of files are told of their own.
func TestNames(t *testing.T) {
	b := newBook()
	b.add(clockAt(9, 5), event.Event{Kind: event.Unlocked, Share: shareA})
	b.add(clockAt(11, 50), event.Event{Kind: event.Unlocked, Share: shareB})
	names := func(p Party) (out []id.Share) {
		p.From, p.To = clockAt(10, 0), clockAt(11, 0)
		for _, s := range ask(t, Question{Parties: []Party{p}, Ledger: b.ledger(), Files: seq([]*File(nil))}).Shares {
			if s.Names {
				out = append(out, s.Share)
			}
		}
		return out
	}
	for name, c := range map[string]struct {
		p    Party
		want []id.Share
	}{
		"a session":                   {Party{Kind: Session, Session: thief, Shares: []id.Share{shareB}}, []id.Share{shareB}},
		"a session, rights not known": {Party{Kind: Session, Session: thief}, []id.Share{shareA, shareB}},
		"a storehouse":                {Party{Kind: Storehouse, Apart: true}, []id.Share{shareA}},
		"a storehouse started since":  {Party{Kind: Storehouse, Apart: true, Since: clockAt(9, 15)}, nil},
		"a keeper":                    {Party{Kind: Keeper}, []id.Share{shareA, shareB}},
		"a medium":                    {Party{Kind: Copy}, nil},
	} {
		if got := names(c.p); !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}

// TestLeads: what a party has made to come in again is pointed at.
func TestLeads(t *testing.T) {
	b := newBook()
	b.add(clockAt(10, 5), event.Event{Kind: event.DeviceMade, Session: thief})
	b.add(clockAt(10, 6), event.Event{Kind: event.DeviceMade, Session: id.Session{8}})
	x := ask(t, Question{Parties: bySession(clockAt(10, 0), clockAt(11, 0)), Ledger: b.ledger(), Files: seq([]*File(nil))})
	if len(x.Leads) != 1 || b.list[x.Leads[0]].Event.Session != thief {
		t.Errorf("%v", x.Leads)
	}
}

// TestErrors: what cannot be read is an error, and no smaller number.
func TestErrors(t *testing.T) {
	bad := errors.New("the disk")
	b := newBook()
	l := b.ledger()
	l.Entries = func(yield func(Entry, error) bool) { _ = yield(b.list[0], nil) && yield(Entry{}, bad) }
	if _, err := Ask(Question{Ledger: l, Files: seq([]*File(nil))}); !errors.Is(err, bad) {
		t.Errorf("%v", err)
	}
	files := func(yield func(*File, error) bool) { _ = yield(file(1, "/a/p1_x.jpg"), nil) && yield(nil, bad) }
	if _, err := Ask(Question{Ledger: b.ledger(), Files: files}); !errors.Is(err, bad) {
		t.Errorf("%v", err)
	}
}

// TestKeys: a large set finds what is in it and nothing else.
func TestKeys(t *testing.T) {
	var set keys
	var same equals
	name := func(n int) (v id.Version, sum [32]byte) {
		v[0], v[1], v[14], v[15] = byte(n*7), byte(n>>3), byte(n>>8), byte(n)
		copy(sum[:], v[:])
		return v, sum
	}
	for n := 2; n < 60_000; n++ {
		if v, sum := name(n); n%2 == 0 {
			set.add(key{id: v})
			same.add(sum, v)
			same.add(sum, id.Version{byte(n)})
		}
	}
	in := make(map[id.Version]bool)
	for _, k := range set.list {
		in[k.id] = true
	}
	set.close()
	same.settle()
	if len(set.list) != len(in) || set.pages == nil {
		t.Fatalf("%d of %d, paged %v", len(set.list), len(in), set.pages != nil)
	}
	for n := 2; n < 60_000; n++ {
		v, sum := name(n)
		if i, ok := set.find(v); ok != in[v] || ok && set.list[i].id != v {
			t.Fatalf("%v: %v", v, ok)
		}
		if got := same.of(sum); (len(got) > 0) != in[v] || len(got) == 1 {
			t.Fatalf("%v: %v", v, got)
		}
	}
}
