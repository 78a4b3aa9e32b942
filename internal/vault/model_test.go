package vault_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/text/unicode/norm"
	"pgregory.net/rapid"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/commit"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/pathname"
	"github.com/azekura/azekura/internal/problem"
	"github.com/azekura/azekura/internal/vault"
	"github.com/azekura/azekura/internal/vault/vaultmodel"
)

// pair drives the vault and its model with the same acts and compares all that can be seen.
type pair struct {
	t       *rapid.T
	outer   *testing.T
	house   *house
	model   *vaultmodel.Model
	now     time.Time
	who     [2]account.Session
	tokens  map[string]string // of the model → of the vault
	held    [2][]string       // tokens of the model that each session has
	changed int
}

var modelNames = []string{"a", "b.txt", "が", norm.NFD.String("が"), "~$a", "._a"}

func (p *pair) path(label string) pathname.Path {
	depth := rapid.IntRange(1, 3).Draw(p.t, label+" depth")
	out := pathname.Path("/s")
	for range depth {
		out = out.Join(rapid.SampledFrom(modelNames).Draw(p.t, label))
	}
	return out
}

// views returns what one of two sessions may do in the model and in the vault, with its lock tokens.
func (p *pair) views() (m, v vault.Files) {
	i := rapid.IntRange(0, 1).Draw(p.t, "session")
	var mine, theirs []string
	if rapid.Bool().Draw(p.t, "with tokens") {
		for _, token := range p.held[i] {
			mine, theirs = append(mine, token), append(theirs, p.tokens[token])
		}
	}
	return p.model.As(p.who[i], mine...), p.house.v.As(p.who[i], theirs...)
}

// agree fails unless both succeed or both fail in the same way.
func (p *pair) agree(what string, m, v error) bool {
	p.t.Helper()
	if (m == nil) != (v == nil) || m != nil && problem.KindOf(m) != problem.KindOf(v) {
		p.t.Fatalf("%s: the model says %v, the vault %v", what, m, v)
	}
	return m == nil
}

func put(f vault.Files, name pathname.Path, content []byte, s vault.Save) error {
	d, err := f.Create(bg, name)
	if err != nil {
		return err
	}
	defer d.Discard()
	if _, err := d.Write(content); err != nil {
		return err
	}
	_, err = d.Commit(bg, s)
	return err
}

func (p *pair) save(*rapid.T) {
	m, v := p.views()
	name := p.path("name")
	content := bytes.Repeat([]byte{byte(p.changed)}, rapid.SampledFrom([]int{0, 1, 1000, 40_000}).Draw(p.t, "size"))
	p.changed++
	s := vault.Save{Modified: time.UnixMilli(int64(p.changed) * 1000).UTC()}
	p.agree(fmt.Sprintf("save %s", name), put(m, name, content, s), put(v, name, content, s))
}

func (p *pair) mkdir(*rapid.T) {
	m, v := p.views()
	name := p.path("dir")
	if live, _ := vault.Live(name.Base()); live {
		return
	}
	p.agree(fmt.Sprintf("mkdir %s", name), m.Mkdir(bg, name), v.Mkdir(bg, name))
}

func (p *pair) remove(*rapid.T) {
	m, v := p.views()
	name := p.path("name")
	p.agree(fmt.Sprintf("remove %s", name), m.Remove(bg, name), v.Remove(bg, name))
}

func (p *pair) rename(*rapid.T) {
	m, v := p.views()
	from, to, replace := p.path("from"), p.path("to"), rapid.Bool().Draw(p.t, "replace")
	p.agree(fmt.Sprintf("rename %s %s %v", from, to, replace), m.Rename(bg, from, to, replace), v.Rename(bg, from, to, replace))
}

func (p *pair) copy(*rapid.T) {
	m, v := p.views()
	from, to, replace := p.path("from"), p.path("to"), rapid.Bool().Draw(p.t, "replace")
	deep := rapid.Bool().Draw(p.t, "deep")
	p.agree(fmt.Sprintf("copy %s %s %v %v", from, to, replace, deep), m.Copy(bg, from, to, replace, deep), v.Copy(bg, from, to, replace, deep))
}

func (p *pair) setProps(*rapid.T) {
	m, v := p.views()
	name := p.path("name")
	p.changed++
	props := []commit.Prop{{Space: "urn:x", Name: "n", Value: fmt.Sprint(p.changed)}}
	p.agree(fmt.Sprintf("props %s", name), m.SetProps(bg, name, props, time.Time{}), v.SetProps(bg, name, props, time.Time{}))
}

// restore brings back the n-th content that a path has had, or what was removed.
func (p *pair) restore(*rapid.T) {
	m, v := p.views()
	name := p.path("name")
	mine, theirs := history(m, name), history(v, name)
	if len(mine) != len(theirs) {
		p.t.Fatalf("%s has had %d contents in the model, %d in the vault", name, len(mine), len(theirs))
	}
	n := rapid.IntRange(0, len(mine)).Draw(p.t, "version")
	var x, y id.Version
	if n > 0 {
		x, y = mine[n-1].Version, theirs[n-1].Version
	}
	p.agree(fmt.Sprintf("restore %s %d", name, n), m.Restore(bg, name, x), v.Restore(bg, name, y))
}

func history(f vault.Files, name pathname.Path) (out []vault.Info) {
	for c, err := range f.History(bg, name) {
		if err == nil && (c.Kind == commit.Save || c.Kind == commit.Link) {
			out = append(out, c.Info)
		}
	}
	return out
}

