// Command prove breaks shops in every place and prints what came of it. "prove soak" uses and breaks one shop for long, and follows
// its memory.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/cartwright-shop/cartwright/deploy/local/stack"
	"github.com/cartwright-shop/cartwright/deploy/prove"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:])
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "prove:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, arguments []string) error {
	if len(arguments) > 0 && arguments[0] == "soak" {
		return soak(ctx, arguments[1:])
	}
	var p prove.Plan
	flags := flag.NewFlagSet("prove", flag.ContinueOnError)
	cells := flags.String("cells", "", "cells to run, separated by commas; all when it is empty")
	flags.Uint64Var(&p.Seed, "seed", 0, "what is left to chance; 0 draws one")
	flags.IntVar(&p.Runs, "runs", 1, "runs of each crash point")
	flags.IntVar(&p.Strikes, "strikes", 1, "faults in each run of a crash point, one after the other")
	flags.IntVar(&p.LongRuns, "long-runs", 0, "runs of each cell that takes long")
	flags.IntVar(&p.Shops, "shops", 3, "shops that are broken side by side")
	flags.StringVar(&p.State, "state", "", "file that remembers what was run, to go on from")
	flags.StringVar(&p.Dir, "dir", "", "where the shops are; a temporary folder when it is empty")
	if err := flags.Parse(arguments); err != nil {
		return err
	}
	if *cells != "" {
		p.Only = strings.Split(*cells, ",")
	}
	var err error
	if p.Root, err = root(); err != nil {
		return err
	}
	if err := stack.InstallPostgres(ctx, func(text string) { fmt.Println(text) }); err != nil {
		return err
	}
	if p.Dir == "" {
		p.Dir = filepath.Join(p.Root, ".local", "prove")
	}
	p.Output = os.Stdout
	_, err = prove.Run(ctx, p)
	return err
}

// root is the folder with the workspace, from here upwards.
func root() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for ; ; dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "go.work")); err == nil {
			return dir, nil
		}
		if dir == filepath.Dir(dir) {
			return "", fmt.Errorf("no go.work here or above")
		}
	}
}
