package keeper

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/event"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/pathname"
	"github.com/azekura/azekura/internal/problem"
)

// Account tells about an account.
type Account struct {
	ID       id.Account
	Name     string
	Role     account.Role
	Disabled bool
	Created  time.Time
	Devices  []Device
	Rights   map[string]Rights // by share name
}

// Device tells about a device password.
type Device struct {
	Name    string
	Created time.Time
	Used    time.Time // since the keeper started
}

// Bounds of the state.
const (
	maxAccounts = 10_000
	maxDevices  = 50
	maxShares   = 20_000
)

// change makes a change of the state: allowed, recorded, then saved. If saving fails the change is taken back; the
// record stays and says that it was tried.
func (l *Local) change(ctx context.Context, s id.Session, op, on string, do func(by *session) (e event.Event, undo func(), err error)) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	by, err := l.live(s)
	if err != nil {
		return err
	}
	e, undo, err := do(by)
	if err != nil {
		if _, ok := errors.AsType[*problem.Error](err); !ok {
			err = problem.New(problem.Invalid, op, on, err)
		}
		return err
	}
	e.Session, e.Account, e.Actor, e.Device, e.Address, e.Door = by.ID, by.Account, by.Name, by.Device, by.Address, by.Door
	if err := l.append(ctx, e); err != nil {
		undo()
		return err
	}
	if err := l.save(); err != nil {
		undo()
		return problem.New(problem.Internal, op, on, err)
	}
	return nil
}

func admin(by *session, op string) error {
	if by.Role != account.Administrator {
		return &problem.Error{Kind: problem.Denied, Op: op, Hint: "hint.administrator"}
	}
	return nil
}

// known returns an account that must be there; mu is held.
func (l *Local) known(op, name string) (*accountState, error) {
	a := l.account(clean(name))
	if a == nil {
		return nil, problem.New(problem.NotFound, op, name, nil)
	}
	return a, nil
}

// MakeAccount makes an account. Without a password it can only use device passwords.
func (l *Local) MakeAccount(ctx context.Context, s id.Session, name string, role account.Role, password string) error {
	const op = "make account"
	if err := pathname.Check(name); err != nil {
		return problem.New(problem.Invalid, op, name, err)
	}
	if role != account.Staff && role != account.Administrator {
		return problem.New(problem.Invalid, op, name, fmt.Errorf("unknown role %q", role))
	}
	hash, err := l.newPassword(op, name, password)
	if err != nil {
		return err
	}
	return l.change(ctx, s, op, name, func(by *session) (event.Event, func(), error) {
		if err := admin(by, op); err != nil {
			return event.Event{}, nil, err
		}
		if l.account(name) != nil {
			return event.Event{}, nil, problem.New(problem.Exists, op, name, nil)
		}
		if len(l.state.Accounts) >= maxAccounts {
			return event.Event{}, nil, problem.New(problem.TooLarge, op, name, errors.New("too many accounts"))
		}
		l.state.Accounts = append(l.state.Accounts, &accountState{ID: id.NewAccount(), Name: name, Role: role, Created: l.cfg.Now().UTC(), Password: hash})
		n := len(l.state.Accounts)
		return event.Event{Kind: event.AccountMade, Target: name, Note: string(role)}, func() { l.state.Accounts = l.state.Accounts[:n-1] }, nil
	})
}

// newPassword checks and hashes a password; nil for none.
func (l *Local) newPassword(op, name, password string) (*hashed, error) {
	if password == "" {
		return nil, nil
	}
	own := []string{name}
	l.mu.Lock()
	for _, s := range l.state.Shares {
		own = append(own, s.Name)
	}
	l.mu.Unlock()
	if err := CheckPassword(password, own...); err != nil {
		return nil, &problem.Error{Kind: problem.Invalid, Op: op, On: name, Hint: "hint.password", Err: err}
	}
	l.hashing <- struct{}{}
	defer func() { <-l.hashing }()
	h := newHashed(*l.cfg.Hashing, password)
	return &h, nil
}

// SetPassword gives an account another memorised password and ends its sessions. People may change their own.
func (l *Local) SetPassword(ctx context.Context, s id.Session, name, password string) error {
	const op = "set password"
	hash, err := l.newPassword(op, name, password)
	if err != nil {
		return err
	}
	if hash == nil {
		return problem.New(problem.Invalid, op, name, ErrShort)
	}
	err = l.change(ctx, s, op, name, func(by *session) (event.Event, func(), error) {
		a, err := l.known(op, name)
		if err == nil && by.Account != a.ID {
			err = admin(by, op)
		}
		if err != nil {
			return event.Event{}, nil, err
		}
		old := a.Password
		a.Password = hash
		return event.Event{Kind: event.AccountChanged, Target: a.Name, Note: "password"}, func() { a.Password = old }, nil
	})
	if err == nil {
		err = l.endAccount(ctx, name, s, "password changed")
	}
	return err
}

