package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// vault is an installation of the program under test.
type vault struct {
	bin  string
	data string
	// As init has told once.
	Share   string `json:"share"`
	Account string `json:"account"`

	password string   // of a device, whose owner's day is open
	env      []string // settings
}

// newVault makes an installation in a directory that does not exist yet.
func (b *bench) newVault(ctx context.Context, dir string) (*vault, error) {
	v := &vault{bin: b.azekura, data: dir}
	out, err := quiet(v.command(ctx, "init", "--json"))
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(out, v); err != nil || v.Share == "" || v.Account == "" {
		return nil, fmt.Errorf("azekura init has not told the share and the account: %w\n%s", err, out)
	}
	if out, err = quiet(v.command(ctx, "account", "device", "add", v.Account, "bench", "--json")); err != nil {
		return nil, err
	}
	var made struct{ Secret string }
	if err := json.Unmarshal(out, &made); err != nil || made.Secret == "" {
		return nil, fmt.Errorf("azekura account device add has not told the password: %w\n%s", err, out)
	}
	v.password = made.Secret
	if _, err = quiet(v.command(ctx, "day", "open", v.Account)); err != nil {
		return nil, err
	}
	const all = "1000000/1000000" // a benchmark reads in a minute what people read in a week
	_, err = quiet(v.command(ctx, "policy", "set", "--read-open", all, "--read-preview", all, "--read-export", all, "--read-persons", all))
	return v, err
}

// command returns one of the program's commands for this installation.
func (v *vault) command(ctx context.Context, args ...string) *exec.Cmd {
	c := exec.CommandContext(ctx, v.bin, append(args, "--data", v.data)...)
	c.Env = environ(append([]string{"AZEKURA_LANG=en"}, v.env...)...)
	return c
}

// imported is what import tells at its end.
type imported struct {
	Files   int64 `json:"files"`
	Copied  int64 `json:"copied"`
	Skipped int64 `json:"skipped"`
	Failed  int64 `json:"failed"`
	Bytes   int64 `json:"bytes"`
}

// parseImported finds the report in the JSON lines that import prints.
func parseImported(out []byte) (i imported, err error) {
	for line := range bytes.Lines(out) {
		var l struct {
			Report *imported `json:"report"`
		}
		if err := json.Unmarshal(line, &l); err != nil {
			return i, fmt.Errorf("azekura import printed %q: %w", line, err)
		}
		if l.Report != nil {
			return *l.Report, nil
		}
	}
	return i, fmt.Errorf("azekura import has printed no report")
}

// complete fails unless an import has copied so many files.
func complete(out []byte, files int) error {
	i, err := parseImported(out)
	if err != nil {
		return err
	}
	if i.Copied != int64(files) || i.Failed != 0 || i.Skipped != 0 {
		return fmt.Errorf("azekura import: %+v, want %d files copied", i, files)
	}
	return nil
}

// compare brings everything below a directory of the share back and compares it with its source, byte by byte.
func (v *vault) compare(ctx context.Context, source, below string) error {
	to := filepath.Join(filepath.Dir(v.data), "exported")
	defer os.RemoveAll(to)
	if _, err := quiet(v.command(ctx, "export", v.Share+"/"+below, to)); err != nil {
		return err
	}
	if _, err := quiet(exec.CommandContext(ctx, "diff", "-rq", source, to)); err != nil {
		return fmt.Errorf("what azekura gave back is not what it got: %w", err)
	}
	return nil
}
