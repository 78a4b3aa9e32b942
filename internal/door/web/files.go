package web

import (
	"archive/zip"
	"fmt"
	"html/template"
	"io"
	"iter"
	"maps"
	"math"
	"mime"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/azekura/azekura/internal/door/api"
	"github.com/azekura/azekura/internal/door/api/client"
	"github.com/azekura/azekura/internal/problem"
)

// folder is a page of a directory, or of the shares.
type folder struct {
	Path     string
	Dirs     []api.Info
	Files    []api.Info
	Shares   []api.Share
	ReadOnly bool
	Top      bool // the list of shares
	Share    string
	Found    []api.Info // of a search
	Search   string
	More     bool // there are more than are shown
	Pictures bool // some of the files are pictures
	Gallery  []thumbnail
	Next     template.URL // the query of the next page; empty: it is the last
}

// thumbnail is a file in a gallery.
type thumbnail struct {
	api.Info
	State api.PreviewState
}

// Bounds of what a page shows.
const (
	maxListed   = 2000
	maxPictures = 500
)

// at is the path of a request, as the API has it.
func (v *visit) at() string { return "/" + strings.Trim(v.r.PathValue("path"), "/") }

func (v *visit) files() error {
	ctx, p := v.r.Context(), v.at()
	f := folder{Path: p, Top: p == "/", Search: v.r.URL.Query().Get("q")}
	if f.Search != "" {
		return v.search(f)
	}
	if f.Top {
		var err error
		f.Shares, err = collect(v.api.Shares(ctx))
		if err != nil {
			return err
		}
		return v.show("folder", f)
	}
	i, err := v.api.Stat(ctx, p)
	if err != nil {
		return err
	}
	if i.Type == api.RegularFile {
		return v.file(i)
	}
	f.Path, f.ReadOnly = i.Path, i.ReadOnly
	f.Share, _, _ = strings.Cut(strings.Trim(i.Path, "/"), "/")
	if v.r.URL.Query().Get("view") == "gallery" {
		return v.gallery(f)
	}
	list, err := v.part(&f, v.api.List(ctx, p), maxListed, dirsFirst)
	if err != nil {
		return err
	}
	files := slices.IndexFunc(list, func(i api.Info) bool { return i.Type == api.RegularFile })
	if files < 0 {
		files = len(list)
	}
	f.Dirs, f.Files = list[:files], list[files:]
	f.Pictures = slices.ContainsFunc(f.Files, func(i api.Info) bool { return i.Picture })
	return v.show("folder", f)
}

// part returns the page of a list that the query asks for: what comes first after ?after= in the order of keys. However long the list
// is, no more than two pages of it are kept. What has no key is left out.
func (v *visit) part(f *folder, list iter.Seq2[api.Info, error], length int, key func(api.Info) string) ([]api.Info, error) {
	type keyed struct {
		key string
		api.Info
	}
	q := v.r.URL.Query()
	after := q.Get("after")
	var kept []keyed
	first := func(n int) {
		slices.SortFunc(kept, func(a, b keyed) int { return strings.Compare(a.key, b.key) })
		clear(kept[min(n, len(kept)):])
		kept = kept[:min(n, len(kept))]
	}
	for i, err := range list {
		if err != nil {
			return nil, err
		}
		if k := key(i); k > after {
			if kept = append(kept, keyed{k, i}); len(kept) == 2*length {
				first(length + 1)
			}
		}
	}
	if first(length + 1); len(kept) > length {
		kept = kept[:length]
		q.Set("after", kept[length-1].key)
		f.Next = template.URL(q.Encode())
	}
	out := make([]api.Info, len(kept))
	for i, k := range kept {
		out[i] = k.Info
	}
	return out, nil
}

// dirsFirst is the order of a directory: in whichever case names are written, and the same for all that do not differ but in that.
func dirsFirst(i api.Info) string {
	if i.Type == api.RegularFile {
		return "2" + nameOrder(i)
	}
	return "1" + nameOrder(i)
}

func pictures(i api.Info) string {
	if !i.Picture {
		return ""
	}
	return nameOrder(i)
}

func nameOrder(i api.Info) string {
	name := path.Base(i.Path)
	return strings.ToLower(name) + "/" + name
}

// latestRemoved is the order of the bin. Of one path several files may have been removed.
func latestRemoved(i api.Info) string {
	return fmt.Sprintf("%019d/%s/%s", math.MaxInt64-max(i.Removed.UnixNano(), 0), path.Base(i.Path), i.Version)
}

