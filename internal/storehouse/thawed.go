package storehouse

import (
	"encoding/json"
	"errors"
	"io/fs"
	"net/netip"
	"path/filepath"
	"slices"
	"time"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/durable"
	"github.com/azekura/azekura/internal/guard"
	"github.com/azekura/azekura/internal/id"
)

// thaw is a freeze that two people have lifted: what was done before it counts no more. The packs, from which the guard learns at a start what
// was done, do not tell.
type thaw struct {
	Kind    account.StopKind `json:"kind"`
	Subject string           `json:"subject,omitempty"`
	When    time.Time        `json:"when"`
}

// thawsFor is how long a thaw is kept: longer than the guard remembers.
const thawsFor = 60 * 24 * time.Hour

func (h *House) thawsFile() string { return filepath.Join(h.at.vault, "thawed.json") }

// thawed lets the guard forget what it froze.
func (h *House) thawed(s account.Stop) {
	if h.guard == nil {
		return
	}
	t := thaw{s.Kind, s.Subject, h.opt.Now().UTC()}
	h.pardon(t)
	h.mu.Lock()
	defer h.mu.Unlock()
	list, err := h.thaws()
	list = slices.DeleteFunc(list, func(o thaw) bool { return t.When.Sub(o.When) > thawsFor })
	b, e := json.Marshal(append(list, t))
	if err = errors.Join(err, e); err == nil {
		err = durable.WriteFile(h.opt.FS, h.thawsFile(), b, 0o600)
	}
	if err != nil {
		h.opt.Log.Error("a thaw is forgotten at the next start: what was done before it would count again", "err", err)
	}
}

// recallThaws tells the guard of what was lifted before the start.
func (h *House) recallThaws() error {
	if h.guard == nil {
		return nil
	}
	list, err := h.thaws()
	for _, t := range list {
		h.pardon(t)
	}
	return err
}

func (h *House) thaws() (list []thaw, err error) {
	b, err := durable.ReadFile(h.opt.FS, h.thawsFile())
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err == nil {
		err = json.Unmarshal(b, &list)
	}
	return list, err
}

func (h *House) pardon(t thaw) {
	scope := guard.Scope{Kind: guard.ScopeKind(t.Kind)}
	if a, err := netip.ParseAddr(t.Subject); err == nil {
		scope.Address = a
	} else if t.Kind != account.StopAll && (*id.Session)(&scope.ID).UnmarshalText([]byte(t.Subject)) != nil {
		return
	}
	h.guard.Thaw(scope, t.When)
}
