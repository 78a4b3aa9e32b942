package main

import (
	"archive/zip"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// The story that the project exists for: an album printer with the data of 200 schools, read and encrypted by somebody with a stolen password of a
// device and somebody's stolen session. Every school is a share with a roster, every pupil has some files, and each class has pictures of all of it.
const (
	storySchools = 200
	storyPupils  = 865  // of each school: 173,000 in all
	storyFiles   = 5000 // of each school: a million
	storyRead    = 4100 // files that were read, in a tenth of the schools
	storyHurt    = 40   // one of so many files was encrypted: 2.5 %
	storyClass   = 35   // pupils
	storyNotes   = 6    // folders of each of those schools got the same note
	packsLimit   = 60   // s, from the question to the packs of all schools
)

// story is what was done, as the one who did it knows it.
type story struct {
	b       *bench
	dir     string
	v       *vault
	s       *server
	root    target  // of all shares
	stolen  *person // whose session is used by somebody else
	schools int
	read    map[string]bool // persons whose files were read, by school and number
	files   int
	notes   int
}

// runStory replays the story, compares what the records say with what was done, and measures how long the answer takes.
func runStory(ctx context.Context, b *bench, r *Result) (err error) {
	st := &story{b: b, dir: filepath.Join(b.run(), "story"), schools: b.count(storySchools), read: make(map[string]bool)}
	if err := os.MkdirAll(st.dir, 0o755); err != nil {
		return err
	}
	defer os.RemoveAll(st.dir)
	if st.v, err = b.newVault(ctx, filepath.Join(st.dir, "data")); err != nil {
		return err
	}
	st.v.env = []string{"AZEKURA_GUARD=watch"}   // on, it would have stopped that after a few files
	if st.s, err = st.v.serve(ctx); err != nil { // commands that open the vault themselves take a moment each
		return err
	}
	defer func() {
		if e := st.s.stop(); err == nil {
			err = e
		}
	}()
	if err := st.furnish(ctx); err != nil {
		return err
	}
	st.root = st.s.target
	st.root.url = st.root.url[:strings.LastIndex(st.root.url, "/dav/")+5]
	if err := st.arrive(ctx); err != nil {
		return err
	}
	since := time.Now()
	if err := st.intrude(ctx); err != nil {
		return err
	}
	return st.answer(ctx, r, since)
}

// arrive lets somebody come in who may read in the schools that are read later.
func (st *story) arrive(ctx context.Context) error {
	all, err := st.v.people(ctx, 1)
	if err != nil {
		return err
	}
	st.stolen = all[0]
	st.stolen.root = st.root.url[:strings.LastIndex(st.root.url, "/dav/")]
	for i := range st.few() {
		if _, err := quiet(st.v.command(ctx, "account", "grant", st.stolen.name, school(i), "read")); err != nil {
			return err
		}
	}
	return st.stolen.accept(ctx)
}

// few is in how many schools files are read.
func (st *story) few() int { return max(1, st.schools/10) }

func school(i int) string { return fmt.Sprintf("school-%03d", i) }

// furnish makes the shares with their lines in the register, rosters and files.
func (st *story) furnish(ctx context.Context) (err error) {
	tree, err := st.b.corpus(ctx, "story", st.schools*storyFiles, func() ([]job, error) { return st.jobs(), nil })
	if err != nil {
		return err
	}
	list, rules := filepath.Join(st.dir, "list.csv"), filepath.Join(st.dir, "rules.txt")
	if err := os.WriteFile(rules, []byte("{class}/{number}_*.txt -> person\n{class}/* -> class\n"), 0o600); err != nil {
		return err
	}
	for i := range st.schools {
		name := school(i)
		if i%20 == 0 {
			st.b.say("story: %d of %d schools are furnished", i, st.schools)
		}
		if err := os.WriteFile(list, roll(name), 0o600); err != nil {
			return err
		}
		for _, args := range [][]string{
			{"share", "add", name},
			{"register", "set", name, "--client", "Client of " + name, "--public", "--kinds", "names,photographs", "--subjects", "pupils"},
			{"roster", "import", name, list}, {"roster", "links", name, rules},
			{"import", "--json", filepath.Join(tree, name), name},
		} {
			if _, err := quiet(st.v.command(ctx, args...)); err != nil {
				return err
			}
		}
		if _, err := quiet(st.v.command(ctx, "account", "grant", st.v.Account, name, "write")); err != nil {
			return err
		}
	}
	return nil
}

// roll is the list of a school's pupils.
func roll(name string) []byte {
	var b strings.Builder
	b.WriteString("school,year,class,number,name\n")
	for p := range storyPupils {
		fmt.Fprintf(&b, "%s,2026,%s,%d,pupil %d of %s\n", name, classOf(p), p%storyClass+1, p, name)
	}
	return []byte(b.String())
}

func classOf(pupil int) string {
	return fmt.Sprintf("%d-%d", pupil/storyClass/5+1, pupil/storyClass%5+1)
}

// fileOf is the n-th file of a school: of one pupil each, and of every fiftieth the whole class.
func fileOf(n int) (path string, pupil int, group bool) {
	pupil = n % storyPupils
	if n%50 == 49 {
		return fmt.Sprintf("%s/all-%d.txt", classOf(pupil), n), pupil, true
	}
	return fmt.Sprintf("%s/%d_%d.txt", classOf(pupil), pupil%storyClass+1, n), pupil, false
}

func (st *story) jobs() (out []job) {
	for i := range st.schools {
		for n := range storyFiles {
			path, _, _ := fileOf(n)
			out = append(out, job{school(i) + "/" + path, func(r *rand.Rand) ([]byte, error) {
				return fmt.Appendf(nil, "a small picture %d of %s %d\n", n, school(i), r.Uint64()), nil
			}})
		}
	}
	return out
}

// intrude reads files of a tenth of the schools, half of them with the stolen session, leaves notes there, and writes something else over one of
// forty files of all.
func (st *story) intrude(ctx context.Context) error {
	type act struct {
		path  string
		write bool
	}
	var acts []act
	few := st.few()
	for k := range st.b.count(storyRead) {
		i := k % few
		path, pupil, group := fileOf(k / few * 3)
		acts = append(acts, act{school(i) + "/" + path, false})
		for p := pupil / storyClass * storyClass; group && p < min(storyPupils, (pupil/storyClass+1)*storyClass); p++ {
			st.read[fmt.Sprint(i, " ", p)] = true
		}
		st.read[fmt.Sprint(i, " ", pupil)] = true
	}
	for i := range st.schools {
		for n := 7; n < storyFiles; n += storyHurt {
			path, _, _ := fileOf(n)
			acts = append(acts, act{school(i) + "/" + path, true})
			st.files++
		}
	}
	for i := range few {
		for class := range storyNotes {
			if err := st.leave(ctx, school(i)+"/"+classOf(class*storyClass)); err != nil {
				return err
			}
		}
	}
	pool := newPool()
	st.b.say("story: %d files are read, %d encrypted, %d notes left", st.b.count(storyRead), st.files, st.notes)
	return parallel(ctx, st.root, 8, len(acts), func(ctx context.Context, d *dav, i int) error {
		if acts[i].write {
			return d.put(ctx, acts[i].path, content{pool, uint64(i), 60})
		}
		if i%2 == 0 {
			_, err := st.stolen.get(ctx, "/v1/files/"+acts[i].path)
			return err
		}
		var n counter
		return d.do(ctx, "GET", acts[i].path, "", nil, &n, 200)
	})
}

// storyPapers are the kinds of papers of a case.
var storyPapers = []string{"ppc-first", "ppc-final", "client", "persons", "mark", "ransom", "public", "plain", "board", "faq", "exemption", "schools"}

// papers makes each paper of a case, those to a client for the first school, and returns how many there are.
func (st *story) papers(ctx context.Context, id string) (n int, err error) {
	for _, language := range []string{"ja", "en"} {
		for _, kind := range storyPapers {
			name := filepath.Join(st.dir, kind+"-"+language+".pdf")
			args := []string{"case", "paper", id, kind, name, "--lang", language}
			if kind == "client" || kind == "persons" {
				args = append(args, "--client", "Client of "+school(0))
			}
			if _, err := quiet(st.v.command(ctx, args...)); err != nil {
				return n, err
			}
			if i, err := os.Stat(name); err != nil || i.Size() < 1000 {
				return n, fmt.Errorf("%s is no paper: %v", name, err)
			}
			n++
		}
	}
	return n, nil
}

// leave puts a note into a folder.
func (st *story) leave(ctx context.Context, dir string) error {
	d, err := newDAV(st.root)
	if err != nil {
		return err
	}
	defer d.close()
	const text = "YOUR FILES ARE ENCRYPTED. Write to us within three days, or they are published. Do not rename them, do not call anybody.\n"
	st.notes++
	return d.send(ctx, dir+"/READ_ME.txt", &payload{int64(len(text)), func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(text)), nil }})
}

