package sqlite

import (
	"database/sql"
	"sync"
)

// A commit appends to a log, from which everybody reads until its pages are copied into the file. If the writer did that, a commit now and
// then would wait for two flushes of everything since the last time: so it is done beside it.
const (
	copyFrom  = 16384        // pages in the log after which they are copied
	copyFirst = 4 * copyFrom // and after which the writer does it first, because the copies do not keep up with it
)

// copier copies the log into the file while the writer goes on.
type copier struct {
	db   *sql.DB
	due  chan struct{} // holds a token when there is something to copy
	done sync.WaitGroup
}

// newCopier returns a copier that works, on a connection of its own.
func newCopier(path string) (*copier, error) {
	c := &copier{due: make(chan struct{}, 1)}
	var err error
	if c.db, err = sql.Open("sqlite", source(path, "synchronous(NORMAL)", pragma("wal_autocheckpoint", 0))); err != nil {
		return nil, err
	}
	c.db.SetMaxOpenConns(1)
	c.done.Go(func() {
		for range c.due {
			c.copy()
		}
	})
	return c, nil
}

// copy copies what there is. It waits for nobody: what it must leave comes next time. Nothing depends on it, so a failure is none of the
// commits'; those that cannot write either say so.
func (c *copier) copy() { c.db.Exec("PRAGMA wal_checkpoint(PASSIVE)") }

// wake tells that there is something to copy.
func (c *copier) wake() {
	select {
	case c.due <- struct{}{}:
	default: // it knows
	}
}

// close waits for what is being copied.
func (c *copier) close() error {
	close(c.due)
	c.done.Wait()
	return c.db.Close()
}
