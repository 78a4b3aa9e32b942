package cli

import (
	"net"
	"net/http"
	"path/filepath"
	"testing"
)

// TestAnswers: a server is one that answers, not one whose socket somebody still holds.
func TestAnswers(t *testing.T) {
	listen := func(name string) *net.UnixListener {
		l, err := net.ListenUnix("unix", &net.UnixAddr{Name: name, Net: "unix"})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { l.Close() })
		return l
	}
	dir := t.TempDir()
	crashed := listen(filepath.Join(dir, "crashed"))
	crashed.SetUnlinkOnClose(false)
	crashed.Close()
	held := listen(filepath.Join(dir, "held")) // as by the child of a server that was killed: it ends soon, and with it who waits
	go func() {
		for {
			c, err := held.Accept()
			if err != nil {
				return
			}
			c.Close()
		}
	}()
	serving := listen(filepath.Join(dir, "serving"))
	go http.Serve(serving, http.NotFoundHandler())
	for name, want := range map[string]bool{"none": false, "crashed": false, "held": false, "serving": true} {
		if got, err := answers(t.Context(), filepath.Join(dir, name)); got != want || err != nil {
			t.Errorf("%s: %v, %v; want %v", name, got, err, want)
		}
	}
}
