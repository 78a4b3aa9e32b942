package paper

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"github.com/azekura/azekura/internal/document"
)

// fillPersons is the notice to persons: items 1, 2, 4, 5 and 9 of the report, as rule 10 asks for, of what concerns these persons alone,
// in easy words.
func fillPersons(s *sheet) {
	s.words("intro", s.t("当社は、%sのアルバム等の制作のため、皆様のお写真やお名前などの個人情報をお預かりしております。このたび、当社のコンピューターに不審な利用があり、お預かりしている個人情報が外に漏れたおそれがあることが分かりました。ご心配とご迷惑をおかけしておりますことを、心よりお詫び申し上げます。現在分かっていることを、次のとおりお知らせいたします。",
		"To make albums for %s we hold personal data such as photographs and names. Our computers were used by somebody whom we distrust, and personal data that we hold may have got out. We are sincerely sorry for the worry and the trouble. This is what we know by now.", s.school()))
	s.head("１　何が起きたか（概要）", "1. What happened")
	s.fact("1", "", "", s.happened(), "")
	s.head("２　対象となる個人情報", "2. Which personal data")
	s.fact("2", "", "", s.concerned(), "")
	s.head("３　原因", "3. Why it happened")
	s.fact("4", "", "", "", "cause")
	s.head("４　二次被害（悪用など）の有無", "4. Whether the data have been abused")
	s.fact("5", "", "", "", "secondary-damage secondary-what")
	s.head("５　お願いとお問合せ先", "5. What you can do, and whom to ask")
	s.fact("9.advice", "", "", s.advice(), "advice")
	s.fact("9.contact", "", "", s.t("お問合せ先：", "Whom to ask: ")+strings.ReplaceAll(s.ask(), "\n", s.t("　", "; ")), "") // on one page
	s.lookup("9.lookup", "", "")
}

// school is whose album it is.
func (s *sheet) school() string {
	if r := s.f.Reader; r != nil && r.School != "" {
		return r.School
	}
	return s.or(cmp.Or(s.client().School, s.client().Name), "学校名", "the school")
}

// happened is item 1 in easy words.
func (s *sheet) happened() string {
	when := s.unknown()
	if o := s.f.Case.Suspects; len(o) > 0 && !o[0].From.IsZero() {
		when = s.date(s.f.first())
	}
	found := s.unknown()
	if !s.f.Case.Known.IsZero() {
		found = s.date(s.f.Case.Known) + s.early()
	}
	return s.t("%sごろ、当社のファイルサーバー（写真などを保管するコンピューター）が、不審な者に利用されました。当社は%sにこのことを知り、調べを進めています。",
		"About %s somebody whom we distrust used our file server, the computer that keeps the photographs. We learned of it on %s and are investigating.", when, found)
}

// concerned is item 2: which data, and which of the three it is for these persons.
func (s *sheet) concerned() string {
	r := s.f.Reader
	data := s.or(s.data(), "個人情報の項目", "which data")
	if r == nil {
		return s.t("%s\n当てはまる範囲：%s", "%s\nTo what extent: %s", data, s.open("確認・可能性の別", "confirmed or possible"))
	}
	extent := map[Class]string{
		Confirmed: s.t("これらが入ったファイルの中に、不審な者に開かれたことが記録で確認されたものがあります。", "The records show that some of the files with these data were opened by somebody whom we distrust."),
		Possible:  s.t("これらが入ったファイルが、不審な者に読み取られた可能性があります。読み取られたと確認されたわけではありませんが、可能性を否定できません。", "The files with these data may have been read. That is not certain, but it cannot be ruled out."),
		Exempt:    s.t("これらが入ったファイルに、暗号化された状態で不審な者の手が届いた可能性があります。暗号化されたファイルは、鍵がなければ中身を読むことが難しいものです。", "Somebody may have reached the files with these data in encrypted form. Without a key it is hard to read what is in them."),
	}[r.Count]
	return lines(s.t("・%s", "- %s", data), extent)
}

// advice is item 9: what a person can do. People change it as they see fit.
func (s *sheet) advice() string {
	return s.t("当社や学校の名前をかたる電話・メール・訪問にご注意ください。当社が、この件でお金や暗証番号をお尋ねすることはございません。心当たりのない連絡や、お写真・お名前が使われていることにお気付きの場合は、下記までお知らせください。",
		"Beware of calls, mails and visitors that use our name or the school's. We shall never ask for money or passwords because of this. If you are contacted by strangers, or see your photograph or name used somewhere, please tell us.")
}

// ForPersons returns the facts of a notice to the persons of a client who have school, year and class in common.
func (f *Facts) ForPersons(r Reader) *Facts {
	out := *f
	out.Reader = &r
	if len(f.Clients) != 1 {
		return &out
	}
	c := f.Clients[0]
	c.Shares = slices.DeleteFunc(slices.Clone(c.Shares), func(h Share) bool { return r.Year != "" && h.Year != 0 && strconv.Itoa(h.Year) != r.Year })
	c.People, c.Files = nil, nil
	out.Clients = []Client{c}
	return &out
}

func layPersons(s *sheet, list []Field) (out []document.Block) {
	name := s.open("氏名", "name")
	if r := s.f.Reader; r != nil {
		if r.Name != "" {
			name = r.Name
		}
		if place := lines(r.School); place != "" {
			year := ""
			if r.Year != "" {
				year = s.t("　%s年度", ", %s", r.Year)
			}
			name = place + year + "\n" + name
		}
	}
	out = s.opening([]string{name + s.t(" 様　保護者の皆様", " and parents")}, s.text(Title(PersonNotice)))
	out = append(out, s.body(get(list, "intro"))...)
	out = append(out, s.parts(list[1:])...)
	return out
}
