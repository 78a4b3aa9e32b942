package paper

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"context"
	"fmt"
	"io"
	"runtime"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"github.com/azekura/azekura/internal/document"
	"github.com/azekura/azekura/internal/lang"
)

// Batch writes a ZIP with a folder for each client that is concerned, in it the notice as DOCX and PDF and the lists of persons and files
// as workbooks, and an index of all clients. Letters are printed on as many presses as there are, side by side; without one there are no
// PDFs, and the index says so. It keeps no more than some packs at a time; equal facts have equal bytes. People and Files are gone through
// one after the other, in the order of the clients.
func Batch(ctx context.Context, w io.Writer, f *Facts, l lang.Lang, presses ...*document.Press) error {
	b := &batch{zip: zip.NewWriter(w), f: f, say: say(l), presses: make(chan *document.Press, len(presses)), moved: make(map[int]int), cut: newCutter(f)}
	for _, p := range presses {
		b.presses <- p
	}
	b.zip.RegisterCompressor(zip.Deflate, func(w io.Writer) (io.WriteCloser, error) { return flate.NewWriter(w, flate.BestSpeed) }) // they are compressed already
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	for p := range b.packs(ctx) {
		pack := <-p
		if pack.err != nil {
			return pack.err
		}
		if err := b.write(pack); err != nil {
			return err
		}
		b.moved[pack.client] = pack.moved
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := b.index(); err != nil {
		return err
	}
	return b.zip.Close()
}

type batch struct {
	say
	zip     *zip.Writer
	f       *Facts
	presses chan *document.Press // those that are idle
	schools bool                 // some clients are told of one of their schools each
	moved   map[int]int          // by client, fields over which somebody has written before the records came to say something else
	cut     *cutter
}

// pack is what a client gets.
type pack struct {
	client    int
	moved     int
	facts     *Facts
	folder    string
	docx, pdf []byte
	err       error
}

// packs makes the letters of clients side by side, and yields them in their order. It ends with ctx.
func (b *batch) packs(ctx context.Context) <-chan chan pack {
	out := make(chan chan pack, runtime.GOMAXPROCS(0))
	go func() {
		defer close(out)
		for i := range b.f.Clients {
			if !b.f.Clients[i].concerned() {
				continue
			}
			one := make(chan pack, 1)
			select {
			case out <- one:
			case <-ctx.Done():
				return
			}
			go func() { one <- b.pack(i) }()
		}
	}()
	return out
}

// concerned reports whether a client must be told: something of its data counts, or nobody knows.
func (c *Client) concerned() bool {
	x, d := &c.Exposure, &c.Damage
	return !x.Known || !d.Known || x.Files.sum()+x.Persons.sum()+x.Unknown.sum()+x.Shared.sum()+x.Strange+d.Files+d.Shared > 0
}

// pack makes a client's letter.
func (b *batch) pack(i int) pack {
	p := pack{client: i, facts: b.cut.cut(i), folder: b.folder(i)}
	for _, x := range Fields(ClientNotice, p.facts) {
		if x.Moved(lang.Lang(b.say)) != "" {
			p.moved++
		}
	}
	d := Make(ClientNotice, p.facts, lang.Lang(b.say))
	var w bytes.Buffer
	if p.err = d.DOCX(&w, b.f.At); p.err != nil {
		return p
	}
	p.docx = w.Bytes()
	if cap(b.presses) > 0 {
		press := <-b.presses
		p.pdf, p.err = press.PDF(d, b.f.At)
		b.presses <- press
	}
	return p
}

// folder is what a client's folder is called: a number tells those of one name apart.
func (b *batch) folder(i int) string {
	c := &b.f.Clients[i]
	name := fileName(c.Name)
	if school := fileName(c.School); school != "" && school != name {
		name += "_" + school
	}
	if name == "" {
		name = b.t("委託元未登録", "not registered")
	}
	return fmt.Sprintf("%04d_%s", i+1, name)
}

// fileName is a name as every system takes it for one of a file: composed, without what guides a path or turns letters round, and not too long.
func fileName(name string) string {
	name = strings.Map(func(r rune) rune {
		switch {
		case unicode.Is(unicode.Cf, r):
			return -1
		case unicode.IsControl(r), r == utf8.RuneError, strings.ContainsRune(`\/:*?"<>|`, r), unicode.Is(unicode.Zl, r), unicode.Is(unicode.Zp, r):
			return '_'
		}
		return r
	}, norm.NFC.String(name))
	if r := []rune(name); len(r) > 40 {
		name = string(r[:40])
	}
	for len(name) > 120 { // with a client and a school a folder has 255 bytes at most
		_, size := utf8.DecodeLastRuneInString(name)
		name = name[:len(name)-size]
	}
	return strings.Trim(name, ". ")
}

// write adds a client's folder.
func (b *batch) write(p pack) error {
	notice := p.folder + "/" + b.t("通知書", "notice")
	if err := b.file(notice+".docx", p.docx); err != nil {
		return err
	}
	if p.pdf != nil {
		if err := b.file(notice+".pdf", p.pdf); err != nil {
			return err
		}
	}
	if err := b.sheet(p.folder+"/"+b.t("対象者一覧", "persons")+".xlsx", PeopleSheet(p.facts, lang.Lang(b.say))); err != nil {
		return err
	}
	return b.sheet(p.folder+"/"+b.t("対象ファイル一覧", "files")+".xlsx", FileSheet(p.facts, lang.Lang(b.say)))
}

func (b *batch) part(name string) (io.Writer, error) {
	return b.zip.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Deflate, Modified: b.f.At.UTC()})
}

