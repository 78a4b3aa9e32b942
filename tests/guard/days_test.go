package guard

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"path"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/encoding/unicode"
)

// days are kinds of work; held is what of it waits for a day or for a person, because it cannot be told from an attack: docs/guard.md says so.
var workdays = []struct {
	name string
	do   func(d *desk)
	held int
}{
	{"a camera's card", func(d *desk) { d.class("2026/3B", 1000, 0) }, 0},
	{"high resolution in the place of proofs", func(d *desk) {
		for i, name := range d.class("2026/3B", 100, 2000) {
			d.byTemp(name, shots()(d.t, 2000+i, 95, 400))
		}
	}, 0},
	{"a class is photographed again", func(d *desk) {
		for i, name := range d.class("2026/3B", 200, 3000) {
			d.byZero(name, shots()(d.t, 4000+i, 80+i%15, 90+i%60))
		}
	}, 0},
	{"tags on a thousand photographs", func(d *desk) {
		for i := range 1000 {
			d.make(fmt.Sprintf("3B/DSC_%04d.JPG", i), shot(d.t, 5000+i))
		}
		d.sync(nil)
		d.run("exiftool", "-q", "-overwrite_original", "-Keywords=3年B組", "-Artist=花子", "-XPTitle=卒業アルバム", "3B")
		d.sync(d.byTemp)
	}, 0},
	{"rotate and crop", func(d *desk) {
		for i := range 200 {
			d.make(fmt.Sprintf("3B/DSC_%04d.JPG", i), shot(d.t, 7000+i))
		}
		d.sync(nil)
		d.run("mogrify", "-rotate", "90", "3B/*.JPG")
		d.sync(d.byTemp)
		d.run("mogrify", "-gravity", "center", "-crop", "90%x90%+0+0", "+repage", "-quality", "88", "3B/*.JPG")
		d.sync(d.byBak)
		d.run("mogrify", "-colorspace", "Gray", "3B/*.JPG")
		d.sync(d.byZero)
	}, 0},
	{"HEIC to JPEG, and the originals go", func(d *desk) {
		for i := range 24 {
			d.make(fmt.Sprintf("a/%02d.jpg", i), shots()(d.t, 8000+i, 92, 256))
			d.run("heif-enc", "-q", "60", "-o", fmt.Sprintf("IMG_%02d.HEIC", i), fmt.Sprintf("a/%02d.jpg", i))
		}
		if err := os.RemoveAll(filepath.Join(d.dir, "a")); err != nil {
			d.t.Fatal(err)
		}
		d.sync(nil)
		for _, name := range d.names("*.HEIC") {
			to := strings.TrimSuffix(name, ".HEIC") + ".jpg"
			d.run("heif-convert", "-q", "90", name, to)
			d.write(to, d.local(to))
			d.remove(name)
		}
	}, 0},
	{"RAW to JPEG, and the originals go", func(d *desk) {
		for i := range 24 {
			d.make(fmt.Sprintf("DSC_%02d.dng", i), dng(i))
		}
		d.sync(nil)
		for _, name := range d.names("*.dng") {
			stem := strings.TrimSuffix(name, ".dng")
			d.run("dcraw", "-w", name)
			d.run("convert", stem+".ppm", "-quality", "85", stem+".jpg")
			d.write(stem+".jpg", d.local(stem+".jpg"))
			d.remove(name)
		}
	}, 0},
	{"scans into a PDF each, and the scans go", func(d *desk) {
		for i := range 12 {
			d.make(fmt.Sprintf("p%02d.jpg", i), shots()(d.t, 8100+i, 92, 200))
			d.run("convert", fmt.Sprintf("p%02d.jpg", i), "-compress", "lzw", fmt.Sprintf("scan%02d.tif", i))
			os.Remove(filepath.Join(d.dir, fmt.Sprintf("p%02d.jpg", i)))
		}
		d.sync(nil)
		for _, name := range d.names("*.tif") {
			to := strings.TrimSuffix(name, ".tif") + ".pdf"
			d.run("convert", name, "scan.jpg")
			d.run("gs", "-q", "-dNOSAFER", "-sDEVICE=pdfwrite", "-o", to, "viewjpeg.ps", "-c", "(scan.jpg) viewJPEG showpage")
			d.write(to, d.local(to))
			d.remove(name)
		}
	}, 0},
	{"LibreOffice", libreOffice, 0},
	{"an owner's passwords", func(d *desk) {
		d.make("名簿.csv", bytes.Repeat(d.text("名簿", 1), 30))
		d.run("7zz", "a", "-tzip", "-bso0", "名簿.zip", "名簿.csv")
		d.sync(nil)
		os.Remove(filepath.Join(d.dir, "名簿.zip"))
		d.run("7zz", "a", "-tzip", "-psecret", "-bso0", "名簿.zip", "名簿.csv")
		d.sync(d.byTemp)
		pdf := lightPDF(d.t)
		d.make("校正.pdf", pdf)
		d.sync(nil)
		d.run("qpdf", "--encrypt", "secret", "owner", "256", "--", "校正.pdf", "out.pdf")
		d.write("校正.pdf", d.local("out.pdf"))
		d.run("7zz", "a", "-t7z", "-psecret", "-mhe=on", "-bso0", "送付.7z", "名簿.csv")
		d.write("送付.7z", d.local("送付.7z"))
		d.remove("名簿.csv") // and the one that was sent goes
	}, 0},
	{"encrypted containers, saved again and again", func(d *desk) {
		d.make("名簿.csv", d.text("名簿", 1))
		for i := range 20 {
			d.run("openssl", "enc", "-aes-256-cbc", "-pbkdf2", "-iter", "1", "-pass", fmt.Sprintf("pass:%d", i), "-in", "名簿.csv", "-out", "箱.hc")
			d.write("箱.hc", d.local("箱.hc")) // as long as before
			d.byTemp("鍵.kdbx", append([]byte("\x03\xd9\xa2\x9a\x67\xfb\x4b\xb5\x01\x00\x04\x00"), d.local("箱.hc")[16+i%7:]...))
		}
	}, 0},
	{"Photoshop, TIFF, Illustrator, EPS and SVG, saved again and again", drawings, 0},
	{"everything is uploaded once more, with other times", func(d *desk) {
		for i, name := range d.class("2026/3B", 300, 18000) {
			d.write(name, shot(d.t, 18000+i))
			d.byTemp(name, shot(d.t, 18000+i))
		}
	}, 0},
	{"archived with zip, and the originals go", func(d *desk) { d.archive("zip", 1000) }, 0},
	{"archived with tar, and the originals go", func(d *desk) { d.archive("tar", 300) }, 0},
	{"archived with tar and xz, and the originals go", func(d *desk) { d.archive("tar.xz", 300) }, 0},
	{"archived with 7-Zip, and the originals go", func(d *desk) { d.archive("7z", 300) }, 0},
	{"an archive of the folder's Office files, made anew", func(d *desk) {
		for i := range 10 {
			d.make(fmt.Sprintf("原稿/%d.csv", i), d.text("原稿", i))
		}
		for n := range 8 {
			d.make(fmt.Sprintf("原稿/%d.csv", n), d.text("直し", n+50))
			d.run("zip", "-q", "-r", "原稿.zip", "原稿")
			d.sync(d.byTemp)
		}
	}, 0},
	{"a school's year gets new numbers", func(d *desk) {
		for i, name := range d.class("2025/3B", 1000, 9000) {
			d.rename(name, fmt.Sprintf("2026/3A/%03d_佐藤花子.jpg", i))
		}
	}, 0},
	{"git, from branch to branch", gitBranches, 0},
	{"text from encoding to encoding", func(d *desk) {
		for i := range 20 {
			d.write(fmt.Sprintf("連絡%02d.txt", i), d.text("連絡", i))
		}
		for n := range 4 {
			for i := range 20 {
				text := string(d.text("連絡", i)) + strings.Repeat("済\r\n", n)
				b := []byte(text)
				var err error
				switch n {
				case 0:
					b, err = japanese.ShiftJIS.NewEncoder().Bytes(b)
				case 1:
					b, err = unicode.UTF16(unicode.LittleEndian, unicode.UseBOM).NewEncoder().Bytes(b)
				case 2:
					b, err = japanese.EUCJP.NewEncoder().Bytes(b)
				}
				if err != nil {
					d.t.Fatal(err)
				}
				d.byBackup(fmt.Sprintf("連絡%02d.txt", i), b)
			}
		}
	}, 0},
	{"exports every hour, a log, a database", func(d *desk) {
		d.make("make.sql", []byte("create table t (n integer primary key, name text, note text);"))
		d.run("sh", "-c", "sqlite3 orders.sqlite < make.sql")
		log := ""
		for hour := range 48 {
			d.now = d.now.Add(time.Hour)
			d.write("export.csv", d.text("注文", 100+hour))
			d.write("export.json", fmt.Appendf(nil, `{"hour": %d, "orders": [%s1]}`, hour, strings.Repeat("7, ", hour+40)))
			log += fmt.Sprintf("%02d:00 %d files\n", hour%24, hour*31)
			d.write("server.log", []byte(log))
			d.run("sqlite3", "orders.sqlite", fmt.Sprintf("with recursive c(x) as (select 1 union all select x+1 from c limit 200) insert into t (name, note) select hex(randomblob(8)), 'order %d-' || x from c; delete from t where n %% 7 = %d;", hour, hour%7))
			d.write("orders.sqlite", d.local("orders.sqlite"))
		}
	}, 0},
	{"a storm of temporary files", func(d *desk) {
		r := rand.New(rand.NewPCG(1, 2))
		for i := range 1000 {
			b := make([]byte, 2000+r.IntN(9000))
			for k := range b {
				b[k] = byte(r.Uint32())
			}
			name := fmt.Sprintf("2026/%s%04d%s", []string{"~tmp", "psd", "ppt", "."}[i%4], i, []string{".tmp", ".tmp", ".tmp", ".swp"}[i%4])
			d.write(name, b)
			if i%3 == 0 {
				d.rename(name, strings.TrimSuffix(name, path.Ext(name))+".temp")
				name = strings.TrimSuffix(name, path.Ext(name)) + ".temp"
			}
			d.remove(name)
		}
	}, 0},
	{"old versions come back", func(d *desk) {
		names := d.class("2026/3B", 60, 12000)
		old := make(map[string][]byte)
		for i, name := range names {
			old[name] = shot(d.t, 12000+i)
			d.write(name, shot(d.t, 13000+i))
		}
		for _, name := range names {
			d.write(name, old[name])
		}
	}, 0},
	{"a deep folder is copied, and the original goes", func(d *desk) {
		for i, name := range d.class("a/b/c/d/e", 300, 14000) {
			d.write(strings.Replace(name, "a/", "z/", 1), shot(d.t, 14000+i))
		}
		for _, name := range d.names("a/*/*/*/*/*") {
			d.remove(name)
		}
	}, 0},
	{"four files of a day", func(d *desk) {
		for _, name := range d.class("2026/3B", 40, 15000) {
			d.remove(name)
			d.now = d.now.Add(6*time.Hour + time.Minute)
		}
	}, 0},
	// What cannot be told from an attack.
	{"copies go that also stand elsewhere, since long ago", func(d *desk) {
		for i, name := range d.class("2026/3B", 30, 16000) {
			d.write("控え/"+path.Base(name), shot(d.t, 16000+i))
		}
		d.now = d.now.Add(100 * time.Hour)
		for _, name := range d.names("控え/*") {
			d.remove(name)
		}
	}, 26},
}

