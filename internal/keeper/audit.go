package keeper

import (
	"context"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/ledger"
)

// Audit says how far the ledger can be believed: what somebody who has to tell what was not read must know first.
type Audit struct {
	Report   ledger.Report
	Verified int64 // so many entries, from the first on, are what was signed
	Head     ledger.Head
	Seen     []int64 // sizes that it has had, as the keeper itself remembers
}

// Audit checks the whole ledger as it lies on disk, for who investigates. It reads everything.
func (l *Local) Audit(ctx context.Context, s id.Session) (Audit, error) {
	const op = "verify the ledger"
	leave, err := l.enter(op)
	if err != nil {
		return Audit{}, err
	}
	by, err := l.live(s)
	if err == nil && !l.books.Load().may(by, account.Investigate) && !l.books.Load().may(by, account.ReadLedger) {
		err = notAllowed(op)
	}
	var head ledger.Head
	var key string
	if err == nil {
		_, err = l.log.Publish(ctx)
		head, key = l.log.Head(), l.keys.LedgerPublicKey()
	}
	leave() // what follows may take long, and needs no key
	if err != nil {
		return Audit{}, err
	}
	r, err := ledger.Audit{Key: key, Seen: []ledger.Head{head}}.Run(ctx, l.log.Files())
	if err != nil {
		return Audit{}, err
	}
	out := Audit{Report: r, Verified: r.Size, Head: head, Seen: []int64{head.Size}}
	for _, d := range r.Damage {
		if d.Entry == nil { // of a tile or the head: nothing says where what is good ends
			out.Verified = 0
		} else {
			out.Verified = min(out.Verified, *d.Entry)
		}
	}
	if r.DamageCount > int64(len(r.Damage)) {
		out.Verified = 0
	}
	return out, nil
}
