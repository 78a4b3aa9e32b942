package browser

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"hash/crc32"
	"image"
	"image/color"
	"image/png"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"golang.org/x/image/tiff"

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

// TestDrop drops two files on the page of a folder, a small one and one that goes in parts and breaks off.
func TestDrop(t *testing.T) {
	h := house.New(t)
	b := open(t, h)
	b.arrive(h.Token, adminPassword)
	b.goTo("/files/albums")
	// The third part is lost on its way, once, as where a telephone changes its network.
	b.run(chromedp.Evaluate(`window.parts = []; const real = window.fetch; window.fetch = (url, o) => {
		if (o?.method === "PATCH") { parts.push(o.headers["Upload-Offset"]); if (parts.length === 3) return Promise.reject(new TypeError("lost")); }
		return real(url, o);
	}; window.left = true; addEventListener("beforeunload", () => sessionStorage.setItem("parts", JSON.stringify(parts)))`, nil))
	b.run(chromedp.Evaluate(`
		window.large = new Uint8Array(36 << 20);
		for (let i = 0; i < large.length; i++) large[i] = i * 7 + (i >> 11);
		window.dragged = new DataTransfer();
		dragged.items.add(new File(["1,佐藤\n"], "写真 1組.csv"));
		dragged.items.add(new File([large], "見開き.psd", {lastModified: Date.UTC(2026, 2, 9)}));
		window.drag = kind => document.querySelector("h1").dispatchEvent(new DragEvent(kind, {dataTransfer: dragged, bubbles: true, cancelable: true})); // beside the form
		drag("dragenter"); drag("dragover"); true`, nil))
	b.until("the sign that files can be dropped", `!!document.querySelector("details.adds.over")`)
	b.run(chromedp.Evaluate(`drag("drop"); true`, nil))
	b.settle()
	b.says("写真 1組.csv", "見開き.psd")
	var parts string
	b.run(chromedp.Evaluate(`sessionStorage.getItem("parts")`, &parts))
	if parts != "[0,16777216,33554432,33554432]" {
		t.Errorf("the parts that were sent begin at %s", parts)
	}
	large := make([]byte, 36<<20)
	for i := range large {
		large[i] = byte(i*7 + i>>11)
	}
	resp := h.Request("GET", h.URL+url.PathEscape("見開き.psd"), nil)
	got, err := io.ReadAll(resp.Body)
	resp.Body.Close()
	if err != nil || !bytes.Equal(got, large) {
		t.Errorf("%d bytes are saved, %v; want %d", len(got), err, len(large))
	}
	b.quiet()
}

// TestTus puts a file up with the client that tus's own people wrote, breaks it off in the middle, and lets it go on.
func TestTus(t *testing.T) {
	h := house.New(t)
	b := open(t, h)
	b.arrive(h.Token, adminPassword)
	source, err := fromNPM("tus-js-client/-/tus-js-client-4.3.1.tgz", "ZLeYmjrkaU1fUsKbIi8JML52uAocjEZtBx4DKjRrqzrZa0O4MYwT6db+oqePlspV+FxXJAyFBc/L5gwUi2OFsg==", "package/dist/tus.min.js")
	if err != nil {
		t.Fatal(err)
	}
	b.goTo("/files/albums")
	b.run(chromedp.Evaluate(source, nil), chromedp.Evaluate(`
		window.content = new Uint8Array(5 << 20);
		for (let i = 0; i < content.length; i++) content[i] = i * 7 + (i >> 11);
		window.file = new File([content], "表紙 最終.psd", {lastModified: Date.UTC(2026, 2, 9)});
		window.begin = part => {
			window.upload = new tus.Upload(file, {
				endpoint: "/v1/uploads", chunkSize: 1 << 20, retryDelays: [100],
				metadata: {path: "/albums/" + file.name, modified: new Date(file.lastModified).toISOString()},
				onProgress: (sent, all) => { window.sent = sent; },
				onChunkComplete: (n, accepted) => { if (part && accepted >= 2 << 20) { upload.abort(); window.stopped = accepted; } },
				onSuccess: () => { window.done = true; }, onError: e => { window.failed = String(e); },
			});
			return upload.findPreviousUploads().then(list => {
				window.earlier = list.length;
				if (list.length) upload.resumeFromPreviousUpload(list[0]);
				window.sent = 0;
				upload.start();
			});
		};
		begin(true); true`, nil))
	b.until("the break", `!!window.stopped || !!window.failed`)
	b.run(chromedp.Evaluate(`begin(false); true`, nil))
	b.until("the end", `!!window.done || !!window.failed`)
	var failed string
	var earlier int
	b.run(chromedp.Evaluate(`window.failed ?? ""`, &failed), chromedp.Evaluate(`window.earlier`, &earlier))
	if failed != "" || earlier != 1 {
		t.Errorf("%q, gone on with %d uploads", failed, earlier)
	}
	want := make([]byte, 5<<20)
	for i := range want {
		want[i] = byte(i*7 + i>>11)
	}
	resp := h.Request("GET", h.URL+url.PathEscape("表紙 最終.psd"), nil)
	got, err := io.ReadAll(resp.Body)
	resp.Body.Close()
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("%d bytes are saved, %v; want %d", len(got), err, len(want))
	}
	if when := resp.Header.Get("Last-Modified"); when != "Mon, 09 Mar 2026 00:00:00 GMT" {
		t.Errorf("modified %s", when)
	}
	if out := string(h.Run("history", "albums/表紙 最終.psd")); !strings.Contains(out, "v1") || strings.Contains(out, "v2") {
		t.Errorf("the history of one upload:\n%s", out)
	}
	b.quiet()
}

