package keeper

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/event"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/pathname"
	"github.com/azekura/azekura/internal/problem"
	"github.com/azekura/azekura/internal/whose"
)

// jobState is a large reading that two people have agreed on.
type jobState struct {
	ID      string          `json:"id"`
	Account id.Account      `json:"account"`
	Share   id.Share        `json:"share"`
	Path    string          `json:"path,omitempty"` // in the share
	Purpose account.Purpose `json:"purpose"`
	Files   int             `json:"files"`
	Reason  string          `json:"reason"`
	By      string          `json:"by"` // who asked
	Begun   time.Time       `json:"begun"`
	Until   time.Time       `json:"until"`
}

const (
	maxJobs     = 100                // that are open
	maxJobTime  = 7 * 24 * time.Hour // as far back the ledger is read at a start
	maxJobFiles = 500_000
	jobNote     = "job "
)

// covers reports whether a reading belongs to a job. path is in its compared form.
func (j *jobState) covers(s account.Session, r *Request, path func() string) bool {
	if j.Account != s.Account || j.Share != r.Share || j.Purpose != r.Purpose {
		return false
	}
	if j.Path == "" {
		return true
	}
	p, folder := path(), whose.Plain(j.Path)
	return p == folder || strings.HasPrefix(p, folder+"/")
}

// open reports whether a job can be used.
func (j *jobState) open(now time.Time) bool {
	return now.Before(j.Until) && !now.Before(j.Begun.Add(-setBack))
}

// note says in the ledger that a reading belongs to the job.
func (j *jobState) note() string { return jobNote + j.ID + "; " + j.Reason }

// jobIn reads such a note.
func jobIn(note string) string {
	rest, ok := strings.CutPrefix(note, jobNote)
	if !ok {
		return ""
	}
	n, _, _ := strings.Cut(rest, ";")
	return n
}

// tidy is a path without anything that says nothing, such as two slashes in a row.
func tidy(p string) string { return strings.Trim(path.Clean("/"+p), "/") }

// AskJob asks for a job, which another person must confirm: people for themselves, and who gives rights in a share for others.
func (l *Local) AskJob(ctx context.Context, s id.Session, q account.NewJob) (account.Outcome, error) {
	const op = "ask for job"
	by, err := l.live(s)
	if err != nil {
		return account.Outcome{}, err
	}
	b := l.books.Load()
	share, rest, _ := strings.Cut(tidy(q.Path), "/")
	x, a := b.names[pathname.Key(share)], b.byID[by.Account]
	if q.Account != "" {
		a = b.known(q.Account)
	}
	switch own := a != nil && a.ID == by.Account; {
	case !inPerson(by), x == nil, own && b.rights(by, x.ID) == account.NoRights, !own && !b.mayGrant(by, x.ID): // and does not tell which shares there are
		return account.Outcome{}, notAllowed(op)
	case a == nil:
		return account.Outcome{}, noAccount(op, q.Account)
	}
	j := jobState{Account: a.ID, Share: x.ID, Path: rest, Purpose: q.Purpose, Files: q.Files, Reason: cut(strings.TrimSpace(q.Reason), maxReason),
		By: by.Name, Until: q.Until.UTC()}
	if err := l.checkJob(op, j); err != nil {
		return account.Outcome{}, err
	}
	args, err := json.Marshal(j)
	if err != nil {
		return account.Outcome{}, problem.New(problem.Internal, op, "", err)
	}
	what := fmt.Sprintf("%s: /%s, %s, %d, %s", a.Name, strings.Trim(share+"/"+rest, "/"), j.Purpose, j.Files, j.Until.In(b.zone).Format("2006-01-02 15:04 -0700"))
	return l.propose(ctx, s, op, proposalState{Act: actJob, On: a.ID, Target: what, Args: args, Reason: j.Reason}, "")
}

func (l *Local) checkJob(op string, j jobState) error {
	now := l.now()
	switch {
	case j.Purpose.Valid() != nil, j.Purpose == account.BreakGlass:
		return unfit(op, string(j.Purpose), "hint.job-purpose")
	case j.Files < 1 || j.Files > maxJobFiles:
		return unfit(op, fmt.Sprint(j.Files), "hint.job-files")
	case !j.Until.After(now) || j.Until.Sub(now) > maxJobTime:
		return unfit(op, j.Until.Format(time.RFC3339), "hint.job-until")
	case len(j.Path) > pathname.MaxPath:
		return unfit(op, j.Path[:100], "hint.job-purpose")
	case j.Reason == "":
		return unfit(op, "", "hint.job-reason")
	}
	return nil
}

// begin opens the job that a proposal describes.
func (d *draft) begin(args json.RawMessage, now time.Time) ([]event.Event, error) {
	var j jobState
	if err := json.Unmarshal(args, &j); err != nil {
		return nil, err
	}
	a := d.byID(j.Account)
	if a == nil || !now.Before(j.Until) {
		return nil, errors.New("its time or its account is over")
	}
	d.Jobs = slices.DeleteFunc(d.Jobs, func(x *jobState) bool { return !now.Before(x.Until) })
	if len(d.Jobs) >= maxJobs {
		return nil, problem.New(problem.TooLarge, "confirm", a.Name, errors.New("too many jobs are open"))
	}
	j.ID, j.Begun = rand.Text(), now
	d.Jobs = append(d.Jobs, &j)
	return []event.Event{{Kind: event.JobBegun, Share: j.Share, Target: a.Name, Until: j.Until, Size: int64(j.Files), Note: j.note()}}, nil
}

// Jobs lists the open jobs: to those who see people, and to whom they are about.
func (l *Local) Jobs(_ context.Context, s id.Session) (out []account.Job, err error) {
	by, err := l.live(s)
	if err != nil {
		return nil, err
	}
	b, now := l.books.Load(), l.now()
	for _, j := range b.Jobs {
		a, x := b.byID[j.Account], b.shares[j.Share]
		if !j.open(now) || a == nil || x == nil || j.Account != by.Account && !b.may(by, account.SeePeople) {
			continue
		}
		l.reading.Lock()
		used := 0
		if r := l.diary.jobs[j.ID]; r != nil {
			used = r.n
		}
		l.reading.Unlock()
		out = append(out, account.Job{ID: j.ID, Account: a.Name, Path: "/" + strings.Trim(x.Name+"/"+j.Path, "/"), Purpose: j.Purpose, Files: j.Files, Used: used,
			Reason: j.Reason, By: j.By, Until: j.Until})
	}
	return out, nil
}

// EndJob ends a job before its time: people their own, and who may end the sessions of others.
func (l *Local) EndJob(ctx context.Context, s id.Session, n string) error {
	const op = "end job"
	err := l.change(ctx, s, op, n, func(b *books, d *draft, by account.Session) (event.Event, error) {
		i := slices.IndexFunc(d.Jobs, func(j *jobState) bool { return j.ID == n })
		if i < 0 || !b.may(by, account.EndSessions) && (d.Jobs[i].Account != by.Account || !inPerson(by)) {
			return event.Event{}, absent(op, n, "hint.no-job")
		}
		j := d.Jobs[i]
		d.Jobs = slices.Delete(d.Jobs, i, i+1)
		name := ""
		if a := b.byID[j.Account]; a != nil {
			name = a.Name
		}
		return event.Event{Kind: event.JobEnded, Share: j.Share, Target: cmp.Or(name, n), Note: j.note()}, nil
	})
	return err
}
