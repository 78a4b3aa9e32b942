package storehouse

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/catalogue/loan"
	"github.com/azekura/azekura/internal/door/api/client"
	"github.com/azekura/azekura/internal/durable"
	"github.com/azekura/azekura/internal/event"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/ledger"
	"github.com/azekura/azekura/internal/logbook"
	"github.com/azekura/azekura/internal/problem"
)

// record puts entries into the ledger of a house.
func record(t *testing.T, h *House, n int) {
	t.Helper()
	var all sync.WaitGroup
	for range n {
		all.Go(func() {
			if err := h.keeper.local.Record(t.Context(), event.Event{Kind: event.PackSealed, When: h.opt.Now(), Share: id.NewShare()}); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
}

// TestLedgerOnMedium: a restored house opens with the ledger on the medium, goes on with it, shows and proves all of it, and does so without
// the medium once it was copied.
func TestLedgerOnMedium(t *testing.T) {
	var before int64
	l := loseHouse(t, 1, 100, func(_ *lostHouse, h *House, _ *client.Client) {
		record(t, h, 600)
		before = h.keeper.local.Head().Size
	})
	cfg := l.restored(t)
	tiles := func() (n int) {
		filepath.WalkDir(filepath.Join(LedgerDir(cfg.Data), "tile"), func(name string, d os.DirEntry, err error) error {
			if err == nil && d.Type().IsRegular() {
				n++
			}
			return nil
		})
		return n
	}
	opt := options()
	opt.FS = Disk(cfg.Data)
	h, _ := stopped(t, cfg, opt)
	whole := func(what string) {
		t.Helper()
		s, err := h.keeper.Keeper().Login(t.Context(), account.Credentials{Name: consoleName(), Factor: account.Console, Door: "console"})
		if err != nil {
			t.Fatal(err)
		}
		a, err := h.keeper.local.Audit(t.Context(), s.ID)
		if err != nil || !a.Report.OK() || a.Report.Size != a.Head.Size || a.Head.Size <= before {
			t.Errorf("%s: %+v, %v", what, a, err)
		}
		if _, err := h.keeper.local.Proof(t.Context(), s.ID, 3); err != nil {
			t.Errorf("%s: %v", what, err)
		}
	}
	if n := tiles(); n > 12 {
		t.Errorf("%d tiles were copied before it opened", n)
	}
	whole("on the medium")
	record(t, h, 300)
	whole("grown, on the medium")
	fsys, _, err := LedgerAt(t.Context(), LedgerDir(cfg.Data), l.card.Vault, options().Now)
	if err != nil {
		t.Fatal(err)
	}
	if r, err := ledger.Verify(t.Context(), fsys, l.card.Vault); err != nil || !r.OK() {
		t.Errorf("by another program: %+v, %v", r, err)
	}
	if out, err := h.Fetch(t.Context(), func(Fetched) {}); err != nil || len(out.Findings) > 0 {
		t.Fatalf("%+v, %v", out, err)
	}
	if err := os.Rename(l.at, l.at+" in the cupboard"); err != nil {
		t.Fatal(err)
	}
	whole("copied")
	record(t, h, 300)
	shut(t, h)
	h, c := stopped(t, cfg, options())
	whole("opened again")
	l.compare(t, c)
	shut(t, h)
	if r, err := ledger.Verify(t.Context(), os.DirFS(LedgerDir(cfg.Data)), l.card.Vault); err != nil || !r.OK() {
		t.Errorf("at last: %+v, %v", r, err)
	}
}

// TestLedgerDamagedOnMedium: a tile that is damaged on the medium keeps nobody from the files; it is named.
func TestLedgerDamagedOnMedium(t *testing.T) {
	l := loseHouse(t, 1, 100, func(_ *lostHouse, h *House, _ *client.Client) { record(t, h, 600) })
	name := filepath.Join(l.at, "ledger/tile/entries/000")
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	b[1000] ^= 1
	if err := os.WriteFile(name, b, 0o600); err != nil {
		t.Fatal(err)
	}
	h, c := stopped(t, l.restored(t), options())
	defer shut(t, h)
	opens := func() {
		t.Helper()
		body, err := c.Open(t.Context(), "/アルバム/0.txt", client.Version{}, "open")
		if err != nil {
			t.Fatal(err)
		}
		body.Close()
	}
	opens()
	out, err := h.Fetch(t.Context(), func(Fetched) {})
	if err != nil || len(out.Findings) != 1 || out.Findings[0].Object != "ledger/tile/entries/000" {
		t.Errorf("%+v, %v", out, err)
	}
	opens()
	saved(t, c, "/アルバム/after.txt", "after the restore")
}

// TestLedgerEndDamagedOnMedium: where the keeper cannot go on behind the ledger of a state, that is said before anything is made, and an earlier one can be taken.
func TestLedgerEndDamagedOnMedium(t *testing.T) {
	l := loseHouse(t, 1, 100)
	names, err := filepath.Glob(filepath.Join(l.at, "ledger/tile/entries/000.p/*"))
	if err != nil || len(names) != 1 {
		t.Fatal(names, err)
	}
	whole, err := os.ReadFile(names[0])
	if err != nil {
		t.Fatal(err)
	}
	b := bytes.Clone(whole)
	b[len(b)-1] ^= 1
	cfg := Default(filepath.Join(t.TempDir(), "data"))
	for _, x := range []struct {
		bytes []byte
		want  string
	}{{b, "hint.restore-ledger"}, {whole, ""}} {
		if err := os.WriteFile(names[0], x.bytes, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := Restore(t.Context(), cfg, options(), l.source()); advice(err) != x.want {
			t.Errorf("%v, want %q", err, x.want)
		}
	}
}

// TestLinesOnMedium: lines of appliances are found while they lie on the medium, and new ones come in files of their own.
func TestLinesOnMedium(t *testing.T) {
	l := loseHouse(t, 1, 100)
	cfg := l.restored(t)
	h, c := stopped(t, cfg, options())
	found := func(what string, want int) {
		t.Helper()
		if r, err := c.VerifyLogs(t.Context()); err != nil || r.Found != 0 || r.Lines != int64(want) {
			t.Errorf("%s: %+v, %v", what, r, err)
		}
	}
	found("on the medium", l.lines)
	if err := h.keeper.local.KeepLogs(t.Context(), []logbook.Line{{Received: h.opt.Now(), Device: "gw", Raw: []byte("later")}}); err != nil {
		t.Fatal(err)
	}
	found("with new ones", l.lines+1)
	if _, err := h.Fetch(t.Context(), func(Fetched) {}); err != nil {
		t.Fatal(err)
	}
	found("copied", l.lines+1)
	shut(t, h)
	h, c = stopped(t, cfg, options())
	found("opened again", l.lines+1)
	shut(t, h)
}

// advice is the hint of an error of the house itself.
func advice(err error) string {
	if p, ok := errors.AsType[*problem.Error](err); ok {
		return p.Hint
	}
	return ""
}

// TestRestorePulled: a medium that is pulled out in the middle breaks the copy off, and nothing is taken for damaged. When it is
// connected again the rest comes.
func TestRestorePulled(t *testing.T) {
	l := loseHouse(t, 20, 400_000)
	cfg := l.restored(t)
	h, c := stopped(t, cfg, options())
	if _, err := c.Stat(t.Context(), "/アルバム/0.txt"); err != nil { // its share is open
		t.Fatal(err)
	}
	pulled := l.at + " in a pocket"
	out, err := h.Fetch(t.Context(), func(f Fetched) {
		if f.Packs > 0 { // what others read at that moment may still become whole
			_ = os.Rename(l.at, pulled)
		}
	})
	if advice(err) != "hint.medium-pulled" || len(out.Findings) > 0 || !h.half() {
		t.Fatalf("%+v, %v", out, err)
	}
	h.packs.Moved() // what was open of the medium is of no use
	unread := 0
	for path := range l.files {
		body, err := c.Open(t.Context(), path, client.Version{}, "open")
		if err == nil {
			_, err = io.Copy(io.Discard, body)
			body.Close()
		}
		if err != nil {
			unread++
		}
		if problem.KindOf(err) == problem.Damaged {
			t.Errorf("%s is said to be damaged: %v", path, err)
		}
	}
	if unread == 0 || unread == len(l.files) {
		t.Errorf("%d of %d files cannot be read", unread, len(l.files))
	}
	shut(t, h)
	if _, err := Open(t.Context(), cfg, options()); advice(err) != "hint.restore-medium" {
		t.Errorf("opened without its medium: %v", err)
	}
	if err := os.Rename(pulled, l.at); err != nil {
		t.Fatal(err)
	}
	h, c = stopped(t, cfg, options())
	if out, err := h.Fetch(t.Context(), func(Fetched) {}); err != nil || len(out.Findings) > 0 || out.Packs < 2 {
		t.Errorf("%+v, %v", out, err)
	}
	l.compare(t, c)
	shut(t, h)
}

// TestRestoreGivesWay: what is copied behind open doors stands still while somebody waits for the books of a share, also in the middle of a pack.
func TestRestoreGivesWay(t *testing.T) {
	l := loseHouseOf(t, 64, 30, 400_000)
	cfg := l.restored(t)
	h, c := stopped(t, cfg, options())
	asked, goOn, lent := make(chan struct{}), make(chan struct{}), make(chan struct{})
	var err error
	if h.loan, err = loan.New(h.books, filepath.Join(t.TempDir(), "books"), func(context.Context, id.Share) (*loan.Copy, error) {
		close(asked)
		<-goOn
		return nil, nil
	}, h.opt.Log); err != nil {
		t.Fatal(err)
	}
	open, fetched := false, make(chan struct{})
	out, err := h.Fetch(t.Context(), func(f Fetched) {
		if f.Bytes > 0 && !open {
			open = true
			go func() {
				defer close(lent)
				h.loan.Lend(context.Background(), id.NewShare(), nil)
			}()
			<-asked
			go func() {
				defer close(goOn)
				select {
				case <-fetched:
					t.Error("all came meanwhile")
				case <-time.After(300 * time.Millisecond): // in which all would have come
				}
			}()
		}
	})
	close(fetched)
	if err != nil || len(out.Findings) > 0 || out.Packs != 1 {
		t.Errorf("%+v, %v", out, err)
	}
	<-lent
	<-goOn
	l.compare(t, c)
	shut(t, h)
}

// hooked is a disk that does something before the first file is opened.
type hooked struct {
	durable.FS
	first func()
}

func (h *hooked) OpenFile(name string, flag int, perm fs.FileMode) (durable.File, error) {
	if do := h.first; do != nil {
		h.first = nil
		do()
	}
	return h.FS.OpenFile(name, flag, perm)
}

// TestRestoreTwice: two restores into one directory at once are one: who comes too late touches nothing.
func TestRestoreTwice(t *testing.T) {
	l := loseHouse(t, 1, 100)
	cfg, src := Default(filepath.Join(t.TempDir(), "data")), l.source()
	src.disk = &hooked{durable.OS(), func() {
		if err := Restore(t.Context(), cfg, options(), l.source()); err != nil {
			t.Fatal(err)
		}
		h, _ := stopped(t, cfg, options())
		if _, err := h.Fetch(t.Context(), func(Fetched) {}); err != nil {
			t.Error(err)
		}
		shut(t, h)
	}}
	if err := Restore(t.Context(), cfg, options(), src); advice(err) != "hint.restore-vacant" {
		t.Errorf("restored over a vault: %v", err)
	}
	if _, _, begun, err := Unfinished(cfg); begun || err != nil {
		t.Errorf("it is begun anew: %v", err)
	}
}
