// Package syslog is the door for the logs of appliances: UDP (RFC 5426), TCP (RFC 6587) and TLS (RFC 5425). It knows who may send and hands on what they
// send; what it means is no matter of a door.
package syslog

import (
	"context"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"github.com/azekura/azekura/internal/syslog"
)

// Limits of a connection.
const (
	handshake  = 10 * time.Second
	forMessage = time.Minute // from its first byte to its last; between two a sender may be silent for as long as it likes
	datagram   = 64 << 10
	breath     = time.Second // while the machine has nothing left
	buffer     = 8 << 20     // that the machine is asked to hold of datagrams
)

// Taker takes what comes in.
type Taker interface {
	Allowed(from netip.Addr) bool
	// Take waits until there is room.
	Take(ctx context.Context, from netip.Addr, raw []byte, cut bool) error
	// Offer does not.
	Offer(from netip.Addr, raw []byte, cut bool)
	// Dropped hears of datagrams that the machine has dropped.
	Dropped(n int64)
}

// Config is what a Server needs.
type Config struct {
	Taker Taker
	TLS   *tls.Config // for ServeTLS
	Now   func() time.Time
	Log   *slog.Logger
}

// Server serves listeners until Shutdown.
type Server struct {
	cfg   Config
	ctx   context.Context
	stop  context.CancelFunc
	conns sync.WaitGroup

	mu     sync.Mutex
	open   map[io.Closer]bool // guarded by mu: listeners, and connections
	closed bool               // guarded by mu
	said   time.Time          // guarded by mu: when somebody was told of a connection that did not come about
}

// New returns a server.
func New(cfg Config) *Server {
	ctx, stop := context.WithCancel(context.Background())
	return &Server{cfg: cfg, ctx: ctx, stop: stop, open: make(map[io.Closer]bool)}
}

// hold notes something that Shutdown closes; false: it has begun.
func (s *Server) hold(c io.Closer, conn bool) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return false
	}
	s.open[c] = true
	if conn {
		s.conns.Add(1)
	}
	return true
}

func (s *Server) release(c io.Closer, conn bool) {
	s.mu.Lock()
	delete(s.open, c)
	s.mu.Unlock()
	if conn {
		s.conns.Done()
	}
}

// Serve takes connections, under TLS if secure.
func (s *Server) Serve(l net.Listener, secure bool) error {
	if !s.hold(l, false) {
		return net.ErrClosed
	}
	defer s.release(l, false)
	for {
		c, err := l.Accept()
		if err != nil && s.pause(err) {
			continue
		}
		if err != nil {
			return err
		}
		from := addressOf(c.RemoteAddr())
		if !s.cfg.Taker.Allowed(from) || !s.hold(c, true) {
			c.Close()
			continue
		}
		go func() {
			defer s.release(c, true)
			defer c.Close()
			if err := s.connection(c, from, secure); err != nil {
				s.cfg.Log.Debug("connection of an appliance", "from", from, "err", err)
			}
		}()
	}
}

// pause waits for the machine, and reports whether it was worth it: that it has no more files or memory at the moment is no reason to stop for good.
func (s *Server) pause(err error) bool {
	for _, e := range []unix.Errno{unix.EMFILE, unix.ENFILE, unix.ENOBUFS, unix.ENOMEM} {
		if errors.Is(err, e) {
			s.cfg.Log.Error("no connection of an appliance can be taken at the moment", "err", err)
			select {
			case <-s.ctx.Done():
				return false
			case <-time.After(breath):
				return true
			}
		}
	}
	return false
}

// connection hands on what comes over a connection. While there is no room nothing is read, and TCP makes the sender wait.
func (s *Server) connection(c net.Conn, from netip.Addr, secure bool) error {
	if secure {
		t := tls.Server(c, s.cfg.TLS)
		c.SetDeadline(s.cfg.Now().Add(handshake))
		if err := t.HandshakeContext(s.ctx); err != nil {
			s.refused(from, err)
			return err
		}
		c.SetDeadline(time.Time{})
		c = t
	}
	f := syslog.NewFrames(c)
	for {
		if !f.Buffered() {
			c.SetReadDeadline(time.Time{})
			if err := f.Wait(); err != nil {
				return err
			}
		}
		c.SetReadDeadline(s.cfg.Now().Add(forMessage))
		raw, cut, err := f.Next()
		if len(raw) > 0 { // what a connection that breaks has brought counts, too
			if err := s.cfg.Taker.Take(s.ctx, from, raw, cut || err != nil); err != nil {
				return err
			}
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// refused tells, once a minute at most, of a sender with which no TLS came about: whoever sets one up looks for the reason here.
func (s *Server) refused(from netip.Addr, err error) {
	s.mu.Lock()
	now := s.cfg.Now()
	tell := s.said.IsZero() || now.Sub(s.said) >= time.Minute
	if tell {
		s.said = now
	}
	s.mu.Unlock()
	if tell {
		s.cfg.Log.Warn("no TLS with an appliance", "from", from, "err", err)
	}
}

// ServePackets takes datagrams: one message each. The machine says how many it has dropped because nobody read them in time.
func (s *Server) ServePackets(c *net.UDPConn) error {
	if !s.hold(c, false) {
		return net.ErrClosed
	}
	defer s.release(c, false)
	c.SetReadBuffer(buffer) // as much of it as the machine gives
	if raw, err := c.SyscallConn(); err == nil {
		raw.Control(func(fd uintptr) { unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_RXQ_OVFL, 1) }) // without it nothing is counted
	}
	b, oob := make([]byte, datagram), make([]byte, 128)
	var dropped uint32
	for {
		n, m, flags, from, err := c.ReadMsgUDPAddrPort(b, oob)
		if err != nil {
			if ne, ok := errors.AsType[net.Error](err); ok && ne.Timeout() || s.pause(err) {
				continue
			}
			return err
		}
		if now, ok := overflow(oob[:m]); ok && now != dropped {
			s.cfg.Taker.Dropped(int64(now - dropped))
			dropped = now
		}
		if n > 0 {
			s.cfg.Taker.Offer(from.Addr().Unmap().WithZone(""), b[:n], flags&unix.MSG_TRUNC != 0)
		}
	}
}

// overflow reads how many datagrams the machine has dropped since the socket was opened.
func overflow(oob []byte) (uint32, bool) {
	list, err := unix.ParseSocketControlMessage(oob)
	if err != nil {
		return 0, false
	}
	for _, m := range list {
		if m.Header.Level == unix.SOL_SOCKET && m.Header.Type == unix.SO_RXQ_OVFL && len(m.Data) >= 4 {
			return binary.NativeEndian.Uint32(m.Data), true
		}
	}
	return 0, false
}

// Shutdown takes nothing any more. What was read is handed on.
func (s *Server) Shutdown(ctx context.Context) error {
	s.mu.Lock()
	s.closed = true
	var err error
	for c := range s.open {
		err = errors.Join(err, c.Close())
	}
	s.mu.Unlock()
	done := make(chan struct{})
	go func() {
		s.conns.Wait()
		close(done)
	}()
	select {
	case <-done:
		s.stop()
		return err
	case <-ctx.Done():
		s.stop()
		return errors.Join(err, ctx.Err())
	}
}

func addressOf(a net.Addr) netip.Addr {
	p, err := netip.ParseAddrPort(a.String())
	if err != nil {
		return netip.Addr{}
	}
	return p.Addr().Unmap().WithZone("")
}
