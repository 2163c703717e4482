package cluster

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// upgrades rolls a service again and again.
func (p *Proof) upgrades(ctx context.Context, service string) (outcome, error) {
	began := time.Now()
	for n := range p.Upgrades {
		if err := p.roll(ctx, service); err != nil {
			return outcome{note: fmt.Sprintf("upgrade %d", n+1)}, errors.Join(err, p.explain(ctx, shopNamespace))
		}
	}
	return outcome{note: fmt.Sprintf("%d in a row, %.1f s each", p.Upgrades, time.Since(began).Seconds()/float64(p.Upgrades))}, p.save()
}

// badImage upgrades to an image that is not there: Helm must take the release back by itself, and the old pods serve on.
func (p *Proof) badImage(ctx context.Context) (outcome, error) {
	const victim = "cart"
	before, err := p.kube.pods(ctx, victim)
	if err != nil {
		return outcome{}, err
	}
	missing := p.imageOf(victim)
	missing["digest"] = "sha256:00000000000000000000000000000000000000000000000000000000000000ff"
	err = p.install(ctx, victim, map[string]any{"image": missing, "migration": object{"enabled": false}}, "--atomic", "--timeout", "30s")
	if err == nil {
		return outcome{}, errors.New("an image that is not there was installed")
	}
	if err := p.kube.rolledOut(ctx, shopNamespace, victim); err != nil {
		return outcome{}, err
	}
	after, err := p.kube.pods(ctx, victim)
	if err != nil {
		return outcome{}, err
	}
	kept := 0
	for _, one := range after {
		for _, old := range before {
			if one.Metadata.UID == old.Metadata.UID {
				kept++
			}
		}
	}
	if kept != len(before) {
		return outcome{}, fmt.Errorf("%d of %d old pods served on", kept, len(before))
	}
	return outcome{note: "refused by --atomic after 30 s, every old pod served on"}, nil
}
