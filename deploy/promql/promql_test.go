package promql_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cartwright-shop/cartwright/deploy/promql"
)

// When it fails, a rule or a panel may name a metric that nobody exports, and nobody notices.
func TestMetricsAndLabelsOfExpressionsAreFound(t *testing.T) {
	t.Parallel()
	uses, by, err := promql.Uses(`sum by (namespace, rpc) (rate(calls_total{job="cart", code=~"A|B"}[5m])) / on (pod) group_left (version)
		(max_over_time(slo:bad:rate5m{slo!="x"}[1h]) or 0 * queue) > bool 14.4 * 0.0005 and absent(build_info{job="cart"})`)
	require.NoError(t, err)
	require.Equal(t, []string{"namespace", "rpc", "pod", "version"}, by)
	require.Equal(t, []promql.Use{
		{Metric: "calls_total", Labels: []string{"job", "code"}, Values: map[string]string{"job": "cart", "code": "A|B"}},
		{Metric: "slo:bad:rate5m", Labels: []string{"slo"}, Values: map[string]string{"slo": "x"}},
		{Metric: "queue", Values: map[string]string{}},
		{Metric: "build_info", Labels: []string{"job"}, Values: map[string]string{"job": "cart"}},
	}, uses)
}

// When it fails, a text without an end hides all metrics behind it.
func TestBrokenExpressionIsRefused(t *testing.T) {
	t.Parallel()
	_, _, err := promql.Uses(`x{job="cart`)
	require.Error(t, err)
}
