package drill

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"path"
	"strings"
	"time"

	"github.com/azekura/azekura/internal/door/api"
	"github.com/azekura/azekura/internal/drill/behaviour"
)

// rehearse plays one profile.
func rehearse(ctx context.Context, cfg Config, p behaviour.Profile) (out Result, err error) {
	files := cfg.Sample.files
	out = Result{Profile: p.Name, About: p.About, Door: p.Door, Files: len(files), Parties: max(1, p.Parties)}
	s, eyes, targets, closed, err := open(ctx, cfg, p)
	if err != nil {
		return out, err
	}
	defer func() { err = errors.Join(err, closed()) }()
	names := make([]string, len(files))
	for i := range files {
		names[i] = files[i].name
	}
	was, err := s.sums(ctx, eyes, names)
	if err != nil {
		return out, err
	}
	busy := s.work(ctx, eyes)
	begun := s.now()
	pl := behaviour.Player{Now: s.now, Sleep: s.sleep, Seed: cfg.Seed}
	log, err := pl.Play(ctx, p, targets)
	saved := busy(&out)
	if err != nil {
		return out, err
	}
	out.Stopped, out.Seconds = log.Stopped, log.Took.Seconds()
	if out.Freeze, err = s.reaction(ctx, log); err != nil {
		return out, err
	}
	for _, err := range s.api.Held(ctx) {
		if err != nil {
			return out, err
		}
		out.Held++
	}
	out.Noticed = out.Held > 0 || out.Stopped > 0 || log.Begun().IsZero() // only read, or found nothing of its kind: there was nothing to notice
	if err := s.harm(ctx, eyes, was, &out); err != nil {
		return out, err
	}
	return out, s.undo(ctx, eyes, begun, log, was, saved, &out)
}

// reaction returns the seconds from the first file that was touched to the freeze of the last party that was frozen, by the house's own
// record of the freezes: the attacker hears of it only with the next try.
func (s *scratch) reaction(ctx context.Context, log *behaviour.Log) (*float64, error) {
	begun, last := log.Begun(), time.Time{}
	for f, err := range s.api.Stops(ctx) {
		if err != nil {
			return nil, err
		}
		if f.Since.After(last) {
			last = f.Since
		}
	}
	if last.IsZero() || begun.IsZero() {
		return nil, nil
	}
	d := max(0, last.Sub(begun).Seconds())
	return &d, nil
}

// harm counts what others see of it.
func (s *scratch) harm(ctx context.Context, eyes *drive, was map[string][32]byte, out *Result) error {
	all, err := eyes.List(ctx)
	if err != nil {
		return err
	}
	var names []string
	for _, f := range all {
		names = append(names, f.Path)
	}
	now, err := s.sums(ctx, eyes, names)
	if err != nil {
		return err
	}
	stands := make(map[[32]byte]bool)
	for _, sum := range now {
		stands[sum] = true
	}
	for name, sum := range was {
		switch {
		case now[name] == sum:
		case stands[sum]:
			out.Renamed++
		default:
			out.Changed++
		}
	}
	return nil
}

// undo compares what the storehouse says of the damage with what the player says, and rolls it back.
func (s *scratch) undo(ctx context.Context, eyes *drive, begun time.Time, log *behaviour.Log, was, saved map[string][32]byte, out *Result) error {
	q := api.DamageRequest{From: begun.Add(-time.Second)}
	for i := range out.Parties {
		q.Parties = append(q.Parties, attacked(i))
	}
	told := make(map[string]bool)
	for line, err := range s.api.Damage(ctx, q) {
		if err != nil {
			return err
		}
		if f := line.File; f != nil {
			name := strings.TrimPrefix(f.Path, "/"+share+"/")
			if _, ok := was[name]; ok {
				told[name] = true
			}
		}
	}
	out.Found = len(told)
	for _, name := range log.Victims() {
		if _, ok := was[name]; !ok { // the colleague has made it meanwhile: see Lost
			continue
		}
		out.Touched++
		if !told[name] {
			out.Missed++
		}
		delete(told, name)
	}
	out.Wrong = len(told)
	start := s.cfg.Now()
	for _, err := range s.api.Rollback(ctx, api.RollbackRequest{From: q.From, Parties: q.Parties}) {
		if err != nil {
			return err
		}
	}
	out.Undo = s.cfg.Now().Sub(start).Seconds()
	left, err := s.differ(ctx, eyes, was)
	if err != nil {
		return err
	}
	out.Left = left
	out.Lost, err = s.differ(ctx, eyes, saved)
	return err
}

// differ counts the files that are not what they should be.
func (s *scratch) differ(ctx context.Context, eyes *drive, want map[string][32]byte) (n int, err error) {
	for name, sum := range want {
		now, err := s.sums(ctx, eyes, []string{name})
		if err != nil {
			return n, err
		}
		if now[name] != sum {
			n++
		}
	}
	return n, nil
}

// workPause is how long the colleague takes between two saves.
const workPause = 20 * time.Millisecond

// work lets the colleague go on working in a folder of their own until the function that is returned is called, which returns what they have saved.
func (s *scratch) work(ctx context.Context, d *drive) func(*Result) map[string][32]byte {
	ctx, stop := context.WithCancel(ctx)
	saved, done, failed := make(map[string][32]byte), 0, 0
	ended := make(chan struct{})
	folder := s.desk
	go func() {
		defer close(ended)
		try := func(err error) bool {
			if ctx.Err() != nil {
				return false
			}
			if done++; err != nil {
				failed++
			}
			return err == nil
		}
		_, err := d.do(ctx, "MKCOL", folder+"/", nil)
		try(err)
		for i := 0; ctx.Err() == nil; i++ {
			name := path.Join(folder, fmt.Sprintf("%d.jpg", i%7))
			b := picture(uint64(1000 + i))
			err := d.Write(context.WithoutCancel(ctx), name, b, time.Time{}) // one that has begun comes to its end
			if err == nil {
				saved[name] = sha256.Sum256(b)
			}
			try(err)
			_, err = d.Read(ctx, name)
			try(err)
			select {
			case <-time.After(workPause):
			case <-ctx.Done():
			}
		}
	}()
	return func(out *Result) map[string][32]byte {
		stop()
		<-ended
		out.Work, out.Disturbed = done, failed
		return saved
	}
}
