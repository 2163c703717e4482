// Command generate writes the seed migration of delivered tax rates. It takes the path of the file.
package main

import (
	"fmt"
	"os"

	"github.com/cartwright-shop/cartwright/services/cart/internal/tax/data"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "generate:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) != 1 {
		return fmt.Errorf("usage: generate FILE")
	}
	sql, err := data.SQL()
	if err != nil {
		return err
	}
	return os.WriteFile(args[0], []byte(sql), 0o644)
}
