package webdav

import (
	"crypto/md5"  // checksums that sync tools compare; nothing is protected by them
	"crypto/sha1" // likewise
	"crypto/sha256"
	"encoding/hex"
	"hash"
	"hash/adler32"
	"net/http"
	"strings"

	"github.com/azekura/azekura/internal/commit"
	"github.com/azekura/azekura/internal/vault"
)

// checksums compares what came with what the client says that it sent.
type checksums struct{ want []wantedSum }

type wantedSum struct {
	commit.Sum
	hash hash.Hash
}

var algorithms = map[string]func() hash.Hash{"SHA1": sha1.New, "MD5": md5.New, "SHA256": sha256.New,
	"ADLER32": func() hash.Hash { return adler32.New() }}

// newChecksums reads an OC-Checksum header: sums with their algorithms, such as "SHA1:… MD5:…". A sum that cannot
// be verified is passed over, and not kept.
func newChecksums(header string) (*checksums, error) {
	c := &checksums{}
	if len(header) > 1000 {
		return nil, refuse(http.StatusBadRequest, "dav.checksum-long")
	}
	for s := range strings.FieldsSeq(header) {
		name, value, ok := strings.Cut(s, ":")
		if !ok || value == "" {
			return nil, refuse(http.StatusBadRequest, "dav.checksum-value")
		}
		name = strings.ToUpper(name)
		if make := algorithms[name]; make != nil && !c.has(name) {
			c.want = append(c.want, wantedSum{commit.Sum{Algorithm: name, Value: strings.ToLower(value)}, make()})
		}
	}
	// rclone announces SHA-1 and later compares MD5: what came is what was announced, so both are known.
	if c.has("SHA1") && !c.has("MD5") {
		c.want = append(c.want, wantedSum{commit.Sum{Algorithm: "MD5"}, md5.New()})
	}
	return c, nil
}

func (c *checksums) has(name string) bool {
	for _, w := range c.want {
		if w.Algorithm == name {
			return true
		}
	}
	return false
}

func (c *checksums) write(p []byte) {
	for _, w := range c.want {
		w.hash.Write(p)
	}
}

// compare returns the sums of what came, or says which of them is not the announced one.
func (c *checksums) compare() (sums []commit.Sum, err error) {
	for _, w := range c.want {
		got := hex.EncodeToString(w.hash.Sum(nil))
		if w.Value != "" && got != w.Value {
			return nil, refuse(http.StatusBadRequest, "dav.checksum", w.Algorithm)
		}
		sums = append(sums, commit.Sum{Algorithm: w.Algorithm, Value: got})
	}
	return sums, nil
}

// sumsOf returns the checksums of a file: those that were verified, or those of no content at all.
func sumsOf(i vault.Info) []commit.Sum {
	if i.Size > 0 || i.Dir {
		return i.Sums
	}
	return []commit.Sum{
		{Algorithm: "SHA1", Value: "da39a3ee5e6b4b0d3255bfef95601890afd80709"},
		{Algorithm: "MD5", Value: "d41d8cd98f00b204e9800998ecf8427e"},
	}
}
