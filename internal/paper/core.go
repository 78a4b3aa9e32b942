package paper

import (
	"slices"
	"strings"
	"time"

	"github.com/azekura/azekura/internal/deadline"
)

// What several papers say, each as far as the records know it; empty where they do not.

// occurred is the first that a suspect did.
func (s *sheet) occurred() string {
	var first time.Time
	for _, x := range s.f.Case.Suspects {
		if first.IsZero() || !x.From.IsZero() && x.From.Before(first) {
			first = x.From
		}
	}
	if first.IsZero() {
		return ""
	}
	return s.t("%s（記録上、不審な利用の始まり。これより前の侵入の有無は、記録だけでは分かりません。）", "%s (when distrusted use began, by the records; they do not tell whether somebody came in before)", s.moment(first))
}

// early marks a discovery that lies before what was discovered: one of the two times is wrong, and only people can tell which. It stands beside every
// mention of it, in whatever paper.
func (s *sheet) early() string {
	first, known := s.f.first(), s.f.Case.Known
	if first.IsZero() || known.IsZero() || !known.Before(first) {
		return ""
	}
	return s.open("要確認：発覚の日時が発生の日時より前です", "check: it was found out before it happened")
}

// discovered is when the clock of the law began.
func (s *sheet) discovered() string { return s.found() + s.early() }

func (s *sheet) found() string {
	c := &s.f.Case
	if c.Known.IsZero() {
		return ""
	}
	when := s.moment(c.Known)
	if c.Proposed {
		return s.t("%s（最初の警報の日時による仮の日。知った部署・日時の確認が必要です。）", "%s (provisional, from the first alarm: who knew when is to be confirmed)", when)
	}
	for _, k := range c.Knowing {
		if k.When.Equal(c.Known) {
			how := ""
			if k.How != "" {
				how = s.t("。", ": ") + k.How
			}
			return s.t("%s（%sが認識%s）", "%s (%s knew%s)", when, s.or(k.Department, "部署", "department"), how)
		}
	}
	return when
}

// event is what kind of accident the records point to. People decide.
func (s *sheet) event() string {
	x, d := &s.f.Total.Exposure, &s.f.Total.Damage
	var out []string
	if x.Known {
		switch {
		case x.Files.Confirmed+x.Strange+x.Shared.Confirmed > 0 || x.Persons.Confirmed > 0:
			out = append(out, s.t("漏えいのおそれ（記録上、不審な利用者への平文の提供が%sについて確認されています。外部に持ち出されたことが確認された場合は「漏えい」。）",
				"possible leak: the records show plaintext of %s handed to distrusted parties (“leak” once it is certain that it went outside)", s.files(x.Files.Confirmed+x.Shared.Confirmed)))
		case x.Files.Possible+x.Shared.Possible > 0 || x.Persons.Possible > 0:
			out = append(out, s.t("漏えいのおそれ（読み取られた可能性を否定できないファイル%s）", "possible leak: for %s reading cannot be ruled out", s.files(x.Files.Possible+x.Shared.Possible)))
		case x.Files.Exempt+x.Shared.Exempt > 0:
			out = append(out, s.t("暗号化された状態でのみ到達し得たファイル%s（報告の要否は人が判断します。）", "%s were in reach in encrypted form alone (people decide whether it is to be reported)", s.files(x.Files.Exempt+x.Shared.Exempt)))
		default:
			out = append(out, s.t("漏えいのおそれの有無は、記録の範囲と欠落を踏まえて人が判断します。", "whether there may be a leak is for people to decide, from what the records show and their gaps"))
		}
	}
	if d.Known {
		switch lost := d.Files - d.Intact; {
		case lost > 0:
			out = append(out, s.t("滅失又は毀損（%sについて、変更前と同じ内容の版又は複製を確認できていません。）", "loss or damage: of %s no intact version or copy is known", s.files(lost)))
		case d.Files > 0:
			out = append(out, s.t("改変・暗号化された%sのすべてについて、変更前と同じ内容のデータが保管されていることを記録上確認（滅失・毀損に当たらないとの判断の資料）", "of all %s that were altered or encrypted, the same content as before is kept, by the records (evidence on whether that is loss or damage)", s.files(d.Files)))
		}
	}
	return lines(out...)
}

