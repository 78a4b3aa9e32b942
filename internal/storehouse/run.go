package storehouse

import (
	"context"
	"crypto/tls"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/azekura/azekura/internal/door/api"
	"github.com/azekura/azekura/internal/door/web"
	"github.com/azekura/azekura/internal/door/webdav"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/problem"
)

// drainTime is how long requests under way may take when the storehouse stops.
const drainTime = 30 * time.Second

// Prefix is where WebDAV begins.
const Prefix = "/dav"

// Run opens the storehouse and its doors and serves until ctx ends; then it takes no new requests, lets
// those under way finish, and closes everything. ready is called once the doors are open.
func Run(ctx context.Context, cfg Config, opt Options, ready func([]api.Listener)) (err error) {
	h, err := Open(ctx, cfg, opt)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, h.Close(context.WithoutCancel(ctx))) }()
	s := &server{h: h, log: opt.Log, metrics: newMetrics(h), failed: make(chan error, 8)}
	defer s.close()
	if err := s.listen(); err != nil {
		return err
	}
	h.mu.Lock()
	h.serving, h.listeners = true, s.listeners
	h.mu.Unlock()
	s.ready.Store(true)
	ready(s.listeners)
	socket := opt.Service
	notify(socket, "READY=1")
	var background sync.WaitGroup
	defer background.Wait()
	watching, stopWatching := context.WithCancel(context.WithoutCancel(ctx))
	defer stopWatching()
	h.begin(watching, &background)
	go watchdog(watching, socket, s.healthy)
	if p := h.keeper.provider; p != nil && h.keeper.local.Isolated().IsZero() {
		go func() { // whoever has mistyped its address learns it now, not when somebody cannot log in
			if err := p.Find(watching); err != nil {
				opt.Log.Warn("the identity provider of the configuration is not there; until it is, people log in with passwords", "oidc_issuer", cfg.OIDCIssuer, "err", err)
			}
		}()
	}
	select {
	case <-ctx.Done():
	case err = <-s.failed:
		opt.Log.Error("a door has failed", "err", err)
	}
	notify(socket, "STOPPING=1")
	opt.Log.Info("stopping: requests under way may finish", "within", drainTime)
	s.drain(context.WithoutCancel(ctx))
	return err
}

// begin starts what goes on beside the doors, until ctx ends.
func (h *House) begin(ctx context.Context, background *sync.WaitGroup) {
	start := func(run func(context.Context)) { background.Go(func() { run(ctx) }) }
	if h.remind != nil {
		start(h.remind.run)
		start(h.chores.run)
	}
	if h.collector != nil {
		start(h.collector.Run)
	}
	start(h.watcher.run)
	if h.scribe != nil {
		start(h.scribe.run)
	}
	buckets := courier{list: h.keeper.local.KnownMedia, sync: h.carry, now: h.opt.Now, tried: make(map[id.Medium]time.Time)}
	start(buckets.run)
	watch := vigil{state: h.keeper.Witnesses, tell: h.alerts.Tell, page: h.page, now: h.opt.Now, log: h.opt.Log}
	start(watch.run)
	start(h.beginDays)
	if h.half() {
		start(h.prepare)
		start(h.fetchAll)
	} else if h.rewinds() { // it was broken off
		start(h.rewindAll)
	}
}

// server is the doors of an open storehouse.
type server struct {
	h         *House
	log       *slog.Logger
	metrics   *metrics
	ready     atomic.Bool
	servers   []*http.Server
	doors     []shutter
	listeners []api.Listener
	failed    chan error
}

// shutter is a door that is no HTTP server.
type shutter interface{ Shutdown(context.Context) error }

