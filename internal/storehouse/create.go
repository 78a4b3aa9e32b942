package storehouse

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"os"
	"strings"
	"time"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/durable"
	"github.com/azekura/azekura/internal/keeper"
	"github.com/azekura/azekura/internal/problem"
)

// First says what a new storehouse begins with.
type First struct {
	Share   string // name of the first share
	Account string // name of the administrator
}

// Welcome is what only its maker can know about a new storehouse. It is shown once and kept nowhere.
type Welcome struct {
	Data    string    `json:"data"`
	Share   string    `json:"share"`
	Account string    `json:"account"`
	Token   string    `json:"token"` // of the invitation by which the administrator comes in: HOUSE/welcome#TOKEN
	Until   time.Time `json:"until"` // the invitation's end; azekura account invite makes another
	KeyFile string    `json:"key_file,omitempty"`
}

// Exists reports whether a data directory holds a storehouse. One whose making was broken off, by a full disk or a power cut, is none yet:
// Create goes on with it.
func Exists(cfg Config) bool {
	at := layoutOf(cfg)
	if _, err := os.Stat(at.unfinished); err == nil {
		return false
	}
	_, err := os.Stat(at.keeper)
	return !errors.Is(err, fs.ErrNotExist)
}

// Create makes a storehouse: keeper, first share, and an administrator who is invited to come in.
func Create(ctx context.Context, cfg Config, opt Options, first First) (w Welcome, err error) {
	if opt.FS == nil {
		opt.FS = Disk(cfg.Data)
	}
	if Exists(cfg) {
		return w, &problem.Error{Kind: problem.Exists, Op: "open vault", On: cfg.Data}
	}
	defer func() {
		if durable.IsNoSpace(err) || problem.KindOf(err) == problem.NoSpace { // what is said of it elsewhere is about what was saved
			err = &problem.Error{Kind: problem.NoSpace, Op: "make vault", On: cfg.Data, Hint: "hint.make-again", Err: err}
		}
	}()
	at := layoutOf(cfg)
	if err := begin(ctx, cfg, at, opt); err != nil {
		return w, err
	}
	opt.making = true
	h, err := Open(ctx, cfg, opt)
	if err != nil {
		return w, err
	}
	i, err := h.furnish(ctx, first)
	if err = errors.Join(err, h.Close(context.WithoutCancel(ctx))); err != nil {
		return w, err
	}
	w = Welcome{Data: cfg.Data, Share: first.Share, Account: first.Account, Token: i.Token, Until: i.Until}
	if cfg.Protection == "key-file" {
		w.KeyFile = at.key
	}
	return w, errors.Join(opt.FS.Remove(at.unfinished), opt.FS.SyncDir(cfg.Data))
}

// begin makes the keeper, or goes on where a Create was broken off.
func begin(ctx context.Context, cfg Config, at layout, opt Options) (err error) {
	unlock, err := lockData(at)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, unlock()) }()
	if err := durable.WriteFile(opt.FS, at.unfinished, nil, 0o600); err != nil {
		return unreachable("make vault", cfg.Data, err)
	}
	switch there, err := keeper.Exists(opt.FS, at.keeper); {
	case err != nil:
		return err
	case !there:
		if err := createKeeper(ctx, cfg, at, opt); err != nil {
			return err
		}
	}
	if cfg.Protection != "key-file" { // or nothing would open it again
		if err := configure(opt.FS, cfg.Data, "protection", cfg.Protection); err != nil {
			return err
		}
	}
	if cfg.KeyFile != "" {
		return configure(opt.FS, cfg.Data, "key_file", cfg.KeyFile)
	}
	return nil
}

// furnish makes the first share and invites the administrator. What is there already is of a Create that was broken off.
func (h *House) furnish(ctx context.Context, first First) (i account.Invitation, err error) {
	s, err := h.keeper.Keeper().Login(ctx, account.Credentials{Name: consoleName(), Factor: account.Console, Door: "console"})
	if err != nil {
		return i, err
	}
	k := h.keeper.local
	if err := k.MakeAccount(ctx, s.ID, account.NewAccount{Name: first.Account, Role: account.Administrator}); err != nil && problem.KindOf(err) != problem.Exists {
		return i, err
	}
	if _, err := k.MakeShare(ctx, s.ID, first.Share); err != nil && problem.KindOf(err) != problem.Exists {
		return i, err
	}
	if err := k.SetRights(ctx, s.ID, account.Right{Account: first.Account, Share: first.Share, Rights: account.CanWrite}); err != nil {
		return i, err
	}
	i, err = k.Invite(ctx, s.ID, first.Account)
	return i, errors.Join(err, k.End(ctx, s.ID, "created"))
}

func consoleName() string {
	name, err := consoleUser(ConsoleAddress())
	if err != nil {
		return fmt.Sprint(os.Getuid())
	}
	return name
}

// syllables are easy to say and to type for everybody who knows kana, and none is taken for another.
const syllables = "ka ki ku ke ko sa su se so ta te to na ni nu ne no ha hi he ho ma mi mu me mo ya yu yo ra ri ru re ro wa ga gi gu ge go da de do ba bi bu be bo pa pi pu pe po za zu ze zo"

// PassPhrase returns a new pass phrase of 16 syllables in four groups: 93 bits.
func PassPhrase() string {
	list := strings.Fields(syllables)
	var b strings.Builder
	for i := range 16 {
		if i > 0 && i%4 == 0 {
			b.WriteByte('-')
		}
		n, err := rand.Int(rand.Reader, big.NewInt(int64(len(list))))
		if err != nil {
			panic(err) // crypto/rand's reader never fails
		}
		b.WriteString(list[n.Int64()])
	}
	return b.String()
}
