// Package problem holds the error that a person can act on: what failed, on what, and of which
// kind. Doors translate the kind into their protocol's status, the screen into a sentence; the
// cause goes to logs alone and never crosses a trust border.
package problem

import (
	"context"
	"errors"
	"fmt"
	"net/http"
)

// Kind says what a door or a program has to do about an error.
type Kind uint8

// The kinds of problems. Their numbers may change; their names are part of the JSON output.
const (
	Internal        Kind = iota // a defect or a broken machine: look into the log
	Invalid                     // the request makes no sense: change it
	Unauthenticated             // log in first
	Denied                      // this account may not do this
	NotFound                    // there is no such thing
	Exists                      // there is already such a thing
	Conflict                    // a parent directory is missing, or a name stands for another kind of thing
	Condition                   // a condition of the request does not hold (any more)
	Locked                      // somebody holds a lock on it
	Frozen                      // writing and reading are stopped for this party
	TooLarge                    // beyond a limit
	NoSpace                     // the disk is full
	Damaged                     // stored bytes are not what was stored: never returned as content
	Unavailable                 // cannot be done now: try again
	Spent                       // the budget of readings is spent: a second person can give another
	kinds
)

var names = [kinds]string{"internal", "invalid", "unauthenticated", "denied", "not-found", "exists", "conflict",
	"condition", "locked", "frozen", "too-large", "no-space", "damaged", "unavailable", "spent"}

// HTTP status, exit code of the program.
var codes = [kinds][2]int{
	Internal:        {http.StatusInternalServerError, 1},
	Invalid:         {http.StatusBadRequest, 2},
	Unauthenticated: {http.StatusUnauthorized, 12},
	Denied:          {http.StatusForbidden, 13},
	NotFound:        {http.StatusNotFound, 10},
	Exists:          {http.StatusMethodNotAllowed, 14},
	Conflict:        {http.StatusConflict, 14},
	Condition:       {http.StatusPreconditionFailed, 15},
	Locked:          {http.StatusLocked, 11},
	Frozen:          {http.StatusForbidden, 16},
	TooLarge:        {http.StatusRequestEntityTooLarge, 17},
	NoSpace:         {http.StatusInsufficientStorage, 18},
	Damaged:         {http.StatusInternalServerError, 19},
	Unavailable:     {http.StatusServiceUnavailable, 20},
	Spent:           {http.StatusTooManyRequests, 21},
}

// known returns k, or Internal for a number that is none of the kinds.
func (k Kind) known() Kind {
	if k < kinds {
		return k
	}
	return Internal
}

// String returns the kind's name, such as "not-found".
func (k Kind) String() string { return names[k.known()] }

// MarshalText returns the kind's name.
func (k Kind) MarshalText() ([]byte, error) { return []byte(k.String()), nil }

// UnmarshalText reads a kind's name; an unknown one is Internal.
func (k *Kind) UnmarshalText(text []byte) error {
	*k = Internal
	for i, n := range names {
		if n == string(text) {
			*k = Kind(i)
		}
	}
	return nil
}

// HTTP returns the status of RFC 9110 and RFC 4918 for a problem of this kind.
func (k Kind) HTTP() int { return codes[k.known()][0] }

// Exit returns the program's exit code for a problem of this kind. 0 is success; 3 (partly done)
// and 130 (interrupted) are the program's own.
func (k Kind) Exit() int { return codes[k.known()][1] }

// Error is a failed act.
type Error struct {
	Kind Kind
	Op   string // what was tried: "save", "open", "log in"; a fixed text, usable as a label in metrics
	On   string // on what: a path, a name; shown to the person who asked, never logged below debug level
	Hint string // key of a text in package lang that says what to do, or ""
	Err  error  // the cause, for logs; may be nil
}

// New returns an *Error without hint.
func New(kind Kind, op, on string, cause error) *Error {
	return &Error{Kind: kind, Op: op, On: on, Err: cause}
}

// Error returns what failed, on what, and why.
func (e *Error) Error() string {
	s := e.Op
	if e.On != "" {
		s += " " + fmt.Sprintf("%q", e.On)
	}
	s += ": " + e.Kind.String()
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	return s
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// KindOf returns the kind of the outermost *Error in err's chain. An ended context is Unavailable;
// anything else is Internal.
func KindOf(err error) Kind {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Kind
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return Unavailable
	}
	return Internal
}
