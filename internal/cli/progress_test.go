package cli

import (
	"strings"
	"testing"
	"time"

	"github.com/azekura/azekura/internal/lang"
)

// What takes long shows a line, what does not shows none, and the line goes before something else is written.
func TestProgress(t *testing.T) {
	for _, c := range []struct {
		lang lang.Lang
		make func(*app) *progress
		want string
	}{
		{lang.English, (*app).working, "12 so far, 3s"},
		{lang.Japanese, (*app).working, "12 件まで処理、3s 経過"},
		{lang.English, (*app).progress, "12 files, 3.0 KiB, 1.0 KiB/s"},
		{lang.Japanese, (*app).progress, "12 件、3.0 KiB、毎秒 1.0 KiB"},
	} {
		var out strings.Builder
		now := time.Unix(1e9, 0)
		a := &app{err: &out, lang: c.lang, now: func() time.Time { return now }}
		p := c.make(a)
		p.files.Store(12)
		p.bytes.Store(3072)
		now = now.Add(time.Second)
		if p.tick(); out.Len() > 0 {
			t.Errorf("after a second: %q", out.String())
		}
		now = now.Add(2 * time.Second)
		p.tick()
		if got := out.String(); got != "\r\x1b[K"+c.want {
			t.Errorf("%q, want %q", got, c.want)
		}
		out.Reset()
		p.clear()
		p.clear()
		if p.end(); out.String() != "\r\x1b[K" {
			t.Errorf("taken away by %q", out.String())
		}
	}
}

// What says itself how far it is shows that, and what is being done.
func TestProgressShare(t *testing.T) {
	var out strings.Builder
	now := time.Unix(1e9, 0)
	p := (&app{err: &out, now: func() time.Time { return now }}).working()
	defer p.end()
	p.share(25, "Files are compared with what was read")
	now = now.Add(4 * time.Second)
	p.tick()
	if got, want := out.String(), "[#####...............] 25 %, 4s: Files are compared with what was read"; !strings.HasSuffix(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

// A transfer whose end is known shows how far it is.
func TestProgressBar(t *testing.T) {
	var out strings.Builder
	now := time.Unix(1e9, 0)
	p := (&app{err: &out, now: func() time.Time { return now }}).progress()
	defer p.end()
	p.allFiles.Store(2)
	p.allBytes.Store(2 << 20)
	p.complete.Store(true)
	p.files.Store(1)
	p.bytes.Store(1 << 20)
	now = now.Add(4 * time.Second)
	p.tick()
	if got, want := out.String(), "[##########..........] 50 %  1 files, 1.0 MiB, 256.0 KiB/s, 4s left"; !strings.HasSuffix(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}
