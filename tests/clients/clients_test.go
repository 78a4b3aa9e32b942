// Package clients lets other people's programs loose on the real storehouse.
package clients

import (
	"bytes"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"golang.org/x/text/unicode/norm"

	"github.com/azekura/azekura/internal/door/webdav/webdavtest"
	"github.com/azekura/azekura/tests/house"
)

// tool returns a command of a program that the set-up has installed; a missing one is a failure, not a skip.
func tool(t *testing.T, name string, args ...string) *exec.Cmd {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		for _, dir := range []string{"/usr/sbin", "/sbin"} {
			if _, e := os.Stat(filepath.Join(dir, name)); e == nil {
				path, err = filepath.Join(dir, name), nil
			}
		}
	}
	if err != nil {
		t.Fatalf("%s is not installed: run ./test, which installs it", name)
	}
	cmd := exec.Command(path, args...)
	cmd.Dir = t.TempDir()
	cmd.Env = append(os.Environ(), "LC_ALL=C.UTF-8", "HOME="+cmd.Dir)
	return cmd
}

func run(t *testing.T, cmd *exec.Cmd) string {
	t.Helper()
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %v\n%s", cmd.Args, err, out)
	}
	return string(out)
}

// album makes a small tree with the names that a factory has.
func album(t *testing.T) string {
	t.Helper()
	root := t.TempDir()
	r := rand.NewChaCha8([32]byte{1})
	for name, size := range map[string]int{
		"緑ヶ丘小学校/6年1組/写真 01.jpg": 3_000_000, "緑ヶ丘小学校/6年1組/髙橋﨑子.jpg": 70_000,
		"緑ヶ丘小学校/名簿.csv": 500, "緑ヶ丘小学校/空.txt": 0, "ﾊﾝｶｸ/ＺＥＮＫＡＫＵ＆#%+.psd": 5_000_000,
		norm.NFD.String("がぎぐげご/ぱぴぷ.tif"): 100_000, strings.Repeat("長", 85) + "": 10,
		"deep/" + strings.Repeat("directory/", 40) + "leaf": 20,
	} {
		file := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		b := make([]byte, size)
		r.Read(b)
		if err := os.WriteFile(file, b, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

// same compares two trees, names by their composed form.
func same(t *testing.T, a, b string) {
	t.Helper()
	read := func(root string) map[string]string {
		out := map[string]string{}
		err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			rel, _ := filepath.Rel(root, path)
			data, err := os.ReadFile(path)
			out[norm.NFC.String(rel)] = string(data)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	x, y := read(a), read(b)
	if len(x) != len(y) || len(x) == 0 {
		t.Errorf("%d files, %d files", len(x), len(y))
	}
	for name := range x {
		if x[name] != y[name] {
			t.Errorf("%s differs: %d bytes, %d bytes", name, len(x[name]), len(y[name]))
		}
	}
}

func TestLitmus(t *testing.T) {
	h := house.New(t)
	out := run(t, tool(t, "litmus", "-k", h.URL, h.User, h.Password))
	suites := regexp.MustCompile("summary for `([a-z]+)': of (\\d+) tests run: (\\d+) passed, (\\d+) failed").FindAllStringSubmatch(out, -1)
	if len(suites) != 5 {
		t.Fatalf("%d suites ran, want 5\n%s", len(suites), out)
	}
	for _, s := range suites {
		if s[2] != s[3] || s[4] != "0" {
			t.Errorf("%s: %s", s[1], s[0])
		}
		t.Logf("%s: %s of %s", s[1], s[3], s[2])
	}
	if strings.Contains(out, "WARNING") || strings.Contains(out, "SKIPPED") {
		t.Errorf("litmus warns or skips:\n%s", out)
	}
}

func TestRclone(t *testing.T) {
	h, tree := house.New(t), album(t)
	secret := strings.TrimSpace(run(t, tool(t, "rclone", "obscure", h.Password)))
	rclone := func(vendor string, args ...string) string {
		cmd := tool(t, "rclone", args...)
		cmd.Env = append(cmd.Env, "RCLONE_CONFIG_H_TYPE=webdav", "RCLONE_CONFIG_H_VENDOR="+vendor, "RCLONE_CONFIG_H_URL="+h.URL,
			"RCLONE_CONFIG_H_USER="+h.User, "RCLONE_CONFIG_H_PASS="+secret)
		return run(t, cmd)
	}
	for _, vendor := range []string{"owncloud", "other"} {
		rclone(vendor, "copy", tree, "H:"+vendor)
		if out := rclone(vendor, "check", tree, "H:"+vendor); !strings.Contains(out, " 0 differences") || vendor == "owncloud" && strings.Contains(out, "could not be checked") {
			t.Errorf("check says: %s", out)
		}
		rclone(vendor, "check", "--download", tree, "H:"+vendor)
		if out := rclone(vendor, "copy", "-v", tree, "H:"+vendor); strings.Contains(out, ": Copied") && vendor == "owncloud" {
			t.Errorf("a second copy copies again: %s", out)
		}
		back := t.TempDir()
		rclone(vendor, "copy", "H:"+vendor, back)
		same(t, tree, back)
		rclone(vendor, "moveto", "H:"+vendor+"/緑ヶ丘小学校", "H:"+vendor+"/桜台中学校")
		rclone(vendor, "purge", "H:"+vendor+"/deep")
		if out := rclone(vendor, "lsf", "-R", "H:"+vendor); strings.Contains(out, "緑ヶ丘") || strings.Contains(out, "leaf") || !strings.Contains(out, "桜台中学校/6年1組/写真 01.jpg") {
			t.Errorf("after move and purge: %s", out)
		}
	}
}

func TestCadaver(t *testing.T) {
	h := house.New(t)
	u, err := url.Parse(h.URL)
	if err != nil {
		t.Fatal(err)
	}
	cmd := tool(t, "cadaver", h.URL)
	write := func(name, text string, mode os.FileMode) {
		if err := os.WriteFile(filepath.Join(cmd.Dir, name), []byte(text), mode); err != nil {
			t.Fatal(err)
		}
	}
	write(".netrc", fmt.Sprintf("machine %s login %s password %s\n", u.Hostname(), h.User, h.Password), 0o600)
	write("名簿.csv", "番号,氏名\n1,髙橋\n", 0o644)
	cmd.Stdin = strings.NewReader(strings.Join([]string{"mkcol 新しい", "cd 新しい", "put 名簿.csv", "copy 名簿.csv 写し.csv", "move 写し.csv 別名.csv",
		"lock 別名.csv", "discover 別名.csv", "unlock 別名.csv", "get 別名.csv got.csv", "delete 名簿.csv", "ls", "quit", ""}, "\n"))
	out := run(t, cmd)
	if strings.Contains(out, "failed") || strings.Count(out, "succeeded") < 9 {
		t.Errorf("cadaver says:\n%s", out)
	}
	if got, err := os.ReadFile(filepath.Join(cmd.Dir, "got.csv")); err != nil || string(got) != "番号,氏名\n1,髙橋\n" {
		t.Errorf("got %q, %v", got, err)
	}
}

func TestCurl(t *testing.T) {
	h := house.New(t)
	content := bytes.Repeat([]byte("azekura"), 1_000_000)
	curl := func(args ...string) string {
		cmd := tool(t, "curl", append([]string{"-sS", "--fail-with-body", "-K", "-"}, args...)...)
		cmd.Stdin = strings.NewReader(fmt.Sprintf("user = %q\n", h.User+":"+h.Password))
		return run(t, cmd)
	}
	file := filepath.Join(t.TempDir(), "a")
	if err := os.WriteFile(file, content, 0o644); err != nil {
		t.Fatal(err)
	}
	target := h.URL + url.PathEscape("写真.jpg")
	curl("-T", file, target)
	curl("-T", file, "-H", "Transfer-Encoding: chunked", target) // as Finder sends it
	if got := curl("-r", "7-13", target); got != "azekura" {
		t.Errorf("range: %q", got)
	}
	if got := curl(target); got != string(content) {
		t.Errorf("%d bytes, want %d", len(got), len(content))
	}
	if got := curl("-X", "PROPFIND", "-H", "Depth: 1", h.URL); !strings.Contains(got, url.PathEscape("写真.jpg")) {
		t.Errorf("PROPFIND: %s", got)
	}
	// A Mac decomposes kana: it finds what others have saved, and its own saves are versions of the same files.
	for _, name := range []string{"がくせい.txt", "ぱぴぷ.txt"} {
		nfc, nfd := h.URL+url.PathEscape(norm.NFC.String(name)), h.URL+url.PathEscape(norm.NFD.String(name))
		curl("-T", file, nfc)
		curl("-T", file, "-H", "If-Match: *", nfd)
		if nfc == nfd || curl(nfd) != string(content) || curl("-X", "PROPFIND", "-H", "Depth: 0", nfd) == "" {
			t.Errorf("%s is not found by its decomposed form", name)
		}
		curl("-X", "MOVE", "-H", "Destination: "+nfd+"2", nfd)
		curl("-X", "DELETE", nfc+"2")
	}
	if got := h.Run("history", "/albums/写真.jpg", "--json"); bytes.Count(got, []byte(`"version"`)) < 2 {
		t.Errorf("history: %s", got)
	}
}

// davfs2 mounts the storehouse. Its directory reading fails with EINVAL on some newer kernels whatever the
// server (libfuse's old readdir reply), so the round trip goes by names; where listing works it is compared, too.
func TestDavfs2(t *testing.T) {
	h := house.New(t)
	if _, err := os.Stat("/dev/fuse"); err != nil {
		if out, err := exec.Command("sh", "-c", "modprobe fuse; mknod /dev/fuse c 10 229").CombinedOutput(); err != nil {
			t.Fatalf("this machine has no FUSE: %s", out)
		}
	}
	mnt, conf := t.TempDir(), filepath.Join(t.TempDir(), "davfs2.conf")
	secrets := conf + ".secrets"
	for name, text := range map[string]string{conf: "secrets " + secrets + "\nask_auth 0\nuse_locks 1\ndelay_upload 0\n",
		secrets: fmt.Sprintf("%s %s %s\n", strings.TrimSuffix(h.URL, "/"), h.User, h.Password)} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	run(t, tool(t, "mount.davfs", "-o", "conf="+conf, strings.TrimSuffix(h.URL, "/"), mnt))
	mounted := true
	umount := func() {
		if mounted {
			mounted = false
			run(t, tool(t, "umount", mnt))
		}
	}
	t.Cleanup(umount)
	tree := album(t)
	files := []string{"緑ヶ丘小学校/6年1組/写真 01.jpg", "緑ヶ丘小学校/名簿.csv", norm.NFD.String("がぎぐげご/ぱぴぷ.tif")}
	for _, name := range files {
		data, err := os.ReadFile(filepath.Join(tree, name))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.MkdirAll(filepath.Join(mnt, filepath.Dir(name)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(mnt, name), data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Rename(filepath.Join(mnt, files[1]), filepath.Join(mnt, "名簿2.csv")); err != nil {
		t.Error(err)
	}
	umount() // uploads what is left
	for name, from := range map[string]string{files[0]: files[0], "名簿2.csv": files[1], norm.NFC.String(files[2]): files[2]} {
		resp := h.Request("GET", h.URL+(&url.URL{Path: name}).EscapedPath(), nil)
		var got bytes.Buffer
		got.ReadFrom(resp.Body)
		resp.Body.Close()
		want, _ := os.ReadFile(filepath.Join(tree, from))
		if resp.StatusCode != 200 || !bytes.Equal(got.Bytes(), want) {
			t.Errorf("%s: %s, %d bytes, want %d", name, resp.Status, got.Len(), len(want))
		}
	}
}

// TestTraces replays what the programs send that cannot be run here: Explorer, Finder, Office, Adobe's.
func TestTraces(t *testing.T) {
	h, n := house.New(t), 0
	webdavtest.Replay(t, func(t *testing.T) webdavtest.Target {
		n++
		dir := fmt.Sprintf("trace %d", n)
		resp := h.Request("MKCOL", h.URL+url.PathEscape(dir), nil)
		resp.Body.Close()
		return webdavtest.Target{URL: h.URL + url.PathEscape(dir) + "/", User: h.User, Password: h.Password, Versions: func(t testing.TB, name string) int {
			out, err := h.Try("history", "/"+h.Share+"/"+dir+"/"+name, "--json")
			if err != nil && !strings.Contains(err.Error(), "exit status 10") { // nothing there: litter has no history
				t.Errorf("history %s: %v", name, err)
			}
			return len(regexp.MustCompile(`"act": ?"(saved|linked)"`).FindAll(out, -1))
		}}
	})
}
