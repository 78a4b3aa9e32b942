package lang

import (
	"cmp"
	"fmt"
	"strings"
)

// Note is what an entry of the ledger adds: the program's own words in the reader's language, and names and reasons as people wrote
// them. kind, note and size are the entry's.
func (l Lang) Note(kind, note string, size int64) string {
	switch kind {
	case "account-made":
		return l.named("role", note)
	case "refused":
		return l.named("kind", note)
	case "policy-changed":
		return l.policy(note)
	case "proposed", "confirmed", "withdrawn":
		return l.asked(note)
	case "frozen", "thawed":
		what, why, _ := strings.Cut(note, "; ")
		word, subject, _ := strings.Cut(what, " ")
		return joined("; ", strings.TrimSpace(l.named("stop", word)+" "+subject), l.named("sign", why))
	case "case-opened":
		return l.named("sign", note)
	case "case-changed":
		return l.party(note)
	case "vault-restored", "drill-begun", "drill-ended":
		return l.restored(note)
	case "case-written":
		if s, ok := l.led(note); ok {
			return s
		}
	case "medium-synced":
		if s, ok := l.led(note); ok {
			return s
		}
	case "rights-changed", "group-changed", "account-changed", "logout", "settled":
		if s, ok := l.led(note); ok {
			return s
		}
		if kind == "rights-changed" {
			return l.named("right", note)
		}
	case "login", "login-failed", "proved", "factor-made", "factor-removed":
		word, rest := head(note, " (", ": ") // of the client, or of a passkey
		if size > 0 && Has("note."+word) {
			return l.Text("note."+word, size)
		}
		return l.named("note", word) + rest
	case "changed", "noticed", "medium-read", "medium-checked", "medium-gone", "day-opened", "day-closed", "protection-changed":
	case "appliance-event":
		return l.appliance("appliance", note, size)
	case "appliance-alert":
		return l.appliance("alert", note, size)
	case "logs-counted":
		return l.counted(note)
	case "logs-kept":
		return Grouped(size)
	case "inquiry-noted":
		return l.named("inquiry", note)
	case "papers-made", "papers-renewed", "papers-tested", "card-written", "card-checked":
		return l.reserve(note)
	case "card-forgotten":
		word, why, _ := strings.Cut(note, "; ")
		return joined("; ", l.named("note", word), why)
	case "share-erased":
		return l.ended(note)
	case "retention-set", "versions-removed", "removal-ended":
		return l.retained(note, size)
	case "lookup-closed":
	default: // names that people gave
		return note
	}
	if kind == "logout" && Has("act."+note) { // the sessions of whom an act was about
		return l.Text("act." + note)
	}
	return l.named("note", note)
}

// leads are the words that notes begin with, before what people gave, and the family of what follows.
var leads = []struct{ word, family string }{
	{"role: ", "role"}, {"networks: ", ""}, {"members: ", ""}, {"persons: ", ""}, {"ended by ", ""}, {"accepted: ", "sign"}, {"discarded: ", "sign"},
	{"knew: ", ""}, {"knew, changed: ", ""}, {"knew, removed: ", ""}, {"fact: ", factFamily}, {"note: ", ""}, {"task: ", ""}, {"task done: ", ""}, {"attached: ", ""}, {"papers: ", ""},
	{"state ", ""}, {"card ", ""}, {"papers ", ""}, {"no keys of ", ""}, {"sample ", ""}, {"seed ", ""}, {"drill ", ""}, {"files ", ""}, {"hold: ", "note"}, {"hold lifted: ", ""}, {"decided: ", ""},
}

// factFamily marks a note of a fact of a case: "key = value".
const factFamily = "fact"

// led returns a note that begins with one of the leads.
func (l Lang) led(note string) (string, bool) {
	for _, x := range leads {
		if rest, ok := strings.CutPrefix(note, x.word); ok {
			if rest == "" {
				rest = "–"
			}
			if key, value, ok := strings.Cut(rest, " = "); ok && x.family == factFamily {
				return l.Text("note."+x.word, l.named("fact", key)+" "+cmp.Or(l.named("choice", value), "–")), true
			}
			return l.Text("note."+x.word, l.named(x.family, rest)), true
		}
	}
	return "", false
}

