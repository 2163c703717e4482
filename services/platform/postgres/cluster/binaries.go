package cluster

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// OldestVersion is the oldest major version of Postgres that will do.
const OldestVersion = 15

// ErrNotFound means that the machine has no server that will do. Its text says what to type.
var ErrNotFound = errors.New("no Postgres server of version 15 or newer was found: type \"apt-get install postgresql\" as root, or put the directory of its initdb and postgres on the PATH")

// Binaries are the programs of one installed server.
type Binaries struct {
	// Dir is where initdb and postgres are.
	Dir string
	// Version is the major version.
	Version int
}

// Find returns the servers installed on this machine that will do: first one on the PATH, then that of pg_config, then those
// of distributions, newest first. Without any it fails with ErrNotFound.
func Find() ([]Binaries, error) {
	var dirs []string
	if path, err := exec.LookPath("postgres"); err == nil {
		if path, err = filepath.EvalSymlinks(path); err == nil {
			dirs = append(dirs, filepath.Dir(path))
		}
	}
	if out, err := exec.Command("pg_config", "--bindir").Output(); err == nil {
		dirs = append(dirs, strings.TrimSpace(string(out)))
	}
	installed, _ := filepath.Glob("/usr/lib/postgresql/*/bin")
	slices.SortFunc(installed, func(a, b string) int { return versionOfPath(b) - versionOfPath(a) })
	dirs = append(dirs, installed...)
	dirs = append(dirs, "/usr/local/pgsql/bin")

	var found []Binaries
	for _, dir := range dirs {
		known := slices.ContainsFunc(found, func(b Binaries) bool { return b.Dir == dir })
		if version := serverVersion(dir); !known && version >= OldestVersion {
			found = append(found, Binaries{Dir: dir, Version: version})
		}
	}
	if len(found) == 0 {
		return nil, ErrNotFound
	}
	return found, nil
}

// pick chooses the server for a data directory: the one that made it, or the first one for a new directory.
func pick(found []Binaries, data string) (Binaries, error) {
	text, err := os.ReadFile(filepath.Join(data, "PG_VERSION"))
	if errors.Is(err, os.ErrNotExist) {
		return found[0], nil
	}
	if err != nil {
		return Binaries{}, err
	}
	made, _ := strconv.Atoi(strings.TrimSpace(string(text)))
	for _, binaries := range found {
		if binaries.Version == made {
			return binaries, nil
		}
	}
	return Binaries{}, fmt.Errorf("the data in %s was made by Postgres %d, but only version %d is installed: install %d, or delete the directory to start over",
		data, made, found[0].Version, made)
}

// serverVersion returns the major version of the server in dir, 0 when there is none.
func serverVersion(dir string) int {
	if _, err := os.Stat(filepath.Join(dir, "initdb")); err != nil {
		return 0
	}
	out, err := exec.Command(filepath.Join(dir, "postgres"), "-V").Output()
	if err != nil {
		return 0
	}
	match := regexp.MustCompile(`PostgreSQL\) (\d+)`).FindSubmatch(out)
	if match == nil {
		return 0
	}
	version, _ := strconv.Atoi(string(match[1]))
	return version
}

func versionOfPath(bin string) int {
	version, _ := strconv.Atoi(filepath.Base(filepath.Dir(bin)))
	return version
}
