package receipt

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/document"
	"github.com/azekura/azekura/internal/event"
	"github.com/azekura/azekura/internal/lang"
	"github.com/azekura/azekura/internal/problem"
)

// Certificate says that the keys of a share are destroyed, and what can still open it. It names nobody. Its JSON form is a written contract,
// docs/json.md.
type Certificate struct {
	Certificate int              `json:"certificate"` // its number
	Format      int              `json:"format"`
	Firm        string           `json:"firm,omitempty"`
	Share       string           `json:"share"`
	Client      string           `json:"client,omitempty"`
	Schools     []string         `json:"schools,omitempty"`
	Year        int              `json:"year,omitempty"`
	Data        []string         `json:"data,omitempty"`
	Retention   string           `json:"retention,omitempty"` // as the register says
	Holdings    account.Holdings `json:"holdings"`            // as counted when the end was asked for
	Decided     time.Time        `json:"decided"`             // by the second person
	Erased      time.Time        `json:"erased"`              // the ledger's time of the entry
	AskedBy     string           `json:"asked_by"`            // a role
	Confirmed   string           `json:"confirmed_by"`        // a role; "": nobody else could confirm, and the console acted alone
	Generation  uint64           `json:"ring"`                // the key ring's generation from which on the keys are not in it
	Complete    bool             `json:"complete"`            // no key card that the program knows of has the keys any more
	Outstanding []account.CardOf `json:"outstanding"`         // cards that have the keys still, or may
	Rewritten   []account.CardOf `json:"rewritten"`           // that do not any more
	Media       []account.CopyOf `json:"media"`               // that hold unreadable copies
	Made        time.Time        `json:"made"`

	Origin     string `json:"origin"`
	PublicKey  string `json:"public_key"`
	Size       int64  `json:"size"`
	Checkpoint string `json:"checkpoint"`
	Entry      Entry  `json:"entry"`
}

// NewCertificate makes a certificate, as things stand.
func NewCertificate(x account.ErasureRecords) *Certificate {
	c := &Certificate{Certificate: x.Number, Format: format, Firm: x.Firm, Share: x.Share, Client: x.Register.Client, Year: x.Register.Year, Data: x.Register.Data, Retention: x.Register.Retention,
		Holdings: x.Holdings, Decided: x.Decided.UTC(), Erased: x.Entry.Recorded.UTC(), AskedBy: x.AskedBy, Confirmed: x.Confirmed, Generation: x.Generation, Complete: len(x.Cards) == 0,
		Outstanding: x.Cards, Rewritten: x.Rewritten, Media: x.Media, Made: x.Made.UTC(), Origin: x.Origin, PublicKey: x.PublicKey, Size: x.Entries, Checkpoint: string(x.Checkpoint), Entry: entryOf(x.Entry)}
	for _, s := range x.Register.Schools {
		c.Schools = append(c.Schools, s.School)
	}
	return c
}

// Marshal returns the form that can be verified.
func (c *Certificate) Marshal() ([]byte, error) {
	b, err := json.MarshalIndent(c, "", "\t")
	if err != nil {
		return nil, problem.New(problem.Internal, "make certificate", c.Share, err)
	}
	return append(b, '\n'), nil
}

// ParseCertificate reads what Marshal returned. ok is false of what is no certificate, but perhaps a receipt.
func ParseCertificate(b []byte) (c *Certificate, ok bool, err error) {
	var head struct {
		Certificate int       `json:"certificate"`
		Erased      time.Time `json:"erased"`
	}
	if json.Unmarshal(b, &head) != nil || head.Certificate == 0 { // the erased of a receipt is no time
		return nil, false, nil
	}
	c = &Certificate{}
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	err = d.Decode(c)
	if err == nil {
		if _, more := d.Token(); more != io.EOF {
			err = errors.New("more behind it")
		}
	}
	if err == nil && c.Format != format {
		err = fmt.Errorf("format %d", c.Format)
	}
	if err != nil {
		return nil, true, &problem.Error{Kind: problem.Damaged, Op: "check receipt", Hint: "hint.no-such-receipt", Err: err}
	}
	return c, true, nil
}

// FileName is what a certificate is called as a file of a kind.
func (c *Certificate) FileName(kind string) string {
	r := Receipt{Share: c.Share, Month: fmt.Sprint(c.Certificate)}
	return "erasure" + strings.TrimPrefix(r.FileName(kind), "receipt")
}

// certified are the parts of a certificate that its entry does not prove: the firm says so.
var certified = []string{"firm", "client", "schools", "data", "retention", "holdings", "roles", "cards", "copies", "made"}

// Certificate checks a certificate of erasure: that its entry stands in the ledger, and with a reading key that it says so.
func (v Verify) Certificate(c *Certificate) Report {
	r := Report{Share: c.Share, Origin: c.Origin, Size: c.Size, Entries: 1, Trusted: v.PublicKey != "", Opened: v.ReadingKey != nil, Unproven: certified}
	key := r.signed(v.PublicKey, c.PublicKey, c.Checkpoint, c.Size)
	r.entry(c.Checkpoint, c.Entry, key)
	if c.Entry.Kind != string(event.ShareErased) || !c.Entry.Recorded.Equal(c.Erased) || c.Complete != (len(c.Outstanding) == 0) || c.Made.Before(c.Erased) {
		r.wrong("what it says of the erasure does not agree with itself")
	}
	if v.ReadingKey != nil {
		r.ends(c.Share, c.Certificate, c.Entry, v.ReadingKey)
	}
	return r
}

// HTML returns the certificate as a page that needs nothing else.
func (c *Certificate) HTML(l lang.Lang, zone *time.Location) ([]byte, error) {
	return c.document(l, zone).HTML()
}

