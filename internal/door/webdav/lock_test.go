package webdav

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

func ifToken(token string) string { return "If: (<" + token + ">)" }

func TestLock(t *testing.T) {
	h := newHouse(t).tree()
	r := h.do("LOCK /s/f", lockBody("exclusive"), "Timeout: Second-100", "Depth: 0").want(200)
	token := strings.Trim(r.Header().Get("Lock-Token"), "<>")
	if !strings.HasPrefix(token, "urn:uuid:") {
		t.Errorf("token %q", token)
	}
	r.has("<D:timeout>Second-100</D:timeout>", "<D:depth>0</D:depth>", "<D:exclusive/>", "<D:href>"+token+"</D:href>",
		"<D:lockroot><D:href>/dav/s/f</D:href></D:lockroot>", `<D:owner><href xmlns="DAV:">mailto:hanako@example.jp</href></D:owner>`)
	h.do("PROPFIND /s/f", propfindBody("D:lockdiscovery"), "Depth: 0").want(207).has(token)

	// Everybody sees it, and it is honoured on every verb.
	for _, user := range []string{"hanako", "太郎"} {
		h.user = user
		for _, line := range []string{"PUT /s/f", "DELETE /s/f", "PROPPATCH /s/f", "MOVE /s/f", "COPY /s/d/f", "MOVE /s/d/f", "LOCK /s/f"} {
			body := map[string]string{"PROPPATCH /s/f": proppatchBody("<Z:a/>"), "LOCK /s/f": lockBody("shared")}[line]
			to := "Destination: /dav/s/x"
			if strings.Contains(line, "/d/f") {
				to = "Destination: /dav/s/f"
			}
			element := "lock-token-submitted"
			if strings.HasPrefix(line, "LOCK") {
				element = "no-conflicting-lock"
			}
			h.do(line, body, to).want(423).has("<D:" + element + "><D:href>/dav/s/")
		}
		h.do("GET /s/f", "").want(200)
		h.do("COPY /s/f", "", "Destination: /dav/s/copy-of-"+fmt.Sprintf("%x", user)).want(201)
	}
	h.do("PUT /s/f", "x", ifToken(token)).want(423) // a token of another account
	h.do("UNLOCK /s/f", "", "Lock-Token: <"+token+">").want(403)
	h.user = "hanako"
	h.do("PUT /s/f", "mine", ifToken(token)).want(204)
	h.do("PROPPATCH /s/f", proppatchBody("<Z:a/>"), ifToken(token)).want(207)
	h.do("UNLOCK /s/d", "", "Lock-Token: <"+token+">").want(409).has("lock-token-matches-request-uri")
	h.do("UNLOCK /s/f", "", "Lock-Token: <"+token+">").want(204)
	h.do("UNLOCK /s/f", "", "Lock-Token: <"+token+">").want(409)
	h.do("PUT /s/f", "x", ifToken(token)).want(412)
	h.do("PUT /s/f", "x").want(204)
}

func TestLockEnds(t *testing.T) {
	h := newHouse(t).tree()
	for _, tt := range []struct {
		header string
		want   time.Duration
	}{
		{"", defaultTTL}, {"Timeout: Second-5", 5 * time.Second}, {"Timeout: Infinite", maxTTL}, {"Timeout: Second-0", time.Second},
		{"Timeout: Second-4294967295", maxTTL}, {"Timeout: Extend-1, Second-7", 7 * time.Second}, {"Timeout: Infinite, Second-7", maxTTL},
	} {
		var headers []string
		if tt.header != "" {
			headers = append(headers, tt.header)
		}
		token := h.token("/s/f", headers...)
		h.at = h.at.Add(tt.want - time.Second/2)
		h.do("PUT /s/f", "x").want(423)
		r := h.do("LOCK /s/f", "", ifToken(token), "Timeout: Second-60").want(200).has("<D:timeout>Second-60</D:timeout>")
		if r.Header().Get("Lock-Token") != "" {
			t.Error("a refresh makes no token")
		}
		h.at = h.at.Add(59 * time.Second)
		h.do("PUT /s/f", "x").want(423)
		h.at = h.at.Add(2 * time.Second)
		h.do("PUT /s/f", "x").want(204)
		h.do("LOCK /s/f", "", ifToken(token)).want(412)
	}
	token := h.token("/s/f")
	other := h.token("/s/d")
	h.do("LOCK /s/f", "", "If: (<"+token+">) (<"+other+">)").want(400) // which of them?
	h.do("LOCK /s/f", "", "If: (Not <"+other+">)").want(400)
	h.do("LOCK /s/f", "", `If: (<`+token+`> ["x"])`).want(412)
}

