package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sys/unix"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/door/api"
	"github.com/azekura/azekura/internal/door/api/client"
	"github.com/azekura/azekura/internal/durable"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/medium"
	"github.com/azekura/azekura/internal/problem"
	"github.com/azekura/azekura/internal/storehouse"
)

// media makes copies of the vault on disks that are normally switched off.
func (a *app) media() *cobra.Command {
	c := a.command("media", "cmd.media", "azekura media init /media/azekura --label \"disk 1\" --set A\nazekura media sync /media/azekura\nazekura media status", nil, nil)
	c.AddCommand(a.mediaInit(), a.mediaSync(), a.mediaStatus(), a.mediaVerify(), a.mediaDrill(), a.mediaDrills(), a.mediaEject(), a.mediaRetire())
	return c
}

func (a *app) mediaInit() *cobra.Command {
	var q api.NewMedium
	var same bool
	c := a.command("init FOLDER", "cmd.media-init", "azekura media init /media/azekura --label \"disk 1\" --set A --place \"bank\"\nazekura media init /etc/azekura/cloud.toml --label cloud --lock 90", cobra.ExactArgs(1), func(ctx context.Context, args []string) error {
		q.Path = absolute(args[0])
		if !same && a.ownDisk(q.Path) {
			return &problem.Error{Kind: problem.Invalid, Op: "make medium", On: q.Path, Hint: "hint.medium-own-disk"}
		}
		if err := a.handOver(q.Path); err != nil {
			return err
		}
		return a.connect(ctx, func(c *client.Client) error {
			m, err := c.MakeMedium(ctx, q)
			if err != nil || a.json {
				return cmpOr(err, func() error { return a.emit(m) })
			}
			if m.Lock > 0 {
				a.print("say.medium-made-bucket", printable(m.Label), m.Lock, q.Path)
			} else {
				a.print("say.medium-made", printable(m.Label), q.Path)
			}
			return nil
		})
	})
	c.Flags().StringVar(&q.Label, "label", "", a.t("flag.medium-label"))
	c.Flags().StringVar(&q.Set, "set", "", a.t("flag.medium-set"))
	c.Flags().StringVar(&q.Place, "place", "", a.t("flag.medium-place"))
	c.Flags().IntVar(&q.Lock, "lock", 0, a.t("flag.medium-lock"))
	c.Flags().BoolVar(&same, "same-disk", false, a.t("flag.medium-same-disk"))
	return c
}

// ownDisk reports whether a folder lies on the disk of the vault or of the system, as that does where a disk should be mounted and is not.
func (a *app) ownDisk(at string) bool {
	disk, err := device(at)
	if err != nil || !isDir(at) {
		return false
	}
	for _, own := range []string{a.data, "/"} {
		if d, err := device(own); err == nil && d == disk {
			return true
		}
	}
	return false
}

// absolute is a path as the server understands it, which works elsewhere.
func absolute(name string) string {
	if at, err := filepath.Abs(name); err == nil {
		return at
	}
	return name
}

// handOver gives the folder of a new disk, or the file of a bucket, which is root's, to the user of the server.
func (a *app) handOver(at string) error {
	uid, gid, ok := storehouse.Owner(a.data)
	if i, err := os.Stat(at); err == nil { // exFAT and others let nobody change an owner, not even to what it is
		if st, is := i.Sys().(*syscall.Stat_t); is && int(st.Uid) == uid {
			return nil
		}
	}
	if os.Geteuid() != 0 || !ok || uid == 0 {
		return nil
	}
	return storehouse.HandOver(at, func() error { return os.Chown(at, uid, gid) })
}

func (a *app) mediaSync() *cobra.Command {
	var q api.SyncRequest
	c := a.command("sync FOLDER", "cmd.media-sync", "azekura media sync /media/azekura\nazekura media sync --mend /media/azekura", cobra.ExactArgs(1), func(ctx context.Context, args []string) error {
		q.Path = absolute(args[0])
		return a.connect(ctx, func(c *client.Client) error {
			out, err := a.runSync(ctx, c, q)
			if err != nil {
				return err
			}
			if a.json {
				err = a.emit(out)
			} else {
				a.showSynced(out)
			}
			if left := out.Found - int(out.Mended); err == nil && left > 0 {
				err = partly{left, "say.medium-partly"}
			}
			return err
		})
	})
	c.Flags().BoolVar(&q.Mend, "mend", false, a.t("flag.medium-mend"))
	return c
}

