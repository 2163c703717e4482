package cluster

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"sort"
	"strings"
	"sync"
	"time"
)

// dialled is how long a pod that tries connections may take.
const dialled = 2 * time.Minute

// edges are who may open connections to whom, by callgraph.json: what network policies are made of.
func (p *Proof) edges() (map[string][]string, error) {
	text, err := os.ReadFile(filepath.Join(p.Root, "charts", "lib", "callgraph.json"))
	if err != nil {
		return nil, err
	}
	var graph struct {
		Calls   map[string][]string `json:"calls"`
		Sandbox map[string][]string `json:"sandbox"`
	}
	if err := json.Unmarshal(text, &graph); err != nil {
		return nil, err
	}
	edges := graph.Calls
	for from, to := range graph.Sandbox {
		edges[from] = append(edges[from], to...)
	}
	for _, service := range withDatabase() {
		edges[service] = append(edges[service], "postgres")
	}
	edges["gateway"] = append(edges["gateway"], "issuer")
	return edges, nil
}

// targets are where connections could go, by name.
func (p *Proof) targets(ctx context.Context) (map[string]string, error) {
	list := map[string]string{}
	for _, name := range append([]string{"sandbox"}, services[:]...) {
		pods, err := p.kube.pods(ctx, name)
		if err != nil || len(pods) == 0 {
			return nil, errors.Join(fmt.Errorf("no pod of %s", name), err)
		}
		port := map[string]string{"gateway": ":8080", "sandbox": ":8081"}[name]
		if port == "" {
			port = ":9000"
		}
		list[name] = pods[0].Status.PodIP + port
		if name != "sandbox" {
			list[name+" ops"] = pods[0].Status.PodIP + ":9090"
		}
	}
	u, err := url.Parse(p.Postgres)
	if err != nil {
		return nil, err
	}
	list["postgres"] = u.Host
	if u.Port() == "" {
		list["postgres"] = net.JoinHostPort(u.Hostname(), "5432")
	}
	list["issuer"] = strings.TrimPrefix(issuerURL(), "http://")
	return list, nil
}

// network tries every connection from a pod with the labels of each service, and from one outside of the shop: what the call graph
// declares must be open, and nothing else.
func (p *Proof) network(ctx context.Context) (outcome, error) {
	edges, err := p.edges()
	if err != nil {
		return outcome{}, err
	}
	targets, err := p.targets(ctx)
	if err != nil {
		return outcome{}, err
	}
	var problems []error
	open, shut := 0, 0
	check := func(from string, allowed []string, reached map[string]bool) {
		for to := range targets {
			may := slices.Contains(allowed, to)
			if reached[to] {
				open++
			} else {
				shut++
			}
			if reached[to] != may {
				problems = append(problems, fmt.Errorf("%s → %s: open %t, declared %t", from, to, reached[to], may))
			}
		}
	}
	everyone := append([]string{"sandbox"}, services[:]...)
	found, err := p.dialFromAll(ctx, everyone, targets)
	if err != nil {
		return outcome{}, err
	}
	for n, from := range everyone {
		check(from, edges[from], found[n])
	}
	outside := []string{"gateway", "sandbox", "postgres", "issuer"}
	for name := range targets {
		if strings.HasSuffix(name, " ops") { // who looks at metrics is in the companion's namespace
			outside = append(outside, name)
		}
	}
	reached := p.dialOutside(ctx, targets)
	check("outside", outside, reached)
	sort.Slice(problems, func(a, b int) bool { return problems[a].Error() < problems[b].Error() })
	return outcome{note: fmt.Sprintf("%d connections tried: %d open, %d refused, as declared", open+shut, open, shut)}, errors.Join(problems...)
}

// dialOutside does that from the companion, which is outside of the shop.
func (p *Proof) dialOutside(ctx context.Context, targets map[string]string) map[string]bool {
	reached := map[string]bool{}
	var (
		mu      sync.Mutex
		waiting sync.WaitGroup
	)
	for name, address := range targets {
		waiting.Go(func() {
			conn, err := p.way.dial(ctx, address)
			if err == nil {
				_ = conn.Close()
			}
			mu.Lock()
			defer mu.Unlock()
			reached[name] = err == nil
		})
	}
	waiting.Wait()
	return reached
}

// dialFromAll does that from a pod of each at the same time.
func (p *Proof) dialFromAll(ctx context.Context, from []string, targets map[string]string) ([]map[string]bool, error) {
	found, problems := make([]map[string]bool, len(from)), make([]error, len(from))
	var waiting sync.WaitGroup
	for n, name := range from {
		waiting.Go(func() { found[n], problems[n] = p.dialFrom(ctx, name, targets) })
	}
	waiting.Wait()
	return found, errors.Join(problems...)
}

// dialFrom runs a pod with the labels of a service, which never gets ready and so gets no requests, and returns where it got through.
func (p *Proof) dialFrom(ctx context.Context, from string, targets map[string]string) (map[string]bool, error) {
	name := "dial-" + from
	arguments := []any{"dial"}
	for target, address := range targets {
		arguments = append(arguments, target+"="+address)
	}
	err := p.kube.apply(ctx, object{
		"apiVersion": "v1", "kind": "Pod",
		"metadata": object{"name": name, "namespace": shopNamespace, "labels": object{
			"app.kubernetes.io/name": from, "app.kubernetes.io/instance": from, "app.kubernetes.io/component": "server", "app.kubernetes.io/part-of": "cartwright",
		}},
		"spec": object{
			"restartPolicy": "Never", "automountServiceAccountToken": false,
			"securityContext": object{"runAsNonRoot": true, "runAsUser": 10001, "seccompProfile": object{"type": "RuntimeDefault"}},
			"containers": []any{object{
				"name": "dial", "image": p.imageName("companion"), "args": arguments,
				"readinessProbe": object{"tcpSocket": object{"port": 1}},
				"securityContext": object{
					"allowPrivilegeEscalation": false, "readOnlyRootFilesystem": true, "capabilities": object{"drop": []any{"ALL"}},
				},
			}},
		},
	})
	if err != nil {
		return nil, err
	}
	defer func() {
		_, _ = p.kube.kubectl(context.WithoutCancel(ctx), "-n", shopNamespace, "delete", "pod", name, "--ignore-not-found", "--wait=false")
	}()
	err = waitFor(ctx, dialled, name+" has tried", func(ctx context.Context) (bool, error) {
		phase, err := p.kube.kubectl(ctx, "-n", shopNamespace, "get", "pod", name, "-o", "jsonpath={.status.phase}")
		return string(phase) == "Succeeded", err
	})
	if err != nil {
		return nil, err
	}
	text, err := p.kube.kubectl(ctx, "-n", shopNamespace, "logs", name)
	if err != nil {
		return nil, err
	}
	reached := map[string]bool{}
	return reached, json.Unmarshal(text, &reached)
}
