// Evidence checks an unpacked bundle of evidence with nothing but the standard library and golang.org/x/mod/sumdb:
//
//	go run ./docs/evidence DIRECTORY PUBLIC-KEY
package main

import (
	"crypto/aes"
	"crypto/cipher"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

func main() {
	fmt.Println(must(check(os.DirFS(os.Args[1]), os.Args[2])), "entries stand in the ledger and say what the texts say")
}

func check(dir fs.FS, key string) (n int, err error) {
	names, _ := fs.Glob(dir, "entries/*.json")
	for _, name := range names {
		err = errors.Join(err, checkEntry(dir, strings.TrimSuffix(name, ".json"), key))
	}
	return len(names), err
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// checkEntry follows the proof to the checkpoint, opens the entry with its key, and compares it with the text.
func checkEntry(dir fs.FS, base, key string) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("%s: %v", base, r)
		}
	}()
	entry, proof := must(fs.ReadFile(dir, base+".entry")), string(must(fs.ReadFile(dir, base+".tlog-proof")))
	signed := must(note.Open(must(fs.ReadFile(dir, "checkpoint")), note.VerifierList(must(note.NewVerifier(key)))))
	head := strings.Split(signed.Text, "\n") // origin, size, root
	top, end, _ := strings.Cut(proof, "\n\n")
	lines := strings.Split(top, "\n") // c2sp.org/tlog-proof@v1, index, hashes
	if end != string(must(fs.ReadFile(dir, "checkpoint"))) || lines[1] != "index "+strings.TrimPrefix(base, "entries/") {
		panic("a proof of something else")
	}
	var path tlog.RecordProof
	for _, line := range lines[2:] {
		path = append(path, must(tlog.ParseHash(line)))
	}
	size, index := must(strconv.ParseInt(head[1], 10, 64)), must(strconv.ParseInt(lines[1][len("index "):], 10, 64))
	must(0, tlog.CheckRecord(path, size, must(tlog.ParseHash(head[2])), index, tlog.RecordHash(entry)))
	var told struct {
		Key   string
		Event map[string]any
		Paths []map[string]any
	}
	must(0, json.Unmarshal(must(fs.ReadFile(dir, base+".json")), &told))
	e := open(told.Key, entry[9:], entry[:9]) // the event: version, kind, time, fields
	n := 2 + int(e[1])
	said := map[string]string{"kind": string(e[2:n]), "when": time.UnixMilli(int64(binary.BigEndian.Uint64(e[n:]))).UTC().Format("2006-01-02T15:04:05.000Z")}
	var files [][]byte // each a version of 16 bytes, a length of 2, a sealed path
	for e = e[n+8:]; len(e) > 0; {
		tag, value := e[0], e[3:3+binary.BigEndian.Uint16(e[1:])]
		said[map[byte]string{3: "actor", 6: "door", 8: "purpose", 11: "target", 15: "note"}[tag]] = string(value)
		said[map[byte]string{1: "session", 2: "account", 4: "device", 7: "share"}[tag]] = hex.EncodeToString(value)
		for e = e[3+len(value):]; tag == 10 && len(value) > 0; value = value[len(files[len(files)-1]):] {
			files = append(files, value[:18+int(binary.BigEndian.Uint16(value[16:]))])
		}
	}
	for name, value := range said {
		if name != "" && told.Event[name] != value {
			panic(fmt.Sprintf("%s is %q, the text says %v", name, value, told.Event[name]))
		}
	}
	for _, p := range told.Paths {
		if path := open(p["key"].(string), files[int(p["file"].(float64))][18:], nil); string(path) != p["path"] {
			panic(fmt.Sprintf("a path is %q, the text says %v", path, p))
		}
	}
	return nil
}

// open undoes AES-256-GCM: 16 bytes of salt, 12 of nonce, ciphertext and tag.
func open(key string, sealed, additional []byte) []byte {
	gcm := must(cipher.NewGCM(must(aes.NewCipher(must(hex.DecodeString(key))))))
	return must(gcm.Open(nil, sealed[16:28], sealed[28:], additional))
}
