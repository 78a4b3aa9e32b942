package vault_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"path"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/pack"
	"github.com/azekura/azekura/internal/pathname"
	"github.com/azekura/azekura/internal/problem"
	"github.com/azekura/azekura/internal/vault"
)

// painter paints what tells of the content that it was shown. Nothing is painted while held is locked.
type painter struct {
	held    sync.Mutex
	mu      sync.Mutex
	painted int
}

func (*painter) Is(name string) bool { return path.Ext(name) == ".jpg" }

func (p *painter) Paint(ctx context.Context, name string, size int64, content io.Reader, edge int) ([]byte, error) {
	p.held.Lock()
	defer p.held.Unlock()
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	b, err := io.ReadAll(content)
	if err != nil {
		return nil, err
	}
	p.mu.Lock()
	p.painted++
	p.mu.Unlock()
	if bytes.HasPrefix(b, []byte("broken")) {
		return nil, problem.New(problem.Invalid, "make preview", name, errors.New("broken"))
	}
	return small(b, edge), nil
}

func (p *painter) count() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.painted
}

// small is what a painter makes of a picture: about as much as a preview has.
func small(b []byte, edge int) []byte {
	return append(fmt.Appendf(nil, "%d pixels of %x", edge, sha256.Sum256(b)), make([]byte, 40<<10)...)
}

func newGallery(t *testing.T) (*house, *painter) {
	t.Helper()
	p := &painter{}
	k := newTestKeeper(t, "s", "t")
	k.painter = p
	h := openHouse(t, t.TempDir(), k)
	t.Cleanup(func() { h.close() })
	return h, p
}

// previews asks until nothing is coming any more.
func previews(t *testing.T, h *house, files ...vault.Info) []vault.Preview {
	t.Helper()
	for range 1000 {
		got, err := h.v.Previews(t.Context(), staff, files...)
		must(t, err)
		if !slices.ContainsFunc(got, func(p vault.Preview) bool { return p.Coming && p.File == nil }) {
			return got
		}
		time.Sleep(5 * time.Millisecond)
	}
	t.Fatal("previews do not come")
	return nil
}

