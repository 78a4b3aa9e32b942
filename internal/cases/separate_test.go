package cases

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"iter"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/event"
	"github.com/azekura/azekura/internal/exposure"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/lang"
	"github.com/azekura/azekura/internal/paper"
	"github.com/azekura/azekura/internal/pathname"
	"github.com/azekura/azekura/internal/problem"
	"github.com/azekura/azekura/internal/roster"
	"github.com/azekura/azekura/internal/vault"
)

// town is a vault of shares with schools, whose every person, path and contact has a word that stands nowhere else.
type town struct {
	House
	shares  []account.Share
	objects map[string][]vault.Object
	rosters map[string][]byte
	lines   map[string]account.Register
	harm    harmed
	book    []exposure.Entry
	day     time.Time
	marks   int
	schools []string
	owner   map[string]string // of each word, "share/school" in the compared form; "" of no school alone
}

func (h *town) Objects(_ context.Context, _ account.Session, share pathname.Path) iter.Seq2[vault.Object, error] {
	return func(yield func(vault.Object, error) bool) {
		for _, o := range h.objects[share.Share()] {
			if !yield(o, nil) {
				return
			}
		}
	}
}

func (h *town) Roster(_ context.Context, _ account.Session, share pathname.Path, _ int64) ([]byte, vault.Info, error) {
	if b := h.rosters[share.Share()]; b != nil {
		return b, vault.Info{}, nil
	}
	return nil, vault.Info{}, problem.New(problem.NotFound, "read roster", "", nil)
}

// word is a new one, and whose it is.
func (h *town) word(owner string) string {
	h.marks++
	w := fmt.Sprintf("w%05dx", h.marks)
	h.owner[w] = owner
	return w
}

// save puts a file under paths, the latest first.
func (h *town) save(share account.Share, paths ...string) vault.Object {
	h.marks++
	o := vault.Object{}
	binary.BigEndian.PutUint32(o.File[:], uint32(h.marks))
	var v id.Version
	copy(v[:], o.File[:])
	for _, p := range paths {
		o.Paths = append(o.Paths, pathname.Path("/"+share.Name+"/"+p))
	}
	o.Contents = []vault.Contained{{Version: v, Key: v, Epoch: id.Epoch(v), Equal: [32]byte(slices.Concat(v[:], make([]byte, 32-len(v)))), Size: 1000, Saved: h.day.Add(time.Minute)}}
	h.objects[share.Name] = append(h.objects[share.Name], o)
	return o
}

// names are schools as people write them: alike but for a letter's shape or width, in parts, as paths, and longer than any file's name.
var names = []string{"第一小学校", "髙橋小学校", "高橋小学校", "ア/ウ..小学校", "..", "カ\u3099ッコウ小学校", "ガッコウ中学校", "城東小学校", "東小学校", strings.Repeat("長い名前の", 30) + "小学校", "CON", "a:b*c?\"<>|小", "\u202e逆小学校", "第２小学校"}

// build draws a town.
func build(r *rapid.T) *town {
	h := &town{objects: make(map[string][]vault.Object), rosters: make(map[string][]byte), lines: make(map[string]account.Register), harm: harmed{files: make(map[id.File]hurt)}, owner: make(map[string]string), day: time.Date(2026, 7, 12, 9, 0, 0, 0, time.UTC)}
	add := func(minute int, e event.Event) {
		e.When = h.day.Add(time.Duration(minute) * time.Minute)
		h.book = append(h.book, exposure.Entry{Recorded: e.When, Event: e})
	}
	add(0, event.Event{Kind: event.Started})
	for i := range rapid.IntRange(1, 2).Draw(r, "shares") {
		h.share(r, account.Share{ID: id.Share{byte(i + 1)}, Name: []string{"albums-2025", "東小学校と城東小学校"}[i]})
	}
	for _, list := range h.objects {
		for _, o := range list {
			add(1, event.Event{Kind: event.Saved, Files: []event.File{{Version: o.Contents[0].Version}}})
		}
	}
	for m := 1; m <= 60; m++ {
		add(m, event.Event{Kind: event.Heartbeat})
		if m != 30 {
			continue
		}
		for _, sh := range h.shares {
			for _, o := range h.objects[sh.Name] {
				if rapid.IntRange(0, 3).Draw(r, "read") > 0 {
					add(m, event.Event{Kind: event.Released, Session: id.Session{7}, Share: sh.ID, Purpose: account.Open, Until: h.day.Add(35 * time.Minute), Files: []event.File{{Version: o.Contents[0].Version}}})
				}
				if rapid.IntRange(0, 5).Draw(r, "hurt") == 0 {
					h.harm.files[o.File] = hurt{what: []vault.Hurt{vault.Encrypted}, when: h.day.Add(30 * time.Minute), size: 1000, altered: true, intact: true}
				}
			}
		}
	}
	for i := range h.book {
		h.book[i].Index = int64(i)
	}
	return h
}

