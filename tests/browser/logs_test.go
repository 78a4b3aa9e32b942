package browser

import (
	"bytes"
	"fmt"
	"net"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/azekura/azekura/tests/house"
)

// TestLogs names a source on the page of the logs, searches, compares with the ledger, and looks at what the case shows of them.
func TestLogs(t *testing.T) {
	h := house.Collecting(t)
	b := open(t, h)
	b.arrive(h.Token, adminPassword)
	dir := artefacts(t)
	b.goTo("/logs?lang=en")
	b.run(chromedp.Evaluate(`document.querySelectorAll("details").forEach(d => d.open = true)`, nil))
	b.fill("source", "192.0.2.0/24")
	b.fill("name", "支社のルーター")
	b.press("Let an appliance send")
	b.says("支社のルーター")
	for _, change := range []string{ // a source, and what is collected: each form of its own
		`const f = document.querySelector("input[name=was][value=firewall]").form; f.elements.zone.value = "Asia/Tokyo"; f.elements.silence.value = 5; f.requestSubmit()`,
		`const f = document.querySelector("main input[name=daily]").form; f.elements.daily.value = 2048; f.querySelector("[value=blocked]").checked = false; f.requestSubmit()`,
	} {
		b.run(chromedp.Evaluate("{ window.left = true; "+change+" }", nil))
		b.settle()
	}
	if got := h.Run("collect", "status", "--json"); !bytes.Contains(got, []byte(`"zone":"Asia/Tokyo","silence_hours":5`)) || !bytes.Contains(got, []byte(`"daily_mib":2048,"count":["traffic"]`)) {
		t.Errorf("what the page has changed: %s", got)
	}
	h.Run("collect", "set", "--vpn-ended", "2026-01-01")
	h.Run("account", "add", "sato")
	h.Run("case", "open", "--party", "sato", "--from", "2026-01-02 08:00", "--reason", "odd")
	c, err := net.Dial("tcp", h.Logs("tcp"))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	const head = `<189>date=2026-11-30 time=10:00:00 devname="gw" devid="FG100F" tz="+0900" type="event" vd="root" `
	for i := range 12 {
		fmt.Fprintf(c, head+`subtype="vpn" logid="0101039426" user="root" remip=203.0.113.9 action="ssl-login-fail" reason="sslvpn_login_unknown_user" n=%d`+"\n", i)
	}
	fmt.Fprintln(c, head+`subtype="vpn" logid="0101039424" user="sato" remip=203.0.113.9 action="tunnel-up" tunneltype="ssl-tunnel" group="vpn-users" msg="SSL tunnel established"`)
	fmt.Fprintln(c, head+`subtype="system" logid="0100044547" user="admin" ui="https(192.168.1.20)" action="Edit" cfgpath="firewall.policy" msg="Edit firewall.policy 12"`)
	fmt.Fprintln(c, "<13>機器の再起動が完了しました。")
	b.within("all lines to be stored", func() bool { return bytes.Count(h.Run("collect", "search", "--json"), []byte("\n")) == 15 })
	for _, lang := range []string{"en", "ja"} {
		b.goTo("/logs?kind=&lang=" + lang)
		b.until("the lines that were sent", `document.querySelectorAll("table.ledger tbody tr").length === 15`)
		b.run(chromedp.Evaluate(`document.querySelectorAll("details").forEach(d => d.open = true)`, nil))
		b.look(dir, "logs", lang)
		b.goTo("/logs?kind=vpn-login&account=SATO&lang=" + lang)
		b.until("one line of them", `document.querySelectorAll("table.ledger tbody tr").length === 1`)
		b.goTo("/cases/2026-1?lang=" + lang)
		b.until("the login of a suspect's name", `document.querySelector("#appliances").parentElement.querySelectorAll(".badge.bad").length >= 1`)
		b.look(dir, "logs-case", lang)
		b.goTo("/?lang=" + lang)
		b.until("a login over a VPN that is gone", `document.body.textContent.includes("VPN")`)
	}
	b.goTo("/logs?lang=en")
	b.press("Compare with the ledger")
	b.until("all is as the ledger knows it", `document.querySelector(".note.good") !== null`)
	b.quiet()
}