// archive packs a folder, and removes what is in it.
func (d *desk) archive(how string, n int) {
	names := d.class("2019/3B", n, 20000)
	d.now = d.now.Add(100 * time.Hour)
	var b bytes.Buffer
	switch how {
	case "zip":
		z := zip.NewWriter(&b)
		for i, name := range names {
			w, err := z.CreateHeader(&zip.FileHeader{Name: name, Method: uint16(8 * (i % 2))})
			if err == nil {
				_, err = w.Write(shot(d.t, 20000+i))
			}
			if err != nil {
				d.t.Fatal(err)
			}
		}
		z.Close()
	case "tar", "tar.xz":
		w := tar.NewWriter(&b)
		for i, name := range names {
			content := shot(d.t, 20000+i)
			if err := w.WriteHeader(&tar.Header{Name: name, Mode: 0o600, Size: int64(len(content))}); err != nil {
				d.t.Fatal(err)
			}
			w.Write(content)
		}
		w.Close()
		if how == "tar.xz" {
			d.make("2019.tar", b.Bytes())
			d.run("xz", "-0", "2019.tar")
			b.Reset()
			b.Write(d.local("2019.tar.xz"))
		}
	default:
		for i, name := range names {
			d.make(name, shot(d.t, 20000+i))
		}
		d.run("7zz", "a", "-bso0", "2019.7z", "2019")
		b.Write(d.local("2019.7z"))
	}
	d.write("2019."+how, b.Bytes())
	for _, name := range names {
		d.remove(name)
	}
}

