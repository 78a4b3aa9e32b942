package bucket

import (
	"bytes"
	"context"
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

	"github.com/minio/minio-go/v7"

	"github.com/azekura/azekura/tests/house"
)

var kills = flag.Int("kills", 20, "at how many moments a sync is killed")

// scene is a house whose copies are in a bucket, with its card and its papers.
type scene struct {
	*house.House
	t           *testing.T
	g           *gateway
	bucket      string
	file        string // of the bucket's settings
	stick, text string
	files       map[string][32]byte
}

func stage(t *testing.T) *scene {
	t.Helper()
	dir := t.TempDir()
	s := &scene{House: house.Unguarded(t), t: t, g: startGateway(t), bucket: "azekura", stick: filepath.Join(dir, "stick"), text: filepath.Join(dir, "papers"), files: make(map[string][32]byte)}
	if err := os.Mkdir(s.stick, 0o700); err != nil {
		t.Fatal(err)
	}
	s.g.bucket(s.bucket, true)
	s.file = s.g.settings("cloud.toml", s.bucket)
	papers := regexp.MustCompile(`(?m)^\s*(AZEKURA1\S*).*$`).FindAllSubmatch(s.Run("recovery", "make"), -1)
	if len(papers) != 3 {
		t.Fatalf("%d papers", len(papers))
	}
	if err := os.WriteFile(s.text, bytes.Join([][]byte{papers[2][1], papers[0][1], nil}, []byte("\n")), 0o600); err != nil {
		t.Fatal(err)
	}
	s.Run("card", "make", s.stick, "--name", "safe", "--same-disk")
	return s
}

// save puts a file of random bytes through WebDAV.
func (s *scene) save(name string, size int) {
	s.t.Helper()
	b := random(size)
	resp := s.Request("PUT", s.URL+(&url.URL{Path: name}).EscapedPath(), b)
	resp.Body.Close()
	if resp.StatusCode != http.StatusCreated {
		s.t.Fatalf("PUT %s: %s", name, resp.Status)
	}
	s.files[name] = sha256.Sum256(b)
}

// status is what the house says of its one medium.
func (s *scene) status() (m struct {
	State uint64
	Lock  int       `json:"lock_days"`
	Until time.Time `json:"locked_until"`
}) {
	s.t.Helper()
	out := s.Run("media", "status", "--json")
	if bytes.Contains(out, []byte(secretKey)) {
		s.t.Errorf("the secret is in %s", out)
	}
	var x struct{ Media []json.RawMessage }
	if err := json.Unmarshal(out, &x); err != nil || len(x.Media) != 1 {
		s.t.Fatalf("%v: %s", err, out)
	}
	if err := json.Unmarshal(x.Media[0], &m); err != nil {
		s.t.Fatal(err)
	}
	return m
}

// rebuild destroys the house and makes it again of the bucket.
func (s *scene) rebuild() string {
	s.t.Helper()
	if err := filepath.WalkDir(s.Data, func(name string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		i, err := d.Info()
		if err != nil {
			return err
		}
		b := make([]byte, i.Size())
		rand.Read(b)
		return os.WriteFile(name, b, 0o600)
	}); err != nil {
		s.t.Fatal(err)
	}
	s.Data = filepath.Join(s.t.TempDir(), "new")
	out, err := s.Try("restore-vault", "--from", s.file, "--card", s.stick, "--papers", s.text)
	if code, ok := exitOf(err); err != nil && (!ok || code != 3) {
		s.t.Fatal(err)
	}
	s.Start()
	for name, want := range s.files {
		resp := s.Request("GET", s.URL+(&url.URL{Path: name}).EscapedPath(), nil)
		b, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if err != nil || resp.StatusCode != http.StatusOK || sha256.Sum256(b) != want {
			s.t.Errorf("%s: %s, %d bytes, %v", name, resp.Status, len(b), err)
		}
	}
	return string(out)
}

func exitOf(err error) (int, bool) {
	for e := err; e != nil; {
		if x, ok := e.(*exec.ExitError); ok {
			return x.ExitCode(), true
		}
		u, ok := e.(interface{ Unwrap() error })
		if !ok {
			break
		}
		e = u.Unwrap()
	}
	return 0, false
}

