package drill

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/azekura/azekura/internal/pathname"
	"github.com/azekura/azekura/internal/problem"
	"github.com/azekura/azekura/internal/storehouse"
)

// Bounds of what is copied: a rehearsal needs some files of each kind, not all.
const (
	DefaultFiles = 200 // of a folder, unless somebody asks for more: with them the quick behaviours take about a minute
	MaxFiles     = 2000
	maxBytes     = 512 << 20
	maxFile      = 32 << 20
	perFile      = maxBytes / MaxFiles // what the files of a sample may have on average
	maxLooked    = 200_000             // files of a folder that are looked at
)

// Sample is what is copied into each scratch storehouse.
type Sample struct {
	From  string // the folder, from the root on; empty: what comes with the program
	Seen  int    // files of the folder that could have been copied
	Bytes int64
	files []file
}

// Files is how many they are.
func (s *Sample) Files() int { return len(s.files) }

// Kind is a kind of files, by the ending of their names.
type Kind struct {
	Ending string
	Files  int
}

// Kinds are the kinds of the files, the most frequent first.
func (s *Sample) Kinds() (out []Kind) {
	for _, f := range s.files {
		e := strings.ToLower(strings.TrimPrefix(path.Ext(f.name), "."))
		i := slices.IndexFunc(out, func(k Kind) bool { return k.Ending == e })
		if i < 0 {
			i, out = len(out), append(out, Kind{Ending: e})
		}
		out[i].Files++
	}
	slices.SortStableFunc(out, func(a, b Kind) int {
		if a.Files != b.Files {
			return b.Files - a.Files
		}
		return strings.Compare(a.Ending, b.Ending)
	})
	return out
}

// file is a file that is copied into scratch storehouses.
type file struct {
	name string // with slashes
	from string // where it lies; empty: content is it
	size int64
	made []byte
}

func (f *file) content() ([]byte, error) {
	if f.from == "" {
		return f.made, nil
	}
	r, err := os.Open(f.from)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	return io.ReadAll(io.LimitReader(r, maxFile)) // it may have grown meanwhile
}

// Pick picks at most n files of a folder, spread evenly over it; without a folder those that come with the program. It reads
// their names alone, and changes nothing. The folder of a storehouse is refused, and so is one that holds such a folder: what lies there is
// sealed, and the keys lie beside it.
func Pick(from string, n int) (*Sample, error) {
	if from == "" {
		files, err := builtIn()
		return sampleOf("", files, len(files)), err
	}
	if n < 1 || n > MaxFiles {
		return nil, &problem.Error{Kind: problem.Invalid, Op: "drill", On: fmt.Sprintf("%d (1 – %d)", n, MaxFiles), Hint: "hint.config-value"}
	}
	root, err := filepath.Abs(from)
	if err == nil {
		root, err = filepath.EvalSymlinks(root)
	}
	if err != nil {
		return nil, problem.New(problem.NotFound, "drill", from, err)
	}
	for dir := root; ; dir = filepath.Dir(dir) {
		if storehouse.Holds(dir) {
			return nil, &problem.Error{Kind: problem.Invalid, Op: "drill", On: dir, Hint: "hint.drill-storehouse"}
		}
		if dir == filepath.Dir(dir) {
			break
		}
	}
	files, err := walk(root)
	if err != nil {
		if _, ok := errors.AsType[*problem.Error](err); !ok {
			err = problem.New(problem.Unavailable, "drill", from, err)
		}
		return nil, err
	}
	if len(files) == 0 {
		return nil, &problem.Error{Kind: problem.NotFound, Op: "drill", On: from, Hint: "hint.drill-empty"}
	}
	return sampleOf(root, spread(files, n), len(files)), nil
}

func sampleOf(from string, files []file, seen int) *Sample {
	s := &Sample{From: from, Seen: seen, files: files}
	for i := range files {
		s.Bytes += files[i].size
	}
	return s
}

// walk finds the files that could be copied: no links, nothing hidden, nothing that a share could not hold.
func walk(root string) (out []file, err error) {
	err = filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil && errors.Is(err, fs.ErrPermission) && name != root: // what this user may not see is not rehearsed with
			return nil
		case err != nil:
			return err
		case d.IsDir() && storehouse.Holds(name):
			return &problem.Error{Kind: problem.Invalid, Op: "drill", On: name, Hint: "hint.drill-storehouse"}
		case name != root && strings.HasPrefix(d.Name(), ".") && d.IsDir():
			return fs.SkipDir
		case !d.Type().IsRegular() || strings.HasPrefix(d.Name(), "."):
			return nil
		case len(out) == maxLooked:
			return fs.SkipAll
		}
		i, err := d.Info()
		if err != nil || i.Size() == 0 || i.Size() > maxFile {
			return nil // it has gone meanwhile, or is nothing to rehearse with
		}
		rel, err := filepath.Rel(root, name)
		if err != nil {
			return err
		}
		rel = filepath.ToSlash(rel)
		if _, err := pathname.Parse("/" + share + "/" + rel); err == nil {
			out = append(out, file{name: rel, from: name, size: i.Size()})
		}
		return nil
	})
	return out, err
}

// spread picks at most n files, evenly, whose bytes stay within bounds.
func spread(all []file, n int) (out []file) {
	left := int64(n) * perFile
	step := max(1, float64(len(all))/float64(n))
	for at := 0.0; int(at) < len(all) && len(out) < n; at += step {
		if f := all[int(at)]; f.size <= left {
			left -= f.size
			out = append(out, f)
		}
	}
	if len(out) == 0 { // each is larger than the bound
		out = append(out, slices.MinFunc(all, func(a, b file) int { return int(a.size - b.size) }))
	}
	return out
}
