package main

import (
	"context"
	"net"
	"sync"
	"time"
)

// gigabit is what an office's network carries of content in a second: 1 Gbit/s less what Ethernet, IP and TCP add.
const gigabit = 117_000_000

// wire is a network between clients and a server: all connections together send so many bytes in a second.
type wire struct {
	rate float64 // bytes a second

	mu   sync.Mutex
	free time.Time // when what was sent so far has passed
}

func (w *wire) dial(ctx context.Context, network, address string) (net.Conn, error) {
	conn, err := new(net.Dialer).DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	return &wired{conn, w}, nil
}

// pass waits until n bytes more have passed. It does not wait for less than a sleep can be trusted with: a real card has a queue, too.
func (w *wire) pass(n int) {
	w.mu.Lock()
	now := time.Now()
	if w.free.Before(now) {
		w.free = now
	}
	w.free = w.free.Add(time.Duration(float64(n) / w.rate * float64(time.Second)))
	wait := w.free.Sub(now)
	w.mu.Unlock()
	if wait > time.Millisecond {
		time.Sleep(wait)
	}
}

// wired is a connection over the wire.
type wired struct {
	net.Conn
	wire *wire
}

// Write implements net.Conn.
func (c *wired) Write(p []byte) (n int, err error) {
	const piece = 64 << 10
	for len(p) > 0 && err == nil {
		var m int
		k := min(len(p), piece)
		c.wire.pass(k)
		m, err = c.Conn.Write(p[:k])
		n, p = n+m, p[m:]
	}
	return n, err
}
