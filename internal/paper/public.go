package paper

import "github.com/azekura/azekura/internal/document"

// fillPublic is the notice for everybody, under the headings that such notices have.
func fillPublic(s *sheet) {
	x := &s.f.Total.Exposure
	s.words("intro", s.t("平素は格別のご高配を賜り、厚く御礼申し上げます。\n"+
		"このたび、当社のファイルサーバーにおいて不審な利用があり、当社がお預かりしている個人データについて、漏えい等が発生したおそれがあることが判明いたしました。現時点で把握している事実及び当社の対応について、下記のとおりご報告いたします。\n"+
		"お客様ならびに関係者の皆様に多大なるご心配とご迷惑をおかけしておりますことを、深くお詫び申し上げます。",
		"Our file server was used by somebody whom we distrust, and personal data that we hold may have leaked. Below we report what we know and what we have done.\nWe deeply apologise to our customers and to everybody concerned for the worry and the trouble."))
	s.head("１．概要", "1. Overview")
	s.fact("1", "", "", s.public(), "state")
	s.fact("1.course", "主な経過", "course of events", s.course(12, false), "")
	s.head("２．漏えい等が発生したおそれがある個人データ", "2. Personal data that may have leaked")
	s.fact("2.items", "個人データの項目", "which data", s.data(), "")
	s.fact("2.who", "対象となる方", "who is concerned", lines(s.subjects(), s.yearsOf()), "")
	s.fact("3", "対象となる方の人数", "how many persons", s.outsiders(x), "")
	s.fact("2.lookup", "ご確認の方法", "how to ask about yourself", s.howToAsk(), "")
	s.head("３．原因", "3. Cause")
	s.fact("4", "", "", "", "cause")
	s.head("４．二次被害又はそのおそれの有無及びその内容", "4. Further damage, or that it may come")
	s.fact("5", "", "", "", "secondary-damage secondary-what")
	s.fact("5.advice", "皆様へのお願い", "what we ask of you", s.advice(), "advice")
	s.head("５．データの滅失", "5. Loss of data")
	s.fact("loss", "", "", s.loss(), "")
	s.head("６．対策", "6. Measures")
	s.fact("8.done", "実施済みの対策", "taken", s.attested(), "measures-done")
	s.fact("8.planned", "今後の対策", "planned", "", "measures-planned")
	s.fact("told", "関係機関への報告等", "authorities", "", "told")
	s.head("７．お問合せ先", "7. Whom to ask")
	s.fact("contact", "", "", s.ask(), "")
}

// howToAsk is where people find out about themselves.
func (s *sheet) howToAsk() string {
	if page := s.asking(); page != "" {
		return lines(page, s.t("下記のお問合せ先でもご確認いただけます。", "It can be asked below, too."))
	}
	return s.t("ご自身が対象となるかどうかは、下記のお問合せ先でご確認いただけます。", "Whether you are concerned can be asked below.")
}

// public is the overview for everybody.
func (s *sheet) public() string {
	when, found := s.f.first(), s.f.Case.Known
	text := s.t("%s、当社のファイルサーバーにおいて不審な利用を確認いたしました。記録によれば、不審な利用は%sに始まっています。", "On %s we found distrusted use of our file server. By the records it began on %s.", s.date(found)+s.early(), s.date(when))
	d := &s.f.Total.Damage
	if d.Known && d.Files > 0 {
		text += s.t("ファイル%s件（対象の保管データのデータ量の%s）が暗号化・改変等の被害を受けました。", " Of the files, %s (%s of the data in these stores) were encrypted, altered or otherwise hurt.", s.n(d.Files), s.percent(d.Bytes, d.OfBytes))
	}
	return lines(text, s.records(&s.f.Total.Exposure))
}

func (s *sheet) yearsOf() string {
	if y := s.years(); y != "" {
		return s.t("対象年度：%s", "years: %s", y)
	}
	return ""
}

