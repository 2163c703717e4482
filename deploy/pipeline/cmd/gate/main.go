// Command gate runs what a commit of a service must pass before it is released, and tells whether it did.
//
//	gate run NAME...        runs gates; fails when one found something wrong
//	gate require sources    fails unless every gate that needs no image passed for this commit
//	gate require all        fails unless every gate passed for this commit
//
// A gate that cannot run (its tool or its database is not there) is printed as NOT RUN. That does not end the build, so that the
// other gates are heard, but no "require" lets it through. SERVICE names the service; AGAINST the revision to compare contracts
// with, else DEPLOYED_PARAMETER the entry of Parameter Store that names it. It is run at the root of the repository.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"slices"
	"strings"

	"github.com/cartwright-shop/cartwright/deploy/pipeline/affected"
	"github.com/cartwright-shop/cartwright/deploy/pipeline/gate"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, os.Args[1:], os.Stdout)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "gate:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, arguments []string, output io.Writer) error {
	if len(arguments) < 2 {
		return errors.New("usage: gate run NAME... | gate require sources|all")
	}
	build, err := newBuild(ctx, output)
	if err != nil {
		return err
	}
	switch verb, names := arguments[0], arguments[1:]; {
	case verb == "run":
		return runGates(ctx, build, names)
	case verb == "require" && len(names) == 1 && (names[0] == "sources" || names[0] == "all"):
		return require(build, names[0] == "all")
	default:
		return fmt.Errorf("gate %s: no such thing", strings.Join(arguments, " "))
	}
}

func newBuild(ctx context.Context, output io.Writer) (*gate.Build, error) {
	root, err := os.Getwd()
	if err != nil {
		return nil, err
	}
	services, err := affected.Services(root)
	if err != nil {
		return nil, err
	}
	service := os.Getenv("SERVICE")
	if !slices.Contains(services, service) {
		return nil, fmt.Errorf("SERVICE is %q, not one of %s", service, strings.Join(services, ", "))
	}
	commit, err := exec.CommandContext(ctx, "git", "rev-parse", "HEAD").Output()
	if err != nil {
		return nil, fmt.Errorf("which commit is this? git rev-parse HEAD: %w", err)
	}
	return &gate.Build{
		Root: root, Service: service, Commit: strings.TrimSpace(string(commit)), Output: output,
		Against: os.Getenv("AGAINST"), Parameter: os.Getenv("DEPLOYED_PARAMETER"),
	}, nil
}

func runGates(ctx context.Context, build *gate.Build, names []string) error {
	var failed []string
	for _, name := range names {
		g, err := gate.Named(name)
		if err != nil {
			return err
		}
		verdict := build.Run(ctx, g)
		if err := build.Keep(verdict); err != nil {
			return err
		}
		tell(build.Output, verdict)
		if verdict.Status == gate.Failed {
			failed = append(failed, name)
		}
	}
	if len(failed) > 0 {
		return fmt.Errorf("failed: %s", strings.Join(failed, ", "))
	}
	return nil
}

func tell(output io.Writer, v gate.Verdict) {
	line := fmt.Sprintf("%s: gate %s of %s, %.1f s", v.Status, v.Gate, v.Service, v.Seconds)
	if v.Reason != "" {
		line += ": " + v.Reason
	}
	fmt.Fprintln(output, line)
}

func require(build *gate.Build, all bool) error {
	missing, err := build.Missing(all)
	if err != nil {
		return err
	}
	for _, verdict := range missing {
		tell(build.Output, verdict)
	}
	if len(missing) > 0 {
		return fmt.Errorf("%d gates did not pass: %s at %s is not released", len(missing), build.Service, build.Commit)
	}
	fmt.Fprintf(build.Output, "%s at %s passed its gates\n", build.Service, build.Commit)
	return nil
}
