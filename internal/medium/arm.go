package medium

import "context"

// arm is that of a disk: whoever reads or writes a segment has it for so long, as an arm that goes to and fro between several takes as long again. Disks
// without one lose nothing by it. It is nil where there is no disk.
type arm chan struct{}

func armOf(t Target) arm {
	if _, ok := t.(*Dir); ok {
		return make(arm, 1)
	}
	return nil
}

// alone does something with a disk while nobody else does.
func (a arm) alone(ctx context.Context, do func() error) error {
	if a != nil {
		if !pass(ctx, a, struct{}{}) {
			return ctx.Err()
		}
		defer func() { <-a }()
	}
	return do()
}
