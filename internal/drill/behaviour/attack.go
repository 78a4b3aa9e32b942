package behaviour

import (
	"context"
	"crypto/sha256"
	"fmt"
	"path"
	"strings"
	"time"
)

// job is one attack.
type job struct {
	File
	next   string        // the victim after it
	folder []File        // Parcel: what the archive stands for. RenameFolder: what is in it
	again  bool          // EmptyLater: it has been emptied
	done   chan struct{} // closed when it is over
}

// jobs says what is done, in which order.
func (g *game) jobs(victims []File) (out []job) {
	if g.p.Way == Parcel || g.p.Way == RenameFolder {
		at := make(map[string]int)
		for _, f := range victims {
			dir := path.Dir(f.Path)
			if dir == "." { // nobody can rename the whole
				continue
			}
			if _, ok := at[dir]; !ok {
				at[dir] = len(out)
				out = append(out, job{File: File{Path: dir}})
			}
			out[at[dir]].folder = append(out[at[dir]].folder, f)
		}
	}
	if g.p.Way != RenameFolder {
		for i, f := range victims {
			out = append(out, job{File: f, next: victims[(i+1)%len(victims)].Path})
		}
	}
	if g.p.Way == EmptyLater {
		for _, j := range out {
			j.again = true
			out = append(out, j)
		}
	}
	for i := range out {
		out[i].done = make(chan struct{})
	}
	return out
}

// attack does to one file what the profile says.
func (g *game) attack(ctx context.Context, party int, t Target, j job) error {
	v := &victim{game: g, ctx: ctx, party: party, t: t, File: j.File, r: g.rand("file " + j.Path)}
	if g.p.Way == RenameFolder {
		begun, to := g.Now(), path.Join(path.Dir(j.Path), g.name(path.Base(j.Path), v.r))
		return g.note(Act{Kind: "rename", Path: j.Path, To: to, When: begun, Party: party}, t.Rename(ctx, j.Path, to))
	}
	if j.folder != nil {
		return v.parcel(j.folder)
	}
	if err := v.fill(j); err != nil || g.p.Way == Read {
		return err
	}
	v.to = path.Join(path.Dir(j.Path), g.name(path.Base(j.Path), v.r))
	for i, s := range v.steps() {
		if i > 0 && g.p.Lag > 0 {
			if err := g.Sleep(ctx, time.Duration(g.p.Lag)); err != nil {
				return err
			}
		}
		if err := s(); err != nil {
			return err
		}
	}
	return nil
}

// fill finds out what the file becomes.
func (v *victim) fill(j job) error {
	name := v.Path
	switch v.p.Way {
	case Delete, Rename, Truncate, Append, Cut, Parcel, Bin:
		return nil
	case EmptyLater:
		if j.again {
			v.content, v.replaced = v.p.content(make([]byte, v.Size), v.r)
		}
		return nil
	}
	if v.p.As == Another {
		name = j.next
	}
	old, err := v.read(name)
	if err != nil {
		return err
	}
	v.Size = int64(len(old))
	if v.content, v.replaced = old, v.Size; v.p.As != Another {
		v.content, v.replaced = v.p.content(old, v.r)
	}
	return nil
}

func (v *victim) read(name string) ([]byte, error) {
	begun := v.Now()
	b, err := v.t.Read(v.ctx, name)
	return b, v.note(Act{Kind: "read", Path: name, Victim: name, When: begun, Party: v.party}, err)
}

// crafty are the steps of ways that need another place, or another time.
func (v *victim) crafty(write func(string) func() error, move func(from, to string) func() error) []func() error {
	away := "work-" + v.run + "/" + path.Base(v.Path)
	switch v.p.Way {
	case FolderOver:
		return []func() error{write(away), move(away, v.Path)}
	case CopyOver:
		return []func() error{write(away), func() error { return v.copy(away) }}
	case EmptyLater:
		return []func() error{write(v.Path)}
	case Parcel:
		return []func() error{v.remove}
	case Bin:
		return []func() error{move(v.Path, "bin-"+v.run+"/"+strings.ReplaceAll(v.Path, "/", "-"))}
	}
	return nil
}

// copy puts what was written elsewhere into the file.
func (v *victim) copy(from string) error {
	c, ok := v.t.(Copier)
	if !ok {
		return v.write(v.Path, v.content)
	}
	begun := v.Now()
	return v.note(Act{Kind: "write", Path: v.Path, Victim: v.Path, Bytes: v.replaced + v.p.Trailer, Sum: fmt.Sprintf("%x", sha256.Sum256(v.content)), When: begun, Party: v.party},
		c.Copy(v.ctx, from, v.Path))
}

// parcel writes the archive of a folder.
func (v *victim) parcel(folder []File) error {
	var all []byte
	for _, f := range folder {
		b, err := v.read(f.Path)
		if err != nil {
			return err
		}
		all = append(all, b...)
	}
	v.r.Read(all)
	begun, content, name := v.Now(), sealedZip(all), path.Join(v.Path, v.name(path.Base(v.Path), v.r))
	return v.note(Act{Kind: "write", Path: name, Bytes: int64(len(all)), Sum: fmt.Sprintf("%x", sha256.Sum256(content)), When: begun, Party: v.party},
		v.t.Write(v.ctx, name, content, time.Time{}))
}

// good saves files that hurt nobody, so that what does is few among many.
func (g *game) good(ctx context.Context, party int, t Target) error {
	for range g.p.Good {
		g.mu.Lock()
		g.own++
		n := g.own
		g.mu.Unlock()
		name := fmt.Sprintf("notes-%s/%d.txt", g.run, n%7)
		begun, content := g.Now(), []byte(strings.Repeat(fmt.Sprintf("%d pages were looked through.\n", n), 3+n%50))
		err := g.note(Act{Kind: "write", Path: name, Bytes: int64(len(content)), Sum: fmt.Sprintf("%x", sha256.Sum256(content)), When: begun, Party: party}, t.Write(ctx, name, content, time.Time{}))
		if err != nil {
			return err
		}
	}
	return nil
}
