package webdav

import (
	"encoding/xml"
	"errors"
	"io"
	"maps"
	"net/http"
	"strconv"
	"strings"
	"unicode/utf8"
)

const xmlHead = `<?xml version="1.0" encoding="utf-8"?>` + "\n"

const xmlSpace = "http://www.w3.org/XML/1998/namespace"

// element is a parsed XML element. Trees are small: the body, their number and their depth are bounded.
type element struct {
	xml.Name
	attrs []xml.Attr // without declarations of namespaces
	all   []any      // what is inside: *element, string
}

var errXML = refuse(http.StatusBadRequest, "dav.xml")

// parser reads a document. It resolves namespaces itself, because encoding/xml takes a prefix that nobody
// has declared for a namespace.
type parser struct {
	*xml.Decoder
	left int // elements that may still come
}

// parseXML reads a bounded document. nil without an error means an empty body.
func parseXML(body io.Reader) (*element, error) {
	r := &io.LimitedReader{R: body, N: maxXML + 1}
	p := &parser{xml.NewDecoder(r), maxElements}
	e, err := p.document()
	switch {
	case r.N <= 0:
		return nil, refuse(http.StatusRequestEntityTooLarge, "dav.xml-large")
	case err != nil:
		return nil, errXML
	}
	return e, nil
}

// document reads the one root element. Document types, and with them entities, are refused.
func (p *parser) document() (root *element, err error) {
	for {
		t, err := p.RawToken()
		if err == io.EOF {
			return root, nil
		}
		if err != nil {
			return nil, err
		}
		switch t := t.(type) {
		case xml.CharData:
			text := string(t)
			if root == nil { // what is written with .NET begins with a byte order mark
				text = strings.TrimPrefix(text, "\ufeff")
			}
			if strings.TrimSpace(text) != "" {
				return nil, errors.New("text outside of the root")
			}
		case xml.StartElement:
			if root != nil {
				return nil, errors.New("two roots")
			}
			if root, err = p.element(t, map[string]string{"xml": xmlSpace}, maxDepth); err != nil {
				return nil, err
			}
		case xml.Comment, xml.ProcInst:
		default:
			return nil, errors.New("document type or end of nothing")
		}
	}
}

// element reads an element to its end. spaces are the prefixes that hold outside of it.
func (p *parser) element(start xml.StartElement, spaces map[string]string, depth int) (*element, error) {
	if p.left--; p.left < 0 || depth == 0 {
		return nil, errors.New("too many elements")
	}
	spaces, err := declare(start.Attr, spaces)
	if err != nil {
		return nil, err
	}
	e := &element{}
	if e.Name, err = resolve(start.Name, spaces, spaces[""]); err != nil {
		return nil, err
	}
	seen := make(map[xml.Name]bool)
	for _, a := range start.Attr {
		if declares(a) {
			continue
		}
		if a.Name, err = resolve(a.Name, spaces, ""); err != nil {
			return nil, err
		}
		if seen[a.Name] {
			return nil, errors.New("an attribute comes twice")
		}
		seen[a.Name] = true
		e.attrs = append(e.attrs, a)
	}
	for {
		t, err := p.RawToken()
		if err != nil {
			return nil, err
		}
		switch t := t.(type) {
		case xml.CharData:
			e.all = append(e.all, string(t))
		case xml.StartElement:
			kid, err := p.element(t, spaces, depth-1)
			if err != nil {
				return nil, err
			}
			e.all = append(e.all, kid)
		case xml.EndElement:
			if t.Name != start.Name {
				return nil, errors.New("an element ends that has not begun")
			}
			return e, nil
		case xml.Directive:
			return nil, errors.New("a directive")
		}
	}
}

func declares(a xml.Attr) bool {
	return a.Name.Space == "xmlns" || a.Name.Space == "" && a.Name.Local == "xmlns"
}

