package main

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"
)

// twoRounds is a result as interleaved rounds leave it.
func twoRounds() *Result {
	r := &Result{Program: "webdav", Text: "files over WebDAV", Started: time.Unix(0, 0).UTC(), Rounds: 2, Scale: 0.5}
	for round := 0.0; round < 2; round++ {
		for _, test := range []string{"up", "down"} {
			r.add(test, "nginx", 4e6, Sample{Wall: 2 + round, OnDisk: 3 + round, CPU: 1})
			r.add(test, "rclone", 4e6, Sample{Wall: 8, OnDisk: 9, CPU: 4})
			r.add(test, ours, 4e6, Sample{Wall: 4 - round, OnDisk: 4, CPU: 2, Stored: 5})
		}
	}
	return r
}

func TestTargets(t *testing.T) {
	r := twoRounds()
	r.atMost("up", "rclone", 0.5, "time", wall)
	r.atMost("up", "nginx", 1.2, "time", wall)
	r.atMost("up", "rclone", 0.4, "CPU", cpu)
	r.atMost("up", "was not measured", 1, "time", wall)
	r.asFastAsBest("down", []served{{name: "rclone"}, {name: "nginx"}, {name: ours}})
	want := []Target{
		{"up: time at most 0.5 × rclone", "0.44 ×", true},
		{"up: time at most 1.2 × nginx", "1.40 ×", false},
		{"up: CPU at most 0.4 × rclone", "0.50 ×", false},
		{"down: time at most 1 × nginx", "1.40 ×", false},
	}
	if !reflect.DeepEqual(r.Targets, want) {
		t.Errorf("targets\n%v, want\n%v", r.Targets, want)
	}
	if n := missedOf([]*Result{r, {}}); n != 3 {
		t.Errorf("%d targets were missed, want 3", n)
	}
}

func TestMarkdown(t *testing.T) {
	r := twoRounds()
	r.value("memory", "MiB", "a note", 3, 1, 2)
	r.target(false, "less", "more")
	md := string(markdown([]*Result{r}))
	for _, want := range []string{
		"## webdav\n\nFiles over WebDAV.", "**at scale 0.5**",
		"| nginx | 2 | 2.50 (2.00–3.00) | 1.40 (1.00–2.00) | 3.50 (3.00–4.00) | 2 | 1.00 (1.00–1.00) |",
		"| azekura | 2 | 3.50 (3.00–4.00) | – | 4.00 (4.00–4.00) | 1 | 2.00 (2.00–2.00) | 0.00 | 5 |",
		"| memory | 2.00 (1.00–3.00) MiB | a note |",
		"| less | more | **missed** |",
	} {
		if !strings.Contains(md, want) {
			t.Errorf("the report lacks %q:\n%s", want, md)
		}
	}
	if got := strings.Count(md, "**up**"); got != 1 {
		t.Errorf("%d tables of one test, want 1", got)
	}
}

// A result that was saved is the same when the report reads it.
func TestResultJSON(t *testing.T) {
	want := twoRounds()
	want.value("x", "s", "", 1)
	text, err := json.Marshal(want)
	if err != nil {
		t.Fatal(err)
	}
	got := new(Result)
	if err := json.Unmarshal(text, got); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("read back %+v, %v\nwant %+v", got, err, want)
	}
}

func TestComplete(t *testing.T) {
	const good = `{"progress":{"files":3}}` + "\n" + `{"report":{"files":3,"copied":3,"bytes":9}}` + "\n"
	if err := complete([]byte(good), 3); err != nil {
		t.Error(err)
	}
	for _, bad := range []string{
		"", "3 files\n", `{"report":{"copied":2}}`, `{"report":{"copied":3,"failed":1}}`, `{"report":{"copied":3,"skipped":1}}`,
	} {
		if err := complete([]byte(bad), 3); err == nil {
			t.Errorf("complete(%q) is content", bad)
		}
	}
}
