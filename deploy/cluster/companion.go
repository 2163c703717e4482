package cluster

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/cartwright-shop/cartwright/deploy/cluster/companion"
	"github.com/cartwright-shop/cartwright/deploy/cluster/steady"
	"github.com/cartwright-shop/cartwright/deploy/local/issuer"
)

const (
	reaperPort = "8082"
	webTime    = 20 * time.Second
)

// issuerURL is who signs the tokens, as the gateway finds it.
func issuerURL() string {
	return "http://companion." + watchNamespace + ".svc.cluster.local:" + companion.WebPort
}

// inShop is the name of a Service of the shop.
func inShop(name string, port int) string {
	return fmt.Sprintf("%s.%s.svc.cluster.local:%d", name, shopNamespace, port)
}

// object is a Kubernetes object.
type object = map[string]any

func podOf(name string, labels object, spec object) object {
	return object{"selector": object{"matchLabels": object{"app": name}}, "template": object{"metadata": object{"labels": labels}, "spec": spec}}
}

// companion puts the companion on the node that no scenario takes away, and a reaper on every node.
func (p *Proof) companion(ctx context.Context) error {
	nodes, err := p.kube.nodes(ctx)
	if err != nil {
		return err
	}
	labels := object{"app": "companion"}
	serve := object{
		"nodeSelector":                  object{"kubernetes.io/hostname": nodes[0]},
		"dnsConfig":                     object{"options": []any{object{"name": "ndots", "value": "1"}}}, // names are written out
		"terminationGracePeriodSeconds": 1,
		"containers": []any{object{
			"name": "companion", "image": p.imageName("companion"), "args": []any{"serve", issuerURL()},
			"ports":          []any{object{"containerPort": number(companion.WebPort)}},
			"readinessProbe": object{"tcpSocket": object{"port": number(companion.WebPort)}, "periodSeconds": 1},
		}},
	}
	reap := object{
		"hostPID": true, "terminationGracePeriodSeconds": 1, "tolerations": []any{object{"operator": "Exists"}},
		"containers": []any{object{
			"name": "reaper", "image": p.imageName("companion"), "args": []any{"reap", ":" + reaperPort},
			"securityContext": object{"privileged": true, "runAsUser": 0},
		}},
	}
	at := func(name string) object { return object{"name": name, "namespace": watchNamespace} }
	deployment := podOf("companion", labels, serve)
	deployment["replicas"] = 1
	err = p.kube.apply(ctx,
		object{"apiVersion": "apps/v1", "kind": "Deployment", "metadata": at("companion"), "spec": deployment},
		object{"apiVersion": "apps/v1", "kind": "DaemonSet", "metadata": at("reaper"), "spec": podOf("reaper", object{"app": "reaper"}, reap)},
		object{"apiVersion": "v1", "kind": "Service", "metadata": at("companion"), "spec": object{
			"selector": labels, "ports": []any{object{"port": number(companion.WebPort)}},
		}},
	)
	if err != nil {
		return err
	}
	if err := p.kube.rolledOut(ctx, watchNamespace, "companion"); err != nil {
		return err
	}
	return p.openWay(ctx)
}

func number(port string) int {
	n, _ := strconv.Atoi(port) // a constant
	return n
}

// openWay gives every part of the shop an address on this machine.
func (p *Proof) openWay(ctx context.Context) error {
	way, err := openWayIn(ctx, p.kube)
	if err != nil {
		return err
	}
	p.way = way
	database, err := url.Parse(p.Postgres)
	if err != nil {
		return fmt.Errorf("the administrator's URL: %w", err)
	}
	at := database.Host
	if database.Port() == "" {
		at = net.JoinHostPort(database.Hostname(), "5432")
	}
	for _, one := range []struct {
		to   *string
		port int
		at   string
	}{
		{&p.gateway, 0, inShop("gateway", 80)}, {&p.sandbox, p.state.SandboxPort, inShop("sandbox", 8081)}, {&p.postgres, 0, at},
		{&p.web, 0, strings.TrimPrefix(issuerURL(), "http://")},
	} {
		if *one.to, err = way.listen(ctx, one.port, one.at); err != nil {
			return err
		}
	}
	_, port, err := net.SplitHostPort(p.sandbox)
	if err != nil {
		return err
	}
	p.state.SandboxPort = number(port)
	p.issuer = "http://" + p.web
	return p.token(ctx)
}

// token asks the issuer for one that may do everything.
func (p *Proof) token(ctx context.Context) error {
	body, err := json.Marshal(issuer.Claims{Subject: "staff-proof", Email: "staff@example.com", Scope: strings.Join(issuer.StaffScopes, " ")})
	if err != nil {
		return err
	}
	var answer struct {
		AccessToken string `json:"access_token"`
	}
	if err := p.ask(ctx, http.MethodPost, "/token", body, &answer); err != nil {
		return err
	}
	p.staff = answer.AccessToken
	return nil
}

// ask calls the companion.
func (p *Proof) ask(ctx context.Context, verb, path string, body []byte, out any) error {
	text, err := fetch(ctx, verb, p.issuer+path, body)
	if err != nil || out == nil {
		return err
	}
	return json.Unmarshal(text, out)
}

// fetch returns the body of a good answer.
func fetch(ctx context.Context, verb, address string, body []byte) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, webTime)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, verb, address, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	answer, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Do(request)
	if err != nil {
		return nil, err
	}
	defer func() { _ = answer.Body.Close() }()
	text, err := io.ReadAll(answer.Body)
	if err == nil && answer.StatusCode/100 != 2 {
		err = fmt.Errorf("%s %s: %s: %.300s", verb, address, answer.Status, text)
	}
	return text, err
}

// figures are those of the load.
func (p *Proof) figures(ctx context.Context) (steady.Figures, error) {
	var f steady.Figures
	return f, p.ask(ctx, http.MethodGet, "/load", nil, &f)
}

// startLoad lets buyers in, unless they are there already. Those that an audit has sent away are gone.
func (p *Proof) startLoad(ctx context.Context) error {
	if running, err := p.figures(ctx); err == nil && !running.Ended {
		return nil
	}
	settings, err := json.Marshal(steady.Settings{
		Gateway: "http://" + inShop("gateway", 80), Channel: channel, SKUs: p.state.SKUs, Rate: p.Rate, Buyers: max(8, int(p.Rate)),
	})
	if err != nil {
		return err
	}
	return p.ask(ctx, http.MethodPost, "/load", settings, nil)
}
