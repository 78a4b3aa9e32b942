package webdav

import (
	"bufio"
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/azekura/azekura/internal/commit"
	"github.com/azekura/azekura/internal/vault"
)

const (
	dav      = "DAV:"
	owncloud = "http://owncloud.org/ns"
	win32    = "urn:schemas-microsoft-com:"
)

// liveProps are the properties that the door computes, in the order in which allprop shows them. The value is XML;
// ok is false where the property makes no sense.
var liveProps = []struct {
	name    xml.Name
	all     bool // shown by allprop
	protect bool // cannot be set
	value   func(c *call, i vault.Info) (value string, ok bool)
}{
	{xml.Name{Space: dav, Local: "resourcetype"}, true, true, func(_ *call, i vault.Info) (string, bool) {
		if i.Dir {
			return "<D:collection/>", true
		}
		return "", true
	}},
	{xml.Name{Space: dav, Local: "displayname"}, true, false, func(_ *call, i vault.Info) (string, bool) {
		return escape(i.Path.Base()), true
	}},
	{xml.Name{Space: dav, Local: "getcontentlength"}, true, true, func(_ *call, i vault.Info) (string, bool) {
		return strconv.FormatInt(i.Size, 10), !i.Dir
	}},
	{xml.Name{Space: dav, Local: "getlastmodified"}, true, false, func(_ *call, i vault.Info) (string, bool) {
		return i.Modified.UTC().Format(http.TimeFormat), !i.Modified.IsZero()
	}},
	{xml.Name{Space: dav, Local: "creationdate"}, true, true, func(_ *call, i vault.Info) (string, bool) {
		return i.Created.UTC().Format(time.RFC3339), !i.Created.IsZero()
	}},
	{xml.Name{Space: dav, Local: "getetag"}, true, true, func(_ *call, i vault.Info) (string, bool) {
		return escape(etag(i)), !i.Dir
	}},
	{xml.Name{Space: dav, Local: "getcontenttype"}, true, true, func(_ *call, i vault.Info) (string, bool) {
		return escape(contentType(i)), !i.Dir
	}},
	{xml.Name{Space: dav, Local: "supportedlock"}, true, true, func(*call, vault.Info) (string, bool) {
		const entry = "<D:lockentry><D:lockscope><D:%s/></D:lockscope><D:locktype><D:write/></D:locktype></D:lockentry>"
		return fmt.Sprintf(entry+entry, "exclusive", "shared"), true
	}},
	{xml.Name{Space: dav, Local: "lockdiscovery"}, true, true, func(c *call, i vault.Info) (string, bool) {
		return c.lockDiscovery(i), true
	}},
	{xml.Name{Space: dav, Local: "quota-available-bytes"}, false, true, func(c *call, i vault.Info) (string, bool) {
		_, free, err := c.files.Space(c.r.Context(), i.Path)
		return strconv.FormatInt(free, 10), err == nil && i.Dir
	}},
	{xml.Name{Space: dav, Local: "quota-used-bytes"}, false, true, func(c *call, i vault.Info) (string, bool) {
		used, _, err := c.files.Space(c.r.Context(), i.Path)
		return strconv.FormatInt(used, 10), err == nil && i.Dir
	}},
	{xml.Name{Space: owncloud, Local: "checksums"}, false, true, func(_ *call, i vault.Info) (string, bool) {
		var all []string
		for _, s := range sumsOf(i) {
			all = append(all, s.Algorithm+":"+s.Value)
		}
		return "<oc:checksum>" + escape(strings.Join(all, " ")) + "</oc:checksum>", len(all) > 0
	}},
}

// wanted says which properties a PROPFIND asks for.
type wanted struct {
	names []xml.Name // by name, also those that allprop includes
	all   bool
	only  bool // propname: names without values
}

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
		for _, k := range prop.Kids {
			if k.Space == "" && k.Local == "" {
				return w, errXML
			}
			w.names = append(w.names, k.Name)
		}
	}
	return w, nil
}

