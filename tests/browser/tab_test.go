package browser

import (
	"context"
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base32"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/cdproto/webauthn"
	"github.com/chromedp/chromedp"

	"github.com/azekura/azekura/tests/house"
)

// tab is a browser of its own with one page, as one person has it.
type tab struct {
	t    testing.TB
	ctx  context.Context
	base string // http://localhost:PORT
	key  string // of the authenticator app

	mu         sync.Mutex
	complaints []string // what the console says that nobody should see
}

// limit is how long one step may take. Steps take a tenth of a second; it is for a machine that does ten other things at the same time.
const limit = 3 * time.Minute

// open starts a browser. Chromium is Debian's, which the test set-up has installed.
func open(t testing.TB, h *house.House) *tab {
	t.Helper()
	opts := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath("/usr/bin/chromium"), chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-dev-shm-usage", true),
		chromedp.Flag("lang", "en"), chromedp.UserDataDir(t.TempDir()), chromedp.WSURLReadTimeout(limit))
	alloc, stop := chromedp.NewExecAllocator(context.Background(), opts...)
	t.Cleanup(stop)
	ctx, end := chromedp.NewContext(alloc)
	t.Cleanup(end)
	b := &tab{t: t, ctx: ctx, base: strings.Replace(strings.TrimSuffix(h.Root, "/dav/"), "127.0.0.1", "localhost", 1)}
	chromedp.ListenTarget(ctx, func(e any) {
		b.mu.Lock()
		defer b.mu.Unlock()
		switch e := e.(type) {
		case *log.EventEntryAdded:
			if e.Entry.Level == log.LevelError && e.Entry.Source != log.SourceNetwork { // a refused request is told on the page
				b.complaints = append(b.complaints, e.Entry.Text)
			}
		case *runtime.EventExceptionThrown:
			b.complaints = append(b.complaints, e.ExceptionDetails.Error())
		case *page.EventJavascriptDialogOpening:
			go chromedp.Run(ctx, page.HandleJavaScriptDialog(true))
		}
	})
	if err := chromedp.Run(ctx); err != nil { // the browser lives as long as the context that it was started with
		t.Fatal(err)
	}
	b.run(log.Enable(), network.Enable(), page.Enable(), network.SetExtraHTTPHeaders(network.Headers{"Accept-Language": "en"}))
	return b
}

// run does something in the browser.
func (b *tab) run(acts ...chromedp.Action) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, limit)
	defer cancel()
	if err := chromedp.Run(ctx, acts...); err != nil {
		b.t.Fatalf("%v, at a page that says:\n%s", err, b.text())
	}
}

// quiet fails if a page has complained: a script that broke, or something that the policy has kept out.
func (b *tab) quiet() {
	b.t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, c := range b.complaints {
		b.t.Errorf("the browser's console: %s", c)
	}
	b.complaints = nil
}

func (b *tab) goTo(path string) {
	b.t.Helper()
	b.visit(b.base + path)
}

func (b *tab) visit(url string) {
	b.t.Helper()
	b.run(chromedp.Navigate(url))
	b.settle()
}

// text is what the page says.
func (b *tab) text() (s string) {
	ctx, cancel := context.WithTimeout(b.ctx, limit)
	defer cancel()
	if err := chromedp.Run(ctx, chromedp.Evaluate(`document.body.innerText`, &s)); err != nil {
		return err.Error()
	}
	return s
}

func (b *tab) path() (s string) {
	b.run(chromedp.Evaluate(`location.pathname`, &s))
	return s
}

// fill types into a field: again if what was typed went elsewhere, as when a page that was still coming has moved the focus.
func (b *tab) fill(name, value string) {
	b.t.Helper()
	sel := fmt.Sprintf(`main [name=%q]:not([type=hidden])`, name)
	b.within(fmt.Sprintf("%q in the field %s", value, name), func() (ok bool) {
		b.run(chromedp.WaitVisible(sel), chromedp.Evaluate(fmt.Sprintf(`document.querySelector(%q).value = ""`, sel), nil), chromedp.SendKeys(sel, value),
			chromedp.Evaluate(fmt.Sprintf(`document.querySelector(%q).value === %q`, sel, value), &ok))
		return ok
	})
}

// press presses what has a text, and waits for the page that comes of it.
func (b *tab) press(label string) {
	b.t.Helper()
	b.click(label)
	b.settle()
}

