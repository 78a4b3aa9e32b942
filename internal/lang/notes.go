package lang

// noteTexts name what the ledger and accounts tell in words of their own: what was changed, why a session ended, what a file was
// opened for, what an account is.
var noteTexts = []text{
	{"role.staff", "staff", "一般"},
	{"role.administrator", "administrator", "管理者"},
	{"right.none", "none", "なし"},
	{"right.read", "read", "閲覧"},
	{"right.write", "write", "編集"},

	{"purpose.open", "to open", "閲覧"},
	{"purpose.preview", "for a preview", "プレビュー"},
	{"purpose.export", "to export", "書き出し"},
	{"purpose.verify", "to verify", "検査"},
	{"purpose.restore", "to restore", "復元"},
	{"purpose.copy", "to copy to another share", "別の保管庫へのコピー"},
	{"purpose.break-glass", "in an emergency", "緊急"},

	{"note.copy", "copied", "コピー"},
	{"note.lock", "locked", "ロック"},
	{"note.make directory", "folder made", "フォルダーを作成"},
	{"note.rebuild", "catalogue made anew", "目録を再作成"},
	{"note.remove", "removed", "削除"},
	{"note.rename", "renamed or moved", "名前の変更・移動"},
	{"note.restore", "restored", "復元"},
	{"note.save", "saved without content", "内容のない保存"},
	{"note.set properties", "properties set", "属性を変更"},

	{"note.disabled", "closed", "利用停止"},
	{"note.enabled", "opened again", "利用再開"},
	{"note.password", "new password", "パスワードを変更"},

	{"note.password changed", "the password was changed", "パスワードの変更"},
	{"note.device removed", "the device was removed", "機器の削除"},
	{"note.created", "the vault was made", "校倉を作成"},
	{"note.ended", "ended", "終了"},
	{"note.expired", "its time was over", "期限切れ"},
	{"note.idle", "not used for long", "長時間未使用"},
	{"note.protected", "the protection was changed", "保護方法を変更"},
	{"note.the keeper stopped", "the keeper stopped", "鍵番の停止"},
	{"note.the program ended", "the command ended", "コマンドの終了"},
	{"note.too many sessions", "too many sessions", "セッション数の上限"},

	{"note.account disabled", "the account is closed", "利用停止中"},
	{"note.console not open", "the console is not open", "コンソール利用不可"},
	{"note.malformed", "malformed", "形式の誤り"},
	{"note.more from there", "%d more from there", "同じ接続元からほか %d 件"},
	{"note.more from other addresses", "%d more from other addresses", "ほかの接続元から %d 件"},
	{"note.too many attempts", "too many attempts", "試行回数の超過"},
	{"note.unknown name", "unknown name", "登録のない名前"},
	{"note.wrong device password", "wrong device password", "機器パスワードの誤り"},
	{"note.wrong password", "wrong password", "パスワードの誤り"},

	{"note.key-file", "by a key file", "鍵ファイル"},
	{"note.passphrase", "by a pass phrase", "パスフレーズ"},
	{"note.credential", "by the machine", "この機器の資格情報"},
}