// share draws one share with its schools.
func (h *town) share(r *rapid.T, sh account.Share) {
	h.shares = append(h.shares, sh)
	var book roster.Book
	line := account.Register{Client: rapid.SampledFrom([]string{"", "写真館"}).Draw(r, "client"), Contact: rapid.SampledFrom([]string{"", "館長"}).Draw(r, "contact")}
	list := rapid.SliceOfNDistinct(rapid.SampledFrom(names), 2, 4, roster.SchoolKey).Draw(r, "schools")
	h.schools = append(h.schools, list...)
	for i, name := range list {
		folder := strings.Map(func(c rune) rune {
			if c == '/' {
				return '_'
			}
			return c
		}, name)
		owner := sh.Name + "/" + roster.SchoolKey(name)
		tells := folder == name // else no rule finds the school in a path: it is nobody's alone
		if !tells {
			owner = ""
		}
		if i != 1 || len(list) < 3 { // one of them has nobody in the roster
			for n := 1; n <= 2+i; n++ {
				p := roster.Person{School: name, Year: "2026", Class: "3-1", Number: fmt.Sprint(n), Name: h.word(sh.Name + "/" + roster.SchoolKey(name)), Kind: roster.Pupil}
				book.Roster.People = append(book.Roster.People, p)
				h.save(sh, fmt.Sprintf("%s/3-1/%d_%s.jpg", folder, n, h.word(owner)))
			}
		}
		h.save(sh, fmt.Sprintf("%s/3-1/99_%s.jpg", folder, h.word(owner))) // nobody in the roster
		h.save(sh, fmt.Sprintf("%s/layout/%s.psd", folder, h.word(owner))) // shows nobody, and is the school's
		moved := h.word("")
		h.save(sh, "無題/"+moved+".jpg", fmt.Sprintf("%s/3-1/1_%s.jpg", folder, h.word(owner)))
		h.save(sh, fmt.Sprintf("%s/3-1/1_%s.jpg", strings.ReplaceAll(list[0], "/", "_"), h.word("")), fmt.Sprintf("%s/3-1/1_%s.jpg", strings.ReplaceAll(list[len(list)-1], "/", "_"), h.word("")))
		if l := (account.SchoolLine{School: name, Contact: h.word(sh.Name + "/" + roster.SchoolKey(name))}); i == 1 || rapid.Bool().Draw(r, "line") {
			line.Schools = append(line.Schools, l)
		}
	}
	h.save(sh, "1_"+h.word("")+".jpg")           // somebody's, of any school
	h.save(sh, h.word("")+".txt")                // nobody knows whose
	h.save(sh, "台紙/"+h.word("")+".jpg")          // nobody's
	h.save(sh, "知らない小/3-1/1_"+h.word("")+".jpg") // of a school that nobody knows
	h.save(sh, ":roster")
	book.Rules, _ = roster.ParseRules("台紙/** -> nobody\n{school}/layout/** -> nobody\n{number}_*.jpg -> person\n{school}/{class}/{number}_*.jpg -> person\n")
	b, err := roster.EncodeBook(&book)
	if err != nil {
		r.Fatal(err)
	}
	h.rosters[sh.Name], h.lines[sh.Name] = b, line
}

// packs gathers what each client is told, and packs it.
func (h *town) packs(r *rapid.T, l lang.Lang) (*paper.Facts, map[string][]byte) {
	d := &Desk{House: h}
	persons, err := d.rosters(context.Background(), account.Session{}, h.shares, nil, nil)
	if err != nil {
		r.Fatal(err)
	}
	f := &Findings{Persons: persons, source: newSource(d, h.shares), harmed: &h.harm}
	facts := &paper.Facts{At: h.day, Firm: paper.Firm{Name: "あおば印刷"}, Answers: map[string]paper.Answer{"cause": {Text: strings.Join(h.schools, "、")}}}
	err = f.source.on(context.Background(), account.Session{}, func() (err error) {
		for _, sh := range h.shares {
			f.Shares = append(f.Shares, ShareFindings{Name: sh.Name, Register: h.lines[sh.Name]})
		}
		f.answer, err = exposure.Ask(exposure.Question{Parties: []exposure.Party{{Kind: exposure.Session, Session: id.Session{7}, From: h.day.Add(20 * time.Minute), To: h.day.Add(40 * time.Minute)}},
			Files: f.source.files, Damage: h.harm.of, Persons: persons, Ledger: exposure.Ledger{Entries: func(yield func(exposure.Entry, error) bool) {
				for _, e := range h.book {
					if !yield(e, nil) {
						return
					}
				}
			}, Verified: int64(len(h.book)), Read: h.day.Add(time.Hour)}})
		if err != nil {
			return err
		}
		return f.clients(facts)
	})
	if err != nil {
		r.Fatal(err)
	}
	var w bytes.Buffer
	if err := paper.Batch(context.Background(), &w, facts, l); err != nil {
		r.Fatal(err)
	}
	return facts, unpack(r, w.Bytes())
}

