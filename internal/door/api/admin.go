package api

import (
	"context"
	"net/http"
	"time"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/problem"
)

// People is who the API asks about people: the keeper, which checks every call against the session's role and
// records it.
type People interface {
	Accounts
	Shares
	Books
	FirmBook
	Self
	Pairs
	Stopping
	Casework
	Reading
	Trapping
	Inquiring
	Reserves
	Endings
	Retainer
	// May returns nil if a session has a power.
	May(ctx context.Context, s id.Session, p account.Power, op string) error
}

// Accounts manages who may log in.
type Accounts interface {
	Accounts(ctx context.Context, s id.Session) ([]Account, error)
	MakeAccount(ctx context.Context, s id.Session, a NewAccount) error
	RemoveAccount(ctx context.Context, s id.Session, name string) (Outcome, error)
	SetPassword(ctx context.Context, s id.Session, name, password string) error
	SetDisabled(ctx context.Context, s id.Session, name string, disabled bool) (Outcome, error)
	SetRole(ctx context.Context, s id.Session, name string, role account.Role) (Outcome, error)
	SetAccountNetworks(ctx context.Context, s id.Session, name string, rules []string) (Outcome, error)
	Invite(ctx context.Context, s id.Session, name string) (Invitation, error)
	ResetFactors(ctx context.Context, s id.Session, name, reason string) (Outcome, error)
	MakeDevice(ctx context.Context, s id.Session, name, device string) (secret string, err error)
	AddDeviceKey(ctx context.Context, s id.Session, name, device, key string) error
	RemoveDevice(ctx context.Context, s id.Session, name, device string) error
	Groups(ctx context.Context, s id.Session) ([]Group, error)
	SetGroup(ctx context.Context, s id.Session, name string, members []string) error
	RemoveGroup(ctx context.Context, s id.Session, name string) error
}

// Shares manages shares, the rights in them, and the sessions that are at work.
type Shares interface {
	Shares(ctx context.Context, s id.Session) ([]account.Share, error)
	MakeShare(ctx context.Context, s id.Session, name string) (account.Share, error)
	SetRights(ctx context.Context, s id.Session, r Right) error
	ShareRights(ctx context.Context, s id.Session, share string) ([]Right, error)
	ShareNetworks(ctx context.Context, s id.Session, share string) ([]string, error)
	SetShareNetworks(ctx context.Context, s id.Session, share string, rules []string) error
	SharePersons(ctx context.Context, s id.Session, share string) (template string, err error)
	SetSharePersons(ctx context.Context, s id.Session, share, template string) error
	Sessions(ctx context.Context, s id.Session) ([]account.Session, error)
	EndSession(ctx context.Context, s, which id.Session) error
	EndAccountSessions(ctx context.Context, s id.Session, name string) error
	OpenDayOf(ctx context.Context, s id.Session, name string, length time.Duration) (Day, error)
	CloseDay(ctx context.Context, s id.Session, name string) error
}

func (h *handler) shares(w http.ResponseWriter, r *http.Request, s account.Session) error {
	list, err := h.People.Shares(r.Context(), s.ID)
	if err != nil {
		return err
	}
	l := newLines(w, r)
	for _, a := range list {
		if err := l.put(shareOf(a)); err != nil {
			return err
		}
	}
	return l.end(nil)
}

func shareOf(a account.Share) Share { return Share{ID: a.ID, Name: a.Name, ReadOnly: !a.Write} }

// NewShare asks for a share.
type NewShare struct {
	Name string `json:"name"`
}

func (h *handler) makeShare(w http.ResponseWriter, r *http.Request, s account.Session) error {
	q, err := readJSON[NewShare](r)
	if err != nil {
		return err
	}
	a, err := h.People.MakeShare(r.Context(), s.ID, q.Name)
	if err != nil {
		return err
	}
	return writeJSON(w, shareOf(a))
}

func (h *handler) shareRights(w http.ResponseWriter, r *http.Request, s account.Session) error {
	list, err := h.People.ShareRights(r.Context(), s.ID, r.PathValue("name"))
	return all(w, r, list, err)
}

