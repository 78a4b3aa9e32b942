package paper

import (
	"strings"

	"github.com/azekura/azekura/internal/document"
)

// classes are the three, with their words.
var classes = []struct {
	class       Class
	name, about Text
	of          Text // the files that count, within a sentence
}{
	{Confirmed, Text{JA: "確認", EN: "confirmed"}, Text{JA: "不審な利用者に鍵が払い出され、平文が提供されたことが記録で確認されたもの", EN: "the records show that plaintext was handed to a distrusted party"}, Text{JA: "平文の提供が確認されたファイル", EN: "files confirmed"}},
	{Possible, Text{JA: "可能性", EN: "possible"}, Text{JA: "読み取られた可能性を否定できないもの（記録に欠落がある場合を含む。）", EN: "cannot be ruled out, also where the records have gaps"}, Text{JA: "可能性を否定できないファイル", EN: "files possible"}},
	{Exempt, Text{JA: "暗号化", EN: "encrypted"}, Text{JA: "暗号化された状態でのみ到達し得たもの（報告の要否は人が判断）", EN: "in reach in encrypted form alone (people decide whether it counts)"}, Text{JA: "暗号化された状態でのみ到達し得たファイル", EN: "files in reach in encrypted form alone"}},
}

// persons is a number of persons of one class as far as it is known. Where it is not, no number stands for it: 0 with files of which nobody
// knows whose they are is no 0.
func (s say) persons(x *Exposure, c Class) string {
	n, files := x.Persons.of(c), x.Unknown.of(c)
	switch {
	case !x.Known:
		return s.unknown()
	case files > 0 && n == 0:
		return document.Blank(s.t("未把握 — 名簿のないファイル%s。判明次第追完", "not known yet: %s without a roster, to be added", s.files(files)))
	case files > 0:
		return s.t("%s以上（ほかに、名簿がなく人数を把握できないファイル%s）", "at least %s (and %s without a roster, of an unknown number of persons)", s.people(n), s.files(files))
	}
	return s.people(n)
}

// three are the three numbers of persons, below each other.
func (s say) three(x *Exposure) string {
	if !x.Known {
		return ""
	}
	var out []string
	for _, c := range classes {
		out = append(out, s.t("%s（%s）：%s", "%s (%s): %s", s.text(c.name), s.text(c.about), s.persons(x, c.class)))
	}
	return lines(append(out, s.unlinked(x), s.loose(x))...)
}

// outsiders are the three numbers in the words of a notice.
func (s say) outsiders(x *Exposure) string {
	if !x.Known {
		return ""
	}
	return lines(s.t("・データが不審な利用者に開かれたことが、記録で確認された方：%s", "- opened by a distrusted party, by the records: %s", s.persons(x, Confirmed)),
		s.t("・データが読み取られた可能性を否定できない方：%s", "- it cannot be ruled out that it was read: %s", s.persons(x, Possible)),
		s.t("・データが、暗号化された状態でのみ不審な利用者の手の届く所にあった方：%s", "- only encrypted data were in reach: %s", s.persons(x, Exempt)), s.unlinked(x), s.loose(x))
}

// unlinked tells whom nothing but files that are linked to nobody puts into the numbers.
func (s say) unlinked(x *Exposure) string {
	if n := x.Unlinked.sum(); n > 0 {
		return s.t("このうち、個人と結び付いていないファイルのため、該当し得る全員を数えたもの：確認 %s、可能性 %s、暗号化 %s", "Of these, counted because files are linked to nobody and may be anybody's: confirmed %s, possible %s, encrypted %s",
			s.people(x.Unlinked.Confirmed), s.people(x.Unlinked.Possible), s.people(x.Unlinked.Exempt))
	}
	return ""
}

