// Package drill rehearses an attack on a scratch storehouse that it makes for it: behaviours play through its real doors, while other people
// go on working, and what the guard did is measured. It is given files to copy, never a storehouse to attack.
package drill

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/door/api"
	"github.com/azekura/azekura/internal/door/api/client"
	"github.com/azekura/azekura/internal/drill/behaviour"
	"github.com/azekura/azekura/internal/storehouse"
)

// Config says what is rehearsed.
type Config struct {
	From     string // a directory whose files are copied; empty: a sample that comes with the program
	Profiles []behaviour.Profile
	Seed     uint64
	Temp     string // where scratch storehouses are made; empty: the system's directory for such
	Now      func() time.Time
}

// Bounds of what is copied: a rehearsal needs some files of each kind, not all.
const (
	maxFiles = 2000
	maxBytes = 512 << 20
	maxFile  = 32 << 20
)

const (
	share   = "drill"
	manager = "drill-manager"
	worker  = "colleague"
)

// Result is how a rehearsal went.
type Result struct {
	Profile   string  `json:"profile"`
	About     string  `json:"about"`
	Files     int     `json:"files"`     // in the scratch storehouse
	Touched   int     `json:"touched"`   // that the attacker did something to, as far as it was told
	Changed   int     `json:"changed"`   // whose content is another one, or gone, for others
	Renamed   int     `json:"renamed"`   // that others find under another name only
	Held      int     `json:"held"`      // saves and removals that were held back
	Stopped   int     `json:"stopped"`   // parties that were frozen
	Parties   int     `json:"parties"`   //
	Seconds   float64 `json:"seconds"`   // from the beginning to the end of the attack, by the clock of the rehearsal
	Found     int     `json:"found"`     // files that the damage names
	Missed    int     `json:"missed"`    // files that it should name, and does not
	Wrong     int     `json:"wrong"`     // files that it names, and should not
	Undo      float64 `json:"undo"`      // seconds that the rollback took
	Left      int     `json:"left"`      // files that are not what they were after it
	Work      int     `json:"work"`      // what the colleague did meanwhile
	Disturbed int     `json:"disturbed"` // of it, what failed
	Lost      int     `json:"lost"`      // of the colleague's saves, how many are not there after the rollback
	Noticed   bool    `json:"noticed"`
}

// Good reports whether a rehearsal went as it should.
func (r *Result) Good() bool {
	return r.Noticed && r.Changed+r.Renamed <= 5 && r.Missed+r.Wrong+r.Left+r.Lost+r.Disturbed == 0
}

// Run rehearses one profile after the other, each in a scratch storehouse of its own, and tells how it went.
func Run(ctx context.Context, cfg Config, tell func(Result) error) error {
	files, err := sample(cfg.From)
	if err != nil {
		return err
	}
	for _, p := range cfg.Profiles {
		r, err := rehearse(ctx, cfg, p, files)
		if err != nil {
			return fmt.Errorf("%s: %w", p.Name, err)
		}
		if err := tell(r); err != nil {
			return err
		}
	}
	return nil
}

// file is a file that is copied into scratch storehouses.
type file struct {
	name string // with slashes
	from string // where it lies; empty: content is it
	made []byte
}

func (f *file) content() ([]byte, error) {
	if f.from == "" {
		return f.made, nil
	}
	return os.ReadFile(f.from)
}

// sample picks the files to work with.
func sample(from string) (out []file, err error) {
	if from == "" {
		return builtIn()
	}
	total := int64(0)
	err = filepath.WalkDir(from, func(name string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() || strings.HasPrefix(d.Name(), ".") {
			return err
		}
		i, err := d.Info()
		if err != nil || i.Size() == 0 || i.Size() > maxFile || total+i.Size() > maxBytes || len(out) == maxFiles {
			return err
		}
		rel, err := filepath.Rel(from, name)
		total += i.Size()
		out = append(out, file{name: filepath.ToSlash(rel), from: name})
		return err
	})
	if err == nil && len(out) == 0 {
		err = errors.New("there are no files in it")
	}
	return out, err
}

// scratch is a storehouse that was made for a rehearsal.
type scratch struct {
	cfg   Config
	api   *client.Client
	url   string // of the share, for drives
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
func open(ctx context.Context, cfg Config, parties int, files []file) (s *scratch, drives []*drive, closed func() error, err error) {
	dir, err := os.MkdirTemp(cfg.Temp, "azekura-drill-")
	if err != nil {
		return nil, nil, nil, err
	}
	s = &scratch{cfg: cfg}
	conf := storehouse.Default(dir)
	conf.HTTP = "127.0.0.1:0"
	opt := storehouse.Options{Now: s.now, Log: slog.New(slog.DiscardHandler)}
	running, stop := context.WithCancel(context.WithoutCancel(ctx))
	ended := make(chan error, 1)
	closed = sync.OnceValue(func() error {
		stop()
		return errors.Join(<-ended, os.RemoveAll(dir))
	})
	if _, err := storehouse.Create(ctx, conf, opt, storehouse.First{Share: share, Account: manager}); err != nil {
		ended <- nil
		return nil, nil, nil, errors.Join(err, closed())
	}
	doors := make(chan []api.Listener, 1)
	go func() { ended <- storehouse.Run(running, conf, opt, func(l []api.Listener) { doors <- l }) }()
	select {
	case l := <-doors:
		for _, x := range l {
			if x.Door == "webdav" {
				s.url = x.URL + share + "/"
			}
		}
	case err := <-ended:
		ended <- nil
		return nil, nil, nil, errors.Join(err, closed())
	}
	s.api = client.New(client.Socket(storehouse.Socket(dir)), "en")
	if drives, err = s.people(ctx, parties); err == nil {
		err = s.fill(ctx, files)
	}
	if err != nil {
		return nil, nil, nil, errors.Join(err, closed())
	}
	return s, drives, closed, nil
}

// people makes the colleague and those who are attacked, each with a device, and returns the drives, the colleague's first.
func (s *scratch) people(ctx context.Context, parties int) (out []*drive, err error) {
	s.names = append(s.names, worker)
	for i := range parties {
		s.names = append(s.names, attacked(i))
	}
	for _, name := range s.names {
		if err := s.api.MakeAccount(ctx, api.NewAccount{Name: name, Role: account.Staff}); err != nil {
			return nil, err
		}
		if err := s.api.SetRights(ctx, api.Right{Account: name, Share: share, Rights: api.CanWrite}); err != nil {
			return nil, err
		}
		secret, err := s.api.MakeDevice(ctx, name, "PC")
		if err != nil {
			return nil, err
		}
		out = append(out, &drive{url: s.url, user: name, secret: secret})
	}
	return out, s.openDays(ctx)
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
		if _, err := s.api.Save(ctx, path.Join("/", share, f.name), strings.NewReader(string(b)), int64(len(b)), time.Time{}); err != nil {
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
