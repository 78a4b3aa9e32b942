// Package restore loses a house as ransomware loses it, and brings it back on a bare directory with the real program.
package restore

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"io/fs"
	mathrand "math/rand/v2"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/azekura/azekura/tests/house"
)

var kills = flag.Int("kills", 40, "at how many moments a restore is killed")

// shares of the house, the first being the one that it was made with.
var shares = []string{"albums", "名簿", "orders"}

// scene is a house with its media, its card and its papers.
type scene struct {
	*house.House
	t                 *testing.T
	a, b, stick, text string
	witness, mirror   string              // its directory, and the copy of the ledger that it keeps there
	files             map[string][32]byte // by path, with the share, as of the day of medium A
	content           map[string][]byte   // of all that was saved
	late              []string            // saved after it
}

// stage makes the house and the two media.
func stage(t *testing.T, files, size int) *scene {
	t.Helper()
	dir := t.TempDir()
	s := &scene{House: house.Unguarded(t), t: t, a: filepath.Join(dir, "A"), b: filepath.Join(dir, "B"), stick: filepath.Join(dir, "stick"), text: filepath.Join(dir, "papers"),
		witness: filepath.Join(dir, "witness"), files: make(map[string][32]byte), content: make(map[string][]byte)}
	for _, d := range []string{s.a, s.b, s.stick} {
		if err := os.Mkdir(d, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	s.watch()
	for _, name := range shares[1:] {
		s.Run("share", "add", name)
		s.Run("account", "grant", s.User, name, "write")
	}
	for i := range files {
		s.save(fmt.Sprintf("%s/組 %d/photo %d.bin", shares[i%3], i%2, i), size)
	}
	for _, m := range []string{s.a, s.b} {
		s.Run("media", "init", m, "--same-disk", "--label", filepath.Base(m))
	}
	papers := codesOf(s.Run("recovery", "make"))
	if len(papers) != 3 {
		t.Fatalf("%d papers", len(papers))
	}
	if err := os.WriteFile(s.text, []byte(papers[2]+"\n"+papers[0]+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	s.Run("card", "make", s.stick, "--name", "safe", "--same-disk")
	s.Run("media", "sync", s.b)
	s.Run("media", "sync", s.a)
	return s
}

// watch has another process watch the ledger, as on another machine.
func (s *scene) watch() {
	s.t.Helper()
	public, err := os.ReadFile(filepath.Join(s.Data, "ledger", "public-key"))
	if err != nil {
		s.t.Fatal(err)
	}
	cmd := exec.Command(house.Binary(s.t), "witness", "serve", "--dir", s.witness, "--name", "witness.example/w", "--ledger", strings.TrimSpace(string(public)), "--listen", "127.0.0.1:0", "--json")
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() {
		cmd.Process.Signal(syscall.SIGTERM)
		cmd.Wait()
	})
	var said struct{ URL, Key, Mirror string }
	if err := json.NewDecoder(out).Decode(&said); err != nil {
		s.t.Fatal(err)
	}
	s.Run("witness", "add", said.URL, said.Key, said.Mirror)
}

// codesOf returns what the QR codes of papers say.
func codesOf(out []byte) (codes []string) {
	for _, m := range regexp.MustCompile(`(?m)^\s*(AZEKURA1\S*).*$`).FindAllSubmatch(out, -1) {
		codes = append(codes, string(m[1]))
	}
	return codes
}

// save puts a file of random bytes through WebDAV, its folders made first.
func (s *scene) save(name string, size int) {
	s.t.Helper()
	parts := strings.Split(name, "/")
	for i := 2; i < len(parts); i++ {
		resp := s.Request("MKCOL", s.Root+(&url.URL{Path: strings.Join(parts[:i], "/")}).EscapedPath()+"/", nil)
		resp.Body.Close()
	}
	b := make([]byte, size)
	rand.Read(b)
	resp := s.Request("PUT", s.Root+(&url.URL{Path: name}).EscapedPath(), b)
	resp.Body.Close()
	if resp.StatusCode != http.StatusCreated {
		s.t.Fatalf("PUT %s: %s", name, resp.Status)
	}
	s.files[name], s.content[name] = sha256.Sum256(b), b
}

// destroy writes random bytes over everything below some folders, as whoever is root can.
func destroy(t *testing.T, dirs ...string) {
	t.Helper()
	files := 0
	for _, dir := range dirs {
		if err := filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
			if err != nil || !d.Type().IsRegular() {
				return err
			}
			i, err := d.Info()
			if err != nil {
				return err
			}
			b := make([]byte, i.Size())
			rand.Read(b)
			files++
			return os.WriteFile(name, b, 0o600)
		}); err != nil {
			t.Fatal(err)
		}
	}
	if files < 20 {
		t.Fatalf("only %d files were destroyed", files)
	}
}

// lose saves more, and destroys the house with medium B.
func (s *scene) lose() {
	s.t.Helper()
	kept := len(s.files)
	for i := range 3 {
		name := fmt.Sprintf("%s/late %d.bin", shares[i], i)
		s.save(name, 1000)
		delete(s.files, name)
		s.late = append(s.late, name)
	}
	if len(s.files) != kept {
		s.t.Fatal("names that were saved before")
	}
	s.Stop(syscall.SIGTERM) // the last entries are copied in good order
	found, err := filepath.Glob(filepath.Join(s.witness, "*", "log"))
	if err != nil || len(found) != 1 {
		s.t.Fatalf("copies of the ledger: %q, %v", found, err)
	}
	s.mirror = found[0]
	destroy(s.t, s.Data, s.b)
	if out, err := s.Try("status"); err == nil {
		s.t.Fatalf("the house survives: %s", out)
	}
	s.Data = filepath.Join(s.t.TempDir(), "new")
}

// restore are the words of the command.
func (s *scene) restore(more ...string) []string {
	return append([]string{"restore-vault", "--from", s.a, "--card", s.stick, "--papers", s.text}, more...)
}

// compare reads every file through WebDAV, with the device password of the house that was lost.
func (s *scene) compare() {
	s.t.Helper()
	for name, want := range s.files {
		resp := s.Request("GET", s.Root+(&url.URL{Path: name}).EscapedPath(), nil)
		b, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if err != nil || resp.StatusCode != http.StatusOK || sha256.Sum256(b) != want {
			s.t.Errorf("%s: %s, %d bytes, %v", name, resp.Status, len(b), err)
		}
	}
	for _, name := range s.late {
		resp := s.Request("GET", s.Root+(&url.URL{Path: name}).EscapedPath(), nil)
		resp.Body.Close()
		if resp.StatusCode != http.StatusNotFound {
			s.t.Errorf("%s: %s", name, resp.Status)
		}
	}
}

// TestRansomware destroys every byte of the house and of the medium that was connected. The medium that was off, a card and two of three papers give
// everything back, also when the restore is killed at many moments; what is newer is named.
func TestRansomware(t *testing.T) {
	s := stage(t, 12, 500_000)
	s.lose()
	s.killed()
	out, err := s.Try(s.restore("--ledger", s.mirror, "--json")...)
	if err != nil {
		t.Fatal(err)
	}
	s.named(out)
	if err := os.Rename(s.a, s.a+" in the cupboard"); err != nil {
		t.Fatal(err)
	}
	s.Start()
	s.compare()
	if out := s.Run("account", "list"); !bytes.Contains(out, []byte(s.User)) {
		t.Errorf("accounts: %s", out)
	}
	s.save("albums/after.bin", 1000)
	s.compare()
	s.Stop(syscall.SIGTERM)
	s.Run("verify", "--keys")
	s.Run("ledger", "verify")
	if out := s.Run("ledger", "show", "--kind", "vault-restored"); len(out) == 0 {
		t.Error("the ledger does not tell of the restore")
	}
}

// killed kills restores at many moments, each time going on with the one before as long as it has not ended.
func (s *scene) killed() {
	s.t.Helper()
	seed := mathrand.Uint64()
	s.t.Logf("seed %d", seed)
	r := mathrand.New(mathrand.NewPCG(seed, 0))
	window, ended := 150*time.Millisecond, 0
	for n := range *kills {
		if n == *kills/2 && ended == 0 && window < time.Second { // a slow machine gets the time to come further
			window *= 2
		}
		cmd := exec.Command(house.Binary(s.t), append(s.restore(), "--data", s.Data)...)
		if err := cmd.Start(); err != nil {
			s.t.Fatal(err)
		}
		<-time.After(time.Duration(r.Int64N(int64(window)))) // any moment is as good as another
		cmd.Process.Kill()
		cmd.Wait()
		_, keeper := os.Stat(filepath.Join(s.Data, "keeper"))
		if _, begun := os.Stat(filepath.Join(s.Data, "restoring.json")); keeper == nil && begun != nil {
			ended++
			s.Data = filepath.Join(s.t.TempDir(), "new") // it was faster: once more
		}
	}
	s.t.Logf("%d of %d ended before they were killed", ended, *kills)
	if ended == *kills {
		s.t.Error("the test did not test")
	}
}

// named compares what is said to be lost with what was saved too late.
func (s *scene) named(out []byte) {
	s.t.Helper()
	var lost []string
	for line := range bytes.Lines(out) {
		var x struct{ Loss *struct{ Kind, Path string } }
		if json.Unmarshal(line, &x) == nil && x.Loss != nil && x.Loss.Kind == "saved" {
			lost = append(lost, strings.TrimPrefix(x.Loss.Path, "/"))
		}
	}
	slices.Sort(lost)
	slices.Sort(s.late)
	if !slices.Equal(lost, s.late) {
		s.t.Errorf("lost: %q, want %q", lost, s.late)
	}
}
