// Package paper makes the papers of a case: reports to authorities, notices to clients and persons, what is published, and what people in
// the firm need. Each is a list of named fields. A field says what the records know and what people have said, and is a marked place to fill
// in where neither does. What people have written over a field stays when the paper is made again. It is computation alone: no I/O, no clock.
//
// No paper says that nothing got out: the most that one says is what the records show, that they were verified, and where they have gaps.
package paper

import (
	"slices"
	"strings"

	"github.com/azekura/azekura/internal/document"
	"github.com/azekura/azekura/internal/lang"
)

// Kind is a kind of paper.
type Kind string

// The kinds.
const (
	FirstReport    Kind = "ppc-first" // to the Personal Information Protection Commission: 速報
	FinalReport    Kind = "ppc-final" // 確報
	ClientNotice   Kind = "client"    // 委託元への通知, of one client
	PersonNotice   Kind = "persons"   // 本人への通知, of one client
	MarkReport     Kind = "mark"      // to the PrivacyMark body
	RansomForm     Kind = "ransom"    // ランサムウェア事案共通様式
	PublicNotice   Kind = "public"
	PlainNotice    Kind = "plain" // the same in plain language
	BoardSummary   Kind = "board" // one page
	TelephoneDesk  Kind = "faq"
	ExemptionSheet Kind = "exemption" // evidence for the encryption exemption
	SchoolList     Kind = "schools"
)

// paper is what there is to know of a kind.
type paper struct {
	kind   Kind
	title  Text
	draft  Text // stands on each page
	letter bool
	fill   func(*sheet)
	lay    func(*sheet, []Field) []document.Block
}

// spoken reports whether it speaks to people in sentences.
func (p paper) spoken() bool { return p.letter || p.kind == TelephoneDesk }

// papers are all of them, in the order in which they are needed.
func papers() []paper {
	return []paper{
		{FirstReport, Text{JA: "個人データの漏えい等に関する報告（速報）", EN: "Report on a leak of personal data (first report)"}, official, false, fillFirst, layForm},
		{FinalReport, Text{JA: "個人データの漏えい等に関する報告（確報）", EN: "Report on a leak of personal data (final report)"}, official, false, fillFinal, layFinal},
		{ClientNotice, Text{JA: "個人データの漏えい等のおそれに関するご通知", EN: "Notice of a possible leak of personal data"}, Text{}, true, fillClient, layClient},
		{PersonNotice, Text{JA: "お預かりしている個人情報に関するお詫びとお知らせ", EN: "An apology and a notice about your personal data"}, Text{}, true, fillPersons, layPersons},
		{MarkReport, Text{JA: "個人情報の取扱いに関する事故等の報告書", EN: "Report on an accident in the handling of personal data (PrivacyMark)"}, official, false, fillMark, layForm},
		{RansomForm, Text{JA: "ランサムウェア事案に関する報告（共通様式の下書き）", EN: "Report on a ransomware attack (draft for the common form)"}, common, false, fillRansom, layForm},
		{PublicNotice, Text{JA: "個人データの漏えい等のおそれに関するお詫びとお知らせ", EN: "Apology and notice: possible leak of personal data"}, Text{}, true, fillPublic, layPublic},
		{PlainNotice, Text{JA: "個人情報についてのお知らせ（やさしい日本語）", EN: "What happened to personal data: the short version"}, Text{}, true, fillPlain, layPlain},
		{BoardSummary, Text{JA: "取締役会報告", EN: "Summary for the board"}, inside, false, fillBoard, layBoard},
		{TelephoneDesk, Text{JA: "電話応対の手引き（想定問答）", EN: "Questions and answers for the telephone desk"}, inside, false, fillDesk, layDesk},
		{ExemptionSheet, Text{JA: "「高度な暗号化等の秘匿化」に関する資料", EN: "Evidence on the exemption for encrypted data"}, inside, false, fillExemption, layForm},
		{SchoolList, Text{JA: "委託元・学校別一覧", EN: "List by client and school"}, inside, false, fillSchools, laySchools},
	}
}

var (
	official = Text{JA: "様式案 — 提出前に公式様式と照合してください", EN: "draft layout – check against the official form"}
	common   = Text{JA: "下書き — 様式の版を確認し、公式様式へ転記してください", EN: "draft – check which revision of the form is in force, and copy into it"}
	inside   = Text{JA: "社外秘", EN: "confidential"}
)

