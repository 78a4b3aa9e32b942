//go:build race

package vault_test

// The race detector takes ten times as long: it gets some of the behaviours, and ./test plays all of them without it.
func init() { everyBehaviour = 6 }
