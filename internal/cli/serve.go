package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"unicode"

	"github.com/spf13/cobra"

	"github.com/azekura/azekura/internal/door/api"
	"github.com/azekura/azekura/internal/door/api/client"
	"github.com/azekura/azekura/internal/durable"
	"github.com/azekura/azekura/internal/problem"
	"github.com/azekura/azekura/internal/storehouse"
)

// settings are flags that stand for a key of the configuration.
type settings struct{ c *cobra.Command }

// flags adds a flag for each of some keys.
func (a *app) flags(c *cobra.Command, keys map[string]string) settings {
	for key, text := range keys {
		c.Flags().String(strings.ReplaceAll(key, "_", "-"), "", text)
	}
	return settings{c}
}

// given returns the flags that were given, by key.
func (s settings) given(keys map[string]string) map[string]string {
	out := make(map[string]string)
	for key := range keys {
		if f := s.c.Flags().Lookup(strings.ReplaceAll(key, "_", "-")); f != nil && f.Changed {
			out[key] = f.Value.String()
		}
	}
	return out
}

// first are the flags of a new storehouse.
func (a *app) first(c *cobra.Command, f *storehouse.First) {
	c.Flags().StringVar(&f.Share, "share", a.t("say.first-share"), a.t("flag.first-share"))
	c.Flags().StringVar(&f.Account, "account", "admin", a.t("flag.first-account"))
}

func (a *app) serve() *cobra.Command {
	keys := map[string]string{
		"http": a.t("flag.http"), "https": a.t("flag.https"), "sftp": a.t("flag.sftp"), "cert": a.t("flag.cert"), "key": a.t("flag.key"),
		"metrics": a.t("flag.metrics"), "collect_udp": a.t("flag.collect-udp"), "collect_tcp": a.t("flag.collect-tcp"), "collect_tls": a.t("flag.collect-tls"), "log_level": a.t("flag.log-level"), "protection": a.t("flag.protection"),
	}
	var first storehouse.First
	var flags settings
	c := a.command("serve", "cmd.serve", "azekura serve\nazekura serve --data /srv/azekura --https :8443", cobra.NoArgs,
		func(ctx context.Context, _ []string) error {
			cfg, err := storehouse.Load(a.data, os.Environ(), flags.given(keys))
			if err != nil {
				return err
			}
			return a.runServe(ctx, cfg, first)
		})
	flags = a.flags(c, keys)
	a.first(c, &first)
	return c
}

func (a *app) runServe(ctx context.Context, cfg storehouse.Config, first storehouse.First) error {
	var level slog.Level
	if err := level.UnmarshalText([]byte(cfg.LogLevel)); err != nil {
		return problem.New(problem.Invalid, "read configuration", cfg.LogLevel, err)
	}
	opt := storehouse.Options{Now: a.now, Log: a.logger(level), Passphrase: a.passphrase, PreviewWorker: a.preview, Service: a.env("NOTIFY_SOCKET")}
	var welcome *storehouse.Welcome
	if !storehouse.Exists(cfg) {
		opt.Passphrase = remembered(a.newPassphrase)
		w, err := storehouse.Create(ctx, cfg, opt, first)
		if err != nil {
			return err
		}
		welcome = &w
	}
	err := storehouse.Run(ctx, cfg, opt, func(l []api.Listener) {
		made := welcome
		if welcome = nil; made != nil {
			a.welcome(*made, l)
		}
		for _, x := range l {
			opt.Log.Info("open", "door", x.Door, "url", x.URL)
		}
		if made == nil && !a.json && a.outTTY {
			a.print("say.serving-at", davURL(l))
		}
	})
	if welcome != nil { // no door opened, but the vault is there, and only now can it be told how to get in
		a.welcome(*welcome, []api.Listener{})
	}
	return err
}

// remembered asks once.
func remembered(ask func() ([]byte, error)) func() ([]byte, error) {
	once := sync.OnceValues(ask)
	return func() ([]byte, error) {
		b, err := once()
		return bytes.Clone(b), err // whoever gets it overwrites it
	}
}

