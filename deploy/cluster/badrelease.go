package cluster

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"github.com/cartwright-shop/cartwright/deploy/image"
	"github.com/cartwright-shop/cartwright/services/platform/fault"
)

// variant is an image of a service that does what the sources say, but for one thing.
type variant struct {
	name, service string
	arms          []fault.Arm
}

// Figures of bad releases.
const (
	// everyNth call fails: 5 %.
	everyNth = 20
	// failing is how many calls fail before the fault wears off: more than any release is watched for.
	failing = 500
	// slowBy is by how many milliseconds a call takes longer.
	slowBy = 300
	// livesFor is how many calls a process answers before it dies.
	livesFor = 40
)

// variants are four ways in which a release can be bad although its pods get ready.
func variants() []variant {
	errors := variant{name: "errors", service: "product"}
	for n := range failing {
		errors.arms = append(errors.arms, fault.Arm{ID: fmt.Sprint(n), Point: "take ProductService/*", Action: fault.Refuse, Nth: everyNth * (n + 1), Times: 1})
	}
	return []variant{
		errors,
		{name: "slow", service: "pricing", arms: []fault.Arm{{ID: "slow", Point: "take *", Action: fault.Delay, Times: -1, Milliseconds: slowBy}}},
		{name: "leak", service: "inventory", arms: []fault.Arm{
			{ID: "commit", Point: "take InventoryService/CommitReservation", Action: fault.Refuse, Times: -1},
			{ID: "release", Point: "take InventoryService/ReleaseReservation", Action: fault.Refuse, Times: -1},
		}},
		{name: "crash", service: "cart", arms: []fault.Arm{{ID: "crash", Point: "take *", Action: fault.Die, Nth: livesFor}}},
	}
}

// spoil makes and pushes the image of a bad release.
func (p *Proof) spoil(ctx context.Context, v variant) error {
	if p.state.Digests[v.name] != "" {
		return nil
	}
	id, err := image.Identify(ctx, p.Root, os.Getenv)
	if err != nil {
		return err
	}
	id.Version += "-" + v.name
	program, err := image.Find(p.Root, v.service)
	if err != nil {
		return err
	}
	arms, err := json.Marshal(v.arms)
	if err != nil {
		return err
	}
	store := image.Store{Dir: filepath.Join(p.Dir, "image")}
	build := image.Build{Root: p.Root, Identity: id, Tags: []string{"faults"}, Env: []string{"CARTWRIGHT_FAULT=" + string(arms)}}
	if _, err := store.Make(ctx, build, program); err != nil {
		return err
	}
	return p.push(ctx, store, v.service, v.name)
}

// good makes the image of a release that differs in nothing but its version.
func (p *Proof) good(ctx context.Context, service string) error {
	if p.state.Digests["good"] != "" {
		return nil
	}
	id, err := image.Identify(ctx, p.Root, os.Getenv)
	if err != nil {
		return err
	}
	id.Version += "-good"
	program, err := image.Find(p.Root, service)
	if err != nil {
		return err
	}
	store := image.Store{Dir: filepath.Join(p.Dir, "image")}
	if _, err := store.Make(ctx, image.Build{Root: p.Root, Identity: id}, program); err != nil {
		return err
	}
	return p.push(ctx, store, service, "good")
}
