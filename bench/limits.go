package main

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"syscall"
	"time"
	"unsafe"
)

// runLimits measures what no program on this machine can pass. Each figure is taken n times.
func runLimits(ctx context.Context, b *bench, r *Result) error {
	if err := os.MkdirAll(b.run(), 0o755); err != nil {
		return err
	}
	defer os.RemoveAll(b.run())
	size := b.bytes(2 << 30)
	for _, m := range []struct {
		name, unit, note string
		measure          func() (float64, error)
	}{
		{"AES-256-GCM", "MB/s", "one core, Go's standard library, 1 MiB pieces", func() (float64, error) { return rate(time.Second, sealer()) }},
		{"SHA-256", "MB/s", "the same", func() (float64, error) { return rate(time.Second, func(p []byte) { sha256.Sum256(p) }) }},
		{"HMAC-SHA-256 of 32 bytes", "µs", "the same; the id of a chunk", func() (float64, error) { return macTime(time.Second / 4) }},
		{"memory copy", "MB/s", "one core, between buffers larger than caches", func() (float64, error) { return copyRate(time.Second) }},
		{"direct write", "MB/s", "O_DIRECT, pieces of 4 MiB, then fdatasync", func() (float64, error) { return b.directWrite(ctx, size) }},
		{"buffered write", "MB/s", "pieces of 1 MiB, then fdatasync", func() (float64, error) { return b.bufferedWrite(ctx, size) }},
		{"small durable write", "ms", "4 KiB into a file that has its size, fdatasync; median of 200", func() (float64, error) { return b.durableWrite(200) }},
		{"loopback", "MB/s", "one TCP connection, 256 KiB pieces, both ends in one process", func() (float64, error) { return loopback(ctx, b.bytes(4<<30)) }},
	} {
		var seen []float64
		for range b.n {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			v, err := m.measure()
			if err != nil {
				return fmt.Errorf("%s: %w", m.name, err)
			}
			seen = append(seen, v)
		}
		b.say("%-26s %s %s", m.name, spread(seen), m.unit)
		r.value(m.name, m.unit, m.note, seen...)
	}
	return nil
}

// rate returns how many MB/s a function works off, in pieces of 1 MiB.
func rate(d time.Duration, f func(piece []byte)) (float64, error) {
	piece := make([]byte, 1<<20)
	for i := range piece {
		piece[i] = byte(i * i >> 3)
	}
	start, n := time.Now(), 0
	for time.Since(start) < d {
		f(piece)
		n++
	}
	return float64(n) * float64(len(piece)) / 1e6 / time.Since(start).Seconds(), nil
}

func sealer() func([]byte) {
	block, err := aes.NewCipher(make([]byte, 32))
	if err != nil {
		panic(err) // 32 bytes are a key
	}
	gcm, err := cipher.NewGCM(block)
	if err != nil {
		panic(err) // AES has GCM
	}
	out, nonce := make([]byte, 0, 2<<20), make([]byte, gcm.NonceSize())
	return func(p []byte) { gcm.Seal(out, nonce, p, nil) }
}

func macTime(d time.Duration) (float64, error) {
	key, sum := make([]byte, 32), make([]byte, 32)
	start, n := time.Now(), 0
	for ; time.Since(start) < d; n++ {
		m := hmac.New(sha256.New, key)
		m.Write(sum)
		sum = m.Sum(sum[:0])
	}
	return float64(time.Since(start).Nanoseconds()) / 1e3 / float64(n), nil
}

func copyRate(d time.Duration) (float64, error) {
	to := make([]byte, 64<<20)
	from := make([]byte, len(to))
	for i := 0; i < len(to); i += 4096 { // give both their pages
		to[i], from[i] = 1, 2
	}
	start, n := time.Now(), 0
	for time.Since(start) < d {
		n += copy(to, from)
	}
	return float64(n) / 1e6 / time.Since(start).Seconds(), nil
}

// aligned returns a buffer that direct I/O takes.
func aligned(size int) []byte {
	const page = 4096
	p := make([]byte, size+page)
	skip := page - int(uintptr(unsafe.Pointer(&p[0]))%page)
	return p[skip : skip+size]
}

func (b *bench) directWrite(ctx context.Context, size int64) (float64, error) {
	v, err := b.write(ctx, size, syscall.O_DIRECT, aligned(4<<20))
	if errors.Is(err, syscall.EINVAL) {
		return 0, nil // the file system has no direct I/O
	}
	return v, err
}

func (b *bench) bufferedWrite(ctx context.Context, size int64) (float64, error) {
	return b.write(ctx, size, 0, make([]byte, 1<<20))
}

// write writes a new file of about a size and makes it durable.
func (b *bench) write(ctx context.Context, size int64, flag int, piece []byte) (float64, error) {
	name := filepath.Join(b.run(), "write")
	syscall.Sync()
	start := time.Now()
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL|flag, 0o644)
	if err != nil {
		return 0, err
	}
	defer os.Remove(name)
	defer f.Close()
	for i := range piece {
		piece[i] = byte(i * i >> 3)
	}
	var done int64
	for done < size && ctx.Err() == nil {
		n, err := f.Write(piece)
		done += int64(n)
		if err != nil {
			return 0, err
		}
	}
	if err := syscall.Fdatasync(int(f.Fd())); err != nil {
		return 0, err
	}
	return float64(done) / 1e6 / time.Since(start).Seconds(), ctx.Err()
}

// durableWrite returns how long one small write takes until it is on disk, as a ledger makes it.
func (b *bench) durableWrite(times int) (float64, error) {
	name := filepath.Join(b.run(), "log")
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o644)
	if err != nil {
		return 0, err
	}
	defer os.Remove(name)
	defer f.Close()
	piece := make([]byte, 4096)
	if _, err := f.Write(make([]byte, times*len(piece))); err != nil {
		return 0, err
	}
	if err := f.Sync(); err != nil {
		return 0, err
	}
	var took []float64
	for i := range times {
		piece[0] = byte(i + 1)
		start := time.Now()
		if _, err := f.WriteAt(piece, int64(i*len(piece))); err != nil {
			return 0, err
		}
		if err := syscall.Fdatasync(int(f.Fd())); err != nil {
			return 0, err
		}
		took = append(took, time.Since(start).Seconds()*1e3)
	}
	return median(took), nil
}

// loopback sends bytes through one connection and reads them at the other end.
func loopback(ctx context.Context, size int64) (float64, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer l.Close()
	sent := make(chan error, 1)
	go func() {
		c, err := new(net.Dialer).DialContext(ctx, "tcp", l.Addr().String())
		if err != nil {
			sent <- err
			return
		}
		defer c.Close()
		piece := make([]byte, 256<<10)
		for n := int64(0); n < size; n += int64(len(piece)) {
			if _, err := c.Write(piece); err != nil {
				sent <- err
				return
			}
		}
		sent <- nil
	}()
	c, err := l.Accept()
	if err != nil {
		return 0, err
	}
	defer c.Close()
	runtime.Gosched()
	start := time.Now()
	var n int64
	piece := make([]byte, 256<<10)
	for {
		k, err := c.Read(piece)
		n += int64(k)
		if err == io.EOF {
			break
		}
		if err != nil {
			return 0, err
		}
	}
	took := time.Since(start).Seconds()
	return float64(n) / 1e6 / took, <-sent
}
