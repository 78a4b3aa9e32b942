// Package passkey verifies what browsers say about passkeys: Web Authentication Level 3
// (https://www.w3.org/TR/webauthn-3/), as much of it as a login needs. It keeps nothing.
//
// Which maker built an authenticator is not asked (attestation "none"): whoever is logged in may enrol what they
// like. Signatures are ES256 and RS256, which every platform has and CRYPTREC lists.
package passkey

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/subtle"
	"crypto/x509"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
)

// Site is who asks for passkeys: WebAuthn's relying party.
type Site struct {
	Origin string // "https://azekura.example:8443", as the browser has it
	Name   string // shown by the browser
}

// Host is the site's name without its port: the relying party's id. Browsers refuse addresses there.
func (s Site) Host() string {
	u, err := url.Parse(s.Origin)
	if err != nil {
		return ""
	}
	return u.Hostname()
}

// Credential is the public half of a passkey.
type Credential struct {
	ID        []byte `json:"id"`
	Key       []byte `json:"key"` // SubjectPublicKeyInfo, DER
	Algorithm int    `json:"algorithm"`
	Host      string `json:"host"`  // of the site that it belongs to
	Count     uint32 `json:"count"` // signatures that the authenticator has told of; 0 if it does not count
}

// The algorithms, by their COSE numbers.
const (
	es256 = -7
	rs256 = -257
)

// Why what a browser sent is refused.
var (
	ErrFormat    = errors.New("not what a browser sends")
	ErrChallenge = errors.New("it answers another challenge")
	ErrOrigin    = errors.New("it was made for another site")
	ErrUser      = errors.New("the authenticator has not verified who is there")
	ErrKey       = errors.New("it is a key of a kind that is not taken")
	ErrSignature = errors.New("the signature is wrong")
	ErrCloned    = errors.New("the authenticator counts backwards: it may have been copied")
)

// Limits of what is read.
const (
	maxID   = 1023 // WebAuthn 7.1
	maxSent = 64 << 10
)

// b64 is a byte string as WebAuthn's JSON has it.
type b64 []byte

// MarshalText returns base64url without padding.
func (b b64) MarshalText() ([]byte, error) { return base64.RawURLEncoding.AppendEncode(nil, b), nil }

// UnmarshalText reads base64url without padding.
func (b *b64) UnmarshalText(text []byte) (err error) {
	*b, err = base64.RawURLEncoding.AppendDecode(nil, text)
	return err
}

type entity struct {
	ID          b64    `json:"id"`
	Name        string `json:"name"`
	DisplayName string `json:"displayName"`
}

type descriptor struct {
	Type string `json:"type"`
	ID   b64    `json:"id"`
}

func descriptors(ids [][]byte) []descriptor {
	out := []descriptor{}
	for _, id := range ids {
		out = append(out, descriptor{"public-key", id})
	}
	return out
}

// timeout is how long the browser waits for a person, in milliseconds.
const timeout = 300_000

// Create returns what navigator.credentials.create is given to make a passkey for a user, as
// PublicKeyCredentialCreationOptionsJSON.
func (s Site) Create(challenge, user []byte, name string, have [][]byte) json.RawMessage {
	type parameter struct {
		Type string `json:"type"`
		Alg  int    `json:"alg"`
	}
	b, err := json.Marshal(map[string]any{
		"rp":                 map[string]string{"id": s.Host(), "name": s.Name},
		"user":               entity{user, name, name},
		"challenge":          b64(challenge),
		"pubKeyCredParams":   []parameter{{"public-key", es256}, {"public-key", rs256}},
		"timeout":            timeout,
		"excludeCredentials": descriptors(have),
		"authenticatorSelection": map[string]any{
			"residentKey": "preferred", "userVerification": "required",
		},
		"attestation": "none",
	})
	if err != nil {
		panic(err) // nothing in it can fail
	}
	return b
}

// Get returns what navigator.credentials.get is given, as PublicKeyCredentialRequestOptionsJSON. Without ids any
// passkey of the site that the authenticator itself finds will do.
func (s Site) Get(challenge []byte, ids [][]byte) json.RawMessage {
	b, err := json.Marshal(map[string]any{
		"rpId": s.Host(), "challenge": b64(challenge), "timeout": timeout, "userVerification": "required", "allowCredentials": descriptors(ids),
	})
	if err != nil {
		panic(err) // nothing in it can fail
	}
	return b
}

// sent is a PublicKeyCredential as its toJSON writes it: RegistrationResponseJSON or AuthenticationResponseJSON.
type sent struct {
	RawID    b64    `json:"rawId"`
	Type     string `json:"type"`
	Response struct {
		ClientData        b64 `json:"clientDataJSON"`
		AuthenticatorData b64 `json:"authenticatorData"`
		Signature         b64 `json:"signature"`
		UserHandle        b64 `json:"userHandle"`
		PublicKey         b64 `json:"publicKey"`
		Algorithm         int `json:"publicKeyAlgorithm"`
	} `json:"response"`
}

func parse(raw json.RawMessage) (s sent, err error) {
	if len(raw) > maxSent {
		return s, fmt.Errorf("%w: %d bytes", ErrFormat, len(raw))
	}
	if err := json.Unmarshal(raw, &s); err != nil {
		return s, fmt.Errorf("%w: %w", ErrFormat, err)
	}
	if s.Type != "public-key" || len(s.RawID) == 0 || len(s.RawID) > maxID {
		return s, fmt.Errorf("%w: credential of type %q with an id of %d bytes", ErrFormat, s.Type, len(s.RawID))
	}
	return s, nil
}

