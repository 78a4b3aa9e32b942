package lang

// rosterTexts say what is wrong with a cell of a roster: 1 is its row, 2 its column, 3 what stands there, 4 another row.
var rosterTexts = []text{
	{"roster.empty", "Row %[1]d, column %[2]s: the cell is empty.", "%[1]d 行目 %[2]s 列：セルが空です。"},
	{"roster.twice", "Row %[1]d: “%[3]s” is the same person as in row %[4]d (school, year, class and number are equal).", "%[1]d 行目：「%[3]s」は %[4]d 行目と同じ人です（学校・年度・組・番号が同じ）。"},
	{"roster.long", "Row %[1]d, column %[2]s: “%[3]s” is too long.", "%[1]d 行目 %[2]s 列：「%[3]s」は長すぎます。"},
	{"roster.bytes", "Row %[1]d, column %[2]s: “%[3]s” holds bytes that are no letters. The file may be damaged, or in another encoding.", "%[1]d 行目 %[2]s 列：「%[3]s」に文字として読めない部分があります。ファイルが壊れているか、文字コードが違います。"},
	{"roster.error", "Row %[1]d, column %[2]s: the formula has no result (%[3]s).", "%[1]d 行目 %[2]s 列：数式の結果がエラーです（%[3]s）。"},
	{"roster.date", "Row %[1]d, column %[2]s: Excel has made a date (%[3]s) of what was typed, such as of 3-1. In Excel, set the column to “Text”, type the cell again, and import the list once more.", "%[1]d 行目 %[2]s 列：「3-1」のような入力を Excel が日付（%[3]s）に変えています。Excel で列の表示形式を「文字列」にしてから入力し直し、もう一度取り込んでください。"},
	{"roster.quote", "Row %[1]d, column %[2]s: the quotation mark before “%[3]s” is never closed.", "%[1]d 行目 %[2]s 列：「%[3]s」の前の引用符（\"）が閉じられていません。"},
	{"roster.wide", "Row %[1]d: there are too many columns.", "%[1]d 行目：列が多すぎます。"},
	{"roster.no-number", "Row %[1]d, column %[2]s: “%[3]s” has no number and is told from others by name.", "%[1]d 行目 %[2]s 列：「%[3]s」に番号がないため、氏名で区別します。"},
	{"roster.gaiji", "Row %[1]d, column %[2]s: “%[3]s” holds a letter that only the sender's computer can show. It is kept; ask how it is written.", "%[1]d 行目 %[2]s 列：「%[3]s」に、作成元のパソコンでしか表示できない文字（外字）または〓があります。そのまま取り込みますが、正しい字を確認してください。"},
	{"roster.lost", "Row %[1]d, column %[2]s: in “%[3]s” a letter was lost before the file came here. It is kept as it is; ask how it is written.", "%[1]d 行目 %[2]s 列：「%[3]s」には、受け取る前に失われた文字（�）があります。そのまま取り込みますが、正しい字を確認してください。"},
	{"roster.no-share", "Row %[1]d, column %[2]s: there is no share “%[3]s”, or you may not write its line.", "%[1]d 行目 %[2]s 列：保管庫「%[3]s」がないか、記入する権限がありません。"},
	{"roster.line-twice", "Row %[1]d, column %[2]s: the same share and school stand in row %[4]d already.", "%[1]d 行目 %[2]s 列：同じ保管庫・学校の行が %[4]d 行目にもあります。"},
	{"roster.no-year", "Row %[1]d, column %[2]s: “%[3]s” is no year.", "%[1]d 行目 %[2]s 列：「%[3]s」は年度として読めません。"},
	{"roster.school-twice", "Row %[1]d, column %[2]s: “%[3]s” stands in row %[4]d already.", "%[1]d 行目 %[2]s 列：「%[3]s」は %[4]d 行目にもあります。"},
	{"roster.no-answer", "Row %[1]d, column %[2]s: “%[3]s” is neither yes nor no.", "%[1]d 行目 %[2]s 列：「%[3]s」は「はい」「いいえ」（公立・私立）のどちらでもありません。"},
	{"roster.not-in-roster", "Row %[1]d, column %[2]s: the roster has nobody of “%[3]s”. Is it written as there?", "%[1]d 行目 %[2]s 列：「%[3]s」の人は名簿にいません。名簿と同じ学校名か確認してください。"},
}

// RosterIssue says what is wrong with a cell of a roster: word is one of package roster's.
func (l Lang) RosterIssue(word string, row int, column, value string, other int) string {
	key := "roster." + word
	if !Has(key) {
		key = "roster.bytes"
	}
	return l.Text(key, row, column, value, other)
}
