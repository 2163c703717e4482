package alerts_test

import (
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cartwright-shop/cartwright/deploy/alerts"
)

// What is compared here is read back from the generated files, as the three systems will read them.

// limit is when an alert rings: when the figure is on the wrong side of the threshold for so long.
type limit struct {
	threshold float64
	below     bool
	minutes   int
}

// rings judges the last minutes of a series that has a figure a minute.
func (l limit) rings(figures []float64) bool {
	for _, f := range figures[len(figures)-max(1, l.minutes):] {
		if l.below && f >= l.threshold || !l.below && f <= l.threshold {
			return false
		}
	}
	return true
}

// minutes of a time such as 5m, 1h or 3d.
func minutes(t *testing.T, text string) int {
	t.Helper()
	n, err := strconv.Atoi(text[:len(text)-1])
	require.NoError(t, err, text)
	return n * map[byte]int{'m': 1, 'h': 60, 'd': 1440}[text[len(text)-1]]
}

var (
	ruleStart = regexp.MustCompile(`(?m)^      - (?:alert|record): `)
	waits     = regexp.MustCompile(`(?m)^        for: (\w+)$`)
	compares  = regexp.MustCompile(`(?s)expr: \|-\n(.*?) ([<>]) (\S+)\n        (?:for|labels):`)
	windows   = regexp.MustCompile(`\[(\w+)\]`)
	burnLabel = regexp.MustCompile(`(?m)^          burn: "(.*)"$`)
	burnLimit = regexp.MustCompile(`> ([\d.]+) \* ([\d.]+)\)`)
)

// rulesOf are the texts of the rules of one service, by alert, in their order.
func rulesOf(t *testing.T, service string) map[string][]string {
	t.Helper()
	text, err := os.ReadFile("prometheus/" + service + ".yaml")
	require.NoError(t, err)
	rules := map[string][]string{}
	starts := ruleStart.FindAllIndex(text, -1)
	for i, start := range starts {
		end := len(text)
		if i+1 < len(starts) {
			end = starts[i+1][0]
		}
		name, body, _ := strings.Cut(string(text[start[1]:end]), "\n")
		rules[name] = append(rules[name], body)
	}
	return rules
}

func prometheusLimit(t *testing.T, rule string) limit {
	t.Helper()
	l := limit{}
	if wait := waits.FindStringSubmatch(rule); wait != nil {
		l.minutes = minutes(t, wait[1])
	}
	match := compares.FindStringSubmatch(rule)
	require.NotNil(t, match, rule)
	l.below = match[2] == "<"
	var err error
	l.threshold, err = strconv.ParseFloat(match[3], 64)
	require.NoError(t, err)
	return l
}

// alarm is what CloudWatch reads.
type alarm struct {
	Type       string
	Properties struct {
		AlarmName, ComparisonOperator, MetricName, TreatMissingData string
		Threshold                                                   float64
		EvaluationPeriods, Period                                   int
		AlarmActions                                                []map[string]string
		AlarmRule                                                   map[string]string
		Metrics                                                     []struct {
			ID         string `json:"Id"`
			Expression string
			MetricStat struct{ Period int }
		}
	}
}

func (a alarm) period() int {
	for _, m := range a.Properties.Metrics {
		if m.MetricStat.Period > 0 {
			return m.MetricStat.Period / 60
		}
	}
	return a.Properties.Period / 60
}

func alarmsOf(t *testing.T, service string) map[string]alarm {
	t.Helper()
	text, err := os.ReadFile("cloudwatch/" + service + ".json")
	require.NoError(t, err)
	var template struct{ Resources map[string]alarm }
	require.NoError(t, json.Unmarshal(text, &template))
	return template.Resources
}

// limit counts periods of a minute: a longer one is the window that the figure itself is made of.
func (a alarm) limit() limit {
	l := limit{threshold: a.Properties.Threshold, below: a.Properties.ComparisonOperator == "LessThanThreshold"}
	if a.period() == 1 {
		l.minutes = a.Properties.EvaluationPeriods
	}
	return l
}

// monitor is what Sumo Logic reads.
type monitor struct {
	Name, MonitorType, Playbook string
	SloID                       string `json:"sloId"`
	Queries                     []struct{ Query string }
	Triggers                    []struct {
		TriggerType, DetectionMethod, TimeRange, ThresholdType, OccurrenceType string
		Threshold                                                              float64
		BurnRates                                                              []struct {
			TimeRange         string
			BurnRateThreshold float64
		}
	}
}