func (h *handler) shareNetworks(w http.ResponseWriter, r *http.Request, s account.Session) error {
	n, err := h.People.ShareNetworks(r.Context(), s.ID, r.PathValue("name"))
	if err != nil {
		return err
	}
	return writeJSON(w, Networks{append([]string{}, n...)})
}

func (h *handler) setShareNetworks(w http.ResponseWriter, r *http.Request, s account.Session) error {
	q, err := readJSON[Networks](r)
	if err != nil {
		return err
	}
	return done(w, h.People.SetShareNetworks(r.Context(), s.ID, r.PathValue("name"), q.Networks))
}

func (h *handler) setRights(w http.ResponseWriter, r *http.Request, s account.Session) error {
	q, err := readJSON[Right](r)
	if err != nil {
		return err
	}
	return done(w, h.People.SetRights(r.Context(), s.ID, q))
}

func sessionOf(x account.Session, asks id.Session) Session {
	y := Session{ID: x.ID, Mine: x.ID == asks, Account: x.Name, Factor: x.Factor, Device: x.DeviceName, Door: x.Door, Started: x.Started, Expires: x.Expires}
	if x.Address.IsValid() {
		y.Address = x.Address.String()
	}
	return y
}

func (h *handler) sessions(w http.ResponseWriter, r *http.Request, s account.Session) error {
	list, err := h.People.Sessions(r.Context(), s.ID)
	var out []Session
	for _, x := range list {
		out = append(out, sessionOf(x, s.ID))
	}
	return all(w, r, out, err)
}

func (h *handler) endSession(w http.ResponseWriter, r *http.Request, s account.Session) error {
	var which id.Session
	if err := which.UnmarshalText([]byte(r.PathValue("id"))); err != nil {
		return problem.New(problem.NotFound, "end session", "", err)
	}
	return done(w, h.People.EndSession(r.Context(), s.ID, which))
}

func (h *handler) endSessionsOf(w http.ResponseWriter, r *http.Request, s account.Session) error {
	return done(w, h.People.EndAccountSessions(r.Context(), s.ID, r.PathValue("name")))
}

func (h *handler) accounts(w http.ResponseWriter, r *http.Request, s account.Session) error {
	list, err := h.People.Accounts(r.Context(), s.ID)
	return all(w, r, list, err)
}

func (h *handler) makeAccount(w http.ResponseWriter, r *http.Request, s account.Session) error {
	q, err := readJSON[NewAccount](r)
	if err != nil {
		return err
	}
	return done(w, h.People.MakeAccount(r.Context(), s.ID, q))
}

func (h *handler) removeAccount(w http.ResponseWriter, r *http.Request, s account.Session) error {
	o, err := h.People.RemoveAccount(r.Context(), s.ID, r.PathValue("name"))
	return outcome(w, o, err)
}

// outcome answers to an act that may need a second person: 202 says that it waits for one.
func outcome(w http.ResponseWriter, o Outcome, err error) error {
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json")
	if o.Proposal != nil {
		w.WriteHeader(http.StatusAccepted)
	}
	return writeJSON(w, o)
}

func (h *handler) setPassword(w http.ResponseWriter, r *http.Request, s account.Session) error {
	q, err := readJSON[Secret](r)
	if err != nil {
		return err
	}
	return done(w, h.People.SetPassword(r.Context(), s.ID, r.PathValue("name"), q.Secret))
}

// Disabled says whether an account may log in.
type Disabled struct {
	Disabled bool `json:"disabled"`
}

func (h *handler) setDisabled(w http.ResponseWriter, r *http.Request, s account.Session) error {
	q, err := readJSON[Disabled](r)
	if err != nil {
		return err
	}
	o, err := h.People.SetDisabled(r.Context(), s.ID, r.PathValue("name"), q.Disabled)
	return outcome(w, o, err)
}

func (h *handler) setRole(w http.ResponseWriter, r *http.Request, s account.Session) error {
	q, err := readJSON[RoleRequest](r)
	if err != nil {
		return err
	}
	o, err := h.People.SetRole(r.Context(), s.ID, r.PathValue("name"), q.Role)
	return outcome(w, o, err)
}

