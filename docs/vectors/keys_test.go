package vectors

import (
	"crypto/hpke"
	"crypto/sha256"
	"testing"

	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/seal"
)

type keyVectors struct {
	Metadata octets            `json:"metadata_key"`
	Working  map[string]octets `json:"working_keys"`
	Names    []struct {
		Directory octets `json:"directory"`
		NFC       string `json:"nfc"`
		Lookup    octets `json:"lookup"`
	} `json:"names"`
	Chunk struct {
		Bytes octets `json:"bytes"`
		ID    octets `json:"id"`
		Key   octets `json:"key"`
		Equal octets `json:"equal"`
	} `json:"chunk"`
	Sealed []struct {
		How     string `json:"how"`
		Key     octets `json:"key"`
		Context octets `json:"context"`
		Plain   octets `json:"plain"`
		Sealed  octets `json:"sealed"`
	} `json:"sealed"`
	Epoch struct {
		PrivateKey    octets            `json:"private_key"`
		PublicKey     octets            `json:"public_key"`
		Share         octets            `json:"share"`
		Epoch         octets            `json:"epoch"`
		Encapsulation octets            `json:"encapsulation"`
		FileKeys      map[string]octets `json:"file_keys"`
	} `json:"epoch"`
}

var labels = []string{"names", "records", "lookup", "ledger paths", "chunk id", "chunk key", "equal content", "cutting", "books"}

func freshKeys(t *testing.T) (v keyVectors) {
	root := seal.Key(key("metadata key"))
	m := seal.NewMetadata(root)
	v.Metadata, v.Working = root[:], map[string]octets{}
	for _, l := range labels {
		k := root.Derive(l)
		v.Working[l] = k[:]
	}
	for _, n := range []string{"IMG_0001.JPG", "名簿.xlsx", "がく.pdf"} {
		dir := id.File{15: 1}
		x := m.Lookup(dir, n)
		v.Names = append(v.Names, struct {
			Directory octets `json:"directory"`
			NFC       string `json:"nfc"`
			Lookup    octets `json:"lookup"`
		}{dir[:], n, x[:]})
	}
	v.Chunk.Bytes = octets("a chunk")
	sum := sha256.Sum256(v.Chunk.Bytes)
	i, k, e := m.Chunk(sum), m.ChunkKey(sum), m.Equal(sum[:])
	v.Chunk.ID, v.Chunk.Key, v.Chunk.Equal = i[:], k[:], e[:]
	for _, how := range []string{"Seal", "SealOnce"} {
		k, plain, context := seal.Key(key("sealing")), []byte("plain"), []byte("context")
		sealed := k.Seal(nil, plain, context)
		if how == "SealOnce" {
			sealed = k.SealOnce(nil, plain, context)
		}
		v.Sealed = append(v.Sealed, struct {
			How     string `json:"how"`
			Key     octets `json:"key"`
			Context octets `json:"context"`
			Plain   octets `json:"plain"`
			Sealed  octets `json:"sealed"`
		}{how, k[:], context, plain, sealed})
	}
	ikm := key("share")
	private, err := seal.KEM().DeriveKeyPair(ikm[:])
	if err != nil {
		t.Fatal(err)
	}
	if v.Epoch.PrivateKey, err = private.Bytes(); err != nil {
		t.Fatal(err)
	}
	v.Epoch.PublicKey = private.PublicKey().Bytes()
	r, err := seal.ParseRecipient(v.Epoch.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	share := id.Share{0: 0xaa}
	ep, err := r.NewEpoch(share)
	if err != nil {
		t.Fatal(err)
	}
	v.Epoch.Share, v.Epoch.Epoch, v.Epoch.Encapsulation, v.Epoch.FileKeys = share[:], ep.ID[:], ep.Enc, map[string]octets{}
	for _, version := range []id.Version{{0: 1}, {15: 2}} {
		k, err := ep.FileKey(version)
		if err != nil {
			t.Fatal(err)
		}
		v.Epoch.FileKeys[version.String()] = k[:]
	}
	return v
}

func TestKeys(t *testing.T) {
	v := load(t, "keys.json", freshKeys)
	root := seal.Key(v.Metadata)
	m := seal.NewMetadata(root)
	if len(v.Working) != len(labels) || len(v.Names) == 0 || len(v.Sealed) != 2 || len(v.Epoch.FileKeys) == 0 {
		t.Fatal("examples are missing")
	}
	for _, l := range labels {
		k := root.Derive(l)
		same(t, l, k[:], v.Working[l])
	}
	for _, n := range v.Names {
		k := m.Lookup(id.File(n.Directory), n.NFC)
		same(t, "lookup of "+n.NFC, k[:], n.Lookup)
	}
	sum := sha256.Sum256(v.Chunk.Bytes)
	i, k, e := m.Chunk(sum), m.ChunkKey(sum), m.Equal(sum[:])
	same(t, "chunk id", i[:], v.Chunk.ID)
	same(t, "chunk key", k[:], v.Chunk.Key)
	same(t, "equal", e[:], v.Chunk.Equal)
	c := m.Cutting()
	same(t, "cutting", c[:], v.Working["cutting"])
	for _, s := range v.Sealed {
		open := map[string]func(dst, sealed, context []byte) ([]byte, error){"Seal": seal.Key(s.Key).Open, "SealOnce": seal.Key(s.Key).OpenOnce}[s.How]
		plain, err := open(nil, s.Sealed, s.Context)
		if err != nil {
			t.Errorf("%s: %v", s.How, err)
		}
		same(t, s.How, plain, s.Plain)
	}
	private, err := seal.KEM().NewPrivateKey(v.Epoch.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	same(t, "public key", private.PublicKey().Bytes(), v.Epoch.PublicKey)
	r, err := hpke.NewRecipient(v.Epoch.Encapsulation, private, hpke.HKDFSHA256(), hpke.ExportOnly(),
		seal.EpochInfo(id.Share(v.Epoch.Share), id.Epoch(v.Epoch.Epoch)))
	if err != nil {
		t.Fatal(err)
	}
	for text, want := range v.Epoch.FileKeys {
		var version id.Version
		if err := version.UnmarshalText([]byte(text)); err != nil {
			t.Fatal(err)
		}
		k, err := r.Export(seal.FileKeyContext(version), 32)
		if err != nil {
			t.Fatal(err)
		}
		same(t, "file key of "+text, k, want)
	}
}
