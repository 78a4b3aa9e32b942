package browser

import (
	"bytes"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/azekura/azekura/tests/house"
)

// TestFiles puts files up, looks for one, brings yesterday's version back, and asks who has read it.
func TestFiles(t *testing.T) {
	h := house.New(t)
	b := open(t, h)
	b.arrive(h.Token, adminPassword)

	// A small file in one request, a large one in parts.
	dir := t.TempDir()
	large := make([]byte, 20<<20)
	r := rand.NewChaCha8([32]byte{3})
	r.Read(large)
	var files []string
	for name, content := range map[string][]byte{"名簿 2026.csv": []byte("番号,氏名\n1,佐藤\n"), "集合写真.psd": large} {
		files = append(files, filepath.Join(dir, name))
		if err := os.WriteFile(files[len(files)-1], content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	b.goTo("/files/albums")
	b.run(chromedp.Evaluate(`window.left = true`, nil), chromedp.SetUploadFiles(`input[type=file]`, files))
	b.click("Upload")
	b.settle()
	b.says("名簿 2026.csv", "集合写真.psd")
	resp := h.Request("GET", h.URL+url.PathEscape("集合写真.psd"), nil)
	got, err := io.ReadAll(resp.Body)
	resp.Body.Close()
	if err != nil || !bytes.Equal(got, large) {
		t.Errorf("%d bytes are saved, %v; want %d", len(got), err, len(large))
	}

	// Yesterday's version, without help.
	if resp := h.Request("PUT", h.URL+url.PathEscape("名簿 2026.csv"), []byte("spoilt")); resp.StatusCode != http.StatusNoContent {
		t.Fatal(resp.Status)
	}
	b.goTo("/files/")
	b.press("albums")
	b.fill("q", "めいぼ")
	b.press("Search")
	b.says("Nothing has this in its name.")
	b.fill("q", "名簿")
	b.press("Search")
	b.press("/albums/名簿 2026.csv")
	b.click("Restore")
	b.until("the restored version", `document.body.innerText.includes("Restored.")`)
	resp = h.Request("GET", h.URL+url.PathEscape("名簿 2026.csv"), nil)
	text, _ := io.ReadAll(resp.Body)
	resp.Body.Close()
	if !strings.Contains(string(text), "佐藤") {
		t.Errorf("after the restore: %q", text)
	}
	b.press("Who has read this")
	b.says("keys released", h.User, "Proof")

	// Removed, and back from the bin.
	b.goTo("/files/albums/" + url.PathEscape("名簿 2026.csv"))
	b.run(chromedp.Evaluate(`window.left = true; document.querySelector("form button.bad").click()`, nil))
	b.until("the folder", `document.body.innerText.includes("Removed.")`)
	b.press("Bin")
	b.press("Bring back")
	b.says("Restored.")
	b.quiet()
}
