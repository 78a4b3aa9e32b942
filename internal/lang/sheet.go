package lang

// sheetTexts stand on the papers with the pieces of the recovery secret. Who reads them may have lost everything an hour ago.
var sheetTexts = []text{
	{"web.sheet-title", "Papers that open the vault, set %d", "校倉を開く紙の鍵片（第%d組）"},
	{"web.sheet-footer", "vault %s, set %d (%s)", "校倉 %s　第%d組（%s）"},
	{"web.sheet-cover", "This file has %d papers, a page each. Any %d of them, with a key card and a medium, bring the vault back on a new machine.", "このファイルには%d枚の鍵片があります（1枚1ページ）。そのうち%d枚と、鍵束カード、保管媒体がそろえば、新しい機器で校倉を復旧できます。"},
	{"web.sheet-vault", "Vault", "校倉の番号"},
	{"web.sheet-set", "Set", "組"},
	{"web.sheet-made", "Made on", "作成日"},
	{"web.sheet-needed", "Needed", "必要な枚数"},
	{"web.sheet-of", "any %d of the %d papers of this set", "同じ組の%d枚（全%d枚）"},
	{"web.sheet-now", "Now", "いますること"},
	{"web.sheet-now-text", "Print the pages, one-sided, on a printer at your side that keeps no copies. Use paper and ink that last.\nGive each paper to another person, or put it in another place. Let each write the name on it.\nDelete this file, empty the bin, and clear the printer's memory.\nTest the papers within a month: “azekura recovery test”, or the page Reserve.", "手元にあり、印刷データを残さないプリンターで片面印刷します。紙とインクは長く保つものを使います。\n1枚ずつ別の人に渡すか、別の場所に保管します。受け取った人は紙に名前を書きます。\nこのファイルを削除し、ごみ箱を空にし、プリンターのメモリーも消去します。\n1か月以内に「azekura recovery test」か「復旧の備え」の画面で鍵片を確認します。"},
	{"web.sheet-who", "Who has which paper", "保管者の一覧"},
	{"web.sheet-who-text", "Keep this page apart from the papers: it opens nothing.", "このページは鍵片とは別に保管します。このページだけでは何も開きません。"},
	{"web.sheet-paper", "Paper", "枚"},
	{"web.sheet-holder", "Kept by", "保管者"},
	{"web.sheet-place", "Where", "保管場所"},
	{"web.sheet-date", "Received on", "受け取った日"},
	{"web.sheet-head", "Paper %d of %d", "紙の鍵片　%d枚目（全%d枚）"},
	{"web.sheet-says", "Any %d papers of this set open all the keys of the vault. One alone tells nothing. Keep it as you keep cash.", "この組の%d枚がそろうと、校倉のすべての鍵が開きます。1枚だけでは何も分かりません。現金と同じように保管してください。"},
	{"web.sheet-line", "line", "行"},
	{"web.sheet-check", "check word", "確認語"},
	{"web.sheet-use", "When the server is lost", "サーバーが失われたとき"},
	{"web.sheet-use-text", "Stay calm: nothing is in a hurry that papers can do. Get the medium, the key card and enough papers of this set together.\nOn a new machine install azekura and run “azekura help”: the command for restoring asks for the papers.\nScan the square, or type the words line by line, from left to right. Small or large letters do not matter, and the first four letters of a word are enough. If a word is wrong, you are told in which line.", "慌てる必要はありません。保管媒体・鍵束カード・この組の鍵片を必要な枚数だけ集めます。\n新しい機器に azekura を入れて「azekura help」を実行します。復旧のコマンドが鍵片の入力を求めます。\n四角いコードを読み取るか、単語を1行ずつ左から順に入力します。大文字・小文字・全角はどれでもよく、各単語は先頭の4文字で足ります。間違いがあれば、何行目かが表示されます。"},
	{"web.sheet-keep", "Keeping it", "保管のしかた"},
	{"web.sheet-keep-text", "In a safe, or a bank. Never together with another paper of this set, a key card or a medium.\nNever photograph it, scan it into a file, copy it, or send it.\nIf it is lost, was seen by others, or you leave the firm: tell the administrator at once, who renews the papers.\nWhen papers with a higher set number exist, keep this one until it is asked back: older media may need it. Then shred it.", "金庫か銀行に保管します。同じ組のほかの鍵片、鍵束カード、保管媒体と一緒に置かないでください。\n写真に撮る、ファイルに取り込む、複写する、送信することは、しないでください。\n紛失した、ほかの人に見られた、保管者が退職するときは、すぐに管理者に知らせてください。鍵片を更新します。\n組の番号が新しい鍵片ができても、返却を求められるまで保管します（古い保管媒体に必要なことがあります）。その後は細断します。"},
}
