// Package behaviour holds how ransomware treats files, as data, and acts it out on a scratch copy: with seeded random bytes in the place of
// what would be encrypted. No key exists, nothing is encrypted, and a Player reaches nothing but the Targets that it is given.
package behaviour

import (
	"bytes"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
	"time"
)

// Profile is a behaviour. docs/drill-profiles.md explains each field.
type Profile struct {
	Name    string   `json:"name"`
	About   string   `json:"about"`              // what it is like
	AboutJa string   `json:"about_ja,omitempty"` // in Japanese
	Victims []string `json:"victims,omitempty"`  // endings of names; none: all files
	Part    Part     `json:"part,omitzero"`      // which bytes are replaced
	As      Look     `json:"as,omitempty"`       // by what; empty: random bytes
	Trailer int64    `json:"trailer,omitempty"`  // bytes that are added behind
	Way     Way      `json:"way"`                // how that is saved
	To      string   `json:"to,omitempty"`       // the new name: {name} {stem} {ext}, {run6} and {file6} for six random letters, the same in the run or new for each file
	Note    *Note    `json:"note,omitempty"`     // what is left behind
	Order   Order    `json:"order,omitempty"`    // empty: folder by folder
	Threads int      `json:"threads,omitempty"`  // at once, of each party; 0: 1
	Parties int      `json:"parties,omitempty"`  // accounts that share the work; 0: 1
	Pause   Duration `json:"pause,omitempty"`    // between two files
	Lag     Duration `json:"lag,omitempty"`      // between two acts on one file
	Good    int      `json:"good,omitempty"`     // after each file so many saves that hurt nothing
	Limit   int      `json:"limit,omitempty"`    // so many files; 0: all
	Door    Door     `json:"door,omitempty"`     // through which it comes; empty: WebDAV
	Quick   bool     `json:"quick,omitempty"`    // it is one of the few that a quick rehearsal plays
}

// Door is the way into the house.
type Door string

// The doors.
const (
	WebDAV Door = "webdav"
	SFTP   Door = "sftp"
)

// Said returns what it is like, in Japanese where there is a text.
func (p *Profile) Said(japanese bool) string {
	if japanese && p.AboutJa != "" {
		return p.AboutJa
	}
	return p.About
}

// Part says which bytes of a file are replaced. The zero value: all.
type Part struct {
	Keep    int64   `json:"keep,omitempty"`    // the first bytes stay
	Head    int64   `json:"head,omitempty"`    // only so many, from the front (or behind Keep)
	Write   int64   `json:"write,omitempty"`   // stripes: so many are replaced,
	Skip    int64   `json:"skip,omitempty"`    // so many stay
	Spots   int     `json:"spots,omitempty"`   // so many stretches, evenly spread,
	Percent float64 `json:"percent,omitempty"` // of so many hundredths of the file each
	Strewn  bool    `json:"strewn,omitempty"`  // each of the Spots stands anywhere in its share of the file
	At      float64 `json:"at,omitempty"`      // one stretch of Head bytes, at this fraction of the file
	Small   int64   `json:"small,omitempty"`   // files up to this size are replaced as a whole
}

// Look says what the replaced bytes look like.
type Look string

// The looks.
const (
	Random Look = ""
	Base64 Look = "base64" // the whole file, as text
	Hex    Look = "hex"
	Zeros  Look = "zeros"
	Prose  Look = "prose"   // letters
	Zip    Look = "zip"     // an archive with one member that is closed with a password
	Mimic  Look = "mimic"   // the markers of a JPEG stay, and its picture data is random bytes that look like it
	Hidden Look = "hidden"  // a small valid JPEG with the content behind its end
	Cover  Look = "comment" // a small valid JPEG with the content in its comments

	// The whole file, in something that programs open.
	Base85  Look = "base85"
	UU      Look = "uuencode" // as mail had it
	RTF     Look = "rtf"      // a text of a word processor, with it in hexadecimal
	XML     Look = "xml"      // an element, with it in base64
	Stored  Look = "stored"   // a ZIP with one member, neither compressed nor closed
	Office  Look = "office"   // the same, as programs of an office make it
	PDF     Look = "pdf"      // one page, and a stream
	WAV     Look = "wav"      // a sound
	Bitmap  Look = "bmp"      // the pixels of a BMP
	Pixels  Look = "png"      // the pixels of a PNG
	Snow    Look = "snow"     // a JPEG of random pixels
	Same    Look = "same"     // the same small JPEG in the place of every file
	Another Look = "another"  // what stands in the next file
)

