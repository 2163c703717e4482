// Command triggers writes the path filters of all pipelines into a template, made from what each service depends on.
//
//	triggers [--check] TEMPLATE
//
// With --check it writes nothing and fails when the template is out of date. It is run at the root of the repository.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"

	"github.com/cartwright-shop/cartwright/deploy/pipeline/affected"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, os.Args[1:])
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "triggers:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, arguments []string) error {
	flags := flag.NewFlagSet("triggers", flag.ContinueOnError)
	check := flags.Bool("check", false, "only tell whether the template is up to date")
	if err := flags.Parse(arguments); err != nil {
		return err
	}
	if flags.NArg() != 1 {
		return errors.New("name one template")
	}
	file := flags.Arg(0)
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	closures, err := affected.Closures(ctx, ".")
	if err != nil {
		return err
	}
	written, err := affected.Write(string(text), closures)
	if err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	if written == string(text) {
		return nil
	}
	if *check {
		return fmt.Errorf("%s: the triggers are not what the services depend on: commit what 'make triggers' writes", file)
	}
	return os.WriteFile(file, []byte(written), 0o644)
}
