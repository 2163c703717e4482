// Command image makes and ships the container images of this repository's programs.
//
//	image build NAME...     makes images in .local/image
//	image check NAME...     makes them again in another folder, compares, and runs them
//	image bill NAME...      writes their bills of materials
//	image docker NAME...    makes them with docker buildx
//	image push NAME...      pushes them to REGISTRY
//	image sign NAME...      has cosign sign them, with COSIGN_KEY
//	image scan NAME...      has scanners look at them
//
// NAME "all" is all of them. It exits with 1 when something failed and with 3 when something could not run; with ALLOW_NOT_RUN=1,
// which is for development only, the latter is printed and passes.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

// Exit codes.
const (
	exitFailed = 1
	exitNotRun = 3
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Getenv, os.Stdout)
	stop()
	os.Exit(tell(err, os.Getenv("ALLOW_NOT_RUN") == "1", os.Stderr))
}

var errUsage = errors.New("usage: image build | check | bill | docker | push | sign | scan NAME... (or all)")

func usage(problem string) error { return fmt.Errorf("%s: %w", problem, errUsage) }
