package webdav

import (
	"bufio"
	"encoding/xml"
	"io"
	"net/http"
	"slices"
	"strings"

	"github.com/azekura/azekura/internal/vault"
)

// wanted says which properties a PROPFIND asks for.
type wanted struct {
	names []xml.Name // by name, also those that allprop includes
	all   bool
	only  bool // propname: names without values
	brief bool // do not tell what is not there
}

// maxNames bounds the properties of one PROPFIND: each is looked for in every entry of a listing.
const maxNames = 100

func parsePropfind(body io.Reader) (w wanted, err error) {
	e, err := parseXML(body)
	if err != nil {
		return w, err
	}
	if e == nil {
		return wanted{all: true}, nil
	}
	prop, all, only := e.kid("prop"), e.kid("allprop"), e.kid("propname")
	if !e.is("propfind") || (prop != nil) == (all != nil || only != nil) || all != nil && only != nil {
		return w, errXML
	}
	w.all, w.only = all != nil, only != nil
	if all != nil {
		prop = e.kid("include")
	}
	if prop != nil {
		for _, k := range prop.kids() {
			w.names = append(w.names, k.Name)
		}
	}
	if len(w.names) > maxNames {
		return w, refuse(http.StatusRequestEntityTooLarge, "dav.many-properties")
	}
	return w, nil
}

// propfind implements PROPFIND. It lists; it never opens a file. Entries are written as they come.
func (c *call) propfind() error {
	depth := strings.ToLower(c.r.Header.Get("Depth"))
	switch depth {
	case "0", "1", "", "infinity":
	default:
		return refuse(http.StatusBadRequest, "dav.depth")
	}
	want, err := parsePropfind(c.r.Body)
	if err != nil {
		return err
	}
	want.brief = strings.EqualFold(c.r.Header.Get("Brief"), "t") || strings.Contains(c.r.Header.Get("Prefer"), "return=minimal")
	top, err := c.files.Stat(c.r.Context(), c.name)
	switch {
	case err != nil:
		return err
	case top.Dir && depth != "0" && depth != "1": // a file has no depth
		return &refusal{code: http.StatusForbidden, key: "dav.depth-infinity", element: "<D:propfind-finite-depth/>"}
	}
	c.Header().Set("Content-Type", "application/xml; charset=utf-8")
	c.WriteHeader(http.StatusMultiStatus)
	w := bufio.NewWriterSize(c.answer, 32<<10)
	w.WriteString(openMultistatus)
	c.response(w, top, want)
	if depth == "1" && top.Dir {
		for i, err := range c.files.List(c.r.Context(), c.name) {
			if err != nil {
				return err // half a directory must not look like a whole one
			}
			c.response(w, i, want)
		}
	}
	w.WriteString("</D:multistatus>\n")
	return w.Flush()
}

// response writes one resource's part of a multistatus. Errors of the writer show at the Flush.
func (c *call) response(w *bufio.Writer, i vault.Info, want wanted) {
	w.WriteString("<D:response><D:href>")
	w.WriteString(c.href(i.Path, i.Dir))
	w.WriteString("</D:href><D:propstat><D:prop>")
	missing := c.writeProps(w, i, want)
	w.WriteString("</D:prop><D:status>HTTP/1.1 200 OK</D:status></D:propstat>")
	if len(missing) > 0 && !want.brief {
		w.WriteString("<D:propstat><D:prop>")
		for _, n := range missing {
			writeProp(w, n, "", "")
		}
		w.WriteString("</D:prop><D:status>HTTP/1.1 404 Not Found</D:status></D:propstat>")
	}
	w.WriteString("</D:response>\n")
}

// writeProps writes what is there and returns the names of what is not.
func (c *call) writeProps(w *bufio.Writer, i vault.Info, want wanted) (missing []xml.Name) {
	if want.all || want.only {
		c.writeAll(w, i, want)
		return nil
	}
	for _, n := range want.names {
		if p := liveNamed(n); p != nil {
			if p.has(c, i) {
				writeProp(w, n, p.value(c, i), "")
			} else {
				missing = append(missing, n)
			}
			continue
		}
		found := false
		for _, p := range i.Props {
			if p.Space == n.Space && p.Name == n.Local {
				value, lang := deadValue(i, p)
				writeProp(w, n, value, lang)
				found = true
				break
			}
		}
		if !found {
			missing = append(missing, n)
		}
	}
	return missing
}

// writeAll writes all properties, or all names.
func (c *call) writeAll(w *bufio.Writer, i vault.Info, want wanted) {
	for _, p := range liveProps {
		switch {
		case !p.has(c, i):
		case want.only:
			writeProp(w, p.name, "", "")
		case p.all || slices.Contains(want.names, p.name):
			writeProp(w, p.name, p.value(c, i), "")
		}
	}
	for _, p := range i.Props {
		n := xml.Name{Space: p.Space, Local: p.Name}
		switch value, lang := deadValue(i, p); {
		case liveNamed(n) != nil: // set through another door, or before the name meant something
		case want.only:
			writeProp(w, n, "", "")
		default:
			writeProp(w, n, value, lang)
		}
	}
}
