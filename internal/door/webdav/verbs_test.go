package webdav

import (
	"net/http/httptest"
	"strings"
	"testing"
)

// TestVerbs: every verb with every status that it may have.
func TestVerbs(t *testing.T) {
	const huge = "Second-99999999999999999999999"
	for _, tt := range []struct {
		line, body string
		headers    string // separated by " | "
		want       int
	}{
		{"OPTIONS /", "", "", 200},
		{"OPTIONS /none/x", "", "", 200},
		{"TRACE /s/f", "", "", 405},
		{"POST /s/f", "x", "", 405},
		{"PATCH /s/f", "x", "", 405},

		{"GET /s/f", "", "", 200},
		{"GET /s/d/", "", "", 200},
		{"GET /s/d", "", "", 200},
		{"GET /", "", "", 200},
		{"GET /s/none", "", "", 404},
		{"GET /none/f", "", "", 404},
		{"GET /s/f/g", "", "", 404},
		{"GET /s/%2e%2e/f", "", "", 400},
		{"GET /s/d%2ff", "", "", 400},
		{"GET /s//f", "", "", 400},
		{"GET /s/a%00b", "", "", 400},
		{"GET /s/%ff", "", "", 400},
		{"HEAD /s/f", "", "", 200},
		{"HEAD /s/d/", "", "", 200},
		{"HEAD /s/none", "", "", 404},

		{"PUT /s/new", "x", "", 201},
		{"PUT /s/f", "x", "", 204},
		{"PUT /s/empty", "", "", 201},
		{"PUT /s/none/f", "x", "", 409},
		{"PUT /s/f/g", "x", "", 409},
		{"PUT /s/d", "x", "", 405},
		{"PUT /s/new/", "x", "", 405},
		{"PUT /s", "x", "", 403},
		{"PUT /", "x", "", 405},
		{"PUT /none", "x", "", 403},
		{"PUT /none/f", "x", "", 409},
		{"PUT /s/CON.txt", "x", "", 400},
		{"PUT /s/a%5Cb", "x", "", 400},
		{"PUT /s/" + strings.Repeat("a", 256), "x", "", 400},
		{"PUT /s/" + strings.Repeat("a", 255), "x", "", 201},
		{"PUT /s/f", "ab", "Content-Range: bytes 3-4/10", 400},
		{"PUT /s/f", "x", "Content-Encoding: gzip", 415},
		{"PUT /s/f", "x", "Content-Encoding: identity", 204},
		{"PUT /s/f", "x", "X-Expected-Entity-Length: 2", 400},
		{"PUT /s/f", "x", "X-Expected-Entity-Length: 1", 204},
		{"PUT /s/f", "x", "X-OC-Mtime: yesterday", 400},
		{"PUT /s/f", "x", "X-OC-Mtime: NaN", 400},
		{"PUT /s/f", "x", "X-OC-Mtime: 1e9", 400},
		{"PUT /s/f", "x", "X-OC-Mtime: 99999999999999", 400},
		{"PUT /s/f", "x", "X-OC-Mtime: 1700000000.5", 204},
		{"PUT /s/f", "x", "OC-Checksum: SHA1", 400},
		{"PUT /s/f", "x", "OC-Checksum: SHA1:00", 400},
		{"PUT /s/f", "x", "OC-Checksum: CRC64:00", 204},

		{"MKCOL /s/new", "", "", 201},
		{"MKCOL /s/new/", "", "", 201},
		{"MKCOL /s/new", "<x/>", "", 415},
		{"MKCOL /s/d", "", "", 405},
		{"MKCOL /s/f", "", "", 405},
		{"MKCOL /s/none/d", "", "", 409},
		{"MKCOL /s/f/d", "", "", 409},
		{"MKCOL /none", "", "", 403},
		{"MKCOL /", "", "", 405},

		{"DELETE /s/f", "", "", 204},
		{"DELETE /s/d/", "", "", 204},
		{"DELETE /s/d/", "", "Depth: infinity", 204},
		{"DELETE /s/d/", "", "Depth: 0", 400},
		{"DELETE /s/f", "", "Depth: 0", 204},
		{"DELETE /s/none", "", "", 404},
		{"DELETE /s/._none", "", "", 204},
		{"DELETE /s", "", "", 403},

		{"COPY /s/f", "", "Destination: http://h.example/dav/s/g", 201},
		{"COPY /s/f", "", "Destination: /dav/s/g", 201},
		{"COPY /s/f", "", "Destination: https://H.example:443/dav/s/g", 201},
		{"COPY /s/f", "", "Destination: /dav/s/d/f", 204},
		{"COPY /s/f", "", "Destination: /dav/s/d/f | Overwrite: F", 412},
		{"COPY /s/f", "", "Destination: /dav/s/g | Overwrite: f", 201},
		{"COPY /s/f", "", "Destination: /dav/s/d/f | Overwrite: T", 204},
		{"COPY /s/f", "", "Destination: /dav/s/g | Overwrite: X", 400},
		{"COPY /s/d", "", "Destination: /dav/s/e | Depth: 0", 201},
		{"COPY /s/d", "", "Destination: /dav/s/e | Depth: 1", 400},
		{"COPY /s/d", "", "Destination: /dav/s/d/e", 403},
		{"COPY /s/d", "", "Destination: /dav/s/d", 403},
		{"COPY /s/d", "", "Destination: /dav/s/f", 204},
		{"COPY /s/f", "", "Destination: /dav/s/d", 204},
		{"COPY /s/f", "", "Destination: /dav/other/f", 201},
		{"COPY /s/f", "", "Destination: /dav/none/f", 409},
		{"COPY /s/f", "", "Destination: /dav/none", 403},
		{"COPY /s/none", "", "Destination: /dav/s/g", 404},
		{"COPY /s/f", "", "Destination: /dav/s/none/g", 409},
		{"COPY /s/f", "", "", 400},
		{"COPY /s/f", "", "Destination: g", 400},
		{"COPY /s/f", "", "Destination: http://[", 400},
		{"COPY /s/f", "", "Destination: /dav/s/g#x", 400},
		{"COPY /s/f", "", "Destination: /dav/s/g?x", 400},
		{"COPY /s/f", "", "Destination: /dav/s/%2e%2e/g", 400},
		{"COPY /s/f", "", "Destination: http://elsewhere.example/dav/s/g", 502},
		{"COPY /s/f", "", "Destination: ftp://h.example/dav/s/g", 502},
		{"COPY /s/f", "", "Destination: /etc/passwd", 502},
		{"MOVE /s/f", "", "Destination: /dav/s/g", 201},
		{"MOVE /s/f", "", "Destination: /dav/s/d/f", 204},
		{"MOVE /s/f", "", "Destination: /dav/s/d/f | Overwrite: F", 412},
		{"MOVE /s/d", "", "Destination: /dav/s/d/e", 403},
		{"MOVE /s/d", "", "Destination: /dav/s/e | Depth: 0", 400},
		{"MOVE /s/f", "", "Destination: /dav/other/f", 201},
		{"MOVE /s", "", "Destination: /dav/t", 403},

		{"PROPFIND /s/f", "", "Depth: 0", 207},
		{"PROPFIND /s/", "", "Depth: 1", 207},
		{"PROPFIND /", "", "Depth: 1", 207},
		{"PROPFIND /s/", "", "", 403},
		{"PROPFIND /s/", "", "Depth: infinity", 403},
		{"PROPFIND /s/", "", "Depth: 2", 400},
		{"PROPFIND /s/none", "", "Depth: 0", 404},
		{"PROPFIND /s/none", "", "", 404},
		{"PROPFIND /s/f", "", "", 207},
		{"PROPFIND /s/f", "", "Depth: infinity", 207},
		{"PROPFIND /s/f", "\ufeff" + propfindBody("D:getetag"), "Depth: 0", 207},
		{"PROPFIND /s/f", propfindBody("D:getetag") + "\ufeff", "Depth: 0", 400},
		{"PROPFIND /s/f", "<x", "Depth: 0", 400},
		{"PROPFIND /s/f", "x", "Depth: 0", 400},
		{"PROPFIND /s/f", `<D:propfind xmlns:D="DAV:"/>`, "Depth: 0", 400},
		{"PROPFIND /s/f", `<D:propfind xmlns:D="DAV:"><D:prop/><D:allprop/></D:propfind>`, "Depth: 0", 400},
		{"PROPFIND /s/f", `<D:propfind xmlns:D="DAV:"><D:propname/><D:allprop/></D:propfind>`, "Depth: 0", 400},
		{"PROPFIND /s/f", `<D:propfind xmlns:D="DAV:"><D:prop/></D:propfind>`, "Depth: 0", 207},
		{"PROPFIND /s/f", `<D:propfind xmlns:D="DAV:"><D:prop xmlns:x=""><x:a/></D:prop></D:propfind>`, "Depth: 0", 400},
		{"PROPFIND /s/f", `<D:propfind xmlns:D="DAV:"><D:prop><x:a/></D:prop></D:propfind>`, "Depth: 0", 400},
		{"PROPFIND /s/f", `<!DOCTYPE a [<!ENTITY b "c">]><D:propfind xmlns:D="DAV:"><D:prop>&b;</D:prop></D:propfind>`, "Depth: 0", 400},
		{"PROPFIND /s/f", `<D:propfind xmlns:D="DAV:"><D:prop>` + strings.Repeat("<a/>", 101) + `</D:prop></D:propfind>`, "Depth: 0", 413},
		{"PROPFIND /s/f", `<D:propfind xmlns:D="DAV:"><D:prop>` + strings.Repeat("<a/>", 3000) + `</D:prop></D:propfind>`, "Depth: 0", 400},
		{"PROPFIND /s/f", strings.Repeat("<a>", 100), "Depth: 0", 400},
		{"PROPFIND /s/f", `<a b="` + strings.Repeat("x", maxXML) + `"/>`, "Depth: 0", 413},

		{"PROPPATCH /s/f", proppatchBody("<Z:a>1</Z:a>"), "", 207},
		{"PROPPATCH /s/d", proppatchBody("<Z:a>1</Z:a>"), "", 207},
		{"PROPPATCH /s/none", proppatchBody("<Z:a>1</Z:a>"), "", 404},
		{"PROPPATCH /s", proppatchBody("<Z:a>1</Z:a>"), "", 403},
		{"PROPPATCH /s/f", "", "", 400},
		{"PROPPATCH /s/f", `<D:propertyupdate xmlns:D="DAV:"/>`, "", 400},
		{"PROPPATCH /s/f", `<D:propertyupdate xmlns:D="DAV:"><D:set/></D:propertyupdate>`, "", 400},
		{"PROPPATCH /s/f", `<D:propfind xmlns:D="DAV:"><D:allprop/></D:propfind>`, "", 400},

		{"LOCK /s/f", lockBody("exclusive"), "", 200},
		{"LOCK /s/f", lockBody("shared"), "Depth: 0", 200},
		{"LOCK /s/new", lockBody("exclusive"), "", 201},
		{"LOCK /s/d", lockBody("exclusive"), "Depth: infinity", 200},
		{"LOCK /s/d", lockBody("exclusive"), "Depth: 1", 400},
		{"LOCK /s/f", lockBody("strange"), "", 400},
		{"LOCK /s/f", strings.ReplaceAll(lockBody("exclusive"), "<D:write/>", ""), "", 400},
		{"LOCK /s/f", lockBody("exclusive/><D:shared"), "", 400},
		{"LOCK /s/f", strings.ReplaceAll(lockBody("exclusive"), "hanako", strings.Repeat("h", 5000)), "", 400},
		{"LOCK /s/f", "<x/>", "", 400},
		{"LOCK /s/f", "", "", 400},
		{"LOCK /s/f", lockBody("exclusive"), "Timeout: " + huge, 400},
		{"LOCK /s/f", lockBody("exclusive"), "Timeout: Infinite, Second-4100000000", 200},
		{"LOCK /s/none/f", lockBody("exclusive"), "", 409},
		{"LOCK /s", lockBody("exclusive"), "", 403},
		{"UNLOCK /s/f", "", "", 400},
		{"UNLOCK /s/f", "", "Lock-Token: <>", 400},
		{"UNLOCK /s/f", "", "Lock-Token: urn:x", 400},
		{"UNLOCK /s/f", "", "Lock-Token: <urn:x>", 409},
		{"UNLOCK /s/none", "", "Lock-Token: <urn:x>", 409},
	} {
		name := tt.line
		if tt.headers != "" {
			name += ", " + tt.headers
		}
		t.Run(name, func(t *testing.T) {
			h := newHouse(t).tree()
			var headers []string
			if tt.headers != "" {
				headers = strings.Split(tt.headers, " | ")
			}
			h.do(tt.line, tt.body, headers...).want(tt.want)
			if tt.want >= 400 && h.content("/s/f") != "0123456789" {
				t.Error("what was refused has changed something")
			}
		})
	}
}

