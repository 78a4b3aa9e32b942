package cases

import (
	"context"
	"net/netip"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/event"
	"github.com/azekura/azekura/internal/exposure"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/keeper"
	"github.com/azekura/azekura/internal/pathname"
	"github.com/azekura/azekura/internal/problem"
	"github.com/azekura/azekura/internal/vault"
)

// source is what an exposure is computed from. It is gone through several times, also after the request that began it has ended: each that
// uses it says for whom, with on.
type source struct {
	*Desk
	mu     sync.Mutex // held while it is used
	ctx    context.Context
	s      account.Session
	shares []account.Share
	names  map[id.Share]string
	size   int64    // of the ledger, when it was checked
	only   id.Share // of files: no other share; zero: all
	broken error    // why the ledger could not be read to its end: what comes behind is a gap
}

func newSource(d *Desk, shares []account.Share) *source {
	x := &source{Desk: d, shares: shares, names: make(map[id.Share]string)}
	for _, a := range shares {
		x.names[a.ID] = a.Name
	}
	return x
}

// on uses the source for a request.
func (x *source) on(ctx context.Context, s account.Session, do func() error) error {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.ctx, x.s = ctx, s
	defer func() { x.ctx = nil }()
	return do()
}

// entries yields the ledger. Where it cannot be read it ends, and what is missing is a gap: an error would be no answer to those who must
// know today.
func (x *source) entries(yield func(exposure.Entry, error) bool) {
	for e, err := range x.Books.Events(x.ctx, x.s.ID, keeper.Filter{Before: x.size}) {
		if err != nil {
			if x.ctx.Err() != nil {
				yield(exposure.Entry{}, err)
				return
			}
			x.broken = err
			return
		}
		out := exposure.Entry{Index: e.Index, Recorded: e.Recorded, Closed: e.Closed != "", Event: e.Event}
		for _, p := range e.Paths {
			out.Paths = append(out.Paths, pathname.Path(p))
		}
		if !yield(out, nil) {
			return
		}
	}
}

// files yields every file that there is, or ever was, share by share.
func (x *source) files(yield func(*exposure.File, error) bool) {
	var f exposure.File
	for l, err := range x.lots {
		if err != nil {
			yield(nil, err)
			return
		}
		for i := range l.objects {
			if !yield(fileOf(&f, l.share, &l.objects[i]), nil) {
				return
			}
		}
	}
}

// fileOf makes an object into what package exposure asks for; the room of f is used again.
func fileOf(f *exposure.File, share id.Share, o *vault.Object) *exposure.File {
	f.ID, f.Share, f.Paths, f.Versions = o.File, share, o.Paths, f.Versions[:0]
	for _, c := range o.Contents {
		v := exposure.Version{ID: c.Version, Key: c.Key, Epoch: c.Epoch, Equal: c.Equal, Saved: c.Saved, Session: c.By.Session, Account: c.By.Account, Device: c.By.Device}
		if !c.Preview.IsZero() {
			v.Previews = []exposure.Preview{{ID: c.Preview, Epoch: c.Drawn}}
		}
		f.Versions = append(f.Versions, v)
	}
	return f
}

// lot is a part of a share's files.
type lot struct {
	share   id.Share
	objects []vault.Object
	err     error
}

const lotSize = 256

// lots yields the files of the shares in their order. The books of some shares are read side by side: of a million files that is most of
// the time.
func (x *source) lots(yield func(lot, error) bool) {
	var shares []account.Share
	for _, a := range x.shares {
		if x.only.IsZero() || x.only == a.ID {
			shares = append(shares, a)
		}
	}
	var readers sync.WaitGroup
	defer readers.Wait()
	ctx, stop := context.WithCancel(x.ctx)
	defer stop()
	streams := make([]chan lot, len(shares))
	for i := range shares {
		for ahead := i; ahead < min(i+max(2, runtime.GOMAXPROCS(0)), len(shares)); ahead++ {
			if streams[ahead] == nil {
				streams[ahead] = make(chan lot, 4)
				readers.Go(func() { x.read(ctx, shares[ahead], streams[ahead]) })
			}
		}
		for l := range streams[i] {
			if !yield(l, l.err) || l.err != nil {
				return
			}
		}
	}
}

// read sends the files of a share, lot by lot, until all are sent or nobody wants them any more.
func (x *source) read(ctx context.Context, a account.Share, to chan<- lot) {
	defer close(to)
	send := func(l lot) bool {
		select {
		case to <- l:
			return true
		case <-ctx.Done():
			return false
		}
	}
	l := lot{share: a.ID}
	for o, err := range x.House.Objects(ctx, x.s, pathname.Root.Join(a.Name)) {
		if err != nil {
			send(lot{share: a.ID, err: err})
			return
		}
		if l.objects = append(l.objects, o); len(l.objects) == lotSize {
			if !send(l) {
				return
			}
			l.objects = nil
		}
	}
	send(l)
}

