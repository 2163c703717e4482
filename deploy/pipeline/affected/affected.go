// Package affected tells which services a change touches, from what each service is really made of: the packages its binary is
// built from, their contracts, its chart and its values. The triggers of the pipelines are made of the same data, so a commit
// starts the pipelines of the services it changes and no others.
package affected

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/cartwright-shop/cartwright/deploy/pipeline/glob"
)

// Closure is what one service is made of.
type Closure struct {
	Service string
	// Patterns match every file that the service is made of and no others, see package glob.
	Patterns []string
}

// Change is one service that a change touches, and the first file that says so.
type Change struct {
	Service string
	Because string
}

// Services lists the services of a repository: the folders that hold a command of their own name.
func Services(root string) ([]string, error) {
	found, err := filepath.Glob(filepath.Join(root, "services", "*", "cmd", "*", "main.go"))
	if err != nil {
		return nil, err
	}
	var names []string
	for _, file := range found {
		command := filepath.Dir(file)
		name := filepath.Base(filepath.Dir(filepath.Dir(command)))
		if filepath.Base(command) == name {
			names = append(names, name)
		}
	}
	if len(names) == 0 {
		return nil, fmt.Errorf("no service below %s: %w", filepath.Join(root, "services"), os.ErrNotExist)
	}
	slices.Sort(names)
	return names, nil
}

// Find returns the services that the changed files belong to, sorted by name. Files are paths from the root of the repository.
func Find(closures []Closure, files []string) ([]Change, error) {
	var changes []Change
	for _, closure := range closures {
		set, err := glob.New(closure.Patterns...)
		if err != nil {
			return nil, err
		}
		first := slices.IndexFunc(files, set.Match)
		if first >= 0 {
			changes = append(changes, Change{Service: closure.Service, Because: files[first]})
		}
	}
	slices.SortFunc(changes, func(a, b Change) int { return strings.Compare(a.Service, b.Service) })
	return changes, nil
}
