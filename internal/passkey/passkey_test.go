package passkey

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"errors"
	"testing"

	"github.com/azekura/azekura/internal/passkey/passkeytest"
)

var site = Site{Origin: "https://azekura.example:8443", Name: "Azekura"}

func newDevice(t *testing.T, key crypto.Signer, alg int) *passkeytest.Device {
	t.Helper()
	d := passkeytest.New(t, site.Origin)
	d.Key, d.Algorithm = key, alg
	return d
}

// create and get answer options with a challenge.
func create(t *testing.T, d *passkeytest.Device, challenge []byte) json.RawMessage {
	t.Helper()
	return d.Create(t, site.Create(challenge, []byte("user"), "佐藤", nil))
}

func get(t *testing.T, d *passkeytest.Device, challenge []byte) json.RawMessage {
	t.Helper()
	return d.Get(t, site.Get(challenge, nil))
}

func ecKey(t *testing.T, c elliptic.Curve) *ecdsa.PrivateKey {
	t.Helper()
	k, err := ecdsa.GenerateKey(c, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func rsaKey(t *testing.T, bits int) *rsa.PrivateKey {
	t.Helper()
	k, err := rsa.GenerateKey(rand.Reader, bits)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

var challenge = []byte("0123456789abcdef0123456789abcdef")

func TestRegisterAndVerify(t *testing.T) {
	for name, d := range map[string]*passkeytest.Device{
		"ES256": newDevice(t, ecKey(t, elliptic.P256()), es256),
		"RS256": newDevice(t, rsaKey(t, 2048), rs256),
	} {
		t.Run(name, func(t *testing.T) {
			c, err := site.Register(challenge, create(t, d, challenge))
			if err != nil {
				t.Fatal(err)
			}
			for n := uint32(1); n < 3; n++ {
				raw := get(t, d, challenge)
				id, user, err := Named(raw)
				if err != nil || !bytes.Equal(id, d.ID) || string(user) != "user" {
					t.Errorf("Named = %q, %q, %v", id, user, err)
				}
				if c, err = site.Verify(challenge, c, raw); err != nil || c.Count != n {
					t.Fatalf("signature %d: count %d, %v", n, c.Count, err)
				}
			}
			d.Count--
			if _, err := site.Verify(challenge, c, get(t, d, challenge)); !errors.Is(err, ErrCloned) {
				t.Errorf("the same count again: %v, want %v", err, ErrCloned)
			}
		})
	}
}

func TestRegisterRefuses(t *testing.T) {
	tests := map[string]struct {
		spoil func(*passkeytest.Device)
		want  error
	}{
		"another origin":             {func(d *passkeytest.Device) { d.Origin = "https://azekura.example.evil" }, ErrOrigin},
		"another port":               {func(d *passkeytest.Device) { d.Origin = "https://azekura.example" }, ErrOrigin},
		"another host":               {func(d *passkeytest.Device) { d.Host = "evil.example" }, ErrOrigin},
		"nobody verified":            {func(d *passkeytest.Device) { d.Flags = passkeytest.Present }, ErrUser},
		"nobody there":               {func(d *passkeytest.Device) { d.Flags = passkeytest.Verified }, ErrUser},
		"an answer of another kind":  {func(d *passkeytest.Device) { d.Kind = "webauthn.get" }, ErrFormat},
		"a curve that is not taken":  {func(d *passkeytest.Device) { d.Key = ecKey(t, elliptic.P384()) }, ErrKey},
		"a key that is too short":    {func(d *passkeytest.Device) { d.Key, d.Algorithm = rsaKey(t, 1024), rs256 }, ErrKey},
		"an algorithm of another":    {func(d *passkeytest.Device) { d.Algorithm = rs256 }, ErrKey},
		"an id that is far too long": {func(d *passkeytest.Device) { d.ID = make([]byte, maxID+1) }, ErrFormat},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			d := newDevice(t, ecKey(t, elliptic.P256()), es256)
			test.spoil(d)
			if _, err := site.Register(challenge, create(t, d, challenge)); !errors.Is(err, test.want) {
				t.Errorf("Register: %v, want %v", err, test.want)
			}
		})
	}
	d := newDevice(t, ecKey(t, elliptic.P256()), es256)
	if _, err := site.Register([]byte("another challenge"), create(t, d, challenge)); !errors.Is(err, ErrChallenge) {
		t.Errorf("another challenge: %v", err)
	}
	if _, err := site.Register(nil, create(t, d, nil)); !errors.Is(err, ErrChallenge) {
		t.Errorf("no challenge: %v", err)
	}
}

func TestVerifyRefuses(t *testing.T) {
	tests := map[string]struct {
		spoil func(*passkeytest.Device)
		want  error
	}{
		"another origin":            {func(d *passkeytest.Device) { d.Origin = "https://evil.example" }, ErrOrigin},
		"another host":              {func(d *passkeytest.Device) { d.Host = "evil.example" }, ErrOrigin},
		"nobody verified":           {func(d *passkeytest.Device) { d.Flags = passkeytest.Present }, ErrUser},
		"another key":               {func(d *passkeytest.Device) { d.Key = ecKey(t, elliptic.P256()) }, ErrSignature},
		"another credential":        {func(d *passkeytest.Device) { d.ID = []byte("credential-2") }, ErrOrigin},
		"an answer of another kind": {func(d *passkeytest.Device) { d.Kind = "webauthn.create" }, ErrFormat},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			d := newDevice(t, ecKey(t, elliptic.P256()), es256)
			c, err := site.Register(challenge, create(t, d, challenge))
			if err != nil {
				t.Fatal(err)
			}
			test.spoil(d)
			if _, err := site.Verify(challenge, c, get(t, d, challenge)); !errors.Is(err, test.want) {
				t.Errorf("Verify: %v, want %v", err, test.want)
			}
		})
	}
}

func TestOptions(t *testing.T) {
	var made struct {
		RP        struct{ ID string }
		Challenge b64
		User      struct{ ID b64 }
		Exclude   []descriptor `json:"excludeCredentials"`
	}
	if err := json.Unmarshal(site.Create(challenge, []byte("user"), "佐藤", [][]byte{[]byte("old")}), &made); err != nil {
		t.Fatal(err)
	}
	if made.RP.ID != "azekura.example" || !bytes.Equal(made.Challenge, challenge) || string(made.User.ID) != "user" || len(made.Exclude) != 1 {
		t.Errorf("Create = %+v", made)
	}
	var asked struct {
		RPID  string `json:"rpId"`
		Allow []descriptor
	}
	if err := json.Unmarshal(site.Get(challenge, nil), &asked); err != nil || asked.RPID != "azekura.example" {
		t.Errorf("Get = %+v, %v", asked, err)
	}
}

func FuzzVerify(f *testing.F) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		f.Fatal(err)
	}
	spki, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		f.Fatal(err)
	}
	c := Credential{ID: []byte("credential-1"), Key: spki, Algorithm: es256, Host: site.Host()}
	f.Add([]byte(`{"rawId":"Y3JlZGVudGlhbC0x","type":"public-key","response":{"clientDataJSON":"e30","authenticatorData":"AA","signature":"AA"}}`))
	f.Add([]byte(`{}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		if _, err := site.Verify(challenge, c, raw); err == nil {
			t.Error("a signature without the key")
		}
		if _, err := site.Register(challenge, raw); err == nil {
			t.Error("a registration without the challenge")
		}
	})
}
