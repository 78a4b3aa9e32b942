package lang

// firmTexts are about what reports say of the firm: the words are those of the Commission's form.
var firmTexts = []text{
	{"register.firm-name", "Firm", "事業者の名称"},
	{"register.firm-number", "Corporate number", "法人番号"},
	{"register.firm-business", "Kind of business", "業種"},
	{"register.firm-address", "Address", "所在地"},
	{"register.firm-title", "Title of the representative", "代表者の役職"},
	{"register.firm-representative", "Representative", "代表者の氏名"},
	{"register.firm-department", "Department of the person to ask", "事務連絡者の所属部署"},
	{"register.firm-person", "Person to ask", "事務連絡者の氏名"},
	{"register.firm-telephone", "Telephone", "電話番号"},
	{"register.firm-mail", "Mail", "メールアドレス"},
	{"register.firm-hours", "Telephone is answered", "電話の受付時間"},
	{"register.firm-mark", "PrivacyMark number", "プライバシーマーク登録番号"},

	{"web.firm-facts", "Facts of the firm", "自社の情報"},
	{"web.firm-about", "Every report and notice begins with these lines. Fill them in today: on the day of an incident there is no time for it.", "報告書と通知の冒頭に必ず載る内容です。万一の日に慌てないよう、今のうちに記入しておいてください。"},
	{"web.firm-name-where", "change it in the settings", "設定で変更"},
	{"web.firm-business-example", "printing", "印刷業"},
	{"web.firm-title-example", "President", "代表取締役"},
	{"web.firm-hours-example", "9:00 to 17:00 on working days", "平日9時〜17時"},
	{"web.firm-mark-about", "Only if the firm bears the PrivacyMark: its deadlines and reports are then counted, too.", "プライバシーマークを取得している場合のみ記入してください。審査機関への報告とその期限も計算します。"},
	{"web.to-firm", "Facts of the firm, for reports", "報告書に載る自社の情報"},

	{"cmd.firm", "Keep what reports say of the firm.", "報告書に載る自社の情報を管理する"},
	{"cmd.firm.long", "Every report of a case begins with it: corporate number, address, representative, the person to ask. The name is that of the policy.", "事案の報告書の冒頭に載る、法人番号・所在地・代表者・事務連絡者などの情報です。事業者の名称は方針で設定します。"},
	{"cmd.firm-show", "Show it.", "自社の情報を表示する"},
	{"cmd.firm-set", "Change it.", "自社の情報を変更する"},
	{"cmd.firm-set.long", "Only what is given changes; an empty text takes a line away.", "指定した項目だけを変更します。空の文字列を指定すると、その項目を消去します。"},
	{"say.firm-set", "The facts of the firm are written.", "自社の情報を記入しました。"},
	{"hint.firm-name", "The firm’s name is set in the policy: in the settings, or with “azekura policy set --firm”.", "事業者の名称は方針で設定します。設定画面か「azekura policy set --firm」で変更してください。"},
	{"hint.firm-number", "A corporate number has 13 digits, of which the first checks the others. Look it up at the National Tax Agency.", "法人番号は13桁で、先頭の1桁で誤りを検出できます。国税庁の法人番号公表サイトで確認してください。"},
	{"hint.firm-text", "Each line has at most 120 letters, and no line breaks.", "各項目は120文字以内で、改行なしで記入してください。"},
	{"hint.firm-mail", "That is no mail address such as privacy@example.jp.", "privacy@example.jp のようなメールアドレスを記入してください。"},
	{"hint.firm-mark", "A PrivacyMark number has 8 digits, and may have the number of renewals behind it: 10820001(05).", "プライバシーマーク登録番号は8桁の数字です。10820001(05)のように更新回数を付けることもできます。"},
}
