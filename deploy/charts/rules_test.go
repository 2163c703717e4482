package charts_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cartwright-shop/cartwright/deploy/charts"
)

// breach changes one place of what a chart renders, so that it breaks a rule.
type breach struct {
	rule  string
	chart string
	// old is replaced by text wherever it stands after the line that holds after; the text must be there.
	after, old, text string
	want             string
}

// base is what breaches change: everything switched on, and what production says.
func base(t *testing.T, chart string) string {
	t.Helper()
	if chart == charts.Auditor {
		return render(t, install(t, chart, least(chart), switchedAuditor, "priorityClassName: cartwright-default", oneURL, digest))
	}
	return render(t, install(t, chart, least(chart), switched, `{priorityClassName: cartwright-critical, spread: {zone: DoNotSchedule}}`, digest))
}

const (
	deployment = "kind: Deployment"
	scaler     = "kind: HorizontalPodAutoscaler"
	disruption = "kind: PodDisruptionBudget"
	service    = "kind: Service\n"
	monitor    = "kind: ServiceMonitor"
	policy     = "  name: cart\n"
	job        = "kind: Job"
)

func workloadBreaches() []breach {
	const enough, rollout, drains, spread = "there are enough pods", "a rollout takes no pod away before another is ready", "drains are let through one pod at a time", "pods are spread over zones and nodes"
	const probes, drain, resources = "probes ask the process and nothing else", "a pod has time to finish its calls", "pods have requests, a memory limit and know it"
	return []breach{
		{enough, "cart", scaler, "minReplicas: 3", "minReplicas: 2", "min under 3"},
		{enough, "product", scaler, "minReplicas: 2", "minReplicas: 1", "min under 2"},
		{enough, "cart", deployment, "revisionHistoryLimit: 3", "revisionHistoryLimit: 3\n  replicas: 3", "which the autoscaler decides"},
		{rollout, "cart", deployment, "maxUnavailable: 0", "maxUnavailable: 1", "maxUnavailable is not 0"},
		{rollout, "cart", deployment, "maxSurge: 1", "maxSurge: 100%", "maxSurge is not 1"},
		{drains, "cart", disruption, "maxUnavailable: 1", "maxUnavailable: 0", "maxUnavailable is not 1"},
		{drains, "cart", disruption, "maxUnavailable: 1", "minAvailable: 100%", "maxUnavailable is not 1"},
		{drains, "cart", "unhealthyPodEvictionPolicy", "component: server\n", "component: serve\n", "0 PodDisruptionBudgets select its pods"},
		{drains, "cart", disruption, "AlwaysAllow", "IfHealthyBudget", "a broken pod keeps its node"},
		{spread, "cart", "topologySpreadConstraints", "app.kubernetes.io/name: cart", "app.kubernetes.io/name: card", "selects other pods"},
		{spread, "cart", "topologySpreadConstraints", "matchLabelKeys: [pod-template-hash]", "matchLabelKeys: []", "counts the pods of the old release"},
		{spread, "cart", "topologySpreadConstraints", "nodeTaintsPolicy: Honor", "nodeTaintsPolicy: Ignore", "counts drained nodes"},
		{spread, "cart", "topologySpreadConstraints", "topology.kubernetes.io/zone", "topology.kubernetes.io/region", "not spread over zones and hosts"},
		{"a lost zone leaves enough pods", "cart", "topologySpreadConstraints", "DoNotSchedule", "ScheduleAnyway", "no pod left of 3"},
		{"a lost zone leaves enough pods", "cart", scaler, "minReplicas: 3", "minReplicas: 2", "while another is drained"},
		{"a lost zone leaves enough pods", "cart", disruption, "maxUnavailable: 1", "maxUnavailable: 2", "while another is drained"},
		{"a lost zone leaves enough pods", "cart", "topologyKey: topology.kubernetes.io/zone", "maxSkew: 1", "maxSkew: 3", "no pod left of 3"},
		{"a lost zone leaves enough pods", "product", "topologyKey: topology.kubernetes.io/zone", "maxSkew: 1", "maxSkew: 2", "no pod left of 2"},
		{"a lost zone leaves enough pods", "cart", "topologyKey: topology.kubernetes.io/zone", "maxSkew: 1", "maxSkew: 1\n          minDomains: 3", "only 0 of 1 lost pods have a place in the zones that are left"},
		{probes, "cart", "livenessProbe", "path: /livez", "path: /readyz", "liveness probe asks /readyz"},
		{probes, "cart", "readinessProbe", "httpGet: {path: /readyz, port: ops}", "tcpSocket: {port: ops}", "no readiness probe by HTTP"},
		{probes, "cart", "livenessProbe", "failureThreshold: 6", "failureThreshold: 1", "killed after less than 30 s"},
		{probes, "cart", "startupProbe", "failureThreshold: 60", "failureThreshold: 6", "less than 30 s to start"},
		{probes, "cart", "startupProbe", "timeoutSeconds: 3", "timeoutSeconds: 1", "waits less than 2 s"},
		{drain, "cart", deployment, "sleep: {seconds: 10}", "exec: {command: [sleep, \"10\"]}", "no preStop sleep"},
		{drain, "cart", deployment, "terminationGracePeriodSeconds: 55", "terminationGracePeriodSeconds: 45", "is killed before"},
		{drain, "cart", deployment, "DRAIN_TIMEOUT, value: \"30s\"", "DRAIN_TIMEOUT, value: \"20s\"", "a call may take 25 s"},
		{drain, "gateway", deployment, "HTTP_ADDR, value: \":8080\"}", "HTTP_ADDR, value: \":8080\"}\n            - {name: REQUEST_DEADLINE, value: 40s}", "a call may take 40 s"},
		{drain, "cart", deployment, "sleep: {seconds: 10}", "sleep: {seconds: 1}", "while endpoints still lead to it"},
		{resources, "cart", deployment, "memory: 256Mi", "memory: 128Mi", "GOMEMLIMIT is not 90 %"},
		{resources, "cart", deployment, "            limits:\n              memory: 256Mi\n", "", "no memory limit"},
		{resources, "cart", deployment, "cpu: 50m", "cpu: 0m", "requests no CPU"},
		{resources, "cart", deployment, "memory: 64Mi", "memory: 1Gi", "more memory than its limit"},
		{"what takes orders and money goes first", "cart", deployment, "cartwright-critical", "cartwright-default", "priorityClassName"},
		{"old releases go, stuck ones are told", "cart", deployment, "revisionHistoryLimit: 3", "revisionHistoryLimit: 10", "more than 5"},
		{"old releases go, stuck ones are told", "cart", deployment, "progressDeadlineSeconds: 300", "progressDeadlineSeconds: 3000", "within 600 s"},
		{"scaling follows load up fast and down slowly", "cart", "scaleDown", "stabilizationWindowSeconds: 300", "stabilizationWindowSeconds: 30", "before 300 s"},
		{"scaling follows load up fast and down slowly", "cart", "scaleUp", "stabilizationWindowSeconds: 0", "stabilizationWindowSeconds: 60", "before it scales up"},
	}
}

