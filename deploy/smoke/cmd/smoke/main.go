// Command smoke buys one thing from the shop at -url and gives it back; it fails when it could not. `helm test` runs it.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/cartwright-shop/cartwright/deploy/smoke"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:])
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "smoke:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("smoke", flag.ContinueOnError)
	o := smoke.Options{Say: func(text string) { fmt.Println(text) }}
	flags.StringVar(&o.URL, "url", "http://127.0.0.1:8080", "the gateway's address")
	flags.StringVar(&o.Channel, "channel", "", "channel to buy in; the default one when empty")
	flags.StringVar(&o.SKU, "sku", "", "what to buy; the first thing in stock when empty")
	flags.StringVar(&o.Method, "method", "card", "payment method")
	flags.StringVar(&o.Token, "token", "", "payment token; one that the sandbox provider accepts when empty")
	flags.BoolVar(&o.StopBeforePayment, "stop-before-payment", false, "only fill a cart: for shops whose provider takes real money")
	flags.BoolVar(&o.Keep, "keep", false, "do not cancel the order")
	flags.DurationVar(&o.Patience, "patience", time.Minute, "how long a call is repeated, and how long the order may take")
	if err := flags.Parse(args); err != nil {
		return err
	}
	began := time.Now()
	if err := smoke.Buy(ctx, o); err != nil {
		return err
	}
	fmt.Printf("done in %s\n", time.Since(began).Round(time.Millisecond))
	return nil
}
