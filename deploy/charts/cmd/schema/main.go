// Command schema writes values.schema.json of every chart of the repository that its argument names.
package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/cartwright-shop/cartwright/deploy/charts"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: schema REPOSITORY")
		os.Exit(2)
	}
	if err := run(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "schema:", err)
		os.Exit(1)
	}
}

func run(root string) error {
	for _, chart := range charts.All() {
		text, err := charts.Schema(root, chart)
		if err != nil {
			return fmt.Errorf("%s: %w", chart, err)
		}
		if err := os.WriteFile(filepath.Join(root, "charts", chart, "values.schema.json"), text, 0o644); err != nil {
			return err
		}
	}
	return nil
}
