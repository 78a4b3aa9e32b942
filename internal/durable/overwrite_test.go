package durable_test

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/azekura/azekura/internal/durable"
	"github.com/azekura/azekura/internal/durable/durabletest"
)

// TestReplace looks at the old content through a handle that outlives its name.
func TestReplace(t *testing.T) {
	name := filepath.Join(t.TempDir(), "ring")
	if left, err := durable.Replace(durable.OS(), name, []byte("first"), 0o600); left != nil || err != nil {
		t.Fatal(left, err)
	}
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if left, err := durable.Replace(durable.OS(), name, []byte("second"), 0o600); left != nil || err != nil {
		t.Fatal(left, err)
	}
	b := make([]byte, 10)
	if n, _ := f.ReadAt(b, 0); n != 5 || !bytes.Equal(b[:n], make([]byte, 5)) {
		t.Errorf("the old content is %q", b[:n])
	}
	if b, err := os.ReadFile(name); err != nil || string(b) != "second" {
		t.Errorf("%q, %v", b, err)
	}
}

// TestReplaceFaults takes the power away at every call: the file holds the old or the new content, and the new one once that was said.
func TestReplaceFaults(t *testing.T) {
	durabletest.EachCut(t, func(t *testing.T, p *durabletest.Platter) {
		_, first := durable.Replace(p, "/ring", []byte("first"), 0o600)
		_, second := durable.Replace(p, "/ring", []byte("second"), 0o600)
		p.Heal()
		for disk := range p.Crashes(3) {
			b, err := durable.ReadFile(disk, "/ring")
			switch s := string(b); {
			case err != nil && first != nil, s == "second":
			case second == nil || err != nil || s != "first":
				t.Errorf("%q, %v after %v and %v", b, err, first, second)
			}
		}
	})
}
