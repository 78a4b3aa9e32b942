package behaviour

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"path"
	"slices"
	"strings"
	"sync"
	"time"
)

// File is a file of a target.
type File struct {
	Path     string // with slashes
	Size     int64
	Modified time.Time
}

// Target is what a party attacks: a scratch copy, through one of its doors.
type Target interface {
	List(ctx context.Context) ([]File, error)
	Read(ctx context.Context, name string) ([]byte, error)
	// Write saves a file, and sets its time if it is not zero. Folders above it are there, or are made.
	Write(ctx context.Context, name string, content []byte, modified time.Time) error
	// Rename gives a file another name, over what stands there.
	Rename(ctx context.Context, from, to string) error
	Remove(ctx context.Context, name string) error
}

// Copier is a Target that can copy by itself, as WebDAV can; for others the content is written once more.
type Copier interface {
	// Copy makes a file of another one's content, over what stands there.
	Copy(ctx context.Context, from, to string) error
}

// Patcher is a Target whose door can change a file as it stands.
type Patcher interface {
	// Patch cuts a file to its first Size bytes, writes the pieces, and sets its time if it is not zero.
	Patch(ctx context.Context, name string, p Patch) error
}

// Patch is what is done to a file as it stands.
type Patch struct {
	Size     int64 // it is cut to so many bytes; -1: it is not
	Append   bool  // it is opened for appending, and the pieces come behind its end
	Pieces   []Piece
	Modified time.Time
}

// Piece is a stretch that is written.
type Piece struct {
	At    int64
	Bytes []byte
}

// ErrStopped is what a target's errors are when the party has been stopped.
var ErrStopped = errors.New("stopped")

// maxVictim is the largest file that is attacked: a content is held in memory.
const maxVictim = 256 << 20

// Act is one thing that was tried.
type Act struct {
	Kind   string    `json:"kind"` // "write", "patch" (as it stands), "rename", "remove", "note", "read"
	Path   string    `json:"path"`
	To     string    `json:"to,omitempty"`
	Victim string    `json:"victim,omitempty"` // the file that it was about, by the name that it had at the beginning
	Bytes  int64     `json:"bytes,omitempty"`  // that were replaced or added; 0 of a write: it changes nothing
	Sum    string    `json:"sum,omitempty"`    // SHA-256 of what was written
	When   time.Time `json:"when"`             // when it was begun
	Party  int       `json:"party"`
	Error  string    `json:"error,omitempty"` // it was not done
}

// Log is what was tried, in order.
type Log struct {
	Profile string        `json:"profile"`
	Acts    []Act         `json:"acts"`
	Stopped int           `json:"stopped"` // parties that were stopped
	Took    time.Duration `json:"took"`
}

// Victims returns the files to which something was done, by the names that they had at the beginning. A new file beside one does nothing to it.
func (l *Log) Victims() []string {
	seen := make(map[string]bool)
	for _, a := range l.Acts {
		if a.Error == "" && a.Victim != "" && a.Kind != "read" && (a.Path == a.Victim || a.To == a.Victim) && (a.Kind != "write" && a.Kind != "patch" || a.Bytes > 0) {
			seen[a.Victim] = true
		}
	}
	out := make([]string, 0, len(seen))
	for v := range seen {
		out = append(out, v)
	}
	slices.Sort(out)
	return out
}

// Begun returns when the first act began that did something about a file; the zero time if none did.
func (l *Log) Begun() (first time.Time) {
	for _, a := range l.Acts {
		if a.Error == "" && a.Victim != "" && a.Kind != "read" && (first.IsZero() || a.When.Before(first)) {
			first = a.When
		}
	}
	return first
}

// Player acts behaviours out.
type Player struct {
	Now   func() time.Time
	Sleep func(context.Context, time.Duration) error // waits between two files
	Seed  uint64
}

