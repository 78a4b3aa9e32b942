package storehouse

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/azekura/azekura/internal/durable"
)

// A self-signed certificate lives for two years, which Apple's systems still accept, and is made anew
// when it nears its end or when the machine has another name. Its fingerprint then changes: people
// must be told, so it is logged and shown by status.
const (
	certLife  = 2 * 365 * 24 * time.Hour
	certSpare = 30 * 24 * time.Hour
)

// certificate loads the configured certificate, or the self-signed one of DATA/tls, making it if need be.
func certificate(cfg Config, fsys durable.FS, now time.Time) (tls.Certificate, error) {
	if cfg.Cert != "" {
		c, err := tls.LoadX509KeyPair(cfg.Cert, cfg.Key)
		if err != nil {
			return c, fmt.Errorf("certificate of the configuration: %w", err)
		}
		return c, nil
	}
	certFile, keyFile := certFiles(cfg)
	dir := filepath.Dir(certFile)
	names := hostNames(cfg.Names)
	c, err := tls.LoadX509KeyPair(certFile, keyFile)
	if err == nil && now.Add(certSpare).Before(c.Leaf.NotAfter) && covers(c.Leaf, names) {
		return c, nil
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return c, fmt.Errorf("self-signed certificate in %s (remove both files to have a new one made): %w", dir, err)
	}
	if err := fsys.MkdirAll(dir, 0o700); err != nil {
		return c, err
	}
	certPEM, keyPEM, err := selfSigned(names, now)
	if err != nil {
		return c, err
	}
	if err := durable.WriteFile(fsys, keyFile, keyPEM, 0o600); err != nil {
		return c, err
	}
	if err := durable.WriteFile(fsys, certFile, certPEM, 0o644); err != nil {
		return c, err
	}
	return tls.X509KeyPair(certPEM, keyPEM)
}

// certFiles are where it lies.
func certFiles(cfg Config) (cert, key string) {
	if cfg.Cert != "" {
		return cfg.Cert, cfg.Key
	}
	dir := filepath.Join(cfg.Data, "tls")
	return filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
}

// covers reports whether a certificate names all of names.
func covers(c *x509.Certificate, names []string) bool {
	for _, n := range names {
		if c.VerifyHostname(n) != nil {
			return false
		}
	}
	return true
}

func selfSigned(names []string, now time.Time) (certPEM, keyPEM []byte, err error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
	if err != nil {
		return nil, nil, err
	}
	t := x509.Certificate{
		SerialNumber: serial,
		Subject:      pkix.Name{CommonName: "Azekura " + names[0]},
		NotBefore:    now.Add(-time.Hour), NotAfter: now.Add(certLife),
		KeyUsage:              x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		ExtKeyUsage:           []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		BasicConstraintsValid: true, IsCA: true, // so that it can be put among the trusted roots of Windows and macOS
		MaxPathLenZero: true,
	}
	for _, n := range names {
		if ip := net.ParseIP(n); ip != nil {
			t.IPAddresses = append(t.IPAddresses, ip)
		} else {
			t.DNSNames = append(t.DNSNames, n)
		}
	}
	der, err := x509.CreateCertificate(rand.Reader, &t, &t, key.Public(), key)
	if err != nil {
		return nil, nil, err
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, nil, err
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret}), nil
}

// hostNames are the names under which this machine is known, the most useful first.
func hostNames(more []string) []string {
	names := slices.Clone(more)
	if h, err := os.Hostname(); err == nil && h != "" {
		names = append(names, h)
		if !strings.Contains(h, ".") {
			names = append(names, h+".local")
		}
	}
	return append(names, "localhost", "127.0.0.1", "::1")
}

// fingerprint is what a person compares: SHA-256 of the certificate, in pairs of digits.
func fingerprint(c tls.Certificate) string {
	sum := sha256.Sum256(c.Certificate[0])
	var b strings.Builder
	for i, x := range sum {
		if i > 0 {
			b.WriteByte(':')
		}
		b.WriteString(strings.ToUpper(hex.EncodeToString([]byte{x})))
	}
	return b.String()
}
