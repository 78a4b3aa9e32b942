package medium

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"

	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/ledger"
	"github.com/azekura/azekura/internal/pack"
)

// record is what makes a state of everything that was put before it: a signed note of a few lines, and a body that it names by its
// digest. Who has the public key of the vault's ledger, and no other key, can tell that not a byte of the state was exchanged.
type record struct {
	complete bool
	medium   id.Medium
	number   uint64
	before   [32]byte // SHA-256 of the record before, zeros for the first
	time     time.Time
	head     ledger.Head
	body     [32]byte
}

// The first lines of records. None can be taken for a checkpoint, whose first line is the name of a ledger.
const (
	StateLine = "azekura/v1 medium state"
	PartLine  = "azekura/v1 medium part"
)

const (
	maxRecord = 16 << 10
	maxBody   = 256 << 20
)

// text is what is signed.
func (r *record) text() string {
	first := PartLine
	if r.complete {
		first = StateLine
	}
	return fmt.Sprintf("%s\nmedium %v\nnumber %d\nbefore %x\ntime %s\nledger %d %s\nbody %x\n", first, r.medium, r.number, r.before,
		r.time.UTC().Format(time.RFC3339Nano), r.head.Size, base64.StdEncoding.EncodeToString(r.head.Root[:]), r.body)
}

// Why a record counts for nothing.
var (
	errUnsigned    = errors.New("unsigned")
	errOtherVault  = errors.New("other-vault")
	errOtherMedium = errors.New("other-medium")
	errNumber      = errors.New("number")
)

// parseRecord reads a signed record. Its form is exact: what text would not write again is none.
func parseRecord(signed []byte, v note.Verifier) (*record, error) {
	n, err := note.Open(signed, note.VerifierList(v))
	if err != nil {
		if u, ok := errors.AsType[*note.UnverifiedNoteError](err); ok && len(u.Note.UnverifiedSigs) > 0 && u.Note.UnverifiedSigs[0].Name != v.Name() {
			return nil, fmt.Errorf("%w: signed by %s", errOtherVault, u.Note.UnverifiedSigs[0].Name)
		}
		return nil, fmt.Errorf("%w: %w", errUnsigned, err)
	}
	lines := strings.Split(n.Text, "\n")
	if len(lines) != 8 {
		return nil, fmt.Errorf("%w: %d lines", errUnsigned, len(lines))
	}
	r := &record{complete: lines[0] == StateLine}
	var values [6]string
	for i, key := range []string{"medium ", "number ", "before ", "time ", "ledger ", "body "} {
		values[i], _ = strings.CutPrefix(lines[i+1], key)
	}
	size, root, _ := strings.Cut(values[4], " ")
	rootBytes, err4 := base64.StdEncoding.DecodeString(root)
	err = errors.Join(r.medium.UnmarshalText([]byte(values[0])), unhex(r.before[:], values[2]), err4, unhex(r.body[:], values[5]))
	var err1, err2, err3 error
	r.number, err1 = strconv.ParseUint(values[1], 10, 64)
	r.time, err2 = time.Parse(time.RFC3339Nano, values[3])
	r.head.Size, err3 = strconv.ParseInt(size, 10, 64)
	copy(r.head.Root[:], rootBytes)
	if err = errors.Join(err, err1, err2, err3); err != nil || r.text() != n.Text {
		return nil, errors.Join(fmt.Errorf("%w: not a record", errUnsigned), err)
	}
	return r, nil
}

func unhex(dst []byte, s string) error {
	b, err := hex.DecodeString(s)
	if err == nil && len(b) != len(dst) {
		err = fmt.Errorf("%d bytes", len(b))
	}
	copy(dst, b)
	return err
}

// body is what a record stands for, as JSON.
type body struct {
	Format     int         `json:"format"`
	Descriptor sum         `json:"descriptor"`           // of medium.json
	Checkpoint string      `json:"checkpoint,omitempty"` // of the ledger, signed
	Files      []fileOf    `json:"files,omitempty"`
	Shares     []shareList `json:"shares,omitempty"` // in ascending order
	// Read is what was read back of what a part names. It is absent where all was: on a target that locks, and before there was a difference.
	Read  []shareList `json:"read,omitzero"`
	Packs int64       `json:"packs"`
	Bytes int64       `json:"bytes"` // of packs
	// Until is until when all that the record names is locked at least, on a target that locks.
	Until time.Time `json:"until,omitzero"`
	// Over has the tiles before whom somebody had put something under their names, to tell them apart.
	Over map[string]sum `json:"over,omitempty"`
}

// fileOf is one of the keeper's files, or the settings.
type fileOf struct {
	Name string `json:"name"` // "keeper/state", "settings"
	Size int64  `json:"size"`
	Sum  sum    `json:"sha256"`
}

// shareList names the objects that list the segments of a share.
type shareList struct {
	Share id.Share `json:"share"`
	Lists []sum    `json:"lists"`
	Books *booksOf `json:"books,omitempty"`
}

// booksOf names the copy of the catalogue of a share. A state is whole without it: it only spares whoever restores to read all packs first.
type booksOf struct {
	Sum    sum    `json:"sha256"`
	Size   int64  `json:"size"`
	Pack   uint64 `json:"pack"`   // up to which place of the packs it goes
	Offset int64  `json:"offset"` // likewise
	Rows   int64  `json:"rows"`
}

func (b *booksOf) at() pack.Position { return pack.Position{Pack: b.Pack, Offset: b.Offset} }