func monitorsOf(t *testing.T, service string) (map[string]monitor, map[string]float64) {
	t.Helper()
	text, err := os.ReadFile("sumo/" + service + ".json")
	require.NoError(t, err)
	var all struct {
		Monitors []monitor
		Slos     []struct {
			Name       string
			Compliance struct {
				Target float64
				Size   string
			}
		}
	}
	require.NoError(t, json.Unmarshal(text, &all))
	list, targets := map[string]monitor{}, map[string]float64{}
	for _, m := range all.Monitors {
		list[m.Name] = m
	}
	for _, o := range all.Slos {
		require.Equal(t, "30d", o.Compliance.Size, "what a percent of the budget is follows from it")
		targets[o.Name] = o.Compliance.Target
	}
	return list, targets
}

func (m monitor) limit(t *testing.T, window time.Duration) limit {
	t.Helper()
	trigger := m.Triggers[0]
	require.Equal(t, "Always", trigger.OccurrenceType)
	l := limit{threshold: trigger.Threshold, below: trigger.ThresholdType == "LessThan", minutes: minutes(t, trigger.TimeRange[1:])}
	if window > 0 {
		l.minutes = 0 // it is the window of the figure
	}
	return l
}

// series are ten histories of a figure around a threshold. The last minute decides in each.
func series(threshold float64) [][]float64 {
	const length = 120
	over, under := threshold*1.5+0.001, threshold*0.5-0.001
	shape := func(figure func(minute int) float64) []float64 {
		list := make([]float64, length)
		for i := range list {
			list[i] = figure(i)
		}
		return list
	}
	pick := func(is func(minute int) bool) []float64 {
		return shape(func(i int) float64 {
			if is(i) {
				return over
			}
			return under
		})
	}
	return [][]float64{
		pick(func(int) bool { return false }),
		pick(func(int) bool { return true }),
		pick(func(i int) bool { return i >= length-1 }),                // began just now
		pick(func(i int) bool { return i < length-1 }),                 // ended just now
		pick(func(i int) bool { return i >= length/3 }),                // for longer than any wait
		pick(func(i int) bool { return i%2 == 1 }),                     // on and off
		pick(func(i int) bool { return i != length/2 }),                // once, long ago, all was well
		pick(func(i int) bool { return i > length/4 && i < length/2 }), // long ago
		shape(func(int) float64 { return threshold }),                  // exactly at it
		shape(func(i int) float64 { return under + (over-under)*float64(i)/length }),
	}
}

// When it fails, somebody who watches with CloudWatch or Sumo Logic is told other things than who watches with Prometheus.
func TestTheThreeAgree(t *testing.T) {
	t.Parallel()
	for _, service := range alerts.Watched() {
		rules, alarms := rulesOf(t, service), alarmsOf(t, service)
		monitors, _ := monitorsOf(t, service)
		for _, a := range alerts.Alerts(service) {
			require.Len(t, rules[a.Name], 1, a.Name)
			if a.NotInCloud != "" {
				require.NotContains(t, alarms, a.Name)
				continue
			}
			m, ok := monitors[service+" "+a.Name]
			require.True(t, ok, a.Name)
			require.Equal(t, "AWS::CloudWatch::Alarm", alarms[a.Name].Type, a.Name)
			if a.Measure.Kind == alerts.Missing {
				require.Equal(t, "breaching", alarms[a.Name].Properties.TreatMissingData)
				require.Equal(t, "MissingData", m.Triggers[0].TriggerType)
				require.Equal(t, minutes(t, waits.FindStringSubmatch(rules[a.Name][0])[1]), alarms[a.Name].Properties.EvaluationPeriods)
				require.Equal(t, a.For, time.Duration(minutes(t, m.Triggers[0].TimeRange[1:]))*time.Minute)
				continue
			}
			rule, alarm, monitor := prometheusLimit(t, rules[a.Name][0]), alarms[a.Name].limit(), m.limit(t, a.Measure.Window)
			require.Equal(t, a.Threshold, rule.threshold, a.Name)
			for i, figures := range series(rule.threshold) {
				want := rule.rings(figures)
				require.Equal(t, want, alarm.rings(figures), "CloudWatch, %s of %s, series %d", a.Name, service, i)
				require.Equal(t, want, monitor.rings(figures), "Sumo Logic, %s of %s, series %d", a.Name, service, i)
			}
		}
	}
}

// window is one condition of a burn: a mean share of bad calls over some minutes, above a limit.
type window struct {
	minutes, periods int
	limit            float64
}

func (w window) rings(bad []float64) bool {
	for period := range w.periods {
		end := len(bad) - period*w.minutes
		sum := 0.0
		for _, share := range bad[max(0, end-w.minutes):end] {
			sum += share
		}
		if sum/float64(w.minutes) <= w.limit {
			return false
		}
	}
	return true
}

