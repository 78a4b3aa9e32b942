package guard

import (
	"html"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/azekura/azekura/tests/house"
)

// TestReport: the report of a drill is a PDF that other people's programs read, in Japanese too, with its font in it.
func TestReport(t *testing.T) {
	dir := t.TempDir()
	page, paper := filepath.Join(dir, "drill.html"), filepath.Join(dir, "drill.pdf")
	run := func(name string, args ...string) string {
		t.Helper()
		cmd := exec.Command(name, args...)
		cmd.Env = append(os.Environ(), "AZEKURA_LANG=ja", "TZ=Asia/Tokyo", "AZEKURA_GUARD_REMOVALS=7")
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("%s %v: %v\n%s", name, args, err, out)
		}
		return string(out)
	}
	run(house.Binary(t), "drill", "--data", filepath.Join(dir, "none"), "--profile", "lockbit2,sftp-append,thief", "--report", page, "--report", paper)
	text := run("pdftotext", "-layout", paper, "-")
	web, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"攻撃の訓練 報告書", "訓練 3 / 3 件が合格", "+09:00 (JST)", "lockbit2", "sftp-append", "WebDAV", "SFTP", "各欄の意味", "実施者", "1 日 7 件まで", "プログラム付属の見本"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in the PDF:\n%s", want, text)
		}
		if !strings.Contains(html.UnescapeString(string(web)), want) {
			t.Errorf("no %q on the page", want)
		}
	}
	if strings.Contains(text, "〓") {
		t.Errorf("letters are missing:\n%s", text)
	}
	fonts := strings.Split(strings.TrimSpace(run("pdffonts", paper)), "\n")
	if len(fonts) != 3 || !strings.Contains(fonts[2], " yes ") {
		t.Errorf("fonts: %q", fonts)
	}
}