// listen opens all doors.
func (s *server) listen() error {
	cfg := s.h.cfg
	console, err := listenConsole(s.h.at.socket, s.log)
	if err != nil {
		return problem.New(problem.Internal, "serve", s.h.at.socket, err)
	}
	s.serve(console, s.metrics.watch("console", s.h.API(), s.h.opt.Now), nil)
	s.listeners = append(s.listeners, api.Listener{Door: "console", URL: "unix:" + s.h.at.socket})
	public := s.public()
	if cfg.HTTP != "" {
		l, err := s.bind("http", cfg.HTTP)
		if err != nil {
			return err
		}
		s.serve(s.limited(l), moving(public, time.Now), nil)
		s.listeners = append(s.listeners, api.Listener{Door: "webdav", URL: "http://" + l.Addr().String() + Prefix + "/"})
	}
	if cfg.HTTPS != "" {
		if err := s.listenTLS(public); err != nil {
			return err
		}
	}
	if cfg.SFTP != "" {
		if err := s.listenSSH(); err != nil {
			return err
		}
	}
	if err := s.listenLogs(); err != nil {
		return err
	}
	if cfg.HTTP == "" && cfg.HTTPS == "" {
		s.log.Warn("no file door is open: neither http nor https has an address")
	}
	if cfg.Metrics != "" {
		l, err := s.bind("metrics", cfg.Metrics)
		if err != nil {
			return err
		}
		mux := http.NewServeMux()
		mux.Handle("GET /metrics", s.metrics)
		s.serve(l, mux, nil)
		s.listeners = append(s.listeners, api.Listener{Door: "metrics", URL: "http://" + l.Addr().String() + "/metrics"})
	}
	return nil
}

func (s *server) listenTLS(public http.Handler) error {
	cert, err := s.h.certificate()
	if err != nil {
		return problem.New(problem.Internal, "serve", s.h.cfg.HTTPS, err)
	}
	l, err := s.bind("https", s.h.cfg.HTTPS)
	if err != nil {
		return err
	}
	s.serve(s.limited(l), moving(public, time.Now), &tls.Config{GetCertificate: cert.get, MinVersion: tls.VersionTLS12})
	host, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		return problem.New(problem.Internal, "serve", s.h.cfg.HTTPS, err)
	}
	if ip := net.ParseIP(host); ip == nil || ip.IsUnspecified() {
		host = hostNames(s.h.cfg.Names)[0]
	}
	s.listeners = append(s.listeners, api.Listener{Door: "webdav", URL: "https://" + net.JoinHostPort(host, port) + Prefix + "/", Fingerprint: cert.mark()})
	return nil
}

func (s *server) bind(key, addr string) (net.Listener, error) {
	if host, _, err := net.SplitHostPort(addr); err == nil && !s.h.keeper.local.Isolated().IsZero() {
		if ip := net.ParseIP(host); ip == nil && host != "localhost" || ip.IsUnspecified() {
			return nil, &problem.Error{Kind: problem.Denied, Op: "serve", On: key + " = " + addr, Hint: "hint.isolated-address"}
		}
	}
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, unbound(key+" = "+addr, err)
	}
	return l, nil
}

// unbound says why nobody can listen at an address.
func unbound(on string, err error) error {
	if errors.Is(err, fs.ErrPermission) {
		return &problem.Error{Kind: problem.Denied, Op: "serve", On: on, Hint: "hint.address-not-ours", Err: err}
	}
	return &problem.Error{Kind: problem.Unavailable, Op: "serve", On: on, Hint: "hint.address-in-use", Err: err}
}

func (s *server) limited(l net.Listener) net.Listener {
	return newLimitListener(l, s.h.cfg.Connections, s.h.cfg.ConnectionsPerAddress, func() { s.metrics.refused.Add(1) })
}

// serve answers on a listener, with TLS if conf is not nil.
func (s *server) serve(l net.Listener, h http.Handler, conf *tls.Config) {
	srv := &http.Server{
		Handler: h, TLSConfig: conf, ReadHeaderTimeout: headerTime, IdleTimeout: idleTime, MaxHeaderBytes: maxHeader,
		ErrorLog: slog.NewLogLogger(s.log.Handler(), slog.LevelDebug),
	}
	s.servers = append(s.servers, srv)
	go func() {
		var err error
		if conf == nil {
			err = srv.Serve(l)
		} else {
			err = srv.ServeTLS(l, "", "")
		}
		if !errors.Is(err, http.ErrServerClosed) {
			s.failed <- fmt.Errorf("listener %v: %w", l.Addr(), err)
		}
	}()
}