// TestThief: the house copies to a bucket by itself; somebody who has the bucket's credentials cannot take anything away, what they put over it is
// named, and everything comes back on a bare directory.
func TestThief(t *testing.T) {
	s := stage(t)
	for i := range 6 {
		s.save(fmt.Sprintf("写真 %d.bin", i), 100_000)
	}
	s.save("large.bin", 20<<20)
	list := write(t, "list.csv", "学校名,年度,組,番号,氏名\n第一小,2026,3-1,1,佐藤 花子\n第一小,2026,3-1,2,髙橋 一\n")
	s.Run("roster", "import", s.Share, list)
	s.g.bucket("plain", false)
	if _, err := s.Try("media", "init", s.g.settings("plain.toml", "plain"), "--label", "cloud"); err == nil || !strings.Contains(err.Error(), "Object Lock") {
		t.Errorf("a bucket that cannot lock: %v", err)
	}
	s.Stop(syscall.SIGTERM)
	s.Run("media", "init", s.file, "--label", "cloud", "--lock", "30", "--place", "provider")
	s.g.bucket("ledger", true)
	sink := s.g.settings("ledger.toml", "ledger", `folder = "house"`)
	s.copyTo(sink)
	s.Start() // and nobody asks for a copy
	for deadline := time.Now().Add(30 * time.Second); s.status().State == 0; <-time.After(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("the server makes no copy: %s", s.Run("media", "status"))
		}
	}
	if m := s.status(); m.State != 1 || m.Lock != 30 || m.Until.Before(time.Now().AddDate(0, 0, 29)) {
		t.Errorf("%+v", m)
	}
	if out := s.Run("media", "status"); !bytes.Contains(out, []byte("locked until "+s.status().Until.Local().Format("2006-01-02"))) || !bytes.Contains(out, []byte("locked against everybody")) {
		t.Errorf("%s", out)
	}
	if out := s.Run("media", "verify", s.file); !bytes.Contains(out, []byte("0 findings")) {
		t.Errorf("%s", out)
	}
	hurt := s.steal()
	out, err := s.Try("media", "verify", s.file, "--json")
	if code, _ := exitOf(err); code != 19 {
		t.Errorf("%v: %s", err, out)
	}
	named := make(map[string]bool)
	last := uint64(0)
	for line := range bytes.Lines(out) {
		var x struct {
			Finding *struct{ Object, Reason string }
			Report  *struct{ Last uint64 }
		}
		if err := json.Unmarshal(line, &x); err != nil {
			t.Fatal(err)
		}
		if x.Finding != nil && x.Finding.Reason == "covered" {
			named[x.Finding.Object] = true
		} else if x.Finding != nil && x.Finding.Reason != "unknown" && x.Finding.Object != "records/0000000000000002" {
			t.Errorf("%s", line)
		}
		if x.Report != nil {
			last = x.Report.Last
		}
	}
	if last != 1 {
		t.Errorf("the last whole state is %d", last)
	}
	for _, name := range hurt {
		if !named[name] {
			t.Errorf("%s was covered, and is not named", name)
		}
	}
	s.save("after.bin", 50_000)
	out, err = s.Try("media", "sync", s.file)
	if code, _ := exitOf(err); code != 3 || !bytes.Contains(out, []byte("change them")) {
		t.Errorf("%v: %s", err, out)
	}
	if m := s.status(); m.State != 2 {
		t.Errorf("%+v", m)
	}
	s.drill(hurt)
	s.save("late.bin", 1000) // which no copy has; the ledger's knows of it
	delete(s.files, "late.bin")
	s.Stop(syscall.SIGTERM)
	if said := s.rebuild(); !strings.Contains(said, "whole, and was taken") {
		t.Error(said)
	}
	if out := s.Run("roster", "show", s.Share, "--persons"); !bytes.Contains(out, []byte("髙橋 一")) {
		t.Errorf("the roster has not come back: %s", out)
	}
	s.Stop(syscall.SIGTERM)
	for _, x := range s.g.all("ledger", "house/ledger/tile/") {
		s.g.put("ledger", x.Key, random(100))
	}
	out = s.Run("restore-vault", "--ledger", sink)
	if !bytes.Contains(out, []byte("put something over ledger/tile/")) {
		t.Errorf("what lies over the ledger's copy is not named: %s", out)
	}
	if !bytes.Contains(out, []byte("late.bin")) || bytes.Contains(out, []byte("after.bin")) {
		t.Errorf("what the ledger's copy knows to be lost: %s", out)
	}
}

// drill rehearses a restore from the bucket, in which things are covered: with the running house's keys, all of it; and with card and papers, as after a loss.
func (s *scene) drill(hurt []string) {
	s.t.Helper()
	for _, args := range [][]string{{"--medium", "cloud", "--all"}, {"--from", s.file, "--card", s.stick, "--papers", s.text, "--all"}} {
		out, err := s.Try(append([]string{"media", "drill", "--json"}, args...)...)
		var x struct {
			Drill struct {
				Label, Outcome       string
				State, Number        int
				Tried, Whole, Failed int
				Covered              []string
				OfCovered            int `json:"of_covered"`
			}
		}
		if err := json.Unmarshal(out, &x); err != nil {
			s.t.Fatalf("%v: %s", err, out)
		}
		if d := x.Drill; err != nil || d.Label != "cloud" || d.State != 2 || d.Number == 0 || d.Tried != len(s.files)+1 /* the roster */ || d.Whole != d.Tried || d.Failed != 0 || bytes.Contains(out, []byte(secretKey)) {
			s.t.Errorf("%v: %v: %s", args, err, out)
		}
		for _, name := range x.Drill.Covered {
			if !slices.Contains(hurt, name) {
				s.t.Errorf("%v: nothing lies over %s", args, name)
			}
		}
		if d := x.Drill; len(d.Covered) == 0 || d.OfCovered < len(d.Covered) {
			s.t.Errorf("%v: what is covered is not named: %s", args, out)
		}
	}
}

