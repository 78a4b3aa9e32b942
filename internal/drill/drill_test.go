package drill

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/azekura/azekura/internal/drill/behaviour"
	"github.com/azekura/azekura/internal/lang"
	"github.com/azekura/azekura/internal/storehouse"
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
	sftp := func(list []behaviour.Profile) []behaviour.Profile { return Through(list, "sftp") }
	for _, c := range []struct {
		from     string
		files    int
		profiles []behaviour.Profile
	}{
		{"", 100, Through(pick("lockbit2", "eighteen-accounts", "one-an-hour", "wiper-delete", "thief", "copy-over", "zip-folders"), "")},
		{"", 100, sftp(pick("sftp-in-place-4k", "sftp-in-place-slow", "sftp-in-place-threads", "sftp-append", "sftp-cut-half", "sftp-rename-over"))},
		{from, 12, Through(pick("class-b", "mimic-temp"), "both")},
		{from, 12, sftp(pick("zip-with-password", "class-b", "text-only"))}, // there are no texts
	} {
		temp := t.TempDir()
		guard := storehouse.Default("")
		cfg := Config{Sample: pickOf(t, c.from), Profiles: c.profiles, Seed: 1, Temp: temp, Now: time.Now,
			Guard: Guard{guard.Guard, guard.GuardFalseAlarm, guard.GuardRemovals}}
		r := Report{Begun: time.Now(), Config: cfg, Version: "test"}
		var next []string
		err := Run(t.Context(), cfg, func(p behaviour.Profile) { next = append(next, p.Name) }, func(x Result) error {
			r.Results = append(r.Results, x)
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if r.Ended = time.Now(); len(r.Results) != len(c.profiles) || len(next) != len(c.profiles) {
			t.Fatalf("%d of %d were rehearsed", len(r.Results), len(c.profiles))
		}
		for i, x := range r.Results {
			if !x.Good() || x.Files != c.files || x.Door != c.profiles[i].Door {
				t.Errorf("%+v: %v", x, x.Faults(lang.English))
			}
			slow, frozen := c.profiles[i].Pause > 0, x.Stopped > 0
			if frozen != (x.Freeze != nil) || frozen && (*x.Freeze < 0 || slow != (*x.Freeze >= 3600) || !slow && *x.Freeze > 60) {
				t.Errorf("%s: frozen %v, after %s", x.Profile, frozen, x.After())
			}
		}
		if left, err := os.ReadDir(temp); err != nil || len(left) > 0 {
			t.Errorf("left: %v, %v", left, err)
		}
		for _, l := range []lang.Lang{lang.English, lang.Japanese} {
			b, err := r.HTML(l)
			if err != nil || !bytes.Contains(b, []byte(r.Results[0].Profile)) {
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

// own is the sample that comes with the program, which is only read.
var own = sync.OnceValues(func() (*Sample, error) { return Pick("", DefaultFiles) })

func pickOf(t *testing.T, from string) *Sample {
	t.Helper()
	pick := own
	if from != "" {
		pick = func() (*Sample, error) { return Pick(from, DefaultFiles) }
	}
	s, err := pick()
	if err != nil {
		t.Fatal(err)
	}
	return s
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
