package web

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"
	"weak"

	"github.com/azekura/azekura/internal/door/api/client"
	"github.com/azekura/azekura/internal/problem"
)

// TestLists: a list is its session's, for a quarter of an hour, and all of them have an end.
func TestLists(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLists()
		held := func() (lists, bytes int) {
			synctest.Wait() // for the timers that have fired
			l.mu.Lock()
			defer l.mu.Unlock()
			return len(l.held), l.size
		}
		token := l.hold("sato", "sato", "albums", "a.csv", []byte("1"))
		if x, err := l.get("sato", "albums", token); err != nil || string(x.content) != "1" {
			t.Fatal(x, err)
		}
		for _, x := range [][3]string{{"tanaka", "albums", token}, {"sato", "orders", token}, {"sato", "albums", ""}} {
			if _, err := l.get(x[0], x[1], x[2]); problem.KindOf(err) != problem.NotFound {
				t.Errorf("%q: %v", x, err)
			}
		}
		next := l.hold("sato", "sato", "albums", "b.csv", []byte("22"))
		if _, err := l.get("sato", "albums", token); err == nil {
			t.Error("a session has two lists")
		}
		<-time.After(holdFor - time.Second)
		other := l.hold("tanaka", "tanaka", "albums", "c.csv", []byte("333"))
		<-time.After(2 * time.Second)
		synctest.Wait()
		if _, err := l.get("sato", "albums", next); err == nil {
			t.Error("a list is held after a quarter of an hour")
		}
		if n, size := held(); n != 1 || size != 3 {
			t.Errorf("%d lists of %d bytes are held, not one of 3", n, size)
		}
		l.hold("suzuki", "suzuki", "albums", "d.csv", make([]byte, maxHeld-3))
		if _, err := l.get("tanaka", "albums", other); err != nil {
			t.Error(err)
		}
		l.hold("ito", "ito", "albums", "e.csv", []byte("4"))
		if _, err := l.get("tanaka", "albums", other); err == nil {
			t.Error("the oldest list has not given way")
		}
		if n, size := held(); n != 2 || size != maxHeld-3+1 {
			t.Errorf("%d lists of %d bytes are held", n, size)
		}
		<-time.After(holdFor + time.Second)
		if n, size := held(); n != 0 || size != 0 {
			t.Errorf("%d lists of %d bytes are left", n, size)
		}
	})
}

// TestListsOfAccounts: an account has one list in all its sessions, and all accounts together have a number.
func TestListsOfAccounts(t *testing.T) {
	l := newLists()
	at := l.hold("at the desk", "sato", "albums", "a.csv", []byte("1"))
	other := l.hold("tanaka's", "tanaka", "albums", "b.csv", []byte("2"))
	l.hold("at home", "sato", "albums", "c.csv", []byte("3"))
	if _, err := l.get("at the desk", "albums", at); err == nil {
		t.Error("an account has two lists")
	}
	if _, err := l.get("tanaka's", "albums", other); err != nil {
		t.Error(err)
	}
	for i := range 2 * maxLists {
		l.hold(fmt.Sprint(i), fmt.Sprint(i), "albums", "empty.csv", nil)
	}
	if len(l.held) != maxLists {
		t.Errorf("%d lists are held, %d may be", len(l.held), maxLists)
	}
}

// TestListsAreFreed: what is given up takes no memory until its quarter of an hour is over.
func TestListsAreFreed(t *testing.T) {
	l := newLists()
	var held []weak.Pointer[list]
	for i := range 3 {
		token := l.hold(fmt.Sprint(i), fmt.Sprint(i), "albums", "a.csv", make([]byte, 1<<20))
		x, err := l.get(fmt.Sprint(i), "albums", token)
		if err != nil {
			t.Fatal(err)
		}
		held = append(held, weak.Make(x))
	}
	l.drop(func(x *list) bool { return x.owner == "0" })                     // given up
	l.hold("1", "1", "albums", "b.csv", []byte("1"))                         // replaced
	l.hold("another", "another", "albums", "c.csv", make([]byte, maxHeld-1)) // and this one pushes the oldest out
	runtime.GC()
	for i, x := range held {
		if x.Value() != nil {
			t.Errorf("list %d is in memory still", i)
		}
	}
}

// TestListsAreBounded: what is longer than a list may be is refused, and not more than a few are read at the same time.
func TestListsAreBounded(t *testing.T) {
	l := newLists()
	if _, err := l.read(io.LimitReader(zeros{}, maxList+1), "x"); problem.KindOf(err) != problem.TooLarge {
		t.Error(err)
	}
	for range maxReads {
		l.slot <- struct{}{}
	}
	if _, err := l.read(strings.NewReader("x"), "x"); problem.KindOf(err) != problem.Unavailable {
		t.Error(err)
	}
	<-l.slot
	if b, err := l.read(strings.NewReader("x"), "x"); err != nil || string(b) != "x" {
		t.Error(b, err)
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { return len(p), nil }

// TestLogoutForgetsLists: those of the session, and no others.
func TestLogoutForgetsLists(t *testing.T) {
	h := &house{Config: Config{API: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })}, csrf: newCSRF(), lists: newLists()}
	r, w := httptest.NewRequest("POST", "/logout", nil), httptest.NewRecorder()
	r.AddCookie(&http.Cookie{Name: sessionCookies[0], Value: "sato"})
	v := &visit{house: h, w: w, r: r, api: client.New(&relay{h.API, r, w}, "en")}
	h.lists.hold(v.owner(), "", "albums", "a.csv", []byte("1"))
	other := h.lists.hold("tanaka", "tanaka", "albums", "b.csv", []byte("2"))
	if err := v.logout(); err != nil {
		t.Fatal(err)
	}
	if len(h.lists.held) != 1 || h.lists.held[0].token != other {
		t.Errorf("%d lists are held after the logout", len(h.lists.held))
	}
}

// TestNoTemporaryFiles: what package net/http and mime/multipart offer for files of forms writes them to disk when they are large. A list
// of persons must never stand there, so that nothing of this package may use it.
func TestNoTemporaryFiles(t *testing.T) {
	files, err := filepath.Glob("*.go")
	if err != nil || len(files) < 10 {
		t.Fatal(files, err)
	}
	for _, name := range files {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, call := range []string{"ParseMultipartForm(", ".FormFile(", ".ReadForm(", ".FormValue(", "os.CreateTemp("} {
			if !strings.HasSuffix(name, "_test.go") && strings.Contains(string(b), call) {
				t.Errorf("%s calls %s", name, call)
			}
		}
	}
}
