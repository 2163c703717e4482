// Command mutants plants bugs into a copy of the repository and shows which tests turn red. See `make prove-the-provers`.
//
// Arguments are names of mutants to try instead of all. It exits with 1 when one survived.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"syscall"

	"github.com/cartwright-shop/cartwright/deploy/local/stack"
	"github.com/cartwright-shop/cartwright/deploy/mutants"
	"github.com/cartwright-shop/cartwright/services/platform/postgres/cluster"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	survived, err := run(ctx, os.Args[1:])
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "mutants:", err)
	}
	if err != nil || survived > 0 {
		os.Exit(1)
	}
}

// run tries the named mutants in the repository of the working directory and returns how many survived.
func run(ctx context.Context, names []string) (survived int, err error) {
	root, err := os.Getwd()
	if err != nil {
		return 0, err
	}
	tree, err := mutants.Copy(ctx, root, filepath.Join(root, ".local", "mutants"))
	if err != nil {
		return 0, err
	}
	list, err := mutants.Load(filepath.Join(tree.Root, "deploy", "mutants", "bug"))
	if err != nil {
		return 0, err
	}
	if list = chosen(list, names); len(list) == 0 {
		return 0, errors.New("there is no such mutant")
	}
	server, err := startDatabase(ctx)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, server.stop(ctx)) }()
	session := mutants.Session{Tree: tree, Environment: []string{server.variable()}, Output: os.Stdout}
	verdicts, err := session.Run(ctx, list)
	mutants.Table(os.Stdout, verdicts)
	for _, v := range verdicts {
		if !v.Caught() {
			survived++
		}
	}
	fmt.Printf("\n%d planted, %d caught, %d survived\n", len(verdicts), len(verdicts)-survived, survived)
	return survived, err
}

func chosen(list []mutants.Mutant, names []string) []mutants.Mutant {
	if len(names) == 0 {
		return list
	}
	return slices.DeleteFunc(list, func(m mutants.Mutant) bool { return !slices.Contains(names, m.Name) })
}

// database is the server that the tests share.
type database struct {
	cluster *cluster.Cluster
	dir     string
}

func startDatabase(ctx context.Context) (*database, error) {
	if err := stack.InstallPostgres(ctx, func(text string) { fmt.Println(text) }); err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "cartwright-mutants-")
	if err != nil {
		return nil, err
	}
	started, err := cluster.Start(ctx, cluster.Config{Dir: dir, MaxConnections: 500})
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	return &database{cluster: started, dir: dir}, nil
}

// variable is how platform/postgrestest is told of the server.
func (d *database) variable() string { return "CARTWRIGHT_TEST_DSN=" + d.cluster.URL("postgres") }

func (d *database) stop(ctx context.Context) error {
	return errors.Join(d.cluster.Stop(context.WithoutCancel(ctx)), os.RemoveAll(d.dir))
}
