package webdav

import (
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"net/http/httptest"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/pathname"
	"github.com/azekura/azekura/internal/problem"
	"github.com/azekura/azekura/internal/vault"
)

// multistatus is a second reading of what the door writes.
type multistatus struct {
	Responses []struct {
		Href     string `xml:"DAV: href"`
		Propstat []struct {
			Status string `xml:"DAV: status"`
			Prop   struct {
				All []struct {
					XMLName xml.Name
					Lang    string `xml:"http://www.w3.org/XML/1998/namespace lang,attr"`
					Inner   string `xml:",innerxml"`
				} `xml:",any"`
			} `xml:"DAV: prop"`
		} `xml:"DAV: propstat"`
	} `xml:"DAV: response"`
}

// props reads a multistatus: by href, then by name, "status: value".
func (r reply) props() map[string]map[string]string {
	r.h.Helper()
	var m multistatus
	if err := xml.Unmarshal(r.Body.Bytes(), &m); err != nil {
		r.h.Fatalf("%s: %v\n%s", r.line, err, r.Body)
	}
	out := make(map[string]map[string]string)
	for _, resp := range m.Responses {
		if out[resp.Href] != nil {
			r.h.Errorf("%s comes twice", resp.Href)
		}
		out[resp.Href] = make(map[string]string)
		for _, ps := range resp.Propstat {
			code, _, _ := strings.Cut(strings.TrimPrefix(ps.Status, "HTTP/1.1 "), " ")
			for _, p := range ps.Prop.All {
				v := code + ": " + p.Inner
				if p.Lang != "" {
					v += " (" + p.Lang + ")"
				}
				out[resp.Href][p.XMLName.Space+" "+p.XMLName.Local] = v
			}
		}
	}
	return out
}

func TestPropfind(t *testing.T) {
	h := newHouse(t).tree()
	h.SetFree(1000)
	h.do("PUT /s/.DS_Store", "x").want(201)
	h.do("PUT /s/~$f", "x").want(201)
	all := h.do("PROPFIND /s/", "", "Depth: 1").want(207).header("Content-Type", "application/xml; charset=utf-8").props()
	var hrefs []string
	for href := range all {
		hrefs = append(hrefs, href)
	}
	if slices.Sort(hrefs); !slices.Equal(hrefs, []string{"/dav/s/", "/dav/s/d/", "/dav/s/f", "/dav/s/~%24f"}) {
		t.Errorf("entries %q", hrefs)
	}
	f := all["/dav/s/f"]
	for name, want := range map[string]string{
		"DAV: resourcetype": "200: ", "DAV: displayname": "200: f", "DAV: getcontentlength": "200: 10",
		"DAV: getlastmodified": "200: " + h.at.Format(http.TimeFormat), "DAV: creationdate": "200: " + h.at.Format(time.RFC3339),
		"DAV: getcontenttype": "200: application/octet-stream", "DAV: lockdiscovery": "200: ",
		"DAV: quota-available-bytes": "", "http://owncloud.org/ns checksums": "",
	} {
		if f[name] != want {
			t.Errorf("%s is %q, want %q", name, f[name], want)
		}
	}
	if !strings.Contains(f["DAV: supportedlock"], "shared") || f["DAV: getetag"] == "" {
		t.Errorf("%v", f)
	}
	d := all["/dav/s/d/"]
	if d["DAV: resourcetype"] != "200: <D:collection/>" || d["DAV: getcontentlength"] != "" || d["DAV: getetag"] != "" {
		t.Errorf("a directory: %v", d)
	}

	some := h.do("PROPFIND /s/d", propfindBody("D:quota-available-bytes", "D:quota-used-bytes", "D:getetag", "D:strange"), "Depth: 0").want(207).props()["/dav/s/d/"]
	for name, want := range map[string]string{"DAV: quota-available-bytes": "200: 1000", "DAV: quota-used-bytes": "200: 15", "DAV: getetag": "404: ", "DAV: strange": "404: "} {
		if some[name] != want {
			t.Errorf("%s is %q, want %q", name, some[name], want)
		}
	}
	h.SetFault(func(op string, _ pathname.Path) error {
		if op == "measure space" {
			return problem.New(problem.Internal, op, "", nil)
		}
		return nil
	})
	h.do("PROPFIND /s/d", propfindBody("D:quota-available-bytes"), "Depth: 0").want(207).has("<D:propstat><D:prop><D:quota-available-bytes/></D:prop><D:status>HTTP/1.1 404 Not Found</D:status>")
	h.SetFault(nil)
	h.do("PROPFIND /s/d", propfindBody("D:getetag", "D:displayname"), "Depth: 0", "Prefer: return=minimal").has("displayname").hasNot("404")
	h.do("PROPFIND /s/d", propfindBody("D:getetag", "D:displayname"), "Depth: 0", "Brief: t").hasNot("404")
	h.do("PROPFIND /s/d", `<D:propfind xmlns:D="DAV:"><D:allprop/><D:include><D:quota-used-bytes/></D:include></D:propfind>`, "Depth: 0").has("<D:quota-used-bytes>15<")

	names := h.do("PROPFIND /s/f", `<D:propfind xmlns:D="DAV:"><D:propname/></D:propfind>`, "Depth: 0").props()["/dav/s/f"]
	for name, v := range names {
		if v != "200: " {
			t.Errorf("propname tells the value of %s: %q", name, v)
		}
	}
	if _, ok := names["DAV: getetag"]; !ok {
		t.Errorf("names: %v", names)
	}
	h.do("PROPFIND /", "", "Depth: 1").want(207).has("<D:href>/dav/</D:href>", "<D:href>/dav/s/</D:href>", "<D:href>/dav/other/</D:href>")
}