// unpack returns the files in a ZIP; of those that are ZIPs themselves all that is in them, behind each other.
func unpack(r *rapid.T, b []byte) map[string][]byte {
	z, err := zip.NewReader(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		r.Fatal(err)
	}
	out := make(map[string][]byte)
	for _, f := range z.File {
		in, err := f.Open()
		if err != nil {
			r.Fatal(err)
		}
		content, err := io.ReadAll(in)
		if err != nil {
			r.Fatal(err)
		}
		if strings.HasSuffix(f.Name, "x") {
			parts := unpack(r, content)
			content = nil
			for _, name := range slices.Sorted(maps.Keys(parts)) {
				content = append(append(content, parts[name]...), '\n')
			}
		}
		if _, twice := out[f.Name]; twice {
			r.Fatalf("two files are called %q", f.Name)
		}
		out[f.Name] = content
	}
	return out
}

var (
	marked   = regexp.MustCompile(`w\d{5}x`)
	goodName = regexp.MustCompile(`^(\d{4}_[^/\\:*?"<>|.\x00-\x1f][^/\\:*?"<>|\x00-\x1f]*/)?[^/\\:*?"<>|\x00-\x1f]+$`)
)

// TestSchoolsAreApart: whatever a share holds of however many schools, no file of a school's pack, and none of its name, has a person, a path or a
// contact of another; every school has what is its own, and what is of no one school is on the house's list alone.
func TestSchoolsAreApart(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		h := build(r)
		facts, packs := h.packs(r, rapid.SampledFrom([]lang.Lang{lang.Japanese, lang.English}).Draw(r, "language"))
		folders := make(map[string]string) // to whose they are
		for i, c := range facts.Clients {
			if c.School == "" || len(c.Shares) != 1 {
				r.Fatalf("%s is no school: %+v", c.Key, c.Shares)
			}
			for name := range packs {
				if strings.HasPrefix(name, fmt.Sprintf("%04d_", i+1)) {
					folder, _, _ := strings.Cut(name, "/")
					folders[folder] = c.Shares[0].Name + "/" + roster.SchoolKey(c.School)
				}
			}
		}
		if len(folders) != len(facts.Clients) {
			r.Errorf("%d folders for %d schools: %q", len(folders), len(facts.Clients), folders)
		}
		seen := make(map[string]bool)
		for name, content := range packs {
			if !goodName.MatchString(name) || len(name) > 250 {
				r.Errorf("a file is called %q", name)
			}
			folder, _, inside := strings.Cut(name, "/")
			for _, w := range marked.FindAllString(name+string(content), -1) {
				if inside && h.owner[w] != folders[folder] {
					r.Errorf("%s of %q has %s of %q", name, folders[folder], w, h.owner[w])
				}
				seen[w] = seen[w] || inside
			}
			for _, other := range []string{"第一小学校", "髙橋小学校", "高橋小学校", "ガッコウ中学校", "城東小学校", "第２小学校"} { // of which no other school's name is made
				if inside && slices.Contains(h.schools, other) && !strings.HasSuffix(folders[folder], "/"+roster.SchoolKey(other)) && strings.Contains(name+string(content), other) {
					r.Errorf("%s of %q names %s", name, folders[folder], other)
				}
			}
		}
		h.complete(r, facts, seen)
	})
}

// complete finds what counts with its own school, and the numbers of the others as they were drawn.
func (h *town) complete(r *rapid.T, facts *paper.Facts, seen map[string]bool) {
	loose := ""
	if facts.Loose != nil {
		for f := range facts.Loose {
			loose += f.Path
		}
	}
	read := make(map[id.Version]bool)
	for _, e := range h.book {
		if e.Event.Kind == event.Released {
			read[e.Event.Files[0].Version] = true
		}
	}
	for _, sh := range h.shares {
		any := int64(0) // files that may be anybody's
		own, layouts := make(map[string]int64), make(map[string]int64)
		for _, o := range h.objects[sh.Name] {
			if !read[o.Contents[0].Version] {
				continue
			}
			owner, told := "", false
			for _, p := range o.Paths {
				for _, w := range marked.FindAllString(string(p), -1) {
					told = told || seen[w]
					owner = max(owner, h.owner[w])
				}
			}
			if strings.Contains(string(o.Paths[0]), "/layout/") {
				layouts[owner]++
			}
			if own[owner]++; told != (owner != "") || !told && !strings.Contains(loose, string(o.Paths[0])) {
				r.Errorf("%q of %q: on the list of its school: %v", o.Paths, owner, told)
			}
			if len(o.Paths) == 1 && owner == "" && !strings.Contains(string(o.Paths[0]), "台紙") && !strings.HasSuffix(string(o.Paths[0]), rosterFile) {
				any++
			}
		}
		for _, c := range facts.Clients {
			if c.Shares[0].Name != sh.Name {
				continue
			}
			if n := c.Exposure.Files.Confirmed; n != own[sh.Name+"/"+roster.SchoolKey(c.School)] {
				r.Errorf("%s is told of %d files, and has %d", c.Key, n, own[sh.Name+"/"+roster.SchoolKey(c.School)])
			}
			if n := c.Exposure.FilesNobody; n != layouts[sh.Name+"/"+roster.SchoolKey(c.School)] {
				r.Errorf("%s is told of %d files that show nobody", c.Key, n)
			}
			if c.Exposure.Shared.Confirmed < min(any, 1) {
				r.Errorf("%s is not told that %d files may be its own", c.Key, any)
			}
		}
	}
}
