// Package prove breaks a shop in every place where it can break, while a crowd buys, and looks afterwards whether anything was
// sold, charged or promised that should not have been. cells.go is the table of what is broken where.
package prove

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/cartwright-shop/cartwright/deploy/local/stack"
	"github.com/cartwright-shop/cartwright/deploy/prove/load"
	"github.com/cartwright-shop/cartwright/deploy/prove/proxy"
	"github.com/cartwright-shop/cartwright/services/platform/fault"
)

// buildTag switches the places in the services on.
const buildTag = "faults"

// Build compiles the services with their places.
func Build(ctx context.Context, root, bin string, output io.Writer) error {
	return stack.Build(ctx, stack.Options{Root: root, Dir: filepath.Dir(bin), Bin: bin, Tags: buildTag, Output: output})
}

// rig is a shop that can be broken: its services carry faults and proxies stand between its processes.
type rig struct {
	shop    *stack.Shop
	options stack.Options
	market  *load.Market
	ledger  *load.Ledger
	db      *pgxpool.Pool
	dir     string
	disk    *disk // where the data are, when it is a small one

	mu      sync.Mutex
	proxies map[string]*proxy.Proxy // by "from>to"
	skew    map[string]string       // clocks that are wrong, by program
	second  bool                    // another process of cart runs
}

// newRig starts a shop of its own in dir, with the binaries in bin, and opens a market in it. With a disk its data are there.
func newRig(ctx context.Context, root, dir, bin string, small *disk) (*rig, error) {
	r := &rig{dir: dir, disk: small, proxies: map[string]*proxy.Proxy{}, skew: map[string]string{}}
	// What a shop of an earlier run promised is not owed by this one.
	if err := os.RemoveAll(dir); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(r.faults(), 0o755); err != nil {
		return nil, err
	}
	ports, err := stack.FreePorts()
	if err != nil {
		return nil, err
	}
	r.options = stack.Options{
		Root: root, Dir: dir, Bin: bin, Ports: ports, Fresh: true, Fsync: true, Output: io.Discard, EnvOf: r.env, Via: r.via,
		// A slow bank is in doubt after two seconds instead of eight, so that a cell is over sooner.
		Env: []string{"PROVIDER_TIMEOUT=2s"},
	}
	if small != nil {
		r.options.DataDir = small.data()
	}
	if r.shop, err = stack.Start(ctx, r.options); err != nil {
		return nil, err
	}
	if err := r.open(ctx); err != nil {
		return nil, errors.Join(err, r.close(ctx))
	}
	return r, nil
}

func (r *rig) open(ctx context.Context) error {
	token, err := r.shop.StaffToken()
	if err != nil {
		return err
	}
	if r.db, err = pgxpool.New(ctx, r.shop.DatabaseURL()); err != nil {
		return err
	}
	if r.ledger, err = load.OpenLedger(filepath.Join(r.dir, "promises.jsonl")); err != nil {
		return err
	}
	client := r.shop.Client()
	r.market, err = load.Open(ctx, client, client.WithToken(token), r.shop.SandboxURL())
	return err
}

// close ends the shop. Without one there is nothing to end.
func (r *rig) close(ctx context.Context) error {
	if r == nil {
		return nil
	}
	if r.db != nil {
		r.db.Close()
	}
	if r.ledger != nil {
		_ = r.ledger.Close()
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, p := range r.proxies {
		_ = p.Close()
	}
	return r.shop.Stop(context.WithoutCancel(ctx))
}

// remove deletes what a closed shop kept.
func (r *rig) remove() error { return errors.Join(stack.Remove(r.options), os.RemoveAll(r.dir)) }

func (r *rig) faults() string { return filepath.Join(r.dir, "faults") }

func (r *rig) armFile(program string) string { return filepath.Join(r.faults(), program+".json") }

func (r *rig) logFile(program string) string { return filepath.Join(r.faults(), program+".log") }

// env tells a program where its faults are.
func (r *rig) env(program string) []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	env := []string{"CARTWRIGHT_FAULT_FILE=" + r.armFile(program), "CARTWRIGHT_FAULT_LOG=" + r.logFile(program)}
	if program == "sandbox" {
		env = append(env, "SANDBOX_ALL_EVENTS=true") // also those that an answer tells, so that news and answers race
	}
	if skew := r.skew[program]; skew != "" {
		env = append(env, "CARTWRIGHT_CLOCK_SKEW="+skew)
	}
	return env
}

