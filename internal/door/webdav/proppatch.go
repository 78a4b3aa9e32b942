package webdav

import (
	"bufio"
	"encoding/xml"
	"fmt"
	"hash/crc32"
	"io"
	"net/http"
	"slices"
	"time"

	"github.com/azekura/azekura/internal/commit"
	"github.com/azekura/azekura/internal/pathname"
	"github.com/azekura/azekura/internal/vault"
)

// patch is one instruction of a PROPPATCH.
type patch struct {
	name   xml.Name
	value  string // as it is kept
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
	for _, k := range e.kids() {
		if !k.is("set") && !k.is("remove") {
			continue
		}
		prop := k.kid("prop")
		if prop == nil {
			return nil, errXML
		}
		outer := prop.lang()
		if outer == "" {
			outer = k.lang()
		}
		for _, p := range prop.kids() {
			lang := p.lang()
			if lang == "" {
				lang = outer
			}
			one := patch{name: p.Name, text: p.text(), remove: k.is("remove")}
			if !one.remove {
				one.value = joinLang(p.inner(), lang)
			}
			all = append(all, one)
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
	i, refused, err := c.change(patches)
	if err != nil {
		return err
	}
	c.Header().Set("Content-Type", "application/xml; charset=utf-8")
	c.WriteHeader(http.StatusMultiStatus)
	w := bufio.NewWriter(c.answer)
	w.WriteString(openMultistatus + "<D:response><D:href>" + c.href(i.Path, i.Dir) + "</D:href>")
	for _, p := range patches {
		code, detail := http.StatusOK, ""
		switch {
		case refused[p.name] != 0:
			code = refused[p.name]
		case len(refused) > 0:
			code = http.StatusFailedDependency
		}
		if code == http.StatusForbidden {
			detail = "<D:error><D:cannot-modify-protected-property/></D:error>"
		}
		w.WriteString("<D:propstat><D:prop>")
		writeProp(w, p.name, "", "")
		fmt.Fprintf(w, "</D:prop><D:status>HTTP/1.1 %d %s</D:status>%s</D:propstat>", code, http.StatusText(code), detail)
	}
	w.WriteString("</D:response></D:multistatus>\n")
	return w.Flush()
}

// change follows all of the instructions, or none if one cannot be followed. Of two requests that come at once each
// keeps what the other has set.
func (c *call) change(patches []patch) (i vault.Info, refused map[xml.Name]int, err error) {
	mine := &c.patching[crc32.ChecksumIEEE([]byte(pathname.Key(string(c.name))))%uint32(len(c.patching))]
	mine.Lock()
	defer mine.Unlock()
	if i, err = c.files.Stat(c.r.Context(), c.name); err != nil {
		return i, nil, err
	}
	props, modified, refused := apply(i.Props, patches)
	if len(refused) == 0 {
		err = c.files.SetProps(c.r.Context(), c.name, props, modified)
	}
	return i, refused, err
}

// timeProps are the properties by which clients set the time of a file, and how they write it. Those of Explorer
// are kept besides, because it asks for them.
var timeProps = map[xml.Name]struct {
	parse func(string) (time.Time, bool)
	keep  bool
}{
	{Space: dav, Local: "getlastmodified"}:         {httpTime, false}, // Cyberduck, davfs2
	{Space: dav, Local: "lastmodified"}:            {unixTime, false}, // rclone, ownCloud
	{Space: win32, Local: "Win32LastModifiedTime"}: {httpTime, true},
}

func httpTime(s string) (time.Time, bool) {
	t, err := http.ParseTime(s)
	return t, err == nil
}

// apply makes the new properties, and tells which instructions cannot be followed, with the status of each.
func apply(old []commit.Prop, patches []patch) (props []commit.Prop, modified time.Time, refused map[xml.Name]int) {
	props = slices.Clone(old)
	refused = make(map[xml.Name]int)
	for _, p := range patches {
		if at, ok := timeProps[p.name]; ok && !p.remove {
			t, ok := at.parse(p.text)
			if !ok {
				refused[p.name] = http.StatusConflict // RFC 4918 section 9.2: the value makes no sense for the property
				continue
			}
			if modified = t; !at.keep {
				continue
			}
		} else if liveNamed(p.name) != nil {
			refused[p.name] = http.StatusForbidden
			continue
		}
		props = slices.DeleteFunc(props, func(q commit.Prop) bool { return q.Space == p.name.Space && q.Name == p.name.Local })
		if !p.remove {
			props = append(props, commit.Prop{Space: p.name.Space, Name: p.name.Local, Value: p.value})
		}
	}
	size := 0
	for _, p := range props {
		size += len(p.Space) + len(p.Name) + len(p.Value)
	}
	if size > maxPropSize || len(props) > maxProps {
		for _, p := range patches {
			if !p.remove {
				refused[p.name] = http.StatusInsufficientStorage
			}
		}
	}
	return props, modified, refused
}
