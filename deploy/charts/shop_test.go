package charts_test

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	"sigs.k8s.io/yaml"

	"github.com/cartwright-shop/cartwright/deploy/charts"
)

const wholeShop = `
global:
  imageRegistry: registry.example.com
  database: {address: "db:5432/shop?sslmode=require", appPassword: a/b c, ownerPassword: d}
  sandbox: {enabled: true}
  mtls: {enabled: true, certificate: {enabled: true, issuer: {name: shop}}}
gateway:
  settings: {OIDC_ISSUER: https://identity.example.com}
`

// auditedShop adds the auditor.
const auditedShop = `auditor: {enabled: true, compareWithSandbox: true}`

// declared are the edges of the graph as a simulation of the policies prints them.
// with are the programs beside the services that are there.
func declared(t *testing.T, with ...string) []string {
	t.Helper()
	g := graph(t)
	var edges []string
	for caller, peers := range g.Calls {
		for _, peer := range peers {
			edges = append(edges, fmt.Sprintf("%s -> %s:9000", caller, peer))
		}
	}
	// The gateway's port is open to all, but of the shop only the sandbox provider may go out to it.
	require.Equal(t, map[string][]string{"audit": {"sandbox"}, "payment": {"sandbox"}, "sandbox": {"gateway"}}, g.Sandbox)
	if slices.Contains(with, "sandbox") {
		edges = append(edges, "payment -> sandbox:8081", "sandbox -> gateway:8080")
	}
	if slices.Contains(with, charts.Auditor) {
		edges = append(edges, "audit -> sandbox:8081")
	}
	slices.Sort(edges)
	return edges
}

// When it fails, a service can be called by one that nobody decided on, or a call that a checkout needs is refused.
func TestPoliciesOfAShopAreTheCallGraph(t *testing.T) {
	t.Parallel()
	whole := decode(t, render(t, install(t, "shop", wholeShop)))
	require.Equal(t, declared(t, "sandbox"), whole.Edges())

	for _, open := range []string{"true", "false"} {
		audited := decode(t, render(t, install(t, "shop", wholeShop, auditedShop, "sandbox: {networkPolicy: {openToBuyers: "+open+"}}")))
		require.Equal(t, declared(t, "sandbox", charts.Auditor), audited.Edges())
	}

	apart := &charts.Manifest{}
	for _, chart := range charts.Programs() {
		apart.Objects = append(apart.Objects, decode(t, render(t, install(t, chart, least(chart)))).Objects...)
	}
	require.Equal(t, declared(t), apart.Edges())

	open := strings.ReplaceAll(render(t, install(t, "shop", wholeShop)), "              app.kubernetes.io/name: cart\n", "")
	require.Contains(t, decode(t, open).Edges(), "payment -> product:9000", "the simulation must see an edge more")
}

// When it fails, a whole shop cannot be installed in one step, or its services do not find each other.
func TestTheUmbrellaIsEveryService(t *testing.T) {
	t.Parallel()
	manifest, notes, err := install(t, "shop", wholeShop).Render()
	require.NoError(t, err)
	m := decode(t, manifest)
	for _, name := range append(charts.Services(), "sandbox") {
		require.Contains(t, m.Names(), "Deployment shop-"+name)
		require.Contains(t, m.Names(), "Service shop-"+name)
		require.Contains(t, manifest, "image: registry.example.com/cartwright/"+name+":0.1.0")
	}
	require.NotContains(t, m.Names(), "Deployment shop-auditor", "it is for those who ask for it")
	require.Contains(t, manifest, `"postgres://cart_app:a%2Fb%20c@db:5432/shop?sslmode=require"`)
	require.Contains(t, manifest, `"postgres://cart_owner:d@db:5432/shop?sslmode=require"`)
	require.Contains(t, manifest, `{name: SANDBOX_URL, value: "http://shop-sandbox:8081"}`)
	require.Contains(t, manifest, `"http://shop-gateway/webhooks/sandbox"`)
	require.Contains(t, notes, "helm -n shop test shop")
	require.Len(t, slices.Compact(slices.Sorted(slices.Values(m.Names()))), len(m.Names()))

	for _, name := range []string{"cart", "blue-cart", "blue-auditor"} {
		i := install(t, "shop", wholeShop)
		i.Release = name
		_, _, err := i.Render()
		require.ErrorContains(t, err, "cannot be called as one of its services")
	}
}

// When it fails, a namespace takes pods that a restricted one refuses, or lets talk what no policy names.
func TestTheNamespaceIsRestrictedAndClosed(t *testing.T) {
	t.Parallel()
	m := decode(t, render(t, install(t, "namespace", "labels: {elbv2.k8s.aws/pod-readiness-gate-inject: enabled}")))
	found := 0
	for _, o := range m.Objects {
		switch o := o.(type) {
		case *corev1.Namespace:
			found++
			for _, mode := range []string{"enforce", "audit", "warn"} {
				require.Equal(t, "restricted", o.Labels["pod-security.kubernetes.io/"+mode])
			}
			require.Equal(t, "enabled", o.Labels["elbv2.k8s.aws/pod-readiness-gate-inject"])
		case *networkingv1.NetworkPolicy:
			found++
			require.Equal(t, networkingv1.NetworkPolicySpec{PolicyTypes: []networkingv1.PolicyType{"Ingress", "Egress"}}, o.Spec)
		}
	}
	require.Equal(t, 2, found)
	require.Contains(t, m.Names(), "PriorityClass cartwright-critical")
	require.NotContains(t, decode(t, render(t, install(t, "namespace", "priorityClasses: false"))).Names(), "PriorityClass cartwright-critical")
}

