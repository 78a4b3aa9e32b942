package storehouse

import (
	"context"
	"net"
	"os"
	"strconv"
	"time"
)

// notify tells systemd about the service, sd_notify(3); without systemd it does nothing. socket is
// Options.Service. A message that does not arrive is no reason to fail: systemd has its own timeouts.
func notify(socket, state string) {
	if socket == "" {
		return
	}
	if socket[0] == '@' { // an abstract socket
		socket = "\x00" + socket[1:]
	}
	c, err := net.DialUnix("unixgram", nil, &net.UnixAddr{Name: socket, Net: "unixgram"})
	if err != nil {
		return
	}
	defer c.Close()
	c.Write([]byte(state))
}

// watchdog feeds systemd's watchdog at half its interval for as long as healthy says so.
func watchdog(ctx context.Context, socket string, healthy func() bool) {
	usec, err := strconv.ParseInt(os.Getenv("WATCHDOG_USEC"), 10, 64)
	if pid := os.Getenv("WATCHDOG_PID"); err != nil || usec <= 0 || socket == "" || pid != "" && pid != strconv.Itoa(os.Getpid()) {
		return
	}
	t := time.NewTicker(time.Duration(usec) * time.Microsecond / 2)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
			if healthy() {
				notify(socket, "WATCHDOG=1")
			}
		}
	}
}
