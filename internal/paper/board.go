package paper

import (
	"slices"
	"strings"

	"github.com/azekura/azekura/internal/document"
	"github.com/azekura/azekura/internal/lang"
)

// fillBoard is one page for the board: whatever may be long is cut, for who wants more asks for the reports.
func fillBoard(s *sheet) {
	d, x := &s.f.Total.Damage, &s.f.Total.Exposure
	s.head("要点", "In short")
	s.fact("when", "発生／発覚", "began, found out", s.t("%s ／ %s", "%s, %s", s.moment(s.f.first()), s.moment(s.f.Case.Known))+s.early(), "")
	damage := ""
	if d.Known {
		damage = s.t("%s（データ量の%s）。変更前と同じ内容の版を確認：%s、復元済み：%s", "%s (%s of the data); with an intact version: %s; put back: %s", s.files(d.Files), s.percent(d.Bytes, d.OfBytes), s.files(d.Intact), s.files(d.RolledBack))
	}
	s.fact("damage", "被害ファイル", "files hurt", damage, "")
	s.fact("files", "対象のファイル", "files", lines(s.readFiles(x), s.briefLoose(x)), "")
	s.fact("gaps", "記録の欠落", "gaps in the records", s.briefGaps(), "")
	s.fact("cause", "原因", "cause", "", "cause")
	s.fact("measures", "実施済みの措置", "measures taken", "", "measures-done")
	s.fact("secondary", "二次被害", "further damage", "", "secondary-damage secondary-what")
	s.fact("ask", "ご判断いただく事項", "for the board to decide", "", "board-ask")
}

func (s *sheet) briefLoose(x *Exposure) string {
	if n := x.Unknown.sum() + x.FilesUnlinked.sum() + x.Strange; n == 0 {
		return ""
	}
	return s.t("人数を把握できないファイル %s、個人と結び付いていないファイル %s、目録にないデータ %s", "persons unknown for %s; linked to nobody: %s; not in the catalogue: %s", s.files(x.Unknown.sum()), s.files(x.FilesUnlinked.sum()), s.files(x.Strange))
}

func (s *sheet) briefGaps() string {
	if len(s.f.Gaps) == 0 {
		return short(s.gaps(), 160)
	}
	hits := 0
	for _, g := range s.f.Gaps {
		if g.Hits {
			hits++
		}
	}
	return s.t("%d件（うち対象期間に重なるもの%d件。重なるものは「可能性」に算入）", "%d, of which %d lie in the time in question (they count as possible)", len(s.f.Gaps), hits)
}

// maxBoard is how many columns of a field stand on the board's page, so that it is one: a test fills them all.
const maxBoard = 208

func layBoard(s *sheet, list []Field) (out []document.Block) {
	x := &s.f.Total.Exposure
	t := document.Table{Columns: []document.Column{{Title: s.t("本人の数（三つを合わせて読む）", "persons (read the three together)"), Width: 6}, {Title: s.t("人数", "number"), Width: 4, Right: true}}}
	for _, c := range classes {
		t.Rows = append(t.Rows, []document.Cell{{Text: s.text(c.name), Small: s.text(c.about)}, {Text: s.persons(x, c.class)}})
	}
	named, public, nobody := s.f.entrusted()
	more := ""
	if nobody > 0 {
		more = s.t("、委託元未登録の保管データ%s件", "; stores whose client is not registered: %s", s.n(int64(nobody)))
	}
	out = append(out, document.Paragraph{Tone: document.Large, Text: s.t("事案 %s：個人データの漏えい等のおそれ（委託元%s者、うち行政機関等%s者%s）", "Case %s: personal data may have leaked (%s clients, %s of them public bodies%s)",
		short(s.or(s.f.Case.Number, "番号", "number"), 40), s.n(int64(named)), s.n(int64(public)), more)}, t)
	form := document.Form{}
	for _, f := range list {
		text := short(strings.ReplaceAll(f.Shown(lang.Lang(s.say)), "\n", s.t("／", "; ")), maxBoard)
		form = append(form, document.Field{Label: s.text(f.Label), Value: []document.Paragraph{{Text: text}}})
	}
	return append(out, document.Heading{Text: s.t("要点", "In short")}, form, document.Heading{Text: s.t("期限", "What is due")}, s.deadlines(6))
}

// deadlines are the first so many of them that are due.
func (s *sheet) deadlines(most int) document.Block {
	t := document.Table{Columns: []document.Column{{Title: s.t("内容", "what"), Width: 6}, {Title: s.t("期限", "due"), Width: 3}, {Title: s.t("備考", "note"), Width: 3}}}
	list := slices.Clone(s.f.Deadlines)
	if len(list) == 0 {
		return document.Paragraph{Text: s.unknown()}
	}
	for i, d := range list {
		if i == most {
			t.Rows = append(t.Rows, []document.Cell{{Text: s.t("ほか%d件", "and %d more", len(list)-most)}})
			break
		}
		due, note := s.t("速やかに", "without delay"), ""
		if d.Due != 0 {
			due = s.day(d.Due)
		}
		if d.Assumed() {
			note = s.t("該当性は未定", "not decided whether it applies")
		}
		t.Rows = append(t.Rows, []document.Cell{{Text: s.text(d.Rule.Title)}, {Text: due}, {Text: note}})
	}
	s.toPublic(&t)
	return t
}

