package browser

import (
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
	"github.com/zitadel/oidc/v3/example/server/exampleop"
	"github.com/zitadel/oidc/v3/example/server/storage"

	"github.com/azekura/azekura/tests/house"
)

// startProvider starts an identity provider of other people's making, and lets houses that start afterwards know it. The function it returns
// tells the provider of a house.
func startProvider(t *testing.T) func(h *house.House) {
	t.Helper()
	var handler atomic.Pointer[http.Handler]
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if h := handler.Load(); h != nil {
			(*h).ServeHTTP(w, r)
			return
		}
		http.Error(w, "not yet", http.StatusServiceUnavailable) // as it may be when the house starts: it says so in its log
	}))
	t.Cleanup(srv.Close)
	issuer := strings.Replace(srv.URL, "127.0.0.1", "localhost", 1) + "/"
	secret := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(secret, []byte("a secret of the house\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("AZEKURA_OIDC_ISSUER", issuer)
	t.Setenv("AZEKURA_OIDC_CLIENT", "azekura")
	t.Setenv("AZEKURA_OIDC_SECRET_FILE", secret)
	t.Setenv("AZEKURA_OIDC_NAME", "Sakura ID")
	return func(h *house.House) {
		back := strings.Replace(strings.TrimSuffix(h.Root, "/dav/"), "127.0.0.1", "localhost", 1) + "/login/provider/back"
		client := storage.WebClient("azekura", "a secret of the house", back)
		op := http.Handler(exampleop.SetupServer(issuer, storage.NewStorageWithClients(storage.NewUserStore(issuer), map[string]*storage.Client{"azekura": client}),
			slog.New(slog.DiscardHandler), false))
		handler.Store(&op)
	}
}

// prove says to the provider who one is.
func (b *tab) prove(name string) {
	b.t.Helper()
	b.until("the provider's page", `!!document.querySelector("input#username")`)
	b.run(chromedp.SendKeys("input#username", name), chromedp.SendKeys("input#password", "verysecure"), chromedp.Evaluate(`window.left = true; document.querySelector("button").click()`, nil))
	b.settle()
}

// TestProvider lets people come in by the firm's identity provider: one who was invited, and one who has a password already. The
// second factor is always ours, and who is nobody here does not come in.
func TestProvider(t *testing.T) {
	know := startProvider(t)
	h := house.New(t)
	know(h)
	for _, name := range []string{"hanako", "taro"} {
		h.Run("account", "add", name)
	}
	invite := func(name string) string {
		var i struct{ Token string }
		if err := json.Unmarshal(h.Run("account", "invite", name, "--json"), &i); err != nil {
			t.Fatal(err)
		}
		return i.Token
	}

	// Nobody is tied to this identity yet.
	b := open(t, h)
	b.goTo("/login")
	b.look(artefacts(t), "login-provider", "en")
	b.click("Log in with Sakura ID")
	b.prove("test-user2")
	b.says("Nobody here is connected with this identity.")

	// Hanako accepts her invitation by it, and sets up a second factor.
	b.goTo("/welcome#" + invite("hanako"))
	b.until("the invitation", `!!document.querySelector("input[name=again]")`)
	b.look(artefacts(t), "invitation-provider", "en")
	b.click("Come in with Sakura ID")
	b.prove("test-user2")
	b.press("Authenticator app")
	b.key = b.value("code.secret")
	b.fill("code", b.code())
	b.press("Continue")
	b.press("I have kept them")
	b.says("Your drive is open")

	// The next morning: the provider, then the code. The provider alone is not enough.
	b.press("Log out")
	b.goTo("/login?next=/connect")
	b.click("Log in with Sakura ID")
	b.prove("test-user2")
	b.says("Second factor")
	ticket := b.path()
	b.goTo("/files/")
	if got := b.path(); got != "/login" {
		t.Errorf("with the provider's word alone %s is shown, after %s", got, ticket)
	}
	b.goTo("/login?next=/connect")
	b.click("Log in with Sakura ID")
	b.prove("test-user2")
	b.fill("code", b.code())
	b.press("Continue")
	if got := b.path(); got != "/connect" {
		t.Errorf("the login leads to %s", got)
	}
	b.quiet()

	// An answer that came once, comes again, or comes to another browser, is none.
	b.press("Log out")
	b.goTo("/login/provider/back?code=x&state=y")
	b.says("Log in")
	thief := open(t, h)
	thief.goTo("/login")
	thief.click("Log in with Sakura ID")
	thief.until("the provider's page", `!!document.querySelector("input#username")`)
	b.goTo("/login")
	var seen atomic.Value
	chromedp.ListenTarget(b.ctx, func(e any) {
		if e, ok := e.(*network.EventRequestWillBeSent); ok && strings.Contains(e.Request.URL, "/login/provider/back?") {
			seen.Store(e.Request.URL)
		}
	})
	b.click("Log in with Sakura ID")
	b.prove("test-user2")
	answered, _ := seen.Load().(string)
	if answered == "" {
		t.Fatal("no answer was seen")
	}
	thief.visit(answered)
	thief.says("The company login did not confirm who you are.")
	b.visit(answered)
	b.says("Log in")

	// Taro has a password, and ties his account; the identity of somebody else he cannot have.
	taro := open(t, h)
	taro.arrive(invite("taro"), staffPassword)
	taro.goTo("/me")
	taro.click("Connect Sakura ID")
	taro.prove("test-user2")
	taro.says("This identity belongs to somebody else here.")
	taro.goTo("/me")
	taro.click("Connect Sakura ID")
	taro.prove("test-user@localhost")
	taro.says("The company login is connected.", "Disconnect Sakura ID")
	taro.look(artefacts(t), "me-provider", "en")
	taro.press("Log out")
	taro.goTo("/login")
	taro.click("Log in with Sakura ID")
	taro.prove("test-user@localhost")
	taro.fill("code", taro.code())
	taro.press("Continue")
	taro.goTo("/me")
	taro.press("Disconnect Sakura ID")
	taro.says("The company login is disconnected.", "Connect Sakura ID")

	// A closed account is closed here, too; and the ledger tells all of it.
	h.Run("account", "disable", "hanako")
	b.goTo("/login")
	b.click("Log in with Sakura ID")
	b.prove("test-user2")
	b.says("Nobody here is connected with this identity.")
	told := string(h.Run("ledger", "show", "--json"))
	for _, want := range []string{`"note":"identity"`, "nobody here", "no answer of the identity provider"} {
		if !strings.Contains(told, want) {
			t.Errorf("the ledger does not tell of %s", want)
		}
	}
}
