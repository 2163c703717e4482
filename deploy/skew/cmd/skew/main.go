// Command skew runs shops of the last release and the tree at hand together. See `make skew` and docs/compatibility.md.
//
// Arguments name cells (old/cart), services (cart) or kinds (old) to run instead of all. It exits with 1 when two releases do not
// get along, and with 3 when that was not found out.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	"github.com/cartwright-shop/cartwright/deploy/skew"
)

// Exit codes.
const (
	good   = 0
	red    = 1
	wrong  = 2
	notRun = 3
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:])
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "skew:", err)
	}
	os.Exit(code(err))
}

func code(err error) int {
	switch {
	case err == nil || errors.Is(err, flag.ErrHelp):
		return good
	case errors.Is(err, skew.ErrRed):
		return red
	case errors.Is(err, skew.ErrNotRun):
		return notRun
	default:
		return wrong
	}
}

func run(ctx context.Context, arguments []string) error {
	root, err := os.Getwd()
	if err != nil {
		return err
	}
	if _, err := os.Stat(filepath.Join(root, "go.work")); err != nil {
		return fmt.Errorf("run it in the root of the repository: %w", err)
	}
	p := skew.Plan{Root: root, Dir: filepath.Join(root, ".local", "skew"), Output: os.Stdout}
	flags := flag.NewFlagSet("skew", flag.ContinueOnError)
	flags.BoolVar(&p.Again, "again", false, "also run what was green with the same binaries already")
	flags.BoolVar(&p.Quiet, "quiet", false, "the machine does nothing else: requests that a migration slows down turn a cell red; runs what was green without it")
	planted := flags.Bool("planted", false, "plant incompatible changes and show that cells turn red")
	list := flags.Bool("list", false, "print the names of the cells")
	if err := flags.Parse(arguments); err != nil {
		return err
	}
	if p.Cells, err = skew.Choose(flags.Args()); err != nil {
		return err
	}
	switch {
	case *list:
		for _, c := range p.Cells {
			fmt.Println(c)
		}
		return nil
	case *planted:
		return skew.RunPlanted(ctx, p)
	default:
		return skew.Run(ctx, p)
	}
}
