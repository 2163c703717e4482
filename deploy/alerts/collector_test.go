package alerts_test

import (
	"encoding/json"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"github.com/cartwright-shop/cartwright/deploy/alerts"
)

// step is one relabelling of Prometheus.
type step struct {
	Source      []string `yaml:"source_labels"`
	Action      string
	Regex       string
	Target      string `yaml:"target_label"`
	Replacement string
}

// apply changes the labels and tells whether the series is still there.
func (s step) apply(labels map[string]string) bool {
	values := make([]string, len(s.Source))
	for i, name := range s.Source {
		values[i] = labels[name]
	}
	whole := regexp.MustCompile("^(?s:" + s.Regex + ")$")
	match := whole.FindStringSubmatchIndex(strings.Join(values, ";"))
	switch s.Action {
	case "keep":
		return match != nil
	case "drop":
		return match == nil
	}
	if match != nil {
		replacement := strings.ReplaceAll(s.Replacement, "$$", "$")
		labels[s.Target] = string(whole.ExpandString(nil, replacement, strings.Join(values, ";"), match))
	}
	return true
}

// collector is as much of the values of the collector as is followed here.
type collector struct {
	Config struct {
		Receivers struct {
			Prometheus struct {
				Config struct {
					Scrapes []struct {
						Job   string `yaml:"job_name"`
						Steps []step `yaml:"metric_relabel_configs"`
					} `yaml:"scrape_configs"`
				}
			}
		}
		Processors struct {
			Transform struct {
				Metric []struct{ Statements []string } `yaml:"metric_statements"`
			}
		}
		Exporters struct {
			Awsemf struct {
				Declarations []struct {
					Dimensions [][]string
					Selectors  []string `yaml:"metric_name_selectors"`
				} `yaml:"metric_declarations"`
			}
		}
	}
}

var failing = regexp.MustCompile(`"failed".* and IsMatch\(attributes\["code"\], "(.*)"\)`)

// send tells which figures CloudWatch gets of a series: names with the dimensions and their values.
func (c collector) send(t *testing.T, labels map[string]string) []string {
	t.Helper()
	for _, scrape := range c.Config.Receivers.Prometheus.Config.Scrapes {
		if foreign := strings.HasPrefix(labels["__name__"], "kube_"); foreign != (scrape.Job == "kube-state-metrics") {
			continue
		}
		for _, s := range scrape.Steps {
			if !s.apply(labels) {
				return nil
			}
		}
	}
	name := labels["__name__"]
	if name == "rpc_server_requests_total" {
		statement := failing.FindStringSubmatch(strings.Join(c.Config.Processors.Transform.Metric[1].Statements, "\n"))
		require.NotNil(t, statement)
		labels["outcome"] = "good"
		if regexp.MustCompile(statement[1]).MatchString(labels["code"]) {
			labels["outcome"] = "failed"
		}
	}
	var list []string
	for _, d := range c.Config.Exporters.Awsemf.Declarations {
		if !slices.ContainsFunc(d.Selectors, func(s string) bool { return regexp.MustCompile(s).MatchString(name) }) {
			continue
		}
		for _, set := range d.Dimensions {
			list = append(list, figure(name, set, labels))
		}
	}
	return list
}

func figure(name string, dimensions []string, values map[string]string) string {
	text := name
	for _, d := range slices.Sorted(slices.Values(dimensions)) {
		text += " " + d + "=" + values[d]
	}
	return text
}

// series are those for which the unit tests of the rules let alerts ring, and those for which they do not.
func tried(t *testing.T, service string) []map[string]string {
	t.Helper()
	text, err := os.ReadFile("prometheus/" + service + "_test.yaml")
	require.NoError(t, err)
	var file struct {
		Tests []struct {
			Input []struct{ Series string } `yaml:"input_series"`
		}
	}
	require.NoError(t, yaml.Unmarshal(text, &file))
	var list []map[string]string
	for _, test := range file.Tests {
		for _, input := range test.Input {
			name, rest, _ := strings.Cut(input.Series, "{")
			labels := map[string]string{"__name__": name, "cluster": "C", "track": "stable"}
			for _, l := range regexp.MustCompile(`(\w+)="([^"]*)"`).FindAllStringSubmatch(rest, -1) {
				labels[l[1]] = l[2]
			}
			if job, ours := labels["job"]; ours {
				labels["service"] = job
				delete(labels, "job")
			}
			if labels["namespace"] != "" {
				labels["namespace"] = "cartwright"
			}
			list = append(list, labels)
		}
	}
	return list
}