// gallery shows the pictures of a directory. All of a page are opened with one release, and fetched while it lasts.
func (v *visit) gallery(f folder) error {
	shown, err := v.part(&f, v.api.List(v.r.Context(), f.Path), maxPictures, pictures)
	if err != nil {
		return err
	}
	if len(shown) == 0 {
		return v.show("gallery", f)
	}
	paths := make([]string, len(shown))
	for i, p := range shown {
		paths[i] = p.Path
	}
	states, err := collect(v.api.Previews(v.r.Context(), paths))
	if err != nil {
		return err
	}
	for i, p := range states {
		f.Gallery = append(f.Gallery, thumbnail{shown[i], p.State})
	}
	return v.show("gallery", f)
}

func byName(list []api.Info) {
	slices.SortFunc(list, func(a, b api.Info) int { return strings.Compare(strings.ToLower(a.Path), strings.ToLower(b.Path)) })
}

func (v *visit) search(f folder) error {
	for x, err := range v.api.Search(v.r.Context(), f.Path, f.Search, maxFound+1) {
		if err != nil {
			return err
		}
		if f.More = len(f.Found) >= maxFound; f.More {
			break
		}
		f.Found = append(f.Found, x)
	}
	byName(f.Found)
	return v.show("found", f)
}

const maxFound = 200

func (v *visit) removed() error {
	f := folder{Path: v.at()}
	var err error
	if f.Files, err = v.part(&f, v.api.Removed(v.r.Context(), f.Path), maxListed, latestRemoved); err != nil {
		return err
	}
	return v.show("bin", f)
}

// download sends a file or one of its versions; a directory as a ZIP archive.
func (v *visit) download() error {
	ctx, p, q := v.r.Context(), v.at(), v.r.URL.Query()
	i, err := v.api.Stat(ctx, p)
	if err != nil {
		return err
	}
	if i.Type != api.RegularFile {
		return v.archive(i)
	}
	n, err := strconv.Atoi(q.Get("number"))
	if q.Get("number") != "" && err != nil {
		return problem.New(problem.Invalid, "open", p, err)
	}
	c, err := v.api.Open(ctx, p, client.Version{Number: n}, "")
	if err != nil {
		return err
	}
	defer c.Close()
	v.send("application/octet-stream", path.Base(i.Path))
	if c.Size >= 0 {
		v.w.Header().Set("Content-Length", strconv.FormatInt(c.Size, 10))
	}
	if _, err := io.Copy(v.w, c); err != nil {
		panic(http.ErrAbortHandler) // too late for a page: only a broken answer keeps it from looking whole
	}
	return nil
}

// send says what is coming. Whatever it is, as a page it may do nothing.
func (v *visit) send(kind, name string) {
	h := v.w.Header()
	h.Set("Content-Type", kind)
	h.Set("Content-Security-Policy", "sandbox; default-src 'none'")
	h.Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": name}))
	if h.Get("Content-Disposition") == "" {
		h.Set("Content-Disposition", "attachment; filename*=UTF-8''"+url.PathEscape(name))
	}
}

// batch is how many files of an archive are opened with one release.
const batch = 200

// archive sends a directory as a ZIP archive, while it is made.
func (v *visit) archive(dir api.Info) error {
	page := v.w.Header().Clone()
	v.send("application/zip", path.Base(dir.Path)+".zip")
	out := &begun{Writer: v.w}
	z := zip.NewWriter(out)
	var wait []string
	err := v.walk(dir.Path, func(i api.Info) (err error) {
		if wait = append(wait, i.Path); len(wait) == batch {
			err, wait = v.pack(z, dir.Path, wait), wait[:0]
		}
		return err
	})
	if err == nil && len(wait) > 0 {
		err = v.pack(z, dir.Path, wait)
	}
	if err == nil {
		err = z.Close()
	}
	if err != nil && !out.yet {
		clear(v.w.Header())
		maps.Copy(v.w.Header(), page)
		return err
	}
	if err != nil { // too late for a page: only a broken answer keeps it from looking whole
		v.Log.WarnContext(v.r.Context(), "an archive was broken off", "err", err)
		panic(http.ErrAbortHandler)
	}
	return nil
}

// begun remembers whether anything was written.
type begun struct {
	io.Writer
	yet bool
}

func (b *begun) Write(p []byte) (int, error) {
	b.yet = true
	return b.Writer.Write(p)
}

// walk calls do for each file below a directory.
func (v *visit) walk(dir string, do func(api.Info) error) error {
	var below []string // a listing is not kept open while those below are read
	for i, err := range v.api.List(v.r.Context(), dir) {
		if err != nil {
			return err
		}
		switch {
		case i.Type != api.RegularFile:
			below = append(below, i.Path)
		case !i.Live:
			if err := do(i); err != nil {
				return err
			}
		}
	}
	for _, d := range below {
		if err := v.walk(d, do); err != nil {
			return err
		}
	}
	return nil
}

