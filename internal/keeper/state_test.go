package keeper

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/durable"
	"github.com/azekura/azekura/internal/durable/durabletest"
	"github.com/azekura/azekura/internal/event"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/problem"
)

// files copies all files of a disk whose name begins so.
func files(t *testing.T, p *durabletest.Platter, prefix string) map[string][]byte {
	t.Helper()
	out := make(map[string][]byte)
	for _, name := range p.Names() {
		if strings.HasPrefix(strings.TrimPrefix(name, "/"), prefix) {
			b, err := p.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			out[name] = b
		}
	}
	if len(out) == 0 {
		t.Fatalf("no file below %s among %q", prefix, p.Names())
	}
	return out
}

// put replaces all files of a disk whose name begins so.
func put(t *testing.T, p *durabletest.Platter, prefix string, with map[string][]byte) {
	t.Helper()
	for name := range files(t, p, prefix) {
		if _, ok := with[name]; !ok {
			if err := p.Remove(name); err != nil {
				t.Fatal(err)
			}
		}
	}
	for name, b := range with {
		if err := p.SetFile(name, b); err != nil {
			t.Fatal(err)
		}
	}
}

// used makes a keeper, uses it and closes it.
func used(t *testing.T, cfg Config, first bool, name string) {
	t.Helper()
	if first {
		if err := Init(t.Context(), cfg); err != nil {
			t.Fatal(err)
		}
	}
	l, err := Open(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := l.MakeShare(t.Context(), console(t, l), name); err != nil {
		t.Fatal(err)
	}
	if err := l.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// TestRollbackIsRefused puts older copies of the ledger and of the books in place.
func TestRollbackIsRefused(t *testing.T) {
	for _, c := range []struct {
		name string
		back func(t *testing.T, p *durabletest.Platter, cfg *Config, old func(prefix string) map[string][]byte)
	}{
		{"an older ledger", func(t *testing.T, p *durabletest.Platter, cfg *Config, old func(string) map[string][]byte) {
			put(t, p, "data/ledger", old("data/ledger"))
		}},
		{"an older state", func(t *testing.T, p *durabletest.Platter, cfg *Config, old func(string) map[string][]byte) {
			put(t, p, "data/keeper/state", old("data/keeper/state"))
		}},
		{"no state", func(t *testing.T, p *durabletest.Platter, cfg *Config, old func(string) map[string][]byte) {
			put(t, p, "data/keeper/state", nil)
		}},
		{"no head", func(t *testing.T, p *durabletest.Platter, cfg *Config, old func(string) map[string][]byte) {
			put(t, p, "data/keeper/head", nil)
		}},
		{"no ledger", func(t *testing.T, p *durabletest.Platter, cfg *Config, old func(string) map[string][]byte) {
			cfg.LedgerDir = "/data/new"
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := durabletest.New(t)
			cfg := testConfig(p, "/data")
			used(t, cfg, true, "one")
			before := map[string]map[string][]byte{}
			for _, prefix := range []string{"data/ledger", "data/keeper/state"} {
				before[prefix] = files(t, p, prefix)
			}
			used(t, cfg, false, "two")
			c.back(t, p, &cfg, func(prefix string) map[string][]byte { return before[prefix] })

			_, err := Open(t.Context(), cfg)
			e, ok := errors.AsType[*problem.Error](err)
			if !ok || e.Kind != problem.Damaged || e.Hint != "hint.ledger-rollback" {
				t.Fatalf("%v with the hint of %+v", err, e)
			}
			cfg.AcceptRollback, cfg.Restore = true, true
			l := reopen(t, cfg)
			got := entries(t, l, event.RollbackAccepted)
			if len(got) != 1 || !strings.Contains(got[0].Note, "seen before") {
				t.Fatalf("the ledger has %+v", got)
			}
			if err := l.Close(t.Context()); err != nil {
				t.Fatal(err)
			}
			cfg.AcceptRollback, cfg.Restore = false, false
			l = reopen(t, cfg)
			if n := len(entries(t, l, event.RollbackAccepted)); n != 1 {
				t.Errorf("%d accepted rollbacks", n)
			}
		})
	}
}

// TestForkedLedgerIsRefused continues a copy of the ledger with other entries, longer than the first.
func TestForkedLedgerIsRefused(t *testing.T) {
	p := durabletest.New(t)
	cfg := testConfig(p, "/data")
	used(t, cfg, true, "one")
	before, state, head := files(t, p, "data/ledger"), files(t, p, "data/keeper/state"), files(t, p, "data/keeper/head")
	used(t, cfg, false, "two")
	after := files(t, p, "data/keeper/head")
	put(t, p, "data/ledger", before)
	put(t, p, "data/keeper/state", state)
	put(t, p, "data/keeper/head", head)
	for i := range 3 {
		used(t, cfg, false, fmt.Sprintf("other %d", i))
	}
	put(t, p, "data/keeper/head", after)
	_, err := Open(t.Context(), cfg)
	if e, ok := errors.AsType[*problem.Error](err); !ok || e.Hint != "hint.ledger-rollback" {
		t.Errorf("a forked ledger: %v", err)
	}
}

// TestChangesAreKeptOrNot makes each kind of change on a disk that breaks at each call: what was answered is
// there after a crash and stands in the ledger, what was refused is not in force.
func TestChangesAreKeptOrNot(t *testing.T) {
	scenario := func(t *testing.T, p *durabletest.Platter) {
		cfg := testConfig(p, "/data")
		if Init(t.Context(), cfg) != nil {
			return
		}
		l, err := Open(t.Context(), cfg)
		if err != nil {
			return
		}
		defer l.Close(t.Context())
		s, err := l.Login(t.Context(), account.Credentials{Name: "root", Factor: account.Console, Door: "console"})
		if err != nil {
			return
		}
		type done struct{ share, account, rights, device bool }
		var d done
		_, err = l.MakeShare(t.Context(), s.ID, "albums")
		d.share = err == nil
		d.account = l.MakeAccount(t.Context(), s.ID, account.NewAccount{Name: "yamada", Role: account.Staff}) == nil
		d.rights = l.SetRights(t.Context(), s.ID, account.Right{Account: "yamada", Share: "albums", Rights: account.CanWrite}) == nil
		secret, err := l.MakeDevice(t.Context(), s.ID, "yamada", "laptop")
		d.device = err == nil
		if list, err := l.Shares(t.Context(), s.ID); err != nil || (len(list) == 1) != d.share {
			t.Errorf("shares %+v, %v after %+v", list, err, d)
		}
		if list, err := l.Accounts(t.Context(), s.ID); err != nil || (len(list) == 1) != d.account {
			t.Errorf("accounts %+v, %v after %+v", list, err, d)
		}
		if d == (done{}) {
			return
		}
		next, err := Open(t.Context(), testConfig(p.Crash(1), "/data"))
		if err != nil {
			t.Fatal(err)
		}
		defer next.Close(t.Context())
		root := console(t, next)
		list, err := next.Accounts(t.Context(), root)
		if err != nil || d.account && len(list) != 1 || d.rights && (len(list[0].Rights) != 1 || list[0].Rights[0].Rights != account.CanWrite) || d.device && len(list[0].Devices) != 1 {
			t.Errorf("accounts %+v, %v after %+v", list, err, d)
		}
		shares, err := next.Shares(t.Context(), root)
		if err != nil || d.share && len(shares) != 1 {
			t.Errorf("shares %+v, %v", shares, err)
		}
		for _, sh := range shares { // one that was not answered may be there: with its keys
			if _, err := next.Unlock(t.Context(), root, sh.ID); err != nil {
				t.Errorf("a share without keys: %v", err)
			}
		}
		if d.device {
			if _, err := next.OpenDayOf(t.Context(), root, "yamada", 0); err != nil {
				t.Error(err)
			}
			if _, err := next.Login(t.Context(), account.Credentials{Name: "yamada", Secret: secret, Factor: account.DevicePassword, Address: home, Door: "webdav"}); err != nil {
				t.Error(err)
			}
		}
		for kind, was := range map[event.Kind]bool{event.ShareMade: d.share, event.AccountMade: d.account, event.RightsChanged: d.rights, event.DeviceMade: d.device} {
			if n := len(entries(t, next, kind)); was && n != 1 {
				t.Errorf("%d entries of %s", n, kind)
			}
		}
	}
	durabletest.Each(t, scenario)
	durabletest.EachCut(t, scenario)
}

func TestAdministration(t *testing.T) {
	l := start(t, testConfig(durabletest.New(t), "/data"))
	root := console(t, l)
	ctx := t.Context()
	if _, err := l.MakeShare(ctx, root, "アルバム"); err != nil {
		t.Fatal(err)
	}
	staff := enter(t, l, person(t, l, root, "yamada", "アルバム", account.CanRead)).ID
	person(t, l, root, "suzuki", "", account.NoRights)
	denied := map[string]error{
		"make account":   l.MakeAccount(ctx, staff, account.NewAccount{Name: "x", Role: account.Staff}),
		"set password":   l.SetPassword(ctx, staff, "suzuki", goodPassword),
		"set disabled":   second(l.SetDisabled(ctx, staff, "suzuki", true)),
		"disable itself": second(l.SetDisabled(ctx, staff, "yamada", true)),
		"own password":   l.SetPassword(ctx, staff, "yamada", goodPassword), // from a device: whoever has found it
		"remove device":  l.RemoveDevice(ctx, staff, "suzuki", "laptop"),
		"set rights":     l.SetRights(ctx, staff, account.Right{Account: "yamada", Share: "アルバム", Rights: account.CanWrite}),
		"end sessions":   l.EndAccountSessions(ctx, staff, "suzuki"),
		"unknown":        l.EndAccountSessions(ctx, staff, "nobody"),
		"protection":     l.ChangeProtection(ctx, staff, FromPassphrase(goodPassword)),
	}
	_, denied["make device"] = l.MakeDevice(ctx, staff, "suzuki", "phone")
	_, denied["devices"] = l.Devices(ctx, staff, "suzuki")
	_, denied["make share"] = l.MakeShare(ctx, staff, "x")
	_, denied["reading key"] = l.ReadingKey(ctx, staff)
	_, denied["own device"] = l.MakeDevice(ctx, staff, "yamada", "phone")
	for what, err := range denied {
		if problem.KindOf(err) != problem.Denied {
			t.Errorf("%s by staff: %v", what, err)
		}
	}
	for e, err := range l.Events(ctx, staff, Filter{}) {
		if err != nil || e.Event.Actor != "yamada" && e.Event.Target != "yamada" {
			t.Errorf("staff reads %+v in the ledger, %v", e.Event, err)
		}
	}
	if list, err := l.Accounts(ctx, staff); err != nil || len(list) != 1 || list[0].Name != "yamada" || len(list[0].Devices) != 1 {
		t.Errorf("staff sees %+v, %v", list, err)
	}
	if list, err := l.Sessions(ctx, staff); err != nil || len(list) != 1 || list[0].ID != staff {
		t.Errorf("staff sees %+v, %v", list, err)
	}
	_, again := l.MakeShare(ctx, root, "アルバム") // decomposed
	_, twice := l.MakeDevice(ctx, root, "yamada", "laptop")
	_, slash := l.MakeShare(ctx, root, "a/b")
	for _, c := range []struct {
		what string
		err  error
		kind problem.Kind
	}{
		{"a share of the same name", again, problem.Exists},
		{"a device of the same name", twice, problem.Exists},
		{"a share with a slash", slash, problem.Invalid},
		{"an account of the same name", l.MakeAccount(ctx, root, account.NewAccount{Name: "YAMADA", Role: account.Staff}), problem.Exists},
		{"an unknown role", l.MakeAccount(ctx, root, account.NewAccount{Name: "x", Role: "owner"}), problem.Invalid},
		{"a poor password", l.MakeAccount(ctx, root, account.NewAccount{Name: "x", Role: account.Staff, Password: "password"}), problem.Invalid},
		{"no password", l.SetPassword(ctx, root, "yamada", ""), problem.Invalid},
		{"rights in no share", l.SetRights(ctx, root, account.Right{Account: "yamada", Share: "x", Rights: account.CanRead}), problem.NotFound},
		{"rights of nobody", l.SetRights(ctx, root, account.Right{Account: "x", Share: "アルバム", Rights: account.CanRead}), problem.NotFound},
		{"unknown rights", l.SetRights(ctx, root, account.Right{Account: "yamada", Share: "アルバム", Rights: "all"}), problem.Invalid},
		{"no device", l.RemoveDevice(ctx, root, "yamada", "x"), problem.NotFound},
		{"nobody", second(l.SetDisabled(ctx, root, "x", true)), problem.NotFound},
	} {
		if problem.KindOf(c.err) != c.kind {
			t.Errorf("%s: %v, want %v", c.what, c.err, c.kind)
		}
	}
	if err := l.ChangeProtection(ctx, root, FromPassphrase(goodPassword)); err != nil {
		t.Fatal(err)
	}
	if s := l.Status(); s.Protection != "passphrase" || s.Caution != "say.caution-passphrase" || s.Accounts != 2 || s.Shares != 1 {
		t.Errorf("status %+v", s)
	}
	if got := entries(t, l, event.ProtectionChanged); len(got) != 1 || got[0].Note != "passphrase" || got[0].Actor != "console:root" {
		t.Errorf("the ledger has %+v", got)
	}
}

func TestLastAdministrator(t *testing.T) {
	cfg := testConfig(durabletest.New(t), "/data")
	l := start(t, cfg)
	c := withPassword(t, l, "yamada", account.Administrator)
	if err := l.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	cfg.Console = false // where nobody could undo it
	l = reopen(t, cfg)
	s := enter(t, l, c)
	if _, err := l.SetDisabled(t.Context(), s.ID, "yamada", true); problem.KindOf(err) != problem.Denied {
		t.Errorf("the last administrator: %v", err)
	}
	if _, err := l.Login(t.Context(), account.Credentials{Name: "root", Factor: account.Console, Door: "console"}); problem.KindOf(err) != problem.Unauthenticated {
		t.Errorf("a console that is not open: %v", err)
	}
}

// TestNothingStandsInClear looks for everything that a thief would like to find, in all ways it could be written.
func TestNothingStandsInClear(t *testing.T) {
	dir := t.TempDir()
	cfg := testConfig(durable.OS(), dir)
	l := start(t, cfg)
	root := console(t, l)
	secrets := map[string][]byte{}
	for _, name := range []string{"平成三十年度卒業アルバム", "yamada-hanako", "hanako-laptop", "/平成三十年度卒業アルバム/3年1組.jpg", goodPassword, "Mozilla/5.0 (nobody)"} {
		secrets[name] = []byte(name)
	}
	share, err := l.MakeShare(t.Context(), root, "平成三十年度卒業アルバム")
	if err != nil {
		t.Fatal(err)
	}
	if err := l.MakeAccount(t.Context(), root, account.NewAccount{Name: "yamada-hanako", Role: account.Staff, Password: goodPassword}); err != nil {
		t.Fatal(err)
	}
	if err := l.SetRights(t.Context(), root, account.Right{Account: "yamada-hanako", Share: "平成三十年度卒業アルバム", Rights: account.CanRead}); err != nil {
		t.Fatal(err)
	}
	secret, err := l.MakeDevice(t.Context(), root, "yamada-hanako", "hanako-laptop")
	if err != nil {
		t.Fatal(err)
	}
	secrets["device password"] = []byte(secret)
	hash := deviceHash(secret)
	secrets["hash of the device password"] = hash[:]
	if _, err := l.OpenDayOf(t.Context(), root, "yamada-hanako", 0); err != nil {
		t.Fatal(err)
	}
	s := enter(t, l, account.Credentials{Name: "yamada-hanako", Secret: secret, Factor: account.DevicePassword, Address: home, Door: "webdav", Software: "Mozilla/5.0 (nobody)"})
	w := newWriter(t, l, s.ID, share.ID)
	f, key := w.version(t, "/平成三十年度卒業アルバム/3年1組.jpg")
	if _, err := l.Release(t.Context(), Request{Session: s.ID, Purpose: account.Open, Share: share.ID, Files: []Sealed{f}}); err != nil {
		t.Fatal(err)
	}
	secrets["file key"] = key[:]
	u, err := l.Unlock(t.Context(), s.ID, share.ID)
	if err != nil {
		t.Fatal(err)
	}
	secrets["metadata key"] = u.Metadata[:]
	sealing := l.keys.LedgerSealing()
	secrets["sealing key"] = sealing[:]
	if err := l.Close(context.WithoutCancel(t.Context())); err != nil {
		t.Fatal(err)
	}
	n := 0
	err = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		n++
		b, err := os.ReadFile(path)
		for what, s := range secrets {
			for _, form := range [][]byte{s, []byte(hex.EncodeToString(s)), []byte(base64.StdEncoding.EncodeToString(s)), bytes.ToUpper(s)} {
				if len(form) > 0 && bytes.Contains(b, form) {
					t.Errorf("%s stands in %s", what, path)
				}
			}
		}
		return err
	})
	if err != nil || n < 8 {
		t.Errorf("%d files, %v", n, err)
	}
}

