// Package hostile sends the real storehouse what no decent client would.
package hostile

import (
	"bufio"
	"encoding/base64"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/azekura/azekura/tests/house"
)

// dial connects to a house.
func dial(t *testing.T, h *house.House) net.Conn {
	t.Helper()
	u, err := url.Parse(h.Root)
	if err != nil {
		t.Fatal(err)
	}
	c, err := net.Dial("tcp", u.Host)
	if err != nil {
		t.Fatalf("the server does not answer any more: %v", err)
	}
	return c
}

// send writes raw bytes and returns the first status, 0 if the server hangs up, and the body.
func send(t *testing.T, h *house.House, raw string) (code int, body string) {
	t.Helper()
	c := dial(t, h)
	defer c.Close()
	c.SetDeadline(time.Now().Add(2 * time.Minute))
	io.WriteString(c, raw)
	resp, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		return 0, ""
	}
	defer resp.Body.Close()
	b, _ := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	return resp.StatusCode, string(b)
}

func TestHostile(t *testing.T) {
	h := house.New(t)
	auth := "Authorization: Basic " + base64.StdEncoding.EncodeToString([]byte(h.User+":"+h.Password)) + "\r\n"
	request := func(line, headers, body string) string {
		return line + " HTTP/1.1\r\nHost: h\r\nConnection: close\r\n" + auth + headers + fmt.Sprintf("Content-Length: %d\r\n\r\n", len(body)) + body
	}
	xml := "Content-Type: application/xml\r\nDepth: 0\r\n"
	bomb := `<?xml version="1.0"?><!DOCTYPE l [<!ENTITY a "aaaaaaaaaa">` + strings.Repeat(`<!ENTITY b "&a;&a;&a;&a;">`, 50) + `]><D:propfind xmlns:D="DAV:"><D:prop>&b;</D:prop></D:propfind>`
	cases := []struct {
		name, raw string
		want      []int
	}{
		{"no credentials", "GET /dav/albums/ HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n", []int{401}},
		{"wrong password", "GET /dav/albums/ HTTP/1.1\r\nHost: h\r\nConnection: close\r\nAuthorization: Basic YTpi\r\n\r\n", []int{401, 503}},
		{"broken credentials", "GET /dav/albums/ HTTP/1.1\r\nHost: h\r\nConnection: close\r\nAuthorization: Basic \xff\xff\r\n\r\n", []int{400, 401}},
		{"unknown share", request("GET /dav/nothing/x", "", ""), []int{404}},
		{"save into an unknown share", request("PUT /dav/nothing/x", "", "x"), []int{403, 404, 409}},
		{"traversal", request("GET /dav/albums/../../etc/passwd", "", ""), []int{400, 404}},
		{"encoded traversal", request("GET /dav/albums/%2e%2e/%2e%2e/etc/passwd", "", ""), []int{400, 404}},
		{"encoded slash", request("PUT /dav/albums/a%2fb", "", "x"), []int{400}},
		{"nul in a name", request("PUT /dav/albums/a%00b", "", "x"), []int{400}},
		{"control character", request("PUT /dav/albums/a%0ab", "", "x"), []int{400}},
		{"not UTF-8", request("PUT /dav/albums/%ff%fe", "", "x"), []int{400}},
		{"reserved name", request("PUT /dav/albums/CON.txt", "", "x"), []int{400}},
		{"backslash", request("PUT /dav/albums/a%5Cb", "", "x"), []int{400}},
		{"name of 256 bytes", request("PUT /dav/albums/"+strings.Repeat("a", 256), "", "x"), []int{400}},
		{"endless path", request("GET /dav/albums/"+strings.Repeat("a/", 30_000), "", ""), []int{400, 404, 414, 431}},
		{"unknown method", request("BREW /dav/albums/x", "", ""), []int{405}},
		{"content range", request("PUT /dav/albums/x", "Content-Range: bytes 3-4/10\r\n", "ab"), []int{400}},
		{"range beyond the end", request("GET /dav/albums/file", "Range: bytes=100-200\r\n", ""), []int{416}},
		{"senseless range", request("GET /dav/albums/file", "Range: bytes=9-1\r\n", ""), []int{200, 416}},
		{"thousand ranges", request("GET /dav/albums/file", "Range: bytes="+strings.Repeat("0-1,", 1000)+"0-1\r\n", ""), []int{200, 206, 400, 416}},
		{"checksum that does not fit", request("PUT /dav/albums/x", "OC-Checksum: SHA1:00\r\n", "ab"), []int{400}},
		{"senseless time", request("PUT /dav/albums/x", "X-OC-Mtime: tomorrow\r\n", "ab"), []int{400}},
		{"depth infinity", request("PROPFIND /dav/albums/", "Depth: infinity\r\n", ""), []int{403}},
		{"senseless depth", request("PROPFIND /dav/albums/", "Depth: 7\r\n", ""), []int{400}},
		{"XML bomb", request("PROPFIND /dav/albums/", xml, bomb), []int{400}},
		{"deep XML", request("PROPFIND /dav/albums/", xml, strings.Repeat("<a>", 20_000)), []int{400, 413}},
		{"large XML", request("PROPFIND /dav/albums/", xml, `<D:propfind xmlns:D="DAV:"><D:prop>`+strings.Repeat("<x/>", 200_000)), []int{400, 413}},
		{"half XML", request("PROPFIND /dav/albums/", xml, `<D:propfind xmlns:D="DAV:">`), []int{400}},
		{"no XML", request("PROPPATCH /dav/albums/file", xml, "\x00\x01\x02"), []int{400}},
		{"malformed If", request("PUT /dav/albums/x", "If: (((\r\n", "x"), []int{400}},
		{"long If", request("PUT /dav/albums/x", "If: "+strings.Repeat("(<urn:x>)", 5000)+"\r\n", "x"), []int{400, 412, 431}},
		{"unknown token", request("PUT /dav/albums/x", "If: (<urn:uuid:00000000-0000-0000-0000-000000000000>)\r\n", "x"), []int{412}},
		{"destination elsewhere", request("MOVE /dav/albums/file", "Destination: http://other.example/x\r\n", ""), []int{502}},
		{"destination outside", request("MOVE /dav/albums/file", "Destination: http://h/etc/passwd\r\n", ""), []int{400, 502}},
		{"no destination", request("COPY /dav/albums/file", "", ""), []int{400}},
		{"into itself", request("COPY /dav/albums/dir", "Destination: /dav/albums/dir/dir\r\n", ""), []int{403}},
		{"share removed", request("DELETE /dav/albums/", "", ""), []int{403}},
		{"unlock without token", request("UNLOCK /dav/albums/file", "", ""), []int{400}},
		{"large header", request("GET /dav/albums/", "X-A: "+strings.Repeat("a", 2<<20)+"\r\n", ""), []int{0, 431}},
		{"two lengths", "PUT /dav/albums/x HTTP/1.1\r\nHost: h\r\n" + auth + "Content-Length: 1\r\nContent-Length: 2\r\n\r\nab", []int{400}},
		{"length and chunks", "PUT /dav/albums/x HTTP/1.1\r\nHost: h\r\nConnection: close\r\n" + auth + "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", []int{201, 204, 400}},
		{"no HTTP", "\x16\x03\x01\x02\x00", []int{0, 400}},
	}
	for _, name := range []string{"file", "dir/"} {
		method := map[bool]string{true: "MKCOL", false: "PUT"}[strings.HasSuffix(name, "/")]
		body := []byte("0123456789")
		if method == "MKCOL" {
			body = nil
		}
		resp := h.Request(method, h.URL+name, body)
		resp.Body.Close()
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			code, body := send(t, h, c.raw)
			ok := false
			for _, w := range c.want {
				ok = ok || w == code
			}
			if !ok {
				t.Errorf("%d, want one of %v: %.200s", code, c.want, body)
			}
			if code >= 400 && code != 416 && len(strings.TrimSpace(body)) < 5 {
				t.Errorf("%d without a sentence", code)
			}
			for _, leak := range []string{"goroutine", ".go:", h.Data, "sqlite", "panic"} {
				if strings.Contains(body, leak) {
					t.Errorf("the answer tells %q: %s", leak, body)
				}
			}
		})
	}
	t.Run("broken off upload", func(t *testing.T) {
		c := dial(t, h)
		io.WriteString(c, "PUT /dav/albums/file HTTP/1.1\r\nHost: h\r\n"+auth+"Content-Length: 1000000\r\n\r\nhalf")
		c.Close()
	})
	resp := h.Request("GET", h.URL+"file", nil)
	defer resp.Body.Close()
	if b, _ := io.ReadAll(resp.Body); string(b) != "0123456789" {
		t.Errorf("after all this the file holds %q", b)
	}
}
