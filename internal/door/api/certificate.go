package api

import (
	"time"

	"github.com/azekura/azekura/internal/lang"
)

// Certificate tells of what the doors with TLS show.
type Certificate struct {
	From       time.Time `json:"from"`
	Until      time.Time `json:"until"`
	SelfSigned bool      `json:"self_signed"`     // the house has made it
	Broken     time.Time `json:"broken,omitzero"` // since when its files are no pair that can be served, and that of before is
	Level      string    `json:"level"`           // "good", "look", "bad"
	Text       string    `json:"text"`

	Fingerprint string `json:"-"` // the listeners have it
}

// certSoon is when people are told that it ends. Who renews by machine does so earlier; one that lives for days only ends soon in the last fifth.
const certSoon = 14 * 24 * time.Hour

// Ends reports whether it ends soon, or has ended.
func (c *Certificate) Ends(now time.Time) bool {
	return c.Until.Sub(now) < min(certSoon, c.Until.Sub(c.From)/5)
}

// judge says how it is, and what to do.
func (c *Certificate) judge(now time.Time, l lang.Lang) {
	level, said := "good", "say.certificate-good"
	switch {
	case !c.Broken.IsZero():
		level, said = "bad", "say.certificate-broken"
	case !now.Before(c.Until):
		level, said = "bad", "say.certificate-ended"
	case c.Ends(now):
		level, said = "look", "say.certificate-ends"
	}
	c.Level, c.Text = level, l.Text(said, c.Until.Local().Format("2006-01-02 15:04 -0700"))
	if c.Broken.IsZero() && level != "good" {
		c.Text += " " + l.Text(map[bool]string{true: "say.certificate-restart", false: "say.certificate-renew"}[c.SelfSigned])
	}
}
