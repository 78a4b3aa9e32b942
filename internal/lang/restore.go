package lang

// restoreTexts are about a vault that is made again of a medium, a key card and papers.
var restoreTexts = []text{
	{"op.restore vault", "Cannot restore the vault", "校倉を復旧できません"},

	{"hint.restore-file", "The file that says how far the restore is cannot be read. Begin again in an empty directory.", "復旧の進み具合を記録したファイルを読み取れません。空のディレクトリーで最初からやり直してください。"},
	{"hint.restore-other", "A restore from another medium or state was begun in this directory. Go on with that one, or use an empty directory.", "このディレクトリーでは、別の保管媒体か世代からの復旧が始まっています。その媒体で続けるか、空のディレクトリーを使ってください。"},
	{"hint.restore-vacant", "A vault is restored into an empty directory, so that nothing of another is lost. Name one with --data.", "校倉の復旧は空のディレクトリーに行います（ほかのデータを失わないためです）。--data で指定してください。"},
	{"hint.restore-space", "The disk is full. What is copied stays; make room, or use a larger disk, and run the same command again.", "ディスクに空きがありません。複製済みの分は残っています。空きを作ってから、同じコマンドをもう一度実行してください。"},
	{"hint.restore-medium", "The restore has not ended, and this medium is needed for it. Mount it there, or say with “azekura restore-vault --from FOLDER” where it is now.",
		"復旧がまだ終わっておらず、この保管媒体が必要です。同じ場所にマウントするか、「azekura restore-vault --from フォルダー」で場所を指定してください。"},
	{"hint.restore-again", "The restore was broken off before the ledger could tell of it. Run “azekura restore-vault” again, with the same medium.", "台帳に記録する前に復旧が中断しています。同じ保管媒体で「azekura restore-vault」をもう一度実行してください。"},
	{"hint.restoring", "The vault is being restored: everything can be read, and nothing saved until all of it is copied from the medium. “azekura status” says how far it is.",
		"校倉を復旧しています。閲覧はできますが、保管媒体からの複製が終わるまで保存はできません。進み具合は「azekura status」で確認できます。"},
	{"hint.restore-card", "There is no key card in this place. Name the folder where the stick is mounted.", "この場所に鍵束カードがありません。USB メモリのマウント先のフォルダーを指定してください。"},
	{"hint.restore-card-damaged", "The card is damaged. Use another key card of this vault.", "カードが壊れています。この校倉の別の鍵束カードを使ってください。"},
	{"hint.restore-paper", "Look at that paper again, word by word, or use another of the set.", "その紙を一語ずつ見直すか、同じ組の別の紙を使ってください。"},

	{"note.card ", "key card %s", "鍵束カード %s"},
	{"note.papers ", "papers of set %s", "紙の鍵片 第 %s 組"},
	{"note.no keys of ", "no keys of the share %s", "保管庫「%s」の鍵なし"},

	{"cmd.restore-vault", "Make a lost vault again: from a medium, a key card and papers", "失われた校倉を、保管媒体・鍵束カード・紙の鍵片から復旧します"},
	{"cmd.restore-vault.long", "Run it on a machine that nobody else has had in hands, with an empty data directory. It asks for the papers: type the words, or scan the code. The root key gets a new protection; accounts, files and the ledger are as they were on the medium's date, and the ledger records the restore. When it is broken off, run the same command again: it goes on, and needs neither card nor papers any more. With --serve people can read at once, from the medium; docs/restore.md is the page to print.",
		"ほかの人が触れていない機器で、空のデータディレクトリーに対して実行します。紙の鍵片は、実行後に単語を入力するか符号を読み取らせます。根の鍵は新しく保護され、利用者・ファイル・台帳は保管媒体の日付の状態に戻り、復旧したことが台帳に残ります。途中で止まったときは同じコマンドをもう一度実行すると続きから進み、カードと紙はもう不要です。--serve を付けると、保管媒体から直接、すぐに閲覧できます。印刷して備える手順は docs/restore.ja.md にあります。"},
	{"flag.restore-from", "folder where the medium is mounted", "保管媒体のマウント先"},
	{"flag.restore-card", "folder where the stick with the key card is mounted", "鍵束カードの USB メモリのマウント先"},
	{"flag.restore-papers", "file with the papers, words or codes, instead of typing them", "紙の鍵片（単語か符号）を書いたファイル。入力の代わりに使います"},
	{"flag.restore-state", "state of the medium instead of the last", "最後以外の世代を使うときの世代番号"},
	{"flag.restore-serve", "open the doors at once, read-only from the medium, and copy behind them", "保管媒体から閲覧だけできる状態ですぐに公開し、並行して複製します"},
	{"say.restore-from", "restore-vault needs --from FOLDER, where the medium is mounted", "restore-vault には --from（保管媒体のマウント先）が必要です"},
	{"say.restore-card", "restore-vault needs --card FOLDER, where the stick with the key card is mounted", "restore-vault には --card（鍵束カードのマウント先）が必要です"},
	{"say.restore-card-older", "The newest key card on the stick is damaged; the one before is used.", "USB メモリの最新の鍵束カードが壊れているため、一つ前のものを使います。"},
	{"say.restore-doors", "Keeper and ledger are restored. Everything can be read as soon as the doors are open; it is copied from the medium meanwhile, and nothing can be saved until that is done.",
		"鍵番と台帳を復旧しました。公開と同時にすべて閲覧できます。並行して保管媒体から複製しており、終わるまで保存はできません。"},
	{"say.restore-keyless", "The key card has no keys of the share %s: it was made later. A fresher card has them.", "鍵束カードに保管庫「%s」の鍵がありません（カードより後に作られました）。より新しいカードに入っています。"},
	{"say.restore-partly", "%d parts could not be restored; they are named above.", "復旧できなかったものが %d 件あります（上に表示）。"},
	{"say.restored-vault", "The vault is restored in %s: %d packs, %s. Start it: %s serve", "校倉を %s に復旧しました（束 %d 個、%s）。起動：%s serve"},
}