// loss is what may be said of loss: whether what was there before is kept.
func (s *sheet) loss() string {
	d := &s.f.Total.Damage
	if n := d.held(); d.Known && d.Files == 0 && n > 0 {
		return s.t("ファイルを壊す、又は削除する操作が%sについて記録されていますが、保留したため反映されていません。変更前の内容は残っています。", "The records show saves or removals that would have left files broken or gone (%s); they were held back, and what was there before is kept.", s.files(n))
	}
	if d.Known && d.Files == 0 {
		return s.t("改変・暗号化・削除されたファイルは、記録上確認されていません。", "The records show no file that was altered, encrypted or removed.")
	}
	if d.Known {
		return s.intact()
	}
	return ""
}

func layPublic(s *sheet, list []Field) (out []document.Block) {
	title := s.text(Title(PublicNotice))
	if s.f.Answers["hostile"].Text == "yes" { // nobody else may say so
		title = s.t("不正アクセスによる", "") + title + s.t("", " after unauthorised access")
	}
	out = s.opening([]string{s.t("お客様・関係者の皆様", "To our customers and everybody concerned")}, title)
	out = append(out, s.body(get(list, "intro"))...)
	if s.ja() {
		out = append(out, document.Paragraph{Text: "記", Align: document.Centre})
	}
	out = append(out, s.parts(list[1:])...)
	return append(out, s.end("以上")...)
}

// fillPlain says the same in short sentences and easy words: what happened, what was read for sure, what perhaps, what to do, whom to ask.
func fillPlain(s *sheet) {
	s.words("intro", s.t("このお知らせは、大切なことを短く、やさしい言葉でまとめたものです。くわしい内容は、同じ日の「お詫びとお知らせ」をご覧ください。", "The important things, in short. The full notice of the same day has the rest."))
	s.head("何がありましたか", "What happened?")
	s.fact("1", "", "", s.plainly(), "")
	s.head("どんな情報ですか", "Which information?")
	s.fact("2", "", "", s.plainData(), "")
	s.head("確かに読まれたもの", "What was read for certain")
	s.fact("confirmed", "", "", s.plainClass(Confirmed), "")
	s.head("読まれたかもしれないもの", "What may have been read")
	s.fact("possible", "", "", lines(s.plainClass(Possible), s.plainClass(Exempt), s.plainGaps()), "")
	s.head("なくなった写真やデータはありますか", "Are photographs or data lost?")
	s.fact("loss", "", "", s.plainLoss(), "")
	s.head("何をすればよいですか", "What should I do?")
	s.fact("advice", "", "", s.advice(), "advice")
	s.head("会社は何をしましたか", "What has the firm done?")
	s.fact("8", "", "", "", "measures-done")
	s.head("だれに聞けばよいですか", "Whom can I ask?")
	s.fact("contact", "", "", lines(s.ask(), s.plainLookup()), "")
}

func (s *sheet) plainly() string {
	return s.t("会社のコンピューターを、使ってはいけない人が使いました。%sごろに始まりました。会社は%sに気が付きました。", "Somebody used the firm's computers without being allowed to. It began about %s. The firm noticed on %s.", s.date(s.f.first()), s.date(s.f.Case.Known)+s.early())
}

func (s *sheet) plainData() string {
	data := s.data()
	if data == "" {
		return ""
	}
	who := s.subjects()
	if who != "" {
		who = s.t("%sの", "Of %s: ", who)
	}
	return lines(s.t("%s%sです。", "%s%s.", who, data), labelled(s.t("いつのもの：", "Years: "), s.years()))
}

