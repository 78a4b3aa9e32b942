package bucket

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/minio/minio-go/v7"

	"github.com/azekura/azekura/tests/house"
)

// copies is what the house says of the ledger's copy.
type copies struct {
	Size    int64
	Copied  time.Time
	Problem string
}

func (s *scene) copies() copies {
	s.t.Helper()
	var x struct {
		Ledger struct {
			Size   int64
			Bucket copies
		}
	}
	out := s.Run("status", "--json")
	if bytes.Contains(out, []byte(secretKey)) {
		s.t.Errorf("the secret is in %s", out)
	}
	if err := json.Unmarshal(out, &x); err != nil {
		s.t.Fatal(err)
	}
	return x.Ledger.Bucket
}

// TestLedger: the server copies the ledger to a bucket; anybody with the public key verifies it there, whatever somebody with the credentials puts
// over it or before it; and an older copy of the house, or one that went on otherwise, is found out.
func TestLedger(t *testing.T) {
	s := &scene{House: house.Unguarded(t), t: t, g: startGateway(t), bucket: "ledger", files: make(map[string][32]byte)}
	s.g.bucket(s.bucket, true)
	s.file = s.g.settings("ledger.toml", s.bucket)
	public, err := os.ReadFile(filepath.Join(s.Data, "ledger", "public-key"))
	if err != nil {
		t.Fatal(err)
	}
	key := strings.TrimSpace(string(public))
	s.Stop(syscall.SIGTERM)
	s.copyTo(s.file)
	s.Start()
	for deadline := time.Now().Add(30 * time.Second); s.copies().Copied.IsZero(); <-time.After(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%+v", s.copies())
		}
	}
	s.save("one.bin", 1000)
	s.Stop(syscall.SIGTERM) // what came last is copied at the end
	audit := func() (size int64, covered []string, code int) {
		t.Helper()
		out, err := s.Try("ledger", "verify", "--dir", s.file, "--public-key", key, "--json")
		code, _ = exitOf(err)
		var r struct {
			Size    int64
			Covered []string
			Damage  []any
		}
		if err := json.Unmarshal(out, &r); err != nil || len(r.Damage) > 0 {
			t.Fatalf("%v, %s: %v", err, out, s.g.all(s.bucket, "")[0].Key)
		}
		return r.Size, r.Covered, code
	}
	size, covered, code := audit()
	if whole := s.entries(); size != whole {
		t.Errorf("%d entries of %d were copied until the end", size, whole)
	}
	if code != 0 || size < 10 || len(covered) > 0 {
		t.Fatalf("%d entries, %v, exit %d", size, covered, code)
	}
	if _, err := s.Try("ledger", "verify", "--dir", s.file); err == nil || !strings.Contains(err.Error(), "--public-key") {
		t.Error(err)
	}
	auditor := filepath.Join(t.TempDir(), "auditor.json")
	s.Run("ledger", "reading-key", "--output", auditor)
	s.readLedger(size, key, auditor, 0)
	s.cut(size, audit)
	s.readLedger(size, key, auditor, 19)
	// An older copy of the house is put back, and goes on.
	before := filepath.Join(t.TempDir(), "before")
	s.g.copyTree(s.Data, before)
	s.Start()
	s.save("two.bin", 1000)
	s.Stop(syscall.SIGTERM)
	if now, _, _ := audit(); now <= size {
		t.Errorf("%d entries, %d before", now, size)
	}
	s.g.copyTree(before, s.Data)
	s.Start()
	for deadline := time.Now().Add(30 * time.Second); !strings.Contains(s.copies().Problem, "not the beginning of this ledger"); <-time.After(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%+v", s.copies())
		}
	}
	if out := s.Run("status"); !bytes.Contains(out, []byte("not the beginning of this ledger")) {
		t.Errorf("%s", out)
	}
}

