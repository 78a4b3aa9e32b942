package roster

import (
	"fmt"
	"strings"
	"testing"

	"github.com/azekura/azekura/internal/problem"
)

func registerOf(t *testing.T, text string) (*Register, error) {
	t.Helper()
	return ReadRegister(Source{Name: "register.csv", Content: strings.NewReader(text), Size: int64(len(text))}, func(share string) bool { return share == "albums" })
}

// TestReadRegister: a register is read whole or not at all, and each problem has its row and column.
func TestReadRegister(t *testing.T) {
	got, err := registerOf(t, "台帳\r\n保管庫,学校名,委託元,公立,連絡先,年度\r\nalbums,,写真館,,'+81 3,令和8年度\r\n\r\nalbums,第１小,,非該当,03-1,\r\n")
	if err != nil || len(got.Issues) != 0 || len(got.Rows) != 2 {
		t.Fatalf("%+v, %v", got, err)
	}
	if x := got.Rows[0]; x.Row != 3 || x.School != "" || x.Set[Client] != "写真館" || x.Set[Contact] != "+81 3" || x.Set[Year] != "2026" || x.Public != nil {
		t.Errorf("the share: %+v", x)
	}
	if _, has := got.Rows[0].Set[Purpose]; has {
		t.Error("a column that is not there says something")
	}
	for _, x := range []struct{ text, want string }{
		{"share,school,public,year\nother,,,\nalbums,a,maybe,\nalbums,,,26\nalbums,Ａ,,\n,,yes,\n", "2A no-share, 3C no-answer, 4D no-year, 5A line-twice, 6A empty"},
	} {
		got, err := registerOf(t, x.text)
		if err != nil || got.Rows != nil {
			t.Fatalf("%+v, %v", got, err)
		}
		var list []string
		for _, i := range got.Issues {
			list = append(list, fmt.Sprintf("%d%s %s", i.Row, i.Column, i.Word))
		}
		if s := strings.Join(list, ", "); s != x.want {
			t.Errorf("%s, want %s", s, x.want)
		}
	}
	if _, err := registerOf(t, "a,b\n1,2\n"); problem.KindOf(err) != problem.Invalid {
		t.Errorf("without headings: %v", err)
	}
}
