package webdav

import (
	"io"
	"net/http"
	"strings"

	"github.com/azekura/azekura/internal/pathname"
	"github.com/azekura/azekura/internal/problem"
	"github.com/azekura/azekura/internal/vault"
)

// delete implements DELETE.
func (c *call) delete() error {
	if d := c.r.Header.Get("Depth"); d != "" && !strings.EqualFold(d, "infinity") {
		if i, err := c.files.Stat(c.r.Context(), c.name); err == nil && i.Dir {
			return refuse(http.StatusBadRequest, "dav.delete-depth")
		}
	}
	err := c.files.Remove(c.r.Context(), c.name)
	if live, _ := vault.Live(c.name.Base()); live && err != nil && problem.KindOf(err) == problem.NotFound {
		err = nil // litter that went with a restart: to its program it is gone as it wishes
	}
	if err != nil {
		return err
	}
	c.WriteHeader(http.StatusNoContent)
	return nil
}

// mkcol implements MKCOL.
func (c *call) mkcol() error {
	if n, _ := io.ReadFull(c.r.Body, make([]byte, 1)); n > 0 {
		return refuse(http.StatusUnsupportedMediaType, "dav.mkcol-body")
	}
	if c.name == pathname.Root {
		return problem.New(problem.Exists, "make directory", "", nil)
	}
	if err := c.files.Mkdir(c.r.Context(), c.name); err != nil {
		return err
	}
	c.WriteHeader(http.StatusCreated)
	return nil
}

// copyMove implements COPY and MOVE, each with one call: a save by rename is one more version of the file that has
// the name, and must not look like a removal.
func (c *call) copyMove() error {
	h, ctx, move := c.r.Header, c.r.Context(), c.r.Method == "MOVE"
	if h.Get("Destination") == "" {
		return refuse(http.StatusBadRequest, "dav.no-destination")
	}
	to, err := c.reference(h.Get("Destination"))
	if err != nil {
		return err
	}
	c.to = to
	depth := strings.ToLower(h.Get("Depth"))
	if depth != "" && depth != "infinity" && (move || depth != "0") {
		return refuse(http.StatusBadRequest, "dav.copy-depth")
	}
	var replace bool
	switch strings.ToUpper(h.Get("Overwrite")) {
	case "", "T":
		replace = true
	case "F":
	default:
		return refuse(http.StatusBadRequest, "dav.overwrite")
	}
	src, err := c.files.Stat(ctx, c.name)
	switch {
	case err != nil:
		return err
	case to == c.name:
		return refuse(http.StatusForbidden, "dav.onto-itself")
	case pathname.Key(string(to)) == pathname.Key(string(c.name)): // its own name, spelled differently
	case src.Dir && to.In(c.name):
		return refuse(http.StatusForbidden, "dav.into-itself")
	case c.name.In(to):
		return refuse(http.StatusForbidden, "dav.onto-its-own")
	}
	_, err = c.files.Stat(ctx, to)
	existed := err == nil
	if move {
		err = c.files.Rename(ctx, c.name, to, replace)
	} else {
		err = c.files.Copy(ctx, c.name, to, replace, depth != "0")
	}
	switch {
	case err != nil && problem.KindOf(err) == problem.Exists:
		return refuse(http.StatusPreconditionFailed, "dav.taken")
	case err != nil:
		return err
	case existed:
		c.WriteHeader(http.StatusNoContent)
	default:
		c.WriteHeader(http.StatusCreated)
	}
	return nil
}
