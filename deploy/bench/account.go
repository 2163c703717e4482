package bench

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// tick is the unit of the kernel's process accounts on Linux (USER_HZ).
const tick = 10 * time.Millisecond

// usage is what processes have used since they started.
type usage struct {
	// cpu is user and system time, that of ended and awaited children included.
	cpu time.Duration
	// rss is resident memory in bytes.
	rss int64
}

// account sums the processes with these ids and, for Postgres, every process that they started.
func account(pids map[string]int) (usage, map[string]usage, error) {
	children, err := childrenOf()
	if err != nil {
		return usage{}, nil, err
	}
	total, each := usage{}, map[string]usage{}
	for name, pid := range pids {
		one, err := family(pid, children)
		if err != nil {
			return usage{}, nil, fmt.Errorf("account of %s: %w", name, err)
		}
		each[name] = one
		total.cpu += one.cpu
		total.rss += one.rss
	}
	return total, each, nil
}

// CPU is the user and system time of a process and of every process that it started, ended ones included.
func CPU(pid int) (time.Duration, error) {
	children, err := childrenOf()
	if err != nil {
		return 0, err
	}
	sum, err := family(pid, children)
	return sum.cpu, err
}

func family(pid int, children map[int][]int) (usage, error) {
	sum, err := read(pid)
	if err != nil {
		return usage{}, err
	}
	for _, child := range children[pid] {
		if one, err := family(child, children); err == nil { // a child may have ended since it was listed
			sum.cpu += one.cpu
			sum.rss += one.rss
		}
	}
	return sum, nil
}

// read takes fields 14 to 17 (utime, stime, cutime, cstime) of /proc/<pid>/stat, proc(5), and Pss, which counts shared
// pages once among those that share them.
func read(pid int) (usage, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return usage{}, err
	}
	fields := strings.Fields(string(text[strings.LastIndexByte(string(text), ')')+1:]))
	var ticks int64
	for _, field := range fields[11:15] {
		n, err := strconv.ParseInt(field, 10, 64)
		if err != nil {
			return usage{}, err
		}
		ticks += n
	}
	return usage{cpu: time.Duration(ticks) * tick, rss: memory(pid)}, nil
}

func memory(pid int) int64 {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/smaps_rollup", pid))
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(line, "Pss:"); ok {
			kib, err := strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
			if err != nil {
				return 0
			}
			return kib << 10
		}
	}
	return 0
}

func childrenOf() (map[int][]int, error) {
	paths, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		return nil, err
	}
	children := map[int][]int{}
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			continue // it has ended
		}
		fields := strings.Fields(string(text[strings.LastIndexByte(string(text), ')')+1:]))
		parent, errParent := strconv.Atoi(fields[1])
		pid, errPID := strconv.Atoi(filepath.Base(filepath.Dir(path)))
		if errParent == nil && errPID == nil {
			children[parent] = append(children[parent], pid)
		}
	}
	return children, nil
}

// PrintMemory writes the resident memory of every process beside its target.
func PrintMemory(w io.Writer, pids map[string]int) error {
	_, each, err := account(pids)
	if err != nil {
		return err
	}
	services := int64(0)
	for name, one := range each {
		if name != "postgres" && name != "sandbox" {
			services += one.rss
		}
	}
	fmt.Fprintf(w, "memory of the six services after the load: %d MB (target 200)\n", services>>20)
	return nil
}