// pack puts files into an archive. One that cannot be read breaks it off: an archive that lacks a file looks whole.
func (v *visit) pack(z *zip.Writer, root string, paths []string) error {
	items, body, err := v.api.OpenBatch(v.r.Context(), paths, "export")
	if err != nil {
		return err
	}
	defer body.Close()
	for {
		i, err := items.Next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		if i.Error != nil {
			return i.Error.Err()
		}
		w, err := z.CreateHeader(&zip.FileHeader{Name: strings.TrimPrefix(strings.TrimPrefix(i.Path, root), "/"), Modified: i.Modified, Method: zip.Store})
		if err != nil {
			return err
		}
		if _, err := io.Copy(w, items); err != nil {
			return err
		}
	}
}

// upload takes files from a form without scripts.
func (v *visit) upload() error {
	m, err := v.r.MultipartReader()
	if err != nil {
		return problem.New(problem.Invalid, "save", "", err)
	}
	for first := true; ; first = false {
		part, err := m.NextPart()
		if err == io.EOF {
			break
		}
		if err != nil {
			return problem.New(problem.Invalid, "save", "", err)
		}
		if first { // before anything is taken
			token, err := io.ReadAll(io.LimitReader(part, 200))
			if err != nil || part.FormName() != "csrf" || !v.csrf.equal(v.r, string(token)) {
				return &problem.Error{Kind: problem.Denied, Op: "read", Hint: "hint.page-old"}
			}
			continue
		}
		if part.FileName() == "" {
			continue
		}
		if _, err := v.api.Save(v.r.Context(), path.Join(v.at(), part.FileName()), part, -1, time.Time{}); err != nil {
			return err
		}
	}
	return v.done(fileURL("/files", v.at()), "web.uploaded")
}

// fileAct is what somebody does with a file or a directory.
func (v *visit) fileAct() error {
	ctx, p := v.r.Context(), v.at()
	parent := fileURL("/files", path.Dir(p))
	switch v.form("act") {
	case "mkdir":
		name := v.form("name")
		if err := oneName("make directory", name); err != nil {
			return err
		}
		return v.after(v.api.Mkdir(ctx, path.Join(p, name)), fileURL("/files", path.Join(p, name)), "web.folder-made")
	case "remove":
		return v.after(v.api.Remove(ctx, p), parent, "web.removed-done")
	case "rename":
		name := v.form("name")
		if err := oneName("rename", name); err != nil {
			return err
		}
		return v.after(v.api.Rename(ctx, p, path.Join(path.Dir(p), name), false), fileURL("/files", path.Join(path.Dir(p), name)), "web.renamed")
	case "restore":
		q := api.RestoreRequest{Path: p}
		if s := v.form("number"); s != "" {
			n, err := strconv.Atoi(s)
			if err != nil {
				return problem.New(problem.Invalid, "restore", p, err)
			}
			q.Number = n
		}
		for x, err := range v.api.Restore(ctx, q) {
			if err != nil {
				return err
			}
			if x.Error != nil {
				return &client.Error{Problem: *x.Error}
			}
		}
		return v.done(fileURL("/files", p), "web.restored")
	}
	return problem.New(problem.NotFound, "read", "", nil)
}

// oneName refuses what is put behind a folder's path and would lead elsewhere.
func oneName(op, name string) error {
	if strings.Contains(name, "/") || name == "." || name == ".." {
		return &problem.Error{Kind: problem.Invalid, Op: op, On: name, Hint: "hint.name"}
	}
	return nil
}

// fileURL returns the URL of a page about a path.
func fileURL(page, p string) string {
	var b strings.Builder
	b.WriteString(page + "/")
	for i, name := range strings.Split(strings.Trim(p, "/"), "/") {
		if i > 0 {
			b.WriteByte('/')
		}
		b.WriteString(url.PathEscape(name))
	}
	return b.String()
}

// crumb is a directory above a path.
type crumb struct{ Name, URL string }

func crumbs(p string) (out []crumb) {
	at := ""
	for _, name := range strings.Split(strings.Trim(p, "/"), "/") {
		if name == "" {
			continue
		}
		at += "/" + name
		out = append(out, crumb{name, fileURL("/files", at)})
	}
	return out
}

// size writes a number of bytes for people.
func size(n int64) string {
	units := []string{"B", "KB", "MB", "GB", "TB"}
	f := float64(n)
	i := 0
	for f >= 1000 && i < len(units)-1 {
		f, i = f/1000, i+1
	}
	if i == 0 || f >= 100 {
		return fmt.Sprintf("%.0f\u00a0%s", f, units[i])
	}
	return fmt.Sprintf("%.1f\u00a0%s", f, units[i])
}
