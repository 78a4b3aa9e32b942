package drill

import (
	"bytes"
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"path"
	"strings"
	"sync"
	"time"

	"github.com/azekura/azekura/internal/drill/behaviour"
)

// drive is a WebDAV drive of one device, as a computer has it.
type drive struct {
	url, user, secret string
	jump              *sync.RWMutex // of the clock: while it is put forward nobody is at work
}

// plain is a client that goes where it is told to and nowhere else: by no proxy of the environment, after no redirect, to this machine alone.
var plain = &http.Client{
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	Transport:     &http.Transport{DialContext: dialHere, MaxIdleConnsPerHost: 64},
}

// dialHere connects to this machine, and to no other.
func dialHere(ctx context.Context, network, addr string) (net.Conn, error) {
	ap, err := netip.ParseAddrPort(addr)
	if err != nil || !ap.Addr().IsLoopback() {
		return nil, fmt.Errorf("%q is not on this machine", addr)
	}
	return new(net.Dialer).DialContext(ctx, network, addr)
}

// errNoFolder is that the folder of a file is not there.
var errNoFolder = errors.New("there is no such folder")

// most bounds what is read of an answer.
const most = maxFile + 1<<20

func (d *drive) at(name string) string { return d.url + (&url.URL{Path: name}).EscapedPath() }

func (d *drive) do(ctx context.Context, method, name string, body []byte, header ...string) ([]byte, error) {
	d.jump.RLock()
	defer d.jump.RUnlock()
	q, err := http.NewRequestWithContext(ctx, method, d.at(name), bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	q.SetBasicAuth(d.user, d.secret)
	for i := 0; i < len(header); i += 2 {
		q.Header.Set(header[i], header[i+1])
	}
	r, err := plain.Do(q)
	if err != nil {
		return nil, err
	}
	defer r.Body.Close()
	b, err := io.ReadAll(io.LimitReader(r.Body, most))
	switch {
	case err != nil:
		return nil, err
	case r.StatusCode == http.StatusForbidden || r.StatusCode == http.StatusUnauthorized:
		return nil, fmt.Errorf("%w: %.200s", behaviour.ErrStopped, b)
	case r.StatusCode == http.StatusNotFound:
		return nil, fs.ErrNotExist
	case r.StatusCode == http.StatusConflict:
		return nil, fmt.Errorf("%s %s: %w", method, name, errNoFolder)
	case r.StatusCode >= 300:
		return nil, fmt.Errorf("%s %s: %s", method, name, r.Status)
	}
	return b, nil
}

// List implements behaviour.Target.
func (d *drive) List(ctx context.Context) (out []behaviour.File, err error) {
	for todo := []string{""}; len(todo) > 0; todo = todo[1:] {
		b, err := d.do(ctx, "PROPFIND", todo[0], nil, "Depth", "1")
		if err != nil {
			return nil, err
		}
		var answer struct {
			Response []struct {
				Href string `xml:"href"`
				Prop struct {
					Size int64     `xml:"getcontentlength"`
					When string    `xml:"getlastmodified"`
					Dir  *struct{} `xml:"resourcetype>collection"`
				} `xml:"propstat>prop"`
			} `xml:"response"`
		}
		if err := xml.Unmarshal(b, &answer); err != nil {
			return nil, err
		}
		for _, x := range answer.Response {
			u, err := url.Parse(x.Href)
			if err != nil {
				return nil, err
			}
			base, err := url.Parse(d.url)
			if err != nil {
				return nil, err
			}
			name := strings.Trim(strings.TrimPrefix(u.Path, base.Path), "/")
			switch when, _ := http.ParseTime(x.Prop.When); {
			case name == strings.Trim(todo[0], "/"):
			case x.Prop.Dir != nil:
				todo = append(todo, name+"/")
			default:
				out = append(out, behaviour.File{Path: name, Size: x.Prop.Size, Modified: when})
			}
		}
	}
	return out, nil
}

// Read implements behaviour.Target.
func (d *drive) Read(ctx context.Context, name string) ([]byte, error) {
	return d.do(ctx, "GET", name, nil)
}

// Write implements behaviour.Target.
func (d *drive) Write(ctx context.Context, name string, content []byte, modified time.Time) error {
	var header []string
	if !modified.IsZero() {
		header = []string{"X-OC-Mtime", fmt.Sprint(modified.Unix())} // as sync clients set it
	}
	_, err := d.do(ctx, "PUT", name, content, header...)
	if errors.Is(err, errNoFolder) && path.Dir(name) != "." {
		d.do(ctx, "MKCOL", path.Dir(name)+"/", nil)
		_, err = d.do(ctx, "PUT", name, content, header...)
	}
	return err
}

// Copy implements behaviour.Copier.
func (d *drive) Copy(ctx context.Context, from, to string) error {
	_, err := d.do(ctx, "COPY", from, nil, "Destination", d.at(to), "Overwrite", "T")
	return err
}

// Rename implements behaviour.Target.
func (d *drive) Rename(ctx context.Context, from, to string) error {
	if path.Dir(from) != path.Dir(to) {
		d.do(ctx, "MKCOL", path.Dir(to)+"/", nil) // most often it is there
	}
	_, err := d.do(ctx, "MOVE", from, nil, "Destination", d.at(to), "Overwrite", "T")
	return err
}

// Remove implements behaviour.Target.
func (d *drive) Remove(ctx context.Context, name string) error {
	_, err := d.do(ctx, "DELETE", name, nil)
	return err
}