// readLedger reads the copy as an auditor does, on any machine: all of it, one kind, a proof, and an export. want is how that ends.
func (s *scene) readLedger(size int64, key, auditor string, want int) {
	s.t.Helper()
	proof, export := filepath.Join(s.t.TempDir(), "proof"), filepath.Join(s.t.TempDir(), "export")
	for _, c := range []struct {
		args []string
		fits func(out []byte) bool
	}{
		{[]string{"show", "--reading-key", auditor, "--json"}, func(out []byte) bool { return int64(bytes.Count(out, []byte("\n"))) == size }},
		{[]string{"show", "--reading-key", auditor, "--kind", "saved"}, func(out []byte) bool { return bytes.Count(out, []byte("one.bin")) == 1 }},
		{[]string{"prove", "3", "--output", proof}, func([]byte) bool { return exists(proof) }},
		{[]string{"export", export}, func([]byte) bool { return exists(filepath.Join(export, "checkpoint")) }},
	} {
		out, err := s.Try(append([]string{"ledger", c.args[0], "--dir", s.file, "--public-key", key}, c.args[1:]...)...)
		if code, _ := exitOf(err); code != want || !c.fits(out) {
			s.t.Errorf("%v: exit %d, want %d: %s, %v", c.args, code, want, out, err)
		}
		if want != 0 && (err == nil || !strings.Contains(err.Error(), "ledger/tile/")) {
			s.t.Errorf("%v: what was covered is not named: %v", c.args, err)
		}
	}
	s.Run("ledger", "verify", "--dir", export)
}

func exists(name string) bool {
	_, err := os.Stat(name)
	return err == nil
}

// entries is how many entries the house's own ledger has.
func (s *scene) entries() int64 {
	s.t.Helper()
	var r struct{ Size int64 }
	if err := json.Unmarshal(s.Run("ledger", "verify", "--json"), &r); err != nil {
		s.t.Fatal(err)
	}
	return r.Size
}

// copyTo has the house copy its ledger to a bucket.
func (s *scene) copyTo(file string) {
	s.t.Helper()
	conf := filepath.Join(s.Data, "azekura.toml")
	old, err := os.ReadFile(conf)
	if err != nil && !os.IsNotExist(err) {
		s.t.Fatal(err)
	}
	if err := os.WriteFile(conf, append(old, fmt.Sprintf("\nledger_bucket = %q\nledger_bucket_days = 30\n", file)...), 0o600); err != nil {
		s.t.Fatal(err)
	}
}

// cut does to the copy what somebody can do who has the credentials.
func (s *scene) cut(size int64, audit func() (int64, []string, int)) {
	s.t.Helper()
	ctx := context.Background()
	for i, x := range s.g.all(s.bucket, "") {
		if err := s.g.c.RemoveObject(ctx, s.bucket, x.Key, minio.RemoveObjectOptions{VersionID: x.VersionID}); !denied(err) {
			s.t.Fatalf("%s could be deleted: %v", x.Key, err)
		}
		switch {
		case strings.Contains(x.Key, "/tile/") && i%2 == 0:
			s.g.put(s.bucket, x.Key, random(int(x.Size)))
		default:
			if err := s.g.c.RemoveObject(ctx, s.bucket, x.Key, minio.RemoveObjectOptions{}); err != nil {
				s.t.Fatal(err)
			}
		}
	}
	for n := 1; n < 256; n += 3 { // what comes next can be guessed
		s.g.put(s.bucket, fmt.Sprintf("ledger/tile/entries/000.p/%d", n), random(50))
		s.g.put(s.bucket, fmt.Sprintf("ledger/tile/0/000.p/%d", n), random(50))
	}
	s.g.put(s.bucket, "heads/ffffffffffffffff", random(50))
	s.g.put(s.bucket, "renewed/2099-01-01", random(50))
	if now, covered, code := audit(); now != size || len(covered) == 0 || code != 19 {
		s.t.Errorf("%d of %d entries, %v, exit %d", now, size, covered, code)
	}
	resp, err := http.Get("http://" + s.g.addr + "/" + s.bucket + "/ledger/checkpoint")
	if err != nil {
		s.t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode == http.StatusOK {
		s.t.Error("the bucket is open to everybody")
	}
}

func (g *gateway) copyTree(from, to string) {
	g.t.Helper()
	if err := os.RemoveAll(to); err != nil {
		g.t.Fatal(err)
	}
	if out, err := exec.Command("cp", "-a", from, to).CombinedOutput(); err != nil {
		g.t.Fatalf("%v: %s", err, out)
	}
}
