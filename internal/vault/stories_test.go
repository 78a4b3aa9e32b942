package vault_test

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/azekura/azekura/internal/catalogue"
	"github.com/azekura/azekura/internal/pathname"
	"github.com/azekura/azekura/internal/vault"
)

// paired is a View whose first list of stories comes when a second is asked for.
type paired struct {
	catalogue.View
	asked  *atomic.Int32
	second chan struct{}
}

func (v paired) Stories(ctx context.Context, refs []catalogue.Ref, at time.Time) ([]catalogue.Story, error) {
	switch v.asked.Add(1) {
	case 1:
		select {
		case <-v.second:
		case <-time.After(10 * time.Second):
			return nil, errors.New("nobody reads ahead")
		}
	case 2:
		close(v.second)
	}
	return v.View.Stories(ctx, refs, at)
}

// TestStoriesAhead reads the stories of files while those before are waited for, and tells them in their order all the same. Who has heard
// enough is not told more.
func TestStoriesAhead(t *testing.T) {
	defer vault.SetRollbackPage(1000, 1)()
	h := newHouse(t, "s")
	from, bad := time.Now(), person("bad")
	var want []pathname.Path
	for i := range 9 {
		want = append(want, pathname.Path(fmt.Sprintf("/s/%d", i)))
		save(t, h.v.As(bad), want[i], []byte("spoilt"))
	}
	by := vault.Suspects{From: from, Pick: func(a vault.Actor) bool { return a.Session == bad.ID }}
	defer vault.SetMostSorted(0)()
	enough, n := errors.New("enough"), 0
	if _, err := h.v.Harm(t.Context(), person("eyes"), "/s", by, func(vault.Harm) error { n++; return enough }); err == nil || n > 1 {
		t.Errorf("told %d times, %v", n, err)
	}
	var asked atomic.Int32
	second := make(chan struct{})
	wrap(h, func(v catalogue.View) catalogue.View { return paired{v, &asked, second} })
	var told []pathname.Path
	_, err := h.v.Rollback(t.Context(), person("mender"), "/s", by, nil, false, func(m vault.Mended) error { told = append(told, m.Path); return nil })
	if err != nil || fmt.Sprint(told) != fmt.Sprint(want) {
		t.Errorf("told of %q, %v", told, err)
	}
}