// wanted are the figures that the alarms of a service read, by alarm.
func wanted(t *testing.T, service string) map[string][]string {
	t.Helper()
	type metric struct {
		MetricName string
		Dimensions []struct {
			Name  string
			Value any
		}
	}
	var template struct {
		Resources map[string]struct {
			Properties struct {
				metric
				Metrics []struct{ MetricStat struct{ Metric metric } }
			}
		}
	}
	text, err := os.ReadFile("cloudwatch/" + service + ".json")
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(text, &template))
	list := map[string][]string{}
	for name, resource := range template.Resources {
		all := []metric{resource.Properties.metric}
		for _, m := range resource.Properties.Metrics {
			all = append(all, m.MetricStat.Metric)
		}
		for _, m := range all {
			values := map[string]string{}
			for _, d := range m.Dimensions {
				values[d.Name] = "C" // that of the parameter Cluster
				if text, ok := d.Value.(string); ok {
					values[d.Name] = text
				}
			}
			if m.MetricName != "" {
				list[name] = append(list[name], figure(m.MetricName, slices.Collect(maps.Keys(values)), values))
			}
		}
	}
	return list
}

func values(t *testing.T) (text []byte, c collector) {
	t.Helper()
	text, err := os.ReadFile(alerts.CollectorValues)
	require.NoError(t, err)
	require.NoError(t, yaml.Unmarshal(text, &c))
	return text, c
}

// blind are the alarms that read a figure that never comes.
func blind(t *testing.T, c collector) []string {
	t.Helper()
	var list []string
	for _, service := range alerts.Watched() {
		sent := map[string]bool{}
		for _, labels := range tried(t, service) {
			for _, f := range c.send(t, labels) {
				sent[f] = true
			}
		}
		for name, figures := range wanted(t, service) {
			for _, f := range figures {
				if !sent[f] {
					list = append(list, name+": "+f)
				}
			}
		}
	}
	return list
}

// When it fails, an alarm of CloudWatch never rings, or always: the collector drops its metric, or sends it by other dimensions.
func TestTheCollectorSendsWhatAlarmsRead(t *testing.T) {
	t.Parallel()
	_, c := values(t)
	require.Empty(t, blind(t, c))
	for _, service := range alerts.Watched() {
		for _, a := range alerts.Alerts(service) {
			if a.NotInCloud != "" || a.Measure.Kind != alerts.Grown && a.Measure.Kind != alerts.Share {
				continue
			}
			for _, s := range []alerts.Series{a.Measure.Of, a.Measure.Per} {
				name := s.Metric
				if s.Cloud != "" {
					name = s.Cloud
				}
				require.Regexp(t, `^$|_total$`, name, "the collector tells counters by the ends of their names")
			}
		}
	}
}

// When it fails, the test above would pass a collector that drops something.
func TestACollectorThatDropsIsSeen(t *testing.T) {
	t.Parallel()
	names := []string{"build_info", "pod_restarts_total", "payment_webhooks_dead", "rpc_server_panics_total", "audit_violations"}
	_, c := values(t)
	for i := range c.Config.Receivers.Prometheus.Config.Scrapes {
		scrape := &c.Config.Receivers.Prometheus.Config.Scrapes[i]
		scrape.Steps = append(scrape.Steps, step{Source: []string{"__name__"}, Action: "drop", Regex: strings.Join(names, "|")})
	}
	list := strings.Join(blind(t, c), "\n")
	for _, name := range names {
		require.Contains(t, list, ": "+name+" ")
	}
}

// When it fails, the collector knows other alarms than there are: type make generate.
func TestTheCollectorIsThatOfTheData(t *testing.T) {
	t.Parallel()
	text, _ := values(t)
	want, err := alerts.Collector(text)
	require.NoError(t, err)
	require.Equal(t, string(want), string(text), "type make generate")
	_, err = alerts.Collector([]byte(strings.Replace(string(text), "# end dimensions", "", 1)))
	require.ErrorContains(t, err, "no place")
}
