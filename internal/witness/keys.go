package witness

import (
	"bytes"
	"crypto/ed25519"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"
	"unicode"

	"filippo.io/torchwood"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/azekura/azekura/internal/durable"
	"github.com/azekura/azekura/internal/problem"
)

// keyName is the file of the keys.
const keyName = "key"

// keyFile is that file.
type keyFile struct {
	Format int    `json:"format"`
	Name   string `json:"name"`
	Seed   []byte `json:"seed"`
}

// keys sign. What a witness says (this head continues the one before) and what a mirror says (I have the entries) are two statements, with a
// name and a key each (C2SP tlog-mirror).
type keys struct {
	witness, mirror signer
}

// signer is a cosigner with its public key.
type signer struct{ *torchwood.CosignatureSigner }

// String returns the public key, as verifiers take it.
func (s signer) String() string { return s.Verifier().String() }

// openKeys reads the keys, or makes them where there are none.
func openKeys(cfg Config) (*keys, error) {
	path := filepath.Join(cfg.Dir, keyName)
	b, err := readOptional(cfg.FS, path)
	if err != nil {
		return nil, failed("open the witness", err)
	}
	if b == nil {
		return makeKeys(cfg, path)
	}
	return parseKeys(b)
}

func parseKeys(b []byte) (*keys, error) {
	f := keyFile{}
	if err := json.Unmarshal(b, &f); err != nil || f.Format != 1 || len(f.Seed) != ed25519.SeedSize {
		return nil, &problem.Error{Kind: problem.Damaged, Op: "open the witness", On: keyName, Hint: "hint.witness-lost", Err: errors.Join(err, fmt.Errorf("format %d", f.Format))}
	}
	return newKeys(f.Name, f.Seed)
}

// PublicKeys returns the public keys of a witness that may be at work; fs.ErrNotExist if there is none in the directory.
func PublicKeys(fsys durable.FS, dir string) (key, mirror string, err error) {
	b, err := readOptional(fsys, filepath.Join(dir, keyName))
	if err != nil {
		return "", "", failed("open the witness", err)
	}
	if b == nil {
		return "", "", fs.ErrNotExist
	}
	k, err := parseKeys(b)
	if err != nil {
		return "", "", err
	}
	return k.witness.String(), k.mirror.String(), nil
}

// makeKeys makes new keys, but not beside what is left of a witness: it would cosign what that would not.
func makeKeys(cfg Config, path string) (*keys, error) {
	list, err := cfg.FS.ReadDir(cfg.Dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, failed("open the witness", err)
	}
	for _, e := range list {
		if e.IsDir() {
			return nil, &problem.Error{Kind: problem.Damaged, Op: "open the witness", On: keyName, Hint: "hint.witness-lost", Err: fs.ErrNotExist}
		}
	}
	if cfg.Name == "" || strings.Contains(cfg.Name, "+") || strings.ContainsFunc(cfg.Name, unicode.IsSpace) || len(cfg.Name) > 200 {
		return nil, &problem.Error{Kind: problem.Invalid, Op: "make a witness", On: cfg.Name, Hint: "hint.witness-name"}
	}
	f := keyFile{Format: 1, Name: cfg.Name, Seed: make([]byte, ed25519.SeedSize)}
	rand.Read(f.Seed)
	b, err := json.MarshalIndent(f, "", "\t")
	if err != nil {
		return nil, problem.New(problem.Internal, "make a witness", "", err)
	}
	if err := durable.WriteFile(cfg.FS, path, append(b, '\n'), 0o600); err != nil {
		return nil, failed("make a witness", err)
	}
	return newKeys(f.Name, f.Seed)
}

func newKeys(name string, seed []byte) (*keys, error) {
	k := new(keys)
	for _, x := range []struct {
		to         *signer
		name, info string
	}{{&k.witness, name, "azekura witness"}, {&k.mirror, name + "/mirror", "azekura mirror"}} {
		own, err := hkdf.Key(sha256.New, seed, nil, x.info, ed25519.SeedSize)
		if err != nil {
			return nil, problem.New(problem.Internal, "open the witness", "", err)
		}
		if x.to.CosignatureSigner, err = torchwood.NewCosignatureSigner(x.name, ed25519.NewKeyFromSeed(own)); err != nil {
			return nil, problem.New(problem.Internal, "open the witness", "", err)
		}
	}
	return k, nil
}

// Name returns the witness's name.
func (w *Witness) Name() string { return w.keys.witness.Name() }

// Keys returns the public keys of the witness and of its mirror, as keepers and auditors take them.
func (w *Witness) Keys() (witness, mirror string) {
	return w.keys.witness.String(), w.keys.mirror.String()
}

// readOptional reads a file; nil if there is none.
func readOptional(fsys durable.FS, path string) ([]byte, error) {
	b, err := durable.ReadFile(fsys, path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return b, err
}

// emptyRoot is the root of a tree without entries.
var emptyRoot = tlog.Hash(sha256.Sum256(nil))

// errMalformed means that bytes are no head.
var errMalformed = errors.New("no signed head")

// lastBlank returns where the signatures of a note begin, behind the blank line; -1 if there is none.
func lastBlank(signed []byte) int {
	i := bytes.LastIndex(signed, []byte("\n\n"))
	if i < 0 {
		return -1
	}
	return i + 1
}

// linesOf returns the lines of a signed note that a key of that name has signed.
func linesOf(signed []byte, name string) []byte {
	var out []byte
	for line := range bytes.Lines(signed[lastBlank(signed)+1:]) {
		if bytes.HasPrefix(line, []byte("— "+name+" ")) {
			out = append(out, line...)
		}
	}
	return out
}

var _ note.Signer = signer{}