// via puts a proxy where cells break connections: between what moves money or stock, and before each database.
func (r *rig) via(from, to, address string) string {
	edges := map[string]bool{"cart>pricing": true, "cart>inventory": true, "cart>payment": true, "payment>cart": true, "payment>sandbox": true}
	edge := from + ">" + to
	if !edges[edge] && to != "postgres" {
		return address
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if p, there := r.proxies[edge]; there {
		return p.Addr()
	}
	p, err := proxy.New(address)
	if err != nil {
		return address
	}
	r.proxies[edge] = p
	return p.Addr()
}

func (r *rig) proxy(edge string) *proxy.Proxy {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.proxies[edge]
}

// edges are the connections with a proxy, sorted.
func (r *rig) edges() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Sorted(maps.Keys(r.proxies))
}

// arm makes faults wait in a program; without any it disarms.
func (r *rig) arm(program string, arms ...fault.Arm) error {
	if arms == nil {
		arms = []fault.Arm{}
	}
	text, err := json.Marshal(arms)
	if err != nil {
		return err
	}
	next := r.armFile(program) + ".next"
	if err := os.WriteFile(next, text, 0o644); err != nil {
		return err
	}
	return os.Rename(next, r.armFile(program))
}

// lines are what a program's places have told.
func (r *rig) lines(program string) ([]fault.Line, error) {
	text, err := os.ReadFile(r.logFile(program))
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var lines []fault.Line
	for one := range strings.Lines(string(text)) {
		var l fault.Line
		if json.Unmarshal([]byte(one), &l) == nil { // the last line may be torn
			lines = append(lines, l)
		}
	}
	return lines, nil
}

// fired tells how often a fault happened.
func (r *rig) fired(program, id string) (int, error) {
	lines, err := r.lines(program)
	n := 0
	for _, l := range lines {
		if l.Arm == id {
			n++
		}
	}
	return n, err
}

// count asks the database one number by a query.
func (r *rig) count(ctx context.Context, name string, args ...any) (int64, error) {
	var n int64
	if err := r.db.QueryRow(ctx, query(name), args...).Scan(&n); err != nil {
		return 0, fmt.Errorf("ask the database for %s: %w", name, err)
	}
	return n, nil
}

// setClock restarts a program with a clock that is off; an empty skew sets it right again.
func (r *rig) setClock(ctx context.Context, program, skew string) error {
	r.mu.Lock()
	r.skew[program] = skew
	r.mu.Unlock()
	r.shop.Terminate(program)
	return r.shop.Restart(ctx, program)
}

// zombieRunner starts a second process of cart, which takes over what the first leaves lying.
func (r *rig) zombieRunner(ctx context.Context) error {
	if r.second {
		return r.shop.Restart(ctx, "cart-2")
	}
	ports, err := stack.FreePorts()
	if err != nil {
		return err
	}
	r.second = true
	return r.shop.Second(ctx, "cart", "cart-2", [2]int{ports.Gateway, ports.Sandbox})
}

// endSecond ends the second process of cart, when there is one.
func (r *rig) endSecond() {
	if _, runs := r.shop.Pids()["cart-2"]; runs {
		r.shop.Terminate("cart-2")
	}
}

// wait returns when ready says so, or fails after the limit with what is missing.
func wait(ctx context.Context, limit time.Duration, what string, ready func() (bool, error)) error {
	deadline := time.Now().Add(limit)
	for {
		ok, err := ready()
		if ok || ctx.Err() != nil {
			return errors.Join(err, ctx.Err())
		}
		if time.Now().After(deadline) {
			return errors.Join(fmt.Errorf("%s: not within %s", what, limit), err)
		}
		select {
		case <-ctx.Done():
		case <-time.After(100 * time.Millisecond):
		}
	}
}
