package vault

import (
	"github.com/azekura/azekura/internal/commit"
	"github.com/azekura/azekura/internal/guard"
	"github.com/azekura/azekura/internal/guard/structure"
)

// Found is what is kept of a look at content. Of none there is nothing to find.
func Found(f structure.Finding, deep bool) commit.Found {
	if f.Size == 0 {
		return commit.Found{}
	}
	return commit.Found{Looked: true, Deep: deep, Damaged: f.State == structure.Damaged, Sealed: f.Sealed, Even: f.Even, Kind: string(f.Kind), Reason: f.Reason, At: f.At, Trailing: f.Trailing}
}

// Inside is what the guard is told of what an archive holds. It is not kept.
func Inside(f structure.Finding) *guard.Inside {
	if f.Inside == nil {
		return nil
	}
	in := &guard.Inside{Rooms: f.Inside.Rooms, Open: f.Inside.Open, Files: make([]guard.Listed, len(f.Inside.Files))}
	for i, x := range f.Inside.Files {
		in.Files[i] = guard.Listed(x)
	}
	return in
}