func podBreaches() []breach {
	const admission, accounts, images, secrets = "a restricted namespace takes every pod", "pods have no token and an account of their own", "images are named for good", "secrets are files that only the process reads"
	const files, users, labels, names, hooks = "nothing is written outside of small volumes", "users and groups are nobody's", "every part is labelled", "names fit", "tests and migrations are hooks that go"
	return []breach{
		{admission, "cart", deployment, "runAsNonRoot: true", "runAsNonRoot: false", "runAsNonRoot"},
		{admission, "cart", job, "drop: [ALL]", "drop: [NET_RAW]", "unrestricted capabilities"},
		{admission, "cart", deployment, "seccompProfile: {type: RuntimeDefault}", "seccompProfile: {type: Unconfined}", "seccompProfile"},
		{admission, "cart", deployment, "allowPrivilegeEscalation: false", "allowPrivilegeEscalation: true", "allowPrivilegeEscalation"},
		{admission, "cart", deployment, "enableServiceLinks: false", "enableServiceLinks: false\n      hostNetwork: true", "host namespaces"},
		{files, "cart", deployment, "readOnlyRootFilesystem: true", "readOnlyRootFilesystem: false", "can be written"},
		{files, "cart", deployment, "emptyDir: {sizeLimit: 64Mi}", "emptyDir: {}", "has no limit"},
		{files, "cart", deployment, "emptyDir: {sizeLimit: 64Mi}", "hostPath: {path: /tmp}", "is a folder of the node"},
		{users, "cart", deployment, "runAsUser: 10001", "runAsUser: 1000", "runAsUser is under"},
		{users, "cart", job, "runAsGroup: 10001", "runAsGroup: 0", "runAsGroup is under"},
		{accounts, "cart", "serviceAccountName: cart\n", "automountServiceAccountToken: false", "automountServiceAccountToken: true", "has a token"},
		{accounts, "cart", "kind: ServiceAccount", "automountServiceAccountToken: false", "automountServiceAccountToken: true", "hands out its token"},
		{accounts, "cart", deployment, "serviceAccountName: cart\n", "serviceAccountName: default\n", "not of its chart"},
		{accounts, "cart", deployment, "enableServiceLinks: false", "enableServiceLinks: true", "in its environment"},
		{images, "cart", deployment, "cart@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef", "cart:latest", "another one tomorrow"},
		{images, "cart", job, "cart@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef", "cart", "another one tomorrow"},
		{images, "cart", deployment, "cart@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef", "cart:1.2.3", "has no digest"},
		{images, "cart", deployment, "IfNotPresent", "Always", "pulls its image Always"},
		{secrets, "cart", deployment, "{name: DATABASE_URL_FILE, value: \"/etc/cartwright/secret/DATABASE_URL\"}", "{name: DATABASE_URL, valueFrom: {secretKeyRef: {name: cart-secret, key: DATABASE_URL}}}", "DATABASE_URL is in the environment"},
		{secrets, "payment", deployment, "GIFT_CARD_KEY_FILE", "GIFT_CARD_KEY", "GIFT_CARD_KEY is in the environment"},
		{secrets, "cart", "projected:", "defaultMode: 0400", "defaultMode: 0444", "a mode other than 0400"},
		{secrets, "cart", deployment, "mountPath: /etc/cartwright/secret, readOnly: true", "mountPath: /etc/cartwright/secret", "not mounted to be read only"},
		{labels, "cart", deployment, "        app.kubernetes.io/part-of: cartwright\n", "", "no label app.kubernetes.io/part-of"},
		{labels, "cart", deployment, "VERSION, value: \"0.1.0\"", "VERSION, value: \"0.2.0\"", "another version"},
		{names, "cart", disruption, "  name: cart\n", "  name: " + strings.Repeat("c", 64) + "\n", "over 63 characters"},
		{names, "cart", disruption, "  name: cart\n", "  name: cart\n  namespace: default\n", "names a namespace"},
		{hooks, "cart", "kind: Pod\n", "helm.sh/hook: test", "helm.sh/hook: post-install", "0 pods test the release"},
		{hooks, "cart", job, "before-hook-creation,hook-succeeded", "hook-succeeded", "in the way"},
		{hooks, "cart", "name: cart-owner", "before-hook-creation,hook-succeeded", "before-hook-creation", "a secret that stays"},
	}
}

