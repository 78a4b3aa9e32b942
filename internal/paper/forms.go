package paper

// fillMark is the report to the body of the PrivacyMark, by the fields that are known of its form.
func fillMark(s *sheet) {
	x := &s.f.Total.Exposure
	s.words("about", s.t("項目名は公表資料（旧版を含む。）によるもので、現行の報告フォームとは照合していません。提出は事故報告システムへの入力によります。データが暗号化されていた場合も報告の対象とされています。",
		"The names of the fields are from published sources, some of them older, and were not compared with the form in force. It is filed by entering it into the body's system. Encrypted data must be reported, too."))
	s.head("報告者", "Reporter")
	s.fact("kind", "報告種別", "kind of report", s.t("速報・確報の別：", "first or final: ")+s.open("選択", "choose"), "")
	s.fact("due", "報告の期限", "due", s.due("mark-first", "mark-final"), "")
	s.fact("mark", "プライバシーマーク登録番号", "registration number", s.f.Firm.Mark, "")
	s.fact("by.name", "事業者名", "firm", s.f.Firm.Name, "")
	s.fact("by.business", "業種", "business", s.f.Firm.Business, "")
	s.fact("by.contact", "担当者", "contact", s.contact(), "")
	s.head("事故の内容", "The accident")
	s.fact("1.occurred", "発生日及び発覚日", "when it happened and was found out", lines(labelled(s.t("発生日：", "happened: "), s.occurred()), labelled(s.t("発覚日：", "found out: "), s.discovered())), "")
	s.fact("1.event", "事故の概要", "what happened", s.event(), "state")
	s.fact("2", "事故対象の個人情報の媒体、項目及び件数", "medium, items and number of personal data", lines(s.t("媒体：電子媒体", "medium: electronic"), labelled(s.t("項目：", "items: "), s.data()), labelled(s.t("対象のファイル：", "files: "), s.readFiles(x)), s.three(x)), "")
	s.fact("safety", "安全管理措置の実施状況", "security measures", lines(s.controls(), s.ciphers()), "safety")
	s.fact("1.course", "事故等に係る経過", "course of events", s.course(mostLines, true), "")
	s.fact("origin", "事故発生元及び事故発生者", "where and by whom", s.way(), "originator")
	s.head("対応", "What was done")
	s.fact("6", "（事故対象となった個人情報の）本人等への対応", "for the persons and clients", "", "persons-response")
	s.fact("7", "事故の公表", "publication", "", "publication publication-how")
	s.fact("5", "2次被害", "further damage", "", "secondary-damage secondary-what")
	s.fact("4", "原因の分析", "cause", "", "cause")
	s.fact("8.done", "再発防止策（実施済み）", "measures taken", "", "measures-done")
	s.fact("8.planned", "再発防止策（予定）", "measures planned", "", "measures-planned")
	s.fact("told", "関係機関への届出・相談", "police and other bodies", "", "told")
	s.fact("9.records", "利用記録の検証", "verification of the records", lines(s.ledger(), s.records(x)), "")
}

func labelled(label, text string) string {
	if text == "" {
		return ""
	}
	return label + text
}

