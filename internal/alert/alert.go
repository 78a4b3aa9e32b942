// Package alert tells people outside of the house what the guard has done: what happened, who and where it was, what was done, and what to do
// now. By mail and by webhook; names of files are not in it, they are personal data.
package alert

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/azekura/azekura/internal/lang"
)

// Alert is something that people must hear of.
type Alert struct {
	ID      string    `json:"id"` // the same whenever it comes again: by it a receiver drops doubles
	Kind    Kind      `json:"kind"`
	When    time.Time `json:"when"`
	Who     string    `json:"who"`
	Device  string    `json:"device,omitempty"`
	Address string    `json:"address,omitempty"`
	Door    string    `json:"door,omitempty"`
	Share   string    `json:"share,omitempty"`
	Sign    string    `json:"sign"`             // what the guard saw, docs/guard.md
	By      string    `json:"by,omitempty"`     // who froze; empty: the guard
	Reason  string    `json:"reason,omitempty"` // what they said
	Frozen  []string  `json:"frozen,omitempty"` // kinds of what was frozen
	Count   int       `json:"count"`            // so many of the kind, by the same party
	Link    string    `json:"link,omitempty"`   // where to look
	House   string    `json:"house"`

	Country string `json:"country,omitempty"` // of Address: ISO 3166, two letters

	Head    string `json:"head,omitempty"`    // of the ledger, as it may be typed
	Entries int64  `json:"entries,omitempty"` // that it has

	Case string     `json:"case,omitempty"`
	Due  []Deadline `json:"due,omitempty"` // of the case, that come near
}

// Deadline is something that must be told by a day.
type Deadline struct {
	Duty    string `json:"duty"` // docs/deadlines.md
	JA      string `json:"ja"`   // what it is, in both languages
	EN      string `json:"en"`
	Last    string `json:"last"` // the last day, such as 2026-11-06
	Step    Step   `json:"step"`
	Left    int    `json:"left"`              // days after this one
	Late    int    `json:"late,omitempty"`    // days since the last one
	Assumed bool   `json:"assumed,omitempty"` // nothing certainly asks for it yet
}

// Step is how near a deadline is.
type Step string

// The steps.
const (
	Warn Step = "warn" // time to prepare it
	Eve  Step = "eve"  // the day before the last
	Last Step = "last"
	Late Step = "late" // it has passed: each day, until somebody says that it was done, or why they want to hear no more of it
)

// Kind says what happened.
type Kind string

// The kinds.
const (
	Held   Kind = "held"
	Frozen Kind = "frozen"
	Spent  Kind = "spent" // a budget of readings
	Odd    Kind = "odd"   // from where or when somebody reads
	Test   Kind = "test"
	Near   Kind = "due" // deadlines of a case

	Connected   Kind = "connected" // a medium, for too long
	Stale       Kind = "stale"     // the latest copy on a medium
	Behind      Kind = "cards"     // key cards, for days
	Drill       Kind = "drill"     // the restore of a set of media was not rehearsed for long
	DrillFailed Kind = "drill-failed"
	Papers      Kind = "papers"      // of the recovery secret, which were not tested for long
	Head        Kind = "head"        // of the ledger, to be put on paper
	Unwitnessed Kind = "unwitnessed" // too few witnesses have cosigned for long
	Witnessed   Kind = "witnessed"   // they are back
	Refused     Kind = "refused"     // a witness says that it has seen another ledger
	Forgot      Kind = "forgot"      // a witness knows less than it has cosigned
	Uncopied    Kind = "uncopied"    // the ledger does not reach its bucket
	Rewritten   Kind = "rewritten"   // the bucket has a ledger that is not the beginning of this one

	VPNUsed    Kind = "vpn-used"       // somebody came over a VPN that is declared ended
	VPNTried   Kind = "vpn-tried"      // somebody tried to: it still answers
	NewCountry Kind = "new-country"    // a login at an appliance from a country for the first time
	NewAddress Kind = "new-address"    // or from a network
	BruteForce Kind = "brute-force"    // passwords are guessed at an appliance
	Spread     Kind = "guess-spread"   // of one account, from many networks
	Forced     Kind = "forced"         // a login behind them that succeeded
	Changed    Kind = "config-changed" // the configuration of an appliance
	Silent     Kind = "silent"         // an appliance sends nothing any more
	Heard      Kind = "heard"          // and is back
	Beyond     Kind = "logs-beyond"    // an appliance has sent more than a day may keep
	Unstored   Kind = "logs-unstored"  // lines of appliances cannot be stored
	Many       Kind = "many-alarms"    // of an appliance: so many that these are told as a number

	Certificate Kind = "certificate"        // of the house: it ends soon, or has
	Unserved    Kind = "certificate-broken" // its files are no pair that can be served
)

