// Package card holds the key cards (鍵束カード): small sticks with the sealed key ring of a keeper. A card opens nothing by itself: with
// enough pieces of the recovery secret, and a medium, it is a vault again. It must never lie on a data medium, or the keys of a share
// that was destroyed would lie in a cupboard beside its files.
//
// A card is one file in a folder of its own. It is written under a new name, read back, and only then is what was there before
// overwritten and removed: a stick that is pulled out half-way has the old card, the new one, or both. A file that a browser has saved on the
// stick, under whatever name that ends as a card's does, is read as well.
package card

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/azekura/azekura/internal/durable"
)

// Folder is where a card lies on its stick.
const Folder = "azekura-card"

const (
	format  = 1
	suffix  = ".card"
	private = 0o600
)

// MaxSize bounds the file of a card: 30,000 shares.
const MaxSize = 16 << 20

// Card is what lies on a stick. All but Ring and Recovery, which are sealed, says in clear what it is.
type Card struct {
	Format     int       `json:"azekura_card"`
	ID         string    `json:"id"`
	Number     int       `json:"number"` // what stands on its sticker
	Name       string    `json:"name"`   // where it lies, or who has it
	Vault      string    `json:"vault"`  // the public key of the vault's ledger
	Written    time.Time `json:"written"`
	Generation uint64    `json:"generation"` // of the ring
	Set        uint16    `json:"set"`        // of the papers that open it; 0: none do
	Ring       []byte    `json:"ring"`
	Recovery   []byte    `json:"recovery,omitempty"`
}

// String tells which card it is.
func (c Card) String() string { return fmt.Sprintf("(card %d, generation %d)", c.Number, c.Generation) }

// LogValue keeps the ring out of logs.
func (c Card) LogValue() slog.Value { return slog.StringValue(c.String()) }

var (
	// ErrNone means that there is no card in a place.
	ErrNone = errors.New("there is no key card")
	// ErrDamaged means that a card is not as it was written.
	ErrDamaged = errors.New("the key card is damaged")
	// ErrNewer means that a newer program has written it.
	ErrNewer = errors.New("a newer version of the program has written the key card")
)

// Marshal returns the bytes of a card: its JSON, and in a last line the digest of that.
func (c Card) Marshal() ([]byte, error) {
	c.Format, c.Written = format, c.Written.UTC().Truncate(time.Second)
	b, err := json.MarshalIndent(c, "", "  ")
	if err != nil {
		return nil, err
	}
	b = append(b, '\n')
	sum := sha256.Sum256(b)
	b = append(hex.AppendEncode(b, sum[:]), '\n')
	if len(b) > MaxSize {
		return nil, fmt.Errorf("a key card of %d bytes", len(b))
	}
	return b, nil
}

// Parse reads the bytes of a card. It takes no other than those that Marshal makes.
func Parse(b []byte) (Card, error) {
	const tail = 2*sha256.Size + 1
	if len(b) < tail || len(b) > MaxSize {
		return Card{}, ErrDamaged
	}
	body, last := b[:len(b)-tail], b[len(b)-tail:]
	sum := sha256.Sum256(body)
	if !bytes.Equal(last, append(hex.AppendEncode(nil, sum[:]), '\n')) {
		return Card{}, ErrDamaged
	}
	var kind struct {
		Format int `json:"azekura_card"`
	}
	if json.Unmarshal(body, &kind) == nil && kind.Format > format {
		return Card{}, ErrNewer
	}
	var c Card
	if err := json.Unmarshal(body, &c); err != nil {
		return Card{}, ErrDamaged
	}
	if again, err := c.Marshal(); err != nil || !bytes.Equal(again, b) || c.Number < 1 || c.ID == "" || len(c.Ring) == 0 {
		return Card{}, ErrDamaged
	}
	return c, nil
}

// Read reads the newest whole card of a stick: past the page cache, as far as the system lets one ask for that. It may be older than
// another that is damaged; damaged says so.
func Read(fsys durable.FS, dir string) (c Card, damaged bool, err error) {
	list, err := states(fsys, dir)
	if err != nil {
		return c, false, err
	}
	saved, err := loose(fsys, dir)
	if err != nil {
		return c, false, err
	}
	err = ErrNone
	found := false
	look := func(name string) bool { // whether it is whole
		x, readErr := parse(fsys, name)
		if readErr == nil {
			if !found || x.Written.After(c.Written) {
				c = x
			}
			found = true
			return true
		}
		if !damaged || errors.Is(readErr, ErrNewer) {
			err = readErr
		}
		damaged = true
		return false
	}
	for _, n := range slices.Backward(list) {
		if look(name(dir, n)) {
			break
		}
	}
	for _, name := range saved {
		look(name)
	}
	if found {
		return c, damaged, nil
	}
	return Card{}, damaged, err
}

