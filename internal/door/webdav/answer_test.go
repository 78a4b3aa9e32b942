package webdav

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/azekura/azekura/internal/pathname"
	"github.com/azekura/azekura/internal/problem"
)

// TestSentences: what is refused is said in the language that the request asks for, here or in the storehouse.
func TestSentences(t *testing.T) {
	const ja, en = "Accept-Language: ja,en;q=0.5", "Accept-Language: en-US,en;q=0.9"
	h := newHouse(t).tree()
	h.token("/s/f")
	for _, tt := range []struct {
		line, header string
		code         int
		lang, says   string
	}{
		{"GET /s/none", ja, 404, "ja", "「/s/none」：参照できません。該当するものがありません。\n"},
		{"GET /s/none", en, 404, "en", "Cannot look up “/s/none”: there is no such thing.\n"},
		{"GET /s/none", "Accept: */*", 404, "en", "Cannot look up “/s/none”: there is no such thing.\n"},
		{"MKCOL /s/CON", ja, 400, "ja", "「/s/CON」：参照できません。指定内容に誤りがあります。Windows や macOS で表示できない文字、または予約された名前が含まれています。\n"},
		{"MOVE /s/d", ja, 400, "ja", "Destination ヘッダーがありません。\n"},
		{"MOVE /s/d", en, 400, "en", "The Destination header is missing.\n"},
		{"PROPFIND /s/", ja, 403, "ja", "<D:propfind-finite-depth/><message xmlns=\"urn:azekura:webdav\">フォルダーは 1 つずつ要求してください（Depth は 0 か 1）。</message>"},
		{"PUT /s/none/", ja, 405, "ja", "斜線で終わる名前はフォルダーです。MKCOL を使ってください。\n"},
		{"PUT /s/f", ja, 423, "ja", "「/s/f」：保存できません。ほかの利用者がロックしています。開いている人に確認するか、ロックが切れるまでお待ちください。</message>"},
		{"PUT /s/f", en, 423, "en", "Cannot save “/s/f”: somebody has locked it. Ask the person who has it open, or wait until the lock ends.</message>"},
	} {
		h.do(tt.line, "", tt.header).want(tt.code).has(tt.says).header("Content-Language", tt.lang).header("Vary", "Accept-Language")
	}
	h.do("PUT /s/g", "x", ja, "OC-Checksum: MD5:00").want(400).has("届いた内容の MD5 チェックサムが予告と異なります。")
	h.do("GET /s/f", "", ja).want(200).header("Content-Language", "") // of the file nothing is known
}

// hangsUp is a client that goes away after the header.
type hangsUp struct{ http.ResponseWriter }

func (hangsUp) Write([]byte) (int, error) { return 0, errors.New("broken pipe") }

// TestWhoHangsUp: a client that goes away is no error in the log, nor is what is not done while a house is being restored; what fails in the
// storehouse is.
func TestWhoHangsUp(t *testing.T) {
	h := newHouse(t).tree()
	get := func(ctx context.Context, w http.ResponseWriter) {
		defer func() {
			if p := recover(); p != nil && p != http.ErrAbortHandler {
				t.Error(p)
			}
		}()
		r := httptest.NewRequestWithContext(ctx, "GET", "http://h.example/dav/s/f", nil)
		r.SetBasicAuth(h.user, secret)
		h.door.ServeHTTP(w, r)
	}
	get(t.Context(), hangsUp{httptest.NewRecorder()})
	h.SetFault(func(op string, _ pathname.Path) error {
		return &problem.Error{Kind: problem.Unavailable, Op: op, Hint: "hint.restoring"}
	})
	get(t.Context(), httptest.NewRecorder())
	h.SetFault(func(op string, _ pathname.Path) error {
		if op == "read" {
			return errors.New("the disk is gone")
		}
		return nil
	})
	ended, end := context.WithCancel(t.Context())
	end()
	get(ended, httptest.NewRecorder())
	if h.log.Len() > 0 {
		t.Errorf("logged: %s", h.log.String())
	}
	get(t.Context(), httptest.NewRecorder())
	if n := strings.Count(h.log.String(), "request failed"); n != 1 {
		t.Errorf("%d faults logged, want 1: %s", n, h.log.String())
	}
}
