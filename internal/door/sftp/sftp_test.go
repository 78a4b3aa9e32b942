package sftp

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pkg/sftp"
	"golang.org/x/crypto/ssh"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/problem"
)

func TestSaveReadList(t *testing.T) {
	h := newHouse(t)
	c, _ := h.client()
	big := strings.Repeat("卒業アルバム", 500_000)
	if err := errors.Join(c.Mkdir("/s/3年1組"), write(t, c, "/s/3年1組/名簿.txt", create, "一", "二"), write(t, c, "/s/big", create, big)); err != nil {
		t.Fatal(err)
	}
	if got := h.content("/s/3年1組/名簿.txt"); got != "一二" {
		t.Errorf("saved %q", got)
	}
	f, err := c.Open("/s/big")
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if _, err := f.WriteTo(&b); err != nil || b.String() != big {
		t.Errorf("%d bytes come back of %d, %v", b.Len(), len(big), err)
	}
	f.Close()
	var names []string
	list, err := c.ReadDir("/s")
	for _, i := range list {
		names = append(names, fmt.Sprint(i.Name(), " ", i.Size(), " ", i.IsDir()))
	}
	slices.Sort(names) // a listing has no order
	if want := []string{"3年1組 0 true", fmt.Sprintf("big %d false", len(big))}; err != nil || !slices.Equal(names, want) {
		t.Errorf("the directory holds %q, %v; want %q", names, err, want)
	}
	if list, err := c.ReadDir("/"); err != nil || len(list) != 1 || list[0].Name() != "s" {
		t.Errorf("the shares are %v, %v", list, err)
	}
	// Finder's spelling finds the file, too.
	if i, err := c.Stat("/s/3年1組/名簿.txt"); err != nil || i.Size() != 6 {
		t.Errorf("stat %v, %v", i, err)
	}
	for what, err := range map[string]error{
		"open of nothing":        second(c.Open("/s/none")),
		"listing of nothing":     second(c.ReadDir("/s/none")),
		"stat of nothing":        second(c.Stat("/s/none")),
		"a file without a place": write(t, c, "/s/none/x", create, "x"),
	} {
		if err == nil || what != "a file without a place" && !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s: %v", what, err)
		}
	}
	if s, err := c.StatVFS("/s"); err != nil || s.Bfree == 0 {
		t.Errorf("space %+v, %v", s, err)
	}
}

func TestLongDirectory(t *testing.T) {
	h := newHouse(t)
	c, _ := h.client()
	const n = 1000
	for i := range n {
		if err := write(t, c, fmt.Sprintf("/s/%04d", i), create); err != nil {
			t.Fatal(err)
		}
	}
	list, err := c.ReadDir("/s")
	if err != nil || len(list) != n {
		t.Errorf("%d entries, %v; want %d", len(list), err, n)
	}
}

// TestSavesThatBreakOff: what was not closed in good order is no version.
func TestSavesThatBreakOff(t *testing.T) {
	h := newHouse(t)
	c, conn := h.client()
	if err := write(t, c, "/s/a", create, "whole"); err != nil {
		t.Fatal(err)
	}
	f, err := c.OpenFile("/s/a", create)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(f, "half"); err != nil {
		t.Fatal(err)
	}
	conn.Close()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	h.server.mu.Lock()
	h.server.closed = true // as at the end of the server: it waits for the connection to have been given up
	h.server.mu.Unlock()
	if err := h.server.Shutdown(ctx); err != nil {
		t.Fatal(err)
	}
	if got := h.content("/s/a"); got != "whole" {
		t.Errorf("after an upload that broke off: %q", got)
	}
}

