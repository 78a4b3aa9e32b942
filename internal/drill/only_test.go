package drill

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"github.com/azekura/azekura/internal/door/api"
	"github.com/azekura/azekura/internal/drill/behaviour"
	"github.com/azekura/azekura/internal/problem"
	"github.com/azekura/azekura/internal/storehouse"
)

// TestNothingElse: a rehearsal reaches the scratch storehouse that it has made and nothing else, whatever its environment and its behaviours say. A
// house in service beside it, a proxy, the service manager and the folder that was copied see nothing of it.
func TestNothingElse(t *testing.T) {
	home := t.TempDir()
	live := filepath.Join(home, "live")
	conf := storehouse.Default(live)
	opt := storehouse.Options{Now: time.Now, Log: slog.New(slog.DiscardHandler)}
	if _, err := storehouse.Create(t.Context(), conf, opt, storehouse.First{Share: "albums", Account: "admin"}); err != nil {
		t.Fatal(err)
	}
	from := filepath.Join(home, "from")
	if err := os.Mkdir(from, 0o700); err != nil {
		t.Fatal(err)
	}
	for i := range 8 {
		if err := os.WriteFile(filepath.Join(from, fmt.Sprintf("%d.jpg", i)), picture(uint64(i)), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var asked atomic.Int32
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { asked.Add(1) }))
	defer proxy.Close()
	socket := filepath.Join(home, "notify")
	manager, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: socket, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	defer manager.Close()
	for _, v := range []string{"HTTP_PROXY", "http_proxy", "ALL_PROXY", "HTTPS_PROXY"} {
		t.Setenv(v, proxy.URL)
	}
	t.Setenv("NOTIFY_SOCKET", socket)
	t.Setenv("AZEKURA_DATA", live)
	t.Setenv("AZEKURA_HTTP", "127.0.0.1:1")
	t.Setenv("AZEKURA_SFTP", "127.0.0.1:1")
	t.Setenv("AZEKURA_KEY_FILE", filepath.Join(live, "keeper-key", "root.key"))

	before := tree(t, home)
	temp := t.TempDir()
	cfg := Config{Sample: pickOf(t, from), Seed: 1, Temp: temp, Now: time.Now, Guard: Guard{"on", 1e6, 4}}
	for _, door := range []behaviour.Door{behaviour.WebDAV, behaviour.SFTP} { // past what Parse refuses
		for i, to := range []string{"../../../../escaped", filepath.Join(home, "escaped"), "..\\escaped", "http://192.0.2.1/escaped"} {
			cfg.Profiles = append(cfg.Profiles, behaviour.Profile{Name: fmt.Sprintf("hostile-%d", i), Door: door, Way: behaviour.WriteRename, To: to,
				Note: &behaviour.Note{Name: "../../escaped.txt", Text: "x", First: true}})
		}
	}
	if err := Run(t.Context(), cfg, func(behaviour.Profile) {}, func(r Result) error { return nil }); err != nil {
		t.Fatal(err)
	}
	if after := tree(t, home); after != before {
		t.Errorf("before:\n%s\nafter:\n%s", before, after)
	}
	if left := tree(t, temp); strings.Count(left, "\n") > 1 {
		t.Errorf("left behind:\n%s", left)
	}
	if asked.Load() > 0 {
		t.Error("it went through a proxy")
	}
	manager.SetReadDeadline(time.Now().Add(10 * time.Millisecond))
	if n, err := manager.Read(make([]byte, 99)); err == nil {
		t.Errorf("the service manager was told %d bytes", n)
	}
}