func (a *app) runSync(ctx context.Context, c *client.Client, q api.SyncRequest) (out api.Synced, err error) {
	bar, whole := a.progress(), false
	defer bar.end()
	for l, err := range c.SyncMedium(ctx, q) {
		if err != nil {
			return out, err
		}
		if p := l.Progress; p != nil {
			bar.allBytes.Store(p.Of + p.ReadOf)
			bar.allFiles.Store(p.OfThem)
			bar.complete.Store(true)
			bar.bytes.Store(p.Bytes + p.Read)
			bar.files.Store(p.Objects)
		}
		if c := l.Copied; c != nil && !a.json {
			bar.clear()
			a.showCopied(*c)
		}
		if l.Synced != nil {
			out, whole = *l.Synced, true
		}
	}
	if !whole {
		return out, problem.New(problem.Unavailable, "sync medium", q.Path, errors.New("the end of the answer is missing"))
	}
	return out, nil
}

// showCopied tells of a state that is complete, whether or not it was read back.
func (a *app) showCopied(out api.Synced) {
	a.print("say.medium-synced", printable(out.Label), out.State, size(out.Copied), seconds(out.CopyTime), size(out.Bytes), out.Packs, when(out.Time))
	if out.Unread > 0 {
		a.print("say.medium-reading", size(out.Unread))
	}
}

func seconds(s float64) string {
	return time.Duration(s * float64(time.Second)).Round(100 * time.Millisecond).String()
}

func (a *app) showSynced(out api.Synced) {
	switch {
	case out.ReadOf == 0: // what was copied was not told yet
		a.showCopied(out)
	case out.Lied > 0:
		a.print("say.medium-lied", out.Lied)
	default:
		a.print("say.medium-read", size(out.ReadOf), seconds(out.ReadTime))
	}
	if out.Hosted && out.ReadOf > 0 {
		a.print("say.medium-hosted")
	}
	if out.Resumed > 0 {
		a.print("say.medium-resumed", size(out.Resumed))
	}
	if out.Mended > 0 {
		a.print("say.medium-mended", out.Mended)
	}
	if !out.Until.IsZero() {
		a.print("say.medium-locked", out.Until.Local().Format("2006-01-02"))
	}
	if out.SameDisk {
		a.print("say.medium-same-disk")
	}
	for _, f := range out.Findings {
		a.showFlaw(f)
	}
}

// showFlaw tells what is not as it should be: what of the medium, or of the vault, and why.
func (a *app) showFlaw(f api.CopyFinding) {
	on := f.Object
	switch {
	case on == "" && f.Share != "":
		on = a.t("say.place-pack", f.Share, f.Pack)
	case on == "" && f.State > 0:
		on = a.t("say.medium-state", f.State)
	}
	a.print("say.finding", printable(on), a.named("medium-flaw", f.Reason))
}

func (a *app) mediaStatus() *cobra.Command {
	return a.command("status", "cmd.media-status", "azekura media status\nazekura media status --json", cobra.NoArgs, func(ctx context.Context, _ []string) error {
		return a.connect(ctx, func(c *client.Client) error {
			s, err := c.Media(ctx)
			if err != nil || a.json {
				return cmpOr(err, func() error { return a.emit(s) })
			}
			a.showMedia(s)
			return nil
		})
	})
}

func (a *app) showMedia(s api.Copies) {
	if len(s.Media) > 0 {
		var t table
		t.head(a.t("say.head-medium"), a.t("say.head-set"), a.t("say.head-place"), a.t("say.head-generation"), a.t("say.head-copy-of"), a.t("say.head-size"), a.t("say.head-now"), a.t("say.head-id"))
		for _, m := range s.Media {
			until := m.Until.Local().Format("2006-01-02")
			now := map[string]string{
				account.MediumRetired:  a.t("say.medium-retired", printable(m.Reason)),
				account.MediumEmpty:    a.t("say.medium-bucket"),
				account.MediumLapsed:   a.t("say.medium-lapsed", until),
				account.MediumLocked:   a.t("say.medium-until", until),
				account.MediumAttached: a.t("say.medium-on", when(m.Attached)),
				account.MediumBeside:   a.t("say.medium-beside"),
				account.MediumOff:      a.t("say.medium-off"),
			}[m.Now(a.now())]
			state, of := "-", "-"
			if m.State > 0 {
				state, of = fmt.Sprint(m.State), a.t("say.medium-age", when(m.Time), days(a.now().Sub(m.Time)))
			}
			t.add(printable(m.Label), printable(firstOf(m.Set, "-")), printable(firstOf(m.Place, "-")), state, of, size(m.Bytes), now, m.ID.String())
		}
		t.write(a.out)
		fmt.Fprintln(a.out)
	}
	fmt.Fprintln(a.out, s.Text)
	if s.Next != nil {
		fmt.Fprintln(a.out, printable(s.Next.Text))
	}
	for _, d := range s.Drills {
		fmt.Fprintln(a.out, printable(d.Text))
	}
	for _, f := range s.Failed {
		a.print("say.medium-failed", printable(f.Label), when(f.When), printable(f.Text))
	}
	for _, r := range s.Rules {
		fmt.Fprintln(a.out, map[string]string{"good": "  + ", "look": "  ? ", "bad": "  ! "}[r.Level]+printable(r.Text))
	}
}

