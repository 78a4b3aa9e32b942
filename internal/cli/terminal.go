package cli

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/term"

	"github.com/azekura/azekura/internal/problem"
)

// secret asks for a secret: without echo on a terminal, else it is the first line of the input. It is never
// an argument, because others can see those.
func (a *app) secret(prompt string) (string, error) {
	if !term.IsTerminal(int(a.in.Fd())) {
		return a.line()
	}
	fmt.Fprint(a.err, prompt)
	b, err := term.ReadPassword(int(a.in.Fd()))
	fmt.Fprintln(a.err)
	return string(b), err
}

// line reads one line of the input, byte by byte so as to leave the next one for the next question.
func (a *app) line() (string, error) {
	var b []byte
	one := make([]byte, 1)
	for len(b) < 4096 {
		n, err := a.in.Read(one)
		if n == 1 && one[0] == '\n' || err == io.EOF && len(b) > 0 {
			break
		}
		if err != nil {
			return "", problem.New(problem.Invalid, "set password", "", errors.New("no secret in the input"))
		}
		b = append(b, one[0])
	}
	return strings.TrimSuffix(string(b), "\r"), nil
}

// newSecret asks for a new secret, twice on a terminal.
func (a *app) newSecret() (string, error) {
	s, err := a.secret(a.t("say.new-password"))
	if err != nil || !term.IsTerminal(int(a.in.Fd())) {
		return s, err
	}
	again, err := a.secret(a.t("say.again"))
	if err == nil && again != s {
		err = &problem.Error{Kind: problem.Invalid, Op: "set password", Hint: "hint.not-the-same"}
	}
	return s, err
}

// passphrase asks for the passphrase that protects the root key.
func (a *app) passphrase() ([]byte, error) {
	s, err := a.secret(a.t("say.root-passphrase"))
	return []byte(s), err
}

// size shows bytes as people read them.
func size(n int64) string {
	if n < 1024 {
		return fmt.Sprintf("%d B", n)
	}
	f := float64(n)
	for _, unit := range []string{"KiB", "MiB", "GiB", "TiB", "PiB"} {
		f /= 1024
		if f < 999.5 {
			return fmt.Sprintf("%.1f %s", f, unit)
		}
	}
	return fmt.Sprintf("%.1f EiB", f/1024)
}

// when shows a time in the person's zone, which is part of it.
func when(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return t.Local().Format("2006-01-02 15:04:05 -0700")
}

// table lines up columns. Japanese letters are two cells wide, so text/tabwriter would not do.
type table struct {
	rows  [][]string
	right map[int]bool // columns of numbers
}

func (t *table) add(cells ...string) { t.rows = append(t.rows, cells) }

// head adds a row of headings. They are in capitals, where a script has some, to be told from what stands below.
func (t *table) head(cells ...string) {
	row := make([]string, len(cells))
	for i, c := range cells {
		row[i] = strings.ToUpper(c)
	}
	t.add(row...)
}

func (t *table) write(w io.Writer) {
	var widths []int
	for _, r := range t.rows {
		for i, c := range r {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], cells(c))
		}
	}
	b := bufio.NewWriter(w)
	defer b.Flush()
	for _, r := range t.rows {
		for i, c := range r {
			pad := strings.Repeat(" ", widths[i]-cells(c))
			switch {
			case t.right[i]:
				b.WriteString(pad + c)
			case i == len(r)-1:
				b.WriteString(c)
			default:
				b.WriteString(c + pad)
			}
			if i < len(r)-1 {
				b.WriteString("  ")
			}
		}
		b.WriteByte('\n')
	}
}

// cells returns how wide a text is on a terminal: East Asian letters take two cells, combining marks none.
func cells(s string) (n int) {
	for _, r := range s {
		switch {
		case r == 0x3099 || r == 0x309a || r >= 0x300 && r < 0x370:
		case r >= 0x1100 && (r <= 0x115f || r >= 0x2e80 && r <= 0xa4cf || r >= 0xac00 && r <= 0xd7a3 || r >= 0xf900 && r <= 0xfaff ||
			r >= 0xfe30 && r <= 0xfe6f || r >= 0xff00 && r <= 0xff60 || r >= 0xffe0 && r <= 0xffe6 || r >= 0x1f300 && r <= 0x1faff || r >= 0x20000):
			n += 2
		default:
			n++
		}
	}
	return n
}

// printable shows a name from a vault or a disk on a terminal: nothing in it may steer the terminal.
func printable(s string) string {
	if utf8.ValidString(s) && strings.IndexFunc(s, unprintable) < 0 {
		return s
	}
	return strings.Map(func(r rune) rune {
		if unprintable(r) {
			return '\uFFFD'
		}
		return r
	}, strings.ToValidUTF8(s, "\uFFFD"))
}

// unprintable reports whether a letter commands the terminal or turns the direction of what follows, so that gpj.exe reads as exe.jpg.
func unprintable(r rune) bool {
	return r < 0x20 || r >= 0x7f && r < 0xa0 || r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069 || r == 0x200e || r == 0x200f || r == 0x061c
}

// width returns how many cells a line of the terminal has.
func width() int {
	if w, _, err := term.GetSize(int(os.Stderr.Fd())); err == nil && w > 20 {
		return w
	}
	return 80
}

// newPassphrase asks for a new passphrase that is to protect the root key.
func (a *app) newPassphrase() ([]byte, error) {
	s, err := a.newSecret()
	return []byte(s), err
}
