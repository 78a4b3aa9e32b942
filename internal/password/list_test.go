package password

import (
	"bytes"
	"context"
	"crypto/fips140"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"golang.org/x/text/unicode/norm"
	"pgregory.net/rapid"
)

func compiled(t testing.TB, in string) []byte {
	t.Helper()
	var out bytes.Buffer
	if _, err := Compile(t.Context(), strings.NewReader(in), &out, t.TempDir(), nil); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func opened(t testing.TB, file []byte) *List {
	t.Helper()
	l, err := OpenList(bytes.NewReader(file), int64(len(file)))
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func hibp(password string) string {
	sum := sha1.Sum([]byte(password))
	return strings.ToUpper(hex.EncodeToString(sum[:]))
}

// The examples of docs/format.md, byte by byte.
const (
	plainExample = "617a6b70776c310a" + "0200000000000000" + // header
		"5e884898da280471" + "d8b076148c939d9d" // password, パスワード
	pwnedExample = "617a6b70776c310a" + "0100000000000000" +
		"5baa61e4c9b93f3f" + "7c4a8d09ca3762af" // password, 123456
)

func TestListVectors(t *testing.T) {
	for in, want := range map[string]string{
		"password\nﾊﾟｽﾜｰﾄﾞ\r\n\npassword\nl\xffl\n":                                                               plainExample,
		"\ufeff7C4A8D09CA3762AF61E59520943DC26494F8941B:37359195\r\n5baa61e4c9b93f3f0682250b6cf8331b7ee68fd8:9\n": pwnedExample,
		"5BAA61E4C9B93F3F0682250B6CF8331B7EE68FD8\n\n7C4A8D09CA3762AF61E59520943DC26494F8941B":                    pwnedExample,
	} {
		got := compiled(t, in)
		body := got[:len(got)-sha256.Size]
		if sum := sha256.Sum256(body); hex.EncodeToString(body) != want || !bytes.Equal(sum[:], got[len(body):]) {
			t.Errorf("%q: %x, want %s and its SHA-256", in, got, want)
		}
		l := opened(t, got)
		for password, want := range map[string]bool{"password": true, "Password": false, "": false, "123456": want == pwnedExample, "パスワード": want == plainExample} {
			if found, err := l.Has(password); found != want || err != nil {
				t.Errorf("%q in the list of %q: %v, %v", password, in, found, err)
			}
		}
	}
}

// TestExactBytes: Have I Been Pwned has what people typed, which may not be what is hashed here.
func TestExactBytes(t *testing.T) {
	l := opened(t, compiled(t, hibp("ﾊﾟｽﾜｰﾄﾞ")+":3\n"+hibp("ガラス")))
	for password, want := range map[string]bool{"ﾊﾟｽﾜｰﾄﾞ": true, "パスワード": false, "ガラス": true, norm.NFD.String("ガラス"): true} {
		if found, err := l.Has(password); found != want || err != nil {
			t.Errorf("%q: %v, %v", password, found, err)
		}
	}
}

func TestCompileRefuses(t *testing.T) {
	for name, in := range map[string]string{
		"empty":             "",
		"NTLM":              "8846F7EAEE8FB117AD06BDD830B7586C:5\n",
		"a range":           "0018A45C4D1DEF81644B54AB7F969B88D65:10\n",
		"zip":               "PK\x03\x04\x14\x00\x00",
		"gzip":              "\x1f\x8b\x08\x00\x00",
		"zeros":             "a\x00b\n",
		"a long line":       "a\n" + strings.Repeat("b", maxLine) + "\n",
		"text among SHA-1":  hibp("a") + "\npassword\n",
		"no count":          hibp("a") + "\n" + hibp("b") + ":\n",
		"a SHA-1 cut short": hibp("a") + ":1\n" + hibp("b")[:39],
	} {
		var out bytes.Buffer
		if n, err := Compile(t.Context(), strings.NewReader(in), &out, t.TempDir(), nil); !errors.Is(err, ErrFormat) || n != 0 || out.Len() > 0 {
			t.Errorf("%s: %d passwords, %d bytes, %v", name, n, out.Len(), err)
		}
	}
}

func TestOpenListRefuses(t *testing.T) {
	good := compiled(t, "password\nsecret\nletmein\n")
	for at := range good {
		for _, bad := range [][]byte{good[:at], change(good, at)} {
			if _, err := OpenList(bytes.NewReader(bad), int64(len(bad))); !errors.Is(err, ErrFormat) {
				t.Errorf("a list damaged at %d of %d: %v", at, len(bad), err)
			}
		}
	}
	body := append(header(digestSHA256), 9, 9, 9, 9, 9, 9, 9, 9, 1, 1, 1, 1, 1, 1, 1, 1)
	sum := sha256.Sum256(body)
	if _, err := OpenList(bytes.NewReader(append(body, sum[:]...)), int64(len(body)+len(sum))); !errors.Is(err, ErrFormat) {
		t.Errorf("a list out of order: %v", err)
	}
}

func change(b []byte, at int) []byte {
	b = bytes.Clone(b)
	b[at] ^= 0x40
	return b
}

// TestRuns: a list sorted by way of the file is the one sorted in memory, and the file is gone.
func TestRuns(t *testing.T) {
	var in strings.Builder
	for i := range 5000 {
		fmt.Fprintf(&in, "password %d\n", i%3000)
	}
	want := compiled(t, in.String())
	for _, size := range []int{1, 7, 1000, 2999, 5000, 5001} {
		c := compiler{size: size, dir: t.TempDir()}
		var out bytes.Buffer
		err := c.read(t.Context(), strings.NewReader(in.String()), func(int64) {})
		n, err2 := c.write(t.Context(), &out)
		c.close()
		left, err3 := os.ReadDir(c.dir)
		if err := errors.Join(err, err2, err3); n != 3000 || !bytes.Equal(out.Bytes(), want) || len(left) > 0 || err != nil {
			t.Errorf("runs of %d: %d passwords, %d bytes, want %d; left %v; %v", size, n, out.Len(), len(want), left, err)
		}
	}
}

func TestCompileEnds(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	var told []int64
	_, err := Compile(ctx, strings.NewReader(strings.Repeat("a\n", 3*stride)), io.Discard, t.TempDir(), func(lines int64) {
		told = append(told, lines)
		if len(told) == 2 {
			cancel()
		}
	})
	if !errors.Is(err, context.Canceled) || !slices.Equal(told, []int64{stride, 2 * stride}) {
		t.Errorf("%v after %v lines", err, told)
	}
}

func TestPolicyAsksTheList(t *testing.T) {
	const phrase = "marble teapot window gravel kitten"
	l := opened(t, compiled(t, phrase+"\n"))
	p := Policy{Min: MinAlone, Breached: l}
	if err := p.Check(phrase); err != Breached {
		t.Errorf("a breached password: %v", err)
	}
	if err := p.Check(phrase + "s"); err != nil {
		t.Errorf("another password: %v", err)
	}
	l.r = closedPipe{}
	if err := p.Check(phrase); !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("a list that cannot be read: %v", err)
	}
}

type closedPipe struct{}

func (closedPipe) ReadAt([]byte, int64) (int, error) { return 0, io.ErrClosedPipe }

// TestFIPS runs itself again in the mode in which computing a SHA-1 panics.
func TestFIPS(t *testing.T) {
	if !fips140.Enforced() {
		again := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestFIPS$", "-test.v")
		again.Env = append(os.Environ(), "GODEBUG=fips140=only")
		if out, err := again.CombinedOutput(); err != nil || !bytes.Contains(out, []byte("--- PASS: TestFIPS")) {
			t.Errorf("%v\n%s", err, out)
		}
		return
	}
	const line = "5BAA61E4C9B93F3F0682250B6CF8331B7EE68FD8:9\n"
	if _, err := Compile(t.Context(), strings.NewReader(line), io.Discard, t.TempDir(), nil); !errors.Is(err, ErrSHA1) {
		t.Errorf("compiling SHA-1: %v", err)
	}
	file := sealed(append(header(digestSHA1), 1, 2, 3, 4, 5, 6, 7, 8))
	if _, err := OpenList(bytes.NewReader(file), int64(len(file))); !errors.Is(err, ErrSHA1) {
		t.Errorf("opening SHA-1: %v", err)
	}
	if found, err := opened(t, compiled(t, "password\n")).Has("password"); !found || err != nil {
		t.Errorf("a list of SHA-256: %v, %v", found, err)
	}
}

// counting counts readings.
type counting struct {
	io.ReaderAt
	n int
}

func (c *counting) ReadAt(b []byte, at int64) (int, error) {
	c.n++
	return c.ReaderAt.ReadAt(b, at)
}

// TestReadings: a handful of readings finds a password among many, and never many more, however the list lies.
func TestReadings(t *testing.T) {
	var in strings.Builder
	const many = 300_000
	for i := range many {
		fmt.Fprintln(&in, i)
	}
	even := compiled(t, in.String())
	uneven := header(digestSHA256)
	for i := range uint64(many) {
		x := i
		if i > many/2 {
			x |= 1 << 63
		}
		uneven = append(uneven, byte(x>>56), byte(x>>48), byte(x>>40), byte(x>>32), byte(x>>24), byte(x>>16), byte(x>>8), byte(x))
	}
	for _, c := range []struct {
		name string
		body []byte
		most int
	}{{"even", even[:len(even)-sha256.Size], 4}, {"uneven", uneven, 24}} {
		r := &counting{ReaderAt: bytes.NewReader(c.body)}
		l := List{r, digestSHA256, many}
		for i := int64(0); i < many; i += 997 {
			r.n = 0
			x := prefixAt(c.body[headerSize:], i)
			if found, err := l.has(x); !found || err != nil || r.n > c.most {
				t.Fatalf("%s: %x at %d: %v, %v after %d readings", c.name, x, i, found, err, r.n)
			}
		}
	}
}

func TestListIsASet(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		word := rapid.StringMatching(`[a-cｱ-ｶ]{1,4}`)
		in := rapid.SliceOfN(word, 1, 60).Draw(t, "in")
		pwned := rapid.Bool().Draw(t, "pwned")
		lines, want := slices.Clone(in), make(map[string]bool)
		for i, w := range in {
			if want[norm.NFKC.String(w)] = true; pwned {
				lines[i] = hibp(norm.NFKC.String(w))
			}
		}
		c := compiler{size: rapid.IntRange(1, 20).Draw(t, "size"), dir: os.TempDir()}
		defer c.close()
		if err := c.read(context.Background(), strings.NewReader(strings.Join(lines, "\n")), func(int64) {}); err != nil {
			t.Fatal(err)
		}
		var out bytes.Buffer
		n, err := c.write(context.Background(), &out)
		if err != nil || n != int64(len(want)) {
			t.Fatalf("%d passwords, want %d; %v", n, len(want), err)
		}
		l, err := OpenList(bytes.NewReader(out.Bytes()), int64(out.Len()))
		if err != nil || l.Len() != n {
			t.Fatal(err)
		}
		for _, w := range append(in, rapid.SliceOf(word).Draw(t, "others")...) {
			if found, err := l.Has(w); found != want[norm.NFKC.String(w)] || err != nil {
				t.Errorf("%q: %v, %v", w, found, err)
			}
		}
	})
}

func FuzzOpenList(f *testing.F) {
	f.Add(compiled(f, "password\nsecret\n"), "secret")
	f.Add(compiled(f, hibp("password")+"\n"), "password")
	f.Add([]byte(magic), "")
	f.Fuzz(func(t *testing.T, file []byte, password string) {
		for _, b := range [][]byte{file, sealed(file)} {
			l, err := OpenList(bytes.NewReader(b), int64(len(b)))
			if err != nil {
				if !errors.Is(err, ErrFormat) {
					t.Error(err)
				}
				continue
			}
			if _, err := l.Has(password); err != nil {
				t.Error(err)
			}
		}
	})
}

// sealed puts the right digest behind what may be a list, so that more than digests are tried.
func sealed(file []byte) []byte {
	sum := sha256.Sum256(file)
	return append(bytes.Clone(file), sum[:]...)
}
