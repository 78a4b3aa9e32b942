package paper

import (
	"slices"
	"strings"

	"github.com/azekura/azekura/internal/document"
)

// opening is the head of a letter: its day, whom it is to, who sends it, and what it is about.
func (s *sheet) opening(to []string, title string) (out []document.Block) {
	f := &s.f.Firm
	out = append(out, document.Paragraph{Text: s.date(s.f.At), Align: document.Right})
	if len(to) > 0 {
		out = append(out, document.Paragraph{Text: strings.Join(to, "\n")})
	}
	out = append(out, document.Paragraph{Text: lines(s.or(f.Name, "会社名", "name of the firm"), s.or(f.Representative, "代表者の役職・氏名", "representative")), Align: document.Right})
	return append(out, document.Subject(title))
}

// body lays the words of a letter out.
func (s *sheet) body(x Field) (out []document.Block) {
	for _, p := range s.value(x) {
		if s.ja() && p.Tone == document.Plain && p.Text != "" && !strings.HasPrefix(p.Text, "拝啓") && !strings.HasPrefix(p.Text, "　") {
			p.Text = "　" + p.Text
		}
		out = append(out, p)
	}
	return out
}

// parts lays facts out in numbered parts, each with its values; a label stands before a value where a part has several.
func (s *sheet) parts(list []Field) (out []document.Block) {
	last := ""
	for _, x := range list {
		if part := s.text(x.Part); part != last {
			out, last = append(out, document.Heading{Text: part}), part
		}
		var text []string
		for _, p := range s.value(x) {
			text = append(text, p.Text)
		}
		if label := s.text(x.Label); label != "" {
			pair := [2]string{label, strings.Join(text, "\n")}
			if n := len(out) - 1; n >= 0 {
				if list, ok := out[n].(document.Pairs); ok {
					out[n] = append(list, pair)
					continue
				}
			}
			out = append(out, document.Pairs{pair})
			continue
		}
		for _, p := range s.value(x) {
			out = append(out, p)
		}
	}
	return out
}

// end is how a Japanese letter ends: 敬具 under the words, 以上 under the points.
func (s *sheet) end(word string) []document.Block {
	if !s.ja() {
		return nil
	}
	return []document.Block{document.Paragraph{Text: word, Align: document.Right}}
}

// you is how a client is spoken to.
func (s say) you(name string) string {
	if !s.ja() {
		return "you"
	}
	for _, w := range [][2]string{
		{"教育委員会", "貴委員会"}, {"大学", "貴学"}, {"学校", "貴校"}, {"中等部", "貴校"}, {"高等部", "貴校"}, {"学園", "貴学園"}, {"学院", "貴学院"}, {"幼稚園", "貴園"}, {"保育園", "貴園"}, {"こども園", "貴園"}, {"写真館", "貴館"},
	} {
		if strings.HasSuffix(name, w[0]) {
			return w[1]
		}
	}
	for _, w := range []string{"会社", "㈱", "㈲", "（株）", "（有）"} {
		if strings.Contains(name, w) {
			return "貴社"
		}
	}
	return "貴団体"
}

// ask is whom to ask, on a line each: an address of mail that is broken at the end of a line is a wrong one.
func (s *sheet) ask() string {
	firm := s.or(s.f.Firm.Name, "会社名", "name of the firm")
	who, how, ok := strings.Cut(s.contact(), "\n")
	if !ok {
		return lines(firm, s.open("お問合せ窓口", "whom to ask"))
	}
	return lines(firm+s.t("　", ", ")+who, how)
}

