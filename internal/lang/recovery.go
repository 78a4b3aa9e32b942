package lang

// recoveryTexts are about the papers and the cards from which a lost keeper comes back.
var recoveryTexts = []text{
	{"op.make papers", "Cannot make the papers", "紙の鍵片を作成できません"},
	{"op.test papers", "Cannot test the papers", "紙の鍵片を確認できません"},
	{"op.restore keeper", "Cannot restore the keeper", "鍵番を復旧できません"},
	{"op.destroy keys", "Cannot destroy the keys", "鍵を破棄できません"},
	{"op.check card", "Cannot check the key card", "鍵束カードを確認できません"},
	{"op.write card", "Cannot write the key card", "鍵束カードを書き込めません"},
	{"op.copy keeper", "Cannot copy the keeper's files", "鍵番のファイルを複製できません"},

	{"hint.papers-number", "At least 2 papers must be needed, there can be at most 16, and not more can be needed than there are: “2 of 3” is a good choice.", "必要な枚数は2枚以上、全体は16枚以内で、必要な枚数が全体の枚数を超えないように指定してください。迷ったら「3枚のうち2枚」をお勧めします。"},
	{"hint.no-papers", "There are no papers yet. Make them with “azekura recovery make”.", "紙の鍵片はまだありません。「azekura recovery make」で作成してください。"},
	{"hint.recovery-file", "The file “recovery” is damaged, or was exchanged. Bring it back from a copy of the same set, or renew the papers.", "「recovery」ファイルが壊れているか、差し替えられています。同じ組の複製から戻すか、紙の鍵片を更新してください。"},
	{"hint.no-papers-there", "Neither the card nor the medium says which papers open it: no papers had been made when they were written.", "カードにも媒体にも紙の鍵片の情報がありません。書き込んだ時点で紙の鍵片が作成されていませんでした。"},
	{"hint.paper-other-vault", "One of the papers is of another vault. Look at the vault's code that is printed at its top.", "別の校倉の紙が混ざっています。紙の上部に印刷された校倉の番号を確かめてください。"},
	{"hint.papers-too-few", "More papers of this set are needed. The numbers are: the set, its code, papers that were given, papers needed. The same paper twice counts once.", "この組の紙がもっと必要です。数字は、組の番号、組の識別番号、入力された枚数、必要な枚数です。同じ紙を2回入力しても1枚と数えます。"},
	{"hint.papers-of-set", "Papers of another set were given, and more of this one are needed: the papers were renewed between the day of the card and the day of the medium, or the papers are from before. The numbers are: the set, its code, papers that were given, papers needed.", "別の組の紙が入力されていて、この組の紙が足りません。カードと媒体の間の日に紙が更新されたか、古い紙が入力されています。数字は、組の番号、組の識別番号、入力された枚数、必要な枚数です。"},
	{"hint.papers-wrong", "The papers can be read, and do not open it: at least one is not what was printed. Try other papers of the set.", "紙は正しく読み取れましたが、開錠できません。少なくとも1枚が印刷されたものと異なります。同じ組の別の紙で試してください。"},
	{"hint.card-other-vault", "The card is of another vault.", "別の校倉のカードです。"},
	{"hint.card-other-root", "The card was written before the papers were renewed, or is damaged. Refresh it with “azekura card refresh”.", "紙の鍵片を更新する前に書き込まれたカードか、壊れたカードです。「azekura card refresh」で書き直してください。"},
}
