package guard

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/azekura/azekura/internal/drill/behaviour"
	"github.com/azekura/azekura/tests/house"
)

// drive is a WebDAV drive of one device.
type drive struct {
	url, user, password string
	files               []behaviour.File
}

func (d *drive) do(ctx context.Context, method, name string, body []byte, header ...string) ([]byte, error) {
	q, err := http.NewRequestWithContext(ctx, method, d.url+(&url.URL{Path: name}).EscapedPath(), bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	q.SetBasicAuth(d.user, d.password)
	for i := 0; i < len(header); i += 2 {
		q.Header.Set(header[i], header[i+1])
	}
	r, err := http.DefaultClient.Do(q)
	if err != nil {
		return nil, err
	}
	defer r.Body.Close()
	b, err := io.ReadAll(r.Body)
	switch {
	case err != nil:
		return nil, err
	case r.StatusCode == http.StatusForbidden:
		return nil, fmt.Errorf("%w: %s", behaviour.ErrStopped, b)
	case r.StatusCode >= 300:
		return nil, fmt.Errorf("%s %s: %s", method, name, r.Status)
	}
	return b, nil
}

func (d *drive) List(context.Context) ([]behaviour.File, error) { return d.files, nil }
func (d *drive) Read(ctx context.Context, name string) ([]byte, error) {
	return d.do(ctx, "GET", name, nil)
}
func (d *drive) Write(ctx context.Context, name string, b []byte, _ time.Time) error {
	if dir := path.Dir(name); dir != "." {
		d.do(ctx, "MKCOL", dir+"/", nil) // it may be there
	}
	_, err := d.do(ctx, "PUT", name, b)
	return err
}
func (d *drive) Copy(ctx context.Context, from, to string) error {
	_, err := d.do(ctx, "COPY", from, nil, "Destination", d.url+(&url.URL{Path: to}).EscapedPath(), "Overwrite", "T")
	return err
}
func (d *drive) Rename(ctx context.Context, from, to string) error {
	_, err := d.do(ctx, "MOVE", from, nil, "Destination", d.url+(&url.URL{Path: to}).EscapedPath(), "Overwrite", "T")
	return err
}
func (d *drive) Remove(ctx context.Context, name string) error {
	_, err := d.do(ctx, "DELETE", name, nil)
	return err
}

// device gives the administrator one more device, and returns its drive.
func device(t *testing.T, h *house.House, name string) *drive {
	t.Helper()
	var made struct{ Secret string }
	if err := json.Unmarshal(h.Run("account", "device", "add", h.User, name, "--json"), &made); err != nil {
		t.Fatal(err)
	}
	return &drive{url: h.URL, user: h.User, password: made.Secret}
}

// openCase returns the number of the case that has opened by itself.
func openCase(t *testing.T, h *house.House) string {
	t.Helper()
	var c struct {
		ID, By   string
		Suspects []struct{ Kind, Owner string }
	}
	dec := json.NewDecoder(bytes.NewReader(h.Run("case", "list", "--json")))
	if err := dec.Decode(&c); err != nil {
		t.Fatal(err)
	}
	if c.By != "" || len(c.Suspects) == 0 || c.Suspects[0].Owner != h.User || dec.More() {
		t.Fatalf("the case is %+v", c)
	}
	return c.ID
}

// damaged returns the files of before that the damage of a case names.
func damaged(t *testing.T, h *house.House, number string, was map[string][32]byte) map[string]bool {
	t.Helper()
	told := make(map[string]bool)
	for dec := json.NewDecoder(bytes.NewReader(h.Run("damage", "--case", number, "--json"))); dec.More(); {
		var line struct{ File *struct{ Path string } }
		if err := dec.Decode(&line); err != nil {
			t.Fatal(err)
		}
		if line.File == nil {
			continue
		}
		name := line.File.Path[strings.LastIndexByte(line.File.Path, '/')+1:]
		if _, ok := was[name]; ok {
			told[name] = true
		}
	}
	return told
}

// TestAttackThroughTheDoor plays behaviours through WebDAV against the program itself: who attacks is frozen after a few files, others see what
// there was, and one command puts the rest back.
func TestAttackThroughTheDoor(t *testing.T) {
	all, err := behaviour.Profiles()
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"lockbit2", "blackbasta", "lockbit4-quiet", "class-c", "mimic", "delete-then-create", "empty-first", "zip-with-password", "copy-over", "same-picture-temp"} {
		t.Run(name, func(t *testing.T) {
			i := slices.IndexFunc(all, func(p behaviour.Profile) bool { return p.Name == name })
			h := house.New(t)
			good, bad := device(t, h, "good"), device(t, h, "bad")
			ctx := t.Context()
			was := make(map[string][32]byte)
			for n := range 40 {
				m := image.NewRGBA(image.Rect(0, 0, 200, 150))
				for p := range 200 * 150 {
					m.Set(p%200, p/200, color.RGBA{uint8(p * n), uint8(p / 99), uint8(p ^ n), 255})
				}
				var b bytes.Buffer
				if err := jpeg.Encode(&b, m, nil); err != nil {
					t.Fatal(err)
				}
				file := fmt.Sprintf("写真 %02d.jpg", n)
				if err := good.Write(ctx, file, b.Bytes(), time.Time{}); err != nil {
					t.Fatal(err)
				}
				was[file] = sha256.Sum256(b.Bytes())
				bad.files = append(bad.files, behaviour.File{Path: file, Size: int64(b.Len())})
			}
			pl := behaviour.Player{Now: time.Now, Seed: 3, Sleep: func(context.Context, time.Duration) error { return nil }}
			log, err := pl.Play(ctx, all[i], []behaviour.Target{bad})
			if err != nil {
				t.Fatal(err)
			}
			if log.Stopped != 1 {
				t.Errorf("it was not stopped: %d files", len(log.Victims()))
			}
			changed := func() (n int) {
				for file, sum := range was {
					if b, err := good.Read(ctx, file); err != nil || sha256.Sum256(b) != sum {
						n++
					}
				}
				return n
			}
			if n := changed(); n > 5 {
				t.Errorf("%d files are not what they were to others", n)
			}
			number := openCase(t, h)
			told := damaged(t, h, number, was)
			for _, file := range log.Victims() {
				if _, ok := was[file]; ok && !told[file] {
					t.Errorf("%s is not in the damage", file)
				}
				delete(told, file)
			}
			for file := range told {
				t.Errorf("%s is in the damage, and was not touched", file)
			}
			h.Run("rollback", "--case", number, "--dry-run")
			h.Run("rollback", "--case", number)
			if n := changed(); n > 0 {
				t.Errorf("%d files are not what they were after the rollback", n)
			}
		})
	}
}