// auditing are the connections of audits by hand and of administrators, and those that Postgres keeps for superusers.
const auditing = 4 + 3

// budget is the most connections that the services of an environment open, and how many of the database's they may: 80 %.
func budget(t *testing.T, maxConnections int, texts func(chart string) []string) (used, allowed int) {
	t.Helper()
	for _, chart := range charts.Programs() {
		used += release(t, chart, render(t, install(t, chart, texts(chart)...))).Connections()
	}
	return used + auditing, maxConnections * 8 / 10
}

// When it fails, a wave of buyers makes services scale until the database refuses connections: to all of them.
func TestConnectionsFitTheDatabase(t *testing.T) {
	t.Parallel()
	for _, env := range []string{"staging", "production"} {
		var database struct {
			MaxConnections int `json:"maxConnections"`
		}
		text, err := os.ReadFile(filepath.Join(root, "deploy/env", env, "database.yaml"))
		require.NoError(t, err)
		require.NoError(t, yaml.UnmarshalStrict(text, &database))
		of := func(chart string) []string { return []string{environment(t, env, chart), digest} }
		used, allowed := budget(t, database.MaxConnections, of)
		require.LessOrEqual(t, used, allowed, env)
		require.Greater(t, used, allowed/8, "%s: the sum has forgotten somebody", env)

		more := func(chart string) []string {
			if chart == charts.Auditor {
				return of(chart)
			}
			return append(of(chart), "autoscaling: {maxReplicas: 100}")
		}
		used, allowed = budget(t, database.MaxConnections, more)
		require.Greater(t, used, allowed, "%s: the budget must be one", env)
	}
	used, allowed := budget(t, 300, func(chart string) []string { return []string{least(chart)} })
	require.LessOrEqual(t, used, allowed, "the values that charts start from fit a server with 300 connections")
}

// When it fails, what a release tool would install is not what was tested.
func TestEnvironmentsNameEveryService(t *testing.T) {
	t.Parallel()
	want := append(charts.Programs(), "database")
	slices.Sort(want)
	for _, env := range []string{"staging", "production"} {
		found := map[string]bool{}
		entries, err := os.ReadDir(filepath.Join(root, "deploy/env", env))
		require.NoError(t, err)
		for _, e := range entries {
			found[strings.TrimSuffix(e.Name(), ".yaml")] = true
		}
		delete(found, "sandbox")
		require.Equal(t, want, slices.Sorted(maps.Keys(found)), env)
		for _, chart := range charts.Programs() {
			_, _, err := install(t, chart, environment(t, env, chart)).Render()
			require.ErrorContains(t, err, "image.digest: must be set", "%s %s", env, chart)
		}
	}
	require.NoFileExists(t, filepath.Join(root, "deploy/env/production/sandbox.yaml"), "real orders must not be paid at the sandbox provider")
	require.NotContains(t, environment(t, "production", "payment"), "sandbox")
}

// When it fails, the gateway cannot be reached from outside, or is reached without its load balancer knowing which pods are ready.
func TestTheGatewayHasARoute(t *testing.T) {
	t.Parallel()
	gatewayAPI := render(t, install(t, "gateway", least("gateway"), "route: {kind: gateway, hostnames: [shop.example.com], gateway: {name: public, namespace: edge}}"))
	require.Contains(t, decode(t, gatewayAPI).Names(), "HTTPRoute gateway")
	alb := render(t, install(t, "gateway", least("gateway"), "route: {kind: alb, alb: {certificateArn: 'arn:aws:acm:x'}, healthCheckCidrs: [10.1.0.0/16]}"))
	require.Contains(t, decode(t, alb).Names(), "Ingress gateway")
	require.Contains(t, alb, "deregistration_delay.timeout_seconds=30")
	require.Contains(t, alb, "cidr: 10.1.0.0/16")
	require.NotContains(t, decode(t, render(t, install(t, "gateway", least("gateway")))).Names(), "Ingress gateway")
}

// When it fails, a shop cannot get certificates in one step: a service is left out of those that know each other and nobody talks to it.
func TestOneValueGivesEveryServiceACertificate(t *testing.T) {
	t.Parallel()
	without := render(t, install(t, "shop", strings.ReplaceAll(wholeShop, "mtls: {enabled: true", "mtls: {enabled: false")))
	require.NotContains(t, without, "MTLS_")
	require.NotContains(t, without, "kind: Certificate")
	require.Equal(t, len(charts.Services())-1, strings.Count(without, "appProtocol: kubernetes.io/h2c"))

	byHand := render(t, install(t, "shop", wholeShop, "global: {mtls: {certificate: {enabled: false}}}"))
	require.NotContains(t, byHand, "kind: Certificate")
	for _, chart := range charts.Services() {
		require.Contains(t, byHand, "secretName: shop-"+chart+"-tls\n")
		require.Contains(t, render(t, install(t, "shop", wholeShop)), "- spiffe://cartwright/service/"+chart+"\n")
	}
	require.NotContains(t, byHand, "secretName: shop-sandbox-tls")
	require.NotContains(t, byHand, "kubernetes.io/h2c")
}