// painted waits until so many previews were made and kept.
func painted(t *testing.T, h *house, p *painter, n int) {
	t.Helper()
	for range 1000 {
		if p.count() >= n && h.v.Gallery() == 0 {
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
	t.Fatalf("%d pictures were painted, want %d", p.count(), n)
}

func content(t *testing.T, p vault.Preview) []byte {
	t.Helper()
	if p.File == nil {
		t.Fatal("no preview")
	}
	defer p.File.Close()
	var b bytes.Buffer
	_, err := p.File.WriteTo(&b)
	must(t, err)
	if int64(b.Len()) != p.File.Info().Size {
		t.Errorf("%d bytes, size %d", b.Len(), p.File.Info().Size)
	}
	return b.Bytes()
}

// TestPreviews: previews are made behind the saves, without a release, and looking at them is one release which does not give the
// pictures themselves.
func TestPreviews(t *testing.T) {
	h, p := newGallery(t)
	f := h.v.As(staff)
	var all []vault.Info
	for n := range 20 {
		all = append(all, save(t, f, pathname.Path(fmt.Sprintf("/s/%d.jpg", n)), random(uint64(n), 100_000)))
	}
	text := save(t, f, "/s/list.txt", []byte("佐藤"))
	painted(t, h, p, 20)
	if h.keeper.releases != 0 {
		t.Errorf("%d releases to make previews of what was just saved", h.keeper.releases)
	}
	got, err := h.v.Previews(t.Context(), staff, append(all, text)...)
	must(t, err)
	for n := range all {
		if want := small(random(uint64(n), 100_000), 480); !bytes.Equal(content(t, got[n]), want) {
			t.Errorf("picture %d looks like another", n)
		}
	}
	if got[20].File != nil || got[20].Coming {
		t.Error("a text has a preview")
	}
	if h.keeper.releases != 1 || h.keeper.released[account.Preview] != 20 {
		t.Errorf("%d releases of %v, want one of 20", h.keeper.releases, h.keeper.released)
	}
	for _, i := range all {
		if slices.Contains(h.keeper.versions, i.Version) {
			t.Errorf("%s itself was released", i.Path)
		}
	}
	previews(t, h, all...) // from the leases
	if h.keeper.releases != 1 {
		t.Errorf("%d releases, want one", h.keeper.releases)
	}
	if got := p.count(); got != 20 {
		t.Errorf("%d pictures were painted, want 20", got)
	}
}

// TestPreviewsStay: a copy and an older version have the same preview, and it is there after a restart and after a rebuild.
func TestPreviewsStay(t *testing.T) {
	h, p := newGallery(t)
	f := h.v.As(staff)
	first := save(t, f, "/s/a.jpg", random(1, 50_000))
	painted(t, h, p, 1)
	save(t, f, "/s/a.jpg", random(2, 50_000))
	painted(t, h, p, 2)
	must(t, f.Copy(t.Context(), "/s/a.jpg", "/s/b.jpg", false, false))
	must(t, f.Restore(t.Context(), "/s/a.jpg", first.Version))
	check := func(when string) {
		t.Helper()
		f := h.v.As(staff)
		got, err := h.v.Previews(t.Context(), staff, stat(t, f, "/s/a.jpg"), stat(t, f, "/s/b.jpg"))
		must(t, err)
		if !bytes.Equal(content(t, got[0]), small(random(1, 50_000), 480)) || !bytes.Equal(content(t, got[1]), small(random(2, 50_000), 480)) {
			t.Errorf("%s: the previews are others", when)
		}
	}
	check("at once")
	if n := len(versions(t, f, "/s/a.jpg")); n != 3 {
		t.Errorf("%d versions in the history: previews are none of them", n)
	}
	h.close()
	h = openHouse(t, h.root, h.keeper)
	defer h.close()
	check("after a restart")
	r, err := h.v.Rebuild(t.Context(), staff, "s", func(int64) {}, func(f vault.Finding) { t.Errorf("found %v", f) })
	must(t, err)
	if !r.Equal {
		t.Error("the rebuilt catalogue is another")
	}
	check("after a rebuild")
	v, err := h.v.Verify(t.Context(), staff, vault.VerifyOptions{Keys: true}, func(f vault.Finding) { t.Errorf("found %v", f) })
	must(t, err)
	if v.Versions != 2 {
		t.Errorf("%d versions verified, want 2", v.Versions)
	}
	if p.count() != 2 {
		t.Errorf("%d pictures were painted, want 2", p.count())
	}
}

// TestPreviewsLater: of a picture that has no preview the content is released to whoever looks, once, and it is made.
func TestPreviewsLater(t *testing.T) {
	h, p := newGallery(t)
	h.keeper.painter = nil
	h.close()
	h = openHouse(t, h.root, h.keeper)
	f := h.v.As(staff)
	a, b := save(t, f, "/s/a.jpg", random(1, 5000)), save(t, f, "/s/b.jpg", []byte("broken"))
	got, err := h.v.Previews(t.Context(), staff, a, b)
	must(t, err)
	none := vault.Preview{Why: "hint.no-pictures"}
	if got[0] != none || got[1] != none {
		t.Errorf("previews without a painter: %v", got)
	}
	h.close()
	h.keeper.painter = p
	h = openHouse(t, h.root, h.keeper)
	defer h.close()
	got, err = h.v.Previews(t.Context(), staff, a, b)
	must(t, err)
	if !got[0].Coming || !got[1].Coming || h.keeper.releases != 1 || !slices.Contains(h.keeper.versions, a.Version) {
		t.Errorf("got %v after %d releases of %v", got, h.keeper.releases, h.keeper.versions)
	}
	got = previews(t, h, a, b)
	if !bytes.Equal(content(t, got[0]), small(random(1, 5000), 480)) {
		t.Error("another preview")
	}
	if got[1].File != nil {
		t.Error("what is broken has a preview")
	}
	if n := p.count(); n != 2 {
		t.Errorf("%d pictures were painted, want 2: what is broken is not tried again", n)
	}
	b = save(t, h.v.As(staff), "/s/b.jpg", random(3, 5000))
	if got := previews(t, h, b); !bytes.Equal(content(t, got[0]), small(random(3, 5000), 480)) {
		t.Error("what was broken stays so for the next version")
	}
}

// TestPreviewsWait: who saves does not wait for previews, what waits too long or is too much lets its key go, and the vault closes
// whatever waits.
func TestPreviewsWait(t *testing.T) {
	p := &painter{}
	k := newTestKeeper(t, "s")
	k.painter = p
	now := time.Now()
	var mu sync.Mutex
	h := openClock(t, t.TempDir(), k, func() time.Time { mu.Lock(); defer mu.Unlock(); return now })
	f := h.v.As(staff)
	p.held.Lock()
	var all []vault.Info
	for n := range 10 {
		all = append(all, save(t, f, pathname.Path(fmt.Sprintf("/s/%d.jpg", n)), random(uint64(n), 5000)))
	}
	waits := func() int {
		for range 1000 { // two are taken by the painters
			if n := h.v.Waiting(); n <= 8 {
				return n
			}
			time.Sleep(time.Millisecond)
		}
		return h.v.Waiting()
	}
	if n := waits(); n != 8 {
		t.Errorf("%d pictures wait, want 8", n)
	}
	mu.Lock()
	now = now.Add(16 * time.Minute)
	mu.Unlock()
	h.v.ExpireGallery()
	if n := h.v.Waiting(); n != 0 {
		t.Errorf("%d pictures wait after 16 minutes", n)
	}
	p.held.Unlock()
	previews(t, h, all...)
	p.held.Lock()
	save(t, f, "/s/last.jpg", random(77, 5000))
	done := make(chan bool)
	go func() { h.close(); close(done) }()
	time.Sleep(10 * time.Millisecond)
	p.held.Unlock()
	<-done
}

// TestPreviewsEnd: a session that has ended sees no previews.
func TestPreviewsEnd(t *testing.T) {
	h, _ := newGallery(t)
	f := h.v.As(staff)
	i := save(t, f, "/s/a.jpg", random(1, 5000))
	got := previews(t, h, i)
	h.keeper.mu.Lock()
	h.keeper.ended = true
	h.keeper.mu.Unlock()
	if _, err := got[0].File.WriteTo(io.Discard); problem.KindOf(err) != problem.Unauthenticated {
		t.Errorf("an open preview: %v", err)
	}
	if _, err := h.v.Previews(t.Context(), staff, i); problem.KindOf(err) != problem.Unauthenticated {
		t.Errorf("a new one: %v", err)
	}
	if _, err := h.v.Picture(t.Context(), staff, i, 2048); problem.KindOf(err) != problem.Unauthenticated {
		t.Errorf("a picture: %v", err)
	}
}

// TestPicture: a picture for a screen is made of the content, which is released for that, and is kept nowhere.
func TestPicture(t *testing.T) {
	h, _ := newGallery(t)
	f := h.v.As(staff)
	i := save(t, f, "/s/a.jpg", random(1, 5000))
	b, err := h.v.Picture(t.Context(), staff, i, 2048)
	must(t, err)
	if !bytes.Equal(b, small(random(1, 5000), 2048)) || h.keeper.released[account.Preview] != 1 || !slices.Contains(h.keeper.versions, i.Version) {
		t.Errorf("%.30s after %v", b, h.keeper.released)
	}
	broken := save(t, f, "/s/b.jpg", []byte("broken"))
	_, err = h.v.Picture(t.Context(), staff, broken, 2048)
	if p, ok := errors.AsType[*problem.Error](err); !ok || p.Kind != problem.Invalid || p.On != "/s/b.jpg" {
		t.Errorf("a broken one: %v", err)
	}
	if _, err := h.v.Picture(t.Context(), staff, save(t, f, "/s/c.txt", []byte("x")), 2048); problem.KindOf(err) != problem.NotFound {
		t.Errorf("a text: %v", err)
	}
}

// TestPictureTurns: one account has one large picture made at a time, and does not wait for many; others are not kept waiting by it.
func TestPictureTurns(t *testing.T) {
	h, p := newGallery(t)
	i := save(t, h.v.As(staff), "/s/a.jpg", random(1, 5000))
	painted(t, h, p, 1)
	p.held.Lock()
	var all sync.WaitGroup
	failed := make(chan error, 20)
	for range 20 {
		all.Go(func() {
			if _, err := h.v.Picture(t.Context(), staff, i, 2048); err != nil {
				failed <- err
			}
		})
	}
	for range 12 { // eight wait
		if e, ok := errors.AsType[*problem.Error](<-failed); !ok || e.Kind != problem.Unavailable || e.Hint != "hint.pictures-wait" {
			t.Errorf("one too many: %v", e)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := h.v.Picture(ctx, staff, i, 2048); err == nil {
		t.Error("a ninth waits")
	}
	p.held.Unlock()
	all.Wait()
	close(failed)
	for err := range failed {
		t.Errorf("one that waited its turn: %v", err)
	}
	if _, err := h.v.Picture(t.Context(), staff, i, 2048); err != nil {
		t.Errorf("afterwards: %v", err)
	}
}

// TestPreviewDamaged: a preview that does not open is made again.
func TestPreviewDamaged(t *testing.T) {
	h, p := newGallery(t)
	i := save(t, h.v.As(staff), "/s/a.jpg", random(1, 5000))
	painted(t, h, p, 1)
	h.close()
	flip(t, h.root, h.keeper, pack.Manifest, 1, 2) // the first is the picture's
	h = openHouse(t, h.root, h.keeper)
	t.Cleanup(func() { h.close() })
	got := previews(t, h, i)
	if got[0].File == nil {
		t.Fatalf("the preview: %+v", got[0])
	}
	if _, err := got[0].File.WriteTo(io.Discard); problem.KindOf(err) != problem.Damaged {
		t.Fatalf("the damaged preview: %v", err)
	}
	got[0].File.Close()
	got = previews(t, h, i)
	if !bytes.Equal(content(t, got[0]), small(random(1, 5000), 480)) || p.count() != 2 {
		t.Errorf("the new one: %+v after %d paintings", got[0], p.count())
	}
}
