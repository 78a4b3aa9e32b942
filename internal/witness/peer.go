package witness

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"filippo.io/torchwood"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/ledger"
)

var (
	// ErrRolledBack means that a witness has cosigned a longer ledger than this: what is here is an old copy, or has been cut.
	ErrRolledBack = errors.New("a witness has seen a longer ledger")
	// ErrForked means that a witness has cosigned other entries than are here.
	ErrForked = errors.New("a witness has seen other entries")
)

// Limits of what a witness may do to a keeper.
const (
	askTime   = 5 * time.Second
	sendTime  = time.Minute // for a part of a copy, also over a slow line
	maxAnswer = 64 << 10
)

// client asks one witness.
type client struct {
	peer     account.Witness
	origin   string
	verifier *torchwood.CosignatureVerifier
	mirror   *torchwood.CosignatureVerifier // nil: no copy
	http     *http.Client
	forgot   int64 // how much it had cosigned when it knew less than that
}

func newClient(p account.Witness, origin string, transport http.RoundTripper) (*client, error) {
	c := &client{peer: p, origin: origin, http: &http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error {
		return http.ErrUseLastResponse // a witness that sends elsewhere is another one
	}}}
	c.peer.URL = strings.TrimSuffix(p.URL, "/")
	var err error
	if c.verifier, err = torchwood.NewCosignatureVerifier(p.Key); err != nil {
		return nil, err
	}
	if p.Mirror != "" {
		c.mirror, err = torchwood.NewCosignatureVerifier(p.Mirror)
	}
	return c, err
}

// CheckKeys returns nil if a witness's keys are keys of cosigners.
func CheckKeys(w account.Witness) error {
	_, err := newClient(w, "", nil)
	return err
}

// source is a ledger that is cosigned.
type source interface {
	Advance(ctx context.Context, old int64) (checkpoint []byte, proof tlog.TreeProof, err error)
}

// cosign asks for a cosignature on the present head, which the witness knows as far as old. It returns the head, and the head with the
// cosignature. Only one goroutine may call it.
func (c *client) cosign(ctx context.Context, l source, old int64) (size int64, signed []byte, err error) {
	known := old
	for range 3 { // the witness may have seen more, or less, than we know
		checkpoint, proof, err := l.Advance(ctx, old)
		if errors.Is(err, ledger.ErrShorter) {
			return 0, nil, fmt.Errorf("%w: %d entries", ErrRolledBack, old)
		}
		if err != nil {
			return 0, nil, err
		}
		text, err := unverified(checkpoint)
		if err != nil {
			return 0, nil, err
		}
		status, answer, err := c.ask(ctx, askTime, "/add-checkpoint", "text/plain", addBody(old, proof, checkpoint))
		switch {
		case err != nil:
			return 0, nil, err
		case status == http.StatusConflict:
			size, err := strconv.ParseInt(strings.TrimSuffix(string(answer), "\n"), 10, 64)
			if err != nil || size < 0 {
				return 0, nil, &answered{status, answer}
			}
			if size == old && old == text.N {
				return 0, nil, fmt.Errorf("%w: at %d entries", ErrForked, size)
			}
			old = size
			continue
		case status == http.StatusUnprocessableEntity:
			return 0, nil, fmt.Errorf("%w: among the first %d", ErrForked, old)
		case status != http.StatusOK:
			return 0, nil, &answered{status, answer}
		}
		if signed, err = withCosignature(checkpoint, answer, c.verifier); err != nil {
			return 0, nil, err
		}
		if old < known { // it has taken a proof from less than it had cosigned
			c.forgot = known
		}
		return text.N, signed, nil
	}
	return 0, nil, errors.New("the witness changes its mind about what it has seen")
}

// addBody is the body of add-checkpoint.
func addBody(old int64, proof tlog.TreeProof, checkpoint []byte) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "old %d\n", old)
	for _, h := range proof {
		fmt.Fprintln(&b, base64.StdEncoding.EncodeToString(h[:]))
	}
	b.WriteByte('\n')
	b.Write(checkpoint)
	return b.Bytes()
}

