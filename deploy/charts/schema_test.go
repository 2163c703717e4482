package charts_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cartwright-shop/cartwright/deploy/charts"
)

// When it fails, a setting that a service reads cannot be set, or one that it no longer reads still can.
func TestSchemasFollowTheSettingsOfServices(t *testing.T) {
	t.Parallel()
	for _, chart := range charts.All() {
		want, err := charts.Schema(root, chart)
		require.NoError(t, err)
		got, err := os.ReadFile(filepath.Join(root, "charts", chart, "values.schema.json"))
		require.NoError(t, err)
		require.Equal(t, string(want), string(got), "run make generate and commit charts/%s/values.schema.json", chart)
	}
}

// When it fails, a name in the chart means nothing to the service: it would run with a default that nobody chose.
func TestChartsSetWhatServicesRead(t *testing.T) {
	t.Parallel()
	for _, chart := range charts.Services() {
		settings, err := charts.Settings(root, chart)
		require.NoError(t, err)
		r := release(t, chart, render(t, install(t, chart, environment(t, "staging", chart), switched, digest)))
		read := []string{"GOMEMLIMIT"}
		for _, s := range settings {
			read = append(read, s.Name, s.Name+"_FILE")
		}
		for _, name := range r.Environment() {
			require.Contains(t, read, name, chart)
		}
	}
}

// wrong is a value that must be refused, and what the refusal must name.
type wrong struct{ chart, values, want string }

func wrongs() []wrong {
	return []wrong{
		{"cart", "replica: 3", "at '': additional properties 'replica' not allowed"},
		{"cart", "autoscaling: {max: 3}", "at '/autoscaling': additional properties 'max' not allowed"},
		{"cart", "autoscaling: {maxReplicas: many}", "at '/autoscaling/maxReplicas'"},
		{"cart", "autoscaling: {minReplicas: 9}", "autoscaling.minReplicas: is over autoscaling.maxReplicas"},
		{"cart", "settings: {PRICE_FRESHNES: 3s}", "at '/settings': additional properties 'PRICE_FRESHNES' not allowed"},
		{"cart", "settings: {PRICE_FRESHNESS: 3}", "at '/settings/PRICE_FRESHNESS': got number, want string"},
		{"cart", "settings: {PRICE_FRESHNESS: soon}", "at '/settings/PRICE_FRESHNESS': 'soon' does not match pattern"},
		{"cart", "settings: {DATABASE_URL: postgres://x}", "at '/settings': additional properties 'DATABASE_URL' not allowed"},
		{"cart", "settings: {DRAIN_TIMEOUT: 5s}", "at '/settings': additional properties 'DRAIN_TIMEOUT' not allowed"},
		{"cart", "settings: {PRODUCT_ADDR: x:1}", "at '/settings': additional properties 'PRODUCT_ADDR' not allowed"},
		{"cart", "peers: {gateway: {}}", "at '/peers': additional properties 'gateway' not allowed"},
		{"cart", "peers: {product: {address: product}}", "at '/peers/product/address'"},
		{"cart", "callers: {product: {}}", "at '/callers': additional properties 'product' not allowed"},
		{"cart", "secrets: {create: {GIFT_CARD_KEY: x}}", "at '/secrets/create': additional properties 'GIFT_CARD_KEY' not allowed"},
		{"cart", "secrets: {create: {DATABASE_URL: mysql://x}}", "at '/secrets/create/DATABASE_URL'"},
		{"cart", "secrets: {existing: {DATABASE_URL: {name: x}}}", "at '/secrets/existing/DATABASE_URL': missing property 'key'"},
		{"cart", "secrets: {existing: {DATABASE_URL: {name: x, key: url}}}", "secrets.existing.DATABASE_URL: has another source already"},
		{"cart", "migration: {secrets: {create: {DATABASE_URL: postgres://x}}}", "at '/migration/secrets/create': additional properties 'DATABASE_URL' not allowed"},
		{"cart", "image: {tag: latest}", "at '/image/tag'"},
		{"cart", "image: {digest: abc}", "at '/image/digest'"},
		{"cart", "image: {requireDigest: true}", "image.digest: must be set"},
		{"cart", "resources: {limits: {memory: 1000000}}", "at '/resources/limits/memory'"},
		{"cart", "drain: {preStopSeconds: 0}", "at '/drain/preStopSeconds'"},
		{"cart", "revisionHistoryLimit: 50", "at '/revisionHistoryLimit'"},
		{"cart", "spread: {zone: Maybe}", "at '/spread/zone'"},
		{"cart", "database: {maxConnections: 1000}", "at '/database/maxConnections'"},
		{"cart", "database: {cidrs: [everywhere]}", "at '/database/cidrs/0'"},
		{"cart", "mtls: {active: true}", "at '/mtls': additional properties 'active' not allowed"},
		{"cart", "mtls: {enabled: always}", "at '/mtls/enabled': got string, want boolean"},
		{"cart", "mtls: {certificate: {trustDomain: shop.example.com/cart}}", "at '/mtls/certificate/trustDomain'"},
		{"cart", "mtls: {enabled: true, certificate: {enabled: true}}", "mtls.certificate.issuer.name: must be set"},
		{"cart", "global: {mtls: {active: true}}", "at '/global/mtls': additional properties 'active' not allowed"},
		{"cart", "settings: {MTLS_CERT_FILE: /tmp/tls.crt}", "at '/settings': additional properties 'MTLS_CERT_FILE' not allowed"},
		{"cart", "route: {kind: alb}", "at '': additional properties 'route' not allowed"},
		{"cart", "networkPolicy: {internet: {port: 443}}", "at '/networkPolicy/internet': additional properties 'port' not allowed"},
		{"cart", "global: {registry: x}", "at '/global': additional properties 'registry' not allowed"},
		{"cart", "global: {database: {address: x/y}}", "at '/global/database'"},
		{"cart", "global: {database: {adminURL: 'postgres://db/shop'}}", "at '/global/database/adminURL'"},
		{"product", "sandbox: {enabled: true}", "at '': additional properties 'sandbox' not allowed"},
		{"payment", "settings: {GIFT_CARD_KEY: x}", "at '/settings': additional properties 'GIFT_CARD_KEY' not allowed"},
		{"payment", "settings: {CARD_MAX_DECLINES: five}", "at '/settings/CARD_MAX_DECLINES'"},
		{"gateway", "settings: {JOB_WORKERS: 3}", "at '/settings': additional properties 'JOB_WORKERS' not allowed"},
		{"gateway", "settings: {OIDC_ISSUER: null}", "at '/settings': missing property 'OIDC_ISSUER'"},
		{"gateway", "route: {kind: nginx}", "at '/route/kind'"},
		{"gateway", "route: {kind: gateway}", "route.gateway.name: must be set"},
		{"sandbox", "replicas: 2", "at '': additional properties 'replicas' not allowed"},
		{"sandbox", "apiKey: short", "at '/apiKey'"},
		{"auditor", "enabled: false", "at '/enabled'"},
		{"auditor", "every: 3h", "at '/every'"},
		{"auditor", "only: [stock]", "at '/only/0'"},
		{"auditor", "replicas: 2", "at '': additional properties 'replicas' not allowed"},
		{"auditor", "database: {maxConnections: 9}", "at '/database/maxConnections'"},
		{"auditor", "secrets: {create: {OWNER_DATABASE_URL: postgres://x}}", "at '/secrets/create': additional properties 'OWNER_DATABASE_URL' not allowed"},
		{"auditor", "networkPolicy: {internet: {enabled: true}}", "at '/networkPolicy': additional properties 'internet' not allowed"},
		{"auditor", "image: {requireDigest: true}", "image.digest: must be set"},
		{"namespace", "name: Shop", "at '/name'"},
		{"shop", "card: {}", "at '': additional properties 'card' not allowed"},
		{"shop", "auditor: {enabled: true, replica: 3}", "at '': additional properties 'replica' not allowed"},
		{"shop", "cart: {replica: 3}", "at '': additional properties 'replica' not allowed"},
		{"shop", "global: {sandbox: {active: true}}", "at '/global/sandbox': additional properties 'active' not allowed"},
	}
}

