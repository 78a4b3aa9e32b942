package paper

import (
	"slices"
	"strings"

	"github.com/azekura/azekura/internal/document"
	"github.com/azekura/azekura/internal/lang"
)

// mostLines is how many lines of the timeline stand in a field.
const mostLines = 30

func fillFirst(s *sheet) { s.report(s.t("新規・速報", "new, first report")) }

func fillFinal(s *sheet) {
	kind := s.t("続報・確報", "continued, final report")
	if s.f.First != nil {
		kind += s.t("（速報 %s）", " (first report: %s)", s.moment(s.f.First.At))
	}
	s.report(kind)
}

// report are the nine items of rule 8 with the sub-items of the guideline (通則編 3-5-3-3), whose names are used word for word.
func (s *sheet) report(kind string) {
	s.words("about", s.t("この様式は、個人情報の保護に関する法律施行規則第8条第1項の各号及びガイドライン（通則編）3-5-3-3の項目に沿った下書きです。提出は、原則として個人情報保護委員会の報告フォームへの入力によります。網掛けの欄は未把握の事項で、判明次第追完します。",
		"A draft by the items of rule 8(1) of the enforcement rules and of the guideline, 3-5-3-3. It is filed by entering it into the Commission's web form. What is shaded is not known yet and will be added."))
	s.head("報告の種別・報告者", "Report and reporter")
	s.fact("kind", "報告種別", "kind of report", kind, "")
	s.fact("due", "報告の期限", "due", s.due("ppc-first", "ppc-final"), "").note = s.t("システムの計算による", "as the program counts")
	s.reporter()
	s.overview(mostLines)
	s.items2and3()
	s.head("(4) 原因", "(4) Cause")
	s.fact("4.by", "当該事態が発生した主体", "where it happened", "", "cause-by").note = s.t("報告者・委託先・不明の別", "reporter, contractor, not known")
	s.fact("4.cause", "原因", "cause", s.way(), "cause").note = s.t("記録で分かる経過と、調査の結果", "what the records show, and what was found out")
	s.head("(5) 二次被害又はそのおそれの有無及びその内容", "(5) Further damage, or that it may come")
	s.fact("5", "有無及び内容", "any, and what", "", "secondary-damage secondary-what")
	s.head("(6) 本人への対応の実施状況", "(6) What was done for the persons")
	s.fact("6", "本人に対して行った措置（通知を含む。）", "measures for the persons, with notices", "", "persons-response")
	s.head("(7) 公表の実施状況", "(7) Publication")
	s.fact("7", "実施状況、公表の日・方法", "state, day and way", "", "publication publication-how")
	s.head("(8) 再発防止のための措置", "(8) Measures against recurrence")
	s.fact("8.done", "実施済みの措置", "taken", s.controls(), "measures-done")
	s.fact("8.planned", "今後実施予定の措置", "planned", "", "measures-planned").note = s.t("完了予定時期を含む", "with dates")
	s.head("(9) その他参考となる事項", "(9) Other matters")
	s.fact("9.told", "捜査機関・他の行政機関等への届出・相談", "police and other bodies", "", "told")
	s.fact("9.records", "利用記録（台帳）の検証", "verification of the ledger", lines(s.ledger(), s.records(&s.f.Total.Exposure)), "")
	s.fact("9.damage", "データの被害及び復旧", "damage and recovery", lines(s.damage(), labelled(s.t("残された脅迫文とみられるもの：\n", "Likely ransom notes:\n"), s.notes())), "recovery")
	s.fact("9.exemption", "高度な暗号化等の秘匿化", "encryption", s.exempt(), "exempt exemption").note = s.t("該当するかは人が判断", "people decide")
}

// reporter is the head of each report.
func (s *sheet) reporter() {
	f := &s.f.Firm
	s.fact("by.name", "氏名又は名称", "name", f.Name, "")
	s.fact("by.number", "法人番号", "corporate number", f.Number, "")
	s.fact("by.business", "業種", "business", f.Business, "")
	s.fact("by.address", "住所又は居所", "address", f.Address, "")
	s.fact("by.head", "代表者の氏名", "representative", f.Representative, "")
	s.fact("by.contact", "事務連絡者", "contact", s.contact(), "").note = s.t("所属部署・氏名・電話・e-mail", "department, name, telephone, mail")
}

// contact is whom to ask, on a line each.
func (s *sheet) contact() string {
	f := &s.f.Firm
	if f.Contact == "" && f.Department == "" && f.Phone == "" && f.Mail == "" {
		return ""
	}
	name := strings.TrimSpace(f.Department + "　" + f.Contact)
	if !s.ja() {
		name = strings.Trim(f.Department+", "+f.Contact, ", ")
	}
	phone := s.t("電話 ", "telephone ") + s.or(f.Phone, "電話番号", "telephone")
	if f.Hours != "" {
		phone += s.t("（受付 %s）", " (%s)", f.Hours)
	}
	return lines(name, phone, s.t("電子メール ", "mail ")+s.or(f.Mail, "メールアドレス", "mail address"))
}

