package main

import (
	"context"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
)

// shelf is the smallest server that the client can talk to.
type shelf struct {
	mu    sync.Mutex
	files map[string][]byte
	asked []string
	hang  bool // ends the connection after each answer
}

func (s *shelf) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.hang {
		w.Header().Set("Connection", "close")
	}
	if user, password, ok := r.BasicAuth(); !ok || user != "u" || password != "p" {
		http.Error(w, "who are you?", http.StatusUnauthorized)
		return
	}
	s.asked = append(s.asked, strings.TrimSpace(r.Method+" "+r.URL.EscapedPath()+" "+r.Header.Get("Depth")))
	switch r.Method {
	case "PUT":
		body, err := io.ReadAll(r.Body)
		if err != nil || int64(len(body)) != r.ContentLength {
			http.Error(w, fmt.Sprint(err), http.StatusBadRequest)
			return
		}
		s.files[r.URL.Path] = body
		w.WriteHeader(http.StatusCreated)
	case "GET":
		body, ok := s.files[r.URL.Path]
		if !ok {
			http.Error(w, "nothing there", http.StatusNotFound)
			return
		}
		w.Write(body)
	case "MKCOL":
		w.WriteHeader(http.StatusCreated)
	case "PROPFIND":
		w.WriteHeader(http.StatusMultiStatus)
		io.WriteString(w, "<multistatus/>")
	}
}

func TestDAV(t *testing.T) {
	for _, hang := range []bool{false, true} {
		t.Run(fmt.Sprintf("hang=%v", hang), func(t *testing.T) { testDAV(t, hang) })
	}
}

func testDAV(t *testing.T, hang bool) {
	ctx := context.Background()
	s := &shelf{files: make(map[string][]byte), hang: hang}
	srv := httptest.NewServer(s)
	defer srv.Close()
	d, err := newDAV(target{url: srv.URL + "/dav/%E6%A0%A1%20x/", user: "u", password: "p"})
	if err != nil {
		t.Fatal(err)
	}
	defer d.close()
	c := content{newPool(), 3, 3*pieceSize + 5}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(d.mkcol(ctx, "many"))
	must(d.put(ctx, "many/桜 1.jpg", c))
	must(d.get(ctx, "many/桜 1.jpg", c))
	n, err := d.propfind(ctx, "many/", 1)
	must(err)
	if n != int64(len("<multistatus/>")) {
		t.Errorf("PROPFIND: %d bytes", n)
	}
	want := []string{
		"MKCOL /dav/%E6%A0%A1%20x/many/", "PUT /dav/%E6%A0%A1%20x/many/%E6%A1%9C%201.jpg",
		"GET /dav/%E6%A0%A1%20x/many/%E6%A1%9C%201.jpg", "PROPFIND /dav/%E6%A0%A1%20x/many/ 1",
	}
	if !slices.Equal(s.asked, want) {
		t.Errorf("the server was asked\n%q, want\n%q", s.asked, want)
	}
	if err := d.get(ctx, "none", c); err == nil || !strings.Contains(err.Error(), "nothing there") {
		t.Errorf("GET of nothing: %v, want the server's words", err)
	}
	for _, f := range s.files {
		f[pieceSize+3] ^= 1
	}
	if err := d.get(ctx, "many/桜 1.jpg", c); err == nil || !strings.Contains(err.Error(), "other content") {
		t.Errorf("GET of damaged content: %v", err)
	}
	must(d.put(ctx, "again", c)) // after errors the next request goes well
	d.who.password = "guessed"
	if err := d.put(ctx, "many/x", content{c.pool, 1, 10}); err == nil || !strings.Contains(err.Error(), "401") {
		t.Errorf("PUT of a stranger: %v", err)
	}
}

// Connections share the work: each thing is done once, and an error ends all.
func TestParallel(t *testing.T) {
	var mu sync.Mutex
	done := make(map[int]int)
	to := target{url: "http://127.0.0.1:1/"}
	err := parallel(context.Background(), to, 4, 100, func(_ context.Context, _ *dav, i int) error {
		mu.Lock()
		defer mu.Unlock()
		done[i]++
		return nil
	})
	if err != nil || len(done) != 100 || slices.Max(slices.Collect(maps.Values(done))) != 1 {
		t.Errorf("parallel did %d things, error %v; want 100, each once", len(done), err)
	}
	broken := fmt.Errorf("broken")
	err = parallel(context.Background(), to, 1, 100, func(_ context.Context, _ *dav, i int) error {
		if i == 5 {
			return broken
		}
		if i > 5 {
			t.Errorf("%d was done after an error", i)
		}
		return nil
	})
	if err != broken {
		t.Errorf("parallel = %v, want %v", err, broken)
	}
}
