package keeper

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/event"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/problem"
)

// Bounds of the log of inquiries. That of each case is a sealed file of its own: the ledger never forgets, and those who ask have a right to
// be forgotten, so that it only tells that something was written down.
const (
	maxInquiries    = 5_000 // of a case
	maxInquiryLine  = 200   // letters
	maxInquiryText  = 2_000
	inquiriesFormat = 1
)

// inquiriesState is the log of a case.
type inquiriesState struct {
	Format int               `json:"format"`
	List   []account.Inquiry `json:"list"`
}

func inquiriesBlob(n string) string { return "inquiries-" + n }

// caseExists returns nil if there is a case of that number, open or closed: people ask for years.
func (b *books) caseExists(op, n string) error {
	if !slices.ContainsFunc(b.Cases, func(c *caseState) bool { return c.ID == n }) {
		return absent(op, n, "hint.no-case")
	}
	return nil
}

func (l *Local) loadInquiries(n string) (x inquiriesState, err error) {
	b, err := l.keys.LoadBlob(inquiriesBlob(n))
	if errors.Is(err, fs.ErrNotExist) {
		return inquiriesState{Format: inquiriesFormat}, nil
	}
	if err != nil {
		return x, err
	}
	defer clear(b)
	if err := json.Unmarshal(b, &x); err != nil || x.Format != inquiriesFormat {
		return x, damagedState(fmt.Errorf("inquiries, format %d: %w", x.Format, err))
	}
	return x, nil
}

// Inquiries lists what was asked about a case, the latest first, to those who investigate. It tells names and telephone numbers, so that the
// reading stands in the ledger before anybody gets them.
func (l *Local) Inquiries(ctx context.Context, s id.Session, n string) ([]account.Inquiry, error) {
	const op = "list inquiries"
	if err := l.power(s, account.Investigate, op); err != nil {
		return nil, err
	}
	by, err := l.live(s)
	if err == nil {
		err = l.books.Load().caseExists(op, n)
	}
	if err != nil {
		return nil, err
	}
	leave, err := l.enter(op)
	if err != nil {
		return nil, err
	}
	defer leave()
	l.inquiring.Lock()
	defer l.inquiring.Unlock()
	x, err := l.loadInquiries(n)
	if err != nil || len(x.List) == 0 {
		return nil, err
	}
	e := acting(event.InquiriesRead, by)
	e.Target, e.Size = n, int64(len(x.List))
	if err := l.append(ctx, e); err != nil {
		return nil, err
	}
	slices.SortStableFunc(x.List, func(a, b account.Inquiry) int { return b.ID - a.ID })
	return x.List, nil
}

// NoteInquiry writes an inquiry down, or changes the one of that number. It is durable when NoteInquiry returns.
func (l *Local) NoteInquiry(ctx context.Context, s id.Session, n string, q account.Inquiry) (account.Inquiry, error) {
	const op = "note inquiry"
	leave, err := l.enter(op)
	if err != nil {
		return q, err
	}
	defer leave()
	by, err := l.live(s)
	if err == nil && !l.books.Load().may(by, account.Investigate) {
		err = notAllowed(op)
	}
	if err == nil {
		err = l.books.Load().caseExists(op, n)
	}
	if err == nil {
		err = l.checkInquiry(op, n, &q)
	}
	if err != nil {
		return q, err
	}
	l.inquiring.Lock()
	defer l.inquiring.Unlock()
	x, err := l.loadInquiries(n)
	if err != nil {
		return q, err
	}
	now := l.now()
	q.By, q.Changed = by.Name, now
	if q.At.IsZero() {
		q.At = now
	}
	i := slices.IndexFunc(x.List, func(o account.Inquiry) bool { return o.ID == q.ID })
	switch {
	case q.ID != 0 && i < 0:
		return q, absent(op, fmt.Sprint(q.ID), "hint.no-inquiry")
	case q.ID == 0 && len(x.List) >= maxInquiries:
		return q, problem.New(problem.TooLarge, op, n, fmt.Errorf("%d inquiries", len(x.List)))
	case q.ID == 0:
		q.ID = len(x.List) + 1
		x.List = append(x.List, q)
	default:
		q.By = x.List[i].By
		x.List[i] = q
	}
	plain, err := json.Marshal(x)
	if err != nil {
		return q, problem.New(problem.Internal, op, n, err)
	}
	defer clear(plain)
	e := acting(event.InquiryNoted, by)
	e.Target, e.Size, e.Note = n, int64(q.ID), string(q.Status)
	if err := l.append(ctx, e); err != nil {
		return q, err
	}
	return q, l.keys.SaveBlob(inquiriesBlob(n), plain)
}

// checkInquiry trims an inquiry and checks what can be checked of it.
func (l *Local) checkInquiry(op, n string, q *account.Inquiry) error {
	bad := func() error { return unfit(op, n, "hint.inquiry") }
	for _, f := range []struct {
		to   *string
		most int
	}{{&q.Who, maxInquiryLine}, {&q.Reach, maxInquiryLine}, {&q.School, maxInquiryLine}, {&q.About, maxInquiryLine}, {&q.Handler, maxInquiryLine},
		{&q.Question, maxInquiryText}, {&q.Answer, maxInquiryText}} {
		*f.to = strings.TrimSpace(*f.to)
		if !utf8.ValidString(*f.to) || utf8.RuneCountInString(*f.to) > f.most {
			return bad()
		}
	}
	if q.Status == "" {
		q.Status = account.InquiryOpen
	}
	ways := []account.InquiryWay{account.ByCall, account.ByLetter, account.ByMail, account.InPerson, account.OtherWay}
	stati := []account.InquiryStatus{account.InquiryOpen, account.InquiryWaiting, account.InquiryAnswered}
	if q.Who == "" || q.Question == "" || !slices.Contains(ways, q.Way) || !slices.Contains(stati, q.Status) || q.At.After(l.now().Add(minuteAhead)) {
		return bad()
	}
	if q.Status == account.InquiryAnswered && q.Answer == "" {
		return unfit(op, n, "hint.inquiry-answer")
	}
	return nil
}

const minuteAhead = 60e9 // of a clock that goes a little ahead
