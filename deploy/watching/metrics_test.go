package watching_test

import (
	"context"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cartwright-shop/cartwright/deploy/alerts"
	"github.com/cartwright-shop/cartwright/deploy/dashboards"
	"github.com/cartwright-shop/cartwright/deploy/promql"
	"github.com/cartwright-shop/cartwright/deploy/runbooks"
)

// given are the labels that whoever reads the metrics adds.
var given = []string{"namespace", "job", "pod", "instance"}

// recorded are the labels of what the rules themselves record.
var recorded = []string{"namespace", "slo", "service"}

// foreign are metrics of others, with the labels that their documentation promises.
var foreign = map[string][]string{
	"up": {},
	"kube_pod_container_status_restarts_total":             {"container", "uid"},
	"kube_horizontalpodautoscaler_status_current_replicas": {"horizontalpodautoscaler"},
	"kube_horizontalpodautoscaler_spec_max_replicas":       {"horizontalpodautoscaler"},
	"certmanager_certificate_expiration_timestamp_seconds": {"name", "issuer_name", "issuer_kind", "issuer_group"},
}

// seldom is a metric that is told only once something has happened that does not happen here.
type seldom struct {
	// source defines it.
	source string
	labels []string
}

// seldoms are those that a healthy shop does not show. Their names and labels are looked up in the code that defines them.
var seldoms = map[string]seldom{
	"worker_restarts_total":           {"services/platform/service/worker.go", []string{"worker"}},
	"inventory_batch_refused_total":   {"services/inventory/internal/groupcommit/meters.go", []string{"step", "why"}},
	"gateway_refused_total":           {"services/gateway/internal/httpapi/errors.go", []string{"reason"}},
	"cartwright_job_backlog":          {"services/platform/job/observer.go", []string{"kind", "state"}},
	"cartwright_job_oldest_seconds":   {"services/platform/job/observer.go", []string{"kind", "state"}},
	"cartwright_saga_active":          {"services/cart/internal/saga/metrics.go", []string{"kind", "state"}},
	"cartwright_saga_oldest_seconds":  {"services/cart/internal/saga/metrics.go", []string{"kind", "state"}},
	"cartwright_saga_needs_attention": {"services/cart/internal/saga/metrics.go", []string{"kind"}},
}

// told are the labels of metrics with the values that were seen.
type told map[string]map[string][]string

var (
	sample = regexp.MustCompile(`^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? \S+$`)
	label  = regexp.MustCompile(`([a-zA-Z_]\w*)="((?:[^"\\]|\\.)*)"`)
)

func read(text string) told {
	metrics := told{}
	for one := range strings.Lines(text) {
		match := sample.FindStringSubmatch(strings.TrimSpace(one))
		if match == nil {
			continue
		}
		if metrics[match[1]] == nil {
			metrics[match[1]] = map[string][]string{}
		}
		for _, l := range label.FindAllStringSubmatch(match[2], -1) {
			if values := metrics[match[1]][l[1]]; !slices.Contains(values, l[2]) {
				metrics[match[1]][l[1]] = append(values, l[2])
			}
		}
	}
	return metrics
}

func fetch(ctx context.Context, url string) (string, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return "", err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return "", err
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	return string(text), err
}

// everything is what each service and the auditor tell.
func everything(ctx context.Context) (map[string]told, error) {
	all := map[string]told{}
	for _, service := range alerts.Services {
		text, err := fetch(ctx, watched.shop.OpsURL(service)+"/metrics")
		if err != nil {
			return nil, err
		}
		all[service] = read(text)
	}
	said := httptest.NewRecorder()
	watched.auditor.ServeHTTP(said, httptest.NewRequestWithContext(ctx, http.MethodGet, "/metrics", nil))
	all[alerts.Auditor] = read(said.Body.String())
	return all, nil
}

// complaint is what is wrong with an expression; empty when each of its metrics and labels is told by a service that it asks.
func complaint(expr string, all map[string]told) string {
	uses, by, err := promql.Uses(expr)
	if err != nil {
		return err.Error()
	}
	have := slices.Clone(given)
	for _, use := range uses {
		labels, values, known := find(use, all)
		if !known {
			return "nobody tells " + use.Metric
		}
		have = append(have, labels...)
		for _, name := range use.Labels {
			if !slices.Contains(labels, name) && !slices.Contains(given, name) {
				return use.Metric + " has no label " + name
			}
		}
		if bounds := use.Values["le"]; bounds != "" && !slices.ContainsFunc(strings.Split(bounds, "|"), func(le string) bool { return slices.Contains(values["le"], le) }) {
			return fmt.Sprintf("%s has no bucket of %s: %v", use.Metric, bounds, values["le"])
		}
	}
	for _, name := range by {
		if !slices.Contains(have, name) {
			return "nothing has the label " + name
		}
	}
	return ""
}