func networkBreaches() []breach {
	const denied, edges, ops, dns = "every pod is closed but for what is listed", "calls are those of the graph", "the ops port is for probes and metrics", "names are looked up over UDP and TCP"
	const public, services, selectors = "only who must reaches public addresses", "only the gateway is public", "selectors select their own"
	const fromGateway = "        - podSelector:\n            matchLabels:\n              app.kubernetes.io/name: gateway\n              app.kubernetes.io/part-of: cartwright\n              app.kubernetes.io/component: server\n"
	return []breach{
		{denied, "cart", policy, "policyTypes: [Ingress, Egress]", "policyTypes: [Ingress]", "may connect to whomever it wants"},
		{denied, "cart", "name: cart-migrate", "policyTypes: [Ingress, Egress]", "policyTypes: [Egress]", "Job cart-migrate: whoever wants may connect"},
		{denied, "cart", "  egress:\n", "  egress:\n", "  egress:\n    - {}\n", "lets out to anything"},
		{denied, "cart", "  ingress:\n", "  ingress:\n", "  ingress:\n    - {}\n", "lets in on every port"},
		{edges, "cart", "  ingress:\n", "app.kubernetes.io/name: payment", "app.kubernetes.io/name: product", "is called by"},
		{edges, "cart", "  egress:\n", "app.kubernetes.io/name: pricing", "app.kubernetes.io/name: gateway", "may call"},
		{edges, "cart", "  ingress:\n", fromGateway, "        - podSelector: {}\n", "what is no service of the shop"},
		{edges, "cart", "  ingress:\n", "    - from:\n" + fromGateway + "      ports:\n", "    - ports:\n", "opens gRPC to everybody"},
		{ops, "cart", "  ingress:\n", "kubernetes.io/metadata.name: monitoring", "", "more than a namespace"},
		{dns, "cart", "  egress:\n", "        - {protocol: TCP, port: 53}\n", "", "no DNS over UDP and TCP"},
		{public, "cart", "  egress:\n", "cidr: 10.99.0.0/16", "cidr: 0.0.0.0/0", "reaches 0.0.0.0/0"},
		{public, "gateway", "  egress:\n", "169.254.0.0/16, ", "", "reaches 169.254.0.0/16"},
		{services, "cart", service, "clusterIP: None", "type: LoadBalancer", "is a LoadBalancer"},
		{services, "cart", service, "clusterIP: None", "type: ClusterIP", "one connection would stay"},
		{services, "gateway", service, "targetPort: http}", "targetPort: http}\n    - {name: ops, port: 9090, targetPort: ops}", "shows the ops port"},
		{selectors, "cart", service, "  selector:\n    app.kubernetes.io/name: cart", "  selector:\n    app.kubernetes.io/name: card", "selects 0 servers"},
		{selectors, "cart", "targetPort: grpc", "    app.kubernetes.io/instance: cart\n    app.kubernetes.io/component: server\n", "    app.kubernetes.io/instance: cart\n", "selects Job cart-migrate"},
		{selectors, "cart", service, "targetPort: grpc", "targetPort: rpc", "has no port rpc"},
		{selectors, "cart", policy, "component: server\n  policyTypes", "component: serve\n  policyTypes", "NetworkPolicy cart: selects no pod"},
		{selectors, "cart", monitor, "component: ops\n  endpoints", "component: opt\n  endpoints", "no Service has its labels"},
		{selectors, "cart", monitor, "- port: ops", "- port: metrics", "no Service has its labels"},
		{selectors, "cart", deployment, "matchLabels:\n", "matchLabels:\n      app.kubernetes.io/version: \"0.1.0\"\n", "it could not be upgraded"},
	}
}