// Play acts a profile out on one target for each party, until all is done, or all parties were stopped.
func (pl *Player) Play(ctx context.Context, p Profile, targets []Target) (*Log, error) {
	files, err := targets[0].List(ctx)
	if err != nil {
		return nil, fmt.Errorf("list: %w", err)
	}
	g := &game{Player: pl, p: p, log: &Log{Profile: p.Name}, run: letters(pl.rand("run"), 8), folders: make(map[string]bool)}
	begun := pl.Now()
	victims := g.order(files)
	for _, f := range victims {
		g.folders[path.Dir(f.Path)] = true
	}
	if p.Note != nil && p.Note.First {
		g.notes(ctx, 0, targets[0])
	}
	queue := make(chan job)
	var all sync.WaitGroup
	parties := min(max(1, p.Parties), len(targets))
	live := make(chan struct{}, parties*max(1, p.Threads))
	for i := range parties {
		stopped := &sync.Once{}
		for range max(1, p.Threads) {
			all.Go(func() { g.work(ctx, i, targets[i], queue, stopped); live <- struct{}{} })
		}
	}
	left := cap(live)
feed:
	for _, j := range g.jobs(victims) {
		for sent := false; !sent; {
			select {
			case queue <- j:
				sent = true
			case <-live:
				if left--; left == 0 {
					break feed
				}
			case <-ctx.Done():
				break feed
			}
		}
		if p.Pause > 0 {
			<-j.done // a pause is one: nobody is at work meanwhile
			if err := pl.Sleep(ctx, time.Duration(p.Pause)); err != nil {
				break feed
			}
		}
	}
	close(queue)
	all.Wait()
	if p.Note != nil && !p.Note.First && g.log.Stopped < parties {
		g.notes(ctx, 0, targets[0])
	}
	g.log.Took = pl.Now().Sub(begun)
	return g.log, ctx.Err()
}

// rand returns a source of random bytes for a purpose.
func (pl *Player) rand(of string) *rand.ChaCha8 {
	sum := sha256.Sum256(binary.BigEndian.AppendUint64([]byte(of+"\x00"), pl.Seed))
	return rand.NewChaCha8(sum)
}

// letters returns random small letters.
func letters(r *rand.ChaCha8, n int) string {
	b := make([]byte, n)
	r.Read(b)
	for i := range b {
		b[i] = 'a' + b[i]%26
	}
	return string(b)
}

// game is one run.
type game struct {
	*Player
	p       Profile
	run     string // random letters of this run
	folders map[string]bool

	mu  sync.Mutex
	log *Log // guarded by mu
	own int  // guarded by mu: saves that hurt nobody
}

// order picks the victims and puts them in order.
func (g *game) order(files []File) (out []File) {
	for _, f := range files {
		ending := strings.ToLower(strings.TrimPrefix(path.Ext(f.Path), "."))
		if (len(g.p.Victims) == 0 || slices.Contains(g.p.Victims, ending)) && f.Size <= maxVictim {
			out = append(out, f)
		}
	}
	slices.SortFunc(out, func(a, b File) int { return strings.Compare(a.Path, b.Path) })
	switch g.p.Order {
	case ByFolder:
		slices.SortStableFunc(out, func(a, b File) int { return strings.Compare(path.Dir(a.Path), path.Dir(b.Path)) })
	case Largest:
		slices.SortStableFunc(out, func(a, b File) int { return int(b.Size - a.Size) })
	case Smallest:
		slices.SortStableFunc(out, func(a, b File) int { return int(a.Size - b.Size) })
	case Newest:
		slices.SortStableFunc(out, func(a, b File) int { return b.Modified.Compare(a.Modified) })
	case Oldest:
		slices.SortStableFunc(out, func(a, b File) int { return a.Modified.Compare(b.Modified) })
	case Shuffled:
		r := rand.New(g.rand("order"))
		r.Shuffle(len(out), func(i, j int) { out[i], out[j] = out[j], out[i] })
	case Around:
		n := make(map[string]int)
		turn := make(map[string]int)
		for _, f := range out {
			turn[f.Path] = n[path.Dir(f.Path)]
			n[path.Dir(f.Path)]++
		}
		slices.SortStableFunc(out, func(a, b File) int { return turn[a.Path] - turn[b.Path] })
	}
	if g.p.Limit > 0 {
		out = out[:min(len(out), g.p.Limit)]
	}
	return out
}

// work attacks files until there are no more, or the party is stopped.
func (g *game) work(ctx context.Context, party int, t Target, queue <-chan job, stopped *sync.Once) {
	for j := range queue {
		err := g.attack(ctx, party, t, j)
		if err == nil {
			err = g.good(ctx, party, t)
		}
		close(j.done)
		if errors.Is(err, ErrStopped) {
			stopped.Do(func() {
				g.mu.Lock()
				g.log.Stopped++
				g.mu.Unlock()
			})
			return
		}
		if ctx.Err() != nil {
			return
		}
	}
}