// burning are the two windows of each rule, alarm and monitor of an objective, by speed.
func burning(t *testing.T, service string, o alerts.Objective) (prom, cloud, sumo map[string][]window) {
	t.Helper()
	prom, cloud, sumo = map[string][]window{}, map[string][]window{}, map[string][]window{}
	rules, alarms := rulesOf(t, service), alarmsOf(t, service)
	monitors, targets := monitorsOf(t, service)
	speeds := map[string]string{"14.4": "Fast", "6": "Quick", "1": "Steady"}
	for _, rule := range rules[o.Alert()] {
		speed := burnLabel.FindStringSubmatch(rule)[1]
		for condition := range strings.SplitSeq(rule, "\n          and\n") {
			factors := burnLimit.FindStringSubmatch(condition)
			rate, err := strconv.ParseFloat(factors[1], 64)
			require.NoError(t, err)
			budget, err := strconv.ParseFloat(factors[2], 64)
			require.NoError(t, err)
			length := 5 // that of the recorded rate
			if over := windows.FindStringSubmatch(condition); over != nil {
				length = minutes(t, over[1])
			}
			prom[speed] = append(prom[speed], window{length, 1, rate * budget})
		}
		name := o.Alert() + speeds[speed]
		require.Equal(t, fmt.Sprintf(`ALARM("${%sLong}") AND ALARM("${%sShort}")`, name, name), alarms[name].Properties.AlarmRule["Fn::Sub"])
		for _, part := range []string{"Long", "Short"} {
			a := alarms[name+part]
			require.Equal(t, "GreaterThanThreshold", a.Properties.ComparisonOperator)
			require.Empty(t, a.Properties.AlarmActions, "one window alone tells nobody")
			cloud[speed] = append(cloud[speed], window{a.period(), a.Properties.EvaluationPeriods, a.Properties.Threshold})
		}
		m := monitors[o.Alert()+" "+speed]
		require.Equal(t, o.ID(), m.SloID)
		for _, spent := range m.Triggers[0].BurnRates {
			length := minutes(t, spent.TimeRange[1:])
			burn := spent.BurnRateThreshold / 100 * 30 * 1440 / float64(length)
			sumo[speed] = append(sumo[speed], window{length, 1, burn * (100 - targets[o.ID()]) / 100})
		}
	}
	return prom, cloud, sumo
}

// histories are ten ways to spend a budget, in shares of bad calls a minute over three days.
func histories(budget float64) [][]float64 {
	const length = 3 * 1440
	list := make([][]float64, 0, 10)
	for _, step := range []struct {
		before, after float64
		last          int // minutes for which it is after
	}{
		{0, 0, 0}, {0.9, 0.9, 0}, {1.2, 1.2, 0}, {7, 7, 0}, {16, 16, 0},
		{0, 20, 60}, {0, 20, 3}, {0, 8, 360}, {16, 0, 400}, {0, 100, 20},
	} {
		bad := make([]float64, length)
		for i := range bad {
			bad[i] = step.before * budget
			if i >= length-step.last {
				bad[i] = step.after * budget
			}
		}
		list = append(list, bad)
	}
	return list
}

// When it fails, an objective is missed in one system and kept in another. CloudWatch has no window of three days: it wants each of
// them to burn, so what burned on the last of them only, fast enough for all three, it tells by its faster alarms alone.
func TestTheThreeAgreeOnBurningBudgets(t *testing.T) {
	t.Parallel()
	all := func(windows []window, bad []float64) bool {
		for _, w := range windows {
			if !w.rings(bad) {
				return false
			}
		}
		return true
	}
	for _, service := range alerts.Services {
		for _, o := range alerts.SLOs(service) {
			for _, objective := range o.Objectives() {
				prom, cloud, sumo := burning(t, service, objective)
				require.Len(t, prom, len(alerts.Burns()))
				budget := prom["1"][0].limit
				for speed := range prom {
					require.Len(t, prom[speed], 2)
					require.Len(t, cloud[speed], 2)
					require.Len(t, sumo[speed], 2)
					for i, w := range prom[speed] {
						require.InEpsilon(t, w.limit, sumo[speed][i].limit, 1e-6, "%s at %s", objective.ID(), speed)
						require.InEpsilon(t, w.limit, cloud[speed][i].limit, 1e-6, "%s at %s", objective.ID(), speed)
						require.Equal(t, w.minutes, cloud[speed][i].minutes*cloud[speed][i].periods, "%s at %s", objective.ID(), speed)
					}
					for i, bad := range histories(budget) {
						want := all(prom[speed], bad)
						require.Equal(t, want, all(sumo[speed], bad), "Sumo Logic, %s at %s, history %d", objective.ID(), speed, i)
						if speed == "1" && bad[0] == 0 {
							continue // what the comment above says
						}
						require.Equal(t, want, all(cloud[speed], bad), "CloudWatch, %s at %s, history %d", objective.ID(), speed, i)
					}
				}
			}
		}
	}
}
