package restore

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/azekura/azekura/tests/house"
)

// TestLostKeeper loses the keeper's files alone, then ends a share; each time the house comes back from the oldest medium on a bare directory.
func TestLostKeeper(t *testing.T) {
	s := stage(t, 6, 300_000)
	plain := s.content
	const late = "albums/late.bin"
	s.save(late, 1000)
	s.Stop(syscall.SIGTERM)
	s.badPapers()
	lost := s.keeperLost()
	s.Start()
	s.compare()
	s.Stop(syscall.SIGTERM)
	if out := s.Run("restore-vault", "--ledger", filepath.Join(lost, "ledger"), "--json"); !bytes.Contains(out, []byte(`{"losses":0}`)) {
		t.Errorf("losses: %s", out)
	}
	s.Run("verify", "--keys")

	s.Run("card", "refresh", s.stick, "--same-disk")
	s.Run("share", "erase", "名簿", "--reason", "its time is over")
	s.Run("card", "refresh", s.stick, "--same-disk")
	s.Run("media", "sync", s.b)
	delete(s.files, late)
	for _, from := range []string{s.a, s.b} {
		s.a, s.Data = from, filepath.Join(t.TempDir(), "bare")
		if out, err := s.Try(s.restore()...); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		s.Start()
		s.ended("名簿")
		s.Stop(syscall.SIGTERM)
	}
	s.scan(plain, s.a, s.b, s.stick)
}

// keeperLost takes the keeper's files away, has a keeper made again, and gives it the packs that are still there.
func (s *scene) keeperLost() (lost string) {
	s.t.Helper()
	lost = s.Data
	for _, name := range []string{"keeper", "keeper-key"} {
		if err := os.RemoveAll(filepath.Join(lost, name)); err != nil {
			s.t.Fatal(err)
		}
	}
	if out, err := s.Try("status"); err == nil {
		s.t.Fatalf("it opens without its keeper: %s", out)
	}
	s.Data = filepath.Join(s.t.TempDir(), "again")
	if out, err := s.Try(s.restore()...); err != nil {
		s.t.Fatalf("%v\n%s", err, out)
	}
	if out, err := exec.Command("cp", "-a", filepath.Join(lost, "vault", "packs")+"/.", filepath.Join(s.Data, "vault", "packs")).CombinedOutput(); err != nil {
		s.t.Fatalf("%v: %s", err, out)
	}
	s.Run("rebuild")
	return lost
}

// badPapers tries what people do with papers: each is said clearly, nothing of the keys is shown, and nothing is made.
func (s *scene) badPapers() {
	s.t.Helper()
	codes := strings.Fields(string(read(s.t, s.text)))
	other := filepath.Join(s.t.TempDir(), "other")
	foreign := exec.Command(house.Binary(s.t), "init", "--data", other, "--share", "x")
	if out, err := foreign.CombinedOutput(); err != nil {
		s.t.Fatalf("%v: %s", err, out)
	}
	cmd := exec.Command(house.Binary(s.t), "recovery", "make", "--data", other)
	cmd.Env = append(os.Environ(), "AZEKURA_LANG=en")
	out, err := cmd.Output()
	if err != nil {
		s.t.Fatal(err)
	}
	theirs := codesOf(out)
	damaged := []byte(codes[0])
	damaged[len(damaged)/2] = map[bool]byte{true: 'B', false: 'A'}[damaged[len(damaged)/2] == 'A']
	data := s.Data
	defer func() { s.Data = data }()
	for _, x := range []struct {
		name   string
		papers []string
		want   string
	}{
		{"too few", codes[:1], "1/2"},
		{"one twice", []string{codes[0], codes[0]}, "1/2"},
		{"wrong", theirs[:2], "another vault"},
		{"one wrong", []string{codes[0], theirs[0]}, "another vault"},
		{"damaged", []string{string(damaged), codes[1]}, "damaged code"},
		{"swapped halves", []string{codes[0][:len(codes[0])/2] + codes[1][len(codes[1])/2:], codes[1]}, "damaged code"},
		{"nothing", nil, "paper"},
	} {
		s.Data = filepath.Join(s.t.TempDir(), "nothing")
		file := filepath.Join(s.t.TempDir(), "papers")
		if err := os.WriteFile(file, []byte(strings.Join(x.papers, "\n")+"\n"), 0o600); err != nil {
			s.t.Fatal(err)
		}
		out, err := s.Try("restore-vault", "--from", s.a, "--card", s.stick, "--papers", file)
		if err == nil || !strings.Contains(err.Error(), x.want) {
			s.t.Errorf("%s: %v, want %q", x.name, err, x.want)
			continue
		}
		for _, code := range append(codes, x.papers...) {
			if strings.Contains(err.Error()+string(out), code[8:40]) {
				s.t.Errorf("%s: a paper is shown: %v", x.name, err)
			}
		}
		if _, err := os.Stat(filepath.Join(s.Data, "keeper")); !errors.Is(err, fs.ErrNotExist) {
			s.t.Errorf("%s: a keeper is there: %v", x.name, err)
		}
	}
}

// ended reads everything: all of one share is gone, and all the rest is there.
func (s *scene) ended(share string) {
	s.t.Helper()
	rest := *s
	rest.files = make(map[string][32]byte)
	tried := 0
	for name, sum := range s.files {
		if !strings.HasPrefix(name, share+"/") {
			rest.files[name] = sum
			continue
		}
		resp := s.Request("GET", s.Root+(&url.URL{Path: name}).EscapedPath(), nil)
		b, _ := io.ReadAll(resp.Body)
		resp.Body.Close()
		if tried++; resp.StatusCode == http.StatusOK || len(b) > 10_000 {
			s.t.Errorf("%s opens: %s", name, resp.Status)
		}
	}
	if tried == 0 || len(rest.files) == 0 {
		s.t.Fatal("nothing was tried")
	}
	rest.compare()
}

// scan looks on media and stick for pieces of content, and for names.
func (s *scene) scan(plain map[string][]byte, dirs ...string) {
	s.t.Helper()
	looked := 0
	for _, dir := range dirs {
		err := filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
			if err != nil || !d.Type().IsRegular() {
				return err
			}
			data := read(s.t, name)
			looked += len(data)
			for of, b := range plain {
				for _, word := range [][]byte{b[:64], b[len(b)/2 : len(b)/2+64], b[len(b)-64:], []byte(filepath.Base(of))} {
					if bytes.Contains(data, word) {
						s.t.Errorf("%s has something of %s in clear", name, of)
					}
				}
			}
			return nil
		})
		if err != nil {
			s.t.Fatal(err)
		}
	}
	if looked < 1_000_000 {
		s.t.Errorf("only %d bytes were looked at", looked)
	}
}

func read(t *testing.T, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
