package structure

import (
	"bytes"
	"encoding/ascii85"
	"encoding/base32"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

// TestEvenText: what is encrypted and written as text is told from text, and from other things that are written so.
func TestEvenText(t *testing.T) {
	secret := random(1, 30_000)
	pem := func(b []byte) string {
		var out strings.Builder
		text := base64.StdEncoding.EncodeToString(b)
		for len(text) > 0 {
			n := min(len(text), 64)
			fmt.Fprintf(&out, "%s\r\n", text[:n])
			text = text[n:]
		}
		return out.String()
	}
	eighty := make([]byte, ascii85.MaxEncodedLen(len(secret)))
	eighty = eighty[:ascii85.Encode(eighty, secret)]
	all := samples()
	for _, c := range []struct {
		name, text string
		even       bool
	}{
		{"base64", base64.StdEncoding.EncodeToString(secret), true},
		{"base64 in lines, with a head", "-----BEGIN MESSAGE-----\r\n" + pem(secret) + "-----END MESSAGE-----\r\n", true},
		{"base64 of little", base64.StdEncoding.EncodeToString(secret[:1000]), true},
		{"base64 for addresses", base64.URLEncoding.EncodeToString(secret), true},
		{"hexadecimal", hex.EncodeToString(secret), true},
		{"hexadecimal in capitals", strings.ToUpper(hex.EncodeToString(secret)), true},
		{"base32", base32.StdEncoding.EncodeToString(secret), true},
		{"ascii85", string(eighty), true},
		{"base64 of text", pem(all["text"]), false},
		{"a picture in a page", `<svg xmlns="http://www.w3.org/2000/svg"><image width="240" height="180" href="data:image/jpeg;base64,` + base64.StdEncoding.EncodeToString(secret) + `"/></svg>`, false},
		{"Japanese", string(all["text"]), false},
		{"numbers", strings.Repeat("0123456789,", 3000), false},
		{"English", strings.Repeat("The quick brown fox jumps over the lazy dog. ", 500), false},
		{"few characters", strings.Repeat("A", 20_000), false},
	} {
		if f := checked(t, []byte(c.text), false); f.Kind != "text" || f.State != Valid || f.Even != c.even {
			t.Errorf("%s: %+v", c.name, f)
		}
	}
}

// TestEncodings: text in all encodings of this country is text, and what is none any more is not, from where it begins.
func TestEncodings(t *testing.T) {
	for name, b := range samples() {
		if !strings.HasPrefix(name, "text") {
			continue
		}
		at := len(b) / 3 &^ 1
		f := checked(t, replaced(b, at, 512), false)
		if f.State != Damaged || f.Reason != badText || f.At < int64(at)-4 || f.At > int64(at)+100 {
			t.Errorf("%s: %+v, wanted at %d", name, f, at)
		}
	}
}

// TestLengths: the stream of a PDF ends where its dictionary says; programs that count the end of the line with it are many.
func TestLengths(t *testing.T) {
	whole := samples()["pdf"]
	length := bytes.Index(whole, []byte("/Length ")) + len("/Length ")
	end := length + bytes.IndexByte(whole[length:], ' ')
	var n int
	fmt.Sscan(string(whole[length:end]), &n)
	for by, want := range map[int]State{0: Valid, 2: Valid, -2: Valid, 400: Damaged} {
		b := bytes.Clone(whole)
		copy(b[length:end], fmt.Sprint(n+by))
		for _, deep := range []bool{false, true} {
			if f := checked(t, b, deep); f.State != want {
				t.Errorf("%d too long, deep %v: %+v", by, deep, f)
			}
		}
	}
	f := checked(t, bytes.Replace(whole, []byte("\nendstream"), []byte("\nxxxxxxxxx"), 1), false)
	if f.State != Damaged || f.Reason != badLength {
		t.Errorf("no end: %+v", f)
	}
}

// TestCompound: a document of Office with a password says so, and chains that run into one another are none.
func TestCompound(t *testing.T) {
	if f := checked(t, compound("EncryptedPackage"), false); f.State != Valid || !f.Sealed || f.Kind != "cfb" {
		t.Errorf("with a password: %+v", f)
	}
	for name, spoil := range map[string]func(b []byte){
		"two chains in one":   func(b []byte) { le.PutUint32(b[512+4*9:], 30) },
		"its own table":       func(b []byte) { le.PutUint32(b[512:], 5) },
		"no directory":        func(b []byte) { copy(b[1024:], random(1, 512)) },
		"a number that is no": func(b []byte) { le.PutUint32(b[512+4*9:], 0xfffffffb) },
	} {
		b := compound("WordDocument")
		spoil(b)
		if f := checked(t, b, false); f.State != Damaged || f.Reason != badIndex {
			t.Errorf("%s: %+v", name, f)
		}
	}
}

// TestLayers: the layers are most of a document of Photoshop, and seen into.
func TestLayers(t *testing.T) {
	for _, name := range []string{"psd of layers", "psd large"} {
		b := samples()[name]
		for at := 2000; at < len(b)-240*180*3-1000; at += len(b) / 40 {
			if f := checked(t, replaced(b, at, 512), true); f.State != Damaged {
				t.Errorf("%s: 512 bytes at %d of %d: %+v", name, at, len(b), f)
			}
		}
	}
}

// TestIndexes: what an index points at must be there, whether it comes before or after it.
func TestIndexes(t *testing.T) {
	for _, name := range []string{"bmff photograph", "bmff film", "tiff deflate in front", "tiff deflate behind", "tiff of go"} {
		b := samples()[name]
		for at := len(b) / 4; at < len(b)*3/4; at += len(b) / 17 {
			if f := checked(t, replaced(b, at, 1500), true); f.State != Damaged || f.At < int64(at)-20_000 && name != "tiff of go" {
				t.Errorf("%s: 1500 bytes at %d of %d: %+v", name, at, len(b), f)
			}
		}
	}
	b := photograph()
	i := bytes.Index(b, []byte("iloc")) + 18
	be.PutUint32(b[i:], uint32(len(b)))
	if f := checked(t, b, false); f.State != Damaged || f.Reason != cut {
		t.Errorf("an item behind the end: %+v", f)
	}
}

// TestNoise: random bytes among pixels are seen, wherever they begin, and what is no more than grain is not taken for such.
func TestNoise(t *testing.T) {
	found := 0
	pixels := samples()["bmp"][54:60_054]
	for i := range 200 {
		raw := bytes.Clone(pixels)
		at := 1000 + 251*i
		copy(raw[at:], random(uint64(i), 4096))
		s := newSource(only(raw), true)
		if err := s.bare(int64(len(raw))); err != nil {
			found++
			if f := err.(*flaw); f.at < int64(at)-2*noiseBlock || f.at > int64(at)+2*noiseBlock {
				t.Errorf("found at %d, not at %d", f.at, at)
			}
		}
	}
	if found < 198 {
		t.Errorf("only %d of 200 were found", found)
	}
	r := rand.New(rand.NewPCG(3, 4))
	grain := make([]byte, 600_000)
	for i := range grain {
		grain[i] = byte(max(0, min(255, 40*float64(i%3)+60+r.NormFloat64()*30)))
	}
	s := newSource(only(grain), true)
	if err := s.bare(int64(len(grain))); err != nil {
		t.Errorf("grain: %v", err)
	}
}