// fillRansom is a draft for the common form of ransomware attacks. The names of its fields are from articles about it.
func fillRansom(s *sheet) {
	d := &s.f.Total.Damage
	s.words("about", s.t("ランサムウェア事案共通様式（別添様式2）へ転記するための下書きです。項目名は解説記事等によるもので、公式様式（2025年5月28日申合せ、2026年9月15日改定）とは照合していません。使用する版を確認してください。",
		"A draft to copy into the common form for ransomware attacks. The names of the fields are from articles; they were not compared with the official form (agreed on 28 May 2025, revised on 15 September 2026). Check which revision is in force."))
	s.head("共通事項", "Common")
	s.fact("by.name", "報告者", "reporter", s.f.Firm.Name, "")
	s.fact("by.contact", "連絡先（責任者・窓口）", "contact", s.contact(), "")
	s.fact("1.occurred", "発生日", "when it happened", s.occurred(), "")
	s.fact("1.found", "気付いた日時", "when it was noticed", s.discovered(), "")
	s.fact("state", "現在の状況", "how things stand", "", "state")
	s.fact("1.course", "事案概要（いつ・どこで・何が起きたか）", "course of events", s.course(mostLines, true), "")
	s.fact("impact", "影響（顧客・業務）", "effect on customers and business", "", "impact")
	s.fact("8.done", "初動対応（遮断・隔離等）", "first measures", s.controls(), "measures-done")
	s.head("ランサムウェアに関する事項", "Ransomware")
	s.fact("notes", "ランサムノート", "ransom notes", s.notes(), "").note = s.t("文面と画面の写しを添付", "enclose text and picture")
	s.fact("endings", "暗号化ファイルの拡張子", "endings of encrypted files", s.endings(), "")
	s.fact("encrypted", "類型：暗号化の有無", "type: encryption", s.encrypted(), "")
	s.fact("leak", "類型：リークサイト等での漏えい示唆", "type: leak site", "", "leak-site")
	s.fact("demand", "類型：身代金要求の有無", "type: ransom demanded", "", "ransom-demand")
	s.fact("entry", "侵入方法", "way in", s.way(), "entry").note = s.t("脆弱性悪用・フィッシング・不正なVPN利用等", "weakness, phishing, VPN, …")
	s.fact("indicators", "特徴（インディケータ）", "indicators", s.addresses(), "indicators").note = s.t("ハッシュ値・通信先・使用ツール・ログ抜粋", "hashes, addresses, tools, logs")
	s.fact("machines", "被害端末・サーバーの台数とOS", "machines hit, and their systems", "", "machines")
	s.fact("damage", "データの被害", "damage", s.damage(), "")
	s.fact("copies", "バックアップの有無と被害", "backups", s.copies(), "")
	s.fact("recovery", "復旧の見込み", "recovery", "", "recovery")
	s.head("個人データに関する事項", "Personal data")
	s.fact("personal", "個人データ関与の可能性", "personal data among it", lines(labelled(s.t("対象のファイル：", "files: "), s.readFiles(&s.f.Total.Exposure)), s.three(&s.f.Total.Exposure)), "")
	s.fact("2.items", "個人データの項目", "which data", s.data(), "")
	s.head("その他", "Other matters")
	s.fact("told", "警察・関係機関への相談", "police and other bodies", "", "told")
	s.fact("outside", "外部専門機関", "outside experts", "", "investigation")
	s.fact("publication", "公表", "publication", "", "publication")
	if d.Known {
		s.fact("9.records", "利用記録の検証", "verification of the records", lines(s.ledger(), s.records(&s.f.Total.Exposure)), "")
		return
	}
	s.fact("9.records", "利用記録の検証", "verification of the records", s.ledger(), "")
}

// notes are what intruders have left.
func (s *sheet) notes() string {
	var out []string
	for i, n := range s.f.Total.Damage.Notes {
		if i == 6 {
			out = append(out, s.t("ほか%d種類", "and %d more", len(s.f.Total.Damage.Notes)-i))
			break
		}
		out = append(out, s.t("・%s（%s）\n　SHA-256: %s", "- %s (%s)\n  SHA-256: %s", n.Name, s.files(n.Files), s.or(n.SHA256, "未計算", "not computed")))
	}
	return lines(out...)
}

func (s *sheet) endings() string {
	var out []string
	for i, n := range s.f.Total.Damage.Endings {
		if i == 12 {
			out = append(out, s.t("ほか%d種類", "%d more", len(s.f.Total.Damage.Endings)-i))
			break
		}
		out = append(out, s.t("%s（%s）", "%s (%s)", n.Ending, s.files(n.Files)))
	}
	return s.list(out)
}

// encrypted is whether files were, which only a look at the damage can say.
func (s *sheet) encrypted() string {
	d := &s.f.Total.Damage
	if !d.Known {
		return ""
	}
	for _, h := range d.Hurts {
		if h.Kind == "encrypted" && h.Files > 0 {
			return s.t("有（%s。被害全体で、データ量の%s）", "yes (%s; all damage together is %s of the data)", s.files(h.Files), s.percent(d.Bytes, d.OfBytes))
		}
	}
	if n := d.held(); n > 0 {
		return s.t("保留したため反映されなかった操作が%sについて記録されています。暗号化かどうかは、内容を確認して記入してください。", "What was done to files (%s) was held back, so that others do not see it. Look whether it was encryption, and write it here.", s.files(n))
	}
	return s.t("記録上、暗号化されたファイルは確認されていません。", "The records show no file that was encrypted.")
}

// addresses are where suspects came from.
func (s *sheet) addresses() string {
	var out []string
	for _, x := range s.f.Case.Suspects {
		if x.Address != "" && len(out) < 10 {
			out = append(out, s.t("・接続元 %s（%s）", "- from %s (%s)", x.Address, s.moment(x.From)))
		}
	}
	return lines(out...)
}

func (s *sheet) copies() string {
	var out []string
	for _, k := range s.f.Controls.Copies {
		where := s.t("常時接続", "connected")
		switch {
		case k.Offline:
			where = s.t("切り離し保管", "offline")
		case !k.Locked.IsZero():
			where = s.t("常時接続、%sまで削除不可", "connected, cannot be deleted until %s", s.date(k.Locked))
		}
		out = append(out, s.t("・%s（%s、最終照合 %s）", "- %s (%s, last verified %s)", k.Name, where, s.moment(k.Verified)))
	}
	return lines(out...)
}

