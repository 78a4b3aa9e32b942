package paper

// Question is something about a case that only people can say, and that papers ask for.
type Question struct {
	Key     string
	Text    Text
	Choices []Choice // of a text: none
}

// Choice is an answer that may be given.
type Choice struct {
	Key    string
	Text   Text
	Letter Text // a sentence for letters, where a word would be curt
}

var (
	yesNo = []Choice{
		{"yes", Text{JA: "有", EN: "yes"}, Text{JA: "次のとおりです。", EN: "As follows."}}, {"no", Text{JA: "無", EN: "none known"}, Text{JA: "現時点で把握しているものはございません。", EN: "We know of none so far."}},
		{"unknown", Text{JA: "不明", EN: "not known"}, Text{JA: "現時点では分かっておりません。", EN: "We do not know yet."}},
	}
	applies = []Choice{
		{Key: "yes", Text: Text{JA: "該当", EN: "applies"}}, {Key: "no", Text: Text{JA: "非該当", EN: "does not apply"}}, {Key: "unknown", Text: Text{JA: "不明", EN: "not known"}},
	}
)

// Questions are the keys of Facts.Answers that papers use.
var Questions = []Question{
	{"hostile", Text{JA: "不正の目的をもって行われたおそれ（3号）", EN: "somebody may have meant harm (no. 3)"}, applies},
	{"sensitive", Text{JA: "要配慮個人情報が含まれる（1号）", EN: "data that need special care are among it (no. 1)"}, applies},
	{"property-damage", Text{JA: "不正利用により財産的被害が生じるおそれ（2号）", EN: "abuse may cost persons money or goods (no. 2)"}, applies},
	{"public-bodies", Text{JA: "委託元に公立学校等の行政機関等が含まれる", EN: "public schools or offices are among the clients"}, yesNo},
	{"found-by", Text{JA: "発見者", EN: "who found it"}, []Choice{
		{"own", Text{JA: "自社", EN: "the firm itself"}, Text{JA: "弊社", EN: "our own firm"}}, {Key: "contractor", Text: Text{JA: "委託先", EN: "a contractor"}}, {"client", Text{JA: "取引先（委託元）", EN: "a client"}, Text{JA: "委託元様", EN: "a client"}},
		{Key: "person", Text: Text{JA: "本人", EN: "a person concerned"}}, {Key: "police", Text: Text{JA: "捜査機関", EN: "the police"}}, {Key: "other", Text: Text{JA: "その他", EN: "somebody else"}},
	}},
	{"cause-by", Text{JA: "発生した主体", EN: "where it happened"}, []Choice{
		{"own", Text{JA: "報告者", EN: "at the reporting firm"}, Text{JA: "弊社", EN: "at our firm"}}, {"contractor", Text{JA: "委託先", EN: "at a contractor"}, Text{JA: "弊社の委託先", EN: "at a contractor of ours"}}, {Key: "unknown", Text: Text{JA: "不明", EN: "not known"}},
	}},
	{"cause", Text{JA: "原因", EN: "cause"}, nil},
	{"secondary-damage", Text{JA: "二次被害又はそのおそれの有無", EN: "further damage, or that it may come"}, yesNo},
	{"secondary-what", Text{JA: "二次被害の内容", EN: "what further damage"}, nil},
	{"told", Text{JA: "警察その他の機関への届出・相談", EN: "police and other bodies that were told"}, nil},
	{"measures-done", Text{JA: "実施済みの措置", EN: "measures taken"}, nil},
	{"measures-planned", Text{JA: "今後実施予定の措置（完了予定時期を含む。）", EN: "measures planned, with their dates"}, nil},
	{"publication", Text{JA: "公表の実施状況", EN: "publication"}, []Choice{
		{"done", Text{JA: "実施済み", EN: "done"}, Text{JA: "公表いたしました。", EN: "It was published."}}, {"planned", Text{JA: "実施予定", EN: "planned"}, Text{JA: "公表を予定しております。", EN: "It will be published."}},
		{"considered", Text{JA: "検討中", EN: "being considered"}, Text{JA: "公表を検討しております。", EN: "We are considering it."}}, {"none", Text{JA: "予定なし", EN: "not planned"}, Text{JA: "公表の予定はございません。", EN: "It will not be published."}},
	}},
	{"publication-how", Text{JA: "公表の日と方法", EN: "day and way of publication"}, nil},
	{"subcontractors", Text{JA: "委託先の有無及び名称", EN: "contractors of the firm, and their names"}, nil},
	{"investigation", Text{JA: "外部機関による調査の実施状況", EN: "investigation by outside experts"}, nil},
	{"persons-response", Text{JA: "本人への対応の実施状況", EN: "what was done for the persons concerned"}, nil},
	{"advice", Text{JA: "本人にお願いすること・ご注意いただくこと", EN: "what persons can do to protect themselves"}, nil},
	{"impact", Text{JA: "業務・取引先への影響", EN: "effect on business and customers"}, nil},
	{"state", Text{JA: "現在の状況", EN: "how things stand"}, nil},
	{"entry", Text{JA: "侵入方法（機器・脆弱性等）", EN: "way in (appliances, weaknesses, …)"}, nil},
	{"ransom-demand", Text{JA: "身代金要求の有無及びその内容", EN: "whether ransom was demanded, and which"}, nil},
	{"leak-site", Text{JA: "リークサイト等での公開の示唆の有無", EN: "whether publication was threatened or seen, and where"}, nil},
	{"indicators", Text{JA: "インディケータ（不正プログラムのハッシュ値、通信先等）", EN: "indicators (hashes of malware, addresses, …)"}, nil},
	{"machines", Text{JA: "被害を受けた端末・サーバーの台数とOS", EN: "machines hit, and their systems"}, nil},
	{"recovery", Text{JA: "復旧の見込み", EN: "when things will work again"}, nil},
	{"originator", Text{JA: "事故発生元及び事故発生者", EN: "where and by whom the accident happened"}, nil},
	{"safety", Text{JA: "事故以前の安全管理措置の実施状況（補足）", EN: "security measures before the accident, in addition to the records"}, nil},
	{"exempt", Text{JA: "高度な暗号化等の秘匿化に該当するとの判断", EN: "decided that the encryption exempts"}, applies},
	{"exemption", Text{JA: "その判断者・理由", EN: "who has decided that, and why"}, nil},
	{"board-ask", Text{JA: "取締役会に判断を求める事項", EN: "what the board is asked to decide"}, nil},
	{"faq", Text{JA: "電話応対の追加事項", EN: "more for the telephone desk"}, nil},
}

// questions finds them by key.
var questions = func() map[string]Question {
	m := make(map[string]Question)
	for _, q := range Questions {
		m[q.Key] = q
	}
	return m
}()

// answer is what people have said to a question, in words.
func (s *sheet) answer(key string) string {
	a := s.f.Answers[key].Text
	for _, c := range questions[key].Choices {
		if c.Key == a {
			if s.letter && c.Letter != (Text{}) {
				return s.text(c.Letter)
			}
			return s.text(c.Text)
		}
	}
	return a
}