// find looks a metric up where the expression asks for it.
func find(use promql.Use, all map[string]told) (labels []string, values map[string][]string, known bool) {
	if strings.HasPrefix(use.Metric, "slo:") {
		return recorded, nil, true
	}
	if labels, known = foreign[use.Metric]; known {
		return labels, nil, true
	}
	for service, metrics := range all {
		jobs := strings.Split(use.Values["job"], "|")
		if jobs[0] != "" && !slices.Contains(jobs, service) {
			continue
		}
		if values, known = metrics[use.Metric]; known {
			return slices.Collect(maps.Keys(values)), values, true
		}
	}
	if s, rare := seldoms[use.Metric]; rare {
		return s.labels, nil, true
	}
	return nil, nil, false
}

// expressions are all that rules, dashboards and runbooks ask Prometheus, by where they stand.
func expressions(t *testing.T) map[string][]string {
	t.Helper()
	list := map[string][]string{}
	expr := regexp.MustCompile(`(?m)expr: \|-\n((?:          .*\n)+)`)
	for _, service := range alerts.Watched() {
		text, err := os.ReadFile("../alerts/prometheus/" + service + ".yaml")
		require.NoError(t, err)
		for _, match := range expr.FindAllStringSubmatch(string(text), -1) {
			list["rules of "+service] = append(list["rules of "+service], match[1])
		}
	}
	for _, d := range dashboards.All() {
		for _, row := range d.Rows {
			for _, p := range row.Panels {
				for _, target := range p.Of {
					list[d.Title+", "+p.Title] = append(list[d.Title+", "+p.Title], target.Expr)
				}
			}
		}
	}
	pages, err := runbooks.Read("../runbooks")
	require.NoError(t, err)
	for _, p := range pages {
		list["runbook "+p.Name] = p.Queries()
	}
	return list
}

// When it fails, an alert can never ring or a graph is empty for ever: what it asks for is told by nobody.
func TestEverythingThatIsAskedForIsTold(t *testing.T) {
	t.Parallel()
	asked := expressions(t)
	require.Greater(t, len(asked), 100)
	for deadline := time.Now().Add(patience); ; { // gauges come with the first round of whoever sets them
		all, err := everything(t.Context())
		require.NoError(t, err)
		wrong := complaints(asked, all)
		if len(wrong) == 0 {
			return
		}
		require.True(t, time.Now().Before(deadline), strings.Join(wrong, "\n"))
		select {
		case <-time.After(2 * time.Second):
		case <-t.Context().Done():
		}
	}
}

func complaints(asked map[string][]string, all map[string]told) []string {
	var wrong []string
	for place, list := range asked {
		for _, expr := range list {
			if what := complaint(expr, all); what != "" {
				wrong = append(wrong, place+": "+what)
			}
		}
	}
	slices.Sort(wrong)
	return slices.Compact(wrong)
}

// When it fails, a wrong name would pass the test above.
func TestWhatNobodyTellsIsSeen(t *testing.T) {
	t.Parallel()
	all, err := everything(t.Context())
	require.NoError(t, err)
	require.Empty(t, complaint(`sum by (rpc) (rate(rpc_server_requests_total{job="cart",code="OK"}[5m]))`, all))
	require.Contains(t, complaint(`sum(rate(rpc_server_request_total{job="cart"}[5m]))`, all), "nobody tells")
	require.Contains(t, complaint(`max(payment_webhooks_dead{job="cart"})`, all), "nobody tells")
	require.Contains(t, complaint(`max(rpc_server_in_flight{rpc="x"})`, all), "has no label rpc")
	require.Contains(t, complaint(`sum by (method) (rpc_server_in_flight)`, all), "nothing has the label method")
	require.Contains(t, complaint(`rpc_server_duration_seconds_bucket{job="cart",le="0.3"}`, all), "no bucket")
}

// When it fails, the list of what is told seldom hides a metric that was renamed.
func TestWhatIsToldSeldomIsInTheCode(t *testing.T) {
	t.Parallel()
	for metric, s := range seldoms {
		source, err := os.ReadFile("../../" + s.source)
		require.NoError(t, err)
		name := regexp.MustCompile(`(?:cartwright_job_|inventory_batch_)(\w+)$`).ReplaceAllString(metric, "$1")
		require.Contains(t, string(source), `"`+name+`"`, metric)
		for _, l := range s.labels {
			require.Contains(t, string(source), `"`+l+`"`, metric)
		}
	}
}
