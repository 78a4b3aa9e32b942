package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// tick is the unit of times in /proc on Linux, whatever the kernel's own is.
const tick = 100

// stat is what /proc tells of one process.
type stat struct {
	pid, parent int
	cpu         float64 // seconds, its reaped children included
}

// parseStat reads a line of /proc/PID/stat. The second field is a name in brackets and may hold anything.
func parseStat(line string) (s stat, ok bool) {
	open, shut := strings.IndexByte(line, '('), strings.LastIndexByte(line, ')')
	if open < 0 || shut < open {
		return s, false
	}
	rest := strings.Fields(line[shut+1:])
	if len(rest) < 15 {
		return s, false
	}
	var err error
	if s.pid, err = strconv.Atoi(strings.TrimSpace(line[:open])); err != nil {
		return s, false
	}
	if s.parent, err = strconv.Atoi(rest[1]); err != nil {
		return s, false
	}
	for _, f := range rest[11:15] { // utime, stime, cutime, cstime
		n, err := strconv.ParseInt(f, 10, 64)
		if err != nil {
			return s, false
		}
		s.cpu += float64(n) / tick
	}
	return s, true
}

// tree returns a process and everything below it, as far as it still runs.
func tree(root int) []stat {
	names, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		return nil
	}
	children := make(map[int][]stat)
	var out []stat
	for _, name := range names {
		line, err := os.ReadFile(name)
		if err != nil {
			continue // it has ended
		}
		if s, ok := parseStat(string(line)); ok {
			children[s.parent] = append(children[s.parent], s)
			if s.pid == root {
				out = append(out, s)
			}
		}
	}
	for i := 0; i < len(out); i++ {
		out = append(out, children[out[i].pid]...)
	}
	return out
}

// treeCPU returns the CPU time that a process and everything below it have used.
func treeCPU(root int) (seconds float64) {
	for _, s := range tree(root) {
		seconds += s.cpu
	}
	return seconds
}

// memory returns the peak of a process's resident memory and what it is now, in MiB.
func memory(pid int) (peak, now float64) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, 0 // it has ended
	}
	return parseMemory(string(text))
}

// parseMemory reads /proc/PID/status.
func parseMemory(text string) (peak, now float64) {
	for line := range strings.Lines(text) {
		var kb float64
		if _, err := fmt.Sscanf(line, "VmHWM: %f kB", &kb); err == nil {
			peak = kb / 1024
		}
		if _, err := fmt.Sscanf(line, "VmRSS: %f kB", &kb); err == nil {
			now = kb / 1024
		}
	}
	return peak, now
}

// parseAvailable reads from /proc/meminfo how many bytes programs can still have.
func parseAvailable(text string) int64 {
	for line := range strings.Lines(text) {
		var kb int64
		if _, err := fmt.Sscanf(line, "MemAvailable: %d kB", &kb); err == nil {
			return kb << 10
		}
	}
	return 0
}

// treeMemory returns the largest peak of a process and those below it, and what all of them have now, in MiB.
func treeMemory(root int) (peak, now float64) {
	for _, s := range tree(root) {
		p, n := memory(s.pid)
		peak, now = max(peak, p), now+n
	}
	return peak, now
}

// busy returns the CPU seconds that the whole machine has worked since its start.
func busy() float64 {
	text, err := os.ReadFile("/proc/stat")
	if err != nil {
		return 0
	}
	line, _, _ := strings.Cut(string(text), "\n")
	f := strings.Fields(line) // cpu user nice system idle iowait irq softirq steal guest guest_nice
	var sum float64
	for i, s := range f {
		if i == 0 || i == 4 || i == 5 || i > 8 {
			continue
		}
		n, err := strconv.ParseFloat(s, 64)
		if err != nil {
			return 0
		}
		sum += n / tick
	}
	return sum
}

// self returns the CPU seconds of the bench.
func self() float64 {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano()).Seconds()
}

// watch follows the memory of a process tree until stop is called: the peak, and a value every 100 ms. rusage would not
// do: a child's ru_maxrss begins with the size of the process that started it.
func watch(pid int) (stop func() (peak float64, course []float64)) {
	var peak float64
	var course []float64
	done := make(chan struct{})
	var ended sync.WaitGroup
	ended.Go(func() {
		t := time.NewTicker(100 * time.Millisecond)
		defer t.Stop()
		for {
			p, now := treeMemory(pid)
			if peak = max(peak, p); now > 0 {
				course = append(course, now)
			}
			select {
			case <-t.C:
			case <-done:
				return
			}
		}
	})
	return func() (float64, []float64) {
		close(done)
		ended.Wait()
		return peak, course
	}
}

