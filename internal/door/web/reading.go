package web

import (
	"strconv"
	"strings"
	"time"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/door/api"
	"github.com/azekura/azekura/internal/problem"
)

// readingPage is what accounts read today, with the jobs beside their budgets and, for those who set them, the traps.
type readingPage struct {
	Readings []api.Readings
	Jobs     []api.Job
	Traps    []api.Trap
	Accounts []api.Account // for whom the caller may ask
	Closed   bool          // the traps are shown after a fresh proof
}

func (v *visit) reading() error {
	ctx := v.r.Context()
	var p readingPage
	var err error
	if p.Readings, err = collect(v.api.Readings(ctx)); err != nil {
		return err
	}
	if p.Jobs, err = collect(v.api.Jobs(ctx)); err != nil {
		return err
	}
	if v.may(account.SeePeople) && (v.may(account.GrantAll) || v.may(account.GrantOwn)) {
		if p.Accounts, err = collect(v.api.Accounts(ctx)); err != nil {
			return err
		}
	}
	if v.may(account.Freeze) {
		p.Traps, err = collect(v.api.Traps(ctx))
		if p.Closed = hintOf(err) == "hint.prove-again"; err != nil && !p.Closed {
			return err
		}
	}
	return v.show("reading", p)
}

func (v *visit) readingAct() error {
	ctx := v.r.Context()
	switch v.r.PathValue("act") {
	case "job":
		q, err := v.newJob()
		if err != nil {
			return err
		}
		o, err := v.api.AskJob(ctx, q)
		return v.outcome(o, err, "/guard/reading")
	case "end-job":
		if err := v.api.EndJob(ctx, v.form("id")); err != nil {
			return err
		}
	case "trap":
		if _, err := v.api.AddTrap(ctx, api.NewTrap{Path: v.form("path"), Person: v.form("person")}); err != nil {
			return err
		}
	case "remove-trap":
		o, err := v.api.RemoveTrap(ctx, v.form("id"))
		return v.outcome(o, err, "/guard/reading")
	default:
		return problem.New(problem.NotFound, "read", "", nil)
	}
	return v.done("/guard/reading", "web.saved")
}

// newJob reads the form in which a job is asked for.
func (v *visit) newJob() (q api.NewJob, err error) {
	const op = "ask for job"
	q = api.NewJob{Account: v.form("account"), Path: v.form("path"), Purpose: account.Purpose(v.form("purpose")), Reason: v.form("reason")}
	if q.Files, err = strconv.Atoi(v.form("files")); err != nil {
		return q, &problem.Error{Kind: problem.Invalid, Op: op, On: v.form("files"), Hint: "hint.job-files"}
	}
	hours, err := strconv.Atoi(v.form("hours"))
	if err != nil {
		return q, &problem.Error{Kind: problem.Invalid, Op: op, On: v.form("hours"), Hint: "hint.job-until"}
	}
	q.Until = v.Now().Add(time.Duration(hours) * time.Hour).UTC().Truncate(time.Second)
	return q, nil
}

func (v *visit) setSharePersons() error {
	share := v.r.PathValue("name")
	return v.after(v.api.SetSharePersons(v.r.Context(), share, api.Persons{Template: strings.TrimSpace(v.form("template"))}), quote("/shares/", share), "web.saved")
}

// namedBudget is a budget with its name in the settings' form.
type namedBudget struct {
	Name string
	account.Budget
}

func namedBudgets(b account.Budgets) []namedBudget {
	return []namedBudget{{"open", b.Open}, {"preview", b.Preview}, {"export", b.Export}, {"persons", b.Persons}}
}

// budgets reads those of the settings' form; what is empty is the usual one.
func (v *visit) budgets() (b account.Budgets, err error) {
	for name, to := range map[string]*account.Budget{"open": &b.Open, "preview": &b.Preview, "export": &b.Export, "persons": &b.Persons} {
		for field, n := range map[string]*int{"minute-" + name: &to.Minute, "day-" + name: &to.Day} {
			if v.form(field) == "" {
				continue
			}
			if *n, err = strconv.Atoi(v.form(field)); err != nil {
				return b, &problem.Error{Kind: problem.Invalid, Op: "change policy", On: v.form(field), Hint: "hint.budget"}
			}
		}
	}
	return b, nil
}
