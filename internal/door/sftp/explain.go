package sftp

import (
	"errors"

	"golang.org/x/crypto/ssh"

	"github.com/azekura/azekura/internal/lang"
	"github.com/azekura/azekura/internal/problem"
)

// explained is an error that tells the client's person why they were not let in, where there is more to say than the client's own
// "Permission denied": that the day is not open, above all. SSH knows no language.
func explained(err error) error {
	e, ok := errors.AsType[*problem.Error](err)
	if !ok || e.Hint == "" || e.Hint == "hint.log-in-again" {
		return err
	}
	say := func(l lang.Lang) string { return l.Problem(e.Op, "", e.Kind.String(), e.Hint) + "\r\n" }
	return &ssh.BannerError{Err: err, Message: say(lang.Japanese) + say(lang.English)}
}
