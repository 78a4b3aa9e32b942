package vault_test

import (
	"bytes"
	"image"
	"image/jpeg"
	"math/rand/v2"
	"testing"

	"github.com/azekura/azekura/internal/commit"
	"github.com/azekura/azekura/internal/pathname"
	"github.com/azekura/azekura/internal/vault"
)

// photograph is a JPEG of some megabytes.
func photograph(t *testing.T) []byte {
	t.Helper()
	m := image.NewGray(image.Rect(0, 0, 2400, 1800))
	rand.NewChaCha8([32]byte{3}).Read(m.Pix)
	var b bytes.Buffer
	must(t, jpeg.Encode(&b, m, &jpeg.Options{Quality: 90}))
	return b.Bytes()
}

// TestFound: what a look at content finds is kept with the version, however the content comes, and goes with it to where it is copied, and
// through a rebuild.
func TestFound(t *testing.T) {
	h := newHouse(t, "s")
	f, ctx := h.v.As(staff), t.Context()
	whole := photograph(t)
	half := len(whole) / 2
	broken := bytes.Clone(whole)
	rand.NewChaCha8([32]byte{4}).Read(broken[half : half+100_000])
	at := func(name pathname.Path, content []byte, write func(d vault.Draft) error) commit.Found {
		t.Helper()
		d, err := f.Create(ctx, name)
		must(t, err)
		must(t, write(d))
		i, err := d.Commit(ctx, vault.Save{})
		must(t, err)
		if got := stat(t, f, name).Found; got != i.Found {
			t.Errorf("%s: %+v, and %+v after the save", name, got, i.Found)
		}
		return i.Found
	}
	for name, write := range map[string]func(content []byte) func(d vault.Draft) error{
		"in order": func(content []byte) func(d vault.Draft) error {
			return func(d vault.Draft) error {
				for from := 0; from < len(content); from += 100_000 {
					if _, err := d.Write(content[from:min(from+100_000, len(content))]); err != nil {
						return err
					}
				}
				return nil
			}
		},
		"from the end": func(content []byte) func(d vault.Draft) error {
			return func(d vault.Draft) error {
				for from := len(content) / 100_000 * 100_000; from >= 0; from -= 100_000 {
					if _, err := d.WriteAt(content[from:min(from+100_000, len(content))], int64(from)); err != nil {
						return err
					}
				}
				return nil
			}
		},
	} {
		if got := at("/s/whole "+pathname.Path(name), whole, write(whole)); got != (commit.Found{Looked: true, Kind: "jpeg"}) {
			t.Errorf("whole, %s: %+v", name, got)
		}
		got := at("/s/broken "+pathname.Path(name), broken, write(broken))
		if !got.Damaged || got.Kind != "jpeg" || got.Reason == "" || got.At < int64(half) || got.At > int64(half+100_000) {
			t.Errorf("broken from %d on, %s: %+v", half, name, got)
		}
	}
	want := stat(t, f, "/s/broken in order").Found
	must(t, f.Copy(ctx, "/s/broken in order", "/s/copy", false, true))
	must(t, f.Rename(ctx, "/s/copy", "/s/moved", false))
	if got := stat(t, f, "/s/moved").Found; got != want {
		t.Errorf("a copy that was moved: %+v, want %+v", got, want)
	}
	if got := save(t, f, "/s/note", []byte("kept")).Found; got != (commit.Found{Looked: true}) {
		t.Errorf("a few letters: %+v", got)
	}
	report, err := h.v.Rebuild(ctx, staff, "s", func(int64) {}, func(vault.Finding) {})
	must(t, err)
	if !report.Equal {
		t.Error("the rebuilt catalogue is another one")
	}
	if got := stat(t, f, "/s/moved").Found; got != want {
		t.Errorf("after a rebuild: %+v, want %+v", got, want)
	}
}