// Way is how a file is saved.
type Way string

// The ways.
const (
	Overwrite   Way = "overwrite"    // under its own name
	WriteRename Way = "write-rename" // under its own name, then renamed
	RenameWrite Way = "rename-write" // renamed, then written
	NewDelete   Way = "new-delete"   // a new file, then the old one is removed
	DeleteNew   Way = "delete-new"   // the old one is removed, then a new file
	TempOver    Way = "temp-over"    // a temporary file, renamed over the old one
	MoveOut     Way = "move-out"     // moved to another folder, written there, moved back
	EmptyFirst  Way = "empty-first"  // emptied, then written
	Truncate    Way = "truncate"     // emptied
	Delete      Way = "delete"       // removed
	Rename      Way = "rename"       // renamed
	Read        Way = "read"         // read
	InPlace     Way = "in-place"     // only what is replaced is written, into the file as it stands
	Append      Way = "append"       // the trailer is written behind its end, and nothing else
	Cut         Way = "cut"          // cut off behind the bytes that are kept

	FolderOver   Way = "folder-over"   // a file in a folder of its own, renamed over the old one
	CopyOver     Way = "copy-over"     // a file in a folder of its own, copied over the old one
	EmptyLater   Way = "empty-later"   // all are emptied, and then written
	Parcel       Way = "parcel"        // an archive for each folder, closed with a password, then the files in it are removed
	Bin          Way = "bin"           // moved to a folder of that name
	RenameFolder Way = "rename-folder" // the folders are renamed
)

// needsSFTP reports whether WebDAV has no words for a way: there a file is saved as a whole.
func (w Way) needsSFTP() bool { return w == InPlace || w == Append || w == Cut }

// Through returns the profile for a door, and whether it can be played there. An empty door is the profile's own.
func (p Profile) Through(d Door) (Profile, bool) {
	if d == "" {
		d = p.Door
	}
	if d == "" {
		d = WebDAV
	}
	p.Door = d
	return p, d == SFTP || !p.Way.needsSFTP()
}

// Order is the order in which files are attacked.
type Order string

// The orders.
const (
	ByFolder   Order = ""
	Alphabetic Order = "alphabetic"
	Largest    Order = "largest"
	Newest     Order = "newest"
	Shuffled   Order = "shuffled"
	Around     Order = "around" // one file of each folder after the other
	Smallest   Order = "smallest"
	Oldest     Order = "oldest"
)

// Note is what is left behind.
type Note struct {
	Name  string `json:"name"`
	Text  string `json:"text"`
	Top   bool   `json:"top,omitempty"`   // only in the top folder
	First bool   `json:"first,omitempty"` // before any file is touched
}

// Duration is a time.Duration that JSON has as "1h".
type Duration time.Duration

// UnmarshalText reads a duration.
func (d *Duration) UnmarshalText(text []byte) error {
	v, err := time.ParseDuration(string(text))
	*d = Duration(v)
	return err
}

// MarshalText returns a duration such as "1h0m0s".
func (d Duration) MarshalText() ([]byte, error) { return []byte(time.Duration(d).String()), nil }

//go:embed profiles/*.json
var embedded embed.FS

// Profiles are those that come with the program, by name.
func Profiles() ([]Profile, error) {
	dir, err := fs.Sub(embedded, "profiles")
	if err != nil {
		return nil, err
	}
	return Load(dir)
}

// maxProfile bounds a file of profiles.
const maxProfile = 1 << 20

// Load reads the files of a directory that end in .json; each holds a list of profiles.
func Load(dir fs.FS) (out []Profile, err error) {
	names, err := fs.Glob(dir, "*.json")
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		b, err := fs.ReadFile(dir, name)
		if err != nil {
			return nil, err
		}
		list, err := Parse(b)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		out = append(out, list...)
	}
	slices.SortFunc(out, func(a, b Profile) int { return strings.Compare(a.Name, b.Name) })
	for i := range out[1:] {
		if out[i].Name == out[i+1].Name {
			return nil, fmt.Errorf("two profiles are called %q", out[i].Name)
		}
	}
	return out, nil
}

