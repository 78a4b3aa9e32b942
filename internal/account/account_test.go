package account

import (
	"bytes"
	"fmt"
	"log/slog"
	"net/netip"
	"strings"
	"testing"
)

func TestPurposeValid(t *testing.T) {
	for _, p := range []Purpose{Open, Preview, Export, Verify, Restore, Copy, Roster, BreakGlass} {
		if err := p.Valid(); err != nil {
			t.Errorf("%s: %v", p, err)
		}
	}
	for _, p := range []Purpose{"", "Open", "open ", "read"} {
		if p.Valid() == nil {
			t.Errorf("%q is taken for a purpose", p)
		}
	}
}

// TestCredentialsAreNotPrinted: neither a log line nor an error shows what somebody typed at a door.
func TestCredentialsAreNotPrinted(t *testing.T) {
	c := Credentials{Name: "hanako-typed", Secret: "correct horse", Factor: Password, Address: netip.MustParseAddr("192.0.2.1"), Door: "webdav"}
	var out bytes.Buffer
	slog.New(slog.NewJSONHandler(&out, nil)).Info("x", "c", c)
	slog.New(slog.NewTextHandler(&out, nil)).Info("x", "c", c)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x"} {
		fmt.Fprintf(&out, verb+"\n", c)
		fmt.Fprintf(&out, verb+"\n", &c)
	}
	for _, secret := range []string{c.Secret, c.Name, fmt.Sprintf("%x", c.Secret), fmt.Sprintf("%x", c.Name)} {
		if strings.Contains(out.String(), secret) {
			t.Errorf("%q is shown in\n%s", secret, out.String())
		}
	}
	if !strings.Contains(out.String(), "192.0.2.1") {
		t.Error("the address is not shown")
	}
}
