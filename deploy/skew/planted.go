package skew

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"strings"

	"github.com/cartwright-shop/cartwright/deploy/mutants"
)

// Planted is a change that a cell must notice, or a harmless one that it must not.
type Planted struct {
	// Name is the file's name without number and ending.
	Name string
	// Change says what is different, Cost what it would cost a shop that deploys it.
	Change, Cost string
	// Cell is the one that must turn red, or stay green when the change is harmless.
	Cell     Cell
	Harmless bool
	// File is the path of the patch.
	File string
}

// LoadPlanted reads the changes in a folder, in the order of their file names.
func LoadPlanted(dir string) ([]Planted, error) {
	files, err := filepath.Glob(filepath.Join(dir, "*.patch"))
	if err != nil {
		return nil, fmt.Errorf("list planted changes: %w", err)
	}
	var list []Planted
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, fmt.Errorf("read planted change: %w", err)
		}
		planted, err := parsePlanted(string(text))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", filepath.Base(file), err)
		}
		_, planted.Name, _ = strings.Cut(strings.TrimSuffix(filepath.Base(file), ".patch"), "-")
		planted.File = file
		list = append(list, planted)
	}
	return list, nil
}

// parsePlanted reads the lines "Key: value" before the first change.
func parsePlanted(text string) (Planted, error) {
	head, _, found := strings.Cut(text, "\ndiff --git ")
	if !found {
		return Planted{}, errors.New("no change after the head")
	}
	var p Planted
	for line := range strings.Lines(head) {
		key, value, _ := strings.Cut(strings.TrimSpace(line), ": ")
		switch key {
		case "Change":
			p.Change = value
		case "Cost":
			p.Cost = value
		case "Cell":
			cells, err := Choose([]string{value})
			if err != nil || len(cells) != 1 {
				return Planted{}, fmt.Errorf("%q is no cell", value)
			}
			p.Cell = cells[0]
		case "Must":
			if value != "green" {
				return Planted{}, fmt.Errorf("a change must be red or, with \"Must: green\", green: not %q", value)
			}
			p.Harmless = true
		default:
			return Planted{}, fmt.Errorf("the head has a line %q", line)
		}
	}
	if p.Change == "" || p.Cost == "" || p.Cell.Service == "" {
		return Planted{}, errors.New("the head must have Change, Cost and Cell")
	}
	return p, nil
}

// RunPlanted plants each change into a copy of the tree, as the new release of its service, and runs its cell. It is green without
// the change and must turn red with it, or stay green when the change is harmless. Else it returns ErrRed.
func RunPlanted(ctx context.Context, p Plan) (err error) {
	list, err := LoadPlanted(filepath.Join(p.Root, "deploy", "skew", "planted"))
	if err != nil {
		return err
	}
	s, err := open(ctx, p)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.close(ctx)) }()
	tree, err := mutants.Copy(ctx, p.Root, filepath.Join(p.Dir, "planted", "tree"))
	if err != nil {
		return err
	}
	wrong := 0
	for _, planted := range list {
		right, err := s.plant(ctx, tree, planted)
		if err != nil {
			return fmt.Errorf("%s: %w", planted.Name, err)
		}
		if !right {
			wrong++
		}
	}
	fmt.Fprintf(p.Output, "%d planted, %d judged right, %d wrong\n", len(list), len(list)-wrong, wrong)
	if wrong > 0 {
		return fmt.Errorf("%w: what was planted is not judged right", ErrRed)
	}
	return nil
}

// plant tells whether a cell judges a change right.
func (s *session) plant(ctx context.Context, tree *mutants.Tree, p Planted) (right bool, err error) {
	if sound, err := s.sound(ctx, p.Cell); err != nil || !sound {
		fmt.Fprintf(s.Output, "no result  %-22s %s is red without it\n", p.Name, p.Cell)
		return false, err
	}
	patch := mutants.Mutant{File: p.File}
	if err := tree.Plant(ctx, patch); err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, tree.Mend(ctx, patch)) }()
	service := p.Cell.Service
	b := builder{tree.Root, filepath.Join(s.Dir, "planted"), io.Discard}
	built, err := b.build(ctx, tree.Root, filepath.Join(b.dir, "bin"), []string{service})
	if err != nil {
		return false, err
	}
	changed := s.sides
	changed.new, changed.needs = maps.Clone(changed.new), maps.Clone(changed.needs)
	changed.new[service] = built[service]
	if changed.needs[service], err = need(tree.Root, service); err != nil {
		return false, err
	}
	binaries, err := changed.hash()
	if err != nil {
		return false, err
	}
	result, err := s.one(ctx, p.Cell, changed, binaries, p.Name)
	if err != nil {
		return false, err
	}
	p.print(s.Output, result)
	return result.Green() == p.Harmless, nil
}

// print writes what came of a change.
func (p Planted) print(output io.Writer, result Result) {
	word := "found   "
	switch {
	case p.Harmless && result.Green():
		word = "harmless"
	case p.Harmless:
		word = "ACCUSED "
	case result.Green():
		word = "SURVIVED"
	}
	fmt.Fprintf(output, "%s  %-32s %s\n", word, p.Name, p.Change)
	for i, what := range result.Red {
		if i == shown {
			fmt.Fprintf(output, "          and %d more\n", len(result.Red)-shown)
			break
		}
		fmt.Fprintf(output, "          red: %s\n", what)
	}
}

// shown is how much of what is red is told of a planted change.
const shown = 4

// sound tells whether a cell is green with the tree as it is.
func (s *session) sound(ctx context.Context, c Cell) (bool, error) {
	binaries, err := s.sides.hash()
	if err != nil {
		return false, err
	}
	if _, known := s.state.green(c, binaries, s.Quiet); known {
		return true, nil
	}
	result, err := s.one(ctx, c, s.sides, binaries, "")
	return result.Green(), err
}
