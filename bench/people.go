package main

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base32"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"html"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"time"
)

const (
	peopleOf      = 200 // at full scale
	galleryPhotos = 500
	firstScreen   = 24               // pictures that a wide window shows
	browserConns  = 6                // of one browser to one host over HTTP/1.1
	browsing      = 30 * time.Second // for each round
	thinking      = time.Second      // between two pages of one person
	morning       = 16               // people who log in at the same time
)

// runPeople measures what people feel: logging in while others do, a gallery of photographs, and pages while everybody is at work.
func runPeople(ctx context.Context, b *bench, r *Result) (err error) {
	n := b.count(peopleOf)
	photos, err := b.gallery(ctx)
	if err != nil {
		return err
	}
	dir := filepath.Join(b.run(), "people")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	v, err := b.newVault(ctx, filepath.Join(dir, "data"))
	if err != nil {
		return err
	}
	if _, err := quiet(v.command(ctx, "import", photos, v.Share+"/gallery", "--json")); err != nil {
		return err
	}
	b.say("people: %d accounts are made", n)
	all, err := v.people(ctx, n)
	if err != nil {
		return err
	}
	s, err := v.serve(ctx)
	if err != nil {
		return err
	}
	defer func() {
		if e := s.stop(); err == nil {
			err = e
		}
	}()
	root := strings.TrimSuffix(s.url, "/dav/"+url.PathEscape(v.Share))
	for _, p := range all {
		p.root, p.share = root, v.Share
		if err := p.accept(ctx); err != nil {
			return err
		}
	}
	if err := b.previewed(ctx, all[0]); err != nil {
		return err
	}
	if err := b.logins(ctx, r, all); err != nil {
		return err
	}
	if err := b.galleries(ctx, r, v, all); err != nil {
		return err
	}
	return b.pages(ctx, r, s, all)
}

// gallery returns a directory of photographs.
func (b *bench) gallery(ctx context.Context) (string, error) {
	n := b.count(galleryPhotos)
	return b.corpus(ctx, "gallery", n, func() ([]job, error) {
		p, err := b.load(ctx)
		if err != nil {
			return nil, err
		}
		var out []job
		for i := range n {
			out = append(out, job{fmt.Sprintf("DSC_%05d.JPG", i), func(r *rand.Rand) ([]byte, error) { return p.photo(r, 1800, 1200, 5+r.IntN(22), 90) }})
		}
		return out, nil
	})
}

// person is somebody with a browser.
type person struct {
	name, token string
	root, share string
	http        *http.Client
	key         []byte // of the authenticator app
	step        int64  // of the code that was used last
}

const password = "kumo ga nagareru hi"

// people makes accounts that may read the share, and invites them.
func (v *vault) people(ctx context.Context, n int) (out []*person, err error) {
	var names []string
	for i := range n {
		names = append(names, fmt.Sprintf("person-%03d", i))
		if _, err := quiet(v.command(ctx, "account", "add", names[i])); err != nil {
			return nil, err
		}
		made, err := quiet(v.command(ctx, "account", "invite", names[i], "--json"))
		if err != nil {
			return nil, err
		}
		var invited struct{ Token string }
		if err := json.Unmarshal(made, &invited); err != nil || invited.Token == "" {
			return nil, fmt.Errorf("azekura account invite has not told the token: %w", err)
		}
		jar, err := cookiejar.New(nil)
		if err != nil {
			return nil, err
		}
		out = append(out, &person{name: names[i], token: invited.Token,
			http: &http.Client{Jar: jar, Timeout: time.Minute, Transport: &http.Transport{MaxConnsPerHost: browserConns, MaxIdleConnsPerHost: browserConns}}})
	}
	if _, err := quiet(v.command(ctx, append([]string{"group", "set", "all"}, names...)...)); err != nil {
		return nil, err
	}
	_, err = quiet(v.command(ctx, "account", "grant", "--group", "all", v.Share, "read"))
	return out, err
}

