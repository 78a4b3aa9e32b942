package keeper

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/azekura/azekura/internal/durable"
	"github.com/azekura/azekura/internal/event"
	"github.com/azekura/azekura/internal/password"
)

// BreachedFile is the list of breached passwords, in the keeper's directory: see package password. It is public data of
// other people's misfortune; an administrator puts it there, and the keeper takes it within a minute.
const BreachedFile = "breached-passwords"

// breached is the list in force, and which file it was made of.
type breached struct {
	list     *password.List
	file     durable.File
	size     int64
	modified time.Time
}

// lookForList takes the list of breached passwords into use if there is another one than before. Reading all of a large
// one takes a while, so nobody waits for it.
func (l *Local) lookForList() {
	leave, err := l.enter("read list of passwords")
	if err != nil {
		return
	}
	go func() {
		defer leave()
		l.listing.Lock()
		defer l.listing.Unlock()
		if err := l.takeList(context.Background()); err != nil {
			l.cfg.Log.Error("the list of breached passwords cannot be used; the one before stays in force", "err", err)
		}
	}()
}

func (l *Local) takeList(ctx context.Context) error {
	entries, err := l.cfg.FS.ReadDir(l.cfg.Dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if e.Name() != BreachedFile {
			continue
		}
		i, err := e.Info()
		if err != nil {
			return err
		}
		now := l.breached.Load()
		if now != nil && now.size == i.Size() && now.modified.Equal(i.ModTime()) {
			return nil
		}
		return l.openList(ctx, i)
	}
	return nil
}

func (l *Local) openList(ctx context.Context, i fs.FileInfo) error {
	f, err := l.cfg.FS.OpenFile(filepath.Join(l.cfg.Dir, BreachedFile), os.O_RDONLY, 0)
	if err != nil {
		return err
	}
	list, err := password.OpenList(f, i.Size())
	if err != nil {
		return errors.Join(err, f.Close())
	}
	if err := l.append(ctx, event.Event{Kind: event.PolicyChanged, Note: fmt.Sprintf("list of %d breached passwords", list.Len())}); err != nil {
		return errors.Join(err, f.Close())
	}
	// The file before stays open: somebody may be looking a password up. It is one file for each list that is loaded.
	l.breached.Store(&breached{list, f, i.Size(), i.ModTime()})
	return nil
}
