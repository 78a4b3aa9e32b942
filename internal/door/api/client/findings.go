package client

import (
	"context"
	"encoding/json"
	"io"
	"iter"
	"net/url"

	"github.com/azekura/azekura/internal/door/api"
)

// Findings tells what the records say of a case.
func (c *Client) Findings(ctx context.Context, id string) (f api.Findings, err error) {
	return f, c.call(ctx, "GET", "/v1/cases/"+url.PathEscape(id)+"/findings", nil, &f)
}

// CaseProgress begins to compute the findings of a case, and tells how far they are.
func (c *Client) CaseProgress(ctx context.Context, id string) (p api.CaseProgress, err error) {
	return p, c.call(ctx, "GET", "/v1/cases/"+url.PathEscape(id)+"/progress", nil, &p)
}

// Exposed yields the persons or files that count in a number of the findings.
func (c *Client) Exposed(ctx context.Context, id string, q api.ExposedRequest) iter.Seq2[api.Exposed, error] {
	return lines[api.Exposed](ctx, c, "POST", "/v1/cases/"+url.PathEscape(id)+"/exposed", q)
}

// Roster is a list of persons to send, and how it is to be read.
type Roster struct {
	Name     string // of the file
	Mapping  string // as JSON; "": as its headings say
	Encoding string
	Sheet    string
}

func (q Roster) url(share, end string) string {
	v := url.Values{"file": {q.Name}}
	for name, text := range map[string]string{"mapping": q.Mapping, "encoding": q.Encoding, "sheet": q.Sheet} {
		if text != "" {
			v.Set(name, text)
		}
	}
	return "/v1/shares/" + url.PathEscape(share) + "/roster" + end + "?" + v.Encode()
}

// LookAtRoster tells how a list would be read.
func (c *Client) LookAtRoster(ctx context.Context, share string, q Roster, list io.Reader) (p api.RosterPreview, err error) {
	return p, c.sendRoster(ctx, "POST", q.url(share, "/look"), list, &p)
}

// SetRoster makes a list the roster of a share.
func (c *Client) SetRoster(ctx context.Context, share string, q Roster, list io.Reader) (r api.RosterResult, err error) {
	return r, c.sendRoster(ctx, "PUT", q.url(share, ""), list, &r)
}

func (c *Client) sendRoster(ctx context.Context, method, target string, list io.Reader, out any) error {
	resp, err := c.do(ctx, method, target, list, nil)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	return json.NewDecoder(resp.Body).Decode(out)
}

// Roster yields the persons in the roster of a share.
func (c *Client) Roster(ctx context.Context, share string) iter.Seq2[api.RosterPerson, error] {
	return lines[api.RosterPerson](ctx, c, "GET", "/v1/shares/"+url.PathEscape(share)+"/roster", nil)
}

// RosterLinks tells how paths in a share tell persons, and how many there are of which schools.
func (c *Client) RosterLinks(ctx context.Context, share string) (l api.RosterView, err error) {
	return l, c.call(ctx, "GET", "/v1/shares/"+url.PathEscape(share)+"/roster/links", nil, &l)
}

// SetRosterLinks says it, and tells whether the keeper counts persons by it now.
func (c *Client) SetRosterLinks(ctx context.Context, share string, l api.RosterLinks) (b api.PersonsBudget, err error) {
	return b, c.call(ctx, "PUT", "/v1/shares/"+url.PathEscape(share)+"/roster/links", l, &b)
}

// Coverage tells how many files rules link to whom; none are the share's own.
func (c *Client) Coverage(ctx context.Context, share, rules string) (v api.Coverage, err error) {
	return v, c.call(ctx, "POST", "/v1/shares/"+url.PathEscape(share)+"/roster/coverage", api.CoverageRequest{Rules: rules}, &v)
}

// SetRosterSchools says whom to tell of each school, by a list.
func (c *Client) SetRosterSchools(ctx context.Context, share string, q Roster, list io.Reader) (r api.SchoolsResult, err error) {
	return r, c.sendRoster(ctx, "PUT", q.url(share, "/schools"), list, &r)
}