// plainClass is one of the three numbers in an easy sentence.
func (s *sheet) plainClass(c Class) string {
	x := &s.f.Total.Exposure
	if !x.Known {
		return ""
	}
	switch {
	case c == Confirmed && x.Files.Confirmed == 0 && x.Unknown.Confirmed == 0 && x.Persons.Confirmed == 0 && x.Strange == 0:
		return s.plainRecords()
	case c == Confirmed:
		return lines(s.t("コンピューターの記録に残っています。", "The records of the computers show it."), s.plainCount(c))
	case c == Possible:
		return lines(s.t("記録だけでは、はっきりしません。読まれたかもしれません。", "The records alone do not tell. It may have been read."), s.plainCount(c))
	case x.Files.Exempt > 0 || x.Persons.Exempt > 0:
		return lines(s.t("ほかに、暗号になっていて、かぎがないと読めないファイルがあります。これに手が届いたかもしれません。", "There are other files, in code, that cannot be read without a key. Somebody may have reached these."), s.plainCount(c))
	}
	return ""
}

// plainRecords says in easy words what records says: that nothing is on record where that may be said, and otherwise that it is not known.
func (s *sheet) plainRecords() string {
	if !s.f.Controls.Ledger.Verified {
		return s.t("まだ分かりません。コンピューターの記録が正しく続いているかを、これから確かめます。", "That is not known yet: whether the records of the computers are whole is still to be checked.")
	}
	return s.t("コンピューターの記録を調べました。中身を渡したという記録は、見つかっていません。これは、記録に残っている範囲のことです。", "The records of the computers were checked. They show no file whose content was handed out. That is what the records hold.")
}

// plainCount is a number of persons in easy words.
func (s *sheet) plainCount(c Class) string {
	x := &s.f.Total.Exposure
	n, files := x.Persons.of(c), x.Unknown.of(c)
	switch {
	case files > 0 && n == 0:
		return s.t("何人分かは、まだ分かりません。だれのものか分からないファイルが%sあります。", "Of how many persons is not known yet: there are %s of which nobody knows whose they are.", s.files(files))
	case files > 0:
		return s.t("分かっているのは%sです。ほかに、だれのものか分からないファイルが%sあります。人数は、もっと多いかもしれません。", "Known: %s. There are also %s of which nobody knows whose they are, so there may be more persons.", s.people(n), s.files(files))
	}
	return s.t("人数は%sです。", "Persons: %s.", s.people(n))
}

func (s *sheet) plainGaps() string {
	if len(s.f.Gaps) == 0 {
		return ""
	}
	return s.t("記録がない時間がありました。その時間のものは「読まれたかもしれない」に入れて数えています。", "There were times without records. What could have been read then counts here.")
}

func (s *sheet) plainLoss() string {
	d := &s.f.Total.Damage
	switch {
	case !d.Known:
		return ""
	case d.Files == 0 && d.held() > 0:
		return s.t("こわされそうになったファイルは%sです。止めたので、前の写真やデータは残っています。", "Files that somebody tried to break: %s. It was stopped, and what they held before is kept.", s.count(d.held()))
	case d.Files == 0:
		return s.t("こわされたファイルは、記録では見つかっていません。", "The records show no file that was broken.")
	case d.Intact >= d.Files:
		kept := s.t("こわされたファイルは%sです。こわされる前の写真やデータは、別に残っています。", "Files that were broken: %s. What they held before is kept elsewhere.", s.count(d.Files))
		if d.RolledBack >= d.Files {
			kept += s.t("すべて、もとにもどしました。", " All of them were put back.")
		}
		return kept
	}
	return s.t("こわされたファイルは%sです。このうち%sは、こわされる前のものが残っています。ほかの%sは、まだ分かりません。", "Files that were broken: %s. Of %s what they held before is kept; of the other %s that is not known yet.", s.count(d.Files), s.files(d.Intact), s.files(d.Files-d.Intact))
}

func layPlain(s *sheet, list []Field) (out []document.Block) {
	out = s.opening(nil, s.text(Title(PlainNotice)))
	for _, p := range s.value(get(list, "intro")) {
		out = append(out, p)
	}
	out = append(out, s.parts(list[1:])...)
	return out
}
