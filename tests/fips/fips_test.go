// Package fips lets the program work with Go's frozen cryptographic module, in the mode that refuses every
// algorithm outside of it.
package fips

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

func TestFIPSOnly(t *testing.T) {
	dir := t.TempDir()
	bin, data := filepath.Join(dir, "azekura"), filepath.Join(dir, "data")
	build := exec.Command("go", "build", "-o", bin, "./cmd/azekura")
	build.Dir, build.Env = filepath.Join("..", ".."), append(os.Environ(), "GOFIPS140=v1.0.0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	azekura := func(args ...string) []byte {
		t.Helper()
		c := exec.Command(bin, append(args, "--data", data)...)
		c.Env = append(os.Environ(), "GODEBUG=fips140=only")
		var complaints bytes.Buffer
		c.Stderr = &complaints
		out, err := c.Output()
		if err != nil {
			t.Fatalf("azekura %v: %v\n%s", args, err, complaints.Bytes())
		}
		return out
	}

	want := bytes.Repeat([]byte("卒業アルバム\n"), 200_000) // of several chunks, compressed
	source := filepath.Join(dir, "source")
	if err := os.Mkdir(source, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(source, "名簿.txt"), want, 0o600); err != nil {
		t.Fatal(err)
	}
	azekura("init", "--share", "albums")
	azekura("account", "add", "hanako", "--generate")
	azekura("import", source, "albums/2026")
	azekura("export", "albums/2026", filepath.Join(dir, "back"))
	if got, err := os.ReadFile(filepath.Join(dir, "back", "名簿.txt")); err != nil || !bytes.Equal(got, want) {
		t.Errorf("%d bytes came back of %d: %v", len(got), len(want), err)
	}
	azekura("verify", "--keys")
	azekura("rebuild")
	azekura("ledger", "verify")
}
