package cases

import (
	"context"
	"runtime"
	"sync"
	"time"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/event"
	"github.com/azekura/azekura/internal/exposure"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/keeper"
	"github.com/azekura/azekura/internal/pathname"
	"github.com/azekura/azekura/internal/vault"
)

// source is what an exposure is computed from. It is gone through several times, also after the request that began it has ended: each that
// uses it says for whom, with on.
type source struct {
	*Desk
	mu      sync.Mutex // held while it is used
	ctx     context.Context
	s       account.Session
	shares  []account.Share
	names   map[id.Share]string
	persons *Persons               // who learn there which names suspects have given
	size    int64                  // of the ledger, when it was checked
	meter   *meter                 // of the work that computes findings
	all     int64                  // files, about
	only    id.Share               // of files: no other share; zero: all
	broken  error                  // why the ledger could not be read to its end: what comes behind is a gap
	renamed *renamed               // nil: names of suspects count as others do
	checked map[id.Share]time.Time // when what a share keeps was last read again and found whole, as the entries tell
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
	x.checked = make(map[id.Share]time.Time)
	for e, err := range x.Books.Events(x.ctx, x.s.ID, keeper.Filter{Before: x.size}) {
		if err != nil {
			if x.ctx.Err() != nil {
				yield(exposure.Entry{}, err)
				return
			}
			x.broken = err
			return
		}
		if e.Event.Kind == event.Verified {
			if delete(x.checked, e.Event.Share); e.Event.Note == event.NoFindings {
				x.checked[e.Event.Share] = e.Event.When
			}
		}
		out := exposure.Entry{Index: e.Index, Recorded: e.Recorded, Closed: e.Closed != "", Event: e.Event}
		for _, p := range e.Paths {
			out.Paths = append(out.Paths, pathname.Path(p))
		}
		if x.meter.add(1); !yield(out, nil) {
			return
		}
	}
}

// files yields every file that there is, or ever was, share by share. Behind the last it is known which names say nothing of persons.
func (x *source) files(yield func(*exposure.File, error) bool) {
	x.meter.begin(filesRead, x.all)
	var f exposure.File
	for l, err := range x.lots {
		if err != nil {
			yield(nil, err)
			return
		}
		x.meter.add(len(l.objects))
		for i := range l.objects {
			if x.renamed != nil {
				x.renamed.object(&l.objects[i])
			}
			if !yield(fileOf(&f, l.share, &l.objects[i]), nil) {
				return
			}
		}
	}
	if x.renamed != nil {
		x.persons.renamed = x.renamed.close()
		x.renamed = nil
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