func TestProppatch(t *testing.T) {
	h := newHouse(t).tree()
	patch := func(body string) map[string]string {
		t.Helper()
		return h.do("PROPPATCH /s/f", body).want(207).props()["/dav/s/f"]
	}
	find := func(name string) string {
		t.Helper()
		n := strings.SplitN(name, " ", 2)
		body := fmt.Sprintf(`<D:propfind xmlns:D="DAV:"><D:prop><%s xmlns=%q/></D:prop></D:propfind>`, n[1], n[0])
		return h.do("PROPFIND /s/f", body, "Depth: 0").want(207).props()["/dav/s/f"][name]
	}
	const win = "urn:schemas-microsoft-com:"

	patch(`<D:propertyupdate xmlns:D="DAV:" xmlns:Z="urn:z"><D:set><D:prop xml:lang="ja">
		<Z:author>髙橋 &amp; 﨑</Z:author><Z:tree k="v" Z:q="&quot;"><Z:leaf>x<plain xmlns=""/></Z:leaf></Z:tree></D:prop></D:set></D:propertyupdate>`)
	if got := find("urn:z author"); got != "200: 髙橋 &amp; 﨑 (ja)" {
		t.Errorf("author %q", got)
	}
	if got := find("urn:z tree"); got != `200: <leaf xmlns="urn:z">x<plain xmlns=""></plain></leaf> (ja)` {
		t.Errorf("tree %q", got)
	}

	// All or nothing: a protected property stops the others.
	got := patch(`<D:propertyupdate xmlns:D="DAV:"><D:set><D:prop><a xmlns="urn:z">1</a><D:getetag>x</D:getetag></D:prop></D:set></D:propertyupdate>`)
	if got["urn:z a"] != "424: " || got["DAV: getetag"] != "403: " || find("urn:z a") != "404: " {
		t.Errorf("%v, and then %q", got, find("urn:z a"))
	}
	for _, protected := range []string{"displayname", "resourcetype", "lockdiscovery", "creationdate", "getcontentlength"} {
		if got := patch(proppatchBody("<D:" + protected + ">x</D:" + protected + ">")); got["DAV: "+protected] != "403: " {
			t.Errorf("%s: %v", protected, got)
		}
	}

	// Instructions count in their order.
	patch(`<D:propertyupdate xmlns:D="DAV:"><D:set><D:prop><a xmlns="urn:z">1</a></D:prop></D:set><D:remove><D:prop><a xmlns="urn:z"/></D:prop></D:remove>` +
		`<D:set><D:prop><b xmlns="urn:z">1</b><b xmlns="urn:z">2</b></D:prop></D:set></D:propertyupdate>`)
	if find("urn:z a") != "404: " || find("urn:z b") != "200: 2" {
		t.Errorf("a %q b %q", find("urn:z a"), find("urn:z b"))
	}

	// Times, as Explorer, Cyberduck and rclone set them.
	for _, tt := range [][3]string{
		{win + " Win32LastModifiedTime", "Tue, 14 Nov 2023 22:13:20 GMT", "Tue, 14 Nov 2023 22:13:20 GMT"},
		{"DAV: getlastmodified", "Wed, 15 Nov 2023 22:13:20 GMT", "Wed, 15 Nov 2023 22:13:20 GMT"},
		{"DAV: lastmodified", "1700000000", "Tue, 14 Nov 2023 22:13:20 GMT"},
	} {
		n := strings.SplitN(tt[0], " ", 2)
		if got := patch(proppatchBody(fmt.Sprintf("<%s xmlns=%q>%s</%[1]s>", n[1], n[0], tt[1]))); got[tt[0]] != "200: " {
			t.Errorf("%v", got)
		}
		h.do("HEAD /s/f", "").header("Last-Modified", tt[2])
		if got := patch(proppatchBody(fmt.Sprintf("<%s xmlns=%q>senseless</%[1]s>", n[1], n[0]))); got[tt[0]] != "409: " {
			t.Errorf("%v", got)
		}
	}
	patch(proppatchBody("<Z:Win32FileAttributes>00000022</Z:Win32FileAttributes><Z:Win32CreationTime>Tue, 14 Nov 2023 22:13:20 GMT</Z:Win32CreationTime>"))
	if got := find(win + " Win32FileAttributes"); got != "200: 00000022" {
		t.Errorf("attributes %q", got)
	}
	h.at = h.at.Add(time.Hour)
	h.do("PUT /s/f", "another").want(204)
	if got := find(win + " Win32LastModifiedTime"); got != "200: "+h.at.Format(http.TimeFormat) {
		t.Errorf("after a save the time of Explorer is %q", got)
	}

	// Properties go with the file.
	h.do("COPY /s/f", "", "Destination: /dav/s/g").want(201)
	h.do("MOVE /s/f", "", "Destination: /dav/s/m").want(201)
	for _, name := range []string{"g", "m"} {
		h.do("PROPFIND /s/"+name, "", "Depth: 0").has("00000022", "髙橋")
	}
}

