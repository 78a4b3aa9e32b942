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
		cmd := tool(t, "sftp", "-q", "-P", port, "-i", key, "-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=accept-new",
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
	if out, err := sftp("ls\n"); err == nil {
		t.Errorf("after the day: %s", out)
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
