package bundle

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strconv"
	"strings"

	"github.com/azekura/azekura/internal/event"
	"github.com/azekura/azekura/internal/keeper"
	"github.com/azekura/azekura/internal/ledger"
	"github.com/azekura/azekura/internal/problem"
	"github.com/azekura/azekura/internal/seal"
)

// Bounds of what is read: a bundle may come from anybody.
const (
	maxFile    = 4 << 20
	maxList    = 64 << 20
	maxEntries = 1_000_000
	maxWrong   = 1_000
)

// Kind says what sort of thing is wrong.
type Kind string

// The kinds.
const (
	Missing    Kind = "missing"     // a file that the list names is not there
	Unlisted   Kind = "unlisted"    // a file is there that the list does not name
	Altered    Kind = "altered"     // a file is not the one that the list names
	Malformed  Kind = "malformed"   // a file is none of its kind
	OtherKey   Kind = "other-key"   // the bundle's public key is not the one that was given
	Unsigned   Kind = "unsigned"    // the checkpoint is not signed by the public key, or not by a witness that is named
	OtherHead  Kind = "other-head"  // a proof leads to another checkpoint
	OtherIndex Kind = "other-index" // a proof or a text is that of another entry
	Unproven   Kind = "unproven"    // the proof does not show that the entry stands in the ledger
	OtherText  Kind = "other-text"  // the entry says something else than the text
	SecondKey  Kind = "second-key"  // the key of an entry does not follow from the reading key
	Disorder   Kind = "disorder"    // the list names entries twice, or out of their order
)

// Wrong is one thing that is wrong.
type Wrong struct {
	Kind  Kind   `json:"kind"`
	File  string `json:"file"`
	Entry *int64 `json:"entry,omitempty"`
	Text  string `json:"text"`
}

// Report says what a bundle holds and what is wrong with it. Its JSON form is a written contract, docs/json.md.
type Report struct {
	About     string  `json:"about,omitempty"`
	Origin    string  `json:"origin"`
	Size      int64   `json:"size"`    // entries that the checkpoint covers
	Entries   int64   `json:"entries"` // in the bundle
	Paths     int64   `json:"paths"`   // of files, that are shown
	Cosigners int     `json:"cosigners"`
	Digest    string  `json:"digest"`  // SHA-256 of bundle.json, which names all other files: whoever tells it tells the bundle
	Trusted   bool    `json:"trusted"` // the public key was given by who checks; if not, the bundle shows only that it agrees with itself
	KeysBound bool    `json:"bound"`   // the reading key was given: no entry has a second key
	Wrong     []Wrong `json:"wrong,omitempty"`
	Count     int64   `json:"wrong_count"`
}

// OK reports whether nothing is wrong.
func (r *Report) OK() bool { return r.Count == 0 }

// Verify checks a bundle, which may be a directory or a ZIP that was opened. The error tells only that it could not be done.
type Verify struct {
	PublicKey  string             // that whoever checks knows from elsewhere; "": the one in the bundle
	ReadingKey *keeper.ReadingKey // nil: there is none
}

// check is a Verify at work.
type check struct {
	Verify
	Report
	fsys       fs.FS
	list       list
	checkpoint []byte
}

// Run checks everything.
func (v Verify) Run(ctx context.Context, fsys fs.FS) (Report, error) {
	c := &check{Verify: v, fsys: fsys}
	b, err := c.read(listName, maxList)
	if errors.Is(err, fs.ErrNotExist) {
		return c.Report, &problem.Error{Kind: problem.NotFound, Op: "check evidence", On: listName, Hint: "hint.no-evidence", Err: err}
	}
	if err == nil {
		err = strict(b, &c.list)
	}
	if err != nil || c.list.Format != format || len(c.list.Entries) > maxEntries {
		c.wrong(Malformed, listName, nil, "format %d: %v", c.list.Format, err)
		return c.Report, nil
	}
	c.Digest, c.About, c.Origin, c.KeysBound = sum(b), c.list.About, c.list.Origin, c.ReadingKey != nil
	c.files()
	c.head()
	for i, n := range c.list.Entries {
		if err := ctx.Err(); err != nil {
			return c.Report, problem.New(problem.Unavailable, "check evidence", "", err)
		}
		if i > 0 && c.list.Entries[i-1] >= n {
			c.wrong(Disorder, listName, &n, "entry %d stands behind %d", n, c.list.Entries[i-1])
		}
		c.entry(n)
	}
	return c.Report, nil
}

