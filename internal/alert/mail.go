package alert

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/base64"
	"fmt"
	"mime"
	"net"
	"net/smtp"
	"strings"
	"time"
)

// Mail sends alerts by SMTP (RFC 5321), with TLS by STARTTLS (RFC 3207); without it only to this machine.
type Mail struct {
	Server   string // host:port
	From     string
	To       []string
	User     string // empty: no login
	Password string
	TLS      *tls.Config // nil: the system's roots
	Now      func() time.Time
}

// Name implements Way.
func (m *Mail) Name() string { return "mail" }

// Send implements Way.
func (m *Mail) Send(ctx context.Context, a Alert) (err error) {
	host, _, err := net.SplitHostPort(m.Server)
	if err != nil {
		return err
	}
	var d net.Dialer
	conn, err := d.DialContext(ctx, "tcp", m.Server)
	if err != nil {
		return err
	}
	defer conn.Close()
	if at, ok := ctx.Deadline(); ok {
		conn.SetDeadline(at)
	}
	c, err := smtp.NewClient(conn, host)
	if err != nil {
		return err
	}
	defer c.Close()
	if ok, _ := c.Extension("STARTTLS"); ok {
		conf := &tls.Config{}
		if m.TLS != nil {
			conf = m.TLS.Clone()
		}
		conf.ServerName, conf.MinVersion = host, tls.VersionTLS12
		if err := c.StartTLS(conf); err != nil {
			return err
		}
	} else if ip, ok := conn.RemoteAddr().(*net.TCPAddr); !ok || !ip.IP.IsLoopback() {
		return failure{word: "no-tls"}
	}
	if m.User != "" {
		if ok, _ := c.Extension("AUTH"); !ok {
			return failure{word: "no-login"}
		}
		if err := c.Auth(smtp.PlainAuth("", m.User, m.Password, host)); err != nil {
			return err
		}
	}
	if err := c.Mail(m.From); err != nil {
		return err
	}
	for _, to := range m.To {
		if err := c.Rcpt(to); err != nil {
			return err
		}
	}
	w, err := c.Data()
	if err != nil {
		return err
	}
	if _, err := w.Write(m.message(a)); err != nil {
		return err
	}
	if err := w.Close(); err != nil {
		return err
	}
	c.Quit() // the message has been taken
	return nil
}

// message is RFC 5322, its text in base64 so that no line is too long, whatever the language.
func (m *Mail) message(a Alert) []byte {
	var b bytes.Buffer
	_, domain, _ := strings.Cut(m.From, "@")
	fmt.Fprintf(&b, "From: %s\r\nTo: %s\r\nSubject: ", clean(m.From), clean(strings.Join(m.To, ", ")))
	b.WriteString(strings.ReplaceAll(mime.BEncoding.Encode("utf-8", short(a.Subject())), " =?", "\r\n =?"))
	fmt.Fprintf(&b, "\r\nDate: %s\r\nMessage-ID: <%s@%s>\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\nAuto-Submitted: auto-generated\r\n\r\n",
		m.Now().Format(time.RFC1123Z), clean(a.ID), clean(domain))
	text := base64.StdEncoding.EncodeToString([]byte(strings.ReplaceAll(a.Text(), "\n", "\r\n")))
	for len(text) > 76 {
		b.WriteString(text[:76] + "\r\n")
		text = text[76:]
	}
	b.WriteString(text + "\r\n")
	return b.Bytes()
}

// short cuts a subject that somebody's name has made too long.
func short(s string) string {
	if r := []rune(s); len(r) > 150 {
		return string(r[:150])
	}
	return s
}
