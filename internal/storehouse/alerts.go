package storehouse

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/alert"
	"github.com/azekura/azekura/internal/cases"
	"github.com/azekura/azekura/internal/durable"
	"github.com/azekura/azekura/internal/event"
	"github.com/azekura/azekura/internal/keeper"
	"github.com/azekura/azekura/internal/problem"
	"github.com/azekura/azekura/internal/vault"
)

// openAlerts opens the desk that tells people what the guard has done.
func (h *House) openAlerts() error {
	var ways []alert.Way
	c := h.cfg
	apart := !h.keeper.local.Isolated().IsZero() // then nobody outside is told
	if c.AlertMailServer != "" && !apart {
		password, err := secretFile(c.AlertMailPasswordFile)
		if err != nil {
			return err
		}
		ways = append(ways, &alert.Mail{Server: c.AlertMailServer, From: c.AlertMailFrom, To: c.AlertMailTo, User: c.AlertMailUser, Password: password, Now: h.opt.Now})
	}
	if c.AlertWebhook != "" && !apart {
		secret, err := secretFile(c.AlertWebhookSecretFile)
		if err != nil {
			return err
		}
		ways = append(ways, &alert.Webhook{URL: c.AlertWebhook, Secret: secret})
	}
	name, err := os.Hostname()
	if err != nil {
		name = "azekura"
	}
	key, err := h.keeper.local.AlertKey()
	if err != nil {
		return problem.New(problem.Internal, "open vault", h.cfg.Data, err)
	}
	if err := durable.MakeDir(h.opt.FS, filepath.Dir(h.at.alerts), 0o700); err != nil {
		return problem.New(problem.Internal, "open vault", h.cfg.Data, err)
	}
	h.alerts = alert.NewDesk(alert.Config{House: name, Ways: ways, Now: h.opt.Now, Log: h.opt.Log, Lost: h.lost, FS: h.opt.FS, File: h.at.alerts, Key: key})
	if len(ways) > 0 {
		h.remind = &reminders{open: func() ([]*cases.Due, error) { return h.desk.OpenDeadlines() }, tell: h.alerts.Tell, page: h.page, now: h.opt.Now, log: h.opt.Log, id: h.id(),
			told: memo{fs: h.opt.FS, file: h.at.reminders, key: key, log: h.opt.Log}}
		h.chores = &chores{look: h.choresDue, tell: h.alerts.Tell, page: h.page, now: h.opt.Now, id: h.id(), told: memo{fs: h.opt.FS, file: h.at.chores, key: key, log: h.opt.Log}}
	}
	return nil
}

// lost writes into the ledger that nobody could be told.
func (h *House) lost(a alert.Alert, way string) {
	err := h.keeper.Keeper().Record(context.Background(), event.Event{Kind: event.AlertLost, When: h.opt.Now(), Target: a.Who,
		Note: fmt.Sprintf("%s; %s; %s; %s", way, a.Kind, a.When.UTC().Format(time.RFC3339), a.ID)})
	if err != nil {
		h.opt.Log.Error("an alert that was given up is not in the ledger", "id", a.ID, "err", err)
	}
}

// froze tells people of a freeze by one of them.
func (h *House) froze(s account.Stop) {
	a := alert.Alert{Kind: alert.Frozen, When: s.Since, Who: cmp.Or(s.Owner, s.Name), Frozen: []string{string(s.Kind)}, By: s.By, Reason: s.Reason, Link: h.page("/guard")}
	switch s.Kind {
	case account.StopDevice:
		a.Device = s.Name
	case account.StopAddress:
		a.Who, a.Address = "", s.Subject
	case account.StopShare:
		a.Who, a.Share = "", s.Name
	case account.StopAll:
		a.Who = ""
	}
	h.alerts.Tell(a)
}

// alarm tells people what the guard has done. It does not wait.
func (h *House) alarm(a vault.Alarm) {
	h.opt.Log.Warn("the guard doubts what was done", "sign", a.Sign, "frozen", len(a.Stops), "account", a.Session.Name, "door", a.Session.Door, "share", a.Share)
	out := alert.Alert{Kind: alert.Held, When: a.When, Who: a.Session.Name, Device: a.Session.DeviceName, Door: a.Session.Door, Share: a.Path.Share(), Sign: string(a.Sign), Link: h.page("/guard")}
	if a.Session.Address.IsValid() {
		out.Address = a.Session.Address.String()
	}
	for _, s := range a.Stops {
		out.Kind = alert.Frozen
		if k := string(s.Kind); !slices.Contains(out.Frozen, k) {
			out.Frozen = append(out.Frozen, k)
		}
	}
	h.alerts.Tell(out)
}

// reading tells people of a reading that they must hear of.
func (h *House) reading(a keeper.Alarm) {
	h.opt.Log.Warn("a reading is odd", "kind", a.Kind, "sign", a.Sign, "account", a.Session.Name, "door", a.Session.Door)
	out := alert.Alert{Kind: alert.Odd, When: a.When, Who: a.Session.Name, Device: a.Session.DeviceName, Door: a.Session.Door, Share: a.Share, Sign: a.Sign, Link: h.page("/guard/reading")}
	switch a.Kind {
	case keeper.AlarmTrapped:
		out.Kind, out.Sign, out.Link = alert.Frozen, "trapped", h.page("/guard")
	case keeper.AlarmOver:
		out.Kind, out.Link = alert.Spent, h.page("/proposals")
	}
	if a.Session.Address.IsValid() {
		out.Address = a.Session.Address.String()
	}
	for _, s := range a.Stops {
		out.Frozen = append(out.Frozen, string(s.Kind))
	}
	h.alerts.Tell(out)
}

// id tells this installation from others: a part of its ledger's public key.
func (h *House) id() string {
	_, s := h.keeper.Status()
	parts := strings.Split(s.PublicKey, "+")
	if len(parts) < 3 {
		return "azekura"
	}
	return parts[1] + ".azekura"
}

// page is the address of a page, as the last door has it; empty while there is none.
func (h *House) page(path string) string {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, l := range slices.Backward(h.listeners) {
		if l.Door == "webdav" && len(l.URL) > len(Prefix)+1 {
			return l.URL[:len(l.URL)-len(Prefix)-1] + path
		}
	}
	return ""
}

// TestAlert sends a test over all ways, for those who settle how the house is set up.
func (h *House) TestAlert(ctx context.Context, s account.Session) error {
	if s.Factor != account.Console && !s.Role.May(account.Settle) {
		return &problem.Error{Kind: problem.Denied, Op: "alert", Hint: "hint.not-your-role"}
	}
	if h.cfg.AlertMailServer == "" && h.cfg.AlertWebhook == "" {
		return &problem.Error{Kind: problem.NotFound, Op: "alert", Hint: "hint.alert-nowhere"}
	}
	if err := h.alerts.Test(ctx, s.Name, h.page("/guard")); err != nil {
		h.opt.Log.Warn("a test of the alerts failed", "err", err)
		return &problem.Error{Kind: problem.Unavailable, Op: "alert", Hint: "hint.alert", Err: err}
	}
	return nil
}
