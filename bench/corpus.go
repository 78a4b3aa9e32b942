package main

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"sync"
	"time"
)

// corpusVersion is part of the name of generated trees. It changes when the generator does.
const corpusVersion = 1

// packages hold photographs that anybody may use. They are fetched from Debian, never from elsewhere.
var packages = []string{"mate-backgrounds", "plasma-workspace-wallpapers", "lomiri-wallpapers-16.04"}

// job makes one file of a tree. The content depends on the seed and the file's path alone, so a tree is the same on
// every machine with the same photographs and version of Go, whatever the number of workers.
type job struct {
	path string
	make func(r *rand.Rand) ([]byte, error)
}

// corpus returns a directory of DIR/corpus and makes it first if it is not there. A tree that was broken off has another
// name and is begun anew.
func (b *bench) corpus(ctx context.Context, name string, files int, jobs func() ([]job, error)) (string, error) {
	dir := filepath.Join(b.data, "corpus", fmt.Sprintf("%s-%d-v%d", name, files, corpusVersion))
	if _, err := os.Stat(dir); err == nil {
		return dir, nil
	}
	b.say("making %s; this is kept for the next run", dir)
	list, err := jobs()
	if err != nil {
		return "", err
	}
	half := dir + ".part"
	if err := os.RemoveAll(half); err != nil {
		return "", err
	}
	if err := generate(ctx, half, list); err != nil {
		return "", fmt.Errorf("make %s: %w", dir, err)
	}
	debug.FreeOSMemory() // the photographs are no longer needed
	return dir, os.Rename(half, dir)
}

// generate makes the files of a tree, one worker a core.
func generate(ctx context.Context, dir string, list []job) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	todo := make(chan job)
	var workers sync.WaitGroup
	for range runtime.NumCPU() {
		workers.Go(func() {
			for j := range todo {
				if err := j.write(dir); err != nil {
					cancel(fmt.Errorf("%s: %w", j.path, err))
				}
			}
		})
	}
	made := ""
	for _, j := range list {
		if parent := filepath.Dir(filepath.Join(dir, j.path)); parent != made {
			if err := os.MkdirAll(parent, 0o755); err != nil {
				cancel(err)
			}
			made = parent
		}
		if ctx.Err() != nil {
			break
		}
		todo <- j
	}
	close(todo)
	workers.Wait()
	return context.Cause(ctx)
}

func (j job) write(dir string) error {
	r := random(j.path)
	content, err := j.make(r)
	if err != nil {
		return err
	}
	name := filepath.Join(dir, j.path)
	if err := os.WriteFile(name, content, 0o644); err != nil {
		return err
	}
	when := time.Date(2025, 4, 1, 9, 0, 0, 0, time.UTC).Add(time.Duration(r.Int64N(300*24)) * time.Hour)
	return os.Chtimes(name, when, when)
}

// random returns the numbers that a name stands for.
func random(name string) *rand.Rand {
	h := sha256.Sum256([]byte(name))
	return rand.New(rand.NewPCG(binary.LittleEndian.Uint64(h[:]), binary.LittleEndian.Uint64(h[8:])))
}

// photographs fetches the packages and returns the directory they were unpacked to.
func (b *bench) photographs(ctx context.Context) (string, error) {
	dir := filepath.Join(b.data, "corpus", "photographs")
	if _, err := os.Stat(dir); err == nil {
		return dir, nil
	}
	debs := filepath.Join(b.data, "corpus", "deb")
	half := dir + ".part"
	if err := os.RemoveAll(half); err != nil {
		return "", err
	}
	for _, d := range []string{debs, half} {
		if err := os.MkdirAll(d, 0o755); err != nil {
			return "", err
		}
	}
	args := []string{"-q", "download"}
	if os.Getuid() == 0 { // apt's own user could not write to this directory
		args = append(args, "-o", "APT::Sandbox::User=root")
	}
	c := exec.CommandContext(ctx, "apt-get", append(args, packages...)...)
	c.Dir = debs
	if _, err := quiet(c); err != nil {
		return "", fmt.Errorf("fetch photographs (bench/setup prepares a machine): %w", err)
	}
	for _, p := range packages {
		found, err := filepath.Glob(filepath.Join(debs, p+"_*.deb"))
		if err != nil || len(found) == 0 {
			return "", fmt.Errorf("apt-get has not left a package of %s: %w", p, err)
		}
		if _, err := quiet(exec.CommandContext(ctx, "dpkg-deb", "-x", found[0], half)); err != nil {
			return "", err
		}
	}
	return dir, os.Rename(half, dir)
}

// measureTree counts the regular files of a tree and their bytes.
func measureTree(dir string) (files int, size int64, err error) {
	err = filepath.WalkDir(dir, func(_ string, e fs.DirEntry, err error) error {
		if err != nil || !e.Type().IsRegular() {
			return err
		}
		i, err := e.Info()
		if err != nil {
			return err
		}
		files, size = files+1, size+i.Size()
		return nil
	})
	return files, size, err
}

// warm reads a tree once, so that every peer finds its sources in the page cache.
func warm(ctx context.Context, dir string) error {
	return filepath.WalkDir(dir, func(name string, e fs.DirEntry, err error) error {
		if err == nil {
			err = ctx.Err()
		}
		if err != nil || !e.Type().IsRegular() {
			return err
		}
		f, err := os.Open(name)
		if err != nil {
			return err
		}
		defer f.Close()
		_, err = io.Copy(io.Discard, f)
		return err
	})
}

// treeFiles returns the files of a tree, in order, and their size together.
func treeFiles(dir string) (files []string, size int64, err error) {
	err = filepath.WalkDir(dir, func(name string, e fs.DirEntry, err error) error {
		if err != nil || !e.Type().IsRegular() {
			return err
		}
		i, err := e.Info()
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(dir, name)
		files, size = append(files, rel), size+i.Size()
		return err
	})
	return files, size, err
}
