package keeper

import (
	"context"
	"net/mail"
	"regexp"
	"strings"

	"golang.org/x/text/unicode/norm"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/event"
	"github.com/azekura/azekura/internal/id"
)

// maxFirmField bounds what is said of the firm, in letters of each line: forms have no room for more.
const maxFirmField = 120

// markNumber is the registration number of a PrivacyMark, with or without how often it was renewed: 10820001(05).
var markNumber = regexp.MustCompile(`^[0-9]{8}(\([0-9]{1,3}\))?$`)

// FirmFacts tells what reports begin with: to those who see cases or the register, and who settle the policy.
func (l *Local) FirmFacts(_ context.Context, s id.Session) (account.Firm, error) {
	by, err := l.live(s)
	if err != nil {
		return account.Firm{}, err
	}
	b := l.books.Load()
	if !b.seesCases(by) && !b.setsFirm(by) {
		return account.Firm{}, notAllowed("show firm")
	}
	return b.firm(), nil
}

func (b *books) firm() account.Firm {
	f := account.Firm{}
	if b.Firm != nil {
		f = *b.Firm
	}
	f.Name = b.Policy.Firm
	return f
}

func (b *books) setsFirm(by account.Session) bool {
	return b.may(by, account.Settle) || b.may(by, account.Investigate)
}

// SetFirm writes what reports begin with. The name is that of the policy, and is set there.
func (l *Local) SetFirm(ctx context.Context, s id.Session, f account.Firm) error {
	const op = "set firm"
	if err := checkFirm(op, &f); err != nil {
		return err
	}
	return l.change(ctx, s, op, "", func(b *books, d *draft, by account.Session) (event.Event, error) {
		if !b.setsFirm(by) {
			return event.Event{}, notAllowed(op)
		}
		if f.Name != "" && f.Name != b.Policy.Firm {
			return event.Event{}, unfit(op, f.Name, "hint.firm-name")
		}
		kept := f
		kept.Name = ""
		d.Firm = &kept
		return event.Event{Kind: event.FirmSet, Note: strings.Join(present(f.Number, f.Business, f.Address, f.Title, f.Representative, f.Department, f.Person,
			f.Telephone, f.Mail, f.Hours, f.Mark), "; ")}, nil
	})
}

// present are the words that are not empty.
func present(list ...string) (out []string) {
	for _, w := range list {
		if w != "" {
			out = append(out, w)
		}
	}
	return out
}

// checkFirm brings numbers into the form in which they are printed, and checks what can be checked of them.
func checkFirm(op string, f *account.Firm) error {
	f.Name = strings.TrimSpace(f.Name)
	for _, to := range []*string{&f.Number, &f.Telephone, &f.Mail, &f.Mark} { // people type them in any width
		*to = norm.NFKC.String(*to)
	}
	for _, to := range []*string{&f.Number, &f.Business, &f.Address, &f.Title, &f.Representative, &f.Department, &f.Person, &f.Telephone, &f.Mail, &f.Hours, &f.Mark} {
		text, ok := line(*to, maxFirmField)
		if !ok && text != "" {
			return unfit(op, text, "hint.firm-text")
		}
		*to = text
	}
	f.Number = strings.Map(func(r rune) rune {
		if r == '-' || r == ' ' || r == '‐' || r == '−' {
			return -1
		}
		return r
	}, f.Number)
	f.Mark = strings.ReplaceAll(f.Mark, " ", "")
	if f.Number != "" && !account.ValidCorporateNumber(f.Number) {
		return unfit(op, f.Number, "hint.firm-number")
	}
	if a, err := mail.ParseAddress(f.Mail); f.Mail != "" && (err != nil || a.Address != f.Mail) {
		return unfit(op, f.Mail, "hint.firm-mail")
	}
	if f.Mark != "" && !markNumber.MatchString(f.Mark) {
		return unfit(op, f.Mark, "hint.firm-mark")
	}
	return nil
}