// TestProppatchesAtOnce: nobody's properties are lost when several set theirs at once.
func TestProppatchesAtOnce(t *testing.T) {
	var h *house
	h = newHouse(t, func(c *Config) {
		c.Files = func(s account.Session, tokens ...string) vault.Files { return hesitant{h.As(s, tokens...)} }
	})
	h.tree()
	var all sync.WaitGroup
	for n := range 20 {
		all.Go(func() { h.do("PROPPATCH /s/f", proppatchBody(fmt.Sprintf("<Z:p%d>x</Z:p%[1]d>", n))).want(207) })
	}
	all.Wait()
	if i, err := h.files().Stat(t.Context(), "/s/f"); err != nil || len(i.Props) != 20 {
		t.Errorf("%d properties, %v; want 20", len(i.Props), err)
	}
}

// hesitant lets others run after it has looked.
type hesitant struct{ vault.Files }

func (f hesitant) Stat(ctx context.Context, name pathname.Path) (vault.Info, error) {
	i, err := f.Files.Stat(ctx, name)
	for range 50 {
		runtime.Gosched()
	}
	return i, err
}

func TestPropertiesAreBounded(t *testing.T) {
	h := newHouse(t).tree()
	if got := h.do("PROPPATCH /s/f", proppatchBody("<Z:a>"+strings.Repeat("x", maxPropSize)+"</Z:a>")).want(207).props()["/dav/s/f"]; got[win32+" a"] != "507: " {
		t.Errorf("%v", got)
	}
	refused := false
	for i := range 30 {
		var b strings.Builder
		for j := range 10 {
			fmt.Fprintf(&b, "<Z:a%d_%d/>", i, j)
		}
		refused = refused || strings.Contains(h.do("PROPPATCH /s/f", proppatchBody(b.String())).want(207).Body.String(), "507")
	}
	if i, _ := h.files().Stat(t.Context(), "/s/f"); !refused || len(i.Props) > maxProps {
		t.Errorf("%d properties on one file", len(i.Props))
	}
	// One long namespace must not come back once for every element in it.
	space := strings.Repeat("n", maxSpace)
	h.do("PROPPATCH /s/f", `<D:propertyupdate xmlns:D="DAV:"><D:set><D:prop><a xmlns="`+space+`">`+strings.Repeat("<b/>", 1000)+`</a></D:prop></D:set></D:propertyupdate>`).want(207).has("507")
	h.do("PROPPATCH /s/f", proppatchBody(`<a xmlns="x`+space+`"/>`)).want(400)
}

