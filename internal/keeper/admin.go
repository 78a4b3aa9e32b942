package keeper

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
	"unicode/utf8"

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
	Used    time.Time // the last login, as far as the keeper remembers
}

// Rights says what an account may do in a share.
type Rights string

// The rights.
const (
	None  Rights = "none"
	Read  Rights = "read"
	Write Rights = "write"
)

// Bounds of the books, which are in memory and are written as a whole with each change.
const (
	maxAccounts    = 10_000
	maxDevices     = 50
	maxShares      = 20_000
	maxAccountName = 64 // code points
)

// MakeAccount makes an account. Without a password it can log in only with device passwords.
func (l *Local) MakeAccount(ctx context.Context, s id.Session, name string, role account.Role, password string) error {
	const op = "make account"
	if err := checkAccountName(name); err != nil {
		return &problem.Error{Kind: problem.Invalid, Op: op, On: name, Hint: "hint.account-name", Err: err}
	}
	if role != account.Staff && role != account.Administrator {
		return problem.New(problem.Invalid, op, name, fmt.Errorf("unknown role %q", string(role)))
	}
	if err := l.administrator(s, op); err != nil { // before a hash is spent on it
		return err
	}
	hash, err := l.newPassword(ctx, op, name, password)
	if err != nil {
		return err
	}
	return l.change(ctx, s, op, name, func(b *books, d *draft, by account.Session) (event.Event, error) {
		switch {
		case !b.administers(by):
			return event.Event{}, onlyAdministrators(op)
		case d.account(name) != nil:
			return event.Event{}, problem.New(problem.Exists, op, name, nil)
		case len(d.Accounts) >= maxAccounts:
			return event.Event{}, problem.New(problem.TooLarge, op, name, errors.New("too many accounts"))
		}
		d.Accounts = append(d.Accounts, &accountState{ID: id.NewAccount(), Name: name, Role: role, Created: l.now(), Password: hash})
		return event.Event{Kind: event.AccountMade, Target: name, Note: string(role)}, nil
	})
}

// checkAccountName tells why a name cannot be an account's, or nil. What pathname refuses cannot be typed or shown
// everywhere either; a colon would end the name in HTTP's basic authentication, a backslash a domain.
func checkAccountName(name string) error {
	if n := utf8.RuneCountInString(name); n > maxAccountName {
		return fmt.Errorf("the name has %d characters, at most %d", n, maxAccountName)
	}
	return pathname.Check(name)
}

func onlyAdministrators(op string) error {
	return &problem.Error{Kind: problem.Denied, Op: op, Hint: "hint.administrator"}
}

// administrator returns nil for a live session of an administrator.
func (l *Local) administrator(s id.Session, op string) error {
	x, err := l.live(s)
	if err == nil && !l.books.Load().administers(x) {
		err = onlyAdministrators(op)
	}
	return err
}

// newPassword checks and hashes a password; nil for none.
func (l *Local) newPassword(ctx context.Context, op, name, password string) (*hashed, error) {
	if password == "" {
		return nil, nil
	}
	own := []string{name}
	for _, x := range l.books.Load().Shares {
		own = append(own, x.Name)
	}
	if err := CheckPassword(password, own...); err != nil {
		return nil, &problem.Error{Kind: problem.Invalid, Op: op, On: name, Hint: hintOfPassword(err), Err: err}
	}
	select {
	case l.indoors <- struct{}{}:
		defer func() { <-l.indoors }()
	case <-ctx.Done():
		return nil, problem.New(problem.Unavailable, op, name, ctx.Err())
	}
	h, err := newHashed(l.cfg.cost(), password)
	if err != nil {
		return nil, problem.New(problem.Internal, op, name, err)
	}
	return h, nil
}

// target returns the account that a session acts on: administrators on any, others on their own.
func target(b *books, d *draft, by account.Session, op, name string) (*accountState, error) {
	a := d.account(withoutDomain(name))
	switch {
	case (a == nil || a.ID != by.Account) && !b.administers(by):
		return nil, onlyAdministrators(op) // and does not tell whether there is such an account
	case a == nil:
		return nil, problem.New(problem.NotFound, op, name, nil)
	}
	return a, nil
}

// SetPassword gives an account another memorised password and ends its other sessions. People may change their own.
func (l *Local) SetPassword(ctx context.Context, s id.Session, name, password string) error {
	const op = "set password"
	if _, err := l.live(s); err != nil {
		return err
	}
	hash, err := l.newPassword(ctx, op, withoutDomain(name), password)
	if err != nil {
		return err
	}
	if hash == nil {
		return &problem.Error{Kind: problem.Invalid, Op: op, On: name, Hint: hintOfPassword(ErrShort), Err: ErrShort}
	}
	var on id.Account
	err = l.change(ctx, s, op, name, func(b *books, d *draft, by account.Session) (event.Event, error) {
		a, err := target(b, d, by, op, name)
		if err != nil {
			return event.Event{}, err
		}
		a.Password, on = hash, a.ID
		return event.Event{Kind: event.AccountChanged, Target: a.Name, Note: "password"}, nil
	})
	if err != nil {
		return err
	}
	return l.endWhere(ctx, func(x account.Session) bool { return x.Account == on && x.ID != s }, "password changed")
}

