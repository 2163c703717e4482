package charts_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/cartwright-shop/cartwright/deploy/charts"
)

// auditorBreaches break what rules ask of the one pod of the auditor, where that differs from what they ask of services.
func auditorBreaches() []breach {
	const one, rollout, drains, drain = "there are enough pods", "a rollout takes no pod away before another is ready", "drains are let through one pod at a time", "a pod has time to finish its calls"
	const ops, owner, pool, mounts = "the ops port is for probes and metrics", "a server knows nothing of the owner", "pools have a size", "files that settings name are mounted"
	const budget = "apiVersion: policy/v1\nkind: PodDisruptionBudget\nmetadata: {name: auditor}\nspec: {maxUnavailable: 1, selector: {matchLabels: {app.kubernetes.io/name: audit}}}\n---\n"
	const account = "apiVersion: v1\nkind: ServiceAccount\n"
	const test = "app.kubernetes.io/component: test\n"
	return []breach{
		{one, charts.Auditor, deployment, "replicas: 1", "replicas: 2", "not one replica"},
		{rollout, charts.Auditor, deployment, "type: Recreate", "type: RollingUpdate", "a rollout has two of it"},
		{drains, charts.Auditor, "", account, budget + account, "a budget over one pod"},
		{drain, charts.Auditor, deployment, "terminationGracePeriodSeconds: 30", "terminationGracePeriodSeconds: 5", "has not 10 to 60 s to end"},
		{drain, charts.Auditor, deployment, "terminationGracePeriodSeconds: 30", "terminationGracePeriodSeconds: 600", "has not 10 to 60 s to end"},
		{ops, charts.Auditor, "# its own test", "              app.kubernetes.io/instance: auditor\n", "", "more than a namespace"},
		{ops, charts.Auditor, "# its own test", test, "app.kubernetes.io/component: server\n", "more than a namespace"},
		{ops, charts.Auditor, "# its own test", "        - podSelector:", "        - namespaceSelector: {}\n          podSelector:", "more than a namespace"},
		{owner, charts.Auditor, deployment, "{name: AUDIT_DATABASE_URL_FILE", "{name: ADMIN_DATABASE_URL_FILE", "has the URL of the owner"},
		{owner, charts.Auditor, deployment, "name: auditor-secret", "name: auditor-provision", "mounts Secret auditor-provision"},
		{pool, charts.Auditor, deployment, "-connections=4", "-connections=40", "a pool of \"40\" connections"},
		{mounts, charts.Auditor, deployment, "path: DATABASE_URL}", "path: URL}", "where nothing is mounted"},
		{"what takes orders and money goes first", charts.Auditor, deployment, "cartwright-default", "cartwright-critical", "priorityClassName"},
		{"selectors select their own", charts.Auditor, "kind: ServiceMonitor", "component: ops\n  endpoints", "component: opt\n  endpoints", "no Service has its labels"},
		{"migrations run before, as the owner", charts.Auditor, job, "component: provision", "component: migrate", "migrates without a database"},
	}
}

// When it fails, alerts and dashboards wait for an auditor that calls itself something else, and nobody is told what it finds.
func TestTheAuditorIsCalledAsAlertsExpect(t *testing.T) {
	t.Parallel()
	rules, err := os.ReadFile(filepath.Join(root, "deploy/alerts/prometheus/audit.yaml"))
	require.NoError(t, err)
	require.Contains(t, string(rules), `job="audit"`)
	for _, name := range []string{charts.Auditor, "blue-auditor"} {
		i := install(t, charts.Auditor, least(charts.Auditor), switchedAuditor)
		i.Release = name
		m := decode(t, render(t, i))
		found := 0
		for _, o := range m.Objects {
			switch o := o.(type) {
			case *appsv1.Deployment:
				found++
				require.Equal(t, "audit", o.Spec.Template.Labels["app.kubernetes.io/name"])
				ports := o.Spec.Template.Spec.Containers[0].Ports
				require.True(t, slices.ContainsFunc(ports, func(p corev1.ContainerPort) bool { return p.Name == "ops" && p.ContainerPort == 9090 }))
			case *charts.ServiceMonitor:
				found++
				require.Equal(t, "app.kubernetes.io/name", o.Spec.JobLabel)
				require.Equal(t, "audit", o.Spec.Selector.MatchLabels["app.kubernetes.io/name"])
			}
		}
		require.Equal(t, 2, found)
	}
}

