package cli

import (
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"net"
	"os"
	"syscall"

	"github.com/azekura/azekura/internal/door/api"
	"github.com/azekura/azekura/internal/door/api/client"
	"github.com/azekura/azekura/internal/problem"
	"github.com/azekura/azekura/internal/storehouse"
)

// connect runs do with a client: of the server whose socket is in the data directory, or of the vault
// opened in this process.
func (a *app) connect(ctx context.Context, do func(*client.Client) error) (err error) {
	socket := storehouse.Socket(a.data)
	running, err := answers(socket)
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

// answers reports whether a server listens at the socket.
func answers(socket string) (bool, error) {
	c, err := net.Dial("unix", socket)
	switch {
	case err == nil:
		c.Close()
		return true, nil
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ECONNREFUSED): // never started, or crashed
		return false, nil
	case errors.Is(err, fs.ErrPermission):
		return false, &problem.Error{Kind: problem.Denied, Op: "open vault", On: socket, Hint: "hint.which-user", Err: err}
	}
	return false, problem.New(problem.Internal, "open vault", socket, err)
}

// logger writes for a person on a terminal, and JSON otherwise.
func (a *app) logger(level slog.Level) *slog.Logger {
	opt := &slog.HandlerOptions{Level: level}
	if a.errTTY {
		return slog.New(slog.NewTextHandler(a.err, opt))
	}
	return slog.New(slog.NewJSONHandler(a.err, opt))
}
