package kill

import (
	"bytes"
	"crypto/sha256"
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/azekura/azekura/tests/house"
)

// client speaks to one run of the server.
type client struct {
	*house.House
	http *http.Client
}

func newClient(h *house.House) *client { return &client{h, &http.Client{Transport: &http.Transport{}}} }

func (c *client) address(name string) string { return c.URL + (&url.URL{Path: name}).EscapedPath() }

type answer struct {
	code int
	tag  string
	body []byte
}

// do makes a request. An error means that its whole answer did not come.
func (c *client) do(method, name string, body []byte, header http.Header) (answer, error) {
	r, err := http.NewRequest(method, c.address(name), bytes.NewReader(body))
	if err != nil {
		return answer{}, err
	}
	if header != nil {
		r.Header = header
	}
	r.SetBasicAuth(c.User, c.Password)
	resp, err := c.http.Do(r)
	if err != nil {
		return answer{}, err
	}
	defer resp.Body.Close()
	got, err := io.ReadAll(resp.Body)
	return answer{resp.StatusCode, strings.Trim(resp.Header.Get("Etag"), `"`), got}, err
}

// list returns the names in a directory; those of directories end with a slash. An empty list may mean that there is no
// such directory.
func (c *client) list(dir string) (names []string, err error) {
	got, err := c.do("PROPFIND", dir, nil, http.Header{"Depth": {"1"}})
	if err != nil || got.code == http.StatusNotFound {
		return nil, err
	}
	var m struct {
		Hrefs []string `xml:"DAV: response>href"`
	}
	if err := xml.Unmarshal(got.body, &m); err != nil || got.code != http.StatusMultiStatus {
		return nil, fmt.Errorf("PROPFIND %s: %d, %v: %.200s", dir, got.code, err, got.body)
	}
	top, err := url.Parse(c.address(dir))
	if err != nil {
		return nil, err
	}
	for _, href := range m.Hrefs {
		href, err := url.PathUnescape(href)
		name, ok := strings.CutPrefix(href, top.Path)
		if err != nil || !ok {
			return nil, fmt.Errorf("PROPFIND %s shows %q", dir, href)
		}
		if name != "" {
			names = append(names, name)
		}
	}
	return names, nil
}

// walk reads everything below a directory, and reports the entity tags of what it read.
func (c *client) walk(top string, read func(tag string)) (tree, error) {
	found := tree{}
	for todo := []string{""}; len(todo) > 0; todo = todo[1:] {
		names, err := c.list(top + todo[0])
		if err != nil {
			return nil, err
		}
		for _, name := range names {
			name = todo[0] + name
			if dir, ok := strings.CutSuffix(name, "/"); ok {
				found[dir] = thing{dir: true}
				todo = append(todo, name)
				continue
			}
			got, err := c.do("GET", top+name, nil, nil)
			if err != nil || got.code != http.StatusOK {
				return nil, fmt.Errorf("GET %s%s: %d, %v: %.200s", top, name, got.code, err, got.body)
			}
			if found[name] = (thing{sum: sha256.Sum256(got.body)}); len(got.body) > 0 {
				read(got.tag)
			}
		}
	}
	return found, nil
}
