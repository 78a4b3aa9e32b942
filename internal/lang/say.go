package lang

// sayTexts are what commands print.
var sayTexts = []text{
	{"say.examples", "Examples:", "使用例："},
	{"say.usage-heading", "Usage:", "書式："},
	{"say.commands", "Commands:", "コマンド："},
	{"say.flags", "Flags:", "オプション："},
	{"say.exit-codes", "Exit codes: 0 done; 1 broken, see the log; 2 wrong usage; 3 partly done; 10 not found; 11 locked; 12 not logged in;\n13 not allowed; 14 exists or in the way; 15 changed meanwhile; 16 frozen; 17 too large; 18 disk full; 19 damaged;\n20 not now; 21 more than may be read; 130 interrupted.",
		"終了コード：0 完了、1 内部障害、2 使い方の誤り、3 一部未完了、10 該当なし、11 ロック中、12 未ログイン、\n13 権限なし、14 重複または矛盾、15 変更済み、16 凍結中、17 上限超過、18 空き容量なし、19 破損、\n20 実行不可、21 閲覧の上限超過、130 中断。"},
	{"say.usage", "Wrong usage: %s. See --help.", "使い方が違います：%s（--help を参照）"},
	{"say.keeper-key-file", "on this machine; the root key lies in a file (key-file)", "このサーバーに同居、根鍵はファイルにあります（key-file）"},
	{"say.keeper-passphrase", "on this machine; the root key is opened by a passphrase (passphrase)", "このサーバーに同居、根鍵はパスフレーズで開きます（passphrase）"},
	{"say.keeper-credential", "on this machine; the root key is opened by a credential of systemd (credential)", "このサーバーに同居、根鍵は systemd の資格情報で開きます（credential）"},
	{"say.use-yes", "without a terminal this needs --yes", "端末なしで実行するには --yes が必要です"},
	{"say.confirm-protect", "The root key is opened by %s. From now on it is to be %s. Type yes to go on:", "根鍵を開く方法を %s から %s に変えます。続けるには「はい」または yes と入力してください："},
	{"say.protected", "From its next start on the storehouse is opened by %s. azekura.toml says so.", "次の起動から、校倉は %s で開きます。azekura.toml にも書き込みました。"},
	{"say.old-key-file", "The key file still opens older copies of the keeper's files: destroy both together.", "以前の鍵ファイルは、鍵番のファイルの古い控えを今も開けます。両方とも破棄してください。"},
	{"say.confirm-rollback", "Records of the ledger are lost if you go on with the older one. Type yes to go on:", "古い台帳のまま続けると、失われた記録は戻りません。続けるには「はい」または yes と入力してください："},
	{"say.rollback-accepted", "The vault opens with this ledger from now on. The ledger records that you have accepted it.", "今後はこの台帳で校倉を開けます。受け入れたことは台帳に記録しました。"},
	{"say.use-command", "there is no command “%s”", "「%s」というコマンドはありません"},
	{"say.use-command-near", "there is no command “%s”; is “%s” meant?", "「%s」というコマンドはありません。「%s」のことですか"},
	{"say.use-flag", "there is no flag %s", "%s という指定はありません"},
	{"say.use-needs-value", "%s needs a value", "%s には値が必要です"},
	{"say.use-value", "“%s” is no value of that flag", "その指定に「%s」は使えません"},
	{"say.use-line", "too few or too many arguments; the form is: %s", "引数の数が合いません。正しい形は次のとおりです：%s"},
	{"say.use-right", "“%s” is none of none, read, write", "「%s」は none、read、write のいずれでもありません"},
	{"say.use-shell", "there is no completion for the shell “%s”", "シェル「%s」の補完はありません"},
	{"say.use-bundle-key", "ledger bundle needs --reading-key (azekura ledger reading-key makes one)", "ledger bundle には --reading-key が必要です（azekura ledger reading-key で作成できます）"},
	{"say.use-reading-key", "--dir needs --reading-key", "--dir には --reading-key も必要です"},
	{"say.use-entry", "“%s” is no number of an entry", "「%s」は記録の番号ではありません"},
	{"say.use-either", "--at and --version exclude each other", "--at と --version は同時に指定できません"},
	{"say.day-cut", "That is as long as the policy lets it: its day length, or the closing time.", "規則（1 日の長さ、または終業時刻）で認められた終わりまでです。"},
	{"say.usage-command", "COMMAND", "コマンド"},
	{"arg.account", "ACCOUNT", "利用者"},
	{"arg.address", "ADDRESS", "アドレス"},
	{"arg.case", "CASE", "事案番号"},
	{"arg.device", "DEVICE", "機器"},
	{"arg.dir", "DIR", "フォルダー"},
	{"arg.entry", "ENTRY", "記録の番号"},
	{"arg.field", "FIELD", "項目"},
	{"arg.file", "FILE", "ファイル"},
	{"arg.folder", "FOLDER", "フォルダー"},
	{"arg.key", "KEY", "鍵"},
	{"arg.kind", "KIND", "種類"},
	{"arg.medium", "MEDIUM", "媒体"},
	{"arg.mirror", "MIRROR", "写し"},
	{"arg.name", "NAME", "名前"},
	{"arg.network", "NETWORK", "ネットワーク"},
	{"arg.number", "NUMBER", "番号"},
	{"arg.path", "PATH", "パス"},
	{"arg.role", "ROLE", "役割"},
	{"arg.share", "SHARE", "保管庫"},
	{"arg.src", "SRC", "取り込み元"},
	{"arg.template", "TEMPLATE", "名前の形"},
	{"arg.text", "TEXT", "文字列"},
	{"arg.time", "TIME", "日時"},
	{"arg.value", "VALUE", "値"},
	{"say.usage-text", "TEXT", "文字列"},
	{"say.usage-number", "N", "数"},
	{"say.usage-default", "(default %s)", "（既定値 %s）"},
	{"flaw.damaged", "damaged from %d %% on: %s", "%d %% の位置から破損しています（%s）"},
	{"say.no-entries", "Nothing was found. If that is a surprise, look at how names and paths are written.", "該当する記録はありません。心当たりがある場合は、名前やパスの書き方を確認してください。"},
	{"say.use-version", "%d is no version: they are numbered from 1", "%d という版はありません（版の番号は 1 からです）"},
	{"say.use-kind", "“%s” is no kind of entry; kinds are released, refused, saved, changed, login, login-failed, unlocked, rights-changed, pack-sealed and the like",
		"「%s」という種類の記録はありません。released、refused、saved、changed、login、login-failed、unlocked、rights-changed、pack-sealed などがあります"},
	{"say.use-time", "“%s” is no time; write 2026-07-13 08:00, or 2026-07-13T08:00:00+09:00", "「%s」は日時ではありません。2026-07-13 08:00 または 2026-07-13T08:00:00+09:00 のように書いてください"},
	{"say.interrupted", "Interrupted. What was acknowledged is kept; run the command again to go on.", "中断しました。完了した分は保存されています。もう一度実行すると続きから始まります。"},
	{"say.partly", "%d could not be done; they are named above.", "%d 件が未完了です（上に表示）。"},

	{"say.new-password", "New password: ", "新しいパスワード："},
	{"say.again", "Once more: ", "もう一度："},
	{"say.root-passphrase", "Passphrase of the root key: ", "根鍵のパスフレーズ："},
	{"say.secret", "  %s\nIt is shown this once and kept nowhere.", "  %s\n表示は今回限りです。どこにも保存されません。"},

	{"say.progress", "%d files, %s, %s/s", "%d 件、%s、毎秒 %s"},
	{"say.working", "%d so far, %s", "%d 件まで処理、%s 経過"},
	{"say.progress-bar", "[%s] %d %%  %d files, %s, %s/s, %s left", "[%s] %d %%  %d 件、%s、毎秒 %s、残り %s"},
	{"say.imported", "Files imported: %d (%s in %.1f s), unchanged: %d, skipped: %d, failed: %d.", "%d 件を取り込みました（%s、%.1f 秒）。変更なし %d 件、対象外 %d 件、失敗 %d 件。"},
	{"say.exported", "Files exported: %d (%s in %.1f s), unchanged: %d, skipped: %d, failed: %d.", "%d 件を書き出しました（%s、%.1f 秒）。変更なし %d 件、対象外 %d 件、失敗 %d 件。"},
	{"say.skipped", "skipped: %s: %s", "対象外：%s：%s"},
	{"say.failed", "failed: %s: %s", "失敗：%s：%s"},
	{"say.not-a-file", "neither a file nor a directory (%s)", "ファイルでもフォルダーでもありません（%s）"},
	{"say.same-name", "the same name as “%s” once composed", "合成すると「%s」と同じ名前になります"},
	{"say.litter", "a program's lock or litter file, which is not kept", "プログラムの一時ファイルのため保存しません"},
	{"say.changed-while-read", "changed while it was read; run the command again", "読み取り中に変更されました。もう一度実行してください"},

	{"say.act-made", "made", "作成"},
	{"say.act-saved", "saved", "保存"},
	{"say.act-linked", "put in place, copied or restored", "置き換え・複写・復元"},
	{"say.act-held", "held back", "保留"},
	{"say.act-removal-held", "removal held back", "削除を保留"},
	{"say.act-settled", "decided what was held", "保留を判断"},
	{"say.act-moved", "moved", "移動"},
	{"say.act-removed", "removed", "削除"},
	{"say.act-changed", "properties changed", "属性変更"},

	{"say.restored", "%s: version %d of %s restored", "%s：第 %d 版（%s）に戻しました"},
	{"say.brought-back", "%s: brought back", "%s：削除前の状態に戻しました"},
	{"say.renamed", "%s: back as %s", "%s：元の場所「%s」に戻しました"},
	{"say.made-again", "%s: directory made again", "%s：フォルダーを作り直しました"},
	{"say.kept", "%s: newer, kept", "%s：後から作られたため残しました"},
	{"say.unchanged", "%s: is that version already", "%s：すでにその版です"},
	{"say.dry-run", "Nothing was done: this was a dry run.", "確認だけで、何も変更していません。"},
	{"say.nothing-to-restore", "Everything is as it was at that time.", "すべて指定時点のままです。"},

	{"say.place", "share %s, pack %d, offset %d, %d bytes", "保管庫 %s、束 %d、位置 %d、%d バイト"},
	{"say.place-pack", "share %s, pack %d", "保管庫「%s」の束 %d"},
	{"say.damage-missing", "it is missing", "ありません"},
	{"say.damage-altered", "it is not what was stored (%s)", "保存した内容と違います（%s）"},
	{"say.damage-ledger", "it is not the pack that the ledger says was stored", "台帳に記録された束と違います"},
	{"say.damage-lost", "the ledger says that it was saved, and no pack holds that version", "台帳に保存の記録がある版が、どの束にもありません"},
	{"say.head-account", "ACCOUNT", "利用者"},
	{"say.head-role", "ROLE", "役割"},
	{"say.head-state", "STATE", "状態"},
	{"say.head-devices", "DEVICES", "機器"},
	{"say.head-used", "LAST USED", "最終利用"},
	{"say.head-group", "GROUP", "グループ"},
	{"say.head-groups", "GROUPS", "グループ"},
	{"say.head-members", "MEMBERS", "メンバー"},
	{"say.head-id", "ID", "ID"},
	{"say.head-act", "ACT", "内容"},
	{"say.head-target", "ON", "対象"},
	{"say.head-by", "ASKED BY", "申請者"},
	{"say.head-reason", "REASON", "理由"},
	{"say.head-path", "PATH", "パス"},
	{"say.head-when", "WHEN", "日時"},
	{"say.head-sign", "WHAT THE GUARD SAW", "番人が見たもの"},
	{"say.head-who", "BY", "実行者"},
	{"say.head-frozen", "FROZEN", "凍結"},
	{"say.head-which", "WHICH", "対象"},
	{"say.guard", "the guard", "番人"},
	{"say.none-held", "Nothing is held.", "保留はありません。"},
	{"say.none-frozen", "Nothing is frozen.", "凍結はありません。"},
	{"say.held-accepted", "Accepted: %d", "採用しました：%d 件"},
	{"say.held-discarded", "Discarded: %d. The history keeps them.", "破棄しました：%d 件（履歴には残ります）"},
	{"say.case-open", "Case %s, open since %s, by %s: %s", "事案 %s（%s 開始、%s）：%s"},
	{"say.case-closed", "Case %s, closed %s, opened by %s: %s", "事案 %s（%s 終了、開始：%s）：%s"},
	{"say.case-note", "  found: %s", "  結果：%s"},
	{"say.case-is-closed", "Case %s is closed.", "事案 %s を終えました。"},
	{"say.no-case", "There is no case.", "事案はありません。"},
	{"say.until-now", "now", "現在"},
	{"say.frozen", "Frozen: %s, %s. Nothing is written and nothing read there any more.", "凍結しました：%s、%s。書き込みと読み出しは止まっています。"},
	{"say.thawed", "Thawed.", "解凍しました。"},
	{"say.no-damage", "The records show nothing that they have done to files in this time.", "記録では、この期間に対象者がファイルを変えた操作は見つかりませんでした。"},
	{"say.damage-sum", "%s: %d of %d files (%s), %s of %s (%s)", "%s：%d / %d ファイル（%s）、%s / %s（%s）"},
	{"say.damage-intact", "  an intact version is there: %d of %d", "  元の版あり：%d / %d"},
	{"say.damage-by", "  by %s (%s, session %s): %d files, %s", "  操作者 %s（%s、セッション %s）：%d ファイル、%s"},
	{"say.damage-device", "device", "機器"},
	{"say.damage-kind", "  of kind %s: %d files, %s", "  種類 %s：%d ファイル、%s"},
	{"say.damage-other", "unknown", "不明"},
	{"say.damage-more", "  and %d more kinds", "  ほか %d 種類"},
	{"say.back-beside", "%s: %s; something else has this name now, it stands as %s", "%s：%s（別のファイルがこの名前を使っているため、%s として復元）"},
	{"say.rollback-left", "Not put right, because you may not: %s", "権限がないため、元に戻していない保管庫：%s"},
	{"say.rollback-undo", "To take this back: azekura rollback --party %s --from %s --to %s", "この操作を取り消すには：azekura rollback --party %s --from %s --to %s"},
	{"say.kept-beside", "kept: %s; the version from before is %s", "そのまま：%s（元の版は %s）"},
	{"say.rolled-back", "%d files, %s", "%d ファイル、%s"},
	{"say.alert-when", "When", "日時"},
	{"say.alert-who", "Who", "利用者・機器"},
	{"say.alert-where", "Where", "場所"},
	{"say.alert-sign", "What was seen", "番人が見たもの"},
	{"say.alert-by", "Frozen by", "凍結した人"},
	{"say.alert-reason", "Why", "理由"},
	{"say.alert-sent", "Sent. Look whether it has arrived.", "送信しました。届いているか確かめてください。"},
	{"say.head-rights", "RIGHTS", "権限"},
	{"say.head-device", "DEVICE", "機器"},
	{"say.head-door", "DOOR", "接続方法"},
	{"say.head-address", "ADDRESS", "接続元"},
	{"say.head-since", "SINCE", "開始"},
	{"say.head-until", "UNTIL", "期限"},
	{"say.finding", "DAMAGED  %s: %s", "破損  %s：%s"},
	{"say.verified", "%d shares, %d packs, %s read, %d versions opened: %d findings.", "保管庫 %d、束 %d、%s を検査し、%d 版を開きました。異常 %d 件。"},
	{"say.rebuilt", "%s: catalogue made anew from %d frames, %d files, %d versions. It differs from the one before.", "%s：%d 枠から目録を作り直しました（%d ファイル、%d 版）。以前の目録とは異なります。"},
	{"say.rebuilt-equal", "%s: catalogue made anew from %d frames, %d files, %d versions. It is equal to the one before.", "%s：%d 枠から目録を作り直しました（%d ファイル、%d 版）。以前の目録と一致します。"},

	{"say.account-made", "Account “%s” created.", "利用者「%s」を登録しました。"},
	{"say.account-disabled", "Account “%s” is closed.", "利用者「%s」を停止しました。"},
	{"say.account-enabled", "Account “%s” is open again.", "利用者「%s」を再開しました。"},
	{"say.password-set", "“%s” has a new password.", "「%s」のパスワードを変更しました。"},
	{"say.device-made", "Device password of “%s” for “%s”:", "「%s」の機器「%s」のパスワード："},
	{"say.device-key-added", "“%s” can log in from “%s” with its SSH key.", "「%s」は機器「%s」の SSH 鍵でログインできます。"},
	{"say.invited", "Give this link to “%s”; it is good once, until %s:\n  %s", "次のリンクを「%s」に渡してください。%s まで、一度だけ有効です。\n  %s"},
	{"say.proposed", "It takes two people. Somebody else confirms it with: azekura proposal confirm %s (until %s)", "二人での確認が必要です。別の人が次のコマンドで承認してください：azekura proposal confirm %s（%s まで）"},
	{"say.role-set", "“%s” is %s now.", "「%s」の役割を「%s」にしました。"},
	{"say.account-removed", "Account “%s” is removed. Its history stays.", "利用者「%s」を削除しました（履歴は残ります）。"},
	{"say.factors-reset", "“%s” has neither password nor second factor now. Let them in again with: azekura account invite", "「%s」のパスワードと二要素目を消しました。azekura account invite で招待してください。"},
	{"say.share-networks-set", "The share “%s” may be used from: %s", "保管庫「%s」を使える接続元：%s"},
	{"say.networks-set", "“%s” may come from: %s", "「%s」の接続元：%s"},
	{"say.everywhere", "everywhere", "制限なし"},
	{"say.no-renewal", "There was no renewal of all passwords yet.", "全員のパスワード更新は、まだ行われていません。"},
	{"say.renewal", "Renewal since %s, by %s: %s\n%d of %d people have set a new password.", "%s に %s が開始：%s\n更新済み %d 人／対象 %d 人"},
	{"say.renewal-waits", "Still to come: %s", "未設定：%s"},
	{"say.day-opened", "The file doors are open for the devices of “%s” until %s.", "「%s」の機器でのファイル接続を開始しました（%s まで）。"},
	{"say.day-closed", "The file doors are closed for the devices of “%s”.", "「%s」の機器でのファイル接続を終了しました。"},
	{"say.group-set", "Group “%s” has %d members.", "グループ「%s」のメンバーは %d 人です。"},
	{"say.group-removed", "Group “%s” is removed, with the rights it gave.", "グループ「%s」と、その権限を削除しました。"},
	{"say.confirmed", "Confirmed and done.", "承認し、実行しました。"},
	{"say.withdrawn", "Refused; nothing was done.", "却下しました。何も変更していません。"},
	{"say.passwords-loaded", "%d passwords are refused from now on.", "%d 件のパスワードを使用禁止にしました。"},
	{"say.export-waits", "The reading budget of this minute is spent. Going on at %s. (For large exports, ask for a job before: azekura job ask.)", "1 分間の閲覧の上限に達しました。%s に再開します。（大量の書き出しは、事前に azekura job ask で申請できます。）"},
	{"say.proposal-change", "%s would change: %s: %s → %s", "%s の変更内容：%s：%s → %s"},
	{"say.policy-set", "The policy is changed.", "方針を変更しました。"},
	{"say.policy-firm", "firm", "会社名"},
	{"say.policy-factor", "second factor", "二要素認証"},
	{"say.policy-day", "length of a day", "一日の利用時間"},
	{"say.policy-closing", "closing time", "終業時刻"},
	{"say.policy-opening", "opening time", "始業時刻"},
	{"say.policy-open", "files to open", "ファイルを開く"},
	{"say.policy-preview", "small pictures", "縮小画像"},
	{"say.policy-export", "files to export", "書き出し"},
	{"say.policy-persons", "distinct persons", "個人"},
	{"say.policy-budget", "%d a minute, %d a day", "1 分に %d、1 日に %d"},
	{"say.policy-places", "new addresses and devices", "初めての接続元・機器"},
	{"say.places-watched", "a tenth of the day's budget, and told", "1 日の上限を 10 分の 1 にし、通知"},
	{"say.places-any", "nothing special", "特別に扱わない"},
	{"say.use-budget", "A budget is two numbers, a minute's and a day's, such as 1000/5000; this is not one: %s", "上限は「1000/5000」のように 1 分と 1 日の数で指定してください：%s"},
	{"say.head-opened", "opened", "開いた数"},
	{"say.head-previewed", "previewed", "縮小画像"},
	{"say.head-exported", "exported", "書き出し"},
	{"say.head-persons", "persons", "個人"},
	{"say.head-person", "person", "個人"},
	{"say.head-odd", "remarks", "備考"},
	{"say.head-purpose", "purpose", "目的"},
	{"say.head-files", "files", "ファイル"},
	{"say.read-more", "%d× more", "追加 %d 回"},
	{"say.none-read", "The records show no reading today.", "本日の閲覧の記録はありません。"},
	{"say.no-proposals", "Nothing waits for a second person.", "二人目の承認を待っているものはありません。"},
	{"say.no-groups", "There are no groups.", "グループはありません。"},
	{"say.no-jobs", "No job is open.", "進行中の作業はありません。"},
	{"say.job-begun", "The job has begun.", "作業を開始しました。"},
	{"say.job-ended", "The job is ended.", "作業を終了しました。"},
	{"say.trap-set", "The trap is set: %s. Who touches it from now on is frozen.", "おとりを設置しました（%s）。以後、触れた人は凍結されます。"},
	{"say.trap-removed", "The trap is gone.", "おとりを撤去しました。"},
	{"say.no-traps", "There are no traps.", "おとりはありません。"},
	{"say.share-persons", "Persons in “%s”: %s", "「%s」での個人の見分け方：%s"},
	{"say.policy-network", "network %s", "ネットワーク %s"},
	{"say.factor-needed", "needed by everybody", "全員に必須"},
	{"say.factor-not-needed", "not needed", "任意"},
	{"say.session-ended", "The session has ended.", "セッションを終了しました。"},
	{"say.invited-here", "It works in a browser on this machine only. For other computers, start the server with --https :8443 first (docs/operations.md).",
		"このサーバー上のブラウザーでだけ開けます。ほかのコンピューターから使うには、先に --https :8443 を付けてサーバーを起動してください（docs/operations.ja.md）。"},
	{"say.invitation-open", "invited", "招待中"},
	{"say.must-renew", "must set a new password", "パスワード更新待ち"},
	{"say.day-open-until", "open until %s", "%s まで利用中"},
	{"say.use-role", "no such role: %s (there are: %s)", "そのような役割はありません：%s（%s）"},
	{"say.use-network", "%s: write NAME=NETWORK,NETWORK", "%s：「名前=ネットワーク,ネットワーク」の形で指定してください"},
	{"say.device-removed", "The device password of “%s” for “%s” is useless now.", "「%s」の機器「%s」のパスワードを無効にしました。"},
	{"say.granted", "“%s” in share “%s”: %s.", "「%s」の保管庫「%s」での権限：%s"},
	{"say.share-made", "Share “%[1]s” created. Nobody may use it yet: azekura account grant NAME '%[1]s' write", "保管庫「%[1]s」を作成しました。まだ誰にも権限がありません。次に権限を設定してください：azekura account grant 利用者 '%[1]s' write"},
	{"say.enabled", "open", "有効"},
	{"say.disabled", "closed", "停止"},

	{"say.status-server", "server", "サーバー"},
	{"say.serving", "running since %s", "%s から稼働中"},
	{"say.not-serving", "not running; this command has opened the vault", "停止中（このコマンドが校倉を開きました）"},
	{"say.status-version", "version", "版"},
	{"say.status-data", "data", "データ"},
	{"say.status-free", "free", "空き容量"},
	{"say.status-keeper", "keeper", "鍵番"},
	{"say.status-ledger", "ledger", "台帳"},
	{"say.ledger-size", "%d entries; public key:", "%d 件、公開鍵："},
	{"say.status-alerts", "alerts", "通知"},
	{"say.status-sessions", "sessions", "セッション"},
	{"say.status-damage", "DAMAGE", "破損"},
	{"say.damage-known", "Damage was found in the stored packs (number of packs: %s). Run “azekura verify --keys”: it names what does not open. What to do: docs/operations.md, “A pack is damaged or missing”.",
		"保存済みの束に破損が見つかっています（束の数：%s）。「azekura verify --keys」で、開けないものの名前を確認してください。対処は docs/operations.ja.md の「束が壊れた、なくなった」をご覧ください。"},
	{"say.status-leases", "keys held", "保持中の鍵"},
	{"say.status-shares", "shares", "保管庫"},
	{"say.status-config", "configuration", "設定"},
	{"say.host-key", "host key %s", "ホスト鍵 %s"},
	{"say.fingerprint", "SHA-256 %s", "SHA-256 %s"},
	{"say.caution-key-file", "The root key lies in a file on this machine: whoever becomes root here, or takes disk and key file together, can read everything. A disk without the key file tells nothing.",
		"根鍵はこのサーバーのファイルにあります。このサーバーの root になった者、またはディスクと鍵ファイルの両方を手に入れた者は、すべてを読めます。鍵ファイルのないディスクからは何も読めません。"},
	{"say.caution-passphrase", "The root key is in memory while the keeper runs: whoever becomes root here then can read everything. A machine that is off tells nothing without the passphrase.",
		"鍵番の動作中、根鍵はメモリーにあります。その間にこのサーバーの root になった者は、すべてを読めます。電源を切ったサーバーからは、パスフレーズなしには何も読めません。"},
	{"say.caution-credential", "The root key comes from a systemd credential: a disk taken out of this machine tells nothing if the credential is tied to the TPM. Whoever becomes root here can read everything.",
		"根鍵は systemd の資格情報から得ています。資格情報が TPM に結び付いていれば、取り外したディスクからは何も読めません。このサーバーの root になった者は、すべてを読めます。"},

	{"say.first-share", "albums", "アルバム"},
	{"say.serving-at", "Serving at %s", "待ち受け中：%s"},
	{"say.welcome-file", "A new vault was created. How to get in stands in %s: read it, then remove it.", "新しい校倉を作成しました。接続方法は %s にあります。読んだら削除してください。"},
	{"say.welcome-lost", "A new vault was created, but how to get in could not be written (%v). Make a link with: %s account invite %s", "新しい校倉を作成しましたが、接続方法を書き出せませんでした（%v）。次のコマンドで招待リンクを発行してください：%s account invite %s"},

	{"say.evidence-wrong", "WRONG  %s: %s (%s)", "異常  %s：%s（%s）"},
	{"say.evidence-more", "and %d more", "ほか %d 件"},
	{"say.evidence-ok", "%s\n%d entries stand in the ledger of %d entries, and say what the texts say; %d paths are shown.", "%s\n%d 件の記録が、%d 件からなる台帳にあり、内容は文面どおりです。パスは %d 件です。"},
	{"say.evidence-about", "About: %s (this line is not part of the ledger)", "件名：%s（この行は台帳の記録ではありません）"},
	{"say.evidence-cosigned", "Cosigned by %d witnesses that the bundle names.", "一式に記された立会人 %d 名の署名があります。"},
	{"say.evidence-digest", "Digest of the bundle (SHA-256 of bundle.json): %s", "一式のダイジェスト（bundle.json の SHA-256）：%s"},
	{"say.evidence-own-key", "The public key was taken from the bundle itself: compare it with one from elsewhere, or give it with --public-key.", "公開鍵は一式の中のものです。別の経路で受け取った鍵と照合するか、--public-key で指定してください。"},
	{"say.evidence-unbound", "That no entry was made to open in two ways takes the reading key to rule out (--reading-key).", "記録が二通りに開くように作られた可能性を除くには、閲覧鍵が必要です（--reading-key）。"},
	{"say.evidence-limits", "It says nothing about entries that are not in it.", "ここにない記録については、何も示しません。"},
	{"evidence.missing", "is not there", "ありません"},
	{"evidence.unlisted", "is not named in the list", "一覧にありません"},
	{"evidence.altered", "is not the file that the list names", "一覧のものと異なります"},
	{"evidence.malformed", "is no file of its kind", "形式が正しくありません"},
	{"evidence.other-key", "is the key of another ledger", "別の台帳の鍵です"},
	{"evidence.unsigned", "has no valid signature", "正しい署名がありません"},
	{"evidence.other-head", "belongs to another checkpoint", "別の署名時点のものです"},
	{"evidence.other-index", "belongs to another entry", "別の記録のものです"},
	{"evidence.unproven", "does not prove that the entry stands in the ledger", "記録が台帳にあることを示していません"},
	{"evidence.other-text", "does not say what the entry says", "記録の内容と異なります"},
	{"evidence.second-key", "has a key that does not follow from the reading key", "鍵が閲覧鍵から導かれるものではありません"},
	{"evidence.disorder", "names entries twice or out of their order", "記録が重複しているか、順序が正しくありません"},
	{"say.ledger-ok", "%s\n%d entries from %s to %s: signature, tree and order are right.", "%s\n%d 件（%s ～ %s）：署名、木構造、順序に異常はありません。"},
	{"say.ledger-empty", "%s\nThe ledger is empty.", "%s\n台帳に記録はありません。"},
	{"say.ledger-gap", "no entry between %s and %s (before entry %d)", "%s から %s まで記録がありません（%d 番の前）"},
	{"say.ledger-backward", "the clock went back from %s to %s (entry %d)", "時刻が %s から %s に戻っています（%d 番）"},
	{"say.ledger-beyond", "%d more entries are not covered by a checkpoint yet.", "署名前の記録がほかに %d 件あります。"},
	{"say.ledger-damage", "DAMAGED  %s: %s: %s", "破損  %s：%s：%s"},
	{"say.ledger-exported", "%d entries exported to %s.", "%d 件を %s に書き出しました。"},
	{"say.entry-closed", "(sealed: the key at hand does not open it)", "（封緘：手元の鍵では開けません）"},
	{"say.files-omitted", "and %d more files", "ほか %d 件"},
	{"say.written", "Written to %s.", "%s に書き出しました。"},
}

