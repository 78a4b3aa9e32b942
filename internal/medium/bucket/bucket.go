// Package bucket is an S3 bucket with Object Lock as a target of media: what was put there nobody can remove or change until a day, not even
// with the bucket's own credentials. Somebody who has them can put other things over a name, and marks that it is gone; the original stays
// below, and whoever reads is given all that stands under a name, to take what is signed.
package bucket

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"io"
	"iter"
	"net/http"
	"path"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/minio/minio-go/v7"

	"github.com/azekura/azekura/internal/medium"
	"github.com/azekura/azekura/internal/problem"
)

// Bucket is a bucket, or a folder of one. Safe for concurrent use.
type Bucket struct {
	set  Settings
	c    *minio.Core
	days int
	now  func() time.Time
}

var _ medium.Locking = (*Bucket)(nil)

const (
	atOnce   = 64 << 10 // so many bytes are on their way before the server can answer
	inMemory = 16 << 20 // up to so many bytes are held, to be sent again when the line breaks
	renewers = 8        // locks that are renewed at once
)

// New returns the target that settings describe. days is for how long what is put is locked; 0: nothing can be put. Nobody is asked yet.
func New(s Settings, days int, now func() time.Time) (*Bucket, error) {
	c, err := s.client()
	if err != nil {
		return nil, err
	}
	return &Bucket{set: s, c: c, days: days, now: now}, nil
}

// Name says which bucket it is, without who one is there.
func (b *Bucket) Name() string { return path.Join(b.set.Bucket, b.set.Folder) }

// Ready returns an error unless the bucket can lock what is put into it.
func (b *Bucket) Ready(ctx context.Context) error {
	there, err := b.c.BucketExists(ctx, b.set.Bucket)
	if err != nil {
		return b.failed("", err)
	}
	if !there {
		return &problem.Error{Kind: problem.NotFound, Op: op, On: b.set.Bucket, Hint: "hint.bucket-none"}
	}
	v, err := b.c.GetBucketVersioning(ctx, b.set.Bucket)
	if err != nil {
		return b.failed("", err)
	}
	lock, _, _, _, err := b.c.GetObjectLockConfig(ctx, b.set.Bucket)
	if err != nil && minio.ToErrorResponse(err).Code != "ObjectLockConfigurationNotFoundError" {
		return b.failed("", err)
	}
	if !v.Enabled() || lock != "Enabled" {
		return &problem.Error{Kind: problem.Invalid, Op: op, On: b.set.Bucket, Hint: "hint.bucket-no-lock"}
	}
	return nil
}

// key is the name of an object in the bucket.
func (b *Bucket) key(name string) string { return path.Join(b.set.Folder, name) }

// Until implements medium.Locking.
func (b *Bucket) Until() time.Time {
	return b.now().Add(time.Duration(b.days) * 24 * time.Hour).UTC().Truncate(time.Second)
}

// Put implements medium.Target. It puts once: what stands there already is not replaced but, if it is another thing, stays below.
func (b *Bucket) Put(ctx context.Context, name string, size int64, body iter.Seq2[[]byte, error]) error {
	if b.days <= 0 {
		return &problem.Error{Kind: problem.Invalid, Op: op, On: b.Name(), Hint: "hint.bucket-days"}
	}
	if size > inMemory {
		return b.putLarge(ctx, name, size, body)
	}
	data, err := collect(ctx, size, body)
	if err != nil {
		return err
	}
	if size > atOnce { // a server that says in the midst of a body that the name is taken may break the line
		is, err := b.stat(ctx, name, "")
		switch {
		case err == nil:
			return b.failed(name, b.over(ctx, name, data, is))
		case !absent(err):
			return b.failed(name, err)
		}
	}
	if err = b.sendAll(ctx, name, data, true); occupied(err) {
		is, failed := b.stat(ctx, name, "")
		if err = failed; err == nil {
			err = b.over(ctx, name, data, is)
		}
	}
	return b.failed(name, err)
}

// putLarge puts what is not held in memory. A pack of a copy that was broken off may be there and nobody know it: to send it again would cost more than
// to read it twice.
func (b *Bucket) putLarge(ctx context.Context, name string, size int64, body iter.Seq2[[]byte, error]) error {
	is, err := b.stat(ctx, name, "")
	there := err == nil
	if !there && !absent(err) {
		return b.failed(name, err)
	}
	if there && is.Size == size {
		h := sha256.New()
		for piece, err := range body {
			if err = errors.Join(err, ctx.Err()); err != nil {
				return err
			}
			h.Write(piece)
		}
		has, err := b.sum(ctx, name, is)
		if err != nil {
			return b.failed(name, err)
		}
		if has == [32]byte(h.Sum(nil)) {
			return b.failed(name, b.lock(ctx, name, is.VersionID, b.Until()))
		}
	}
	r := newReader(body)
	defer r.stop()
	return b.failed(name, r.explain(b.send(ctx, name, r, size, minio.PutObjectOptions{Checksum: minio.ChecksumSHA256}, !there)))
}

