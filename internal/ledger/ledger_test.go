package ledger

import (
	"context"
	"crypto/rand"
	"fmt"
	"sync"
	"testing"

	"golang.org/x/mod/sumdb/note"

	"github.com/azekura/azekura/internal/durable"
)

const testOrigin = "azekura.example/ledger/0a1b2c3d"

// keys are the keys of a test's ledger.
type keys struct {
	signer   note.Signer
	verifier note.Verifier
	public   string
}

func newKeys(t testing.TB) keys {
	t.Helper()
	private, public, err := note.GenerateKey(rand.Reader, testOrigin)
	if err != nil {
		t.Fatal(err)
	}
	s, err := note.NewSigner(private)
	if err != nil {
		t.Fatal(err)
	}
	v, err := note.NewVerifier(public)
	if err != nil {
		t.Fatal(err)
	}
	return keys{s, v, public}
}

func (k keys) config(fsys durable.FS, dir string) Config {
	return Config{FS: fsys, Dir: dir, Origin: testOrigin, Signer: k.signer, Verifier: k.verifier}
}

func open(t testing.TB, c Config) *Log {
	t.Helper()
	l, err := Open(context.Background(), c)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func TestConcurrentAppend(t *testing.T) {
	ctx := context.Background()
	k, dir := newKeys(t), t.TempDir()+"/ledger"
	c := k.config(durable.OS(), dir)
	c.FileSize, c.PublishAfter = 64<<10, 100
	const callers, each = 8, 200
	at := make([]map[int64]string, callers)
	l := open(t, c)
	var g sync.WaitGroup
	for i := range callers {
		at[i] = make(map[int64]string)
		g.Go(func() {
			for j := range each {
				e := fmt.Sprintf("entry %d of %d", j, i)
				n, err := l.Append(ctx, []byte(e), []byte(e+" again"))
				if err != nil {
					t.Error(err)
					return
				}
				at[i][n], at[i][n+1] = e, e+" again"
			}
		})
	}
	g.Wait()
	if got, want := l.Size(), int64(2*callers*each); got != want {
		t.Errorf("size %d, want %d", got, want)
	}
	head := l.Head()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	l = open(t, c)
	if got := l.Head(); got != head {
		t.Errorf("head after reopening %v, want %v", got, head)
	}
	if err := l.Consistent(ctx, head); err != nil {
		t.Error(err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
}

func BenchmarkAppend(b *testing.B) {
	for _, callers := range []int{1, 8, 64} {
		b.Run(fmt.Sprint(callers), func(b *testing.B) {
			l := open(b, newKeys(b).config(durable.OS(), b.TempDir()))
			entry := make([]byte, 400)
			b.SetBytes(400)
			var g sync.WaitGroup
			work := make(chan struct{}, 1024)
			b.ResetTimer()
			for range callers {
				g.Go(func() {
					for range work {
						if _, err := l.Append(context.Background(), entry); err != nil {
							b.Error(err)
						}
					}
				})
			}
			for range b.N {
				work <- struct{}{}
			}
			close(work)
			g.Wait()
			b.StopTimer()
			if err := l.Close(); err != nil {
				b.Fatal(err)
			}
		})
	}
}
