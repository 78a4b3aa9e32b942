package api

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"reflect"
	"strconv"
	"strings"

	"github.com/azekura/azekura/internal/pathname"
	"github.com/azekura/azekura/internal/problem"
)

func writeJSON(w http.ResponseWriter, v any) error {
	w.Header().Set("Content-Type", "application/json")
	return json.NewEncoder(w).Encode(v)
}

const hintMethod = "hint.method"

// maxJSON bounds the JSON body of a request.
const maxJSON = 1 << 20

// readJSON reads a request's body strictly: a field that is unknown, or missing, is an error, so that a misspelt one does not
// silently do something else.
func readJSON[T any](r *http.Request) (v T, err error) { return readLongJSON[T](r, maxJSON) }

// readLongJSON is readJSON for requests that may be longer than others.
func readLongJSON[T any](r *http.Request, most int64) (v T, err error) {
	const op = "read"
	if t, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || t != "application/json" {
		return v, invalid(op, "Content-Type: "+r.Header.Get("Content-Type"), "hint.json-type")
	}
	b, err := io.ReadAll(io.LimitReader(r.Body, most+1))
	switch {
	case err != nil:
		return v, problem.New(problem.Invalid, op, "", err)
	case int64(len(b)) > most:
		return v, &problem.Error{Kind: problem.TooLarge, Op: op, On: fmt.Sprintf("> %d bytes", most), Hint: "hint.batch"}
	}
	var given map[string]json.RawMessage
	if err := json.Unmarshal(b, &given); err != nil || given == nil {
		return v, &problem.Error{Kind: problem.Invalid, Op: op, Hint: "hint.json", Err: err}
	}
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(&v); err != nil {
		return v, &problem.Error{Kind: problem.Invalid, Op: op, On: fieldIn(err), Hint: "hint.json", Err: err}
	}
	for name, f := range fieldsOf(reflect.TypeFor[T]()) {
		if x, ok := given[name]; f.required && (!ok || string(x) == "null") {
			return v, invalid(op, name, "hint.json-missing")
		}
	}
	return v, nil
}

// fieldIn returns the name of the field that a decoder's error is about, or "".
func fieldIn(err error) string {
	if t, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		return t.Field
	}
	if _, name, ok := strings.Cut(err.Error(), "unknown field "); ok { // encoding/json has no type for it
		return strings.Trim(name, `"`)
	}
	return ""
}

// invalid refuses what stands at on, such as "limit=many".
func invalid(op, on, hint string) error {
	return &problem.Error{Kind: problem.Invalid, Op: op, On: on, Hint: hint}
}

// truth reads a parameter of a query that is true or false: "1", "true", or only its name; "0", "false", or nothing.
func truth(q url.Values, key string) (bool, error) {
	if !q.Has(key) {
		return false, nil
	}
	if q.Get(key) == "" {
		return true, nil
	}
	on, err := strconv.ParseBool(q.Get(key))
	if err != nil {
		return false, invalid("read", key+"="+q.Get(key), "hint.true-or-false")
	}
	return on, nil
}

// number reads a parameter of a query that is a whole number from least on; nothing is 0.
func number(q url.Values, op, key string, least int64) (int64, error) {
	if !q.Has(key) {
		return 0, nil
	}
	n, err := strconv.ParseInt(q.Get(key), 10, 64)
	if err != nil || n < least || len(q[key]) > 1 {
		return 0, invalid(op, key+"="+strings.Join(q[key], ","), "hint.whole-number")
	}
	return n, nil
}

// pathOf returns the path that a request's URL names.
func pathOf(r *http.Request, op string) (pathname.Path, error) {
	return parsePath(op, r.PathValue("path"))
}

func parsePath(op, s string) (pathname.Path, error) {
	p, err := pathname.Parse("/" + strings.TrimPrefix(s, "/"))
	if err != nil {
		return "", &problem.Error{Kind: problem.Invalid, Op: op, On: s, Hint: "hint.name", Err: err}
	}
	return p, nil
}
