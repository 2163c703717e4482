// Command gotests runs the tests of one kind in one module, see package gotests.
//
//	gotests -module services/cart -kind unit|integration [-report unit.xml] [-race=false]
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"

	"github.com/cartwright-shop/cartwright/deploy/local/stack"
	"github.com/cartwright-shop/cartwright/deploy/pipeline/gotests"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, os.Args[1:], os.Stdout)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "gotests:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, arguments []string, output io.Writer) error {
	flags := flag.NewFlagSet("gotests", flag.ContinueOnError)
	module := flags.String("module", "", "folder of the module")
	kind := flags.String("kind", "", "unit or integration")
	report := flags.String("report", "", "file for the report in JUnit's XML")
	race := flags.Bool("race", true, "look for data races in unit tests")
	if err := flags.Parse(arguments); err != nil {
		return err
	}
	if *module == "" || *kind != gotests.Unit && *kind != gotests.Integration {
		return fmt.Errorf("give -module and -kind %s or %s", gotests.Unit, gotests.Integration)
	}
	if *kind == gotests.Integration {
		if err := stack.InstallPostgres(ctx, func(text string) { fmt.Fprintln(output, text) }); err != nil {
			return err
		}
	}
	return gotests.Run(ctx, gotests.Set{Module: *module, Kind: *kind, Report: *report, Race: *race && *kind == gotests.Unit}, output)
}
