package ledger

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"syscall"
	"testing"
	"testing/synctest"

	"pgregory.net/rapid"

	"github.com/azekura/azekura/internal/durable"
	"github.com/azekura/azekura/internal/durable/durabletest"
	"github.com/azekura/azekura/internal/problem"
)

// history is what the ledger promised: it must hold after whatever comes.
type history struct {
	keys    keys
	entries map[int64][]byte // acknowledged
	heads   []Head           // signed
	made    int
}

func (h *history) config(fsys durable.FS) Config {
	c := h.keys.config(fsys, "/ledger")
	c.FileSize, c.PublishAfter = 4*block, 7 // three groups a file
	return c
}

// append adds n entries, the last of size bytes, and remembers what was acknowledged.
func (h *history) append(l *Log, n, size int) error {
	var list [][]byte
	for range n {
		h.made++
		list = append(list, fmt.Appendf(nil, "entry %d", h.made)) // no two are equal
	}
	list[n-1] = append(list[n-1], make([]byte, size)...)
	first, err := l.Append(context.Background(), list...)
	if err == nil {
		for i, e := range list {
			h.entries[first+int64(i)] = e
		}
	}
	return err
}

// sign asks for a signed head, published or not.
func (h *history) sign(l *Log, publish bool) error {
	ask := l.Checkpoint
	if publish {
		ask = l.Publish
	}
	signed, err := ask(context.Background())
	if err != nil {
		return err
	}
	c, err := openCheckpoint(signed, h.keys.verifier)
	if err == nil {
		h.heads = append(h.heads, Head{c.N, c.Hash})
	}
	return err
}

// abandon ends the goroutines of l as kill -9 would: nothing more is written.
func abandon(l *Log) {
	l.mu.Lock()
	l.closing = true
	l.mu.Unlock()
	poke(l.kick)
	l.stopped.Wait()
}

type tester interface {
	Helper()
	Errorf(format string, args ...any)
}

// check opens the ledger on a disk and looks whether every promise holds.
func (h *history) check(t tester, disk durable.FS) {
	t.Helper()
	ctx := context.Background()
	l, err := Open(ctx, h.config(disk))
	if err != nil {
		t.Errorf("open: %v", err)
		return
	}
	for _, head := range h.heads {
		if err := l.Consistent(ctx, head); err != nil {
			t.Errorf("a signed head: %v", err)
		}
	}
	if _, err := l.Append(ctx, []byte("behind everything")); err != nil {
		t.Errorf("append: %v", err)
	}
	if err := l.Close(); err != nil {
		t.Errorf("close: %v", err)
		return
	}
	report, err := Audit{Key: h.keys.public, Seen: h.heads}.Run(ctx, l.Files())
	if err != nil || !report.OK() || report.Beyond != 0 {
		t.Errorf("verify: %+v, %v", report, err)
	}
	r, err := NewReader(l.Files(), h.keys.public)
	if err != nil {
		t.Errorf("reader: %v", err)
		return
	}
	open := maps.Clone(h.entries)
	for e, err := range r.Entries(ctx, 0, r.Head().Size) {
		if err != nil {
			t.Errorf("read: %v", err)
			return
		}
		if want, ok := open[e.Index]; ok && !bytes.Equal(e.Data, want) {
			t.Errorf("entry %d is %.30q, acknowledged was %.30q", e.Index, e.Data, want)
		}
		delete(open, e.Index)
	}
	if len(open) > 0 {
		t.Errorf("%d acknowledged entries are missing", len(open))
	}
}

// work uses a ledger as a keeper does. Errors are not looked at: what counts is what was promised.
func (h *history) work(disk durable.FS) {
	for round := range 3 {
		l, err := Open(context.Background(), h.config(disk))
		if err != nil {
			continue
		}
		for i := range 3 {
			h.append(l, 1+i, 50)
			synctest.Wait() // the background has done its part: the calls come in the same order each time
		}
		h.sign(l, round == 1)
		h.append(l, 1, 2*block)
		synctest.Wait()
		h.append(l, 2, 0)
		h.sign(l, false)
		if round == 0 {
			abandon(l)
		} else {
			l.Close()
		}
	}
}