// click presses what has a text, with the mouse: again if it has moved away under it meanwhile, as when a picture comes above.
func (b *tab) click(label string) {
	b.t.Helper()
	x := fmt.Sprintf(`(//main//button[contains(normalize-space(.), %[1]q)] | //a[contains(normalize-space(.), %[1]q)] | //header//button[contains(normalize-space(.), %[1]q)])[1]`, label)
	watch := fmt.Sprintf(`window.left = true; window.hit = false;
		document.evaluate(%q, document, null, XPathResult.FIRST_ORDERED_NODE_TYPE).singleNodeValue.addEventListener("click", () => { window.hit = true }, {capture: true})`, x)
	b.within("a click on "+label, func() bool {
		b.run(chromedp.WaitVisible(x), chromedp.Evaluate(watch, nil), chromedp.Click(x))
		var did string
		b.within("what the click has done", func() bool { return b.try(`window.left && !window.hit ? "nothing" : "something"`, &did) })
		return did == "something"
	})
}

// whole is true on a page that is not the one that was left, has all that belongs to it, and is drawn: before that Chromium drops
// clicks and keys.
const whole = `!window.left && document.readyState === "complete" && performance.getEntriesByName("first-contentful-paint").length > 0`

// settle waits until another page has come and is whole.
func (b *tab) settle() {
	b.t.Helper()
	b.until("another page", whole)
}

// try asks the page something, and reports whether it has answered: while it is being changed for another it does not.
func (b *tab) try(expr string, answer any) bool {
	ctx, cancel := context.WithTimeout(b.ctx, limit)
	defer cancel()
	return chromedp.Run(ctx, chromedp.Evaluate(expr, answer)) == nil
}

// until waits for something that a page must come to.
func (b *tab) until(what, expr string) {
	b.t.Helper()
	b.within(what, func() (ok bool) { return b.try(expr, &ok) && ok })
}

// within does something until it is so.
func (b *tab) within(what string, so func() bool) {
	b.t.Helper()
	for end := time.Now().Add(limit); !so(); <-time.After(20 * time.Millisecond) {
		if time.Now().After(end) {
			b.t.Fatalf("%s does not come; the page says:\n%s", what, b.text())
		}
	}
}

// says fails if the page does not say something.
func (b *tab) says(want ...string) {
	b.t.Helper()
	got := b.text()
	for _, w := range want {
		if !strings.Contains(got, w) {
			b.t.Errorf("%s does not say %q but:\n%s", b.path(), w, got)
		}
	}
}

// value is the content of an element.
func (b *tab) value(selector string) (s string) {
	b.t.Helper()
	b.run(chromedp.Evaluate(fmt.Sprintf(`(document.querySelector(%q)?.textContent ?? "").trim()`, selector), &s))
	return s
}

// authenticator gives the browser a passkey store whose owner always says yes.
func (b *tab) authenticator() {
	b.t.Helper()
	b.run(webauthn.Enable(), chromedp.ActionFunc(func(ctx context.Context) error {
		_, err := webauthn.AddVirtualAuthenticator(&webauthn.VirtualAuthenticatorOptions{
			Protocol: webauthn.AuthenticatorProtocolCtap2, Transport: webauthn.AuthenticatorTransportInternal,
			HasResidentKey: true, HasUserVerification: true, IsUserVerified: true, AutomaticPresenceSimulation: true,
		}).Do(ctx)
		return err
	}))
}

// used are the codes that were shown already, by key: each counts once.
var used = struct {
	mu   sync.Mutex
	step map[string]int64
}{step: make(map[string]int64)}

// code is what the authenticator app shows: RFC 6238. It waits for a code that was not used.
func (b *tab) code() string {
	b.t.Helper()
	key, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(b.key)
	if err != nil {
		b.t.Fatal(err)
	}
	used.mu.Lock()
	defer used.mu.Unlock()
	step := time.Now().Unix() / 30
	if last := used.step[b.key]; step <= last {
		if step = last + 1; step > time.Now().Unix()/30+1 { // the server takes one step ahead
			<-time.After(time.Until(time.Unix((step-1)*30, 0)))
		}
	}
	used.step[b.key] = step
	m := hmac.New(sha1.New, key)
	binary.Write(m, binary.BigEndian, step)
	sum := m.Sum(nil)
	return fmt.Sprintf("%06d", binary.BigEndian.Uint32(sum[sum[19]&15:])&0x7fffffff%1_000_000)
}

// artefacts is where screenshots go: ARTEFACTS, or a directory of the test.
func artefacts(t testing.TB) string {
	dir := os.Getenv("ARTEFACTS")
	if dir == "" {
		return t.TempDir()
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	return dir
}

// picture takes a screenshot of the whole page.
func (b *tab) picture(dir, name string) {
	b.t.Helper()
	var png []byte
	b.run(chromedp.FullScreenshot(&png, 100))
	if err := os.WriteFile(filepath.Join(dir, name+".png"), png, 0o644); err != nil {
		b.t.Fatal(err)
	}
}
