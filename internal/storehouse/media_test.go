package storehouse

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/alert"
	"github.com/azekura/azekura/internal/door/api"
	"github.com/azekura/azekura/internal/door/api/client"
	"github.com/azekura/azekura/internal/durable"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/ledger"
	"github.com/azekura/azekura/internal/medium"
	"github.com/azekura/azekura/internal/problem"
	"github.com/azekura/azekura/internal/seal"
)

// stopped opens a house in this process, as a command does when no server runs.
func stopped(t *testing.T, cfg Config, opt Options) (*House, *client.Client) {
	t.Helper()
	h, err := Open(t.Context(), cfg, opt)
	if err != nil {
		t.Fatal(err)
	}
	return h, client.New(api.Local(h.API(), ConsoleAddress()), "en")
}

func shut(t *testing.T, h *House) {
	t.Helper()
	if err := h.Close(context.WithoutCancel(t.Context())); err != nil {
		t.Fatal(err)
	}
}

func saved(t *testing.T, c *client.Client, path, text string) {
	t.Helper()
	if _, err := c.Save(t.Context(), path, strings.NewReader(text), int64(len(text)), time.Time{}); err != nil {
		t.Fatal(err)
	}
}

func synced(t *testing.T, c *client.Client, at string) (out api.Synced, err error) {
	t.Helper()
	for l, err := range c.SyncMedium(t.Context(), api.SyncRequest{Path: at}) {
		if err != nil {
			return out, err
		}
		if l.Synced != nil {
			out = *l.Synced
		}
	}
	return out, nil
}

func hinted(err error) string {
	if e, ok := err.(*client.Error); ok {
		return e.Hint
	}
	return ""
}

// TestMediumIsAVault copies a house to a medium, finds no key on it, and makes a house of the medium, the ring and what opens the root.
func TestMediumIsAVault(t *testing.T) {
	cfg, _ := created(t)
	at := t.TempDir()
	h, c := stopped(t, cfg, options())
	big := strings.Repeat("photograph ", 300_000)
	saved(t, c, "/アルバム/a.txt", "first")
	m, err := c.MakeMedium(t.Context(), api.NewMedium{Path: at, Label: "disk 1", Set: "A", Place: "bank"})
	if err != nil {
		t.Fatal(err)
	}
	if out, err := synced(t, c, at); err != nil || out.State != 1 || out.Found != 0 || !out.SameDisk {
		t.Fatalf("%+v, %v", out, err)
	}
	saved(t, c, "/アルバム/b.txt", big)
	out, err := synced(t, c, at)
	if err != nil || out.State != 2 || out.Copied >= out.Bytes {
		t.Fatalf("%+v, %v", out, err)
	}
	list, err := c.Media(t.Context())
	if err != nil || len(list.Media) != 1 || list.Media[0].State != 2 || list.Media[0].ID != m.ID || list.Level != "look" || list.Next != nil || !strings.Contains(list.Rules[0].Text, "disk 1") || len(list.Attached) != 1 {
		t.Errorf("%+v, %v", list, err)
	}
	key := h.keeper.local.Status().PublicKey
	shut(t, h)
	noKeys(t, cfg, at)

	target := medium.NewDisk(durable.OS(), at)
	if r, err := medium.Verify(t.Context(), target, medium.Check{Key: key, Known: 2}, func(f medium.Finding) { t.Errorf("%+v", f) }); err != nil || r.Last != 2 {
		t.Fatalf("%+v, %v", r, err)
	}
	s, err := medium.Open(t.Context(), target, key, 0)
	if err != nil {
		t.Fatal(err)
	}
	cfg2 := Default(filepath.Join(t.TempDir(), "data"))
	restore(t, s, cfg, cfg2)
	opt := options()
	opt.acceptRollback = true // the write-ahead files of the ledger are not on a medium
	h, c = stopped(t, cfg2, opt)
	defer shut(t, h)
	for path, want := range map[string]string{"/アルバム/a.txt": "first", "/アルバム/b.txt": big} {
		body, err := c.Open(t.Context(), path, client.Version{}, "open")
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(body)
		body.Close()
		if err != nil || string(b) != want {
			t.Errorf("%s has %d bytes, want %d: %v", path, len(b), len(want), err)
		}
	}
	if out, err := synced(t, c, at); err != nil || out.State != 3 {
		t.Errorf("the house that was restored goes on with its medium: %+v, %v", out, err)
	}
}