// scenario does the work on a disk that fails once, with reopenings over the same cache, and looks at what crashes
// leave of the disk.
func scenario(k keys, crashes uint64) func(*testing.T, *durabletest.Platter) {
	return func(t *testing.T, p *durabletest.Platter) {
		synctest.Test(t, func(t *testing.T) {
			h := &history{keys: k, entries: make(map[int64][]byte)}
			h.work(p)
			for disk := range p.Crashes(crashes) {
				h.check(t, disk)
			}
		})
	}
}

func TestEveryFault(t *testing.T) {
	durabletest.Each(t, scenario(newKeys(t), 3))
}

func TestEveryFaultOfReading(t *testing.T) {
	durabletest.Each(t, scenario(newKeys(t), 3), durabletest.Read, durabletest.ReadDir)
}

func TestPowerCutAtEveryCall(t *testing.T) {
	durabletest.EachCut(t, scenario(newKeys(t), 8))
}

func TestRandomFaultsAndCrashes(t *testing.T) {
	k := newKeys(t)
	rapid.Check(t, func(t *rapid.T) {
		h := &history{keys: k, entries: make(map[int64][]byte)}
		p := durabletest.New(t)
		var l *Log
		defer func() {
			if l != nil {
				abandon(l)
			}
		}()
		t.Repeat(map[string]func(*rapid.T){
			"append": func(t *rapid.T) {
				if l != nil {
					h.append(l, rapid.IntRange(1, 5).Draw(t, "entries"), rapid.IntRange(0, 5000).Draw(t, "bytes"))
				}
			},
			"many": func(t *rapid.T) {
				if l != nil {
					h.append(l, rapid.IntRange(200, 600).Draw(t, "entries"), 0)
				}
			},
			"sign": func(t *rapid.T) {
				if l != nil {
					h.sign(l, rapid.Bool().Draw(t, "publish"))
				}
			},
			"fault": func(t *rapid.T) {
				kind := durabletest.Kind(rapid.IntRange(int(durabletest.Open), int(durabletest.SyncDir)).Draw(t, "kind"))
				faults := durabletest.Faults(kind, p.Calls(kind)+rapid.IntRange(1, 6).Draw(t, "after"))
				p.Inject(rapid.SampledFrom(faults).Draw(t, "fault"))
			},
			"heal": func(*rapid.T) { p.Heal() },
			"end": func(t *rapid.T) {
				if l == nil {
					return
				}
				if rapid.Bool().Draw(t, "kill") {
					abandon(l)
				} else {
					l.Close()
				}
				l = nil
			},
			"crash": func(t *rapid.T) {
				if l != nil {
					abandon(l)
					l = nil
				}
				p = p.Crash(rapid.Uint64().Draw(t, "seed"))
			},
			"": func(t *rapid.T) {
				if l == nil {
					l, _ = Open(context.Background(), h.config(p))
				}
			},
		})
		if l != nil {
			abandon(l)
			l = nil
		}
		h.check(t, p.Crash(rapid.Uint64().Draw(t, "last seed")))
	})
}

func TestFullDiskHealsByItself(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := &history{keys: newKeys(t), entries: make(map[int64][]byte)}
		p := durabletest.New(t)
		l := open(t, h.config(p))
		defer l.Close()
		p.Limit(150 << 10)
		var err error
		for range 1000 {
			if err = h.append(l, 3, 3000); err != nil {
				break
			}
		}
		if problem.KindOf(err) != problem.NoSpace {
			t.Fatalf("a full disk: %v", err)
		}
		// The background may have made room meanwhile, by cutting what is in tiles.
		if err := h.append(l, 3, 3000); err != nil && problem.KindOf(err) != problem.NoSpace {
			t.Errorf("a full disk, again: %v", err)
		}
		recorded := len(h.entries)
		for disk := range p.Crashes(5) {
			h.check(t, disk)
		}
		p.Limit(0)
		if err := h.append(l, 1, 0); err != nil {
			t.Errorf("with space again: %v", err)
		}
		if err := h.sign(l, true); err != nil {
			t.Errorf("publishing with space again: %v", err)
		}
		if len(h.entries) != recorded+1 {
			t.Errorf("%d entries, want %d", len(h.entries), recorded+1)
		}
		h.check(t, p.Crash(9))
	})
}