// SetDisabled closes an account, which ends its sessions, or opens it again. Its history stays.
func (l *Local) SetDisabled(ctx context.Context, s id.Session, name string, disabled bool) error {
	const op = "disable account"
	err := l.change(ctx, s, op, name, func(by *session) (event.Event, func(), error) {
		a, err := l.known(op, name)
		if err == nil {
			err = admin(by, op)
		}
		if err == nil && disabled && l.lastAdministrator(a) {
			err = problem.New(problem.Denied, op, name, errors.New("the last administrator stays"))
		}
		if err != nil {
			return event.Event{}, nil, err
		}
		old := a.Disabled
		a.Disabled = disabled
		note := "enabled"
		if disabled {
			note = "disabled"
		}
		return event.Event{Kind: event.AccountChanged, Target: a.Name, Note: note}, func() { a.Disabled = old }, nil
	})
	if err == nil && disabled {
		err = l.endAccount(ctx, name, id.Session{}, "account disabled")
	}
	return err
}

// lastAdministrator reports whether nobody else could make accounts; mu is held.
func (l *Local) lastAdministrator(a *accountState) bool {
	return !slices.ContainsFunc(l.state.Accounts, func(b *accountState) bool {
		return b != a && b.Role == account.Administrator && !b.Disabled
	})
}

// endAccount ends the sessions of an account but one.
func (l *Local) endAccount(ctx context.Context, name string, but id.Session, why string) error {
	var ended []event.Event
	l.mu.Lock()
	if a := l.account(clean(name)); a != nil {
		for n, x := range l.sessions {
			if x.Account == a.ID && n != but {
				ended = append(ended, logout(x, why))
				l.drop(n)
			}
		}
	}
	l.mu.Unlock()
	if len(ended) == 0 {
		return nil
	}
	return l.Record(ctx, ended...)
}

// Accounts lists the accounts; people who are not administrators see their own.
func (l *Local) Accounts(_ context.Context, s id.Session) ([]Account, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	by, err := l.live(s)
	if err != nil {
		return nil, err
	}
	var out []Account
	for _, a := range l.state.Accounts {
		if by.Role != account.Administrator && by.Account != a.ID {
			continue
		}
		x := Account{ID: a.ID, Name: a.Name, Role: a.Role, Disabled: a.Disabled, Created: a.Created, Rights: make(map[string]Rights)}
		for _, d := range a.Devices {
			x.Devices = append(x.Devices, Device{d.Name, d.Created, d.used})
		}
		for n, r := range l.state.Rights[a.ID] {
			if sh := l.share(n); sh != nil {
				x.Rights[sh.Name] = r
			}
		}
		out = append(out, x)
	}
	return out, nil
}

// MakeDevice makes a device password for an account and returns it. It is not kept, only its hash is.
func (l *Local) MakeDevice(ctx context.Context, s id.Session, name, device string) (secret string, err error) {
	const op = "make device password"
	if err := pathname.Check(device); err != nil {
		return "", problem.New(problem.Invalid, op, device, err)
	}
	secret = newDevicePassword()
	hash := sha256.Sum256([]byte(normalDevice(secret)))
	err = l.change(ctx, s, op, name, func(by *session) (event.Event, func(), error) {
		a, err := l.known(op, name)
		if err == nil && by.Account != a.ID {
			err = admin(by, op)
		}
		if err == nil && slices.ContainsFunc(a.Devices, func(d *deviceState) bool { return pathname.Key(d.Name) == pathname.Key(device) }) {
			err = problem.New(problem.Exists, op, device, nil)
		}
		if err == nil && len(a.Devices) >= maxDevices {
			err = problem.New(problem.TooLarge, op, device, errors.New("too many devices"))
		}
		if err != nil {
			return event.Event{}, nil, err
		}
		d := &deviceState{ID: id.NewDevice(), Name: device, Created: l.cfg.Now().UTC(), Hash: hash[:]}
		a.Devices = append(a.Devices, d)
		n := len(a.Devices)
		return event.Event{Kind: event.DeviceMade, Target: a.Name, Note: device}, func() { a.Devices = a.Devices[:n-1] }, nil
	})
	if err != nil {
		return "", err
	}
	return secret, nil
}