// TestAlert: a freeze is told to the webhook of the configuration, in both languages, with where to look.
func TestAlert(t *testing.T) {
	told := make(chan string, 16)
	s := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		told <- string(b)
	}))
	defer s.Close()
	t.Setenv("AZEKURA_ALERT_WEBHOOK", s.URL)
	h := house.New(t)
	h.Run("alert")
	if got := <-told; !strings.Contains(got, `"kind":"test"`) {
		t.Errorf("the test: %s", got)
	}
	d := device(t, h, "bad")
	for i := range 4 {
		name := fmt.Sprintf("%d.txt", i)
		if err := d.Write(t.Context(), name, bytes.Repeat([]byte("卒業アルバムの校正について、ご確認をお願いします。\r\n"), 50+i), time.Time{}); err != nil {
			t.Fatal(err)
		}
	}
	for i := range 4 {
		junk := make([]byte, 4000)
		rand.NewChaCha8([32]byte{byte(i)}).Read(junk)
		d.Write(t.Context(), fmt.Sprintf("%d.txt", i), junk, time.Time{}) // until it is refused
	}
	for {
		select {
		case got := <-told:
			if strings.Contains(got, `"kind":"frozen"`) {
				for _, want := range []string{`"who":"admin"`, `"device":"bad"`, `"share":"albums"`, "/guard", "次にすること", "What to do now"} {
					if !strings.Contains(got, want) {
						t.Errorf("%s is not in %s", want, got)
					}
				}
				return
			}
		case <-time.After(5 * time.Minute): // on a machine that does much else
			t.Fatal("nobody was told")
		}
	}
}
