package browser

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"image/color"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"github.com/azekura/azekura/tests/house"
)

// openCase returns the number of the case that is open.
func openCase(t *testing.T, h *house.House) string {
	t.Helper()
	var c struct{ ID string }
	if err := json.NewDecoder(bytes.NewReader(h.Run("case", "list", "--json"))).Decode(&c); err != nil {
		t.Fatal(err)
	}
	return c.ID
}

// TestGuard: a device encrypts through its drive; the administrator sees what is held and who is frozen, decides, and asks for a thaw, which
// the console confirms. Somebody who sees something odd presses the red button.
func TestGuard(t *testing.T) {
	h := house.New(t)
	dir := artefacts(t)
	b := open(t, h)
	b.arrive(h.Token, adminPassword)
	put := func(name string, content []byte) int {
		t.Helper()
		r := h.Request("PUT", h.URL+name, content)
		r.Body.Close()
		return r.StatusCode
	}
	whole := photo(t, color.RGBA{200, 120, 40, 255})
	old := t.TempDir()
	for i := range 6 {
		if err := os.WriteFile(filepath.Join(old, fmt.Sprintf("%d.jpg", i)), whole, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	h.Run("import", old, "albums")
	b.goTo("/guard?lang=en")
	b.says("Nothing is frozen.", "Nothing is held back.")
	saved := 0
	for i := range 6 {
		junk := make([]byte, len(whole))
		rand.Read(junk)
		got := put(fmt.Sprintf("%d.jpg", i), junk)
		if got == http.StatusForbidden {
			r := h.Request("GET", h.URL+"5.jpg", nil)
			text, _ := io.ReadAll(r.Body)
			r.Body.Close()
			if r.StatusCode != http.StatusForbidden {
				t.Errorf("who is frozen reads: %d %.100s", r.StatusCode, text)
			}
			break
		}
		saved++
	}
	if saved < 1 || saved > 3 {
		t.Errorf("%d pictures were encrypted before the freeze", saved)
	}
	for _, lang := range []string{"ja", "en"} {
		b.goTo("/?lang=" + lang)
		b.look(dir, "home-frozen", lang)
		b.goTo("/guard")
		b.look(dir, "guard", lang)
		b.goTo("/files/albums/0.jpg")
		b.look(dir, "file-held", lang)
	}
	// The case that has opened by itself: what was done, and what would undo it.
	number := "/cases/" + openCase(t, h)
	for _, lang := range []string{"ja", "en"} {
		b.goTo("/cases?lang=" + lang)
		b.look(dir, "cases", lang)
		b.goTo(number + "/damage")
		b.look(dir, "damage", lang)
	}
	b.goTo(number)
	b.says("the guard: a file of a known kind became one of no kind")
	b.press("See the damage and put it right")
	b.says("a file of a known kind became one of no kind", "/albums/0.jpg", "held back")
	b.press("Only show what would be done")
	b.says("This would be done; nothing has been changed yet", "discarded, it was held")
	b.goTo("/guard")
	b.says("/albums/0.jpg", "tests", "a file of a known kind became one of no kind")
	b.press("Discard all")
	b.says("Discarded. The history keeps it.", "Nothing is held back.")
	b.goTo(number + "/damage")
	b.press("Put everything right")
	b.says("Done. Everything is as it was before.", "There is nothing to put right.")
	var stops []struct{ ID, Kind, Owner, Name string }
	for dec := json.NewDecoder(bytes.NewReader(h.Run("freeze", "list", "--json"))); dec.More(); {
		var s struct{ ID, Kind, Owner, Name string }
		if err := dec.Decode(&s); err != nil {
			t.Fatal(err)
		}
		stops = append(stops, s)
	}
	if len(stops) != 2 {
		t.Fatalf("frozen: %+v", stops)
	}

	// The red button.
	b.goTo("/guard")
	b.fill("reason", "知らない名前のファイル")
	b.press("Freeze my account")
	b.says("Frozen. Nothing is written and nothing read there any more.", "Your work with the files is frozen")
	for _, lang := range []string{"ja", "en"} {
		b.goTo("/guard?lang=" + lang)
		b.look(dir, "guard-me", lang)
	}
	for _, s := range stops {
		h.Run("thaw", s.ID, "--reason", "looked at") // the console, alone: nobody else could confirm
	}
	var list []struct{ ID string }
	for dec := json.NewDecoder(bytes.NewReader(h.Run("freeze", "list", "--json"))); dec.More(); {
		var s struct{ ID string }
		if err := dec.Decode(&s); err != nil {
			t.Fatal(err)
		}
		list = append(list, s)
	}
	if len(list) != 1 {
		t.Fatalf("frozen after the thaw: %+v", list)
	}
	h.Run("thaw", list[0].ID, "--reason", "it was a notice of the system")
	b.goTo(number)
	b.fill("note", "プリンターのソフトウェアの誤動作")
	b.press("Close the case")
	b.says("The case is closed.", "プリンターのソフトウェアの誤動作")
	for _, lang := range []string{"ja", "en"} {
		b.goTo(number + "?lang=" + lang)
		b.look(dir, "case-closed", lang)
	}
	b.goTo("/guard")
	b.says("Nothing is frozen.")
	b.quiet()
}
