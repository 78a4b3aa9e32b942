package storehouse

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"os"
	"os/user"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// The console is a Unix socket in the data directory. Its mode keeps others away, and every connection is
// asked for the kernel's word on who is at the other end: only root and the server's own user may speak.

// consolePrefix begins the remote address of a request from the console: "console:" and the user's number.
const consolePrefix = "console:"

// listenConsole opens the socket. One that is left from a crash is removed: the lock file says that no
// other process uses this data directory.
func listenConsole(name string, log *slog.Logger) (net.Listener, error) {
	if err := os.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: name, Net: "unix"})
	if err == nil {
		err = os.Chmod(name, 0o600) // until then the mode of the data directory and Accept keep others away
	}
	if err != nil {
		return nil, err
	}
	return &consoleListener{l, log}, nil
}

type consoleListener struct {
	*net.UnixListener
	log *slog.Logger
}

// Accept returns the next connection of root or our own user; others are closed.
func (l *consoleListener) Accept() (net.Conn, error) {
	for {
		c, err := l.AcceptUnix()
		if err != nil {
			return nil, err
		}
		uid, err := peer(c)
		if err == nil && (uid == 0 || uid == uint32(os.Getuid())) {
			return consoleConn{c, uid}, nil
		}
		l.log.Warn("connection to the console refused", "uid", uid, "err", err)
		c.Close()
	}
}

// peer returns the user at the other end, as the kernel knows it.
func peer(c *net.UnixConn) (uid uint32, err error) {
	raw, err := c.SyscallConn()
	if err != nil {
		return 0, err
	}
	var cred *unix.Ucred
	if e := raw.Control(func(fd uintptr) { cred, err = unix.GetsockoptUcred(int(fd), unix.SOL_SOCKET, unix.SO_PEERCRED) }); e != nil {
		return 0, e
	}
	if err != nil {
		return 0, err
	}
	return cred.Uid, nil
}

// consoleConn tells its user as its remote address, where http.Request finds it.
type consoleConn struct {
	net.Conn
	uid uint32
}

func (c consoleConn) RemoteAddr() net.Addr { return consoleAddr(c.uid) }

type consoleAddr uint32

func (consoleAddr) Network() string  { return "unix" }
func (a consoleAddr) String() string { return consolePrefix + strconv.FormatUint(uint64(a), 10) }

// ConsoleAddress is the remote address under which this process's own requests come, see api.Local.
func ConsoleAddress() string { return consoleAddr(os.Getuid()).String() }

// consoleUser returns the name of the user that sent a request from the console.
func consoleUser(remote string) (string, error) {
	uid, ok := strings.CutPrefix(remote, consolePrefix)
	if !ok {
		return "", fmt.Errorf("%q is not the console", remote)
	}
	if u, err := user.LookupId(uid); err == nil {
		return u.Username, nil
	}
	return "uid " + uid, nil
}
