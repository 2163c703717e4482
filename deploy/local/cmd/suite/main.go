// Command suite runs the tests of every module of the repository, each as it is built alone, and counts them. See `make test`.
//
// Arguments are folders to test instead. Its last line is "N passed, N failed, N skipped"; it fails when anything failed. Tests
// that were skipped are listed with their reason, and what could not run at all is printed as NOT RUN.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	err := run(ctx, os.Args[1:], os.Stdout)
	stop()
	if err != nil && !errors.Is(err, errFailed) { // failures have been told, and the sums are the last line
		fmt.Fprintln(os.Stderr, "make test:", err)
	}
	if err != nil {
		os.Exit(1)
	}
}
