package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
)

// mediumDisk returns a folder on what is the medium, and what to say of it. A medium is a disk of its own, so without -medium one is made: a file
// system of its own in memory, which is faster than any that people have, so that what is compared is the work of the programs and not the disk.
// Where that cannot be done it is a folder on the disk of the rest, and then each byte that is read back is one that the same disk cannot read from the vault.
func (b *bench) mediumDisk(ctx context.Context, need int64) (dir, text string, done func() error, err error) {
	if b.medium != "" {
		dir = filepath.Join(b.medium, "azekura-bench")
		return dir, b.medium, func() error { return os.RemoveAll(dir) }, os.MkdirAll(dir, 0o755)
	}
	dir = filepath.Join(b.data, "medium")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", "", nil, err
	}
	if done, err = inMemory(ctx, dir, need); err == nil {
		return dir, "a disk of its own, in memory (ext4)", done, nil
	}
	b.say("the medium is on the same disk as all else: %v", err)
	return dir, "on the same disk, which does the work of both", func() error { return os.RemoveAll(dir) }, nil
}

// inMemory mounts a disk that is a file in memory.
func inMemory(ctx context.Context, dir string, size int64) (done func() error, err error) {
	const shm = "/dev/shm"
	image := filepath.Join(shm, "azekura-bench.disk")
	_ = exec.CommandContext(ctx, "umount", dir).Run() // left by a run that was broken off
	_ = os.Remove(image)
	size += size/8 + 256<<20
	var s syscall.Statfs_t
	if err := syscall.Statfs(shm, &s); err != nil {
		return nil, err
	}
	if free := min(int64(s.Bavail)*s.Bsize, available()/2); free < size {
		return nil, fmt.Errorf("a disk of %d MB in memory does not fit into %d MB", size/1e6, free/1e6)
	}
	err = os.WriteFile(image, nil, 0o600)
	if err == nil {
		err = os.Truncate(image, size)
	}
	for _, args := range [][]string{{"mkfs.ext4", "-q", "-m0", image}, {"mount", "-o", "loop,discard", image, dir}} {
		if err == nil {
			_, err = quiet(exec.CommandContext(ctx, args[0], args[1:]...))
		}
	}
	if err != nil {
		return nil, errors.Join(err, os.Remove(image))
	}
	return func() error {
		_, err := quiet(exec.CommandContext(context.WithoutCancel(ctx), "umount", dir))
		return errors.Join(err, os.Remove(image))
	}, nil
}

// available returns how much memory programs can still have.
func available() int64 {
	text, err := os.ReadFile("/proc/meminfo")
	if err != nil {
		return 0
	}
	return parseAvailable(string(text))
}
