package webdav

import (
	"bufio"
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"hash/adler32"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/azekura/azekura/internal/pathname"
	"github.com/azekura/azekura/internal/problem"
)

// TestBrokenOffUploadLeavesNothing: neither a new file, nor a part of one in the place of the old.
func TestBrokenOffUploadLeavesNothing(t *testing.T) {
	h := newHouse(t).tree()
	served := make(chan int, 1)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		rec := httptest.NewRecorder()
		h.door.ServeHTTP(rec, r)
		served <- rec.Code
	}))
	defer server.Close()
	for _, name := range []string{"f", "new"} {
		for how, head := range map[string]string{
			"length":  "Content-Length: 1000\r\n\r\nhalf of it",
			"chunks":  "Transfer-Encoding: chunked\r\n\r\n5\r\nhalf \r\n",
			"chunks2": "Transfer-Encoding: chunked\r\nX-Expected-Entity-Length: 1000\r\n\r\n4\r\nhalf\r\n0\r\n\r\n",
			"no end":  "Transfer-Encoding: chunked\r\n\r\nzz\r\n",
		} {
			r, _ := http.NewRequest("PUT", server.URL, nil)
			r.SetBasicAuth("hanako", secret)
			c, err := net.Dial("tcp", server.Listener.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			fmt.Fprintf(c, "PUT /dav/s/%s HTTP/1.1\r\nHost: h\r\nAuthorization: %s\r\n%s", name, r.Header.Get("Authorization"), head)
			c.(*net.TCPConn).CloseWrite()
			if code := <-served; code != 400 {
				t.Errorf("%s, %s: %d, want 400", name, how, code)
			}
			c.Close()
		}
	}
	if got := h.content("/s/f"); got != "0123456789" {
		t.Errorf("the file holds %q", got)
	}
	h.do("GET /s/new", "").want(404)
}

func TestChunkedUpload(t *testing.T) {
	h := newHouse(t)
	body := strings.Repeat("写真", 200_000)
	r := httptest.NewRequest("PUT", "/dav/s/f", io.MultiReader(strings.NewReader(body))) // of unknown length
	r.SetBasicAuth("hanako", secret)
	r.ContentLength = -1
	r.Header.Set("X-Expected-Entity-Length", fmt.Sprint(len(body)))
	h.serve(r).want(201)
	if h.content("/s/f") != body {
		t.Error("content differs")
	}
}

func TestTooLarge(t *testing.T) {
	h := newHouse(t, func(c *Config) { c.MaxFile = 5 })
	h.do("PUT /s/f", "12345").want(201)
	h.do("PUT /s/f", "123456").want(413)
	r := httptest.NewRequest("PUT", "/dav/s/f", io.MultiReader(strings.NewReader("123456")))
	r.SetBasicAuth("hanako", secret)
	r.ContentLength = -1
	h.serve(r).want(413)
	if got := h.content("/s/f"); got != "12345" {
		t.Errorf("the file holds %q", got)
	}
}

// TestFaults: what goes wrong in the storehouse is a status and a sentence, and the old content stays.
func TestFaults(t *testing.T) {
	for kind, want := range map[problem.Kind]int{problem.NoSpace: 507, problem.Frozen: 403, problem.Unavailable: 503, problem.Internal: 500, problem.Denied: 403} {
		for _, op := range []string{"save", "write"} {
			h := newHouse(t).tree()
			h.SetFault(func(at string, _ pathname.Path) error {
				if at == op {
					return problem.New(kind, at, "/s/name", io.ErrUnexpectedEOF)
				}
				return nil
			})
			r := h.do("PUT /s/f", "new").want(want).hasNot("unexpected EOF")
			if kind == problem.Unavailable {
				r.header("Retry-After", "5")
			}
			h.SetFault(nil)
			if got := h.content("/s/f"); got != "0123456789" {
				t.Errorf("the file holds %q", got)
			}
		}
	}
}

func TestConditionalPut(t *testing.T) {
	h := newHouse(t).tree()
	put := func(path, header string, want int) string {
		t.Helper()
		return h.do("PUT "+path, "new", header).want(want).Header().Get("ETag")
	}
	put("/s/f", "If-None-Match: *", 412)
	put("/s/new", "If-None-Match: *", 201)
	put("/s/none", "If-Match: *", 412)
	first := h.do("HEAD /s/f", "").Header().Get("ETag")
	second := put("/s/f", "If-Match: "+first, 204)
	put("/s/f", "If-Match: "+first, 412)
	put("/s/f", "If-Match: W/"+second, 412)
	put("/s/f", "If-None-Match: "+second, 412)
	put("/s/f", `If-Match: "x", `+second, 204)
	put("/s/f", "If-Unmodified-Since: "+h.at.Add(-time.Hour).Format(http.TimeFormat), 412)
	put("/s/f", "If-Unmodified-Since: "+h.at.Format(http.TimeFormat), 204)
	for _, line := range []string{"DELETE /s/f", "PROPPATCH /s/f", "MOVE /s/f", "COPY /s/f", "LOCK /s/f"} {
		body := map[string]string{"PROPPATCH /s/f": proppatchBody("<Z:a/>"), "LOCK /s/f": lockBody("shared")}[line]
		h.do(line, body, "If-Match: "+first, "Destination: /dav/s/g").want(412)
	}
	h.do("MKCOL /s/f", "", "If-None-Match: *").want(412)
	h.do("DELETE /s/f", "", "If-Match: "+h.do("HEAD /s/f", "").Header().Get("ETag")).want(204)
}

