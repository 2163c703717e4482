package cluster

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"time"
)

// installShop installs every chart by itself, opens a market and has Helm test each release.
func (p *Proof) installShop(ctx context.Context) (outcome, error) {
	began := time.Now()
	for _, name := range append([]string{"sandbox"}, services[:]...) {
		if err := p.install(ctx, name, nil); err != nil {
			return outcome{}, errors.Join(err, p.explain(ctx, shopNamespace))
		}
		p.say("  %s is installed", name)
	}
	took := time.Since(began)
	if err := p.openShop(ctx); err != nil {
		return outcome{}, err
	}
	for _, name := range services {
		if output, err := p.helm(ctx, shopNamespace, "test", name, "--logs", "--timeout", "2m"); err != nil {
			return outcome{}, fmt.Errorf("%w: %s", err, tail(output))
		}
	}
	return outcome{note: fmt.Sprintf("seven charts in %.0f s, helm test of each", took.Seconds())}, nil
}

func tail(output []byte) string {
	text := strings.TrimSpace(string(output))
	return text[max(0, len(text)-600):]
}

// explain tells what a namespace is waiting for.
func (p *Proof) explain(ctx context.Context, namespace string) error {
	pods, _ := p.kube.kubectl(ctx, "-n", namespace, "get", "pods", "--no-headers")
	events, _ := p.kube.kubectl(ctx, "-n", namespace, "get", "events", "--field-selector", "type=Warning", "--no-headers", "--sort-by", ".lastTimestamp")
	return fmt.Errorf("pods:\n%s\nwarnings:\n%s", pods, tail(events))
}

// atOnce is how many charts are installed alone at the same time.
const atOnce = 3

// alone is a database for charts that are given nothing but an administrator's URL.
const alone = databaseName + "_alone"

// chartsAlone lints each chart and installs it into an empty namespace with only the URL of a Postgres administrator, upgrades it, rolls
// it back and takes it away.
func (p *Proof) chartsAlone(ctx context.Context) (outcome, error) {
	if err := p.fresh(ctx, alone); err != nil {
		return outcome{}, err
	}
	problems := make([]error, len(services), len(services)+1)
	var waiting sync.WaitGroup
	room := make(chan struct{}, atOnce)
	for n, service := range services {
		waiting.Go(func() {
			room <- struct{}{}
			defer func() { <-room }()
			if err := p.chartAlone(ctx, service); err != nil {
				problems[n] = fmt.Errorf("%s: %w", service, err)
			}
		})
	}
	waiting.Wait()
	// Roles belong to the server, and have the passwords of those charts now.
	problems = append(problems, p.provision(ctx))
	return outcome{note: "lint, install, upgrade and roll back of six charts, each in a namespace of its own"}, errors.Join(problems...)
}

func (p *Proof) chartAlone(ctx context.Context, service string) error {
	namespace := shopNamespace + "-alone-" + service
	if err := p.namespace(ctx, namespace, false); err != nil {
		return err
	}
	defer func() {
		ctx := context.WithoutCancel(ctx)
		_, _ = p.helm(ctx, "kube-system", "uninstall", namespace, "--ignore-not-found")
		_, _ = p.kube.kubectl(ctx, "delete", "namespace", namespace, "--ignore-not-found", "--wait=false")
	}()
	settings := []string{"--set", "image.registry=" + p.Pull, "--set", "image.repository=" + service, "--set", "image.digest=" + p.state.Digests[service]}
	if service == "gateway" {
		settings = append(settings, "--set", "settings.OIDC_ISSUER="+issuerURL())
	} else {
		settings = append(settings, "--set", "global.database.adminURL="+p.databaseURL(alone, "", "", false),
			"--set", "migration.provision.registry="+p.Pull, "--set", "migration.provision.repository=provision",
			"--set", "migration.provision.digest="+p.state.Digests["provision"])
	}
	if _, err := p.kube.run(ctx, nil, "helm", append([]string{"lint", "--quiet", "--strict", p.chart(service)}, settings...)...); err != nil {
		return err
	}
	settings = append(settings, "--wait", "--timeout", "3m")
	steps := [][]string{
		append([]string{"install", service, p.chart(service)}, settings...),
		append([]string{"upgrade", service, p.chart(service), "--set", "podAnnotations.round=two"}, settings...),
		{"rollback", service, "1", "--wait", "--timeout", "3m"},
	}
	if service != "gateway" { // its test buys something, for which it needs the others
		steps = append(steps, []string{"test", service, "--timeout", "1m"})
	}
	for _, step := range append(steps, []string{"uninstall", service, "--wait"}) {
		if output, err := p.helm(ctx, namespace, step...); err != nil {
			return errors.Join(fmt.Errorf("helm %s: %w: %s", step[0], err, tail(output)), p.explain(ctx, namespace))
		}
	}
	p.say("  %s alone", service)
	return nil
}

var (
	summary  = regexp.MustCompile(`(?m)^--- (PASS|FAIL|SKIP): `)
	complain = regexp.MustCompile(`(?m)^\s*(--- FAIL: .*|FAIL: .*)$`)
	leftOut  = regexp.MustCompile(`(?m)^NOT RUN: (\S+)`)
)

// acceptance runs the journeys of deploy/acceptance against the gateway in the cluster.
func (p *Proof) acceptance(ctx context.Context) (outcome, error) {
	command := exec.CommandContext(ctx, "go", "test", "-count=1", "-v", "-timeout=20m", "./acceptance")
	command.Dir = filepath.Join(p.Root, "deploy")
	command.Env = append(os.Environ(), "GOWORK=off", "ACCEPTANCE_URL=http://"+p.gateway, "ACCEPTANCE_STAFF_TOKEN="+p.staff,
		"ACCEPTANCE_ISSUER="+p.issuer, "ACCEPTANCE_SANDBOX=http://"+p.sandbox)
	var output bytes.Buffer
	command.Stdout, command.Stderr = &output, &output
	err := command.Run()
	if written := os.WriteFile(filepath.Join(p.Dir, "acceptance.log"), output.Bytes(), 0o644); written != nil {
		err = errors.Join(err, written)
	}
	journeys := map[string]int{}
	for _, match := range summary.FindAllSubmatch(output.Bytes(), -1) {
		journeys[string(match[1])]++
	}
	var left []string
	for _, match := range leftOut.FindAllSubmatch(output.Bytes(), -1) {
		left = append(left, strings.TrimSuffix(string(match[1]), ":"))
	}
	told := outcome{note: fmt.Sprintf("%d journeys passed, %d failed; left out: %s", journeys["PASS"], journeys["FAIL"], strings.Join(left, " "))}
	if err != nil {
		err = fmt.Errorf("%w: %s", err, bytes.Join(complain.FindAll(output.Bytes(), 12), []byte("; ")))
	}
	return told, err
}