// TestGallery shows pictures of many kinds, and what only has the name of one; looking at all of them is one entry in the ledger.
func TestGallery(t *testing.T) {
	h := house.New(t)
	b := open(t, h)
	b.arrive(h.Token, adminPassword)
	img := image.NewRGBA(image.Rect(0, 0, 900, 600))
	for i := range img.Pix {
		img.Pix[i] = byte(i / 2400)
	}
	encode := func(to func(io.Writer) error) []byte {
		var buf bytes.Buffer
		if err := to(&buf); err != nil {
			t.Fatal(err)
		}
		return buf.Bytes()
	}
	bomb := encode(func(w io.Writer) error { return png.Encode(w, image.NewGray(image.Rect(0, 0, 1, 1))) })
	binary.BigEndian.PutUint32(bomb[16:], 1<<20) // width and height of a picture that no memory holds
	binary.BigEndian.PutUint32(bomb[20:], 1<<20)
	binary.BigEndian.PutUint32(bomb[29:], crc32.ChecksumIEEE(bomb[12:29]))
	good := map[string][]byte{
		"集合写真.jpg": photo(t, color.RGBA{200, 120, 40, 255}),
		"校章.png":   encode(func(w io.Writer) error { return png.Encode(w, img) }),
		"表紙.tif":   encode(func(w io.Writer) error { return tiff.Encode(w, img, nil) }),
	}
	for name, content := range good {
		h.Request("PUT", h.URL+url.PathEscape(name), content).Body.Close()
	}
	h.Request("PUT", h.URL+"bomb.png", bomb).Body.Close()
	h.Request("PUT", h.URL+"encrypted.jpg", []byte("no picture, whatever its name says")).Body.Close()
	h.Request("PUT", h.URL+url.PathEscape("名簿.csv"), []byte("1,佐藤")).Body.Close()

	b.goTo("/files/albums")
	b.press("Pictures")
	b.until("three pictures and two without preview", `[...document.querySelectorAll(".gallery img")].filter(i => i.naturalWidth > 0).length === 3`)
	b.within("what is no picture", func() (ok bool) {
		b.goTo("/files/albums?view=gallery")
		b.run(chromedp.Evaluate(`document.querySelectorAll(".gallery .blank").length === 2`, &ok))
		return ok
	})
	b.says("Pictures on this page: 5. Looking at it is recorded as a reading of all of them.", "集合写真.jpg", "encrypted.jpg", "No preview")
	if strings.Contains(b.text(), "名簿.csv") {
		t.Error("a text stands among the pictures")
	}
	b.goTo("/files/albums?view=gallery&lang=ja")
	b.until("small pictures", `[...document.querySelectorAll(".gallery img")].every(i => Math.max(i.naturalWidth, i.naturalHeight) === 480)`)

	b.look(artefacts(t), "gallery-kinds", "ja")
	b.goTo("/files/albums/encrypted.jpg?lang=ja")
	b.says("中身がどの画像形式でもありません")
	b.look(artefacts(t), "file-encrypted", "ja")
	b.goTo("/files/albums?view=gallery&lang=en")
	before := len(readings(t, h))
	b.goTo("/files/albums?view=gallery")
	b.until("the pictures from the leases", `[...document.querySelectorAll(".gallery img")].filter(i => i.naturalWidth > 0).length === 3`)
	if after := len(readings(t, h)); after != before {
		t.Errorf("%d entries more, while leases hold", after-before)
	}
	b.press("表紙.tif")
	b.until("the large picture", `document.querySelector(".picture img").naturalWidth === 900`)
	b.quiet()

	// Another person's look is one entry with all of them.
	h.Run("account", "add", "officer")
	h.Run("account", "grant", "officer", "albums", "read")
	var invited struct{ Token string }
	if err := json.Unmarshal(h.Run("account", "invite", "officer", "--json"), &invited); err != nil {
		t.Fatal(err)
	}
	other := open(t, h)
	other.arrive(invited.Token, staffPassword)
	before = len(readings(t, h))
	other.goTo("/files/albums?view=gallery")
	other.until("the pictures", `[...document.querySelectorAll(".gallery img")].filter(i => i.naturalWidth > 0).length === 3`)
	if got := readings(t, h); len(got) != before+1 || len(got[0].Files) != 3 || got[0].Purpose != "preview" {
		t.Errorf("a look at a gallery is %d entries, the last %+v; want one of 3", len(got)-before, got[0])
	}
	other.quiet()
}

// reading is an entry about released keys.
type reading struct {
	Purpose string
	Files   []struct{ Path string }
}

// readings are all of them, the latest first.
func readings(t *testing.T, h *house.House) (out []reading) {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(h.Run("ledger", "show", "--kind", "released", "--json")))
	for {
		var r reading
		if err := d.Decode(&r); err == io.EOF {
			return out
		} else if err != nil {
			t.Fatal(err)
		}
		out = append([]reading{r}, out...)
	}
}