// Parse reads a list of profiles.
func Parse(b []byte) (list []Profile, err error) {
	if len(b) > maxProfile {
		return nil, fmt.Errorf("more than %d bytes", maxProfile)
	}
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(&list); err != nil {
		return nil, err
	}
	for i := range list {
		if err := list[i].check(); err != nil {
			return nil, fmt.Errorf("profile %q: %w", list[i].Name, err)
		}
	}
	return list, nil
}

// check refuses what cannot be played.
func (p *Profile) check() error {
	ways := []Way{Overwrite, WriteRename, RenameWrite, NewDelete, DeleteNew, TempOver, MoveOut, EmptyFirst, Truncate, Delete, Rename, Read, InPlace, Append, Cut,
		FolderOver, CopyOver, EmptyLater, Parcel, Bin, RenameFolder}
	looks := []Look{Random, Base64, Hex, Zeros, Prose, Zip, Mimic, Hidden, Cover,
		Base85, UU, RTF, XML, Stored, Office, PDF, WAV, Bitmap, Pixels, Snow, Same, Another}
	orders := []Order{ByFolder, Alphabetic, Largest, Newest, Shuffled, Around, Smallest, Oldest}
	named := slices.Contains([]Way{WriteRename, RenameWrite, NewDelete, DeleteNew, Rename, Parcel, RenameFolder}, p.Way)
	x := p.Part
	switch {
	case p.Name == "" || strings.Trim(p.Name, "abcdefghijklmnopqrstuvwxyz0123456789-") != "":
		return errors.New("its name must be of a-z, 0-9 and -")
	case !slices.Contains(ways, p.Way):
		return fmt.Errorf("there is no way %q", p.Way)
	case !slices.Contains(looks, p.As):
		return fmt.Errorf("there is no look %q", p.As)
	case !slices.Contains(orders, p.Order):
		return fmt.Errorf("there is no order %q", p.Order)
	case named != (p.To != ""):
		return fmt.Errorf("way %q and new name %q do not go together", p.Way, p.To)
	case p.To != "" && !plain(p.To):
		return fmt.Errorf("a new name is no path: %q", p.To)
	case p.Note != nil && (!plain(p.Note.Name) || p.Note.Text == ""):
		return errors.New("a note has a name, which is no path, and a text")
	case !slices.Contains([]Door{"", WebDAV, SFTP}, p.Door):
		return fmt.Errorf("there is no door %q", p.Door)
	case p.Way.needsSFTP() && p.Door != SFTP:
		return fmt.Errorf("way %q needs \"door\": \"sftp\"", p.Way)
	case p.Way == InPlace && !slices.Contains([]Look{Random, Zeros, Prose}, p.As):
		return fmt.Errorf("way %q and look %q do not go together", p.Way, p.As)
	case p.Way == InPlace && x.Strewn:
		return errors.New("what is strewn cannot be written in place")
	case p.Way == Append && p.Trailer == 0:
		return fmt.Errorf("way %q needs a trailer", p.Way)
	case min(x.Keep, x.Head, x.Write, x.Skip, x.Small, p.Trailer, int64(x.Spots), int64(p.Threads), int64(p.Parties), int64(p.Limit), int64(p.Pause), int64(p.Lag), int64(p.Good)) < 0,
		x.Percent < 0, x.Percent > 100, x.At < 0, x.At > 1, p.Threads > 64, p.Parties > 64, p.Good > 1000, x.Spots > 1000, p.Trailer > 16<<20,
		x.Write > 0 && x.Write+x.Skip < 16, x.Keep > 1<<50, x.Head > 1<<50, x.Write > 1<<50, x.Skip > 1<<50:
		return errors.New("a number cannot be")
	}
	return nil
}

// plain reports whether a name is one, and no way to another place: with its letters filled in, it is joined to the folder of a file.
func plain(name string) bool {
	return path.Base(name) == name && name != "." && name != ".." && name != "/" && !strings.ContainsAny(name, "\\\x00")
}
