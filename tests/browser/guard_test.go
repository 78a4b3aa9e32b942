package browser

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"image/color"
	"io"
	"net/http"
	"testing"

	"github.com/azekura/azekura/tests/house"
)

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
	for i := range 6 {
		if got := put(fmt.Sprintf("%d.jpg", i), whole); got != http.StatusCreated {
			t.Fatalf("PUT: %d", got)
		}
	}
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
	b.goTo("/guard")
	b.says("/albums/0.jpg", "tests", "a file of a known kind became one of no kind")
	b.press("Discard all")
	b.says("Discarded. The history keeps it.", "Nothing is held back.")
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
	b.fill("reason", "strange names on the drive")
	b.press("Freeze my account")
	b.says("Frozen. Nothing is written and nothing read there any more.", "Your work with the files is frozen")
	b.look(dir, "guard-me", "en")
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
	b.goTo("/guard")
	b.says("Nothing is frozen.")
	b.quiet()
}
