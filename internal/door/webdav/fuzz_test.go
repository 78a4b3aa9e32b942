package webdav

import (
	"encoding/xml"
	"fmt"
	"io"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/azekura/azekura/internal/lang"
	"github.com/azekura/azekura/internal/pathname"
)

// wrapped returns properties as they stand in an answer.
func wrapped(write func(b *strings.Builder)) string {
	var b strings.Builder
	b.WriteString(openMultistatus + "<D:response><D:href>/</D:href><D:propstat><D:prop>")
	write(&b)
	b.WriteString("</D:prop><D:status>HTTP/1.1 200 OK</D:status></D:propstat></D:response></D:multistatus>")
	return b.String()
}

// wellFormed fails unless the standard library reads what we write.
func wellFormed(t *testing.T, s string) {
	t.Helper()
	d := xml.NewDecoder(strings.NewReader(s))
	for {
		if _, err := d.Token(); err == io.EOF {
			return
		} else if err != nil {
			t.Fatalf("we write what nobody can read: %v\n%s", err, s)
		}
	}
}

// FuzzPropfind: what a PROPFIND asks for is the same after it has been written and read again, and its answer is XML.
func FuzzPropfind(f *testing.F) {
	for _, s := range []string{
		"", propfindBody("D:getetag", "oc:checksums"), `<propfind xmlns="DAV:"><allprop/><include><x xmlns="urn:y"/></include></propfind>`,
		`<D:propfind xmlns:D="DAV:"><D:propname/></D:propfind>`, `<D:propfind xmlns:D="DAV:"><D:prop><D:a xmlns:D=""/></D:prop></D:propfind>`,
		`<?xml version="1.0" encoding="utf-8"?><!-- c --><propfind xmlns='DAV:'><prop><a:b xmlns:a="&quot;&lt;"/></prop></propfind>`,
		`<!DOCTYPE x [<!ENTITY y "z">]><propfind xmlns="DAV:"/>`, "<a><a><a>", "\xff\xfe<\x00", `<propfind xmlns="DAV:"><prop><é xmlns="ü"/></prop></propfind>`,
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, body string) {
		w, err := parsePropfind(strings.NewReader(body))
		if err != nil {
			return
		}
		var inner strings.Builder
		for _, n := range w.names {
			writeProp(&inner, n, "", "")
		}
		again := `<D:propfind xmlns:D="DAV:" xmlns:oc="` + owncloud + `">`
		switch {
		case w.only:
			again += "<D:propname/>"
		case w.all:
			again += "<D:allprop/><D:include>" + inner.String() + "</D:include>"
		default:
			again += "<D:prop>" + inner.String() + "</D:prop>"
		}
		got, err := parsePropfind(strings.NewReader(again + "</D:propfind>"))
		if err != nil || !reflect.DeepEqual(got, w) {
			t.Fatalf("%q is read as %+v, written as %s and read as %+v, %v", body, w, again, got, err)
		}
		wellFormed(t, wrapped(func(b *strings.Builder) { b.WriteString(inner.String()) }))
	})
}

// FuzzProppatch: a value comes back with the same meaning, however often it is read and set again.
func FuzzProppatch(f *testing.F) {
	for _, s := range []string{
		proppatchBody("<Z:a>1</Z:a>"), proppatchBody(`<Z:a xml:lang="ja"><b xmlns="c" d="e" Z:f="g">&amp;<!-- c -->]]&gt;</b></Z:a>`),
		`<propertyupdate xmlns="DAV:"><remove><prop><x/></prop></remove><set xml:lang="en"><prop><y xmlns="">` + "\r\n\t" + `</y></prop></set></propertyupdate>`,
		proppatchBody("<D:getlastmodified>Tue, 14 Nov 2023 22:13:20 GMT</D:getlastmodified>"), proppatchBody("<Z:a>&b;</Z:a>"),
		proppatchBody("<Z:a><![CDATA[<x>]]><?lang x?></Z:a>"), proppatchBody(`<Z:a xml:lang="a?>b"/>`), proppatchBody(`<a xmlns:n0="1" n0:x="y"><b xmlns:xml="2"/></a>`), "x",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, body string) {
		patches, err := parseProppatch(strings.NewReader(body))
		if err != nil {
			return
		}
		props, _, refused := apply(nil, patches)
		if len(refused) > 0 {
			return
		}
		if len(props) > maxProps {
			t.Fatalf("%d properties", len(props))
		}
		for _, p := range props {
			value, lang := splitLang(p.Value)
			n := xml.Name{Space: p.Space, Local: p.Name}
			wellFormed(t, wrapped(func(b *strings.Builder) { writeProp(b, n, value, lang) }))
			var b strings.Builder
			b.WriteString(`<D:propertyupdate xmlns:D="DAV:" xmlns:oc="` + owncloud + `"><D:set><D:prop>`)
			writeProp(&b, n, value, lang)
			b.WriteString("</D:prop></D:set></D:propertyupdate>")
			again, err := parseProppatch(strings.NewReader(b.String()))
			if err != nil {
				if b.Len() > maxXML/2 || len(value) > maxXML/8 { // written out, it may be larger or deeper than what came
					return
				}
				t.Fatalf("%q is written as %s: %v", body, &b, err)
			}
			if len(again) != 1 || again[0].name != n || again[0].value != p.Value {
				t.Fatalf("%q is kept as %q, and after another turn as %q", body, p.Value, again[0].value)
			}
		}
	})
}