// over puts an object where something stands: if it is the same, only its lock is renewed.
func (b *Bucket) over(ctx context.Context, name string, data []byte, is minio.ObjectInfo) error {
	if is.Size == int64(len(data)) {
		has, err := b.sum(ctx, name, is)
		if err != nil {
			return err
		}
		if has == sha256.Sum256(data) {
			return b.lock(ctx, name, is.VersionID, b.Until())
		}
	}
	return b.sendAll(ctx, name, data, false)
}

func (b *Bucket) sendAll(ctx context.Context, name string, data []byte, once bool) error {
	sum := sha256.Sum256(data)
	opt := minio.PutObjectOptions{UserMetadata: map[string]string{"x-amz-checksum-sha256": base64.StdEncoding.EncodeToString(sum[:])}}
	return b.send(ctx, name, bytes.NewReader(data), int64(len(data)), opt, once)
}

// send puts an object, locked. The server compares the SHA-256 that goes with it, in front or behind, with what has come.
func (b *Bucket) send(ctx context.Context, name string, r io.Reader, size int64, opt minio.PutObjectOptions, once bool) error {
	// The SHA-256 of the whole is what counts; a signature for each part of the body would hash everything twice.
	opt.Mode, opt.RetainUntilDate, opt.DisableMultipart, opt.DisableContentSha256 = minio.Compliance, b.Until(), true, true
	if once {
		opt.SetMatchETagExcept("*")
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	w := watch(r, cancel)
	defer w.stop()
	if s, ok := r.(io.ReadSeeker); ok {
		_, err := b.c.Client.PutObject(ctx, b.set.Bucket, b.key(name), &seeking{w, s}, size, opt)
		return stalled(ctx, err)
	}
	_, err := b.c.Client.PutObject(ctx, b.set.Bucket, b.key(name), w, size, opt)
	return stalled(ctx, err)
}

// Flush implements medium.Target: what a bucket has taken it keeps.
func (b *Bucket) Flush(ctx context.Context) error { return ctx.Err() }

// stat asks for an object, "" being the last version.
func (b *Bucket) stat(ctx context.Context, name, version string) (minio.ObjectInfo, error) {
	opt := minio.StatObjectOptions{Checksum: true, VersionID: version}
	return b.c.StatObject(ctx, b.set.Bucket, b.key(name), opt)
}

// sum is the SHA-256 of an object: that which the server compared when it came, or, where it tells none, that of what it gives.
func (b *Bucket) sum(ctx context.Context, name string, is minio.ObjectInfo) (sum [32]byte, err error) {
	if s, err := base64.StdEncoding.DecodeString(is.ChecksumSHA256); err == nil && len(s) == len(sum) {
		return [32]byte(s), nil
	}
	o, err := b.OpenVersion(ctx, name, medium.Version{ID: is.VersionID, Size: is.Size})
	if err != nil {
		return sum, err
	}
	defer o.Close()
	h := sha256.New()
	if _, err := io.Copy(h, io.NewSectionReader(o, 0, is.Size)); err != nil {
		return sum, b.failed(name, err)
	}
	return [32]byte(h.Sum(nil)), nil
}

// Stored implements medium.Locking.
func (b *Bucket) Stored(ctx context.Context, name, version string) (size int64, sum [32]byte, until time.Time, err error) {
	is, err := b.stat(ctx, name, version)
	if err != nil {
		return 0, sum, until, b.failed(name, err)
	}
	if sum, err = b.sum(ctx, name, is); err == nil {
		until, err = b.locked(ctx, name, is)
	}
	return is.Size, sum, until, err
}

// locked is until when an object is locked so that nobody can unlock it; zero: it is not. Some servers tell that of what lies below only if they
// are asked for it.
func (b *Bucket) locked(ctx context.Context, name string, is minio.ObjectInfo) (time.Time, error) {
	if t := lockOf(is.Headers); !t.IsZero() {
		return t, nil
	}
	mode, until, err := b.c.GetObjectRetention(ctx, b.set.Bucket, b.key(name), is.VersionID)
	if code := minio.ToErrorResponse(err).Code; code == "NoSuchObjectLockConfiguration" || code == "ObjectLockConfigurationNotFoundError" {
		return time.Time{}, nil
	}
	if err != nil || mode == nil || until == nil || *mode != minio.Compliance {
		return time.Time{}, b.failed(name, err)
	}
	return *until, nil
}

// lockOf reads it from an answer.
func lockOf(h http.Header) time.Time {
	if h.Get("X-Amz-Object-Lock-Mode") != minio.Compliance.String() {
		return time.Time{}
	}
	t, err := time.Parse(time.RFC3339, h.Get("X-Amz-Object-Lock-Retain-Until-Date"))
	if err != nil {
		return time.Time{}
	}
	return t
}

// lock locks a version until a day. If it is locked for longer already, that is as good.
func (b *Bucket) lock(ctx context.Context, name, version string, until time.Time) error {
	mode := minio.Compliance
	err := b.c.PutObjectRetention(ctx, b.set.Bucket, b.key(name), minio.PutObjectRetentionOptions{Mode: &mode, RetainUntilDate: &until, VersionID: version})
	if err == nil {
		return nil
	}
	if has, err2 := b.locked(ctx, name, minio.ObjectInfo{VersionID: version}); err2 == nil && !has.Before(until) {
		return nil
	}
	return err
}

// all yields all versions and marks below a prefix, names ascending, the latest of each first.
func (b *Bucket) all(ctx context.Context, prefix string) iter.Seq2[minio.ObjectInfo, error] {
	return func(yield func(minio.ObjectInfo, error) bool) {
		own := ""
		if b.set.Folder != "" {
			own = b.set.Folder + "/"
		}
		var seen minio.ObjectInfo // at a place that doubles: a list that goes in a circle comes back to it
		n, next := 0, 1
		for i := range b.c.ListObjectsIter(ctx, b.set.Bucket, minio.ListObjectsOptions{Prefix: own + prefix, Recursive: true, WithVersions: true}) {
			if n++; i.Err == nil && (i.Size < 0 || n > 1 && i.Key == seen.Key && i.VersionID == seen.VersionID) {
				i.Err = errAnswer
			}
			if n == next {
				seen, next = i, 2*next
			}
			if i.Err != nil {
				yield(i, b.failed(prefix, i.Err))
				return
			}
			if i.Key = strings.TrimPrefix(i.Key, own); !yield(i, nil) {
				return
			}
		}
		if err := ctx.Err(); err != nil {
			yield(minio.ObjectInfo{}, err)
		}
	}
}

// List implements medium.Target. Names over which somebody has put a mark that they are gone are in the list.
func (b *Bucket) List(ctx context.Context, folder string) iter.Seq2[medium.Entry, error] {
	return func(yield func(medium.Entry, error) bool) {
		prefix := ""
		if folder != "" {
			prefix = folder + "/"
		}
		var e medium.Entry
		for i, err := range b.all(ctx, prefix) {
			switch {
			case err != nil:
				yield(e, err)
				return
			case i.IsDeleteMarker: // where they stand in the list differs: that something lies over a version it says itself
				continue
			case i.Key == e.Name:
				e.Several = true
				continue
			case e.Name != "" && !yield(e, nil):
				return
			}
			e = medium.Entry{Name: i.Key, Size: i.Size, Several: !i.IsLatest}
		}
		if e.Name != "" {
			yield(e, nil)
		}
	}
}

// Versions implements medium.Locking.
func (b *Bucket) Versions(ctx context.Context, name string) (out []medium.Version, err error) {
	for i, err := range b.all(ctx, name) {
		switch {
		case err != nil:
			return nil, err
		case i.IsDeleteMarker:
		case i.Key == name:
			out = append(out, medium.Version{ID: i.VersionID, Size: i.Size, Last: i.IsLatest})
		case i.Key > name:
			slices.Reverse(out)
			return out, nil
		}
	}
	slices.Reverse(out)
	return out, nil
}

// Remove implements medium.Target: what is not locked any more goes, with all marks.
func (b *Bucket) Remove(ctx context.Context, name string) error {
	locked := false
	for i, err := range b.all(ctx, name) {
		if err != nil {
			return err
		}
		if i.Key != name {
			if i.IsDeleteMarker {
				continue
			}
			break
		}
		if b.now().Before(i.LastModified.Add(time.Duration(b.days)*24*time.Hour)) && !i.IsDeleteMarker {
			locked = true
			continue
		}
		if err := b.c.RemoveObject(ctx, b.set.Bucket, b.key(name), minio.RemoveObjectOptions{VersionID: i.VersionID}); err != nil {
			if minio.ToErrorResponse(err).StatusCode != http.StatusForbidden {
				return b.failed(name, err)
			}
			locked = true
		}
	}
	if locked {
		return errLocked
	}
	return nil
}

// Free implements medium.Target.
func (b *Bucket) Free(context.Context) (int64, error) { return -1, nil }

// Renew implements medium.Locking: everything that stands under a name is locked until a day, for which of it is right only who reads can tell.
func (b *Bucket) Renew(ctx context.Context, until time.Time, which func(name string) bool) error {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	work := make(chan minio.ObjectInfo)
	var workers sync.WaitGroup
	for range renewers {
		workers.Go(func() {
			for i := range work {
				if err := b.lock(ctx, i.Key, i.VersionID, until); err != nil {
					stop(b.failed(i.Key, err))
				}
			}
		})
	}
	var err error
	for i, listed := range b.all(ctx, "") {
		if err = listed; err != nil {
			break
		}
		if i.IsDeleteMarker || !which(i.Key) {
			continue
		}
		select {
		case work <- i:
			continue
		case <-ctx.Done():
		}
		break
	}
	close(work)
	workers.Wait()
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	return err
}

// collect reads all of a small object.
func collect(ctx context.Context, size int64, body iter.Seq2[[]byte, error]) ([]byte, error) {
	data := make([]byte, 0, size)
	for piece, err := range body {
		if err = errors.Join(err, ctx.Err()); err != nil {
			return nil, err
		}
		data = append(data, piece...)
	}
	if int64(len(data)) != size {
		return nil, io.ErrUnexpectedEOF
	}
	return data, nil
}
