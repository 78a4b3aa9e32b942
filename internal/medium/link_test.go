package medium

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/azekura/azekura/internal/durable"
	"github.com/azekura/azekura/internal/durable/durabletest"
	"github.com/azekura/azekura/internal/id"
)

// TestLinks: somebody who had the medium has put links on it that lead out of it. Nothing is written, read or removed where they lead.
func TestLinks(t *testing.T) {
	for _, link := range []string{"packs", "lists", "files", "ledger", "ledger/tile", "records", recordName(1), "packs/SHARE", "packs/SHARE/0000000000000001-0000000000000000"} {
		h := newHouse(t, durabletest.New(t), 11)
		h.grow(10, 12<<10)
		at, outside := t.TempDir(), t.TempDir()
		secret := filepath.Join(outside, "secret")
		if err := os.WriteFile(secret, []byte("secret"), 0o600); err != nil {
			t.Fatal(err)
		}
		m := NewDisk(durable.OS(), at)
		if err := Make(t.Context(), m, Descriptor{ID: id.NewMedium(), Label: "disk 1", Vault: h.key}); err != nil {
			t.Fatal(err)
		}
		name := filepath.Join(at, filepath.FromSlash(strings.Replace(link, "SHARE", h.shares[0].String(), 1)))
		to := outside
		if link == recordName(1) || strings.Contains(link, "SHARE/") {
			to = secret
		}
		if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(to, name); err != nil {
			t.Fatal(err)
		}
		if out, err := Sync(t.Context(), m, h, Options{Key: h.key}); err == nil {
			t.Errorf("%s: synced: %+v", link, out)
		}
		if b, err := os.ReadFile(secret); err != nil || string(b) != "secret" {
			t.Errorf("%s: what it leads to holds %q, %v", link, b, err)
		}
		if list, err := os.ReadDir(outside); err != nil || len(list) != 1 {
			t.Errorf("%s: %v, %v", link, list, err)
		}
		h.close()
	}
}

// TestPipe: a pipe that stands where a medium should tell what it is keeps nobody waiting.
func TestPipe(t *testing.T) {
	at := t.TempDir()
	if err := syscall.Mkfifo(filepath.Join(at, DescriptorName), 0o600); err != nil {
		t.Fatal(err)
	}
	if d, err := Describe(t.Context(), NewDisk(durable.OS(), at)); err == nil {
		t.Errorf("%+v", d)
	}
}