// article7 is which categories apply to the firm.
func (s *sheet) article7() string {
	var out []string
	i := slices.IndexFunc(s.f.Assessments, func(a deadline.Assessment) bool { return a.Party == deadline.Firm })
	if i < 0 {
		return ""
	}
	a := &s.f.Assessments[i]
	names := [...]string{s.t("要配慮個人情報", "special care"), s.t("財産的被害のおそれ", "money or goods"), s.t("不正の目的のおそれ", "harm meant"), s.t("本人の数が%s人を超える", "more than %s persons", s.n(int64(a.Over)))}
	for c := deadline.Sensitive; c <= deadline.Many; c++ {
		word := s.t("未定", "not decided")
		switch a.Of(c) {
		case deadline.Yes:
			word = s.t("該当", "applies")
		case deadline.No:
			word = s.t("非該当", "does not apply")
		}
		out = append(out, s.t("%d号（%s）：%s", "no. %d (%s): %s", int(c), names[c-1], word))
	}
	if slices.ContainsFunc(s.f.concerned(), func(c Client) bool { return slices.ContainsFunc(c.Shares, func(h Share) bool { return h.Sensitive }) }) {
		out = append(out, s.t("（台帳上、要配慮個人情報を含むとされた保管データがあります。）", "(By the register there are stores with data that need special care.)"))
	}
	return lines(out...)
}

// clients tells on whose behalf the data were held. In a paper of one client that is the client.
func (s *sheet) clients() string {
	named, public, nobody := s.f.entrusted()
	switch {
	case named == 1 && len(s.f.Clients) == 1:
		return s.t("有（%s）", "yes: %s", s.f.Clients[0].Name)
	case named == 0:
		return ""
	}
	text := s.t("有（委託元%s者、うち行政機関等%s者。別紙「委託元・学校別一覧」のとおり。）", "yes: %s clients, %s of them public bodies (see the list by client and school)", s.n(int64(named)), s.n(int64(public)))
	if nobody > 0 {
		text = lines(text, s.t("委託元が登録されていない保管データ：%s件", "stores whose client is not registered: %s", s.n(int64(nobody))))
	}
	return text
}

// course is the timeline, up to so many lines, for the house and authorities with its sources.
func (s *sheet) course(most int, sources bool) string {
	list := slices.Clone(s.f.Lines)
	slices.SortStableFunc(list, func(a, b Line) int { return a.When.Compare(b.When) })
	var out []string
	for i, l := range list {
		if i == most {
			out = append(out, s.t("（ほか%d件。詳細は経過の一覧による。）", "(and %d more, in the timeline of the case)", len(list)-most))
			break
		}
		source := s.text(l.Source)
		switch {
		case !sources:
			source = ""
		case source != "":
			source = s.t("（%s）", " (%s)", source)
		}
		out = append(out, s.moment(l.When)+s.t("　", " – ")+s.text(l.What)+source)
	}
	return lines(out...)
}

// register is the union of what the register says of the shares.
func (s *sheet) register(pick func(Share) []string) string {
	var out []string
	for _, c := range s.f.concerned() {
		for _, h := range c.Shares {
			for _, w := range pick(h) {
				if !slices.Contains(out, w) {
					out = append(out, w)
				}
			}
		}
	}
	slices.Sort(out)
	return s.list(out)
}

func (s *sheet) data() string     { return s.register(func(h Share) []string { return h.Data }) }
func (s *sheet) subjects() string { return s.register(func(h Share) []string { return h.Subjects }) }