// fillClient is the notice to a client: what is known of the nine items, of its own data alone.
func fillClient(s *sheet) {
	c := s.client()
	you := s.you(c.Name)
	s.words("intro", s.t("拝啓　時下ますますご清栄のこととお慶び申し上げます。平素は格別のご高配を賜り、厚く御礼申し上げます。\n"+
		"さて、このたび、弊社のファイルサーバーにおいて不審な利用があったことを確認し、%[1]sよりお預かりしている個人データについて、漏えい等のおそれがあることが判明いたしました。%[1]sならびに関係の皆様に多大なるご心配とご迷惑をおかけいたしますことを、深くお詫び申し上げます。\n"+
		"つきましては、個人情報の保護に関する法律第26条第1項ただし書及び同法施行規則第9条の規定に基づき、現時点で把握している事項を、%[1]sに係るものに限り、下記のとおりご通知申し上げます。網掛けの事項は現時点で未把握であり、判明次第、速やかに追ってご報告いたします。\n"+
		"なお、%[1]sにおいて個人情報保護委員会へのご報告が必要となる場合、その期限は遅くとも本通知を受けられた日から起算されます。ご報告等に必要な資料のご提供に、最大限協力いたします。",
		"We have found distrusted use of our file server, and personal data that we hold for %s may have leaked. We are deeply sorry for the worry and the trouble.\n"+
			"Under article 26(1), proviso, of the Act on the Protection of Personal Information and rule 9 of its enforcement rules we tell you below what is known by now, of your data alone. What is shaded is not known yet and will follow as soon as it is.\n"+
			"Where you must report to the Personal Information Protection Commission yourself, your time begins when you receive this notice, at the latest. We shall help with everything that your reports and notices to the persons take.", you))
	s.overviewOf()
	s.head("２　個人データの項目", "2. Personal data")
	s.fact("2.shares", "保管データ", "stores", s.shares(), "")
	s.fact("2.items", "項目", "items", s.data(), "")
	s.fact("2.kind", "どなたの個人データか", "whose", s.subjects(), "")
	s.fact("2.files", "対象のファイル", "files", s.readFiles(&s.f.Total.Exposure), "")
	s.head("３　本人の数", "3. Number of persons")
	s.fact("3", "", "", s.three(&s.f.Total.Exposure), "")
	s.head("４　原因", "4. Cause")
	s.fact("4.by", "発生した主体", "where it happened", "", "cause-by")
	s.fact("4", "原因", "cause", "", "cause")
	s.head("５　二次被害又はそのおそれの有無及びその内容", "5. Further damage, or that it may come")
	s.fact("5", "", "", "", "secondary-damage secondary-what")
	s.head("６　本人への対応", "6. What was done for the persons")
	s.fact("6", "", "", "", "persons-response")
	s.head("７　公表", "7. Publication")
	s.fact("7", "", "", "", "publication publication-how")
	s.head("８　再発防止のための措置", "8. Measures against recurrence")
	s.fact("8.done", "実施済みの措置", "taken", s.attested(), "measures-done")
	s.fact("8.planned", "今後実施予定の措置", "planned", "", "measures-planned")
	s.head("９　その他", "9. Other matters")
	s.fact("9.loss", "データの滅失・毀損", "loss and damage", s.damage(), "")
	s.fact("9.records", "利用記録の検証", "verification of the records", lines(s.ledger(), s.records(&s.f.Total.Exposure)), "")
	s.fact("9.lists", "別添", "enclosed", s.t("対象者一覧、対象ファイル一覧（Excel。個人データです。）", "Lists of the persons and of the files (Excel; they are personal data)."), "")
	s.fact("9.due", s.t("%sのご報告期限（目安）", "", you), "your own time", s.theirs(), "")
	s.fact("9.contact", "お問合せ先", "whom to ask", s.ask(), "")
	s.lookup("9.lookup", "確認ページ", "page to ask on")
}

// client is the one client of a paper of a client.
func (s *sheet) client() *Client {
	if len(s.f.Clients) == 1 {
		return &s.f.Clients[0]
	}
	return &Client{}
}

