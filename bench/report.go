package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// ours is the name of the program under test in tables.
const ours = "azekura"

// Sample is one timed run of one peer.
type Sample struct {
	Wall   float64 `json:"wall_s"`              // until the command ended, or the last answer came
	OnDisk float64 `json:"on_disk_s"`           // until a sync after it had ended too
	CPU    float64 `json:"cpu_s"`               // user and system, of the peer and its children
	RSS    float64 `json:"rss_mib"`             // peak of the largest process
	Other  float64 `json:"other_cpu_s"`         // of all that was neither the peer nor the bench: writeback and strangers
	Client float64 `json:"client_cpu_s"`        // of the bench itself
	Stored float64 `json:"stored_mb,omitempty"` // on disk afterwards

	course []float64 // resident memory every 100 ms, MiB
}

// Series is all samples of one peer in one test, round by round.
type Series struct {
	Test    string   `json:"test"`
	Peer    string   `json:"peer"`
	Bytes   int64    `json:"bytes,omitempty"` // payload of one sample
	Samples []Sample `json:"samples"`
}

// Value is a figure that has no peer.
type Value struct {
	Name  string    `json:"name"`
	Value float64   `json:"value"`
	Unit  string    `json:"unit"`
	Range []float64 `json:"range,omitempty"` // smallest and largest, when there were several
	Note  string    `json:"note,omitempty"`
}

// Target is something that must hold.
type Target struct {
	Text string `json:"text"`
	Got  string `json:"got"`
	Met  bool   `json:"met"`
}

// Result is what one program found.
type Result struct {
	Program string    `json:"program"`
	Text    string    `json:"text"`
	Started time.Time `json:"started"`
	Seconds float64   `json:"seconds"`
	Rounds  int       `json:"rounds"`
	Scale   float64   `json:"scale"`
	Machine Machine   `json:"machine"`
	Series  []*Series `json:"series,omitempty"`
	Values  []Value   `json:"values,omitempty"`
	Targets []Target  `json:"targets,omitempty"`
	Notes   []string  `json:"notes,omitempty"`
}

// add files a sample.
func (r *Result) add(test, peer string, size int64, s Sample) {
	for _, x := range r.Series {
		if x.Test == test && x.Peer == peer {
			x.Samples = append(x.Samples, s)
			return
		}
	}
	r.Series = append(r.Series, &Series{Test: test, Peer: peer, Bytes: size, Samples: []Sample{s}})
}

// value files a figure with the range it was seen in.
func (r *Result) value(name, unit, note string, seen ...float64) {
	v := Value{Name: name, Value: median(seen), Unit: unit, Note: note}
	if len(seen) > 1 {
		v.Range = []float64{quantile(seen, 0), quantile(seen, 1)}
	}
	r.Values = append(r.Values, v)
}

func (r *Result) target(met bool, text, got string, args ...any) {
	r.Targets = append(r.Targets, Target{Text: text, Got: fmt.Sprintf(got, args...), Met: met})
}

// of returns one column of a peer's samples in a test; nil if it was not measured.
func (r *Result) of(test, peer string, column func(Sample) float64) (out []float64) {
	for _, x := range r.Series {
		if x.Test == test && x.Peer == peer {
			for _, s := range x.Samples {
				out = append(out, column(s))
			}
		}
	}
	return out
}

func wall(s Sample) float64   { return s.Wall }
func cpu(s Sample) float64    { return s.CPU }
func onDisk(s Sample) float64 { return s.OnDisk }

// atMost files the target that our median is at most factor times a peer's. Without that peer there is no target.
func (r *Result) atMost(test, peer string, factor float64, what string, column func(Sample) float64) {
	us, them := r.of(test, ours, column), r.of(test, peer, column)
	if us == nil || them == nil {
		return
	}
	got := median(us) / median(them)
	r.target(got <= factor, fmt.Sprintf("%s: %s at most %g × %s", test, what, factor, peer), "%s ×", digits(got))
}

// save writes the result where report finds it.
func (r *Result) save(dir string) error {
	text, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, r.Program+".json"), append(text, '\n'), 0o644)
}