func days(d time.Duration) int { return int(d / (24 * time.Hour)) }

func (a *app) mediaEject() *cobra.Command {
	return a.command("eject FOLDER", "cmd.media-eject", "azekura media eject /media/azekura", cobra.ExactArgs(1), func(ctx context.Context, args []string) error {
		at := absolute(args[0])
		if !isDir(at) {
			return &problem.Error{Kind: problem.Invalid, Op: "eject medium", On: at, Hint: "hint.medium-folder"}
		}
		d, err := medium.Describe(ctx, medium.NewDisk(durable.OS(), at))
		if err != nil {
			return mediumNone("eject medium", at, err)
		}
		unmounted, err := letGo(at)
		if err != nil {
			return err
		}
		return a.connect(ctx, func(c *client.Client) error {
			if err := c.EjectMedium(ctx, d.ID); err != nil {
				return err
			}
			if a.json {
				return a.emit(map[string]any{"id": d.ID, "label": d.Label, "unmounted": unmounted})
			}
			key := "say.medium-ejected"
			if !unmounted {
				key = "say.medium-flushed"
			}
			a.print(key, printable(d.Label))
			return nil
		})
	})
}

func isDir(name string) bool {
	i, err := os.Stat(name)
	return err == nil && i.IsDir()
}

func mediumNone(op, at string, err error) error {
	if errors.Is(err, medium.ErrNone) {
		return &problem.Error{Kind: problem.NotFound, Op: op, On: at, Hint: "hint.medium-none", Err: err}
	}
	if _, ok := errors.AsType[*problem.Error](err); ok {
		return err
	}
	return problem.New(problem.Unavailable, op, at, err)
}

// letGo makes everything durable, and takes the file system out if the folder is where one is mounted.
func letGo(at string) (unmounted bool, err error) {
	if err := durable.SyncAll(at); err != nil {
		return false, problem.New(problem.Unavailable, "eject medium", at, err)
	}
	var here, above unix.Stat_t
	if err := errors.Join(unix.Stat(at, &here), unix.Stat(filepath.Dir(at), &above)); err != nil {
		return false, problem.New(problem.Unavailable, "eject medium", at, err)
	}
	if here.Dev == above.Dev {
		return false, nil
	}
	switch err := unix.Unmount(at, 0); {
	case errors.Is(err, unix.EPERM):
		return false, &problem.Error{Kind: problem.Denied, Op: "eject medium", On: at, Hint: "hint.medium-umount", Err: err}
	case err != nil:
		return false, &problem.Error{Kind: problem.Locked, Op: "eject medium", On: at, Hint: "hint.medium-in-use", Err: err}
	}
	return true, nil
}

func (a *app) mediaRetire() *cobra.Command {
	var reason string
	c := a.command("retire MEDIUM", "cmd.media-retire", "azekura media retire \"disk 1\" --reason \"worn out\"", cobra.ExactArgs(1), func(ctx context.Context, args []string) error {
		return a.connect(ctx, func(c *client.Client) error {
			m, err := a.whichMedium(ctx, c, args[0])
			if err != nil {
				return err
			}
			if err := c.RetireMedium(ctx, m, reason); err != nil {
				return err
			}
			return a.said("say.medium-struck", printable(args[0]))
		})
	})
	c.Flags().StringVar(&reason, "reason", "", a.t("flag.reason"))
	return c
}

// whichMedium finds a medium by its label or id.
func (a *app) whichMedium(ctx context.Context, c *client.Client, which string) (id.Medium, error) {
	s, err := c.Media(ctx)
	if err != nil {
		return id.Medium{}, err
	}
	for _, m := range s.Media {
		if m.Label == which && m.Retired.IsZero() || m.ID.String() == which {
			return m.ID, nil
		}
	}
	return id.Medium{}, &problem.Error{Kind: problem.NotFound, Op: "retire medium", On: which, Hint: "hint.medium-unknown"}
}
