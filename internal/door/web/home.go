package web

import (
	"context"
	"slices"
	"time"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/door/api"
	"github.com/azekura/azekura/internal/lang"
)

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
	Held     int // of which this person decides
	Stops    []api.Stop
	Cases    []api.Case
	Due      []api.Due // of them
	Reserve  *api.Reserve
	Logs     *api.LogState // nil: they are not for whoever looks
}

// verdict is one line of the state of the house.
type verdict struct {
	Level string // "good", "look", "bad"
	Text  string
	Link  string
}

// Stopped reports whether a device of somebody is frozen, by its name.
func (o overview) Stopped(owner, device string) bool {
	return slices.ContainsFunc(o.Stops, func(s api.Stop) bool { return s.Kind == account.StopDevice && s.Owner == owner && s.Name == device })
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
	for _, part := range []func(context.Context, *overview) error{v.addPeople, v.addCare, v.addLedger, v.addOpen} {
		if err := part(ctx, &o); err != nil {
			return err
		}
	}
	o.Verdicts, o.Steps = v.verdicts(o), v.firstSteps(o)
	return v.show("home", o)
}

// addPeople adds who is here, and what they get in with.
func (v *visit) addPeople(ctx context.Context, o *overview) (err error) {
	if !v.may(account.SeePeople) {
		return nil
	}
	if o.Sessions, err = collect(v.api.Sessions(ctx)); err != nil {
		return err
	}
	if o.People, err = collect(v.api.Accounts(ctx)); err != nil {
		return err
	}
	reserve, err := v.api.Reserve(ctx)
	if err != nil {
		return err
	}
	o.Reserve = &reserve
	r, err := v.api.Renewal(ctx)
	if err != nil {
		return err
	}
	if !r.Started.IsZero() && r.Done < r.Of {
		o.Renewal = &r
	}
	return nil
}

// addCare adds how the storehouse is.
func (v *visit) addCare(ctx context.Context, o *overview) error {
	if !v.may(account.Care) {
		return nil
	}
	s, err := v.api.Status(ctx)
	if err != nil {
		return err
	}
	p, err := v.api.Policy(ctx)
	if err != nil {
		return err
	}
	o.Status, o.Policy = &s, &p
	return nil
}

// addLedger adds what was read last, and whether the lines of appliances come.
func (v *visit) addLedger(ctx context.Context, o *overview) error {
	if !v.may(account.ReadLedger) {
		return nil
	}
	logs, err := v.api.LogState(ctx)
	if err != nil {
		return err
	}
	o.Logs = &logs
	o.Latest, _, err = v.entries(api.EventFilter{Kinds: []string{"released"}, Limit: 5})
	return err
}

// addOpen adds what waits for somebody.
func (v *visit) addOpen(ctx context.Context, o *overview) (err error) {
	for x, err := range v.api.Held(ctx) {
		if err != nil {
			return err
		}
		if x.Mine || v.may(account.Decide) {
			o.Held++
		}
	}
	if o.Stops, err = collect(v.api.Stops(ctx)); err != nil {
		return err
	}
	if o.Cases, err = v.openCases(); err != nil {
		return err
	}
	for _, c := range o.Cases {
		d, err := v.api.Deadlines(ctx, c.ID)
		if err != nil {
			return err
		}
		o.Due = append(o.Due, d)
	}
	return nil
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
	say := v.sayInto(&out)
	switch n := len(o.Stops); {
	case n > 0 && v.may(account.SeePeople):
		say("bad", "/guard", "web.stops", n)
	case n > 0:
		say("bad", "/guard", "web.stops-own", n)
	}
	if o.Status != nil && o.Status.Damage() != "" {
		say("bad", "/settings", "say.damage-known", o.Status.Damage())
	}
	for _, c := range o.Cases {
		say("bad", "/cases/"+c.ID, "web.case-is-open", c.ID)
	}
	for _, d := range o.Due {
		if x := d.Next(); x != nil {
			level := "look"
			if x.Count.State != "running" {
				level = "bad"
			}
			say(level, "/cases/"+d.Case+"/deadlines", "web.due-state", d.Case, api.InWords(v.lang, x.Rule.Title), api.DueLeft(v.lang, x))
		}
	}
	switch {
	case o.Held > 0 && v.may(account.Decide):
		say("look", "/guard", "web.holds", o.Held)
	case o.Held > 0:
		say("look", "/guard", "web.holds-own", o.Held)
	}
	if v.me.Waiting > 0 {
		say("look", "/proposals", "web.waiting", v.me.Waiting)
	}
	if o.Renewal != nil {
		say("look", "/renewal", "web.renewal-state", o.Renewal.Done, o.Renewal.Of)
	}
	if o.Reserve != nil && (o.Status != nil || !o.Reserve.Ready) {
		out = append(out, v.missing(*o.Reserve)...)
		if o.Reserve.Papers != nil {
			say("good", "/reserve", "web.reserve-state", o.Reserve.Papers.Needed, o.Reserve.Papers.Of, api.CardAges(v.lang, *o.Reserve, v.Now()))
		}
	}
	if o.Logs != nil {
		v.logVerdicts(*o.Logs, say)
	}
	if o.Status != nil {
		out = append(append(out, v.statusVerdicts(o)...), copies(v.lang, o.Status.Copies)...)
	}
	return worstFirst(out)
}

