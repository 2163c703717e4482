// Command release puts a version of a service in place, looks at what it does, and takes it back when it does worse than it may. See
// docs/release.md.
//
//	release cart --image sha256:... --env staging
//
// It ends with 0 when the version is in place, 2 when it was refused and nothing was changed, 3 when the version was taken back, 4 when
// it could not be taken back, and 5 when it is in place and the record of releases could not be written.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/cartwright-shop/cartwright/deploy/pipeline/release"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	code := run(ctx, os.Args[1:])
	stop()
	os.Exit(code)
}

func run(ctx context.Context, arguments []string) int {
	s, err := parse(ctx, arguments)
	if err != nil {
		fmt.Fprintln(os.Stderr, "release:", err)
		return release.Refused.Code()
	}
	report := release.Run(ctx, s.Options)
	if err := s.Source.Close(); err != nil {
		report.Problems = append(report.Problems, err.Error())
	}
	if s.report != "" {
		if err := report.Write(s.report); err != nil {
			fmt.Fprintln(os.Stderr, "release: write the report:", err)
		}
	}
	fmt.Fprintf(os.Stderr, "release of %s: %s %s\n", report.Service, report.Verdict, report.Reason)
	return report.Verdict.Code()
}