// welcomeTexts tell the maker of a vault how to get in.
var welcomeTexts = []text{
	{"welcome.title", `
A new vault was created in %s.
This is shown once.
`, `
新しい校倉を %s に作成しました。
この表示は一度だけです。
`},
	{"welcome.here", `Open this link in a browser on this machine
`, `このサーバー上のブラウザーで、次のリンクを開いてください
`},
	{"welcome.network", `Open this link in a browser, on this machine or in its network
`, `次のリンクをブラウザーで開いてください（このサーバー、または同じネットワークから）
`},
	{"welcome.link", `  %[1]s
  It is for the administrator “%[2]s” and good once, until %[3]s: choose a password, set up a second factor,
  and the page shows the rest. Another link: %[4]s account invite %[2]s
`, `  %[1]s
  管理者「%[2]s」用で、%[3]s まで一度だけ有効です。パスワードと二要素目を設定すると、次の手順が画面に表示されます。
  リンクの再発行：%[4]s account invite %[2]s
`},
	{"welcome.others", `  From other computers: start it with --https :8443 (plain HTTP stays on this machine).
`, `  ほかのコンピューターから使うには、--https :8443 を付けて起動してください（HTTP はこのサーバー内だけで使えます）。
`},
	{"welcome.certificate", `Certificate
  self-signed, made for this machine: %s
  SHA-256 %s
  Put it among the trusted roots of each client, after comparing the fingerprint.
`, `証明書
  このサーバーのための自己署名証明書：%s
  SHA-256 %s
  指紋を照合したうえで、各クライアントの信頼されたルートに登録してください。
`},
	{"welcome.host-key", `SFTP
  host key %s
  Programs ask about it at the first connection: compare before you say yes.
`, `SFTP
  ホスト鍵：%s
  初めて接続するとき、表示される値がこれと同じことを確認してから承認してください。
`},
	{"welcome.key-file", `What protects what
  Keeper and storehouse share this machine. The root key is the file
    %s
  Keep a copy of it in a safe: without it nothing can ever be opened again. Whoever has it and the data has everything;
  whoever has only the disk without it learns sizes and counts. An intruder who becomes root here can read what he wants.
`, `守れるもの、守れないもの
  鍵番と校倉が同じサーバーにあります。根鍵は次のファイルです。
    %s
  複製を金庫に保管してください。失うと、二度と何も開けません。このファイルとデータの両方を持つ者は、すべてを読めます。
  ファイルのないディスクから分かるのは、大きさと件数だけです。このサーバーの root になった侵入者は、何でも読めます。
`},
	{"welcome.key-elsewhere", `What protects what
  Keeper and storehouse share this machine. The root key is not on the disk: without the passphrase or the credential nothing
  can ever be opened again. An intruder who becomes root here while it runs can read what he wants.
`, `守れるもの、守れないもの
  鍵番と校倉が同じサーバーにあります。根鍵はディスク上にありません。パスフレーズまたは資格情報を失うと、二度と何も開けません。
  動作中にこのサーバーの root になった侵入者は、何でも読めます。
`},
	{"welcome.next", `Next
  %[3]s import /path/to/files "%[1]s"
  %[3]s status
  %[3]s help
  without a browser: %[3]s account device add %[2]s DEVICE
                     %[3]s day open %[2]s
`, `次に
  %[3]s import /path/to/files "%[1]s"
  %[3]s status
  %[3]s help
  ブラウザーなしで使う場合：%[3]s account device add %[2]s 機器名
                            %[3]s day open %[2]s
`},
}