// strict reads JSON that has no fields but those that are known.
func strict(b []byte, to any) error {
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(to); err != nil {
		return err
	}
	if _, err := d.Token(); err != io.EOF {
		return errors.New("more behind it")
	}
	return nil
}

func (c *check) wrong(k Kind, file string, entry *int64, format string, args ...any) {
	if c.Count++; len(c.Wrong) < maxWrong {
		c.Wrong = append(c.Wrong, Wrong{k, file, entry, fmt.Sprintf(format, args...)})
	}
}

func (c *check) read(name string, limit int64) ([]byte, error) {
	f, err := c.fsys.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err == nil && int64(len(b)) > limit {
		err = fmt.Errorf("larger than %d bytes", limit)
	}
	return b, err
}

// files compares what is there with the list.
func (c *check) files() {
	there := make(map[string]bool)
	err := fs.WalkDir(c.fsys, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || name == listName {
			return err
		}
		there[name] = true
		if _, ok := c.list.Files[name]; !ok {
			c.wrong(Unlisted, name, entryOf(name), "the list does not name it")
		}
		return nil
	})
	if err != nil {
		c.wrong(Malformed, ".", nil, "%v", err)
	}
	need := []string{readmeName, keyName, checkpointName}
	for _, n := range c.list.Entries {
		need = append(need, entryName(n), proofName(n), openedName(n))
	}
	named := make(map[string]bool)
	for _, name := range need {
		named[name] = true
	}
	for name := range c.list.Files {
		if !named[name] {
			c.wrong(Unlisted, name, entryOf(name), "it belongs to no entry of the list")
		}
	}
	for _, name := range need {
		b, err := c.read(name, maxFile)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			c.wrong(Missing, name, entryOf(name), "%v", err)
		case err != nil:
			c.wrong(Malformed, name, entryOf(name), "%v", err)
		case c.list.Files[name] != sum(b):
			c.wrong(Altered, name, entryOf(name), "it has another digest than the list says")
		}
	}
}

// entryOf is the entry that a file is of.
func entryOf(name string) *int64 {
	base, _, _ := strings.Cut(strings.TrimPrefix(name, "entries/"), ".")
	n, err := strconv.ParseInt(base, 10, 64)
	if err != nil || !strings.HasPrefix(name, "entries/") {
		return nil
	}
	return &n
}

// head checks the keys and the checkpoint.
func (c *check) head() {
	b, err := c.read(keyName, maxFile)
	own := strings.TrimSpace(string(b))
	c.Trusted = c.PublicKey != ""
	if !c.Trusted {
		c.PublicKey = own
	} else if err == nil && own != c.PublicKey {
		c.wrong(OtherKey, keyName, nil, "the bundle is of the log %s", own)
	}
	if c.checkpoint, err = c.read(checkpointName, maxFile); err != nil {
		return // files has told it
	}
	h, err := ledger.CheckCheckpoint(c.checkpoint, c.PublicKey)
	if err != nil {
		c.wrong(Unsigned, checkpointName, nil, "%v", err)
	} else if c.Size = h.Size; h.Size != c.list.Size {
		c.wrong(OtherHead, listName, nil, "the checkpoint has %d entries, the list says %d", h.Size, c.list.Size)
	}
	for _, w := range c.list.Cosigners {
		if err := ledger.Cosigned(c.checkpoint, w); err != nil {
			c.wrong(Unsigned, checkpointName, nil, "%s: %v", w, err)
			continue
		}
		c.Cosigners++
	}
}