func (b *batch) file(name string, content []byte) error {
	w, err := b.part(name)
	if err == nil {
		_, err = w.Write(content)
	}
	return err
}

func (b *batch) sheet(name string, s document.Sheet) error {
	w, err := b.part(name)
	if err != nil {
		return err
	}
	return s.XLSX(w, b.f.At)
}

// index lists all clients: what they get, and who gets nothing and why.
func (b *batch) index() error {
	columns := []document.Column{
		{Title: b.t("番号", "no."), Width: 0.8, Right: true}, {Title: b.t("委託元", "client"), Width: 4}, {Title: b.t("連絡先", "contact"), Width: 3}, {Title: b.t("確認（人）", "confirmed (persons)"), Width: 1.6, Right: true},
		{Title: b.t("可能性（人）", "possible (persons)"), Width: 1.6, Right: true}, {Title: b.t("暗号化（人）", "encrypted (persons)"), Width: 1.6, Right: true}, {Title: b.t("フォルダー", "folder"), Width: 4},
		{Title: b.t("送付日", "sent on"), Width: 1.4}, {Title: b.t("受領確認", "received"), Width: 1.4},
	}
	if b.schools = slices.ContainsFunc(b.f.Clients, func(c Client) bool { return c.School != "" }); b.schools {
		columns = slices.Insert(columns, 2, document.Column{Title: b.t("学校", "school"), Width: 3})
	}
	title := b.t("通知書一式の索引（事案 %s）", "Index of the notices (case %s)", b.f.Case.Number)
	name := b.t("索引", "index")
	if err := b.sheet(name+".xlsx", document.Sheet{Lang: lang.Lang(b.say).String(), Title: title, Columns: columns, Rows: b.indexRows}); err != nil {
		return err
	}
	t := document.Table{Columns: columns}
	for row := range b.indexRows {
		t.Rows = append(t.Rows, row)
	}
	d := &document.Document{Lang: lang.Lang(b.say).String(), Title: title, Landscape: true, Footer: b.f.Firm.Name, Blocks: []document.Block{
		document.Paragraph{Text: b.t("%s 時点。各フォルダーに、通知書（Word・PDF）、対象者一覧、対象ファイル一覧（Excel）があります。一覧は個人データです。取扱いにご注意ください。", "As of %s. Each folder has the notice (Word, PDF) and lists of persons and files (Excel). The lists are personal data: handle them with care.", b.moment(b.f.At))}}}
	if cap(b.presses) == 0 {
		d.Blocks = append(d.Blocks, document.Paragraph{Tone: document.Bad, Text: b.t("この機器に日本語の書体（TrueType）がないため、PDFはありません。", "This machine has no font with Japanese letters (TrueType): there are no PDFs.")})
	}
	if b.f.Loose != nil {
		list := b.t("学校を特定できないファイル（社内用）", "files of no one school (for the house)") + ".xlsx"
		if err := b.sheet(list, LooseSheet(b.f, lang.Lang(b.say))); err != nil {
			return err
		}
		d.Blocks = append(d.Blocks, document.Paragraph{Text: b.t("「%s」は、複数の学校の保管庫にあって、一つの学校のものと特定できないファイルの一覧です。他校の情報を含むため、委託元には渡さないでください。各校の通知書には件数だけを載せています。",
			"“%s” lists the files of stores with several schools that could not be attributed to one. It tells of all of them: give it to no client. Their notices have no more than the number.", list)})
	}
	d.Blocks = append(d.Blocks, t)
	html, err := d.HTML()
	if err != nil {
		return err
	}
	return b.file(name+".html", html)
}

func (b *batch) indexRows(yield func([]document.Cell) bool) {
	for i := range b.f.Clients {
		c := &b.f.Clients[i]
		folder := document.Cell{Text: b.folder(i)}
		if !c.concerned() {
			folder = document.Cell{Text: b.t("なし（記録上、該当するファイルが数えられていません。人が確認してください。）", "none (by the records no file of theirs counts; a person should check)")}
		}
		row := []document.Cell{{Text: b.n(int64(i + 1))}, {Text: b.or(c.Name, "委託元未登録", "client not registered")}}
		if b.schools {
			row = append(row, document.Cell{Text: b.place(c.School, c.Name, true)})
		}
		row = append(row, document.Cell{Text: b.or(c.Contact, "連絡先", "contact")})
		for _, k := range classes {
			text := b.persons(&c.Exposure, k.class)
			if c.Exposure.Known && c.Exposure.Unknown.of(k.class) == 0 {
				text = b.n(c.Exposure.Persons.of(k.class))
			}
			row = append(row, document.Cell{Text: text})
		}
		if n := b.moved[i]; n > 0 {
			folder.Small = b.t("送付前に確認：書き換えた後に記録が変わった項目 %d", "check before sending: the records have changed since %d fields were written over", n)
		}
		if !yield(append(row, folder, document.Cell{}, document.Cell{})) {
			return
		}
	}
}
