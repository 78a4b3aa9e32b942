package davmodel

import (
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/azekura/azekura/tests/house"
)

// client speaks WebDAV to a house that may end and come back at another address.
type client struct {
	*house.House
	top string // the directory in the share that the drive stands for
}

// reply is an answer that has come whole.
type reply struct {
	code   int
	header http.Header
	body   string
}

func escaped(name string) string { return (&url.URL{Path: name}).EscapedPath() }

func (c *client) url(name string) string { return c.URL + c.top + escaped(name) }

// do makes a request. An error means that the server went away before its whole answer had come.
func (c *client) do(method, name, body string, header http.Header) (reply, error) {
	r, err := http.NewRequest(method, c.url(name), strings.NewReader(body))
	if err != nil {
		return reply{}, err
	}
	for name, values := range header {
		r.Header[name] = values
	}
	r.SetBasicAuth(c.User, c.Password)
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		return reply{}, err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	return reply{resp.StatusCode, resp.Header, string(b)}, err
}

const wanted = `<D:propfind xmlns:D="DAV:" xmlns:M="urn:model"><D:prop><D:resourcetype/><D:getcontentlength/><D:getetag/><D:getlastmodified/>` +
	`<D:lockdiscovery/><M:p/><M:q/></D:prop></D:propfind>`

type multistatus struct {
	Responses []struct {
		Href      string `xml:"DAV: href"`
		Propstats []struct {
			Status string `xml:"DAV: status"`
			Prop   struct {
				Collection *struct{} `xml:"resourcetype>collection"`
				Size       string    `xml:"DAV: getcontentlength"`
				Tag        string    `xml:"DAV: getetag"`
				Modified   string    `xml:"DAV: getlastmodified"`
				P          *string   `xml:"urn:model p"`
				Q          *string   `xml:"urn:model q"`
				Tokens     []string  `xml:"lockdiscovery>activelock>locktoken>href"`
			} `xml:"DAV: prop"`
		} `xml:"DAV: propstat"`
	} `xml:"DAV: response"`
}

// propfind returns what a PROPFIND shows, by NFC path.
func (c *client) propfind(name, depth string) (map[string]*seen, error) {
	r, err := c.do("PROPFIND", name, wanted, http.Header{"Depth": {depth}})
	if err != nil {
		return nil, err
	}
	var m multistatus
	if err := xml.Unmarshal([]byte(r.body), &m); err != nil || r.code != http.StatusMultiStatus {
		return nil, fmt.Errorf("PROPFIND %s: %d, %v: %.200s", name, r.code, err, r.body)
	}
	top, err := url.Parse(c.url(""))
	if err != nil {
		return nil, err
	}
	all := make(map[string]*seen)
	for _, resp := range m.Responses {
		href, err := url.PathUnescape(resp.Href)
		inside, ok := strings.CutPrefix(href, top.Path)
		if err != nil || !ok {
			return nil, fmt.Errorf("PROPFIND %s: href %q", name, resp.Href)
		}
		s := &seen{thing: thing{dir: strings.HasSuffix(inside, "/"), props: make(map[string]string)}}
		for _, ps := range resp.Propstats {
			if !strings.Contains(ps.Status, " 200 ") {
				continue
			}
			s.size, s.tag, s.modified, s.tokens = ps.Prop.Size, ps.Prop.Tag, ps.Prop.Modified, ps.Prop.Tokens
			if (ps.Prop.Collection != nil) != s.dir {
				return nil, fmt.Errorf("PROPFIND %s: %s has another resourcetype", name, resp.Href)
			}
			for prop, value := range map[string]*string{"p": ps.Prop.P, "q": ps.Prop.Q} {
				if value != nil {
					s.props[prop] = *value
				}
			}
		}
		slices.Sort(s.tokens)
		at := key(strings.TrimSuffix(inside, "/"))
		if all[at] != nil {
			return nil, fmt.Errorf("PROPFIND %s: %q is shown twice", name, at)
		}
		all[at] = s
	}
	return all, nil
}

// walk looks at everything and reads every file.
func (c *client) walk() (map[string]*seen, error) {
	all := make(map[string]*seen)
	for dirs := []string{""}; len(dirs) > 0; dirs = dirs[1:] {
		shown, err := c.propfind(dirs[0]+"/", "1")
		if err != nil {
			return nil, err
		}
		for name, s := range shown {
			if all[name] != nil && name != dirs[0] {
				return nil, fmt.Errorf("%q is shown in two places", name)
			}
			all[name] = s
			switch {
			case s.dir && name != dirs[0]:
				dirs = append(dirs, name)
			case !s.dir:
				r, err := c.do("GET", name, "", nil)
				if err != nil || r.code != http.StatusOK || r.header.Get("Etag") != s.tag {
					return nil, fmt.Errorf("GET %q: %d, %v, entity tag %s, PROPFIND shows %s", name, r.code, err, r.header.Get("Etag"), s.tag)
				}
				s.content = r.body
			}
		}
	}
	return all, nil
}
