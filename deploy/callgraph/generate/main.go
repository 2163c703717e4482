// Command generate writes the call graph for charts and for people. See `make generate`.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"

	"github.com/cartwright-shop/cartwright/deploy/callgraph"
)

func main() {
	graph := flag.String("graph", "", "JSON file to write")
	page := flag.String("page", "", "Markdown page to write")
	flag.Parse()
	if err := write(*graph, *page); err != nil {
		fmt.Fprintln(os.Stderr, "generate:", err)
		os.Exit(1)
	}
}

func write(graph, page string) error {
	methods := callgraph.Methods()
	text, err := callgraph.JSON(methods)
	if err != nil {
		return err
	}
	return errors.Join(os.WriteFile(graph, []byte(text), 0o644), os.WriteFile(page, []byte(callgraph.Page(methods)), 0o644))
}