// RemoveDevice makes a device password useless and ends its sessions.
func (l *Local) RemoveDevice(ctx context.Context, s id.Session, name, device string) error {
	const op = "remove device password"
	var gone id.Device
	err := l.change(ctx, s, op, name, func(by *session) (event.Event, func(), error) {
		a, err := l.known(op, name)
		if err == nil && by.Account != a.ID {
			err = admin(by, op)
		}
		if err != nil {
			return event.Event{}, nil, err
		}
		i := slices.IndexFunc(a.Devices, func(d *deviceState) bool { return pathname.Key(d.Name) == pathname.Key(device) })
		if i < 0 {
			return event.Event{}, nil, problem.New(problem.NotFound, op, device, nil)
		}
		old := a.Devices
		gone = old[i].ID
		a.Devices = slices.Delete(slices.Clone(old), i, i+1)
		return event.Event{Kind: event.DeviceRemoved, Target: a.Name, Note: device}, func() { a.Devices = old }, nil
	})
	if err != nil {
		return err
	}
	var ended []event.Event
	l.mu.Lock()
	for n, x := range l.sessions {
		if x.Device == gone {
			ended = append(ended, logout(x, "device password removed"))
			l.drop(n)
		}
	}
	l.mu.Unlock()
	if len(ended) == 0 {
		return nil
	}
	return l.Record(ctx, ended...)
}

// MakeShare makes a share with keys of its own.
func (l *Local) MakeShare(ctx context.Context, s id.Session, name string) (account.Share, error) {
	const op = "make share"
	if err := pathname.Check(name); err != nil {
		return account.Share{}, problem.New(problem.Invalid, op, name, err)
	}
	sh := &shareState{ID: id.NewShare(), Name: name, Created: l.cfg.Now().UTC()}
	err := l.change(ctx, s, op, name, func(by *session) (event.Event, func(), error) {
		if err := admin(by, op); err != nil {
			return event.Event{}, nil, err
		}
		if slices.ContainsFunc(l.state.Shares, func(x *shareState) bool { return pathname.Key(x.Name) == pathname.Key(name) }) {
			return event.Event{}, nil, problem.New(problem.Exists, op, name, nil)
		}
		if len(l.state.Shares) >= maxShares {
			return event.Event{}, nil, problem.New(problem.TooLarge, op, name, errors.New("too many shares"))
		}
		if err := l.keys.MakeShare(sh.ID); err != nil { // keys without a share harm nobody
			return event.Event{}, nil, problem.New(problem.Internal, op, name, err)
		}
		l.state.Shares = append(l.state.Shares, sh)
		n := len(l.state.Shares)
		return event.Event{Kind: event.ShareMade, Share: sh.ID, Note: name}, func() { l.state.Shares = l.state.Shares[:n-1] }, nil
	})
	return account.Share{ID: sh.ID, Name: name, Write: true}, err
}

// SetRights says what an account may do in a share.
func (l *Local) SetRights(ctx context.Context, s id.Session, share, name string, r Rights) error {
	const op = "set rights"
	return l.change(ctx, s, op, name, func(by *session) (event.Event, func(), error) {
		if err := admin(by, op); err != nil {
			return event.Event{}, nil, err
		}
		a, err := l.known(op, name)
		if err != nil {
			return event.Event{}, nil, err
		}
		i := slices.IndexFunc(l.state.Shares, func(x *shareState) bool { return pathname.Key(x.Name) == pathname.Key(share) })
		if i < 0 {
			return event.Event{}, nil, problem.New(problem.NotFound, op, share, nil)
		}
		if r != None && r != Read && r != Write {
			return event.Event{}, nil, fmt.Errorf("unknown right %q", r)
		}
		sh := l.state.Shares[i]
		old, had := l.state.Rights[a.ID][sh.ID]
		if l.state.Rights[a.ID] == nil {
			l.state.Rights[a.ID] = make(map[id.Share]Rights)
		}
		l.state.Rights[a.ID][sh.ID] = r
		if r == None {
			delete(l.state.Rights[a.ID], sh.ID)
		}
		return event.Event{Kind: event.RightsChanged, Target: a.Name, Share: sh.ID, Note: string(r)}, func() {
			delete(l.state.Rights[a.ID], sh.ID)
			if had {
				l.state.Rights[a.ID][sh.ID] = old
			}
		}, nil
	})
}
