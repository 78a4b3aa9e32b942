package lang

// bucketTexts are about S3 buckets with Object Lock: as media, and for the ledger.
var bucketTexts = []text{
	{"op.use the bucket", "Cannot use the bucket", "バケットを利用できません"},
	{"hint.bucket-file", "A bucket is described by a file such as: endpoint = \"https://s3.example.jp\", bucket, access_key, secret_key, each on its own line (docs/media.md).",
		"バケットは設定ファイルで指定します。endpoint = \"https://s3.example.jp\"、bucket、access_key、secret_key を 1 行ずつ書いてください（docs/media.ja.md）。"},
	{"hint.bucket-mode", "Others can read this file, and it holds a secret: chmod 600. If others had access, change the secret.",
		"ほかの人が読める状態です。秘密の鍵が入っているので chmod 600 にしてください。ほかの人が読めた可能性があれば鍵も変更してください。"},
	{"hint.bucket-endpoint", "Give an address that begins with https:// and ends with the name of the server. Without TLS only this machine itself is spoken to.",
		"https:// で始まりサーバー名で終わるアドレスを指定してください。TLS なしで接続できるのは、この機器自身だけです。"},
	{"hint.bucket-ca", "The file of “ca” must hold certificates in PEM.", "「ca」には PEM 形式の証明書ファイルを指定してください。"},
	{"hint.bucket-days", "Say for how many days what is put there is locked: --lock, from 14 to 3650. Each copy keeps at least half of that left.",
		"書き込んだものをロックする日数を --lock で指定してください（14～3650）。複製のたびに、少なくとも半分の日数が残るように延長します。"},
	{"hint.bucket-no-lock", "The bucket cannot lock what is put into it: versioning and Object Lock must be on. Make a new bucket with Object Lock switched on when it is made; most providers cannot switch it on later. No rule of its own is needed.",
		"このバケットはロックできません。バージョニングと Object Lock の両方が必要です。作成時に Object Lock を有効にした新しいバケットを用意してください（後から有効にできない事業者がほとんどです）。バケット側の保持ルールは不要です。"},
	{"hint.bucket-none", "There is no such bucket there, or these credentials do not see it. Look at “endpoint”, “region” and “bucket”.",
		"そのバケットが見つからないか、この認証情報では見えません。「endpoint」「region」「bucket」を確認してください。"},
	{"hint.bucket-denied", "The server refuses these credentials, or they may not do this. Look at “access_key” and “secret_key”, and at what docs/media.md says they must be allowed.",
		"認証情報が拒否されたか、権限が足りません。「access_key」「secret_key」と、必要な権限（docs/media.ja.md）を確認してください。"},
	{"hint.bucket-clock", "The clocks of this machine and of the server differ by more than is allowed (15 minutes). Set the clock of this machine: timedatectl.",
		"この機器とサーバーの時計が許容範囲（15 分）を超えてずれています。この機器の時計を合わせてください（timedatectl）。"},
	{"hint.bucket-tls", "The server's certificate is not of an authority that this machine trusts, or it is of another name. If it is your own, name its CA in “ca”. Do not go on otherwise: somebody may stand in between.",
		"サーバーの証明書が信頼できないか、名前が一致しません。自社の認証局なら「ca」に指定してください。そうでなければ、第三者が間に入っているおそれがあるため、利用を中止してください。"},
	{"hint.bucket-unreachable", "The server does not answer. Look at the network, the name in “endpoint”, and the firewall. What is there stays; the next try goes on.",
		"サーバーが応答しません。ネットワーク、「endpoint」の名前、ファイアウォールを確認してください。書き込み済みのものは残り、次回は続きから始まります。"},
	{"hint.bucket-answer", "The server answers with an error of its own; it stands in the log. What is there stays; the next try goes on.",
		"サーバーがエラーを返しました（詳細はログ）。書き込み済みのものは残り、次回は続きから始まります。"},
}
