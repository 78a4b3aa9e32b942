package durabletest

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"syscall"
	"testing"
)

// Kind is a kind of call.
type Kind uint8

// The kinds of calls that are counted and can fail. File.Size and File.Close cannot.
const (
	Any Kind = iota // every call of the kinds below, counted together
	Open
	Write
	Truncate
	Sync
	Rename
	Remove
	Mkdir
	SyncDir
	Read
	ReadDir
)

var kindNames = [...]string{"call", "open", "write", "truncate", "sync", "rename", "remove", "mkdir", "syncdir", "read", "readdir"}

// String returns the kind's name.
func (k Kind) String() string { return kindNames[k] }

// Changing are the kinds that change a disk.
var changing = []Kind{Open, Write, Truncate, Sync, Rename, Remove, Mkdir, SyncDir}

// ErrCut is what every call returns once the power has gone.
var ErrCut = errors.New("the power has gone")

// Fault is something that goes wrong.
type Fault struct {
	Kind  Kind
	N     int   // at the N-th call of the kind, from 1 on
	Err   error // what the call returns, with the file's name around it
	Done  bool  // the call is done all the same: only the answer is lost
	Short bool  // of a write: half of it is done
	Cut   bool  // the power goes before this call, or with Done behind it: it and all later ones return ErrCut
	Times int   // how many calls of the kind meet it, 0 being one; −1: all until Heal
}

// String describes a fault for the name of a test.
func (f Fault) String() string {
	s := fmt.Sprintf("%v %d", f.Kind, f.N)
	switch {
	case f.Cut:
		s += ", power cut"
	case errors.Is(f.Err, syscall.ENOSPC):
		s += ", no space"
	default:
		s += ", i/o error"
	}
	if f.Times != 0 {
		s += " for good"
	}
	if f.Short {
		return s + ", half done"
	}
	if f.Done {
		return s + ", but done"
	}
	return s
}

// Inject plans a fault. Calls are counted from the making of the disk.
func (p *Platter) Inject(f Fault) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.faults = append(p.faults, f)
}

// Heal takes away all faults; a disk whose power has gone gets none back. Each and EachCut try no calls behind the first Heal.
func (p *Platter) Heal() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.faults = nil
	if p.tried == nil {
		p.tried = maps.Clone(p.calls)
	}
}

// try returns how many calls of a kind there were until Heal.
func (p *Platter) try(k Kind) int {
	p.Heal()
	return p.tried[k]
}

// Fired tells how many calls met a fault.
func (p *Platter) Fired() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.fired
}

// Calls returns how many calls of a kind there have been.
func (p *Platter) Calls(k Kind) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.calls[k]
}

func (p *Platter) down(name string) error {
	if p.cut {
		return &fs.PathError{Op: "use", Path: name, Err: ErrCut}
	}
	return nil
}

// call does a call, or what a fault leaves of it; mu is held. do is told to do half of it.
func (p *Platter) call(k Kind, name string, do func(short bool) error) error {
	if err := p.down(name); err != nil {
		return err
	}
	p.calls[k]++
	p.calls[Any]++
	f := p.fault(k)
	if f == nil {
		return do(false)
	}
	p.fired++
	err := f.Err
	if f.Cut {
		p.cut, err = true, ErrCut
	}
	if f.Done || f.Short {
		if err := do(f.Short); err != nil {
			return err
		}
	}
	return &fs.PathError{Op: k.String(), Path: name, Err: err}
}

// fault returns the fault that the call just counted meets; mu is held.
func (p *Platter) fault(k Kind) *Fault {
	for i, f := range p.faults {
		times := max(f.Times, 1)
		n := p.calls[f.Kind]
		if (f.Kind == k || f.Kind == Any) && n >= f.N && (f.Times < 0 || n < f.N+times) {
			return &p.faults[i]
		}
	}
	return nil
}

// Faults lists every single fault that a call of a kind can meet.
func Faults(k Kind, n int) []Fault {
	out := []Fault{{Kind: k, N: n, Err: syscall.EIO}}
	switch k {
	case Read, ReadDir:
		return out
	case Write:
		out = append(out, Fault{Kind: k, N: n, Err: syscall.ENOSPC, Short: true})
		fallthrough
	case Open, Sync, Mkdir, SyncDir, Rename:
		out = append(out, Fault{Kind: k, N: n, Err: syscall.ENOSPC})
	}
	return append(out, Fault{Kind: k, N: n, Err: syscall.EIO, Done: true})
}

// Each runs a scenario on a new disk once, to count its calls, and then once for every single fault at every call of the kinds given
// (none: all that change something). The scenario checks what must hold with and without a fault. It fails if too
// few of the faults were met: a scenario with goroutines need not make the same calls each time, but about the same.
func Each(t *testing.T, scenario func(*testing.T, *Platter), kinds ...Kind) {
	t.Helper()
	if len(kinds) == 0 {
		kinds = changing
	}
	p := New(t)
	if !t.Run("no fault", func(t *testing.T) { p.t = t; scenario(t, p) }) {
		return
	}
	var faults []Fault
	for _, k := range kinds {
		for n := range p.try(k) {
			faults = append(faults, Faults(k, n+1)...)
		}
	}
	run(t, scenario, faults)
}

// EachCut runs a scenario once to count its calls, and then once for every call that changes something, with the power going
// before it, and once with the power going behind it. The scenario ends by looking at Crash.
func EachCut(t *testing.T, scenario func(*testing.T, *Platter)) {
	t.Helper()
	p := New(t)
	if !t.Run("no fault", func(t *testing.T) { p.t = t; scenario(t, p) }) {
		return
	}
	var faults []Fault
	for _, k := range changing {
		for n := range p.try(k) {
			faults = append(faults, Fault{Kind: k, N: n + 1, Cut: true}, Fault{Kind: k, N: n + 1, Cut: true, Done: true})
		}
	}
	run(t, scenario, faults)
}

func run(t *testing.T, scenario func(*testing.T, *Platter), faults []Fault) {
	t.Helper()
	if len(faults) == 0 {
		t.Fatal("the scenario makes no call that could fail")
	}
	met := 0
	for _, f := range faults {
		t.Run(f.String(), func(t *testing.T) {
			p := New(t)
			p.Inject(f)
			scenario(t, p)
			if p.Fired() > 0 {
				met++
			}
		})
	}
	if met < len(faults)*3/4 {
		t.Errorf("%d of %d faults were met", met, len(faults))
	}
}