func dataBreaches() []breach {
	const migration, owner, pool, mounts = "migrations run before, as the owner", "a server knows nothing of the owner", "pools have a size", "files that settings name are mounted"
	return []breach{
		{migration, "cart", job, "pre-install,pre-upgrade", "post-install,post-upgrade", "runs at"},
		{migration, "cart", job, `args: ["migrate"]`, `args: ["serve"]`, "does [serve]"},
		{migration, "cart", job, "OWNER_DATABASE_URL_FILE", "DATABASE_URL_FILE", "has no URL of the owner"},
		{migration, "cart", job, "activeDeadlineSeconds: 900", "", "may run for ever"},
		{migration, "cart", job, "@sha256:0123", "@sha256:4567", "another image"},
		{migration, "cart", job, "hook-weight: \"-10\"", "hook-weight: \"-30\"", "before its account"},
		{owner, "cart", deployment, "name: cart-secret", "name: cart-owner", "of the owner"},
		{owner, "cart", deployment, "{name: DATABASE_URL_FILE", "{name: OWNER_DATABASE_URL_FILE", "has the URL of the owner"},
		{owner, "cart", "name: cart-owner", "helm.sh/hook: pre-install,pre-upgrade", "helm.sh/hook: post-install", "stays when the migration is done"},
		{owner, "cart", "name: cart-owner", "stringData:\n", "stringData:\n  DATABASE_URL: x\n", "beside others"},
		{pool, "cart", deployment, "DATABASE_MAX_CONNS, value: \"8\"", "DATABASE_MAX_CONNS, value: \"80\"", "a pool of \"80\""},
		{pool, "cart", deployment, "DATABASE_MAX_CONNS", "DATABASE_CONNS", "a pool of \"\""},
		{mounts, "cart", deployment, "mountPath: /etc/cartwright/mtls", "mountPath: /etc/mtls", "where nothing is mounted"},
		{mounts, "cart", deployment, "path: DATABASE_URL}", "path: URL}", "where nothing is mounted"},
	}
}