// TestUnplugged: who takes a disk out while its copy is read back has a copy, and is told everywhere that it still has to be read.
func TestUnplugged(t *testing.T) {
	cfg, _ := created(t)
	h, c := stopped(t, cfg, options())
	defer shut(t, h)
	at := t.TempDir()
	saved(t, c, "/アルバム/a.txt", "first")
	if _, err := c.MakeMedium(t.Context(), api.NewMedium{Path: at, Label: "disk 1"}); err != nil {
		t.Fatal(err)
	}
	s, err := h.keeper.Keeper().Login(t.Context(), account.Credentials{Name: consoleName(), Factor: account.Console, Door: "console"})
	if err != nil {
		t.Fatal(err)
	}
	ctx, unplug := context.WithCancel(t.Context())
	var told api.Synced
	_, err = h.SyncMedium(ctx, s, api.SyncRequest{Path: at}, func(l api.SyncLine) {
		if l.Copied != nil {
			told = *l.Copied
			unplug()
		}
	})
	if err == nil || told.State != 1 || told.Unread == 0 || told.Unread != told.Copied {
		t.Fatalf("%+v, %v", told, err)
	}
	rule := func() api.CopyRule {
		list, err := c.Media(t.Context())
		if err != nil || list.Media[0].State != 1 && list.Media[0].State != 2 {
			t.Fatal(list, err)
		}
		return list.Rules[len(list.Rules)-1]
	}
	if r := rule(); r.Level != "look" || !strings.Contains(r.Text, "still has to be read back, on: disk 1") {
		t.Errorf("%+v", r)
	}
	out, err := synced(t, c, at)
	if err != nil || out.State != 2 || out.ReadOf <= out.Copied || out.Unread != 0 || out.ReadTime < 0 || out.CopyTime < 0 {
		t.Fatalf("%+v, %v", out, err)
	}
	if r := rule(); strings.Contains(r.Text, "read back, on") {
		t.Errorf("%+v", r)
	}
}

