package main

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/cartwright-shop/cartwright/deploy/audit"
	"github.com/cartwright-shop/cartwright/deploy/demo"
	"github.com/cartwright-shop/cartwright/deploy/demo/onlineretail"
	"github.com/cartwright-shop/cartwright/deploy/local/progress"
	"github.com/cartwright-shop/cartwright/deploy/local/running"
	"github.com/cartwright-shop/cartwright/deploy/local/seed"
	"github.com/cartwright-shop/cartwright/deploy/local/stack"
	"github.com/cartwright-shop/cartwright/deploy/replay"
	"github.com/cartwright-shop/cartwright/deploy/shopclient"
)

// errMismatch is a shop that did not do what the file says. The report has told it.
var errMismatch = errors.New("the audit found mismatches")

// target is the shop to play against.
type target struct {
	shop, staff *shopclient.Client
	sandbox     string
	// database connects as the auditor; empty when the shop does not say.
	database string
	stop     func() error
	own      *stack.Shop // nil when the shop is somebody else's
}

func run(ctx context.Context, s settings, output io.Writer) (err error) {
	rows, filter, err := input(s)
	if err != nil {
		return err
	}
	t, err := open(ctx, s.chaos, output)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, t.stop()) }()
	prices, err := catalogue(ctx, s, rows, t, output)
	if err != nil {
		return err
	}
	plan := replay.MakePlan(rows, prices, filter)
	before, err := replay.ReadStock(ctx, t.staff, prices)
	if err != nil {
		return err
	}
	bar := progress.New(output, "replay", len(plan.Steps))
	player := &replay.Player{
		Shop: t.shop, Staff: t.staff, Run: runName(), Workers: max(1, s.workers), Rate: s.rate, Progress: func() { bar.Add(1) },
	}
	outcome, deaths, err := play(ctx, player, plan, s.chaos, t)
	if err != nil {
		bar.Fail()
		return err
	}
	bar.Done()
	check := func() (*replay.Audit, error) {
		after, err := replay.ReadStock(ctx, t.staff, prices)
		if err != nil {
			return nil, err
		}
		return replay.Check(ctx, outcome, prices, replay.Counted{Before: before, After: after}, t.sandbox)
	}
	checked, err := settled(ctx, s.chaos, check)
	if err != nil {
		return err
	}
	replay.Report(output, plan, outcome, checked)
	if s.chaos {
		fmt.Fprintf(output, "services killed meanwhile: %d, one every %s\n", deaths, killEvery)
	}
	promises, err := os.CreateTemp("", "cartwright-acknowledged-*.jsonl")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.Remove(promises.Name())) }()
	if err := errors.Join(outcome.Acknowledge(promises, prices), promises.Close()); err != nil {
		return err
	}
	sound, err := t.audit(ctx, promises.Name(), output)
	if err != nil {
		return err
	}
	if !sound || len(checked.Mismatches) > 0 {
		return errMismatch
	}
	return nil
}

// audit looks at all the shop's data for what must never be, and for what buyers were promised.
func (t *target) audit(ctx context.Context, promises string, output io.Writer) (sound bool, err error) {
	if t.database == "" {
		fmt.Fprintln(output, "NOT RUN: the audit of the shop's data: the running shop is of a version that has no auditor")
		return true, nil
	}
	report, err := audit.Run(ctx, audit.Options{Database: t.database, Provider: t.sandbox, Acknowledged: promises})
	if err != nil {
		return false, fmt.Errorf("audit the shop's data: %w", err)
	}
	fmt.Fprintln(output)
	report.Print(output)
	return report.Violations() == 0, nil
}

func input(s settings) ([]onlineretail.Row, replay.Filter, error) {
	from, err := parseDay(s.from)
	if err != nil {
		return nil, replay.Filter{}, err
	}
	until, err := parseDay(s.until)
	if err != nil {
		return nil, replay.Filter{}, err
	}
	source := demo.Orders()
	if s.file != "" {
		file, err := os.Open(s.file)
		if err != nil {
			return nil, replay.Filter{}, err
		}
		defer func() { _ = file.Close() }()
		source = file
	}
	rows, err := onlineretail.ReadAll(source)
	return rows, replay.Filter{From: from, Until: until, Limit: s.limit}, err
}

// open finds the shop that `make up` runs, or starts one of its own that ends with the replay.
// With chaos it is always one of its own: nobody else's services are killed.
func open(ctx context.Context, chaos bool, output io.Writer) (*target, error) {
	root, err := os.Getwd()
	if err != nil {
		return nil, err
	}
	dir := os.Getenv("CARTWRIGHT_LOCAL_DIR")
	if dir == "" {
		dir = filepath.Join(root, ".local")
	}
	found, alive, err := running.Find(dir)
	if err != nil {
		return nil, err
	}
	if alive && !chaos {
		fmt.Fprintf(output, "playing against the running shop at %s\n", found.URL)
		client := shopclient.New(found.URL)
		return &target{
			shop: client, staff: client.WithToken(found.StaffToken), sandbox: found.Sandbox, database: found.Auditor, stop: func() error { return nil },
		}, nil
	}
	return start(ctx, root, dir, output)
}

func start(ctx context.Context, root, dir string, output io.Writer) (*target, error) {
	if err := stack.InstallPostgres(ctx, func(text string) { fmt.Fprintln(output, text) }); err != nil {
		return nil, err
	}
	ports, err := stack.FreePorts()
	if err != nil {
		return nil, err
	}
	o := stack.Options{
		Root: root, Dir: filepath.Join(dir, "replay"), Bin: filepath.Join(dir, "bin"), Ports: ports, Fresh: true, Fsync: true, Output: output,
	}
	if err := stack.Build(ctx, o); err != nil {
		return nil, err
	}
	shop, err := stack.Start(ctx, o)
	if err != nil {
		return nil, err
	}
	token, err := shop.StaffToken()
	if err != nil {
		return nil, errors.Join(err, shop.Stop(ctx))
	}
	t := &target{own: shop, shop: shop.Client(), sandbox: shop.SandboxURL(), stop: func() error { return shop.Stop(context.WithoutCancel(ctx)) }}
	t.staff = t.shop.WithToken(token)
	if t.database, err = shop.AuditorURL(); err != nil {
		return nil, errors.Join(err, t.stop())
	}
	products, err := demo.Catalogue()
	if err == nil {
		err = seed.Load(ctx, t.staff, products, output)
	}
	if err != nil {
		return nil, errors.Join(err, t.stop())
	}
	return t, nil
}

// catalogue returns the prices the audit uses: those of the demo catalogue and, with -import, those of the articles that
// only the file has, which are loaded first.
func catalogue(ctx context.Context, s settings, rows []onlineretail.Row, t *target, output io.Writer) (replay.Prices, error) {
	products, err := demo.Catalogue()
	if err != nil {
		return nil, err
	}
	prices := replay.Prices{}
	for _, p := range products {
		prices[p.SKU] = p.GBP
	}
	if !s.load {
		return prices, nil
	}
	var missing []onlineretail.Product
	for _, p := range onlineretail.BuildCatalogue(rows) {
		if prices[p.SKU] == 0 {
			missing = append(missing, p)
			prices[p.SKU] = p.GBP
		}
	}
	if len(missing) == 0 {
		return prices, nil
	}
	return prices, seed.Load(ctx, t.staff, missing, output)
}

// runName keeps the idempotency keys of this run apart from those of earlier ones.
func runName() string {
	b := make([]byte, 5)
	if _, err := rand.Read(b); err != nil {
		panic(err) // the system has no randomness
	}
	return hex.EncodeToString(b)
}
