package web

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"html/template"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf16"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/door/api"
	"github.com/azekura/azekura/internal/problem"
)

// has reports whether the caller has a power.
func has(me *api.Me, power string) bool {
	return me != nil && slices.Contains(me.Powers, account.Power(power))
}

func (v *visit) may(p account.Power) bool { return slices.Contains(v.me.Powers, p) }

// overview is the start page.
type overview struct {
	House    api.House
	Shares   []api.Share
	Status   *api.Status
	Policy   *api.Policy
	Renewal  *api.Renewal
	Sessions []api.Session
	People   []api.Account
	Verdicts []verdict
	Steps    []firstStep
	Latest   []entry
	Held     int
	Stops    []api.Stop
	Cases    []api.Case
}

// verdict is one line of the state of the house.
type verdict struct {
	Level string // "good", "look", "bad"
	Text  string
	Link  string
}

// firstStep is something that a new house still lacks.
type firstStep struct {
	Done bool
	Text string
	Link string
}

func (v *visit) home() error {
	ctx := v.r.Context()
	var o overview
	var err error
	if o.House, err = v.api.House(ctx); err != nil {
		return err
	}
	if o.Shares, err = collect(v.api.Shares(ctx)); err != nil {
		return err
	}
	if v.may(account.SeePeople) {
		if o.Sessions, err = collect(v.api.Sessions(ctx)); err != nil {
			return err
		}
		if o.People, err = collect(v.api.Accounts(ctx)); err != nil {
			return err
		}
		r, err := v.api.Renewal(ctx)
		if err != nil {
			return err
		}
		if !r.Started.IsZero() && r.Done < r.Of {
			o.Renewal = &r
		}
	}
	if v.may(account.Care) {
		s, err := v.api.Status(ctx)
		if err != nil {
			return err
		}
		p, err := v.api.Policy(ctx)
		if err != nil {
			return err
		}
		o.Status, o.Policy = &s, &p
	}
	if v.may(account.ReadLedger) {
		if o.Latest, _, err = v.entries(api.EventFilter{Kinds: []string{"released"}, Limit: 5}); err != nil {
			return err
		}
	}
	for _, err := range v.api.Held(ctx) {
		if err != nil {
			return err
		}
		o.Held++
	}
	if o.Stops, err = collect(v.api.Stops(ctx)); err != nil {
		return err
	}
	if o.Cases, err = v.openCases(); err != nil {
		return err
	}
	o.Verdicts, o.Steps = v.verdicts(o), v.firstSteps(o)
	return v.show("home", o)
}

// collect returns what a sequence yields.
func collect[T any](seq func(func(T, error) bool)) (out []T, err error) {
	for x, err := range seq {
		if err != nil {
			return nil, err
		}
		out = append(out, x)
	}
	return out, nil
}

// verdicts says in words how the house is.
func (v *visit) verdicts(o overview) (out []verdict) {
	say := func(level, link, key string, args ...any) {
		out = append(out, verdict{level, v.lang.Text(key, args...), link})
	}
	if n := len(o.Stops); n > 0 {
		say("bad", "/guard", "web.stops", n)
	}
	for _, c := range o.Cases {
		say("bad", "/cases/"+c.ID, "web.case-is-open", c.ID)
	}
	if o.Held > 0 {
		say("look", "/guard", "web.holds", o.Held)
	}
	if v.me.Waiting > 0 {
		say("look", "/proposals", "web.waiting", v.me.Waiting)
	}
	if o.Renewal != nil {
		say("look", "/renewal", "web.renewal-state", o.Renewal.Done, o.Renewal.Of)
	}
	if o.Status == nil {
		return out
	}
	if beat := o.Status.Ledger.Heartbeat; !beat.IsZero() && v.Now().Sub(beat) > 5*time.Minute {
		say("bad", "/settings", "web.no-heartbeat", beat.Local().Format("2006-01-02 15:04 -0700"))
	} else {
		say("good", "/ledger", "web.ledger-writes", o.Status.Ledger.Size)
	}
	const little = 20 << 30
	if o.Status.Free < little {
		say("bad", "/settings", "web.little-space", size(o.Status.Free))
	} else {
		say("good", "/settings", "web.space", size(o.Status.Free))
	}
	if o.Policy != nil && !o.Policy.SecondFactor {
		say("bad", "/settings", "web.no-second-factor")
	} else {
		say("good", "/people", "web.second-factor-for-all")
	}
	if n := confirmers(o.People); n < 2 {
		say("look", "/people", "web.one-confirmer")
	}
	say("look", "/settings", "web.no-copies") // the program makes none yet, and who sees only what is well would think that it does
	return out
}

