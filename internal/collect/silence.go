package collect

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/azekura/azekura/internal/durable"
)

// How long a source may be silent where nobody has said it.
const (
	unknownSilence = 24 * time.Hour // until it was heard for as long
	leastSilence   = time.Hour
	mostSilence    = 72 * time.Hour
	ordinary       = 3 // times the longest silence of late
)

const watchFormat = 1 // of the file: one byte, and behind it, sealed, JSON

func newWatch(cfg Config) *watch {
	w := &watch{cfg: cfg, started: cfg.Now(), scores: make(map[string]*score)}
	if err := w.load(); err != nil && !errors.Is(err, fs.ErrNotExist) {
		cfg.Log.Error("what was learnt of appliances cannot be read; it is learnt anew", "file", cfg.File, "err", err)
		w.memory = memory{}
	}
	if w.memory.Devices == nil {
		w.memory.Devices = make(map[string]*device)
	}
	if w.memory.Accounts == nil {
		w.memory.Accounts = make(map[string]*known)
	}
	if w.memory.Told == nil {
		w.memory.Told = make(map[string]time.Time)
	}
	return w
}

// silence looks whether a source is silent for longer than it may be. It is told once, until it is heard again.
func (w *watch) silence(s *source, now time.Time) []Alarm {
	w.mu.Lock()
	defer w.mu.Unlock()
	d := w.memory.Devices[s.Name]
	if d == nil { // from now on it could have been heard
		d = w.device(s.Name, now)
		w.dirty = true
	}
	since := d.Last
	if w.started.After(since) {
		since = w.started
	}
	may := time.Duration(s.Silence) * time.Hour
	switch {
	case s.Silence < 0 || d.Silent:
		return nil
	case s.Silence == 0 && d.Last.Sub(d.First) < unknownSilence:
		may = unknownSilence
	case s.Silence == 0:
		may = min(max(ordinary*d.Gap, leastSilence), mostSilence)
	}
	if now.Sub(since) <= may {
		return nil
	}
	d.Silent, w.dirty = true, true
	return []Alarm{{Kind: Silent, When: now, Device: s.Name, Count: int(now.Sub(d.Last) / time.Hour)}}
}

// isSilent reports whether people were told that a source is silent.
func (w *watch) isSilent(name string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	d := w.memory.Devices[name]
	return d != nil && d.Silent
}

// heard returns when a source was heard last; zero: never.
func (w *watch) heard(name string) time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	if d := w.memory.Devices[name]; d != nil && d.Last.After(d.First) {
		return d.Last
	}
	return time.Time{}
}

// save writes what was learnt, if it has changed.
func (w *watch) save() {
	if w.cfg.FS == nil {
		return
	}
	w.mu.Lock()
	if !w.dirty {
		w.mu.Unlock()
		return
	}
	plain, err := json.Marshal(w.memory)
	w.dirty = false
	w.mu.Unlock()
	if err == nil {
		head := []byte{watchFormat}
		err = durable.WriteFile(w.cfg.FS, w.cfg.File, w.cfg.Key.SealOnce(head, plain, append([]byte("collect"), watchFormat)), 0o600)
	}
	if err != nil {
		w.cfg.Log.Error("what was learnt of appliances could not be written; after a restart it is learnt anew", "err", err)
	}
}

func (w *watch) load() error {
	if w.cfg.FS == nil {
		return nil
	}
	b, err := durable.ReadFile(w.cfg.FS, w.cfg.File)
	if err != nil {
		return err
	}
	if len(b) == 0 || b[0] != watchFormat {
		return fmt.Errorf("%d bytes of an unknown form", len(b))
	}
	plain, err := w.cfg.Key.OpenOnce(nil, b[1:], append([]byte("collect"), watchFormat))
	if err != nil {
		return err
	}
	return json.Unmarshal(plain, &w.memory)
}
