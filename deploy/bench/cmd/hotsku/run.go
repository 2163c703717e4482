package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/cartwright-shop/cartwright/deploy/bench"
	"github.com/cartwright-shop/cartwright/deploy/local/stack"
)

// The bars.
const (
	leastPerSecond = 5000
	leastRatio     = 10
	longestWait    = 150 * time.Millisecond
)

func run(ctx context.Context, s settings, output io.Writer) (err error) {
	root, err := os.Getwd()
	if err != nil {
		return err
	}
	if err := stack.InstallPostgres(ctx, func(text string) { fmt.Fprintln(output, text) }); err != nil {
		return err
	}
	stage, err := bench.SetStage(ctx, root, output)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, stage.Strike(context.WithoutCancel(ctx))) }()
	var results []bench.Sold
	for i, sale := range sales(s) {
		fmt.Fprintf(output, "selling: %s\n", sale.Name)
		result, err := sale.Run(ctx, stage, fmt.Sprint("HOT-", i))
		if err != nil {
			return fmt.Errorf("%s: %w", sale.Name, err)
		}
		results = append(results, result)
	}
	bench.PrintSales(output, results)
	return verdict(ctx, stage, results, output)
}

// sales are the scenes: the service as it comes, with one transaction per call, and three of it on one database.
func sales(s settings) []bench.FlashSale {
	whole := bench.FlashSale{Clients: s.clients, Stock: s.stock, Demand: 2 * s.stock, Longest: 5 * time.Minute, Processes: 1}
	grouped, single, three := whole, whole, whole
	grouped.Name = "grouped, one process"
	single.Name = "one transaction per call"
	// Callers queue for a connection instead of being turned away, so that the path is measured and not its refusals.
	single.Settings = []string{"RESERVE_BATCH=1", "DATABASE_ACQUIRE_TIMEOUT=30s"}
	single.Longest = s.single
	three.Name = "grouped, three processes"
	three.Processes = 3
	return []bench.FlashSale{grouped, single, three}
}

// verdict prints each bar with what was measured. What is not exact is an error; what is slow is only told, since it says as
// much about the machine.
func verdict(ctx context.Context, stage *bench.Stage, results []bench.Sold, output io.Writer) error {
	var wrong []error
	for _, r := range results {
		wrong = append(wrong, r.Wrong())
	}
	grouped, single := results[0], results[1]
	ratio := grouped.PerSecond() / max(single.PerSecond(), 1)
	inPlace, err := stage.InPlace(ctx)
	if err != nil {
		return err
	}
	say := func(met bool, format string, args ...any) {
		mark := "met   "
		if !met {
			mark = "MISSED"
		}
		fmt.Fprintf(output, mark+"  "+format+"\n", args...)
	}
	fmt.Fprintln(output)
	say(errors.Join(wrong...) == nil, "every unit sold once, none withheld, no call failed")
	say(grouped.PerSecond() >= leastPerSecond, "granted a second: %.0f (at least %d)", grouped.PerSecond(), leastPerSecond)
	say(grouped.P99 <= longestWait, "p99: %s (at most %s)", grouped.P99.Round(100*time.Microsecond), longestWait)
	say(ratio >= leastRatio, "times as fast as one transaction per call: %.1f (at least %d)", ratio, leastRatio)
	say(inPlace >= 0.95, "updates of stock that left the indexes alone: %.1f %% (at least 95 %%)", 100*inPlace)
	return errors.Join(wrong...)
}
