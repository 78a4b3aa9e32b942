package witness

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"path"
	"strconv"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/azekura/azekura/internal/ledger"
	"github.com/azekura/azekura/internal/problem"
)

// Bounds of what a peer may send.
const (
	maxHead      = 64 << 10
	maxProof     = 63 // hashes
	maxTicket    = maxHead
	partTime     = 30 * time.Second // for one part of an upload
	partSize     = 256              // entries
	sizeType     = "text/x.tlog.size"
	mirrorType   = "text/x.tlog.mirror-info"
	maxUploads   = 16 // at once; a head waits for none of them
	maxEach      = 2  // of one address: one peer that dawdles takes no place of others
	maxPartBytes = partSize*(2+ledger.MaxEntry) + 1 + maxProof*tlog.HashSize
)

// Handler answers the requests of C2SP tlog-witness and tlog-mirror, and serves the heads and the copies:
//
//	POST /add-checkpoint
//	POST /add-entries
//	GET  /<origin hash>/checkpoint, /<origin hash>/tile/...   the copy, with the mirror's cosignature
//	GET  /<origin hash>/latest, /witness/<origin hash>/checkpoint   the latest head that was cosigned
//
// The monitoring prefix of the mirror is the address itself, that of the witness ends in /witness: the two must be distinct.
func (w *Witness) Handler() http.Handler {
	m := http.NewServeMux()
	m.HandleFunc("POST /add-checkpoint", w.addCheckpoint)
	m.HandleFunc("POST /add-entries", w.addEntries)
	m.HandleFunc("GET /{hash}/{name...}", w.read)
	m.HandleFunc("GET /witness/{hash}/checkpoint", w.latest)
	return m
}

func (w *Witness) addCheckpoint(rw http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(rw, r.Body, maxHead))
	if err != nil {
		http.Error(rw, "the request cannot be read, or is too large", http.StatusBadRequest)
		return
	}
	old, proof, signed, err := parseAdd(body)
	if err != nil {
		http.Error(rw, err.Error(), http.StatusBadRequest)
		return
	}
	lines, err := w.add(old, proof, signed)
	if c, ok := errors.AsType[*conflict](err); ok {
		rw.Header().Set("Content-Type", sizeType)
		rw.WriteHeader(http.StatusConflict)
		fmt.Fprintf(rw, "%d\n", c.size)
		return
	}
	if err != nil {
		w.refuse(rw, err)
		return
	}
	rw.Header().Set("Content-Type", "text/plain; charset=utf-8")
	rw.Write(lines)
}

// refuse answers with the status that the protocols have for an error.
func (w *Witness) refuse(rw http.ResponseWriter, err error) {
	status := http.StatusInternalServerError
	for _, s := range []struct {
		err    error
		status int
	}{{errMalformed, http.StatusBadRequest}, {errSize, http.StatusBadRequest}, {errUnknown, http.StatusNotFound},
		{errUnsigned, http.StatusForbidden}, {errProof, http.StatusUnprocessableEntity}} {
		if errors.Is(err, s.err) {
			status = s.status
		}
	}
	if status == http.StatusInternalServerError {
		w.log.Error("a head could not be kept", "err", err)
		err = errors.New("the witness cannot write")
	}
	http.Error(rw, err.Error(), status)
}

// parseAdd reads the body of add-checkpoint.
func parseAdd(body []byte) (old int64, proof tlog.TreeProof, signed []byte, err error) {
	first, rest, ok := bytes.Cut(body, []byte("\n"))
	number, ok2 := strings.CutPrefix(string(first), "old ")
	if old, err = strconv.ParseInt(number, 10, 64); !ok || !ok2 || err != nil || strconv.FormatInt(old, 10) != number {
		return 0, nil, nil, errMalformed
	}
	for {
		line, after, ok := bytes.Cut(rest, []byte("\n"))
		if !ok {
			return 0, nil, nil, errMalformed
		}
		rest = after
		if len(line) == 0 {
			return old, proof, rest, nil
		}
		h, err := base64.StdEncoding.Strict().DecodeString(string(line))
		if err != nil || len(h) != tlog.HashSize || len(proof) == maxProof {
			return 0, nil, nil, errMalformed
		}
		proof = append(proof, tlog.Hash(h))
	}
}

// upload is the head of add-entries.
type upload struct {
	origin     string
	start, end int64
	ticket     []byte
}

