// Command bench starts a shop of its own and measures the works of docs/costs.md. See `make bench`.
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
	"github.com/cartwright-shop/cartwright/deploy/demo/onlineretail"
	"github.com/cartwright-shop/cartwright/deploy/local/seed"
	"github.com/cartwright-shop/cartwright/deploy/local/stack"
)

// settings are the command line.
type settings struct {
	clients int
	length  time.Duration
}

func main() {
	var s settings
	flag.IntVar(&s.clients, "clients", 8, "clients that work at once")
	flag.DurationVar(&s.length, "length", 10*time.Second, "how long each work is measured")
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
	shop, err := stack.Measured(ctx, "bench", stack.Options{Output: output, Env: []string{"MAX_CONCURRENT=4096"}})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, shop.Stop(context.WithoutCancel(ctx))) }()
	return measure(ctx, s, shop, output)
}

func measure(ctx context.Context, s settings, shop *stack.Shop, output io.Writer) error {
	token, err := shop.StaffToken()
	if err != nil {
		return err
	}
	client := shop.Client()
	staff := client.WithToken(token)
	// The channels, zones and lists of the demo shop, with one product of it: the catalogue measured is the bench's own.
	one := onlineretail.Product{SKU: "DEMO", Title: "Demo", Category: "gifts", GBP: 100, EUR: 120, USD: 160, Stock: 12}
	if err := seed.Load(ctx, staff, []onlineretail.Product{one}, output); err != nil {
		return err
	}
	if err := bench.LoadCatalogue(ctx, staff); err != nil {
		return err
	}
	name := fmt.Sprint(time.Now().Unix())
	hot, closeHot, err := bench.HotSKU(shop.Address("inventory"))
	if err != nil {
		return err
	}
	defer func() { _ = closeHot() }()
	var results []bench.Result
	for _, work := range append(bench.Works(client, name), hot) {
		result, err := bench.Run(ctx, work, shop.Pids(), s.clients, s.length)
		if err != nil {
			return err
		}
		results = append(results, result)
		fmt.Fprintf(output, "measured %s\n", work.Name)
	}
	rush, err := bench.RunRush(ctx, client, staff, name)
	if err != nil {
		return err
	}
	bench.Print(output, results)
	rush.Print(output)
	return bench.PrintMemory(output, shop.Pids())
}