// lightPDF is a small document.
func lightPDF(t *testing.T) []byte {
	for _, name := range corpus(t, ".pdf") {
		if b, err := os.ReadFile(name); err == nil && len(b) < 300_000 {
			return b
		}
	}
	t.Fatal("there is no small document")
	return nil
}

// libreOffice writes documents, and saves them anew as it does after each edit: lock file, temporary file, renamed over; and makes PDF of them.
func libreOffice(d *desk) {
	const files = 6
	for round := range 3 {
		var docs, sheets []string
		for i := range files {
			doc, sheet := fmt.Sprintf("原稿%d.txt", i), fmt.Sprintf("名簿%d.csv", i)
			d.make("src/"+doc, d.text("原稿", 10*round+i))
			d.make("src/"+sheet, []byte(strings.Repeat(fmt.Sprintf("%d,佐藤,花子,3年B組,%d\r\n", i, round), 30+10*round)))
			docs, sheets = append(docs, "src/"+doc), append(sheets, "src/"+sheet)
		}
		soffice := func(to string, files ...string) {
			d.run("soffice", append([]string{"--headless", "--norestore", "--convert-to", to, "--outdir", "out"}, files...)...)
		}
		soffice("docx:MS Word 2007 XML", docs...)
		soffice("odt", docs...)
		soffice("xlsx:Calc MS Excel 2007 XML", sheets...)
		var made []string
		for i := range files {
			made = append(made, fmt.Sprintf("out/原稿%d.docx", i), fmt.Sprintf("out/名簿%d.xlsx", i))
		}
		soffice("pdf", made...)
		out, err := os.ReadDir(filepath.Join(d.dir, "out"))
		if err != nil || len(out) < 5*files {
			d.t.Fatalf("%d documents, %v", len(out), err)
		}
		for _, e := range out {
			name := e.Name()
			d.byTemp(name, d.local("out/"+name))
		}
	}
	for i := range files { // an owner's password on a document, by hand
		if i < 2 {
			name := fmt.Sprintf("原稿%d.pdf", i)
			d.run("qpdf", "--encrypt", "secret", "owner", "256", "--", "out/"+name, "out/closed.pdf")
			d.byTemp(name, d.local("out/closed.pdf"))
		}
	}
}

