package api

import (
	"time"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/commit"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/preview"
	"github.com/azekura/azekura/internal/problem"
	"github.com/azekura/azekura/internal/vault"
)

// The types of this file are what crosses the wire, and what commands print with --json. Their fields
// are a promise: docs/json.md has them, golden tests hold them. Times are RFC 3339 in UTC.

// Type says what an Info describes.
type Type string

// The types of entries.
const (
	ShareEntry  Type = "share"
	Directory   Type = "directory"
	RegularFile Type = "file"
)

// Info describes a share, a directory or a file.
type Info struct {
	Path     string     `json:"path"`
	Type     Type       `json:"type"`
	Size     int64      `json:"size"`
	Modified time.Time  `json:"modified,omitzero"` // as the client set it
	Created  time.Time  `json:"created,omitzero"`
	Saved    time.Time  `json:"saved,omitzero"`   // when the version was saved
	Removed  time.Time  `json:"removed,omitzero"` // when it was removed; absent while it is shown
	Version  id.Version `json:"version,omitzero"` // absent for directories and files that never had content
	Number   int        `json:"number,omitzero"`  // of the version, from 1
	Author   string     `json:"author,omitzero"`
	Door     string     `json:"door,omitzero"`
	ReadOnly bool       `json:"read_only,omitzero"`
	Live     bool       `json:"live,omitzero"`    // a program's lock file: shown now, never kept
	Picture  bool       `json:"picture,omitzero"` // by its name: there may be a preview
	Found    *Found     `json:"found,omitempty"`  // in the version's content, when it was saved
}

// Since is when what stands there was saved; of a file that never had content, when it was made.
func (i Info) Since() time.Time {
	if i.Saved.IsZero() {
		return i.Created
	}
	return i.Saved
}

// Found is what a look at the structure of a version's content has found.
type Found struct {
	Kind     string `json:"kind,omitempty"`     // such as "jpeg"; absent: none that is known
	Damaged  bool   `json:"damaged,omitempty"`  // it begins as its kind does, and is not that from At on
	Reason   string `json:"reason,omitempty"`   // a word: "cut", "header", "chain", "sum", "data", "length", "index", "text"
	At       int64  `json:"at,omitempty"`       // from which byte on
	Trailing int64  `json:"trailing,omitempty"` // bytes after the end of what the kind has
	Sealed   bool   `json:"sealed,omitempty"`   // it is locked with a password of its own
	Even     bool   `json:"even,omitempty"`     // no kind is known, and all bytes are equally frequent, as in what is encrypted
}

func foundOf(f commit.Found) *Found {
	if !f.Looked {
		return nil
	}
	return &Found{Kind: f.Kind, Damaged: f.Damaged, Reason: f.Reason, At: f.At, Trailing: f.Trailing, Sealed: f.Sealed, Even: f.Even}
}

// infoOf translates what the vault says.
func infoOf(i vault.Info) Info {
	t := RegularFile
	switch {
	case i.Dir && len(i.Path.Names()) <= 1:
		t = ShareEntry
	case i.Dir:
		t = Directory
	}
	return Info{
		Path: string(i.Path), Type: t, Size: i.Size, Modified: utc(i.Modified), Created: utc(i.Created), Saved: utc(i.Saved),
		Removed: utc(i.Removed), Version: i.Version, Number: i.Number, Author: i.Author, Door: i.Door, ReadOnly: i.ReadOnly, Live: i.Live,
		Picture: !i.Dir && !i.Live && !i.Version.IsZero() && preview.Is(i.Path.Base()), Found: foundOf(i.Found),
	}
}

func utc(t time.Time) time.Time {
	if t.IsZero() {
		return time.Time{}
	}
	return t.UTC()
}

// Act names what happened to a file.
type Act string

// acts are the names of a commit's operations.
var acts = map[commit.Kind]Act{
	commit.Mkdir: "made", commit.Touch: "made", commit.Save: "saved", commit.Link: "linked", commit.Hold: "held", commit.HoldRemove: "removal-held", commit.Settle: "settled", commit.Expire: "expired",
	commit.Move: "moved", commit.Remove: "removed", commit.SetProp: "changed",
}

// Change is one line of a file's history, latest first.
type Change struct {
	Act    Act       `json:"act"`
	When   time.Time `json:"when"`
	Author string    `json:"author"`
	Name   string    `json:"name"`              // the file's name after it
	File   *Info     `json:"version,omitempty"` // the version that was saved, or linked from an earlier one
	Gone   bool      `json:"gone,omitempty"`    // that version was removed by the rule of its share
}

