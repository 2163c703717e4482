// Command hotsku sells one SKU to many clients at once and counts every unit. See `make bench-hot-sku`.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// settings are the command line.
type settings struct {
	clients int
	stock   int
	single  time.Duration
}

func main() {
	var s settings
	flag.IntVar(&s.clients, "clients", 256, "clients that ask at once")
	flag.IntVar(&s.stock, "stock", 20_000, "units to sell; twice as many are asked for")
	flag.DurationVar(&s.single, "single", 10*time.Second, "how long the path of one transaction per call is measured")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, s, os.Stdout)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench-hot-sku:", err)
		os.Exit(1)
	}
}
