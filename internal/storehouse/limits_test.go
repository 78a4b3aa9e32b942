package storehouse

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// pipes is a listener in memory, so that time in a bubble can stand still.
type pipes struct {
	conns chan net.Conn
	once  sync.Once
	done  chan struct{}
}

func newPipes() *pipes { return &pipes{conns: make(chan net.Conn), done: make(chan struct{})} }

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.done:
		return nil, net.ErrClosed
	}
}
func (p *pipes) Close() error   { p.once.Do(func() { close(p.done) }); return nil }
func (p *pipes) Addr() net.Addr { return &net.TCPAddr{} }
func (p *pipes) dial() net.Conn {
	a, b := net.Pipe()
	p.conns <- a
	return b
}

// serving runs a handler behind the limits, in a bubble.
func serving(t *testing.T, h http.HandlerFunc, test func(t *testing.T, p *pipes)) {
	synctest.Test(t, func(t *testing.T) {
		p := newPipes()
		srv := &http.Server{Handler: moving(h, time.Now), ReadHeaderTimeout: headerTime, IdleTimeout: idleTime, MaxHeaderBytes: maxHeader}
		ended := make(chan error)
		go func() { ended <- srv.Serve(p) }()
		test(t, p)
		srv.Close()
		<-ended
		time.Sleep(time.Minute) // of the bubble: the server lingers a little before it closes a connection
	})
}

// swallow answers with how much of the body came, and why it ended.
func swallow(w http.ResponseWriter, r *http.Request) {
	n, err := io.Copy(io.Discard, r.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusRequestTimeout)
		return
	}
	fmt.Fprint(w, n)
}

// TestSlowUpload: a body of size bytes that comes in pieces, with a pause after each.
func TestSlowUpload(t *testing.T) {
	for _, x := range []struct {
		name        string
		size, piece int
		pause       time.Duration
		want        int
	}{
		{"honest line of 1 KiB/s", 4 << 20, 1 << 10, time.Second, 200},
		{"a piece just in time", 160 << 10, 16 << 10, 59 * time.Second, 200},
		{"short and slow", 100, 10, 5 * time.Second, 200},
		{"a byte now and then", 1 << 20, 1, 10 * time.Second, 0},
		{"stalls", 1 << 20, 64 << 10, 2 * time.Minute, 0},
	} {
		t.Run(x.name, func(t *testing.T) {
			serving(t, swallow, func(t *testing.T, p *pipes) {
				c := p.dial()
				defer c.Close()
				fmt.Fprintf(c, "PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n", x.size)
				var sender sync.WaitGroup
				defer sender.Wait()
				defer c.Close()
				sender.Go(func() {
					for sent := 0; sent < x.size; sent += x.piece {
						if _, err := c.Write(make([]byte, min(x.piece, x.size-sent))); err != nil {
							return
						}
						time.Sleep(x.pause) // of the bubble
					}
				})
				start := time.Now()
				resp, err := http.ReadResponse(bufio.NewReader(c), nil)
				got := 0
				if err == nil {
					got = resp.StatusCode
				}
				if x.want == 200 && got != 200 || x.want == 0 && got == 200 {
					t.Errorf("status %d, %v, want %d", got, err, x.want)
				}
				if x.want == 0 && time.Since(start) > 3*patience {
					t.Errorf("held its place for %v", time.Since(start))
				}
			})
		})
	}
}

