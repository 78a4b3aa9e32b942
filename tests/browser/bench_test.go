package browser

import (
	"fmt"
	"image/color"
	"math/rand/v2"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/azekura/azekura/tests/house"
)

// BenchmarkGallery is how long a browser takes to show the first screen of 500 photographs that nobody has looked at in this session: from
// the click until every picture that is in view is drawn.
func BenchmarkGallery(b *testing.B) {
	h := house.New(b)
	browser := open(b, h)
	browser.arrive(h.Token, adminPassword)
	r := rand.New(rand.NewPCG(1, 2))
	const photos = 500
	for n := range photos {
		c := color.RGBA{uint8(r.IntN(256)), uint8(r.IntN(256)), uint8(r.IntN(256)), 255}
		h.Request("PUT", fmt.Sprintf("%s%03d.jpg", h.URL, n), photo(b, c)).Body.Close()
	}
	browser.goTo("/files/albums?view=gallery")
	browser.until("all previews", fmt.Sprintf(`(() => { const l = [...document.querySelectorAll(".gallery img")]; for (const i of l) i.loading = "eager"; return l.length === %d && l.every(i => i.naturalWidth > 0) })()`, photos))
	browser.run(chromedp.EmulateViewport(1280, 900))
	var total float64
	for b.Loop() {
		browser.press("Log out") // the leases end with the session
		browser.logIn(h.User, adminPassword)
		browser.goTo("/files/albums")
		var took float64
		browser.run(chromedp.Evaluate(`sessionStorage.setItem("clicked", Date.now()); document.querySelector(".tabs a:last-child").click()`, nil))
		browser.until("the first screen", `location.search === "?view=gallery" && document.readyState !== "loading" && [...document.querySelectorAll(".gallery img")].filter(i => i.getBoundingClientRect().top < innerHeight).every(i => i.complete && i.naturalWidth > 0)`)
		browser.run(chromedp.Evaluate(`Math.max(...performance.getEntriesByType("resource").filter(e => e.name.includes("/v1/previews/")).slice(0, 20).map(e => performance.timeOrigin + e.responseEnd)) - sessionStorage.getItem("clicked")`, &took))
		total += took
	}
	b.ReportMetric(total/float64(b.N), "ms/first-screen")
	b.ReportMetric(0, "ns/op")
}
