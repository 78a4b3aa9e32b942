package sftp

import (
	"io"
	"io/fs"
	"os"
	"sync"
	"syscall"
	"time"

	"github.com/pkg/sftp"

	"github.com/azekura/azekura/internal/vault"
)

// listing is a directory that is being read. Only one request at a time is at work with it.
type listing struct {
	h    *handles
	next func() (vault.Info, error, bool)
	stop func()
	mu   sync.Mutex
	at   int64
}

// ListAt implements sftp.ListerAt.
func (l *listing) ListAt(out []os.FileInfo, off int64) (n int, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if off != l.at {
		return 0, sftp.ErrSSHFxFailure
	}
	for n < len(out) {
		i, err, ok := l.next()
		if !ok {
			l.at += int64(n)
			return n, io.EOF
		}
		if err != nil {
			return n, l.h.told(err)
		}
		if i.Hidden {
			continue
		}
		out[n] = info{i}
		n++
	}
	l.at += int64(n)
	return n, nil
}

// Close implements io.Closer.
func (l *listing) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.stop()
	return nil
}

// one is the list of one entry.
type one [1]fs.FileInfo

// ListAt implements sftp.ListerAt.
func (o one) ListAt(out []os.FileInfo, off int64) (int, error) {
	if off > 0 {
		return 0, io.EOF
	}
	return copy(out, o[:]), io.EOF
}

// info shows what the vault says as files are shown.
type info struct{ i vault.Info }

func (f info) Name() string { return f.i.Path.Base() }

func (f info) Size() int64 { return f.i.Size }

func (f info) IsDir() bool { return f.i.Dir }

func (f info) Sys() any { return &syscall.Stat_t{} }

func (f info) ModTime() time.Time {
	if f.i.Modified.IsZero() {
		return f.i.Created
	}
	return f.i.Modified
}

// Mode tells whether the session may write.
func (f info) Mode() fs.FileMode {
	m := fs.FileMode(0o644)
	if f.i.Dir {
		m = fs.ModeDir | 0o755
	}
	if f.i.ReadOnly {
		m &^= 0o222
	}
	return m
}
