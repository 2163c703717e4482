// Command overload starts a shop of its own, sends it three times what it can do, and tells what became of it. See
// `make prove-overload`.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/signal"
	"path/filepath"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/cartwright-shop/cartwright/deploy/bench"
	"github.com/cartwright-shop/cartwright/deploy/demo/onlineretail"
	"github.com/cartwright-shop/cartwright/deploy/local/seed"
	"github.com/cartwright-shop/cartwright/deploy/local/stack"
	"github.com/cartwright-shop/cartwright/deploy/overload"
)

// settings are the command line.
type settings struct {
	seconds, capacity int
	times             float64
	static            bool
}

func (s settings) plan(paced func(context.Context, bool) error, output io.Writer) overload.Plan {
	return overload.Plan{
		Times: s.times, Overload: time.Duration(s.seconds) * time.Second, Capacity: time.Duration(s.capacity) * time.Second, Paced: paced, Output: output,
	}
}

var errMissed = errors.New("a bar was missed")

func main() {
	var s settings
	flag.IntVar(&s.seconds, "seconds", 60, "how long the overload lasts")
	flag.IntVar(&s.capacity, "capacity", 15, "seconds to measure the capacity, before and after")
	flag.Float64Var(&s.times, "times", 3, "the overload as a multiple of the capacity")
	flag.BoolVar(&s.static, "static", false, "leave the gateway its fixed bound alone, to compare")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, s, os.Stdout)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "overload:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, s settings, output io.Writer) (err error) {
	var bounded atomic.Bool // by MAX_CONCURRENT alone
	shop, err := stack.Measured(ctx, "overload", stack.Options{Output: output, EnvOf: func(program string) []string {
		if program == "gateway" && (bounded.Load() || s.static) {
			return []string{"MIN_CONCURRENT=1024"}
		}
		return nil
	}})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, shop.Stop(context.WithoutCancel(ctx))) }()
	if err := stock(ctx, shop, output); err != nil {
		return err
	}
	paced := func(ctx context.Context, on bool) error {
		bounded.Store(!on)
		shop.Terminate("gateway")
		return shop.Restart(ctx, "gateway")
	}
	result, err := measure(ctx, s.plan(paced, output), shop)
	if err != nil {
		return err
	}
	if err := keep(result, filepath.Join(".local", "overload", "result.json")); err != nil {
		return err
	}
	if !result.Print(output) {
		return errMissed
	}
	return nil
}

// stock gives the shop the catalogue of the bench.
func stock(ctx context.Context, shop *stack.Shop, output io.Writer) error {
	token, err := shop.StaffToken()
	if err != nil {
		return err
	}
	staff := shop.Client().WithToken(token)
	one := onlineretail.Product{SKU: "DEMO", Title: "Demo", Category: "gifts", GBP: 100, EUR: 120, USD: 160, Stock: 12}
	if err := seed.Load(ctx, staff, []onlineretail.Product{one}, output); err != nil {
		return err
	}
	return bench.LoadCatalogue(ctx, staff)
}

func measure(ctx context.Context, plan overload.Plan, shop *stack.Shop) (overload.Result, error) {
	address, err := url.Parse(shop.URL())
	if err != nil {
		return overload.Result{}, err
	}
	crowd := overload.NewCrowd(address.Host, shop.Pids)
	defer crowd.Close()
	result, err := crowd.Surge(ctx, plan)
	if err != nil {
		return result, err
	}
	fmt.Fprintln(plan.Output, "the database dies for 20 s")
	if err := crowd.Outlast(ctx, shop, &result); err != nil {
		return result, err
	}
	fmt.Fprintln(plan.Output, "pricing fails")
	shop.Terminate("pricing")
	// The process is gone, and with it its account.
	pids := shop.Pids()
	delete(pids, "pricing")
	alone := overload.NewCrowd(address.Host, func() map[string]int { return pids })
	defer alone.Close()
	result.Amplification, err = alone.Amplify(ctx, shop.Address("pricing"))
	return result, err
}

func keep(result overload.Result, path string) error {
	text, err := json.MarshalIndent(result, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(path, append(text, '\n'), 0o644)
}
