package syslog

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/sys/unix"
)

// nobody takes nothing.
type nobody struct{}

func (nobody) Allowed(netip.Addr) bool                              { return false }
func (nobody) Take(context.Context, netip.Addr, []byte, bool) error { return nil }
func (nobody) Offer(from netip.Addr, raw []byte, cut bool)          {}
func (nobody) Dropped(int64)                                        {}

// exhausted is a listener of a machine that has no more files for a while.
type exhausted struct {
	left int
	end  error
}

func (l *exhausted) Accept() (net.Conn, error) {
	if l.left--; l.left >= 0 {
		return nil, &net.OpError{Op: "accept", Err: os.NewSyscallError("accept4", unix.EMFILE)}
	}
	return nil, l.end
}
func (*exhausted) Close() error   { return nil }
func (*exhausted) Addr() net.Addr { return &net.TCPAddr{} }

// TestExhausted: a machine without files or memory for a moment ends no listener, and with it the house; it is tried again, not in circles.
func TestExhausted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := New(Config{Taker: nobody{}, Now: time.Now, Log: slog.New(slog.DiscardHandler)})
		defer s.Shutdown(t.Context())
		began := time.Now()
		if err := s.Serve(&exhausted{5, net.ErrClosed}, false); !errors.Is(err, net.ErrClosed) || time.Since(began) < 4*breath {
			t.Errorf("after %v: %v", time.Since(began), err)
		}
		gone := errors.New("gone")
		if err := s.Serve(&exhausted{0, gone}, false); !errors.Is(err, gone) {
			t.Error(err)
		}
	})
}
