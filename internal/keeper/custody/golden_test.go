package custody

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/azekura/azekura/internal/durable/durabletest"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/seal"
)

var update = flag.Bool("update", false, "write the files of testdata anew")

// golden is a keeper's files as this version of the format has them, and what is in them. What it holds must be
// readable for ever.
type golden struct {
	Files map[string]string `json:"files"` // hexadecimal, by path

	PublicKey string     `json:"public_key"`
	Origin    string     `json:"origin"`
	Sealing   string     `json:"ledger_key"`
	Share     id.Share   `json:"share"`
	Metadata  string     `json:"metadata_key"`
	Epoch     id.Epoch   `json:"epoch"`
	Enc       string     `json:"encapsulation"`
	Version   id.Version `json:"version"`
	FileKey   string     `json:"file_key"`
	State     string     `json:"state"`
	Head      string     `json:"head"`
}

const goldenPhrase = "夏の夜はまだ宵ながら明けぬるを"

func TestGolden(t *testing.T) {
	for name, secret := range map[string]Secret{"key-file": FromKeyFile("/key/root"), "passphrase": FromPassphrase(goldenPhrase)} {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join("testdata", name+".json")
			if *update {
				writeGolden(t, file, secret)
			}
			raw, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			var g golden
			if err := json.Unmarshal(raw, &g); err != nil {
				t.Fatal(err)
			}
			p := durabletest.New(t)
			if err := errors.Join(p.MkdirAll("/keeper", 0o700), p.MkdirAll("/key", 0o700)); err != nil {
				t.Fatal(err)
			}
			for name, b := range g.Files {
				if err := p.SetFile(name, unhex(t, b)); err != nil {
					t.Fatal(err)
				}
			}
			c := reopen(t, Config{FS: p, Dir: "/keeper", Secret: secret})
			defer c.Zero()
			got := describe(t, c, g.Share, g.Epoch, unhex(t, g.Enc), g.Version)
			g.Files = nil
			if a, b := text(t, got), text(t, g); a != b {
				t.Errorf("read %s, want %s", a, b)
			}
		})
	}
}

// describe says what is in a keeper's files.
func describe(t *testing.T, c *Custody, share id.Share, e id.Epoch, enc []byte, v id.Version) golden {
	t.Helper()
	_, metadata, err := c.Unlock(share)
	if err != nil {
		t.Fatal(err)
	}
	key, err := c.FileKey(share, e, enc, v)
	if err != nil {
		t.Fatal(err)
	}
	state, err := c.LoadState()
	if err != nil {
		t.Fatal(err)
	}
	head, err := c.LoadHead()
	if err != nil {
		t.Fatal(err)
	}
	hexKey := func(k seal.Key) string { return hex.EncodeToString(k[:]) }
	return golden{PublicKey: c.LedgerPublicKey(), Origin: c.LedgerOrigin(), Sealing: hexKey(c.LedgerSealing()), Share: share, Metadata: hexKey(metadata),
		Epoch: e, Enc: hex.EncodeToString(enc), Version: v, FileKey: hexKey(key), State: string(state), Head: string(head)}
}

func writeGolden(t *testing.T, file string, secret Secret) {
	p := durabletest.New(t)
	c := create(t, Config{FS: p, Dir: "/keeper", Secret: secret, Cost: cheap, Origin: "azekura.example/ledger/0a1b2c3d"})
	defer c.Zero()
	share := id.NewShare()
	if err := errors.Join(c.MakeShare(share), c.MakeShare(id.NewShare()), c.SaveState([]byte(`{"format":1}`)), c.SaveHead([]byte(`{"format":1}`))); err != nil {
		t.Fatal(err)
	}
	e, v, _ := epoch(t, c, share)
	g := describe(t, c, share, e.ID, e.Enc, v)
	g.Files = make(map[string]string)
	for _, name := range p.Names() {
		b, err := p.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		g.Files[name] = hex.EncodeToString(b)
	}
	if err := errors.Join(os.MkdirAll("testdata", 0o755), os.WriteFile(file, []byte(text(t, g)+"\n"), 0o644)); err != nil {
		t.Fatal(err)
	}
}

func unhex(t *testing.T, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func text(t *testing.T, g golden) string {
	t.Helper()
	b, err := json.MarshalIndent(g, "", "\t")
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