// confirmers counts who could be the second person.
func confirmers(list []api.Account) (n int) {
	for _, a := range list {
		if !a.Disabled && len(a.Factors) > 0 && a.Role.May(account.Confirm) {
			n++
		}
	}
	return n
}

// firstSteps are what a new house still lacks; nothing once it has all.
func (v *visit) firstSteps(o overview) []firstStep {
	if !v.may(account.ManageAccounts) || o.Policy == nil {
		return nil
	}
	list := []firstStep{
		{o.Policy.Firm != "", v.lang.Text("web.step-firm"), "/settings"},
		{len(o.Shares) > 0, v.lang.Text("web.step-share"), "/files/"},
		{len(v.me.Devices) > 0, v.lang.Text("web.step-drive"), "/connect"},
		{confirmers(o.People) > 1, v.lang.Text("web.step-second"), "/people"},
		{len(o.People) > 2, v.lang.Text("web.step-staff"), "/people"},
	}
	if !slices.ContainsFunc(list, func(s firstStep) bool { return !s.Done }) {
		return nil
	}
	return list
}

// connection is what somebody needs to connect a drive.
type connection struct {
	House    api.House
	System   string // "windows", "mac", "linux"
	URL      string
	UNC      string
	User     string
	Device   string
	Secret   string
	SelfMade bool
}

