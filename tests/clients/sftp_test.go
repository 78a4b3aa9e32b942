package clients

import (
	"bytes"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/azekura/azekura/tests/house"
)

// openSSH returns OpenSSH's sftp with a key that the house knows as a device, ready for a batch of commands.
func openSSH(t *testing.T, h *house.House) func(batch string) (string, error) {
	t.Helper()
	dir := t.TempDir()
	key := filepath.Join(dir, "key")
	run(t, tool(t, "ssh-keygen", "-q", "-t", "ecdsa", "-N", "", "-f", key))
	h.Run("account", "device", "add", h.User, "openssh", "--key", key+".pub")
	host, port, err := net.SplitHostPort(h.SFTP)
	if err != nil {
		t.Fatal(err)
	}
	return func(batch string) (string, error) {
		cmd := tool(t, "sftp", "-P", port, "-i", key, "-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=accept-new",
			"-o", "UserKnownHostsFile="+filepath.Join(dir, "known"), "-b", "-", h.User+"@"+host)
		cmd.Stdin = strings.NewReader(batch)
		out, err := cmd.CombinedOutput()
		return string(out), err
	}
}

func TestOpenSSH(t *testing.T) {
	h := house.New(t)
	sftp := openSSH(t, h)
	must := func(batch string) string {
		t.Helper()
		out, err := sftp(batch)
		if err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		return out
	}
	dir := t.TempDir()
	content := bytes.Repeat([]byte("0123456789abcdef"), 1<<18) // 4 MiB
	name := filepath.Join(dir, "クラス写真.psd")
	when := time.Date(2019, 3, 9, 1, 2, 3, 0, time.UTC)
	for n, c := range map[string][]byte{name: content, filepath.Join(dir, "part"): content[:1<<20+7]} {
		if err := os.WriteFile(n, c, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Chtimes(name, when, when); err != nil {
		t.Fatal(err)
	}
	back, resumed := filepath.Join(dir, "back"), filepath.Join(dir, "resumed")
	must("cd albums\nmkdir 卒業アルバム\ncd 卒業アルバム\nput -p " + name + "\nput " + filepath.Join(dir, "part") + " クラス写真2.psd\n")
	// An upload that broke off goes on where it was.
	if err := os.Rename(name, filepath.Join(dir, "クラス写真2.psd")); err != nil {
		t.Fatal(err)
	}
	must("cd albums/卒業アルバム\nlcd " + dir + "\nreput クラス写真2.psd\nget -p クラス写真.psd " + back + "\nget クラス写真2.psd " + resumed + "\n")
	for _, n := range []string{back, resumed} {
		if got, err := os.ReadFile(n); err != nil || !bytes.Equal(got, content) {
			t.Errorf("%s: %d bytes, %v; want %d", filepath.Base(n), len(got), err, len(content))
		}
	}
	if i, err := os.Stat(back); err != nil || !i.ModTime().Equal(when) {
		t.Errorf("the time comes back as %v, %v", i.ModTime(), err)
	}
	must("cd albums/卒業アルバム\nrename クラス写真.psd クラス写真2.psd\ndf\n") // OpenSSH renames as POSIX does
	if out := string(h.Run("ls", "albums/卒業アルバム")); strings.Contains(out, "クラス写真.psd") || !strings.Contains(out, "クラス写真2.psd") {
		t.Errorf("after a rename over: %s", out)
	}
	if out := string(h.Run("history", "albums/卒業アルバム/クラス写真2.psd")); !strings.Contains(out, "v3") {
		t.Errorf("the history of a file that was renamed over:\n%s", out)
	}
	if out, err := sftp("put " + back + " /outside\n"); err == nil {
		t.Errorf("a file outside of all shares: %s", out)
	}
	h.Run("day", "close", h.User)
	if out, err := sftp("ls\n"); err == nil || !strings.Contains(out, "Your day is not open") {
		t.Errorf("after the day: %v, %s", err, out)
	}
}

func TestRcloneSFTP(t *testing.T) {
	h, tree := house.New(t), album(t)
	secret := strings.TrimSpace(run(t, tool(t, "rclone", "obscure", h.Password)))
	host, port, err := net.SplitHostPort(h.SFTP)
	if err != nil {
		t.Fatal(err)
	}
	rclone := func(args ...string) string {
		cmd := tool(t, "rclone", args...)
		cmd.Env = append(cmd.Env, "RCLONE_CONFIG_H_TYPE=sftp", "RCLONE_CONFIG_H_HOST="+host, "RCLONE_CONFIG_H_PORT="+port, "RCLONE_CONFIG_H_USER="+h.User,
			"RCLONE_CONFIG_H_PASS="+secret, "RCLONE_CONFIG_H_SHELL_TYPE=none")
		return run(t, cmd)
	}
	rclone("copy", tree, "H:albums/up")
	rclone("check", "--download", tree, "H:albums/up")
	if out := rclone("copy", "-v", tree, "H:albums/up"); strings.Contains(out, ": Copied") {
		t.Errorf("a second copy copies again: %s", out)
	}
	back := t.TempDir()
	rclone("copy", "H:albums/up", back)
	same(t, tree, back)
	rclone("moveto", "H:albums/up/緑ヶ丘小学校", "H:albums/up/桜台中学校")
	rclone("purge", "H:albums/up/deep")
	if out := rclone("lsf", "-R", "H:albums/up"); strings.Contains(out, "緑ヶ丘") || strings.Contains(out, "leaf") || !strings.Contains(out, "桜台中学校/6年1組/写真 01.jpg") {
		t.Errorf("after move and purge: %s", out)
	}
}

// TestLftp mirrors a tree there and back, with a device password, and goes on with an upload that broke off.
func TestLftp(t *testing.T) {
	h, tree := house.New(t), album(t)
	host, port, err := net.SplitHostPort(h.SFTP)
	if err != nil {
		t.Fatal(err)
	}
	home := t.TempDir()
	lftp := func(script string) string {
		t.Helper()
		cmd := tool(t, "lftp", "--norc", "-e", "set sftp:auto-confirm yes; set net:max-retries 1; set cmd:fail-exit yes; set sftp:charset utf-8; set file:charset utf-8; open -p "+port+" -u "+h.User+","+h.Password+" sftp://"+host+"; "+script+"; quit")
		cmd.Env = append(cmd.Env, "HOME="+home)
		return run(t, cmd)
	}
	lftp("mirror -R " + tree + " albums/up")
	back := filepath.Join(t.TempDir(), "back")
	lftp("mirror albums/up " + back)
	same(t, tree, back)
	content := bytes.Repeat([]byte("0123456789abcdef"), 1<<18)
	large := filepath.Join(t.TempDir(), "大きい.psd")
	for n, c := range map[string][]byte{large: content, large + ".part": content[:1<<20+5]} {
		if err := os.WriteFile(n, c, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	lftp("cd albums; put " + large + ".part -o large.psd; put -c " + large + " -o large.psd; mv large.psd 大きい.psd; pget -n 3 大きい.psd -o " + large + ".back")
	if got, err := os.ReadFile(large + ".back"); err != nil || !bytes.Equal(got, content) {
		t.Errorf("%d bytes come back, %v; want %d", len(got), err, len(content))
	}
	if out := lftp("cd albums; rm -r up; cls -1"); strings.Contains(out, "up") || !strings.Contains(out, "大きい.psd") {
		t.Errorf("after a removal: %s", out)
	}
}

// TestPutty is about the SSH and SFTP of PuTTY, which WinSCP and FileZilla are made of.
func TestPutty(t *testing.T) {
	h := house.New(t)
	host, port, err := net.SplitHostPort(h.SFTP)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	scan := run(t, tool(t, "ssh-keyscan", "-p", port, host))
	known := filepath.Join(dir, "host")
	if err := os.WriteFile(known, []byte(scan), 0o600); err != nil {
		t.Fatal(err)
	}
	fingerprint := strings.Fields(run(t, tool(t, "ssh-keygen", "-lf", known)))[1]
	secret := filepath.Join(dir, "secret")
	if err := os.WriteFile(secret, []byte(h.Password+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	psftp := func(batch string) (string, error) {
		script := filepath.Join(dir, "script")
		if err := os.WriteFile(script, []byte(batch), 0o600); err != nil {
			t.Fatal(err)
		}
		cmd := tool(t, "psftp", "-batch", "-hostkey", fingerprint, "-P", port, "-l", h.User, "-pwfile", secret, "-b", script, host)
		cmd.Env = append(cmd.Env, "HOME="+dir)
		out, err := cmd.CombinedOutput()
		return string(out), err
	}
	must := func(batch string) string {
		t.Helper()
		out, err := psftp(batch)
		if err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		return out
	}
	content := bytes.Repeat([]byte("0123456789abcdef"), 1<<18)
	large, part, back := filepath.Join(dir, "large.psd"), filepath.Join(dir, "part.psd"), filepath.Join(dir, "back.psd")
	for n, c := range map[string][]byte{large: content, part: content[:1<<20+5]} {
		if err := os.WriteFile(n, c, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	must("cd albums\nmkdir 組版\ncd 組版\nput " + part + " 表紙.psd\nreput " + large + " 表紙.psd\nget 表紙.psd " + back + "\n")
	if got, err := os.ReadFile(back); err != nil || !bytes.Equal(got, content) {
		t.Errorf("after a resumed upload %d bytes come back, %v; want %d", len(got), err, len(content))
	}
	if err := os.WriteFile(back, content[:1<<19], 0o600); err != nil {
		t.Fatal(err)
	}
	must("cd albums/組版\nreget 表紙.psd " + back + "\n")
	if got, err := os.ReadFile(back); err != nil || !bytes.Equal(got, content) {
		t.Errorf("after a resumed download there are %d bytes, %v; want %d", len(got), err, len(content))
	}
	// As WinSCP and FileZilla put a file over another: under a name of its own first, then by a rename.
	must("cd albums/組版\nput " + part + " 表紙.psd.filepart\nrm 表紙.psd\nmv 表紙.psd.filepart 表紙.psd\n")
	if out := string(h.Run("history", "albums/組版/表紙.psd")); !strings.Contains(out, "v2") || !strings.Contains(out, "v3") {
		t.Errorf("the history of a file that was put over another:\n%s", out)
	}
	out := must("cd albums\nls\nls 組版\n")
	if !strings.Contains(out, "組版") || !strings.Contains(out, "表紙.psd") || strings.Contains(out, "filepart") {
		t.Errorf("listing: %s", out)
	}
	h.Run("day", "close", h.User)
	if out, err := psftp("ls\n"); err == nil {
		t.Errorf("after the day: %s", out)
	}
}
