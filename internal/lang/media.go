package lang

// mediaTexts are about media: copies of the vault that are normally switched off.
var mediaTexts = []text{
	{"op.sync medium", "Cannot copy to the medium", "保管媒体に複製できません"},
	{"op.verify medium", "Cannot verify the medium", "保管媒体を検査できません"},
	{"op.open medium", "Cannot read the medium", "保管媒体を読み取れません"},

	{"hint.medium-none", "There is no medium in this folder. “azekura media init FOLDER” makes one of an empty disk.",
		"このフォルダーには保管媒体がありません。空のディスクなら「azekura media init フォルダー」で作成できます。"},
	{"hint.medium-other-vault", "It belongs to another vault, and is left as it is.", "別の校倉の保管媒体です。何も変更していません。"},
	{"hint.medium-other", "It is another medium than the one that was meant.", "指定されたものとは別の保管媒体です。"},
	{"hint.medium-newer", "The medium has seen more of the ledger than this vault: the vault was put back to an older state. Nothing was written to the medium. Find out who did that and why; what the vault lacks is on the medium.",
		"保管媒体のほうが、この校倉の台帳より先まで記録しています。校倉が以前の状態に戻されたことを意味します。保管媒体には何も書き込んでいません。誰が何のために戻したのかを確認してください。失われた分は保管媒体にあります。"},
	{"hint.medium-forked", "The ledger on the medium is not the beginning of this vault's: one of the two was written anew. Nothing was written to the medium. Keep it as it is: it is evidence.",
		"保管媒体の台帳とこの校倉の台帳は途中から食い違っています。どちらかが書き直されています。保管媒体には何も書き込んでいません。証拠になりますので、そのまま保管してください。"},
	{"hint.medium-full", "Take a larger disk for a new medium, or have the medium keep fewer states. What is on it stays as it is.",
		"より大きなディスクで新しい保管媒体を作るか、残す世代数を減らしてください。保管媒体にあるものはそのままです。"},
	{"hint.medium-broken-off", "The medium is as it was at its last complete state. Look whether it is still connected; the next copy goes on where this one ended.",
		"保管媒体は、最後に完了した状態のままです。接続を確認してください。次の複製は続きから始まります。"},
	{"hint.medium-permission", "The user of the server must be able to write there: chown the folder of the medium, as docs/media.md says.",
		"サーバーの実行ユーザーが書き込めるようにしてください（docs/media.ja.md の chown の手順）。"},
	{"hint.medium-lies", "The medium gives back other bytes than were written to it. Do not rely on it; take another disk.",
		"書き込んだ内容と読み戻した内容が一致しません。この媒体は信頼できません。別のディスクを使用してください。"},
	{"hint.medium-empty", "It has no complete state yet.", "完了した世代がまだありません。"},
	{"hint.medium-state", "“azekura media verify” says which states are whole.", "「azekura media verify」で、どの世代が完全かを確認できます。"},
}
