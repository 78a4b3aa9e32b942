package oidc

import (
	"context"
	"crypto"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
	"time"
)

// issuer is an identity provider that says what a test wants. That an honest one of other people's making is understood,
// tests/browser shows.
type issuer struct {
	*httptest.Server
	key    *rsa.PrivateKey
	claims map[string]any    // of the next token
	header map[string]string // likewise
	sign   func(input []byte) []byte
	form   url.Values // of the last exchange
	status int
}

func newIssuer(t *testing.T) *issuer {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	i := &issuer{key: key, status: http.StatusOK}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /.well-known/openid-configuration", func(w http.ResponseWriter, r *http.Request) {
		json.NewEncoder(w).Encode(map[string]any{"issuer": i.URL, "authorization_endpoint": i.URL + "/authorize", "token_endpoint": i.URL + "/token",
			"jwks_uri": i.URL + "/keys", "id_token_signing_alg_values_supported": []string{"RS256", "HS256", "none"}})
	})
	mux.HandleFunc("GET /keys", func(w http.ResponseWriter, r *http.Request) {
		json.NewEncoder(w).Encode(map[string]any{"keys": []any{map[string]string{"kty": "RSA", "kid": "1", "use": "sig",
			"n": base64.RawURLEncoding.EncodeToString(key.N.Bytes()), "e": base64.RawURLEncoding.EncodeToString(big.NewInt(int64(key.E)).Bytes())}}})
	})
	mux.HandleFunc("POST /token", func(w http.ResponseWriter, r *http.Request) {
		r.ParseForm()
		i.form = r.Form
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(i.status)
		json.NewEncoder(w).Encode(map[string]any{"access_token": "x", "token_type": "Bearer", "id_token": i.token(t)})
	})
	i.Server = httptest.NewServer(mux)
	t.Cleanup(i.Close)
	return i
}

func (i *issuer) token(t *testing.T) string {
	part := func(v any) string {
		b, err := json.Marshal(v)
		if err != nil {
			t.Error(err)
		}
		return base64.RawURLEncoding.EncodeToString(b)
	}
	input := part(i.header) + "." + part(i.claims)
	return input + "." + base64.RawURLEncoding.EncodeToString(i.sign([]byte(input)))
}

// honest makes the next token one that must be taken.
func (i *issuer) honest(t *testing.T, a *Asked) {
	u, err := url.Parse(a.URL)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	i.status = http.StatusOK
	i.header = map[string]string{"alg": "RS256", "kid": "1"}
	i.claims = map[string]any{"iss": i.URL, "sub": "hanako", "aud": "azekura", "exp": now.Add(time.Minute).Unix(), "iat": now.Unix(), "nonce": u.Query().Get("nonce")}
	i.sign = func(input []byte) []byte {
		sum := sha256.Sum256(input)
		sig, err := rsa.SignPKCS1v15(rand.Reader, i.key, crypto.SHA256, sum[:])
		if err != nil {
			t.Error(err)
		}
		return sig
	}
}

const redirect = "https://house.example/login/provider/back"

