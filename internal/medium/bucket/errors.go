package bucket

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"strings"

	"github.com/minio/minio-go/v7"

	"github.com/azekura/azekura/internal/problem"
)

const op = "use the bucket"

// errLocked means that the bucket keeps an object still, whoever asks.
var errLocked = errors.New("it is locked still")

// occupied reports whether a put failed because something stands there.
func occupied(err error) bool {
	code := minio.ToErrorResponse(err)
	return code.StatusCode == http.StatusPreconditionFailed || code.Code == "PreconditionFailed" || code.Code == "ConditionalRequestConflict"
}

func absent(err error) bool {
	code := minio.ToErrorResponse(err)
	return code.Code == "NoSuchKey" || code.Code == "NoSuchVersion" || code.StatusCode == http.StatusNotFound && code.Code != "NoSuchBucket" ||
		code.StatusCode == http.StatusMethodNotAllowed // a mark that it was removed
}

// failed makes of an error of the client one that people can act on. What is only not there is fs.ErrNotExist.
func (b *Bucket) failed(name string, err error) error {
	if err == nil {
		return nil
	}
	if _, ok := errors.AsType[*problem.Error](err); ok {
		return err
	}
	on := b.set.Bucket
	if name != "" {
		on += ": " + name
	}
	kind, hint := problem.Unavailable, "hint.bucket-answer"
	code := minio.ToErrorResponse(err)
	switch {
	case errors.Is(err, context.Canceled):
		return err
	case code.Code == "RequestTimeTooSkewed" || code.Code == "RequestTimeout" && code.StatusCode == http.StatusForbidden:
		hint = "hint.bucket-clock"
	case code.Code == "NoSuchBucket":
		kind, hint = problem.NotFound, "hint.bucket-none"
	case absent(err):
		return &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
	case full(code):
		kind, hint = problem.NoSpace, "hint.bucket-full"
	case code.StatusCode == http.StatusForbidden || code.StatusCode == http.StatusUnauthorized || code.Code == "InvalidAccessKeyId":
		kind, hint = problem.Denied, "hint.bucket-denied"
	case untrusted(err):
		kind, hint = problem.Denied, "hint.bucket-tls"
	case errors.Is(err, errAnswer):
	case unreachable(err), errors.Is(err, errStalled):
		hint = "hint.bucket-unreachable"
	case code.Code != "":
		on += fmt.Sprintf(" (%s, %d)", code.Code, code.StatusCode)
	}
	if code.Code != "" {
		err = fmt.Errorf("%s: %w", code.Code, err)
	}
	return &problem.Error{Kind: kind, Op: op, On: on, Hint: hint, Err: err}
}

// full reports whether there is no room, or none that is paid for. Each maker calls it otherwise.
func full(code minio.ErrorResponse) bool {
	return code.StatusCode == http.StatusInsufficientStorage || strings.Contains(code.Code, "Quota") || strings.Contains(code.Code, "StorageFull") || code.Code == "InsufficientCapacity"
}

func untrusted(err error) bool {
	_, a := errors.AsType[x509.UnknownAuthorityError](err)
	_, b := errors.AsType[x509.HostnameError](err)
	_, c := errors.AsType[x509.CertificateInvalidError](err)
	_, d := errors.AsType[*tls.CertificateVerificationError](err)
	_, e := errors.AsType[tls.RecordHeaderError](err)
	return a || b || c || d || e
}

func unreachable(err error) bool {
	_, network := errors.AsType[net.Error](err)
	return network || errors.Is(err, context.DeadlineExceeded)
}
