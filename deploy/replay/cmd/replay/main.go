// Command replay plays an order stream against a shop and audits what the shop did. See `make replay`.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// settings are the command line.
type settings struct {
	file, from, until string
	rate              float64
	limit, workers    int
	load, chaos       bool
}

func main() {
	var s settings
	flag.StringVar(&s.file, "file", "", "order stream in the Online Retail CSV format, plain or gzip; empty means the shipped two weeks")
	flag.StringVar(&s.from, "from", "", "first invoice date, such as 2011-11-14")
	flag.StringVar(&s.until, "until", "", "invoice date before which to stop")
	flag.Float64Var(&s.rate, "rate", 0, "most invoices started a second; 0 means as fast as it goes")
	flag.IntVar(&s.limit, "limit", 0, "most invoices read; 0 means all")
	flag.IntVar(&s.workers, "workers", 8, "customers that buy at once")
	flag.BoolVar(&s.load, "import", false, "first create what the catalogue lacks, by the demo catalogue's own rule")
	flag.BoolVar(&s.chaos, "chaos", false, "kill one service every five seconds meanwhile; the shop is then always one of its own")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, s, os.Stdout)
	stop()
	if errors.Is(err, errMismatch) {
		os.Exit(1)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "replay:", err)
		os.Exit(1)
	}
}

func parseDay(text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	at, err := time.Parse(time.DateOnly, text)
	if err != nil {
		return time.Time{}, fmt.Errorf("%q is no date such as 2011-11-14", text)
	}
	return at, nil
}