// TestLostUpdate: the condition is checked in the same step as the save, not only before the body.
func TestLostUpdate(t *testing.T) {
	h := newHouse(t).tree()
	tag := h.do("HEAD /s/f", "").Header().Get("ETag")
	body, feed := io.Pipe()
	r := httptest.NewRequest("PUT", "/dav/s/f", body)
	r.SetBasicAuth("hanako", secret)
	r.Header.Set("If-Match", tag)
	r.ContentLength = -1
	done := make(chan reply)
	go func() { done <- h.serve(r) }()
	io.WriteString(feed, "mine") // returns when the door reads: it has looked at the conditions
	h.do("PUT /s/f", "theirs").want(204)
	feed.Close()
	(<-done).want(412)
	if got := h.content("/s/f"); got != "theirs" {
		t.Errorf("the file holds %q", got)
	}
}

func TestSyncTools(t *testing.T) {
	h := newHouse(t)
	const body = "卒業アルバム"
	sum1, sum5, sum256 := sha1.Sum([]byte(body)), md5.Sum([]byte(body)), sha256.Sum256([]byte(body))
	sums := map[string]string{"SHA1": hex.EncodeToString(sum1[:]), "MD5": hex.EncodeToString(sum5[:]), "SHA256": hex.EncodeToString(sum256[:]),
		"ADLER32": fmt.Sprintf("%08x", adler32.Checksum([]byte(body)))}
	for name, sum := range sums {
		r := h.do("PUT /s/"+name, body, "X-OC-Mtime: 1700000000", "OC-Checksum: "+strings.ToLower(name)+":"+strings.ToUpper(sum)).want(201).header("X-OC-Mtime", "accepted")
		if r.Header().Get("ETag") == "" || r.Header().Get("OC-ETag") != r.Header().Get("ETag") {
			t.Errorf("entity tags: %v", r.Header())
		}
		h.do("HEAD /s/"+name, "").header("OC-Checksum", name+":"+sum).header("Last-Modified", "Tue, 14 Nov 2023 22:13:20 GMT").header("ETag", r.Header().Get("ETag"))
		h.do("PROPFIND /s/"+name, propfindBody("oc:checksums", "D:getlastmodified"), "Depth: 0").
			has("<oc:checksums><oc:checksum>"+name+":"+sum, "Tue, 14 Nov 2023 22:13:20 GMT")
	}
	// rclone announces one and compares the other.
	h.do("PROPFIND /s/SHA1", propfindBody("oc:checksums"), "Depth: 0").has("MD5:" + sums["MD5"])
	h.do("PUT /s/two", body, "OC-Checksum: MD5:"+sums["MD5"]+" SHA1:"+sums["MD5"]).want(400)
	h.do("GET /s/two", "").want(404)
	h.do("PUT /s/plain", body).want(201)
	if r := h.do("HEAD /s/plain", ""); r.Header().Get("OC-Checksum") != "" {
		t.Error("a checksum that nobody gave")
	}
	h.do("PROPFIND /s/plain", propfindBody("oc:checksums"), "Depth: 0").has("404 Not Found")
	h.do("PUT /s/empty", "").want(201)
	h.do("HEAD /s/empty", "").header("OC-Checksum", "SHA1:"+hex.EncodeToString(sha1.New().Sum(nil)))
}

// Who asks before the body hears at once that it is not wanted, and need not send it.
func TestPutIsRefusedBeforeTheBody(t *testing.T) {
	h := newHouse(t)
	h.do("PUT /s/f", "first").want(201)
	h.token("/s/f")
	srv := httptest.NewServer(h.door)
	defer srv.Close()
	c, err := net.Dial("tcp", srv.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	fmt.Fprintf(c, "PUT /dav/s/f HTTP/1.1\r\nHost: h\r\nAuthorization: Basic %s\r\nContent-Length: 30000000\r\nExpect: 100-continue\r\n\r\n",
		base64.StdEncoding.EncodeToString([]byte("hanako:"+secret)))
	line, err := bufio.NewReader(c).ReadString('\n')
	if err != nil || !strings.HasPrefix(line, "HTTP/1.1 423 ") {
		t.Errorf("%q, %v; want 423 before anything else", line, err)
	}
}