func TestNothingAfterClose(t *testing.T) {
	cfg := testConfig(durabletest.New(t), "/data")
	l := start(t, cfg)
	s := console(t, l)
	share, err := l.MakeShare(t.Context(), s, "albums")
	if err != nil {
		t.Fatal(err)
	}
	w := newWriter(t, l, s, share.ID)
	f, _ := w.version(t, "/albums/a")
	if err := l.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	_, release := l.Release(t.Context(), Request{Session: s, Purpose: account.Open, Share: share.ID, Files: []Sealed{f}})
	_, unlock := l.Unlock(t.Context(), s, share.ID)
	_, login := l.Login(t.Context(), account.Credentials{Name: "root", Factor: account.Console, Door: "console"})
	_, made := l.MakeShare(t.Context(), s, "more")
	_, key := l.ReadingKey(t.Context(), s)
	for what, err := range map[string]error{"release": release, "unlock": unlock, "login": login, "share": made, "reading key": key,
		"record": l.Record(t.Context(), event.Event{Kind: event.Saved})} {
		if problem.KindOf(err) != problem.Unavailable {
			t.Errorf("%s: %v", what, err)
		}
	}
	l = reopen(t, cfg)
	all := entries(t, l)
	i := len(all) - 1
	for all[i].Kind != event.Stopped {
		i--
	}
	if all[i-1].Kind != event.Logout || all[i-1].Session != s || all[i+1].Kind != event.Started {
		t.Errorf("the end is %+v", all[i-1:])
	}
	if err := l.Check(t.Context(), s, share.ID, false); problem.KindOf(err) != problem.Unauthenticated {
		t.Errorf("a session outlives the keeper: %v", err)
	}
}

