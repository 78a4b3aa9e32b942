package alert

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/textproto"
	"net/url"
	"os"
	"strings"
	"syscall"

	"github.com/azekura/azekura/internal/lang"
)

// failure is why a way has not taken an alert: a word of ours, or what the other side has answered, which stays in its own language.
type failure struct {
	way    string
	word   string // behind "alert-failed."
	answer string // of the other side, if that is the reason
}

// failed finds the reason in an error of a way. Nothing else of the error is told: that of a webhook has its address, which can hold a secret.
func failed(way string, err error) failure {
	if f, ok := errors.AsType[failure](err); ok {
		f.way = way
		return f
	}
	if said, ok := errors.AsType[*textproto.Error](err); ok {
		return failure{way, "answer", fmt.Sprintf("%03d %s", said.Code, said.Msg)}
	}
	return failure{way, reason(err), ""}
}

func reason(err error) string {
	if e, ok := errors.AsType[*url.Error](err); ok && e.Op == "parse" {
		return "address"
	}
	if e, ok := errors.AsType[net.Error](err); ok && e.Timeout() || errors.Is(err, context.DeadlineExceeded) || errors.Is(err, os.ErrDeadlineExceeded) {
		return "late"
	}
	if _, ok := errors.AsType[*net.DNSError](err); ok {
		return "no-host"
	}
	if _, ok := errors.AsType[*net.AddrError](err); ok {
		return "address"
	}
	if _, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return "certificate"
	}
	switch {
	case errors.Is(err, syscall.ECONNREFUSED):
		return "refused"
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		return "broke"
	}
	return "unreachable"
}

// Say tells it in the reader's language.
func (f failure) Say(l lang.Lang) string {
	way := f.way
	if lang.Has("way." + way) {
		way = l.Text("way." + way)
	}
	why := l.Text("alert-failed." + f.word)
	if f.answer != "" {
		why = l.Text("alert-failed."+f.word, clip(clean(strings.TrimSpace(f.answer))))
	}
	return l.Text("say.alert-way", way, why)
}

func (f failure) Error() string { return f.Say(lang.English) }

// failures are those of several ways.
type failures []failure

// Say implements lang.Said.
func (list failures) Say(l lang.Lang) string {
	var out []string
	for _, f := range list {
		out = append(out, f.Say(l))
	}
	return strings.Join(out, "; ")
}

func (list failures) Error() string { return list.Say(lang.English) }
