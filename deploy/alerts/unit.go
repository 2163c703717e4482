package alerts

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Every alert is tried on series for which it has to ring and on series for which it must not.

// unitTests writes the tests of one service's rules, for promtool.
func unitTests(service string) []byte {
	var w strings.Builder
	w.WriteString(generated)
	fmt.Fprintf(&w, "rule_files: [%s.yaml]\nevaluation_interval: 1m\ntests:\n", service)
	for _, o := range SLOs(service) {
		for _, objective := range o.Objectives() {
			for _, speed := range []int{20, 8, 2} {
				writeTest(&w, objective.test(speed))
			}
			quiet := objective.test(0)
			quiet.name = objective.ID() + " is kept"
			writeTest(&w, quiet)
		}
	}
	for _, a := range Alerts(service) {
		bad, good := a.tests()
		writeTest(&w, bad)
		writeTest(&w, good)
	}
	return []byte(w.String())
}

// test is one test of promtool: what rings at the end of some series.
type test struct {
	name   string
	series []pair
	at     time.Duration
	alert  string
	rings  []rule
}

func writeTest(w *strings.Builder, t test) {
	fmt.Fprintf(w, "  - name: %s\n    interval: 1m\n", strconv.Quote(t.name))
	if len(t.series) > 0 {
		w.WriteString("    input_series:\n")
	}
	for _, s := range t.series {
		fmt.Fprintf(w, "      - {series: '%s', values: '%s'}\n", s.name, s.value)
	}
	fmt.Fprintf(w, "    alert_rule_test:\n      - eval_time: %s\n        alertname: %s\n", promTime(t.at), t.alert)
	if len(t.rings) == 0 {
		w.WriteString("        exp_alerts: []\n")
		return
	}
	w.WriteString("        exp_alerts:\n")
	for _, r := range t.rings {
		w.WriteString("          - exp_labels:\n")
		for _, l := range r.labels {
			fmt.Fprintf(w, "              %s: %s\n", l.name, strconv.Quote(l.value))
		}
		fmt.Fprintf(w, "            exp_annotations:\n              summary: %s\n              runbook_url: %s\n", strconv.Quote(r.summary), Runbook(r.alert))
	}
}

// test spends the budget that many times as fast as it lasts, for an hour.
func (o Objective) test(speed int) test {
	const calls = 100_000 // a minute
	bad := int(float64(calls*speed) * o.budget())
	t := test{name: fmt.Sprintf("%s is missed %d fold", o.ID(), speed), at: time.Hour, alert: o.Alert()}
	counter := func(s Series, perMinute int, more ...pair) {
		t.series = append(t.series, pair{s.sample(o.Service, more...), fmt.Sprintf("0+%dx60", perMinute)})
	}
	if o.Slowness {
		counter(o.total(), calls)
		counter(o.part(), calls-bad)
	} else {
		counter(o.total(), calls-bad, pair{"code", "OK"})
		counter(o.part(), bad)
	}
	for _, burn := range Burns() {
		if float64(speed) > burn.rate() {
			r := o.rule(burn)
			r.labels = append([]pair{{"namespace", "shop"}}, r.labels...)
			t.rings = append(t.rings, r)
		}
	}
	return t
}

// tests are one in which the alert rings and one in which it must not.
func (a Alert) tests() (bad, good test) {
	const length = 90
	at := time.Duration(length) * time.Minute
	bad = test{name: a.Name + " rings", at: at, alert: a.Name, rings: []rule{a.rule()}}
	good = test{name: a.Name + " is quiet", at: at, alert: a.Name}
	namespace := "namespace"
	if a.Measure.Kind == Missing {
		good.series = []pair{{a.Measure.Of.sample(a.Service), fmt.Sprintf("1+0x%d", length)}}
		namespace = "job"
		bad.rings[0].labels = append([]pair{{namespace, a.Service}}, bad.rings[0].labels...)
		return bad, good
	}
	bad.rings[0].labels = append([]pair{{namespace, "shop"}}, bad.rings[0].labels...)
	wrong, right := a.Threshold*1.2+1, a.Threshold*0.8
	if a.Below {
		wrong, right = right, wrong
	}
	if a.Measure.Kind == Ratio || a.Measure.Kind == Share {
		wrong, right = min(wrong, 1), min(right, 1)
	}
	bad.series, good.series = a.Measure.samples(a.Service, wrong, length), a.Measure.samples(a.Service, right, length)
	return bad, good
}

// samples are series for which the measure is about the figure, for so many minutes.
func (m Measure) samples(service string, figure float64, length int) []pair {
	of := m.Of.sample(service)
	switch m.Kind {
	case Grown:
		return []pair{{of, fmt.Sprintf("0+%sx%d", number(figure/m.Window.Minutes()), length)}}
	case Share:
		return []pair{{of, fmt.Sprintf("0+%sx%d", number(100*figure), length)}, {m.Per.sample(service), fmt.Sprintf("0+100x%d", length)}}
	case Ratio:
		return []pair{{of, fmt.Sprintf("%s+0x%d", number(100*figure), length)}, {m.Per.sample(service), fmt.Sprintf("100+0x%d", length)}}
	case Left:
		return []pair{{of, fmt.Sprintf("%s+0x%d", number(figure+60*float64(length)), length)}}
	default:
		return []pair{{of, fmt.Sprintf("%s+0x%d", number(figure), length)}}
	}
}

// sample is one of the series, as it may be exported.
func (s Series) sample(service string, more ...pair) string {
	labels := []string{`namespace="shop"`}
	if s.From == Ours {
		labels = append(labels, fmt.Sprintf("job=%q", service), `pod="`+service+`-1"`)
	}
	for _, m := range s.Match {
		value := "something-else"
		if m.Op == In {
			value = strings.ReplaceAll(m.Values[0], "*", "Some")
		}
		labels = append(labels, fmt.Sprintf("%s=%q", m.Label, value))
	}
	for _, l := range more {
		labels = append(labels, fmt.Sprintf("%s=%q", l.name, l.value))
	}
	return s.Metric + "{" + strings.Join(labels, ",") + "}"
}