// parties are the suspects of a case, as package exposure takes them.
func parties(c account.Case, started time.Time) (out []exposure.Party, err error) {
	kinds := map[account.StopKind]exposure.Kind{account.StopSession: exposure.Session, account.StopAccount: exposure.Account, account.StopDevice: exposure.Device,
		account.StopAddress: exposure.Address, "storehouse": exposure.Storehouse, "keeper": exposure.Keeper, "medium": exposure.Copy}
	for _, s := range c.Suspects {
		p := exposure.Party{Kind: kinds[s.Kind], From: s.From, To: s.To}
		switch p.Kind {
		case exposure.Session:
			p.Session = parsed[id.Session](s.Subject)
		case exposure.Account:
			p.Account = parsed[id.Account](s.Subject)
		case exposure.Device:
			p.Device = parsed[id.Device](s.Subject)
		case exposure.Address:
			p.Address, _ = netip.ParseAddr(s.Subject)
		case exposure.Storehouse:
			p.Since = started
		}
		if nobody := p.Session.IsZero() && p.Account.IsZero() && p.Device.IsZero() && !p.Address.IsValid(); p.Kind == 0 || p.Kind <= exposure.Address && nobody {
			return nil, &problem.Error{Kind: problem.Invalid, Op: "case", On: string(s.Kind) + " " + s.Subject, Hint: "hint.case-whom"}
		}
		out = append(out, p)
	}
	return out, nil
}

// ways are what the ledger tells of a case's parties before anything is computed: the sessions that came from a distrusted address, and
// when the program was started last before somebody ruled its machine.
type ways struct {
	sessions map[id.Session][]account.Suspect // by address
	started  time.Time
}

func (x *source) ways(c account.Case) (ways, error) {
	w := ways{sessions: make(map[id.Session][]account.Suspect)}
	rules := slices.IndexFunc(c.Suspects, func(s account.Suspect) bool { return s.Kind == "storehouse" })
	if rules < 0 && !slices.ContainsFunc(c.Suspects, func(s account.Suspect) bool { return s.Kind == account.StopAddress }) {
		return w, nil
	}
	for e, err := range x.Books.Events(x.ctx, x.s.ID, keeper.Filter{Kinds: []event.Kind{event.Started, event.Login}}) {
		if err != nil {
			return w, err
		}
		if e.Event.Kind == event.Started {
			if rules >= 0 && e.Event.When.Before(c.Suspects[rules].From) {
				w.started = e.Event.When
			}
			continue
		}
		for _, s := range c.Suspects {
			if a, err := netip.ParseAddr(s.Subject); s.Kind == account.StopAddress && err == nil && network(a) == network(e.Event.Address) {
				w.sessions[e.Event.Session] = append(w.sessions[e.Event.Session], s)
			}
		}
	}
	return w, nil
}

// network is what a client may move in without a new login: of IPv6 the prefix that machines change their addresses in.
func network(a netip.Addr) netip.Addr {
	a = a.Unmap().WithZone("")
	if a.Is6() {
		if p, err := a.Prefix(64); err == nil {
			return p.Addr()
		}
	}
	return a
}

// suspects are whose acts are damage.
func (w ways) suspects(c account.Case) vault.Suspects {
	var out vault.Suspects
	for _, s := range c.Suspects {
		if out.From.IsZero() || s.From.Before(out.From) {
			out.From = s.From
		}
	}
	out.Back = true // what was put right was hurt all the same, and stands in every report
	during := func(s account.Suspect, t time.Time) bool {
		return t.IsZero() || !t.Before(s.From) && (s.To.IsZero() || !t.After(s.To))
	}
	match := func(a vault.Actor, t time.Time) bool {
		return slices.ContainsFunc(c.Suspects, func(s account.Suspect) bool {
			return during(s, t) && (s.Kind == account.StopSession && named(s.Subject, a.Session) || s.Kind == account.StopDevice && named(s.Subject, a.Device) ||
				s.Kind == account.StopAccount && named(s.Subject, a.Account))
		}) || slices.ContainsFunc(w.sessions[a.Session], func(s account.Suspect) bool { return during(s, t) })
	}
	out.Pick = func(a vault.Actor) bool { return match(a, time.Time{}) }
	out.During = match
	return out
}

// named reports whether a text is an identifier, which names something.
func named[T interface {
	IsZero() bool
	String() string
}](text string, x T) bool {
	return !x.IsZero() && strings.EqualFold(text, x.String())
}

// parsed reads an identifier; what is none names nobody.
func parsed[T ~[id.Size]byte, P interface {
	*T
	UnmarshalText([]byte) error
}](text string) (x T) {
	if P(&x).UnmarshalText([]byte(text)) != nil {
		return *new(T)
	}
	return x
}
