package account

import "time"

// Witnessing says whether readings wait for witnesses of the ledger, and which there are.
type Witnessing struct {
	Mode      WitnessMode `json:"mode"`
	Need      int         `json:"need"` // how many must have cosigned
	Witnesses []Witness   `json:"witnesses"`
}

// WitnessMode is what happens where witnesses do not answer.
type WitnessMode string

// The modes.
const (
	WitnessOff     WitnessMode = "off"     // they are asked, and nobody is told where they do not answer
	WitnessWarn    WitnessMode = "warn"    // people are told
	WitnessRequire WitnessMode = "require" // no key is released before its entry is cosigned
)

// Witness is one that cosigns the ledger's heads (C2SP tlog-witness).
type Witness struct {
	URL    string `json:"url"`
	Key    string `json:"key"`              // its public key, a C2SP signed-note verifier key
	Mirror string `json:"mirror,omitempty"` // the public key of its mirror (C2SP tlog-mirror); empty: it keeps no copy
}

// Away reports whether a witness does not cosign.
func (s *WitnessState) Away() bool { return s.Problem != "" || s.When.IsZero() }

// WitnessState is what is known of one.
type WitnessState struct {
	Name     string    `json:"name"`
	URL      string    `json:"url"`
	Size     int64     `json:"size"`               // entries of the latest head that it has cosigned since the start
	When     time.Time `json:"when,omitzero"`      // when it did
	Signed   time.Time `json:"signed,omitzero"`    // when it did by its own clock, which its cosignature vouches for
	Mirrored int64     `json:"mirrored,omitempty"` // entries that its mirror vouches to have
	Problem  string    `json:"problem,omitempty"`  // why it has not cosigned, when it was asked last
	Uncopied string    `json:"uncopied,omitempty"` // why its mirror has no newer copy
	Refuses  bool      `json:"refuses,omitempty"`  // it says that it has seen another or a longer ledger
	Proven   bool      `json:"proven,omitempty"`   // and has shown a head of that, signed with this ledger's key
}