func TestResume(t *testing.T) {
	h := newHouse(t)
	c, _ := h.client()
	for name, test := range map[string]struct {
		flags int
		at    int64
		part  string
		want  string
	}{
		"from the old end on":         {os.O_WRONLY, 5, " and more", "first and more"},
		"appended":                    {os.O_WRONLY | os.O_APPEND, 5, "!", "first!"},
		"appended from 0":             {os.O_WRONLY | os.O_APPEND, 0, "!", "first!"},
		"over the beginning":          {os.O_WRONLY, 0, "FI", "FIrst"},
		"made where there is nothing": {os.O_WRONLY | os.O_CREATE, 0, "new", "newst"},
	} {
		if err := write(t, c, "/s/a", create, "first"); err != nil {
			t.Fatal(err)
		}
		f, err := c.OpenFile("/s/a", test.flags)
		if err != nil {
			t.Fatal(err)
		}
		_, err = f.WriteAt([]byte(test.part), test.at)
		if err := errors.Join(err, f.Close()); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if got := h.content("/s/a"); got != test.want {
			t.Errorf("%s: %q, want %q", name, got, test.want)
		}
	}
	if err := errors.Join(write(t, c, "/s/a", create, "as it is"), write(t, c, "/s/a", os.O_WRONLY)); err != nil || h.content("/s/a") != "as it is" {
		t.Errorf("opened and closed: %q, %v", h.content("/s/a"), err)
	}
	if err := write(t, c, "/s/a", os.O_WRONLY|os.O_CREATE|os.O_EXCL, "x"); err == nil {
		t.Error("a file that is there is made")
	}
	if err := write(t, c, "/s/none", os.O_WRONLY, "x"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a file that is not there is opened: %v", err)
	}
}

// TestPartsInAnyOrder is how clients write with many requests under way.
func TestPartsInAnyOrder(t *testing.T) {
	h := newHouse(t)
	c, _ := h.client()
	f, err := c.OpenFile("/s/a", create)
	if err != nil {
		t.Fatal(err)
	}
	for _, at := range []int64{6, 0, 3} {
		if _, err := f.WriteAt([]byte(fmt.Sprintf("%03d", at)), at); err != nil {
			t.Fatal(err)
		}
	}
	if err := f.Close(); err != nil || h.content("/s/a") != "000003006" {
		t.Errorf("%q, %v", h.content("/s/a"), err)
	}
}

func TestTimesAndSizes(t *testing.T) {
	h := newHouse(t)
	c, _ := h.client()
	when := time.Date(2019, 3, 9, 10, 20, 30, 0, time.UTC)
	f, err := c.OpenFile("/s/a", create)
	if err != nil {
		t.Fatal(err)
	}
	io.WriteString(f, "photo")
	if err := errors.Join(c.Chtimes("/s/a", when, when), c.Chmod("/s/a", 0o600), f.Close()); err != nil { // before it is closed, as OpenSSH does with -p
		t.Fatal(err)
	}
	if i, err := c.Stat("/s/a"); err != nil || !i.ModTime().Equal(when) {
		t.Errorf("the time is %v, %v", i.ModTime(), err)
	}
	later := when.Add(time.Hour)
	if err := c.Chtimes("/s/a", later, later); err != nil { // and after it, as rclone does
		t.Fatal(err)
	}
	if i, err := c.Stat("/s/a"); err != nil || !i.ModTime().Equal(later) || i.Size() != 5 {
		t.Errorf("the time is %v, %v", i.ModTime(), err)
	}
	if got := versions(t, h, "/s/a"); got != 1 {
		t.Errorf("%d versions, want 1", got)
	}
	f, err = c.OpenFile("/s/a", os.O_WRONLY)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(f.Truncate(2), f.Close()); err != nil || h.content("/s/a") != "ph" {
		t.Errorf("cut to 2: %q, %v", h.content("/s/a"), err)
	}
	if err := c.Truncate("/s/a", 1); err == nil || h.content("/s/a") != "ph" {
		t.Errorf("a file that is not open is cut: %q, %v", h.content("/s/a"), err)
	}
	if err := c.Truncate("/s/a", 2); err != nil {
		t.Errorf("to the size it has: %v", err)
	}
}

