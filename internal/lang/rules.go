package lang

import (
	"strconv"
	"strings"
	"time"
)

// ruleTexts name what two people change of the rules, and what it is changed from and to.
var ruleTexts = []text{
	{"rule.firm", "Name of the firm", "会社名"},
	{"rule.second-factor", "Second factor", "二要素認証"},
	{"rule.day-length", "Longest day", "一日の利用時間"},
	{"rule.opening", "Opening time", "始業時刻"},
	{"rule.closing", "Closing time", "終業時刻"},
	{"rule.zone", "Time zone", "タイムゾーン"},
	{"rule.any-place", "New addresses and devices", "初めての接続元・機器"},
	{"rule.networks", "May be used from", "利用できる接続元"},
	{"rule.network-list", "List of networks “%s”", "ネットワークのリスト「%s」"},
	{"rule.role", "Role", "役割"},
	{"rule.minute", "%s, within a minute", "%s（1 分間）"},
	{"rule.day", "%s, within a day", "%s（1 日）"},
	{"rule.files", "%s files", "%s 件"},
	{"rule.pictures", "%s pictures", "%s 枚"},
	{"rule.persons", "%s persons", "%s 人"},
	{"rule.hours", "%d h", "%d 時間"},
	{"rule.hours-minutes", "%d h %d min", "%d 時間 %d 分"},
	{"rule.none", "none", "なし"},
	{"rule.anywhere", "anywhere", "制限なし"},
	{"rule.zone-here", "that of the server", "サーバーの設定"},
	{"rule.second-factor-true", "needed by everybody", "全員に必須"},
	{"rule.second-factor-false", "not needed", "任意"},
	{"rule.any-place-true", "nothing special", "特別に扱わない"},
	{"rule.any-place-false", "a tenth of the day's budget, and told", "1 日の上限を 10 分の 1 にし、通知"},
}

// Rule names a rule, as a proposal says what would change; on is the name of a list.
func (l Lang) Rule(what, on string) string {
	class, span, ok := strings.Cut(what, "-")
	switch {
	case ok && Has("web.budget."+class) && (span == "minute" || span == "day"):
		return l.Text("rule."+span, l.Text("web.budget."+class))
	case what == "network-list", what == "log-source":
		return l.Text("rule."+what, on)
	}
	return l.named("rule", what)
}

// RuleValue says what a rule is, or would be, with its unit.
func (l Lang) RuleValue(what, value string) string {
	switch what {
	case "second-factor", "any-place", "witness-mode":
		return l.named("rule", what+"-"+value)
	case "role":
		return l.named("role", value)
	case "day-length":
		d, err := time.ParseDuration(value)
		switch {
		case err != nil:
			return value
		case d%time.Hour == 0:
			return l.Text("rule.hours", int(d.Hours()))
		}
		return l.Text("rule.hours-minutes", int(d.Hours()), int(d.Minutes())%60)
	case "open-minute", "open-day", "export-minute", "export-day":
		return l.Text("rule.files", grouped(value))
	case "preview-minute", "preview-day":
		return l.Text("rule.pictures", grouped(value))
	case "persons-minute", "persons-day":
		return l.Text("rule.persons", grouped(value))
	}
	switch {
	case strings.HasPrefix(what, "removal-") && value != "":
		return grouped(value)
	case value != "":
		return value
	case what == "networks":
		return l.Text("rule.anywhere")
	case what == "zone":
		return l.Text("rule.zone-here")
	}
	return l.Text("rule.none")
}

// grouped writes a number with a comma before each three digits.
func grouped(number string) string {
	if _, err := strconv.ParseUint(number, 10, 64); err != nil {
		return number
	}
	for i := len(number) - 3; i > 0; i -= 3 {
		number = number[:i] + "," + number[i:]
	}
	return number
}