// Kinds are all kinds of papers.
func Kinds() (out []Kind) {
	for _, p := range papers() {
		out = append(out, p.kind)
	}
	return out
}

func of(k Kind) (paper, bool) {
	list := papers()
	i := slices.IndexFunc(list, func(p paper) bool { return p.kind == k })
	if i < 0 {
		return paper{}, false
	}
	return list[i], true
}

// Title is what a paper is called.
func Title(k Kind) Text {
	p, _ := of(k)
	return p.title
}

// Field is a field of a paper.
type Field struct {
	Key     string   // the same in each version of the paper
	Part    Text     // under which it stands
	Label   Text     // empty: of the part itself
	Note    Text     // what should stand there
	Machine Text     // what the records say; empty: they do not know
	Asks    []string // the questions that people answer, by their keys
	Said    []Answer // what they have said to them
	Own     Text     // what stands there without an edit: both, or a place to fill in
	Edits   []Edit   // by language
	Before  Text     // what it was in the first report, where the final one says something else
	prose   bool     // the paper's own words, not a fact
}

// edit is what a person has written in a language.
func (f *Field) edit(s say) *Edit {
	i := slices.IndexFunc(f.Edits, func(e Edit) bool { return e.Lang == lang.Lang(s).String() })
	if i < 0 {
		return nil
	}
	return &f.Edits[i]
}

// Blank reports whether a field has a place to fill in.
func (f *Field) Blank() bool { return document.Holds(f.Shown(lang.Japanese)) }

// Shown is what stands in a field.
func (f *Field) Shown(l lang.Lang) string {
	if e := f.edit(say(l)); e != nil {
		return e.Text
	}
	return say(l).text(f.Own)
}

// Moved is what the records and people say now, where that is not what it was when somebody wrote over the field; otherwise empty.
func (f *Field) Moved(l lang.Lang) string {
	e := f.edit(say(l))
	if now := say(l).text(f.Own); e != nil && e.Was != "" && e.Was != now && e.Text != now {
		return now
	}
	return ""
}

// Fields returns the fields of a paper. Those of a client's paper are made of the facts of one client, see Facts.For.
func Fields(k Kind, f *Facts) []Field {
	p, ok := of(k)
	if !ok {
		return nil
	}
	return fields(p, f)
}

func fields(p paper, f *Facts) []Field {
	f = f.within(p.kind)
	both := [2]*sheet{{say: say(lang.English), f: f, letter: p.spoken()}, {say: say(lang.Japanese), f: f, letter: p.spoken()}}
	for _, s := range both {
		p.fill(s)
	}
	var out []Field
	for i, en := range both[0].items {
		ja := both[1].items[i]
		x := Field{Key: en.key, Part: Text{JA: ja.part, EN: en.part}, Label: Text{JA: ja.label, EN: en.label}, Note: Text{JA: ja.note, EN: en.note},
			Machine: Text{JA: ja.machine, EN: en.machine}, Asks: strings.Fields(en.asks), Own: Text{JA: ja.own(both[1]), EN: en.own(both[0])}, prose: en.prose}
		for _, key := range x.Asks {
			if a := f.Answers[key]; a.Text != "" {
				x.Said = append(x.Said, a)
			}
		}
		x.Edits = f.edits(p.kind, en.key)
		out = append(out, x)
	}
	if p.kind == FinalReport {
		return compare(out, f.First)
	}
	return out
}

// edits are those of a field, one a language at most: the client's own before those of all, which nothing is compared with, for what the
// records say is another thing for each client.
func (f *Facts) edits(k Kind, key string) (out []Edit) {
	client := ""
	if len(f.Clients) == 1 {
		client = f.Clients[0].Key
	}
	for _, own := range []bool{true, false} {
		for _, e := range f.Edits {
			fits := e.Kind == k && e.Key == key && (own && e.Client == client && client != "" || !own && e.Client == "")
			if fits && !slices.ContainsFunc(out, func(x Edit) bool { return x.Lang == e.Lang }) {
				if (k == ClientNotice || k == PersonNotice) && !own {
					e.Was = ""
				}
				out = append(out, e)
			}
		}
	}
	return out
}

