package browser

import (
	"net/url"
	"os"
	"path/filepath"
	"testing"

	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/chromedp"

	"github.com/azekura/azekura/tests/house"
)

// pick puts a file into the field of a form.
func (b *tab) pick(form, file string) {
	b.t.Helper()
	b.run(chromedp.SetUploadFiles(`form[action="`+form+`"] input[type=file]`, []string{file}))
}

// TestCards writes a key card with the browser alone, from nothing to one that counts and is rewritten, and looks at the page with cards in every state.
func TestCards(t *testing.T) {
	h := house.New(t)
	b := open(t, h)
	b.arrive(h.Token, adminPassword)
	stick := t.TempDir()
	b.run(browser.SetDownloadBehavior(browser.SetDownloadBehaviorBehaviorAllow).WithDownloadPath(stick))
	saved := filepath.Join(stick, "azekura-card-1.card")
	arrives := func() {
		t.Helper()
		b.within("the file on the stick", func() bool {
			i, err := os.Stat(saved)
			return err == nil && i.Size() > 0
		})
	}
	h.Run("recovery", "make")
	b.goTo("/reserve?lang=en")
	b.fill("name", "金庫")
	b.click("Get the file")
	arrives()
	b.pick("/reserve/cards/check", saved)
	b.press("Read it back")
	b.says("It has all keys, and today's papers open it.", "up to date")
	h.Run("share", "add", "later")
	b.goTo("/reserve?lang=en")
	b.says("NO KEY CARD IS UP TO DATE")
	old := filepath.Join(stick, "before.card")
	if err := os.Rename(saved, old); err != nil {
		t.Fatal(err)
	}
	b.pick("/reserve/cards/refresh", old)
	b.run(chromedp.Click(`form[action="/reserve/cards/refresh"] button`))
	arrives()
	dir := artefacts(t)
	b.pick("/reserve/cards/check", old)
	b.press("Read it back")
	b.says("It lacks the keys of 1 shares")
	b.pick("/reserve/cards/check", saved)
	b.press("Read it back")
	b.says("It has all keys")
	if err := os.Remove(old); err != nil {
		t.Fatal(err)
	}
	h.Run("card", "check", stick)
	for _, name := range []string{"銀行の貸金庫", "本社の耐火庫", "工場長の机", "社長宅"} {
		at := t.TempDir()
		h.Run("card", "make", at, "--name", name, "--same-disk")
	}
	h.Run("card", "forget", "2", "--lost", "--reason", "棚卸しで見つからない")
	h.Run("card", "forget", "3", "--destroyed", "--reason", "裁断した")
	h.Run("recovery", "renew", "--reason", "退職者がいる")
	b.goTo("/proposals?lang=en")
	b.press("Yes, do it")
	h.Run("recovery", "renew", "--reason", "退職者がいる")
	h.Run("card", "refresh", stick, "--same-disk")
	for _, lang := range []string{"en", "ja"} {
		b.goTo("/reserve?lang=" + lang)
		b.look(dir, "cards", lang)
	}
	b.quiet()
}

// TestEnds looks at the page of the end of a share in each of its states.
func TestEnds(t *testing.T) {
	h := house.New(t)
	b := open(t, h)
	b.arrive(h.Token, adminPassword)
	lived(t, h, b)
	h.Run("recovery", "make")
	stick, disk := t.TempDir(), t.TempDir()
	h.Run("card", "make", stick, "--name", "本社の耐火庫", "--same-disk")
	h.Run("card", "make", t.TempDir(), "--name", "銀行の貸金庫", "--same-disk")
	h.Run("media", "init", disk, "--same-disk", "--label", "ディスク1", "--set", "A", "--place", "本社の書庫")
	h.Run("register", "set", "albums", "--client", "市立第一小学校", "--retention", "納品後1年")
	for _, name := range []string{"卒業アルバム 2024年度", "waiting", "frozen"} {
		h.Run("share", "add", name)
	}
	h.Run("media", "sync", disk)
	b.logIn(h.User, adminPassword)
	b.fill("password", adminPassword+" to yama")
	b.fill("again", adminPassword+" to yama")
	b.press("Continue")
	dir := artefacts(t)
	look := func(name, share string, langs ...string) {
		for _, lang := range langs {
			b.goTo("/shares/" + share + "/end?lang=" + lang)
			b.look(dir, name, lang)
		}
	}
	look("end", "albums", "en", "ja")
	h.Run("share", "erase", "waiting", "--reason", "保存期間の満了")
	look("end-waiting", "waiting", "ja")
	h.Run("share", "erase", "卒業アルバム 2024年度", "--reason", "保存期間の満了")
	b.goTo("/proposals?lang=en")
	confirm := func(what string) {
		t.Helper()
		b.goTo("/proposals?lang=en")
		b.run(chromedp.Evaluate(`window.left = true; [...document.querySelectorAll("main .card")].find(e => e.textContent.includes("`+what+`")).querySelector('form[action$="/confirm"] button').click()`, nil))
		b.settle()
	}
	confirm("2024年度")
	h.Run("card", "refresh", stick, "--same-disk")
	look("end-erased", url.PathEscape("卒業アルバム 2024年度"), "en", "ja")
	b.says("消去証明 第 1 号", "鍵束カード 1「本社の耐火庫」：鍵は残っていない", "鍵束カード 2「銀行の貸金庫」：鍵が残っている")
	h.Run("card", "forget", "2", "--destroyed", "--reason", "裁断した")
	b.goTo("/shares/" + url.PathEscape("卒業アルバム 2024年度") + "/end?lang=en")
	b.says("No key card that the program knows of has the keys any more.")
	h.Run("freeze", "share", "frozen", "--reason", "おかしい") // which opens a case, and that holds every share
	look("end-held", "frozen", "ja")
	h.Run("case", "close", "2026-1", "--note", "何もなかった")
	h.Run("case", "hold", "2026-1", "--lift", "--reason", "解決した")
	confirm("2026-1")
	look("end-frozen", "frozen", "en")
	b.goTo("/shares/frozen/end?lang=en")
	b.fill("reason", "保存期間の満了")
	b.press("Ask for its end")
	b.says("Something is frozen that may concern this share.")
	b.run(chromedp.Click(`input[name=frozen]`))
	b.fill("reason", "保存期間の満了")
	b.press("Ask for its end")
	b.says("it waits for a second person")
	b.quiet()
}
