package witness

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"net/http"
	"strconv"

	"filippo.io/torchwood"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/azekura/azekura/internal/ledger"
)

// uploadSize is about how many bytes one request to a mirror has: it must come through within sendTime, also over a slow line.
const uploadSize = 1 << 20

// errPublish means that the mirror waits for entries that are in no tile here yet.
var errPublish = errors.New("the ledger must be published first")

// mirrorInfo is what a mirror says of itself.
type mirrorInfo struct {
	size, next int64
	ticket     []byte
}

func parseInfo(b []byte) (m mirrorInfo, err error) {
	lines := bytes.Split(b, []byte("\n"))
	if len(lines) != 4 || len(lines[3]) > 0 {
		return m, errMalformed
	}
	if m.size, err = strconv.ParseInt(string(lines[0]), 10, 64); err != nil {
		return m, errMalformed
	}
	if m.next, err = strconv.ParseInt(string(lines[1]), 10, 64); err != nil {
		return m, errMalformed
	}
	if m.ticket, err = base64.StdEncoding.DecodeString(string(lines[2])); err != nil || m.next < 0 || m.size < 0 || len(m.ticket) > maxTicket {
		return m, errMalformed
	}
	return m, nil
}

// push gives the mirror what it lacks of the latest head that it knows, and returns how many entries it then has vouched for.
func (c *client) push(ctx context.Context, r *ledger.Reader) (int64, error) {
	status, answer, err := c.upload(ctx, upload{origin: c.origin}, nil)
	if err != nil {
		return 0, err
	}
	best, idle := int64(-1), 0
	for {
		if status != http.StatusConflict && status != http.StatusAccepted {
			return 0, fmt.Errorf("the mirror answers %d: %.100q", status, answer)
		}
		m, err := parseInfo(answer)
		if err != nil {
			return 0, err
		}
		if m.size > r.Head().Size {
			return 0, errPublish
		}
		if m.next > best {
			best, idle = m.next, 0
		} else if idle++; idle > maxIdle {
			return 0, fmt.Errorf("the mirror answers %d and takes nothing: %.100q", status, answer)
		}
		parts, err := partsFrom(ctx, r, m.next, m.size)
		if err != nil {
			return 0, err
		}
		if status, answer, err = c.upload(ctx, upload{c.origin, min(m.next, m.size), m.size, m.ticket}, parts); err != nil {
			return 0, err
		}
		if status == http.StatusOK {
			return m.size, c.vouched(ctx, r, m.size, answer)
		}
	}
}

// vouched returns nil if the mirror has signed the head of that size.
func (c *client) vouched(ctx context.Context, r *ledger.Reader, size int64, lines []byte) error {
	h, err := r.HeadAt(ctx, size)
	if err != nil {
		return err
	}
	text := torchwood.Checkpoint{Origin: c.origin, Tree: tlog.Tree{N: h.Size, Hash: h.Root}}.String() + "\n"
	if _, err := note.Open(append([]byte(text), lines...), note.VerifierList(c.mirror)); err != nil {
		return errors.New("the mirror has answered without its cosignature")
	}
	return nil
}

// maxIdle is how often a mirror may answer without having taken anything: somebody else may have been faster, but not for ever.
const maxIdle = 3

// partsFrom returns the parts from start on that make a request of some size.
func partsFrom(ctx context.Context, r *ledger.Reader, start, size int64) ([]byte, error) {
	var b []byte
	for start < size && len(b) < uploadSize {
		p, err := r.Part(ctx, start, size)
		if err != nil {
			return nil, err
		}
		for _, e := range p.Entries {
			b = append(binary.BigEndian.AppendUint16(b, uint16(len(e))), e...)
		}
		b = append(b, byte(len(p.Proof)))
		for _, h := range p.Proof {
			b = append(b, h[:]...)
		}
		start += int64(len(p.Entries))
	}
	return b, nil
}

// upload sends an upload.
func (c *client) upload(ctx context.Context, u upload, parts []byte) (status int, answer []byte, err error) {
	b := binary.BigEndian.AppendUint16(nil, uint16(len(u.origin)))
	b = append(b, u.origin...)
	b = binary.BigEndian.AppendUint64(b, uint64(u.start))
	b = binary.BigEndian.AppendUint64(b, uint64(u.end))
	b = binary.BigEndian.AppendUint16(b, uint16(len(u.ticket)))
	b = append(b, u.ticket...)
	return c.ask(ctx, sendTime, "/add-entries", "application/octet-stream", append(b, parts...))
}
