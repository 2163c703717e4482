// Package skew runs shops of two releases at once and shows that buyers notice nothing.
//
// OLD is what was released last of each service, built from the commits that deploy/released records. NEW is the tree at hand.
// Services are deployed one at a time, each after its schema, so each one meets all the others at the other release, and its own
// older self beside it. Every such pair is a cell: a whole shop, the journeys of the old release, and an audit of its data.
package skew

import (
	"fmt"
	"slices"
	"strings"

	"github.com/cartwright-shop/cartwright/deploy/local/stack"
	"github.com/cartwright-shop/cartwright/deploy/released"
)

// Kind says what of a service is old and what is new.
type Kind string

// The kinds of cells, for one service each.
const (
	// Old runs the old service among new ones: it is the last that is deployed. Its schema is new already and a new process of
	// it works beside it, as in the middle of a rollout.
	Old Kind = "old"
	// New runs the new service among old ones: it is the first that is deployed. An old process of it works beside it.
	New Kind = "new"
	// OldOnNewSchema runs the old service through its migration and on: before a rollout and after a rollback.
	OldOnNewSchema Kind = "old-on-new-schema"
	// NewOnOldSchema runs the new service before its migration. It serves, or waits and says for what while the old one serves.
	NewOnOldSchema Kind = "new-on-old-schema"
)

// Cell is one pair.
type Cell struct {
	Kind    Kind
	Service string
}

// String is the cell's name, such as old/cart.
func (c Cell) String() string { return string(c.Kind) + "/" + c.Service }

// database tells whether a service has one.
func database(service string) bool { return service != "gateway" }

// Cells are all of them, in the order in which they are run: what concerns one service stands together.
func Cells() []Cell {
	var list []Cell
	for _, service := range stack.ServiceNames {
		for _, kind := range []Kind{Old, New, OldOnNewSchema, NewOnOldSchema} {
			if database(service) || kind == Old || kind == New {
				list = append(list, Cell{kind, service})
			}
		}
	}
	return list
}

// Choose returns the cells of some names: those of cells (old/cart), of services (cart) and of kinds (old). Without names it
// returns all.
func Choose(names []string) ([]Cell, error) {
	all := Cells()
	if len(names) == 0 {
		return all, nil
	}
	matches := func(c Cell, name string) bool {
		return name == c.String() || name == c.Service || name == string(c.Kind)
	}
	for _, name := range names {
		if !slices.ContainsFunc(all, func(c Cell) bool { return matches(c, name) }) {
			return nil, fmt.Errorf("there is no cell, service or kind %q: cells are named like %s", name, all[0])
		}
	}
	return slices.DeleteFunc(all, func(c Cell) bool {
		return !slices.ContainsFunc(names, func(name string) bool { return matches(c, name) })
	}), nil
}

// side is one of the two releases that a cell is made of.
type side int

const (
	oldSide side = iota
	newSide
)

func (s side) other() side { return 1 - s }

// lineup says which release everything in a cell's shop is of.
type lineup struct {
	serve, migrate map[string]side
	// beside is the release of a second process of the cell's service, when there is one.
	beside *side
	// waits is true when the second process must wait for a migration.
	waits bool
}

// lineup of a cell. newerSchema tells whether the new service needs a schema that the old one does not bring.
func (c Cell) lineup(newerSchema bool) lineup {
	around := oldSide
	if c.Kind == Old {
		around = newSide
	}
	l := lineup{serve: map[string]side{}, migrate: map[string]side{}}
	for _, service := range stack.ServiceNames {
		l.serve[service], l.migrate[service] = around, around
	}
	switch c.Kind {
	case Old, New:
		l.serve[c.Service], l.migrate[c.Service] = around.other(), newSide
		if database(c.Service) {
			l.beside = &around
		}
	case OldOnNewSchema: // the migration comes while a crowd buys
	case NewOnOldSchema:
		if newerSchema {
			waiting := newSide
			l.beside, l.waits = &waiting, true
		} else {
			l.serve[c.Service] = newSide
		}
	}
	return l
}

// describe tells of a service's releases what is different.
func describe(old released.Release, sameBinary bool, newSchema int64) string {
	said := []string{fmt.Sprintf("%s (%.7s)", old.Version, old.Commit)}
	if old.Schema != newSchema {
		said = append(said, fmt.Sprintf("schema %d → %d", old.Schema, newSchema))
	}
	if sameBinary {
		said = append(said, "same binary")
	}
	return strings.Join(said, ", ")
}
