package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"time"
)

// firstLimit is how long a restore may take from its start to the first file.
const firstLimit = 10 // s

// lost is a house of which a medium, a key card and papers are left.
type lost struct {
	Share, Account, Password string
	Files                    int64
	dir                      string
}

func (l *lost) at(name string) string { return filepath.Join(l.dir, name) }

// runRescue restores from a medium of very many small files, and takes the time from the start of the program to the first file through WebDAV.
func runRescue(ctx context.Context, b *bench, r *Result) error {
	source, err := b.million(ctx)
	if err != nil {
		return err
	}
	l, err := b.lose(ctx, source)
	if err != nil {
		return err
	}
	var first, whole, without []float64
	for range b.n {
		f, w, err := b.rescue(ctx, l, source, true)
		if err != nil {
			return err
		}
		first, whole = append(first, f), append(whole, w)
		if len(without) > 0 {
			continue
		}
		hidden := l.at("books hidden") // as a medium that has no copies of the catalogue
		if err := os.Rename(l.at("medium/books"), hidden); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		f, _, err = b.rescue(ctx, l, source, false)
		if err := errors.Join(err, os.Rename(hidden, l.at("medium/books"))); err != nil {
			return err
		}
		without = append(without, f)
	}
	note := fmt.Sprintf("a medium of %d files; from the start of restore-vault", l.Files)
	r.value("first file served", "s", note, first...)
	r.value("first file served, without the copy of the catalogue", "s", note, without...)
	r.value("all copied, catalogue compared, saves taken again", "s", note, whole...)
	r.target(median(first) <= firstLimit, fmt.Sprintf("first file at most %d s after the start", firstLimit), "%s s", digits(median(first)))
	return nil
}

// lose makes a house of a tree, and keeps what is left of it for later runs.
func (b *bench) lose(ctx context.Context, source string) (*lost, error) {
	l := &lost{dir: filepath.Join(b.data, "lost-"+filepath.Base(source))}
	if text, err := os.ReadFile(l.at("house.json")); err == nil {
		return l, json.Unmarshal(text, l)
	}
	if err := errors.Join(os.RemoveAll(l.dir), os.MkdirAll(l.at("medium"), 0o700), os.MkdirAll(l.at("stick"), 0o700), os.MkdirAll(b.run(), 0o755)); err != nil {
		return nil, err
	}
	v, err := b.newVault(ctx, filepath.Join(b.run(), "data"))
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(b.run())
	l.Share, l.Account, l.Password, l.Files = v.Share, v.Account, v.password, int64(b.count(millionFiles))
	var papers []byte
	for _, words := range [][]string{
		{"import", "--json", source, v.Share + "/tree"},
		{"recovery", "make"},
		{"card", "make", l.at("stick"), "--name", "safe", "--same-disk"},
		{"media", "init", l.at("medium"), "--same-disk", "--label", "A"},
		{"media", "sync", l.at("medium")},
	} {
		s, out, err := b.timed(ctx, v.command(ctx, words...))
		if err != nil {
			return nil, err
		}
		b.say("%s %s: %.1f s, CPU %.1f s, %.0f MiB", words[0], words[1], s.Wall, s.CPU, s.RSS)
		if words[1] == "make" && papers == nil {
			papers = out
		}
	}
	codes := regexp.MustCompile(`(?m)^\s*(AZEKURA1\S*).*$`).FindAllSubmatch(papers, 2)
	if len(codes) != 2 {
		return nil, fmt.Errorf("recovery make has printed no papers")
	}
	if err := os.WriteFile(l.at("papers"), bytes.Join([][]byte{codes[0][1], codes[1][1], nil}, []byte("\n")), 0o600); err != nil {
		return nil, err
	}
	text, err := json.Marshal(l)
	if err != nil {
		return nil, err
	}
	return l, os.WriteFile(l.at("house.json"), text, 0o600)
}

// rescue restores once, and tells how long the first file took, and all of it if that is to be waited for.
func (b *bench) rescue(ctx context.Context, l *lost, source string, all bool) (first, whole float64, err error) {
	v := &vault{bin: b.azekura, data: filepath.Join(b.run(), "restored"), Share: l.Share, Account: l.Account, password: l.Password}
	defer os.RemoveAll(b.run())
	addr, err := freeAddress()
	if err != nil {
		return 0, 0, err
	}
	start := time.Now()
	c := v.command(ctx, "restore-vault", "--from", l.at("medium"), "--card", l.at("stick"), "--papers", l.at("papers"), "--serve", "--http", addr)
	s, err := launch(ctx, c, target{url: "http://" + addr + "/dav/" + v.Share, user: v.Account, password: v.password})
	if err != nil {
		return 0, 0, err
	}
	defer func() { err = errors.Join(err, s.stop()) }()
	opened := time.Since(start).Seconds()
	if _, err := quiet(v.command(ctx, "day", "open", v.Account)); err != nil {
		return 0, 0, err
	}
	name, err := someFile(source)
	if err != nil {
		return 0, 0, err
	}
	want, err := os.ReadFile(filepath.Join(source, name))
	if err != nil {
		return 0, 0, err
	}
	d, err := newDAV(s.target)
	if err != nil {
		return 0, 0, err
	}
	defer d.close()
	var got bytes.Buffer
	if err := d.do(ctx, http.MethodGet, "tree/"+filepath.ToSlash(name), "", nil, &got, http.StatusOK); err != nil {
		return 0, 0, err
	}
	if !bytes.Equal(got.Bytes(), want) {
		return 0, 0, fmt.Errorf("%s has other content", name)
	}
	first = time.Since(start).Seconds()
	peak, _ := treeMemory(s.pid())
	b.say("doors open after %.1f s, first file after %.1f s, %.0f MiB", opened, first, peak)
	for all {
		var status struct{ Restore *json.RawMessage }
		out, err := quiet(v.command(ctx, "status", "--json"))
		if err == nil {
			err = json.Unmarshal(out, &status)
		}
		if err != nil {
			return 0, 0, err
		}
		if status.Restore == nil {
			break
		}
		select {
		case <-time.After(200 * time.Millisecond):
		case <-ctx.Done():
			return 0, 0, ctx.Err()
		}
	}
	whole = time.Since(start).Seconds()
	if all {
		peak, _ = treeMemory(s.pid())
		b.say("all after %.1f s, %.0f MiB", whole, peak)
	}
	if bytes.Contains(s.log.bytes(), []byte(`"level":"ERROR"`)) {
		return 0, 0, fmt.Errorf("the server complains:\n%s", tail(s.log.bytes()))
	}
	return first, whole, nil
}

// someFile is the last file of a tree, deep in it.
func someFile(tree string) (name string, err error) {
	dir := tree
	for {
		list, err := os.ReadDir(dir)
		if err != nil || len(list) == 0 {
			return "", errors.Join(err, io.ErrUnexpectedEOF)
		}
		i := 0
		for list[i].IsDir() && list[i].Name() == crowded {
			i++
		}
		if dir = filepath.Join(dir, list[i].Name()); !list[i].IsDir() {
			return filepath.Rel(tree, dir)
		}
	}
}
