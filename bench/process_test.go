package main

import (
	"bufio"
	"context"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

func TestParseStat(t *testing.T) {
	const line = "4711 (a b) (c)) S 12 4711 4711 0 -1 4194560 1 2 3 4 100 50 30 20 20 0 1 0 99 5 6\n"
	s, ok := parseStat(line)
	if want := (stat{pid: 4711, parent: 12, cpu: 2}); !ok || s != want {
		t.Errorf("parseStat = %+v, %v, want %+v", s, ok, want)
	}
	for _, bad := range []string{"", "4711", "4711 (x) S 1", "x (y) S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16", "1 )x( S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15"} {
		if s, ok := parseStat(bad); ok {
			t.Errorf("parseStat(%q) = %+v, want a refusal", bad, s)
		}
	}
}

func TestParseMemory(t *testing.T) {
	if n := parseAvailable("MemTotal:       24691400 kB\nMemAvailable:   20000000 kB\n"); n != 20000000<<10 {
		t.Errorf("parseAvailable = %d", n)
	}
	peak, now := parseMemory("Name:\tx\nVmPeak:\t 9999 kB\nVmHWM:\t    2048 kB\nVmRSS:\t    1024 kB\n")
	if peak != 2 || now != 1 {
		t.Errorf("parseMemory = %v, %v MiB, want 2, 1", peak, now)
	}
}

// A process and its child are both seen, and with memory; a stranger is not.
func TestTree(t *testing.T) {
	c := exec.Command("sh", "-c", "exec 3<&0; cat <&3 & echo started; wait")
	in, err := c.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := bufio.NewReader(out).ReadString('\n'); err != nil {
		t.Fatal(err)
	}
	var pids []int
	for _, s := range tree(c.Process.Pid) {
		pids = append(pids, s.pid)
	}
	if len(pids) != 2 || pids[0] != c.Process.Pid || slices.Contains(pids, os.Getpid()) {
		t.Errorf("tree(%d) = %v, want the shell and its child", c.Process.Pid, pids)
	}
	if peak, now := treeMemory(c.Process.Pid); peak <= 0 || now <= 0 {
		t.Errorf("treeMemory = %v, %v MiB, want some", peak, now)
	}
	in.Close()
	io.Copy(io.Discard, out)
	if err := c.Wait(); err != nil {
		t.Error(err)
	}
	if left := tree(c.Process.Pid); len(left) != 0 {
		t.Errorf("tree of an ended process = %v, want nothing", left)
	}
}

func TestTimed(t *testing.T) {
	b := &bench{}
	s, out, err := b.timed(context.Background(), exec.Command("sh", "-c", "i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done; echo done"))
	if err != nil || string(out) != "done\n" {
		t.Fatalf("timed = %q, %v, want what the command printed", out, err)
	}
	if s.Wall <= 0 || s.OnDisk < s.Wall || s.CPU <= 0 || s.RSS <= 0 {
		t.Errorf("timed = %+v, want time, CPU and memory", s)
	}
	_, _, err = b.timed(context.Background(), exec.Command("sh", "-c", "echo this is why >&2; exit 3"))
	if err == nil || !strings.Contains(err.Error(), "this is why") || !strings.Contains(err.Error(), "exit status 3") {
		t.Errorf("timed = %v, want what the command said", err)
	}
}

func TestEnviron(t *testing.T) {
	t.Setenv("AZEKURA_HTTP", "127.0.0.1:1")
	t.Setenv("BORG_REPO", "elsewhere")
	t.Setenv("LC_ALL", "C")
	t.Setenv("GOGC", "400")
	t.Setenv("LANGUAGE_OF_FLOWERS", "hanakotoba")
	env := environ("RESTIC_PASSWORD=x")
	for _, want := range []string{"LC_ALL=C.UTF-8", "RESTIC_PASSWORD=x", "LANGUAGE_OF_FLOWERS=hanakotoba"} {
		if !slices.Contains(env, want) {
			t.Errorf("environ lacks %s", want)
		}
	}
	for _, e := range env {
		for _, not := range []string{"AZEKURA_HTTP=", "BORG_REPO=", "GOGC=", "LC_ALL=C\x00"} {
			if strings.HasPrefix(e+"\x00", not) {
				t.Errorf("environ has %s, which would measure something else", e)
			}
		}
	}
}
