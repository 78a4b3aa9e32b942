package keeper

import (
	"strings"
	"testing"

	"golang.org/x/text/unicode/norm"

	"github.com/azekura/azekura/internal/password"
)

func TestPasswordsInAnyForm(t *testing.T) {
	h, err := newHashed(cheap, "ガラスの仮面とガラスの靴ABC")
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range []string{"ガラスの仮面とガラスの靴ABC", "ｶﾞﾗｽの仮面とｶﾞﾗｽの靴ＡＢＣ", norm.NFD.String("ガラスの仮面とガラスの靴ABC")} {
		if !h.matches(s) {
			t.Errorf("%q is taken for another password", s)
		}
	}
	if h.matches("ガラスの仮面とガラスの靴abc") || newDecoyMatches() {
		t.Error("another password is taken")
	}
}

func newDecoyMatches() bool {
	d := newDecoy(cheap)
	return d.matches("") || d.matches("nobody's")
}

func TestRandomSecrets(t *testing.T) {
	seen, alone := make(map[string]bool), password.Policy{Min: password.MinAlone}
	for range 300 {
		s := newDevicePassword()
		if len(s) != len("azk")+7*5 || !strings.HasPrefix(s, "azk-") || seen[s] || normalDevice(s) != strings.ReplaceAll(s, "-", "") {
			t.Fatalf("device password %q", s)
		}
		seen[s] = true
		if p := NewPassphrase(); seen[p] || alone.Check(p) != nil {
			t.Fatalf("pass phrase %q: %v", p, alone.Check(p))
		}

	}
	if len(letters) != 32 || strings.ContainsAny(letters, "lo01") {
		t.Errorf("the letters %q", letters)
	}
}