// Make makes a paper in a language.
func Make(k Kind, f *Facts, l lang.Lang) *document.Document {
	p, ok := of(k)
	if !ok {
		return &document.Document{Lang: l.String()}
	}
	f = f.within(k)
	s := &sheet{say: say(l), f: f}
	d := &document.Document{
		Lang: l.String(), Title: s.text(p.title), Draft: s.text(p.draft), Letter: p.letter,
		Footer:  strings.TrimSpace(s.t("事案 %s　%s 時点　%s", "case %s, as of %s, %s", dash(f.Case.Number), s.moment(f.At), f.Firm.Name)),
		Missing: s.t("〓は、書体に含まれない文字です。", "〓 stands for a letter that the font has not."),
		Blocks:  p.lay(s, fields(p, f)),
	}
	if p.letter { // the title of a letter stands below who writes to whom
		d.Title, d.Name, d.Footer = "", d.Title, f.Firm.Name
	}
	return d
}

// Keep returns what each field of a paper says, to be kept with it when it is filed.
func Keep(k Kind, f *Facts) *Kept {
	kept := &Kept{At: f.At, Fields: make(map[string]Text)}
	for _, x := range Fields(k, f) {
		kept.Fields[x.Key] = Text{JA: x.Shown(lang.Japanese), EN: x.Shown(lang.English)}
	}
	return kept
}

// sheet gathers the fields of a paper in one language.
type sheet struct {
	say
	f      *Facts
	letter bool // people are spoken to in sentences
	part   string
	items  []item
}

// item is a field in one language.
type item struct {
	key, part, label, note, machine, asks string // questions, by their keys
	prose                                 bool
}

// own is what stands in it when nobody has written over it.
func (x item) own(s *sheet) string {
	text := x.machine
	for i, key := range strings.Fields(x.asks) {
		said := s.answer(key)
		if said == "" && i > 0 && !settled(s.f.Answers[strings.Fields(x.asks)[0]].Text) {
			said = s.unknown() // there is something, and what it is nobody has said
		}
		text = lines(text, said)
	}
	if text != "" || x.prose {
		return text
	}
	return s.unknown()
}

// settled reports whether an answer leaves nothing to be told: nobody has given one, or there is nothing.
func settled(choice string) bool { return choice != "yes" && choice != "done" && choice != "planned" }

// head begins a part.
func (s *sheet) head(ja, en string) { s.part = s.t(ja, en) }

// fact adds a field of which the records may know something, and people.
func (s *sheet) fact(key, ja, en, machine, asks string) *item {
	s.items = append(s.items, item{key: key, part: s.part, label: s.t(ja, en), machine: machine, asks: asks})
	return &s.items[len(s.items)-1]
}

// words adds words of the paper itself, which people may change.
func (s *sheet) words(key, text string) {
	s.items = append(s.items, item{key: key, part: s.part, machine: text, prose: true})
}

// value lays a field out: what stands in it, and beside it what the records say now if somebody has written over it before.
func (s *sheet) value(x Field) (out []document.Paragraph) {
	for text := range strings.SplitSeq(x.Shown(lang.Lang(s.say)), "\n") {
		out = append(out, document.Paragraph{Text: text})
	}
	if now := x.Moved(lang.Lang(s.say)); now != "" {
		out = append(out, document.Paragraph{Tone: document.Bad, Text: s.t("【確認】記録の現在の内容：", "[check] the records now say: ") + strings.ReplaceAll(now, "\n", s.t("／", " / "))})
	}
	return out
}

// get returns a field by its key.
func get(list []Field, key string) Field {
	i := slices.IndexFunc(list, func(x Field) bool { return x.Key == key })
	if i < 0 {
		return Field{Key: key}
	}
	return list[i]
}

// layForm lays fields out as a form, a box for each, by their parts.
func layForm(s *sheet, list []Field) (out []document.Block) {
	var form document.Form
	part := ""
	for _, x := range list {
		if now := s.text(x.Part); now != part {
			if form != nil {
				out = append(out, form)
			}
			out, form, part = append(out, document.Heading{Text: now}), nil, now
		}
		if x.prose {
			if form != nil {
				out, form = append(out, form), nil
			}
			for _, p := range s.value(x) {
				out = append(out, p)
			}
			continue
		}
		form = append(form, document.Field{Label: s.text(x.Label), Note: s.text(x.Note), Value: s.value(x)})
	}
	if form != nil {
		out = append(out, form)
	}
	return out
}
