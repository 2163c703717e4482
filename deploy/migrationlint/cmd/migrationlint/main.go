// Command migrationlint prints what is wrong with the migrations of the repository it is run in. See docs/compatibility.md.
//
// It exits with 1 when it found something, and with 2 when it could not look.
package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/cartwright-shop/cartwright/deploy/migrationlint"
	"github.com/cartwright-shop/cartwright/deploy/released"
)

func main() {
	found, err := run(os.Stdout)
	switch {
	case err != nil:
		fmt.Fprintln(os.Stderr, "migrationlint:", err)
		os.Exit(2)
	case found > 0:
		os.Exit(1)
	}
}

func run(output io.Writer) (int, error) {
	root, err := os.Getwd()
	if err != nil {
		return 0, err
	}
	record, err := released.Load(filepath.Join(root, released.File))
	if err != nil {
		return 0, err
	}
	findings, err := migrationlint.Lint(os.DirFS(root), record)
	for _, finding := range findings {
		fmt.Fprintln(output, finding)
	}
	return len(findings), err
}