func TestRenameAndRemove(t *testing.T) {
	h := newHouse(t)
	c, _ := h.client()
	must := func(errs ...error) {
		t.Helper()
		if err := errors.Join(errs...); err != nil {
			t.Fatal(err)
		}
	}
	must(write(t, c, "/s/a", create, "a"), write(t, c, "/s/b", create, "b"), c.Mkdir("/s/d"), write(t, c, "/s/d/x", create, "x"))
	if err := c.Rename("/s/a", "/s/b"); err == nil || h.content("/s/b") != "b" {
		t.Errorf("a rename replaces: %q, %v", h.content("/s/b"), err)
	}
	must(c.PosixRename("/s/a", "/s/b"))
	if got, n := h.content("/s/b"), versions(t, h, "/s/b"); got != "a" || n != 2 {
		t.Errorf("after a rename that replaces: %q, %d versions; want a and 2", got, n)
	}
	if err := c.RemoveDirectory("/s/d"); err == nil {
		t.Error("a directory that holds something is removed")
	}
	if err := c.RemoveDirectory("/s/b"); err == nil {
		t.Error("a file is removed as a directory")
	}
	must(c.Remove("/s/d/x"), c.RemoveDirectory("/s/d"), c.Remove("/s/b"))
	if list, err := c.ReadDir("/s"); err != nil || len(list) != 0 {
		t.Errorf("left: %v, %v", list, err)
	}
	for what, err := range map[string]error{"a link": c.Symlink("/s/x", "/s/y"), "a hard link": c.Link("/s/x", "/s/y"), "a share": c.Mkdir("/new"), "a path out": write(t, c, "/../etc/passwd", create, "x")} {
		if err == nil {
			t.Errorf("%s is made", what)
		}
	}
}

func TestLogins(t *testing.T) {
	h := newHouse(t)
	key := newSigner(t)
	text := strings.TrimSuffix(string(ssh.MarshalAuthorizedKey(key.PublicKey())), "\n")
	h.gate.Add("key", text)
	h.gate.Add("sato", "of a person")
	for name, c := range map[string]struct {
		user string
		auth ssh.AuthMethod
		want account.Factor
	}{
		"password": {"hanako", ssh.Password(secret), account.DevicePassword},
		"key":      {"key", ssh.PublicKeys(key), account.DeviceKey},
		"code": {"sato", ssh.KeyboardInteractive(func(_, _ string, q []string, echo []bool) ([]string, error) {
			switch {
			case len(q) == 0:
				return nil, nil
			case len(q) == 1 && !echo[0] && strings.Contains(q[0], "パスワード"):
				return []string{"of a person"}, nil
			case len(q) == 1 && echo[0] && strings.Contains(q[0], "認証コード"):
				return []string{"123456"}, nil
			}
			t.Errorf("asked %q", q)
			return nil, nil
		}), account.Password},
		"device password, asked for": {"hanako", ssh.KeyboardInteractive(func(_, _ string, q []string, echo []bool) ([]string, error) {
			if len(q) == 0 {
				return nil, nil
			}
			if len(q) != 1 || echo[0] {
				t.Errorf("asked %q", q)
			}
			return []string{secret}, nil
		}), account.DevicePassword},
	} {
		h.logins = nil
		conn, err := h.dial(c.user, c.auth)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		conn.Close()
		h.mu.Lock()
		if len(h.logins) != 1 || h.logins[0].Factor != c.want || h.logins[0].Door != "sftp" || !h.logins[0].Address.IsLoopback() || h.logins[0].Software != "Go" {
			t.Errorf("%s: logins %v", name, h.logins)
		}
		h.mu.Unlock()
	}
	h.logins = nil
	if _, err := h.dial("hanako", ssh.Password("wrong")); err == nil {
		t.Error("a wrong password lets in")
	}
	if _, err := h.dial("key", ssh.PublicKeys(newSigner(t))); err == nil {
		t.Error("another key lets in")
	}
	// A query about a key is no login: the client signs only with what it wants to.
	h.mu.Lock()
	h.logins = nil
	h.mu.Unlock()
	if _, err := h.dial("key", ssh.PublicKeys(unwilling{key})); err == nil {
		t.Error("a key without its signature lets in")
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.logins) != 0 {
		t.Errorf("a key without its signature counts as %v", h.logins)
	}
}

