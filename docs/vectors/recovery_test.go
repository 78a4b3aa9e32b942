package vectors

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base32"
	"strings"
	"testing"
	"time"

	"github.com/tyler-smith/go-bip39/wordlists"

	"github.com/azekura/azekura/internal/durable/durabletest"
	"github.com/azekura/azekura/internal/keeper/custody"
	"github.com/azekura/azekura/internal/keeper/piece"
	"github.com/azekura/azekura/internal/seal"
)

// recoveryVectors are a set of papers, and the file that they open.
type recoveryVectors struct {
	PublicKey string `json:"ledger_public_key"`
	Papers    []struct {
		Number int        `json:"number"`
		Bytes  octets     `json:"bytes"`
		Code   string     `json:"code"`
		Words  [][]string `json:"words"`
	} `json:"papers"`
	Key  octets `json:"recovery_key"` // R of docs/format.md
	Root octets `json:"root"`
	File octets `json:"recovery"`
}

func freshRecovery(t *testing.T) (v recoveryVectors) {
	p := durabletest.New(t)
	c, err := custody.Create(t.Context(), custody.Config{FS: p, Dir: "/keeper", Secret: custody.FromKeyFile("/key/root"), Origin: "azekura.example/ledger/0a1b2c3d"})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Zero()
	_, pieces, err := c.MakePapers(2, 3, 6, time.Date(2026, 11, 30, 9, 0, 0, 0, time.UTC))
	if err != nil {
		t.Fatal(err)
	}
	v.PublicKey = c.LedgerPublicKey()
	for _, x := range pieces {
		var b bytes.Buffer
		x.Tell(&b)
		v.Papers = append(v.Papers, struct {
			Number int        `json:"number"`
			Bytes  octets     `json:"bytes"`
			Code   string     `json:"code"`
			Words  [][]string `json:"words"`
		}{x.Number, b.Bytes(), x.Code(), x.Words()})
	}
	if v.File, err = p.ReadFile("/keeper/recovery"); err != nil {
		t.Fatal(err)
	}
	k, err := piece.Combine(pieces)
	if err != nil {
		t.Fatal(err)
	}
	v.Key = k[:]
	v.Root, err = k.OpenOnce(nil, v.File[len(v.File)-76:], v.File[:len(v.File)-76])
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// TestRecovery reads papers and file as the format says, and not with the code that wrote them.
func TestRecovery(t *testing.T) {
	v := load(t, "recovery.json", freshRecovery)
	number := make(map[string]int)
	for i, w := range wordlists.English {
		number[w] = i
	}
	var pieces []piece.Piece
	root := seal.Key(v.Root)
	mac := func(label string, b []byte) []byte {
		k := root.Derive(label)
		m := hmac.New(sha256.New, k[:])
		m.Write(b)
		return m.Sum(nil)[:16]
	}
	head := v.File[:len(v.File)-76]
	for i, x := range v.Papers {
		if got, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(strings.TrimPrefix(x.Code, "AZEKURA1")); err != nil || !bytes.Equal(got, x.Bytes) {
			t.Errorf("paper %d: its code says %x, %v", x.Number, got, err)
		}
		var bits strings.Builder
		for line, w := range x.Words {
			sum := 173 * (line + 1)
			for j, factor := range []int{3, 5, 7, 9} {
				n := number[w[j]]
				sum += factor * n
				for b := 10; b >= 0; b-- {
					bits.WriteByte('0' + byte(n>>b&1))
				}
			}
			if number[w[4]] != sum%2048 {
				t.Errorf("paper %d, line %d: another check word", x.Number, line+1)
			}
		}
		var want strings.Builder
		for _, b := range x.Bytes {
			for n := 7; n >= 0; n-- {
				want.WriteByte('0' + b>>n&1)
			}
		}
		if bits.String() != want.String()+"0000" {
			t.Errorf("paper %d: its words say something else", x.Number)
		}
		if sum := sha256.Sum256(append([]byte("azekura/v1 paper share"), x.Bytes[:45]...)); !bytes.Equal(sum[:4], x.Bytes[45:]) {
			t.Errorf("paper %d: another checksum", x.Number)
		}
		at := 1 + 32 + 2 + 4 + 2 + 8 + 16*i
		if !bytes.Equal(head[at:at+16], mac("recovery pieces", x.Bytes)) {
			t.Errorf("paper %d: another digest", x.Number)
		}
		p, err := piece.Parse(x.Code)
		if err != nil {
			t.Fatal(err)
		}
		pieces = append(pieces, p)
	}
	if vault := sha256.Sum256([]byte("azekura/v1 vault" + v.PublicKey)); !bytes.Equal(head[1:33], vault[:]) || !bytes.Equal(v.Papers[0].Bytes[8:13], vault[:5]) {
		t.Error("another vault")
	}
	if !bytes.Equal(head[len(head)-16:], mac("recovery check", head[:len(head)-16])) {
		t.Error("the file is of another root")
	}
	for _, some := range [][]piece.Piece{pieces[:2], pieces[1:], {pieces[2], pieces[0]}} {
		k, err := piece.Combine(some)
		if err != nil || !bytes.Equal(k[:], v.Key) {
			t.Errorf("another key: %v", err)
		}
		if got, err := k.OpenOnce(nil, v.File[len(head):], head); err != nil || !bytes.Equal(got, v.Root) {
			t.Errorf("another root: %v", err)
		}
	}
}