// PDF returns the certificate as PDF, with a font by the name of its file, or one that the machine has.
func (c *Certificate) PDF(l lang.Lang, zone *time.Location, font string) ([]byte, error) {
	b, err := c.document(l, zone).PDF(font, c.Made)
	if errors.Is(err, document.ErrNoFont) {
		return nil, &problem.Error{Kind: problem.NotFound, Op: "write PDF", Hint: "hint.font"}
	}
	if err != nil {
		return nil, problem.New(problem.Internal, "write PDF", font, err)
	}
	return b, nil
}

// Standing says whether keys are outstanding.
func (c *Certificate) Standing(l lang.Lang) string {
	if c.Complete {
		return l.Text("web.certificate-complete")
	}
	var names []string
	for _, x := range c.Outstanding {
		names = append(names, cardName(l, x))
	}
	return l.Text("web.certificate-outstanding", strings.Join(names, comma(l)))
}

func cardName(l lang.Lang, x account.CardOf) string {
	name := l.Text("web.certificate-card", x.Number, x.Name)
	if x.State == "lost" || x.State == "destroyed" || x.State == "unwritten" {
		name += " (" + l.Text("card."+x.State) + ")"
	}
	return name
}

func (c *Certificate) document(l lang.Lang, zone *time.Location) *document.Document {
	stamp := func(t time.Time) string { return t.In(zone).Format("2006-01-02 15:04:05 -07:00") }
	d := &document.Document{Lang: l.String(), Title: l.Text("web.certificate-title", c.Certificate), Missing: l.Text("web.drill-missing"), Footer: l.Text("web.receipt-footer", c.Share, l.Text("web.certificate"), stamp(c.Made))}
	tone := document.Bad
	if c.Complete {
		tone = document.Good
	}
	d.Blocks = append(d.Blocks, document.Paragraph{Text: l.Text("web.certificate-made", stamp(c.Made)), Align: document.Right}, document.Paragraph{Text: l.Text("web.certificate-about", stamp(c.Erased))}, document.Paragraph{Text: c.Standing(l), Tone: tone}, c.facts(l, stamp),
		document.Heading{Text: l.Text("web.certificate-cards")}, c.cards(l, stamp), document.Heading{Text: l.Text("web.certificate-media")}, c.media(l),
		document.Heading{Text: l.Text("web.receipt-ledger")}, document.Pairs{{l.Text("web.receipt-origin"), c.Origin}, {l.Text("web.certificate-entry"), number(c.Entry.Index)},
			{l.Text("web.receipt-size"), number(c.Size)}, {l.Text("web.receipt-key"), c.PublicKey}},
		document.Heading{Text: l.Text("web.receipt-limits")}, document.List(strings.Split(l.Text("web.certificate-limits"), "\n")))
	return d
}

func (c *Certificate) facts(l lang.Lang, stamp func(time.Time) string) (out document.Pairs) {
	second := l.Text("web.certificate-alone")
	if c.Confirmed != "" {
		second = Role(l, c.Confirmed)
	}
	year := ""
	if c.Year != 0 {
		year = fmt.Sprint(c.Year)
	}
	for _, f := range [][2]string{{"web.receipt-from", c.Firm}, {"register.client", c.Client}, {"register.share", c.Share}, {"register.school", strings.Join(c.Schools, comma(l))}, {"register.year", year},
		{"register.data", strings.Join(c.Data, comma(l))}, {"register.retention", c.Retention}, {"web.certificate-held", c.held(l, stamp)}, {"web.certificate-decided", stamp(c.Decided)},
		{"web.certificate-erased", stamp(c.Erased)}, {"web.certificate-asked-by", Role(l, c.AskedBy)}, {"web.certificate-confirmed-by", second}, {"web.certificate-ring", fmt.Sprint(c.Generation)}} {
		if f[1] != "" {
			out = append(out, [2]string{l.Text(f[0]), f[1]})
		}
	}
	return out
}

func (c *Certificate) held(l lang.Lang, stamp func(time.Time) string) string {
	if c.Holdings.Counted.IsZero() {
		return l.Text("web.certificate-uncounted")
	}
	return l.Text("web.certificate-counts", number(c.Holdings.Files), number(c.Holdings.Versions), number(c.Holdings.Bytes), stamp(c.Holdings.Counted))
}

func (c *Certificate) cards(l lang.Lang, stamp func(time.Time) string) document.Block {
	t := document.Table{Columns: []document.Column{{Title: l.Text("web.certificate-cards"), Width: 4}, {Title: l.Text("web.reserve-written"), Width: 3}, {Title: l.Text("web.certificate-keys"), Width: 4}}}
	row := func(x account.CardOf, key string, tone document.Tone) {
		written := "–"
		if !x.Written.IsZero() {
			written = stamp(x.Written)
		}
		t.Rows = append(t.Rows, []document.Cell{{Text: cardName(l, x)}, {Text: written}, {Text: l.Text(key), Tone: tone}})
	}
	for _, x := range c.Outstanding {
		row(x, "web.certificate-there", document.Bad)
	}
	for _, x := range c.Rewritten {
		row(x, "web.certificate-gone", document.Plain)
	}
	if len(t.Rows) == 0 {
		return document.Paragraph{Text: l.Text("web.certificate-no-cards")}
	}
	return t
}

func (c *Certificate) media(l lang.Lang) document.Block {
	out := document.List{l.Text("web.certificate-server")}
	for _, m := range c.Media {
		text := m.Label
		for _, more := range []string{m.Set, m.Place} {
			if more != "" {
				text += comma(l) + more
			}
		}
		out = append(out, text)
	}
	return out
}
