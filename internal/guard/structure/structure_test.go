package structure

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"image/jpeg"
	"io"
	"strings"
	"testing"
	"testing/iotest"
)

func checked(t testing.TB, b []byte, deep bool) Finding {
	t.Helper()
	f, err := Check(bytes.NewReader(b), deep)
	if err != nil {
		t.Fatal(err)
	}
	if f.Size != int64(len(b)) {
		t.Errorf("size %d of %d", f.Size, len(b))
	}
	if f.At < 0 || f.At > f.Size || (f.State == Damaged) != (f.Reason != "") {
		t.Errorf("%+v", f)
	}
	return f
}

// TestWhole: what is whole is valid, however it comes, and nothing follows its end.
func TestWhole(t *testing.T) {
	for name, b := range samples() {
		want := Kind(strings.Fields(name)[0])
		for _, deep := range []bool{false, true} {
			f := checked(t, b, deep)
			f.Inside = nil
			if f != (Finding{Kind: want, State: Valid, Size: int64(len(b)), Sealed: strings.HasSuffix(name, "password")}) {
				t.Errorf("%s, deep %v: %+v", name, deep, f)
			}
			for _, r := range []io.Reader{iotest.OneByteReader(bytes.NewReader(b)), iotest.DataErrReader(bytes.NewReader(b)), iotest.HalfReader(bytes.NewReader(b))} {
				if g, err := Check(r, deep); err != nil || g.State != f.State || g.Kind != f.Kind {
					t.Errorf("%s, deep %v, in pieces: %+v, %v", name, deep, g, err)
				}
			}
			if g := Bytes(b, deep); g.State != f.State || g.Kind != f.Kind || g.Size != f.Size {
				t.Errorf("%s, deep %v, at once: %+v", name, deep, g)
			}
			for _, n := range []int{37, 5000, 100_000, len(b)} {
				if g := offered(b, n, deep); g.State != f.State || g.Kind != f.Kind || g.Size != f.Size {
					t.Errorf("%s, deep %v, in parts of %d: %+v", name, deep, n, g)
				}
			}
		}
	}
}

// offered checks content part by part, and spoils each part when it is done with.
func offered(b []byte, n int, deep bool) Finding {
	r, done := Begin(deep), int64(0)
	for len(b) > 0 {
		part := bytes.Clone(b[:min(n, len(b))])
		r.Offer(part)
		done += int64(len(part))
		r.Wait(done)
		clear(part)
		b = b[len(part):]
	}
	return r.End()
}

// replaced returns b with bytes from at on replaced.
func replaced(b []byte, at, n int) []byte {
	b = bytes.Clone(b)
	copy(b[at:min(at+n, len(b))], random(uint64(at), n))
	return b
}

// TestEncrypted: what ransomware leaves is not what it was, whichever part it has replaced. What a structure cannot show is listed.
func TestEncrypted(t *testing.T) {
	patterns := map[string]func(b []byte) []byte{
		"all":          func(b []byte) []byte { return replaced(b, 0, len(b)) },
		"first 4 KiB":  func(b []byte) []byte { return replaced(b, 0, 4096) },
		"10 % inside":  func(b []byte) []byte { return replaced(b, len(b)*45/100, len(b)/10) },
		"4 KiB inside": func(b []byte) []byte { return replaced(b, len(b)/2, 4096) },
		"64 of 192": func(b []byte) []byte {
			b = bytes.Clone(b)
			for at := 0; at < len(b); at += 192 {
				copy(b[at:min(at+64, len(b))], random(uint64(at), 64))
			}
			return b
		},
		"base64": func(b []byte) []byte { return []byte(base64.StdEncoding.EncodeToString(replaced(b, 0, len(b)))) },
		"cut":    func(b []byte) []byte { return b[:len(b)*2/3] },
	}
	// Data that stands in a file as it is, without a checksum, has no structure.
	bare := map[string]bool{"bmff": true, "riff": true, "indesign": true, "tiff": true, "bmp": true, "cfb": true, "webp": true}
	for name, b := range samples() {
		kind := checked(t, b, true).Kind
		for pattern, do := range patterns {
			if (bare[name] || kind == "xz" || kind == "7z") && (pattern == "10 % inside" || pattern == "4 KiB inside") || kind == "text" && (pattern == "base64" || pattern == "cut") {
				continue
			}
			if f := checked(t, do(b), true); f.Kind == kind && f.State == Valid {
				t.Errorf("%s, %s: %+v", name, pattern, f)
			}
		}
	}
}

// TestMimicry: picture data that only looks like such, with a 00 after each FF, is none. At a glance that shows in the first blocks; further
// behind, to who walks the codes.
func TestMimicry(t *testing.T) {
	b := samples()["jpeg"]
	at := bytes.Index(b, []byte{0xff, markSOS}) + 14
	for _, c := range []struct {
		from           int
		glance, walked State
	}{{at, Damaged, Damaged}, {len(b) * 3 / 4, Valid, Damaged}} {
		fake := bytes.Clone(b[:c.from])
		for _, x := range random(9, len(b)-c.from-100) {
			if fake = append(fake, x); x == 0xff {
				fake = append(fake, 0)
			}
		}
		fake = append(fake, 0xff, markEOI)
		if f := checked(t, fake, false); f.State != c.glance {
			t.Errorf("from %d on, at a glance: %+v", c.from, f)
		}
		if f := checked(t, fake, true); f.State != c.walked || f.Reason != badData {
			t.Errorf("from %d on, its codes: %+v", c.from, f)
		}
	}
}