// restore puts a data directory together of a state, and what lies elsewhere.
func restore(t *testing.T, s *medium.State, from, to Config) {
	t.Helper()
	a, b := layoutOf(from), layoutOf(to)
	put := func(name string, data []byte) {
		t.Helper()
		if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range s.Names() {
		data, err := s.File(t.Context(), name)
		if err != nil {
			t.Fatal(err)
		}
		if rest, ok := strings.CutPrefix(name, "keeper/"); ok {
			put(filepath.Join(b.keeper, rest), data)
		}
	}
	for name, place := range map[string]string{filepath.Join(a.keeper, "ring"): filepath.Join(b.keeper, "ring"), filepath.Join(a.keeper, "protection"): filepath.Join(b.keeper, "protection"), a.key: b.key} {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		put(place, data)
	}
	disk := s.Disk()
	for _, share := range s.Shares() {
		list, err := disk.ReadDir(share.String())
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range list {
			data, err := durable.ReadFile(disk, share.String()+"/"+e.Name())
			if err != nil {
				t.Fatal(err)
			}
			put(filepath.Join(b.packs, share.String(), e.Name()), data)
		}
	}
	if _, err := ledger.Export(t.Context(), s.Ledger(), s.Medium.Vault, durable.OS(), b.ledger); err != nil {
		t.Fatal(err)
	}
}

// noKeys looks for the ring, the protection, the root and each key of a share, and what opens the root, in every file of a medium.
func noKeys(t *testing.T, cfg Config, at string) {
	t.Helper()
	l := layoutOf(cfg)
	file := func(name string) []byte {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	ring, protection, keyFile := file(filepath.Join(l.keeper, "ring")), file(filepath.Join(l.keeper, "protection")), bytes.TrimSpace(file(l.key))
	var p struct{ Root []byte }
	if err := json.Unmarshal(protection, &p); err != nil {
		t.Fatal(err)
	}
	var w, root seal.Key
	if _, err := hex.Decode(w[:], keyFile); err != nil {
		t.Fatal(err)
	}
	plain, err := w.Open(nil, p.Root, []byte("azekura/v1 keeper root key-file"))
	if err != nil {
		t.Fatal(err)
	}
	copy(root[:], plain)
	opened, err := root.Derive("keeper ring").OpenOnce(nil, ring[1:], ring[:1])
	if err != nil {
		t.Fatal(err)
	}
	secrets := map[string][]byte{"key file": keyFile, "its key": w[:], "root": root[:], "sealed root": p.Root}
	if n := binary.BigEndian.Uint32(opened[9:13]); opened[0] != 2 || n != 0 { // docs/format.md, Keeper state
		t.Fatalf("a ring of version %d with %d shares whose keys are destroyed", opened[0], n)
	}
	for i, rest := 0, opened[13:]; len(rest) > 0; i++ {
		n := int(rest[48])<<8 | int(rest[49])
		secrets["metadata key"], secrets["private key"] = rest[16:48], rest[50:50+n]
		rest = rest[50+n:]
	}
	for i := 0; i+24 <= len(ring); i += 24 {
		secrets["ring at "+string(rune('0'+i/24))] = ring[i : i+24]
	}
	if len(secrets) < 8 {
		t.Fatalf("only %d secrets", len(secrets))
	}
	files := 0
	err = filepath.WalkDir(at, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		files++
		data := file(name)
		for what, secret := range secrets {
			if bytes.Contains(data, secret) || bytes.Contains(data, []byte(hex.EncodeToString(secret))) {
				t.Errorf("%s holds the %s", name, what)
			}
		}
		return nil
	})
	if err != nil || files < 8 {
		t.Errorf("%d files, %v", files, err)
	}
}

// TestMediaRefused: what is no place for a medium, or not this house's.
func TestMediaRefused(t *testing.T) {
	cfg, _ := created(t)
	h, c := stopped(t, cfg, options())
	defer shut(t, h)
	inside := filepath.Join(cfg.Data, "medium")
	if err := os.Mkdir(inside, 0o700); err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(inside, link); err != nil {
		t.Fatal(err)
	}
	full := t.TempDir()
	if err := os.WriteFile(filepath.Join(full, "letter.txt"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for at, want := range map[string]string{inside: "hint.medium-inside", link: "hint.medium-inside", filepath.Dir(cfg.Data): "hint.medium-inside",
		full: "hint.medium-not-empty", "/no/such/folder": "hint.medium-folder", "relative": "hint.medium-folder"} {
		_, err := c.MakeMedium(t.Context(), api.NewMedium{Path: at, Label: "disk"})
		if hinted(err) != want {
			t.Errorf("%s: %v, want %s", at, err, want)
		}
		if at == full && !strings.Contains(err.Error(), "letter.txt") { // what to remove from a disk that is new
			t.Error(err)
		}
	}
	at := t.TempDir()
	if _, err := synced(t, c, at); hinted(err) != "hint.medium-none" {
		t.Error(err)
	}
	m, err := c.MakeMedium(t.Context(), api.NewMedium{Path: at, Label: "disk"})
	if err != nil {
		t.Fatal(err)
	}
	for _, q := range []api.NewMedium{{Path: at, Label: "other"}, {Path: t.TempDir(), Label: "DISK"}, {Path: t.TempDir()}} {
		if _, err := c.MakeMedium(t.Context(), q); err == nil {
			t.Errorf("%+v was made", q)
		}
	}
	x, err := c.MakeCard(t.Context(), "safe")
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string][]byte{x.FileName(): x.Content, "azekura-card (1).card": x.Content[:100]} {
		name = filepath.Join(at, name)
		if err := os.WriteFile(name, content, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := synced(t, c, at); hinted(err) != "hint.medium-has-card" {
			t.Errorf("with a key card on it: %v", err)
		}
		if err := os.Remove(name); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := synced(t, c, at); err != nil {
		t.Error(err)
	}
	if err := c.RetireMedium(t.Context(), m.ID, ""); hinted(err) != "hint.medium-reason" {
		t.Error(err)
	}
	if err := c.RetireMedium(t.Context(), m.ID, "worn"); err != nil {
		t.Error(err)
	}
	if _, err := synced(t, c, at); hinted(err) != "hint.medium-retired" {
		t.Error(err)
	}
	other, _ := created(t)
	h2, c2 := stopped(t, other, options())
	defer shut(t, h2)
	if _, err := synced(t, c2, at); hinted(err) != "hint.medium-other-vault" {
		t.Error(err)
	}
}

// TestMediaFromAfar: over the network nobody has anything written to a path of the machine, whoever they are.
func TestMediaFromAfar(t *testing.T) {
	b := besiege(t)
	for path, body := range map[string]string{"/v1/media": `{"path":"/tmp","label":"x"}`, "/v1/media/sync": `{"path":"/tmp"}`,
		"/v1/media/" + id.NewMedium().String() + "/ejected": ``, "/v1/media/" + id.NewMedium().String() + "/checked": `{"findings":0}`} {
		if resp, text := b.admin.do("POST", path, body, "Content-Type", "application/json"); resp.StatusCode != 403 {
			t.Errorf("%s: %d %s", path, resp.StatusCode, text)
		}
	}
	if resp, text := b.admin.do("GET", "/v1/media", ""); resp.StatusCode != 200 || !strings.Contains(text, `"level":"look"`) {
		t.Error(resp.Status, text)
	}
}

// TestUnknownMedium: a medium of the house that it does not know of is taken in, unless it knows more than the house.
func TestUnknownMedium(t *testing.T) {
	cfg, _ := created(t)
	before := Default(filepath.Join(t.TempDir(), "data"))
	if err := os.CopyFS(before.Data, os.DirFS(cfg.Data)); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(layoutOf(before).key, 0o600); err != nil { // CopyFS gives everybody the right to read
		t.Fatal(err)
	}
	at := t.TempDir()
	h, c := stopped(t, cfg, options())
	if _, err := c.MakeMedium(t.Context(), api.NewMedium{Path: at, Label: "disk"}); err != nil {
		t.Fatal(err)
	}
	if _, err := synced(t, c, at); err != nil {
		t.Fatal(err)
	}
	shut(t, h)
	h, c = stopped(t, before, options())
	defer shut(t, h)
	_, err := synced(t, c, at)
	if got := hinted(err); got != "hint.medium-newer" && got != "hint.medium-forked" {
		t.Errorf("a house that was put back copies to a medium that knows more: %v", err)
	}
}

// TestWatcher: people are told once a day of a medium that stays, and when none comes.
func TestWatcher(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		off := account.Medium{ID: id.NewMedium(), Label: "disk 1", Made: start, Time: start}
		beside := func() account.Medium { // on the disk of the house: copied to each day, and no copy
			return account.Medium{ID: id.NewMedium(), Label: "rehearsal", Made: start, Time: time.Now(), SameDisk: true}
		}
		var now atomic.Pointer[account.Medium]
		now.Store(&off)
		var told []string
		ids := make(map[string]bool)
		w := &watcher{look: func(context.Context) []account.Medium { return []account.Medium{*now.Load(), beside()} }, now: time.Now, id: "house", cards: func() ([]string, time.Time) { return nil, time.Time{} }, days: 8, hours: 24, told: make(map[string]time.Time),
			page: func(p string) string { return p }, tell: func(a alert.Alert) {
				if ids[a.ID] {
					t.Errorf("%s comes twice", a.ID)
				}
				ids[a.ID] = true
				told = append(told, string(a.Kind)+" "+time.Since(start).Round(time.Hour).String())
			}}
		ctx, stop := context.WithCancel(t.Context())
		go w.run(ctx)
		<-time.After(2 * time.Hour)
		on := off
		on.Attached = time.Now()
		now.Store(&on)
		<-time.After(49 * time.Hour)
		now.Store(&off)
		<-time.After(9 * 24 * time.Hour)
		stop()
		synctest.Wait()
		if got := strings.Join(told, ", "); got != "connected 26h0m0s, connected 50h0m0s, stale 192h0m0s, stale 216h0m0s, stale 240h0m0s, stale 264h0m0s" {
			t.Error(got)
		}
	})
}

// TestCardsBehind: people are told once a day of key cards that have been behind for too long, and where to rewrite them.
func TestCardsBehind(t *testing.T) {
	start := time.Date(2026, 11, 30, 9, 0, 0, 0, time.UTC)
	now, behind := start, []string(nil)
	var told []alert.Alert
	w := &watcher{look: func(context.Context) []account.Medium { return nil }, cards: func() ([]string, time.Time) { return behind, start }, now: func() time.Time { return now },
		days: 8, told: make(map[string]time.Time), page: func(p string) string { return p }, tell: func(a alert.Alert) { told = append(told, a) }}
	for hour := range 11 * 24 {
		now = start.Add(time.Duration(hour) * time.Hour)
		if hour == 1 {
			behind = []string{"1 金庫", "2 bank"}
		}
		w.once(t.Context())
	}
	if len(told) != 3 || told[0].When.Sub(start) != 193*time.Hour || told[0].Who != "1 金庫, 2 bank" || told[0].Count != 8 || told[0].Link != "/reserve" || told[2].Count != 10 {
		t.Errorf("%+v", told)
	}
	if text := told[0].Text(); !strings.Contains(text, "since 8 days") || !strings.Contains(text, "8 日前から") || strings.Count(text, "azekura card refresh") != 2 {
		t.Error(text)
	}
}

// TestWatchMedia: the ticks see a medium come, at another place than before, and go.
func TestWatchMedia(t *testing.T) {
	cfg, _ := created(t)
	h, c := stopped(t, cfg, options())
	defer shut(t, h)
	at := filepath.Join(t.TempDir(), "disk")
	if err := os.Mkdir(at, 0o700); err != nil {
		t.Fatal(err)
	}
	if _, err := c.MakeMedium(t.Context(), api.NewMedium{Path: at, Label: "disk"}); err != nil {
		t.Fatal(err)
	}
	attached := func() bool { return !h.watchMedia(t.Context())[0].Attached.IsZero() }
	if !attached() {
		t.Error("it was made, and counts as gone")
	}
	if err := os.Rename(at, at+" away"); err != nil {
		t.Fatal(err)
	}
	if attached() {
		t.Error("it is gone")
	}
	if err := os.Rename(at+" away", at); err != nil {
		t.Fatal(err)
	}
	if !attached() {
		t.Error("it is back")
	}
	if _, err := h.keeper.local.Media(t.Context(), id.NewSession()); problem.KindOf(err) == problem.Internal || err == nil {
		t.Error(err)
	}
}
