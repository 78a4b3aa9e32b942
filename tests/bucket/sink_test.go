package bucket

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"io/fs"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"

	"github.com/azekura/azekura/internal/durable"
	"github.com/azekura/azekura/internal/ledger"
	"github.com/azekura/azekura/internal/medium/bucket"
	"github.com/azekura/azekura/internal/problem"
	"github.com/azekura/azekura/internal/seal"
	"github.com/azekura/azekura/internal/sink"
)

// book is a ledger by itself.
type book struct {
	*ledger.Log
	signer note.Signer
	key    string
	sealer *ledger.Sealer
}

func newBook(t *testing.T) *book {
	t.Helper()
	private, public, err := note.GenerateKey(rand.Reader, "azekura.example/ledger/test")
	if err != nil {
		t.Fatal(err)
	}
	b := &book{key: public, sealer: ledger.NewSealer(seal.NewKey())}
	if b.signer, err = note.NewSigner(private); err != nil {
		t.Fatal(err)
	}
	v, err := note.NewVerifier(public)
	if err != nil {
		t.Fatal(err)
	}
	if b.Log, err = ledger.Open(t.Context(), ledger.Config{FS: durable.OS(), Dir: filepath.Join(t.TempDir(), "ledger"), Origin: b.signer.Name(), Signer: b.signer, Verifier: v}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.Log.Close() })
	return b
}

func (b *book) write(t *testing.T, n int) {
	t.Helper()
	for range n {
		e, err := b.sealer.Seal(time.Now(), []byte("an entry"))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := b.Append(t.Context(), e); err != nil {
			t.Fatal(err)
		}
	}
}

func (b *book) Published(ctx context.Context) ([]byte, fs.FS, error) {
	signed, err := b.Publish(ctx)
	return signed, b.Files(), err
}

func (b *book) SignSink(text string) ([]byte, error) {
	return note.Sign(&note.Note{Text: text}, b.signer)
}

// TestSink: what is needed of the copy stays locked for half of the time at least, as long as it is kept up; a sink of another ledger is left alone.
func TestSink(t *testing.T) {
	g := startGateway(t)
	g.bucket("ledger", true)
	s, err := bucket.Read(g.settings("s3.toml", "ledger", `folder = "house"`))
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	clock := func() time.Time { return now }
	b, err := bucket.New(s, 30, clock)
	if err != nil {
		t.Fatal(err)
	}
	l := newBook(t)
	l.write(t, 300)
	start := func() *sink.Sink {
		return &sink.Sink{Target: b, Ledger: l, Key: l.key, Lock: 30 * 24 * time.Hour, Now: clock}
	}
	copied := start()
	for range 5 {
		head, err := copied.Push(t.Context())
		if err != nil || head.Size != l.Size() {
			t.Fatalf("%d of %d, %v", head.Size, l.Size(), err)
		}
		l.write(t, 70)
		now = now.AddDate(0, 0, 8)
		if now.Day()%2 == 0 {
			copied = start() // the program was started again: it sees itself what is there
		}
	}
	head, err := copied.Push(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"ledger/tile/entries/000", "ledger/tile/0/000", "ledger/tile/entries/001", "ledger/checkpoint"} {
		if _, _, until, err := b.Stored(t.Context(), name, ""); err != nil || until.Sub(now) < 14*24*time.Hour {
			t.Errorf("%s is locked until %v, and it is %v: %v", name, until, now, err)
		}
	}
	c, err := sink.Open(t.Context(), b, l.key)
	if err != nil || c.Head != head {
		t.Fatalf("%+v, %v", c, err)
	}
	if r, err := ledger.Verify(t.Context(), c, l.key); err != nil || !r.OK() || r.Size != head.Size {
		t.Errorf("%+v, %v", r, err)
	}
	other := newBook(t)
	other.write(t, 3)
	_, err = (&sink.Sink{Target: b, Ledger: other, Key: other.key, Lock: 30 * 24 * time.Hour, Now: clock}).Push(t.Context())
	if e, ok := errors.AsType[*problem.Error](err); !ok || e.Hint != "hint.sink-foreign" {
		t.Errorf("the bucket of another ledger: %v", err)
	}
	if _, err := sink.Open(t.Context(), b, other.key); err == nil {
		t.Error("opened with another key")
	}
}

// TestRefused: over TLS with a CA of one's own; wrong credentials and a bucket that cannot lock are told apart.
func TestRefused(t *testing.T) {
	cert, key := selfSigned(t)
	g := startGateway(t, "--cert", cert, "--key", key)
	settings := func(name, secret string, lines ...string) *bucket.Bucket {
		t.Helper()
		text := "endpoint = \"https://" + g.addr + "\"\nbucket = \"" + name + "\"\naccess_key = \"" + accessKey + "\"\nsecret_key = \"" + secret + "\"\n"
		s, err := bucket.Read(write(t, "s3.toml", text, lines...))
		if err != nil {
			t.Fatal(err)
		}
		b, err := bucket.New(s, 30, time.Now)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	ca := `ca = "` + cert + `"`
	if err := settings("nothing", secretKey, ca).Ready(t.Context()); hintOf(err) != "hint.bucket-none" {
		t.Error(err)
	}
	if err := settings("nothing", "wrong", ca).Ready(t.Context()); hintOf(err) != "hint.bucket-denied" {
		t.Error(err)
	}
	if err := settings("nothing", secretKey).Ready(t.Context()); hintOf(err) != "hint.bucket-tls" {
		t.Error(err)
	}
	g.bucket("plain", false)
	if err := settings("plain", secretKey, ca).Ready(t.Context()); hintOf(err) != "hint.bucket-no-lock" {
		t.Error(err)
	}
	g.bucket("locked", true)
	b := settings("locked", secretKey, ca)
	for _, size := range []int{100, 17 << 20} {
		data := random(size)
		if err := b.Put(t.Context(), "x", int64(size), pieces(data)); err != nil {
			t.Error(err)
		}
		if n, sum, _, err := b.Stored(t.Context(), "x", ""); err != nil || n != int64(size) || sum != sha256.Sum256(data) {
			t.Errorf("%d bytes, %v", n, err)
		}
	}
}

func hintOf(err error) string {
	if e, ok := errors.AsType[*problem.Error](err); ok {
		return e.Hint
	}
	return ""
}

// selfSigned makes a certificate for loopback.
func selfSigned(t *testing.T) (cert, key string) {
	t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	x := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "tests"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}}
	der, err := x509.CreateCertificate(rand.Reader, x, x, &k.PublicKey, k)
	if err != nil {
		t.Fatal(err)
	}
	pk, err := x509.MarshalPKCS8PrivateKey(k)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	cert, key = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	for name, block := range map[string]*pem.Block{cert: {Type: "CERTIFICATE", Bytes: der}, key: {Type: "PRIVATE KEY", Bytes: pk}} {
		if err := os.WriteFile(name, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := tls.LoadX509KeyPair(cert, key); err != nil {
		t.Fatal(err)
	}
	return cert, key
}