// When it fails, a typing mistake in a values file is swallowed, and a service runs with a default instead of what was meant.
func TestWrongValuesAreRefusedByTheirPath(t *testing.T) {
	t.Parallel()
	for _, w := range wrongs() {
		t.Run(w.chart+" "+w.values, func(t *testing.T) {
			t.Parallel()
			given := []string{least(w.chart), w.values}
			if w.chart == "shop" {
				given = []string{wholeShop, w.values}
			}
			_, _, err := install(t, w.chart, given...).Render()
			require.ErrorContains(t, err, w.want)
		})
	}
}

// When it fails, an install without a database's URL goes through, and every pod of it fails.
func TestDatabaseURLsAreAskedFor(t *testing.T) {
	t.Parallel()
	for _, chart := range charts.Services() {
		if chart == "gateway" {
			continue
		}
		_, _, err := install(t, chart).Render()
		require.ErrorContains(t, err, "secrets: DATABASE_URL must be in create, existing or external", chart)
		_, _, err = install(t, chart, `secrets: {create: {DATABASE_URL: "postgres://a:b@c/d"}}`).Render()
		require.ErrorContains(t, err, "migration.secrets: OWNER_DATABASE_URL must be in create, existing or external", chart)
	}
}

// When it fails, a newcomer needs to know of roles and schemas before the first install, or the administrator's URL stays in the cluster.
func TestOneURLInstallsAService(t *testing.T) {
	t.Parallel()
	manifest := render(t, install(t, "cart", oneURL))
	require.Contains(t, manifest, "kind: Job\nmetadata:\n  name: cart-provision\n")
	require.Contains(t, manifest, `args: ["cart"]`)
	require.Regexp(t, `\n  DATABASE_URL: "postgres://cart_app:[0-9a-f]{64}@db:5432/shop\?sslmode=require"`, manifest)
	require.Regexp(t, `\n  OWNER_DATABASE_URL: "postgres://cart_owner:[0-9a-f]{64}@db:5432/shop\?sslmode=require"`, manifest)
	require.Equal(t, 1, strings.Count(manifest, "postgres://admin:"))
	require.Equal(t, manifest, render(t, install(t, "cart", oneURL)), "an upgrade must not change passwords")
	require.NotContains(t, render(t, install(t, "cart", dsn)), "provision")
}

