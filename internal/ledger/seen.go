package ledger

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/azekura/azekura/internal/problem"
)

const (
	headCheck = 2 // bytes of a checksum, which finds what was mistyped
	headGroup = 4 // letters
)

// Text writes the head of a ledger for paper: the number of entries, the root in groups of four letters, and a checksum, as in
// 4711-3ad9-…-90f2. ParseHead reads it, also when somebody has typed it.
func (h Head) Text(origin string) string {
	all := hex.EncodeToString(append(h.Root[:], h.check(origin)...))
	var b strings.Builder
	b.WriteString(strconv.FormatInt(h.Size, 10))
	for ; all != ""; all = all[headGroup:] {
		b.WriteString("-" + all[:headGroup])
	}
	return b.String()
}

// check is the checksum of a head that is typed, and of the ledger that it is of.
func (h Head) check(origin string) []byte {
	sum := sha256.Sum256(fmt.Appendf(nil, "azekura head\n%s\n%d\n%x\n", origin, h.Size, h.Root[:]))
	return sum[:headCheck]
}

var errHead = errors.New("neither a head as it is printed nor a signed checkpoint of this ledger")

// ParseHead reads a head that was seen earlier: as Text writes it, with any spaces, lines and capitals, or as a signed checkpoint.
func ParseHead(text []byte, verifierKey string) (Head, error) {
	unfit := func(err error) (Head, error) {
		return Head{}, &problem.Error{Kind: problem.Invalid, Op: "read the head", Hint: "hint.ledger-seen", Err: err}
	}
	v, err := note.NewVerifier(verifierKey)
	if err != nil {
		return Head{}, &problem.Error{Kind: problem.Invalid, Op: "read the head", Hint: "hint.ledger-key", Err: err}
	}
	if bytes.Contains(text, []byte("\n\n")) {
		h, err := CheckCheckpoint(text, verifierKey)
		if err != nil {
			return unfit(err)
		}
		return h, nil
	}
	parts := strings.FieldsFunc(strings.ToLower(string(text)), func(r rune) bool { return strings.ContainsRune("- \t\r\n　−‐–", r) })
	if len(parts) < 2 {
		return unfit(errHead)
	}
	var h Head
	all, err := hex.DecodeString(strings.Join(parts[1:], ""))
	if h.Size, _ = strconv.ParseInt(parts[0], 10, 64); err != nil || len(all) != tlog.HashSize+headCheck || h.Size < 0 || strconv.FormatInt(h.Size, 10) != parts[0] {
		return unfit(errHead)
	}
	copy(h.Root[:], all)
	if !bytes.Equal(all[tlog.HashSize:], h.check(v.Name())) {
		return unfit(errors.New("the checksum is another: it was mistyped, or is of another ledger"))
	}
	return h, nil
}