// call asks the API. What it answers goes into out.
func (p *person) call(ctx context.Context, method, path string, in, out any) error {
	var body io.Reader
	if in != nil {
		text, err := json.Marshal(in)
		if err != nil {
			return err
		}
		body = bytes.NewReader(text)
	}
	r, err := http.NewRequestWithContext(ctx, method, p.root+path, body)
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", "application/json")
	resp, err := p.http.Do(r)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode/100 != 2 {
		err = fmt.Errorf("%s %s: %s: %s", method, path, resp.Status, text)
	}
	if err != nil || out == nil {
		return err
	}
	return json.Unmarshal(text, out)
}

// login is where a login stands.
type login struct {
	Ticket string   `json:"ticket"`
	Wants  []string `json:"wants"`
	Secret string   `json:"secret"`
}

// accept comes in for the first time, with an app.
func (p *person) accept(ctx context.Context) error {
	var at login
	if err := p.call(ctx, "POST", "/v1/invitation/accept", map[string]string{"token": p.token, "password": password}, &at); err != nil {
		return err
	}
	if err := p.call(ctx, "POST", "/v1/login/factors", map[string]string{"ticket": at.Ticket, "kind": "app"}, &at); err != nil {
		return err
	}
	var err error
	if p.key, err = base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(at.Secret); err != nil {
		return err
	}
	return p.call(ctx, "POST", "/v1/login/factors/confirm", map[string]string{"ticket": at.Ticket, "code": p.code()}, nil)
}

// code is what the app shows now or, since each counts once, what it shows next (RFC 6238): the server takes one step ahead.
func (p *person) code() string {
	now := time.Now().Unix() / 30
	if p.step = max(p.step+1, now); p.step > now+1 {
		time.Sleep(time.Until(time.Unix((p.step-1)*30, 0)))
	}
	m := hmac.New(sha1.New, p.key)
	binary.Write(m, binary.BigEndian, p.step) // a hash takes everything
	sum := m.Sum(nil)
	return fmt.Sprintf("%06d", binary.BigEndian.Uint32(sum[sum[19]&15:])&0x7fffffff%1_000_000)
}

// logIn shows password and code, and returns how long the server took.
func (p *person) logIn(ctx context.Context) (time.Duration, error) {
	code := p.code() // what it waits for is not the server's
	start := time.Now()
	var at login
	if err := p.call(ctx, "POST", "/v1/login", map[string]string{"account": p.name, "password": password}, &at); err != nil {
		return 0, err
	}
	if err := p.call(ctx, "POST", "/v1/login/code", map[string]string{"ticket": at.Ticket, "code": code}, nil); err != nil {
		return 0, err
	}
	return time.Since(start), nil
}

// each lets people do something, so many at a time.
func each(ctx context.Context, at int, all []*person, do func(ctx context.Context, p *person) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	next := make(chan *person, len(all))
	for _, p := range all {
		next <- p
	}
	close(next)
	var workers sync.WaitGroup
	for range at {
		workers.Go(func() {
			for p := range next {
				if ctx.Err() != nil {
					return
				}
				if err := do(ctx, p); err != nil {
					cancel(fmt.Errorf("%s: %w", p.name, err))
				}
			}
		})
	}
	workers.Wait()
	return context.Cause(ctx)
}

// logins measures logging in, alone and in the morning's rush.
func (b *bench) logins(ctx context.Context, r *Result, all []*person) error {
	for _, at := range []int{1, morning} {
		some := all
		if at == 1 {
			some = all[:min(20, len(all))]
		}
		var mu sync.Mutex
		var took []float64
		err := each(ctx, at, some, func(ctx context.Context, p *person) error {
			d, err := p.logIn(ctx)
			mu.Lock()
			defer mu.Unlock()
			took = append(took, d.Seconds()*1e3)
			return err
		})
		if err != nil {
			return err
		}
		b.say("people: login, %d at a time: p50 %.0f ms, p95 %.0f ms", at, median(took), quantile(took, 0.95))
		note := fmt.Sprintf("password (argon2id) and code; %d logins", len(took))
		r.value(fmt.Sprintf("login, %d at a time, p50", at), "ms", note, median(took))
		r.value(fmt.Sprintf("login, %d at a time, p95", at), "ms", note, quantile(took, 0.95))
	}
	return nil
}

