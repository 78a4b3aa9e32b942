package webdav

import (
	"encoding/xml"
	"errors"
	"io"
	"net/http"
	"strings"
	"unicode/utf8"
)

// element is a parsed XML element. Trees are small: the body, their number and their depth are bounded.
type element struct {
	xml.Name
	Lang  string // xml:lang
	Attrs []xml.Attr
	Kids  []*element
	Text  string // character data directly inside
	inner string // everything inside, as XML that stands for itself
}

var errXML = status(http.StatusBadRequest, "the XML of the request is malformed")

// parseXML reads a bounded document. nil without an error means an empty body.
func parseXML(body io.Reader) (*element, error) {
	r := &io.LimitedReader{R: body, N: maxXML + 1}
	d := xml.NewDecoder(r)
	d.Strict = true
	d.Entity = nil // only the five that XML itself has
	left := maxElements
	for {
		t, err := d.Token()
		if r.N <= 0 {
			return nil, status(http.StatusRequestEntityTooLarge, "the XML of the request is too large")
		}
		if err == io.EOF {
			return nil, nil
		}
		if err != nil {
			return nil, errXML
		}
		switch t := t.(type) {
		case xml.Directive:
			return nil, status(http.StatusBadRequest, "document types are not accepted")
		case xml.CharData:
			if strings.TrimSpace(string(t)) != "" {
				return nil, errXML
			}
		case xml.StartElement:
			e, err := parseElement(d, t, &left, maxDepth)
			if err == nil {
				err = parseRest(d)
			}
			if r.N <= 0 {
				return nil, status(http.StatusRequestEntityTooLarge, "the XML of the request is too large")
			}
			if err != nil {
				return nil, errXML
			}
			return e, nil
		}
	}
}

// parseRest sees to it that nothing but space and comments follows.
func parseRest(d *xml.Decoder) error {
	for {
		switch t, err := d.Token(); t := t.(type) {
		case nil:
			if err == io.EOF {
				return nil
			}
			return err
		case xml.CharData:
			if strings.TrimSpace(string(t)) != "" {
				return errXML
			}
		case xml.Comment, xml.ProcInst:
		default:
			return errXML
		}
	}
}

func parseElement(d *xml.Decoder, start xml.StartElement, left *int, depth int) (*element, error) {
	if *left--; *left < 0 || depth == 0 {
		return nil, errors.New("too many elements")
	}
	e := &element{Name: start.Name}
	for _, a := range start.Attr {
		switch {
		case a.Name.Space == "xmlns" && a.Value == "": // Namespaces in XML 1.0 section 2.2: a prefix cannot be undeclared
			return nil, errXML
		case a.Name.Space == "xmlns" || a.Name.Local == "xmlns":
		case a.Name.Space == "http://www.w3.org/XML/1998/namespace" || a.Name.Space == "xml":
			if a.Name.Local == "lang" {
				e.Lang = a.Value
			}
		default:
			e.Attrs = append(e.Attrs, a)
		}
	}
	var text, inner strings.Builder
	for {
		t, err := d.Token()
		if err != nil {
			return nil, err
		}
		switch t := t.(type) {
		case xml.CharData:
			text.Write(t)
			inner.WriteString(escape(string(t)))
		case xml.StartElement:
			kid, err := parseElement(d, t, left, depth-1)
			if err != nil {
				return nil, err
			}
			e.Kids = append(e.Kids, kid)
			kid.write(&inner)
		case xml.Directive:
			return nil, errXML
		case xml.EndElement:
			e.Text, e.inner = text.String(), inner.String()
			return e, nil
		}
	}
}

// write writes the element so that it means the same wherever it stands: each with its own namespace.
func (e *element) write(w *strings.Builder) {
	w.WriteString("<" + e.Local + ` xmlns="` + escape(e.Space) + `"`)
	for i, a := range e.Attrs {
		if a.Name.Space == "" {
			w.WriteString(" " + a.Name.Local + `="` + escape(a.Value) + `"`)
			continue
		}
		p := "a" + string(rune('a'+i%26))
		w.WriteString(" xmlns:" + p + `="` + escape(a.Name.Space) + `" ` + p + ":" + a.Name.Local + `="` + escape(a.Value) + `"`)
	}
	w.WriteString(">" + e.inner + "</" + e.Local + ">")
}

// kid returns the first child of that name in the DAV: namespace, or nil.
func (e *element) kid(local string) *element {
	for _, k := range e.Kids {
		if k.Space == "DAV:" && k.Local == local {
			return k
		}
	}
	return nil
}

func (e *element) is(local string) bool { return e != nil && e.Space == "DAV:" && e.Local == local }

// escape makes text of any bytes that XML can hold.
func escape(s string) string {
	if !utf8.ValidString(s) || strings.ContainsAny(s, "<>&\"'\r") || strings.ContainsFunc(s, func(r rune) bool { return r < 0x20 && r != '\n' && r != '\t' }) {
		var b strings.Builder
		xml.EscapeText(&b, []byte(s))
		return b.String()
	}
	return s
}
