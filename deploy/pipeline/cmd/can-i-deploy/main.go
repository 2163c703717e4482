// Command can-i-deploy tells whether a version of a service gets along with what is deployed, see package candeploy.
//
//	can-i-deploy cart 1.3.0                      among what the record of releases says
//	can-i-deploy -namespace cartwright cart HEAD among what the cluster says
//
// VERSION is a recorded one, a tag or any revision of git. It ends with 0 for yes, 1 for no, and 2 when it cannot tell, which is no yes.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"text/tabwriter"

	"github.com/cartwright-shop/cartwright/deploy/pipeline/candeploy"
	"github.com/cartwright-shop/cartwright/deploy/pipeline/kube"
	"github.com/cartwright-shop/cartwright/deploy/released"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	ok, err := run(ctx, os.Args[1:], os.Stdout)
	stop()
	switch {
	case err != nil:
		fmt.Fprintln(os.Stderr, "can-i-deploy:", err)
		os.Exit(2)
	case !ok:
		os.Exit(1)
	}
}

// buf is the one of this repository where it was built, as by make, else that of the path.
func buf(root string) string {
	built, err := filepath.Abs(filepath.Join(root, ".bin", "buf"))
	if err == nil {
		_, err = os.Stat(built)
	}
	if err != nil {
		return "buf"
	}
	return built
}

type result struct {
	Service  string             `json:"service"`
	Version  string             `json:"version"`
	Commit   string             `json:"commit"`
	Deployed []candeploy.Side   `json:"deployed"`
	Answers  []candeploy.Answer `json:"answers"`
	Yes      bool               `json:"yes"`
}

func run(ctx context.Context, arguments []string, output io.Writer) (yes bool, err error) {
	flags := flag.NewFlagSet("can-i-deploy", flag.ContinueOnError)
	root := flags.String("root", ".", "root of the repository")
	file := flags.String("record", "", "record of releases ("+released.File+")")
	asJSON := flags.Bool("json", false, "print JSON in place of a table")
	var cluster kube.Cluster
	flags.StringVar(&cluster.Namespace, "namespace", "", "ask the cluster what is deployed in this namespace, not the record")
	flags.StringVar(&cluster.Context, "context", "", "entry of the kubeconfig (the current one)")
	if err := flags.Parse(arguments); err != nil {
		return false, err
	}
	if flags.NArg() != 2 || !slices.Contains(released.Services(), flags.Arg(0)) {
		return false, errors.New("usage: can-i-deploy [flags] SERVICE VERSION")
	}
	if *file == "" {
		*file = filepath.Join(*root, released.File)
	}
	record, err := released.Load(*file)
	if err != nil {
		return false, err
	}
	r := result{Service: flags.Arg(0), Version: flags.Arg(1), Yes: true}
	if r.Commit, err = candeploy.Commit(ctx, *root, record, r.Service, r.Version); err != nil {
		return false, err
	}
	if r.Deployed, err = deployed(ctx, cluster, record); err != nil {
		return false, err
	}
	work, err := os.MkdirTemp("", "cartwright-contracts-")
	if err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(work)) }()
	q := candeploy.Question{Root: *root, Buf: buf(*root), Work: work, Service: r.Service, Commit: r.Commit, Deployed: r.Deployed}
	if r.Answers, err = candeploy.Ask(ctx, q); err != nil {
		return false, err
	}
	for _, answer := range r.Answers {
		r.Yes = r.Yes && answer.OK
	}
	return r.Yes, r.print(output, *asJSON)
}

// deployed are the versions that are deployed. The cluster knows versions and commits, the record what migrations said.
func deployed(ctx context.Context, cluster kube.Cluster, record *released.Record) ([]candeploy.Side, error) {
	var list []candeploy.Side
	for _, service := range released.Services() {
		one, err := record.Of(service)
		side := candeploy.Side{Service: service, Version: one.Version, Commit: one.Commit, Schema: one.Schema, Migrations: one.Migrations}
		recorded := err == nil
		if cluster.Namespace != "" {
			now, found, err := cluster.Deployed(ctx, service)
			if err != nil {
				return nil, err
			}
			if !found {
				continue
			}
			// The commit of the record belongs to a pod of the same image, or of the same version where it has no image.
			same := recorded && (one.ImageDigest != "" && one.ImageDigest == now.Digest || one.ImageDigest == "" && one.Version == now.Version)
			side.Version = now.Version
			if now.Commit != "" || !same {
				side.Commit = now.Commit
			}
		} else if !recorded {
			continue
		}
		list = append(list, side)
	}
	return list, nil
}

func (r result) print(output io.Writer, asJSON bool) error {
	if asJSON {
		encoder := json.NewEncoder(output)
		encoder.SetIndent("", "  ")
		return encoder.Encode(r)
	}
	table := tabwriter.NewWriter(output, 0, 0, 2, ' ', 0)
	for _, answer := range r.Answers {
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", word(answer.OK), answer.Check, answer.With, answer.Reason)
	}
	if err := table.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintf(output, "%s: %s %s (%.12s) among %d deployed services\n", word(r.Yes), r.Service, r.Version, r.Commit, len(r.Deployed))
	return err
}

func word(ok bool) string {
	if ok {
		return "yes"
	}
	return "NO"
}
