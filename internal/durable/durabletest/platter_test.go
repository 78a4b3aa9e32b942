package durabletest

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"slices"
	"syscall"
	"testing"

	"github.com/azekura/azekura/internal/durable"
)

func create(t *testing.T, p *Platter, name string) durable.File {
	t.Helper()
	f, err := p.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func ok(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func write(t *testing.T, f durable.File, off int64, data []byte) {
	t.Helper()
	n, err := f.WriteAt(data, off)
	if err != nil || n != len(data) {
		t.Fatalf("wrote %d of %d bytes: %v", n, len(data), err)
	}
}

// outcomes are the contents that a file has after many crashes; "-" means that it is not there.
func outcomes(p *Platter, name string) []string {
	seen := make(map[string]bool)
	for seed := range uint64(400) {
		if data, err := p.Crash(seed).ReadFile(name); err != nil {
			seen["-"] = true
		} else {
			seen[string(data)] = true
		}
	}
	return slices.Sorted(maps.Keys(seen))
}

func TestOnlyWhatWasSyncedIsThereForSure(t *testing.T) {
	tests := []struct {
		name string
		do   func(p *Platter)
		want []string
	}{
		{"nothing synced", func(p *Platter) {
			write(t, create(t, p, "a"), 0, []byte("new"))
		}, []string{"", "\x00\x00\x00", "-", "new"}},
		{"content synced, name not", func(p *Platter) {
			f := create(t, p, "a")
			write(t, f, 0, []byte("new"))
			ok(t, f.Sync())
		}, []string{"-", "new"}},
		{"name synced, content not", func(p *Platter) {
			write(t, create(t, p, "a"), 0, []byte("new"))
			ok(t, p.SyncDir("."))
		}, []string{"", "\x00\x00\x00", "new"}},
		{"both", func(p *Platter) {
			f := create(t, p, "a")
			write(t, f, 0, []byte("new"))
			ok(t, f.Sync())
			ok(t, p.SyncDir("."))
		}, []string{"new"}},
		{"written again", func(p *Platter) {
			ok(t, p.SetFile("a", []byte("old")))
			f := create(t, p, "a")
			write(t, f, 0, []byte("mid"))
			write(t, f, 0, []byte("new"))
		}, []string{"mid", "new", "old"}},
		{"cut off", func(p *Platter) {
			ok(t, p.SetFile("a", []byte("long")))
			ok(t, create(t, p, "a").Truncate(2))
		}, []string{"lo", "lo\x00\x00", "long"}},
		{"removed", func(p *Platter) {
			ok(t, p.SetFile("a", []byte("old")))
			ok(t, p.Remove("a"))
		}, []string{"-", "old"}},
		{"removed and synced", func(p *Platter) {
			ok(t, p.SetFile("a", []byte("old")))
			ok(t, p.Remove("a"))
			ok(t, p.SyncDir("/"))
		}, []string{"-"}},
		{"renamed over", func(p *Platter) {
			ok(t, p.SetFile("a", []byte("old")))
			ok(t, p.SetFile("b", []byte("new")))
			ok(t, p.Rename("b", "a"))
		}, []string{"new", "old"}},
		{"renamed without a sync of the content", func(p *Platter) {
			ok(t, p.SetFile("a", []byte("old")))
			write(t, create(t, p, "b"), 0, []byte("new"))
			ok(t, p.Rename("b", "a"))
			ok(t, p.SyncDir("/"))
		}, []string{"", "\x00\x00\x00", "new"}},
		{"failed sync", func(p *Platter) {
			ok(t, p.SetFile("a", []byte("old")))
			f := create(t, p, "a")
			write(t, f, 0, []byte("new"))
			p.Inject(Fault{Kind: Sync, N: 1, Err: syscall.EIO})
			if err := f.Sync(); !errors.Is(err, syscall.EIO) {
				t.Errorf("got %v, want EIO", err)
			}
			ok(t, f.Sync())
		}, []string{"old"}},
		{"failed sync that was done", func(p *Platter) {
			ok(t, p.SetFile("a", []byte("old")))
			f := create(t, p, "a")
			write(t, f, 0, []byte("new"))
			p.Inject(Fault{Kind: Sync, N: 1, Err: syscall.EIO, Done: true})
			if err := f.Sync(); !errors.Is(err, syscall.EIO) {
				t.Errorf("got %v, want EIO", err)
			}
		}, []string{"new"}},
		{"half a write", func(p *Platter) {
			f := create(t, p, "a")
			ok(t, p.SyncDir("."))
			p.Inject(Fault{Kind: Write, N: 1, Err: syscall.ENOSPC, Short: true})
			if n, err := f.WriteAt([]byte("abcd"), 0); n != 2 || !durable.IsNoSpace(err) {
				t.Errorf("got %d, %v, want 2, no space", n, err)
			}
			ok(t, f.Sync())
		}, []string{"ab"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := New(t)
			tt.do(p)
			if got := outcomes(p, "a"); !slices.Equal(got, tt.want) {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestDirectoryIsLostWithItsName(t *testing.T) {
	p := New(t)
	ok(t, p.MkdirAll("x/y", 0o700))
	f := create(t, p, "x/y/a")
	write(t, f, 0, []byte("new"))
	ok(t, f.Sync())
	ok(t, p.SyncDir("x/y"))
	ok(t, p.SyncDir("x"))
	if got, want := outcomes(p, "x/y/a"), []string{"-", "new"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	ok(t, p.SyncDir("/"))
	if got, want := outcomes(p, "x/y/a"), []string{"new"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestRenameIntoAnotherDirectoryIsAtomic(t *testing.T) {
	for _, sync := range []string{"", "x", "y"} {
		p := New(t)
		ok(t, p.MkdirAll("x", 0o700))
		ok(t, p.MkdirAll("y", 0o700))
		ok(t, p.SyncDir("/"))
		ok(t, p.SetFile("x/a", []byte("new")))
		ok(t, p.Rename("x/a", "y/b"))
		if sync != "" {
			ok(t, p.SyncDir(sync))
		}
		seen := make(map[string]bool)
		for seed := range uint64(50) {
			names := p.Crash(seed).Names()
			if len(names) != 1 {
				t.Fatalf("synced %q: got %q, want one name", sync, names)
			}
			seen[names[0]] = true
		}
		want := []string{"/y/b"}
		if sync == "" {
			want = []string{"/x/a", "/y/b"}
		}
		if got := slices.Sorted(maps.Keys(seen)); !slices.Equal(got, want) {
			t.Errorf("synced %q: got %q, want %q", sync, got, want)
		}
	}
}

func TestSectorsAreTornApart(t *testing.T) {
	p := New(t)
	f := create(t, p, "a")
	write(t, f, 0, make([]byte, 4*sector))
	ok(t, f.Sync())
	ok(t, p.SyncDir("."))
	write(t, f, 0, bytes.Repeat([]byte{1}, 4*sector))
	seen := make(map[string]bool)
	for seed := range uint64(400) {
		data, err := p.Crash(seed).ReadFile("a")
		ok(t, err)
		key := ""
		for s := range 4 {
			got := data[s*sector:][:sector]
			if !bytes.Equal(got, bytes.Repeat(got[:1], sector)) {
				t.Fatal("a sector is torn")
			}
			key += fmt.Sprint(got[0])
		}
		seen[key] = true
	}
	if len(seen) != 16 {
		t.Errorf("%d of 16 subsets were seen", len(seen))
	}
}

func TestPagesAreLostApart(t *testing.T) {
	p := New(t)
	f := create(t, p, "a")
	ok(t, p.SyncDir("."))
	write(t, f, 0, bytes.Repeat([]byte{1}, 3*4096))
	for seed := range uint64(400) {
		data, err := p.Crash(seed).ReadFile("a")
		ok(t, err)
		if len(data) == 3*4096 && bytes.Equal(data[:4096], make([]byte, 4096)) && bytes.Equal(data[4096:], bytes.Repeat([]byte{1}, 2*4096)) {
			return
		}
	}
	t.Error("the first page is never lost without the others")
}

func TestCrashIsTheSameForASeed(t *testing.T) {
	p := New(t)
	for i := range 20 {
		write(t, create(t, p, fmt.Sprint(i)), 0, bytes.Repeat([]byte{byte(i)}, 5000))
	}
	for seed := range uint64(20) {
		a, b := p.Crash(seed), p.Crash(seed)
		if !slices.Equal(a.Names(), b.Names()) {
			t.Fatal("other names")
		}
		for _, name := range a.Names() {
			x, _ := a.ReadFile(name)
			y, _ := b.ReadFile(name)
			if !bytes.Equal(x, y) {
				t.Fatal("another content")
			}
		}
	}
}

// TestCrashesGivesEachStateOnce: one state while nothing is missing, and as many as there are else, each of them once.
func TestCrashesGivesEachStateOnce(t *testing.T) {
	p := New(t)
	count := func() (n int) {
		for range p.Crashes(400) {
			n++
		}
		return n
	}
	f := create(t, p, "/a")
	write(t, f, 0, make([]byte, 3*sector))
	ok(t, f.Sync())
	ok(t, p.SyncDir("/"))
	if n := count(); n != 1 {
		t.Errorf("%d states of a disk on which all is synced", n)
	}
	for i := range int64(3) {
		write(t, f, i*sector, []byte{'x'})
	}
	if n, all := count(), outcomes(p, "/a"); n != len(all) || n != 8 {
		t.Errorf("%d states, want %d, which are 8", n, len(all))
	}
	write(t, create(t, p, "/b"), 0, nil)
	if n := count(); n != 16 {
		t.Errorf("%d states with another name, want 16", n)
	}
}

func TestCutEndsEverything(t *testing.T) {
	p := New(t)
	f := create(t, p, "a")
	ok(t, p.SyncDir("/"))
	p.Inject(Fault{Kind: Any, N: 4, Cut: true})
	write(t, f, 0, []byte("new"))
	for range 2 {
		if err := f.Sync(); !errors.Is(err, ErrCut) {
			t.Errorf("got %v, want %v", err, ErrCut)
		}
	}
	if _, err := f.ReadAt(make([]byte, 1), 0); !errors.Is(err, ErrCut) {
		t.Errorf("got %v, want %v", err, ErrCut)
	}
	if got, want := outcomes(p, "a"), []string{"", "\x00\x00\x00", "new"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestDirectAsksForAlignment(t *testing.T) {
	p := New(t)
	f, err := p.OpenFile("a", os.O_RDWR|os.O_CREATE|durable.Direct, 0o600)
	ok(t, err)
	buf := durable.Aligned(2 * durable.Block)
	for _, at := range []struct {
		b   []byte
		off int64
	}{{buf[:100], 0}, {buf[:durable.Block], 1}, {buf[8 : 8+durable.Block], 0}} {
		if _, err := f.WriteAt(at.b, at.off); !errors.Is(err, syscall.EINVAL) {
			t.Errorf("got %v, want EINVAL", err)
		}
	}
	write(t, f, durable.Block, buf)
}

type recorder struct{ errors int }

func (r *recorder) Helper()               {}
func (r *recorder) Errorf(string, ...any) { r.errors++ }

func TestAppendOnlyTellsOfTouchedBytes(t *testing.T) {
	var r recorder
	p := New(&r)
	p.AppendOnly(func(string) bool { return true })
	f := create(t, p, "a")
	write(t, f, 0, []byte("abc"))
	write(t, f, 0, []byte("xyz"))
	ok(t, f.Sync())
	write(t, f, 3, []byte("def"))
	ok(t, f.Truncate(3))
	if r.errors != 0 {
		t.Fatalf("%d complaints about what was not acknowledged", r.errors)
	}
	write(t, f, 2, []byte("X"))
	ok(t, f.Truncate(1))
	if r.errors != 2 {
		t.Errorf("%d complaints, want 2", r.errors)
	}
}

func TestLimit(t *testing.T) {
	p := New(t)
	p.Limit(10)
	f := create(t, p, "a")
	write(t, f, 0, make([]byte, 10))
	if _, err := create(t, p, "b").WriteAt([]byte{1}, 0); !durable.IsNoSpace(err) {
		t.Errorf("got %v, want no space", err)
	}
	ok(t, p.Remove("a"))
	write(t, create(t, p, "b"), 0, make([]byte, 10))
}

// WriteFile is the first user: at every fault, and wherever the power goes, the file holds the old or the new,
// and the new for sure once WriteFile has said so.
func TestWriteFile(t *testing.T) {
	old, new := bytes.Repeat([]byte("old"), 1000), bytes.Repeat([]byte("new"), 2000)
	scenario := func(t *testing.T, p *Platter) {
		if err := p.SetFile("state", old); err != nil {
			t.Fatal(err)
		}
		said := durable.WriteFile(p, "state", new, 0o600)
		for seed := range uint64(50) {
			c := p.Crash(seed)
			got, err := durable.ReadFile(c, "state")
			if err != nil {
				t.Fatalf("seed %d: %v", seed, err)
			}
			if !bytes.Equal(got, new) && (said == nil || !bytes.Equal(got, old)) {
				t.Fatalf("seed %d: WriteFile said %v, and the file holds %d bytes of %.6q", seed, said, len(got), got)
			}
			if err := durable.WriteFile(c, "state", old, 0o600); err != nil {
				t.Fatalf("seed %d: the next write: %v", seed, err)
			}
		}
	}
	Each(t, scenario)
	EachCut(t, scenario)
}

func TestErrorsOfNames(t *testing.T) {
	p := New(t)
	ok(t, p.MkdirAll("d", 0o700))
	ok(t, p.SetFile("f", nil))
	tests := []struct {
		name string
		err  error
		want error
	}{
		{"open what is not there", second(p.OpenFile("x", os.O_RDONLY, 0)), fs.ErrNotExist},
		{"open what must be new", second(p.OpenFile("f", os.O_RDWR|os.O_CREATE|os.O_EXCL, 0)), fs.ErrExist},
		{"open a directory", second(p.OpenFile("d", os.O_RDONLY, 0)), syscall.EISDIR},
		{"remove what is not there", p.Remove("x"), fs.ErrNotExist},
		{"rename what is not there", p.Rename("x", "y"), fs.ErrNotExist},
		{"sync a directory that is not there", p.SyncDir("x"), fs.ErrNotExist},
		{"make a directory below a file", p.MkdirAll("f/x", 0), syscall.ENOTDIR},
	}
	for _, tt := range tests {
		if !errors.Is(tt.err, tt.want) {
			t.Errorf("%s: got %v, want %v", tt.name, tt.err, tt.want)
		}
	}
	if n := p.OpenFiles(); n != 0 {
		t.Errorf("%d files are open, want none", n)
	}
}

func second[T any](_ T, err error) error { return err }