func (v *visit) connection() (connection, error) {
	h, err := v.facts()
	if err != nil {
		return connection{}, err
	}
	c := connection{House: h, URL: h.WebDAV, User: v.me.Account, System: v.r.URL.Query().Get("system"), Device: v.form("device")}
	if !slices.Contains([]string{"windows", "mac", "linux"}, c.System) {
		c.System = system(v.r.UserAgent())
	}
	if u, err := url.Parse(h.WebDAV); err == nil {
		at := u.Hostname()
		if u.Scheme == "https" {
			at += "@SSL"
		}
		if u.Port() != "" {
			at += "@" + u.Port()
		}
		c.UNC = `\\` + at + `\` + strings.ReplaceAll(strings.Trim(u.Path, "/"), "/", `\`)
	}
	return c, nil
}

// system guesses the computer from what the browser calls itself.
func system(agent string) string {
	switch {
	case strings.Contains(agent, "Windows"):
		return "windows"
	case strings.Contains(agent, "Mac"):
		return "mac"
	}
	return "linux"
}

func (v *visit) connect() error {
	c, err := v.connection()
	if err != nil {
		return err
	}
	return v.show("connect", c)
}

func (v *visit) makeDevice() error {
	c, err := v.connection()
	if err != nil {
		return err
	}
	if key := strings.TrimSpace(v.form("key")); key != "" {
		if err := v.api.AddDeviceKey(v.r.Context(), v.me.Account, c.Device, key); err != nil {
			return v.orProve(err, "connect", c)
		}
		return v.done("/me", "web.device-added")
	}
	if c.Secret, err = v.api.MakeDevice(v.r.Context(), v.me.Account, c.Device); err != nil {
		return v.orProve(err, "connect", c)
	}
	return v.show("connect", c)
}

// orProve shows a page again with what went wrong, or asks for a fresh proof of the second factor first.
func (v *visit) orProve(err error, name string, data any) error {
	if hintOf(err) == "hint.prove-again" {
		return err
	}
	return v.again(err, name, data)
}

// registry is the file that lets Explorer take files over 50 MB and folders of thousands: UTF-16 with a mark, as
// regedit writes it.
func (v *visit) registry() error {
	const text = "Windows Registry Editor Version 5.00\r\n\r\n" +
		"[HKEY_LOCAL_MACHINE\\SYSTEM\\CurrentControlSet\\Services\\WebClient\\Parameters]\r\n" +
		"\"FileSizeLimitInBytes\"=dword:ffffffff\r\n" +
		"\"FileAttributesLimitInBytes\"=dword:05f5e100\r\n\r\n" +
		"[HKEY_LOCAL_MACHINE\\SYSTEM\\CurrentControlSet\\Services\\WebClient]\r\n" +
		"\"Start\"=dword:00000002\r\n"
	var b bytes.Buffer
	for _, u := range append([]uint16{0xfeff}, utf16.Encode([]rune(text))...) {
		binary.Write(&b, binary.LittleEndian, u)
	}
	v.w.Header().Set("Content-Type", "application/octet-stream")
	v.w.Header().Set("Content-Disposition", `attachment; filename="azekura-webdav.reg"`)
	v.w.Write(b.Bytes())
	return nil
}

// own is the page about oneself.
type own struct {
	Sessions []api.Session
	Shown    []string   // new recovery codes
	Token    *api.Token // a new one, with its secret
	Provider string     // what the firm's identity provider is called; empty: there is none
	Now      time.Time
}

func (v *visit) own() (o own, err error) {
	h, err := v.facts()
	if err != nil {
		return o, err
	}
	o.Provider = h.OIDC
	list, err := collect(v.api.Sessions(v.r.Context()))
	for _, s := range list {
		if s.Account == v.me.Account {
			o.Sessions = append(o.Sessions, s)
		}
	}
	o.Now = v.Now()
	return o, err
}

func (v *visit) mine() error {
	o, err := v.own()
	if err != nil {
		return err
	}
	return v.show("me", o)
}

// act is what somebody does on the page about themselves.
func (v *visit) act() error {
	ctx := v.r.Context()
	switch v.r.PathValue("act") {
	case "open-day":
		if _, err := v.api.OpenDay(ctx, api.DayRequest{}); err != nil {
			return err
		}
		return v.done("/", "web.day-opened")
	case "close-day":
		if err := v.api.CloseDay(ctx); err != nil {
			return err
		}
		return v.done("/", "web.day-closed")
	case "remove-device":
		if err := v.api.RemoveDevice(ctx, v.me.Account, v.form("device")); err != nil {
			return err
		}
		return v.done("/me", "web.device-removed")
	case "end-session":
		if err := v.api.EndSession(ctx, v.form("session")); err != nil {
			return err
		}
		return v.done("/me", "web.session-ended")
	case "end-sessions":
		if err := v.api.EndSessionsOf(ctx, v.me.Account); err != nil {
			return err
		}
		return v.done("/me", "web.session-ended")
	case "remove-factor":
		if err := v.api.RemoveFactor(ctx, v.form("factor")); err != nil {
			return err
		}
		return v.done("/me", "web.factor-removed")
	case "factor":
		q := api.NewFactor{Ticket: v.form("ticket"), Name: v.form("name"), Code: v.form("code")}
		if c := v.form("credential"); c != "" {
			q.Credential = raw(c)
		}
		if _, err := v.api.EndFactor(ctx, q); err != nil {
			kind := kindOf(q)
			e, over := v.api.BeginFactor(ctx, api.FactorRequest{Ticket: q.Ticket, Kind: kind})
			if over != nil {
				return err
			}
			return v.again(err, "addfactor", stage{Step: api.Step{Ticket: e.Ticket}, Enrolment: &e, Kind: kind})
		}
		return v.done("/me", "web.factor-added")
	case "identity":
		s, err := v.api.BeginIdentity(ctx)
		if err != nil {
			return err
		}
		return v.going(s, "/me")
	case "remove-identity":
		if err := v.api.RemoveIdentity(ctx); err != nil {
			return err
		}
		return v.done("/me", "web.identity-untied")
	case "recovery":
		r, err := v.api.NewRecoveries(ctx)
		if err != nil {
			return err
		}
		return v.show("recovery", stage{Step: api.Step{Recovery: r.Recovery}, Next: "/me"})
	case "password":
		if v.form("password") != v.form("again") {
			return v.again(&problem.Error{Kind: problem.Invalid, Op: "set password", Hint: "hint.not-the-same"}, "password", nil)
		}
		if err := v.api.ChangePassword(ctx, v.form("password")); err != nil {
			return v.orProve(err, "password", nil)
		}
		return v.done("/me", "web.password-changed")
	case "token":
		return v.makeToken()
	case "remove-token":
		if err := v.api.RemoveToken(ctx, v.form("token")); err != nil {
			return err
		}
		return v.done("/me", "web.token-removed")
	}
	return problem.New(problem.NotFound, "read", "", nil)
}

func (v *visit) makeToken() error {
	var days int
	if _, err := fmt.Sscan(v.form("days"), &days); err != nil {
		return problem.New(problem.Invalid, "make token", v.form("days"), err)
	}
	var scopes []api.Scope
	for _, s := range v.r.PostForm["scope"] {
		scopes = append(scopes, api.Scope(s))
	}
	t, err := v.api.MakeToken(v.r.Context(), api.NewToken{Name: v.form("name"), Scopes: scopes, Days: days})
	if err != nil {
		return err
	}
	if v.me, err = v.api.Me(v.r.Context()); err != nil {
		return err
	}
	o, err := v.own()
	if err != nil {
		return err
	}
	o.Token = &t
	return v.show("me", o)
}

func (v *visit) passwordPage() error { return v.show("password", nil) }

func (v *visit) factorPage() error {
	kind := api.FactorKind(v.r.PathValue("kind"))
	e, err := v.api.BeginFactor(v.r.Context(), api.FactorRequest{Kind: kind})
	if err != nil {
		return err
	}
	return v.show("addfactor", stage{Step: api.Step{Ticket: e.Ticket}, Enrolment: &e, Kind: kind})
}

// crowd is the page of people.
type crowd struct {
	Accounts []api.Account
	Groups   []api.Group
	Roles    []account.Role
	Invited  *api.Invitation // just now
	Link     string
	Name     string
	Shares   []api.Share
	One      api.Account
	Sessions []api.Session
}

func (v *visit) crowd() (c crowd, err error) {
	ctx := v.r.Context()
	c.Roles = account.Roles
	if c.Accounts, err = collect(v.api.Accounts(ctx)); err != nil {
		return c, err
	}
	if c.Groups, err = collect(v.api.Groups(ctx)); err != nil {
		return c, err
	}
	c.Shares, err = collect(v.api.Shares(ctx))
	return c, err
}

func (v *visit) people() error {
	c, err := v.crowd()
	if err != nil {
		return err
	}
	return v.show("people", c)
}

func (v *visit) invite() error {
	ctx := v.r.Context()
	n := api.NewAccount{Name: v.form("name"), Role: account.Role(v.form("role")), Groups: v.r.PostForm["group"]}
	err := v.api.MakeAccount(ctx, n)
	if err == nil {
		return v.link(n.Name)
	}
	c, broken := v.crowd()
	if broken != nil {
		return broken
	}
	c.Name = n.Name
	return v.orProve(err, "people", c)
}

// link makes an invitation and shows its link, once.
func (v *visit) link(name string) error {
	i, err := v.api.Invite(v.r.Context(), name)
	if err != nil {
		return err
	}
	h, err := v.facts()
	if err != nil {
		return err
	}
	c, err := v.crowd()
	if err != nil {
		return err
	}
	c.Invited, c.Link = &i, strings.TrimSuffix(h.WebDAV, "dav/")+"welcome#"+i.Token
	return v.show("people", c)
}

func (v *visit) onePerson() (crowd, error) {
	c, err := v.crowd()
	if err != nil {
		return c, err
	}
	i := slices.IndexFunc(c.Accounts, func(a api.Account) bool { return a.Name == v.r.PathValue("name") })
	if i < 0 {
		return c, problem.New(problem.NotFound, "read", v.r.PathValue("name"), nil)
	}
	c.One = c.Accounts[i]
	list, err := collect(v.api.Sessions(v.r.Context()))
	for _, s := range list {
		if s.Account == c.One.Name {
			c.Sessions = append(c.Sessions, s)
		}
	}
	return c, err
}

func (v *visit) person() error {
	c, err := v.onePerson()
	if err != nil {
		return err
	}
	return v.show("person", c)
}

func (v *visit) personAct() error {
	ctx, name := v.r.Context(), v.r.PathValue("name")
	back := quote("/people/", name)
	var o api.Outcome
	var err error
	switch v.r.PathValue("act") {
	case "invite":
		return v.link(name)
	case "role":
		o, err = v.api.SetRole(ctx, name, account.Role(v.form("role")))
	case "disable":
		o, err = v.api.SetDisabled(ctx, name, true)
	case "enable":
		o, err = v.api.SetDisabled(ctx, name, false)
	case "remove":
		if o, err = v.api.RemoveAccount(ctx, name); err == nil && o.Proposal == nil {
			back = "/people"
		}
	case "reset":
		o, err = v.api.ResetFactors(ctx, name, v.form("reason"))
	case "end":
		err = v.api.EndSessionsOf(ctx, name)
	case "close-day":
		err = v.api.CloseDayOf(ctx, name)
	case "remove-device":
		err = v.api.RemoveDevice(ctx, name, v.form("device"))
	case "networks":
		err = v.api.SetAccountNetworks(ctx, name, api.Networks{Networks: strings.Fields(v.form("networks"))})
	default:
		return problem.New(problem.NotFound, "read", "", nil)
	}
	return v.outcome(o, err, back)
}

// outcome goes on after an act that may wait for a second person.
func (v *visit) outcome(o api.Outcome, err error, back string) error {
	switch {
	case err != nil:
		return err
	case o.Proposal != nil:
		return v.done("/proposals", "web.proposed")
	}
	return v.done(back, "web.saved")
}

// roleRow is a row of the table of roles.
type roleRow struct {
	Role   account.Role
	Powers map[account.Power]bool
}

func (v *visit) roles() error {
	var rows []roleRow
	for _, r := range account.Roles {
		row := roleRow{r, make(map[account.Power]bool)}
		for _, p := range r.Powers() {
			row.Powers[p] = true
		}
		rows = append(rows, row)
	}
	return v.show("roles", map[string]any{"Rows": rows, "Powers": account.Administrator.Powers(), "Own": account.GrantOwn})
}

func (v *visit) groups() error {
	c, err := v.crowd()
	if err != nil {
		return err
	}
	return v.show("groups", c)
}

func (v *visit) setGroup() error {
	if err := v.api.SetGroup(v.r.Context(), v.form("name"), v.r.PostForm["member"]); err != nil {
		return err
	}
	return v.done("/groups", "web.saved")
}

func (v *visit) removeGroup() error {
	if err := v.api.RemoveGroup(v.r.Context(), v.form("name")); err != nil {
		return err
	}
	return v.done("/groups", "web.saved")
}

// shareRights is the page of who may do what in a share.
type shareRights struct {
	Share    string
	Rights   []api.Right
	Accounts []api.Account
	Groups   []api.Group
	Networks []string // from where it may be used
	Persons  string   // how its names tell persons
}

func (v *visit) share() error {
	ctx := v.r.Context()
	s := shareRights{Share: v.r.PathValue("name")}
	var err error
	if s.Rights, err = collect(v.api.ShareRights(ctx, s.Share)); err != nil {
		return err
	}
	if s.Accounts, err = collect(v.api.Accounts(ctx)); err != nil {
		return err
	}
	if s.Groups, err = collect(v.api.Groups(ctx)); err != nil {
		return err
	}
	n, err := v.api.ShareNetworks(ctx, s.Share)
	s.Networks = n.Networks
	if err != nil {
		return err
	}
	t, err := v.api.SharePersons(ctx, s.Share)
	s.Persons = t.Template
	if err != nil {
		return err
	}
	return v.show("share", s)
}

func (v *visit) setShareNetworks() error {
	share := v.r.PathValue("name")
	if err := v.api.SetShareNetworks(v.r.Context(), share, api.Networks{Networks: strings.Fields(v.form("networks"))}); err != nil {
		return err
	}
	return v.done(quote("/shares/", share), "web.saved")
}

func (v *visit) setRights() error {
	r := api.Right{Share: v.r.PathValue("name"), Rights: api.Rights(v.form("rights"))}
	who := v.form("who")
	if g, ok := strings.CutPrefix(who, "group:"); ok {
		r.Group = g
	} else {
		r.Account = strings.TrimPrefix(who, "account:")
	}
	if err := v.api.SetRights(v.r.Context(), r); err != nil {
		return err
	}
	return v.done(quote("/shares/", r.Share), "web.saved")
}

func (v *visit) makeShare() error {
	s, err := v.api.MakeShare(v.r.Context(), v.form("name"))
	if err != nil {
		return err
	}
	return v.done(quote("/shares/", s.Name), "web.share-made")
}

func (v *visit) proposals() error {
	list, err := collect(v.api.Proposals(v.r.Context()))
	if err != nil {
		return err
	}
	return v.show("proposals", list)
}

func (v *visit) proposalAct() error {
	var err error
	key := "web.confirmed"
	switch v.r.PathValue("act") {
	case "confirm":
		err = v.api.Confirm(v.r.Context(), v.form("id"))
	case "withdraw":
		err, key = v.api.Withdraw(v.r.Context(), v.form("id")), "web.withdrawn"
	default:
		err = problem.New(problem.NotFound, "read", "", nil)
	}
	if err != nil {
		return err
	}
	return v.done("/proposals", key)
}

func (v *visit) renewal() error {
	r, err := v.api.Renewal(v.r.Context())
	if err != nil {
		return err
	}
	return v.show("renewal", r)
}

func (v *visit) renew() error {
	if _, err := v.api.Renew(v.r.Context(), v.form("reason")); err != nil {
		return err
	}
	return v.done("/login", "web.renewal-begun") // the caller's own session has ended, too
}

// entry is a line of the ledger on a page.
type entry struct {
	Index   int64     `json:"index"`
	When    time.Time `json:"when"`
	Kind    string    `json:"kind"`
	Actor   string    `json:"actor"`
	Target  string    `json:"target"`
	Address string    `json:"address"`
	Door    string    `json:"door"`
	Purpose string    `json:"purpose"`
	Share   string    `json:"share_name"`
	Note    string    `json:"note"`
	Size    int64     `json:"size"`
	Closed  string    `json:"closed"`
	Rest    bool      `json:"rest"`
	Files   []struct {
		Path string `json:"path"`
	} `json:"files"`
	Omitted int `json:"files_omitted"`
}

// maxShown is how many files of one entry a page names.
const maxShown = 5

// More is how many files the page does not name.
func (e entry) More() int { return max(len(e.Files)-maxShown, 0) + e.Omitted }

// Named are the files that it names.
func (e entry) Named() (out []string) {
	for _, f := range e.Files[:min(len(e.Files), maxShown)] {
		out = append(out, f.Path)
	}
	return out
}

// maxLooked bounds how many entries are looked at for one page: about a second.
const maxLooked = 200_000

// entries are the latest that a filter picks, and where those begin that were not looked at; 0: nowhere.
func (v *visit) entries(f api.EventFilter) (out []entry, rest int64, err error) {
	f.Newest, f.Look = true, maxLooked
	for raw, err := range v.api.Events(v.r.Context(), f) {
		if err != nil {
			return nil, 0, err
		}
		var e entry
		if err := json.Unmarshal(raw, &e); err != nil {
			return nil, 0, problem.New(problem.Internal, "read ledger", "", err)
		}
		if e.Rest {
			return out, e.Index, nil
		}
		out = append(out, e)
	}
	if n := len(out); n > 0 && n == f.Limit {
		rest = out[n-1].Index
	}
	return out, rest, nil
}

// older is the query of the page with what was not looked at; empty: there is none.
func (v *visit) older(rest int64) template.URL {
	if rest == 0 {
		return ""
	}
	q := v.r.URL.Query()
	q.Set("before", fmt.Sprint(rest))
	return template.URL(q.Encode())
}

// before is where a page of entries begins.
func (v *visit) before() (n int64, err error) {
	if b := v.r.URL.Query().Get("before"); b != "" {
		if n, err = strconv.ParseInt(b, 10, 64); err != nil || n < 0 {
			return 0, &problem.Error{Kind: problem.Invalid, Op: "read ledger", On: "before=" + b, Hint: "hint.whole-number", Err: err}
		}
	}
	return n, nil
}

// ledgerPage is a page of the ledger.
type ledgerPage struct {
	Entries  []entry
	Kinds    []string
	Kind     string
	Actor    string
	Share    string
	Path     string
	From, To string
	Next     template.URL // the query of the next page
}

// pageLength is how many entries a page has.
const pageLength = 100

// kinds are the kinds that people look for.
var kinds = []string{"released", "refused", "saved", "changed", "unlocked", "login", "login-failed", "logout", "day-opened", "day-closed", "account-made",
	"account-changed", "account-removed", "invited", "factor-made", "factor-removed", "device-made", "device-removed", "token-made", "token-removed",
	"rights-changed", "group-changed", "share-made", "proposed", "confirmed", "withdrawn", "renewal-begun", "policy-changed", "reading-key-given", "frozen", "thawed", "settled", "case-opened", "case-changed", "case-closed", "noticed", "job-begun", "job-ended", "trap-set", "trap-removed"}

func (v *visit) ledger() error {
	q := v.r.URL.Query()
	p := ledgerPage{Kinds: kinds, Kind: q.Get("kind"), Actor: q.Get("actor"), Share: q.Get("share"), Path: q.Get("path"), From: q.Get("from"), To: q.Get("to")}
	f := api.EventFilter{Actor: p.Actor, Share: p.Share, Path: p.Path, Limit: pageLength}
	f.Kinds = kinds // heartbeats and packs are for machines
	if p.Kind != "" {
		f.Kinds = []string{p.Kind}
	}
	var err error
	if f.From, err = dayOf(p.From); err != nil {
		return err
	}
	if f.To, err = dayOf(p.To); err != nil {
		return err
	}
	if !f.To.IsZero() {
		f.To = f.To.AddDate(0, 0, 1)
	}
	if f.Before, err = v.before(); err != nil {
		return err
	}
	var rest int64
	if p.Entries, rest, err = v.entries(f); err != nil {
		return err
	}
	p.Next = v.older(rest)
	return v.show("ledger", p)
}

// proofOf sends the proof of an entry: what to verify, with what, and what it says.
func (v *visit) proofOf() error {
	var index int64
	if _, err := fmt.Sscan(v.r.PathValue("index"), &index); err != nil {
		return problem.New(problem.NotFound, "prove", "", err)
	}
	p, err := v.api.Proof(v.r.Context(), index)
	if err != nil {
		return err
	}
	name := fmt.Sprintf("azekura-entry-%d", index)
	v.send("application/zip", name+".zip")
	z := zip.NewWriter(v.w)
	for _, f := range []struct {
		name string
		data []byte
	}{{name + ".tlog-proof", []byte(p.Proof)}, {name + ".entry", p.Sealed}, {"public-key", []byte(p.PublicKey + "\n")}, {name + ".json", p.Entry},
		{"README.txt", []byte(v.lang.Text("web.proof-readme", name))}} {
		w, err := z.Create(f.name)
		if err == nil {
			_, err = w.Write(f.data)
		}
		if err != nil {
			panic(http.ErrAbortHandler) // too late for a page
		}
	}
	if err := z.Close(); err != nil {
		panic(http.ErrAbortHandler)
	}
	return nil
}

func dayOf(s string) (time.Time, error) {
	if s == "" {
		return time.Time{}, nil
	}
	t, err := time.ParseInLocation(time.DateOnly, s, time.Local)
	if err != nil {
		return t, problem.New(problem.Invalid, "read ledger", s, err)
	}
	return t, nil
}

// settingsPage is the policy, and the state of the machine.
type settingsPage struct {
	Policy   api.Policy
	Networks string
	Status   *api.Status
}

func (v *visit) settings() error {
	p, err := v.api.Policy(v.r.Context())
	if err != nil {
		return err
	}
	s := settingsPage{Policy: p, Networks: networksText(p.Networks)}
	if v.may(account.Care) {
		st, err := v.api.Status(v.r.Context())
		if err != nil {
			return err
		}
		s.Status = &st
	}
	return v.show("settings", s)
}

// networksText writes lists of networks one a line: "factory: 192.168.1.0/24 10.0.0.0/8".
func networksText(m map[string][]string) string {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(m)) {
		fmt.Fprintf(&b, "%s: %s\n", name, strings.Join(m[name], " "))
	}
	return b.String()
}

func networksOf(text string) (map[string][]string, error) {
	m := make(map[string][]string)
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if line == "" {
			continue
		}
		name, list, ok := strings.Cut(line, ":")
		if !ok || strings.TrimSpace(name) == "" {
			return nil, problem.New(problem.Invalid, "change policy", line, nil)
		}
		m[strings.TrimSpace(name)] = strings.FieldsFunc(list, func(r rune) bool { return r == ' ' || r == ',' || r == '\t' })
	}
	return m, nil
}

func (v *visit) setPolicy() error {
	n, err := networksOf(v.form("networks"))
	if err != nil {
		return err
	}
	b, err := v.budgets()
	if err != nil {
		return err
	}
	o, err := v.api.SetPolicy(v.r.Context(), api.Policy{Firm: v.form("firm"), SecondFactor: v.form("second_factor") != "", DayLength: v.form("day_length"),
		Opening: v.form("opening"), Closing: v.form("closing"), Zone: v.form("zone"), Networks: n, Reading: b, AnyPlace: v.form("places") == ""})
	return v.outcome(o, err, "/settings")
}
