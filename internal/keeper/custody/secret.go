package custody

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/crypto/argon2"
	"golang.org/x/text/unicode/norm"

	"github.com/azekura/azekura/internal/durable"
	"github.com/azekura/azekura/internal/problem"
	"github.com/azekura/azekura/internal/seal"
)

// Protection says what opens the root.
type Protection string

// The protections.
const (
	KeyFile    Protection = "key-file"   // a file that only the keeper's user can read
	Passphrase Protection = "passphrase" // typed at each start
	Credential Protection = "credential" // handed over by systemd, which can tie it to the machine's TPM
)

// CredentialName is the name of the credential in $CREDENTIALS_DIRECTORY.
const CredentialName = "azekura-root"

// Lengths of secrets, in code points of a passphrase and in bytes of a credential.
const (
	minPassphrase = 15
	minCredential = 32
	maxSecret     = 4096
)

// Secret is where the secret comes from that opens the root.
type Secret struct {
	kind Protection
	path string // of the key file or the credential
	text string // the passphrase
}

// FromKeyFile is a key file, which Create makes, in a directory of its own. Who can read it and the keeper's
// files has all keys.
func FromKeyFile(path string) Secret { return Secret{kind: KeyFile, path: path} }

// FromPassphrase is a passphrase. Nothing on the machine opens the root while it is off.
func FromPassphrase(text string) Secret {
	return Secret{kind: Passphrase, text: norm.NFKC.String(text)}
}

// FromCredential is the credential azekura-root in dir, which is $CREDENTIALS_DIRECTORY.
func FromCredential(dir string) Secret {
	return Secret{kind: Credential, path: filepath.Join(dir, CredentialName)}
}

// Protection returns the kind of s.
func (s Secret) Protection() Protection { return s.kind }

// Format prints the kind alone, whatever the verb.
func (s Secret) Format(f fmt.State, _ rune) { io.WriteString(f, string(s.kind)) }

// Cost is what one hash of argon2id costs.
type Cost struct {
	Time   uint32 `json:"time"`   // passes
	Memory uint32 `json:"memory"` // KiB
}

// bounds of Cost in files: whoever can write them must not be able to take all memory.
const (
	maxTime   = 64
	maxMemory = 2 << 20
)

// OrDefault returns c, or for zero 3 passes over 64 MiB, more than RFC 9106 asks for where memory is scarce.
func (c Cost) OrDefault() Cost {
	if c.Time == 0 || c.Memory == 0 {
		return Cost{Time: 3, Memory: 64 << 10}
	}
	return c
}

// Hash returns the argon2id hash of a secret that people remember.
func (c Cost) Hash(secret string, salt []byte) (seal.Key, error) {
	if c.Time == 0 || c.Time > maxTime || c.Memory < 8 || c.Memory > maxMemory {
		return seal.Key{}, fmt.Errorf("argon2id with %d passes over %d KiB", c.Time, c.Memory)
	}
	return seal.Key(argon2.IDKey([]byte(secret), salt, c.Time, c.Memory, 1, 32)), nil
}

// protection is the file of that name: how the root is sealed.
type protection struct {
	Format     int        `json:"format"`
	Protection Protection `json:"protection"`
	Salt       []byte     `json:"salt,omitempty"`     // of a passphrase
	Argon2id   *Cost      `json:"argon2id,omitempty"` // of a passphrase
	Root       []byte     `json:"root"`               // sealed
}

func (p *protection) marshal() []byte {
	b, err := json.MarshalIndent(p, "", "\t")
	if err != nil {
		panic(err) // only for types that JSON cannot say
	}
	return append(b, '\n')
}

func readProtection(fsys durable.FS, dir string) (*protection, error) {
	b, err := durable.ReadFile(fsys, filepath.Join(dir, protectionName))
	if err != nil {
		return nil, failed("open keeper", err)
	}
	p := new(protection)
	if err := json.Unmarshal(b, p); err != nil {
		return nil, damaged(protectionName, err)
	}
	if p.Format != 1 {
		return nil, damaged(protectionName, fmt.Errorf("format %d", p.Format))
	}
	return p, nil
}

// newProtection seals root with the secret s, and returns the key with which it did; a key file that is missing is made.
func newProtection(ctx context.Context, fsys durable.FS, s Secret, cost Cost, root seal.Key) (*protection, seal.Key, error) {
	p := &protection{Format: 1, Protection: s.kind}
	switch s.kind {
	case KeyFile:
		if err := makeKeyFile(fsys, s.path); err != nil {
			return nil, seal.Key{}, err
		}
	case Passphrase:
		if n := len([]rune(s.text)); n < minPassphrase || n > maxSecret {
			return nil, seal.Key{}, &problem.Error{Kind: problem.Invalid, Op: "protect keeper", Hint: "hint.passphrase-length", Err: fmt.Errorf("a passphrase of %d characters", n)}
		}
		p.Salt, p.Argon2id = make([]byte, 16), &cost
		rand.Read(p.Salt)
	}
	k, err := p.key(ctx, fsys, s)
	if err != nil {
		return nil, k, err
	}
	return p.with(k, root), k, nil
}

// with returns the protection with another root.
func (p *protection) with(k, root seal.Key) *protection {
	next := *p
	next.Root = k.Seal(nil, root[:], p.context())
	return &next
}

func (p *protection) context() []byte {
	return []byte("azekura/v1 keeper root " + string(p.Protection))
}

// wrong are the hints about secrets that do not open the root.
var wrong = map[Protection]string{
	KeyFile:    "hint.key-file-wrong",
	Passphrase: "hint.passphrase-wrong",
	Credential: "hint.credential-wrong",
}

