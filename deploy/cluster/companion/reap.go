package companion

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// Reaper serves POST /kill?container=ID&program=NAME on a node: it sends SIGKILL to the program of that container, as the kernel does
// when memory is short. It has to see the processes of the node.
func Reaper() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /kill", func(w http.ResponseWriter, r *http.Request) {
		pid, err := find("/proc", r.FormValue("container"), r.FormValue("program"))
		if err == nil {
			err = syscall.Kill(pid, syscall.SIGKILL)
		}
		if err != nil {
			http.Error(w, err.Error(), http.StatusNotFound)
			return
		}
		fmt.Fprintln(w, pid)
	})
	return mux
}

// find returns the process of a container that runs a program. proc is where the kernel shows processes.
func find(proc, container, program string) (int, error) {
	if len(container) < 16 || program == "" {
		return 0, errors.New("which container, and which program?")
	}
	entries, err := filepath.Glob(filepath.Join(proc, "[0-9]*"))
	if err != nil {
		return 0, err
	}
	for _, entry := range entries {
		name, err := os.ReadFile(filepath.Join(entry, "comm"))
		if err != nil || strings.TrimSpace(string(name)) != program {
			continue
		}
		groups, err := os.ReadFile(filepath.Join(entry, "cgroup"))
		if err == nil && strings.Contains(string(groups), container) {
			return strconv.Atoi(filepath.Base(entry))
		}
	}
	return 0, fmt.Errorf("no process %s in container %s", program, container)
}
