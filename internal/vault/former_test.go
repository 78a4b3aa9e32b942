package vault_test

import (
	"slices"
	"testing"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/pathname"
	"github.com/azekura/azekura/internal/vault"
)

// TestFormerPaths: the keeper is told at which paths content has stood before, by the names that the folders had then: copies, copies of copies, old
// versions under new names, new names of files and of folders above them do not hide whose it is.
func TestFormerPaths(t *testing.T) {
	for name, c := range map[string]struct {
		act  func(t *testing.T, f vault.Files)
		read pathname.Path
		want []string
	}{
		"nothing was done": {func(*testing.T, vault.Files) {}, "/s/2026/A/12_x.jpg", nil},
		"a copy": {func(t *testing.T, f vault.Files) {
			must(t, f.Copy(t.Context(), "/s/2026/A/12_x.jpg", "/s/tmp/1.jpg", false, true))
		}, "/s/tmp/1.jpg", []string{"/s/2026/A/12_x.jpg"}},
		"a copy of a folder, renamed": {func(t *testing.T, f vault.Files) {
			must(t, f.Copy(t.Context(), "/s/2026", "/s/tmp/c", false, true))
			must(t, f.Rename(t.Context(), "/s/tmp/c", "/s/d", false))
		}, "/s/d/A/12_x.jpg", []string{"/s/2026/A/12_x.jpg"}},
		"a copy of a copy, over another": {func(t *testing.T, f vault.Files) {
			save(t, f, "/s/tmp/2.jpg", smallPicture(2))
			must(t, f.Copy(t.Context(), "/s/2026/A/12_x.jpg", "/s/tmp/1.jpg", false, true))
			must(t, f.Copy(t.Context(), "/s/tmp/1.jpg", "/s/tmp/2.jpg", true, true))
		}, "/s/tmp/2.jpg", []string{"/s/2026/A/12_x.jpg"}},
		"an old version": {func(t *testing.T, f vault.Files) {
			old := stat(t, f, "/s/2026/A/12_x.jpg").Version
			save(t, f, "/s/2026/A/12_x.jpg", smallPicture(2))
			must(t, f.Restore(t.Context(), "/s/tmp/1.jpg", old))
		}, "/s/tmp/1.jpg", []string{"/s/2026/A/12_x.jpg"}},
		"a folder with another name": {func(t *testing.T, f vault.Files) {
			must(t, f.Rename(t.Context(), "/s/2026", "/s/tmp/x", false))
		}, "/s/tmp/x/A/12_x.jpg", []string{"/s/2026/A/12_x.jpg"}},
		"came in without a name": {func(t *testing.T, f vault.Files) {
			save(t, f, "/s/tmp/IMG_1.jpg", smallPicture(3))
			must(t, f.Rename(t.Context(), "/s/tmp/IMG_1.jpg", "/s/2026/A/13_x.jpg", false))
			must(t, f.Rename(t.Context(), "/s/2026", "/s/2027", false))
			must(t, f.Copy(t.Context(), "/s/2027/A/13_x.jpg", "/s/tmp/1.jpg", false, true))
		}, "/s/tmp/1.jpg", []string{"/s/tmp/IMG_1.jpg", "/s/2026/A/13_x.jpg"}},
		"another content under the name": {func(t *testing.T, f vault.Files) {
			must(t, f.Rename(t.Context(), "/s/2026/A/12_x.jpg", "/s/tmp/1.jpg", false))
			save(t, f, "/s/tmp/1.jpg", smallPicture(4))
		}, "/s/tmp/1.jpg", nil},
	} {
		for _, persons := range []bool{true, false} {
			t.Run(name, func(t *testing.T) {
				h := guarded(t)
				f := h.v.As(person("writer"))
				for _, d := range []pathname.Path{"/s/2026", "/s/2026/A", "/s/tmp"} {
					must(t, f.Mkdir(t.Context(), d))
				}
				save(t, f, "/s/2026/A/12_x.jpg", smallPicture(1))
				c.act(t, f)
				h.keeper.persons = persons
				g := h.v.As(person("reader"))
				files, err := g.Open(t.Context(), account.Open, stat(t, g, c.read))
				must(t, err)
				files[0].Close()
				if want := map[bool][]string{true: c.want}[persons]; !slices.Equal(h.keeper.former, want) {
					t.Errorf("told %q, want %q", h.keeper.former, want)
				}
			})
		}
	}
}

// TestFormerPathsOfPreviews: a small picture of a copy tells the same.
func TestFormerPathsOfPreviews(t *testing.T) {
	h, p := newGallery(t)
	f := h.v.As(staff)
	must(t, f.Mkdir(t.Context(), "/s/A"))
	save(t, f, "/s/A/12_x.jpg", []byte("picture"))
	painted(t, h, p, 1)
	must(t, f.Copy(t.Context(), "/s/A/12_x.jpg", "/s/1.jpg", false, true))
	h.keeper.persons = true
	content(t, previews(t, h, stat(t, f, "/s/1.jpg"))[0])
	if want := []string{"/s/A/12_x.jpg"}; !slices.Equal(h.keeper.former, want) {
		t.Errorf("told %q, want %q", h.keeper.former, want)
	}
}
