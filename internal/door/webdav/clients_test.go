package webdav

import (
	"net/http/httptest"
	"testing"

	"github.com/azekura/azekura/internal/commit"
	"github.com/azekura/azekura/internal/door/webdav/webdavtest"
	"github.com/azekura/azekura/internal/pathname"
)

func TestClients(t *testing.T) {
	webdavtest.Replay(t, func(t *testing.T) webdavtest.Target {
		h := newHouse(t)
		server := httptest.NewServer(h.door)
		t.Cleanup(server.Close)
		return webdavtest.Target{URL: server.URL + "/dav/s/", User: h.user, Password: secret, Versions: func(_ testing.TB, name string) (n int) {
			for c, err := range h.files().History(t.Context(), pathname.Path("/s").Join(name)) {
				if err == nil && (c.Kind == commit.Save || c.Kind == commit.Link) {
					n++
				}
			}
			return n
		}}
	})
}
