package drill

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/azekura/azekura/internal/drill/behaviour"
	"github.com/azekura/azekura/internal/lang"
)

// TestRun rehearses some behaviours with the sample and with a folder: each goes as it should, the folder stays as it is, and no scratch storehouse
// is left.
func TestRun(t *testing.T) {
	all, err := behaviour.Profiles()
	if err != nil {
		t.Fatal(err)
	}
	pick := func(names ...string) (out []behaviour.Profile) {
		for _, p := range all {
			if slices.Contains(names, p.Name) {
				out = append(out, p)
			}
		}
		return out
	}
	from := t.TempDir()
	for i := range 12 {
		if err := os.WriteFile(filepath.Join(from, strings.Repeat("写", 20)+string(rune('a'+i))+".jpg"), picture(uint64(i)), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		from     string
		files    int
		profiles []behaviour.Profile
	}{
		{"", 100, pick("lockbit2", "eighteen-accounts", "one-an-hour", "wiper-delete", "thief")},
		{from, 12, pick("class-b", "mimic-temp", "zip-with-password")},
	} {
		temp := t.TempDir()
		var list []Result
		err := Run(t.Context(), Config{From: c.from, Profiles: c.profiles, Seed: 1, Temp: temp, Now: time.Now}, func(r Result) error {
			list = append(list, r)
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if len(list) != len(c.profiles) {
			t.Fatalf("%d of %d were rehearsed", len(list), len(c.profiles))
		}
		for _, r := range list {
			if !r.Good() || r.Files != c.files {
				t.Errorf("%+v", r)
			}
		}
		if left, err := os.ReadDir(temp); err != nil || len(left) > 0 {
			t.Errorf("left: %v, %v", left, err)
		}
		for _, l := range []lang.Lang{lang.English, lang.Japanese} {
			b, err := Report(list, time.Now(), c.from, l)
			if err != nil || !bytes.Contains(b, []byte(list[0].Profile)) {
				t.Errorf("report: %v\n%s", err, b)
			}
		}
	}
	for i := range 12 {
		b, err := os.ReadFile(filepath.Join(from, strings.Repeat("写", 20)+string(rune('a'+i))+".jpg"))
		if err != nil || !bytes.Equal(b, picture(uint64(i))) {
			t.Errorf("file %d of the folder was changed: %v", i, err)
		}
	}
}

// TestGood: what a rehearsal must not show.
func TestGood(t *testing.T) {
	fine := Result{Noticed: true, Changed: 2, Renamed: 3}
	if !fine.Good() {
		t.Error("five files changed")
	}
	for name, spoil := range map[string]func(*Result){
		"not noticed": func(r *Result) { r.Noticed = false }, "six files": func(r *Result) { r.Changed++ }, "missed": func(r *Result) { r.Missed = 1 },
		"wrong": func(r *Result) { r.Wrong = 1 }, "left": func(r *Result) { r.Left = 1 }, "lost": func(r *Result) { r.Lost = 1 }, "disturbed": func(r *Result) { r.Disturbed = 1 },
	} {
		bad := fine
		if spoil(&bad); bad.Good() {
			t.Errorf("%s, and good", name)
		}
	}
}
