package guard

import (
	"crypto/sha256"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/azekura/azekura/internal/guard"
	"github.com/azekura/azekura/internal/guard/structure"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/vault"
)

// desk is somebody at work on a share, and the guard that watches. It shows the guard what the vault would: see vault.judging.
type desk struct {
	t        *testing.T
	dir      string // where programs work
	guard    *guard.Guard
	party    guard.Party
	now      time.Time
	files    map[string]*paper
	left     map[string]*paper // names that were given up a moment ago
	seen     map[[64]byte]bool
	rewrites int // distinct ones
	acts     int
	holds    map[id.File]string // what was held, and is not made good
}

// paper is a file of the share.
type paper struct {
	id      id.File
	content guard.Content
	sum     [32]byte
	gone    time.Time
	holds   []id.Version
}

func newDesk(t *testing.T) *desk {
	return &desk{t: t, dir: t.TempDir(), guard: guard.New(guard.Config{}), now: time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC),
		party: guard.Party{Session: id.NewSession(), Account: id.NewAccount(), Device: id.NewDevice(), Share: id.Share{1}},
		files: make(map[string]*paper), left: make(map[string]*paper), seen: make(map[[64]byte]bool), holds: make(map[id.File]string)}
}

func folderID(name string) (f id.File) {
	sum := sha256.Sum256([]byte(path.Dir(name)))
	copy(f[:], sum[:])
	return f
}

// judge lets the guard look at steps, each about the paper of the same place.
func (d *desk) judge(name string, papers []*paper, steps ...guard.Step) {
	d.t.Helper()
	d.acts++
	d.now = d.now.Add(300 * time.Millisecond)
	names := make(map[int]id.Version)
	v := d.guard.Judge(d.party, d.now, steps, func(i int) id.Version { names[i] = id.NewVersion(); return names[i] })
	if len(v.Freeze) > 0 {
		d.t.Errorf("frozen at %s: %v", name, v.Signs)
	}
	for i, p := range papers {
		switch {
		case v.Hold[i]:
			if steps[i].Kind == guard.Saved { // others see what was there
				p.content = steps[i].Old
			}
			p.holds = append(p.holds, names[i])
			d.holds[p.id] = fmt.Sprintf("%s: %s, %+v after %+v", name, v.Signs[i], steps[i].New, steps[i].Old)
		case steps[i].Kind == guard.Saved && v.Signs[i] == "":
			for _, h := range p.holds {
				d.guard.Settle(h)
			}
			p.holds = nil
			delete(d.holds, p.id)
		}
	}
}

// write saves a file.
func (d *desk) write(name string, b []byte) {
	d.t.Helper()
	f := structure.Bytes(b, true)
	d.put(name, guard.Content{Found: vault.Found(f, true), Size: int64(len(b)), Equal: sha256.Sum256(b), Inside: vault.Inside(f)})
}

func (d *desk) put(name string, c guard.Content) {
	d.t.Helper()
	p, kind := d.files[name], guard.Saved
	if p == nil {
		p, kind = &paper{id: id.NewFile()}, guard.Made
		if old := d.left[name]; old != nil && d.now.Sub(old.gone) < time.Minute {
			p, kind = &paper{id: old.id, content: old.content}, guard.Saved
			if old.content.Size == 0 {
				kind = guard.Made
			}
		}
		d.files[name] = p
	}
	if p.content.Size == 0 { // a placeholder
		kind = guard.Made
	}
	old := p.content
	if c.Size == 0 && kind == guard.Made {
		return
	}
	p.content = c
	if kind == guard.Saved && old.Equal != c.Equal {
		if key := [64]byte(slices.Concat(old.Equal[:], c.Equal[:])); !d.seen[key] {
			d.seen[key] = true
			d.rewrites++
		}
	}
	d.judge(name, []*paper{p}, guard.Step{Kind: kind, File: p.id, Dir: folderID(name), Name: path.Base(name), Old: old, New: c})
}

// rename gives a file another name, over what stands there.
func (d *desk) rename(from, to string) {
	d.t.Helper()
	p := d.files[from]
	delete(d.files, from)
	p.gone = d.now
	d.left[from] = p
	old := d.left[to]
	if d.files[to] == nil && (old == nil || d.now.Sub(old.gone) >= time.Minute || old == p) {
		d.files[to] = p
		d.judge(to, []*paper{p}, guard.Step{Kind: guard.Renamed, File: p.id, Dir: folderID(to), Name: path.Base(to), From: path.Base(from), Old: p.content})
		return
	}
	at := d.files[to]
	if at == nil {
		at = &paper{id: old.id, content: old.content}
		d.files[to] = at
	}
	was := at.content
	at.content = p.content
	d.rewrites++
	d.judge(to, []*paper{at, p}, guard.Step{Kind: guard.Saved, File: at.id, Dir: folderID(to), Name: path.Base(to), Old: was, New: p.content},
		guard.Step{Kind: guard.Removed, File: p.id, Dir: folderID(from), Name: path.Base(from), Old: p.content})
}

