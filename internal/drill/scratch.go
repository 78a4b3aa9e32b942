package drill

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net/netip"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/door/api"
	"github.com/azekura/azekura/internal/door/api/client"
	"github.com/azekura/azekura/internal/drill/behaviour"
	"github.com/azekura/azekura/internal/storehouse"
)

const (
	share   = "drill"
	manager = "drill-manager"
	worker  = "colleague"
)

// scratch is a storehouse that was made for a rehearsal.
type scratch struct {
	cfg   Config
	api   *client.Client
	url   string // of the share, for WebDAV drives
	ssh   api.Listener
	desk  string       // the folder in which the colleague works
	jump  sync.RWMutex // held while the clock is put forward and the days are opened: nobody is at work then
	mu    sync.Mutex
	ahead time.Duration // of the clock; guarded by mu
	names []string      // of accounts whose day must stay open
}

func (s *scratch) now() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.cfg.Now().Add(s.ahead)
}

// sleep lets time pass by the clock of the rehearsal alone, and opens the next day where one has ended.
func (s *scratch) sleep(ctx context.Context, d time.Duration) error {
	s.jump.Lock()
	defer s.jump.Unlock()
	s.mu.Lock()
	s.ahead += d
	s.mu.Unlock()
	return s.openDays(ctx)
}

func (s *scratch) openDays(ctx context.Context) error {
	for _, name := range s.names {
		if _, err := s.api.OpenDayOf(ctx, name, api.DayRequest{}); err != nil && !frozen(err) {
			return err
		}
	}
	return nil
}

func frozen(err error) bool {
	e, ok := errors.AsType[*client.Error](err)
	return ok && e.Hint == "hint.frozen"
}

// open makes a scratch storehouse with its people and files, and opens its doors on loopback. close ends it and removes it.
func open(ctx context.Context, cfg Config, p behaviour.Profile) (s *scratch, eyes *drive, attackers []behaviour.Target, closed func() error, err error) {
	dir, err := os.MkdirTemp(cfg.Temp, scratchName)
	if err != nil {
		return nil, nil, nil, nil, err
	}
	s = &scratch{cfg: cfg, desk: desk(cfg.Sample)}
	conf := storehouse.Default(dir) // not what the environment or a file says: nothing of another house has a part in it
	conf.HTTP, conf.SFTP = "127.0.0.1:0", "127.0.0.1:0"
	conf.Guard, conf.GuardFalseAlarm, conf.GuardRemovals = cfg.Guard.Mode, cfg.Guard.FalseAlarm, cfg.Guard.Removals
	opt := storehouse.Options{Now: s.now, Log: slog.New(slog.DiscardHandler)}
	running, stop := context.WithCancel(context.WithoutCancel(ctx))
	ended := make(chan error, 1)
	closed = sync.OnceValue(func() error {
		for _, t := range attackers {
			if c, ok := t.(io.Closer); ok {
				c.Close()
			}
		}
		stop()
		return errors.Join(<-ended, os.RemoveAll(dir))
	})
	if _, err := storehouse.Create(ctx, conf, opt, storehouse.First{Share: share, Account: manager}); err != nil {
		ended <- nil
		return nil, nil, nil, nil, errors.Join(err, closed())
	}
	doors := make(chan []api.Listener, 1)
	go func() { ended <- storehouse.Run(running, conf, opt, func(l []api.Listener) { doors <- l }) }()
	select {
	case l := <-doors:
		err = s.enter(l)
	case err := <-ended:
		ended <- nil
		return nil, nil, nil, nil, errors.Join(err, closed())
	}
	s.api = client.New(client.Socket(storehouse.Socket(dir)), "en")
	if err == nil {
		eyes, attackers, err = s.people(ctx, p)
	}
	if err == nil {
		err = s.fill(ctx, cfg.Sample.files)
	}
	if err != nil {
		return nil, nil, nil, nil, errors.Join(err, closed())
	}
	return s, eyes, attackers, closed, nil
}

// scratchName begins the names of scratch storehouses.
const scratchName = "azekura-drill-"

// leftAlone is how old a scratch storehouse must be before it may be one that a killed rehearsal has left: a new one is open to nobody for a moment.
const leftAlone = time.Hour

// sweep removes the scratch storehouses that rehearsals which were killed have left behind: there are copies of files in them. What cannot be
// removed is somebody else's.
func sweep(cfg Config) {
	dir := cmp.Or(cfg.Temp, os.TempDir())
	list, err := os.ReadDir(dir)
	if err != nil {
		return
	}
	for _, e := range list {
		name := filepath.Join(dir, e.Name())
		if i, err := e.Info(); err == nil && e.IsDir() && strings.HasPrefix(e.Name(), scratchName) && cfg.Now().Sub(i.ModTime()) > leftAlone && storehouse.Abandoned(name) {
			os.RemoveAll(name)
		}
	}
}