// open returns the root, and the key that it was sealed with.
func (p *protection) open(ctx context.Context, fsys durable.FS, s Secret) (root, k seal.Key, err error) {
	if k, err = p.key(ctx, fsys, s); err != nil {
		return root, k, err
	}
	b, err := k.Open(nil, p.Root, p.context())
	if err != nil || len(b) != len(root) {
		return root, k, &problem.Error{Kind: problem.Denied, Op: "open keeper", On: s.path, Hint: wrong[s.kind], Err: seal.ErrOpen}
	}
	copy(root[:], b)
	clear(b)
	return root, k, nil
}

// key returns what the root is sealed with.
func (p *protection) key(ctx context.Context, fsys durable.FS, s Secret) (k seal.Key, err error) {
	if err := ctx.Err(); err != nil {
		return k, failed("open keeper", err)
	}
	if p.Protection != s.kind {
		return k, &problem.Error{Kind: problem.Invalid, Op: "open keeper", Hint: "hint.protection-differs",
			Err: fmt.Errorf("the root is protected by %q, %q was given", p.Protection, s.kind)}
	}
	switch s.kind {
	case KeyFile:
		return readKeyFile(fsys, s.path)
	case Passphrase:
		if p.Argon2id == nil {
			return k, damaged(protectionName, errors.New("no cost of the passphrase"))
		}
		if k, err = p.Argon2id.Hash(s.text, p.Salt); err != nil {
			return k, damaged(protectionName, err)
		}
		return k, nil
	case Credential:
		return readCredential(fsys, s.path)
	}
	return k, &problem.Error{Kind: problem.Invalid, Op: "open keeper", Hint: "hint.protection-unknown", Err: fmt.Errorf("protection %q", s.kind)}
}

// makeKeyFile makes a key file unless there is one.
func makeKeyFile(fsys durable.FS, path string) error {
	if err := durable.MakeDir(fsys, filepath.Dir(path), 0o700); err != nil {
		return failed("make keeper", err)
	}
	if _, err := modeOf(fsys, path); err == nil {
		return nil // readKeyFile looks at it
	} else if !errors.Is(err, fs.ErrNotExist) {
		return failed("make keeper", err)
	}
	k := seal.NewKey()
	defer k.Zero()
	text := append(hex.AppendEncode(nil, k[:]), '\n')
	defer clear(text)
	if err := durable.WriteFile(fsys, path, text, privateMode); err != nil {
		return failed("make keeper", err)
	}
	return nil
}

// modeOf returns the mode of a file, without following it if it is a link.
func modeOf(fsys durable.FS, path string) (fs.FileMode, error) {
	list, err := fsys.ReadDir(filepath.Dir(path))
	if err != nil {
		return 0, err
	}
	for _, e := range list {
		if e.Name() == filepath.Base(path) {
			i, err := e.Info()
			if err != nil {
				return 0, err
			}
			return i.Mode(), nil
		}
	}
	return 0, &fs.PathError{Op: "stat", Path: path, Err: fs.ErrNotExist}
}

func readKeyFile(fsys durable.FS, path string) (k seal.Key, err error) {
	mode, err := modeOf(fsys, path)
	if err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return k, &problem.Error{Kind: problem.NotFound, Op: "open keeper", On: path, Hint: "hint.key-file-missing", Err: err}
		}
		return k, failed("open keeper", err)
	}
	if !mode.IsRegular() || mode.Perm()&0o077 != 0 {
		return k, &problem.Error{Kind: problem.Denied, Op: "open keeper", On: path, Hint: "hint.key-file-permissions",
			Err: fmt.Errorf("the key file has the mode %v, want a file with 0600", mode)}
	}
	b, err := readSecret(fsys, path)
	if err != nil {
		return k, failed("open keeper", err)
	}
	defer clear(b)
	if len(b) != 2*len(k)+1 || b[len(b)-1] != '\n' {
		err = errors.New("not a line of 64 hexadecimal digits")
	} else {
		_, err = hex.Decode(k[:], b[:2*len(k)])
	}
	if err != nil {
		return k, &problem.Error{Kind: problem.Damaged, Op: "open keeper", On: path, Hint: "hint.key-file-wrong", Err: errors.New("not a key file")}
	}
	return k, nil
}

// readCredential makes a key of whatever systemd hands over. Its permissions are systemd's business.
func readCredential(fsys durable.FS, path string) (k seal.Key, err error) {
	b, err := readSecret(fsys, path)
	if errors.Is(err, fs.ErrNotExist) {
		return k, &problem.Error{Kind: problem.NotFound, Op: "open keeper", On: path, Hint: "hint.credential-missing", Err: err}
	}
	if err != nil {
		return k, failed("open keeper", err)
	}
	defer clear(b)
	text := strings.TrimRight(string(b), "\r\n")
	if len(text) < minCredential || len(text) > maxSecret {
		return k, &problem.Error{Kind: problem.Invalid, Op: "open keeper", On: path, Hint: "hint.credential-length", Err: fmt.Errorf("a credential of %d bytes", len(text))}
	}
	return seal.Key(sha256.Sum256([]byte(text))).Derive("keeper credential"), nil
}

// readSecret reads a small file.
func readSecret(fsys durable.FS, path string) (b []byte, err error) {
	f, err := fsys.OpenFile(path, os.O_RDONLY, 0)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	b = make([]byte, maxSecret+2)
	n, err := f.ReadAt(b, 0)
	if err == io.EOF {
		err = nil
	}
	return b[:n], err
}