// timed runs a command to its end between two syncs. What it printed is in the error if it failed.
func (b *bench) timed(ctx context.Context, c *exec.Cmd) (s Sample, stdout []byte, err error) {
	if err := ctx.Err(); err != nil {
		return s, nil, err
	}
	var out, text bytes.Buffer
	c.Stdout, c.Stderr = &out, &text
	syscall.Sync()
	busyBefore, selfBefore, start := busy(), self(), time.Now()
	if err := c.Start(); err != nil {
		return s, nil, err
	}
	watched := watch(c.Process.Pid)
	err = c.Wait()
	s.Wall = time.Since(start).Seconds()
	s.RSS, s.course = watched()
	s.CPU = (c.ProcessState.UserTime() + c.ProcessState.SystemTime()).Seconds()
	syscall.Sync()
	s.OnDisk = time.Since(start).Seconds()
	s.Client = self() - selfBefore
	s.Other = max(0, busy()-busyBefore-s.CPU-s.Client)
	if err != nil {
		return s, nil, fmt.Errorf("%s: %w\n%s%s", strings.Join(c.Args, " "), err, tail(out.Bytes()), tail(text.Bytes()))
	}
	return s, out.Bytes(), nil
}

// quiet runs a command whose time does not count.
func quiet(c *exec.Cmd) ([]byte, error) {
	var out, text bytes.Buffer
	c.Stdout, c.Stderr = &out, &text
	if err := c.Run(); err != nil {
		return nil, fmt.Errorf("%s: %w\n%s%s", strings.Join(c.Args, " "), err, tail(out.Bytes()), tail(text.Bytes()))
	}
	return out.Bytes(), nil
}

// tail returns the end of what a command printed.
func tail(text []byte) []byte { return text[max(0, len(text)-2000):] }

// environ returns the environment for a peer: ours, but none of its own variables, and a locale that all of them know.
func environ(more ...string) []string {
	var env []string
	for _, e := range os.Environ() {
		name, _, _ := strings.Cut(e, "=")
		switch prefix, _, _ := strings.Cut(name, "_"); {
		case prefix == "AZEKURA", prefix == "RESTIC", prefix == "BORG", prefix == "RCLONE", prefix == "LC", name == "LANG", name == "GOGC", name == "GOMEMLIMIT", name == "GODEBUG":
		default:
			env = append(env, e)
		}
	}
	return append(append(env, "LC_ALL=C.UTF-8"), more...)
}

// Machine is where a result comes from.
type Machine struct {
	CPU    string  `json:"cpu"`
	Cores  int     `json:"cores"`
	Memory float64 `json:"memory_gib"`
	Kernel string  `json:"kernel"`
	Disk   string  `json:"file_system"`
	Go     string  `json:"go"`
	Load   float64 `json:"load"` // average of the minute before
}

// String returns a line for people.
func (m Machine) String() string {
	return fmt.Sprintf("%d cores %s, %.0f GiB, Linux %s, %s, %s, load before %.1f.", m.Cores, m.CPU, m.Memory, m.Kernel, m.Disk, m.Go, m.Load)
}

// machine describes this machine. What cannot be found out stays empty.
func machine(ctx context.Context, dir string) Machine {
	m := Machine{Cores: runtime.NumCPU(), Go: runtime.Version(), Kernel: firstLine("/proc/sys/kernel/osrelease")}
	if text, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		for line := range strings.Lines(string(text)) {
			if rest, ok := strings.CutPrefix(line, "model name"); ok {
				m.CPU = strings.TrimSpace(strings.TrimLeft(rest, "\t :"))
				break
			}
		}
	}
	var kb float64
	if _, err := fmt.Sscanf(firstLine("/proc/meminfo"), "MemTotal: %f kB", &kb); err == nil {
		m.Memory = kb / (1 << 20)
	}
	if _, err := fmt.Sscanf(firstLine("/proc/loadavg"), "%f", &m.Load); err != nil {
		m.Load = 0
	}
	if out, err := exec.CommandContext(ctx, "stat", "-f", "-c", "%T", dir).Output(); err == nil {
		m.Disk = strings.TrimSpace(string(out))
	}
	return m
}

func firstLine(name string) string {
	text, err := os.ReadFile(name)
	if err != nil {
		return ""
	}
	line, _, _ := strings.Cut(string(text), "\n")
	return line
}