func (a *app) initialize() *cobra.Command {
	keys := map[string]string{"protection": a.t("flag.protection"), "key_file": a.t("flag.key-file")}
	var first storehouse.First
	var flags settings
	var papers string
	c := a.command("init", "cmd.init", "azekura init --data /srv/azekura\nazekura init --share 2026年度 --account tanaka --papers papers.pdf", cobra.NoArgs,
		func(ctx context.Context, _ []string) error {
			cfg, err := storehouse.Load(a.data, os.Environ(), flags.given(keys))
			if err != nil {
				return err
			}
			opt := storehouse.Options{Now: a.now, Log: a.logger(slog.LevelWarn), Passphrase: remembered(a.newPassphrase)}
			w, err := storehouse.Create(ctx, cfg, opt, first)
			if err != nil {
				return err
			}
			if a.json {
				err = a.emit(w)
			} else {
				a.welcome(w, nil)
			}
			if err != nil || papers == "" {
				return err
			}
			return a.firstPapers(ctx, cfg, opt, papers)
		})
	flags = a.flags(c, keys)
	a.first(c, &first)
	c.Flags().StringVar(&papers, "papers", "", a.t("flag.init-papers"))
	return c
}

// firstPapers makes papers for a storehouse that was only just made.
func (a *app) firstPapers(ctx context.Context, cfg storehouse.Config, opt storehouse.Options, name string) (err error) {
	h, err := storehouse.Open(ctx, cfg, opt)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, h.Close(context.WithoutCancel(ctx))) }()
	return a.papersPDF(ctx, client.New(api.Local(h.API(), storehouse.ConsoleAddress()), a.lang.String()), api.PapersRequest{}, name, false)
}

// welcomeFile is where the way in is written when there is no terminal: a log is no place for secrets.
const welcomeFile = "welcome.txt"

// welcome shows how to get in, once. On a terminal a person reads it; otherwise it goes into a file that
// only the server's user can read.
func (a *app) welcome(w storehouse.Welcome, l []api.Listener) {
	text := a.welcomeText(w, l)
	if a.outTTY || l == nil { // init prints where it is told to
		fmt.Fprint(a.out, text)
		return
	}
	name := filepath.Join(w.Data, welcomeFile)
	if err := durable.WriteFile(storehouse.Disk(w.Data), name, []byte(text), 0o600); err != nil {
		a.print("say.welcome-lost", err, a.self(w.Data), w.Account)
		return
	}
	a.print("say.welcome-file", name)
}

// davURL is the address for drives: the one that other machines can reach, if there is one.
func davURL(l []api.Listener) string {
	url := "http://127.0.0.1:8756/dav/"
	for _, x := range l {
		if x.Door == "webdav" {
			url = x.URL // HTTPS comes last
		}
	}
	return url
}

// welcomeText says how to get in, and what protects what.
func (a *app) welcomeText(w storehouse.Welcome, l []api.Listener) string {
	var b strings.Builder
	put := func(key string, args ...any) { b.WriteString(a.t(key, args...) + "\n") }
	put("welcome.title", w.Data)
	link, self := welcomeURL(l, w.Token), a.self(w.Data)
	if here(link) {
		b.WriteString(a.t("welcome.here"))
	} else {
		b.WriteString(a.t("welcome.network"))
	}
	put("welcome.link", link, w.Account, when(w.Until), self)
	if here(link) {
		put("welcome.others")
	}
	for _, x := range l {
		switch {
		case x.Fingerprint == "":
		case x.Door == "sftp":
			put("welcome.host-key", x.Fingerprint)
		default:
			put("welcome.certificate", filepath.Join(w.Data, "tls", "cert.pem"), x.Fingerprint)
		}
	}
	if w.KeyFile != "" {
		put("welcome.key-file", w.KeyFile)
	} else {
		put("welcome.key-elsewhere")
	}
	put("welcome.reserve", self)
	put("welcome.next", w.Share, w.Account, self)
	return b.String()
}

// self is how commands about a vault begin: with its directory, where it is not the one that they look in by themselves.
func (a *app) self(data string) string {
	if data == a.defaultData() {
		return "azekura"
	}
	if whole, err := filepath.Abs(data); err == nil { // it may be read elsewhere
		data = whole
	}
	if strings.ContainsFunc(data, func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune("/._-", r)
	}) {
		data = "'" + strings.ReplaceAll(data, "'", `'\''`) + "'"
	}
	return "azekura --data " + data
}
