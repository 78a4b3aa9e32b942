package document

import (
	"archive/zip"
	"encoding/xml"
	"io"
	"strings"
	"time"
)

// archive writes the files of a DOCX or XLSX, in the order in which they come, so that equal documents have equal bytes.
type archive struct {
	zip  *zip.Writer
	made time.Time
}

func newArchive(w io.Writer, made time.Time) *archive {
	return &archive{zip.NewWriter(w), made.UTC().Truncate(2 * time.Second)}
}

// part begins a file.
func (a *archive) part(name string) (io.Writer, error) {
	h := &zip.FileHeader{Name: name, Method: zip.Deflate}
	if a.made.Year() >= 1980 {
		h.Modified = a.made
	}
	return a.zip.CreateHeader(h)
}

// add writes a file of XML, without its first line.
func (a *archive) add(name, text string) error {
	w, err := a.part(name)
	if err == nil {
		_, err = io.WriteString(w, declaration+text)
	}
	return err
}

const declaration = `<?xml version="1.0" encoding="UTF-8" standalone="yes"?>` + "\n"

// core says what a file is called, and when it was made.
func core(title, lang string, made time.Time) string {
	at := made.UTC().Format(time.RFC3339)
	return `<cp:coreProperties xmlns:cp="http://schemas.openxmlformats.org/package/2006/metadata/core-properties" xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:dcterms="http://purl.org/dc/terms/" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">` +
		`<dc:title>` + esc(title) + `</dc:title><dc:creator>Azekura</dc:creator><dc:language>` + lang + `</dc:language><cp:lastModifiedBy>Azekura</cp:lastModifiedBy>` +
		`<dcterms:created xsi:type="dcterms:W3CDTF">` + at + `</dcterms:created><dcterms:modified xsi:type="dcterms:W3CDTF">` + at + `</dcterms:modified></cp:coreProperties>`
}

// esc returns a text as XML. What XML cannot say becomes U+FFFD.
func esc(s string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(s)) // a Builder takes everything
	return b.String()
}

// tag is a language as Office programs name it.
func tag(lang string) string {
	if lang == "ja" {
		return "ja-JP"
	}
	return "en-US"
}
