package web

import (
	"errors"
	"slices"
	"strconv"
	"strings"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/door/api"
	"github.com/azekura/azekura/internal/problem"
)

// logsPage is the logs of appliances: who sends, and, once somebody has asked, what fits.
type logsPage struct {
	State    api.LogState
	Kinds    []string
	ToCount  []string // kinds that need not be stored
	Makers   []string
	Query    account.LogQuery
	From, To string
	Asked    bool
	Lines    []api.LogLine
	Check    *api.LogCheck
}

// shownLines is how many lines one page shows.
const shownLines = 200

func logRoutes() map[string]action {
	return map[string]action{
		"GET /logs":                {do: (*visit).logs},
		"POST /logs/verify":        {do: (*visit).verifyLogs},
		"POST /logs/settings":      {do: (*visit).setLogs},
		"POST /logs/source/set":    {do: (*visit).setSource},
		"POST /logs/source/remove": {do: (*visit).removeSource},
	}
}

func (v *visit) logsPage() (p logsPage, err error) {
	p = logsPage{Kinds: api.LogKinds(), ToCount: api.LogKindsToCount(), Makers: api.LogMakers()}
	p.State, err = v.api.LogState(v.r.Context())
	return p, err
}

// logs shows the page. Whoever has only come to it has searched nothing yet, and the ledger tells of no search.
func (v *visit) logs() error {
	p, err := v.logsPage()
	if err != nil {
		return err
	}
	q := v.r.URL.Query()
	p.Query = account.LogQuery{Device: q.Get("device"), Kind: q.Get("kind"), Account: q.Get("account"), Address: q.Get("address"), Text: q.Get("text"), Limit: shownLines}
	p.From, p.To, p.Asked = q.Get("from"), q.Get("to"), q.Has("kind")
	if !p.Asked {
		return v.show("logs", p)
	}
	if p.Query.From, err = formTime(p.From); err == nil {
		p.Query.To, err = formTime(p.To)
	}
	if err != nil {
		return v.again(&problem.Error{Kind: problem.Invalid, Op: "read logs", Hint: "hint.log-filter", Err: err}, "logs", p)
	}
	if p.Lines, err = collect(v.api.SearchLogs(v.r.Context(), p.Query)); err != nil {
		return v.again(err, "logs", p)
	}
	return v.show("logs", p)
}

func (v *visit) verifyLogs() error {
	c, err := v.api.VerifyLogs(v.r.Context())
	if err != nil {
		return err
	}
	p, err := v.logsPage()
	if err != nil {
		return err
	}
	p.Check = &c
	return v.show("logs", p)
}

// changeLogs lets do change what is done with the logs of appliances.
func (v *visit) changeLogs(do func(c *api.Collecting) error) error {
	s, err := v.api.LogState(v.r.Context())
	if err == nil {
		err = do(&s.Settings)
	}
	if err != nil {
		return err
	}
	o, err := v.api.SetCollecting(v.r.Context(), s.Settings)
	return v.outcome(o, err, "/logs#sources")
}

func (v *visit) setLogs() error {
	days, err := strconv.Atoi(v.form("days"))
	daily, badDaily := strconv.Atoi(v.form("daily"))
	if err := errors.Join(err, badDaily); err != nil {
		return &problem.Error{Kind: problem.Invalid, Op: "set collecting", On: v.form("days") + ", " + v.form("daily"), Hint: "hint.log-days", Err: err}
	}
	return v.changeLogs(func(c *api.Collecting) error {
		c.VPNEnded, c.Days, c.DailyMiB, c.Count = v.form("vpn_ended"), days, daily, append([]string{}, v.r.PostForm["count"]...)
		return nil
	})
}

// setSource names a source, or changes one.
func (v *visit) setSource() error {
	hours, err := strconv.Atoi(v.form("silence"))
	if err != nil {
		return &problem.Error{Kind: problem.Invalid, Op: "set collecting", On: v.form("silence"), Hint: "hint.log-silence", Err: err}
	}
	x := api.LogSource{Address: strings.TrimSpace(v.form("source")), Name: strings.TrimSpace(v.form("name")), Maker: v.form("maker"), Zone: strings.TrimSpace(v.form("zone")), Silence: hours}
	return v.changeLogs(func(c *api.Collecting) error {
		was := v.form("was") // what it was called, if it is changed
		i := slices.IndexFunc(c.Sources, func(y api.LogSource) bool { return y.Name == was })
		switch {
		case i >= 0:
			c.Sources[i] = x
		case was != "":
			return &problem.Error{Kind: problem.NotFound, Op: "set collecting", On: was, Hint: "hint.log-no-source"}
		default:
			c.Sources = append(c.Sources, x)
		}
		return nil
	})
}

func (v *visit) removeSource() error {
	return v.changeLogs(func(c *api.Collecting) error {
		c.Sources = slices.DeleteFunc(c.Sources, func(x api.LogSource) bool { return x.Name == v.form("name") })
		return nil
	})
}

// logVerdicts says how the logs of appliances come in.
func (v *visit) logVerdicts(s api.LogState, say func(level, link, key string, args ...any)) {
	var silent []string
	heard := 0
	for _, x := range s.Sources {
		if x.Silent {
			silent = append(silent, x.Name)
		}
		if !x.Last.IsZero() {
			heard++
		}
	}
	if s.VPNUsed > 0 {
		say("bad", "/logs", "web.logs-vpn-used", s.VPNUsed)
	}
	switch {
	case s.Trouble != "":
		say("bad", "/logs", "web.logs-trouble", s.Trouble)
	case len(silent) > 0:
		say("bad", "/logs", "web.logs-quiet", strings.Join(silent, ", "))
	case s.On && len(s.Sources) > 0:
		say(map[bool]string{true: "good", false: "look"}[heard == len(s.Sources)], "/logs", "web.logs-good", heard, len(s.Sources))
	}
}
