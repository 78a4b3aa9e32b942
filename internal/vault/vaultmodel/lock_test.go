package vaultmodel_test

import (
	"testing"
	"time"

	"github.com/azekura/azekura/internal/pathname"
	"github.com/azekura/azekura/internal/problem"
	"github.com/azekura/azekura/internal/vault"
)

func (h *house) lock(name pathname.Path, l vault.Lock) string {
	h.t.Helper()
	l.TTL = time.Minute
	l, _, err := h.files().Lock(h.t.Context(), name, l)
	h.ok(err)
	return l.Token
}

// TestLocksInTheWay: who may change what while a lock holds.
func TestLocksInTheWay(t *testing.T) {
	type act func(f vault.Files, t *testing.T) error
	save := func(name pathname.Path) act {
		return func(f vault.Files, t *testing.T) error { return put(t, f, name, "2") }
	}
	remove := func(name pathname.Path) act {
		return func(f vault.Files, t *testing.T) error { return f.Remove(t.Context(), name) }
	}
	rename := func(from, to pathname.Path) act {
		return func(f vault.Files, t *testing.T) error { return f.Rename(t.Context(), from, to, true) }
	}
	copy := func(from, to pathname.Path) act {
		return func(f vault.Files, t *testing.T) error { return f.Copy(t.Context(), from, to, true, true) }
	}
	props := func(name pathname.Path) act {
		return func(f vault.Files, t *testing.T) error { return f.SetProps(t.Context(), name, nil, time.Time{}) }
	}
	mkdir := func(name pathname.Path) act {
		return func(f vault.Files, t *testing.T) error { return f.Mkdir(t.Context(), name) }
	}
	for _, tt := range []struct {
		name string
		on   pathname.Path
		lock vault.Lock
		act  act
		free bool // no token is needed
	}{
		{"save", "/s/d/f", vault.Lock{}, save("/s/d/f"), false},
		{"save shared", "/s/d/f", vault.Lock{Shared: true}, save("/s/d/f"), false},
		{"save below deep", "/s/d", vault.Lock{Deep: true}, save("/s/d/f"), false},
		{"save below flat", "/s/d", vault.Lock{}, save("/s/d/f"), true},
		{"new below flat", "/s/d", vault.Lock{}, save("/s/d/new"), false},
		{"new below deep", "/s", vault.Lock{}, save("/s/d/new"), false},
		{"directory", "/s/d", vault.Lock{}, mkdir("/s/d/e"), false},
		{"props", "/s/d/f", vault.Lock{}, props("/s/d/f"), false},
		{"remove", "/s/d/f", vault.Lock{}, remove("/s/d/f"), false},
		{"remove a member", "/s/d", vault.Lock{}, remove("/s/d/f"), false},
		{"remove above", "/s/d/f", vault.Lock{}, remove("/s/d"), false},
		{"rename", "/s/d/f", vault.Lock{}, rename("/s/d/f", "/s/x"), false},
		{"rename above", "/s/d/f", vault.Lock{}, rename("/s/d", "/s/x"), false},
		{"rename onto", "/s/d/f", vault.Lock{}, rename("/s/g", "/s/d/f"), false},
		{"rename into", "/s/d", vault.Lock{}, rename("/s/g", "/s/d/g"), false},
		{"copy from", "/s/d/f", vault.Lock{}, copy("/s/d/f", "/s/x"), true},
		{"copy onto", "/s/d/f", vault.Lock{}, copy("/s/g", "/s/d/f"), false},
		{"elsewhere", "/s/d/f", vault.Lock{}, save("/s/g"), true},
	} {
		if tt.on == "/s" { // the root of a share cannot be locked: a directory in it stands for it
			tt.on = "/s/d"
			tt.lock.Deep = true
		}
		for _, who := range []string{"without token", "another's session with the token", "after its end", "with token"} {
			t.Run(tt.name+", "+who, func(t *testing.T) {
				h := newHouse(t)
				h.ok(h.files().Mkdir(t.Context(), "/s/d"))
				h.put("/s/d/f", "1")
				h.put("/s/g", "1")
				token := h.lock(tt.on, tt.lock)
				f, free := h.files(), tt.free
				switch who {
				case "another's session with the token":
					f = h.As(h.taro, token)
				case "with token":
					f, free = h.files(token), true
				case "after its end":
					h.at = h.at.Add(2 * time.Minute)
					free = true
				}
				if err := tt.act(f, t); free {
					h.ok(err)
				} else {
					h.want(err, problem.Locked)
				}
			})
		}
	}
}

func TestLockAgainstLock(t *testing.T) {
	h := newHouse(t)
	ctx := t.Context()
	h.ok(h.files().Mkdir(ctx, "/s/d"))
	h.put("/s/d/f", "1")
	other := h.As(h.taro)
	token := h.lock("/s/d/f", vault.Lock{Shared: true})
	shared, _, err := other.Lock(ctx, "/s/d/f", vault.Lock{Shared: true, TTL: time.Minute})
	h.ok(err)
	_, _, err = other.Lock(ctx, "/s/d/f", vault.Lock{TTL: time.Minute})
	h.want(err, problem.Locked)
	_, _, err = other.Lock(ctx, "/s/d", vault.Lock{Deep: true, TTL: time.Minute})
	h.want(err, problem.Locked)
	_, _, err = other.Lock(ctx, "/s/d", vault.Lock{TTL: time.Minute})
	h.ok(err)
	h.want(other.Unlock(ctx, "/s/d/f", token), problem.Denied)
	h.want(other.Unlock(ctx, "/s/d", shared.Token), problem.Condition)
	h.ok(put(t, h.files(token), "/s/d/f", "2"))
	if locks, err := other.Locks(ctx, vault.Info{Path: "/s/d/f"}); err != nil || len(locks) != 2 {
		t.Errorf("%v %v: want two locks", locks, err)
	}
	h.ok(h.files().Unlock(ctx, "/s/d/f", token))
	h.want(h.files().Unlock(ctx, "/s/d/f", token), problem.Condition)
}

func TestLockMakesAPlaceholder(t *testing.T) {
	h := newHouse(t)
	ctx := t.Context()
	h.put("/s/f", "1")
	was := h.stat("/s/f").File
	h.ok(h.files().Remove(ctx, "/s/f"))
	token := h.lock("/s/f", vault.Lock{})
	if i := h.stat("/s/f"); !i.Version.IsZero() || i.Size != 0 {
		t.Errorf("%+v", i)
	}
	h.ok(put(t, h.files(token), "/s/f", "2"))
	if i := h.stat("/s/f"); i.File != was || i.Number != 2 {
		t.Errorf("%+v: want the second version of the removed file", i)
	}
	_, err := h.files().Refresh(ctx, "/s/f", token, time.Hour)
	h.ok(err)
	h.at = h.at.Add(30 * time.Minute)
	h.want(put(t, h.files(), "/s/f", "3"), problem.Locked)
	h.ok(h.files(token).Rename(ctx, "/s/f", "/s/g", false))
	h.ok(put(t, h.files(), "/s/g", "3")) // the lock ended with the move
	_, err = h.files().Refresh(ctx, "/s/g", token, time.Hour)
	h.want(err, problem.Condition)
}
