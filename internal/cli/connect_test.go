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

// TestPrintable: nothing that is printed commands the terminal or turns what follows it round.
func TestPrintable(t *testing.T) {
	for in, want := range map[string]string{"写真 1.jpg": "写真 1.jpg", "a\x1b[2Jb": "a\uFFFD[2Jb", "photo\u202egpj.exe": "photo\uFFFDgpj.exe", "\u2066a\u2069\u200f": "\uFFFDa\uFFFD\uFFFD", "שלום": "שלום", "a\xff": "a\uFFFD"} {
		if got := printable(in); got != want {
			t.Errorf("%q is shown as %q", in, got)
		}
	}
}