// worstFirst puts what has to be done now before the rest, which stays in order.
func worstFirst(list []verdict) []verdict {
	levels := []string{"bad", "look", "good"}
	slices.SortStableFunc(list, func(a, b verdict) int { return slices.Index(levels, a.Level) - slices.Index(levels, b.Level) })
	return list
}

// sayInto returns what adds a text in the visitor's language.
func (v *visit) sayInto(out *[]verdict) func(level, link, key string, args ...any) {
	return func(level, link, key string, args ...any) {
		*out = append(*out, verdict{level, v.lang.Text(key, args...), link})
	}
}

// statusVerdicts says in words how the machine is, and who may decide there.
func (v *visit) statusVerdicts(o overview) (out []verdict) {
	say := v.sayInto(&out)
	if beat := o.Status.Ledger.Heartbeat; !beat.IsZero() && v.Now().Sub(beat) > 5*time.Minute {
		say("bad", "/settings", "web.no-heartbeat", beat.Local().Format("2006-01-02 15:04 -0700"))
	} else {
		say("good", "/ledger", "web.ledger-writes", o.Status.Ledger.Size)
	}
	v.witnessVerdicts(o.Status.Ledger.Witnesses, say)
	if b := o.Status.Ledger.Bucket; b != nil {
		out = append(out, bucketVerdict(v.lang, b))
	}
	if c := o.Status.Certificate; c != nil && c.Level != "good" {
		out = append(out, verdict{c.Level, c.Text, "/settings"})
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
	if !o.Status.Tells() {
		say("look", "/settings", "web.tells-nobody")
	}
	if n := confirmers(o.People); n < 2 {
		say("look", "/people", "web.one-confirmer")
	}
	return out
}

// bucketVerdict says how far the ledger's copy in a bucket is, or why it is not.
func bucketVerdict(l lang.Lang, b *api.LedgerBucket) verdict {
	switch {
	case b.Problem != "":
		return verdict{"bad", b.Problem, "/settings#bucket"}
	case b.Copied.IsZero():
		return verdict{"look", l.Text("say.bucket-never", b.Name), "/settings#bucket"}
	}
	return verdict{"good", l.Text("web.bucket-copied", b.Name, b.Size, b.Copied.Local().Format("2006-01-02 15:04 -0700")), "/settings#bucket"}
}

// copies says how fresh the copies on media are, which to bring next, and what is missing of 3-2-1-1-0.
func copies(l lang.Lang, c *api.Copies) (out []verdict) {
	text := c.Text
	if c.Next != nil {
		text += " " + c.Next.Text
	}
	out = append(out, verdict{c.Level, text, "/copies"})
	out = append(out, failed(l, c)...)
	locked := slices.ContainsFunc(c.Media, func(m api.Medium) bool { return m.Lock > 0 && m.Retired.IsZero() })
	if c.Newest.IsZero() {
		return out // there is nothing yet that could be judged
	}
	var next *api.DrilledSet // where all is well, the one whose turn it is
	for i := range c.Drills {
		d := &c.Drills[i]
		if d.Level != "good" {
			out = append(out, verdict{d.Level, d.Text, "/copies"})
		} else if next == nil || d.Due.Before(next.Due) {
			next = d
		}
	}
	if next != nil {
		out = append(out, verdict{next.Level, next.Text, "/copies"})
	}
	for _, r := range c.Rules {
		if r.Level == "bad" || r.Level == "look" && r.Rule != "copies" && r.Rule != "kinds" || r.Rule == "offline" && locked {
			out = append(out, verdict{r.Level, r.Text, "/copies"})
		}
	}
	return out
}

// failed says which daily copies to buckets have failed, and why.
func failed(l lang.Lang, c *api.Copies) (out []verdict) {
	for _, f := range c.Failed {
		out = append(out, verdict{"look", l.Text("say.medium-failed", f.Label, f.When.Local().Format("2006-01-02 15:04 -0700"), f.Text), "/copies"})
	}
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