// propfind implements PROPFIND. It lists; it never opens a file.
func (c *call) propfind() error {
	depth := strings.ToLower(c.r.Header.Get("Depth"))
	switch depth {
	case "0", "1":
	case "", "infinity":
		return &statusError{code: http.StatusForbidden, xml: "<D:propfind-finite-depth/>"}
	default:
		return status(http.StatusBadRequest, "Depth is 0 or 1")
	}
	want, err := parsePropfind(c.r.Body)
	if err != nil {
		return err
	}
	top, err := c.files.Stat(c.r.Context(), c.name)
	if err != nil {
		return err
	}
	c.Header().Set("Content-Type", "application/xml; charset=utf-8")
	c.WriteHeader(http.StatusMultiStatus)
	w := bufio.NewWriterSize(c, 64<<10)
	io.WriteString(w, `<?xml version="1.0" encoding="utf-8"?>`+"\n"+`<D:multistatus xmlns:D="DAV:" xmlns:oc="`+owncloud+`">`+"\n")
	c.response(w, top, want)
	if depth == "1" && top.Dir {
		for i, err := range c.files.List(c.r.Context(), c.name) {
			if err != nil {
				c.Log.ErrorContext(c.r.Context(), "listing broke off", "err", err)
				panic(http.ErrAbortHandler) // half a directory would look like a whole one
			}
			c.response(w, i, want)
		}
	}
	io.WriteString(w, "</D:multistatus>\n")
	return w.Flush()
}

// response writes one resource's part of a multistatus.
func (c *call) response(w *bufio.Writer, i vault.Info, want wanted) {
	io.WriteString(w, "<D:response><D:href>"+escape(c.href(i))+"</D:href><D:propstat><D:prop>")
	missing := c.writeProps(w, i, want)
	io.WriteString(w, "</D:prop><D:status>HTTP/1.1 200 OK</D:status></D:propstat>")
	if len(missing) > 0 {
		io.WriteString(w, "<D:propstat><D:prop>")
		for _, n := range missing {
			writeProp(w, n, "")
		}
		io.WriteString(w, "</D:prop><D:status>HTTP/1.1 404 Not Found</D:status></D:propstat>")
	}
	io.WriteString(w, "</D:response>\n")
}

// writeProps writes what is there and returns the names of what is not.
func (c *call) writeProps(w *bufio.Writer, i vault.Info, want wanted) (missing []xml.Name) {
	shown := func(n xml.Name) bool { return slices.Contains(want.names, n) }
	if want.all || want.only {
		for _, p := range liveProps {
			if !p.all && !shown(p.name) && !want.only {
				continue
			}
			if value, ok := c.liveValue(p.value, i); ok {
				if want.only {
					value = ""
				}
				writeProp(w, p.name, value)
			}
		}
		for _, p := range i.Props {
			if p.Space == dav && p.Name == "displayname" {
				continue
			}
			value := p.Value
			if want.only {
				value = ""
			}
			writeProp(w, xml.Name{Space: p.Space, Local: p.Name}, value)
		}
		return nil
	}
	for _, n := range want.names {
		if value, ok := c.prop(i, n); ok {
			writeProp(w, n, value)
		} else {
			missing = append(missing, n)
		}
	}
	return missing
}

func (c *call) liveValue(f func(*call, vault.Info) (string, bool), i vault.Info) (string, bool) {
	return f(c, i)
}

func (c *call) prop(i vault.Info, n xml.Name) (string, bool) {
	for _, p := range i.Props {
		if p.Space == n.Space && p.Name == n.Local {
			return p.Value, true
		}
	}
	for _, p := range liveProps {
		if p.name == n {
			return c.liveValue(p.value, i)
		}
	}
	return "", false
}

func writeProp(w *bufio.Writer, n xml.Name, value string) {
	open, end := n.Local+` xmlns="`+escape(n.Space)+`"`, n.Local
	switch n.Space {
	case dav:
		open, end = "D:"+n.Local, "D:"+n.Local
	case owncloud:
		open, end = "oc:"+n.Local, "oc:"+n.Local
	}
	if value == "" {
		io.WriteString(w, "<"+open+"/>")
		return
	}
	io.WriteString(w, "<"+open+">"+value+"</"+end+">")
}