func parse(fsys durable.FS, name string) (Card, error) {
	b, err := read(fsys, name)
	if err != nil {
		return Card{}, err
	}
	return Parse(b)
}

// Write puts a card on a stick, in place of the one that is there, and reads it back. It returns once what was there before is
// overwritten and gone; what a stick keeps of it beneath is the stick's business.
func Write(fsys durable.FS, dir string, c Card) error {
	b, err := c.Marshal()
	if err != nil {
		return err
	}
	list, err := states(fsys, dir)
	if err != nil {
		return err
	}
	saved, err := loose(fsys, dir)
	if err != nil {
		return err
	}
	next := uint64(1)
	if len(list) > 0 {
		next = list[len(list)-1] + 1
	}
	if err := durable.MakeDir(fsys, filepath.Join(dir, Folder), 0o700); err != nil {
		return err
	}
	if err := durable.WriteFile(fsys, name(dir, next), b, private); err != nil {
		return err
	}
	back, err := read(fsys, name(dir, next))
	if err != nil {
		return fmt.Errorf("read back: %w", err)
	}
	if !bytes.Equal(back, b) {
		return fmt.Errorf("read back: %w", ErrDamaged)
	}
	for _, n := range list {
		if err := wipe(fsys, name(dir, n)); err != nil {
			return err
		}
	}
	for _, name := range saved {
		if x, err := parse(fsys, name); err != nil || x.ID != c.ID { // damaged, or another card: not ours to remove
			continue
		}
		if err := wipe(fsys, name); err != nil {
			return err
		}
		if err := fsys.SyncDir(filepath.Dir(name)); err != nil {
			return err
		}
	}
	return tidy(fsys, filepath.Join(dir, Folder))
}

// tidy removes what a Write that was broken off has left.
func tidy(fsys durable.FS, folder string) error {
	list, err := fsys.ReadDir(folder)
	if err != nil {
		return err
	}
	for _, e := range list {
		if strings.HasSuffix(e.Name(), suffix+".new") {
			if err := wipe(fsys, filepath.Join(folder, e.Name())); err != nil {
				return err
			}
		}
	}
	return fsys.SyncDir(folder)
}

// wipe overwrites a file and removes it.
func wipe(fsys durable.FS, name string) error {
	if err := durable.Overwrite(fsys, name); err != nil {
		return err
	}
	return fsys.Remove(name)
}

func name(dir string, n uint64) string {
	return filepath.Join(dir, Folder, fmt.Sprintf("%08d%s", n, suffix))
}

// states lists the cards of a stick, which is one but for a moment, by number.
func states(fsys durable.FS, dir string) (out []uint64, err error) {
	list, err := fsys.ReadDir(filepath.Join(dir, Folder))
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) {
		return nil, nil
	}
	for _, e := range list {
		if n, ok := numbered(e.Name()); ok {
			out = append(out, n)
		}
	}
	slices.Sort(out)
	return out, err
}

func numbered(name string) (n uint64, ok bool) {
	digits, ok := strings.CutSuffix(name, suffix)
	n, err := strconv.ParseUint(digits, 10, 32)
	return n, ok && err == nil && len(digits) == 8
}

// loose lists the files of cards that a person has put on a stick: beside the folder, in it, or the one that is named itself.
func loose(fsys durable.FS, dir string) (out []string, err error) {
	for _, at := range []string{dir, filepath.Join(dir, Folder)} {
		list, err := fsys.ReadDir(at)
		switch {
		case errors.Is(err, syscall.ENOTDIR) && at == dir:
			return []string{dir}, nil
		case errors.Is(err, fs.ErrNotExist):
			continue
		case err != nil:
			return nil, err
		}
		for _, e := range list {
			// Systems leave files of their own beside others ("._x" of macOS): those are hidden.
			if _, ours := numbered(e.Name()); !e.IsDir() && strings.HasSuffix(e.Name(), suffix) && !strings.HasPrefix(e.Name(), ".") && !(ours && at != dir) {
				out = append(out, filepath.Join(at, e.Name()))
			}
		}
	}
	return out, nil
}

// read reads a file from the stick itself.
func read(fsys durable.FS, name string) (b []byte, err error) {
	f, err := fsys.OpenFile(name, os.O_RDONLY|durable.Direct, 0)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	n, err := f.Size()
	if err != nil {
		return nil, err
	}
	if n > MaxSize {
		return nil, ErrDamaged
	}
	b = durable.Aligned((int(n) + durable.Block) / durable.Block * durable.Block)
	m, err := f.ReadAt(b, 0)
	if err == io.EOF {
		err = nil
	}
	return b[:min(m, int(n))], err
}
