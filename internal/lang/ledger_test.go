package lang

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestNote(t *testing.T) {
	for _, c := range []struct {
		kind, note string
		size       int64
		en, ja     string
	}{
		{"account-made", "share-manager", 0, "share manager", "保管庫管理者"},
		{"account-changed", "role: auditor", 0, "role: auditor", "役割：監査人"},
		{"account-changed", "networks: ", 0, "networks: –", "許可するネットワーク：–"},
		{"account-changed", "disabled", 0, "closed", "利用停止"},
		{"rights-changed", "write", 0, "write", "編集"},
		{"rights-changed", "persons: {class}/{number}_*.jpg", 0, "persons: {class}/{number}_*.jpg", "個人の見分け方：{class}/{number}_*.jpg"},
		{"appliance-alert", "many-alarms; ; ; ", 280, "An appliance raises more alarms than can be told one by one × 280", "機器に関する警報が多すぎるため、まとめてお知らせします × 280"},
		{"appliance-alert", "silent; ; ; ", 0, "An appliance sends no logs any more", "機器からログが届かなくなりました"},
		{"noticed", "new-address", 0, "from an address for the first time", "初めての接続元"},
		{"refused", "spent", 0, "it is more than may be read without somebody else's yes", "ほかの人の承認なしに閲覧できる量を超えています"},
		{"proposed", "read-more; open 20/20, day", 0, "let somebody read more today; Files to open: 20 of 20 today", "本日の閲覧量の追加; ファイルを開く：本日 20 / 20"},
		{"rights-changed", "networks: factory 10.0.0.0/8", 0, "networks: factory 10.0.0.0/8", "許可するネットワーク：factory 10.0.0.0/8"},
		{"group-changed", "members: sato, 田中", 0, "members: sato, 田中", "メンバー：sato, 田中"},
		{"group-changed", "removed", 0, "removed", "削除"},
		{"logout", "ended by tanaka", 0, "ended by tanaka", "tanaka が終了"},
		{"logout", "the rules have changed", 0, "the rules have changed", "方針の変更"},
		{"changed", "remove", 0, "removed", "削除"}, // of a file, and not of somebody
		{"logout", "remove", 0, "remove somebody who may confirm", "承認できる人の削除"},
		{"logout", "reset-factors", 0, "reset password and second factors", "パスワードと二要素目の再設定"},
		{"login", "app (Firefox (X11))", 0, "authenticator app (Firefox (X11))", "認証アプリ (Firefox (X11))"},
		{"login", "(Firefox)", 0, "(Firefox)", "(Firefox)"},
		{"login-failed", "wrong password (curl)", 0, "wrong password (curl)", "パスワードの誤り (curl)"},
		{"login-failed", "more from there", 7, "7 more from there", "同じ接続元からほか 7 件"},
		{"factor-made", "passkey: key ring", 0, "passkey: key ring", "パスキー: key ring"},
		{"proposed", "reset-factors; telephone lost; really", 0, "reset password and second factors; telephone lost; really", "パスワードと二要素目の再設定; telephone lost; really"},
		{"confirmed", "remove, asked for by tanaka; ", 0, "remove somebody who may confirm, asked for by tanaka", "承認できる人の削除、申請者：tanaka"},
		{"confirmed", "thaw, alone: nobody else could confirm; looked at", 0, "thaw what is frozen, alone: nobody else could confirm; looked at", "凍結の解除, 承認できる人がほかにいないため単独; looked at"},
		{"withdrawn", "disable, asked for by tanaka", 0, "close the account of somebody who may confirm, asked for by tanaka", "承認できる人の利用停止、申請者：tanaka"},
		{"policy-changed", "closing time, firm, networks", 0, "closing time, name of the firm, lists of networks", "終業時刻, 会社名, ネットワークのリスト"},
		{"policy-changed", "list of 42 breached passwords", 0, "list of 42 breached passwords", "漏えい済みパスワードのリスト 42 件"},
		{"frozen", "device 00ff; strange", 0, "device 00ff; a file of a known kind became one of no kind", "機器 00ff; 種類の分かるファイルが、種類の分からないものになった"},
		{"frozen", "all ; odd names", 0, "everything; odd names", "全体; odd names"},
		{"case-opened", "strange", 0, "a file of a known kind became one of no kind", "種類の分かるファイルが、種類の分からないものになった"},
		{"case-changed", "device 00ff (sato / desk, old), 2026-11-30T01:00:00Z to now", 0, "device 00ff (sato / desk, old), 2026-11-30T01:00:00Z –", "機器 00ff (sato / desk, old), 2026-11-30T01:00:00Z –"},
		{"case-changed", "storehouse, 2026-11-30T01:00:00Z to 2026-11-30T02:00:00Z; it was off, they say", 0, "storehouse, 2026-11-30T01:00:00Z – 2026-11-30T02:00:00Z; it was off, they say", "保管サーバー, 2026-11-30T01:00:00Z – 2026-11-30T02:00:00Z; it was off, they say"},
		{"case-changed", "removed: medium disk 3, 2026-11-30T01:00:00Z to now; found again", 0, "not distrusted any more: medium or copy disk 3, 2026-11-30T01:00:00Z –; found again", "対象から除外：媒体・複製 disk 3, 2026-11-30T01:00:00Z –; found again"},
		{"case-written", "fact: found-by = client", 0, "fact: Found by a client", "事実：発見者 委託元・取引先"},
		{"case-written", "fact: cause = a = b", 0, "fact: Cause, as far as known a = b", "事実：原因（現時点で判明している内容） a = b"},
		{"case-written", "fact: hostile = ", 0, "fact: Did somebody mean harm? –", "事実：不正の目的によるものか –"},
		{"case-written", "hold: all", 0, "held: all", "保全：すべて"},
		{"case-written", "knew, removed: 営業部, 2026-01-02T03:04:05+09:00; mistaken", 0, "who knew, removed: 営業部, 2026-01-02T03:04:05+09:00; mistaken", "知った人を取り消し：営業部, 2026-01-02T03:04:05+09:00; mistaken"},
		{"proposed", "decide; tell all schools", 0, "decide in a case; tell all schools", "事案での決定; tell all schools"},
		{"settled", "accepted: strange", 0, "accepted: a file of a known kind became one of no kind", "採用：種類の分かるファイルが、種類の分からないものになった"},
		{"medium-synced", "state 7", 0, "state 7", "第 7 世代"},
		{"medium-checked", "whole", 0, "all of it is whole", "すべて正常"},
		{"drill-begun", "papers; state 3; card 1 safe; papers 2; sample 200; seed 7; written in clear", 0,
			"with key card and papers; state 3; key card 1 safe; papers of set 2; sample of 200; seed 7; files written in clear", "鍵束カードと紙の鍵片による; 第 3 世代; 鍵束カード 1 safe; 紙の鍵片 第 2 組; 抽出 200 個; 抽出の種 7; ファイルを平文で書き出し"},
		{"drill-begun", "keeper; state 3; everything", 0, "with the keys of the running house; state 3; everything", "稼働中の校倉の鍵による; 第 3 世代; 全部"},
		{"drill-ended", "drill-failed; drill 4; files 199/200", 1, "not all was whole; drill 4; whole files 199/200", "異常あり; 訓練 第 4 回; 正常なファイル 199/200"},
		{"drill-ended", "drill-broken; drill 5; files 0/3", 1, "broken off: nothing counts as proven; drill 5; whole files 0/3", "中断（何も確認できたことにはなりません）; 訓練 第 5 回; 正常なファイル 0/3"},
		{"medium-gone", "", 0, "", ""},
		{"medium-made", "A, bank, 00ff", 0, "A, bank, 00ff", "A, bank, 00ff"},
		{"device-made", "disabled", 0, "disabled", "disabled"}, // what somebody calls a computer
		{"renewal-begun", "password", 0, "password", "password"},
		{"papers-renewed", "2 of 3, in place of set 1", 0, "2 of 3 papers open it, in place of set 1", "必要枚数 2、全体 3 枚, 第 1 組から更新"},
		{"papers-tested", "3 good, ? word, opens", 0, "3: right, ?: a word that is not in the list, together they open the keeper", "3: 正しい, ?: 一覧にない単語, 合わせて開錠を確認"},
		{"card-checked", "generation 7, read back", 0, "key ring of generation 7, read back and right", "鍵束の世代 7, 読み戻して確認済み"},
		{"retention-set", "versions 180; deleted 0; keep 3", 0, "earlier versions 180 days, deleted files for ever, the latest 3 versions stay", "古い版：180 日、削除したファイル：無期限、最新 3 版は残す"},
		{"versions-removed", "removal 2; versions 180; deleted 0; keep 3; asked for by tanaka", 25, "removal 2 of 25 versions; asked for by tanaka", "第 2 回の削除（25 版）; 申請者：tanaka"},
		{"removal-ended", "removal 2; contents 20; packs 3; bytes 99", 24, "removal 2: 24 versions; 20 contents gone, 3 packs written anew, 99 bytes", "第 2 回の削除：24 版; どこからも使われなくなった内容 20 件、書き直した束 3 個、99 バイト"},
		{"share-erased", "certificate 1; ring 4; outstanding cards: 1 safe, 2 bank", 0, "certificate 1; key ring of generation 4; cards that have the keys still: 1 safe, 2 bank", "消去証明 第 1 号; 鍵束の世代 4; 鍵が残る鍵束カード：1 safe, 2 bank"},
		{"card-forgotten", "lost; read back, they said", 0, "lost; read back, they said", "紛失; read back, they said"},
	} {
		if got := English.Note(c.kind, c.note, c.size); got != c.en {
			t.Errorf("%s %q: %q, want %q", c.kind, c.note, got, c.en)
		}
		if got := Japanese.Note(c.kind, c.note, c.size); got != c.ja {
			t.Errorf("%s %q: %q, want %q", c.kind, c.note, got, c.ja)
		}
	}
}

