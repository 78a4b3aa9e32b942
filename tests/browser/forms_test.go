package browser

import (
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/azekura/azekura/tests/house"
)

// send sends the form that a button belongs to, whatever language it speaks.
func (b *tab) send(button string) {
	b.t.Helper()
	b.run(chromedp.WaitVisible(button), chromedp.Evaluate(fmt.Sprintf(`window.left = true; document.querySelector(%q).click()`, button), nil))
	b.settle()
}

// TestForms looks at the pages that only a form leads to, on the way of somebody who comes in for the first time.
func TestForms(t *testing.T) {
	h := house.New(t)
	dir := artefacts(t)
	type person struct {
		*tab
		name string
	}
	people := make(map[string]person)
	for lang, name := range map[string]string{"ja": "佐藤 花子", "en": "tanaka"} {
		h.Run("account", "add", name)
		h.Run("account", "grant", name, "albums", "write")
		var invited struct{ Token string }
		if err := json.Unmarshal(h.Run("account", "invite", name, "--json"), &invited); err != nil {
			t.Fatal(err)
		}
		b := open(t, h)
		people[lang] = person{b, name}
		b.goTo("/login?lang=" + lang)
		b.goTo("/welcome#" + invited.Token)
		b.until("the invitation", `!!document.querySelector("input[name=again]")`)
		b.look(dir, "invitation", lang)
		b.fill("password", "aka")
		b.until("the strength", `!document.querySelector("meter").hidden`)
		b.look(dir, "password-weak", lang)
		b.fill("again", "aka")
		b.run(chromedp.Evaluate(`for (const i of document.querySelectorAll("input")) i.removeAttribute("minlength")`, nil))
		b.send("main form button.main")
		b.look(dir, "password-refused", lang)
		b.fill("password", staffPassword)
		b.fill("again", staffPassword)
		b.send("main form button.main")
		b.look(dir, "factor-choice", lang)
		b.send("main form button[value=app]")
		b.key = b.value("code.secret")
		b.look(dir, "factor-enrol", lang)
		b.fill("code", "000000")
		b.send("main form button.main")
		b.look(dir, "factor-wrong-code", lang)
		if key := b.value("code.secret"); key != "" {
			b.key = key
		}
		b.fill("code", b.code())
		b.send("main form button.main")
		b.look(dir, "recovery-codes", lang)
		b.send("main a.main")
		b.look(dir, "home-staff", lang)

		b.goTo("/connect?system=windows")
		b.fill("device", "机 3")
		b.send(`main form button.main`)
		b.look(dir, "device-made", lang)
		b.goTo("/me")
		b.look(dir, "me-staff", lang)
		b.send("header form button")
		b.goTo("/login?lang=" + lang)
		b.fill("account", name)
		b.fill("password", "not this one")
		b.send("main form button.main")
		b.look(dir, "login-refused", lang)
		b.fill("account", name)
		b.fill("password", staffPassword)
		b.send("main form button.main")
		b.look(dir, "code", lang)
		b.fill("code", b.code())
		b.send("main form button.main")
		b.goTo("/history/albums/" + url.PathEscape("無い.jpg") + "?a=1&b=2")
		b.look(dir, "nothing-there", lang)
	}
	h.Run("account", "renew", "--all", "--reason", "VPN から侵入された")
	for lang, b := range people {
		b.goTo("/login?lang=" + lang)
		b.fill("account", b.name)
		b.fill("password", staffPassword)
		b.send("main form button.main")
		b.fill("code", b.code())
		b.send("main form button.main")
		b.look(dir, "password-renewal", lang)
		b.fill("password", "kaminari no yoru")
		b.fill("again", "kaminari no yoru")
		b.send("main form button.main")
		b.until("the house", `location.pathname === "/"`)
		b.quiet()
	}
}

// TestKeyboard comes in and finds a file without a mouse.
func TestKeyboard(t *testing.T) {
	h := house.New(t)
	b := open(t, h)
	b.arrive(h.Token, adminPassword)
	h.Request("PUT", h.URL+"plan.txt", []byte("x")).Body.Close()
	b.press("Log out")
	b.goTo("/login")
	// focus tells what has the focus: its name or its text, "#" and its id. The body has it when nothing has.
	focus := func() (s string) {
		b.t.Helper()
		b.run(chromedp.Evaluate(`(e => e === document.body ? "#" : (e.name || e.textContent || "").trim() + "#" + e.id)(document.activeElement)`, &s))
		return s
	}
	visible := func() (ok bool) {
		b.run(chromedp.Evaluate(`(s => s.outlineStyle !== "none" && parseFloat(s.outlineWidth) >= 2)(getComputedStyle(document.activeElement))`, &ok))
		return ok
	}
	// to presses Tab until something has the focus, which must be seen each time.
	to := func(want string) {
		b.t.Helper()
		for range 60 {
			if f, _, _ := strings.Cut(focus(), "#"); f == want {
				return
			}
			b.run(chromedp.KeyEvent(kb.Tab))
			if f := focus(); f != "#" && !visible() {
				b.t.Errorf("%s: one does not see that %q has the focus", b.path(), f)
			}
		}
		b.t.Fatalf("%s: Tab does not lead to %q", b.path(), want)
	}
	enter := func() {
		b.t.Helper()
		b.run(chromedp.Evaluate(`window.left = true`, nil), chromedp.KeyEvent(kb.Enter))
		b.settle()
	}
	b.until("the focus on the account", `document.activeElement.name === "account"`) // without a key
	b.run(chromedp.KeyEvent(h.User))
	to("password")
	b.run(chromedp.KeyEvent(adminPassword))
	enter()
	to("code")
	b.run(chromedp.KeyEvent(b.code()))
	enter()
	b.says("State of the house")
	// The first stop leads past the menu.
	b.run(chromedp.KeyEvent(kb.Tab))
	if f := focus(); !strings.HasPrefix(f, "Skip to content") && !strings.Contains(f, "content") {
		t.Errorf("the first stop is %q", f)
	}
	b.run(chromedp.KeyEvent(kb.Enter))
	b.until("the content", `document.activeElement.id === "main"`)
	b.goTo("/")
	to("Files")
	enter()
	to("albums")
	enter()
	to("plan.txt")
	enter()
	to("Who has read this")
	enter()
	b.says("Who has read this")
	b.quiet()
}
