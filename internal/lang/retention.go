package lang

import (
	"fmt"
	"strings"
)

// retentionTexts are for the rules of shares, and for what is removed by them.
var retentionTexts = []text{
	{"op.remove by rule", "Cannot remove by the rule of the share", "保管庫の保存期間による削除ができません"},
	{"act.remove-by-rule", "remove for ever what the rule of a share lets go", "保存期間を過ぎた版の削除（元に戻せません）"},
	{"event.retention-set", "retention of a share set", "保管庫の保存期間を設定"},
	{"event.versions-removed", "removal by rule begun", "保存期間による削除を開始"},
	{"event.removal-ended", "removal by rule ended", "保存期間による削除を完了"},
	{"event.pack-rewritten", "pack written anew, without what was removed", "削除分を除いて束を書き直し"},

	{"note.versions %d; deleted %d; keep %d", "earlier versions %s, deleted files %s, the latest %d versions stay", "古い版：%s、削除したファイル：%s、最新 %d 版は残す"},
	{"note.removal %d; %s; asked for by %s", "removal %d of %d versions; asked for by %s", "第 %d 回の削除（%d 版）; 申請者：%s"},
	{"note.removal %d; contents %d; packs %d; bytes %d", "removal %d: %d versions; %d contents gone, %d packs written anew, %d bytes", "第 %d 回の削除：%d 版; どこからも使われなくなった内容 %d 件、書き直した束 %d 個、%d バイト"},
	{"rule.kept-days", "%d days", "%d 日"},
	{"rule.kept-for-ever", "for ever", "無期限"},
	{"hint.retention-rule", "Days are between 0 (for ever) and 36,600, versions that stay between 1 and 1,000.", "日数は 0（無期限）から 36,600、残す版の数は 1 から 1,000 の範囲で指定してください。"},
	{"hint.removed-by-rule", "This version was removed by the rule of its share. Nobody can bring it back.", "この版は保管庫の保存期間に従って削除されました。元に戻せません。"},
	{"hint.removal-held", "The cases that are named keep what belongs to this share: nothing is removed from it until two people have lifted that.", "表示された事案が、この保管庫のデータを保全しています。二人で保全を解除するまで、何も削除できません。"},
	{"hint.removal-frozen", "Something is frozen that may concern this share. Clear that up first: what is removed cannot be brought back.", "この保管庫に関わる可能性のある凍結があります。削除すると元に戻せないため、先に解決してください。"},
	{"hint.no-preview", "People agree on a preview, and there is none, or another one by now. Make it anew with azekura retention preview.", "合意の対象になる一覧がないか、その後に作り直されています。azekura retention preview でもう一度作成してください。"},
	{"hint.no-rule", "This share keeps everything for ever: it has no rule. Set one with azekura retention set.", "この保管庫には保存期間の定めがなく、すべて無期限に残ります。azekura retention set で設定してください。"},
	{"hint.removal-not-agreed", "Two people must have agreed on the preview within the last seven days: one asks (azekura retention ask SHARE), another confirms.", "一覧への合意が必要です（7 日間有効）。一人が申請し（azekura retention ask 保管庫）、別の人が承認します。"},
	{"hint.removal-runs", "A removal, or a preview of one, is being carried out. Wait until it has ended.", "別の削除または一覧の作成を実行中です。終わるまでお待ちください。"},

	{"hint.removal-damaged", "This pack is damaged, and was left as it is; what could be removed from the others is removed. “azekura verify” shows the damage. Bring the pack back from a copy, and run the removal again.", "この束は破損しているため、そのまま残しました。ほかの束からの削除は済んでいます。「azekura verify」で破損箇所を確認し、複製から復旧した後、もう一度削除を実行してください。"},

	{"hint.removal-stopped", "The server was stopped meanwhile. Nothing is lost: what the removal has not reached yet is as it was, and what stays was not touched. When the server runs again, do the same once more: a removal goes on where it was.",
		"途中でサーバーが停止しました。失われたものはありません。まだ削除していないものは元のままで、残すものには手を付けていません。サーバーが起動したら、同じ操作をもう一度行ってください。削除は続きから進みます。"},
	{"removal-step.files", "Files are looked at", "ファイルを調べています"},
	{"removal-step.versions", "Versions are removed", "版を削除しています"},
	{"removal-step.packs", "Packs are written anew without what was removed", "削除した内容を除いて、束を書き直しています"},

	{"kept.head", "what readers get", "現行版"},
	{"kept.young", "their time is not over", "保存期間内"},
	{"kept.keep", "among the latest, of which so many stay", "残す版の数の範囲内"},
	{"kept.held", "held by the guard, undecided", "番人による保留（未決定）"},
	{"kept.house", "rosters", "名簿"},
	{"kept.for-ever", "the rule keeps them for ever", "無期限"},
	{"kept.untold", "the ledger does not tell their age yet", "経過日数を台帳でまだ確認できないもの"},
	{"kept.next", "the list is full, they come next time", "一覧の上限を超えたもの（次回）"},

	{"rule.removal-versions", "Versions that go", "削除する版"},
	{"rule.removal-files", "Files that they are of", "対象ファイル"},
	{"rule.removal-deleted", "Deleted files that go altogether", "すべての版がなくなるファイル"},
	{"rule.removal-bytes", "Bytes", "バイト数"},
	{"rule.removal-present", "Counted up to (time of the ledger or its witnesses)", "基準日（台帳または立会人の時刻）"},
	{"rule.removal-left", "Contents that a removal which was broken off has left on the disk, at most", "中断した削除が途中まで進めた内容（ディスクに残っている可能性があるもの）"},
	{"rule.removal-unlisted", "Contents without a list of their pieces: while there are some, the bytes of what is removed stay on the disk", "断片の一覧がない内容（ある間は、削除した内容のバイト列がディスクに残ります）"},
	{"rule.removal-gaps", "Jumps of the clock that were not counted in full", "全部は数えなかった時計の飛び"},

	{"cmd.retention", "How long a share keeps earlier versions and deleted files, and their removal.", "古い版と削除したファイルの保存期間と、期間を過ぎたものの削除"},
	{"cmd.retention.long", "Without a rule nothing is ever removed. With one, nothing is removed by itself: somebody makes a preview and asks, another person confirms, and then exactly that list, or less, is removed. Ages are counted by the ledger, not by any computer's clock. Cases win: what they hold stays.", "保存期間を定めない限り、何も削除されません。定めても自動では削除されません。一覧を作って一人が申請し、別の人が承認すると、その一覧の範囲だけが削除されます。経過日数は、パソコンやサーバーの時計ではなく台帳で数えます。事案による保全が優先されます。"},
	{"cmd.retention-show", "The rule of a share, what waits, and what was removed.", "保管庫の保存期間、申請の状況、これまでの削除を表示する"},
	{"cmd.retention-set", "Set the rule of a share. What is not given stays as it is.", "保管庫の保存期間を設定する（指定しない項目は変わりません）"},
	{"cmd.retention-preview", "Find out what would go, and keep the list. Nothing is removed.", "削除の対象を調べ、一覧を作る（何も削除しません）"},
	{"cmd.retention-list", "The versions in the last preview, one a line; with --csv for a spreadsheet.", "最後に作った一覧の版を表示する（--csv で表計算用）"},
	{"cmd.retention-ask", "Ask for the removal of the last preview. A second person must confirm.", "最後に作った一覧の削除を申請する（二人目の承認が必要）"},
	{"cmd.retention-run", "Remove what two people have agreed on, or less. Broken off, it goes on when it is run again.", "合意した一覧の範囲を削除する（中断しても、もう一度実行すれば続きから進みます）"},
	{"flag.retention-versions", "days that an earlier version stays after another came in its place; 0: for ever", "新しい版に替わった後、古い版を残す日数（0：無期限）"},
	{"flag.retention-deleted", "days that a deleted file stays; 0: for ever", "削除したファイルを残す日数（0：無期限）"},
	{"flag.retention-keep", "so many of the latest versions of a file always stay", "日数にかかわらず残す最新の版の数"},
	{"flag.retention-reason", "why, for the second person and the ledger", "申請の理由（承認者と台帳に示します）"},
	{"flag.retention-csv", "as CSV, with a heading", "見出し付きの CSV で出力する"},
	{"say.retention", "Share “%s”: earlier versions %s, deleted files %s; the latest %d versions of a file always stay.", "保管庫「%s」：古い版は%s、削除したファイルは%s。最新 %d 版は必ず残します。"},
	{"say.retention-none", "Share “%s” keeps everything for ever: it has no rule.", "保管庫「%s」には保存期間の定めがなく、すべて無期限に残ります。"},
	{"say.retention-set", "The rule is set. Nothing is removed by it: azekura retention preview %s", "保存期間を設定しました。これだけでは何も削除されません：azekura retention preview %s"},
	{"say.retention-held", "Held by cases, nothing is removed: %s", "事案が保全しているため、何も削除されません：%s"},
	{"say.retention-waits", "A removal waits for a second person.", "削除の申請が、二人目の承認を待っています。"},
	{"say.retention-agreed", "Two people have agreed on a removal; it can be run until %s: azekura retention run %s", "削除に合意済みです（%s まで実行できます）：azekura retention run %s"},
	{"say.retention-removed", "removal %d, %s: %d versions, %s off the disk (asked for by %s, confirmed by %s)", "第 %d 回、%s：%d 版、ディスクから %s（申請：%s、承認：%s）"},
	{"say.retention-broken", "removal %d, begun %s: broken off, as when the server is stopped. What stays was not touched. Run it again: it goes on where it was", "第 %d 回、%s 開始：途中で止まっています（サーバーの停止など）。残すものには手を付けていません。もう一度実行すると続きから進みます"},
	{"say.retention-lapsed", "removal %d, begun %s: broken off, and the agreement on it has ended. Make a new preview: it shows what is left to do", "第 %d 回、%s 開始：中断し、合意の期限が切れました。一覧を作り直すと、残りの作業が分かります"},
	{"say.retention-alone", "nobody: there was nobody else who could", "なし（承認できる人がほかにいないため）"},
	{"say.retention-work", "%s: %d of %d", "進み具合　%s：%d / %d"},
	{"say.retention-media", "These media may still hold what was removed, until they are synced again: %s", "次の媒体には、次に同期するまで、削除した内容が残っている可能性があります：%s"},
	{"say.preview-nothing", "Nothing is due in share “%s”.", "保管庫「%s」に、保存期間を過ぎたものはありません。"},
	{"say.preview", "Share “%s”: %d versions of %d files would go (%s), %d files altogether. Saved between %s and %s.", "保管庫「%s」：%d 版（%d ファイル、%s）が削除の対象です。うち %d ファイルはすべての版がなくなります。保存日：%s ～ %s。"},
	{"say.preview-kept", "What stays:", "残るもの："},
	{"say.preview-left", "A removal was broken off. %s contents that it has removed from the books may still be on the disk: ask for this removal, and they go.", "前回の削除は途中で止まっています。目録からは削除済みの内容 %s 件が、ディスクに残っている可能性があります。この削除を申請すると取り除けます。"},
	{"say.preview-unlisted", "%s contents were saved by an earlier version of the program, which kept no list of their pieces. What is removed now opens for nobody any more, but its bytes stay on the disk until the share ends. To have them taken off, run azekura verify --keys first, which opens every version and makes the lists, and then make the preview again.", "%s 件の内容は、断片の一覧を作らない以前のバージョンで保存されたものです。このまま削除すると、内容は誰にも開けなくなりますが、バイト列は保管庫を消去するまでディスクに残ります。取り除くには、先に azekura verify --keys を実行し（すべての版を開いて一覧を作ります）、その後、削除の対象をもう一度調べてください。"},
	{"say.preview-present", "Ages are counted up to %s, the time of the ledger.", "経過日数は、台帳の時刻 %s まで数えています。"},
	{"say.preview-witnessed", "Ages are counted up to %s, the time that the witnesses have signed.", "経過日数は、立会人が署名した時刻 %s まで数えています。"},
	{"say.preview-unwitnessed", "The witnesses have not signed a time since the start, so nothing counts as old.", "起動後、立会人の署名した時刻がまだないため、経過日数を数えられません。"},
	{"say.preview-gap", "The clock jumped from %s to %s: counted as three days at most.", "時計が %s から %s へ飛んでいます（最大 3 日として数えました）。"},
	{"say.preview-how", "Nothing is removed yet. See the list: azekura retention list %[1]s. To ask for the removal: azekura retention ask %[1]s --reason \"…\"", "まだ何も削除していません。一覧：azekura retention list %[1]s　申請：azekura retention ask %[1]s --reason \"…\""},
	{"say.retention-asked", "It is agreed. Run it: azekura retention run %s", "合意が成立しました。実行：azekura retention run %s"},
	{"say.removal-done", "Removed: %d of %d versions, %d contents that nobody has any more, %s off the disk (%d packs written anew).", "削除しました：%d / %d 版、どこからも使われなくなった内容 %d 件、ディスクから %s（書き直した束 %d 個）。"},
	{"say.act-expired", "removed by rule", "保存期間により削除"},
	{"say.version-gone", "gone", "削除済み"},
	{"say.retention-file", "Path", "パス"},
	{"say.retention-version", "Version", "版"},
	{"say.retention-saved", "Saved", "保存日時"},
	{"say.damage-removed", "has what was removed by rule: the next removal takes it out", "保存期間により削除した内容が残っています（次の削除で取り除かれます）"},

	{"web.retention", "Retention: %s", "保存期間：%s"},
	{"web.retention-link", "Retention", "保存期間"},
	{"web.retention-about", "Without a rule everything is kept for ever. With one, nothing is removed by itself: somebody asks for the removal of a list, another confirms it, and then that list, or less, is removed. Ages are counted by the ledger and not by any computer's clock.", "保存期間を定めない限り、すべて無期限に残ります。定めても自動では削除されません。一覧の削除を一人が申請し、別の人が承認すると、その範囲だけが削除されます。経過日数は、パソコンやサーバーの時計ではなく台帳で数えます。"},
	{"web.retention-rule", "Rule", "保存期間の定め"},
	{"web.retention-versions", "Days that an earlier version stays (0: for ever)", "古い版を残す日数（0：無期限）"},
	{"web.retention-deleted", "Days that a deleted file stays (0: for ever)", "削除したファイルを残す日数（0：無期限）"},
	{"web.retention-keep", "Latest versions that always stay", "必ず残す最新の版の数"},
	{"web.retention-days", "The days do not begin when a rule is set, nor at the times that files tell. They begin when the ledger has recorded what was done (another version saved, a file deleted): within a day in a share that has a rule. What was done before there was a rule counts from the day of the rule, at the latest.", "日数は、保存期間を設定した時点やファイルの日時からではなく、操作（新しい版の保存、ファイルの削除）が台帳に記録された時点から数えます。保存期間を定めた保管庫では、操作から 1 日以内に記録されます。定める前の操作は、遅くとも定めた日から数えます。"},
	{"web.retention-work-about", "You may leave this page: it goes on, and shows how far it is when you come back. If you log out, it stops at its next step and can be carried out again.", "このページを離れても作業は続き、戻ると進み具合が表示されます。ログアウトすると途中で止まりますが、もう一度実行すれば続きから進みます。"},
	{"web.retention-broken", "It has broken off.", "途中で止まりました。"},
	{"web.retention-running", "under way", "実行中"},
	{"web.retention-lapsed", "broken off, and the agreement on it has ended: make a new preview, which shows what is left to do", "中断し、合意の期限が切れました。もう一度「削除の対象を調べる」と、残りの作業が分かります"},
	{"web.retention-names", "Paths, sizes, dates and authors of removed versions stay in the history and in the ledger until the share ends.", "削除した版のパス・サイズ・日時・保存者は、保管庫を消去するまで、履歴と台帳に残ります。"},
	{"web.retention-preview", "Find out what would go", "削除の対象を調べる"},
	{"web.retention-list", "List (CSV)", "一覧（CSV）"},
	{"web.retention-goes", "Goes", "削除の対象"},
	{"web.retention-counts", "%s versions of %s files (%s); %s files altogether", "%s 版（%s ファイル、%s）。うち %s ファイルはすべての版がなくなります"},
	{"web.retention-between", "Saved between", "保存日の範囲"},
	{"web.retention-stays", "Stays", "残るもの"},
	{"web.retention-present", "Counted up to", "経過日数の基準時刻"},
	{"web.retention-by-witness", "signed by the witnesses", "立会人の署名した時刻"},
	{"web.retention-by-ledger", "time of the ledger", "台帳の時刻"},
	{"web.retention-ask", "Ask for the removal", "削除を申請する"},
	{"web.retention-sure", "What is removed cannot be brought back. Ask for it?", "削除した内容は元に戻せません。申請しますか？"},
	{"web.retention-run", "Remove it now", "削除を実行する"},
	{"web.retention-run-sure", "Two people have agreed. Nobody can bring back what is removed. Go on?", "二人の合意があります。削除した内容は誰にも元に戻せません。実行しますか？"},
	{"web.retention-done", "It is removed.", "削除しました。"},
	{"web.retention-waits", "The removal waits for a second person.", "削除の申請が、二人目の承認を待っています。"},
	{"web.retention-agreed", "Two people have agreed on the removal. It can be carried out until %s.", "削除に合意済みです。%s まで実行できます。"},
	{"web.retention-none", "Everything is kept for ever: there is no rule.", "保存期間の定めがなく、すべて無期限に残ります。"},
	{"web.retention-nothing", "Nothing is due.", "保存期間を過ぎたものはありません。"},
	{"web.retention-untold", "the witnesses have not signed a time since the start, so nothing counts as old", "起動後、立会人の署名した時刻がまだないため、経過日数を数えられません"},
	{"web.retention-gone", "%s versions, %s off the disk", "%s 版、ディスクから %s"},
	{"web.retention-unfinished", "broken off, as when the server is stopped. What stays was not touched. Carry it out again: it goes on where it was", "途中で止まっています（サーバーの停止など）。残すものには手を付けていません。もう一度実行すると続きから進みます"},
	{"web.retention-past", "What was removed", "これまでの削除"},
	{"web.receipt-removals", "Removed by rule", "保存期間による削除"},
	{"web.receipt-removal", "%s: removal %d, %d versions", "%s：第 %d 回、%d 版"},
	{"web.receipt-holding", "%d media that are kept apart may still have it, until they are synced again.", "別に保管する媒体 %d 個には、次に同期するまで残っている可能性があります。"},
	{"receipt-part.removals", "what was removed by rule", "保存期間による削除の有無"},
	{"web.changed.expired", "removed by rule", "保存期間により削除"},
}

// retained is what the ledger says of rules and removals.
func (l Lang) retained(note string, size int64) string {
	var versions, deleted, keep, number int
	var contents, packs, bytes int64
	if n, _ := fmt.Sscanf(note, "versions %d; deleted %d; keep %d", &versions, &deleted, &keep); n == 3 {
		return l.Text("note.versions %d; deleted %d; keep %d", l.Kept(versions), l.Kept(deleted), keep)
	}
	if n, _ := fmt.Sscanf(note, "removal %d; contents %d; packs %d; bytes %d", &number, &contents, &packs, &bytes); n == 4 {
		return l.Text("note.removal %d; contents %d; packs %d; bytes %d", number, size, contents, packs, bytes)
	}
	if n, _ := fmt.Sscanf(note, "removal %d; versions %d; deleted %d; keep %d", &number, &versions, &deleted, &keep); n == 4 {
		_, by, _ := strings.Cut(note, "; asked for by ")
		return l.Text("note.removal %d; %s; asked for by %s", number, size, by)
	}
	return note
}

// Kept is how long a rule keeps something.
func (l Lang) Kept(days int) string {
	if days == 0 {
		return l.Text("rule.kept-for-ever")
	}
	return l.Text("rule.kept-days", days)
}
