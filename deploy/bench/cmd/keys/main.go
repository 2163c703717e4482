// Command keys measures how fast calls are answered again among a million stored answers, and how fast old ones go. See
// `make bench-idempotency`.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/cartwright-shop/cartwright/deploy/bench"
	"github.com/cartwright-shop/cartwright/deploy/local/stack"
)

// settings are the command line.
type settings struct {
	keys, clients int
	length        time.Duration
}

func main() {
	var s settings
	flag.IntVar(&s.keys, "keys", 1_000_000, "answers that are stored")
	flag.IntVar(&s.clients, "clients", 4, "clients that ask again at once")
	flag.DurationVar(&s.length, "length", 15*time.Second, "how long they do")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, s, os.Stdout)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, s settings, output io.Writer) (err error) {
	shop, err := stack.Measured(ctx, "bench-keys", stack.Options{Output: output})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, shop.Stop(context.WithoutCancel(ctx))) }()
	return measure(ctx, s, shop, output)
}

func measure(ctx context.Context, s settings, shop *stack.Shop, output io.Writer) error {
	keys, end, err := bench.OpenKeys(ctx, shop.Address("inventory"), shop.DatabaseURL())
	if err != nil {
		return err
	}
	defer end()
	begin := time.Now()
	if err := keys.Fill(ctx, s.keys); err != nil {
		return err
	}
	fmt.Fprintf(output, "stored %d answers in %s\n", s.keys, time.Since(begin).Round(time.Second))
	result, err := bench.Run(ctx, keys.Replay(), shop.Pids(), s.clients, s.length)
	if err != nil {
		return err
	}
	bench.Print(output, []bench.Result{result})
	if result.Failed > 0 {
		return fmt.Errorf("%d calls failed: %w", result.Failed, result.FirstError)
	}
	if result.P99 > bench.ReplayLimit {
		return fmt.Errorf("the 99th percentile is %s, above %s", result.P99, bench.ReplayLimit)
	}
	return keys.Purge(ctx, s.keys/5, output)
}
