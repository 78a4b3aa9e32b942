package browser

import (
	"net/http"
	"strings"
	"testing"

	"github.com/azekura/azekura/tests/house"
)

// arrive accepts an invitation with a password and an authenticator app.
func (b *tab) arrive(token, password string) {
	b.t.Helper()
	b.goTo("/welcome#" + token)
	b.until("the invitation", `!!document.querySelector("input[name=again]")`)
	b.fill("password", password)
	b.until("the strength", `!document.querySelector("meter").hidden`)
	b.fill("again", password)
	b.press("Continue")
	b.press("Authenticator app")
	b.key = b.value("code.secret")
	b.fill("code", b.code())
	b.press("Continue")
	b.says("recovery codes")
	b.press("I have kept them")
}

// logIn shows password and code.
func (b *tab) logIn(name, password string) {
	b.t.Helper()
	b.goTo("/login")
	b.fill("account", name)
	b.fill("password", password)
	b.press("Log in")
	b.fill("code", b.code())
	b.press("Continue")
}

// drive is what the WebDAV door says to a device password.
func drive(t *testing.T, h *house.House, name, password string) int {
	t.Helper()
	r, err := http.NewRequest("PROPFIND", h.Root, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.SetBasicAuth(name, password)
	r.Header.Set("Depth", "0")
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	return resp.StatusCode
}

const (
	adminPassword = "kumo ga nagareru hi"
	staffPassword = "midori no isu to hon"
)

// TestFirstDays is the way of a new house: set-up, an invitation, two second factors, the open day, and the morning
// after an attack.
func TestFirstDays(t *testing.T) {
	h := house.New(t)
	admin := open(t, h)
	admin.goTo("/")
	admin.says("Log in")
	admin.arrive(h.Token, adminPassword)
	admin.says("State of the house", "First steps", "Nobody gets in without a second factor.", "Copies on media that are switched off: none yet.")

	admin.goTo("/people")
	admin.fill("name", "佐藤 花子")
	admin.press("Make an invitation")
	admin.says("Next: say which shares this person may use")
	link := admin.value("pre.secret")
	_, token, ok := strings.Cut(link, "#")
	if !ok || !strings.HasPrefix(link, admin.base) {
		t.Fatalf("the invitation's link is %q", link)
	}
	admin.goTo("/shares/albums")
	admin.run(selectOption("who", "account:佐藤 花子"), selectOption("rights", "write"))
	admin.press("Save")
	admin.says("佐藤 花子")

	staff := open(t, h)
	staff.arrive(token, staffPassword)
	staff.says("Your drive is open", "No computer is connected yet.")
	if strings.Contains(staff.text(), "People") || strings.Contains(staff.text(), "Settings") {
		t.Errorf("staff is shown what others do:\n%s", staff.text())
	}
	staff.goTo("/connect?system=windows")
	staff.fill("device", "Desk 3")
	staff.press("Make a device password")
	secret := staff.value("dd code.secret")
	if !strings.HasPrefix(secret, "azk-") {
		t.Fatalf("device password %q", secret)
	}
	if got := drive(t, h, "佐藤 花子", secret); got != 207 {
		t.Errorf("the drive in an open day: %d", got)
	}

	// A passkey beside the app, and a login with it alone.
	staff.authenticator()
	staff.goTo("/me")
	staff.press("Add a passkey")
	staff.fill("name", "security key")
	staff.press("Make a passkey")
	staff.says("The second factor is set up.", "security key")
	staff.press("Log out")
	if got := drive(t, h, "佐藤 花子", secret); got != 401 {
		t.Errorf("the drive after the logout: %d", got)
	}
	staff.goTo("/login?next=/connect")
	staff.press("Log in with a passkey")
	staff.until("the page after the passkey", `location.pathname === "/connect"`)
	if got := drive(t, h, "佐藤 花子", secret); got != 207 {
		t.Errorf("the drive after a login with a passkey: %d", got)
	}

	// Everybody sets a new password: all that was open is closed at once.
	admin.goTo("/renewal")
	admin.fill("reason", "the VPN was broken into")
	admin.press("Have everybody set a new password")
	if got := drive(t, h, "佐藤 花子", secret); got != 401 {
		t.Errorf("the drive after the renewal has begun: %d", got)
	}
	staff.goTo("/me")
	if got := staff.path(); got != "/login" {
		t.Errorf("a session after the renewal has begun shows %s", got)
	}
	admin.logIn(h.User, adminPassword)
	admin.says("A new password is needed")
	admin.fill("password", adminPassword+" to yama")
	admin.fill("again", adminPassword+" to yama")
	admin.press("Continue")
	admin.goTo("/renewal")
	admin.says("1 of 2 people have set a new password.", "佐藤 花子")
	admin.quiet()
	staff.quiet()
}

// TestTwoPeople is about acts that one person cannot do alone.
func TestTwoPeople(t *testing.T) {
	h := house.New(t)
	admin := open(t, h)
	admin.arrive(h.Token, adminPassword)
	admin.goTo("/people")
	admin.fill("name", "officer")
	admin.run(selectOption("role", "privacy-officer"))
	admin.press("Make an invitation")
	_, token, _ := strings.Cut(admin.value("pre.secret"), "#")
	officer := open(t, h)
	officer.arrive(token, staffPassword)

	admin.goTo("/people/officer")
	admin.fill("reason", "telephone lost")
	admin.press("Reset password and second factors")
	admin.says("Somebody else must say yes:")
	admin.goTo("/settings")
	admin.run(untick("second_factor"))
	admin.press("Save")
	admin.says("Somebody else must say yes:")
	officer.goTo("/")
	officer.says("Waiting for your yes: 1") // not the one about himself
	officer.goTo("/proposals")
	for _, what := range []string{"Loosen the rules", "Second factor", "needed by everybody", "not needed"} { // from what to what
		officer.says(what)
	}
	officer.press("No")
	admin.goTo("/settings")
	admin.says("Nobody logs in without a second factor")
	admin.quiet()
	officer.quiet()
}
