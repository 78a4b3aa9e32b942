//go:build race

package preview

// The race detector keeps a multiple of what it watches.
func init() { testMemory *= 8 }