// toPublic adds what clients that are public bodies owe by when, which hangs on when they are told.
func (s *sheet) toPublic(t *document.Table) {
	note := s.t("本日通知した場合。要確認", "if told today; ask them")
	if s.f.Told {
		note = s.t("通知の日から。要確認", "since told; ask them")
	}
	for _, d := range s.f.ToPublic {
		if d.Due != 0 {
			t.Rows = append(t.Rows, []document.Cell{{Text: s.t("委託元（行政機関等）の報告：", "clients that are public bodies: ") + s.text(d.Rule.Title)}, {Text: s.day(d.Due)}, {Text: note}})
		}
	}
}

// fillDesk are questions that callers ask, with what may be said.
func fillDesk(s *sheet) {
	s.words("rules", s.t("記録にないことは申し上げないでください。「漏れたか」「読まれたか」を断言せず、次の言葉のとおりお答えください。お名前・学校・学年・組・番号を伺う前に、相手の方がどなたかを確認してください。他の方・他の学校のことはお答えしないでください。",
		"Say nothing that the records do not. Never say for certain whether something leaked or was read: use the words below. Make sure who is calling before you ask for name, school, class and number. Say nothing of other persons and other schools."))
	q := func(key, ja, en, answer, asks string) {
		s.part = s.t(ja, en)
		s.fact(key, "", "", answer, asks)
	}
	q("q.what", "何があったのですか。", "What happened?", s.happened(), "")
	q("q.data", "どんな情報が対象ですか。", "Which information is concerned?", s.plainData(), "")
	q("q.me", "わたし（子ども）の情報は対象ですか。", "Am I, or is my child, concerned?", s.t("お名前、学校、卒業年度、組を伺い、一覧で確認のうえお答えします。一覧で「確認」の方には「開かれた記録があります」、「可能性」の方には「読み取られた可能性を否定できません」とお伝えします。一覧に見当たらない方には「現在の一覧には見当たりません。調べは続いており、分かったことは改めてお知らせします」とお伝えします。%s",
		"Ask for name, school, year and class, and look at the list. “Confirmed”: “there is a record that it was opened”. “Possible”: “it cannot be ruled out that it was read”. Not on the list: “you are not on the list as it stands; we are still investigating and shall tell you what we find”.%s", s.deskLookup()), "")
	q("q.sure", "本当に読まれたのですか。", "Was it really read?", lines(labelled(s.t("確かに読まれたもの：", "For certain: "), s.plainClass(Confirmed)), labelled(s.t("読まれたかもしれないもの：", "Perhaps: "), s.plainClass(Possible)), s.plainGaps()), "")
	q("q.number", "全部で何人ですか。", "How many persons?", s.number(), "")
	q("q.abuse", "悪用されたのですか。", "Has it been abused?", "", "secondary-damage secondary-what")
	q("q.do", "何をすればよいですか。", "What should I do?", s.advice(), "advice")
	q("q.lost", "写真はなくなったのですか。アルバムは届きますか。", "Are the photographs lost? Will the album come?", s.plainLoss(), "impact")
	q("q.why", "なぜ起きたのですか。", "Why did it happen?", "", "cause")
	q("q.police", "警察や国には届け出ましたか。", "Have the police and the authorities been told?", "", "told")
	q("q.delete", "わたしの情報を消してください。", "Please delete my data.", s.t("お申し出を承り、学校（委託元）に確認のうえ、担当より折り返しご連絡します。調査のため、すぐには消せない場合があります。", "Note it down: somebody will call back, having asked the school. While the matter is investigated it may have to be kept."), "")
	q("q.money", "補償はありますか。", "Is there compensation?", s.t("この電話ではお答えできません。お申し出の内容を承り、担当より改めてご連絡します。", "We cannot say on the telephone. Note down what is asked; somebody will call back."), "")
	q("q.press", "報道機関からのお問合せ", "Calls from the press", s.t("お名前、媒体名、ご連絡先を伺い、広報担当から折り返します。内容にはお答えしません。", "Take name, medium and number; the firm's speaker will call back. Answer nothing."), "")
	q("q.more", "追加事項", "More", "", "faq")
	q("q.contact", "お問合せ先（ご案内用）", "Whom to ask", s.ask(), "")
}

// number are the three numbers as they may be said on the telephone.
func (s *sheet) number() string {
	x := &s.f.Total.Exposure
	if !x.Known {
		return ""
	}
	return s.t("「確認」%s、「可能性」%s、「暗号化」%sです。三つを合わせてお伝えください。", "“Confirmed”: %s, “possible”: %s, “encrypted”: %s. Say all three.", s.persons(x, Confirmed), s.persons(x, Possible), s.persons(x, Exempt))
}

func layDesk(s *sheet, list []Field) (out []document.Block) {
	for i, x := range list {
		if i > 0 {
			out = append(out, document.Heading{Text: s.t("問", "Q") + s.n(int64(i)) + s.t("　", ". ") + s.text(x.Part), Level: 2})
		}
		for _, p := range s.value(x) {
			out = append(out, p)
		}
	}
	return out
}

// fillSchools is what stands above the list.
func fillSchools(s *sheet) {
	s.words("about", s.t("三つの数は合わせて読んでください。「人数不明のファイル」は、名簿がなく、だれのものか分からないファイルで、どの人数にも含まれていません。委託元ごとの人数の合計は、複数の委託元に現れる方がいるため、全体の数と一致しないことがあります。",
		"Read the three numbers together. “Files, persons unknown” are files without a roster: no number of persons has them. The clients' numbers may add up to more than the total, for a person may be known to several."))
	s.fact("total", "全体", "in all", s.three(&s.f.Total.Exposure), "")
}

func laySchools(s *sheet, list []Field) (out []document.Block) {
	for _, x := range list {
		for _, p := range s.value(x) {
			out = append(out, p)
		}
	}
	return append(out, s.rows(true))
}
