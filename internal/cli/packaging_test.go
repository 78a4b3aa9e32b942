package cli

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestPlugged: the unit mounts a disk with the driver of the system, and one whose file system knows no owners as the server's.
func TestPlugged(t *testing.T) {
	unit, err := os.ReadFile("../../packaging/azekura-media@.service")
	if err != nil {
		t.Fatal(err)
	}
	_, line, ok := strings.Cut(string(unit), "ExecStartPre=/bin/sh -ec '")
	line, _, end := strings.Cut(line, "' sh %I\n")
	if !ok || !end {
		t.Fatal("the unit mounts otherwise")
	}
	line = strings.NewReplacer("$$", "$", "%%", "%").Replace(line) // as systemd does
	bin := t.TempDir()
	for name, script := range map[string]string{
		"blkid": `[ "$*" = "-o value -s TYPE /dev/sdb1" ] && echo "$KIND"`,
		"stat":  `[ "$*" = "-L -c uid=%u,gid=%g,umask=077 /var/lib/azekura" ] && echo uid=7,gid=8,umask=077`,
		"mount": `echo "$*"`,
	} {
		if err := os.WriteFile(filepath.Join(bin, name), []byte("#!/bin/sh\n"+script+"\n"), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	const usual, place = "-o noatime,nodev,nosuid,noexec", " /dev/sdb1 /run/azekura-media/sdb1\n"
	for kind, want := range map[string]string{
		"ext4":  "-i -t ext4 " + usual + place,
		"exfat": "-i -t exfat " + usual + ",uid=7,gid=8,umask=077" + place,
		"vfat":  "-i -t vfat " + usual + ",uid=7,gid=8,umask=077" + place,
		"ntfs":  "-i -t ntfs3 " + usual + ",uid=7,gid=8,umask=077" + place,
	} {
		c := exec.CommandContext(t.Context(), "/bin/sh", "-ec", line, "sh", "sdb1")
		c.Env = []string{"PATH=" + bin, "KIND=" + kind}
		if out, err := c.CombinedOutput(); err != nil || string(out) != want {
			t.Errorf("%s: mount %s, want %s: %v", kind, out, want, err)
		}
	}
}
