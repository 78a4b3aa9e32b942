package paper

import "github.com/azekura/azekura/internal/deadline"

// lookup adds the page on which everybody can ask whether they are concerned, while it is open: a page that is not there is named nowhere.
func (s *sheet) lookup(key, ja, en string) {
	if s.f.Lookup != "" {
		s.fact(key, ja, en, s.asking(), "")
	}
}

// asking tells of the page, for letters.
func (s *sheet) asking() string {
	if s.f.Lookup == "" {
		return ""
	}
	return s.t("次のページで、学校名・年度・組・番号から、対象となるかどうかをご確認いただけます（お名前の入力は不要です）。\n%s", "This page tells, by school, year, class and number, whether somebody is concerned; it asks for no name.\n%s", s.f.Lookup)
}

func (s *sheet) plainLookup() string {
	if s.f.Lookup == "" {
		return ""
	}
	return s.t("インターネットでも調べられます。学校・年度・組・番号を入れてください。名前はいりません。\n%s", "You can also look on the internet. Type school, year, class and number; no name.\n%s", s.f.Lookup)
}

func (s *sheet) deskLookup() string {
	if s.f.Lookup == "" {
		return ""
	}
	return s.t("ご自身で調べたいという方には、確認ページをご案内します：%s", " Who would rather look themselves can be told of the page: %s", s.f.Lookup)
}

// theirs are the days of the client itself, if it is told on the day of the letter. Its time begins when it knows, and what else it knows is not ours
// to say: so the shorter time counts where nobody has decided, and whom to ask is said.
func (s *sheet) theirs() string {
	if s.f.At.IsZero() {
		return ""
	}
	rules, err := deadline.At(s.f.At)
	if err != nil { // the rules do not cover the day, and nobody guesses one
		return s.t("この日付に対応する規則がないため、期限を計算していません。個人情報保護委員会にご確認ください。", "There are no rules for this day, so nothing is counted: please ask the Commission.")
	}
	said := func(key string) deadline.Answer {
		return map[string]deadline.Answer{"yes": deadline.Yes, "no": deadline.No}[s.f.Answers[key].Text]
	}
	c := s.client()
	list, err := rules.For(deadline.Facts{Public: c.Public, Hostile: said("hostile"), Sensitive: said("sensitive"), Property: said("property-damage")})
	if err != nil {
		return ""
	}
	out := []string{s.t("%sに本通知を受けられた場合：", "If you receive this on %s:", s.date(s.f.At))}
	out = append(out, s.dated(list)...)
	if c.Public {
		out = append(out, s.t("条文番号・日数等の適用は、個人情報保護委員会（公立学校は所管の教育委員会を通じて）にご確認ください。", "Please ask the Commission (a public school: by way of its board of education) which articles and days apply."))
	}
	return lines(append(out, s.t("より早くこの事案を知られていた場合は、その日から起算されます。報告を要するかは、本人の数その他の事情により異なります。", "If you knew earlier, your time began then. Whether you must report depends on the number of persons and more."))...)
}

// dated are deadlines with their days, a line each.
func (s *sheet) dated(list []deadline.Deadline) (out []string) {
	for _, d := range list {
		text := s.text(d.Rule.Title) + s.t("：", ": ")
		switch {
		case d.Due == 0:
			text += s.t("速やかに（日数の定めなし）", "without delay (no number of days is set)")
		case d.Rule.About:
			text += s.t("%sまで（概ね%d日以内）", "until %s (about %d days)", s.day(d.Due), d.Rule.Last)
		default:
			text += s.t("%sまで（%d日以内）", "until %s (%d days)", s.day(d.Due), d.Rule.Last)
		}
		if d.Unchecked != 0 {
			text += s.t("（%d年の祝日は未登録のため、要確認）", " (holidays of %d are not in the data: check)", d.Unchecked)
		}
		out = append(out, s.t("・", "- ")+text)
	}
	return out
}