// entry checks one entry: that it stands in the ledger, and that it says what the text says.
func (c *check) entry(n int64) {
	data, err := c.read(entryName(n), maxFile)
	if err != nil {
		return // files has told it
	}
	c.Entries++
	if proof, err := c.read(proofName(n), maxFile); err == nil {
		c.proof(n, proof, data)
	}
	b, err := c.read(openedName(n), maxFile)
	if err != nil {
		return
	}
	var o opened
	if err := strict(b, &o); err != nil {
		c.wrong(Malformed, openedName(n), &n, "%v", err)
		return
	}
	if o.Index != n {
		c.wrong(OtherIndex, openedName(n), &n, "it is the text of entry %d", o.Index)
	}
	if err := says(&o, data); err != nil {
		c.wrong(OtherText, openedName(n), &n, "%v", err)
		return
	}
	if again, err := o.text(); err != nil || !bytes.Equal(again, b) { // words that no program reads may mislead people who do
		c.wrong(OtherText, openedName(n), &n, "the text has more in it than the entry says")
	}
	c.Paths += int64(len(o.Paths))
	if c.ReadingKey != nil && !c.ReadingKey.Follows(data, seal.Key(o.Key)) {
		c.wrong(SecondKey, openedName(n), &n, "its key does not follow from the reading key")
	}
}

func (c *check) proof(n int64, proof, data []byte) {
	index, head, err := parts(proof)
	switch {
	case err != nil:
		c.wrong(Malformed, proofName(n), &n, "%v", err)
	case index != n:
		c.wrong(OtherIndex, proofName(n), &n, "it is the proof of entry %d", index)
	case !bytes.Equal(head, c.checkpoint):
		c.wrong(OtherHead, proofName(n), &n, "it leads to another checkpoint than the bundle's")
	default:
		if err := ledger.CheckProof(proof, data, c.PublicKey); err != nil {
			c.wrong(Unproven, proofName(n), &n, "%v", err)
		}
	}
}

// parts takes a C2SP tlog-proof apart, as far as it is compared with the rest of the bundle.
func parts(proof []byte) (index int64, checkpoint []byte, err error) {
	top, checkpoint, ok := bytes.Cut(proof, []byte("\n\n"))
	lines := strings.Split(string(top), "\n")
	at := slices.IndexFunc(lines, func(l string) bool { return strings.HasPrefix(l, "index ") })
	if !ok || at < 0 {
		return 0, nil, errors.New("no proof")
	}
	index, err = strconv.ParseInt(lines[at][len("index "):], 10, 64)
	return index, checkpoint, err
}

// says returns nil if the sealed entry says what the text says.
func says(o *opened, data []byte) error {
	when, plain, err := ledger.OpenDisclosed(seal.Key(o.Key), data)
	if err != nil {
		return err
	}
	if !when.Equal(o.Recorded) {
		return fmt.Errorf("recorded %v, the text says %v", when, o.Recorded)
	}
	e, err := event.Parse(plain)
	if err != nil {
		return err
	}
	e.Extra = nil // fields of a later program, which the text leaves out
	sealed, err := e.Marshal()
	if err != nil {
		return err
	}
	told, err := o.Event.Marshal()
	if err != nil {
		return err
	}
	if !bytes.Equal(sealed, told) {
		return errors.New("the event is another one")
	}
	o.Event = e
	for _, p := range o.Paths {
		if p.File < 0 || p.File >= len(e.Files) {
			return fmt.Errorf("there is no file %d", p.File)
		}
		if got, err := seal.Key(p.Key).OpenDisclosed(e.Files[p.File].Path, nil); err != nil || string(got) != p.Path {
			return fmt.Errorf("the path of file %d is another one: %v", p.File, err)
		}
	}
	return nil
}