func (p *pair) lock(*rapid.T) {
	i := rapid.IntRange(0, 1).Draw(p.t, "session")
	name := p.path("name")
	want := vault.Lock{Shared: rapid.Bool().Draw(p.t, "shared"), Deep: rapid.Bool().Draw(p.t, "deep"), TTL: time.Hour}
	x, _, merr := p.model.As(p.who[i]).Lock(bg, name, want)
	y, _, verr := p.house.v.As(p.who[i]).Lock(bg, name, want)
	if p.agree(fmt.Sprintf("lock %s %+v", name, want), merr, verr) {
		p.tokens[x.Token] = y.Token
		p.held[i] = append(p.held[i], x.Token)
	}
}

func (p *pair) unlock(*rapid.T) {
	i := rapid.IntRange(0, 1).Draw(p.t, "session")
	if len(p.held[i]) == 0 {
		return
	}
	n := rapid.IntRange(0, len(p.held[i])-1).Draw(p.t, "lock")
	token := p.held[i][n]
	name := p.path("name")
	if p.agree(fmt.Sprintf("unlock %s", name), p.model.As(p.who[i]).Unlock(bg, name, token), p.house.v.As(p.who[i]).Unlock(bg, name, p.tokens[token])) {
		p.held[i] = slices.Delete(p.held[i], n, n+1)
	}
}

// restart closes the vault and opens it again, sometimes without its catalogue. Live files end with it.
func (p *pair) restart(*rapid.T) {
	p.house.close()
	if rapid.IntRange(0, 3).Draw(p.t, "catalogue") == 0 {
		for _, name := range []string{"catalogue.db", "catalogue.db-wal", "catalogue.db-shm"} {
			os.Remove(filepath.Join(p.house.root, name))
		}
	}
	p.open()
	p.model.Restart()
	for _, name := range p.liveNames(p.model.As(p.who[0]), "/s") {
		p.model.As(p.who[0]).Remove(bg, name)
	}
}

func (p *pair) liveNames(f vault.Files, dir pathname.Path) (out []pathname.Path) {
	for _, n := range modelNames {
		if i, err := f.Stat(bg, dir.Join(n)); err == nil && i.Live {
			out = append(out, i.Path)
		} else if err == nil && i.Dir {
			out = append(out, p.liveNames(f, i.Path)...)
		}
	}
	return out
}

func (p *pair) open() {
	p.house = openClock(p.outer, p.house.root, p.house.keeper, func() time.Time { return p.now })
}

// tick lets time pass: less than the minute in which a name's next holder is its heir, or more.
func (p *pair) tick(*rapid.T) {
	p.now = p.now.Add(rapid.SampledFrom([]time.Duration{time.Second, 2 * time.Minute}).Draw(p.t, "time"))
}

// check compares everything that a session sees.
func (p *pair) check(t *rapid.T) {
	p.now = p.now.Add(time.Millisecond) // no two acts at one time: removals are ordered by it
	m, v := tree(p.model.As(p.who[0]), "/s"), tree(p.house.v.As(p.who[0]), "/s")
	if m != v {
		t.Fatalf("the model shows\n%s\nthe vault shows\n%s", m, v)
	}
}

// tree writes down what a directory and everything below shows, with content and history.
func tree(f vault.Files, dir pathname.Path) string {
	var lines []string
	for i, err := range f.List(bg, dir) {
		if err != nil {
			return err.Error()
		}
		line := fmt.Sprintf("%s dir=%v live=%v size=%d number=%d modified=%v props=%v", i.Path, i.Dir, i.Live, i.Size, i.Number, i.Modified.UnixMilli(), i.Props)
		if i.Size == 0 { // which of its times a file without content shows is left open
			line = fmt.Sprintf("%s size=%d number=%d props=%v", i.Path, i.Size, i.Number, i.Props)
		}
		if i.Live {
			// How it spells the directories above, in one form or the other, is left open.
			line = fmt.Sprintf("%s live size=%d", pathname.Key(string(i.Path)), i.Size)
		}
		if i.Dir {
			line = fmt.Sprintf("%s dir props=%v\n%s", i.Path, i.Props, tree(f, i.Path))
		} else {
			line += " " + contents(f, i)
		}
		if !i.Live && !i.Dir {
			for _, h := range history(f, i.Path) {
				line += fmt.Sprintf(" [%d %s]", h.Number, contents(f, h))
			}
		}
		lines = append(lines, line)
	}
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}

func contents(f vault.Files, i vault.Info) string {
	files, err := f.Open(bg, account.Open, i)
	if err != nil {
		return err.Error()
	}
	defer files[0].Close()
	var b bytes.Buffer
	if _, err := files[0].WriteTo(&b); err != nil {
		return err.Error()
	}
	if b.Len() == 0 {
		return "empty"
	}
	return fmt.Sprintf("%d×%d", b.Len(), b.Bytes()[0])
}

// The vault does what its model does, through restarts and rebuilds.
func TestModel(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		p := &pair{t: r, outer: t, now: time.UnixMilli(1_800_000_000_000).UTC(), tokens: map[string]string{}}
		k := newTestKeeper(t, "s")
		p.house = &house{root: t.TempDir(), keeper: k}
		p.model = vaultmodel.New(func() time.Time { return p.now })
		p.model.AddShare("s")
		gate := p.model.Gate()
		for i, name := range []string{"花子", "太郎"} {
			p.who[i] = gate.Add(name, "x")
		}
		p.open()
		defer func() { p.house.close() }()
		r.Repeat(map[string]func(*rapid.T){"save": p.save, "save again": p.save, "mkdir": p.mkdir, "remove": p.remove, "rename": p.rename, "rename again": p.rename,
			"copy": p.copy, "props": p.setProps, "restore": p.restore, "lock": p.lock, "unlock": p.unlock, "restart": p.restart, "tick": p.tick, "": p.check})
	})
}