func TestAnswer(t *testing.T) {
	i := newIssuer(t)
	p := New(Config{Issuer: i.URL, Client: "azekura", Secret: "s", Now: time.Now})
	other, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	for name, spoil := range map[string]func(a *Asked, state, code *string){
		"":                     nil,
		"another state":        func(_ *Asked, state, _ *string) { *state = "x" },
		"no state":             func(_ *Asked, state, _ *string) { *state = "" },
		"no code":              func(_ *Asked, _, code *string) { *code = "" },
		"another question":     func(*Asked, *string, *string) { i.claims["nonce"] = "of somebody else" },
		"no nonce":             func(*Asked, *string, *string) { delete(i.claims, "nonce") },
		"for another house":    func(*Asked, *string, *string) { i.claims["aud"] = "wiki" },
		"of another provider":  func(*Asked, *string, *string) { i.claims["iss"] = "https://other.example" },
		"expired":              func(*Asked, *string, *string) { i.claims["exp"] = time.Now().Add(-time.Minute).Unix() },
		"of nobody":            func(*Asked, *string, *string) { i.claims["sub"] = "" },
		"the exchange refused": func(*Asked, *string, *string) { i.status = http.StatusBadRequest },
		"not signed":           func(*Asked, *string, *string) { i.header["alg"] = "none"; i.sign = func([]byte) []byte { return nil } },
		"signed with what everybody knows": func(*Asked, *string, *string) {
			i.header["alg"] = "HS256"
			i.sign = func(input []byte) []byte {
				m := hmac.New(sha256.New, i.key.N.Bytes())
				m.Write(input)
				return m.Sum(nil)
			}
		},
		"signed with another key": func(*Asked, *string, *string) {
			i.sign = func(input []byte) []byte {
				sum := sha256.Sum256(input)
				sig, _ := rsa.SignPKCS1v15(rand.Reader, other, crypto.SHA256, sum[:])
				return sig
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			a, err := p.Ask(t.Context(), redirect)
			if err != nil {
				t.Fatal(err)
			}
			i.honest(t, a)
			state, code := a.state, "code"
			if spoil != nil {
				spoil(a, &state, &code)
			}
			who, err := p.Answer(t.Context(), a, state, code)
			if spoil == nil {
				if want := (Identity{i.URL, "hanako"}); err != nil || who != want {
					t.Errorf("got %v, %v", who, err)
				}
				if i.form.Get("code_verifier") != a.verifier || i.form.Get("redirect_uri") != redirect {
					t.Errorf("exchanged with %v", i.form)
				}
				return
			}
			if !errors.Is(err, ErrRefused) || who != (Identity{}) {
				t.Errorf("got %v, %v; want ErrRefused", who, err)
			}
		})
	}
	if _, err := p.Answer(t.Context(), nil, "", "code"); !errors.Is(err, ErrRefused) {
		t.Errorf("an answer to nothing: %v", err)
	}
}

func TestAsk(t *testing.T) {
	i := newIssuer(t)
	p := New(Config{Issuer: i.URL, Client: "azekura", Now: time.Now})
	seen := make(map[string]bool)
	for range 3 {
		a, err := p.Ask(t.Context(), redirect)
		if err != nil {
			t.Fatal(err)
		}
		u, err := url.Parse(a.URL)
		if err != nil {
			t.Fatal(err)
		}
		q := u.Query()
		if q.Get("response_type") != "code" || q.Get("code_challenge_method") != "S256" || q.Get("client_id") != "azekura" || q.Get("redirect_uri") != redirect || q.Get("scope") != "openid" {
			t.Errorf("asked with %v", q)
		}
		for _, what := range []string{"state", "nonce", "code_challenge"} {
			if v := q.Get(what); len(v) < 43 || seen[v] {
				t.Errorf("%s %q", what, v)
			}
			seen[q.Get(what)] = true
		}
	}
}

// TestAway: a provider that does not answer is not there, and found once it is.
func TestAway(t *testing.T) {
	i := newIssuer(t)
	away := httptest.NewServer(http.NotFoundHandler())
	defer away.Close()
	if _, err := New(Config{Issuer: away.URL, Now: time.Now}).Ask(t.Context(), redirect); !errors.Is(err, ErrUnreachable) {
		t.Errorf("got %v", err)
	}
	flood := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for {
			if _, err := w.Write(make([]byte, 1<<16)); err != nil {
				return
			}
		}
	}))
	defer flood.Close()
	if _, err := New(Config{Issuer: flood.URL, Now: time.Now}).Ask(t.Context(), redirect); !errors.Is(err, ErrUnreachable) {
		t.Errorf("a flood: %v", err)
	}
	p := New(Config{Issuer: i.URL, Client: "azekura", Now: time.Now})
	a, err := p.Ask(t.Context(), redirect)
	if err != nil {
		t.Fatal(err)
	}
	i.Close()
	if _, err := p.Answer(t.Context(), a, a.state, "code"); !errors.Is(err, ErrUnreachable) {
		t.Errorf("got %v", err)
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := p.Answer(gone, a, a.state, "code"); !errors.Is(err, ErrUnreachable) {
		t.Errorf("got %v", err)
	}
}
