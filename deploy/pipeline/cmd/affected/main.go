// Command affected prints the services that a change touches, one a line.
//
//	affected --since REV        what changed between REV and the commit that is checked out
//	affected FILE...            these files
//	affected --why --since REV  with the first file that says so
//
// Files are named from the root of the repository, where it is run.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"

	"github.com/cartwright-shop/cartwright/deploy/pipeline/affected"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, os.Args[1:], os.Stdout)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "affected:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, arguments []string, output io.Writer) error {
	flags := flag.NewFlagSet("affected", flag.ContinueOnError)
	since := flags.String("since", "", "revision to compare with")
	why := flags.Bool("why", false, "print the first file that says so, too")
	root := flags.String("root", ".", "root of the repository")
	if err := flags.Parse(arguments); err != nil {
		return err
	}
	var files []string
	for _, file := range flags.Args() {
		files = append(files, affected.Clean(file))
	}
	if *since != "" {
		changed, err := affected.Since(ctx, *root, *since)
		if err != nil {
			return err
		}
		files = append(files, changed...)
	} else if len(files) == 0 {
		return errors.New("give --since REV or files")
	}
	closures, err := affected.Closures(ctx, *root)
	if err != nil {
		return err
	}
	changes, err := affected.Find(closures, files)
	if err != nil {
		return err
	}
	for _, change := range changes {
		if *why {
			fmt.Fprintf(output, "%s\t%s\n", change.Service, change.Because)
		} else {
			fmt.Fprintln(output, change.Service)
		}
	}
	return nil
}