// paths are the photographs.
func (b *bench) paths(share string) (out []string) {
	for i := range b.count(galleryPhotos) {
		out = append(out, fmt.Sprintf("/%s/gallery/DSC_%05d.JPG", share, i))
	}
	return out
}

// previewed waits until all previews are made.
func (b *bench) previewed(ctx context.Context, p *person) error {
	start := time.Now()
	for ctx.Err() == nil {
		coming, err := p.states(ctx, b.paths(p.share))
		if err != nil {
			return err
		}
		if coming == 0 {
			b.say("people: the previews of %d photographs came within %.0f s", b.count(galleryPhotos), time.Since(start).Seconds())
			return nil
		}
		time.Sleep(time.Second)
	}
	return ctx.Err()
}

// states counts the previews that are not there yet.
func (p *person) states(ctx context.Context, paths []string) (coming int, err error) {
	text, err := json.Marshal(map[string]any{"paths": paths})
	if err != nil {
		return 0, err
	}
	r, err := http.NewRequestWithContext(ctx, "POST", p.root+"/v1/previews", bytes.NewReader(text))
	if err != nil {
		return 0, err
	}
	r.Header.Set("Content-Type", "application/json")
	resp, err := p.http.Do(r)
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	for d := json.NewDecoder(resp.Body); ; {
		var x struct{ State, Error any }
		if err := d.Decode(&x); err == io.EOF {
			return coming, nil
		} else if err != nil {
			return 0, err
		}
		switch {
		case x.State == "coming":
			coming++
		case x.State != "ready":
			return 0, fmt.Errorf("a photograph without preview: %v", x)
		}
	}
}

var pictureOf = regexp.MustCompile(`<img src="(/v1/previews/[^"]+)"`)

// galleries measures how long a gallery takes for somebody who has not seen it: each round is another person.
func (b *bench) galleries(ctx context.Context, r *Result, v *vault, all []*person) error {
	var page, first, whole []float64
	rounds := min(b.n, len(all)-1)
	before, err := v.releases(ctx)
	if err != nil {
		return err
	}
	for _, p := range all[1 : 1+rounds] {
		start := time.Now()
		body, err := p.get(ctx, "/files/"+url.PathEscape(p.share)+"/gallery?view=gallery")
		if err != nil {
			return err
		}
		page = append(page, time.Since(start).Seconds()*1e3)
		var images []string
		for _, m := range pictureOf.FindAllSubmatch(body, -1) {
			images = append(images, html.UnescapeString(string(m[1])))
		}
		if len(images) != b.count(galleryPhotos) {
			return fmt.Errorf("the gallery shows %d pictures", len(images))
		}
		shown := min(firstScreen, len(images))
		for _, part := range [][]string{images[:shown], images[shown:]} {
			if err := p.fetch(ctx, part); err != nil {
				return err
			}
			if len(first) < len(page) {
				first = append(first, time.Since(start).Seconds()*1e3)
			}
		}
		whole = append(whole, time.Since(start).Seconds()*1e3)
	}
	after, err := v.releases(ctx)
	if err != nil {
		return err
	}
	b.say("people: gallery: page %.0f ms, first screen %.0f ms, all %.0f ms", median(page), median(first), median(whole))
	note := fmt.Sprintf("%d photographs, %d connections, nothing in the browser's cache", b.count(galleryPhotos), browserConns)
	r.value("gallery, page", "ms", note, page...)
	r.value(fmt.Sprintf("gallery, first %d pictures", firstScreen), "ms", note, first...)
	r.value("gallery, all pictures", "ms", note, whole...)
	r.target(quantile(first, 1) < 1000, "a gallery's first screen comes within 1 s", "%s ms at most", digits(quantile(first, 1)))
	r.target(after-before == rounds, "a gallery is one release", "%d releases for %d people", after-before, rounds)
	return nil
}

