package lang

// sinkTexts are about the copy of the ledger in a bucket.
var sinkTexts = []text{
	{"op.copy the ledger to the bucket", "Cannot copy the ledger to the bucket", "台帳をバケットに複製できません"},
	{"kind.conflict.copy the ledger to the bucket", "the two do not fit together", "両者が一致しません"},
	{"hint.sink-rewritten", "What lies in the bucket is not the beginning of this ledger: the ledger was cut or written anew, or an older copy of the vault was put back. Nothing is sent any more. Keep this machine and the bucket as they are, and compare: “azekura ledger verify --dir FILE --public-key …”.",
		"バケットにある台帳が、この台帳の途中までと一致しません。台帳が切り詰められたか書き直された、または校倉が以前の状態に戻されています。バケットへの複製は止めました。機器とバケットをそのまま保ち、「azekura ledger verify --dir 設定ファイル --public-key …」で照合してください。"},
	{"hint.sink-foreign", "There are heads in the bucket, and this ledger's key has signed none of them: it is the bucket of another vault, or somebody fills it. Use a bucket or a folder of its own.",
		"バケットにある記録のどれにも、この台帳の署名がありません。別の校倉のバケットか、誰かが書き込んでいます。専用のバケットまたはフォルダーを使ってください。"},
	{"hint.sink-empty", "No ledger was copied there yet. Look at “folder” in the file, and at “azekura status” of the house.", "台帳の複製がまだありません。設定ファイルの「folder」と、校倉の「azekura status」を確認してください。"},
	{"op.read the ledger's copy", "The copy of the ledger needs attention", "台帳の写しに注意が必要です"},
	{"kind.damaged.read the ledger's copy", "somebody has put something over parts of it", "一部の上に、別の内容か削除マークが置かれています"},
	{"hint.sink-covered", "What was read is the ledger's own, which lies below. Whoever did that has the credentials of the bucket: change them.", "読み取ったのは、その下に残っている正しい台帳です。バケットの認証情報が漏れています。変更してください。"},
	{"hint.sink-key", "A copy in a bucket has no public key that could be relied on. Give it: --public-key KEY or FILE; “azekura status” prints it.",
		"バケットの複製には信頼できる公開鍵がありません。--public-key で指定してください（「azekura status」に表示されます）。"},

	{"alert.uncopied", "The ledger does not reach its bucket", "台帳をバケットに複製できていません"},
	{"alerted.uncopied", "Its copy in the bucket has not been up to date for more than an hour. What is recorded meanwhile lies on the house's own machine only, and with its witnesses if there are any.", "1 時間以上、バケットの複製が最新になっていません。その間の記録は、校倉の機器と（あれば）立会人にしかありません。"},
	{"todo.uncopied", "“azekura status” says why, and what to do.", "原因と対処は「azekura status」で確認できます。"},
	{"alert.rewritten", "The ledger is not the one of which the bucket has a copy", "台帳がバケットの複製と食い違っています"},
	{"alerted.rewritten", "What lies in the bucket, and cannot be changed there, is not the beginning of the house's ledger: it was cut or written anew, or an older copy of the vault was put back.", "バケットにあり変更できない台帳が、校倉の台帳の途中までと一致しません。台帳が切り詰められたか書き直された、または校倉が以前の状態に戻されています。"},
	{"todo.rewritten", "Change nothing on the machine of the house. Compare: azekura ledger verify --dir FILE --public-key … (docs/witness.md).", "校倉の機器には手を加えず、「azekura ledger verify --dir 設定ファイル --public-key …」で照合してください（docs/witness.ja.md）。"},

	{"say.status-bucket", "ledger in bucket", "台帳のバケット"},
	{"say.bucket-copied", "“%s”: %d entries, up to date at %s; locked for %d days", "「%s」：%d 件、%s 時点で最新、ロック期間 %d 日"},
	{"web.bucket-copied", "The ledger's copy in the bucket “%s” has %d entries, and was up to date at %s.", "バケット「%s」に台帳の写しがあります（%d 件、%s 時点で最新）。"},
	{"web.bucket", "The ledger's copy in a bucket", "バケットにある台帳の写し"},
	{"web.bucket-about", "The sealed entries go to a cloud service apart from the house, where nobody can change or remove them for a time. Whoever rewrites the ledger is found out by what lies there. It is set up in the configuration (docs/witness.md).",
		"封をした記録を、校倉とは別のクラウドに送ります。一定の期間は誰にも変更も削除もできないため、台帳を書き換えると、そこにある写しとの食い違いで分かります。設定ファイルで指定します（docs/witness.ja.md）。"},
	{"say.bucket-never", "“%s”: not up to date since the start", "「%s」：起動後まだ最新になっていません"},
	{"say.ledger-covered", "Somebody has put something over %s; the ledger's own is whole, and was read. Whoever did that has the bucket's credentials: change them.",
		"%s の上に誰かが別の内容か削除マークを置いています。正しい内容は残っており、そちらを読みました。バケットの認証情報が漏れています。変更してください。"},
}
