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

// WitnessTrouble is what kind of thing keeps a witness from cosigning.
type WitnessTrouble string

// The kinds.
const (
	WitnessUnreachable WitnessTrouble = "unreachable" // nobody answers at its address, or not in time
	WitnessUntrusted   WitnessTrouble = "untrusted"   // its certificate is not for this address, has run out, or is signed by nobody who is trusted here
	WitnessUnknown     WitnessTrouble = "unknown"     // it does not watch this ledger, or who answers there is no witness
	WitnessUnsigned    WitnessTrouble = "unsigned"    // it watches a ledger of this name with another public key
	WitnessBroken      WitnessTrouble = "broken"      // it cannot: its disk is full, or something is in between
	WitnessStrange     WitnessTrouble = "strange"     // what it answers is nothing that a witness says
	WitnessOtherKey    WitnessTrouble = "other-key"   // who answers there signs with another key
	WitnessOtherHead   WitnessTrouble = "other-head"  // it has cosigned another head than it was asked for
	WitnessLonger      WitnessTrouble = "longer"      // it refuses: it has seen more entries
	WitnessForked      WitnessTrouble = "forked"      // it refuses: it has seen other entries
)

// clockApart is how far the clocks of a witness and of this machine may differ before people are told.
const clockApart = time.Minute

// Clock is how far ahead the witness's clock is of this machine's, where one of the two must be wrong; else 0.
func (s *WitnessState) Clock() time.Duration {
	if d := s.Signed.Sub(s.When); !s.Signed.IsZero() && !s.When.IsZero() && (d > clockApart || d < -clockApart) {
		return d.Round(time.Second)
	}
	return 0
}

// WitnessState is what is known of one.
type WitnessState struct {
	Name     string         `json:"name"`
	URL      string         `json:"url"`
	Size     int64          `json:"size"`               // entries of the latest head that it has cosigned since the start
	When     time.Time      `json:"when,omitzero"`      // when it did
	Signed   time.Time      `json:"signed,omitzero"`    // when it did by its own clock, which its cosignature vouches for
	Mirrored int64          `json:"mirrored,omitempty"` // entries that its mirror vouches to have
	Problem  string         `json:"problem,omitempty"`  // why it has not cosigned, when it was asked last
	Trouble  WitnessTrouble `json:"trouble,omitempty"`  // what kind of thing Problem is
	Forgot   int64          `json:"forgot,omitempty"`   // entries that it had cosigned since the start, and did not know any more: its directory was brought back from an older copy
	Uncopied string         `json:"uncopied,omitempty"` // why its mirror has no newer copy
	Refuses  bool           `json:"refuses,omitempty"`  // it says that it has seen another or a longer ledger
	Proven   bool           `json:"proven,omitempty"`   // and has shown a head of that, signed with this ledger's key
}
