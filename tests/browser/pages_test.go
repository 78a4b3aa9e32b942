package browser

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha512"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"github.com/azekura/azekura/tests/house"
)

// selectOption chooses an option of a list.
func selectOption(name, value string) chromedp.Action {
	return chromedp.Evaluate(fmt.Sprintf(`document.querySelector('select[name=%q]').value = %q`, name, value), nil)
}

// untick takes the tick out of a box.
func untick(name string) chromedp.Action {
	return chromedp.Evaluate(fmt.Sprintf(`document.querySelector('input[name=%q]').checked = false`, name), nil)
}

// axe is axe-core, which knows what people with screen readers and keyboards stumble over.
var axe = sync.OnceValues(func() (string, error) {
	return fromNPM("axe-core/-/axe-core-4.14.1.tgz", "FHfa+lmNjQZfJz1q8wKqIDwC6DExcHt/pkjNQb09a3NPjCKg2rhu5qb2S4r76ASyFNNtuFooJpZe37OgudVGtQ==", "package/axe.min.js")
})

// fromNPM returns a file of a package of the npm registry, which is what its hash says.
func fromNPM(name, want, file string) (string, error) {
	from := "https://registry.npmjs.org/" + name
	data, err := fetch(from, want)
	for wait := time.Second; err != nil && wait < time.Minute; wait *= 2 { // it may be busy for a moment
		<-time.After(wait)
		data, err = fetch(from, want)
	}
	if err != nil {
		return "", err
	}
	z, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		return "", err
	}
	for r := tar.NewReader(z); ; {
		h, err := r.Next()
		if err != nil {
			return "", fmt.Errorf("%s in %s: %w", file, from, err)
		}
		if h.Name == file {
			b, err := io.ReadAll(r)
			return string(b), err
		}
	}
}

// fetch returns what stands at an address, if it has the hash that is wanted.
func fetch(from, want string) ([]byte, error) {
	resp, err := http.Get(from)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(io.LimitReader(resp.Body, 10<<20))
	if err != nil {
		return nil, err
	}
	sum := sha512.Sum512(data)
	if got := base64.StdEncoding.EncodeToString(sum[:]); got != want {
		return nil, fmt.Errorf("%s (%s) has the hash %s", from, resp.Status, got)
	}
	return data, nil
}

// clean fails if axe finds something.
func (b *tab) clean(name string) {
	b.t.Helper()
	source, err := axe()
	if err != nil {
		b.t.Fatal(err)
	}
	var found string
	await := func(p *runtime.EvaluateParams) *runtime.EvaluateParams { return p.WithAwaitPromise(true) }
	b.run(chromedp.Evaluate(source, nil), chromedp.Evaluate(`axe.run(document, {resultTypes: ["violations"]}).then(r => JSON.stringify(r.violations.map(v => v.id + ": " + v.nodes.map(n => n.html.slice(0, 160)).slice(0, 3).join(" | "))))`, &found, await))
	var list []string
	if err := json.Unmarshal([]byte(found), &list); err != nil {
		b.t.Fatal(err)
	}
	for _, v := range list {
		b.t.Errorf("%s: %s", name, v)
	}
}

