package cluster

import (
	"bytes"
	"fmt"
	"os"
	"syscall"
)

// ended says whether the child process has ended, without taking its exit status away from a later Wait.
func ended(pid int) bool {
	state, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return syscall.Kill(pid, 0) != nil
	}
	_, after, _ := bytes.Cut(state, []byte(") "))
	return len(after) > 0 && after[0] == 'Z'
}

// isServer says whether pid is a running server on the data directory. Where the system does not show command lines any
// living process counts.
func isServer(pid int, data string) bool {
	if pid <= 1 || syscall.Kill(pid, 0) == syscall.ESRCH {
		return false
	}
	if _, err := os.Stat("/proc/self/cmdline"); err != nil {
		return true
	}
	line, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
	return err == nil && bytes.Contains(line, []byte("postgres")) && bytes.Contains(line, []byte(data))
}