// TestListingIsStreamed: a large directory is written as it is read, and a listing that breaks off does not look whole.
func TestListingIsStreamed(t *testing.T) {
	h := newHouse(t)
	const entries = 20_000
	f := h.files()
	for i := range entries {
		d, err := f.Create(t.Context(), pathname.Path(fmt.Sprintf("/s/卒業アルバムの写真 %06d.jpg", i)))
		if err == nil {
			_, err = d.Commit(t.Context(), vault.Save{})
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	r := httptest.NewRequest("PROPFIND", "/dav/s/", nil)
	r.SetBasicAuth("hanako", secret)
	r.Header.Set("Depth", "1")
	w := &counter{header: make(http.Header)}
	h.door.ServeHTTP(w, r)
	if w.code != 207 || w.bytes < entries*500 || w.largest > 64<<10 {
		t.Errorf("status %d, %d bytes in writes of up to %d", w.code, w.bytes, w.largest)
	}

	for _, at := range []int{0, entries / 2} {
		broken := New(Config{Prefix: "/dav", Login: h.gate.Login, Now: time.Now, Files: func(s account.Session, tokens ...string) vault.Files {
			return &breaking{h.As(s, tokens...), at}
		}})
		w := httptest.NewRecorder()
		func() {
			defer func() {
				if p := recover(); (p == http.ErrAbortHandler) != (at > 0) {
					t.Errorf("broken at entry %d: recovered %v", at, p)
				}
			}()
			broken.ServeHTTP(w, r)
			if w.Code != 500 {
				t.Errorf("broken at entry %d: status %d", at, w.Code)
			}
		}()
		if strings.Contains(w.Body.String(), "</D:multistatus>") {
			t.Error("half a directory looks like a whole one")
		}
	}
}

// breaking is a vault whose lists break off.
type breaking struct {
	vault.Files
	after int
}

func (b *breaking) List(ctx context.Context, dir pathname.Path) iter.Seq2[vault.Info, error] {
	return func(yield func(vault.Info, error) bool) {
		n := 0
		for i, err := range b.Files.List(ctx, dir) {
			if n++; n > b.after {
				yield(vault.Info{}, errors.New("the disk is gone"))
				return
			}
			if !yield(i, err) {
				return
			}
		}
	}
}

// counter is a client that only counts.
type counter struct {
	header               http.Header
	code, bytes, largest int
}

func (w *counter) Header() http.Header  { return w.header }
func (w *counter) WriteHeader(code int) { w.code = code }
func (w *counter) Write(p []byte) (int, error) {
	w.bytes, w.largest = w.bytes+len(p), max(w.largest, len(p))
	return len(p), nil
}
