package web

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"mime"
	"net/http"
	"path"
	"strings"
)

//go:embed static
var staticFiles embed.FS

// asset is a file that pages use. Its name holds a hash of its content, so that browsers may keep it for ever.
type asset struct {
	name string // with the hash
	kind string
	data []byte
}

// assets returns the files by their names with and without hashes.
func assets() map[string]asset {
	out := make(map[string]asset)
	list, err := staticFiles.ReadDir("static")
	if err != nil {
		panic(err) // embedded
	}
	for _, e := range list {
		data, err := staticFiles.ReadFile("static/" + e.Name())
		if err != nil {
			panic(err)
		}
		sum := sha256.Sum256(data)
		ext := path.Ext(e.Name())
		a := asset{strings.TrimSuffix(e.Name(), ext) + "." + hex.EncodeToString(sum[:8]) + ext, mime.TypeByExtension(ext), data}
		out[a.name], out[e.Name()] = a, a
	}
	return out
}

func pathOf(static map[string]asset, name string) string { return "/static/" + static[name].name }

func (h *house) asset(w http.ResponseWriter, r *http.Request) {
	a, ok := h.static[r.PathValue("name")]
	if !ok {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", a.kind)
	if r.PathValue("name") == a.name {
		w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	}
	w.Write(a.data)
}
