package structure

import (
	"testing"

	"github.com/azekura/azekura/internal/lang"
)

// TestReasons: whatever can be wrong is said to people in their language, and of kinds whose content is looked into, what is not theirs any
// more.
func TestReasons(t *testing.T) {
	for _, r := range Reasons {
		if !lang.Has("flaw." + r) {
			t.Errorf("no text for %q", r)
		}
	}
	for _, k := range append(kinds(), kind{name: "office"}, kind{name: "opendocument"}, kind{name: "idml"}) {
		switch k.name {
		case "text", "font", "cfb", "indesign": // which say where they are broken, and have nothing inside to be looked into
			continue
		}
		if !lang.Has("flaw." + string(k.name)) {
			t.Errorf("no text for what is wrong inside %q", k.name)
		}
	}
	for l, want := range map[lang.Lang]string{
		lang.English:  "damaged from 12 % on: the picture data is not JPEG any more",
		lang.Japanese: "12 % の位置から破損しています（画像データが JPEG として読めなくなっています）",
	} {
		if got := l.Flaw("jpeg", badData, 1200, 10_000); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
