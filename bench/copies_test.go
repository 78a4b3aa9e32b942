package main

import (
	"os/exec"
	"testing"
)

// TestQuoted: a shell sees the arguments as they are.
func TestQuoted(t *testing.T) {
	args := []string{"printf", "%s|", "it's", "a b", "$HOME", "`x`", ""}
	line := ""
	for _, a := range quoted(args) {
		line += a + " "
	}
	out, err := exec.CommandContext(t.Context(), "sh", "-c", line).Output()
	if want := "it's|a b|$HOME|`x`||"; err != nil || string(out) != want {
		t.Errorf("%s, %v", out, err)
	}
}

// TestInMemory: a disk in memory is one of its own, and nothing of it stays.
func TestInMemory(t *testing.T) {
	if _, err := inMemory(t.Context(), t.TempDir(), 1<<60); err == nil {
		t.Error("a disk that is larger than the memory was made")
	}
}
