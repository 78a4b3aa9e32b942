package witness

import (
	"context"
	"crypto/tls"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/durable"
)

// TestTrouble: what keeps a witness from cosigning is named by its kind, over real connections.
func TestTrouble(t *testing.T) {
	ctx := context.Background()
	dir := t.TempDir()
	h := newHouse(t, durable.OS(), filepath.Join(dir, "ledger"))
	grow(t, h.Log, 3)
	namesake := newHouse(t, durable.OS(), filepath.Join(dir, "namesake")) // of the same origin, with another key
	is := func(public ...string) *Witness { return newWitness(t, durable.OS(), t.TempDir(), public...) }
	good, other := is(h.public), is(h.public)
	say := func(status int) http.Handler {
		return http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) { http.Error(rw, "no", status) })
	}
	away := httptest.NewServer(say(200))
	away.Close()
	late := make(chan struct{})
	slow := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-late }))
	defer slow.Close()
	defer close(late)
	cuts := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }))
	defer cuts.Close()
	strange := httptest.NewUnstartedServer(good.Handler())
	strange.Config.ErrorLog = log.New(io.Discard, "", 0)
	strange.StartTLS() // a certificate that nobody here trusts
	defer strange.Close()
	key, _ := good.Keys()
	for _, x := range []struct {
		name string
		at   string
		serv http.Handler
		want account.WitnessTrouble
	}{
		{"nobody", away.URL, nil, account.WitnessUnreachable},
		{"nobody in time", slow.URL, nil, account.WitnessUnreachable},
		{"cut off", cuts.URL, nil, account.WitnessUnreachable},
		{"a certificate of nobody", strange.URL, nil, account.WitnessUntrusted},
		{"of another ledger", "", is().Handler(), account.WitnessUnknown},
		{"of a namesake", "", is(namesake.public).Handler(), account.WitnessUnsigned},
		{"another witness", "", other.Handler(), account.WitnessOtherKey},
		{"a full disk", "", say(500), account.WitnessBroken},
		{"a gateway", "", say(502), account.WitnessBroken},
		{"a teapot", "", say(418), account.WitnessStrange},
		{"a page", "", say(200), account.WitnessStrange},
		{"a size that is none", "", say(409), account.WitnessStrange},
		{"itself", "", good.Handler(), ""},
	} {
		at := x.at
		if x.serv != nil {
			srv := httptest.NewServer(x.serv)
			defer srv.Close()
			at = srv.URL
		}
		c, err := newClient(account.Witness{URL: at, Key: key}, origin, &http.Transport{TLSClientConfig: &tls.Config{}})
		if err != nil {
			t.Fatal(err)
		}
		patience := time.Minute // of a machine that does much else
		if at == slow.URL {
			patience = 50 * time.Millisecond
		}
		short, cancel := context.WithTimeout(ctx, patience)
		_, _, err = c.cosign(short, h.Log, 0)
		cancel()
		if (err == nil) != (x.want == "") || err != nil && troubleOf(err) != x.want {
			t.Errorf("%s: %v, want %q", x.name, err, x.want)
		}
	}
}

// TestForgetfulWitness: a witness whose directory was brought back from an older copy is noticed by whoever knows what it had cosigned.
func TestForgetfulWitness(t *testing.T) {
	ctx := context.Background()
	dir := t.TempDir()
	h := newHouse(t, durable.OS(), filepath.Join(dir, "ledger"))
	place, old := filepath.Join(dir, "witness"), filepath.Join(dir, "old")
	w := newWitness(t, durable.OS(), place, h.public)
	way := &swapped{w.Handler()}
	key, _ := w.Keys()
	q, err := NewQuorum(QuorumConfig{Ledger: h.Log, Origin: origin, Key: h.public, Peers: []account.Witness{{URL: "http://witness.example", Key: key}}, Now: time.Now, Transport: way})
	if err != nil {
		t.Fatal(err)
	}
	defer q.Close()
	for i := range 4 {
		grow(t, h.Log, 5)
		if err := q.Wait(ctx, h.Size(), 1); err != nil {
			t.Fatal(err)
		}
		switch i {
		case 0:
			if err := os.CopyFS(old, os.DirFS(place)); err != nil {
				t.Fatal(err)
			}
		case 2:
			if s := q.Status()[0]; s.Forgot != 0 {
				t.Errorf("an honest one: %+v", s)
			}
			way.handler = newWitness(t, durable.OS(), old, h.public).Handler() // nobody asks just now
		}
	}
	if s := q.Status()[0]; s.Forgot != 15 || s.Size != 20 || s.Away() {
		t.Errorf("%+v", s)
	}
}

// swapped lets a client reach a handler that another one may take the place of.
type swapped struct{ handler http.Handler }

func (s *swapped) RoundTrip(r *http.Request) (*http.Response, error) {
	return inMemory{s.handler}.RoundTrip(r)
}
