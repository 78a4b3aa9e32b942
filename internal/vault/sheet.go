package vault

import "github.com/azekura/azekura/internal/commit"

// Room that is left in a commit record for who acts, and for an act on the directory itself with its properties.
const (
	recordRoom = 4 << 20
	spareOps   = 16
)

// sheet gathers operations that are to become visible together, as far as one commit record holds them.
type sheet struct {
	ops  []commit.Op
	size int
}

// add takes operations that belong together. It reports false, and takes none, when they do not fit any more. An empty
// sheet takes whatever comes: nowhere will it find more room.
func (s *sheet) add(ops ...commit.Op) (bool, error) {
	b, err := commit.Record{Ops: ops}.Marshal()
	if err != nil {
		return false, err
	}
	if len(s.ops) > 0 && (len(s.ops)+len(ops) > commit.MaxOps-spareOps || s.size+len(b) > commit.MaxRecord-recordRoom) {
		return false, nil
	}
	s.ops, s.size = append(s.ops, ops...), s.size+len(b)
	return true, nil
}