// When it fails, a setting is passed on in another form than it was written in: a number with an exponent, a list as Go prints it.
func TestSettingsArePassedOnAsWritten(t *testing.T) {
	t.Parallel()
	manifest := render(t, install(t, "inventory", dsn, "settings: {RESERVE_QUEUE: 1000000, TRACE_RATIO: 0.25, LOG_LEVEL: debug, RESERVATION_RETENTION: 2160h}"))
	for _, line := range []string{
		`{name: RESERVE_QUEUE, value: "1000000"}`, `{name: TRACE_RATIO, value: "0.25"}`, `{name: LOG_LEVEL, value: "debug"}`, `{name: RESERVATION_RETENTION, value: "2160h"}`,
	} {
		require.Contains(t, manifest, line)
	}
	manifest = render(t, install(t, "gateway", least("gateway"), "settings: {OIDC_REQUIRE_AT_JWT: false, CORS_ORIGINS: 'https://a.example,https://b.example'}"))
	require.Contains(t, manifest, `{name: OIDC_REQUIRE_AT_JWT, value: "false"}`)
	require.Contains(t, manifest, `{name: CORS_ORIGINS, value: "https://a.example,https://b.example"}`)
}

// When it fails, secrets could be read from the chart's values in git, because there is no other way to give them.
func TestSecretsComeFromWhereTheyAreKept(t *testing.T) {
	t.Parallel()
	manifest := render(t, install(t, "payment", `
secrets:
  store: {name: aws}
  create: {GIFT_CARD_KEY: "01234567890123456789012345678901"}
  existing: {DATABASE_URL: {name: pg, key: uri}}
migration:
  secrets: {external: {OWNER_DATABASE_URL: {key: shop/payment-owner, property: url}}}
`))
	require.Contains(t, manifest, "name: pg\n")
	require.Contains(t, manifest, `{key: "uri", path: DATABASE_URL}`)
	require.Contains(t, manifest, "kind: ExternalSecret")
	require.NotContains(t, manifest, "payment-generated")
	require.Equal(t, 1, strings.Count(manifest, "01234567890123456789012345678901"))

	generated := render(t, install(t, "payment", dsn))
	require.Contains(t, generated, "helm.sh/resource-policy: keep", "gift cards would be worthless after a reinstall")
	require.NotEqual(t, generated, render(t, install(t, "payment", dsn)), "a key that everybody can read in the chart is none")
}

// When it fails, a service can be given a name that does not find the others, or finds those of another shop.
func TestServicesFindEachOtherByTheirReleaseNames(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"cart": `"product:9000"`, "blue-cart": `"blue-product:9000"`, "shop": `"shop-product:9000"`,
	} {
		i := install(t, "cart", dsn)
		i.Release = name
		require.Contains(t, render(t, i), "{name: PRODUCT_ADDR, value: "+want+"}", name)
	}
	moved := render(t, install(t, "cart", dsn, "peers: {product: {namespace: catalogue}, pricing: {address: prices.example:9443}}"))
	require.Contains(t, moved, `{name: PRODUCT_ADDR, value: "product.catalogue:9000"}`)
	require.Contains(t, moved, "kubernetes.io/metadata.name: catalogue")
	require.Contains(t, moved, `{name: PRICING_ADDR, value: "prices.example:9443"}`)
}

// When it fails, an install under a long name breaks half-way, or two of them in one namespace take each other's objects.
func TestReleaseNamesNeverCollide(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 53)
	var names []string
	for _, chart := range charts.Programs() {
		for _, name := range []string{long, "blue", chart} {
			i := install(t, chart, least(chart), everything(chart))
			i.Release = name
			r := release(t, chart, render(t, i))
			for _, rule := range charts.Rules() {
				require.Empty(t, rule.Check(r), "%s %s: %s", chart, name, rule.Name)
			}
			names = append(names, r.Names()...)
		}
	}
	slices.Sort(names)
	require.Len(t, slices.Compact(slices.Clone(names)), len(names), "two objects have one name")
}
