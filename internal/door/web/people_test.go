package web

import (
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// readAs returns a page in English, made from what the API answers to each path.
func readAs(t *testing.T, page string, answers map[string]string) string {
	t.Helper()
	api := http.NewServeMux()
	api.HandleFunc("GET /v1/me", func(w http.ResponseWriter, r *http.Request) {
		if page == "/login" {
			w.WriteHeader(http.StatusUnauthorized)
		}
		fmt.Fprint(w, `{"account":"sato","powers":["see-people","manage-accounts"]}`)
	})
	api.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { fmt.Fprintln(w, answers[r.URL.Path]) })
	pages := New(Config{API: api, Now: time.Now, Log: slog.New(slog.DiscardHandler)})
	r := httptest.NewRequest("GET", "http://localhost"+page, nil)
	r.Header.Set("Accept-Language", "en")
	w := httptest.NewRecorder()
	if pages.ServeHTTP(w, r); w.Code != 200 {
		t.Fatalf("%s: %d %s", page, w.Code, w.Body)
	}
	return w.Body.String()
}

// TestFrozenPeople: of whom something is frozen the pages of people say it, and which device it is.
func TestFrozenPeople(t *testing.T) {
	answers := map[string]string{"/v1/accounts": `{"name":"mori","day":"2026-07-13T11:00:00Z","devices":[{"name":"drive","frozen":true},{"name":"phone"}],"frozen":["device"]}
{"name":"ito","frozen":["account"]}`}
	for page, wants := range map[string][]string{
		"/people":      {`>a device is frozen</span> <span class="badge good">at work`, `<span class="badge bad">frozen</span> </td>`},
		"/people/mori": {"a device is frozen", `drive <span class="badge bad">frozen</span></th>`, ">phone</th>"},
	} {
		got := readAs(t, page, answers)
		for _, want := range wants {
			if !strings.Contains(got, want) {
				t.Errorf("%s lacks %s:\n%s", page, want, got)
			}
		}
	}
}

// TestPlaceholder: a file that never had content shows when it was made, in the list and by itself.
func TestPlaceholder(t *testing.T) {
	i := `{"path":"/albums/a.txt","type":"file","created":"2026-07-13T09:00:00Z"}`
	for page, answers := range map[string]map[string]string{
		"/files/albums":       {"/v1/stat/albums": `{"path":"/albums","type":"share"}`, "/v1/list/albums": i},
		"/files/albums/a.txt": {"/v1/stat/albums/a.txt": i},
	} {
		if got := readAs(t, page, answers); !strings.Contains(got, `datetime="2026-07-13T09:00:00Z"`) {
			t.Errorf("%s: no time:\n%s", page, got)
		}
	}
}

// TestFirstLink: where nobody has come in yet the login says where the link is; the one of a machine that is lost is not pointed to.
func TestFirstLink(t *testing.T) {
	for house, want := range map[string]string{`{"fresh":true}`: "welcome.txt", `{"fresh":true,"restored":true}`: "the machine on which the house works now", `{"restored":true}`: ""} {
		got := readAs(t, "/login", map[string]string{"/v1/house": house})
		if told := strings.Contains(got, "azekura account invite NAME"); told != (want != "") || !strings.Contains(got, want) || strings.Contains(got, "welcome.txt") != (want == "welcome.txt") {
			t.Errorf("%s: no %q:\n%s", house, want, got)
		}
	}
}

// TestFrozenShare: who may freeze is led from a page that is frozen to where that is lifted, and the page of retention still says that it is.
func TestFrozenShare(t *testing.T) {
	api := http.NewServeMux()
	power := "freeze"
	api.HandleFunc("GET /v1/me", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, `{"account":"sato","powers":["%s"]}`, power)
	})
	api.HandleFunc("GET /v1/shares/albums/retention", func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, `{"share":"albums","frozen":true}`) })
	api.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/problem+json")
		w.WriteHeader(http.StatusForbidden)
		fmt.Fprint(w, `{"kind":"frozen","op":"read","on":"albums","hint":"hint.frozen","message":"It is frozen."}`)
	})
	pages := New(Config{API: api, Now: time.Now, Log: slog.New(slog.DiscardHandler)})
	page := func(path string) (int, string) {
		r := httptest.NewRequest("GET", "http://localhost"+path, nil)
		r.Header.Set("Accept-Language", "en")
		w := httptest.NewRecorder()
		pages.ServeHTTP(w, r)
		return w.Code, w.Body.String()
	}
	if code, text := page("/shares/albums/retention"); code != 200 || !strings.Contains(text, "Something is frozen that may concern this share.") {
		t.Errorf("%d %s", code, text)
	}
	for may, leads := range map[string]bool{"freeze": true, "read": false} {
		power = may
		if code, text := page("/files/albums"); code != 403 || strings.Contains(text, "since when and why") != leads {
			t.Errorf("%s: %d %s", power, code, text)
		}
	}
}
