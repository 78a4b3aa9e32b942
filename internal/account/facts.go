package account

import (
	"slices"
	"unicode/utf8"
)

// FactType says what the value of a fact may be.
type FactType string

// The types of facts.
const (
	FactYesNo  FactType = "yes-no" // "yes", "no"; "unknown" where people have looked and could not find out
	FactChoice FactType = "choice"
	FactText   FactType = "text"
)

// FactField is something about a case that only people can say, and that reports ask for.
type FactField struct {
	Key     string   `json:"key"`
	Type    FactType `json:"type"`
	Most    int      `json:"most,omitempty"`    // letters of a text
	Choices []string `json:"choices,omitempty"` // of what is no text
}

var yesNo = []string{"yes", "no", "unknown"}

// FactFields are all of them, in the order in which they are asked: the items of the report to the authority (rule 8 of the
// enforcement rules of the Act on the Protection of Personal Information) that no record tells.
var FactFields = []FactField{
	{"hostile", FactYesNo, 0, yesNo},         // somebody meant harm: rule 7 no. 3
	{"sensitive", FactYesNo, 0, yesNo},       // special care-required data is among it: no. 1
	{"property-damage", FactYesNo, 0, yesNo}, // it can be used to take money: no. 2
	{"public-bodies", FactYesNo, 0, yesNo},   // public schools or offices are among the clients: their threshold is 100
	{"exempt", FactYesNo, 0, yesNo},          // somebody has decided that the encryption frees from reporting (高度な暗号化等の秘匿化)
	{"exemption", FactText, 1000, nil},       // who has decided that, and why
	{"found-by", FactChoice, 0, []string{"own", "contractor", "client", "person", "police", "other"}},
	{"cause-by", FactChoice, 0, []string{"own", "contractor", "unknown"}},
	{"cause", FactText, 1000, nil},
	{"secondary-damage", FactYesNo, 0, yesNo},
	{"secondary-what", FactText, 1000, nil},
	{"told", FactText, 1000, nil}, // police and other bodies, with dates and reference numbers
	{"measures-done", FactText, 1000, nil},
	{"measures-planned", FactText, 1000, nil},
	{"publication", FactChoice, 0, []string{"done", "planned", "considered", "none"}},
	{"publication-how", FactText, 500, nil},
	// What other papers ask for beside.
	{"subcontractors", FactText, 500, nil},
	{"investigation", FactText, 1000, nil},
	{"persons-response", FactText, 1000, nil},
	{"advice", FactText, 1000, nil},
	{"impact", FactText, 1000, nil},
	{"state", FactText, 1000, nil},
	{"entry", FactText, 1000, nil},
	{"ransom-demand", FactText, 500, nil},
	{"leak-site", FactText, 500, nil},
	{"indicators", FactText, 1000, nil},
	{"machines", FactText, 500, nil},
	{"recovery", FactText, 500, nil},
	{"originator", FactText, 500, nil},
	{"safety", FactText, 1000, nil},
	{"board-ask", FactText, 1000, nil},
	{"faq", FactText, 1000, nil},
	// What was told, by the duties of package deadline: nobody is reminded of it any more.
	{"done-ppc-first", FactYesNo, 0, yesNo},
	{"done-ppc-final", FactYesNo, 0, yesNo},
	{"done-persons", FactYesNo, 0, yesNo},
	{"done-client", FactYesNo, 0, yesNo},
	{"done-mark-first", FactYesNo, 0, yesNo},
	{"done-mark-final", FactYesNo, 0, yesNo},
	// Why people want to hear no more of what is late: nobody is reminded of it as long as a reason stands there.
	{"mute-ppc-first", FactText, 500, nil},
	{"mute-ppc-final", FactText, 500, nil},
	{"mute-client", FactText, 500, nil},
	{"mute-mark-first", FactText, 500, nil},
	{"mute-mark-final", FactText, 500, nil},
}

// FactFieldOf returns the field of a key.
func FactFieldOf(key string) (FactField, bool) {
	i := slices.IndexFunc(FactFields, func(f FactField) bool { return f.Key == key })
	if i < 0 {
		return FactField{}, false
	}
	return FactFields[i], true
}

// Takes reports whether a value may be set.
func (f FactField) Takes(value string) bool {
	if f.Type == FactText {
		return utf8.ValidString(value) && utf8.RuneCountInString(value) <= f.Most
	}
	return slices.Contains(f.Choices, value)
}
