// Package stolen searches a storehouse's disk for what a thief would look for.
package stolen

import (
	"bytes"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"unicode/utf16"

	"golang.org/x/text/encoding/japanese"

	"github.com/azekura/azekura/tests/house"
)

// spellings are the forms in which a text can stand in a file.
func spellings(s string) (out [][]byte) {
	out = append(out, []byte(s), []byte(url.PathEscape(s)))
	var le, be []byte
	for _, u := range utf16.Encode([]rune(s)) {
		le, be = append(le, byte(u), byte(u>>8)), append(be, byte(u>>8), byte(u))
	}
	out = append(out, le, be)
	if b, err := japanese.ShiftJIS.NewEncoder().Bytes([]byte(s)); err == nil {
		out = append(out, b)
	}
	return out
}

// With the keeper's state gone, neither content nor any name of a file, share, account or device is left on the
// disk, whatever was done with them.
func TestDiskTellsNothing(t *testing.T) {
	h := house.New(t)
	secrets := []string{"髙橋﨑子", "緑ヶ丘小学校", "meibo-2026.csv", "卒業アルバム担当", "graduation-photo-0001.jpg", "tanaka-hanako", "design-desk-mac"}
	content := []byte("番号,氏名,住所\n1,佐藤 陽翔,東京都千代田区丸の内1-1-1\n")
	h.Run("account", "add", secrets[5], "--generate")
	h.Run("account", "device", "add", secrets[5], secrets[6])
	h.Run("share", "add", secrets[3])
	h.Run("account", "grant", h.User, secrets[3], "write")
	put := func(name string, data []byte) {
		resp := h.Request("PUT", h.Root+secrets[3]+"/"+url.PathEscape(name), data)
		resp.Body.Close()
		if resp.StatusCode/100 != 2 {
			t.Fatalf("PUT %s: %s", name, resp.Status)
		}
	}
	for _, name := range []string{secrets[0] + ".jpg", secrets[2], secrets[4]} {
		put(name, content)
		put(name, append(content, bytes.Repeat(content, 3000)...))
	}
	resp := h.Request("MKCOL", h.Root+secrets[3]+"/"+url.PathEscape(secrets[1]), nil)
	resp.Body.Close()
	resp = h.Request("MOVE", h.Root+secrets[3]+"/"+secrets[2], nil, "Destination", h.Root+secrets[3]+"/"+url.PathEscape(secrets[1])+"/x")
	resp.Body.Close()
	resp = h.Request("GET", h.Root+secrets[3]+"/"+secrets[4], nil)
	resp.Body.Close()
	resp = h.Request("LOCK", h.Root+secrets[3]+"/"+secrets[4], []byte(`<D:lockinfo xmlns:D="DAV:"><D:lockscope><D:exclusive/></D:lockscope><D:locktype><D:write/></D:locktype><D:owner>tanaka-hanako</D:owner></D:lockinfo>`))
	resp.Body.Close()
	h.Stop(syscall.SIGKILL) // whatever is left open is left as it is
	for _, dir := range []string{"keeper", "keeper-key", "welcome.txt"} {
		if err := os.RemoveAll(filepath.Join(h.Data, dir)); err != nil {
			t.Fatal(err)
		}
	}
	read := 0
	err := filepath.WalkDir(h.Data, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		data, err := os.ReadFile(path)
		read += len(data)
		for _, s := range append(secrets, "佐藤 陽翔", "丸の内1-1-1", string(content[:40])) {
			for _, b := range spellings(s) {
				if bytes.Contains(data, b) || bytes.Contains([]byte(path), b) {
					t.Errorf("%s tells %q", path, s)
				}
			}
		}
		return err
	})
	if err != nil || read < 10_000 {
		t.Errorf("read %d bytes: %v", read, err)
	}
}