func TestDeviceUseIsRemembered(t *testing.T) {
	cfg := testConfig(durabletest.New(t), "/data")
	l := start(t, cfg)
	s := enter(t, l, person(t, l, console(t, l), "yamada", "", account.NoRights))
	if err := l.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	l = reopen(t, cfg)
	list, err := l.Devices(t.Context(), console(t, l), "yamada")
	if err != nil || len(list) != 1 || !list[0].Used.Equal(s.Started) {
		t.Errorf("devices %+v, %v; the login was at %v", list, err, s.Started)
	}
}

// TestAccountOfNobody is about sessions whose account is gone from the books.
func TestAccountOfNobody(t *testing.T) {
	b, err := newBooks(state{Format: stateFormat, Shares: []*shareState{{ID: id.NewShare(), Name: "albums"}}})
	if err != nil {
		t.Fatal(err)
	}
	s := account.Session{Account: id.NewAccount(), Role: account.Administrator, Factor: account.DevicePassword}
	if r := b.rights(s, b.Shares[0].ID); r != account.NoRights || b.may(s, account.SeePeople) || b.mayBegin(s, time.Now()) {
		t.Errorf("an account that is gone has the rights %q", r)
	}
}

// second drops what an act returns besides its error.
func second[T any](_ T, err error) error { return err }