// TestSlowDownload: a client that reads slowly but steadily gets everything, one that stops loses its place.
func TestSlowDownload(t *testing.T) {
	const size = 4 << 20
	for _, x := range []struct {
		name  string
		piece int
		pause time.Duration
		whole bool
	}{{"8 KiB/s", 8 << 10, time.Second, true}, {"stops", 8 << 10, 10 * time.Minute, false}} {
		t.Run(x.name, func(t *testing.T) {
			failed := make(chan error, 1)
			serving(t, func(w http.ResponseWriter, _ *http.Request) {
				_, err := w.Write(make([]byte, size))
				failed <- err
			}, func(t *testing.T, p *pipes) {
				c := p.dial()
				defer c.Close()
				fmt.Fprint(c, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
				got, buf := 0, make([]byte, x.piece)
				for got < size {
					n, err := c.Read(buf)
					got += n
					if err != nil {
						break
					}
					time.Sleep(x.pause) // of the bubble
				}
				if whole := got >= size; whole != x.whole {
					t.Errorf("%d of %d bytes came", got, size)
				}
				c.Close()
				if err := <-failed; (err == nil) != x.whole {
					t.Errorf("the handler saw %v", err)
				}
			})
		})
	}
}

// TestLongWork: a handler that works long after the body is not disturbed, nor is the next request.
func TestLongWork(t *testing.T) {
	serving(t, func(w http.ResponseWriter, r *http.Request) {
		if _, err := io.Copy(io.Discard, r.Body); err != nil {
			t.Error(err)
		}
		time.Sleep(10 * time.Minute) // of the bubble
		if err := r.Context().Err(); err != nil {
			t.Errorf("while it works: %v", err)
		}
		fmt.Fprint(w, "done")
	}, func(t *testing.T, p *pipes) {
		c := p.dial()
		defer c.Close()
		in := bufio.NewReader(c)
		for range 3 {
			fmt.Fprint(c, "PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello")
			resp, err := http.ReadResponse(in, nil)
			if err != nil {
				t.Fatal(err)
			}
			if b, err := io.ReadAll(resp.Body); string(b) != "done" || err != nil {
				t.Fatalf("answer %q, %v", b, err)
			}
			time.Sleep(time.Minute) // idle, within the bubble
		}
	})
}

// TestSlowHeader: a header that does not come ends the connection.
func TestSlowHeader(t *testing.T) {
	serving(t, swallow, func(t *testing.T, p *pipes) {
		c := p.dial()
		defer c.Close()
		start := time.Now()
		var sender sync.WaitGroup
		defer sender.Wait()
		defer c.Close()
		sender.Go(func() {
			for _, b := range []byte("GET / HTTP/1.1\r\nHost: x\r\nX-Slow: " + strings.Repeat("y", 1000)) {
				if _, err := c.Write([]byte{b}); err != nil {
					return
				}
				time.Sleep(time.Second) // of the bubble
			}
		})
		io.Copy(io.Discard, c)
		if d := time.Since(start); d > headerTime+time.Second {
			t.Errorf("held its place for %v", d)
		}
	})
}

// addressed is a connection from somewhere.
type addressed struct {
	net.Conn
	from string
}

func (a addressed) RemoteAddr() net.Addr {
	addr, err := net.ResolveTCPAddr("tcp", a.from)
	if err != nil {
		panic(err)
	}
	return addr
}

func TestLimitListener(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPipes()
		refused := 0
		l := newLimitListener(p, 3, 2, func() { refused++ })
		accepted := make(chan net.Conn, 10)
		go func() {
			for {
				c, err := l.Accept()
				if err != nil {
					return
				}
				accepted <- c
			}
		}()
		knock := func(from string) net.Conn {
			a, b := net.Pipe()
			p.conns <- addressed{a, from}
			synctest.Wait()
			return b
		}
		knock("192.0.2.1:1")
		knock("192.0.2.1:2")
		third := knock("192.0.2.1:3") // one too many from there
		if _, err := third.Read(make([]byte, 1)); !errors.Is(err, io.EOF) || refused != 1 || len(accepted) != 2 {
			t.Errorf("third of an address: %v, %d refused, %d accepted", err, refused, len(accepted))
		}
		knock("[2001:db8::1%eth0]:1")
		if len(accepted) != 3 {
			t.Fatalf("%d accepted, want 3", len(accepted))
		}
		// Full: the next one waits in the kernel until somebody leaves, twice closed or not.
		next := make(chan bool)
		go func() { knock("127.0.0.1:1"); close(next) }()
		synctest.Wait()
		if len(accepted) != 3 {
			t.Errorf("%d accepted of at most 3", len(accepted))
		}
		c := <-accepted
		c.Close()
		c.Close()
		<-next
		if len(accepted) != 3 {
			t.Errorf("%d accepted after one left, want 3", len(accepted))
		}
		p.Close()
		(<-accepted).Close()
		synctest.Wait()
	})
}

func TestAddressOf(t *testing.T) {
	for in, want := range map[string]string{"192.0.2.1:1": "192.0.2.1", "[::ffff:192.0.2.1]:1": "192.0.2.1", "[fe80::1%eth0]:1": "fe80::1"} {
		a, err := net.ResolveTCPAddr("tcp", in)
		if err != nil {
			t.Fatal(err)
		}
		if got := addressOf(a).String(); got != want {
			t.Errorf("%s: %s, want %s", in, got, want)
		}
	}
}

func TestMetrics(t *testing.T) {
	m := &metrics{requests: make(map[requestKind]int64), seconds: make(map[string]*histogram),
		gauges: []gauge{{"azekura_test", "A test.", func() float64 { return 1.5 }}}}
	clock := time.Unix(0, 0)
	h := m.watch("webdav", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		clock = clock.Add(7 * time.Millisecond)
		w.WriteHeader(http.StatusMultiStatus)
	}), func() time.Time { return clock })
	for _, method := range []string{"PROPFIND", "PROPFIND", "BREW\"\n"} {
		h.ServeHTTP(discardWriter{}, &http.Request{Method: method})
	}
	var b bytes.Buffer
	m.write(&b)
	for _, want := range []string{
		"azekura_test 1.5\n", `azekura_requests_total{door="webdav",method="PROPFIND",status="207"} 2`, `azekura_requests_total{door="webdav",method="other",status="207"} 1`,
		`azekura_request_seconds_bucket{door="webdav",method="PROPFIND",le="0.005"} 0`, `azekura_request_seconds_bucket{door="webdav",method="PROPFIND",le="0.01"} 2`,
		`azekura_request_seconds_bucket{door="webdav",method="PROPFIND",le="+Inf"} 2`, `azekura_request_seconds_count{door="webdav",method="PROPFIND"} 2`,
		`azekura_request_seconds_sum{door="webdav",method="PROPFIND"} 0.014`, "azekura_requests_running 0\n",
	} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("no %q in\n%s", want, b.String())
		}
	}
}

type discardWriter struct{}

func (discardWriter) Header() http.Header         { return make(http.Header) }
func (discardWriter) Write(p []byte) (int, error) { return len(p), nil }
func (discardWriter) WriteHeader(int)             {}
