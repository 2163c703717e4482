// Command prove-cluster puts the shop to the proof on a real Kubernetes cluster, see `make prove-cluster` and docs/operations.md.
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

	"github.com/cartwright-shop/cartwright/deploy/cluster"
	"github.com/cartwright-shop/cartwright/deploy/image"
)

// notRun is the exit code of what could not begin.
const notRun = 2

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:])
	stop()
	os.Exit(code)
}

func run(ctx context.Context, arguments []string) int {
	o, err := parse(arguments)
	if err == nil {
		o.Root, err = image.Root()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "NOT RUN: prove-cluster:", err)
		return notRun
	}
	o.Dir, o.Output = filepath.Join(o.Root, ".local", "cluster"), os.Stdout
	if err := cluster.Run(ctx, o); err != nil {
		fmt.Fprintln(os.Stderr, "prove-cluster:", err)
		return 1
	}
	return 0
}

func parse(arguments []string) (cluster.Options, error) {
	o := cluster.Options{
		Kubeconfig: os.Getenv("KUBECONFIG"), Registry: os.Getenv("REGISTRY"), Pull: os.Getenv("PULL_REGISTRY"), Postgres: os.Getenv("POSTGRES_DSN"),
		DatabaseCIDRs: list(os.Getenv("DATABASE_CIDRS")),
		Hooks: map[string]string{
			"POSTGRES_KILL": os.Getenv("POSTGRES_KILL"), "POSTGRES_START": os.Getenv("POSTGRES_START"),
			"NODE_KILL": os.Getenv("NODE_KILL"), "NODE_START": os.Getenv("NODE_START"),
		},
	}
	flags := flag.NewFlagSet("prove-cluster", flag.ContinueOnError)
	only := flags.String("only", "", "scenarios to run, comma-separated; empty: all")
	skip := flags.String("skip", "", "scenarios to leave out, comma-separated")
	flags.BoolVar(&o.Keep, "keep", false, "leave the shop in the cluster")
	flags.BoolVar(&o.Reuse, "reuse", false, "go on with the shop that a run with -keep has left")
	flags.BoolVar(&o.Built, "built", false, "take the images that the run before has pushed")
	flags.IntVar(&o.Replicas, "replicas", 2, "pods of each service")
	flags.IntVar(&o.Upgrades, "upgrades", 10, "rolling upgrades of each service in a row")
	flags.Float64Var(&o.Rate, "rate", 20, "requests a second")
	if err := flags.Parse(arguments); err != nil {
		return o, err
	}
	o.Only, o.Skip = list(*only), list(*skip)
	for name, value := range map[string]string{"KUBECONFIG": o.Kubeconfig, "REGISTRY": o.Registry, "POSTGRES_DSN": o.Postgres} {
		if value == "" {
			return o, fmt.Errorf("%s is not set; docs/operations.md says what it is", name)
		}
	}
	if o.Pull == "" {
		o.Pull = o.Registry
	}
	return o, nil
}

func list(text string) []string {
	if text == "" {
		return nil
	}
	return strings.Split(text, ",")
}
