// Command prove-restore loses the database of a shop while people buy and restores it, to the newest archived point and to a time. See
// `make prove-restore` and docs/restore.md. It exits with 1 when a restored shop is not as it must be, and with 2 when that was not
// found out.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/cartwright-shop/cartwright/deploy/local/stack"
	"github.com/cartwright-shop/cartwright/deploy/restore"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:])
	stop()
	switch {
	case err == nil || errors.Is(err, flag.ErrHelp):
	case errors.Is(err, restore.ErrWrong):
		fmt.Fprintln(os.Stderr, "prove-restore:", err)
		os.Exit(1)
	default:
		fmt.Fprintln(os.Stderr, "prove-restore:", err)
		os.Exit(2)
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
	p := restore.Plan{Root: root, Dir: filepath.Join(root, ".local", "restore"), Output: os.Stdout}
	flags := flag.NewFlagSet("prove-restore", flag.ContinueOnError)
	flags.DurationVar(&p.Timeout, "archive-timeout", 20*time.Second, "after how long a file of the write-ahead log is archived although it is not full")
	flags.Uint64Var(&p.Seed, "seed", 0, "decides who buys what; 0 draws one")
	flags.BoolVar(&p.KeepNumbers, "keep-numbers", false, "leave out the step that keeps order numbers from being given twice, to see it fail")
	if err := flags.Parse(arguments); err != nil {
		return err
	}
	if p.Seed == 0 {
		p.Seed = rand.Uint64N(1_000_000) //nolint:gosec // who buys what is no secret
	}
	if err := stack.InstallPostgres(ctx, func(text string) { fmt.Println(text) }); err != nil {
		return err
	}
	return restore.Run(ctx, p)
}