// FuzzLockInfo: an owner is shown as XML that stands for itself.
func FuzzLockInfo(f *testing.F) {
	for _, s := range []string{
		lockBody("exclusive"), lockBody("shared"), strings.ReplaceAll(lockBody("shared"), "mailto:", "&lt;\t髙&amp;"),
		`<lockinfo xmlns="DAV:"><lockscope><exclusive/></lockscope><locktype><write/></locktype><owner>hanako</owner></lockinfo>`,
		`<lockinfo xmlns="DAV:"><lockscope/><locktype/></lockinfo>`, "", "<",
	} {
		f.Add(s)
	}
	c := &call{door: &door{Config: Config{Now: time.Now}}}
	f.Fuzz(func(t *testing.T, body string) {
		e, err := parseXML(strings.NewReader(body))
		if err != nil || e == nil {
			return
		}
		l, err := parseLockInfo(e)
		if err != nil {
			return
		}
		active := c.activeLock(l)
		wellFormed(t, wrapped(func(b *strings.Builder) { b.WriteString(active) }))
		if l.Owner == "" {
			return
		}
		again, err := parseXML(strings.NewReader(`<owner xmlns="DAV:">` + l.Owner + `</owner>`))
		if err != nil || strings.TrimSpace(again.inner()) != l.Owner {
			t.Fatalf("%q has the owner %q, read again %v %v", body, l.Owner, again, err)
		}
	})
}

// formatIf writes an If header.
func formatIf(lists []ifList) string {
	var b strings.Builder
	for _, l := range lists {
		if l.resource != "" {
			b.WriteString("<" + l.resource + ">")
		}
		b.WriteString("(")
		for _, c := range l.all {
			if c.not {
				b.WriteString("Not ")
			}
			if c.token != "" {
				b.WriteString("<" + c.token + ">")
			} else {
				b.WriteString("[" + c.etag + "]")
			}
		}
		b.WriteString(")")
	}
	return b.String()
}

func FuzzIfHeader(f *testing.F) {
	for _, s := range []string{
		"(<urn:uuid:1>)", `(<a> ["b"])(Not<c>[W/"d]e"])`, `<http://h/x> (<a>) (["b"]) </y>(Not ["c"])`, "(<DAV:no-lock>)", "()", "(<>)", `(["])`, `([""])`, "<a>", "Not", "((", "",
	} {
		f.Add(s)
	}
	h := newHouse(f).tree()
	f.Fuzz(func(t *testing.T, header string) {
		lists, err := parseIf(header)
		if err == nil {
			again, err := parseIf(formatIf(lists))
			if err != nil || !reflect.DeepEqual(again, lists) {
				t.Fatalf("%q is read as %+v, written as %q and read as %+v, %v", header, lists, formatIf(lists), again, err)
			}
		}
		r := httptest.NewRequest("PUT", "/dav/s/f", strings.NewReader("x"))
		r.SetBasicAuth("hanako", secret)
		r.Header["If"] = []string{header}
		switch code := h.serve(r).Code; {
		case header == "" && code == 204, err != nil && code == 400, err == nil && (code == 204 || code == 412):
		default:
			t.Fatalf("%q, which parses with %v, is answered with %d", header, err, code)
		}
	})
}

// FuzzRange: whatever is asked for, what comes is a piece of the file, or all of it, or 416.
func FuzzRange(f *testing.F) {
	for _, s := range []string{"bytes=0-4", "bytes=-3", "bytes=5-", "bytes=0-1,8-9", "bytes=9-1", "bytes=,", "lines=1", "bytes=18446744073709551616-", "bytes=--1", "\x00"} {
		f.Add(s)
	}
	h := newHouse(f).tree()
	const content = "0123456789"
	f.Fuzz(func(t *testing.T, header string) {
		r := httptest.NewRequest("GET", "/dav/s/f", nil)
		r.SetBasicAuth("hanako", secret)
		r.Header["Range"] = []string{header}
		got := h.serve(r)
		body := got.Body.String()
		switch got.Code {
		case 200:
			if body != content {
				t.Fatalf("%q: %q", header, body)
			}
		case 206:
			if strings.HasPrefix(got.Header().Get("Content-Type"), "multipart/") {
				return
			}
			var from, to, size int
			if _, err := fmt.Sscanf(got.Header().Get("Content-Range"), "bytes %d-%d/%d", &from, &to, &size); err != nil || size != len(content) || content[from:to+1] != body {
				t.Fatalf("%q: %q is %q", header, got.Header().Get("Content-Range"), body)
			}
		case 416:
		default:
			t.Fatalf("%q: status %d", header, got.Code)
		}
	})
}

// FuzzDestination: a Destination names something of this door, or is refused; and an href that the door writes leads
// back to the same name.
func FuzzDestination(f *testing.F) {
	for _, s := range []string{"/dav/s/g", "http://h.example/dav/s/%E3%81%8C", "http://H.example:80/dav/", "http://other/dav/s", "//h.example/dav/s", "/dav/../etc", "/dav/s/a%2fb", "/dav", "http://[::1", "mailto:x", "/dav/s/か\u3099", "/dav/s/%"} {
		f.Add(s)
	}
	c := &call{door: New(Config{Prefix: "/dav"}).(*door), r: httptest.NewRequest("MOVE", "http://h.example/dav/s/f", nil), name: "/s/f"}
	f.Fuzz(func(t *testing.T, header string) {
		name, err := c.reference(header)
		if err != nil {
			if code, text, _ := c.describe(lang.English, err); code != 400 && code != 502 || len(text) < 10 {
				t.Fatalf("%q: %d %s", header, code, text)
			}
			return
		}
		if clean, err := pathname.Parse(string(name)); err != nil || clean != name {
			t.Fatalf("%q names %q: %v", header, name, err)
		}
		again, err := c.reference(c.href(name, false))
		if err != nil || again != name && pathname.Key(string(again)) != pathname.Key(string(name)) {
			t.Fatalf("%q names %q, whose href %s names %q, %v", header, name, c.href(name, false), again, err)
		}
	})
}
