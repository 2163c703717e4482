// Command evidence writes an archive of what can be known about a sick service, for whoever looks at it later.
//
//	evidence -service cart -namespace cartwright    every pod of a service on a cluster
//	evidence -ops http://127.0.0.1:9090             one process
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"time"

	"github.com/cartwright-shop/cartwright/deploy/evidence"
	"github.com/cartwright-shop/cartwright/deploy/pipeline/kube"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, os.Args[1:], os.Stdout)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "evidence:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, arguments []string, output io.Writer) (err error) {
	flags := flag.NewFlagSet("evidence", flag.ContinueOnError)
	service := flags.String("service", "", "service on a cluster")
	cluster := kube.Cluster{}
	flags.StringVar(&cluster.Namespace, "namespace", "cartwright", "namespace of the shop")
	flags.StringVar(&cluster.Context, "context", "", "entry of the kubeconfig; the current one when empty")
	ops := flags.String("ops", "", "URL of the ops port of one process")
	profile := flags.Duration("profile", 5*time.Second, "how long the CPU is watched")
	dir := flags.String("dir", ".local/evidence", "where the archive goes")
	if err := flags.Parse(arguments); err != nil {
		return err
	}
	if (*service == "") == (*ops == "") {
		return errors.New("give -service or -ops")
	}
	return collect(*dir, *service, output, func(archive *evidence.Archive) error {
		if *ops != "" {
			return archive.Process(ctx, "process", *ops, *profile)
		}
		return archive.Service(ctx, cluster, *service, *profile)
	})
}

// collect fills an archive and says what is missing and where it is. One without a pod is kept, for what the cluster said, and is an error.
func collect(dir, service string, output io.Writer, fill func(*evidence.Archive) error) error {
	now := time.Now().UTC()
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	place := filepath.Join(dir, strings.Join([]string{"evidence", service, now.Format("20060102T150405Z")}, "-")+".tar.gz")
	file, err := os.OpenFile(place, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	archive := evidence.Open(file, now)
	filled := fill(archive)
	err = errors.Join(archive.Close(), file.Close())
	if err != nil || filled != nil && !errors.Is(filled, evidence.ErrNoPod) {
		return errors.Join(filled, err)
	}
	for _, one := range archive.Missing() {
		_, _ = fmt.Fprintln(output, "missing:", one)
	}
	if archive.Files() == 0 {
		return errors.Join(errors.New("nothing could be had"), os.Remove(place))
	}
	_, err = fmt.Fprintln(output, place)
	return errors.Join(filled, err)
}
