// Package bundle makes and checks bundles of evidence: entries of the ledger with what they say, the proofs that they stand in it, the
// checkpoint that these lead to, and a text that tells how to check all that without this program. docs/exposure.md describes the files.
package bundle

import (
	"archive/zip"
	"context"
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"time"

	"github.com/azekura/azekura/internal/event"
	"github.com/azekura/azekura/internal/exposure"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/keeper"
	"github.com/azekura/azekura/internal/ledger"
	"github.com/azekura/azekura/internal/problem"
	"github.com/azekura/azekura/internal/seal"
)

//go:embed README.txt
var readme []byte

// Names of files.
const (
	listName       = "bundle.json"
	readmeName     = "README.txt"
	keyName        = "public-key"
	checkpointName = "checkpoint"
)

const format = 1

// Wanted is an entry that a bundle is to hold.
type Wanted struct {
	Index int64
	// Versions are those whose paths are shown; nil: of all files of the entry. The others stay sealed.
	Versions []id.Version
}

// Behind returns the entries behind findings. Of each, only the paths of the files that were found are shown: what else was read with the
// same entry is not for everybody.
func Behind(found []exposure.Found) (out []Wanted) {
	at := make(map[int64]int)
	for _, f := range found {
		for _, n := range f.Proof {
			i, ok := at[n]
			if !ok {
				i, at[n] = len(out), len(out)
				out = append(out, Wanted{Index: n, Versions: []id.Version{}})
			}
			for _, v := range f.Versions {
				out[i].Versions = append(out[i].Versions, v.Keys...)
			}
		}
	}
	return out
}

// Source is what a bundle is made from.
type Source struct {
	Ledger    *ledger.Reader
	PublicKey string
	Keys      *keeper.ReadingKey
	About     string // what the entries are evidence of, as people say it
	Made      time.Time
	Cosigners []string // keys of witnesses that have cosigned the checkpoint
	Entries   []Wanted
}

// list is bundle.json: what the bundle holds.
type list struct {
	Format    int               `json:"format"`
	About     string            `json:"about,omitempty"`
	Made      time.Time         `json:"made"`
	Origin    string            `json:"origin"`
	Size      int64             `json:"size"`
	Cosigners []string          `json:"cosigners,omitempty"`
	Entries   []int64           `json:"entries"`
	Files     map[string]string `json:"files"` // SHA-256 of each file but this one
}

// opened is what an entry says, with the keys that show it.
type opened struct {
	Index    int64       `json:"index"`
	Recorded time.Time   `json:"recorded"`
	Key      seal.Plain  `json:"key"`
	Event    event.Event `json:"event"`
	Paths    []path      `json:"paths,omitempty"`
}

// text is the one form in which it is written.
func (o *opened) text() ([]byte, error) {
	b, err := json.MarshalIndent(o, "", "\t")
	return append(b, '\n'), err
}

// path is a path of the event's files.
type path struct {
	File int        `json:"file"`
	Path string     `json:"path"`
	Key  seal.Plain `json:"key"`
}

func entryName(n int64) string  { return "entries/" + strconv.FormatInt(n, 10) + ".entry" }
func proofName(n int64) string  { return "entries/" + strconv.FormatInt(n, 10) + ".tlog-proof" }
func openedName(n int64) string { return "entries/" + strconv.FormatInt(n, 10) + ".json" }

// Write makes a bundle as a ZIP. Who gets it can read the entries in it and the paths that were wanted, and nothing else of the ledger.
func Write(ctx context.Context, out io.Writer, s Source) error {
	z := &writer{zip: zip.NewWriter(out), made: s.Made, sums: make(map[string]string)}
	head := s.Ledger.Head()
	l := list{Format: format, About: s.About, Made: s.Made.UTC().Truncate(time.Second), Origin: s.Keys.Origin, Size: head.Size, Cosigners: s.Cosigners, Files: z.sums}
	for _, c := range s.Cosigners {
		if err := ledger.Cosigned(s.Ledger.Checkpoint(), c); err != nil {
			return err
		}
	}
	z.add(readmeName, readme)
	z.add(keyName, []byte(s.PublicKey+"\n"))
	z.add(checkpointName, s.Ledger.Checkpoint())
	wanted := slices.Clone(s.Entries)
	slices.SortFunc(wanted, func(a, b Wanted) int { return int(min(max(a.Index-b.Index, -1), 1)) })
	for _, w := range wanted {
		if n := len(l.Entries); n > 0 && l.Entries[n-1] == w.Index {
			return problem.New(problem.Invalid, "make evidence", fmt.Sprint(w.Index), errors.New("an entry is named twice"))
		}
		if err := z.entry(ctx, s, w); err != nil {
			return err
		}
		l.Entries = append(l.Entries, w.Index)
	}
	b, err := json.MarshalIndent(l, "", "\t")
	if err != nil {
		return problem.New(problem.Internal, "make evidence", "", err)
	}
	z.add(listName, append(b, '\n'))
	if err := errors.Join(z.err, z.zip.Close()); err != nil {
		return problem.New(problem.Internal, "make evidence", "", err)
	}
	return nil
}

// writer writes the files of a bundle.
type writer struct {
	zip  *zip.Writer
	made time.Time
	sums map[string]string
	err  error // the first
}

func (z *writer) add(name string, data []byte) {
	if z.err != nil {
		return
	}
	w, err := z.zip.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Deflate, Modified: z.made.UTC()})
	if err == nil {
		_, err = w.Write(data)
	}
	if z.err = err; name != listName {
		z.sums[name] = sum(data)
	}
}

func sum(data []byte) string {
	s := sha256.Sum256(data)
	return hex.EncodeToString(s[:])
}

// entry adds an entry with its proof and what it says.
func (z *writer) entry(ctx context.Context, s Source, w Wanted) error {
	proof, err := s.Ledger.Prove(ctx, w.Index)
	if err != nil {
		return err
	}
	var data []byte
	for e, err := range s.Ledger.Entries(ctx, w.Index, w.Index+1) {
		if err != nil {
			return err
		}
		data = e.Data
	}
	d, err := s.Keys.Disclose(data, func(f event.File) bool { return w.Versions == nil || slices.Contains(w.Versions, f.Version) })
	if err != nil {
		return err
	}
	o := opened{Index: w.Index, Key: seal.Plain(d.Key), Event: d.Event}
	o.Recorded, _ = ledger.EntryTime(data)
	for _, p := range d.Paths {
		o.Paths = append(o.Paths, path{p.File, p.Path, seal.Plain(p.Key)})
	}
	b, err := o.text()
	if err != nil {
		return problem.New(problem.Internal, "make evidence", "", err)
	}
	z.add(entryName(w.Index), data)
	z.add(proofName(w.Index), proof)
	z.add(openedName(w.Index), b)
	return z.err
}
