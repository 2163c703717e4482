package migrationlint

import (
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"

	"github.com/cartwright-shop/cartwright/deploy/released"
)

// history compares the files of a service with what was released of it.
func history(tree fs.FS, service string, names []string, last released.Release) ([]Finding, error) {
	var findings []Finding
	add := func(rule Rule, file, what, instead string) {
		findings = append(findings, Finding{Rule: rule, File: file, Line: 1, What: what, Instead: instead})
	}
	hashes, err := released.Migrations(tree, service)
	if err != nil {
		return nil, err
	}
	numbers := map[int64]string{}
	for _, name := range slices.Sorted(slices.Values(names)) {
		base := path.Base(name)
		number, err := released.Number(base)
		if err != nil {
			add(Order, name, "the runner does not find it by its name", "name it like 012_index_order.sql")
			continue
		}
		if first, taken := numbers[number]; taken {
			add(Order, name, fmt.Sprintf("it has the number of %s", first), "take the next free number")
			continue
		}
		numbers[number] = base
		was, ran := last.Migrations[base]
		switch {
		case !ran && number <= last.Schema:
			add(Order, name, fmt.Sprintf("schemas are at %d since %s: the runner refuses it, and no binary waits for it", last.Schema, last.Version),
				fmt.Sprintf("give it a number above %d", last.Schema))
		case ran && was != hashes[base]:
			add(Stays, name, fmt.Sprintf("it was released (%s) and says something else now: schemas that are there never get it", last.Version),
				"put it back as it was, and the change into a new migration")
		}
	}
	for _, base := range slices.Sorted(maps.Keys(last.Migrations)) {
		if _, there := hashes[base]; !there {
			add(Stays, path.Join(released.Folder(service), base), fmt.Sprintf("it was released (%s) and is gone or has another number: new schemas would differ from those that are there", last.Version),
				"put it back")
		}
	}
	return findings, nil
}