func changeOf(c vault.Change) Change {
	out := Change{Act: acts[c.Kind], When: utc(c.When), Author: c.Author, Name: c.Name, Gone: c.Gone}
	if !c.Info.Version.IsZero() {
		i := infoOf(c.Info)
		out.File = &i
	}
	return out
}

// Saved is the answer to one file of a batch of saves, or to one save.
type Saved struct {
	Path  string   `json:"path"`
	Info  *Info    `json:"info,omitempty"`
	Error *Problem `json:"error,omitempty"`
}

// Restored tells what a restore did, or would not do, to one path.
type Restored struct {
	Path    string     `json:"path"`
	Act     string     `json:"act"` // "restored", "brought-back", "renamed", "made" (a directory), "kept" (it is newer), "unchanged", "failed"
	To      string     `json:"to,omitempty"`
	Number  int        `json:"number,omitempty"`
	Saved   time.Time  `json:"saved,omitzero"`
	Error   *Problem   `json:"error,omitempty"`
	Version id.Version `json:"version,omitzero"`
}

// RestoreRequest says to what state a path is restored: a version, or a time. With neither, what was
// removed comes back as it was.
type RestoreRequest struct {
	Path    string     `json:"path"`
	At      time.Time  `json:"at,omitzero"`
	Number  int        `json:"number,omitempty"`
	Version id.Version `json:"version,omitzero"`
	DryRun  bool       `json:"dry_run,omitempty"`
}

// RenameRequest moves a file or directory.
type RenameRequest struct {
	From    string `json:"from"`
	To      string `json:"to"`
	Replace bool   `json:"replace,omitempty"`
}

// Secret is a password or a device password that was made; nobody can show it again.
type Secret struct {
	Secret string `json:"secret"`
}

// Session is a person at work.
type Session struct {
	ID      id.Session     `json:"id"`
	Mine    bool           `json:"mine,omitempty"` // the one that asks
	Account string         `json:"account"`
	Factor  account.Factor `json:"factor"`
	Device  string         `json:"device,omitempty"`
	Address string         `json:"address,omitempty"`
	Door    string         `json:"door"`
	Started time.Time      `json:"started"`
	Expires time.Time      `json:"expires"`
}

// Share is a share as an administrator sees it.
type Share struct {
	ID       id.Share `json:"id"`
	Name     string   `json:"name"`
	ReadOnly bool     `json:"read_only,omitempty"`
}

// VerifyRequest says what to verify.
type VerifyRequest struct {
	Shares []string `json:"shares,omitempty"`
	Keys   bool     `json:"keys,omitempty"`
}

// VerifyLine is one line of a verification: a finding, or the report at the end.
type VerifyLine struct {
	Progress *vault.VerifyReport `json:"progress,omitempty"`
	Finding  *Finding            `json:"finding,omitempty"`
	Report   *vault.VerifyReport `json:"report,omitempty"`
}

// RebuildRequest names the share whose catalogue is made anew.
type RebuildRequest struct {
	Share string `json:"share"`
}

// Finding is what is damaged.
type Finding = vault.Finding

// RebuildLine is one line of a rebuild: how many frames were read, what could not be, or the report at the end.
type RebuildLine struct {
	Frames  int64          `json:"frames"`
	Finding *Finding       `json:"finding,omitempty"`
	Report  *RebuildReport `json:"report,omitempty"`
}

// RebuildReport says what a rebuild has made.
type RebuildReport struct {
	Share    string `json:"share"`
	Findings int    `json:"findings"`
	Equal    bool   `json:"equal"` // to the catalogue before
	Files    int64  `json:"files"`
	Dirs     int64  `json:"directories"`
	Removed  int64  `json:"removed"`
	Versions int64  `json:"versions"`
	Bytes    int64  `json:"bytes"` // of the files that are shown
}

// Problem is a failed act on the wire.
type Problem struct {
	Kind    problem.Kind `json:"kind"`
	Op      string       `json:"op"`
	On      string       `json:"on,omitempty"`
	Message string       `json:"message"`
	Hint    string       `json:"hint,omitempty"`
}

// Err returns p as an error of package problem.
func (p *Problem) Err() error {
	if p == nil {
		return nil
	}
	return &problem.Error{Kind: p.Kind, Op: p.Op, On: p.On, Hint: p.Hint}
}
