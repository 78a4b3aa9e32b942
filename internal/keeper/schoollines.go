package keeper

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/event"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/problem"
)

// Bounds of what the register says of the schools in one share.
const (
	maxSchoolLines = 20_000
	maxSchoolLine  = 2 << 10 // bytes of one
	maxSchoolBytes = 4 << 20 // of all
)

// SetSchoolLines replaces what the register says of single schools in a share with several. A line that says nothing is left out. The schools are
// those that people name: the keeper knows no roster.
func (l *Local) SetSchoolLines(ctx context.Context, s id.Session, share string, lines []account.SchoolLine) error {
	lines, err := checkSchools(share, lines)
	if err != nil {
		return err
	}
	b, err := json.Marshal(lines)
	if err != nil {
		return problem.New(problem.Internal, opRegister, share, err)
	}
	if len(b) > maxSchoolBytes {
		return &problem.Error{Kind: problem.TooLarge, Op: opRegister, On: share, Hint: "hint.register-schools"}
	}
	return l.rewriteRegister(ctx, s, share, func(x *shareState) event.Event {
		var r account.Register
		if x.Register != nil {
			r = *x.Register
		}
		r.Schools = lines
		x.Register = &r
		// An entry holds 64 KiB, which 2,000 schools do not fit into: what was written is in the books, and this is its digest.
		return event.Event{Kind: event.RegisterSet, Share: x.ID, Note: fmt.Sprint("schools: ", len(lines)), Size: int64(len(b)), Digest: sha256.Sum256(b)}
	})
}

// checkSchools trims lines, takes away those that say nothing, and refuses two of one school.
func checkSchools(share string, lines []account.SchoolLine) (out []account.SchoolLine, err error) {
	refuse := func(on string) error {
		return &problem.Error{Kind: problem.Invalid, Op: opRegister, On: on, Hint: "hint.register-schools"}
	}
	if len(lines) > maxSchoolLines {
		return nil, refuse(share)
	}
	seen := make(map[string]bool, len(lines))
	for _, x := range lines {
		size := 0
		for _, to := range []*string{&x.School, &x.Client, &x.Contact} {
			*to = strings.TrimSpace(*to)
			if size += len(*to); !utf8.ValidString(*to) {
				return nil, refuse(share)
			}
		}
		key := strings.ToLower(norm.NFKC.String(x.School))
		if x.School == "" || size > maxSchoolLine || seen[key] {
			return nil, refuse(x.School)
		}
		if seen[key] = true; !x.Empty() {
			out = append(out, x)
		}
	}
	return out, nil
}