// loose tells of files that no number of persons covers.
func (s say) loose(x *Exposure) string {
	var out []string
	if n := x.FilesUnlinked.sum(); n > 0 {
		out = append(out, s.t("個人と結び付いていないファイル：%s", "files that are linked to nobody: %s", s.files(n)))
	}
	if n := x.FilesNobody; n > 0 {
		out = append(out, s.t("規則により個人のものではないとしたファイル：%s", "files that show nobody, as a rule says: %s", s.files(n)))
	}
	if n := x.Shared.sum(); n > 0 {
		out = append(out, s.t("複数の学校の保管庫にあり、どの学校のものか特定できないファイル：%s（確認 %s、可能性 %s、暗号化 %s）。他校の情報を含み得るため、件数のみをお知らせします。", "files of stores with several schools that could not be attributed to one: %s (confirmed %s, possible %s, encrypted %s); they may tell of other schools, so that only their number is told",
			s.files(n), s.n(x.Shared.Confirmed), s.n(x.Shared.Possible), s.n(x.Shared.Exempt)))
	}
	if n := x.Unknown.sum(); n > 0 {
		out = append(out, s.t("名簿がなく、本人の数を把握できないファイル：%s（確認 %s、可能性 %s、暗号化 %s）", "files without a roster, of an unknown number of persons: %s (confirmed %s, possible %s, encrypted %s)",
			s.files(n), s.n(x.Unknown.Confirmed), s.n(x.Unknown.Possible), s.n(x.Unknown.Exempt)))
	}
	if x.Strange > 0 {
		out = append(out, s.t("目録にないデータ（版）：%s", "versions that no file of the catalogue has: %s", s.files(x.Strange)))
	}
	if x.Names {
		out = append(out, s.t("ファイル名・フォルダー名は、個別の記録なしに見ることができた状態でした。", "Names of files and folders could be seen without a record of each."))
	}
	return lines(out...)
}

// readFiles are the three numbers of files.
func (s say) readFiles(x *Exposure) string {
	if !x.Known {
		return ""
	}
	return s.t("確認 %s、可能性 %s、暗号化 %s", "confirmed %s, possible %s, encrypted %s", s.files(x.Files.Confirmed), s.files(x.Files.Possible), s.files(x.Files.Exempt))
}

// records says the most that may be said where no reading is on record: what the records show, that they were verified, and their gaps.
func (s *sheet) records(x *Exposure) string {
	l := &s.f.Controls.Ledger
	if !x.Known || x.Files.Confirmed > 0 || x.Strange > 0 || x.Unknown.Confirmed > 0 || x.Shared.Confirmed > 0 || x.Persons.Confirmed > 0 || !l.Verified {
		return s.gaps()
	}
	return lines(s.t("記録上、平文の提供は確認されていません（台帳の連続性を検証済み）。これは、記録の範囲で述べるものです。", "The records show no plaintext handed out (the ledger was verified as continuous). This says what the records show, and no more."), s.gaps())
}

// gaps tells where the ledger does not say what happened. Whether it has any is known only of one that was verified.
func (s *sheet) gaps() string {
	if len(s.f.Gaps) == 0 {
		if !s.f.Controls.Ledger.Verified {
			return s.t("利用記録（台帳）の連続性は、まだ検証されていません。", "Whether the ledger is continuous has not been verified yet.")
		}
		return s.t("利用記録（台帳）の欠落・不連続：検証の範囲では見つかっていません。", "Gaps of the ledger: none were found where it was verified.")
	}
	var out []string
	for i, g := range s.f.Gaps {
		if i == 12 {
			out = append(out, s.t("ほか%d件", "and %d more", len(s.f.Gaps)-i))
			break
		}
		hit := ""
		if g.Hits {
			hit = s.t("（対象期間に重なるため、当該期間に読み取り得たものは「可能性」に含めています。）", " (it lies in the time in question: what could have been read then counts as possible)")
		}
		out = append(out, s.t("・%s：%s%s", "- %s, %s%s", s.text(g.What), s.span(g.From, g.To), hit))
	}
	return s.t("利用記録（台帳）では確認できない期間（「読み取られなかった」とは扱いません。）：\n", "Times of which the ledger does not tell (they never count as not read):\n") + strings.Join(out, "\n")
}