// addEntries takes entries into the copy.
func (w *Witness) addEntries(rw http.ResponseWriter, r *http.Request) {
	from := peerOf(r)
	if !w.enter(from) {
		rw.Header().Set("Retry-After", "1")
		http.Error(rw, "busy", http.StatusServiceUnavailable)
		return
	}
	defer w.leave(from)
	rw.Header().Set("Accept-Encoding", "gzip")
	control := http.NewResponseController(rw)
	more := func() {
		control.SetReadDeadline(w.now().Add(partTime))
		control.SetWriteDeadline(w.now().Add(2 * partTime)) // an upload may take longer than another request
	}
	more()
	in, u, err := openUpload(r)
	if err != nil {
		http.Error(rw, "the head of the upload is malformed", http.StatusBadRequest)
		return
	}
	g := w.watched[u.origin]
	if g == nil {
		w.refuse(rw, errUnknown)
		return
	}
	signed, head := w.pendingOf(g, u)
	if signed == nil || head.Size < g.mirror.Head().Size {
		w.tellLatest(rw, http.StatusConflict, g)
		return
	}
	if u.start > g.mirror.Next() {
		tell(rw, http.StatusConflict, g, head.Size, signed)
		return
	}
	at := u.start
	for at < u.end {
		more()
		p, err := readPart(in, at, u.end)
		if err != nil {
			break // what came until now stays
		}
		switch err := g.mirror.Add(p, head); {
		case errors.Is(err, ledger.ErrBehind):
			tell(rw, http.StatusConflict, g, head.Size, signed)
			return
		case err != nil:
			w.addFailed(rw, g, p, err)
			return
		}
		at += int64(len(p.Entries))
	}
	switch {
	case g.mirror.Next() < u.end && at == u.start:
		http.Error(rw, "no whole part came", http.StatusBadRequest)
	case g.mirror.Next() < u.end:
		tell(rw, http.StatusAccepted, g, head.Size, signed)
	default:
		w.finish(rw, g, signed)
	}
}

// openUpload reads the head of an upload; the parts follow.
func openUpload(r *http.Request) (in *bufio.Reader, u upload, err error) {
	if in, err = unpacked(r); err == nil {
		u, err = readUpload(in)
	}
	return in, u, err
}

// unpacked returns the body of a request, which may be packed. Whoever reads it bounds what is read.
func unpacked(r *http.Request) (*bufio.Reader, error) {
	if r.Header.Get("Content-Encoding") != "gzip" {
		return bufio.NewReader(r.Body), nil
	}
	z, err := gzip.NewReader(r.Body)
	return bufio.NewReader(z), err
}

// addFailed answers for a part that the copy has not taken.
func (w *Witness) addFailed(rw http.ResponseWriter, g *watched, p ledger.Part, err error) {
	switch kind := problem.KindOf(err); {
	case kind == problem.Damaged || kind == problem.Invalid:
		w.log.Warn("entries that do not stand in the signed tree", "ledger", g.verifier.Name(), "from", p.Start, "err", err)
		w.refuse(rw, errProof)
	default: // our disk
		w.refuse(rw, err)
	}
}

// peerOf returns the address of who asks.
func peerOf(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}

// enter reports whether one more upload of a peer has a place.
func (w *Witness) enter(from string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.busy >= maxUploads || w.from[from] >= maxEach {
		return false
	}
	w.busy++
	w.from[from]++
	return true
}

func (w *Witness) leave(from string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.busy--
	if w.from[from]--; w.from[from] == 0 {
		delete(w.from, from)
	}
}

// finish signs the head whose entries are all there, and makes it the copy's.
func (w *Witness) finish(rw http.ResponseWriter, g *watched, signed []byte) {
	n, err := note.Open(signed, note.VerifierList(g.verifier))
	if err != nil {
		w.refuse(rw, errUnsigned)
		return
	}
	n.UnverifiedSigs = nil
	both, err := note.Sign(n, w.keys.mirror)
	if err == nil {
		err = g.mirror.Commit(both)
	}
	switch {
	case errors.Is(err, ledger.ErrBehind): // somebody else was faster
		w.tellLatest(rw, http.StatusConflict, g)
	case err != nil:
		w.refuse(rw, err)
	default:
		rw.Header().Set("Content-Type", "text/plain; charset=utf-8")
		rw.Write(linesOf(both, w.keys.mirror.Name()))
	}
}

