// Command bundle puts together what is deployed of a service, see package bundle.
//
//	bundle -service cart -version 1.2.3-gabc -registry REGISTRY [-repository cartwright/cart] [-output .local/release]
//
// The image's digest is read from .local/image/<service>.digest, the commit is the one that is checked out.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"strings"

	"github.com/cartwright-shop/cartwright/deploy/pipeline/bundle"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, os.Args[1:])
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "bundle:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, arguments []string) error {
	flags := flag.NewFlagSet("bundle", flag.ContinueOnError)
	var r bundle.Release
	p := bundle.Places{Root: ".", Helm: "helm"}
	flags.StringVar(&r.Service, "service", "", "name of the service")
	flags.StringVar(&r.Version, "version", "", "version of the release")
	flags.StringVar(&r.Registry, "registry", "", "registry of the image")
	flags.StringVar(&r.Repository, "repository", "", "repository of the image (cartwright/<service>)")
	flags.StringVar(&p.Output, "output", ".local/release", "folder to write")
	flags.StringVar(&p.Canary, "canary", "production", "environment of the canary")
	if err := flags.Parse(arguments); err != nil {
		return err
	}
	if r.Repository == "" {
		r.Repository = "cartwright/" + r.Service
	}
	digest, err := os.ReadFile(".local/image/" + r.Service + ".digest")
	if err != nil {
		return fmt.Errorf("which image? %w", err)
	}
	commit, err := exec.CommandContext(ctx, "git", "rev-parse", "HEAD").Output()
	if err != nil {
		return fmt.Errorf("which commit? git rev-parse HEAD: %w", err)
	}
	r.Digest, r.Commit = strings.TrimSpace(string(digest)), strings.TrimSpace(string(commit))
	return bundle.Make(ctx, r, p)
}
