package keeper

import (
	"context"
	"errors"
	"slices"

	"golang.org/x/crypto/ssh"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/event"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/pathname"
	"github.com/azekura/azekura/internal/problem"
)

// MakeDevice makes a device password for an account and returns it. Only its hash is kept. People make their own; for others only the
// console does.
func (l *Local) MakeDevice(ctx context.Context, s id.Session, name, device string) (secret string, err error) {
	secret = newDevicePassword()
	hash := deviceHash(secret)
	return secret, l.addDevice(ctx, s, name, deviceState{Name: device, Hash: hash[:]})
}

// AddDeviceKey lets a device in by its SSH key, a line as in authorized_keys. There is nothing secret in it.
func (l *Local) AddDeviceKey(ctx context.Context, s id.Session, name, device, line string) error {
	key, _, _, rest, err := ssh.ParseAuthorizedKey([]byte(cut(line, 16<<10)))
	if err != nil || len(rest) > 0 {
		return &problem.Error{Kind: problem.Invalid, Op: "add device key", On: device, Hint: "hint.device-key", Err: err}
	}
	return l.addDevice(ctx, s, name, deviceState{Name: device, Key: keyText(key)})
}

// keyText is the form in which keys are compared: without a comment.
func keyText(k ssh.PublicKey) string {
	b := ssh.MarshalAuthorizedKey(k)
	return string(b[:len(b)-1])
}

func (l *Local) addDevice(ctx context.Context, s id.Session, name string, n deviceState) error {
	const op = "make device password"
	if err := pathname.Check(n.Name); err != nil {
		return &problem.Error{Kind: problem.Invalid, Op: op, On: n.Name, Hint: "hint.name", Err: err}
	}
	return l.change(ctx, s, op, name, func(b *books, d *draft, by account.Session) (event.Event, error) {
		a, err := target(b, d, by, op, name)
		switch {
		case err != nil:
			return event.Event{}, err
		case a.ID != by.Account && by.Factor != account.Console: // it would be a way to act in somebody else's name
			return event.Event{}, notAllowed(op)
		case a.device(n.Name) >= 0:
			return event.Event{}, problem.New(problem.Exists, op, n.Name, nil)
		case len(a.Devices) >= maxDevices:
			return event.Event{}, problem.New(problem.TooLarge, op, n.Name, errors.New("too many devices"))
		}
		if err := l.fresh(by, op); err != nil {
			return event.Event{}, err
		}
		n.ID, n.Created = id.NewDevice(), l.now()
		a.Devices = append(a.Devices, n)
		return event.Event{Kind: event.DeviceMade, Target: a.Name, Note: n.Name}, nil
	})
}

// device returns the index of a device by name, or −1.
func (a *accountState) device(name string) int {
	return slices.IndexFunc(a.Devices, func(d deviceState) bool { return pathname.Key(d.Name) == pathname.Key(name) })
}

// RemoveDevice makes a device password or key useless and ends its sessions.
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

// Devices lists the devices of an account: of any to those who see people, to others their own.
func (l *Local) Devices(_ context.Context, s id.Session, name string) ([]account.Device, error) {
	const op = "list devices"
	by, err := l.live(s)
	if err != nil {
		return nil, err
	}
	b := l.books.Load()
	a := b.known(name)
	switch {
	case (a == nil || a.ID != by.Account) && !b.may(by, account.SeePeople):
		return nil, notAllowed(op)
	case a == nil:
		return nil, noAccount(op, name)
	}
	return l.showDevices(b, a), nil
}

func (l *Local) showDevices(b *books, a *accountState) (out []account.Device) {
	for _, d := range a.Devices {
		x := account.Device{Name: d.Name, Created: d.Created, Used: l.sessions.lastUse(d.ID, d.Used), Frozen: b.halted(account.StopDevice, d.ID.String())}
		if k, _, _, _, err := ssh.ParseAuthorizedKey([]byte(d.Key)); d.Key != "" && err == nil {
			x.Key = ssh.FingerprintSHA256(k)
		}
		out = append(out, x)
	}
	return out
}
