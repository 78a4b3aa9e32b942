package lang

// davTexts are what the WebDAV door says about a request that it refuses by itself: mostly what a developer of a client
// reads. What the storehouse refuses is said as a problem.
var davTexts = []text{
	{"dav.copy-depth", "This Depth makes no sense here.", "ここではこの Depth は使えません。"},
	{"dav.delete-depth", "A directory goes with everything in it: Depth must be infinity.", "フォルダーは中身ごと削除されます。Depth は infinity にしてください。"},
	{"dav.depth", "Depth is 0 or 1.", "Depth は 0 か 1 です。"},
	{"dav.depth-infinity", "Ask for one directory at a time: Depth is 0 or 1.", "フォルダーは 1 つずつ要求してください（Depth は 0 か 1）。"},
	{"dav.elsewhere", "That is on another server, or outside of this door.", "別のサーバー、またはこの接続の外を指しています。"},
	{"dav.header-url", "A URL in a header is malformed.", "ヘッダーの URL が正しくありません。"},
	{"dav.if", "The If header is malformed or too long.", "If ヘッダーが正しくないか、長すぎます。"},
	{"dav.into-itself", "A directory cannot go into itself.", "フォルダーを自分の中には入れられません。"},
	{"dav.lock-depth", "The Depth of a lock is 0 or infinity.", "ロックの Depth は 0 か infinity です。"},
	{"dav.lock-owner", "The owner of the lock is too long.", "ロックの所有者の表記が長すぎます。"},
	{"dav.lock-token", "The Lock-Token header is missing or malformed.", "Lock-Token ヘッダーがないか、正しくありません。"},
	{"dav.many-properties", "The request asks for too many properties.", "一度に要求できる属性の数を超えています。"},
	{"dav.mkcol-body", "A directory is made without a body.", "フォルダーの作成に本文は付けられません。"},
	{"dav.no-destination", "The Destination header is missing.", "Destination ヘッダーがありません。"},
	{"dav.no-lock", "There is no such lock here; it may have ended.", "そのロックはありません（期限が切れた可能性があります）。"},
	{"dav.number-sign", "The URL holds a number sign that is not encoded.", "URL の「#」は符号化してください。"},
	{"dav.onto-itself", "Source and destination are the same.", "元と先が同じです。"},
	{"dav.onto-its-own", "The destination holds the source, which would go with it.", "先のフォルダーは元を含んでいるため、置き換えられません。"},
	{"dav.overwrite", "Overwrite is T or F.", "Overwrite は T か F です。"},
	{"dav.refresh", "LOCK without a body refreshes the lock that the If header names.", "本文のない LOCK は、If ヘッダーで指定したロックの延長です。"},
	{"dav.slash-in-name", "A name cannot hold a slash.", "名前に斜線は使えません。"},
	{"dav.taken", "There is already something with this name, and Overwrite is F.", "同じ名前のものがすでにあり、Overwrite が F です。"},
	{"dav.timeout", "The Timeout header is malformed.", "Timeout ヘッダーが正しくありません。"},
	{"dav.unknown-method", "This door does not know this method.", "この接続では使えないメソッドです。"},
	{"dav.xml", "The XML of the request is malformed.", "要求の XML が正しくありません。"},
	{"dav.xml-large", "The XML of the request is too large.", "要求の XML が大きすぎます。"},
}
