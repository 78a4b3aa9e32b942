package account

import (
	"testing"
	"time"
)

var noon = time.Date(2026, 4, 1, 12, 0, 0, 0, time.UTC)

// life is a ledger that gets entries, and seals packs.
type life struct {
	at time.Time
	Aging
}

func (l *life) run(d time.Duration) {
	for end := l.at.Add(d); l.at.Before(end); {
		l.at = l.at.Add(time.Minute)
		l.Now.Step(l.at)
	}
}

func (l *life) set(d time.Duration) {
	l.at = l.at.Add(d)
	l.Now.Step(l.at)
}

func (l *life) seal(n uint64) { l.Packs = append(l.Packs, Anchor{n, l.Now}) }

func begin() *life {
	l := &life{at: noon}
	l.Now.Step(noon)
	l.seal(1)
	return l
}

func (l *life) age(t *testing.T, pack uint64) time.Duration {
	t.Helper()
	age, ok := l.Age(pack)
	if !ok {
		t.Fatalf("nobody can tell how old pack %d is", pack)
	}
	return age
}

// TestAge: a house that runs is as old as it is, one that is off at night and on weekends too; whoever sets the clock wins three days.
func TestAge(t *testing.T) {
	l := begin()
	l.run(10 * 24 * time.Hour)
	if got := l.age(t, 1); got != Days(10) {
		t.Errorf("after ten days it is %v old", got)
	}
	l = begin()
	for range 4 { // weeks of five days of ten hours
		for range 4 {
			l.run(10 * time.Hour)
			l.set(14 * time.Hour)
		}
		l.run(10 * time.Hour)
		l.set(62 * time.Hour)
	}
	if got := l.age(t, 1); got < Days(28)*8/10 || got > Days(28) {
		t.Errorf("after four weeks in an office it is %v old", got)
	}
}

// TestClockSetAhead: ten years at once are three days, and without the ledger having run nothing at all; many small steps are worth no more than
// twice the time that it has really run.
func TestClockSetAhead(t *testing.T) {
	l := begin()
	l.run(48 * time.Hour)
	l.set(10 * 366 * 24 * time.Hour)
	if got := l.age(t, 1); got > 48*time.Hour+MaxGap {
		t.Errorf("ten years ahead it is %v old", got)
	}
	l = begin()
	l.set(10 * 366 * 24 * time.Hour)
	if got := l.age(t, 1); got != 0 {
		t.Errorf("ten years ahead, at once, it is %v old", got)
	}
	l = begin()
	l.run(24 * time.Hour)
	for range 5000 {
		l.set(24 * time.Hour)
	}
	if got := l.age(t, 1); got > 3*24*time.Hour {
		t.Errorf("after a day with many steps it is %v old", got)
	}
}

// TestClockSetBack: what happens under a clock that was set back by ten years is not ten years old, but at most as old as the setting back.
func TestClockSetBack(t *testing.T) {
	l := begin()
	l.run(time.Hour)
	l.set(-10 * 366 * 24 * time.Hour)
	l.run(time.Hour)
	l.seal(2)
	l.set(10*366*24*time.Hour + time.Minute)
	l.run(time.Hour)
	if got := l.age(t, 2); got > 2*time.Hour+time.Minute {
		t.Errorf("an hour later it is %v old", got)
	}
}

// TestWitnessedAge: where witnesses are asked it is their time that counts, and without it nothing is due.
func TestWitnessedAge(t *testing.T) {
	l := begin()
	l.Witness = true
	l.run(time.Hour)
	l.set(10 * 366 * 24 * time.Hour)
	if age, ok := l.Age(1); ok {
		t.Errorf("without witnesses it is %v old", age)
	}
	l.Witnessed = noon.Add(Days(40))
	if got := l.age(t, 1); got != Days(40) {
		t.Errorf("by its witnesses it is %v old, want 40 days", got)
	}
	l.seal(2) // with a clock that is ahead
	if got := l.age(t, 2); got != 0 {
		t.Errorf("what is sealed in the future is %v old", got)
	}
}

// TestAgeUntold: what no sealed pack vouches for has no age, and what stands before one is at least as old as that.
func TestAgeUntold(t *testing.T) {
	l := begin()
	l.run(time.Hour)
	l.seal(4)
	l.run(time.Hour)
	for pack, want := range map[uint64]time.Duration{1: 2 * time.Hour, 2: time.Hour, 3: time.Hour, 4: time.Hour} {
		if got := l.age(t, pack); got != want {
			t.Errorf("pack %d is %v old, want %v", pack, got, want)
		}
	}
	for _, pack := range []uint64{0, 5} {
		if age, ok := l.Age(pack); ok {
			t.Errorf("pack %d is %v old", pack, age)
		}
	}
}