// party tells of a suspect of a case: "kind subject (who), from to to; reason", or that it is none any more.
func (l Lang) party(note string) string {
	if rest, ok := strings.CutPrefix(note, "removed: "); ok {
		return l.Text("note.removed: ", l.party(rest))
	}
	note, reason, _ := strings.Cut(note, "; ")
	what := note
	if i := strings.LastIndex(note, ", "); i >= 0 { // from when to when
		what = note[:i]
		note = strings.TrimSuffix(strings.Replace(note[i:], " to ", " – ", 1), "now")
	} else {
		note = ""
	}
	word, rest, _ := strings.Cut(what, " ")
	return joined("; ", strings.TrimSpace(joined(" ", l.named("stop", word), rest)+note), reason)
}

// asked tells of an act that takes two people: "act; reason", "act, asked for by NAME; reason" or "act, alone: …; reason".
func (l Lang) asked(note string) string {
	what, why, _ := strings.Cut(note, "; ")
	act, rest, _ := strings.Cut(what, ", ")
	why = l.Reason(act, why)
	act = l.named("act", act)
	if name, ok := strings.CutPrefix(rest, "asked for by "); ok {
		act = l.Text("note.%s, asked for by %s", act, name)
	} else if rest != "" {
		act = joined(", ", act, l.named("note", rest))
	}
	return joined("; ", act, why)
}

// policy names what was changed of what holds for everybody.
func (l Lang) policy(note string) string {
	var n int
	if _, err := fmt.Sscanf(note, "list of %d breached passwords", &n); err == nil {
		return l.Text("note.list of %d breached passwords", n)
	}
	var out []string
	for word := range strings.SplitSeq(note, ", ") {
		out = append(out, l.named("note", word))
	}
	return strings.Join(out, ", ")
}

// named is the text of one of the program's own words.
func (l Lang) named(family, word string) string {
	if key := family + "." + word; Has(key) {
		return l.Text(key)
	}
	return word
}

// head splits a note before the first of the marks.
func head(note string, marks ...string) (word, rest string) {
	at := len(note)
	for _, m := range marks {
		if i := strings.Index(note, m); i >= 0 {
			at = min(at, i)
		}
	}
	return note[:at], note[at:]
}

func joined(between, a, b string) string {
	if a == "" || b == "" {
		return a + b
	}
	return a + between + b
}

// reserve tells of papers and cards: words with commas between them, some with numbers in them.
func (l Lang) reserve(note string) string {
	var out []string
	for word := range strings.SplitSeq(note, ", ") {
		var a, b int
		switch number, verdict, _ := strings.Cut(word, " "); {
		case scan(word, "%d of %d", &a, &b):
			word = l.Text("note.%d of %d", a, b)
		case scan(word, "in place of set %d", &a):
			word = l.Text("note.in place of set %d", a)
		case scan(word, "generation %d", &a):
			word = l.Text("note.generation %d", a)
		case Has("verdict." + verdict):
			word = number + ": " + l.Text("verdict."+verdict)
		default:
			word = l.named("note", word)
		}
		out = append(out, word)
	}
	return strings.Join(out, ", ")
}

// restored tells what a vault was made again of, or in a drill would be.
func (l Lang) restored(note string) string {
	var out []string
	for word := range strings.SplitSeq(note, "; ") {
		if s, ok := l.led(word); ok {
			word = s
		} else {
			word = l.named("note", word)
		}
		out = append(out, word)
	}
	return strings.Join(out, "; ")
}

// ended tells of the end of a share: parts with semicolons between them.
func (l Lang) ended(note string) string {
	out := strings.Split(note, "; ")
	for i, word := range out {
		var n int
		switch cards, on := strings.CutPrefix(word, "outstanding cards: "); {
		case on:
			out[i] = l.Text("note.outstanding cards: ", cards)
		case scan(word, "certificate %d", &n):
			out[i] = l.Text("note.certificate %d", n)
		case scan(word, "ring %d", &n):
			out[i] = l.Text("note.ring %d", n)
		default:
			out[i] = l.named("note", word)
		}
	}
	return strings.Join(out, "; ")
}

// scan reads numbers of a text in exactly one form.
func scan(s, form string, to ...any) bool {
	if _, err := fmt.Sscanf(s, form, to...); err != nil {
		return false
	}
	var values []any
	for _, p := range to {
		values = append(values, *p.(*int))
	}
	return fmt.Sprintf(form, values...) == s
}
