// Package mutants plants known bugs into a copy of the repository and shows that tests turn red.
//
// A test that never failed proves nothing. Each patch in the folder bug is a mistake that somebody could make, with what it
// would cost; a mutant that no test notices is a hole in the tests.
package mutants

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// Mutant is one planted bug.
type Mutant struct {
	// Name is the file's name without number and ending.
	Name string
	// Bug says what is wrong, Cost what it would cost a shop.
	Bug, Cost string
	// Module is the folder of the Go module whose tests must notice, Packages those of it, as patterns of `go test`.
	Module   string
	Packages []string
	// Run chooses tests by name where a package has many that take long, as `go test -run` does; empty is all.
	Run string
	// File is the path of the patch.
	File string
}

// Load reads the mutants in a folder, in the order of their file names.
func Load(dir string) ([]Mutant, error) {
	files, err := filepath.Glob(filepath.Join(dir, "*.patch"))
	if err != nil {
		return nil, fmt.Errorf("list mutants: %w", err)
	}
	var list []Mutant
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, fmt.Errorf("read mutant: %w", err)
		}
		mutant, err := parse(string(text))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", filepath.Base(file), err)
		}
		_, mutant.Name, _ = strings.Cut(strings.TrimSuffix(filepath.Base(file), ".patch"), "-")
		mutant.File = file
		list = append(list, mutant)
	}
	return list, nil
}

// parse reads the lines "Key: value" before the first change.
func parse(text string) (Mutant, error) {
	head, _, found := strings.Cut(text, "\ndiff --git ")
	if !found {
		return Mutant{}, fmt.Errorf("no change after the head")
	}
	var m Mutant
	for line := range strings.Lines(head) {
		key, value, _ := strings.Cut(strings.TrimSpace(line), ": ")
		switch key {
		case "Bug":
			m.Bug = value
		case "Cost":
			m.Cost = value
		case "Module":
			m.Module = value
		case "Packages":
			m.Packages = strings.Fields(value)
		case "Run":
			m.Run = value
		default:
			return Mutant{}, fmt.Errorf("the head has a line %q", line)
		}
	}
	if m.Bug == "" || m.Cost == "" || m.Module == "" || len(m.Packages) == 0 {
		return Mutant{}, fmt.Errorf("the head must have Bug, Cost, Module and Packages")
	}
	return m, nil
}