// declare adds the namespaces that an element declares.
func declare(attrs []xml.Attr, spaces map[string]string) (map[string]string, error) {
	own := false
	for _, a := range attrs {
		if !declares(a) {
			continue
		}
		prefix := a.Name.Local
		if a.Name.Space == "" {
			prefix = ""
		}
		switch {
		case prefix != "" && a.Value == "": // Namespaces in XML 1.0 section 2.2: a prefix cannot be undeclared
			return nil, errors.New("an empty namespace")
		case prefix == "xmlns", (prefix == "xml") != (a.Value == xmlSpace), a.Value == "http://www.w3.org/2000/xmlns/", len(a.Value) > maxSpace:
			return nil, errors.New("a namespace that cannot be declared")
		}
		if !own {
			spaces, own = maps.Clone(spaces), true
		}
		spaces[prefix] = a.Value
	}
	return spaces, nil
}

// resolve replaces a prefix by its namespace.
func resolve(n xml.Name, spaces map[string]string, without string) (xml.Name, error) {
	if n.Local == "" || strings.Contains(n.Local, ":") {
		return n, errors.New("not a name")
	}
	if n.Space == "" {
		return xml.Name{Space: without, Local: n.Local}, nil
	}
	space, ok := spaces[n.Space]
	if !ok {
		return n, errors.New("a prefix that stands for nothing")
	}
	if !standsAlone(n.Local) {
		return n, errors.New("not a name")
	}
	return xml.Name{Space: space, Local: n.Local}, nil
}

// standsAlone reports whether what follows a prefix is a name without it: we write names with default namespaces.
// encoding/xml looks only at the whole.
func standsAlone(local string) bool {
	if c := local[0] | 0x20; 'a' <= c && c <= 'z' {
		return true
	}
	_, err := xml.NewDecoder(strings.NewReader("<" + local + "/>")).RawToken()
	return err == nil
}

// kids returns the elements directly inside.
func (e *element) kids() (all []*element) {
	for _, k := range e.all {
		if k, ok := k.(*element); ok {
			all = append(all, k)
		}
	}
	return all
}

// kid returns the first child of that name in the DAV: namespace, or nil.
func (e *element) kid(local string) *element {
	for _, k := range e.kids() {
		if k.is(local) {
			return k
		}
	}
	return nil
}

// is reports whether e is the element of that name in the DAV: namespace.
func (e *element) is(local string) bool { return e != nil && e.Space == dav && e.Local == local }

// text returns the character data directly inside, without the space around it.
func (e *element) text() string {
	var b strings.Builder
	for _, k := range e.all {
		if s, ok := k.(string); ok {
			b.WriteString(s)
		}
	}
	return strings.TrimSpace(b.String())
}

// lang returns the xml:lang of the element itself, or "".
func (e *element) lang() string {
	for _, a := range e.attrs {
		if a.Name == (xml.Name{Space: xmlSpace, Local: "lang"}) {
			return a.Value
		}
	}
	return ""
}

// inner returns what is inside as XML that means the same wherever it stands: each element with its own namespaces.
func (e *element) inner() string {
	var b strings.Builder
	e.writeInner(&b)
	return b.String()
}

func (e *element) writeInner(b *strings.Builder) {
	for _, k := range e.all {
		switch k := k.(type) {
		case string:
			b.WriteString(escape(k))
		case *element:
			k.write(b)
		}
	}
}

func (e *element) write(b *strings.Builder) {
	b.WriteString("<" + e.Local + ` xmlns="` + escape(e.Space) + `"`)
	for i, a := range e.attrs {
		name := a.Name.Local
		switch a.Name.Space {
		case "":
		case xmlSpace:
			name = "xml:" + name
		default:
			prefix := "n" + strconv.Itoa(i)
			b.WriteString(" xmlns:" + prefix + `="` + escape(a.Name.Space) + `"`)
			name = prefix + ":" + name
		}
		b.WriteString(" " + name + `="` + escape(a.Value) + `"`)
	}
	b.WriteByte('>')
	e.writeInner(b)
	b.WriteString("</" + e.Local + ">")
}

// escape makes XML text of a string; what XML cannot hold becomes U+FFFD.
func escape(s string) string {
	plain := utf8.ValidString(s)
	for _, r := range s {
		if r < 0x20 && r != '\n' && r != '\t' || strings.ContainsRune("<>&\"'\ufffe\uffff", r) {
			plain = false
		}
	}
	if plain {
		return s
	}
	var b strings.Builder
	xml.EscapeText(&b, []byte(s)) // a strings.Builder does not fail
	return b.String()
}