// public is what the network sees.
func (s *server) public() http.Handler {
	mux := http.NewServeMux()
	door := webdav.New(webdav.Config{
		Prefix: Prefix, Login: s.h.keeper.Keeper().Login, Files: s.h.vault.As, Now: s.h.opt.Now, Log: s.log,
	})
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { answer(w, http.StatusOK, "ok") })
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, _ *http.Request) {
		if s.healthy() {
			answer(w, http.StatusOK, "ready")
		} else {
			answer(w, http.StatusServiceUnavailable, "not ready")
		}
	})
	mux.HandleFunc("OPTIONS /", func(w http.ResponseWriter, r *http.Request) { // Explorer asks the root before it asks the share
		w.Header().Set("DAV", "1, 2, 3")
		w.Header().Set("MS-Author-Via", "DAV")
		w.Header().Set("Allow", "OPTIONS, GET, HEAD, PROPFIND")
		w.WriteHeader(http.StatusOK)
	})
	mux.HandleFunc("PROPFIND /{$}", above) // and walks down to it
	public := s.publicAPI()
	people := s.metrics.watch("api", public, s.h.opt.Now)
	files := s.metrics.watch("webdav", door, s.h.opt.Now)
	pages := s.metrics.watch("web", web.New(web.Config{Notices: s.h.notices, API: public, Now: s.h.opt.Now, Log: s.log}), s.h.opt.Now)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// ServeMux answers unclean paths with redirects, which file clients do not follow: the door decides.
		if r.URL.Path == Prefix || strings.HasPrefix(r.URL.Path, Prefix+"/") {
			files.ServeHTTP(w, r)
			return
		}
		if strings.HasPrefix(r.URL.Path, "/v1/") {
			people.ServeHTTP(w, r)
			return
		}
		if _, pattern := mux.Handler(r); pattern != "" {
			mux.ServeHTTP(w, r)
			return
		}
		pages.ServeHTTP(w, r)
	})
}

// above answers a PROPFIND of what is above the door: for everybody, and nothing but the way to the door.
func above(w http.ResponseWriter, r *http.Request) {
	const collection = "<D:response><D:href>%s</D:href><D:propstat><D:prop><D:resourcetype><D:collection/></D:resourcetype></D:prop>" +
		"<D:status>HTTP/1.1 200 OK</D:status></D:propstat></D:response>\n"
	w.Header().Set("Content-Type", "application/xml; charset=utf-8")
	w.WriteHeader(http.StatusMultiStatus)
	fmt.Fprintf(w, "%s<D:multistatus xmlns:D=\"DAV:\">\n"+collection, xml.Header, "/")
	if r.Header.Get("Depth") != "0" {
		fmt.Fprintf(w, collection, Prefix+"/")
	}
	io.WriteString(w, "</D:multistatus>\n")
}

func answer(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	io.WriteString(w, text+"\n")
}

// healthy reports whether requests can be answered: the doors are open and the keeper's heart beats.
func (s *server) healthy() bool {
	return s.ready.Load() && s.h.keeper.Healthy(s.h.opt.Now())
}

// drain takes no new requests and lets those under way finish.
func (s *server) drain(ctx context.Context) {
	s.ready.Store(false)
	ctx, cancel := context.WithTimeout(ctx, drainTime)
	defer cancel()
	done := make(chan error, len(s.servers)+len(s.doors))
	for _, srv := range s.servers {
		go func() { done <- srv.Shutdown(ctx) }()
	}
	for _, d := range s.doors {
		go func() { done <- d.Shutdown(ctx) }()
	}
	for range cap(done) {
		if err := <-done; err != nil {
			s.log.Warn("requests were broken off", "err", err)
		}
	}
}

// close closes what drain has left.
func (s *server) close() {
	for _, srv := range s.servers {
		srv.Close()
	}
}