// note writes an act down, and returns its error.
func (g *game) note(a Act, err error) error {
	if err != nil {
		a.Error = err.Error()
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.log.Acts = append(g.log.Acts, a)
	return err
}

// victim is a file that is attacked.
type victim struct {
	*game
	File
	ctx      context.Context
	party    int
	t        Target
	r        *rand.ChaCha8
	content  []byte // what it becomes
	replaced int64  // so many bytes of it are not what they were
	to       string // its new name
}

// steps are what is done to it, one after the other.
func (v *victim) steps() []func() error {
	all := func(steps ...func() error) []func() error { return steps }
	write := func(name string) func() error { return func() error { return v.write(name, v.content) } }
	empty := func() error { return v.write(v.Path, nil) }
	move := func(from, to string) func() error { return func() error { return v.move(from, to) } }
	switch v.p.Way {
	case Overwrite:
		return all(write(v.Path))
	case WriteRename:
		return all(write(v.Path), move(v.Path, v.to))
	case RenameWrite:
		return all(move(v.Path, v.to), write(v.to))
	case NewDelete:
		return all(write(v.to), v.remove)
	case DeleteNew:
		return all(v.remove, write(v.to))
	case TempOver:
		temp := path.Join(path.Dir(v.Path), letters(v.r, 8)+".tmp")
		return all(write(temp), move(temp, v.Path))
	case MoveOut:
		out := "work-" + v.run + "/" + path.Base(v.Path) // no folder of the firm has this name
		return all(move(v.Path, out), write(out), move(out, v.Path))
	case EmptyFirst:
		return all(empty, write(v.Path))
	case Truncate:
		return all(empty)
	case Delete:
		return all(v.remove)
	case Rename:
		return all(move(v.Path, v.to))
	case InPlace, Append, Cut:
		return all(v.patch)
	}
	return v.crafty(write, move)
}

func (v *victim) write(name string, content []byte) error {
	replaced, begun := v.replaced+v.p.Trailer, v.Now()
	if len(content) == 0 {
		replaced = v.Size
	}
	return v.note(Act{Kind: "write", Path: name, Victim: v.Path, Bytes: replaced, Sum: fmt.Sprintf("%x", sha256.Sum256(content)), When: begun, Party: v.party},
		v.t.Write(v.ctx, name, content, v.Modified))
}

func (v *victim) move(from, to string) error {
	begun := v.Now()
	return v.note(Act{Kind: "rename", Path: from, To: to, Victim: v.Path, When: begun, Party: v.party}, v.t.Rename(v.ctx, from, to))
}

func (v *victim) remove() error {
	begun := v.Now()
	return v.note(Act{Kind: "remove", Path: v.Path, Victim: v.Path, When: begun, Party: v.party}, v.t.Remove(v.ctx, v.Path))
}

// patch changes the file as it stands.
func (v *victim) patch() error {
	t, ok := v.t.(Patcher)
	if !ok {
		return fmt.Errorf("way %q: the door cannot change a file as it stands", v.p.Way)
	}
	p, changed := Patch{Size: -1, Modified: v.Modified}, v.replaced
	switch v.p.Way {
	case InPlace:
		for _, s := range v.p.Part.spans(v.Size, nil) {
			p.Pieces = append(p.Pieces, Piece{s.from, v.content[s.from:s.to]})
		}
		if tail := v.content[v.Size:]; len(tail) > 0 {
			p.Pieces = append(p.Pieces, Piece{v.Size, tail})
			changed += int64(len(tail))
		}
	case Append:
		b := make([]byte, v.p.Trailer)
		v.r.Read(b)
		p.Append, p.Pieces, changed = true, []Piece{{v.Size, b}}, v.p.Trailer
	case Cut:
		p.Size = v.p.Part.keeps(v.Size)
		changed = v.Size - p.Size
	}
	begun := v.Now()
	return v.note(Act{Kind: "patch", Path: v.Path, Victim: v.Path, Bytes: changed, When: begun, Party: v.party}, t.Patch(v.ctx, v.Path, p))
}

// name returns the new name of a file.
func (g *game) name(old string, r *rand.ChaCha8) string {
	ext := path.Ext(old)
	s := strings.NewReplacer("{name}", old, "{stem}", strings.TrimSuffix(old, ext), "{ext}", strings.TrimPrefix(ext, "."),
		"{run6}", g.run[:6], "{run8}", g.run, "{file6}", letters(r, 6), "{file8}", letters(r, 8)).Replace(g.p.To)
	if s == "" {
		return old
	}
	return s
}

// notes leaves the note behind.
func (g *game) notes(ctx context.Context, party int, t Target) {
	var dirs []string
	for d := range g.folders {
		dirs = append(dirs, d)
	}
	slices.Sort(dirs)
	if g.p.Note.Top && len(dirs) > 0 {
		dirs = dirs[:1]
	}
	name := strings.ReplaceAll(g.p.Note.Name, "{run8}", g.run)
	for _, d := range dirs {
		to := path.Join(d, name)
		content := []byte(g.p.Note.Text)
		begun := g.Now()
		err := g.note(Act{Kind: "note", Path: to, Sum: fmt.Sprintf("%x", sha256.Sum256(content)), When: begun, Party: party}, t.Write(ctx, to, content, time.Time{}))
		if errors.Is(err, ErrStopped) || ctx.Err() != nil {
			return
		}
	}
}
