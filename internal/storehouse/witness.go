package storehouse

import (
	"context"
	"crypto/tls"
	"errors"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"strconv"
	"time"

	"github.com/azekura/azekura/internal/problem"
	"github.com/azekura/azekura/internal/witness"
)

// Watch is a witness, as a command says it.
type Watch struct {
	Dir       string
	Name      string   // of a new one
	Ledgers   []string // the public keys of those that it watches
	Listen    string   // HOST:PORT
	Cert, Key string   // files, for TLS; without, plain HTTP: what it says is signed, and what it keeps is sealed
}

// Limits of a witness's door.
const (
	witnessBody  = 2 * time.Minute // for a request, but for what an upload asks for by itself
	witnessClose = 5 * time.Second
	witnessConns = 256 // at a time
	witnessEach  = 16  // of one address
)

// hold makes this process the only witness in the directory: two would cosign what one would not.
func (w Watch) hold() (release func() error, err error) {
	return lockDir(w.Dir, filepath.Join(w.Dir, "lock"), "open the witness", "hint.witness-in-use")
}

func (w Watch) open(ctx context.Context, opt Options) (*witness.Witness, error) {
	return witness.Open(ctx, witness.Config{FS: Disk(w.Dir), Dir: w.Dir, Name: w.Name, Ledger: w.Ledgers, Log: opt.Log, Now: opt.Now})
}

// WitnessKeys returns the public keys of the witness in a directory, which is made if there is none.
func WitnessKeys(ctx context.Context, w Watch, opt Options) (key, mirror string, err error) {
	key, mirror, err = witness.PublicKeys(Disk(w.Dir), w.Dir) // also of one that is at work
	if !errors.Is(err, fs.ErrNotExist) {
		return key, mirror, err
	}
	release, err := w.hold()
	if err != nil {
		return "", "", err
	}
	x, err := w.open(ctx, opt)
	if err = errors.Join(err, release()); err != nil {
		return "", "", err
	}
	key, mirror = x.Keys()
	return key, mirror, nil
}

// RunWitness runs a witness until ctx ends. ready hears its name, its address and its keys.
func RunWitness(ctx context.Context, w Watch, opt Options, ready func(name, url, key, mirror string)) (err error) {
	const op = "open the witness"
	if len(w.Ledgers) == 0 {
		return &problem.Error{Kind: problem.Invalid, Op: op, Hint: "hint.witness-no-ledger"}
	}
	if (w.Cert == "") != (w.Key == "") {
		return &problem.Error{Kind: problem.Invalid, Op: op, Hint: "hint.config-both"}
	}
	release, err := w.hold()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, release()) }()
	x, err := w.open(ctx, opt)
	if err != nil {
		return err
	}
	var conf *tls.Config
	var cert *renewed
	if w.Cert != "" {
		if cert, err = newRenewed(w.Cert, w.Key, opt.Now, opt.Log); err != nil {
			return problem.New(problem.Invalid, op, w.Cert, err)
		}
		conf = &tls.Config{GetCertificate: cert.get, MinVersion: tls.VersionTLS12}
	}
	l, err := net.Listen("tcp", w.Listen)
	if err != nil {
		return problem.New(problem.Invalid, op, w.Listen, err)
	}
	url := witnessURL(l.Addr(), cert)
	l = newLimitListener(l, witnessConns, witnessEach, func() {})
	srv := &http.Server{Handler: x.Handler(), TLSConfig: conf, ReadHeaderTimeout: headerTime, ReadTimeout: witnessBody, WriteTimeout: witnessBody, IdleTimeout: idleTime,
		MaxHeaderBytes: maxHeader, ErrorLog: slog.NewLogLogger(opt.Log.Handler(), slog.LevelDebug)}
	ended := make(chan error, 1)
	go func() {
		if conf == nil {
			ended <- srv.Serve(l)
		} else {
			ended <- srv.ServeTLS(l, "", "")
		}
	}()
	key, mirror := x.Keys()
	ready(x.Name(), url, key, mirror)
	select {
	case err := <-ended:
		return problem.New(problem.Unavailable, op, w.Listen, err)
	case <-ctx.Done():
	}
	soon, cancel := context.WithTimeout(context.WithoutCancel(ctx), witnessClose)
	defer cancel()
	if err := srv.Shutdown(soon); err != nil {
		err = srv.Close()
		if err != nil && !errors.Is(err, http.ErrServerClosed) {
			return problem.New(problem.Unavailable, op, w.Listen, err)
		}
	}
	return nil
}

// witnessURL is where others reach a door: by a name of its certificate, or by this machine's address where it listens on all of them.
func witnessURL(at net.Addr, cert *renewed) string {
	scheme, host := "http", ""
	if cert != nil {
		scheme, host = "https", cert.name()
	}
	a, ok := at.(*net.TCPAddr)
	if !ok {
		return scheme + "://" + at.String()
	}
	if host == "" {
		host = a.IP.String()
		if a.IP.IsUnspecified() {
			host = ownAddress()
		}
	}
	return scheme + "://" + net.JoinHostPort(host, strconv.Itoa(a.Port))
}

// ownAddress is an address of this machine that others can reach, if it has one.
func ownAddress() string {
	list, _ := net.InterfaceAddrs() // without any, it is loopback
	host := "127.0.0.1"
	for _, a := range list {
		n, ok := a.(*net.IPNet)
		switch {
		case !ok || !n.IP.IsGlobalUnicast():
		case n.IP.To4() != nil:
			return n.IP.String()
		case host == "127.0.0.1":
			host = n.IP.String()
		}
	}
	return host
}