// sum is a SHA-256, in JSON 64 hexadecimal digits.
type sum [32]byte

// MarshalText returns 64 hexadecimal digits.
func (s sum) MarshalText() ([]byte, error) { return []byte(hex.EncodeToString(s[:])), nil }

// UnmarshalText reads 64 hexadecimal digits.
func (s *sum) UnmarshalText(text []byte) error { return unhex(s[:], string(text)) }

const (
	perList     = 4096 // segments of a list; all lists of a share but the last are full
	segmentSize = 8 + 8 + 8 + 32
)

func appendSegment(dst []byte, s segment) []byte {
	dst = binary.BigEndian.AppendUint64(dst, s.pack)
	dst = binary.BigEndian.AppendUint64(dst, s.at())
	dst = binary.BigEndian.AppendUint64(dst, uint64(s.length))
	return append(dst, s.sum[:]...)
}

var errList = errors.New("no list of segments")

// parseList reads a list and appends its segments to those before it: packs ascend, and the segments of a pack follow each other
// from its first byte on.
func parseList(b []byte, before []segment) ([]segment, error) {
	if len(b) == 0 || len(b)%segmentSize != 0 || len(b) > perList*segmentSize {
		return nil, errList
	}
	for _, s := range decodeList(b, nil) {
		if s.pack == 0 || s.from < 0 || s.length <= 0 || s.from > 1<<62 || s.length > 1<<62 {
			return nil, errList
		}
		last := segment{}
		if len(before) > 0 {
			last = before[len(before)-1]
		}
		if s.from == 0 && s.pack <= last.pack || s.from > 0 && (s.pack != last.pack || s.from != last.end()) {
			return nil, errList
		}
		before = append(before, s)
	}
	return before, nil
}

// decodeList reads the segments of a list that was read before.
func decodeList(b []byte, out []segment) []segment {
	for ; len(b) >= segmentSize; b = b[segmentSize:] {
		x := segment{pack: binary.BigEndian.Uint64(b), length: int64(binary.BigEndian.Uint64(b[16:])), sum: [32]byte(b[24:segmentSize])}
		if at := binary.BigEndian.Uint64(b[8:]); at >= anewBit {
			x.anew = at
		} else {
			x.from = int64(at)
		}
		out = append(out, x)
	}
	return out
}

// state is a record with its body.
type state struct {
	record
	body
	sum        [32]byte // of the record
	shares     map[id.Share][]segment
	readShares map[id.Share][]segment // of Read
}

// load reads a record with everything that it names but packs, files and ledger.
func load(ctx context.Context, t Target, v note.Verifier, d Descriptor, name string) (*state, error) {
	s, err := loadRecord(ctx, t, v, d, name)
	if err != nil {
		return nil, err
	}
	if s.shares, err = loadLists(ctx, t, s.Shares); err != nil {
		return nil, err
	}
	s.readShares, err = loadLists(ctx, t, s.Read)
	return s, err
}

// loadLists reads the segments of shares.
func loadLists(ctx context.Context, t Target, shares []shareList) (map[id.Share][]segment, error) {
	out := make(map[id.Share][]segment)
	for _, l := range shares {
		var segments []segment
		for _, x := range l.Lists {
			b, err := readSum(ctx, t, listDir, x, perList*segmentSize)
			if err == nil {
				segments, err = parseList(b, segments)
			}
			if err != nil {
				return nil, fmt.Errorf("%s: %w", sumName(listDir, x), err)
			}
		}
		out[l.Share] = segments
	}
	return out, nil
}

// loadRecord reads a record and its body.
func loadRecord(ctx context.Context, t Target, v note.Verifier, d Descriptor, name string) (*state, error) {
	var r *record
	signed, err := readWhere(ctx, t, name, maxRecord, func(signed []byte) (err error) {
		r, err = parseRecord(signed, v)
		if err != nil {
			return err
		}
		n, part, _ := numberOf(name)
		switch {
		case r.medium != d.ID:
			return fmt.Errorf("%w: %v", errOtherMedium, r.medium)
		case r.number != n || r.complete != (part < 0):
			return fmt.Errorf("%w: it is record %d", errNumber, r.number)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	s := &state{record: *r, sum: sha256.Sum256(signed), shares: make(map[id.Share][]segment)}
	b, err := readSum(ctx, t, listDir, r.body, maxBody)
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(b, &s.body); err != nil || s.Format != format {
		return nil, fmt.Errorf("%s: format %d: %w", sumName(listDir, r.body), s.Format, err)
	}
	return s, nil
}

// readSum returns an object that is named by its digest.
func readSum(ctx context.Context, t Target, dir string, want [32]byte, limit int64) ([]byte, error) {
	read := func() ([]byte, error) {
		return readWhere(ctx, t, sumName(dir, want), limit, func(b []byte) error {
			if sha256.Sum256(b) != want {
				return fmt.Errorf("%s: %w", sumName(dir, want), errDigest)
			}
			return nil
		})
	}
	if l, ok := t.(*layers); ok && dir == listDir {
		return l.list(sumName(dir, want), read)
	}
	return read()
}

// lists returns what lists the segments of a share, by digest.
func lists(segments []segment) (out [][]byte) {
	for len(segments) > 0 {
		n := min(perList, len(segments))
		var b bytes.Buffer
		for _, s := range segments[:n] {
			b.Write(appendSegment(nil, s))
		}
		out = append(out, b.Bytes())
		segments = segments[n:]
	}
	return out
}
