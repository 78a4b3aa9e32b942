package storehouse

import (
	"crypto/tls"
	"log/slog"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/azekura/azekura/internal/door/api"
)

// renewed is a certificate that is read again when one of its files has changed, for those that others renew every few weeks. What it serves was a pair
// when it was read: while one file is new and the other is not, or one is half written or gone, that of before goes on.
type renewed struct {
	cert, key string
	log       *slog.Logger
	now       func() time.Time

	mu     sync.Mutex
	is     *tls.Certificate
	tried  [2]fileMark // the files as they were when they were read last, with success or without
	broken time.Time   // since when they are no pair that can be served; zero: they are one
}

// fileMark is how a file looks without reading it; that of a file that cannot be looked at is zero. The size is in it for files that grow within one tick of the
// file system's clock.
type fileMark struct {
	when int64
	size int64
}

func markOf(name string) fileMark {
	i, err := os.Stat(name)
	if err != nil {
		return fileMark{}
	}
	return fileMark{i.ModTime().UnixNano(), i.Size()}
}

func newRenewed(cert, key string, now func() time.Time, log *slog.Logger) (*renewed, error) {
	r := &renewed{cert: cert, key: key, log: log, now: now}
	return r, r.load()
}

// load reads the files, if they are others than those that it has tried. They are looked at first: what changes while they are read is seen the next time.
func (r *renewed) load() error {
	marks := [2]fileMark{markOf(r.cert), markOf(r.key)}
	if r.is != nil && marks == r.tried {
		return nil
	}
	r.tried = marks
	c, err := tls.LoadX509KeyPair(r.cert, r.key)
	if err != nil {
		if r.broken.IsZero() {
			r.broken = r.now()
		}
		return err
	}
	r.is, r.broken = &c, time.Time{}
	return nil
}

// current is what is served now.
func (r *renewed) current() (c *tls.Certificate, broken time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	before := r.is
	if err := r.load(); err != nil {
		r.log.Warn("the certificate cannot be read again: that of before is served", "cert", r.cert, "key", r.key, "err", err)
	} else if before != r.is {
		r.log.Info("the certificate was read again", "cert", r.cert, "until", r.is.Leaf.NotAfter, "fingerprint", fingerprint(*r.is))
	}
	return r.is, r.broken
}

// get is current for tls.Config. Two looks at files are nothing beside a handshake.
func (r *renewed) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	c, _ := r.current()
	return c, nil
}

// mark is its fingerprint.
func (r *renewed) mark() string {
	c, _ := r.current()
	return fingerprint(*c)
}

// name is a host that it is for; empty: any of several, or none that is named.
func (r *renewed) name() string {
	c, _ := r.current()
	for _, n := range c.Leaf.DNSNames {
		if !strings.HasPrefix(n, "*.") {
			return n
		}
	}
	return ""
}

// certificate is what the doors of the house show, the same on each. It is made ready with the first.
func (h *House) certificate() (*renewed, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.cert != nil {
		return h.cert, nil
	}
	if _, err := certificate(h.cfg, h.opt.FS, h.opt.Now()); err != nil {
		return nil, err
	}
	cert, key := certFiles(h.cfg)
	c, err := newRenewed(cert, key, h.opt.Now, h.opt.Log)
	if err != nil {
		return nil, err
	}
	h.cert = c
	return c, nil
}

// showsNow tells of the certificate; nil: no door has one.
func (h *House) showsNow() *api.Certificate {
	h.mu.Lock()
	cert := h.cert
	h.mu.Unlock()
	if cert == nil {
		return nil
	}
	c, broken := cert.current()
	return &api.Certificate{From: c.Leaf.NotBefore, Until: c.Leaf.NotAfter, SelfSigned: h.cfg.Cert == "", Broken: broken, Fingerprint: fingerprint(*c)}
}
