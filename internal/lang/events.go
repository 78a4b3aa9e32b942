package lang

// eventTexts name the kinds of the ledger's events.
var eventTexts = []text{
	{"event.heartbeat", "heartbeat", "定時記録"},
	{"event.started", "the keeper started", "鍵番が起動"},
	{"event.stopped", "the keeper stopped", "鍵番が停止"},
	{"event.login", "logged in", "ログイン"},
	{"event.login-failed", "login failed", "ログイン失敗"},
	{"event.logout", "session ended", "セッション終了"},
	{"event.unlocked", "names of a share unlocked", "保管庫の名前を開錠"},
	{"event.released", "keys released", "鍵の払い出し"},
	{"event.refused", "release refused", "払い出し拒否"},
	{"event.saved", "saved", "保存"},
	{"event.changed", "changed", "変更"},
	{"event.pack-sealed", "pack sealed", "束を封緘"},
	{"event.share-made", "share created", "保管庫を作成"},
	{"event.rights-changed", "rights changed", "権限を変更"},
	{"event.account-made", "account created", "利用者を登録"},
	{"event.account-changed", "account changed", "利用者を変更"},
	{"event.device-made", "device password made", "機器パスワードを発行"},
	{"event.reading-key-given", "reading key given away", "閲覧鍵を交付"},
	{"event.protection-changed", "protection of the keys changed", "鍵の保護方法を変更"},
	{"event.rollback-accepted", "opened in spite of an older ledger", "古い台帳のまま開錠"},
	{"event.device-removed", "device removed", "機器を削除"},
}
