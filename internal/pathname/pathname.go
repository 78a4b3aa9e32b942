// Package pathname says what a name in a share may be and which names are the same.
//
// A name is kept byte for byte as it was given. Two names are the same when their Unicode NFC
// forms are equal: macOS sends が as か followed by a combining mark, everybody else as one letter.
// Case is significant, as given, and so are widths: ｶ is not カ. NFC also takes a compatibility
// ideograph such as U+FA19 for the ideograph of which it is a form, U+795E: two such names in one
// directory are one name, as they are on a Mac.
package pathname

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// Limits of names and paths, in bytes. The length of a name counts in its NFC form, so that a name
// that another system took with 255 bytes is not too long because a Mac decomposed it.
const (
	MaxName = 255
	MaxPath = 16 << 10
)

// Path names a file or directory of the vault: "/" is the list of shares, "/share" the root of a
// share, "/share/dir/file" something in it. A Path from Parse or Join is clean.
type Path string

// Root is the list of shares.
const Root Path = "/"

// Parse checks a slash-separated path and returns it clean: leading slash, no trailing slash. It
// refuses ".", "..", empty elements inside, and every name that Check refuses.
func Parse(s string) (Path, error) {
	if len(s) > MaxPath {
		return "", fmt.Errorf("the path is longer than %d bytes", MaxPath)
	}
	s = strings.TrimPrefix(s, "/")
	if s == "" {
		return Root, nil
	}
	s = strings.TrimSuffix(s, "/")
	for name := range strings.SplitSeq(s, "/") {
		if err := Check(name); err != nil {
			return "", err
		}
	}
	return Path("/" + s), nil
}

// Join returns the path of the entry name of directory p. The name must have passed Check.
func (p Path) Join(name string) Path {
	if p == Root {
		return Path("/" + name)
	}
	return p + "/" + Path(name)
}

// Names returns the elements of p, the share first; none for Root.
func (p Path) Names() []string {
	if p == Root || p == "" {
		return nil
	}
	return strings.Split(string(p[1:]), "/")
}

// Share returns the first element of p, or "" for Root.
func (p Path) Share() string {
	name, _, _ := strings.Cut(strings.TrimPrefix(string(p), "/"), "/")
	return name
}

// Base returns the last element of p, or "" for Root.
func (p Path) Base() string { return string(p[strings.LastIndexByte(string(p), '/')+1:]) }

// Dir returns the directory that p stands in; Root for a share and for Root itself.
func (p Path) Dir() Path {
	if i := strings.LastIndexByte(string(p), '/'); i > 0 {
		return p[:i]
	}
	return Root
}

// In reports whether p is dir or lies below it, comparing names by Key.
func (p Path) In(dir Path) bool {
	a, b := p.Names(), dir.Names()
	if len(a) < len(b) {
		return false
	}
	for i := range b {
		if Key(a[i]) != Key(b[i]) {
			return false
		}
	}
	return true
}

// Key returns the form in which names are compared: NFC.
func Key(name string) string { return norm.NFC.String(name) }

// reserved reports whether Windows takes a name for a device: some words, whatever their case and extension.
func reserved(name string) bool {
	stem, _, _ := strings.Cut(name, ".")
	stem = strings.ToUpper(strings.TrimRight(stem, " "))
	switch stem {
	case "CON", "PRN", "AUX", "NUL", "CLOCK$", "CONIN$", "CONOUT$":
		return true
	}
	port, ok := strings.CutPrefix(stem, "COM")
	if !ok {
		port, ok = strings.CutPrefix(stem, "LPT")
	}
	switch port {
	case "1", "2", "3", "4", "5", "6", "7", "8", "9", "¹", "²", "³":
		return ok
	}
	return false
}

// Check tells why a name cannot be kept, or nil. Names that Windows cannot show are refused: one
// of them hides the whole folder there.
func Check(name string) error {
	switch {
	case name == "":
		return errors.New("a name is empty")
	case name == "." || name == "..":
		return fmt.Errorf("the name %q is reserved", name)
	case !utf8.ValidString(name):
		return fmt.Errorf("the name %q is not UTF-8", name)
	case len(name) > 4*MaxName || len(Key(name)) > MaxName:
		return fmt.Errorf("the name is longer than %d bytes", MaxName)
	}
	for _, r := range name {
		switch {
		case r < 0x20 || r >= 0x7f && r < 0xa0:
			return fmt.Errorf("the name %q holds a control character", name)
		case strings.ContainsRune(`/\:*?"<>|`, r):
			return fmt.Errorf("the name %q holds %q, which Windows cannot show", name, r)
		case r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069:
			return fmt.Errorf("the name %q holds a character that changes the writing direction", name)
		}
	}
	if last := name[len(name)-1]; last == ' ' || last == '.' {
		return fmt.Errorf("the name %q ends in a space or a full stop, which Windows cannot show", name)
	}
	if reserved(Key(name)) { // by its key, in which a Kelvin sign is a K
		return fmt.Errorf("the name %q is reserved by Windows", name)
	}
	return nil
}
