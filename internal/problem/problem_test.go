package problem

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"testing"
)

// TestKinds writes down what doors and scripts rely on.
func TestKinds(t *testing.T) {
	want := map[Kind]struct {
		name       string
		http, exit int
	}{
		Internal:        {"internal", 500, 1},
		Invalid:         {"invalid", 400, 2},
		Unauthenticated: {"unauthenticated", 401, 12},
		Denied:          {"denied", 403, 13},
		NotFound:        {"not-found", 404, 10},
		Exists:          {"exists", 405, 14},
		Conflict:        {"conflict", 409, 14},
		Condition:       {"condition", 412, 15},
		Locked:          {"locked", 423, 11},
		Frozen:          {"frozen", 403, 16},
		TooLarge:        {"too-large", 413, 17},
		NoSpace:         {"no-space", 507, 18},
		Damaged:         {"damaged", 500, 19},
		Unavailable:     {"unavailable", 503, 20},
		Spent:           {"spent", 429, 21},
	}
	if len(want) != int(kinds) {
		t.Errorf("%d kinds here, %d in the program", len(want), kinds)
	}
	for k, w := range want {
		if k.String() != w.name || k.HTTP() != w.http || k.Exit() != w.exit {
			t.Errorf("%v: status %d, exit code %d; want %v", k, k.HTTP(), k.Exit(), w)
		}
		if http.StatusText(k.HTTP()) == "" {
			t.Errorf("%v: %d is no status", k, k.HTTP())
		}
		b, err := json.Marshal(k)
		if err != nil {
			t.Error(err)
		}
		got := kinds
		if err := json.Unmarshal(b, &got); err != nil || got != k {
			t.Errorf("%s is read as %v, %v", b, got, err)
		}
	}
}

// TestUnknownKind: a number or a name that a newer program may use is a defect, not a success.
func TestUnknownKind(t *testing.T) {
	for _, k := range []Kind{kinds, 255} {
		if k.String() != "internal" || k.HTTP() != 500 || k.Exit() != 1 {
			t.Errorf("kind %d: %v, status %d, exit code %d", uint8(k), k, k.HTTP(), k.Exit())
		}
	}
	k := NotFound
	if err := k.UnmarshalText([]byte("strange")); err != nil || k != Internal {
		t.Errorf("an unknown name is read as %v, %v", k, err)
	}
}

func TestKindOf(t *testing.T) {
	inner := New(NotFound, "open", "/a", io.EOF)
	for _, tt := range []struct {
		name string
		err  error
		want Kind
	}{
		{"problem", inner, NotFound},
		{"wrapped", fmt.Errorf("x: %w", inner), NotFound},
		{"the outermost counts", New(Damaged, "verify", "", inner), Damaged},
		{"joined", errors.Join(io.EOF, inner), NotFound},
		{"cancelled", fmt.Errorf("x: %w", context.Canceled), Unavailable},
		{"too late", context.DeadlineExceeded, Unavailable},
		{"a problem because of a deadline", New(Locked, "save", "", context.DeadlineExceeded), Locked},
		{"anything else", io.EOF, Internal},
		{"none", nil, Internal},
	} {
		if got := KindOf(tt.err); got != tt.want {
			t.Errorf("%s: got %v, want %v", tt.name, got, tt.want)
		}
	}
}

func TestErrorText(t *testing.T) {
	for _, tt := range []struct {
		err  *Error
		want string
	}{
		{New(NotFound, "open", "/組/a\nb", io.EOF), `open "/組/a\nb": not-found: EOF`},
		{New(NoSpace, "save", "", nil), "save: no-space"},
	} {
		if got := tt.err.Error(); got != tt.want {
			t.Errorf("got %s, want %s", got, tt.want)
		}
	}
	if err := New(NotFound, "open", "", io.EOF); !errors.Is(err, io.EOF) {
		t.Error("the cause is lost")
	}
}