// TestAsides: what programs keep beside a picture is no part of what is hidden in one, and the rest is.
func TestAsides(t *testing.T) {
	b := samples()["jpeg"]
	with := func(marker byte, head string, n int) []byte {
		seg := append([]byte{0xff, marker}, byte((n+len(head)+2)>>8), byte(n+len(head)+2))
		return append(append(append(append(bytes.Clone(b[:2]), seg...), head...), random(3, n)...), b[2:]...)
	}
	for _, c := range []struct {
		name    string
		content []byte
		aside   bool
	}{
		{"a profile of colours", with(0xe2, "ICC_PROFILE\x00", 30_000), false},
		{"notes of Photoshop", with(0xed, "Photoshop 3.0\x00", 30_000), false},
		{"a short comment", with(0xfe, "", 300), false},
		{"a long comment", with(0xfe, "", 30_000), true},
		{"a segment of nobody", with(0xef, "", 30_000), true},
	} {
		if f := checked(t, c.content, true); f.State != Valid || f.Trailing > 0 != c.aside {
			t.Errorf("%s: %+v", c.name, f)
		}
	}
}

// TestTrailing: what is appended is counted.
func TestTrailing(t *testing.T) {
	for _, name := range []string{"jpeg", "png", "gif", "psd", "zip", "pdf", "gzip", "gzip of two"} {
		b := samples()[name]
		if f := checked(t, append(bytes.Clone(b), random(1, 528)...), true); f.State != Valid || f.Trailing != 528 {
			t.Errorf("%s: %+v", name, f)
		}
	}
}

// TestSealed: a file that its owner has locked with a password is whole, and says so.
func TestSealed(t *testing.T) {
	b := bytes.Clone(samples()["zip"])
	first := bytes.Index(b, []byte("PK\x03\x04"))
	b[first+6] |= zipLocked
	if f := checked(t, b, false); f.State != Valid || !f.Sealed {
		t.Errorf("zip: %+v", f)
	}
	pdf := samples()["pdf"]
	pdf = replaced(pdf, bytes.Index(pdf, []byte("/FlateDecode"))+30, 200)
	if f := checked(t, pdf, true); f.State != Damaged {
		t.Fatalf("pdf: %+v", f)
	}
	pdf = bytes.Replace(pdf, []byte("/Root"), []byte("/Encrypt 9 0 R /Root"), 1)
	if f := checked(t, pdf, true); f.State != Valid || !f.Sealed {
		t.Errorf("pdf: %+v", f)
	}
}

// TestEven tells random bytes from others of which no kind is known.
func TestEven(t *testing.T) {
	for name, b := range map[string][]byte{"encrypted": random(1, 100_000), "long": random(2, 1_000_000)} {
		if f := checked(t, b, false); f != (Finding{Even: true, Size: int64(len(b))}) {
			t.Errorf("%s: %+v", name, f)
		}
	}
	for name, b := range map[string][]byte{"nothing": nil, "little": random(1, 1000), "zeros": make([]byte, 5000), "numbers": binary.LittleEndian.AppendUint64(bytes.Repeat([]byte{1, 0, 0, 0, 200}, 5000), 7)} {
		f := checked(t, b, false)
		if f.Inside = nil; f != (Finding{Size: int64(len(b))}) {
			t.Errorf("%s: %+v", name, f)
		}
	}
}

// TestErrors: an error of reading is no finding.
func TestErrors(t *testing.T) {
	broken := errors.New("broken")
	for name, b := range samples() {
		for _, n := range []int{0, 3, 600, len(b) / 2, len(b) - 1} {
			if f, err := Check(io.MultiReader(bytes.NewReader(b[:min(n, len(b)-1)]), iotest.ErrReader(broken)), true); err != broken {
				t.Errorf("%s broken after %d: %+v, %v", name, n, f, err)
			}
		}
	}
}

func BenchmarkCheck(b *testing.B) {
	var large bytes.Buffer
	if err := jpeg.Encode(&large, scene(4000, 3000), &jpeg.Options{Quality: 92}); err != nil {
		b.Fatal(err)
	}
	all := samples()
	all["jpeg of 12 megapixels"] = large.Bytes()
	for name, data := range all {
		for _, deep := range []bool{false, true} {
			b.Run(fmt.Sprintf("%s/deep=%v", strings.ReplaceAll(name, " ", "-"), deep), func(b *testing.B) {
				b.SetBytes(int64(len(data)))
				for b.Loop() {
					Bytes(data, deep)
				}
			})
		}
	}
}