// unwilling is a key that signs nothing right.
type unwilling struct{ ssh.Signer }

func (u unwilling) Sign(r io.Reader, data []byte) (*ssh.Signature, error) {
	return u.Signer.Sign(r, append([]byte("x"), data...))
}

// TestOnlySFTP tries what SSH servers do otherwise.
func TestOnlySFTP(t *testing.T) {
	h := newHouse(t)
	_, conn := h.client()
	s, err := conn.NewSession()
	if err != nil {
		t.Fatal(err)
	}
	if out, err := s.CombinedOutput("id"); err == nil || bytes.Contains(out, []byte("uid")) {
		t.Errorf("a command: %q, %v", out, err)
	}
	if _, err := conn.Dial("tcp", "127.0.0.1:1"); err == nil {
		t.Error("a forwarded port")
	}
	if _, err := conn.Listen("tcp", "127.0.0.1:0"); err == nil {
		t.Error("a port that is forwarded back")
	}
	s, err = conn.NewSession()
	if err != nil {
		t.Fatal(err)
	}
	if err := s.RequestSubsystem("netconf"); err == nil {
		t.Error("another subsystem")
	}
	for range maxChannels { // more channels than there may be are refused, not left waiting
		if _, _, err = conn.OpenChannel("session", nil); err != nil {
			break
		}
	}
	if err == nil {
		t.Errorf("more than %d channels", maxChannels)
	}
}

func TestSessionEnds(t *testing.T) {
	h := newHouse(t)
	c, conn := h.client()
	if err := write(t, c, "/s/a", create, "a"); err != nil {
		t.Fatal(err)
	}
	h.gate.End("hanako")
	if _, err := c.ReadDir("/s"); err == nil {
		t.Error("a session that is over lists")
	}
	ended := make(chan error, 1)
	go func() { ended <- conn.Wait() }()
	select {
	case <-ended:
	case <-time.After(time.Minute):
		t.Error("the connection of a session that is over stays")
	}
}

func TestHandlesAreBounded(t *testing.T) {
	h := newHouse(t)
	c, _ := h.client()
	if err := write(t, c, "/s/a", create, "a"); err != nil {
		t.Fatal(err)
	}
	var open []*sftp.File
	var err error
	for range maxHandles + 1 {
		var f *sftp.File
		if f, err = c.Open("/s/a"); err != nil {
			break
		}
		open = append(open, f)
	}
	if err == nil || len(open) != maxHandles {
		t.Errorf("%d files are open, %v; want %d", len(open), err, maxHandles)
	}
	for _, f := range open {
		f.Close()
	}
	if _, err := c.Open("/s/a"); err != nil {
		t.Errorf("after they were closed: %v", err)
	}
}

func TestStatus(t *testing.T) {
	for kind, want := range map[problem.Kind]error{problem.NotFound: sftp.ErrSSHFxNoSuchFile, problem.Denied: sftp.ErrSSHFxPermissionDenied,
		problem.Locked: sftp.ErrSSHFxPermissionDenied, problem.Spent: sftp.ErrSSHFxPermissionDenied, problem.Frozen: sftp.ErrSSHFxPermissionDenied, problem.Unauthenticated: sftp.ErrSSHFxConnectionLost,
		problem.NoSpace: sftp.ErrSSHFxFailure, problem.Internal: sftp.ErrSSHFxFailure} {
		if got := status(problem.New(kind, "open", "", nil)); got != want {
			t.Errorf("%v: %v, want %v", kind, got, want)
		}
	}
}
