package keeper

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/azekura/azekura/internal/durable/durabletest"
	"github.com/azekura/azekura/internal/event"
	"github.com/azekura/azekura/internal/password"
)

// TestBreachedList puts lists where the keeper finds them, while it runs.
func TestBreachedList(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := testConfig(durabletest.New(t), "/data")
		cfg.Now = time.Now
		l := start(t, cfg)
		defer l.Close(ctx(t))
		const stolen = "kumo to sakana no uta wo utau hi"
		put := func(content []byte) {
			name := filepath.Join(cfg.Dir, BreachedFile)
			f, err := cfg.FS.OpenFile(name+".new", os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o600)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := f.WriteAt(content, 0); err != nil {
				t.Fatal(err)
			}
			f.Close()
			if err := cfg.FS.Rename(name+".new", name); err != nil {
				t.Fatal(err)
			}
			time.Sleep(heartbeat + time.Second)
		}
		refused := func() bool {
			_, err := l.newPassword(t.Context(), "set password", "sato", stolen, true)
			return hint(err) == string(password.Breached)
		}
		var list bytes.Buffer
		if _, err := password.Compile(t.Context(), strings.NewReader(stolen+"\nanother one\n"), &list, t.TempDir(), nil); err != nil {
			t.Fatal(err)
		}
		if refused() {
			t.Error("refused without a list")
		}
		put(list.Bytes())
		if !refused() {
			t.Error("a password of the list is taken")
		}
		put([]byte("this is no list"))
		if !refused() {
			t.Error("a list that is broken takes the place of the one before")
		}
		got := entries(t, l, event.PolicyChanged)
		if len(got) != 1 || got[0].Note != "list of 2 breached passwords" {
			t.Errorf("the ledger has %+v", got)
		}
	})
}
