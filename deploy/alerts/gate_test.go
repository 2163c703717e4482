package alerts_test

import (
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"github.com/cartwright-shop/cartwright/deploy/alerts"
)

// gate is the alarm of the shop that pipelines wait for.
type gate struct {
	Properties struct {
		Namespace string       `yaml:"Namespace"`
		Metrics   []gateMetric `yaml:"Metrics"`
	} `yaml:"Properties"`
}

type gateMetric struct {
	ID         string `yaml:"Id"`
	Expression string `yaml:"Expression"`
	MetricStat struct {
		Stat   string `yaml:"Stat"`
		Metric struct {
			Namespace  string `yaml:"Namespace"`
			MetricName string `yaml:"MetricName"`
			Dimensions []struct {
				Name  string `yaml:"Name"`
				Value string `yaml:"Value"`
			} `yaml:"Dimensions"`
		} `yaml:"Metric"`
	} `yaml:"MetricStat"`
}

func gates(t *testing.T) (text string, resources map[string]gate) {
	t.Helper()
	file, err := os.ReadFile("../aws/observability.yaml")
	require.NoError(t, err)
	var nodes struct {
		Resources map[string]yaml.Node `yaml:"Resources"`
	}
	require.NoError(t, yaml.Unmarshal(file, &nodes))
	resources = map[string]gate{}
	for name, node := range nodes.Resources {
		var kind struct {
			Type string `yaml:"Type"`
		}
		require.NoError(t, node.Decode(&kind))
		if kind.Type == "AWS::CloudWatch::Alarm" {
			var g gate
			require.NoError(t, node.Decode(&g))
			resources[name] = g
		}
	}
	return string(file), resources
}

var clause = regexp.MustCompile(`IF\((?:FILL\()?(\w+)(?:, 0\))? > (\d+), 1, 0\)`)

// When it fails, a pipeline goes back for what nobody is told about, or goes on while somebody is woken: it judges the shop by other
// figures or limits than the alerts do. Or a thing has two alarms, which do not agree.
func TestPipelinesJudgeTheShopByTheAlerts(t *testing.T) {
	t.Parallel()
	text, all := gates(t)
	for name, g := range all {
		require.NotEqual(t, "Cartwright", g.Properties.Namespace, "%s: alarms of services come from deploy/alerts", name)
		require.True(t, name == "Shop" || len(g.Properties.Metrics) == 0, name)
	}
	limits, found := map[string]float64{}, map[string]string{}
	shop := all["Shop"].Properties.Metrics
	clauses := clause.FindAllStringSubmatch(shop[0].Expression, -1)
	require.Len(t, clauses, strings.Count(shop[0].Expression, "IF("), "every clause is understood")
	for _, c := range clauses {
		limit, err := strconv.ParseFloat(c[2], 64)
		require.NoError(t, err)
		limits[c[1]] = limit
	}
	require.Len(t, limits, len(shop)-1, "every metric has a limit")
	for _, m := range shop[1:] {
		if m.MetricStat.Metric.Namespace != "Cartwright" {
			continue
		}
		dimensions := m.MetricStat.Metric.Dimensions
		require.Equal(t, []string{"cluster", "service"}, []string{dimensions[0].Name, dimensions[1].Name})
		name, a := watcher(t, dimensions[1].Value, m.MetricStat.Metric.MetricName)
		require.Equal(t, "Maximum", m.MetricStat.Stat, name)
		require.Equal(t, alerts.Largest, a.Measure.Kind, name)
		require.Equal(t, a.Threshold, limits[m.ID], name)
		found[name] = m.ID
	}
	require.Equal(t, map[string]string{
		"SagaStuck": "stuck", "SagaNeedsAttention": "attention", "LedgerDrift": "drift", "OperationsInDoubt": "doubt", "OperationsNeedAttention": "person",
		"WebhooksDead": "dead",
	}, found)
	shown := regexp.MustCompile(`:alarm:cartwright-([a-z]+)-(\w+)"`).FindAllStringSubmatch(text, -1)
	require.Len(t, shown, len(found)+1)
	for _, s := range shown {
		require.Equal(t, "cartwright-"+s[1]+"-"+s[2], alarmsOf(t, s[1])[s[2]].Properties.AlarmName, "the dashboard shows an alarm that nobody makes")
	}
}

// watcher is the alarm that reads a metric, and the alert that it is.
func watcher(t *testing.T, service, metric string) (string, alerts.Alert) {
	t.Helper()
	for _, a := range alerts.Alerts(service) {
		if alarmsOf(t, service)[a.Name].Properties.MetricName == metric {
			return a.Name, a
		}
	}
	t.Fatalf("no alert reads %s of %s", metric, service)
	return "", alerts.Alert{}
}