// pendingOf returns the head to which an upload goes: the latest one, or an earlier one that the ticket shows to have been cosigned here.
func (w *Witness) pendingOf(g *watched, u upload) ([]byte, ledger.Head) {
	g.mu.Lock()
	latest, head := g.pending, g.head
	g.mu.Unlock()
	if latest != nil && head.Size == u.end {
		return latest, head
	}
	if ledger.Cosigned(u.ticket, w.keys.witness.String()) != nil {
		return nil, ledger.Head{}
	}
	head, err := ledger.CheckCheckpoint(u.ticket, g.public)
	if err != nil || head.Size != u.end {
		return nil, ledger.Head{}
	}
	return u.ticket, head
}

// tellLatest says that an upload can go to the latest head.
func (w *Witness) tellLatest(rw http.ResponseWriter, status int, g *watched) {
	g.mu.Lock()
	size, ticket := g.head.Size, g.pending
	g.mu.Unlock()
	tell(rw, status, g, size, ticket)
}

// tell says to which head an upload can go, and from where on. One that goes to a head of before goes on to that, with the proofs that its client has made.
func tell(rw http.ResponseWriter, status int, g *watched, size int64, ticket []byte) {
	rw.Header().Set("Content-Type", mirrorType)
	rw.WriteHeader(status)
	fmt.Fprintf(rw, "%d\n%d\n%s\n", size, g.mirror.Next(), base64.StdEncoding.EncodeToString(ticket))
}

// readUpload reads the head of add-entries.
func readUpload(r io.Reader) (u upload, err error) {
	origin, err := readSized(r, 512)
	if err != nil {
		return u, err
	}
	var ends [2]uint64
	if err := binary.Read(r, binary.BigEndian, &ends); err != nil {
		return u, err
	}
	u.origin, u.start, u.end = string(origin), int64(ends[0]), int64(ends[1])
	if u.start < 0 || u.end < u.start {
		return u, errMalformed
	}
	u.ticket, err = readSized(r, maxTicket)
	return u, err
}

// readSized reads bytes behind their length, of two bytes.
func readSized(r io.Reader, most int) ([]byte, error) {
	var n uint16
	if err := binary.Read(r, binary.BigEndian, &n); err != nil {
		return nil, err
	}
	if int(n) > most {
		return nil, errMalformed
	}
	b := make([]byte, n)
	_, err := io.ReadFull(r, b)
	return b, err
}

// readPart reads the entries from start on, of an upload up to end, that stand in one tile, and their proof.
func readPart(r io.Reader, start, end int64) (ledger.Part, error) {
	p := ledger.Part{Start: start}
	r = io.LimitReader(r, maxPartBytes)
	for range min(end, start&^(partSize-1)+partSize) - start {
		e, err := readSized(r, ledger.MaxEntry)
		if err != nil {
			return p, err
		}
		p.Entries = append(p.Entries, e)
	}
	var n [1]byte
	if _, err := io.ReadFull(r, n[:]); err != nil || n[0] > maxProof {
		return p, errors.Join(errMalformed, err)
	}
	p.Proof = make(tlog.TreeProof, n[0])
	for i := range p.Proof {
		if _, err := io.ReadFull(r, p.Proof[i][:]); err != nil {
			return p, err
		}
	}
	return p, nil
}

// read serves a copy.
func (w *Witness) read(rw http.ResponseWriter, r *http.Request) {
	g, name := w.hashes[r.PathValue("hash")], r.PathValue("name")
	if g == nil || name != path.Clean(name) {
		http.NotFound(rw, r)
		return
	}
	switch {
	case name == "latest":
		w.latest(rw, r)
		return
	case name == "checkpoint":
		rw.Header().Set("Content-Type", "text/plain; charset=utf-8")
		rw.Header().Set("Cache-Control", "no-store")
	case strings.HasPrefix(name, "tile/") && !strings.HasSuffix(name, ".new"):
		rw.Header().Set("Content-Type", "application/octet-stream")
	default:
		http.NotFound(rw, r)
		return
	}
	b, err := fs.ReadFile(g.mirror.Files(), name)
	if err != nil {
		http.NotFound(rw, r)
		return
	}
	rw.Write(b)
}

// latest serves the latest head that was cosigned.
func (w *Witness) latest(rw http.ResponseWriter, r *http.Request) {
	var b []byte
	if g := w.hashes[r.PathValue("hash")]; g != nil {
		g.mu.Lock()
		b = g.pending
		g.mu.Unlock()
	}
	if b == nil {
		http.NotFound(rw, r)
		return
	}
	rw.Header().Set("Content-Type", "text/plain; charset=utf-8")
	rw.Header().Set("Cache-Control", "no-store")
	rw.Write(b)
}
