// Command bench makes a shop with many orders that agree in everything, and measures an audit of it. See `make bench-audit`.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"
)

func main() {
	debug.SetGCPercent(400) // it reads all once and ends: what it keeps is most of what it allocates
	var s settings
	flag.IntVar(&s.orders, "orders", 1_000_000, "orders of the shop")
	flag.StringVar(&s.database, "database", os.Getenv("CARTWRIGHT_DATABASE_URL"), "administrator's URL of an empty database; empty starts a Postgres for the time of the measurement")
	flag.StringVar(&s.dir, "dir", "", "folder for the data and the provider's file; empty: a temporary one")
	flag.BoolVar(&s.keep, "keep", false, "leave the data in the folder, and use what an earlier run left there")
	flag.IntVar(&s.runs, "runs", 2, "audits; the first reads cold data")
	flag.IntVar(&s.connections, "connections", 2, "connections that read at once")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, s, os.Stdout)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench-audit:", err)
		os.Exit(1)
	}
}