// When it fails, the auditor's pod ends at once because it does not know what its chart tells it.
func TestTheAuditorIsToldWhatItKnows(t *testing.T) {
	t.Parallel()
	source, err := os.ReadFile(filepath.Join(root, "deploy/audit/cmd/audit/run.go"))
	require.NoError(t, err)
	known := map[string]bool{}
	for _, flag := range regexp.MustCompile(`flags\.\w+\((?:&s\.\w+, )?"([a-z-]+)"`).FindAllStringSubmatch(string(source), -1) {
		known[flag[1]] = true
	}
	require.Greater(t, len(known), 10)
	manifest := render(t, install(t, charts.Auditor, least(charts.Auditor), switchedAuditor, oneURL))
	var told []string
	for _, o := range decode(t, manifest).Objects {
		switch o := o.(type) {
		case *appsv1.Deployment:
			told = append(told, o.Spec.Template.Spec.Containers[0].Args...)
		case *batchv1.Job:
			told = append(told, o.Spec.Template.Spec.Containers[0].Args...)
		case *corev1.Pod:
			told = append(told, o.Spec.Containers[0].Args...)
		}
	}
	require.Len(t, told, 7+1+2, "server, role and test")
	for _, argument := range told {
		name, _, _ := strings.Cut(strings.TrimPrefix(argument, "-"), "=")
		require.True(t, known[name], argument)
	}
	for _, line := range []string{"- -only=I3,I4\n", "- -text-budget=100000000\n", "- -provider=http://sandbox:8081\n", "- -connections=4\n", "- -every=1h\n"} {
		require.Contains(t, manifest, line)
	}
	require.NotContains(t, render(t, install(t, charts.Auditor, least(charts.Auditor))), "sandbox")
}

// When it fails, whoever knows only an administrator's URL cannot install the auditor, or its role is made before the schemas that it
// reads.
func TestOneURLMakesTheAuditorsRole(t *testing.T) {
	t.Parallel()
	_, _, err := install(t, charts.Auditor).Render()
	require.ErrorContains(t, err, "secrets: DATABASE_URL must be in create, existing or external")

	manifest := render(t, install(t, charts.Auditor, oneURL))
	require.Contains(t, manifest, "kind: Job\nmetadata:\n  name: auditor-provision\n")
	require.Contains(t, manifest, `args: ["-provision"]`)
	require.Regexp(t, `\n  DATABASE_URL: "postgres://auditor:[0-9a-f]{64}@db:5432/shop\?sslmode=require"`, manifest)
	require.Equal(t, 1, strings.Count(manifest, "postgres://admin:"))
	require.Equal(t, manifest, render(t, install(t, charts.Auditor, oneURL)), "an upgrade must not change the password")
	require.NotContains(t, render(t, install(t, charts.Auditor, least(charts.Auditor))), "kind: Job")

	external := render(t, install(t, charts.Auditor, "secrets: {store: {name: aws}, external: {DATABASE_URL: {key: shop/auditor, property: url}}}", oneURL))
	require.Equal(t, 2, strings.Count(external, "kind: ExternalSecret"), "the role gets the password that the store has")
	require.NotContains(t, external, "postgres://auditor:")

	weights := map[string]string{}
	whole := strings.Replace(wholeShop, `address: "db:5432/shop?sslmode=require", appPassword: a/b c, ownerPassword: d`, `adminURL: "postgres://admin:p@db:5432/shop"`, 1)
	for _, o := range decode(t, render(t, install(t, "shop", whole, auditedShop))).Objects {
		weights[o.GetName()+"/"+o.GetLabels()["app.kubernetes.io/component"]] = o.GetAnnotations()["helm.sh/hook-weight"]
	}
	require.Equal(t, "-5", weights["shop-auditor-provision/provision"], "after the migrations")
	require.Equal(t, "-10", weights["shop-cart-migrate/migrate"])
}
