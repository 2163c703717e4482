// Package cluster puts a shop to the proof on a real Kubernetes: it installs every chart, buys under a steady load, and meanwhile does
// to the cluster what happens to clusters. What it cannot do by the Kubernetes API (killing Postgres, losing a node) it is given
// commands for; a scenario without its command is NOT RUN and is never called passed.
package cluster

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// Options say which cluster, and what may be done to it.
type Options struct {
	// Root is the folder of the repository, Dir where the proof keeps its files.
	Root, Dir string
	// Kubeconfig names the cluster. kubectl and helm are used.
	Kubeconfig string
	// Registry is where images are pushed, Pull what pods call it.
	Registry, Pull string
	// Postgres is the URL of an administrator, as pods see it. A database of the proof's own is made there.
	Postgres string
	// DatabaseCIDRs are the addresses that pods may reach it at; those of the charts when empty.
	DatabaseCIDRs []string
	// Hooks are commands for what Kubernetes cannot do: postgres-kill, postgres-start, node-kill, node-start. The last two find the
	// node's name in NODE.
	Hooks map[string]string
	// Replicas are the pods of a service, Upgrades the rolling upgrades of each in a row.
	Replicas, Upgrades int
	// Rate is the load in requests a second.
	Rate float64
	// Only and Skip choose scenarios by name.
	Only, Skip []string
	// Reuse goes on with the shop that a run with Keep has left.
	Reuse, Keep bool
	// Built takes the images that the run before has pushed.
	Built bool
	// Output gets progress and the table.
	Output io.Writer
}

// Services are all that have a chart of their own, in the order they are installed.
var services = [...]string{"product", "pricing", "inventory", "payment", "cart", "gateway"} //nolint:gochecknoglobals // a constant list

// Names of the proof in the cluster.
const (
	shopNamespace  = "cartwright-proof"
	watchNamespace = "cartwright-proof-watch"
	databaseName   = "cartwright_proof"
	channel        = "prove-once"
)

// state is what a later run has to know of the shop.
type state struct {
	// Digests are the images, by program.
	Digests map[string]string `json:"digests"`
	// Passwords are those of the database roles.
	Passwords map[string]string `json:"passwords"`
	// Second says that the second of each service's two roles is in use.
	Second bool `json:"second"`
	// SKUs are on sale.
	SKUs []string `json:"skus"`
	// SandboxPort is the port on this machine under which buyers find the provider's pages.
	SandboxPort int `json:"sandbox_port"`
	// Rounds count the upgrades of each service, so that each changes something and nothing else does.
	Rounds map[string]int `json:"rounds"`
}

// Proof is one run.
type Proof struct {
	Options
	state state
	kube  tools
	way   *wayIn
	began time.Time

	gateway, sandbox, issuer, postgres, web string // addresses on this machine
	staff                                   string // a token
}

// ErrFailed says that a scenario failed; the table says which.
var ErrFailed = errors.New("the proof failed")

// Run does all of it and prints the table. Its error is ErrFailed when the shop did not keep what it promises.
func Run(ctx context.Context, o Options) error {
	p := &Proof{Options: o, began: time.Now(), kube: tools{config: o.Kubeconfig}}
	if err := os.MkdirAll(o.Dir, 0o755); err != nil {
		return err
	}
	if err := p.begin(ctx); err != nil {
		return err
	}
	defer func() {
		if p.way != nil {
			p.way.close()
		}
	}()
	rows, err := p.scenarios(ctx)
	err = errors.Join(err, p.report(rows))
	if !o.Keep {
		err = errors.Join(err, p.remove(context.WithoutCancel(ctx)))
	}
	for _, row := range rows {
		if row.Verdict == failed {
			return errors.Join(err, ErrFailed)
		}
	}
	return err
}

// begin brings images, companion and database up, or finds those of a run before.
func (p *Proof) begin(ctx context.Context) error {
	if p.Reuse {
		if err := p.load(); err != nil {
			return fmt.Errorf("there is no shop to go on with: %w", err)
		}
		return p.openWay(ctx)
	}
	digests := map[string]string{}
	if p.Built {
		if err := p.load(); err != nil {
			return fmt.Errorf("there are no images of a run before: %w", err)
		}
		digests = p.state.Digests
	}
	p.state = state{Passwords: map[string]string{}, Digests: digests, Rounds: map[string]int{}}
	for _, step := range []struct {
		what string
		do   func(context.Context) error
	}{{"images", p.images}, {"namespaces", p.namespaces}, {"companion", p.companion}, {"database", p.database}, {"certificates", p.certify}} {
		p.say("%s", step.what)
		if err := step.do(ctx); err != nil {
			return fmt.Errorf("%s: %w", step.what, err)
		}
	}
	return p.save()
}

func (p *Proof) stateFile() string { return filepath.Join(p.Dir, "state.json") }

func (p *Proof) load() error {
	text, err := os.ReadFile(p.stateFile())
	if err != nil {
		return err
	}
	return json.Unmarshal(text, &p.state)
}

func (p *Proof) save() error {
	text, err := json.Marshal(p.state)
	if err != nil {
		return err
	}
	return os.WriteFile(p.stateFile(), text, 0o600)
}

// say prints progress, with the time since the start.
func (p *Proof) say(format string, arguments ...any) {
	fmt.Fprintf(p.Output, "%6.0fs  %s\n", time.Since(p.began).Seconds(), fmt.Sprintf(format, arguments...))
}

func password() string { return strings.ToLower(rand.Text()) }

// waitFor looks until done says so.
func waitFor(ctx context.Context, limit time.Duration, what string, done func(context.Context) (bool, error)) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	var last error
	for {
		ok, err := done(ctx)
		if ok {
			return nil
		}
		if err != nil && ctx.Err() == nil {
			last = err // rather than that time is over
		}
		select {
		case <-ctx.Done():
			return errors.Join(fmt.Errorf("%s: not after %s", what, limit), last)
		case <-tick.C:
		}
	}
}

const lookEvery = 500 * time.Millisecond

// pause lets the shop work for a while.
func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