// chore reports whether an alert asks for what has to be done from time to time.
func (a *Alert) chore() bool {
	return a.Kind == Drill || a.Kind == DrillFailed || a.Kind == Papers || a.Kind == Head || a.Kind == Certificate || a.Kind == Unserved
}

// Way brings an alert to people.
type Way interface {
	// Send returns when the alert has been taken over by whoever delivers it. What it has taken may come again, with the same ID.
	Send(ctx context.Context, a Alert) error
	Name() string
}

// Subject is one line, in both languages.
func (a *Alert) Subject() string {
	return clean("[" + a.House + "] " + lang.Japanese.Text("alert."+string(a.Kind)) + " / " + lang.English.Text("alert."+string(a.Kind)))
}

// Text tells an alert in both languages.
func (a *Alert) Text() string {
	var b strings.Builder
	for i, l := range []lang.Lang{lang.Japanese, lang.English} {
		if i > 0 {
			b.WriteString("\n----\n\n")
		}
		line := func(key, value string) {
			if value != "" {
				b.WriteString(l.Text(key) + ": " + clean(value) + "\n")
			}
		}
		b.WriteString(l.Text("alert."+string(a.Kind)) + "\n\n")
		line("say.alert-when", a.When.Local().Format("2006-01-02 15:04:05 -0700"))
		who := "say.alert-who"
		if a.Kind == Connected || a.Kind == Drill || a.Kind == DrillFailed {
			who = "say.alert-medium"
		}
		line(who, strings.Trim(a.Who+" / "+a.Device, " /"))
		line("say.alert-where", strings.Join(slices.DeleteFunc([]string{a.Share, a.Door, a.Address, a.Country}, func(s string) bool { return s == "" }), " / "))
		if lang.Has("sign." + a.Sign) {
			line("say.alert-sign", l.Text("sign."+a.Sign))
		}
		line("say.alert-by", a.By)
		line("say.alert-reason", a.Reason)
		b.WriteString("\n" + a.done(l) + "\n")
		if a.Link != "" {
			b.WriteString(a.Link + "\n")
		}
	}
	return b.String()
}

// done says what has been done, and what to do now.
func (a *Alert) done(l lang.Lang) string {
	if a.Kind == Near {
		return a.near(l)
	}
	kind, args := string(a.Kind), []any(nil)
	switch a.Kind {
	case Held, Spent, Odd, Connected, Stale, Behind, BruteForce, Spread, Forced, Silent, Heard, Many, Drill, DrillFailed, Papers, Certificate, Unserved:
		args = append(args, a.Count)
	case Frozen:
		var what []string
		for _, k := range a.Frozen {
			what = append(what, l.Text("stop."+k))
			if k == "address" || k == "share" || k == "all" {
				kind = "frozen-wide"
			}
		}
		args = append(args, strings.Join(what, ", "))
	}
	out := l.Text("alerted."+kind, args...) + "\n"
	if a.Kind == Head {
		out += "\n" + clean(a.Head) + "\n" + l.Text("say.alert-head-size", lang.Grouped(a.Entries)) + "\n\n"
	}
	return out + l.Text("todo."+kind)
}

// near tells of deadlines.
func (a *Alert) near(l lang.Lang) string {
	var b strings.Builder
	b.WriteString(l.Text("alerted.due", clean(a.Case)) + "\n")
	for _, d := range a.Due {
		title := d.EN
		if l == lang.Japanese {
			title = d.JA
		}
		b.WriteString("\n- " + clean(title) + "\n  " + l.Text("say.alert-due-day", clean(d.Last)) + " ")
		switch d.Step {
		case Warn:
			b.WriteString(l.Text("say.alert-due-warn", d.Left))
		case Eve:
			b.WriteString(l.Text("say.alert-due-eve"))
		case Last:
			b.WriteString(l.Text("say.alert-due-last"))
		case Late:
			if d.Late == 1 {
				b.WriteString(l.Text("say.alert-due-late-one"))
			} else {
				b.WriteString(l.Text("say.alert-due-late", d.Late))
			}
		}
		if d.Assumed {
			b.WriteString("\n  " + l.Text("say.alert-due-assumed"))
		}
		b.WriteString("\n")
	}
	return b.String() + "\n" + l.Text("todo.due")
}

// clean makes one line of what others have chosen.
func clean(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r == '\u2028' || r == '\u2029' {
			return ' '
		}
		return r
	}, s)
}
