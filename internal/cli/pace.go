package cli

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/azekura/azekura/internal/door/api/client"
)

// pace is how an export keeps to the reading budget of a minute: all its workers wait together.
type pace struct {
	mu    sync.Mutex // held while somebody waits
	ended time.Time  // guarded by mu: when the last wait was over
}

// paced asks for something, and again after as long as the server says, while it says that this was only too fast.
func (t *exporter) paced(ctx context.Context, ask func() error) error {
	for {
		asked := t.a.now()
		err := ask()
		e, ok := errors.AsType[*client.Error](err)
		if !ok || e.Hint != "hint.read-slower" || e.After == 0 {
			return err
		}
		if err := t.wait(ctx, asked, e.After); err != nil {
			return err
		}
	}
}

// wait waits and says so, unless another worker has waited since somebody asked.
func (t *exporter) wait(ctx context.Context, asked time.Time, d time.Duration) error {
	t.pace.mu.Lock()
	defer t.pace.mu.Unlock()
	if t.pace.ended.After(asked) {
		return ctx.Err()
	}
	text := t.a.t("say.export-waits", t.a.now().Add(d).Format("15:04:05 -0700"))
	if t.a.json {
		t.a.emit(map[string]any{"waits": map[string]any{"seconds": d.Seconds()}})
	} else {
		t.bar.clear()
		fmt.Fprintln(t.a.err, text)
	}
	over := time.NewTimer(d)
	defer over.Stop()
	select {
	case <-over.C:
	case <-ctx.Done():
	}
	t.pace.ended = t.a.now()
	return ctx.Err()
}

// tooMany reports whether a batch was refused because it is larger than the budget of a minute, so that a part of it may go.
func tooMany(err error) bool {
	e, ok := errors.AsType[*client.Error](err)
	return ok && e.Hint == "hint.read-parts"
}
