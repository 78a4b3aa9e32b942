// Evidence checks an unpacked bundle with public packages alone: go run ./docs/evidence DIRECTORY PUBLIC-KEY
package main

import (
	"crypto/aes"
	"crypto/cipher"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
	"io/fs"
	"net/netip"
	"os"
	"reflect"
	"strconv"
	"strings"
	"time"
)

func main() { fmt.Println(must(check(os.DirFS(os.Args[1]), os.Args[2])), "entries are as told") }

func check(dir fs.FS, key string) (n int, err error) {
	names, _ := fs.Glob(dir, "entries/*.entry")
	all, _ := fs.Glob(dir, "entries/*")
	err = map[bool]error{true: errors.New("no entries, or files of none")}[len(names) == 0 || len(all) != 3*len(names)]
	for _, name := range names {
		err = errors.Join(err, checkEntry(dir, strings.TrimSuffix(name, ".entry"), key))
	}
	return len(names), err
}
func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}
func sure(ok bool, wrong string) { must(0, map[bool]error{false: errors.New(wrong)}[ok]) }

// checkEntry follows the proof to the checkpoint, opens the entry with its key, and compares all that it says with the text.
func checkEntry(dir fs.FS, base, key string) (err error) {
	defer func() {
		r := recover()
		err = map[bool]error{true: fmt.Errorf("%s: %v", base, r)}[r != nil]
	}()
	entry, checkpoint := must(fs.ReadFile(dir, base+".entry")), must(fs.ReadFile(dir, "checkpoint"))
	head := strings.Split(must(note.Open(checkpoint, note.VerifierList(must(note.NewVerifier(key))))).Text, "\n") // origin, size, root
	top, end, _ := strings.Cut(string(must(fs.ReadFile(dir, base+".tlog-proof"))), "\n\n")
	lines := strings.Split(top, "\n") // c2sp.org/tlog-proof@v1, index, hashes
	sure(end == string(checkpoint) && lines[1] == "index "+strings.TrimPrefix(base, "entries/"), "a proof of something else")
	var path tlog.RecordProof
	for _, line := range lines[2:] {
		path = append(path, must(tlog.ParseHash(line)))
	}
	size, index := must(strconv.ParseInt(head[1], 10, 64)), must(strconv.ParseInt(lines[1][len("index "):], 10, 64))
	must(0, tlog.CheckRecord(path, size, must(tlog.ParseHash(head[2])), index, tlog.RecordHash(entry)))
	var told map[string]any
	must(0, json.Unmarshal(must(fs.ReadFile(dir, base+".json")), &told))
	e := open(told["key"], entry[9:], entry[:9]) // the event: version, kind, time, fields
	n := 2 + int(e[1])
	said, files, sealed := map[string]any{"kind": string(e[2:n]), "when": forms["t"](e[n:])}, []any{}, [][]byte{}
	for e = e[n+8:]; len(e) > 0; {
		tag, value := e[0], e[3:3+binary.BigEndian.Uint16(e[1:])]
		for e = e[3+len(value):]; tag == 10 && len(value) > 0; { // each a version of 16 bytes, a length of 2, a sealed path
			n := 18 + int(binary.BigEndian.Uint16(value[16:]))
			files = append(files, map[string]any{"version": hex.EncodeToString(value[:16]), "sealed_path": base64.StdEncoding.EncodeToString(value[18:n])})
			said["files"], sealed, value = files, append(sealed, value[18:n]), value[n:]
		}
		if tag != 10 && tag < 16 { // those beyond are of a later program
			name, form, _ := strings.Cut(strings.Fields("- session:x account:x actor device:x address:a door share:x purpose until:t - target pack:n size:n digest:x note")[tag], ":")
			said[name] = forms[form](value)
		}
	}
	paths, _ := told["paths"].([]any)
	delete(told, "paths") // of which there may be fewer than the entry has
	want := map[string]any{"index": float64(index), "recorded": told["recorded"], "key": told["key"], "event": said}
	sure(reflect.DeepEqual(told, want) && must(time.Parse(time.RFC3339, told["recorded"].(string))).UnixMilli() == int64(binary.BigEndian.Uint64(entry[1:])), fmt.Sprintf("it says %v, the text %v", want, told))
	for _, p := range paths {
		p := p.(map[string]any)
		sure(len(p) == 3 && string(open(p["key"], sealed[int(p["file"].(float64))], nil)) == p["path"], fmt.Sprintf("another path than %v", p))
	}
	return nil
}

var forms = map[string]func([]byte) any{ // how fields are written
	"": func(b []byte) any { return string(b) }, "x": func(b []byte) any { return hex.EncodeToString(b) },
	"t": func(b []byte) any {
		return time.UnixMilli(int64(binary.BigEndian.Uint64(b))).UTC().Format("2006-01-02T15:04:05.000Z")
	},
	"a": func(b []byte) any { a, _ := netip.AddrFromSlice(b); return a.String() }, "n": func(b []byte) any { return float64(binary.BigEndian.Uint64(b)) }}

// open undoes AES-256-GCM: 16 bytes of salt, 12 of nonce, ciphertext and tag.
func open(key any, sealed, additional []byte) []byte {
	gcm := must(cipher.NewGCM(must(aes.NewCipher(must(hex.DecodeString(key.(string)))))))
	return must(gcm.Open(nil, sealed[16:28], sealed[28:], additional))
}