func TestOptionsNeedNoLogin(t *testing.T) {
	h := newHouse(t)
	r := h.serve(httptest.NewRequest("OPTIONS", "/dav/s/", nil)).want(200)
	r.header("DAV", "1, 2, 3").header("MS-Author-Via", "DAV").header("Allow", allow)
}

func TestLogin(t *testing.T) {
	h := newHouse(t)
	for _, tt := range []struct {
		user, password string
		want           int
	}{
		{"hanako", secret, 207}, {`WORKGROUP\hanako`, secret, 207}, {"太郎", secret, 207},
		{"hanako", "wrong", 401}, {"nobody", secret, 401}, {"", "", 401}, {"\xff\xfe", secret, 401},
	} {
		r := httptest.NewRequest("PROPFIND", "/dav/s/", nil)
		r.SetBasicAuth(tt.user, tt.password)
		r.Header.Set("Depth", "0")
		got := h.serve(r).want(tt.want)
		if tt.want == 401 {
			got.header("WWW-Authenticate", `Basic realm="Azekura", charset="UTF-8"`)
		}
	}
	h.serve(httptest.NewRequest("GET", "/dav/s/", nil)).want(401)
	h.gate.End("hanako")
	h.do("GET /s/", "").want(401)
}

func TestReadOnly(t *testing.T) {
	h := newHouse(t).tree()
	token := h.token("/s/f")
	h.SetReadOnly("s", true)
	h.do("GET /s/f", "").want(200)
	h.do("PROPFIND /s/", "", "Depth: 1").want(207)
	held := "If: </dav/s/f> (<" + token + ">)"
	for _, line := range []string{"PUT /s/f", "PUT /s/new", "DELETE /s/f", "MKCOL /s/e", "UNLOCK /s/f"} {
		h.do(line, "", "Lock-Token: <"+token+">", held).want(403)
	}
	h.do("MOVE /other/x", "", "Destination: /dav/s/x").want(404)
	h.do("COPY /s/f", "", "Destination: /dav/s/g").want(403)
	h.do("COPY /s/f", "", "Destination: /dav/other/g").want(201)
	h.do("PROPPATCH /s/d", proppatchBody("<Z:a>1</Z:a>")).want(403)
	h.do("LOCK /s/d", lockBody("exclusive")).want(403)
}

