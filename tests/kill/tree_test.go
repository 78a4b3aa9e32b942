package kill

import (
	"crypto/sha256"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
)

// thing is a directory, or a file as the hash of its content.
type thing struct {
	dir bool
	sum [sha256.Size]byte
}

func (t thing) String() string {
	if t.dir {
		return "a directory"
	}
	return fmt.Sprintf("%x", t.sum[:4])
}

// tree is what stands in a worker's directory, by path: "い.jpg", "甲", "甲/い.jpg".
type tree map[string]thing

// differs tells the first difference to what is found, or "".
func (t tree) differs(found tree) string {
	for name, want := range t {
		if got, ok := found[name]; !ok {
			return name + " is missing"
		} else if got != want {
			return fmt.Sprintf("%s is %v, want %v", name, got, want)
		}
	}
	for name := range found {
		if _, ok := t[name]; !ok {
			return name + " should not be there"
		}
	}
	return ""
}

// names returns the paths of the directories, or of the files, in an order that a seed repeats.
func (t tree) names(dir bool) (out []string) {
	for name, x := range t {
		if x.dir == dir {
			out = append(out, name)
		}
	}
	slices.Sort(out)
	return out
}

// below returns a name and what stands below it.
func (t tree) below(name string) tree {
	out := maps.Clone(t)
	maps.DeleteFunc(out, func(x string, _ thing) bool { return x != name && !strings.HasPrefix(x, name+"/") })
	return out
}

// act is one request.
type act struct {
	method, from, to string
	body             []byte
}

func (a act) String() string {
	return strings.TrimSpace(fmt.Sprintf("%s %s %s %d bytes", a.method, a.from, a.to, len(a.body)))
}

// after returns the tree that an act leads to.
func (a act) after(before tree) tree {
	after := maps.Clone(before)
	forget := func(name string) {
		for x := range after.below(name) {
			delete(after, x)
		}
	}
	switch a.method {
	case "PUT":
		after[a.from] = thing{sum: sha256.Sum256(a.body)}
	case "MKCOL":
		after[a.from] = thing{dir: true}
	case "DELETE":
		forget(a.from)
	case "MOVE", "COPY":
		forget(a.to)
		for x, what := range before.below(a.from) {
			after[a.to+strings.TrimPrefix(x, a.from)] = what
		}
		if a.method == "MOVE" {
			forget(a.from)
		}
	}
	return after
}

var (
	files = []string{"い.jpg", "ろ.psd", "は.xlsx"}
	dirs  = []string{"甲", "乙"}
)

func pick[T any](r *rand.Rand, from []T) T { return from[r.IntN(len(from))] }

// next draws an act that a tree allows.
func next(r *rand.Rand, t tree) act {
	haveDirs, haveFiles := t.names(true), t.names(false)
	place := pick(r, append([]string{""}, haveDirs...))
	name := strings.TrimPrefix(place+"/"+pick(r, files), "/")
	var missing []string
	for _, d := range dirs {
		if !slices.Contains(haveDirs, d) {
			missing = append(missing, d)
		}
	}
	transfer := pick(r, []string{"MOVE", "COPY"})
	switch x := r.IntN(12); {
	case x == 0 && len(missing) > 0:
		return act{method: "MKCOL", from: pick(r, missing)}
	case x == 1 && len(haveDirs) > 0 && len(missing) > 0:
		return act{method: transfer, from: pick(r, haveDirs), to: pick(r, missing)}
	case x == 2 && len(t) > 0:
		return act{method: "DELETE", from: pick(r, append(haveDirs, haveFiles...))}
	case x <= 5 && len(haveFiles) > 0:
		if from := pick(r, haveFiles); from != name {
			return act{method: transfer, from: from, to: name}
		}
	}
	size := r.IntN(60_000)
	switch r.IntN(15) {
	case 0:
		size = 0
	case 1:
		size = 3<<20 + r.IntN(3<<20)
	}
	return act{method: "PUT", from: name, body: content(r, size)}
}

// content returns random bytes: no compressor helps, and no two files are one.
func content(r *rand.Rand, size int) []byte {
	var seed [32]byte
	for i := range seed {
		seed[i] = byte(r.Uint32())
	}
	b := make([]byte, size)
	rand.NewChaCha8(seed).Read(b)
	return b
}