// overviewOf is item 1 of a client: without who else is concerned, and without names of accounts and addresses of the house.
func (s *sheet) overviewOf() {
	s.head("１　概要", "1. Overview")
	s.fact("1.occurred", "発生日", "when it happened", s.occurred(), "")
	s.fact("1.found", "発覚日", "when it was found out", s.discovered(), "")
	s.fact("1.event", "発生事案", "what happened", s.event(), "")
	s.fact("1.by", "発見者", "who found it", "", "found-by")
	s.fact("1.rule7", "規則第7条各号該当性", "categories of rule 7", s.ownRule7(), "")
	s.fact("1.course", "事実経過", "course of events", s.course(mostLines, false), "state")
}

// ownRule7 is which categories apply to a client, as far as that is not the client's to say: its own number of persons is.
func (s *sheet) ownRule7() string {
	var out []string
	for i, key := range []string{"sensitive", "property-damage", "hostile"} {
		said := s.answer(key)
		if said == "" {
			said = s.unknown()
		}
		names := [...]string{s.t("要配慮個人情報", "special care"), s.t("財産的被害のおそれ", "money or goods"), s.t("不正の目的のおそれ", "harm meant")}
		out = append(out, s.t("%d号（%s）：%s", "no. %d (%s): %s", i+1, names[i], said))
	}
	return lines(s.list(out), s.t("4号（本人の数）：下記３によりご確認ください（行政機関等は基準の人数が異なります）。", "no. 4 (number of persons): by part 3 below (public bodies have a threshold of their own)"))
}

// attested are measures that the records show, without whose accounts they were.
func (s *sheet) attested() string {
	c := &s.f.Controls
	var out []string
	if n := len(c.Freezes); n > 0 {
		out = append(out, s.t("・不審な利用の停止（%s、計%d件）", "- distrusted use stopped (%s; %d stops)", s.moment(c.Freezes[0].When), n))
	}
	if c.SecondFactor.Known {
		out = append(out, s.t("・利用者の二要素認証：%s件中%s件", "- of %s accounts, with a second factor: %s", s.n(c.SecondFactor.Of), s.n(c.SecondFactor.Done)))
	}
	if c.Renewed.Known {
		out = append(out, s.t("・パスワードの更新：%s件中%s件", "- of %s accounts, with renewed passwords: %s", s.n(c.Renewed.Of), s.n(c.Renewed.Done)))
	}
	return lines(out...)
}

// shares are a client's lines in the register.
func (s *sheet) shares() string {
	var out []string
	for _, h := range s.client().Shares {
		year := ""
		if h.Year != 0 {
			year = s.t("（%d年度）", " (%d)", h.Year)
		}
		name := h.Name
		if h.Telling {
			name = s.t("複数校の保管庫", "a store of several schools")
		}
		if c := s.client(); c.School != "" {
			out = append(out, s.t("・%s%sのうち、%sに係る部分", "- of %s%s, what is of %s", name, year, c.School))
			continue
		}
		out = append(out, s.t("・%s%s", "- %s%s", name, year))
	}
	return lines(out...)
}

func layClient(s *sheet, list []Field) (out []document.Block) {
	c := s.client()
	to := []string{s.or(c.Name, "委託元の名称", "name of the client") + s.t("　御中", "")}
	if c.School != "" && c.School != c.Name {
		to = append(to, s.t("（対象の学校：%s）", "(about %s)", c.School))
	}
	out = s.opening(to, s.text(Title(ClientNotice)))
	out = append(out, s.body(get(list, "intro"))...)
	out = append(out, s.end("敬具")...)
	if s.ja() {
		out = append(out, document.Paragraph{Text: "記", Align: document.Centre})
	}
	i := slices.IndexFunc(list, func(x Field) bool { return x.Key == "3" })
	out = append(out, s.parts(list[1:i+1])...)
	if len(c.Exposure.Rows) > 0 {
		out = append(out, s.rows(false))
	}
	return append(append(out, s.parts(list[i+1:])...), s.end("以上")...)
}