func TestMemoryIsBoundedWhenTilesCannotBeWritten(t *testing.T) {
	h := &history{keys: newKeys(t), entries: make(map[int64][]byte)}
	p := durabletest.New(t)
	c := h.config(p)
	c.MaxHeld = 100 << 10
	l := open(t, c)
	p.Inject(durabletest.Fault{Kind: durabletest.Mkdir, N: p.Calls(durabletest.Mkdir) + 1, Err: errors.New("no"), Times: -1})
	var err error
	for range 100 {
		if err = h.append(l, 1, 4000); err != nil {
			break
		}
	}
	if err == nil || l.bytes > c.MaxHeld {
		t.Errorf("%d bytes are held, %v", l.bytes, err)
	}
	p.Heal()
	if err := h.append(l, 1, 4000); err != nil {
		t.Errorf("when tiles can be written again: %v", err)
	}
	if err := l.Close(); err != nil {
		t.Error(err)
	}
	h.check(t, p.Crash(1))
}

func TestFailedEntryKeepsItsIndex(t *testing.T) {
	for _, done := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) { failedEntryKeepsItsIndex(t, done) })
	}
}

func failedEntryKeepsItsIndex(t *testing.T, done bool) {
	ctx := context.Background()
	h := &history{keys: newKeys(t), entries: make(map[int64][]byte)}
	p := durabletest.New(t)
	l := open(t, h.config(p))
	if err := h.append(l, 2, 0); err != nil {
		t.Fatal(err)
	}
	synctest.Wait() // the background makes its calls now, not later
	p.Inject(durabletest.Fault{Kind: durabletest.Sync, N: p.Calls(durabletest.Sync) + 1, Err: syscall.EIO, Done: done})
	if _, err := l.Append(ctx, []byte("refused")); problem.KindOf(err) != problem.Unavailable {
		t.Errorf("a failed flush: %v", err)
	}
	if got := l.Size(); got != 2 {
		t.Errorf("size %d, want 2: what is not durable is not signed", got)
	}
	if first, err := l.Append(ctx, []byte("taken")); first != 3 || err != nil {
		t.Errorf("the next entry has index %d, %v, want 3", first, err)
	}
	h.entries[2], h.entries[3] = []byte("refused"), []byte("taken")
	abandon(l)
	for disk := range p.Crashes(5) {
		h.check(t, disk)
	}
}

// A checkpoint may have its name without being durable; then nothing may count on the tiles that it covers.
func TestCheckpointWithoutDurableName(t *testing.T) {
	k := newKeys(t)
	for n := 1; ; n++ {
		h := &history{keys: k, entries: make(map[int64][]byte)}
		p := durabletest.New(t)
		l := open(t, h.config(p))
		h.append(l, 3, 0)
		h.sign(l, true)
		h.append(l, 3, 0)
		calls := p.Calls(durabletest.SyncDir) // the background makes no such call
		p.Inject(durabletest.Fault{Kind: durabletest.SyncDir, N: calls + n, Err: syscall.EIO})
		err := h.sign(l, true)
		abandon(l)
		if p.Fired() == 0 {
			if n < 3 || err != nil {
				t.Errorf("%d flushes of directories, %v", n-1, err)
			}
			return
		}
		l = open(t, h.config(p)) // the same cache
		h.append(l, 3, 0)
		abandon(l)
		for disk := range p.Crashes(20) {
			h.check(t, disk)
		}
	}
}
