package lang

// lineTexts are the lines of the timeline that papers tell, and what the system attests. Outsiders read them, too: no names of people.
var lineTexts = []text{
	{"line.from-ledger", "ledger", "台帳の記録"},
	{"line.from-desk", "entered by people", "担当者の記入"},
	{"line.distrusted", "From here on a party is distrusted", "この時点以降、不審な相手として扱う"},
	{"line.acts", "The distrusted parties: keys of %d versions handed out, %d saves and changes, %d logins on record", "不審な相手による記録：鍵の払い出し%d件、保存・変更%d件、ログイン%d件"},
	{"line.frozen-by-guard", "The guard froze a party by itself", "番人が不審な相手を自動で凍結"},
	{"line.frozen", "A party was frozen by hand", "担当者が不審な相手を凍結"},
	{"line.opened-by-guard", "The case opened by itself", "事案を自動で登録"},
	{"line.opened", "The case was opened by hand", "事案を登録"},
	{"line.knew", "Known in: %s", "認知：%s"},
	{"line.closed", "The case was closed", "事案を終了"},
	{"line.keys-apart", "The private keys lie with the keeper, sealed under a root key that is kept apart from the data; each use is written into the ledger before a key is handed out. In the embedded setting keeper and data are on one machine.", "秘密鍵は鍵番が管理し、データとは別に保管する根鍵で封じています。鍵の払い出しは、先に台帳へ記録してから行います。一体構成では、鍵番とデータは同じ機械にあります。"},
}
