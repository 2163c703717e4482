package cluster

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strconv"

	"github.com/cartwright-shop/cartwright/deploy/audit"
)

// auditorChart is the name of the auditor's chart, and of its release.
const auditorChart = "auditor"

// sums is the line in which the auditor sums an audit up.
var sums = regexp.MustCompile(`\d+ invariants: (\d+) hold, (\d+) hold as far as they were checked, (\d+) violated, \d+ not run; .*`)

// The auditor has no log of promises here, none of the provider and none of services. So it cannot ask about the one invariant that
// is about promises, and about five it leaves a question out. An audit in which less holds has not looked.
const (
	holdWhole = 19
	holdAtAll = 24
)

// auditor installs the auditor while people buy, has Helm wait for a whole audit, and reads what that found.
func (p *Proof) auditor(ctx context.Context) (outcome, error) {
	if err := p.install(ctx, auditorChart, nil); err != nil {
		return outcome{}, errors.Join(err, p.explain(ctx, shopNamespace))
	}
	defer func() { _, _ = p.helm(context.WithoutCancel(ctx), shopNamespace, "uninstall", auditorChart) }()
	if output, err := p.helm(ctx, shopNamespace, "test", auditorChart, "--timeout", helmTime); err != nil {
		return outcome{}, fmt.Errorf("helm test: %w: %s", err, tail(output))
	}
	log, err := p.kube.kubectl(ctx, "-n", shopNamespace, "logs", "deployment/"+auditorChart)
	if err != nil {
		return outcome{}, err
	}
	found, err := heldBy(log)
	if err != nil {
		return outcome{}, err
	}
	return outcome{note: "while people buy: " + found}, nil
}

// heldBy returns the line in which the auditor sums up what it found. An error says that something does not hold, or was not asked.
func heldBy(log []byte) (string, error) {
	found := sums.FindSubmatch(log)
	if found == nil {
		return "", fmt.Errorf("no audit was printed: %s", tail(log))
	}
	var counts [3]int
	for n := range counts {
		var err error
		if counts[n], err = strconv.Atoi(string(found[n+1])); err != nil {
			return "", fmt.Errorf("read %s: %w", found[0], err)
		}
	}
	switch whole, partly, violated := counts[0], counts[1], counts[2]; {
	case violated > 0:
		return "", fmt.Errorf("violated while people buy: %s", tail(log))
	case whole < holdWhole || whole+partly < holdAtAll:
		return "", fmt.Errorf("less was audited than can be: %d hold of at least %d, %d with those in part of at least %d: %s",
			whole, holdWhole, whole+partly, holdAtAll, tail(log))
	}
	return string(found[0]), nil
}

// auditorValues are those of the auditor in this shop.
func (p *Proof) auditorValues() map[string]any {
	url := p.databaseURL(databaseName, audit.Role, p.state.Passwords[audit.Role], false)
	v := map[string]any{
		"image": p.imageOf("audit"), "metrics": object{"namespace": watchNamespace}, "secrets": object{"create": object{"DATABASE_URL": url}},
	}
	if len(p.DatabaseCIDRs) > 0 {
		v["database"] = object{"cidrs": p.DatabaseCIDRs}
	}
	return v
}