// Named returns the id of the credential that a browser's answer is about, and the user that it was made for, if the
// authenticator tells. Nothing of it is proven yet.
func Named(raw json.RawMessage) (credential, user []byte, err error) {
	s, err := parse(raw)
	return s.RawID, s.Response.UserHandle, err
}

// clientData is WebAuthn 5.8.1.
func (s Site) checkClient(raw []byte, kind string, challenge []byte) error {
	var c struct {
		Type        string `json:"type"`
		Challenge   b64    `json:"challenge"`
		Origin      string `json:"origin"`
		CrossOrigin bool   `json:"crossOrigin"`
	}
	if err := json.Unmarshal(raw, &c); err != nil {
		return fmt.Errorf("%w: client data: %w", ErrFormat, err)
	}
	switch {
	case c.Type != kind:
		return fmt.Errorf("%w: client data of type %q", ErrFormat, c.Type)
	case len(challenge) == 0 || subtle.ConstantTimeCompare(c.Challenge, challenge) != 1:
		return ErrChallenge
	case c.Origin != s.Origin || c.CrossOrigin:
		return fmt.Errorf("%w: %q", ErrOrigin, c.Origin)
	}
	return nil
}

// Flags of authenticator data, WebAuthn 6.1.
const (
	userPresent  = 1 << 0
	userVerified = 1 << 2
	attested     = 1 << 6
)

// authenticator is authenticator data.
type authenticator struct {
	count uint32
	id    []byte // of the credential, where it tells: at registration
}

func (s Site) checkAuthenticator(b []byte, registers bool) (a authenticator, err error) {
	if len(b) < 37 {
		return a, fmt.Errorf("%w: authenticator data of %d bytes", ErrFormat, len(b))
	}
	host, flags := sha256.Sum256([]byte(s.Host())), b[32]
	a.count = binary.BigEndian.Uint32(b[33:37])
	switch {
	case s.Host() == "" || subtle.ConstantTimeCompare(b[:32], host[:]) != 1:
		return a, ErrOrigin
	case flags&userPresent == 0 || flags&userVerified == 0:
		return a, ErrUser
	case !registers:
		return a, nil
	case flags&attested == 0 || len(b) < 55:
		return a, fmt.Errorf("%w: no credential in the authenticator data", ErrFormat)
	}
	n := int(binary.BigEndian.Uint16(b[53:55]))
	if n > maxID || len(b) < 55+n {
		return a, fmt.Errorf("%w: a credential id of %d bytes", ErrFormat, n)
	}
	a.id = b[55 : 55+n]
	return a, nil
}

// Register checks what navigator.credentials.create returned and returns the passkey that was made: WebAuthn 7.1,
// without attestation.
func (s Site) Register(challenge []byte, raw json.RawMessage) (Credential, error) {
	p, err := parse(raw)
	if err != nil {
		return Credential{}, err
	}
	if err := s.checkClient(p.Response.ClientData, "webauthn.create", challenge); err != nil {
		return Credential{}, err
	}
	a, err := s.checkAuthenticator(p.Response.AuthenticatorData, true)
	if err != nil {
		return Credential{}, err
	}
	if subtle.ConstantTimeCompare(a.id, p.RawID) != 1 {
		return Credential{}, fmt.Errorf("%w: two credential ids", ErrFormat)
	}
	c := Credential{ID: p.RawID, Key: p.Response.PublicKey, Algorithm: p.Response.Algorithm, Host: s.Host(), Count: a.count}
	_, err = c.public()
	return c, err
}

// public returns the key that verifies, if it is of a kind that is taken.
func (c Credential) public() (any, error) {
	k, err := x509.ParsePKIXPublicKey(c.Key)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrKey, err)
	}
	switch k := k.(type) {
	case *ecdsa.PublicKey:
		if c.Algorithm == es256 && k.Curve == elliptic.P256() {
			return k, nil
		}
	case *rsa.PublicKey:
		if n := k.N.BitLen(); c.Algorithm == rs256 && n >= 2048 && n <= 4096 {
			return k, nil
		}
	}
	return nil, fmt.Errorf("%w: %T, algorithm %d", ErrKey, k, c.Algorithm)
}

// Verify checks what navigator.credentials.get returned for a passkey, WebAuthn 7.2: the person was there and was
// verified by the authenticator. It returns the passkey with its new count.
func (s Site) Verify(challenge []byte, c Credential, raw json.RawMessage) (Credential, error) {
	p, err := parse(raw)
	if err != nil {
		return c, err
	}
	if subtle.ConstantTimeCompare(p.RawID, c.ID) != 1 || c.Host != s.Host() {
		return c, fmt.Errorf("%w: another passkey", ErrOrigin)
	}
	if err := s.checkClient(p.Response.ClientData, "webauthn.get", challenge); err != nil {
		return c, err
	}
	a, err := s.checkAuthenticator(p.Response.AuthenticatorData, false)
	if err != nil {
		return c, err
	}
	client := sha256.Sum256(p.Response.ClientData)
	if err := c.verify(append(append([]byte{}, p.Response.AuthenticatorData...), client[:]...), p.Response.Signature); err != nil {
		return c, err
	}
	if (a.count != 0 || c.Count != 0) && a.count <= c.Count {
		return c, ErrCloned
	}
	c.Count = a.count
	return c, nil
}

func (c Credential) verify(signed, signature []byte) error {
	k, err := c.public()
	if err != nil {
		return err
	}
	sum := sha256.Sum256(signed)
	ok := false
	switch k := k.(type) {
	case *ecdsa.PublicKey:
		ok = ecdsa.VerifyASN1(k, sum[:], signature)
	case *rsa.PublicKey:
		ok = rsa.VerifyPKCS1v15(k, crypto.SHA256, sum[:], signature) == nil
	}
	if !ok {
		return ErrSignature
	}
	return nil
}