// overview is item 1.
func (s *sheet) overview(most int) {
	s.head("(1) 概要", "(1) Overview")
	s.fact("1.occurred", "発生日", "when it happened", s.occurred(), "")
	s.fact("1.found", "発覚日", "when it was found out", s.discovered(), "")
	s.fact("1.event", "発生事案", "what happened", s.event(), "").note = s.t("漏えい・滅失・毀損又はそれらのおそれ。記録からの提案で、人が確定", "leak, loss, damage, or that they may be: proposed from the records, people decide")
	s.fact("1.by", "発見者", "who found it", "", "found-by")
	s.fact("1.rule7", "規則第7条各号該当性", "categories of rule 7", s.article7(), "")
	s.fact("1.clients", "委託元の有無", "clients", s.clients(), "")
	s.fact("1.contractors", "委託先の有無", "contractors", "", "subcontractors")
	s.fact("1.course", "事実経過", "course of events", s.course(most, true), "state")
	s.fact("1.outside", "外部機関による調査の実施状況", "investigation by outside experts", "", "investigation")
}

// items2and3 are which data of how many persons.
func (s *sheet) items2and3() {
	s.head("(2) 漏えい等が発生し、又は発生したおそれがある個人データの項目", "(2) Which personal data")
	s.fact("2.medium", "媒体", "medium", s.t("電子媒体（サーバーに保管された電子データ）", "electronic (files on a server)"), "")
	s.fact("2.kind", "種類", "kind", s.subjects(), "").note = s.t("顧客情報・従業員情報等の別。個人データ取扱台帳による", "of customers, of staff, …; from the register")
	s.fact("2.items", "項目", "items", s.data(), "").note = s.t("個人データ取扱台帳による", "from the register")
	s.fact("2.files", "対象のファイル", "files", s.readFiles(&s.f.Total.Exposure), "")
	s.head("(3) 漏えい等が発生し、又は発生したおそれがある個人データに係る本人の数", "(3) Number of persons")
	s.fact("3", "本人の数", "persons", s.three(&s.f.Total.Exposure), "").note = s.t("三つの数は合わせて示し、「可能性」を除いて用いない", "the three numbers belong together")
}

// due tells when something must be told, by the rules; of several, each.
func (s *sheet) due(rules ...string) string {
	var out []string
	for _, d := range s.f.Deadlines {
		if !slices.Contains(rules, d.Rule.ID) {
			continue
		}
		text := s.text(d.Rule.Title) + s.t("：", ": ")
		if d.Due == 0 {
			text += s.t("速やかに（日数の定めなし）", "without delay (no number of days is set)")
		} else {
			text += s.day(d.Due) + s.t("まで", "")
			if d.Rule.About {
				text += s.t("（概ね%d日以内）", " (about %d days)", d.Rule.Last)
			}
			if d.Unchecked != 0 {
				text += s.t("（%d年の祝日は未登録のため、要確認）", " (holidays of %d are not in the data: check)", d.Unchecked)
			}
			if d.Assumed() {
				text += s.t("（該当性が未定のため、早い方の期限）", " (not decided yet whether it applies: the earlier day)")
			}
		}
		out = append(out, text)
	}
	return lines(out...)
}

// exempt is what the records show of what was in reach in encrypted form alone.
func (s *sheet) exempt() string {
	x := &s.f.Total.Exposure
	if !x.Known {
		return ""
	}
	if x.Files.Exempt == 0 {
		return s.t("暗号化された状態でのみ到達し得たファイル：0件", "Files in reach in encrypted form alone: none counted")
	}
	return s.t("暗号化された状態でのみ到達し得たファイル：%s（本人の数：%s）。該当するかの判断は別紙の資料による。", "Files in reach in encrypted form alone: %s (persons: %s). The evidence is on a sheet of its own.", s.files(x.Files.Exempt), s.persons(x, Exempt))
}

// compare gives fields what they said in the first report, where that was something else.
func compare(list []Field, first *Kept) []Field {
	if first == nil {
		return list
	}
	for i := range list {
		x := &list[i]
		if before, ok := first.Fields[x.Key]; ok && !x.prose && x.Key != "kind" && x.Key != "due" && (before.JA != x.Shown(lang.Japanese) || before.EN != x.Shown(lang.English)) {
			x.Before = before
		}
	}
	return list
}

// layFinal is the form, and behind it what has changed since the first report.
func layFinal(s *sheet, list []Field) []document.Block {
	out := layForm(s, list)
	if s.f.First == nil {
		return append(out, document.Heading{Text: s.t("速報からの変更点", "Changes since the first report")}, document.Paragraph{Text: s.t("保存された速報がないため、比較できません。", "There is no first report on file to compare with.")})
	}
	t := document.Table{Columns: []document.Column{{Title: s.t("項目", "field"), Width: 2.4}, {Title: s.t("速報（%s）", "first report (%s)", s.date(s.f.First.At)), Width: 4}, {Title: s.t("確報（今回）", "final report"), Width: 4}}}
	for _, x := range list {
		if x.Before == (Text{}) {
			continue
		}
		part, label := s.text(x.Part), s.text(x.Label)
		t.Rows = append(t.Rows, []document.Cell{{Text: label, Small: part}, {Text: s.text(x.Before)}, {Text: x.Shown(lang.Lang(s.say))}})
	}
	out = append(out, document.PageBreak{}, document.Heading{Text: s.t("速報からの変更点", "Changes since the first report")})
	if t.Rows == nil {
		return append(out, document.Paragraph{Text: s.t("速報から変更された項目は見つかりませんでした。", "No field differs from the first report.")})
	}
	return append(out, t)
}