func TestSharedLock(t *testing.T) {
	h := newHouse(t).tree()
	lock := func(want int) string {
		t.Helper()
		return strings.Trim(h.do("LOCK /s/f", lockBody("shared")).want(want).Header().Get("Lock-Token"), "<>")
	}
	mine := lock(200)
	h.user = "太郎"
	theirs := lock(200)
	h.do("LOCK /s/f", lockBody("exclusive")).want(423)
	h.do("PUT /s/f", "x").want(423)
	h.do("PUT /s/f", "x", ifToken(mine)).want(423)
	h.do("PUT /s/f", "x", ifToken(theirs)).want(204)
	h.do("PROPFIND /s/f", propfindBody("D:lockdiscovery"), "Depth: 0").has(mine, theirs)
	h.do("UNLOCK /s/f", "", "Lock-Token: <"+theirs+">").want(204)
	h.user = "hanako"
	h.do("DELETE /s/f", "", ifToken(mine)).want(204)
}

func TestDirectoryLock(t *testing.T) {
	h := newHouse(t).tree()
	deep := h.token("/s/d", "Depth: infinity")
	h.do("PUT /s/d/f", "x").want(423).has("<D:href>/dav/s/d</D:href>")
	h.do("PUT /s/d/new", "x").want(423)
	h.do("LOCK /s/d/f", lockBody("exclusive")).want(423).has("no-conflicting-lock", "<D:href>/dav/s/d</D:href>")
	h.do("PUT /s/d/f", "x", "If: </dav/s/d> (<"+deep+">)").want(204)
	h.do("PUT /s/d/f", "x", "If: <http://h.example/dav/s/d/> (<"+deep+">)").want(204)
	h.do("PUT /s/d/new", "x", ifToken(deep)).want(201)
	h.do("PROPFIND /s/d/f", propfindBody("D:lockdiscovery"), "Depth: 0").has(deep)
	h.do("UNLOCK /s/d/f", "", "Lock-Token: <"+deep+">").want(204)

	inner := h.token("/s/d/f")
	h.do("LOCK /s/d", lockBody("exclusive"), "Depth: infinity").want(423)
	h.do("DELETE /s/d", "").want(423)
	h.do("MOVE /s/d", "", "Destination: /dav/s/e").want(423)
	h.do("MOVE /s/d", "", "Destination: /dav/s/e", "If: </dav/s/d/f> (<"+inner+">)").want(201)
	h.do("PUT /s/e/f", "x").want(204) // the lock has ended: it does not move (RFC 4918 section 7.5)
	h.do("PROPFIND /s/e/f", propfindBody("D:lockdiscovery"), "Depth: 0").hasNot("activelock")
}

// TestLocksInTheWay: an answer of 423 names the locks whose tokens are missing, and no others.
func TestLocksInTheWay(t *testing.T) {
	h := newHouse(t).tree()
	token := h.token("/s/f")
	h.token("/s/d/f")
	both := []string{"<D:href>/dav/s/f</D:href>", "<D:href>/dav/s/d/f</D:href>"}
	h.do("MOVE /s/f", "", "Destination: /dav/s/d/f").want(423).has(both...)
	h.do("MOVE /s/f", "", "Destination: /dav/s/d/f", ifToken(token)).want(423).has(both[1]).hasNot(both[0])
	h.do("COPY /s/f", "", "Destination: /dav/s/d/f").want(423).has(both[1]).hasNot(both[0])
	h.do("DELETE /s/d/", "").want(423).has("<D:href>/dav/s/d/</D:href>")
	h.user = "太郎"
	h.do("DELETE /s/f", "", ifToken(token)).want(423).has(both[0])
}

