package client_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"sync"
	"time"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/door/api"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/pathname"
	"github.com/azekura/azekura/internal/vault"
	"github.com/azekura/azekura/internal/vault/vaultmodel"
)

// clock goes on by a second at each look, so that every act has a time of its own.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(time.Second)
	return c.now
}

// cared adds to the model what the API wants of a vault beside files.
type cared struct {
	*vaultmodel.Model
	findings []vault.Finding
	undone   []vault.Undone
	undo     []any // what Undo was asked for
	failed   error
}

func (*cared) Holdings(context.Context, account.Session, string) (account.Holdings, error) {
	return account.Holdings{}, nil
}

func (v *cared) Held(context.Context, account.Session, pathname.Path) iter.Seq2[vault.Held, error] {
	return func(func(vault.Held, error) bool) {}
}

func (v *cared) Harm(context.Context, account.Session, pathname.Path, vault.Suspects, func(vault.Harm) error) (vault.Extent, error) {
	return vault.Extent{}, nil
}

func (v *cared) Rollback(context.Context, account.Session, pathname.Path, vault.Suspects, func(pathname.Path) bool, bool, func(vault.Mended) error) (vault.Rolled, error) {
	return vault.Rolled{}, nil
}

func (v *cared) Settle(context.Context, account.Session, pathname.Path, id.Version, bool) error {
	return nil
}

func (v *cared) Undo(_ context.Context, s account.Session, dir pathname.Path, at time.Time, dry bool, tell func(vault.Undone) error) error {
	v.undo = []any{s.Name, dir, at, dry}
	for _, u := range v.undone {
		if err := tell(u); err != nil {
			return err
		}
	}
	return v.failed
}

func (v cared) Verify(_ context.Context, _ account.Session, _ vault.VerifyOptions, found func(vault.Finding)) (vault.VerifyReport, error) {
	for _, f := range v.findings {
		found(f)
	}
	return vault.VerifyReport{Shares: 1, Findings: len(v.findings)}, v.failed
}

func (v cared) Rebuild(_ context.Context, _ account.Session, _ string, progress func(int64), found func(vault.Finding)) (vault.RebuildReport, error) {
	for _, f := range v.findings {
		found(f)
	}
	for n := range int64(25_000) {
		progress(n + 1)
	}
	return vault.RebuildReport{Frames: 25_000, Findings: len(v.findings), Equal: true}, nil
}

func (v cared) PreviewRemoval(_ context.Context, _ account.Session, share string, rule account.Retention, _ *account.Aging, _ bool, progress func(done, of int64)) (account.Removal, error) {
	progress(8192, 10000)
	return account.Removal{Share: share, Rule: rule, Versions: 3, Digest: "d"}, v.failed
}

func (v cared) PreviewedRemoval(_ context.Context, _ account.Session, share string) (account.Removal, error) {
	return account.Removal{Share: share, Versions: 3, Digest: "d"}, v.failed
}

func (v cared) Expiring(_ context.Context, _ account.Session, share string, each func(vault.Expiring) error) error {
	return errors.Join(each(vault.Expiring{Path: pathname.Root.Join(share).Join("a"), Number: 1}), v.failed)
}

func (v cared) RemoveByRule(ctx context.Context, _ account.Session, _ string, q vault.Removing) (account.Removed, error) {
	err := q.May(ctx)
	if err == nil {
		err = q.Begin(ctx, account.Removal{Digest: q.Digest})
	}
	q.Progress("versions", 3, 3)
	return account.Removed{Digest: q.Digest, Agreed: 3, Versions: 2}, err
}

// Previews has one of each kind, by the first letter of the name.
func (v cared) Previews(ctx context.Context, s account.Session, files ...vault.Info) ([]vault.Preview, error) {
	out := make([]vault.Preview, len(files))
	for i, f := range files {
		switch {
		case f.Version.IsZero():
		case f.Path.Base()[0] == 'r':
			open, err := v.As(s).Open(ctx, account.Preview, f)
			if err != nil {
				return nil, err
			}
			out[i].File = open[0]
		case f.Path.Base()[0] == 'c':
			out[i].Coming = true
		}
	}
	return out, v.failed
}

func (v cared) Picture(context.Context, account.Session, vault.Info, int) ([]byte, error) {
	return []byte("large"), v.failed
}

// kept stands for the keeper's lists: it remembers what it was asked.
type kept struct {
	api.People // what a test does not ask is not there

	mu    sync.Mutex
	asked []string
	err   error
}

func (k *kept) note(format string, args ...any) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.asked = append(k.asked, fmt.Sprintf(format, args...))
	return k.err
}

func (k *kept) Accounts(context.Context, id.Session) ([]api.Account, error) {
	return []api.Account{{Name: "佐藤", Role: account.Staff}}, k.note("accounts")
}

func (k *kept) MakeAccount(_ context.Context, _ id.Session, a api.NewAccount) error {
	return k.note("account %s %s %s", a.Name, a.Role, a.Password)
}

func (k *kept) SetPassword(_ context.Context, _ id.Session, name, password string) error {
	return k.note("password %s %s", name, password)
}

func (k *kept) SetDisabled(_ context.Context, _ id.Session, name string, disabled bool) (api.Outcome, error) {
	return api.Outcome{}, k.note("disabled %s %v", name, disabled)
}

func (k *kept) MakeDevice(_ context.Context, _ id.Session, name, device string) (string, error) {
	return "azk-secret", k.note("device %s|%s", name, device)
}

func (k *kept) RemoveDevice(_ context.Context, _ id.Session, name, device string) error {
	return k.note("remove device %s|%s", name, device)
}

func (k *kept) Shares(context.Context, id.Session) ([]account.Share, error) {
	return []account.Share{{Name: "アルバム", Write: true}}, nil
}

func (k *kept) MakeShare(_ context.Context, _ id.Session, name string) (account.Share, error) {
	return account.Share{Name: name, Write: true}, k.note("share %s", name)
}

func (k *kept) SetRights(_ context.Context, _ id.Session, r api.Right) error {
	return k.note("rights %s %s %s", r.Account, r.Share, r.Rights)
}

func (k *kept) Sessions(context.Context, id.Session) ([]account.Session, error) {
	return []account.Session{{Name: "佐藤"}}, nil
}

func (k *kept) Reserve(context.Context, id.Session) (account.Reserve, error) {
	return account.Reserve{Lacks: []string{"no-papers"}}, nil
}

func (k *kept) May(context.Context, id.Session, account.Power, string) error { return nil }

func (k *kept) Events(_ context.Context, _ account.Session, f api.EventFilter) iter.Seq2[json.RawMessage, error] {
	return func(yield func(json.RawMessage, error) bool) {
		yield(json.RawMessage(fmt.Sprintf(`{"index":1,"path":%q,"kinds":%d,"limit":%d,"from":%q}`, f.Path, len(f.Kinds), f.Limit, f.From.UTC().Format(time.RFC3339))), nil)
	}
}

func (k *kept) Proof(_ context.Context, _ account.Session, index int64) (api.Proof, error) {
	return api.Proof{Proof: fmt.Sprint("proof of ", index)}, k.err
}

func (k *kept) Head(context.Context, account.Session) (api.LedgerHead, error) {
	return api.LedgerHead{Origin: "o", Size: 7, Text: "7-abcd"}, k.err
}

func (k *kept) ReadingKey(context.Context, account.Session) (json.RawMessage, error) {
	return json.RawMessage(`{"key":"k"}`), k.err
}
