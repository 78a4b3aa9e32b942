package custody

import (
	"container/list"
	"crypto/hpke"
	"crypto/sha256"
	"sync"

	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/seal"
)

// maxEpochs bounds the cache of epochs: about 1 KiB each.
const maxEpochs = 1024

// epochs remembers the decapsulated epochs that were used last: a folder of photographs was written in few
// of them, and a decapsulation costs more than all else in a release but the flush.
type epochs struct {
	mu    sync.Mutex
	byKey map[[32]byte]*list.Element // guarded by mu
	used  *list.List                 // guarded by mu: of *opened, last used first
}

// opened is an epoch that was decapsulated. Its context may be used by several at a time for exports.
type opened struct {
	key       [32]byte
	recipient *hpke.Recipient
}

func newEpochs() *epochs { return &epochs{byKey: make(map[[32]byte]*list.Element), used: list.New()} }

// recipient returns the context of an epoch. Its key is a hash of all that goes into it, so that a wrong
// encapsulation under a known epoch's name does not get that epoch's context.
func (e *epochs) recipient(private hpke.PrivateKey, share id.Share, epoch id.Epoch, enc []byte) (*hpke.Recipient, error) {
	info := seal.EpochInfo(share, epoch)
	key := sha256.Sum256(append(info[:len(info):len(info)], enc...))
	e.mu.Lock()
	if at, ok := e.byKey[key]; ok {
		e.used.MoveToFront(at)
		e.mu.Unlock()
		return at.Value.(*opened).recipient, nil
	}
	e.mu.Unlock()
	r, err := hpke.NewRecipient(enc, private, hpke.HKDFSHA256(), hpke.ExportOnly(), info)
	if err != nil {
		return nil, err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if _, ok := e.byKey[key]; !ok { // somebody else may have been faster
		e.byKey[key] = e.used.PushFront(&opened{key, r})
		if e.used.Len() > maxEpochs {
			delete(e.byKey, e.used.Remove(e.used.Back()).(*opened).key)
		}
	}
	return r, nil
}

func (e *epochs) clear() {
	e.mu.Lock()
	defer e.mu.Unlock()
	clear(e.byKey)
	e.used.Init()
}
