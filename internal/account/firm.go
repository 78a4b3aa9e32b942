package account

// Firm is who reports: what every report of a case begins with. What is empty nobody has entered yet; papers leave a place for it.
type Firm struct {
	Name           string `json:"name,omitempty"`           // that of the policy
	Number         string `json:"number,omitempty"`         // corporate number (法人番号), 13 digits
	Business       string `json:"business,omitempty"`       // its kind of business (業種)
	Address        string `json:"address,omitempty"`        // where it has its seat
	Title          string `json:"title,omitempty"`          // of its representative (代表者)
	Representative string `json:"representative,omitempty"` // by name
	Department     string `json:"department,omitempty"`     // of the person to ask (事務連絡者)
	Person         string `json:"person,omitempty"`
	Telephone      string `json:"telephone,omitempty"`
	Mail           string `json:"mail,omitempty"`
	Hours          string `json:"hours,omitempty"` // in which the telephone is answered
	Mark           string `json:"mark,omitempty"`  // registration number of the PrivacyMark; none: the firm does not bear it
}

// ValidCorporateNumber reports whether a text of 13 digits is a corporate number: the first digit checks the others
// (法人番号の指定等に関する省令 2条).
func ValidCorporateNumber(s string) bool {
	if len(s) != 13 {
		return false
	}
	sum := 0
	for i := range len(s) {
		d := int(s[i]) - '0'
		if d < 0 || d > 9 {
			return false
		}
		if i > 0 { // counted from the end, the second, fourth, … weigh twice
			sum += d * (1 + i%2)
		}
	}
	return int(s[0]-'0') == 9-sum%9
}