// tree lists what lies below a directory, with sizes and times.
func tree(t *testing.T, dir string) string {
	t.Helper()
	var b strings.Builder
	err := filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		i, err := d.Info()
		fmt.Fprintln(&b, strings.TrimPrefix(name, dir), i.Mode(), i.Size(), i.ModTime())
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// TestPick: the folder of a storehouse is refused from everywhere in it and from above, by links, too; links and hidden files are not
// followed; of many files some are picked, evenly.
func TestPick(t *testing.T) {
	home := t.TempDir()
	data := filepath.Join(home, "house")
	opt := storehouse.Options{Now: time.Now, Log: slog.New(slog.DiscardHandler)}
	if _, err := storehouse.Create(t.Context(), storehouse.Default(data), opt, storehouse.First{Share: "albums", Account: "admin"}); err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(filepath.Join(data, "vault"), link); err != nil {
		t.Fatal(err)
	}
	for _, from := range []string{data, filepath.Join(data, "vault", "packs"), filepath.Join(data, "keeper-key"), home, link, data + "/../house/vault/."} {
		_, err := Pick(from, 10)
		if e, ok := err.(*problem.Error); !ok || e.Hint != "hint.drill-storehouse" {
			t.Errorf("%s: %v", from, err)
		}
	}
	dir := t.TempDir()
	for i := range 100 {
		name := filepath.Join(dir, fmt.Sprintf("%c", 'a'+i/25), fmt.Sprintf("%02d.txt", i))
		if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte("text"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, bad := range []string{".hidden", "a\xffb", "b\nc"} {
		os.WriteFile(filepath.Join(dir, bad), []byte("x"), 0o600)
	}
	os.Symlink(filepath.Join(data, "keeper-key", "root.key"), filepath.Join(dir, "key"))
	s, err := Pick(dir, 20)
	if err != nil || s.Files() != 20 || s.Seen < 100 || s.Seen > 101 || s.Bytes != 80 {
		t.Fatalf("%+v, %v", s, err)
	}
	if !filepath.IsAbs(s.From) {
		t.Errorf("a report would say %q", s.From)
	}
	per := make(map[string]int)
	for _, f := range s.files {
		per[filepath.Dir(f.name)]++
		if strings.Contains(f.name, "key") || strings.HasPrefix(f.name, ".") {
			t.Errorf("picked %s", f.name)
		}
	}
	if len(per) != 4 || per["a"] != 5 {
		t.Errorf("not evenly: %v", per)
	}
	if k := s.Kinds(); len(k) != 1 || k[0] != (Kind{"txt", 20}) {
		t.Errorf("%v", k)
	}
	if _, err := Pick(t.TempDir(), 10); err == nil {
		t.Error("an empty folder is taken")
	}
	if _, err := Pick(dir, MaxFiles+1); err == nil {
		t.Error("too many files are taken")
	}
}

// TestDoors: only a door on loopback is one of a scratch storehouse, only its own host key is believed, and no redirect is followed.
func TestDoors(t *testing.T) {
	for _, u := range []string{"http://192.0.2.1:80/dav/", "http://files.example/dav/", "http://127.0.0.1.example/dav/", "http:///dav/"} {
		s := &scratch{}
		if err := s.enter([]api.Listener{{Door: "webdav", URL: u}, {Door: "sftp", URL: "sftp://127.0.0.1:22"}}); err == nil {
			t.Errorf("%s is taken", u)
		}
	}
	for _, a := range []string{"192.0.2.1:80", "files.example:80", "0.0.0.0:80", "[2001:db8::1]:80"} {
		if c, err := dialHere(t.Context(), "tcp", a); err == nil {
			c.Close()
			t.Errorf("%s is dialled", a)
		}
	}
	key := func() ssh.PublicKey {
		k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		p, err := ssh.NewPublicKey(&k.PublicKey)
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	own := key()
	if err := pinned(ssh.FingerprintSHA256(own))("", nil, own); err != nil {
		t.Error(err)
	}
	if pinned(ssh.FingerprintSHA256(own))("", nil, key()) == nil || pinned("")("", nil, own) == nil {
		t.Error("another key is believed")
	}
	asked := 0
	other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { asked++ }))
	defer other.Close()
	away := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, other.URL, http.StatusTemporaryRedirect)
	}))
	defer away.Close()
	d := &drive{url: away.URL + "/", user: "a", secret: "b", jump: new(sync.RWMutex)}
	if _, err := d.Read(t.Context(), "x"); err == nil || asked > 0 {
		t.Errorf("a redirect was followed: %v, %d", err, asked)
	}
}

// TestSweep: what a killed rehearsal has left goes with the next one; what is open, new, or nothing of ours stays.
func TestSweep(t *testing.T) {
	temp := t.TempDir()
	opt := storehouse.Options{Now: time.Now, Log: slog.New(slog.DiscardHandler)}
	long := time.Now().Add(-2 * leftAlone)
	for _, name := range []string{"azekura-drill-old", "azekura-drill-open", "azekura-drill-new", "another-old"} {
		dir := filepath.Join(temp, name)
		if _, err := storehouse.Create(t.Context(), storehouse.Default(dir), opt, storehouse.First{Share: "s", Account: "a"}); err != nil {
			t.Fatal(err)
		}
		if name == "azekura-drill-open" {
			h, err := storehouse.Open(t.Context(), storehouse.Default(dir), opt)
			if err != nil {
				t.Fatal(err)
			}
			defer h.Close(t.Context())
		}
		if name != "azekura-drill-new" {
			if err := os.Chtimes(dir, long, long); err != nil {
				t.Fatal(err)
			}
		}
	}
	os.Mkdir(filepath.Join(temp, "azekura-drill-none"), 0o700)
	os.Chtimes(filepath.Join(temp, "azekura-drill-none"), long, long)
	sweep(Config{Temp: temp, Now: time.Now})
	list, err := os.ReadDir(temp)
	if err != nil {
		t.Fatal(err)
	}
	var left []string
	for _, e := range list {
		left = append(left, e.Name())
	}
	if fmt.Sprint(left) != "[another-old azekura-drill-new azekura-drill-none azekura-drill-open]" {
		t.Errorf("left: %v", left)
	}
}
