package vectors

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/sha256"
	"testing"

	"github.com/azekura/azekura/internal/catalogue/loan"
	"github.com/azekura/azekura/internal/seal"
)

type bookVectors struct {
	Metadata octets `json:"metadata_key"`
	Plain    octets `json:"plain"`
	Sealed   octets `json:"sealed"` // an object below books/
	SHA256   octets `json:"sha256"`
}

func freshBooks(t *testing.T) (v bookVectors) {
	root := seal.Key(key("metadata key"))
	v.Metadata, v.Plain = root[:], octets("what the program keeps of a share")
	var out bytes.Buffer
	_, sum, err := loan.Seal(&out, bytes.NewReader(v.Plain), int64(len(v.Plain)), seal.NewMetadata(root))
	if err != nil {
		t.Fatal(err)
	}
	v.Sealed, v.SHA256 = out.Bytes(), sum[:]
	return v
}

// TestBooks opens a copy of the catalogue with what the document says alone.
func TestBooks(t *testing.T) {
	v := load(t, "books.json", freshBooks)
	sum := sha256.Sum256(v.Sealed)
	same(t, "digest", sum[:], v.SHA256)
	pieces, salt := v.Sealed[:len(v.Sealed)-16], v.Sealed[len(v.Sealed)-16:]
	working := seal.Key(v.Metadata).Derive("books")
	mac := hmac.New(sha256.New, working[:])
	mac.Write([]byte("azekura/v1 once"))
	mac.Write(salt)
	block, err := aes.NewCipher(mac.Sum(nil))
	if err != nil {
		t.Fatal(err)
	}
	gcm, err := cipher.NewGCM(block)
	if err != nil {
		t.Fatal(err)
	}
	plain, err := gcm.Open(nil, pieces[:12], pieces[12:], []byte{0, 0, 0, 0, 0, 0, 0, 0, 1}) // the first, and the last
	if err != nil {
		t.Fatal(err)
	}
	same(t, "plain", plain, v.Plain)
}
