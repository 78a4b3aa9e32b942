package keeper

import (
	"crypto/fips140"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base32"
	"encoding/binary"
	"fmt"
	"hash"
	"net/url"
	"strings"
	"time"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// app is an authenticator app that shows codes: RFC 6238 with six digits each 30 seconds.
type app struct {
	Secret    []byte    `json:"secret"`
	Algorithm string    `json:"algorithm"`
	Last      int64     `json:"last"` // the step of the last code that was taken: each counts once
	Created   time.Time `json:"created"`
	Used      time.Time `json:"used,omitzero"`
}

const (
	codeTime   = 30 // seconds
	codeDigits = 6
	drift      = 1 // steps that the app's clock may be off, either way
)

// algorithms are what apps can do. SHA-1 is what all of them do, and in HMAC nothing is known against it; a program
// that may use nothing but approved algorithms takes SHA-256, which some apps lack.
var algorithms = map[string]func() hash.Hash{"SHA1": sha1.New, "SHA256": sha256.New}

func newApp(now time.Time) *app {
	a := &app{Secret: make([]byte, 20), Algorithm: "SHA1", Created: now}
	if fips140.Enforced() {
		a.Algorithm, a.Secret = "SHA256", make([]byte, 32)
	}
	rand.Read(a.Secret)
	return a
}

// text returns the secret as apps take it where no picture can be read.
func (a *app) text() string {
	return base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(a.Secret)
}

// uri returns what the picture says: the Key URI Format of authenticator apps.
func (a *app) uri(issuer, name string) string {
	q := url.Values{"secret": {a.text()}, "issuer": {issuer}, "algorithm": {a.Algorithm}, "digits": {fmt.Sprint(codeDigits)}, "period": {fmt.Sprint(codeTime)}}
	return "otpauth://totp/" + url.PathEscape(issuer) + ":" + url.PathEscape(name) + "?" + strings.ReplaceAll(q.Encode(), "+", "%20")
}

// code returns the code of a step.
func (a *app) code(step int64) string {
	m := hmac.New(algorithms[a.Algorithm], a.Secret)
	var b [8]byte
	binary.BigEndian.PutUint64(b[:], uint64(step))
	m.Write(b[:])
	sum := m.Sum(nil)
	at := sum[len(sum)-1] & 15
	return fmt.Sprintf("%06d", binary.BigEndian.Uint32(sum[at:])&0x7fffffff%1_000_000)
}

// take returns the app as it is after a code, and whether the code counts now: within the drift, and later than the
// last that was taken.
func (a *app) take(code string, now time.Time) (*app, bool) {
	code = plainDigits(code)
	if len(code) != codeDigits || algorithms[a.Algorithm] == nil {
		return a, false
	}
	at := now.Unix() / codeTime
	right := int64(-1)
	for step := at - drift; step <= at+drift; step++ { // all of them, whichever it is
		if subtle.ConstantTimeCompare([]byte(a.code(step)), []byte(code)) == 1 && step > a.Last {
			right = step
		}
	}
	if right < 0 {
		return a, false
	}
	next := *a
	next.Last, next.Used = right, now
	return &next, true
}

// plainDigits drops what people type between digits, and takes full-width ones.
func plainDigits(s string) string {
	return strings.Map(func(r rune) rune {
		if r == '-' || unicode.IsSpace(r) {
			return -1
		}
		return r
	}, norm.NFKC.String(cut(s, 64)))
}
