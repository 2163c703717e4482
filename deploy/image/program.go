// Package image makes the container images of the programs of this repository, without a container daemon: one static binary on an
// empty base, with the certificates of public authorities. The same commit gives the same digest in every folder and on every day.
//
// It also writes the bill of materials of an image, pushes it, has it signed and has it scanned. What cannot run here (a tool or
// a key is missing) is a NotRunError, which is never success.
package image

import (
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// Program is a command that is shipped as an image of its name.
type Program struct {
	Name string
	// Module is the folder of its Go module, below the root; it is built from this module alone.
	Module string
	// Folder is that of its main package, below the module.
	Folder string
}

// Package is the main package, as the go command wants it in the module.
func (p Program) Package() string { return "./" + p.Folder }

// Programs finds what is shipped: every command of a service, the one that buys something in a shop to see that it works, the one that
// makes schemas and roles in a new database, and the auditor.
func Programs(root string) ([]Program, error) {
	var mains []string
	for _, pattern := range []string{"services/*/cmd/*/main.go", "deploy/*/cmd/smoke/main.go", "deploy/*/cmd/provision/main.go", "deploy/audit/cmd/audit/main.go"} {
		found, err := filepath.Glob(filepath.Join(root, filepath.FromSlash(pattern)))
		if err != nil {
			return nil, err
		}
		mains = append(mains, found...)
	}
	var list []Program
	for _, main := range mains {
		relative, err := filepath.Rel(root, main)
		if err != nil {
			return nil, err
		}
		parts := strings.Split(filepath.ToSlash(relative), "/")
		depth := 1
		if parts[0] == "services" {
			depth = 2
		}
		list = append(list, Program{Name: parts[3], Module: path.Join(parts[:depth]...), Folder: path.Join(parts[depth:4]...)})
	}
	slices.SortFunc(list, func(a, b Program) int { return strings.Compare(a.Name, b.Name) })
	for i := 1; i < len(list); i++ {
		if list[i].Name == list[i-1].Name {
			return nil, fmt.Errorf("%s and %s both have a command %s: they would be one image", list[i-1].Module, list[i].Module, list[i].Name)
		}
	}
	return list, nil
}

// Find returns the program of a name.
func Find(root, name string) (Program, error) {
	list, err := Programs(root)
	if err != nil {
		return Program{}, err
	}
	names := make([]string, len(list))
	for i, p := range list {
		if names[i] = p.Name; p.Name == name {
			return p, nil
		}
	}
	return Program{}, fmt.Errorf("no program is called %q: there are %s", name, strings.Join(names, ", "))
}

// Root is the folder of the repository: the one with go.work, here or above.
func Root() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for ; ; dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "go.work")); err == nil {
			return dir, nil
		}
		if dir == filepath.Dir(dir) {
			return "", fmt.Errorf("no go.work here or above")
		}
	}
}