// TestLockOnNothing: a lock where nothing stands makes a file without content, which is no version.
func TestLockOnNothing(t *testing.T) {
	h := newHouse(t).tree()
	token := strings.Trim(h.do("LOCK /s/new.docx", lockBody("exclusive")).want(201).Header().Get("Lock-Token"), "<>")
	h.do("HEAD /s/new.docx", "").want(200).header("Content-Length", "0")
	h.do("PUT /s/new.docx", "x").want(423)
	h.do("PUT /s/new.docx", "x", ifToken(token)).want(204)
	if i, err := h.files().Stat(t.Context(), "/s/new.docx"); err != nil || i.Number != 1 {
		t.Errorf("%+v %v: want the first version", i, err)
	}
	h.do("DELETE /s/new.docx", "", ifToken(token)).want(204)
	h.do("PUT /s/new.docx", "x").want(201)
}

func TestIf(t *testing.T) {
	h := newHouse(t).tree()
	token, tag := h.token("/s/f"), h.do("HEAD /s/f", "").Header().Get("ETag")
	const none = "<urn:uuid:00000000-0000-4000-8000-000000000000>"
	own := "<" + token + ">"
	for _, tt := range []struct {
		header string
		want   int
	}{
		{"(" + own + ")", 207},
		{"(" + own + " [" + tag + "])", 207},
		{"(" + own + `["x"])`, 412},
		{"(" + none + ") (" + own + ")", 207},
		{"(" + none + ")(" + own + ")", 207},
		{"(" + none + ")", 412},
		{"(Not " + none + ") (" + own + ")", 207},
		{"(Not " + own + ") (" + own + ")", 207},
		{"(NOT\t" + own + ")", 412},
		{"(Not " + none + ")", 423}, // it holds, but presents nothing
		{`(Not ["x"]) (` + own + ")", 207},
		{"([" + tag + "])", 423},
		{"([W/" + tag + "])", 412},
		{"</dav/s/f> (" + own + ")", 207},
		{"<http://h.example/dav/s/f> (" + own + ")", 207},
		{"<http://h.example:80/dav/s/f>(" + own + ")", 207},
		{"<http://elsewhere.example/dav/s/f> (" + own + ")", 412},
		{"</dav/s/d> (" + own + ") </dav/s/f> (" + own + ")", 207},
		{"</dav/s/d> (Not " + own + ")", 423},
		{"</dav/s/d> (Not " + none + ") (" + own + ")", 207},
		{"</dav/s/none> (Not [\"x\"])  </dav/s/f> (" + own + ")", 207},
		{"</etc/passwd> (" + own + ")", 412},
		{"(" + own + ") </dav/s/f> (" + own + ")", 400},
		{"()", 400}, {"(", 400}, {"(" + own, 400}, {own, 400}, {own + own, 400}, {"(<>)", 400}, {"([])", 400}, {"([x])", 400}, {"(Not)", 400},
		{`("x")`, 400}, {"(" + own + ") x", 400}, {"no", 400},
		{strings.Repeat("("+none+")", 100) + "(" + own + ")", 207},
		{strings.Repeat("("+none+")", 1000), 400},
	} {
		h.do("PROPPATCH /s/f", proppatchBody("<Z:a/>"), "If: "+tt.header).want(tt.want)
	}
	h.do("PUT /s/new", "x", `If: (["x"])`).want(412)
	h.do("PUT /s/new", "x", `If: (Not ["x"])`).want(201)
	h.do("MOVE /s/d/f", "", "Destination: /dav/s/f", "If: </dav/s/f> ("+own+")").want(204)
}
