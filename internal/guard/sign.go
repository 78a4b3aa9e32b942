package guard

// Sign is a kind of evidence. The word stands in commit records.
type Sign string

// The signs. Each names what was seen, not what somebody meant by it.
const (
	Broken    Sign = "broken"    // content that was whole is damaged inside
	Cut       Sign = "cut"       // content that was whole ends too early, as when a connection broke
	Emptied   Sign = "emptied"   // content became none, or almost none
	Strange   Sign = "strange"   // content of a known kind became one of no kind, or of one that cannot follow it
	Even      Sign = "even"      // content that had some order has none any more
	Rewritten Sign = "rewritten" // content of no known kind is another one from end to end, and as long as before
	Locked    Sign = "locked"    // content was closed with a password of its own
	Grown     Sign = "grown"     // several files got the same number of bytes behind their end
	Swapped   Sign = "swapped"   // a file was removed, and content of no kind came in its place
	Packed    Sign = "packed"    // a file was removed, and there is an archive with a password that is large enough for it
	Same      Sign = "same"      // the same content came in the place of several others
	Parcelled Sign = "parcelled" // a file was removed, and an archive with a password came in its place
	Retitled  Sign = "retitled"  // names got an ending that says nothing
	Noted     Sign = "noted"     // the same small file came into one folder after the other
	Gone      Sign = "gone"      // a file was removed whose content stands nowhere else
	Trapped   Sign = "trapped"   // a file that nobody has any reason to touch was touched
)

// weight is what a sign says.
type weight struct {
	// benign is how often an ordinary act shows the sign: the rate that the sequential test compares with. Those of one in 100,000 are the
	// bound that the tests of ordinary days give (none in more than 30,000), with the sequence of several taken together.
	benign float64
	most   float64 // what it can say in all, however often it comes; 0: there is no bound
	held   int     // of which file on it is held by itself; 0: never
	of     []Kind  // the steps that can show it
}

// weights are what the signs say. docs/guard.md explains each of them to the people who have to live with it.
var weights = map[Sign]weight{
	Trapped:   {benign: 1e-12, held: 1, of: []Kind{Saved, Made, Removed, Renamed}}, // one is enough, whatever else its party does
	Broken:    {benign: 1e-5, held: 1, of: []Kind{Saved}},
	Strange:   {benign: 1e-4, held: 1, of: []Kind{Saved}},
	Swapped:   {benign: 1e-4, held: 1, of: []Kind{Made, Removed}},
	Grown:     {benign: 1e-4, held: 1, of: []Kind{Saved}},
	Even:      {benign: 1e-3, held: 1, of: []Kind{Saved}},
	Cut:       {benign: 1e-3, held: 1, of: []Kind{Saved}},
	Emptied:   {benign: 0.3, held: 1, of: []Kind{Saved}},
	Same:      {benign: 1e-2, held: 1, of: []Kind{Saved}},
	Retitled:  {benign: 1e-2, of: []Kind{Renamed}},
	Rewritten: {benign: 0.05, held: 2, of: []Kind{Saved}},
	Parcelled: {benign: 0.05, held: 3, of: []Kind{Made, Removed}},
	Packed:    {benign: 0.1, most: 10, held: 3, of: []Kind{Removed}},
	Locked:    {benign: 0.3, most: 12, held: 4, of: []Kind{Saved}},
	Noted:     {benign: 0.3, most: 4, of: []Kind{Made}},
	Gone:      {benign: 0.9, most: 3, of: []Kind{Removed}}, // held by number: Config.Removals
}

// order is the signs in an order that stays: the place of each is its number.
var order = [...]Sign{Trapped, Broken, Strange, Swapped, Grown, Even, Cut, Emptied, Same, Retitled, Rewritten, Parcelled, Packed, Locked, Noted, Gone}

// table is the weights by number, and numbers are those.
var table, numbers = func() (list [len(order)]weight, m map[Sign]int) {
	m = make(map[Sign]int)
	for i, s := range order {
		list[i], m[s] = weights[s], i
	}
	return list, m
}()

func (s Sign) number() int { return numbers[s] }
