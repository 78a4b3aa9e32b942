package webdav

import (
	"encoding/xml"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/azekura/azekura/internal/commit"
	"github.com/azekura/azekura/internal/vault"
)

// Namespaces.
const (
	dav      = "DAV:"
	owncloud = "http://owncloud.org/ns"
	win32    = "urn:schemas-microsoft-com:"
)

// liveProp is a property that the door computes. None can be set but by what changes the thing itself.
type liveProp struct {
	name  xml.Name
	all   bool                                     // shown by allprop
	has   func(c *call, i vault.Info) bool         // whether the thing has it
	value func(c *call, i vault.Info) (xml string) // inner XML
}

func always(*call, vault.Info) bool       { return true }
func isFile(_ *call, i vault.Info) bool   { return !i.Dir }
func hasSums(_ *call, i vault.Info) bool  { return len(sumsOf(i)) > 0 }
func hasTime(_ *call, i vault.Info) bool  { return !i.Modified.IsZero() }
func hasBirth(_ *call, i vault.Info) bool { return !i.Created.IsZero() }
func hasQuota(c *call, i vault.Info) bool { return i.Dir && c.quota(i).known }

// liveProps stand in the order in which allprop shows them.
var liveProps = []liveProp{
	{xml.Name{Space: dav, Local: "resourcetype"}, true, always, func(_ *call, i vault.Info) string {
		if i.Dir {
			return "<D:collection/>"
		}
		return ""
	}},
	// A name changes with MOVE alone: a name of its own here would be a second one that drifts away.
	{xml.Name{Space: dav, Local: "displayname"}, true, always, func(_ *call, i vault.Info) string { return escape(i.Path.Base()) }},
	{xml.Name{Space: dav, Local: "getcontentlength"}, true, isFile, func(_ *call, i vault.Info) string { return strconv.FormatInt(i.Size, 10) }},
	{xml.Name{Space: dav, Local: "getlastmodified"}, true, hasTime, func(_ *call, i vault.Info) string { return i.Modified.UTC().Format(http.TimeFormat) }},
	{xml.Name{Space: dav, Local: "creationdate"}, true, hasBirth, func(_ *call, i vault.Info) string { return i.Created.UTC().Format(time.RFC3339) }},
	{xml.Name{Space: dav, Local: "getetag"}, true, isFile, func(_ *call, i vault.Info) string { return escape(etag(i)) }},
	{xml.Name{Space: dav, Local: "getcontenttype"}, true, isFile, func(_ *call, i vault.Info) string { return escape(contentType(i.Path.Base())) }},
	{xml.Name{Space: dav, Local: "supportedlock"}, true, always, func(*call, vault.Info) string { return supportedLock }},
	{xml.Name{Space: dav, Local: "lockdiscovery"}, true, always, (*call).lockDiscovery},
	{xml.Name{Space: dav, Local: "quota-available-bytes"}, false, hasQuota, func(c *call, i vault.Info) string { return strconv.FormatInt(c.quota(i).free, 10) }},
	{xml.Name{Space: dav, Local: "quota-used-bytes"}, false, hasQuota, func(c *call, i vault.Info) string { return strconv.FormatInt(c.quota(i).used, 10) }},
	{xml.Name{Space: owncloud, Local: "checksums"}, false, hasSums, func(_ *call, i vault.Info) string {
		var all []string
		for _, s := range sumsOf(i) {
			all = append(all, s.Algorithm+":"+s.Value)
		}
		return "<oc:checksum>" + escape(strings.Join(all, " ")) + "</oc:checksum>"
	}},
}

const supportedLock = "<D:lockentry><D:lockscope><D:exclusive/></D:lockscope><D:locktype><D:write/></D:locktype></D:lockentry>" +
	"<D:lockentry><D:lockscope><D:shared/></D:lockscope><D:locktype><D:write/></D:locktype></D:lockentry>"

// quota is what a share holds and what fits on the disk. Unknown is not shown: programs take 0 for a full disk.
type quota struct {
	used, free int64
	known      bool
}

// quota asks once for each share: a listing may want it for every directory in it.
func (c *call) quota(i vault.Info) quota {
	share := i.Path.Share()
	q, ok := c.space[share]
	if !ok {
		var err error
		if q.used, q.free, err = c.files.Space(c.r.Context(), i.Path); err != nil {
			c.Log.WarnContext(c.r.Context(), "no quota to show", "cause", cause(err))
		}
		q.known = err == nil
		if c.space == nil {
			c.space = make(map[string]quota)
		}
		c.space[share] = q
	}
	return q
}

// liveNamed returns the live property of a name, or nil.
func liveNamed(n xml.Name) *liveProp {
	for i := range liveProps {
		if liveProps[i].name == n {
			return &liveProps[i]
		}
	}
	return nil
}

// deadValue returns what is shown of a property that a client has set. Explorer sets its own copy of the time; it
// shows the file's, or a save by another client would seem to be older than it is.
func deadValue(i vault.Info, p commit.Prop) (value, lang string) {
	if p.Space == win32 && p.Name == "Win32LastModifiedTime" && !i.Modified.IsZero() {
		return i.Modified.UTC().Format(http.TimeFormat), ""
	}
	return splitLang(p.Value)
}

// The language of a property (RFC 4918 section 4.3) is kept before its value, as a processing instruction.
const langOpen, langClose = "<?lang ", "?>"

func joinLang(value, lang string) string {
	if lang == "" || strings.Contains(lang, langClose) {
		return value
	}
	return langOpen + lang + langClose + value
}

func splitLang(stored string) (value, lang string) {
	rest, ok := strings.CutPrefix(stored, langOpen)
	if !ok {
		return stored, ""
	}
	lang, value, _ = strings.Cut(rest, langClose)
	return value, lang
}

// writeProp writes a property. value is XML.
func writeProp(w io.StringWriter, n xml.Name, value, lang string) {
	open, end := n.Local+` xmlns="`+escape(n.Space)+`"`, n.Local
	switch n.Space {
	case dav:
		open, end = "D:"+n.Local, "D:"+n.Local
	case owncloud:
		open, end = "oc:"+n.Local, "oc:"+n.Local
	}
	if lang != "" {
		open += ` xml:lang="` + escape(lang) + `"`
	}
	if value == "" {
		w.WriteString("<" + open + "/>")
		return
	}
	w.WriteString("<" + open + ">" + value + "</" + end + ">")
}

// openMultistatus is how every multistatus begins.
const openMultistatus = xmlHead + `<D:multistatus xmlns:D="DAV:" xmlns:oc="` + owncloud + `">` + "\n"
