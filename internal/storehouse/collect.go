package storehouse

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"net"
	"net/netip"
	"os"
	"time"

	"github.com/oschwald/maxminddb-golang/v2"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/alert"
	"github.com/azekura/azekura/internal/collect"
	"github.com/azekura/azekura/internal/door/api"
	"github.com/azekura/azekura/internal/door/syslog"
	"github.com/azekura/azekura/internal/durable"
	"github.com/azekura/azekura/internal/medium"
	"github.com/azekura/azekura/internal/problem"
)

// Limits of connections of appliances.
const (
	logConns = 256
	logEach  = 16 // of one address
)

// listenLogs opens the doors for the logs of appliances.
func (s *server) listenLogs() error {
	cfg := s.h.cfg
	if cfg.CollectUDP == "" && cfg.CollectTCP == "" && cfg.CollectTLS == "" {
		return nil
	}
	if err := s.h.openCollector(); err != nil {
		return err
	}
	conf, mark, err := s.logTLS()
	if err != nil {
		return err
	}
	door := syslog.New(syslog.Config{Taker: s.h.collector, TLS: conf, Now: time.Now, Log: s.log})
	s.doors = append(s.doors, door)
	serve := func(l net.Addr, f func() error) {
		go func() {
			if err := f(); !errors.Is(err, net.ErrClosed) {
				s.failed <- fmt.Errorf("listener %v: %w", l, err)
			}
		}()
	}
	if cfg.CollectUDP != "" {
		c, err := s.bindPackets("collect_udp", cfg.CollectUDP)
		if err != nil {
			return err
		}
		serve(c.LocalAddr(), func() error { return door.ServePackets(c) })
		s.listeners = append(s.listeners, api.Listener{Door: "syslog", URL: "udp://" + c.LocalAddr().String()})
	}
	for _, x := range []struct {
		key, addr, scheme string
		secure            bool
	}{{"collect_tcp", cfg.CollectTCP, "tcp", false}, {"collect_tls", cfg.CollectTLS, "tls", true}} {
		if x.addr == "" {
			continue
		}
		l, err := s.bind(x.key, x.addr)
		if err != nil {
			return err
		}
		limited := newLimitListener(l, logConns, logEach, func() { s.metrics.refused.Add(1) })
		serve(l.Addr(), func() error { return door.Serve(limited, x.secure) })
		out := api.Listener{Door: "syslog", URL: x.scheme + "://" + l.Addr().String()}
		if x.secure {
			out.Fingerprint = mark
		}
		s.listeners = append(s.listeners, out)
	}
	return nil
}

// logTLS returns how the logs of appliances come over TLS, and the mark of the certificate.
func (s *server) logTLS() (conf *tls.Config, mark string, err error) {
	cfg := s.h.cfg
	if cfg.CollectTLS == "" {
		return nil, "", nil
	}
	cert, err := s.h.certificate()
	if err != nil {
		return nil, "", problem.New(problem.Internal, "serve", cfg.CollectTLS, err)
	}
	conf = &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: cert.get}
	if cfg.CollectTLSClients != "" {
		if err := onlyFrom(conf, cfg.CollectTLSClients, s.h.opt.Now); err != nil {
			return nil, "", &problem.Error{Kind: problem.Invalid, Op: "read configuration", On: "collect_tls_clients = " + cfg.CollectTLSClients, Hint: "hint.log-clients", Err: err}
		}
	}
	return conf, cert.mark(), nil
}

// onlyFrom asks senders for a certificate that stands in a file, or that one of those in it has signed (RFC 5425, 5.1). For what else it is good does not
// matter: the certificate that an appliance makes for itself is often one for its own pages.
func onlyFrom(conf *tls.Config, file string, now func() time.Time) error {
	b, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	may := x509.NewCertPool()
	if !may.AppendCertsFromPEM(b) {
		return errors.New("there is no certificate in it")
	}
	conf.ClientAuth, conf.ClientCAs = tls.RequireAnyClientCert, may
	conf.VerifyConnection = func(c tls.ConnectionState) error {
		between := x509.NewCertPool()
		for _, x := range c.PeerCertificates[1:] {
			between.AddCert(x)
		}
		_, err := c.PeerCertificates[0].Verify(x509.VerifyOptions{Roots: may, Intermediates: between, CurrentTime: now(), KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny}})
		return err
	}
	return nil
}

