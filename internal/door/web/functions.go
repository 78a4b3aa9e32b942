package web

import (
	"encoding/json"
	"html/template"
	"maps"
	"net"
	"net/url"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/azekura/azekura/internal/door/api"
	"github.com/azekura/azekura/internal/lang"
)

// functions are what templates can call.
func functions(l lang.Lang, static map[string]asset) template.FuncMap {
	all := template.FuncMap{"static": func(name string) string { return pathOf(static, name) }}
	for _, part := range []template.FuncMap{wordFunctions(l), timeFunctions(l), valueFunctions(l)} {
		maps.Copy(all, part)
	}
	return all
}

// wordFunctions say something in the reader's language.
func wordFunctions(l lang.Lang) template.FuncMap {
	return template.FuncMap{
		"t": func(key string, args ...any) string { return l.Text(key, args...) },
		"word": func(family string, word any) string { // of the ledger, of roles
			s, _ := word.(string)
			if s == "" {
				b, _ := json.Marshal(word)
				json.Unmarshal(b, &s)
			}
			if key := family + "." + s; lang.Has(key) {
				return l.Text(key)
			}
			return s
		},
		"note": func(e entry) string { return l.Note(e.Kind, e.Note, e.Size) },
		"flaw": func(v any) string {
			i, ok := v.(api.Info)
			if p, at := v.(*api.Info); at {
				i, ok = *p, true
			}
			switch {
			case !ok || i.Found == nil:
				return ""
			case i.Found.Damaged:
				return l.Flaw(i.Found.Kind, i.Found.Reason, i.Found.At, i.Size)
			case i.Picture && !shows(i): // as when all of it is encrypted
				return l.Text("web.no-kind")
			}
			return ""
		},
		"words":         func(t api.DueText) string { return api.InWords(l, t) },
		"reason":        l.Reason,
		"rule":          l.Rule,
		"value":         l.RuleValue,
		"rosterissue":   func(i api.RosterIssue) string { return l.RosterIssue(i.Word, i.Row, i.Column, i.Value, i.Other) },
		"personsbudget": func(b *api.PersonsBudget) string { return l.PersonsBudget(b.State, b.Template, b.FromRule) },
	}
}

// timeFunctions write times down.
func timeFunctions(l lang.Lang) template.FuncMap {
	return template.FuncMap{
		"hours": func(s string) string { // without what is nothing
			if d, err := time.ParseDuration(s); err == nil && d%time.Hour == 0 {
				return strings.TrimSuffix(s, "0m0s")
			}
			return strings.TrimSuffix(s, "0s")
		},
		"dueday":  func(c api.DayCount) string { return api.DueDay(l, c) },
		"dueleft": func(x api.DueBy) string { return api.DueLeft(l, &x) },
		"dayname": func(d api.LegalDay) string { return api.DayName(l, d) },
		"notes":   func(x api.DueBy) []string { return api.DueNotes(l, &x) },
		"when":    func(t time.Time) string { return t.Local().Format("2006-01-02 15:04 -0700") },
		"date":    func(t time.Time) string { return t.Local().Format("2006-01-02") },
		"told":    func(t time.Time) string { return t.Format("2006-01-02 15:04 -07:00") }, // in the zone in which it was told
		"zone":    zoneOf,
		"local":   formOf,
		"tick":    func(t time.Time) string { return t.Local().Format("01-02 15:04") },
		"iso":     func(t time.Time) string { return t.UTC().Format(time.RFC3339) },
	}
}

// valueFunctions write numbers and addresses down, and put values together.
func valueFunctions(l lang.Lang) template.FuncMap {
	return template.FuncMap{
		"shows":      shows,
		"size":       size,
		"medianames": mediaNames,
		"part":       part,
		"number":     lang.Grouped,
		"join":       func(words []string) string { return strings.Join(words, api.Comma(l)) },
		"count":      func(n int) string { return lang.Grouped(int64(n)) },
		"list":       func(words ...string) []string { return words },
		"budgets":    namedBudgets,
		"modes":      witnessModes,
		"esc":        url.PathEscape,
		"has":        has,
		"fileurl":    fileURL,
		"crumbs":     crumbs,
		"area":       area,
		"prefix":     strings.HasPrefix,
		"base":       path.Base,
		"in":         func(s string, list []string) bool { return slices.Contains(list, s) },
		"davs": func(s string) string {
			return strings.Replace(strings.Replace(s, "https:", "davs:", 1), "http:", "dav:", 1)
		},
		"picture":  picture,
		"hostname": func(s string) string { h, _, _ := net.SplitHostPort(s); return h },
		"port":     func(s string) string { _, p, _ := net.SplitHostPort(s); return p },
		"json":     func(v json.RawMessage) string { return string(v) },
		"dict": func(list ...any) map[string]any {
			m := make(map[string]any)
			for i := 0; i+1 < len(list); i += 2 {
				m[list[i].(string)] = list[i+1]
			}
			return m
		},
	}
}
