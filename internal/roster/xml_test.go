package roster

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
)

// pieces writes what a scanner finds; words that are not ours have no name.
func pieces(text string) (out string, err error) {
	s := scan(strings.NewReader(text))
	for {
		switch err := s.next(); {
		case err == io.EOF:
			return out, nil
		case err != nil:
			return out, err
		case s.kind == startsElement:
			out += "<" + s.name
			for _, a := range s.attrs {
				out += fmt.Sprintf(" %s=%q", a.name, a.value)
			}
		case s.kind == endsElement:
			out += ">"
		default:
			out += string(s.text)
		}
	}
}

func TestScanner(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{`<?xml version="1.0"?><row r="1"><c r='A1' t="s"><v>1 &amp; 2</v></c><x/></row>`, `<row r="1"<c r="A1" t="s"<v1 & 2>><>>`},
		{`<x:row r:id="i"/>`, `<row id="i">`}, {`<!-- <row> > --><v a=">">x</v>`, "<vx>"}, {`<v><![CDATA[<a>&]]></v>`, "<v<a>&>"}, {`<v>&#x6821;&#20489;&lt;&quot;</v >`, `<v校倉<">`},
		{" \n<v\n r = \"1\" />\n", `<v r="1">`},
	} {
		if got, err := pieces(c.text); got != c.want || err != nil {
			t.Errorf("%s: %s, want %s (%v)", c.text, got, c.want, err)
		}
	}
	for _, bad := range []string{"", "x", "<v>", "<v", "</v>", "<v></v></v>", "<v a></v>", "<v a=b></v>", `<v a="></v>`, "<v>&x;</v>", "<v>&</v>", "<v>&#0;</v>", "<v>&#xD800;</v>", "<!DOCTYPE a [<!ENTITY x 'y'>]><v/>", "<v>\xff</v>", "<v/>x", "<!-- ", "<v><![CDATA[x</v>", "<>", "< />"} {
		if got, err := pieces(bad); !errors.Is(err, errXML) {
			t.Errorf("%q: %s, %v", bad, got, err)
		}
	}
}

// FuzzScanner: what Go's own reader of XML takes for well-formed, ours reads with the same texts.
func FuzzScanner(f *testing.F) {
	f.Add(sheetXML)
	f.Add(stringsXML)
	f.Add(`<v a='>'><!-- x --><![CDATA[y]]>&#65;</v>`)
	f.Fuzz(func(t *testing.T, text string) {
		var ours strings.Builder
		s := scan(strings.NewReader(text))
		var err error
		for {
			if err = s.next(); err != nil {
				break
			}
			if s.kind == isText {
				ours.Write(s.text)
			}
		}
		var theirs strings.Builder
		d := xml.NewDecoder(strings.NewReader(text))
		for depth := 0; ; {
			token, err := d.Token()
			if err != nil {
				if err != io.EOF {
					return
				}
				break
			}
			switch x := token.(type) {
			case xml.StartElement:
				depth++
			case xml.EndElement:
				depth--
			case xml.Directive:
				return
			case xml.CharData:
				if depth > 0 {
					theirs.Write(x)
				}
			}
		}
		if err != io.EOF || strings.ContainsAny(text, "\r") || strings.Contains(text, "encoding") {
			return // stricter than Go's in some things, and ends of lines stay as they are
		}
		if ours.String() != theirs.String() {
			t.Errorf("%q, and Go reads %q", ours.String(), theirs.String())
		}
	})
}
