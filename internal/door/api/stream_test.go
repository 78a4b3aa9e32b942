package api

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/azekura/azekura/internal/problem"
)

// file is what a batch carries of one file.
type file struct {
	item    Item
	content []byte
	failed  bool // the sender could not send it whole
}

func writeBatch(t interface{ Fatal(...any) }, files []file) []byte {
	var b bytes.Buffer
	w := NewItemWriter(&b)
	for _, f := range files {
		if err := w.Begin(f.item); err != nil {
			t.Fatal(err)
		}
		if f.item.Error != nil {
			continue
		}
		for part := f.content; len(part) > 0; {
			n := min(len(part), 7)
			if _, err := w.Write(part[:n]); err != nil {
				t.Fatal(err)
			}
			part = part[n:]
		}
		var p *Problem
		if f.failed {
			p = &Problem{Kind: problem.Damaged, Op: "open", Message: "damaged"}
		}
		if err := w.End(p); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestBatchRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		files := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) file {
			f := file{item: Item{Path: "/albums/" + rapid.StringN(1, 20, 200).Draw(t, "name"), Size: rapid.Int64().Draw(t, "size"),
				Modified: time.UnixMicro(rapid.Int64Range(0, 1<<50).Draw(t, "time")).UTC()}}
			f.content, f.failed = rapid.SliceOfN(rapid.Byte(), 0, 100).Draw(t, "content"), rapid.Bool().Draw(t, "failed")
			return f
		}), 0, 10).Draw(t, "files")
		r := NewItemReader(bytes.NewReader(writeBatch(t, files)))
		for n, f := range files {
			i, err := r.Next()
			if err != nil {
				t.Fatalf("file %d: %v", n, err)
			}
			if i.Size != f.item.Size || !i.Modified.Equal(f.item.Modified) || strings.ToValidUTF8(f.item.Path, "\uFFFD") != i.Path {
				t.Fatalf("file %d: item %+v, want %+v", n, i, f.item)
			}
			if rapid.Bool().Draw(t, "pass over") {
				continue
			}
			got, err := io.ReadAll(r)
			if !bytes.Equal(got, f.content) {
				t.Fatalf("file %d: content %x, want %x", n, got, f.content)
			}
			if _, ok := errors.AsType[*NotWhole](err); ok != f.failed || !f.failed && err != nil {
				t.Fatalf("file %d: %v, want failure: %v", n, err, f.failed)
			}
		}
		if _, err := r.Next(); err != io.EOF {
			t.Fatalf("at the end: %v, want EOF", err)
		}
	})
}

// TestBatchCut cuts a batch at every byte: what is returned as whole is whole.
func TestBatchCut(t *testing.T) {
	files := []file{{item: Item{Path: "/a/1", Size: 20}, content: bytes.Repeat([]byte("x"), 20)}, {item: Item{Path: "/a/2"}}, {item: Item{Path: "/a/3", Size: 3}, content: []byte("abc")}}
	all := writeBatch(t, files)
	for cut := range all {
		r := NewItemReader(bytes.NewReader(all[:cut]))
		whole, boundary := 0, false
		for {
			i, err := r.Next()
			if err == io.EOF {
				boundary = true
				break
			}
			if err != nil {
				break
			}
			got, err := io.ReadAll(r)
			if err != nil {
				break
			}
			if want := files[whole]; i.Path != want.item.Path || !bytes.Equal(got, want.content) {
				t.Fatalf("cut at %d: file %d is %q, want %q", cut, whole, got, want.content)
			}
			whole++
		}
		if boundary != bytes.Equal(writeBatch(t, files[:whole]), all[:cut]) {
			t.Errorf("cut at %d: a batch that was broken off looks like one that ended after %d files", cut, whole)
		}
	}
}

func FuzzItemReader(f *testing.F) {
	f.Add(writeBatch(f, []file{{item: Item{Path: "/a/1", Size: 5}, content: []byte("hello")}, {item: Item{Path: "/a/2"}, failed: true}}))
	f.Add([]byte("{}\n\xff\xff\xff\xff"))
	f.Add([]byte(`{"path":"x"}` + "\n\x00\x00\x00\x00{}\n"))
	f.Add(bytes.Repeat([]byte("{"), maxLine+10))
	f.Fuzz(func(t *testing.T, data []byte) {
		r := NewItemReader(bytes.NewReader(data))
		var files []file
		for {
			i, err := r.Next()
			if err != nil {
				break
			}
			content, err := io.ReadAll(r)
			if len(content) > len(data) {
				t.Fatalf("%d bytes out of %d", len(content), len(data))
			}
			_, failed := errors.AsType[*NotWhole](err)
			if err != nil && !failed {
				break
			}
			files = append(files, file{item: i, content: content})
		}
		// What was read, written again, reads the same.
		r = NewItemReader(bytes.NewReader(writeBatch(t, files)))
		for n, f := range files {
			i, err := r.Next()
			if err != nil || i.Path != f.item.Path {
				t.Fatalf("file %d: %+v, %v", n, i, err)
			}
		}
	})
}
