package document

import (
	"fmt"
	"strings"
)

// Name spaces and parts of a DOCX that are the same in each.
const (
	wordSpace = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
	relSpace  = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
	relsSpace = "http://schemas.openxmlformats.org/package/2006/relationships"

	typeSpace = "http://schemas.openxmlformats.org/package/2006/content-types"
	wordType  = `.xml" ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.`
	docxTypes = `<Types xmlns="` + typeSpace + `"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/>` +
		`<Override PartName="/word/document` + wordType + `document.main+xml"/><Override PartName="/word/styles` + wordType + `styles+xml"/><Override PartName="/word/settings` + wordType + `settings+xml"/>` +
		`<Override PartName="/word/numbering` + wordType + `numbering+xml"/><Override PartName="/word/fontTable` + wordType + `fontTable+xml"/><Override PartName="/word/header1` + wordType + `header+xml"/>` +
		`<Override PartName="/word/footer1` + wordType + `footer+xml"/><Override PartName="/docProps/core.xml" ContentType="application/vnd.openxmlformats-package.core-properties+xml"/></Types>`
	docxRels = `<Relationships xmlns="` + relsSpace + `"><Relationship Id="rId1" Type="` + relSpace + `/styles" Target="styles.xml"/><Relationship Id="rId2" Type="` + relSpace + `/settings" Target="settings.xml"/>` +
		`<Relationship Id="rId3" Type="` + relSpace + `/numbering" Target="numbering.xml"/><Relationship Id="rId4" Type="` + relSpace + `/fontTable" Target="fontTable.xml"/>` +
		`<Relationship Id="rId5" Type="` + relSpace + `/header" Target="header1.xml"/><Relationship Id="rId6" Type="` + relSpace + `/footer" Target="footer1.xml"/></Relationships>`
	docxNumbering = `<w:numbering xmlns:w="` + wordSpace + `"><w:abstractNum w:abstractNumId="0"><w:multiLevelType w:val="singleLevel"/><w:lvl w:ilvl="0"><w:start w:val="1"/><w:numFmt w:val="bullet"/><w:lvlText w:val="・"/><w:lvlJc w:val="left"/>` +
		`<w:pPr><w:ind w:left="240" w:hanging="240"/></w:pPr></w:lvl></w:abstractNum><w:num w:numId="1"><w:abstractNumId w:val="0"/></w:num></w:numbering>`
)

// packageRels says which part of a file is its beginning.
func packageRels(main string) string {
	return `<Relationships xmlns="` + relsSpace + `"><Relationship Id="rId1" Type="` + relSpace + `/officeDocument" Target="` + main + `"/>` +
		`<Relationship Id="rId2" Type="http://schemas.openxmlformats.org/package/2006/relationships/metadata/core-properties" Target="docProps/core.xml"/></Relationships>`
}

// Fonts that Windows and macOS have with Office; machines without them take what docxFonts says.
const (
	mincho = "游明朝"
	gothic = "游ゴシック"
)

// docxFonts says which fonts stand for those of the document where they are missing.
func docxFonts() string {
	var b strings.Builder
	b.WriteString(`<w:fonts xmlns:w="` + wordSpace + `">`)
	for _, f := range [][3]string{{mincho, "Yu Mincho,IPAexMincho,IPAex明朝,MS Mincho", "roman"}, {gothic, "Yu Gothic,IPAexGothic,IPAexゴシック,MS Gothic", "swiss"}} {
		fmt.Fprintf(&b, `<w:font w:name="%s"><w:altName w:val="%s"/><w:charset w:val="80"/><w:family w:val="%s"/><w:pitch w:val="variable"/></w:font>`, f[0], f[1], f[2])
	}
	return b.String() + `</w:fonts>`
}

// docxSettings turns off what Word would do by itself, and has it break lines as strictly as Japanese print does.
const docxSettings = `<w:settings xmlns:w="` + wordSpace + `"><w:zoom w:percent="100"/><w:defaultTabStop w:val="840"/><w:characterSpacingControl w:val="compressPunctuation"/><w:strictFirstAndLastChars/>` +
	`<w:compat><w:doNotExpandShiftReturn/><w:compatSetting w:name="compatibilityMode" w:uri="http://schemas.microsoft.com/office/word" w:val="15"/></w:compat><w:themeFontLang w:val="en-US" w:eastAsia="ja-JP"/></w:settings>`