// ciphers are how data were encrypted.
func (s *sheet) ciphers() string {
	if len(s.f.Controls.Ciphers) == 0 {
		return ""
	}
	return s.t("・保管データの暗号化：%s", "- encryption of the data: %s", s.list(s.f.Controls.Ciphers))
}

// fillExemption lays out what the records show of the two conditions of the exemption. It never decides.
func fillExemption(s *sheet) {
	x, c := &s.f.Total.Exposure, &s.f.Controls
	s.words("about", s.t("施行規則第7条第1号の括弧書（高度な暗号化その他の個人の権利利益を保護するために必要な措置）に当たるかを、人（必要に応じて弁護士）が判断するための資料です。システムは判断しません。条件AとB（①〜③のいずれか）の両方が必要とされています（個人情報保護委員会Q&A。番号・文言は要確認）。",
		"Evidence for people, and a lawyer where needed, who decide whether data were encrypted so that nothing need be reported (rule 7(1), parenthesis). The program does not decide. Both A and B are needed, and within B one of three (Q&A of the Commission; its number and words are to be checked)."))
	s.head("対象", "What it is about")
	s.fact("files", "暗号化された状態でのみ到達し得たファイル", "files in reach in encrypted form alone", s.candidates(), "")
	s.fact("outside", "対象外のもの（例外に当たり得ないもの）", "what cannot be exempt", s.outside(), "").note = s.t("平文の提供、鍵が及んだもの、記録の欠落", "plaintext handed out, keys in reach, gaps")
	s.head("条件A　暗号化等の技術的措置", "Condition A: encryption")
	s.fact("a.ciphers", "用いた暗号技術", "algorithms", s.list(c.Ciphers), "").note = s.t("電子政府推奨暗号リスト・ISO/IEC 18033等に掲載された技術か", "on the e-Government list, ISO/IEC 18033, …")
	s.fact("a.sound", "適切に実装されていること", "soundly implemented", s.t("実装の評価は記録からは示せません。", "The records cannot show that."), "")
	s.head("条件B　復号の手段の管理（①〜③のいずれか）", "Condition B: keys (one of three)")
	s.fact("b.1", "① 情報と復号鍵の分離、鍵自体の漏えい防止", "1. keys kept apart, and from leaking", lines(s.text(c.KeysApart), s.reach()), "")
	s.fact("b.2", "② 遠隔操作による情報又は鍵の削除", "2. data or keys can be deleted from afar", "", "")
	s.fact("b.3", "③ 第三者が鍵を行使できない設計", "3. nobody else can use the keys", s.unwraps(), "")
	s.head("記録の確かさ", "How far the records go")
	s.fact("ledger", "利用記録の検証", "verification of the ledger", lines(s.ledger(), s.records(x)), "")
	s.fact("limits", "該当する場合も残る義務", "what stays due", s.t("プライバシーマークの報告（暗号化されていても対象）、委託元との契約に基づく報告、安全管理の義務。任意の報告も妨げられません。", "The report for the PrivacyMark, what contracts with clients ask for, and the duties of security. One may report of one's own will."), "")
	s.head("判断", "Decision")
	s.fact("decision", "該当・非該当、判断者、理由", "decided by whom, and why", "", "exempt exemption")
}

// candidates are what may be exempt.
func (s *sheet) candidates() string {
	x := &s.f.Total.Exposure
	if !x.Known {
		return ""
	}
	return s.t("ファイル：%s\n本人の数：%s", "files: %s\npersons: %s", s.files(x.Files.Exempt), s.persons(x, Exempt))
}

// outside is what the exemption cannot cover.
func (s *sheet) outside() string {
	x := &s.f.Total.Exposure
	if !x.Known {
		return ""
	}
	return lines(s.t("平文の提供が確認されたファイル：%s", "plaintext handed out: %s", s.files(x.Files.Confirmed)), s.t("鍵が及んだ、又は記録に欠落がある「可能性」のファイル：%s", "keys in reach, or gaps: %s", s.files(x.Files.Possible)), s.loose(x))
}

func (s *sheet) reach() string {
	r := s.f.Controls.Reach
	if len(r) < 2 {
		return ""
	}
	return s.t("鍵を扱う機器が不審とされた期間：%s（この期間に鍵が及んだものは例外に当たり得ません。）", "A host that holds keys was distrusted %s: what its keys opened cannot be exempt.", s.span(r[0], r[1]))
}

func (s *sheet) unwraps() string {
	n := s.f.Controls.Unwraps
	if !n.Known {
		return ""
	}
	return s.t("対象期間の鍵の払い出し：%s件（すべて台帳に記録。払い出しには有効なセッションが必要）", "Keys handed out in the window: %s, each in the ledger; it takes a live session.", s.n(n.N))
}