func (h *handler) setAccountNetworks(w http.ResponseWriter, r *http.Request, s account.Session) error {
	q, err := readJSON[Networks](r)
	if err != nil {
		return err
	}
	o, err := h.People.SetAccountNetworks(r.Context(), s.ID, r.PathValue("name"), q.Networks)
	return outcome(w, o, err)
}

func (h *handler) invite(w http.ResponseWriter, r *http.Request, s account.Session) error {
	i, err := h.People.Invite(r.Context(), s.ID, r.PathValue("name"))
	return secret(w, i, err)
}

// secret answers with what can be read this once.
func secret(w http.ResponseWriter, v any, err error) error {
	if err != nil {
		return err
	}
	w.Header().Set("Cache-Control", "no-store")
	return writeJSON(w, v)
}

func (h *handler) resetFactors(w http.ResponseWriter, r *http.Request, s account.Session) error {
	q, err := readJSON[RenewalRequest](r)
	if err != nil {
		return err
	}
	o, err := h.People.ResetFactors(r.Context(), s.ID, r.PathValue("name"), q.Reason)
	return outcome(w, o, err)
}

// NewDevice asks for a device. With a key ("ssh-… base64 comment") it comes in by that; else a password is made.
type NewDevice struct {
	Key string `json:"key,omitempty"`
}

func (h *handler) makeDevice(w http.ResponseWriter, r *http.Request, s account.Session) error {
	var q NewDevice
	if r.ContentLength != 0 && r.Header.Get("Content-Type") != "" {
		var err error
		if q, err = readJSON[NewDevice](r); err != nil {
			return err
		}
	}
	if q.Key != "" {
		return done(w, h.People.AddDeviceKey(r.Context(), s.ID, r.PathValue("name"), r.PathValue("device"), q.Key))
	}
	made, err := h.People.MakeDevice(r.Context(), s.ID, r.PathValue("name"), r.PathValue("device"))
	return secret(w, Secret{made}, err)
}

func (h *handler) removeDevice(w http.ResponseWriter, r *http.Request, s account.Session) error {
	return done(w, h.People.RemoveDevice(r.Context(), s.ID, r.PathValue("name"), r.PathValue("device")))
}

func (h *handler) openDayOf(w http.ResponseWriter, r *http.Request, s account.Session) error {
	length, err := dayLength(r)
	if err != nil {
		return err
	}
	d, err := h.People.OpenDayOf(r.Context(), s.ID, r.PathValue("name"), length)
	if err != nil {
		return err
	}
	return writeJSON(w, d)
}

func dayLength(r *http.Request) (time.Duration, error) {
	q, err := readJSON[DayRequest](r)
	if err != nil || q.Length == "" {
		return 0, err
	}
	d, err := time.ParseDuration(q.Length)
	if err != nil || d <= 0 {
		return 0, invalid("open day", "length="+q.Length, "hint.day-length")
	}
	return d, nil
}

func (h *handler) closeDayOf(w http.ResponseWriter, r *http.Request, s account.Session) error {
	return done(w, h.People.CloseDay(r.Context(), s.ID, r.PathValue("name")))
}

func (h *handler) groups(w http.ResponseWriter, r *http.Request, s account.Session) error {
	list, err := h.People.Groups(r.Context(), s.ID)
	return all(w, r, list, err)
}

func (h *handler) setGroup(w http.ResponseWriter, r *http.Request, s account.Session) error {
	q, err := readJSON[Group](r)
	if err != nil {
		return err
	}
	return done(w, h.People.SetGroup(r.Context(), s.ID, r.PathValue("name"), q.Members))
}

func (h *handler) removeGroup(w http.ResponseWriter, r *http.Request, s account.Session) error {
	return done(w, h.People.RemoveGroup(r.Context(), s.ID, r.PathValue("name")))
}

// done answers to an act without a result.
func done(w http.ResponseWriter, err error) error {
	if err == nil {
		w.WriteHeader(http.StatusNoContent)
	}
	return err
}

// all answers with a list, one element a line.
func all[T any](w http.ResponseWriter, r *http.Request, list []T, err error) error {
	if err != nil {
		return err
	}
	l := newLines(w, r)
	for _, v := range list {
		if err := l.put(v); err != nil {
			return err
		}
	}
	return l.end(nil)
}