// report writes the tables of all results that are there as Markdown and JSON files, and those of the programs that have
// just run (or all, if none has) to the screen. It returns how many targets of the latter were missed.
func (b *bench) report(ran []program) (missed int, err error) {
	var all []*Result
	for _, p := range programs {
		text, err := os.ReadFile(filepath.Join(b.results(), p.name+".json"))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		r := new(Result)
		if err == nil {
			err = json.Unmarshal(text, r)
		}
		if err != nil {
			return 0, fmt.Errorf("result of %s: %w", p.name, err)
		}
		all = append(all, r)
	}
	text, err := json.MarshalIndent(all, "", "  ")
	if err != nil {
		return 0, err
	}
	if err := os.WriteFile(filepath.Join(b.results(), "report.json"), append(text, '\n'), 0o644); err != nil {
		return 0, err
	}
	md := markdown(all)
	if err := os.WriteFile(filepath.Join(b.results(), "report.md"), md, 0o644); err != nil {
		return 0, err
	}
	screen := slices.DeleteFunc(slices.Clone(all), func(r *Result) bool {
		return ran != nil && !slices.ContainsFunc(ran, func(p program) bool { return p.name == r.Program })
	})
	_, err = os.Stdout.Write(markdown(screen))
	b.say("tables: %s", filepath.Join(b.results(), "report.md"))
	return missedOf(screen), err
}

// missedOf counts the targets that were missed.
func missedOf(list []*Result) (n int) {
	for _, r := range list {
		for _, t := range r.Targets {
			if !t.Met {
				n++
			}
		}
	}
	return n
}

// markdown writes results for people.
func markdown(all []*Result) []byte {
	var w bytes.Buffer
	fmt.Fprintf(&w, "# Bench\n\nMedian (smallest–largest). azekura ÷ peer: of the medians, in brackets the range of the rounds. On disk: until a `sync`\nafter the command had ended too. Other CPU: all that was neither the peer nor the bench, the kernel's writeback included.\n")
	for _, r := range all {
		fmt.Fprintf(&w, "\n## %s\n\n%s. %s, %d rounds%s, %.0f s. %s\n", r.Program, upper(r.Text), r.Started.Format(time.RFC3339), r.Rounds, scaled(r.Scale), r.Seconds, r.Machine)
		r.tables(&w)
		if len(r.Values) > 0 {
			fmt.Fprintf(&w, "\n| figure | value | |\n|---|---|---|\n")
			for _, v := range r.Values {
				value := digits(v.Value)
				if v.Range != nil {
					value += fmt.Sprintf(" (%s–%s)", digits(v.Range[0]), digits(v.Range[1]))
				}
				fmt.Fprintf(&w, "| %s | %s %s | %s |\n", v.Name, value, v.Unit, v.Note)
			}
		}
		if len(r.Targets) > 0 {
			fmt.Fprintf(&w, "\n| target | got | |\n|---|---|---|\n")
			for _, t := range r.Targets {
				fmt.Fprintf(&w, "| %s | %s | %s |\n", t.Text, t.Got, map[bool]string{true: "met", false: "**missed**"}[t.Met])
			}
		}
		for _, n := range r.Notes {
			fmt.Fprintf(&w, "\n%s\n", n)
		}
	}
	return w.Bytes()
}

// tables writes one table a test.
func (r *Result) tables(w *bytes.Buffer) {
	seen := make(map[string]bool)
	for _, first := range r.Series {
		if seen[first.Test] {
			continue
		}
		seen[first.Test] = true
		fmt.Fprintf(w, "\n**%s**\n\n| peer | n | wall s | azekura ÷ it | on disk s | MB/s | CPU s | peak RSS MiB | stored MB | other CPU s |\n|---|---|---|---|---|---|---|---|---|---|\n", first.Test)
		for _, x := range r.Series {
			if x.Test == first.Test {
				r.row(w, x)
			}
		}
	}
}

func (r *Result) row(w *bytes.Buffer, x *Series) {
	of := func(column func(Sample) float64) []float64 { return r.of(x.Test, x.Peer, column) }
	rate, ratio := "–", "–"
	if x.Bytes > 0 {
		rate = fmt.Sprintf("%.0f", float64(x.Bytes)/1e6/median(of(wall)))
	}
	if us := r.of(x.Test, ours, wall); us != nil && x.Peer != ours {
		each := ratios(us, of(wall))
		ratio = fmt.Sprintf("%s (%s–%s)", digits(median(us)/median(of(wall))), digits(quantile(each, 0)), digits(quantile(each, 1)))
	}
	stored := "–"
	if s := of(func(s Sample) float64 { return s.Stored }); median(s) > 0 {
		stored = fmt.Sprintf("%.0f", median(s))
	}
	fmt.Fprintf(w, "| %s | %d | %s | %s | %s | %s | %s | %s | %s | %s |\n", x.Peer, len(x.Samples), spread(of(wall)), ratio, spread(of(onDisk)), rate,
		spread(of(cpu)), digits(median(of(func(s Sample) float64 { return s.RSS }))), stored, digits(median(of(func(s Sample) float64 { return s.Other }))))
}

func upper(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}

func scaled(scale float64) string {
	if scale == 1 {
		return ""
	}
	return fmt.Sprintf(" **at scale %g**", scale)
}
