package cluster

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/cartwright-shop/cartwright/deploy/prove/load"
	"github.com/cartwright-shop/cartwright/deploy/shopclient"
)

// helmTime bounds one release: hooks, images and a roll of all pods.
const helmTime = "5m"

// things is how many SKUs the market of package load has.
const things = 12

// helm runs it on a namespace.
func (p *Proof) helm(ctx context.Context, namespace string, arguments ...string) ([]byte, error) {
	return p.kube.run(ctx, nil, "helm", append([]string{"-n", namespace}, arguments...)...)
}

func (p *Proof) chart(name string) string { return filepath.Join(p.Root, "charts", name) }

// namespaces makes the shop's as an administrator would, restricted and closed, and one for the companion.
func (p *Proof) namespaces(ctx context.Context) error {
	if err := p.remove(ctx); err != nil {
		return err
	}
	if err := p.namespace(ctx, shopNamespace, true); err != nil {
		return err
	}
	at := func(kind, name, namespace string) object {
		meta := object{"name": name}
		if namespace != "" {
			meta["namespace"] = namespace
		}
		version := "v1"
		if kind == "NetworkPolicy" {
			version = "networking.k8s.io/v1"
		}
		return object{"apiVersion": version, "kind": kind, "metadata": meta}
	}
	// The gateway's chart lets it reach public addresses for the issuer's keys. This issuer is in the cluster.
	policy := at("NetworkPolicy", "issuer", shopNamespace)
	policy["spec"] = object{
		"podSelector": object{"matchLabels": object{"app.kubernetes.io/name": "gateway", "app.kubernetes.io/component": "server"}},
		"policyTypes": []any{"Egress"},
		"egress": []any{object{"to": []any{object{
			"namespaceSelector": object{"matchLabels": object{"kubernetes.io/metadata.name": watchNamespace}},
			"podSelector":       object{"matchLabels": object{"app": "companion"}},
		}}}},
	}
	return p.kube.apply(ctx, at("Namespace", watchNamespace, ""), policy)
}

// namespace makes one with the chart for it. Priority classes belong to the whole cluster and are made once.
func (p *Proof) namespace(ctx context.Context, name string, classes bool) error {
	_, err := p.helm(ctx, "kube-system", "upgrade", "--install", name, p.chart("namespace"), "--set", "name="+name,
		"--set", fmt.Sprintf("priorityClasses=%t", classes), "--timeout", helmTime)
	return err
}

// remove takes away what the proof has made in the cluster.
func (p *Proof) remove(ctx context.Context) error {
	if _, err := p.helm(ctx, "kube-system", "uninstall", shopNamespace, "--ignore-not-found"); err != nil {
		return err
	}
	_, err := p.kube.kubectl(ctx, "delete", "namespace", shopNamespace, watchNamespace, "--ignore-not-found", "--timeout=3m")
	return err
}

// values are those of a service in this shop.
func (p *Proof) values(service string) map[string]any {
	v := map[string]any{
		"image":       p.imageOf(service),
		"replicas":    p.Replicas,
		"autoscaling": object{"enabled": false},
		"metrics":     object{"namespace": watchNamespace},
		"mtls":        object{"enabled": true},
		// It stays the same until the next roll, so that a change of scale changes no pod.
		"podAnnotations": object{"proof/round": fmt.Sprint(p.state.Rounds[service])},
	}
	if service != "gateway" {
		v["secrets"] = object{"existing": object{"DATABASE_URL": object{"name": service + "-database", "key": "app"}}}
		v["migration"] = object{"secrets": object{"existing": object{"OWNER_DATABASE_URL": object{"name": service + "-database", "key": "owner"}}}}
		if len(p.DatabaseCIDRs) > 0 {
			v["database"] = object{"cidrs": p.DatabaseCIDRs}
		}
	}
	// Where one small machine is the whole cluster, it stalls for longer than a pool waits by default.
	settings := object{"DATABASE_ACQUIRE_TIMEOUT": "2s"}
	switch service {
	case "gateway":
		v["settings"] = object{"OIDC_ISSUER": issuerURL(), "CORS_ORIGINS": "*"}
		v["smoke"] = object{"image": p.imageOf("smoke"), "args": []any{"-channel", channel}}
	case "payment":
		v["sandbox"] = object{"enabled": true}
		settings["RETURN_URL_HOSTS"] = "localhost,127.0.0.1,shop.example.com"
		v["settings"] = settings
	default:
		v["settings"] = settings
	}
	return v
}

// install installs or upgrades one chart and waits for it. What is in more counts before the values of the shop.
func (p *Proof) install(ctx context.Context, service string, more map[string]any, arguments ...string) error {
	var values map[string]any
	switch service {
	case auditorChart:
		values = p.auditorValues()
	case "sandbox":
		// Its journal is on its node's disk, so it stays on the node that no scenario takes away.
		nodes, err := p.kube.nodes(ctx)
		if err != nil {
			return err
		}
		values = map[string]any{
			"image": p.imageOf("sandbox"), "publicURL": "http://" + p.sandbox, "nodeSelector": object{"kubernetes.io/hostname": nodes[0]},
		}
	default:
		values = p.values(service)
	}
	files := []string{}
	for n, part := range []map[string]any{values, more} {
		text, err := json.Marshal(part)
		if err != nil {
			return err
		}
		file := filepath.Join(p.Dir, fmt.Sprintf("%s-%d.json", service, n))
		if err := os.WriteFile(file, text, 0o600); err != nil {
			return err
		}
		files = append(files, "--values", file)
	}
	if !slices.Contains(arguments, "--timeout") {
		arguments = append(arguments, "--timeout", helmTime)
	}
	_, err := p.helm(ctx, shopNamespace, slices.Concat([]string{"upgrade", "--install", service, p.chart(service), "--wait"}, files, arguments)...)
	return err
}

// roll upgrades a service to a release that differs in nothing but an annotation of its pods: all of them are made anew.
func (p *Proof) roll(ctx context.Context, service string) error {
	p.state.Rounds[service]++
	return p.install(ctx, service, nil)
}

// openShop puts something on sale.
func (p *Proof) openShop(ctx context.Context) error {
	base := "http://" + p.gateway
	err := waitFor(ctx, time.Minute, "the gateway answers", func(ctx context.Context) (bool, error) {
		err := shopclient.New(base).Do(ctx, shopclient.Call{Verb: "GET", Path: "/v1/channels"}, nil)
		return err == nil, err
	})
	if err != nil {
		return err
	}
	market, err := load.Open(ctx, shopclient.New(base), shopclient.New(base).WithToken(p.staff), "http://"+p.sandbox)
	if err != nil {
		return err
	}
	p.state.SKUs = nil
	for n := range things {
		p.state.SKUs = append(p.state.SKUs, market.SKU(n))
	}
	return p.save()
}
