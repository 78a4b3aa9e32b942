package passkey

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/binary"
	"encoding/json"
	"errors"
	"testing"
)

// device is an authenticator.
type device struct {
	id     []byte
	key    crypto.Signer
	alg    int
	count  uint32
	flags  byte
	origin string
	host   string
	kind   string // of client data, when it lies
}

func newDevice(t *testing.T, key crypto.Signer, alg int) *device {
	t.Helper()
	return &device{id: []byte("credential-1"), key: key, alg: alg, flags: userPresent | userVerified, origin: site.Origin, host: site.Host()}
}

var site = Site{Origin: "https://azekura.example:8443", Name: "Azekura"}

func (d *device) data(registers bool) []byte {
	host := sha256.Sum256([]byte(d.host))
	flags := d.flags
	if registers {
		flags |= attested
	}
	b := append(host[:], flags)
	b = binary.BigEndian.AppendUint32(b, d.count)
	if registers {
		b = append(b, make([]byte, 16)...)
		b = binary.BigEndian.AppendUint16(b, uint16(len(d.id)))
		b = append(b, d.id...)
		b = append(b, 0xa5) // the COSE key, which nobody reads
	}
	return b
}

func (d *device) client(kind string, challenge []byte) []byte {
	if d.kind != "" {
		kind = d.kind
	}
	b, _ := json.Marshal(map[string]any{"type": kind, "challenge": b64(challenge), "origin": d.origin, "crossOrigin": false})
	return b
}

func (d *device) create(t *testing.T, challenge []byte) json.RawMessage {
	t.Helper()
	spki, err := x509.MarshalPKIXPublicKey(d.key.Public())
	if err != nil {
		t.Fatal(err)
	}
	return d.send(t, map[string]any{"clientDataJSON": b64(d.client("webauthn.create", challenge)), "authenticatorData": b64(d.data(true)),
		"publicKey": b64(spki), "publicKeyAlgorithm": d.alg})
}

func (d *device) get(t *testing.T, challenge []byte) json.RawMessage {
	t.Helper()
	client, data := d.client("webauthn.get", challenge), d.data(false)
	sum := sha256.Sum256(client)
	digest := sha256.Sum256(append(bytes.Clone(data), sum[:]...))
	sig, err := d.key.Sign(rand.Reader, digest[:], crypto.SHA256)
	if err != nil {
		t.Fatal(err)
	}
	return d.send(t, map[string]any{"clientDataJSON": b64(client), "authenticatorData": b64(data), "signature": b64(sig), "userHandle": b64("user")})
}

func (d *device) send(t *testing.T, response map[string]any) json.RawMessage {
	t.Helper()
	b, err := json.Marshal(map[string]any{"id": b64(d.id), "rawId": b64(d.id), "type": "public-key", "response": response})
	if err != nil {
		t.Fatal(err)
	}
	return b
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
	for name, d := range map[string]*device{
		"ES256": newDevice(t, ecKey(t, elliptic.P256()), es256),
		"RS256": newDevice(t, rsaKey(t, 2048), rs256),
	} {
		t.Run(name, func(t *testing.T) {
			c, err := site.Register(challenge, d.create(t, challenge))
			if err != nil {
				t.Fatal(err)
			}
			for n := uint32(1); n < 3; n++ {
				d.count = n
				raw := d.get(t, challenge)
				id, user, err := Named(raw)
				if err != nil || !bytes.Equal(id, d.id) || string(user) != "user" {
					t.Errorf("Named = %q, %q, %v", id, user, err)
				}
				if c, err = site.Verify(challenge, c, raw); err != nil || c.Count != n {
					t.Fatalf("signature %d: count %d, %v", n, c.Count, err)
				}
			}
			if _, err := site.Verify(challenge, c, d.get(t, challenge)); !errors.Is(err, ErrCloned) {
				t.Errorf("the same count again: %v, want %v", err, ErrCloned)
			}
		})
	}
}

func TestRegisterRefuses(t *testing.T) {
	tests := map[string]struct {
		spoil func(*device)
		want  error
	}{
		"another origin":             {func(d *device) { d.origin = "https://azekura.example.evil" }, ErrOrigin},
		"another port":               {func(d *device) { d.origin = "https://azekura.example" }, ErrOrigin},
		"another host":               {func(d *device) { d.host = "evil.example" }, ErrOrigin},
		"nobody verified":            {func(d *device) { d.flags = userPresent }, ErrUser},
		"nobody there":               {func(d *device) { d.flags = userVerified }, ErrUser},
		"an answer of another kind":  {func(d *device) { d.kind = "webauthn.get" }, ErrFormat},
		"a curve that is not taken":  {func(d *device) { d.key = ecKey(t, elliptic.P384()) }, ErrKey},
		"a key that is too short":    {func(d *device) { d.key, d.alg = rsaKey(t, 1024), rs256 }, ErrKey},
		"an algorithm of another":    {func(d *device) { d.alg = rs256 }, ErrKey},
		"an id that is far too long": {func(d *device) { d.id = make([]byte, maxID+1) }, ErrFormat},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			d := newDevice(t, ecKey(t, elliptic.P256()), es256)
			test.spoil(d)
			if _, err := site.Register(challenge, d.create(t, challenge)); !errors.Is(err, test.want) {
				t.Errorf("Register: %v, want %v", err, test.want)
			}
		})
	}
	d := newDevice(t, ecKey(t, elliptic.P256()), es256)
	if _, err := site.Register([]byte("another challenge"), d.create(t, challenge)); !errors.Is(err, ErrChallenge) {
		t.Errorf("another challenge: %v", err)
	}
	if _, err := site.Register(nil, d.create(t, nil)); !errors.Is(err, ErrChallenge) {
		t.Errorf("no challenge: %v", err)
	}
}

func TestVerifyRefuses(t *testing.T) {
	tests := map[string]struct {
		spoil func(*device)
		want  error
	}{
		"another origin":            {func(d *device) { d.origin = "https://evil.example" }, ErrOrigin},
		"another host":              {func(d *device) { d.host = "evil.example" }, ErrOrigin},
		"nobody verified":           {func(d *device) { d.flags = userPresent }, ErrUser},
		"another key":               {func(d *device) { d.key = ecKey(t, elliptic.P256()) }, ErrSignature},
		"another credential":        {func(d *device) { d.id = []byte("credential-2") }, ErrOrigin},
		"an answer of another kind": {func(d *device) { d.kind = "webauthn.create" }, ErrFormat},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			d := newDevice(t, ecKey(t, elliptic.P256()), es256)
			c, err := site.Register(challenge, d.create(t, challenge))
			if err != nil {
				t.Fatal(err)
			}
			test.spoil(d)
			if _, err := site.Verify(challenge, c, d.get(t, challenge)); !errors.Is(err, test.want) {
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
