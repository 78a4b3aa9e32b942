package preview

import (
	"errors"
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// confine takes from this process all that decoding a picture does not need. Nothing gives it back.
//
// The limit of memory is RLIMIT_DATA, of what the process can write to: RLIMIT_AS would count the address space that Go
// reserves and never uses. Beyond it Go's runtime ends the process.
func confine(memory int64, cpu time.Duration) error {
	time.AfterFunc(time.Hour, func() {}) // the first one makes the runtime's poller, which it could not make later
	if err := closeOthers(); err != nil {
		return err
	}
	used, err := writable()
	if err != nil {
		return err
	}
	debug.SetMemoryLimit(memory / 2) // from here on collecting garbage is worth its time
	for _, l := range []struct {
		what int
		max  uint64
	}{
		{unix.RLIMIT_DATA, uint64(used + memory)},
		{unix.RLIMIT_CPU, uint64(cpu / time.Second)},
		{unix.RLIMIT_NOFILE, 0},
		{unix.RLIMIT_FSIZE, 0},
		{unix.RLIMIT_CORE, 0},
	} {
		if err := unix.Setrlimit(l.what, &unix.Rlimit{Cur: l.max, Max: l.max}); err != nil {
			return err
		}
	}
	runtime.LockOSThread() // which is what may set a filter, then
	defer runtime.UnlockOSThread()
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return err
	}
	return filter()
}

// pollers is below which number the descriptors of the runtime's poller are: it is made while next to nothing is open.
const pollers = 64

// closeOthers closes what is open but for input, output, errors and the runtime's poller. A package may have had that made before main, and the runtime
// ends a process whose poller is gone.
func closeOthers() error {
	for fd := 3; fd < pollers; fd++ {
		b := make([]byte, 64)
		n, err := unix.Readlink("/proc/self/fd/"+strconv.Itoa(fd), b)
		if kind := string(b[:max(n, 0)]); kind == "anon_inode:[eventpoll]" || kind == "anon_inode:[eventfd]" {
			continue
		}
		if err != nil && err != unix.ENOENT {
			return err
		}
		if err := unix.Close(fd); err != nil && err != unix.EBADF {
			return err
		}
	}
	return unix.CloseRange(pollers, ^uint(0), 0)
}

// writable returns how many bytes RLIMIT_DATA counts already.
func writable() (int64, error) {
	fd, err := unix.Openat(unix.AT_FDCWD, "/proc/self/status", unix.O_RDONLY, 0) // package os would begin to poll, and the filter forbids that
	if err != nil {
		return 0, err
	}
	defer unix.Close(fd)
	b := make([]byte, 16<<10)
	n, err := unix.Read(fd, b)
	if err != nil {
		return 0, err
	}
	_, rest, _ := strings.Cut(string(b[:n]), "\nVmData:")
	value, _, ok := strings.Cut(rest, " kB\n")
	if !ok {
		return 0, errors.New("the kernel does not tell VmData")
	}
	kib, err := strconv.ParseInt(strings.TrimSpace(value), 10, 64)
	return kib << 10, err
}

// allowed are the system calls that Go's runtime needs to compute, and to read and write what is open. With any other
// one the kernel says that there is no such call.
var allowed = [...]uint32{
	unix.SYS_READ, unix.SYS_WRITE, unix.SYS_CLOSE, unix.SYS_MMAP, unix.SYS_MUNMAP, unix.SYS_MPROTECT, unix.SYS_MADVISE, unix.SYS_FUTEX,
	unix.SYS_NANOSLEEP, unix.SYS_CLOCK_GETTIME, unix.SYS_SCHED_YIELD, unix.SYS_GETPID, unix.SYS_GETTID,
	unix.SYS_RT_SIGACTION, unix.SYS_RT_SIGPROCMASK, unix.SYS_RT_SIGRETURN, unix.SYS_SIGALTSTACK, unix.SYS_RESTART_SYSCALL,
	unix.SYS_EPOLL_PWAIT,
	unix.SYS_RSEQ, unix.SYS_SET_ROBUST_LIST, // the C library's threads, if it is linked
	unix.SYS_GETRANDOM, unix.SYS_EXIT, unix.SYS_EXIT_GROUP,
}

// filter lets the kernel refuse all other system calls to all threads: no file, no network, no program, no process.
func filter() error {
	arch, ok := map[string]uint32{"amd64": unix.AUDIT_ARCH_X86_64, "arm64": unix.AUDIT_ARCH_AARCH64}[runtime.GOARCH]
	if !ok {
		return nil // the limits alone must do
	}
	const load, equal, bits, ret = unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, unix.BPF_JMP | unix.BPF_JSET | unix.BPF_K, unix.BPF_RET | unix.BPF_K
	const number, architecture, flags, group = 0, 4, 16, 16 // offsets in seccomp_data
	allow := unix.SockFilter{Code: ret, K: unix.SECCOMP_RET_ALLOW}
	refuse := unix.SockFilter{Code: ret, K: unix.SECCOMP_RET_ERRNO | uint32(unix.ENOSYS)}
	p := []unix.SockFilter{
		{Code: load, K: architecture},
		{Code: equal, K: arch, Jt: 1},
		{Code: ret, K: unix.SECCOMP_RET_KILL_PROCESS},
		{Code: load, K: number},
	}
	for _, call := range allowed {
		p = append(p, unix.SockFilter{Code: equal, K: call, Jf: 1}, allow)
	}
	p = append(p, // tgkill, by which Go's runtime interrupts its own threads; it must not end other processes of this user
		unix.SockFilter{Code: equal, K: unix.SYS_TGKILL, Jf: 4},
		unix.SockFilter{Code: load, K: group},
		unix.SockFilter{Code: equal, K: uint32(os.Getpid()), Jf: 1},
		allow, refuse)
	p = append(p, // clone, for threads
		unix.SockFilter{Code: equal, K: unix.SYS_CLONE, Jf: 3},
		unix.SockFilter{Code: load, K: flags},
		unix.SockFilter{Code: bits, K: unix.CLONE_THREAD, Jf: 1},
		allow, refuse)
	prog := unix.SockFprog{Len: uint16(len(p)), Filter: &p[0]}
	thread, _, errno := unix.Syscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, unix.SECCOMP_FILTER_FLAG_TSYNC, uintptr(unsafe.Pointer(&prog)))
	if errno != 0 {
		return errno
	}
	if thread != 0 {
		return errors.New("a thread has a filter of its own")
	}
	return nil
}
