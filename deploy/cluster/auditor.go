package cluster

import (
	"context"
	"errors"
	"fmt"
	"regexp"

	"github.com/cartwright-shop/cartwright/deploy/audit"
)

// auditorChart is the name of the auditor's chart, and of its release.
const auditorChart = "auditor"

// sums is the line in which the auditor sums an audit up.
var sums = regexp.MustCompile(`\d+ invariants: .*, (\d+) violated, .*`)

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
	found := sums.FindSubmatch(log)
	switch {
	case found == nil:
		return outcome{}, fmt.Errorf("no audit was printed: %s", tail(log))
	case string(found[1]) != "0":
		return outcome{}, fmt.Errorf("violated while people buy: %s", tail(log))
	}
	return outcome{note: "while people buy: " + string(found[0])}, nil
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
