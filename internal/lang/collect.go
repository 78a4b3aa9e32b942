package lang

import (
	"strings"
)

// collectTexts are about the logs of appliances.
var collectTexts = []text{
	{"op.keep logs", "Cannot store the lines of appliances", "機器のログを保存できません"},
	{"op.read logs", "Cannot show the logs of appliances", "機器のログを表示できません"},
	{"op.verify logs", "Cannot vouch for the logs of appliances", "機器のログの検査で異常が見つかったか、検査を完了できませんでした"},
	{"op.set collecting", "Cannot change what is done with the logs of appliances", "機器のログの設定を変更できません"},

	{"hint.log-source", "Each source needs an address (192.168.1.1) or a network (10.1.0.0/24), and a name of its own of at most 60 letters; there can be 200.", "送信元には、アドレス（192.168.1.1）またはネットワーク（10.1.0.0/24）と、ほかと重ならない名前（60 文字以内）が必要です。最大 200 件です。"},
	{"hint.log-no-source", "There is no source of that name. “azekura collect status” lists them.", "その名前の送信元はありません。「azekura collect status」で一覧できます。"},
	{"hint.log-zone", "Give the time zone of the appliance's clock as a name such as Asia/Tokyo.", "機器の時計のタイムゾーンは、Asia/Tokyo のような名前で指定してください。"},
	{"hint.log-maker", "The makers whose lines are understood stand in brackets; without one, each is tried.", "対応しているメーカーはかっこ内のとおりです。指定しなければ、すべてを試します。"},
	{"hint.log-silence", "Silence is in hours, at most 744; 0 is learnt, -1 is never told.", "無通信の時間は 744 時間以内で指定します（0 は自動、-1 は通知しない）。"},
	{"hint.log-date", "Give the day from which there is no VPN any more, such as 2026-08-01.", "VPN を廃止した日を、2026-08-01 のように指定してください。"},
	{"hint.log-days", "Lines are kept for 1 to 36,500 days, and 1 to 1,048,576 MiB a day.", "保存期間は 1～36,500 日、1 日あたりの量は 1～1,048,576 MiB です。"},
	{"hint.log-kind", "Only kinds that tell nothing of who came and what was changed can be counted instead of kept: traffic, blocked, attack, system.", "数だけを記録できるのは、traffic、blocked、attack、system です。だれが接続したか、何を変更したかのログは必ず保存します。"},
	{"hint.log-filter", "Times are 2026-11-30, 2026-11-30T09:00 or RFC 3339, and the first before the last; an address is 203.0.113.9 or 203.0.113.0/24; texts have at most 200 letters, and there are at most 1,000,000 lines.",
		"日時は 2026-11-30、2026-11-30T09:00 または RFC 3339 の形で、開始を終了より前にしてください。アドレスは 203.0.113.9 または 203.0.113.0/24 の形です。文字列は 200 文字以内、件数は 1,000,000 以内です。"},
	{"hint.log-countries", "The file must be in MaxMind's format (.mmdb) and tell countries.", "MaxMind 形式（.mmdb）の国別データを指定してください。"},
	{"hint.log-verify", "What was found is named above. Keep the disk as it is: it is evidence. What the media hold is not touched.", "見つかった箇所は上記のとおりです。ディスクは証拠になりますので、そのまま保管してください。保管媒体の複製には影響しません。"},

	{"event.logs-kept", "logs of appliances stored", "機器のログを保存"},
	{"event.logs-counted", "logs of appliances counted, not stored", "機器のログを計数（保存なし）"},
	{"event.logs-removed", "logs of appliances removed, as their time is over", "保存期間を過ぎた機器のログを削除"},
	{"event.logs-read", "logs of appliances searched", "機器のログを検索"},
	{"event.logs-checked", "logs of appliances verified", "機器のログを検査"},
	{"event.appliance-event", "an appliance reports", "機器からの報告"},
	{"event.appliance-alert", "people are told of an appliance", "機器について通知"},

	{"appliance.vpn-login", "VPN login", "VPN ログイン"},
	{"appliance.vpn-failed", "VPN login failed", "VPN ログイン失敗"},
	{"appliance.vpn-logout", "VPN logout", "VPN ログアウト"},
	{"appliance.admin-login", "login to the appliance", "機器へのログイン"},
	{"appliance.admin-failed", "login to the appliance failed", "機器へのログイン失敗"},
	{"appliance.admin-logout", "logout from the appliance", "機器からのログアウト"},
	{"appliance.config-changed", "configuration changed", "設定変更"},
	{"appliance.attack", "attack seen by the appliance", "機器が検知した攻撃"},
	{"appliance.blocked", "connection refused", "通信の遮断"},
	{"appliance.traffic", "connection", "通信"},
	{"appliance.system", "other", "その他"},
	{"appliance.raw", "not understood", "未対応の形式"},
	{"maker.fortigate", "FortiGate", "FortiGate"},
	{"maker.paloalto", "Palo Alto", "Palo Alto"},
	{"maker.sonicwall", "SonicWall", "SonicWall"},
	{"maker.watchguard", "WatchGuard", "WatchGuard"},
	{"maker.yamaha", "Yamaha RTX", "ヤマハ RTX"},
	{"log-lost.limited", "too many at once", "一度に多すぎる"},
	{"log-lost.full", "no room", "空きなし"},
	{"log-lost.kernel", "dropped by the machine", "OS が破棄"},
	{"log-lost.beyond", "beyond the day's limit", "1 日の上限超過"},
	{"log-lost.cut", "cut off", "途中で切り詰め"},
	{"log-lost.refused", "from addresses that may not send", "許可していない送信元"},
	{"log-finding.changed", "is not what was stored", "保存した内容と異なります"},
	{"log-finding.missing", "is missing", "ありません"},
	{"log-finding.damaged", "is damaged", "破損しています"},
	{"log-finding.order", "is not in its place", "順序が異なります"},
	{"log-finding.unknown", "is not in the ledger", "台帳にありません"},

	{"note.appliance logs", "logs of appliances", "機器のログの設定"},
	{"act.collecting", "keep or tell less of the logs of appliances", "機器のログの保存・通知の縮小"},
	{"rule.log-vpn-ended", "No VPN any more since", "VPN を廃止した日"},
	{"rule.log-days", "Logs of appliances are kept (days)", "機器のログの保存日数"},
	{"rule.log-daily", "Logs kept in a day (MiB)", "1 日に保存する量（MiB）"},
	{"rule.log-count", "Counted, not kept", "数だけを記録する種類"},
	{"rule.log-source", "Source “%s”", "送信元「%s」"},

	{"alert.vpn-used", "SOMEBODY CAME OVER THE VPN THAT IS ABOLISHED", "廃止したはずの VPN でログインがありました"},
	{"alerted.vpn-used", "What was done: the login is in the ledger. The house cannot stop it: the appliance let them in.", "実施済み：台帳に記録しました。ログインを許可したのは機器であり、この校倉からは止められません。"},
	{"todo.vpn-used", "What to do now: switch the VPN off on the appliance, close the account there, and look what came from this address: page Logs. If nobody knows of it, open a case.",
		"次にすること：機器で VPN を停止し、この利用者を無効にしてください。このアドレスからの通信を「機器のログ」の画面で確認し、心当たりがなければ事案を開いてください。"},
	{"alert.vpn-tried", "The VPN that is abolished still answers", "廃止したはずの VPN がまだ応答しています"},
	{"alerted.vpn-tried", "What was done: the failed login is in the ledger.", "実施済み：失敗したログインを台帳に記録しました。"},
	{"todo.vpn-tried", "What to do now: switch the VPN off on the appliance. As long as it answers, somebody can try passwords and weaknesses.", "次にすること：機器で VPN を停止してください。応答している限り、パスワードや脆弱性を試されます。"},
	{"alert.new-country", "A login at an appliance from a country for the first time", "機器に、初めての国からログインがありました"},
	{"alerted.new-country", "What was done: it is in the ledger, and this country is not new for the account any more.", "実施済み：台帳に記録しました。この利用者について、この国は以後「初めて」として扱いません。"},
	{"todo.new-country", "What to do now: ask the person whether it was them. If not, close the account on the appliance and renew its password.", "次にすること：本人に確認してください。本人でなければ、機器でこの利用者を無効にし、パスワードを変更してください。"},
	{"alert.new-address", "A login at an appliance from an address for the first time", "機器に、初めての接続元からログインがありました"},
	{"alerted.new-address", "What was done: it is in the ledger. Of further new addresses of this account nothing is told today.", "実施済み：台帳に記録しました。この利用者の初めての接続元については、本日はこれ以上通知しません。"},
	{"todo.new-address", "What to do now: ask the person whether it was them. If not, close the account on the appliance and renew its password.", "次にすること：本人に確認してください。本人でなければ、機器でこの利用者を無効にし、パスワードを変更してください。"},
	{"alert.brute-force", "Passwords are being guessed at an appliance", "機器でパスワードの総当たりが続いています"},
	{"alerted.brute-force", "What was done: every attempt is stored (%d so far, more than by mistake). The house cannot stop them.", "実施済み：すべての試行を保存しています（これまでに %d 回、打ち間違いとは考えられません）。この校倉からは止められません。"},
	{"todo.brute-force", "What to do now: block the address on the appliance, or switch off what answers there. Look whether a login has succeeded: page Logs.", "次にすること：機器でこのアドレスを遮断するか、応答しているサービスを停止してください。成功したログインがないか「機器のログ」の画面で確認してください。"},
	{"alert.guess-spread", "The passwords of one account are tried from many addresses at an appliance", "一人の利用者のパスワードが、多くの接続元から試されています"},
	{"alerted.guess-spread", "What was done: every attempt is stored. Within a day they came from %d networks or more. The house cannot stop them.", "実施済み：すべての試行を保存しています。1 日のうちに %d か所以上のネットワークから試されました。この校倉からは止められません。"},
	{"todo.guess-spread", "What to do now: renew the account's password on the appliance, and let nobody in there with a password alone. To block single addresses does not help.", "次にすること：機器でこの利用者のパスワードを変更し、パスワードだけではログインできないようにしてください。アドレスを一つずつ遮断しても止まりません。"},
	{"alert.forced", "A LOGIN AFTER MANY FAILED ONES AT AN APPLIANCE", "機器で、失敗が続いた後にログインが成功しました"},
	{"alerted.forced", "What was done: it is in the ledger, with the %d failures before.", "実施済み：それまでの失敗 %d 回とともに、台帳に記録しました。"},
	{"todo.forced", "What to do now: close the account on the appliance at once, then ask the person. If it was not them, open a case: what this address did in the house is on the page of the case.",
		"次にすること：まず機器でこの利用者を無効にし、それから本人に確認してください。本人でなければ事案を開いてください。このアドレスが校倉で行ったことは、事案の画面に表示されます。"},
	{"alert.config-changed", "The configuration of an appliance was changed", "機器の設定が変更されました"},
	{"alerted.config-changed", "What was done: it is in the ledger. Further changes by the same account within the hour are stored and not told.", "実施済み：台帳に記録しました。同じ利用者による 1 時間以内の変更は、保存しますが通知しません。"},
	{"todo.config-changed", "What to do now: ask the person whether it was them and what for. If nobody knows of it, put the old configuration back and renew the passwords of the appliance.", "次にすること：本人に、変更の有無と目的を確認してください。だれも知らなければ、以前の設定に戻し、機器のパスワードを変更してください。"},
	{"alert.silent", "An appliance sends no logs any more", "機器からログが届かなくなりました"},
	{"alerted.silent", "What was done: the ledger tells since when. The last line came %d hours ago.", "実施済み：いつから途絶えたかを台帳に記録しました。最後に届いたのは %d 時間前です。"},
	{"todo.silent", "What to do now: look whether the appliance runs, whether it still sends to this address, and whether somebody has switched that off.", "次にすること：機器が動作しているか、この宛先に送る設定が残っているか、だれかが送信を止めていないかを確認してください。"},
	{"alert.heard", "An appliance sends logs again", "機器からのログが再び届いています"},
	{"alerted.heard", "What was done: nothing. It was silent for %d hours.", "実施済み：なし。途絶えていた時間は %d 時間です。"},
	{"todo.heard", "What to do now: look at the appliance itself for what it did meanwhile: what it did not send is not here.", "次にすること：その間のことは機器本体のログで確認してください。送られなかったものは、ここにはありません。"},
	{"alert.many-alarms", "An appliance raises more alarms than can be told one by one", "機器に関する警報が多すぎるため、まとめてお知らせします"},
	{"alerted.many-alarms", "What was done: %d further alarms were counted, and not told one by one. Their lines are stored.", "実施済み：このほかの警報 %d 件は数だけを数え、1 件ずつは通知していません。該当するログは保存しています。"},
	{"todo.many-alarms", "What to do now: look on the page Logs at what comes from this appliance. If it says that it has sent nothing of this, somebody forges its address: let it send over TLS.", "次にすること：「機器のログ」の画面で、この機器から届いているものを確認してください。機器本体のログに残っていなければ、送信元アドレスを偽った送信が疑われます。TLS で送るように設定してください。"},

	{"cmd.collect", "Collect the logs of firewalls, UTM and VPN appliances, and search them.", "ファイアウォール・UTM・VPN 機器のログを集めて検索する"},
	{"cmd.collect.long", "Appliances send their logs by syslog (UDP, TCP or TLS) to the server, which stores them sealed and tells the ledger of each batch, and of each login and each change of a configuration one by one. " +
		"It listens where collect_udp, collect_tcp and collect_tls of the configuration say (serve --collect-udp :5514), and takes lines only from sources that were named. docs/collect.md shows how to point appliances at it.",
		"機器は syslog（UDP・TCP・TLS）でサーバーにログを送ります。サーバーは封印して保存し、まとまりごとの要約と、ログインや設定変更の一件一件を台帳に記録します。" +
			"受信するアドレスは設定の collect_udp、collect_tcp、collect_tls（serve --collect-udp :5514）で指定し、登録した送信元からのログだけを受け取ります。機器の設定方法は docs/collect.ja.md をご覧ください。"},
	{"cmd.collect-source", "Say who may send logs.", "ログの送信元を登録する、または外す"},
	{"cmd.collect-source.long", "Lines of other addresses are counted and thrown away; “azekura collect status” shows who tries.", "登録していないアドレスからのログは、数だけを記録して破棄します。「azekura collect status」で確認できます。"},
	{"cmd.collect-source-add", "Let an appliance send its logs.", "送信元を登録する"},
	{"cmd.collect-source-add.long", "ADDRESS is where its lines come from, or a network. Again with the same name or address changes it. What would let it be silent for longer takes two people.",
		"ADDRESS は、ログの送信元のアドレスまたはネットワークです。同じ名前またはアドレスを指定すると変更になります。無通信の通知を遅らせる変更には、二人の確認が必要です。"},
	{"cmd.collect-source-remove", "Take no logs of an appliance any more.", "送信元を外す"},
	{"cmd.collect-source-remove.long", "What it has sent stays. This takes two people.", "すでに受け取ったログは残ります。二人の確認が必要です。"},
	{"cmd.collect-status", "Show who sends, how much, and what was not stored.", "受信状況を表示する"},
	{"cmd.collect-status.long", "Counts are since the start of the server.", "件数は、サーバーの起動後のものです。"},
	{"cmd.collect-set", "Say what is kept and since when there is no VPN.", "保存する内容と VPN の廃止日を設定する"},
	{"cmd.collect-set.long", "What keeps or tells less than before takes two people. While a case is open nothing is removed.", "これまでより保存や通知を減らす変更には、二人の確認が必要です。事案が開いている間は、ログを削除しません。"},
	{"cmd.collect-search", "Search the lines of appliances.", "機器のログを検索する"},
	{"cmd.collect-search.long", "The newest lines that fit come first. They tell of people: the ledger records who has searched, and for what.", "条件に合うログを新しい順に表示します。個人に関わる記録ですので、だれが何を検索したかを台帳に記録します。"},
	{"cmd.collect-verify", "Compare what is stored with the ledger.", "保存したログを台帳と照合する"},
	{"cmd.collect-verify.long", "Reads every stored line. Each batch that was changed, taken away or moved is named.", "保存したログをすべて読み、書き換え・欠落・順序の入れ替えがあれば、そのまとまりを示します。"},
	{"flag.collect-udp", "address for logs of appliances over UDP, such as :5514", "機器のログを UDP で受け取るアドレス（例：:5514）"},
	{"flag.collect-tcp", "address for logs over TCP", "機器のログを TCP で受け取るアドレス"},
	{"flag.collect-tls", "address for logs over TLS, such as :6514", "機器のログを TLS で受け取るアドレス（例：:6514）"},
	{"flag.collect-name", "what people call it", "呼び名"},
	{"flag.collect-maker", "fortigate, paloalto, sonicwall, watchguard or yamaha (otherwise as its lines look)", "fortigate、paloalto、sonicwall、watchguard、yamaha（省略時は自動判別）"},
	{"flag.collect-zone", "time zone of its clock, such as Asia/Tokyo (otherwise the house's)", "機器の時計のタイムゾーン（例：Asia/Tokyo。省略時は校倉の設定）"},
	{"flag.collect-silence", "tell people after so many hours without a line (0: as it is learnt, -1: never)", "この時間ログが届かなければ通知する（0：自動、-1：通知しない）"},
	{"flag.collect-vpn-ended", "from this day on there is no VPN (2026-08-01; never: there is one)", "VPN を廃止した日（2026-08-01。never：廃止していない）"},
	{"flag.collect-days", "how many days lines are kept", "ログの保存日数"},
	{"flag.collect-daily", "how many MiB are kept in a day; beyond it only logins and changes, and of those as much again", "1 日に保存する量（MiB）。超えた後は、ログインと設定変更だけを、さらに同じ量まで保存"},
	{"flag.collect-count", "kinds that are counted and not kept: traffic, blocked, attack, system; none", "数だけを記録する種類（traffic、blocked、attack、system。none：なし）"},
	{"flag.collect-device", "only of this source", "この送信元だけ"},
	{"flag.collect-kind", "only of this kind, such as vpn-login, vpn-failed, admin-login, config-changed, raw", "この種類だけ（vpn-login、vpn-failed、admin-login、config-changed、raw など）"},
	{"flag.collect-account", "only of this account", "この利用者だけ"},
	{"flag.collect-who-address", "only of this address, or network", "このアドレスまたはネットワークだけ"},
	{"flag.collect-limit", "at most so many lines", "最大件数"},
	{"flag.collect-from", "received from then on", "この日時以降に受信"},
	{"flag.collect-to", "received before then", "この日時より前に受信"},
	{"flag.collect-since", "received within this time, such as 24h", "この時間以内に受信（例：24h）"},
	{"say.collect-off", "Nobody can send logs: the server listens nowhere. Set collect_udp, collect_tcp or collect_tls in the configuration, or serve with --collect-udp.", "ログを受け取るアドレスがありません。設定の collect_udp、collect_tcp、collect_tls か、serve の --collect-udp で指定してください。"},
	{"say.collect-no-source", "No source is named: every line would be refused. “azekura collect source add --help” says how.", "送信元が登録されていないため、すべて破棄されます。「azekura collect source add --help」をご覧ください。"},
	{"say.collect-name", "name", "名前"},
	{"say.collect-address", "from", "送信元"},
	{"say.collect-maker", "maker", "メーカー"},
	{"say.collect-last", "last line", "最終受信"},
	{"say.collect-lines", "lines", "件数"},
	{"say.collect-never", "never", "なし"},
	{"say.collect-silent", "SILENT", "途絶"},
	{"say.collect-kept", "Batches stored: %d, %s, each for %d days.", "保存済み：%d まとまり、%s。保存期間は %d 日です。"},
	{"say.collect-counted", "Counted and not stored: %s", "数だけを記録する種類：%s"},
	{"say.collect-vpn-ended", "No VPN any more since %s; logins over it since the start: %d", "VPN は %s に廃止。起動後のVPNログイン：%d 件"},
	{"say.collect-lost", "Not stored as it came: no room %d, dropped by the machine %d, too many at once %d, beyond the day's limit %d; cut off %d", "そのまま保存できなかったログ：空きなし %d、OS が破棄 %d、一度に多すぎる %d、1 日の上限超過 %d、途中で切り詰め %d"},
	{"say.collect-refused", "%v sends and may not: %d lines, the last %s", "許可していない送信元 %v：%d 件（最終 %s）"},
	{"say.collect-trouble", "LINES CANNOT BE STORED AT THE MOMENT: %s", "現在、ログを保存できません：%s"},
	{"say.collect-set", "Changed.", "変更しました。"},
	{"say.collect-none", "No line fits.", "該当するログはありません。"},
	{"say.collect-verified", "%d batches with %d lines are as the ledger knows them; %d were removed as their time was over.", "%d まとまり（%d 件）が台帳と一致しました。保存期間を過ぎて削除されたものは %d まとまりです。"},
	{"say.collect-finding", "batch %d %s (%s, %d lines) %s", "まとまり %d：%s（%s、%d 件）%s"},
	{"say.collect-more", "and %d more", "ほか %d 件"},

	{"web.logs", "Logs of appliances", "機器のログ"},
	{"web.logs-about", "What firewalls, UTM and VPN appliances report. Lines tell of people: who searches, and for what, is recorded in the ledger.", "ファイアウォール・UTM・VPN 機器からの報告です。個人に関わる記録ですので、だれが何を検索したかを台帳に記録します。"},
	{"web.logs-all", "all", "すべて"},
	{"web.logs-device", "Appliance", "機器"},
	{"web.logs-maker", "Maker", "メーカー"},
	{"web.logs-account", "Account", "利用者"},
	{"web.logs-address", "Address", "アドレス"},
	{"web.logs-text", "Text", "文字列"},
	{"web.logs-line", "Line", "ログ"},
	{"web.logs-stated", "by its own clock: %s", "機器の時計：%s"},
	{"web.logs-first", "The newest %d lines that fit. Older ones: narrow the time.", "条件に合う新しい %d 件です。古いものは、期間を絞って検索してください。"},
	{"web.logs-none", "No line fits.", "該当するログはありません。"},
	{"web.logs-sources", "Who sends", "送信元"},
	{"web.logs-off", "Nobody can send logs: the server listens nowhere. docs/collect.md says how.", "ログを受け取るアドレスが設定されていません（docs/collect.ja.md をご覧ください）。"},
	{"web.logs-last", "Last line", "最終受信"},
	{"web.logs-count", "Lines since the start", "起動後の件数"},
	{"web.logs-never", "never", "なし"},
	{"web.logs-silent", "silent", "途絶"},
	{"web.logs-lost", "Not stored as it came since the start: no room %d, dropped by the machine %d, too many at once %d, beyond the day's limit %d, cut off %d", "起動後、そのまま保存できなかったログ：空きなし %d、OS が破棄 %d、一度に多すぎる %d、1 日の上限超過 %d、途中で切り詰め %d"},
	{"web.logs-refused", "%v sends and is not among them: %d lines", "登録していない送信元 %v：%d 件"},
	{"web.logs-trouble", "Lines cannot be stored at the moment: %s", "現在、ログを保存できません：%s"},
	{"web.logs-kept", "Batches stored: %d (%s), each for %d days", "保存済み：%d まとまり（%s）、保存期間 %d 日"},
	{"web.logs-settings", "Settings", "設定"},
	{"web.logs-vpn-ended", "No VPN any more since", "VPN を廃止した日"},
	{"web.logs-vpn-about", "From that day on, each login over a VPN is an alarm. Leave it empty while there is one.", "この日以降の VPN ログインはすべて警報になります。VPN を使っている間は空にしてください。"},
	{"web.logs-days", "Days that lines are kept", "保存日数"},
	{"web.logs-add", "Let an appliance send", "送信元を登録"},
	{"web.logs-remove", "Remove", "外す"},
	{"web.logs-auto", "as its lines look", "自動判別"},
	{"web.logs-silence", "Hours of silence before people are told (0: as it is learnt)", "通知するまでの無通信時間（0：自動）"},
	{"web.logs-two", "What keeps or tells less than before waits for a second person.", "これまでより保存や通知を減らす変更には、二人の確認が必要です。"},
	{"web.logs-verify", "Compare with the ledger", "台帳と照合"},
	{"web.logs-verified", "%d batches with %d lines are as the ledger knows them.", "%d まとまり（%d 件）が台帳と一致しました。"},
	{"web.logs-found", "%d batches are not as the ledger knows them. The disk is evidence: keep it as it is.", "台帳と一致しないまとまりが %d あります。ディスクは証拠になりますので、そのまま保管してください。"},
	{"web.logs-good", "Logs have come from %d of %d appliances", "機器のログ：受信済み %d 台（登録 %d 台）"},
	{"web.logs-quiet", "No logs from %s", "%s からログが届いていません"},
	{"web.logs-vpn-used", "Logins over the VPN that is abolished: %d", "廃止した VPN でのログイン：%d 件"},
	{"say.head-appliances", "appliances", "機器"},
	{"cmd.case-appliances", "Show what appliances reported in a case's time.", "事案の期間に機器が報告したことを表示する"},
	{"cmd.case-appliances.long", "Logins at firewalls, UTM and VPN appliances, failed ones and changes of their configuration, and of what people were told. Marked (*) is what came from where a suspect was, or has a suspect's name.",
		"ファイアウォール・UTM・VPN 機器へのログイン、失敗したログイン、設定変更と、通知した内容を表示します。疑わしい利用者と同じ接続元・同じ名前の記録には * を付けます。"},
	{"web.case-appliances", "Appliances", "機器"},
	{"web.case-appliance-events", "What appliances reported in this time", "この期間に機器が報告したこと"},
	{"web.case-appliance-about", "Marked is what came from where a suspect was, or has a suspect's name. The times are when the report came.", "疑わしい利用者と同じ接続元・同じ名前の記録に印を付けています。時刻は受信時刻です。"},
	{"web.case-appliance-theirs", "a suspect's", "該当"},
	{"web.case-appliance-none", "No appliance reported a login or a change.", "ログインや設定変更の報告はありません。"},
	{"web.case-appliance-more", "%d more are not shown.", "ほかに %d 件あります。"},
}

// appliance tells what an entry about an appliance says: "kind; maker; stated; account".
func (l Lang) appliance(family, note string, size int64) string {
	part := strings.SplitN(note, "; ", 4)
	out := l.named(family, part[0])
	if len(part) == 4 {
		if part[3] != "" {
			out += ": " + part[3]
		}
		if len(part[1]) == 2 { // a country
			out += " (" + part[1] + ")"
		}
	}
	if size > 1 {
		out += " × " + Grouped(size)
	}
	return out
}

// counted tells what was counted: "traffic 12, full 3".
func (l Lang) counted(note string) string {
	var out []string
	for item := range strings.SplitSeq(note, ", ") {
		why, n, _ := strings.Cut(item, " ")
		word := l.named("log-lost", why)
		if word == why {
			word = l.named("appliance", why)
		}
		out = append(out, strings.TrimSpace(word+" "+n))
	}
	return strings.Join(out, ", ")
}