// releases counts the releases in the ledger.
func (v *vault) releases(ctx context.Context) (int, error) {
	out, err := quiet(v.command(ctx, "ledger", "show", "--kind", "released", "--json"))
	return bytes.Count(out, []byte("\n")), err
}

// fetch gets pictures as a browser does.
func (p *person) fetch(ctx context.Context, images []string) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	next := make(chan string, len(images))
	for _, i := range images {
		next <- i
	}
	close(next)
	var workers sync.WaitGroup
	for range browserConns {
		workers.Go(func() {
			for i := range next {
				if body, err := p.get(ctx, i); err != nil || !bytes.HasPrefix(body, []byte("\xff\xd8\xff")) {
					cancel(fmt.Errorf("picture %s of %d bytes: %w", i, len(body), err))
					return
				}
			}
		})
	}
	workers.Wait()
	return context.Cause(ctx)
}

// get gets what must be there.
func (p *person) get(ctx context.Context, path string) ([]byte, error) {
	r, err := http.NewRequestWithContext(ctx, "GET", p.root+path, nil)
	if err != nil {
		return nil, err
	}
	resp, err := p.http.Do(r)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err == nil && (resp.StatusCode != http.StatusOK || resp.Request.URL.Path == "/login") {
		err = fmt.Errorf("%s: %s, at %s", path, resp.Status, resp.Request.URL.Path)
	}
	return body, err
}

// pages lets everybody look at pages, with a moment between two of them.
func (b *bench) pages(ctx context.Context, r *Result, s *server, all []*person) error {
	share := url.PathEscape(all[0].share)
	list := []string{"/", "/files/", "/files/" + share + "/gallery", "/files/" + share + "/gallery/DSC_00000.JPG", "/me", "/connect?system=windows", "/files/" + share + "/gallery?q=0001", "/ledger"}
	for _, path := range list { // each by itself, so that one sees which is slow
		var alone []float64
		for range b.n {
			start := time.Now()
			if _, err := all[0].get(ctx, path); err != nil {
				return err
			}
			alone = append(alone, time.Since(start).Seconds()*1e3)
		}
		name, _ := url.PathUnescape(path)
		r.value("page "+name, "ms", "alone", alone...)
	}
	var mu sync.Mutex
	var took []float64
	failed := 0
	var last error
	end := time.Now().Add(browsing)
	err := each(ctx, len(all), all, func(ctx context.Context, p *person) error {
		r := rand.New(rand.NewPCG(1, uint64(p.step)))
		time.Sleep(time.Duration(r.Int64N(int64(thinking))))
		for i := r.IntN(len(list)); time.Now().Before(end); i++ {
			start := time.Now()
			_, err := p.get(ctx, list[i%len(list)])
			mu.Lock()
			if took = append(took, time.Since(start).Seconds()*1e3); err != nil {
				failed, last = failed+1, err
			}
			mu.Unlock()
			time.Sleep(thinking)
		}
		return nil
	})
	if err != nil {
		return err
	}
	peak, _ := memory(s.cmd.Process.Pid)
	b.say("people: %d at work: %d pages, p50 %.0f ms, p95 %.0f ms, %d failed", len(all), len(took), median(took), quantile(took, 0.95), failed)
	note := fmt.Sprintf("%d people, a page each second, %.0f s", len(all), browsing.Seconds())
	r.value("page, p50", "ms", note, median(took))
	r.value("page, p95", "ms", note, quantile(took, 0.95))
	r.value("pages a second", "", note, float64(len(took))/browsing.Seconds())
	r.value("peak memory of the server", "MiB", "logins with argon2id included", peak)
	r.target(failed == 0, fmt.Sprintf("%d people browse without an error", len(all)), "%d of %d pages failed (%v)", failed, len(took), last)
	return nil
}