// TestNotesOfTheKeeper reads the keeper's source: what it writes into notes in words of its own has a text.
func TestNotesOfTheKeeper(t *testing.T) {
	files, err := filepath.Glob("../keeper/*.go")
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	put := func(e ast.Expr) {
		if s, ok := literal(e); ok && !slices.Contains(found, s) && s != "" {
			found = append(found, s)
		}
	}
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(f, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.KeyValueExpr: // Note: "…", or "…" and what follows
				if k, ok := n.Key.(*ast.Ident); ok && k.Name == "Note" {
					v := n.Value
					if b, ok := v.(*ast.BinaryExpr); ok {
						v = b.X
					}
					put(v)
				}
			case *ast.CallExpr: // why sessions end
				if s, ok := n.Fun.(*ast.SelectorExpr); ok && s.Sel.Name == "endWhere" && len(n.Args) == 3 {
					v := n.Args[2]
					if b, ok := v.(*ast.BinaryExpr); ok {
						v = b.X
					}
					put(v)
				}
			case *ast.ValueSpec: // why a login fails
				for i, name := range n.Names {
					if strings.HasPrefix(name.Name, "why") && i < len(n.Values) {
						put(n.Values[i])
					}
				}
			case *ast.FuncDecl: // what differs in two policies
				if n.Name.Name == "differ" {
					ast.Inspect(n.Body, func(n ast.Node) bool {
						if kv, ok := n.(*ast.KeyValueExpr); ok {
							put(kv.Key)
						}
						return true
					})
				}
			}
			return true
		})
	}
	if len(found) < 40 {
		t.Fatalf("only %q", found)
	}
	for _, s := range found {
		if !Has("note." + s) {
			t.Errorf("the keeper notes %q, which has no text", s)
		}
	}
}
