package witness

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"

	"github.com/azekura/azekura/internal/account"
)

// Errors of a witness's cosignature.
var (
	errAnotherKey  = errors.New("another key than the witness's has cosigned")
	errAnotherHead = errors.New("the witness has cosigned another head than this one: an older one, or one of another ledger")
	errUntimed     = errors.New("the witness has cosigned without a time")
)

// answered is an answer that is no cosignature.
type answered struct {
	status int
	text   []byte
}

func (a *answered) Error() string {
	return fmt.Sprintf("the witness answers %d: %.100q", a.status, a.text)
}

// troubleOf says what kind of thing keeps a witness from cosigning, for people who must do something about it.
func troubleOf(err error) account.WitnessTrouble {
	if a, ok := errors.AsType[*answered](err); ok {
		switch {
		case a.status == http.StatusNotFound:
			return account.WitnessUnknown
		case a.status == http.StatusForbidden:
			return account.WitnessUnsigned
		case a.status >= 500:
			return account.WitnessBroken
		}
		return account.WitnessStrange
	}
	if _, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return account.WitnessUntrusted
	}
	switch {
	case errors.Is(err, ErrRolledBack):
		return account.WitnessLonger
	case errors.Is(err, ErrForked):
		return account.WitnessForked
	case errors.Is(err, errAnotherKey):
		return account.WitnessOtherKey
	case errors.Is(err, errAnotherHead):
		return account.WitnessOtherHead
	}
	if u, ok := errors.AsType[*url.Error](err); ok { // which is a net.Error itself
		if _, ok := errors.AsType[net.Error](u.Err); ok || errors.Is(err, io.EOF) {
			return account.WitnessUnreachable
		}
	}
	return account.WitnessStrange
}