// years are the fiscal years of the shares.
func (s *sheet) years() string {
	return s.register(func(h Share) []string {
		if h.Year == 0 {
			return nil
		}
		return []string{s.t("%d年度", "%d", h.Year)}
	})
}

// way is who the suspects are, and how they came in as far as the records say.
func (s *sheet) way() string {
	var out []string
	for i, x := range s.f.Case.Suspects {
		if i == 8 {
			out = append(out, s.t("ほか%d件", "and %d more", len(s.f.Case.Suspects)-i))
			break
		}
		who := s.text(x.What)
		if x.Name != "" {
			who += s.t("「%s」", " “%s”", x.Name)
		}
		if x.Address != "" {
			who += s.t("（接続元 %s）", " (from %s)", x.Address)
		}
		stop := ""
		if !x.Stopped.IsZero() {
			stop = s.t("。%s に停止", "; stopped %s", s.moment(x.Stopped))
		}
		out = append(out, s.t("・%s　%s。%s%s", "- %s: %s, %s%s", who, s.or(s.text(x.Method), "侵入の方法は未把握", "way in not known"), s.span(x.From, x.To), stop))
	}
	if out == nil {
		return ""
	}
	return s.t("記録で分かる不審な利用：\n", "Distrusted use, by the records:\n") + strings.Join(out, "\n")
}

// hurts are kinds of damage in words.
var hurts = map[string]Text{
	"encrypted": {JA: "暗号化等により内容が読めなくなったもの", EN: "encrypted, or otherwise not what they were"}, "altered": {JA: "内容が変更されたもの", EN: "altered"}, "emptied": {JA: "内容が空にされたもの", EN: "emptied"},
	"removed": {JA: "削除されたもの", EN: "removed"}, "renamed": {JA: "名前・場所が変えられたもの", EN: "renamed or moved"}, "new": {JA: "新たに置かれたもの", EN: "new"},
	"note": {JA: "脅迫文とみられるもの", EN: "likely ransom notes"}, "held": {JA: "保留により、改変が反映されなかったもの", EN: "held back before it took effect"},
}

func (s say) hurt(kind string) string {
	if t, ok := hurts[kind]; ok {
		return s.text(t)
	}
	return kind
}

// damage is what was done to files.
func (s *sheet) damage() string {
	d := &s.f.Total.Damage
	if !d.Known {
		return ""
	}
	out := []string{s.loss()}
	if d.Files > 0 {
		out = []string{s.t("被害を受けたファイル：%s（%s）。対象の保管データ全体に占める割合は、件数で%s、データ量で%s", "Files hurt: %s (%s), %s of the files and %s of the data that these stores hold",
			s.files(d.Files), s.bytes(d.Bytes), s.percent(d.Files, d.OfFiles), s.percent(d.Bytes, d.OfBytes))}
	}
	for _, h := range d.Hurts {
		out = append(out, s.t("・%s：%s", "- %s: %s", s.hurt(h.Kind), s.files(h.Files)))
	}
	if d.Shared > 0 {
		out = append(out, s.t("ほかに、複数の学校の保管庫にあり、どの学校のものか特定できない被害ファイル：%s", "besides, files hurt in stores with several schools that could not be attributed to one: %s", s.files(d.Shared)))
	}
	return lines(append(out, s.intact())...)
}

// intact is whether anything is lost.
func (s *sheet) intact() string {
	d := &s.f.Total.Damage
	if !d.Known || d.Files == 0 {
		return ""
	}
	var out []string
	if d.Intact >= d.Files {
		out = append(out, s.t("被害を受けた%sのすべてについて、変更前と同じ内容の版が保管されていることを記録上確認しています。", "Of all that were hurt (%s) a version with the content as before is kept, by the records.", s.files(d.Files)))
	} else {
		out = append(out, s.t("被害を受けたもののうち%sについて、変更前と同じ内容の版が保管されていることを記録上確認しています。残る%sについては確認できていません。", "Of those that were hurt, of %s a version with the content as before is kept, by the records; of the other %s that is not known.", s.files(d.Intact), s.files(d.Files-d.Intact)))
	}
	switch {
	case !d.Verified.IsZero():
		out = append(out, s.t("保管データは、%s の照合で、全体に欠損・改変がないことを確かめています。", "All data kept were last read again on %s, and were whole.", s.moment(d.Verified)))
	case !s.letter: // a letter waits for nothing that its reader would not miss
		out = append(out, s.t("保管データの照合：", "The data kept were last read again: ")+s.unknown())
	}
	return lines(append(out, s.back())...)
}