// bindPackets is bind for datagrams.
func (s *server) bindPackets(key, addr string) (*net.UDPConn, error) {
	if host, _, err := net.SplitHostPort(addr); err == nil && !s.h.keeper.local.Isolated().IsZero() {
		if ip := net.ParseIP(host); ip == nil && host != "localhost" || ip.IsUnspecified() {
			return nil, &problem.Error{Kind: problem.Denied, Op: "serve", On: key + " = " + addr, Hint: "hint.isolated-address"}
		}
	}
	at, err := net.ResolveUDPAddr("udp", addr)
	var c *net.UDPConn
	if err == nil {
		c, err = net.ListenUDP("udp", at)
	}
	if err != nil {
		return nil, &problem.Error{Kind: problem.Unavailable, Op: "serve", On: key + " = " + addr, Hint: "hint.address-in-use", Err: err}
	}
	return c, nil
}

// openCollector makes ready what takes the lines.
func (h *House) openCollector() error {
	key, err := h.keeper.local.AlertKey()
	if err != nil {
		return problem.New(problem.Internal, "serve", "", err)
	}
	cfg := collect.Config{Keep: h.keeper.local.KeepLogs, Settings: h.keeper.local.Collecting, Tell: h.told, Zone: h.keeper.local.Zone, Now: h.opt.Now, Log: h.opt.Log, FS: h.opt.FS, File: h.at.collect, Key: key}
	if h.cfg.Countries != "" {
		country, err := countries(h.cfg.Countries)
		if err != nil {
			return &problem.Error{Kind: problem.Invalid, Op: "read configuration", On: "countries = " + h.cfg.Countries, Hint: "hint.log-countries", Err: err}
		}
		cfg.Country = country
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.collector = collect.New(cfg)
	return nil
}

// learntOnMedium is what was learnt of appliances: without it people would be told after a restore of every place from which somebody has always come, or of
// none for a week.
const learntOnMedium = "collect"

// learnt returns it for a copy, sealed as it is. One that cannot be read keeps no copy from being made.
func (h *House) learnt() (medium.File, bool) {
	b, err := durable.ReadFile(h.opt.FS, h.at.collect)
	if err != nil {
		if !errors.Is(err, fs.ErrNotExist) {
			h.opt.Log.Error("what was learnt of appliances is not in this copy", "file", h.at.collect, "err", err)
		}
		return medium.File{}, false
	}
	return medium.File{Name: learntOnMedium, Read: func() ([]byte, error) { return b, nil }, Close: func() {}}, true
}

// countries opens a file of countries.
func countries(name string) (func(netip.Addr) string, error) {
	db, err := maxminddb.Open(name)
	if err != nil {
		return nil, err
	}
	return func(a netip.Addr) string {
		for _, of := range []string{"country", "registered_country"} {
			var code string
			if db.Lookup(a).DecodePath(&code, of, "iso_code") == nil && len(code) == 2 {
				return code
			}
		}
		return "" // private, or not in it
	}, nil
}

// told tells people what an appliance's lines mean.
func (h *House) told(a collect.Alarm) {
	h.opt.Log.Warn("people are told of an appliance", "kind", a.Kind, "device", a.Device)
	out := alert.Alert{Kind: alert.Kind(a.Kind), When: a.When, Who: a.Account, Device: a.Device, Country: a.Country, Count: a.Count, Link: h.page("/logs")}
	if a.Address.IsValid() {
		out.Address = a.Address.String()
	}
	h.alerts.Tell(out)
}

// LogState implements api.Logs.
func (h *House) LogState(ctx context.Context, s account.Session) (account.LogState, error) {
	settings, err := h.keeper.local.CollectingBy(ctx, s.ID)
	if err != nil {
		return account.LogState{}, err
	}
	out := account.LogState{Settings: settings, Sources: []account.LogSourceSeen{}}
	h.mu.Lock()
	c := h.collector
	h.mu.Unlock()
	if c != nil {
		out = c.State()
	}
	out.Batches, out.Bytes, out.Since = h.keeper.local.LogsOnDisk()
	return out, nil
}

// SetCollecting implements api.Logs.
func (h *House) SetCollecting(ctx context.Context, s account.Session, c account.Collecting) (account.Outcome, error) {
	return h.keeper.local.SetCollecting(ctx, s.ID, c)
}

// SearchLogs implements api.Logs.
func (h *House) SearchLogs(ctx context.Context, s account.Session, q account.LogQuery) iter.Seq2[account.LogLine, error] {
	return h.keeper.local.SearchLogs(ctx, s.ID, q)
}

// VerifyLogs implements api.Logs.
func (h *House) VerifyLogs(ctx context.Context, s account.Session) (account.LogCheck, error) {
	return h.keeper.local.VerifyLogs(ctx, s.ID)
}

// ApplianceEvents implements api.Logs.
func (h *House) ApplianceEvents(ctx context.Context, s account.Session, n string) (account.ApplianceEvents, error) {
	return h.keeper.local.ApplianceEvents(ctx, s.ID, n)
}