// steal does what somebody can do who has the credentials, and returns the names over which there is something then.
func (s *scene) steal() (hurt []string) {
	s.t.Helper()
	ctx, c := context.Background(), s.g.c
	all := s.g.all(s.bucket, "")
	if len(all) < 12 {
		s.t.Fatalf("%d objects", len(all))
	}
	soon, governance := time.Now().Add(time.Hour).UTC(), minio.Governance
	mode := minio.Compliance
	for i, x := range all {
		for _, o := range []minio.RemoveObjectOptions{{VersionID: x.VersionID}, {VersionID: x.VersionID, GovernanceBypass: true}} {
			if err := c.RemoveObject(ctx, s.bucket, x.Key, o); !denied(err) {
				s.t.Fatalf("%s could be deleted: %v", x.Key, err)
			}
		}
		if err := c.PutObjectRetention(ctx, s.bucket, x.Key, minio.PutObjectRetentionOptions{VersionID: x.VersionID, Mode: &mode, RetainUntilDate: &soon, GovernanceBypass: true}); !denied(err) {
			s.t.Fatalf("the lock of %s could be shortened: %v", x.Key, err)
		}
		if err := c.PutObjectRetention(ctx, s.bucket, x.Key, minio.PutObjectRetentionOptions{VersionID: x.VersionID, Mode: &governance, RetainUntilDate: &soon, GovernanceBypass: true}); !denied(err) {
			s.t.Fatalf("the lock of %s could be loosened: %v", x.Key, err)
		}
		switch i % 3 {
		case 0:
			if err := c.RemoveObject(ctx, s.bucket, x.Key, minio.RemoveObjectOptions{}); err != nil {
				s.t.Fatal(err)
			}
		case 1:
			s.g.put(s.bucket, x.Key, random(int(x.Size)))
		default:
			s.g.put(s.bucket, x.Key, []byte("ransom"))
			s.g.put(s.bucket, x.Key, random(100))
		}
		hurt = append(hurt, x.Key)
	}
	// Names that are still to come can be guessed.
	for n := range 600 {
		if n%7 == 0 {
			s.g.put(s.bucket, fmt.Sprintf("ledger/tile/0/000.p/%d", n%256), random(100))
			s.g.put(s.bucket, fmt.Sprintf("ledger/tile/entries/000.p/%d", n%256), random(100))
		}
	}
	s.g.put(s.bucket, "records/0000000000000002", random(300))
	return hurt
}

// TestKilled kills the sync at many moments: the bucket is at its last complete state, and the next one goes on.
func TestKilled(t *testing.T) {
	s := stage(t)
	s.Run("media", "init", s.file, "--label", "cloud")
	for i := range 5 {
		s.save(fmt.Sprintf("%d.bin", i), 300_000)
	}
	s.Stop(syscall.SIGTERM)
	seed := mathrand.Uint64()
	t.Logf("seed %d", seed)
	r := mathrand.New(mathrand.NewPCG(seed, 0))
	killed, longest := 0, 400*time.Millisecond
	for i := range *kills {
		cmd := exec.Command(house.Binary(t), "media", "sync", s.file, "--data", s.Data)
		begun := time.Now()
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		<-time.After(time.Duration(r.Int64N(int64(longest)))) // any moment is as good as another
		cmd.Process.Kill()
		if cmd.Wait() != nil {
			killed++
			continue
		}
		longest = min(longest, time.Since(begun)) // so long it took, and there must be something to do again
		more := t.TempDir()
		if err := os.WriteFile(filepath.Join(more, "more.bin"), random(300_000), 0o600); err != nil {
			t.Fatal(err)
		}
		s.Run("import", more, fmt.Sprintf("albums/more %d", i))
	}
	if t.Logf("%d of %d were killed", killed, *kills); killed < *kills/4 {
		t.Error("the test did not test")
	}
	s.Run("media", "sync", s.file)
	if out, err := s.Try("media", "verify", s.file); err != nil {
		t.Errorf("%v: %s", err, out)
	}
	s.rebuild()
}
