package event

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/netip"
	"time"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/id"
)

// jsonEvent is the written contract of the JSON form, docs/json.md: names are never changed, fields that
// a kind does not use are left out, times are RFC 3339 in UTC with milliseconds.
type jsonEvent struct {
	Kind    Kind            `json:"kind"`
	When    jsonTime        `json:"when"`
	Session *id.Session     `json:"session,omitempty"`
	Account *id.Account     `json:"account,omitempty"`
	Actor   string          `json:"actor,omitempty"`
	Device  *id.Device      `json:"device,omitempty"`
	Address *netip.Addr     `json:"address,omitempty"`
	Door    string          `json:"door,omitempty"`
	Share   *id.Share       `json:"share,omitempty"`
	Purpose account.Purpose `json:"purpose,omitempty"`
	Until   *jsonTime       `json:"until,omitempty"`
	Files   []jsonFile      `json:"files,omitempty"`
	Target  string          `json:"target,omitempty"`
	Pack    uint64          `json:"pack,omitempty"`
	Size    int64           `json:"size,omitempty"`
	Digest  string          `json:"digest,omitempty"`
	Note    string          `json:"note,omitempty"`
}

type jsonFile struct {
	Version    id.Version `json:"version"`
	SealedPath []byte     `json:"sealed_path,omitempty"`
}

// jsonTime always shows milliseconds, so that columns of it line up and sort as text.
type jsonTime time.Time

const timeLayout = "2006-01-02T15:04:05.000Z07:00"

// MarshalText returns RFC 3339 in UTC with milliseconds.
func (t jsonTime) MarshalText() ([]byte, error) {
	return []byte(time.Time(t).UTC().Format(timeLayout)), nil
}

// UnmarshalText reads RFC 3339.
func (t *jsonTime) UnmarshalText(text []byte) error {
	v, err := time.Parse(time.RFC3339, string(text))
	*t = jsonTime(v.UTC().Truncate(time.Millisecond))
	return err
}

// MarshalJSON returns the event as docs/json.md describes it. Paths stay sealed; fields of later
// versions of the program are left out.
func (e Event) MarshalJSON() ([]byte, error) {
	j := jsonEvent{Kind: e.Kind, When: jsonTime(e.When), Session: orNil(e.Session), Account: orNil(e.Account),
		Actor: e.Actor, Device: orNil(e.Device), Door: e.Door, Share: orNil(e.Share), Purpose: e.Purpose,
		Target: e.Target, Pack: e.Pack, Size: e.Size, Note: e.Note}
	if e.Address.IsValid() {
		j.Address = &e.Address
	}
	if !e.Until.IsZero() {
		until := jsonTime(e.Until)
		j.Until = &until
	}
	if e.Digest != [32]byte{} {
		j.Digest = hex.EncodeToString(e.Digest[:])
	}
	for _, f := range e.Files {
		j.Files = append(j.Files, jsonFile{f.Version, f.Path})
	}
	return json.Marshal(j)
}

// UnmarshalJSON reads what MarshalJSON writes.
func (e *Event) UnmarshalJSON(data []byte) error {
	var j jsonEvent
	if err := json.Unmarshal(data, &j); err != nil {
		return err
	}
	*e = Event{Kind: j.Kind, When: time.Time(j.When), Session: orZero(j.Session), Account: orZero(j.Account),
		Actor: j.Actor, Device: orZero(j.Device), Address: orZero(j.Address), Door: j.Door, Share: orZero(j.Share),
		Purpose: j.Purpose, Target: j.Target, Pack: j.Pack, Size: j.Size, Note: j.Note}
	if j.Until != nil {
		e.Until = time.Time(*j.Until)
	}
	if j.Digest != "" {
		b, err := hex.DecodeString(j.Digest)
		if err != nil || len(b) != len(e.Digest) {
			return fmt.Errorf("digest of an event: %q", j.Digest)
		}
		copy(e.Digest[:], b)
	}
	for _, f := range j.Files {
		e.Files = append(e.Files, File{f.Version, f.SealedPath})
	}
	return nil
}

func orNil[T comparable](v T) *T {
	if v == *new(T) {
		return nil
	}
	return &v
}

func orZero[T any](p *T) (v T) {
	if p != nil {
		v = *p
	}
	return v
}
