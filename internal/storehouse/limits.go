package storehouse

import (
	"errors"
	"io"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"time"
)

// Limits of a connection. A client must move patience's worth of bytes in each stretch of time that we
// wait for it: a slow upload over a bad line goes on for as long as it needs, a client that sends a byte
// now and then loses its place.
const (
	headerTime = 15 * time.Second
	idleTime   = 2 * time.Minute
	maxHeader  = 64 << 10
	patience   = time.Minute
	leastBytes = 16 << 10
)

// limitListener accepts no more than max connections at a time, and no more than each of one address
// (loopback excepted: a reverse proxy is many people).
type limitListener struct {
	net.Listener
	max, each int
	refused   func()

	slots chan struct{}
	mu    sync.Mutex
	from  map[netip.Addr]int
}

func newLimitListener(l net.Listener, max, each int, refused func()) *limitListener {
	return &limitListener{Listener: l, max: max, each: each, refused: refused, slots: make(chan struct{}, max), from: make(map[netip.Addr]int)}
}

// Accept waits for a free place before it accepts, so that the kernel's queue holds those who wait.
func (l *limitListener) Accept() (net.Conn, error) {
	l.slots <- struct{}{}
	for {
		c, err := l.Listener.Accept()
		if err != nil {
			<-l.slots
			return nil, err
		}
		addr := addressOf(c.RemoteAddr())
		if !l.enter(addr) {
			l.refused()
			c.Close()
			continue
		}
		return &limitedConn{Conn: c, leave: sync.OnceFunc(func() {
			l.leave(addr)
			<-l.slots
		})}, nil
	}
}

func (l *limitListener) enter(a netip.Addr) bool {
	if !a.IsValid() || a.IsLoopback() {
		return true
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.from[a] >= l.each {
		return false
	}
	l.from[a]++
	return true
}

func (l *limitListener) leave(a netip.Addr) {
	if !a.IsValid() || a.IsLoopback() {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.from[a]--; l.from[a] <= 0 {
		delete(l.from, a)
	}
}

// addressOf returns the IP address of a network address, without zone and in its short form.
func addressOf(a net.Addr) netip.Addr {
	ap, err := netip.ParseAddrPort(a.String())
	if err != nil {
		return netip.Addr{}
	}
	return ap.Addr().Unmap().WithZone("")
}

type limitedConn struct {
	net.Conn
	leave func()
}

func (c *limitedConn) Close() error {
	c.leave()
	return c.Conn.Close()
}

// moving gives a request's body and answer deadlines that move with their bytes.
func moving(h http.Handler, now func() time.Time) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctl := http.NewResponseController(w)
		ctl.SetWriteDeadline(now().Add(patience)) // a deadline of the request before may be left
		if r.Body != nil && r.Body != http.NoBody {
			ctl.SetReadDeadline(now().Add(patience)) // even if the handler never reads it
			// A copy: by the type of its own request's body the server tells that a client still waits for
			// "100 Continue", and answers it without waiting for the body.
			r = r.WithContext(r.Context())
			r.Body = &movingBody{ReadCloser: r.Body, ctl: ctl, pace: pace{now: now}}
		}
		mw := &movingWriter{ResponseWriter: w, ctl: ctl, pace: pace{now: now}}
		h.ServeHTTP(mw, r)
		ctl.SetWriteDeadline(now().Add(patience)) // what is buffered is sent after this
	})
}

// pace measures how long a client keeps us waiting for how many bytes.
type pace struct {
	now    func() time.Time
	waited time.Duration
	moved  int
}

// deadline is until when the next step must be done.
func (p *pace) deadline() (start, until time.Time) {
	start = p.now()
	return start, start.Add(patience - p.waited)
}

// step counts a step that began at start and moved n bytes.
func (p *pace) step(start time.Time, n int) {
	p.waited += p.now().Sub(start)
	p.moved += n
	if p.moved >= leastBytes {
		p.waited, p.moved = 0, 0
	}
}

type movingBody struct {
	io.ReadCloser
	ctl  *http.ResponseController
	pace pace
	done bool
}

func (b *movingBody) Read(p []byte) (int, error) {
	if b.done {
		return b.ReadCloser.Read(p)
	}
	start, until := b.pace.deadline()
	b.ctl.SetReadDeadline(until)
	n, err := b.ReadCloser.Read(p)
	b.pace.step(start, n)
	if errors.Is(err, io.EOF) { // the server watches the connection from now on; that must not time out
		b.ctl.SetReadDeadline(time.Time{})
		b.done = true
	}
	return n, err
}

type movingWriter struct {
	http.ResponseWriter
	ctl  *http.ResponseController
	pace pace
}

// Unwrap lets http.ResponseController find the writer below.
func (w *movingWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// writeStep bounds how much is written under one deadline: a slow client takes its time for each part.
const writeStep = 256 << 10

func (w *movingWriter) Write(p []byte) (n int, err error) {
	for {
		part := p[n:min(n+writeStep, len(p))]
		start, until := w.pace.deadline()
		w.ctl.SetWriteDeadline(until)
		m, err := w.ResponseWriter.Write(part)
		w.pace.step(start, m)
		if n += m; err != nil || n == len(p) {
			return n, err
		}
	}
}

// Flush sends what is buffered.
func (w *movingWriter) Flush() {
	start, until := w.pace.deadline()
	w.ctl.SetWriteDeadline(until)
	w.ctl.Flush()
	w.pace.step(start, 0)
}