// back is what has been put back.
func (s *sheet) back() string {
	d := &s.f.Total.Damage
	switch {
	case d.RolledBack == 0:
		return s.t("復元は、まだ行っていません。", "Nothing was put back yet.")
	case d.RolledBack >= d.Files:
		return s.t("%sのすべてを、変更前の状態に復元しました（%s）。", "All of them (%s) were put back as they were (%s).", s.files(d.RolledBack), s.moment(d.When))
	}
	return s.t("このうち%sを、変更前の状態に復元しました（%s）。残る%sは、まだ復元していません。", "%s were put back as they were (%s); %s were not yet.", s.files(d.RolledBack), s.moment(d.When), s.files(d.Files-d.RolledBack))
}

// part is how many of how many.
func (s say) of(p Part) string {
	when := ""
	if !p.When.IsZero() {
		when = s.t("（%s 時点）", " (as of %s)", s.moment(p.When))
	}
	return s.t("%s／%s件%s", "%s of %s%s", s.n(p.Done), s.n(p.Of), when)
}

// controls are what the system attests, with dates.
func (s *sheet) controls() string {
	c := &s.f.Controls
	var out []string
	if c.SecondFactor.Known {
		out = append(out, s.t("・二要素認証を設定済みの利用者：%s", "- accounts with a second factor: %s", s.of(c.SecondFactor)))
	}
	for i, z := range c.Freezes {
		if i == 6 {
			out = append(out, s.t("・ほか%d件の停止", "- and %d more stops", len(c.Freezes)-i))
			break
		}
		by := s.t("（自動検知による）", " (by the guard)")
		if z.By != "" {
			by = s.t("（%sによる）", " (by %s)", z.By)
		}
		out = append(out, s.t("・%s　%sを停止%s", "- %s: %s stopped%s", s.moment(z.When), z.Who, by))
	}
	if c.Renewed.Known {
		out = append(out, s.t("・事案発生後にパスワードを更新済みの利用者：%s", "- accounts whose passwords were renewed since: %s", s.of(c.Renewed)))
	}
	for _, k := range c.Copies {
		where := s.t("常時接続の複製", "connected copy")
		switch {
		case k.Offline:
			where = s.t("ネットワークから切り離した複製", "offline copy")
		case !k.Locked.IsZero():
			where = s.t("常時接続で、%sまで削除できない複製", "connected copy that cannot be deleted until %s", s.date(k.Locked))
		}
		out = append(out, s.t("・%s「%s」：最終照合 %s", "- %s “%s”: last verified %s", where, k.Name, s.moment(k.Verified)))
	}
	if out == nil {
		return ""
	}
	return s.t("システムの記録により確認できる措置：\n", "Measures that the system's records show:\n") + strings.Join(out, "\n")
}

// ledger is how far the ledger was verified.
func (s *sheet) ledger() string {
	l := &s.f.Controls.Ledger
	if !l.Verified {
		return ""
	}
	text := s.t("利用記録（台帳）：%s件目までの連続性を %s に検証済み（先頭値 %s）", "Ledger: verified as continuous up to entry %s on %s (head %s)", s.n(l.Entries), s.moment(l.At), l.Head)
	if l.Seen > 0 {
		text += s.t("。外部の立会人%dか所が署名", "; signed by %d witnesses elsewhere", l.Seen)
	}
	return text
}