// styles are those of paragraphs, letters and tables. Lines have heights of their own, because 游明朝 is half as high again as it looks.
func (d *Document) styles() string {
	l := d.look()
	var b strings.Builder
	fonts := func(name string) string {
		return fmt.Sprintf(`<w:rFonts w:ascii="%s" w:hAnsi="%s" w:eastAsia="%s" w:cs="%s"/>`, name, name, name, name)
	}
	size := func(points float64) string {
		half := int(points*2 + 0.5)
		return fmt.Sprintf(`<w:sz w:val="%d"/><w:szCs w:val="%d"/>`, half, half)
	}
	spacing := func(before, after, points float64) string {
		return fmt.Sprintf(`<w:spacing w:before="%d" w:after="%d" w:line="%d" w:lineRule="exact"/>`, twips(before), twips(after), twips(points*l.leading))
	}
	text, title := gothic, spacing(0, 8, l.title)
	if d.Letter {
		text, title = mincho, spacing(l.title, 8, l.title)+`<w:jc w:val="center"/>`
	}
	fmt.Fprintf(&b, `<w:styles xmlns:w="%s"><w:docDefaults><w:rPrDefault><w:rPr>%s%s<w:lang w:val="%s" w:eastAsia="ja-JP"/></w:rPr></w:rPrDefault><w:pPrDefault><w:pPr><w:autoSpaceDE w:val="0"/><w:autoSpaceDN w:val="0"/></w:pPr></w:pPrDefault></w:docDefaults>`, wordSpace, fonts(text), size(l.text), tag(d.Lang))
	para := func(id, name, own, letters string) {
		first := ""
		if id == "Normal" {
			first = ` w:default="1"`
		}
		based := `<w:basedOn w:val="Normal"/>`
		if first != "" {
			based = ""
		}
		fmt.Fprintf(&b, `<w:style w:type="paragraph"%s w:styleId="%s"><w:name w:val="%s"/>%s<w:qFormat/><w:pPr>%s</w:pPr><w:rPr>%s</w:rPr></w:style>`, first, id, name, based, own, letters)
	}
	const rule = `<w:pBdr><w:bottom w:val="single" w:sz="6" w:space="1" w:color="787878"/></w:pBdr>`
	para("Normal", "Normal", `<w:kinsoku/><w:overflowPunct/>`+spacing(0, 0, l.text), "")
	para("Title", "Title", title, fonts(gothic)+`<w:b/>`+size(l.title))
	para("Heading1", "heading 1", `<w:keepNext/>`+rule+spacing(8, 5, l.head)+`<w:outlineLvl w:val="0"/>`, fonts(gothic)+`<w:b/>`+size(l.head))
	para("Heading2", "heading 2", `<w:keepNext/>`+spacing(5, 2, l.part)+`<w:outlineLvl w:val="1"/>`, fonts(gothic)+`<w:b/>`+size(l.part))
	para("BodyText", "Body Text", spacing(0, 4, l.text)+`<w:jc w:val="both"/>`, "")
	para("ListBullet", "List Bullet", `<w:numPr><w:numId w:val="1"/></w:numPr>`+spacing(0, 1, l.text)+`<w:ind w:left="240" w:hanging="240"/>`, "")
	tight := func(points float64) string {
		return fmt.Sprintf(`<w:spacing w:before="0" w:after="0" w:line="%d" w:lineRule="exact"/>`, twips(points*l.tight))
	}
	para("Cell", "Cell", tight(l.cell), size(l.cell))
	para("Pair", "Pair", spacing(0, 0, l.text), "")
	para("Small", "Small", tight(l.small), `<w:color w:val="5A6472"/>`+size(l.small))
	para("Gap", "Gap", `<w:spacing w:before="0" w:after="0" w:line="80" w:lineRule="exact"/>`, `<w:sz w:val="4"/>`)
	frame := ""
	for _, side := range []string{"top", "left", "bottom", "right"} {
		frame += `<w:` + side + ` w:val="single" w:sz="8" w:space="2" w:color="A6261F"/>`
	}
	side := fmt.Sprintf(`<w:ind w:left="%d" w:right="%d"/>`, d.inner()/4, d.inner()/4)
	para("Draft", "Draft", `<w:pBdr>`+frame+`</w:pBdr>`+spacing(0, 0, l.text)+side+`<w:jc w:val="center"/>`, fonts(gothic)+`<w:color w:val="A6261F"/>`)
	para("Footer", "footer", fmt.Sprintf(`<w:tabs><w:tab w:val="right" w:pos="%d"/></w:tabs>`, d.inner())+spacing(0, 0, l.small), `<w:color w:val="5A6472"/>`+size(l.small))
	for _, t := range [][2]string{{"Good", `<w:color w:val="146C3A"/>`}, {"Bad", `<w:color w:val="A6261F"/>`}, {"Large", size(l.head)}, {"Quiet", `<w:color w:val="5A6472"/>`},
		{"Blank", `<w:color w:val="505050"/><w:shd w:val="clear" w:color="auto" w:fill="E1E1E1"/>`}} {
		fmt.Fprintf(&b, `<w:style w:type="character" w:styleId="%s"><w:name w:val="%s"/><w:qFormat/><w:rPr>%s</w:rPr></w:style>`, t[0], t[0], t[1])
	}
	d.tableStyles(&b)
	return b.String() + `</w:styles>`
}

// tableStyles are a form with all its lines, a list with lines between its rows, and pairs without any.
func (d *Document) tableStyles(b *strings.Builder) {
	line := func(side string, size int, color string) string {
		return fmt.Sprintf(`<w:%s w:val="single" w:sz="%d" w:space="0" w:color="%s"/>`, side, size, color)
	}
	all := ""
	for _, side := range []string{"top", "left", "bottom", "right", "insideH", "insideV"} {
		all += line(side, 4, "5A5A5A")
	}
	head := `<w:tblStylePr w:type="firstRow"><w:tcPr><w:tcBorders>` + line("bottom", 8, "3C3C3C") + `</w:tcBorders></w:tcPr></w:tblStylePr>`
	for _, s := range []struct {
		id, borders, more string
		pad, high         int
	}{
		{"Form", all, "", 100, 60}, {"List", line("bottom", 2, "C8C8C8") + line("insideH", 2, "C8C8C8"), head, 60, 40}, {"Pairs", "", "", 0, 0},
	} {
		fmt.Fprintf(b, `<w:style w:type="table" w:styleId="%s"><w:name w:val="%s"/><w:tblPr><w:tblBorders>%s</w:tblBorders><w:tblCellMar><w:top w:w="%d" w:type="dxa"/><w:left w:w="%d" w:type="dxa"/><w:bottom w:w="%d" w:type="dxa"/><w:right w:w="%d" w:type="dxa"/></w:tblCellMar></w:tblPr>%s</w:style>`,
			s.id, s.id, s.borders, s.high, s.pad, s.high, s.pad, s.more)
	}
}
