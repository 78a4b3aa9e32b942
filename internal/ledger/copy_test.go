package ledger

import (
	"bytes"
	"errors"
	"io/fs"
	"testing"

	"github.com/azekura/azekura/internal/durable/durabletest"
)

// TestFilesSince: what a copy had before, and what it lacks, are together all that an export has.
func TestFilesSince(t *testing.T) {
	k, disk := newKeys(t), durabletest.New(t)
	l := open(t, k.config(disk, "/ledger"))
	defer l.Close()
	copied := make(map[string][]byte)
	from := int64(0)
	for _, more := range []int{1, 3, 252, 1, 255, 256, 600} {
		if _, err := l.Append(t.Context(), sealed(t, int(from), more)...); err != nil {
			t.Fatal(err)
		}
		if _, err := l.Publish(t.Context()); err != nil {
			t.Fatal(err)
		}
		r, err := NewReader(l.Files(), k.public)
		if err != nil {
			t.Fatal(err)
		}
		for f, err := range r.FilesSince(t.Context(), from) {
			if err != nil {
				t.Fatal(err)
			}
			if old, ok := copied[f.Name]; ok && !bytes.Equal(old, f.Data) {
				t.Errorf("%s would be written again with other bytes", f.Name)
			}
			copied[f.Name] = f.Data
		}
		from = r.Head().Size
		export := durabletest.New(t)
		if _, err := Export(t.Context(), l.Files(), k.public, export, "/x"); err != nil {
			t.Fatal(err)
		}
		names := 0
		for _, name := range export.Names() {
			name = name[len("/x/"):]
			want, err := fs.ReadFile(Files(export, "/x"), name)
			if err != nil {
				t.Fatal(err)
			}
			if names++; name != checkpointName && !bytes.Equal(copied[name], want) {
				t.Errorf("with %d entries %s has %d bytes, want %d", from, name, len(copied[name]), len(want))
			}
		}
		if names < 3 {
			t.Errorf("%d entries: only %d files", from, names)
		}
	}
	// One that the checkpoint does not vouch for is not handed out.
	for _, name := range disk.Names() {
		if b, err := disk.ReadFile(name); err == nil && bytes.Contains([]byte(name), []byte("tile/entries/000")) {
			b = bytes.Clone(b)
			b[len(b)/2] ^= 1
			if err := disk.SetFile(name, b); err != nil {
				t.Fatal(err)
			}
		}
	}
	r, err := NewReader(l.Files(), k.public)
	if err != nil {
		t.Fatal(err)
	}
	for _, err = range r.FilesSince(t.Context(), 0) {
		if err != nil {
			break
		}
	}
	if _, ok := errors.AsType[*DamageError](err); !ok {
		t.Errorf("an entry that was changed is copied: %v", err)
	}
}