// drawings are what people who lay out save all day. The programs are not there: others write the same kinds.
func drawings(d *desk) {
	for round := range 4 {
		for i := range 4 {
			d.make("a.jpg", shots()(d.t, 19000+10*round+i, 92, 240))
			psd, tif, ps, ai, eps := fmt.Sprintf("紙面%d.psd", i), fmt.Sprintf("版%d.tif", i), "a.ps", fmt.Sprintf("図%d.ai", i), fmt.Sprintf("図%d.eps", i)
			d.run("convert", "a.jpg", "(", "a.jpg", "-negate", ")", psd)
			d.run("convert", "a.jpg", "-compress", []string{"none", "lzw", "zip", "jpeg"}[round], tif)
			d.make(ps, fmt.Appendf(nil, "%%!PS\n/Helvetica findfont %d scalefont setfont 72 400 moveto (3B %d) show %d %d 90 0 300 arc stroke showpage\n", 20+round, i, 100+round, 200+i))
			d.run("gs", "-q", "-sDEVICE=pdfwrite", "-o", ai, ps)
			d.run("gs", "-q", "-sDEVICE=eps2write", "-o", eps, ps)
			d.byTemp(psd, d.local(psd))
			d.byBackup(tif, d.local(tif))
			d.byTemp(ai, d.local(ai))
			d.byBak(eps, d.local(eps))
			d.byTemp(fmt.Sprintf("図%d.svg", i), fmt.Appendf(nil, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 99 99">%s</svg>`, strings.Repeat(fmt.Sprintf(`<path d="M %d %d c 1 2 3 4 5 6"/>`, i, round), 30+round)))
		}
	}
}

// gitBranches goes from branch to branch of a repository on the drive: objects, index and files.
func gitBranches(d *desk) {
	git := func(args ...string) {
		d.run("git", append([]string{"-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "core.autocrlf=false"}, args...)...)
	}
	git("init", "-q", "-b", "main", ".")
	for branch := range 3 {
		for i := range 80 {
			if (i+branch)%5 == 0 {
				os.Remove(filepath.Join(d.dir, fmt.Sprintf("src/f%02d.css", i)))
				continue
			}
			d.make(fmt.Sprintf("src/f%02d.css", i), []byte(strings.Repeat(fmt.Sprintf(".n%d-%d { color: #%06x; }\n", i, branch, i*777+branch), 20+i%9)))
		}
		for i := range 6 {
			d.make(fmt.Sprintf("src/LICENSE%d", i), fmt.Appendf(nil, "Copyright 20%02d. %s", 20+branch, strings.Repeat("Permission is granted. ", 20)))
			d.make(fmt.Sprintf("src/p%d.jpg", i), shot(d.t, 17000+10*branch+i))
		}
		git("add", "-A")
		git("commit", "-q", "-m", fmt.Sprint(branch))
		git("branch", fmt.Sprintf("b%d", branch))
		d.sync(nil)
	}
	for n := range 6 {
		git("checkout", "-q", fmt.Sprintf("b%d", n%3))
		d.sync(nil)
	}
	git("gc", "-q")
	d.sync(nil)
}

// TestOrdinaryDays plays days of work, with the programs that people have, each by one person in a house of its own: nobody is frozen, and what is held is
// what the list says.
func TestOrdinaryDays(t *testing.T) {
	var mu sync.Mutex
	rewrites, acts := 0, 0
	t.Run("all", func(t *testing.T) {
		for _, w := range workdays {
			t.Run(w.name, func(t *testing.T) {
				t.Parallel()
				d := newDesk(t)
				w.do(d)
				if len(d.holds) > w.held || w.held == 0 && len(d.holds) > 0 {
					for _, why := range d.holds {
						t.Errorf("%d are held, %d may be; such as %s", len(d.holds), w.held, why)
						break
					}
				}
				t.Logf("%d acts, %d rewrites, %d held", d.acts, d.rewrites, len(d.holds))
				mu.Lock()
				defer mu.Unlock()
				rewrites, acts = rewrites+d.rewrites, acts+d.acts
			})
		}
	})
	t.Logf("%d acts, among them %d distinct rewrites", acts, rewrites)
	if rewrites < 3000 {
		t.Errorf("only %d rewrites", rewrites)
	}
}
