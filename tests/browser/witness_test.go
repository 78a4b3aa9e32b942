package browser

import (
	"bufio"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/azekura/azekura/tests/house"
)

// TestWitnesses adds a witness on the page of the settings, and looks at how the pages show one that cosigns and one that is away.
func TestWitnesses(t *testing.T) {
	h := house.New(t)
	public, err := os.ReadFile(filepath.Join(h.Data, "ledger", "public-key"))
	if err != nil {
		t.Fatal(err)
	}
	serve := func(name string) (said struct{ URL, Key, Mirror string }, end func()) {
		cmd := exec.Command(house.Binary(t), "witness", "serve", "--dir", filepath.Join(t.TempDir(), "w"), "--name", name, "--ledger", strings.TrimSpace(string(public)), "--listen", "127.0.0.1:0", "--json")
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		line, err := bufio.NewReader(out).ReadBytes('\n')
		if err == nil {
			err = json.Unmarshal(line, &said)
		}
		if err != nil {
			t.Fatal(err)
		}
		return said, func() { cmd.Process.Signal(syscall.SIGTERM); cmd.Wait() }
	}
	good, end := serve("witness.example.jp/azekura")
	defer end()
	away, end := serve("zei.example.jp/azekura")
	end()
	b := open(t, h)
	b.arrive(h.Token, adminPassword)
	dir := artefacts(t)
	b.goTo("/settings?lang=en")
	b.run(chromedp.Evaluate(`document.querySelector("#witnesses").parentElement.querySelector("details").open = true`, nil))
	b.fill("url", good.URL)
	b.fill("key", good.Key)
	b.fill("mirror", good.Mirror)
	b.press("Let a witness watch this ledger")
	h.Run("witness", "add", away.URL, away.Key)
	h.Run("witness", "mode", "warn", "--need", "2")
	for _, lang := range []string{"en", "ja"} {
		b.goTo("/settings?lang=" + lang)
		b.until("a witness that cosigns", `document.querySelector("#witnesses").parentElement.querySelectorAll(".badge.good").length === 1`)
		b.look(dir, "witnesses", lang)
		b.goTo("/?lang=" + lang)
		b.look(dir, "witnesses-home", lang)
	}
	b.quiet()
}
