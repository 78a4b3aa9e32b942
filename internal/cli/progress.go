package cli

import (
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// progress shows how far a long command is: a line on a terminal once it takes longer than patience, or with
// --json a line of JSON now and then.
type progress struct {
	a     *app
	start time.Time
	count bool // what is done is counted as files, and has no bytes to tell
	stop  chan struct{}
	done  sync.WaitGroup

	files, bytes       atomic.Int64
	allFiles, allBytes atomic.Int64 // as far as they are known
	complete           atomic.Bool  // they are known to the end

	mu    sync.Mutex
	shown bool   // guarded by mu: the line is on the screen
	what  string // guarded by mu: what is being done
	part  int    // guarded by mu: per cent that are done, where they say so themselves
}

const (
	patience  = 2 * time.Second
	drawEvery = 200 * time.Millisecond
	tellEvery = 5 * time.Second
)

func (a *app) progress() *progress { return a.showProgress(&progress{}, a.errTTY || a.json) }

// working is progress of what has neither files nor bytes, on a terminal only: its JSON is what the command tells anyway.
func (a *app) working() *progress { return a.showProgress(&progress{count: true}, a.errTTY && !a.json) }

func (a *app) showProgress(p *progress, shown bool) *progress {
	p.a, p.start, p.stop = a, a.now(), make(chan struct{})
	if !shown {
		return p
	}
	every := drawEvery
	if a.json {
		every = tellEvery
	}
	p.done.Go(func() {
		t := time.NewTicker(every)
		defer t.Stop()
		for {
			select {
			case <-p.stop:
				return
			case <-t.C:
				p.tick()
			}
		}
	})
	return p
}

// end takes the line away.
func (p *progress) end() {
	close(p.stop)
	p.done.Wait()
	p.clear()
}

// clear takes the line away for now, so that something else can be written.
func (p *progress) clear() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.shown {
		fmt.Fprint(p.a.err, "\r\x1b[K")
		p.shown = false
	}
}

// tell says what is being done now.
func (p *progress) tell(what string) {
	p.mu.Lock()
	p.what = what
	p.mu.Unlock()
}

// share says how much of the whole is done, in per cent, and what is being done now.
func (p *progress) share(part int, what string) {
	p.mu.Lock()
	p.part, p.what = part, what
	p.mu.Unlock()
}

func (p *progress) tick() {
	spent := p.a.now().Sub(p.start)
	if p.a.json {
		p.a.emit(map[string]any{"progress": map[string]any{
			"files": p.files.Load(), "bytes": p.bytes.Load(), "seconds": spent.Seconds(),
		}})
		return
	}
	if spent < patience {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.shown = true
	line := p.text(spent)
	for cells(line) > width()-1 {
		r := []rune(line)
		line = string(r[:len(r)-1])
	}
	fmt.Fprint(p.a.err, "\r\x1b[K"+line)
}

// text is the line: how much, how fast, how long to go.
func (p *progress) text(spent time.Duration) string {
	files, bytes := p.files.Load(), p.bytes.Load()
	if all := p.allFiles.Load(); p.count && all > 0 {
		return p.steps(files, all, spent)
	}
	if p.what != "" && p.count {
		return p.a.t("say.findings-progress", bar(float64(p.part)/100), p.part, spent.Round(time.Second), p.what)
	}
	if p.count {
		return p.a.t("say.working", files, spent.Round(time.Second))
	}
	rate := float64(bytes) / spent.Seconds()
	if !p.complete.Load() || p.allBytes.Load() == 0 {
		return p.a.t("say.progress", files, size(bytes), size(int64(rate)))
	}
	// A file costs time even when it is small: weigh it as 64 KiB.
	const weight = 64 << 10
	done, all := float64(bytes+files*weight), float64(p.allBytes.Load()+p.allFiles.Load()*weight)
	part := min(done/all, 1)
	left := "?"
	if part > 0.01 {
		left = time.Duration(float64(spent) * (1 - part) / part).Round(time.Second).String()
	}
	return p.a.t("say.progress-bar", bar(part), int(part*100), files, size(bytes), size(int64(rate)), left)
}

// steps is the line of a work of so many steps; p.mu is held.
func (p *progress) steps(done, all int64, spent time.Duration) string {
	left := "?"
	if done > 0 {
		left = (spent * time.Duration(all-done) / time.Duration(done)).Round(time.Second).String()
	}
	return p.a.t("say.drill-progress", bar(float64(done)/float64(all)), done, all, spent.Round(time.Second), left, p.what)
}

// bar draws how much is done.
func bar(part float64) string {
	const w = 20
	full := int(min(part, 1) * w)
	return strings.Repeat("#", full) + strings.Repeat(".", w-full)
}
