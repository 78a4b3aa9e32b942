package cases

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"sync"
	"testing"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/pathname"
	"github.com/azekura/azekura/internal/problem"
	"github.com/azekura/azekura/internal/roster"
	"github.com/azekura/azekura/internal/vault"
)

// counted is a share that counts who goes over its files.
type counted struct {
	House
	mu      sync.Mutex
	mark    int64
	files   int
	walks   int
	stopped int
	denied  bool
	at      func(i int) // called for each file
}

func (c *counted) Roster(context.Context, account.Session, pathname.Path, int64) ([]byte, vault.Info, error) {
	return nil, vault.Info{}, &problem.Error{Kind: problem.NotFound, Hint: "hint.no-roster"}
}

func (c *counted) Mark(context.Context, account.Session, pathname.Path) (int64, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.denied {
		return 0, problem.New(problem.Denied, "list", "", nil)
	}
	return c.mark, nil
}

func (c *counted) Objects(context.Context, account.Session, pathname.Path) iter.Seq2[vault.Object, error] {
	return func(yield func(vault.Object, error) bool) {
		c.mu.Lock()
		c.walks++
		files := c.files
		c.mu.Unlock()
		for i := range files {
			if c.at != nil {
				c.at(i)
			}
			if !yield(vault.Object{Paths: []pathname.Path{pathname.Path(fmt.Sprintf("/albums/%d.jpg", i))}}, nil) {
				c.stopped = i
				return
			}
		}
	}
}

// TestCoverageIsKept: what was found out stays good until something is saved, other rules are asked about, or nobody may ask any more.
func TestCoverageIsKept(t *testing.T) {
	house := &counted{mark: 1, files: 10}
	d, who := &Desk{House: house}, account.Session{}
	rules, err := roster.ParseRules("{number}.jpg → person")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		change       func()
		rules        *roster.Rules
		files, walks int
	}{
		{func() {}, nil, 10, 1},
		{func() {}, nil, 10, 1},
		{func() {}, rules, 10, 2},
		{func() {}, rules, 10, 2},
		{func() { house.mark, house.files = 2, 11 }, nil, 11, 3},
		{func() {}, rules, 11, 4},
		{func() {}, nil, 11, 4},
	} {
		c.change()
		got, err := d.Coverage(t.Context(), who, "albums", c.rules)
		if err != nil || got.Files != c.files || house.walks != c.walks {
			t.Errorf("%+v, %v after %d walks; want %d files after %d", got, err, house.walks, c.files, c.walks)
		}
	}
	house.denied = true
	if _, err := d.Coverage(t.Context(), who, "albums", nil); problem.KindOf(err) != problem.Denied {
		t.Errorf("who may not ask is told what is kept: %v", err)
	}
}

// TestCoverageOfOneAtATime: of many who look at once one goes over the files; a viewer who goes away stops it, and another goes on.
func TestCoverageOfOneAtATime(t *testing.T) {
	ctx, leave := context.WithCancel(t.Context())
	house := &counted{mark: 1, files: 1000}
	begun := make(chan struct{})
	house.at = func(i int) {
		if i == 500 && ctx.Err() == nil {
			close(begun)
			<-ctx.Done()
		}
	}
	d, who := &Desk{House: house}, account.Session{}
	first := make(chan error)
	go func() {
		_, err := d.Coverage(ctx, who, "albums", nil)
		first <- err
	}()
	<-begun
	var others sync.WaitGroup
	for range 5 {
		others.Go(func() {
			if c, err := d.Coverage(t.Context(), who, "albums", nil); err != nil || c.Files != 1000 {
				t.Errorf("%+v, %v", c, err)
			}
		})
	}
	leave()
	if err := <-first; !errors.Is(err, context.Canceled) {
		t.Errorf("who has gone: %v", err)
	}
	others.Wait()
	if house.walks != 2 {
		t.Errorf("the files were gone over %d times", house.walks)
	}
	for i := range 3 * mostCovers {
		d.covers.begin(fmt.Sprint(i), 1)
		d.covers.end(fmt.Sprint(i), 1, &roster.Coverage{})
	}
	if len(d.covers.kept) > mostCovers || len(d.covers.busy) > 0 {
		t.Errorf("%d are kept, %d are busy", len(d.covers.kept), len(d.covers.busy))
	}
}