// withCosignature adds to a checkpoint those lines of an answer that a key has signed. Where there is none, the error names what there is instead.
func withCosignature(checkpoint, lines []byte, v note.Verifier) ([]byte, error) {
	is := errors.New("the witness has answered without a cosignature")
	for line := range bytes.Lines(lines) {
		signed := append(bytes.Clone(checkpoint), line...)
		if _, err := note.Open(signed, note.VerifierList(v)); err == nil {
			if cosignedAt(signed, v).Unix() > 0 { // else it does not say that this head was the latest
				return signed, nil
			}
			is = errUntimed
			continue
		}
		name, key, ok := signedBy(line)
		switch {
		case ok && name == v.Name() && key == v.KeyHash():
			is = errAnotherHead
		case ok:
			is = fmt.Errorf("%w: %.100s+%08x", errAnotherKey, name, key)
		}
	}
	return nil, is
}

// signedBy says whose signature a line of a note is said to be.
func signedBy(line []byte) (name string, key uint32, ok bool) {
	fields := strings.Fields(string(line))
	if len(fields) != 3 || fields[0] != "—" {
		return "", 0, false
	}
	b, err := base64.StdEncoding.DecodeString(fields[2])
	if err != nil || len(b) < 4 {
		return "", 0, false
	}
	return fields[1], binary.BigEndian.Uint32(b), true
}

// cosignedAt is the time that a cosignature vouches for: its first eight bytes, behind those that name the key, are the seconds since 1970 by the clock of
// the witness.
func cosignedAt(signed []byte, v note.Verifier) time.Time {
	n, err := note.Open(signed, note.VerifierList(v))
	if err != nil || len(n.Sigs) != 1 {
		return time.Time{}
	}
	b, err := base64.StdEncoding.DecodeString(n.Sigs[0].Base64)
	if err != nil || len(b) < 12 || binary.BigEndian.Uint64(b[4:]) > 1<<40 {
		return time.Time{}
	}
	return time.Unix(int64(binary.BigEndian.Uint64(b[4:])), 0).UTC()
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// shows reports whether the witness has a head that this ledger's key has signed and that is not of this ledger: then what it says is
// proven. Witnesses of other makers need not serve what they have seen; those that do, do it under "checkpoint".
func (c *client) shows(ctx context.Context, l source, key string) bool {
	ctx, cancel := context.WithTimeout(ctx, askTime)
	defer cancel()
	sum := sha256.Sum256([]byte(c.origin))
	for _, name := range []string{"latest", "checkpoint"} {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, c.peer.URL+"/"+hex.EncodeToString(sum[:])+"/"+name, nil)
		if err != nil {
			return false
		}
		if _, answer, err := c.do(req); err == nil && contradicts(ctx, answer, l, key) {
			return true
		}
	}
	return false
}

// contradicts reports whether a head is signed by the ledger's key, and of entries that it does not have.
func contradicts(ctx context.Context, head []byte, l source, key string) bool {
	seen, err := ledger.CheckCheckpoint(head, key)
	if err != nil || seen.Size == 0 {
		return false
	}
	signed, proof, err := l.Advance(ctx, seen.Size)
	if err != nil {
		return errors.Is(err, ledger.ErrShorter)
	}
	is, err := ledger.CheckCheckpoint(signed, key)
	return err == nil && tlog.CheckTree(proof, is.Size, is.Root, seen.Size, seen.Root) != nil
}

// ask posts a body and returns the answer.
func (c *client) ask(ctx context.Context, most time.Duration, path, kind string, body []byte) (status int, answer []byte, err error) {
	ctx, cancel := context.WithTimeout(ctx, most)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.peer.URL+path, bytes.NewReader(body))
	if err != nil {
		return 0, nil, err
	}
	req.Header.Set("Content-Type", kind)
	return c.do(req)
}

func (c *client) do(req *http.Request) (status int, answer []byte, err error) {
	resp, err := c.http.Do(req)
	if err != nil {
		return 0, nil, err
	}
	defer resp.Body.Close()
	answer, err = io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	return resp.StatusCode, answer, err
}