func (d *desk) remove(name string) {
	d.t.Helper()
	p := d.files[name]
	delete(d.files, name)
	p.gone = d.now
	d.left[name] = p
	d.judge(name, []*paper{p}, guard.Step{Kind: guard.Removed, File: p.id, Dir: folderID(name), Name: path.Base(name), Old: p.content})
}

// names are the files that match a pattern.
func (d *desk) names(match string) (out []string) {
	for name := range d.files {
		if ok, _ := path.Match(match, name); ok {
			out = append(out, name)
		}
	}
	slices.Sort(out)
	return out
}

// run runs a program in the folder.
func (d *desk) run(name string, args ...string) string {
	d.t.Helper()
	c := exec.Command(name, args...)
	c.Dir = d.dir
	c.Env = append(os.Environ(), "HOME="+d.dir+"/.home", "GIT_CONFIG_GLOBAL=/dev/null")
	out, err := c.CombinedOutput()
	if err != nil {
		d.t.Fatalf("%s %.200s: %v\n%.500s", name, args, err, out)
	}
	return string(out)
}

// local reads and writes the folder.
func (d *desk) local(name string) []byte {
	d.t.Helper()
	b, err := os.ReadFile(filepath.Join(d.dir, name))
	if err != nil {
		d.t.Fatal(err)
	}
	return b
}

func (d *desk) make(name string, b []byte) {
	d.t.Helper()
	to := filepath.Join(d.dir, name)
	if err := os.MkdirAll(filepath.Dir(to), 0o700); err != nil {
		d.t.Fatal(err)
	}
	if err := os.WriteFile(to, b, 0o600); err != nil {
		d.t.Fatal(err)
	}
}

// sync does what a sync client does: what is new or has changed in the folder is saved, then what is not there any more is removed. How says how a
// program saves.
func (d *desk) sync(how func(name string, b []byte)) {
	d.t.Helper()
	if how == nil {
		how = d.write
	}
	there := make(map[string]bool)
	err := filepath.WalkDir(d.dir, func(at string, e fs.DirEntry, err error) error {
		name, _ := filepath.Rel(d.dir, at)
		if err != nil || strings.HasPrefix(name, ".home") {
			return err
		}
		if !e.Type().IsRegular() {
			return nil
		}
		there[name] = true
		b := d.local(name)
		if p := d.files[name]; p == nil || p.sum != sha256.Sum256(b) {
			how(name, b)
			d.files[name].sum = sha256.Sum256(b)
		}
		return nil
	})
	if err != nil {
		d.t.Fatal(err)
	}
	for _, name := range d.names("*") {
		if !there[name] {
			d.remove(name)
		}
	}
	for _, name := range d.names("*/*") {
		if !there[name] {
			d.remove(name)
		}
	}
}

// The ways in which programs save.

// byTemp is Photoshop, LibreOffice, GIMP, most editors: a temporary file, renamed over.
func (d *desk) byTemp(name string, b []byte) {
	temp := path.Join(path.Dir(name), fmt.Sprintf("lu%04x.tmp", d.acts))
	d.write(temp, b)
	d.rename(temp, name)
}

// byBackup is Word and InDesign: a new temporary file, the old one away, the new one in its place, the old one removed.
func (d *desk) byBackup(name string, b []byte) {
	if d.files[name] == nil {
		d.write(name, b)
		return
	}
	dir := path.Dir(name)
	temp, old := path.Join(dir, fmt.Sprintf("~WRD%04d.tmp", d.acts)), path.Join(dir, fmt.Sprintf("~WRL%04d.tmp", d.acts))
	d.write(temp, b)
	d.rename(name, old)
	d.rename(temp, name)
	d.remove(old)
}

// byZero is Explorer and Finder: nothing first, and then the content.
func (d *desk) byZero(name string, b []byte) {
	d.write(name, nil)
	if d.files[name] == nil {
		d.files[name] = &paper{id: id.NewFile()}
	}
	d.write(name, b)
}

// byBak keeps the old one with an ending.
func (d *desk) byBak(name string, b []byte) {
	if d.files[name] == nil {
		d.write(name, b)
		return
	}
	if d.files[name+".bak"] != nil {
		d.remove(name + ".bak")
	}
	d.rename(name, name+".bak")
	d.write(name, b)
}