func certificateBreaches() []breach {
	const mounted, named, plain = "certificates are files that change under a running pod", "a certificate names its service", "nobody talks plaintext to a port with certificates"
	const settings = "            - {name: MTLS_CERT_FILE, value: \"/etc/cartwright/mtls/tls.crt\"}\n            - {name: MTLS_KEY_FILE, value: \"/etc/cartwright/mtls/tls.key\"}\n            - {name: MTLS_CA_FILE, value: \"/etc/cartwright/mtls/ca.crt\"}\n"
	return []breach{
		{mounted, "cart", deployment, settings, "", "has no certificate, in production"},
		{mounted, "cart", deployment, "{name: MTLS_KEY_FILE", "{name: MTLS_KEYS_FILE", "sets only some of"},
		{mounted, "cart", deployment, "value: \"/etc/cartwright/mtls/ca.crt\"", "value: \"/etc/cartwright/secret/ca.crt\"", "MTLS_CA_FILE is not ca.crt of the mounted Secret"},
		{mounted, "cart", deployment, "value: \"/etc/cartwright/mtls/tls.key\"", "value: \"/etc/cartwright/mtls/tls.crt\"", "MTLS_KEY_FILE is not tls.key"},
		{mounted, "cart", deployment, "mountPath: /etc/cartwright/mtls, readOnly: true", "mountPath: /etc/cartwright/mtls, subPath: current, readOnly: true", "by subPath, which is never updated"},
		{mounted, "cart", deployment, "secretName: cart-tls", "secretName: cart-tls\n            optional: true", "starts without its certificate"},
		{mounted, "gateway", deployment, "{name: MTLS_CERT_FILE", "{name: MTLS_CERTS_FILE", "sets only some of"},
		{named, "cart", "kind: Certificate", "spiffe://cartwright/service/cart", "spiffe://cartwright/service/payment", "is not for service cart alone"},
		{named, "cart", "kind: Certificate", "spiffe://cartwright/service/cart", "spiffe://cartwright/ns/shop/sa/cart", "is not for service cart alone"},
		{named, "cart", "kind: Certificate", "server auth, client auth", "server auth", "is not for both sides"},
		{named, "cart", "kind: Certificate", "secretName: cart-tls", "secretName: card-tls", "goes into Secret card-tls, which no server mounts"},
		{named, "cart", "kind: Certificate", "rotationPolicy: Always", "rotationPolicy: Never", "keeps its key"},
		{plain, "cart", service, "targetPort: grpc}", "targetPort: grpc, appProtocol: kubernetes.io/h2c}", "says that port grpc is plaintext"},
		{plain, "cart", "readinessProbe", "httpGet: {path: /readyz, port: ops}", "grpc: {port: 9000}", "readiness probe has no certificate to show"},
	}
}

func (b breach) of(t *testing.T, manifest string) string {
	t.Helper()
	if b.after == "" {
		b.after = b.old
	}
	at := strings.Index(manifest, b.after)
	require.GreaterOrEqual(t, at, 0, "the manifest has no %q", b.after)
	require.GreaterOrEqual(t, strings.Index(manifest[at:], b.old), 0, "no %q after %q", b.old, b.after)
	return manifest[:at] + strings.Replace(manifest[at:], b.old, b.text, 1)
}

// When it fails, a rule would hold of anything: a chart could lose the property and nobody would see it.
func TestEveryRuleCanFail(t *testing.T) {
	t.Parallel()
	broken := map[string]bool{}
	list := slices.Concat(workloadBreaches(), podBreaches(), networkBreaches(), dataBreaches(), certificateBreaches(), auditorBreaches())
	for _, b := range list {
		broken[b.rule] = true
	}
	manifests := map[string]string{}
	for _, chart := range []string{"cart", "product", "payment", "gateway", charts.Auditor} {
		manifests[chart] = base(t, chart)
	}
	for _, rule := range charts.Rules() {
		require.True(t, broken[rule.Name], "no manifest shows that it can fail: %s", rule.Name)
	}
	for _, b := range list {
		t.Run(b.rule+": "+b.want, func(t *testing.T) {
			t.Parallel()
			r := release(t, b.chart, b.of(t, manifests[b.chart]))
			r.Production = true
			at := slices.IndexFunc(charts.Rules(), func(rule charts.Rule) bool { return rule.Name == b.rule })
			require.GreaterOrEqual(t, at, 0)
			require.Contains(t, strings.Join(charts.Rules()[at].Check(r), "\n"), b.want)
		})
	}
}