// TestNames: a name comes back as it was given, encoded, and a client that decomposes it finds it in its own spelling.
func TestNames(t *testing.T) {
	h := newHouse(t)
	for _, name := range []string{"写真 01.jpg", "a&b", "100% #1+1=2;x,y!$'()@~", "ﾊﾝｶｸ", "髙橋﨑子", "a%20b", "〜.txt"} {
		h.do("PUT "+escaped("/s/"+name), name).want(201)
		h.do("GET "+escaped("/s/"+name), "").want(200).has(name)
		h.do("PROPFIND "+escaped("/s/"+name), "", "Depth: 0").want(207).has("<D:href>/dav/s/"+encode(name)+"</D:href>", "<D:displayname>"+escape(name)+"</D:displayname>")
		h.do("PROPFIND /s/", "", "Depth: 1").want(207).has("<D:href>/dav/s/" + encode(name) + "</D:href>")
		h.do("GET /s/", "").want(200).has(`href="/dav/s/` + encode(name) + `"`)
		h.do("MOVE "+escaped("/s/"+name), "", "Destination: http://h.example/dav"+escaped("/s/"+name+"2")).want(201)
		h.do("DELETE "+escaped("/s/"+name+"2"), "").want(204)
	}

	nfc, nfd := "がくせい", "か\u3099くせい"
	h.do("MKCOL "+escaped("/s/"+nfc), "").want(201)
	h.do("PUT "+escaped("/s/"+nfc+"/"+nfc), "1").want(201)
	h.do("PUT "+escaped("/s/"+nfd+"/"+nfd), "2").want(204)
	r := h.do("PROPFIND "+escaped("/s/"+nfd), "", "Depth: 1").want(207)
	r.has("<D:href>/dav/s/"+encode(nfd)+"/</D:href>", "<D:href>/dav/s/"+encode(nfd)+"/"+encode(nfc)+"</D:href>")
	if n := strings.Count(r.Body.String(), "<D:response>"); n != 2 {
		t.Errorf("%d entries, want the directory and one file", n)
	}
	h.do("MKCOL "+escaped("/s/"+nfd), "").want(405)
	h.do("MOVE "+escaped("/s/"+nfc+"/"+nfc), "", "Destination: /dav"+escaped("/s/"+nfc+"/"+nfd)).want(204)
	h.do("PROPFIND "+escaped("/s/"+nfc), "", "Depth: 1").want(207).has(encode(nfc) + "/" + encode(nfd) + "</D:href>")
	h.do("DELETE "+escaped("/s/"+nfc+"/"+nfc), "").want(204)
}
