// Package claimtest finds what the software never says: that nothing leaked, or that nobody has read what could be read. Nobody can know that;
// there are only records, and their gaps. Tests hold against it what people see.
package claimtest

import (
	"regexp"
	"strings"
)

// families are the ways to claim it, of which none may be said. They are wide: what one finds and may be said stands in an exception of the
// test that found it, with its reason.
var families = []struct {
	what string
	find *regexp.Regexp
}{
	{"that nothing leaked", regexp.MustCompile(`(漏えい|漏洩|漏れ|流出|外部流出)(等|など)?(した|する)?(は|が|も|の(事実|形跡|痕跡|可能性|おそれ|恐れ|兆候)(は|が|も))?(一切|全く|まったく)?` +
		`(なし|無し|ゼロ|なかった|無かった|ない|ありません|ございません|見られません|認められません|認められていません|発生していません|発生しておりません|起きていません|起こっていません|していません|しておりません|していない|されていません|されておりません|確認されていません|確認されておりません)`)},
	{"that nothing was read", regexp.MustCompile(`(閲覧さ|読み取ら|読ま|開か|見ら|のぞか|覗か|持ち出さ|盗ま|窃取さ|取得さ|アクセスさ|参照さ|コピーさ|複製さ|ダウンロードさ)(れて|れ)(は)?(いません|いない|おりません|ません(でした)?|ない|なかった)`)},
	{"that there was no access", regexp.MustCompile(`(不正アクセス|アクセス|閲覧|読み取り|持ち出し|窃取|不正利用|悪用|被害)(した|され)?(は|が|も|の(事実|形跡|痕跡|可能性)(は|が|も))(一切|全く|まったく)?(なし|なかった|ない|ありません|ございません|認められません|確認されていません|確認されておりません|見つかっていません)`)},
	{"that all is well", regexp.MustCompile(`(安全|無事)(です|でした|が確認|であることが確認|性に問題)|(セキュリティー?上の?|情報の取り扱いに)問題(は|が)?(ありません|ございません)|ご安心|心配(は)?(ありません|いりません|ございません|不要)`)},
	{"that nothing leaked", regexp.MustCompile(`(?i)\b(no|zero|without (any|a)|free (of|from)( any)?)( data| information| known| further)* (leak(s|age)?|breach(es)?|exposure|exfiltration|disclosure)\b|\b(did|does|do|could|can)( not|n't|n’t) (leak|have leaked|get out)\b|\b(nothing|none|no (data|file|person|picture|content|record)s?|never)( (has|have|was|were|had))?( been)? (leaked|exfiltrated|stolen|exposed|disclosed)\b`)},
	{"that nothing was read", regexp.MustCompile(`(?i)\b(nothing|none|no (data|file|person|picture|content|record)s?)( of it| of them)?( (has|have|was|were|had))( been)? (read|accessed|viewed|seen|opened|copied|downloaded|taken|lost)\b|\b(was|were|is|are|has|have|had)( not|n't|n’t| never) (been )?(leaked|read|accessed|viewed|seen|opened|copied|downloaded|stolen|exfiltrated|taken|exposed|disclosed)\b|\b(nobody|no one|no-one|no intruder|no attacker|no stranger)( (has|have|had))?( ever)? (read|seen|viewed|opened|accessed|copied|took|taken|stole|stolen)\b`)},
	{"that there was no access", regexp.MustCompile(`(?i)\bno (evidence|sign|trace|indication|record)s? (of|for|that)( any| an)?( unauthori[sz]ed)? ?(leak|access|reading|theft|breach|misuse|exfiltration|data (left|was|were|has|have))|\bno unauthori[sz]ed (access|reading)\b`)},
	{"that all is well", regexp.MustCompile(`(?i)\b(is|are|was|were|remain|remains|remained|stayed) (safe|secure|unaffected|unharmed)\b|\bno (cause|reason|need) (for|to) (concern|worry)\b|\bnothing to worry\b|\brest assured\b`)},
}

var tags = regexp.MustCompile(`<[^>]*>`)

// Find returns the claims in a text or a page, each as it stands there with what is before and behind it.
func Find(text string) (out []string) {
	if strings.Contains(text, "</") { // letters that tags stand between are one sentence
		text = tags.ReplaceAllString(text, "")
	}
	for _, f := range families {
		for _, at := range f.find.FindAllStringIndex(text, -1) {
			from, to := max(0, at[0]-90), min(len(text), at[1]+60)
			out = append(out, strings.ToValidUTF8(text[from:to], ""))
		}
	}
	return out
}

// fine are what pages and commands say that a family finds and that claims nothing, each with the reason.
var fine = map[string]string{
	"Nobody can say that it was not read":         "the denial",
	"読まれていないとは言えません":                              "the denial",
	"that it has not read before on the same day": "what a budget counts",
	"the files beyond the budget were not opened": "what the keeper itself refused to hand out, which is recorded",
	"記録の漏れがないこと":                                  "漏れ: that no entry of the ledger is left out, which can be verified",
	"その番号の事案は開かれていません":                            "no case of that number is open",
	"The passkey was not taken":                   "a passkey of whoever logs in was not accepted",
	"元の委託元までが安全です":                                "how far up to tell: what is on the safe side of the law",
	"what nobody has opened for years":            "in which order an attack of a drill takes files",
}

// Said is Find in what a page or a command says.
func Said(text string) []string {
	for f := range fine {
		text = strings.ReplaceAll(text, f, "")
	}
	return Find(text)
}
