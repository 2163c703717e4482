package charts_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"sigs.k8s.io/yaml"

	"github.com/cartwright-shop/cartwright/deploy/charts"
)

const root = "../.."

func values(t *testing.T, text string) map[string]any {
	t.Helper()
	table := map[string]any{}
	require.NoError(t, yaml.UnmarshalStrict([]byte(text), &table), text)
	return table
}

// dsn is the least that a service with a database needs.
const dsn = `
secrets: {create: {DATABASE_URL: "postgres://app:a@db/shop"}}
migration: {secrets: {create: {OWNER_DATABASE_URL: "postgres://owner:b@db/shop"}}}
`

// least is the least that a chart needs to be installed alone.
func least(chart string) string {
	switch chart {
	case "gateway":
		return "settings: {OIDC_ISSUER: https://identity.example.com}"
	case "sandbox", "namespace":
		return ""
	case charts.Auditor:
		return `secrets: {create: {DATABASE_URL: "postgres://auditor:a@db/shop"}}`
	default:
		return dsn
	}
}

func install(t *testing.T, chart string, texts ...string) charts.Install {
	t.Helper()
	i := charts.Install{Root: root, Chart: "charts/" + chart}
	for _, text := range texts {
		i.Values = append(i.Values, values(t, text))
	}
	return i
}

func render(t *testing.T, i charts.Install) string {
	t.Helper()
	manifest, _, err := i.Render()
	require.NoError(t, err)
	return manifest
}

func decode(t *testing.T, text string) *charts.Manifest {
	t.Helper()
	m, err := charts.Decode(text)
	require.NoError(t, err)
	return m
}

func graph(t *testing.T) charts.Graph {
	t.Helper()
	g, err := charts.ReadGraph(root)
	require.NoError(t, err)
	return g
}

// longestCall is how many seconds the gateway works on a request, and with it everybody behind it.
func longestCall(t *testing.T) int64 {
	t.Helper()
	settings, err := charts.Settings(root, "gateway")
	require.NoError(t, err)
	at := slices.IndexFunc(settings, func(s charts.Setting) bool { return s.Name == "REQUEST_DEADLINE" })
	require.GreaterOrEqual(t, at, 0)
	limit, err := time.ParseDuration(settings[at].Default)
	require.NoError(t, err)
	return int64(limit / time.Second)
}

func release(t *testing.T, chart, manifest string) *charts.Release {
	t.Helper()
	return &charts.Release{Manifest: decode(t, manifest), Chart: chart, Graph: graph(t), LongestCall: longestCall(t)}
}

func environment(t *testing.T, env, chart string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, "deploy/env", env, chart+".yaml"))
	require.NoError(t, err)
	return string(text)
}

// digest is what the release tool adds.
const digest = `image: {digest: "sha256:` + "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef" + `"}`

// switched turns everything on that values can turn on.
const switched = `
mtls: {enabled: true, certificate: {enabled: true, issuer: {name: shop}}}
metrics: {annotations: true, serviceMonitor: {enabled: true, labels: {release: prometheus}}, podLabels: {app: prometheus}}
tracing: {endpoint: "http://otel.tracing:4317", namespace: tracing}
networkPolicy: {podIdentity: true, egress: [{cidr: 10.99.0.0/16, ports: [443]}], dns: {cidrs: [169.254.20.10/32]}}
autoscaling: {inFlight: {enabled: true}}
database: {ca: {configMap: database-ca}}
nodeSelector: {kubernetes.io/arch: amd64}
tolerations: [{key: shop, operator: Exists}]
imagePullSecrets: [{name: registry}]
podAnnotations: {example.com/team: shop}
serviceAccount: {annotations: {example.com/team: shop}}
settings: {LOG_LEVEL: debug, TRACE_RATIO: 0.5}
`

// switchedAuditor does so for the auditor.
const switchedAuditor = `
metrics: {annotations: true, serviceMonitor: {enabled: true, labels: {release: prometheus}}, podLabels: {app: prometheus}}
networkPolicy: {dns: {cidrs: [169.254.20.10/32]}}
database: {ca: {configMap: database-ca}, maxConnections: 4}
nodeSelector: {kubernetes.io/arch: amd64}
tolerations: [{key: shop, operator: Exists}]
imagePullSecrets: [{name: registry}]
podAnnotations: {example.com/team: shop}
serviceAccount: {annotations: {example.com/team: shop}}
compareWithSandbox: true
only: [I3, I4]
textBudget: 100000000
`

// everything is all that values can turn on in a chart.
func everything(chart string) string {
	if chart == charts.Auditor {
		return switchedAuditor
	}
	return switched
}

// oneURL is all that is known of a database that nobody has prepared.
const oneURL = `global: {database: {adminURL: "postgres://admin:pa%20ss@db:5432/shop?sslmode=require"}}`

func issuer(chart string) string {
	if chart == "gateway" {
		return least(chart)
	}
	return ""
}

// ways are the values under which every rule holds.
func ways(t *testing.T, chart string) map[string][]string {
	t.Helper()
	list := map[string][]string{
		"alone":      {least(chart)},
		"switched":   {least(chart), everything(chart)},
		"staging":    {environment(t, "staging", chart), digest},
		"production": {environment(t, "production", chart), digest},
		"one URL":    {issuer(chart), oneURL},
	}
	if chart == charts.Auditor {
		list["external URL, role to make"] = []string{environment(t, "production", chart), digest, oneURL}
		return list
	}
	list["fixed"] = []string{least(chart), "autoscaling: {enabled: false}"}
	list["certified"] = []string{least(chart), "mtls: {enabled: true}"}
	return list
}

// When it fails, a service would go to a cluster without one of the properties that keep it up, closed and replaceable.
func TestReleasesKeepTheRules(t *testing.T) {
	t.Parallel()
	for _, chart := range charts.Programs() {
		for way, texts := range ways(t, chart) {
			t.Run(chart+" "+way, func(t *testing.T) {
				t.Parallel()
				r := release(t, chart, render(t, install(t, chart, texts...)))
				r.Production = way == "production"
				for _, rule := range charts.Rules() {
					require.Empty(t, rule.Check(r), "%s: %s", rule.Name, rule.Why)
				}
			})
		}
	}
}

// When it fails, the stand-in for a payment provider is the hole through which a staging cluster is entered.
func TestTheSandboxKeepsTheRulesOfPods(t *testing.T) {
	t.Parallel()
	for _, texts := range [][]string{{}, {"networkPolicy: {openToBuyers: false}"}, {environment(t, "staging", "sandbox"), digest}} {
		r := release(t, "sandbox", render(t, install(t, "sandbox", texts...)))
		for _, rule := range charts.Rules() {
			if rule.StandIns {
				require.Empty(t, rule.Check(r), "%s: %s", rule.Name, rule.Why)
			}
		}
	}
}

// When it fails, somebody who follows the guide meets an error before the first pod.
func TestEveryChartRendersAlone(t *testing.T) {
	t.Parallel()
	for _, chart := range append(charts.Programs(), "sandbox", "namespace") {
		manifest, notes, err := install(t, chart, least(chart)).Render()
		require.NoError(t, err, chart)
		require.NotEmpty(t, decode(t, manifest).Objects, chart)
		if chart != "sandbox" && chart != "namespace" {
			require.Contains(t, notes, fmt.Sprintf("helm -n shop test %s", chart))
		}
	}
}
