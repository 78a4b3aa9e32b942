package vault

import (
	"context"
	"crypto/sha256"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/problem"
)

// mostDigest is the largest content that Digest reads: notes of intruders are small.
const mostDigest = 64 << 10

// sumSHA256 is the name of such a digest among the checksums of a version.
const sumSHA256 = "SHA256"

// SHA256 is the digest of the content in hexadecimal, if it was kept when it was saved: of notes that the guard knew for such.
func (i *Info) SHA256() string {
	for _, s := range i.Sums {
		if s.Algorithm == sumSHA256 {
			return s.Value
		}
	}
	return ""
}

// Digest returns the SHA-256 of a small content, such as a note that intruders have left, which others know it by. It is a reading like any other,
// with purpose verify, for whoever may read there; asking without that right is refused before anything is released.
func (v *Vault) Digest(ctx context.Context, s account.Session, i Info) (sum [32]byte, err error) {
	const op = "read"
	w := &view{v: v, s: s}
	if i.Size > mostDigest || i.Version.IsZero() {
		return sum, problem.New(problem.Invalid, op, i.Path.Base(), nil)
	}
	if _, _, err := w.enter(ctx, op, i.Path, false); err != nil {
		return sum, err
	}
	files, err := w.Open(ctx, account.Verify, i)
	if err != nil {
		return sum, err
	}
	defer files[0].Close()
	h := sha256.New()
	if _, err := files[0].WriteTo(h); err != nil {
		return sum, err
	}
	return [32]byte(h.Sum(nil)), nil
}
