// Package passkeytest is an authenticator for tests: it makes and uses passkeys as a browser would tell of it.
package passkeytest

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"net/url"
	"testing"
)

// Device is an authenticator with one passkey, in a browser. Its fields may be changed to make it lie.
type Device struct {
	ID        []byte
	Key       crypto.Signer
	Algorithm int
	Count     uint32
	Flags     byte
	Origin    string // of the page that the browser shows
	Host      string // that the authenticator is told
	Kind      string // of client data, if not the right one
}

// The flags of a person who is there and was verified.
const (
	Present  = 1 << 0
	Verified = 1 << 2
	attested = 1 << 6
)

// New returns an authenticator in a browser that shows a page of an origin.
func New(t testing.TB, origin string) *Device {
	t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(origin)
	if err != nil {
		t.Fatal(err)
	}
	id := make([]byte, 16)
	rand.Read(id)
	return &Device{ID: id, Key: k, Algorithm: -7, Flags: Present | Verified, Origin: origin, Host: u.Hostname()}
}

func encode(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

func (d *Device) data(registers bool) []byte {
	host := sha256.Sum256([]byte(d.Host))
	flags := d.Flags
	if registers {
		flags |= attested
	}
	b := append(host[:], flags)
	b = binary.BigEndian.AppendUint32(b, d.Count)
	if registers {
		b = append(b, make([]byte, 16)...)
		b = binary.BigEndian.AppendUint16(b, uint16(len(d.ID)))
		b = append(b, d.ID...)
		b = append(b, 0xa5) // the COSE key, which nobody reads
	}
	return b
}

func (d *Device) client(t testing.TB, kind, challenge string) []byte {
	t.Helper()
	if d.Kind != "" {
		kind = d.Kind
	}
	b, err := json.Marshal(map[string]any{"type": kind, "challenge": challenge, "origin": d.Origin, "crossOrigin": false})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// challenge returns the challenge of options.
func challenge(t testing.TB, options json.RawMessage) string {
	t.Helper()
	var o struct{ Challenge string }
	if err := json.Unmarshal(options, &o); err != nil {
		t.Fatalf("options %s: %v", options, err)
	}
	return o.Challenge
}

// Create answers what navigator.credentials.create is given.
func (d *Device) Create(t testing.TB, options json.RawMessage) json.RawMessage {
	t.Helper()
	spki, err := x509.MarshalPKIXPublicKey(d.Key.Public())
	if err != nil {
		t.Fatal(err)
	}
	client := d.client(t, "webauthn.create", challenge(t, options))
	return d.send(t, map[string]any{"clientDataJSON": encode(client), "authenticatorData": encode(d.data(true)),
		"publicKey": encode(spki), "publicKeyAlgorithm": d.Algorithm})
}

// Get answers what navigator.credentials.get is given. Each answer counts.
func (d *Device) Get(t testing.TB, options json.RawMessage) json.RawMessage {
	t.Helper()
	d.Count++
	client, data := d.client(t, "webauthn.get", challenge(t, options)), d.data(false)
	sum := sha256.Sum256(client)
	digest := sha256.Sum256(append(append([]byte{}, data...), sum[:]...))
	sig, err := d.Key.Sign(rand.Reader, digest[:], crypto.SHA256)
	if err != nil {
		t.Fatal(err)
	}
	return d.send(t, map[string]any{"clientDataJSON": encode(client), "authenticatorData": encode(data), "signature": encode(sig), "userHandle": encode([]byte("user"))})
}

func (d *Device) send(t testing.TB, response map[string]any) json.RawMessage {
	t.Helper()
	b, err := json.Marshal(map[string]any{"id": encode(d.ID), "rawId": encode(d.ID), "type": "public-key", "response": response})
	if err != nil {
		t.Fatal(err)
	}
	return b
}