// patch is one instruction of a PROPPATCH.
type patch struct {
	name   xml.Name
	value  string // inner XML
	text   string
	remove bool
}

func parseProppatch(body io.Reader) (all []patch, err error) {
	e, err := parseXML(body)
	if err != nil {
		return nil, err
	}
	if !e.is("propertyupdate") {
		return nil, errXML
	}
	for _, k := range e.Kids {
		if !k.is("set") && !k.is("remove") {
			continue
		}
		prop := k.kid("prop")
		if prop == nil {
			return nil, errXML
		}
		for _, p := range prop.Kids {
			all = append(all, patch{name: p.Name, value: p.inner, text: strings.TrimSpace(p.Text), remove: k.Local == "remove"})
		}
	}
	if len(all) == 0 {
		return nil, errXML
	}
	return all, nil
}

// proppatch implements PROPPATCH: all of it, or nothing.
func (c *call) proppatch() error {
	patches, err := parseProppatch(c.r.Body)
	if err != nil {
		return err
	}
	i, err := c.files.Stat(c.r.Context(), c.name)
	if err != nil {
		return err
	}
	if err := c.conditions(); err != nil {
		return err
	}
	props, modified, refused := apply(i.Props, patches)
	if len(refused) == 0 {
		if err := c.files.SetProps(c.r.Context(), c.name, props, modified); err != nil {
			return err
		}
	}
	c.Header().Set("Content-Type", "application/xml; charset=utf-8")
	c.WriteHeader(http.StatusMultiStatus)
	w := bufio.NewWriter(c)
	io.WriteString(w, `<?xml version="1.0" encoding="utf-8"?>`+"\n"+`<D:multistatus xmlns:D="DAV:" xmlns:oc="`+owncloud+`"><D:response><D:href>`+escape(c.href(i))+"</D:href>")
	for _, p := range patches {
		text, detail := "200 OK", ""
		switch {
		case refused[p.name] != 0:
			text = fmt.Sprintf("%d %s", refused[p.name], http.StatusText(refused[p.name]))
			if refused[p.name] == http.StatusForbidden {
				detail = "<D:error><D:cannot-modify-protected-property/></D:error>"
			}
		case len(refused) > 0:
			text = "424 Failed Dependency"
		}
		io.WriteString(w, "<D:propstat><D:prop>")
		writeProp(w, p.name, "")
		io.WriteString(w, "</D:prop><D:status>HTTP/1.1 "+text+"</D:status>"+detail+"</D:propstat>")
	}
	io.WriteString(w, "</D:response></D:multistatus>\n")
	return w.Flush()
}

// apply makes the new properties, and tells which instructions cannot be followed.
func apply(old []commit.Prop, patches []patch) (props []commit.Prop, modified time.Time, refused map[xml.Name]int) {
	props = slices.Clone(old)
	refused = make(map[xml.Name]int)
	size := 0
	for _, p := range patches {
		if p.name.Space == dav && p.name.Local == "getlastmodified" || p.name.Space == win32 && p.name.Local == "Win32LastModifiedTime" {
			if t, err := http.ParseTime(p.text); err == nil && !p.remove {
				modified = t
			}
			if p.name.Space == dav {
				if modified.IsZero() {
					refused[p.name] = http.StatusConflict
				}
				continue
			}
		}
		for _, l := range liveProps {
			if l.name == p.name && l.protect {
				refused[p.name] = http.StatusForbidden
			}
		}
		props = slices.DeleteFunc(props, func(q commit.Prop) bool { return q.Space == p.name.Space && q.Name == p.name.Local })
		if !p.remove {
			props = append(props, commit.Prop{Space: p.name.Space, Name: p.name.Local, Value: p.value})
		}
	}
	for _, p := range props {
		size += len(p.Space) + len(p.Name) + len(p.Value)
	}
	if size > maxPropSize || len(props) > maxProps {
		for _, p := range patches {
			refused[p.name] = http.StatusInsufficientStorage
		}
	}
	return props, modified, refused
}
