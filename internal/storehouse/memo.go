package storehouse

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"maps"
	"slices"
	"strings"

	"github.com/azekura/azekura/internal/durable"
)

// memo is what people were told of, on disk and sealed. Its first word says what each line is about.
type memo struct {
	fs   durable.FS
	file string
	key  sealer
	log  *slog.Logger

	lines map[string]bool // nil: not read yet
}

// sealer is a key.
type sealer interface {
	SealOnce(dst, plain, context []byte) []byte
	OpenOnce(dst, sealed, context []byte) ([]byte, error)
}

const toldFormat = 1 // of the file: one byte, and behind it, sealed, JSON

// has reports whether people were told of something.
func (t *memo) has(line string) bool { return t.lines[line] }

// add notes what people were told of.
func (t *memo) add(lines ...string) {
	for _, l := range lines {
		t.lines[l] = true
	}
	t.keep()
}

// forget drops lines by what they are about; on disk they stay until the next is added.
func (t *memo) forget(about func(word string) bool) {
	t.forgetLines(func(line string) bool {
		word, _, _ := strings.Cut(line, " ")
		return about(word)
	})
}

// forgetLines drops lines, likewise.
func (t *memo) forgetLines(drop func(line string) bool) {
	maps.DeleteFunc(t.lines, func(line string, _ bool) bool { return drop(line) })
}

// load reads the file, once.
func (t *memo) load() {
	if t.lines != nil {
		return
	}
	t.lines = make(map[string]bool)
	b, err := durable.ReadFile(t.fs, t.file)
	if errors.Is(err, fs.ErrNotExist) {
		return
	}
	if err == nil && (len(b) == 0 || b[0] != toldFormat) {
		err = fmt.Errorf("%d bytes of an unknown form", len(b))
	}
	var plain []byte
	if err == nil {
		plain, err = t.key.OpenOnce(nil, b[1:], append([]byte("reminders"), b[0]))
	}
	var list []string
	if err == nil {
		err = json.Unmarshal(plain, &list)
	}
	if err != nil { // once too often is better than not at all
		t.log.Error("what people were reminded of cannot be read; what is near or due is told again", "file", t.file, "err", err)
		return
	}
	for _, l := range list {
		t.lines[l] = true
	}
}

func (t *memo) keep() {
	plain, err := json.Marshal(slices.Sorted(maps.Keys(t.lines)))
	if err == nil {
		head := []byte{toldFormat}
		err = durable.WriteFile(t.fs, t.file, t.key.SealOnce(head, plain, append([]byte("reminders"), toldFormat)), 0o600)
	}
	if err != nil {
		t.log.Error("that people were reminded could not be written; after a restart they may be once more", "err", err)
	}
}
