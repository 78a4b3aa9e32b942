package paper

import (
	"strings"

	"github.com/azekura/azekura/internal/document"
	"github.com/azekura/azekura/internal/lang"
)

// SchoolSheet is the list of schools as a workbook.
func SchoolSheet(f *Facts, l lang.Lang) document.Sheet {
	s := &sheet{say: say(l), f: f}
	number := int64(0)
	return document.Sheet{Lang: l.String(), Title: s.text(Title(SchoolList)), Columns: s.rows(true).Columns, Rows: func(yield func([]document.Cell) bool) {
		number = 0
		for row := range s.table(true) {
			if number++; !yield(append([]document.Cell{{Text: s.n(number)}}, row...)) {
				return
			}
		}
	}}
}

// PeopleSheet is the list of a client's persons.
func PeopleSheet(f *Facts, l lang.Lang) document.Sheet {
	s := &sheet{say: say(l), f: f}
	return document.Sheet{Lang: l.String(), Title: s.t("対象となる方の一覧", "persons concerned"), Columns: []document.Column{
		{Title: s.t("学校", "school"), Width: 4}, {Title: s.t("年度", "year"), Width: 1.3}, {Title: s.t("学年", "grade"), Width: 1}, {Title: s.t("組", "class"), Width: 1}, {Title: s.t("番号", "number"), Width: 1},
		{Title: s.t("氏名", "name"), Width: 3}, {Title: s.t("区分", "who"), Width: 2}, {Title: s.t("該当", "extent"), Width: 1.5}, {Title: s.t("ファイル数", "files"), Width: 1.5, Right: true}, {Title: s.t("備考", "note"), Width: 4},
	}, Rows: func(yield func([]document.Cell) bool) {
		c := s.client()
		if c.People == nil {
			yield([]document.Cell{{Text: s.t("名簿なし", "no roster")}, {}, {}, {}, {}, {Text: s.unknown()}})
			return
		}
		some := false
		for p := range c.People {
			note := ""
			if p.Unlinked {
				note = s.t("個人と結び付いていないファイルのため、該当し得る方として記載", "listed because files are linked to nobody and may be theirs")
			}
			some = true
			if !yield([]document.Cell{{Text: p.School}, {Text: p.Year}, {Text: p.Grade}, {Text: p.Class}, {Text: p.Number}, {Text: p.Name}, {Text: s.kind(p.Kind)}, {Text: s.class(p.Count)}, {Text: s.n(p.Files)}, {Text: note}}) {
				return
			}
		}
		s.rest(&c.Exposure, some, yield)
	}}
}

// rest is the last row of a list of persons, where files are not in it: without it the list would say that these are all.
func (s *sheet) rest(x *Exposure, some bool, yield func([]document.Cell) bool) {
	switch {
	case x.Unknown.sum() > 0:
		yield([]document.Cell{{}, {}, {}, {}, {}, {Text: s.unknown()}, {}, {}, {Text: s.n(x.Unknown.sum())}, {Text: s.t("名簿がなく、どなたのものか分からないファイル", "files without a roster: nobody knows whose they are")}})
	case !x.Known && !some:
		yield([]document.Cell{{}, {}, {}, {}, {}, {Text: s.unknown()}})
	}
}

func (s say) class(c Class) string {
	for _, x := range classes {
		if x.class == c {
			return s.text(x.name)
		}
	}
	return ""
}

func (s *sheet) fileColumns() []document.Column {
	return []document.Column{{Title: s.t("ファイル", "file"), Width: 8}, {Title: s.t("該当", "extent"), Width: 1.5}, {Title: s.t("被害", "damage"), Width: 3}, {Title: s.t("同じ内容の版", "intact version"), Width: 1.8},
		{Title: s.t("最初の日時", "first"), Width: 2.4}, {Title: s.t("備考", "note"), Width: 2.4}}
}

// FileSheet is the list of a client's files.
func FileSheet(f *Facts, l lang.Lang) document.Sheet {
	s := &sheet{say: say(l), f: f}
	return document.Sheet{Lang: l.String(), Title: s.t("対象ファイルの一覧", "files concerned"), Columns: s.fileColumns(), Rows: func(yield func([]document.Cell) bool) {
		c := s.client()
		if c.Files == nil {
			yield([]document.Cell{{Text: s.unknown()}})
			return
		}
		for x := range c.Files {
			if !yield(s.fileRow(&x)) {
				return
			}
		}
		if n := c.Exposure.Shared.sum() + c.Damage.Shared; n > 0 && !yield(s.sharedRow(c)) {
			return
		}
		if c.Exposure.Strange > 0 {
			yield([]document.Cell{{Text: s.unknown()}, {}, {}, {}, {}, {Text: s.t("目録にないデータ（版）%s", "versions that no file of the catalogue has: %s", s.files(c.Exposure.Strange))}})
		}
	}}
}

// sharedRow tells how many files could not be attributed to one school. Their paths would tell of others.
func (s *sheet) sharedRow(c *Client) []document.Cell {
	x, hurt := &c.Exposure.Shared, ""
	if c.Damage.Shared > 0 {
		hurt = s.files(c.Damage.Shared)
	}
	return []document.Cell{{Text: s.t("（複数の学校の保管庫にあり、どの学校のものか特定できないファイル）", "(files of stores with several schools that could not be attributed to one)")},
		{Text: s.t("確認 %s、可能性 %s、暗号化 %s", "confirmed %s, possible %s, encrypted %s", s.n(x.Confirmed), s.n(x.Possible), s.n(x.Exempt))}, {Text: hurt}, {}, {},
		{Text: s.t("他校の情報を含み得るため件数のみ", "only their number, for they may tell of others")}}
}

// LooseSheet is the house's own list of files of stores with several schools that could not be attributed to one. It tells of all of them.
func LooseSheet(f *Facts, l lang.Lang) document.Sheet {
	s := &sheet{say: say(l), f: f}
	return document.Sheet{Lang: l.String(), Title: s.t("学校を特定できないファイル（社内用）", "files of no one school (for the house)"), Columns: s.fileColumns(), Rows: func(yield func([]document.Cell) bool) {
		if f.Loose == nil {
			return
		}
		for x := range f.Loose {
			if !yield(s.fileRow(&x)) {
				return
			}
		}
	}}
}

func (s *sheet) fileRow(x *File) []document.Cell {
	extent, intact, note := "", "", ""
	if x.Exposed {
		extent = s.class(x.Count)
	}
	var harms []string
	for _, h := range x.Hurts {
		harms = append(harms, s.hurt(h))
	}
	if len(harms) > 0 {
		if intact = s.t("未確認", "not known"); x.Intact {
			intact = s.t("あり", "yes")
		}
	}
	if x.Unlinked {
		note = s.t("個人と結び付いていません", "linked to nobody")
	}
	if !x.Back.IsZero() {
		note = strings.TrimPrefix(note+s.t("。", "; ")+s.t("%s に復元済み", "put back %s", s.moment(x.Back)), s.t("。", "; "))
	}
	when := ""
	if !x.When.IsZero() {
		when = s.moment(x.When)
	}
	return []document.Cell{{Text: x.Path}, {Text: extent}, {Text: s.list(harms)}, {Text: intact}, {Text: when}, {Text: note}}
}