// enter notes the doors of the scratch storehouse. They are on loopback, or nothing is played.
func (s *scratch) enter(doors []api.Listener) error {
	for _, l := range doors {
		switch l.Door {
		case "webdav":
			s.url = l.URL + share + "/"
		case "sftp":
			s.ssh = l
		}
	}
	for _, door := range []string{s.url, s.ssh.URL} {
		u, err := url.Parse(door)
		if err != nil {
			return err
		}
		if ip, err := netip.ParseAddr(u.Hostname()); err != nil || !ip.IsLoopback() {
			return fmt.Errorf("%q is no door of a scratch storehouse", door)
		}
	}
	return nil
}

// people makes the colleague and those who are attacked, each with a device, and returns the colleague's drive and theirs.
func (s *scratch) people(ctx context.Context, p behaviour.Profile) (eyes *drive, attackers []behaviour.Target, err error) {
	if err := s.unbounded(ctx); err != nil {
		return nil, nil, err
	}
	s.names = append(s.names, worker)
	for i := range max(1, p.Parties) {
		s.names = append(s.names, attacked(i))
	}
	for i, name := range s.names {
		if err := s.api.MakeAccount(ctx, api.NewAccount{Name: name, Role: account.Staff}); err != nil {
			return nil, nil, err
		}
		if err := s.api.SetRights(ctx, api.Right{Account: name, Share: share, Rights: api.CanWrite}); err != nil {
			return nil, nil, err
		}
		secret, err := s.api.MakeDevice(ctx, name, "PC")
		if err != nil {
			return nil, nil, err
		}
		web := &drive{url: s.url, user: name, secret: secret, jump: &s.jump}
		switch {
		case i == 0:
			eyes = web
		case p.Door == behaviour.SFTP:
			attackers = append(attackers, &sshDrive{at: s.ssh, user: name, secret: secret, jump: &s.jump})
		default:
			attackers = append(attackers, web)
		}
	}
	return eyes, attackers, s.openDays(ctx)
}

// desk is a folder that the firm's files have not.
func desk(sample *Sample) string {
	name := worker
	for slices.ContainsFunc(sample.files, func(f file) bool { return f.name == name || strings.HasPrefix(f.name, name+"/") }) {
		name += "-"
	}
	return name
}

func attacked(i int) string { return fmt.Sprintf("attacked-%02d", i+1) }

// fill copies the files in.
func (s *scratch) fill(ctx context.Context, files []file) error {
	made := make(map[string]bool)
	for i := range files {
		f := &files[i]
		for _, dir := range parents(f.name) {
			if !made[dir] {
				if err := s.api.Mkdir(ctx, path.Join("/", share, dir)); err != nil {
					return err
				}
				made[dir] = true
			}
		}
		b, err := f.content()
		if err != nil {
			return err
		}
		if _, err := s.api.Save(ctx, path.Join("/", share, f.name), bytes.NewReader(b), int64(len(b)), time.Time{}); err != nil {
			return fmt.Errorf("%s: %w", f.name, err)
		}
	}
	return nil
}

// parents are the folders above a file, the highest first.
func parents(name string) (out []string) {
	for d := path.Dir(name); d != "." && d != "/"; d = path.Dir(d) {
		out = append([]string{d}, out...)
	}
	return out
}

// sums reads files as somebody else sees them, by name.
func (s *scratch) sums(ctx context.Context, d *drive, names []string) (map[string][32]byte, error) {
	out := make(map[string][32]byte)
	for _, name := range names {
		b, err := d.Read(ctx, name)
		switch {
		case errors.Is(err, fs.ErrNotExist):
		case err != nil:
			return nil, err
		default:
			out[name] = sha256.Sum256(b)
		}
	}
	return out, nil
}

// unbounded lifts the budgets of reading: a drill reads in a minute what people read in a week, and rehearses what is done to files.
func (s *scratch) unbounded(ctx context.Context) error {
	p, err := s.api.Policy(ctx)
	if err != nil {
		return err
	}
	all := account.Budget{Minute: 1_000_000, Day: 1_000_000}
	p.Reading = account.Budgets{Open: all, Preview: all, Export: all, Persons: all}
	_, err = s.api.SetPolicy(ctx, p)
	return err
}