// rows are persons by school, year and kind, of the clients at hand.
func (s *sheet) rows(withClient bool) document.Table {
	t := document.Table{}
	w := [6]float64{98, 34, 52, 54, 52, 64} // of a letter, which is narrow and has one client
	if withClient {
		w = [6]float64{54, 31, 52, 50, 45, 50}
		t.Columns = append(t.Columns, document.Column{Title: s.t("番号", "no."), Width: 36, Right: true}, document.Column{Title: s.t("委託元", "client"), Width: 96}, document.Column{Title: s.t("公的", "public"), Width: 33})
	}
	t.Columns = append(t.Columns, document.Column{Title: s.t("学校", "school"), Width: w[0]}, document.Column{Title: s.t("年度", "year"), Width: w[1]}, document.Column{Title: s.t("区分", "who"), Width: w[2]})
	for _, c := range classes {
		t.Columns = append(t.Columns, document.Column{Title: s.text(c.name), Width: w[3], Right: true})
	}
	t.Columns = append(t.Columns, document.Column{Title: s.t("うち紐付けなし", "of these, unlinked"), Width: w[4], Right: true}, document.Column{Title: s.t("人数不明のファイル", "files, persons unknown"), Width: w[5], Right: true})
	n := int64(0)
	for row := range s.table(withClient) {
		if n++; withClient {
			row = append([]document.Cell{{Text: s.n(n)}}, row...)
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}

// table goes through the rows, one by one, for there may be many.
func (s *sheet) table(withClient bool) func(func([]document.Cell) bool) {
	return func(yield func([]document.Cell) bool) {
		for i := range s.f.Clients {
			if withClient && !s.f.Clients[i].concerned() { // the list has those whom the reports count
				continue
			}
			if !s.clientRows(&s.f.Clients[i], withClient, yield) {
				return
			}
		}
	}
}

// clientRows are a client's rows. The files of which nobody knows whose they are stand in the first: each only once.
func (s *sheet) clientRows(c *Client, withClient bool, yield func([]document.Cell) bool) bool {
	x := &c.Exposure
	unknown := s.n(x.Unknown.sum())
	if !x.Known {
		unknown = s.unknown()
	}
	list := x.Rows
	nobody := len(list) == 0
	if nobody {
		list = []Row{{School: c.School}}
	}
	for i, r := range list {
		var row []document.Cell
		if withClient {
			public := document.Cell{}
			if c.Public {
				public.Text = s.t("○", "yes")
			}
			row = append(row, document.Cell{Text: s.or(c.Name, "委託元未登録", "client not registered")}, public)
		}
		row = append(row, document.Cell{Text: s.place(r.School, c.Name, withClient)}, document.Cell{Text: dash(r.Year)}, document.Cell{Text: dash(s.kind(r.Kind))})
		for _, k := range classes {
			text := s.n(r.Persons.of(k.class))
			switch {
			case !x.Known || nobody && x.Unknown.of(k.class) > 0:
				text = s.open("不明", "?")
			case nobody:
				text = "0"
			}
			row = append(row, document.Cell{Text: text})
		}
		loose := document.Cell{Text: s.n(r.Unlinked.sum())}
		if !x.Known || nobody && x.Unknown.sum() > 0 {
			loose.Text = s.open("不明", "?")
		}
		last := document.Cell{Text: unknown}
		if i > 0 {
			last.Text = s.t("同上", "see above")
		}
		if !yield(append(row, loose, last)) {
			return false
		}
	}
	return true
}

// place is a school, beside the client that it may be.
func (s say) place(school, client string, beside bool) string {
	if beside && school == client && school != "" {
		return s.t("同左", "the same")
	}
	return dash(school)
}

// kind is a kind of person in words.
func (s say) kind(k string) string {
	switch k {
	case "pupil":
		return s.t("児童・生徒", "pupils")
	case "other":
		return s.t("その他", "others")
	case "staff":
		return s.t("教職員", "staff")
	case "":
		return ""
	}
	return k
}

func dash(text string) string {
	if text == "" {
		return "―"
	}
	return text
}
