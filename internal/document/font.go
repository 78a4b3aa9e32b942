package document

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/signintech/gopdf"
)

// ErrNoFont means that this machine has no font with Japanese letters that a PDF could be written with.
var ErrNoFont = errors.New("no TrueType font with Japanese letters")

// places are where systems keep such fonts. PDFs are written with TrueType outlines, one face in a file: collections (.ttc) and
// PostScript outlines (Noto CJK) are no use.
var places = []string{
	"/usr/share/fonts/opentype/ipaexfont-gothic/ipaexg.ttf", // Debian, Ubuntu: fonts-ipaexfont
	"/usr/share/fonts/ipa-ex-gothic-fonts/ipaexg.ttf",       // Fedora, RHEL: ipa-ex-gothic-fonts
	"/usr/share/fonts/OTF/ipaexg.ttf",                       // Arch: otf-ipaexfont
	"/usr/share/fonts/truetype/fonts-japanese-gothic.ttf",   // Debian's choice among those that are installed
	"/usr/share/fonts/opentype/ipafont-gothic/ipag.ttf",
	"/usr/share/fonts/truetype/takao-gothic/TakaoGothic.ttf",
	"/usr/share/fonts/truetype/vlgothic/VL-Gothic-Regular.ttf",
	"/usr/local/share/fonts/ipaexg.ttf",
}

// maxFont bounds the file of a font.
const maxFont = 64 << 20

// font reads the font of a name, or the first of those that systems have.
func font(name string) ([]byte, error) {
	if name != "" {
		return readFont(name)
	}
	for _, p := range places {
		if b, err := readFont(p); err == nil {
			return b, nil
		}
	}
	return nil, ErrNoFont
}

// readFont reads a font and tries it: it must have kana and kanji.
func readFont(name string) ([]byte, error) {
	i, err := os.Stat(name)
	if err != nil {
		return nil, err
	}
	if !i.Mode().IsRegular() || i.Size() > maxFont {
		return nil, &fs.PathError{Op: "read", Path: name, Err: errors.New("no file of a font")}
	}
	b, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	press, err := newPress(b)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	p := &gopdf.GoPdf{}
	p.Start(gopdf.Config{PageSize: *gopdf.PageSizeA4})
	err = p.AddTTFFontFromFontContainer(family, &press.fonts)
	if err == nil {
		err = p.SetFont(family, "", 10)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if _, err := p.MeasureTextWidth("校倉くらA1" + string(geta)); err != nil || press.missing {
		return nil, fmt.Errorf("%s: it has no Japanese letters", name)
	}
	return b, nil
}

const family = "text"

// geta stands for a letter that a font has not, as in Japanese print since lead type.
const geta = '〓'

// addFont loads a font. What it makes of a file that is none must not end the program.
func addFont(p *gopdf.FontContainer, b []byte, missing func()) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("not a TrueType font: %v", r)
		}
	}()
	return p.AddTTFFontByReaderWithOption(family, bytes.NewReader(b), gopdf.TtfOption{OnGlyphNotFoundSubstitute: func(r rune) rune {
		missing()
		if r == geta {
			return ' '
		}
		return geta
	}})
}
