package bucket

import (
	"bytes"
	"io"
	"net"
	"sync/atomic"
	"testing"
)

// line is a line to the S3 server, which counts what goes there.
type line struct {
	addr string
	sent atomic.Int64
	cuts atomic.Int64 // 0: it is whole; n: it breaks once n bytes more have gone over it
	cut  atomic.Int64 // how often it broke
}

func newLine(t *testing.T, to string) *line {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	x := &line{addr: l.Addr().String()}
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			s, err := net.Dial("tcp", to)
			if err != nil {
				c.Close()
				continue
			}
			go x.carry(c, s)
		}
	}()
	return x
}

func (x *line) carry(c, s net.Conn) {
	defer s.Close()
	defer c.Close()
	go func() {
		io.Copy(c, s)
		c.Close()
	}()
	buf := make([]byte, 64<<10)
	for {
		n, err := c.Read(buf)
		if n > 0 {
			x.sent.Add(int64(n))
			if left := x.cuts.Load(); left > 0 && x.cuts.CompareAndSwap(left, max(left-int64(n), 0)) && left <= int64(n) {
				x.cut.Add(1)
				return
			}
			_, err = s.Write(buf[:n])
		}
		if err != nil {
			return
		}
	}
}

// TestBrokenLine: a pack that was half there when the line broke is sent again in the same copy, and one that has arrived is not.
func TestBrokenLine(t *testing.T) {
	s := stage(t)
	s.save("large.bin", 24<<20)
	x := newLine(t, s.g.addr)
	s.g.addr = x.addr
	at := s.g.settings("line.toml", s.bucket)
	s.Run("media", "init", at, "--label", "cloud")
	x.cuts.Store(12 << 20)
	if out := s.Run("media", "sync", at); x.cut.Load() != 1 || !bytes.Contains(out, []byte("24.0 MiB copied")) {
		t.Errorf("the line broke %d times: %s", x.cut.Load(), out)
	}
	sent := x.sent.Load()
	if sent < 36<<20 || sent > 40<<20 {
		t.Errorf("%d MiB were sent", sent>>20)
	}
	if out, err := s.Try("media", "verify", at); err != nil {
		t.Errorf("%v: %s", err, out)
	}
	s.rebuild()
}