// answer asks as the privacy officer does.
func (st *story) answer(ctx context.Context, r *Result, since time.Time) error {
	var me struct{ Session struct{ ID string } }
	if err := st.stolen.call(ctx, "GET", "/v1/me", nil, &me); err != nil {
		return err
	}
	out, err := quiet(st.v.command(ctx, "case", "open", "--party", st.v.Account, "--party", me.Session.ID, "--from", since.Format(time.RFC3339Nano), "--reason", "a strange note", "--json"))
	if err != nil {
		return err
	}
	var c struct{ ID string }
	if err := json.Unmarshal(out, &c); err != nil {
		return err
	}
	start, spent := time.Now(), treeCPU(st.s.pid())
	if out, err = quiet(st.v.command(ctx, "case", "findings", c.ID, "--json")); err != nil {
		return err
	}
	found := time.Since(start)
	var f struct {
		Exposure struct {
			Persons struct {
				Persons struct{ Confirmed, Possible int }
			}
			Files struct {
				Files struct{ Confirmed, Possible int }
			}
			Gaps []struct{ Hits bool }
		}
		Damage struct {
			Files, Intact int
			OfFiles       int `json:"of_files"`
			Notes         []struct{ Files int }
		}
	}
	if err := json.Unmarshal(out, &f); err != nil {
		return err
	}
	packs := filepath.Join(st.dir, "packs.zip")
	if _, err := quiet(st.v.command(ctx, "case", "packs", c.ID, packs, "--lang", "ja")); err != nil {
		return err
	}
	all := time.Since(start)
	spent = treeCPU(st.s.pid()) - spent
	papers, err := st.papers(ctx, c.ID)
	if err != nil {
		return err
	}
	z, err := zip.OpenReader(packs)
	if err != nil {
		return err
	}
	defer z.Close()
	letters, notes := 0, 0
	for _, n := range f.Damage.Notes {
		notes += n.Files
	}
	for _, x := range z.File {
		if strings.HasSuffix(x.Name, ".docx") {
			letters++
		}
	}
	peak, _ := treeMemory(st.s.pid())
	read := st.b.count(storyRead)
	st.b.say("story: findings in %.1f s, packs of %d schools in %.1f s, %.1f s of the processor, %d MiB", found.Seconds(), letters, all.Seconds(), spent, int(peak))
	r.value("findings", "s", fmt.Sprintf("of %d files and %d persons", st.schools*storyFiles, st.schools*storyPupils), found.Seconds())
	r.value("from the question to the packs of all schools", "s", fmt.Sprintf("%d letters with their lists", letters), all.Seconds())
	r.value("processor time of the server for both", "s", "", spent)
	r.value("peak memory of the server", "MiB", "", float64(peak))
	p, x := f.Exposure.Persons.Persons, f.Exposure.Files.Files
	r.target(p.Confirmed == len(st.read) && p.Possible == 0, "the persons whose files were read, and no others", "%d confirmed, %d possible; the truth is %d", p.Confirmed, p.Possible, len(st.read))
	r.target(x.Confirmed == read && x.Possible == 0, "the files that were read, and no others", "%d confirmed, %d possible; the truth is %d", x.Confirmed, x.Possible, read)
	r.target(f.Damage.Files == st.files && f.Damage.Intact == st.files, "the files that were encrypted, each with an intact version", "%d, intact %d; the truth is %d", f.Damage.Files, f.Damage.Intact, st.files)
	r.target(notes == st.notes, "the notes that were left", "%d; the truth is %d", notes, st.notes)
	r.target(papers == 2*len(storyPapers), "each paper in both languages", "%d of %d", papers, 2*len(storyPapers))
	r.target(letters == st.schools, "a pack for each school", "%d of %d", letters, st.schools)
	r.target(all.Seconds() <= packsLimit, fmt.Sprintf("packs within %d s", packsLimit), "%s s", digits(all.Seconds()))
	return nil
}
