package cases

import (
	"context"
	"fmt"
	"io"
	"testing"
	"time"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/document"
	"github.com/azekura/azekura/internal/event"
	"github.com/azekura/azekura/internal/exposure"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/lang"
	"github.com/azekura/azekura/internal/paper"
	"github.com/azekura/azekura/internal/roster"
	"github.com/azekura/azekura/internal/vault"
)

// city is a town with one share, in which there are so many schools of 50 pupils with 100 files.
func city(b *testing.B, schools int) (*Findings, *paper.Facts) {
	h := &town{objects: nil, rosters: make(map[string][]byte), harm: harmed{files: make(map[id.File]hurt)}, owner: make(map[string]string), day: time.Date(2026, 7, 12, 9, 0, 0, 0, time.UTC)}
	h.objects = make(map[string][]vault.Object)
	sh := account.Share{ID: id.Share{1}, Name: "albums-2026"}
	h.shares = []account.Share{sh}
	var book roster.Book
	book.Rules, _ = roster.ParseRules("{school}/{class}/{number}_*.jpg -> person\n{school}/** -> school\n")
	for s := range schools {
		name := fmt.Sprintf("市立第%d小学校", s)
		for n := range 50 {
			book.Roster.People = append(book.Roster.People, roster.Person{School: name, Year: "2026", Class: "3-1", Number: fmt.Sprint(n + 1), Name: fmt.Sprintf("児童 %d-%d", s, n), Kind: roster.Pupil})
			h.save(sh, fmt.Sprintf("%s/3-1/%d_a.jpg", name, n+1))
			h.save(sh, fmt.Sprintf("%s/3-1/%d_b.jpg", name, n+1))
		}
	}
	h.save(sh, "loose.jpg")
	content, err := roster.EncodeBook(&book)
	if err != nil {
		b.Fatal(err)
	}
	h.rosters[sh.Name] = content
	add := func(minute int, e event.Event) {
		e.When = h.day.Add(time.Duration(minute) * time.Minute)
		h.book = append(h.book, exposure.Entry{Index: int64(len(h.book)), Recorded: e.When, Event: e})
	}
	add(0, event.Event{Kind: event.Started})
	for m := 1; m <= 60; m++ {
		add(m, event.Event{Kind: event.Heartbeat})
		if m == 30 {
			for i := 0; i < len(h.objects[sh.Name]); i += 5 {
				add(m, event.Event{Kind: event.Released, Session: id.Session{7}, Share: sh.ID, Until: h.day.Add(35 * time.Minute), Files: []event.File{{Version: h.objects[sh.Name][i].Contents[0].Version}}})
			}
		}
	}
	d := &Desk{House: h}
	persons, err := d.rosters(context.Background(), account.Session{}, h.shares, nil, nil)
	if err != nil {
		b.Fatal(err)
	}
	f := &Findings{Persons: persons, source: newSource(d, h.shares), harmed: &h.harm, Shares: []ShareFindings{{Name: sh.Name}}}
	err = f.source.on(context.Background(), account.Session{}, func() (err error) {
		f.answer, err = exposure.Ask(exposure.Question{Parties: []exposure.Party{{Kind: exposure.Session, Session: id.Session{7}, From: h.day.Add(20 * time.Minute), To: h.day.Add(40 * time.Minute)}},
			Files: f.source.files, Damage: h.harm.of, Persons: persons, Ledger: exposure.Ledger{Entries: func(yield func(exposure.Entry, error) bool) {
				for _, e := range h.book {
					if !yield(e, nil) {
						return
					}
				}
			}, Verified: int64(len(h.book)), Read: h.day.Add(time.Hour)}})
		return err
	})
	if err != nil {
		b.Fatal(err)
	}
	return f, &paper.Facts{At: h.day, Firm: paper.Firm{Name: "あおば印刷"}}
}

// BenchmarkSchools sorts a share of 2,000 schools, 100,000 persons and 200,000 files, and packs what each is told.
func BenchmarkSchools(b *testing.B) {
	f, facts := city(b, 2000)
	b.Run("sort", func(b *testing.B) {
		for b.Loop() {
			f.told = nil
			if err := f.source.on(b.Context(), account.Session{}, func() error { return f.clients(facts) }); err != nil || len(facts.Clients) != 2000 {
				b.Fatal(err)
			}
		}
	})
	b.Run("pack", func(b *testing.B) {
		press, err := document.NewPress("")
		var presses []*document.Press
		if err == nil {
			presses = append(presses, press)
		}
		for b.Loop() {
			n := &counter{}
			if err := paper.Batch(b.Context(), n, facts, lang.Japanese, presses...); err != nil {
				b.Fatal(err)
			}
			b.ReportMetric(float64(n.n)/1e6, "MB")
		}
	})
}

type counter struct{ n int64 }

func (c *counter) Write(b []byte) (int, error) {
	c.n += int64(len(b))
	return io.Discard.Write(b)
}