// photo is a picture of one colour.
func photo(t testing.TB, c color.Color) []byte {
	t.Helper()
	m := image.NewRGBA(image.Rect(0, 0, 600, 400))
	for y := range 400 {
		for x := range 600 {
			m.Set(x, y, c)
		}
	}
	var buf bytes.Buffer
	if err := jpeg.Encode(&buf, m, nil); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

// lived fills a house with what pages show.
func lived(t *testing.T, h *house.House, b *tab) {
	t.Helper()
	for _, c := range []color.Color{color.RGBA{30, 80, 160, 255}, color.RGBA{170, 90, 30, 255}} {
		if resp := h.Request("PUT", h.URL+url.PathEscape("クラス写真 3年1組.jpg"), photo(t, c)); resp.StatusCode/100 != 2 {
			t.Fatal(resp.Status)
		}
	}
	h.Request("GET", h.URL+url.PathEscape("クラス写真 3年1組.jpg"), nil).Body.Close()
	h.Request("MKCOL", h.URL+url.PathEscape("卒業アルバム 2026年度 とても長い名前のフォルダーで画面からはみ出さないかを確かめる")+"/", nil).Body.Close()
	h.Request("PUT", h.URL+url.PathEscape("O'Neil & Söhne;alert(1).txt"), []byte("x")).Body.Close() // what a name can hold of what scripts are made of
	h.Request("PUT", h.URL+url.PathEscape("gone.txt"), []byte("x")).Body.Close()
	h.Request("DELETE", h.URL+url.PathEscape("gone.txt"), nil).Body.Close()
	h.Run("account", "add", "佐藤 花子")
	h.Run("account", "add", "--role", "share-manager", "manager")
	h.Run("group", "set", "prepress", "佐藤 花子")
	h.Run("account", "grant", "--group", "prepress", "albums", "write")
	h.Run("policy", "set", "--firm", "校倉印刷株式会社", "--closing", "19:00", "--zone", "Asia/Tokyo", "--network", "factory=192.168.1.0/24")
	h.Run("policy", "set", "--closing", "20:00", "--read-open", "4000/20000", "--network", "factory=192.168.0.0/16,203.0.113.7", "--any-place") // waits for a second person
	disk := t.TempDir()
	h.Run("media", "init", disk, "--same-disk", "--label", "ディスク 1", "--set", "A", "--place", "銀行")
	h.Run("media", "sync", disk)
	h.Run("media", "drill", "--from", disk)
	h.Run("account", "renew", "--all", "--reason", "研修")
	b.goTo("/")
}

// TestPages looks at every page in both languages, wide and narrow, light and dark.
func TestPages(t *testing.T) {
	h := house.New(t)
	b := open(t, h)
	b.arrive(h.Token, adminPassword)
	lived(t, h, b)
	b.logIn(h.User, adminPassword)
	b.fill("password", adminPassword+" to yama")
	b.fill("again", adminPassword+" to yama")
	b.press("Continue")
	b.goTo("/people/%E4%BD%90%E8%97%A4%20%E8%8A%B1%E5%AD%90")
	b.press("Make an invitation")
	b.goTo("/people/" + h.User)
	b.fill("reason", "機種変更")
	b.press("Reset password and second factors")

	dir := artefacts(t)
	pages := map[string]string{
		"home": "/", "shares": "/files/", "folder": "/files/albums", "file": "/files/albums/" + url.PathEscape("クラス写真 3年1組.jpg"),
		"compare": "/history/albums/" + url.PathEscape("クラス写真 3年1組.jpg") + "?a=1&b=2", "readers": "/readers/albums/" + url.PathEscape("クラス写真 3年1組.jpg"),
		"gallery": "/files/albums?view=gallery", "bin": "/removed/albums", "search": "/files/albums?q=" + url.QueryEscape("クラス"), "people": "/people", "person": "/people/" + url.PathEscape("佐藤 花子"),
		"reading": "/guard/reading", "groups": "/groups", "roles": "/roles", "rights": "/shares/albums", "firm": "/firm", "reserve": "/reserve", "register": "/register", "register-line": "/register/albums", "roster": "/roster/albums", "proposals": "/proposals", "renewal": "/renewal", "ledger": "/ledger", "copies": "/copies", "ledger-head": "/ledger/head",
		"settings": "/settings", "me": "/me", "connect-windows": "/connect?system=windows", "connect-mac": "/connect?system=mac", "connect-linux": "/connect?system=linux",
		"proof": "/me/proof", "password": "/me/password", "factor-app": "/me/factor/app", "missing": "/files/albums/none",
	}
	look := func(name, path string) {
		for _, lang := range []string{"en", "ja"} {
			sep := "?"
			if strings.Contains(path, "?") {
				sep = "&"
			}
			b.goTo(path + sep + "lang=" + lang)
			b.look(dir, name, lang)
		}
	}
	for name, path := range pages {
		look(name, path)
	}
	b.run(network.ClearBrowserCookies())
	for name, path := range map[string]string{"login": "/login", "welcome": "/welcome"} {
		look(name, path)
	}
	b.quiet()
}

// english finds words of English one after the other on a Japanese page, but for what is to be typed as it is.
const english = `(() => {
	const found = [], walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
	for (let n; n = walk.nextNode();)
		if (!n.parentElement.closest("code, pre, script, option[lang], footer") && /[a-z]{2,},? [a-z]{2,}/.test(n.data.replace(/azekura [\w -]+/g, ""))) found.push(n.data.trim());
	return found.slice(0, 5).join(" | ");
})()`

// look looks at the page that is shown, in one language: wide and narrow, light and dark.
func (b *tab) look(dir, name, lang string) {
	b.t.Helper()
	for _, v := range []struct {
		width  int64
		scheme string
	}{{1280, "dark"}, {1280, "light"}, {390, "light"}, {390, "dark"}} {
		what := fmt.Sprintf("%s-%s-%d-%s", name, lang, v.width, v.scheme)
		b.run(emulation.SetDeviceMetricsOverride(v.width, 900, 1, v.width < 500),
			emulation.SetEmulatedMedia().WithFeatures([]*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: v.scheme}}))
		b.until("the window as it is asked for", fmt.Sprintf(`matchMedia("(width: %dpx) and (prefers-color-scheme: %s)").matches`, v.width, v.scheme))
		b.until("the end of what moves", `document.getAnimations().every(a => a.playState !== "running")`)
		var wide, spoke, foreign string
		b.run(chromedp.Evaluate(fmt.Sprintf(`(width => document.documentElement.scrollWidth > width ? document.documentElement.scrollWidth + " > " + width + ": " + [...document.querySelectorAll("body *")].filter(e => e.getBoundingClientRect().right > width + 1 && !e.closest(".wide, .top nav")).slice(0, 3).map(e => e.outerHTML.slice(0, 120)).join(" | ") : "")(%d)`, v.width), &wide), /* not innerWidth: a telephone makes it as wide as what is too wide */
			chromedp.Evaluate(`(document.body.innerText.match(/\b(web|hint|op|kind|event|note|role|power|act|purpose|right)\.[a-z][a-z-]+/) ?? [""])[0] + (document.title === "broken" ? " a name has become a script" : "") + (document.documentElement.lang === "`+lang+`" ? "" : " another language")`, &spoke))
		if lang == "ja" {
			b.run(chromedp.Evaluate(english, &foreign))
		}
		if foreign != "" {
			b.t.Errorf("%s speaks English: %s", what, foreign)
		}
		if wide != "" {
			b.t.Errorf("%s is wider than the window: %s", what, wide)
		}
		if spoke != "" {
			b.t.Errorf("%s: %s", what, spoke)
		}
		if lang == "ja" || v.width == 390 { // the words differ, the structure does not
			b.clean(what)
		}
		b.picture(dir, what)
	}
	b.run(emulation.ClearDeviceMetricsOverride())
	b.until("the window's own width", `innerWidth > 390`) // or a click hits what was there before
	await := func(p *runtime.EvaluateParams) *runtime.EvaluateParams { return p.WithAwaitPromise(true) }
	b.run(chromedp.Evaluate(`new Promise(r => requestAnimationFrame(() => requestAnimationFrame(() => r(true))))`, nil, await))
}