// SetDisabled closes an account, which ends its sessions, or opens it again. Its history stays.
func (l *Local) SetDisabled(ctx context.Context, s id.Session, name string, disabled bool) error {
	const op = "disable account"
	var on id.Account
	err := l.change(ctx, s, op, name, func(b *books, d *draft, by account.Session) (event.Event, error) {
		if !b.administers(by) {
			return event.Event{}, onlyAdministrators(op)
		}
		a, err := target(b, d, by, op, name)
		if err != nil {
			return event.Event{}, err
		}
		if disabled && a.Role == account.Administrator && !a.Disabled && !l.cfg.Console && d.administrators() == 1 {
			return event.Event{}, &problem.Error{Kind: problem.Denied, Op: op, On: name, Hint: "hint.last-administrator"}
		}
		a.Disabled, on = disabled, a.ID
		if disabled {
			return event.Event{Kind: event.AccountChanged, Target: a.Name, Note: "disabled"}, nil
		}
		return event.Event{Kind: event.AccountChanged, Target: a.Name, Note: "enabled"}, nil
	})
	if err != nil || !disabled {
		return err
	}
	return l.endWhere(ctx, func(x account.Session) bool { return x.Account == on }, "account disabled")
}

// administrators returns how many accounts can administer.
func (d *draft) administrators() (n int) {
	for _, a := range d.Accounts {
		if a.Role == account.Administrator && !a.Disabled {
			n++
		}
	}
	return n
}

// EndAccountSessions ends all sessions of an account but the one that asks.
func (l *Local) EndAccountSessions(ctx context.Context, s id.Session, name string) error {
	const op = "end session"
	leave, err := l.enter(op)
	if err != nil {
		return err
	}
	defer leave()
	by, err := l.live(s)
	if err != nil {
		return err
	}
	b := l.books.Load()
	a, err := target(b, b.draft(), by, op, name)
	if err != nil {
		return err
	}
	return l.endWhere(ctx, func(x account.Session) bool { return x.Account == a.ID && x.ID != s }, "ended by "+by.Name)
}

// Accounts lists the accounts by name; people who are not administrators see their own.
func (l *Local) Accounts(_ context.Context, s id.Session) ([]Account, error) {
	by, err := l.live(s)
	if err != nil {
		return nil, err
	}
	b := l.books.Load()
	var out []Account
	for _, a := range b.Accounts {
		if a.ID != by.Account && !b.administers(by) {
			continue
		}
		x := Account{ID: a.ID, Name: a.Name, Role: a.Role, Disabled: a.Disabled, Created: a.Created, Rights: make(map[string]Rights)}
		for _, d := range a.Devices {
			x.Devices = append(x.Devices, Device{d.Name, d.Created, l.sessions.lastUse(d)})
		}
		for n, r := range a.Rights {
			if sh := b.shares[n]; sh != nil {
				x.Rights[sh.Name] = r
			}
		}
		out = append(out, x)
	}
	slices.SortFunc(out, func(a, b Account) int { return compareNames(a.Name, b.Name) })
	return out, nil
}

// MakeDevice makes a device password for an account and returns it. Only its hash is kept.
func (l *Local) MakeDevice(ctx context.Context, s id.Session, name, device string) (secret string, err error) {
	const op = "make device password"
	if err := pathname.Check(device); err != nil {
		return "", &problem.Error{Kind: problem.Invalid, Op: op, On: device, Hint: "hint.name", Err: err}
	}
	secret = newDevicePassword()
	hash := deviceHash(secret)
	err = l.change(ctx, s, op, name, func(b *books, d *draft, by account.Session) (event.Event, error) {
		a, err := target(b, d, by, op, name)
		switch {
		case err != nil:
			return event.Event{}, err
		case a.device(device) >= 0:
			return event.Event{}, problem.New(problem.Exists, op, device, nil)
		case len(a.Devices) >= maxDevices:
			return event.Event{}, problem.New(problem.TooLarge, op, device, errors.New("too many devices"))
		}
		a.Devices = append(a.Devices, deviceState{ID: id.NewDevice(), Name: device, Created: l.now(), Hash: hash[:]})
		return event.Event{Kind: event.DeviceMade, Target: a.Name, Note: device}, nil
	})
	if err != nil {
		return "", err
	}
	return secret, nil
}

// device returns the index of a device by name, or −1.
func (a *accountState) device(name string) int {
	return slices.IndexFunc(a.Devices, func(d deviceState) bool { return pathname.Key(d.Name) == pathname.Key(name) })
}

