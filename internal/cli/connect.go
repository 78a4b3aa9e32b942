package cli

import (
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"net/http"
	"os"
	"time"

	"github.com/azekura/azekura/internal/door/api"
	"github.com/azekura/azekura/internal/door/api/client"
	"github.com/azekura/azekura/internal/problem"
	"github.com/azekura/azekura/internal/storehouse"
)

// connect runs do with a client: of the server whose socket is in the data directory, or of the vault
// opened in this process.
func (a *app) connect(ctx context.Context, do func(*client.Client) error) (err error) {
	socket := storehouse.Socket(a.data)
	running, err := answers(ctx, socket)
	if err != nil {
		return err
	}
	if running {
		return do(client.New(client.Socket(socket), a.lang.String()))
	}
	cfg, err := storehouse.Load(a.data, os.Environ(), nil)
	if err != nil {
		return err
	}
	house, err := storehouse.Open(ctx, cfg, storehouse.Options{Now: a.now, Log: a.logger(slog.LevelWarn), Passphrase: a.passphrase})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, house.Close(context.WithoutCancel(ctx))) }()
	return do(client.New(api.Local(house.API(), storehouse.ConsoleAddress()), a.lang.String()))
}

// silence is how long a server may take to answer before it counts as none.
const silence = 10 * time.Second

// answers reports whether a server answers at the socket. That somebody listens is not enough: a child of a server that was killed,
// which has not yet become a preview worker, holds the socket for a moment and will never answer.
func answers(ctx context.Context, socket string) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, silence)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://console/healthz", nil)
	if err != nil {
		return false, problem.New(problem.Internal, "open vault", socket, err)
	}
	r.Close = true
	resp, err := client.Socket(socket).RoundTrip(r)
	switch {
	case err == nil:
		return true, resp.Body.Close()
	case errors.Is(err, fs.ErrPermission):
		return false, &problem.Error{Kind: problem.Denied, Op: "open vault", On: socket, Hint: "hint.which-user", Err: err}
	}
	return false, nil // never started, or crashed; if it only hangs, it holds the lock
}

// logger writes for a person on a terminal, and JSON otherwise.
func (a *app) logger(level slog.Level) *slog.Logger {
	opt := &slog.HandlerOptions{Level: level}
	if a.errTTY {
		return slog.New(slog.NewTextHandler(a.err, opt))
	}
	return slog.New(slog.NewJSONHandler(a.err, opt))
}
