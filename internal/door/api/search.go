package api

import (
	"cmp"
	"net/http"
	"strings"

	"golang.org/x/text/unicode/norm"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/pathname"
)

// maxSearch bounds what one search finds.
const maxSearch = 10_000

// search yields what has ?q= in its name below a directory, however it is written: in any case and width. It reads
// names, which the storehouse knows, and opens nothing.
func (h *handler) search(w http.ResponseWriter, r *http.Request, s account.Session) error {
	p, err := pathOf(r, "search")
	if err != nil {
		return err
	}
	want := folded(r.URL.Query().Get("q"))
	if want == "" {
		return invalid("search", "q=", "hint.parameter")
	}
	limit, err := number(r.URL.Query(), "search", "limit", 1)
	if err != nil {
		return err
	}
	limit = min(cmp.Or(limit, maxSearch), maxSearch)
	l := newLines(w, r)
	files := h.Vault.As(s)
	var walk func(dir pathname.Path) error
	walk = func(dir pathname.Path) error {
		var below []pathname.Path // a listing is not kept open while those below are read
		for i, err := range files.List(r.Context(), dir) {
			if err != nil {
				return err
			}
			if strings.Contains(folded(i.Path.Base()), want) {
				if limit--; limit < 0 {
					return nil
				}
				if err := l.put(infoOf(i)); err != nil {
					return err
				}
			}
			if i.Dir {
				below = append(below, i.Path)
			}
		}
		for _, d := range below {
			if limit < 0 {
				break
			}
			if err := walk(d); err != nil {
				return err
			}
		}
		return nil
	}
	return l.end(walk(p))
}

func folded(s string) string { return strings.ToLower(norm.NFKC.String(s)) }