// RemoveDevice makes a device password useless and ends its sessions.
func (l *Local) RemoveDevice(ctx context.Context, s id.Session, name, device string) error {
	const op = "remove device password"
	var gone id.Device
	err := l.change(ctx, s, op, name, func(b *books, d *draft, by account.Session) (event.Event, error) {
		a, err := target(b, d, by, op, name)
		if err != nil {
			return event.Event{}, err
		}
		i := a.device(device)
		if i < 0 {
			return event.Event{}, problem.New(problem.NotFound, op, device, nil)
		}
		gone = a.Devices[i].ID
		note := a.Devices[i].Name
		a.Devices = slices.Delete(a.Devices, i, i+1)
		return event.Event{Kind: event.DeviceRemoved, Target: a.Name, Note: note}, nil
	})
	if err != nil {
		return err
	}
	return l.endWhere(ctx, func(x account.Session) bool { return x.Device == gone }, "device removed")
}

// Devices lists the device passwords of an account; people who are not administrators may list their own.
func (l *Local) Devices(_ context.Context, s id.Session, name string) ([]Device, error) {
	const op = "list devices"
	by, err := l.live(s)
	if err != nil {
		return nil, err
	}
	b := l.books.Load()
	a, err := target(b, b.draft(), by, op, name)
	if err != nil {
		return nil, err
	}
	var out []Device
	for _, d := range a.Devices {
		out = append(out, Device{d.Name, d.Created, l.sessions.lastUse(d)})
	}
	return out, nil
}

// MakeShare makes a share with keys of its own.
func (l *Local) MakeShare(ctx context.Context, s id.Session, name string) (account.Share, error) {
	const op = "make share"
	if err := pathname.Check(name); err != nil {
		return account.Share{}, &problem.Error{Kind: problem.Invalid, Op: op, On: name, Hint: "hint.name", Err: err}
	}
	sh := &shareState{ID: id.NewShare(), Name: name, Created: l.now()}
	err := l.change(ctx, s, op, name, func(b *books, d *draft, by account.Session) (event.Event, error) {
		switch {
		case !b.administers(by):
			return event.Event{}, onlyAdministrators(op)
		case d.share(name) != nil:
			return event.Event{}, problem.New(problem.Exists, op, name, nil)
		case len(d.Shares) >= maxShares:
			return event.Event{}, problem.New(problem.TooLarge, op, name, errors.New("too many shares"))
		}
		if err := l.keys.MakeShare(sh.ID); err != nil { // keys without a share harm nobody; a share without keys would
			return event.Event{}, err
		}
		d.Shares = append(d.Shares, sh)
		return event.Event{Kind: event.ShareMade, Share: sh.ID, Note: name}, nil
	})
	if err != nil {
		return account.Share{}, err
	}
	return account.Share{ID: sh.ID, Name: name, Write: true}, nil
}

// SetRights says what an account may do in a share.
func (l *Local) SetRights(ctx context.Context, s id.Session, share, name string, r Rights) error {
	const op = "set rights"
	if r != None && r != Read && r != Write {
		return problem.New(problem.Invalid, op, name, fmt.Errorf("unknown right %q", string(r)))
	}
	return l.change(ctx, s, op, name, func(b *books, d *draft, by account.Session) (event.Event, error) {
		if !b.administers(by) {
			return event.Event{}, onlyAdministrators(op)
		}
		a, err := target(b, d, by, op, name)
		if err != nil {
			return event.Event{}, err
		}
		sh := d.share(share)
		if sh == nil {
			return event.Event{}, problem.New(problem.NotFound, op, share, nil)
		}
		if a.Rights == nil {
			a.Rights = make(map[id.Share]Rights)
		}
		if a.Rights[sh.ID] = r; r == None {
			delete(a.Rights, sh.ID)
		}
		return event.Event{Kind: event.RightsChanged, Target: a.Name, Share: sh.ID, Note: string(r)}, nil
	})
}

// ChangeProtection seals the root with another secret. Copies of the keeper's files that were made before still
// open with the one before.
func (l *Local) ChangeProtection(ctx context.Context, s id.Session, to Secret) error {
	const op = "protect keeper"
	leave, err := l.enter(op)
	if err != nil {
		return err
	}
	defer leave()
	by, err := l.live(s)
	if err != nil {
		return err
	}
	if !l.books.Load().administers(by) {
		return onlyAdministrators(op)
	}
	e := acting(event.ProtectionChanged, by)
	e.Note = string(to.Protection())
	if err := l.append(ctx, e); err != nil {
		return err
	}
	return l.keys.Protect(ctx, to)
}

// compareNames orders names as people see them listed: by the form in which they are compared, case apart.
func compareNames(a, b string) int {
	switch a, b := accountKey(a), accountKey(b); {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}
