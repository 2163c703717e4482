package alerts

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// prometheus writes the rules of one service.
func prometheus(service string) []byte {
	var w strings.Builder
	w.WriteString(generated)
	w.WriteString("groups:\n")
	if len(SLOs(service)) > 0 {
		fmt.Fprintf(&w, "  - name: %s-objectives\n    interval: 1m\n    rules:\n", service)
	}
	for _, o := range SLOs(service) {
		for _, objective := range o.Objectives() {
			writeRecord(&w, "slo:total:rate5m", objective, objective.totalExpr())
			writeRecord(&w, "slo:bad:rate5m", objective, objective.badExpr())
		}
	}
	for _, o := range SLOs(service) {
		for _, objective := range o.Objectives() {
			for _, burn := range Burns() {
				writeRule(&w, objective.rule(burn))
			}
		}
	}
	fmt.Fprintf(&w, "  - name: %s\n    interval: 1m\n    rules:\n", service)
	for _, a := range Alerts(service) {
		writeRule(&w, a.rule())
	}
	return []byte(w.String())
}

// rule is an alerting rule.
type rule struct {
	alert, expr string
	wait        time.Duration
	labels      []pair
	summary     string
}

type pair struct{ name, value string }

func (a Alert) rule() rule {
	return rule{
		alert: a.Name, expr: a.expr(), wait: a.For, summary: a.Summary,
		labels: []pair{{"service", a.Service}, {"severity", string(a.Severity)}},
	}
}

func (o Objective) rule(b Burn) rule {
	return rule{
		alert: o.Alert(), expr: o.burnExpr(b), summary: o.summary(),
		labels: []pair{{"burn", b.Rate}, {"service", o.Service}, {"severity", string(b.Severity)}, {"slo", o.ID()}},
	}
}

func writeRecord(w *strings.Builder, name string, o Objective, expr string) {
	fmt.Fprintf(w, "      - record: %s\n        expr: |-\n%s        labels: {slo: %s, service: %s}\n", name, indent(expr, 10), o.ID(), o.Service)
}

func writeRule(w *strings.Builder, r rule) {
	fmt.Fprintf(w, "      - alert: %s\n        expr: |-\n%s", r.alert, indent(r.expr, 10))
	if r.wait > 0 {
		fmt.Fprintf(w, "        for: %s\n", promTime(r.wait))
	}
	w.WriteString("        labels:\n")
	for _, l := range r.labels {
		fmt.Fprintf(w, "          %s: %s\n", l.name, strconv.Quote(l.value))
	}
	fmt.Fprintf(w, "        annotations:\n          summary: %s\n          runbook_url: %s\n", strconv.Quote(r.summary), Runbook(r.alert))
}

// expr is true while the alert's condition is.
func (a Alert) expr() string {
	if a.Measure.Kind == Missing {
		return a.Measure.expr(a.Service)
	}
	op := ">"
	if a.Below {
		op = "<"
	}
	return a.Measure.expr(a.Service) + " " + op + " " + number(a.Threshold)
}

func (m Measure) expr(service string) string {
	part, whole, window := m.Of.selector(service), "", promTime(m.Window)
	if m.Kind == Share || m.Kind == Ratio {
		whole = m.Per.selector(service)
	}
	switch m.Kind {
	case Grown:
		return fmt.Sprintf("sum by (namespace) (increase(%s[%s]))", part, window)
	case Share:
		return fmt.Sprintf("sum by (namespace) (increase(%s[%s])) / sum by (namespace) (increase(%s[%s]))", part, window, whole, window)
	case Ratio:
		return fmt.Sprintf("max by (namespace) (%s / %s)", part, whole)
	case Missing:
		return fmt.Sprintf("absent(%s)", part)
	case Left:
		return fmt.Sprintf("min by (namespace) (%s) - time()", part)
	default:
		return fmt.Sprintf("max by (namespace) (%s)", part)
	}
}

// selector is the series as PromQL. Those of our services are told apart by the job that reads them, which is named like the service.
func (s Series) selector(service string) string {
	var parts []string
	if s.From == Ours {
		parts = append(parts, "job="+strconv.Quote(service))
	}
	for _, m := range s.Match {
		parts = append(parts, m.selector())
	}
	return s.Metric + "{" + strings.Join(parts, ",") + "}"
}

func (m Match) selector() string {
	pattern := m.pattern()
	exact := len(m.Values) == 1 && pattern == m.Values[0]
	switch {
	case m.Op == In && exact:
		return m.Label + "=" + strconv.Quote(pattern)
	case m.Op == In:
		return m.Label + "=~" + strconv.Quote(pattern)
	case exact:
		return m.Label + "!=" + strconv.Quote(pattern)
	default:
		return m.Label + "!~" + strconv.Quote(pattern)
	}
}

// pattern is a regular expression for the whole value. Dots stand for any character, which nothing else has in their place. Methods of
// one contract are put together.
func (m Match) pattern() string {
	var groups []string
	methods := map[string][]string{}
	for _, value := range m.Values {
		contract, method, ok := strings.Cut(strings.TrimPrefix(value, "/"), "/")
		if !ok {
			groups = append(groups, value)
			continue
		}
		contract = "/" + contract + "/"
		if methods[contract] == nil {
			groups = append(groups, contract)
		}
		methods[contract] = append(methods[contract], method)
	}
	for i, group := range groups {
		switch list := methods[group]; len(list) {
		case 0:
		case 1:
			groups[i] += list[0]
		default:
			groups[i] += "(" + strings.Join(list, "|") + ")"
		}
	}
	return strings.ReplaceAll(strings.Join(groups, "|"), "*", ".*")
}

func (o Objective) totalExpr() string {
	return fmt.Sprintf("sum by (namespace) (rate(%s[5m]))", o.total().selector(o.Service))
}

// badExpr is 0, and not nothing, while all calls are good: the means of good and bad times have to be over the same times.
func (o Objective) badExpr() string {
	part := fmt.Sprintf("sum by (namespace) (rate(%s[5m]))", o.part().selector(o.Service))
	if o.Slowness {
		return o.totalExpr() + "\n- (\n  " + part + "\n  or 0 * " + o.totalExpr() + "\n)"
	}
	return part + "\nor 0 * " + o.totalExpr()
}

func (o Objective) burnExpr(b Burn) string {
	limit := fmt.Sprintf("%s * %s", b.Rate, number(o.budget()))
	return fmt.Sprintf("(%s > %s)\nand\n(%s > %s)", o.share(b.Long), limit, o.share(b.Short), limit)
}

// share is the share of bad calls in a window.
func (o Objective) share(window time.Duration) string {
	selector := fmt.Sprintf("{slo=%q}", o.ID())
	if window == 5*time.Minute {
		return "slo:bad:rate5m" + selector + " / slo:total:rate5m" + selector
	}
	return fmt.Sprintf("avg_over_time(slo:bad:rate5m%s[%s]) / avg_over_time(slo:total:rate5m%s[%s])", selector, promTime(window), selector, promTime(window))
}

func promTime(d time.Duration) string {
	switch {
	case d >= 24*time.Hour && d%(24*time.Hour) == 0:
		return fmt.Sprintf("%dd", d/(24*time.Hour))
	case d >= time.Hour && d%time.Hour == 0:
		return fmt.Sprintf("%dh", d/time.Hour)
	default:
		return fmt.Sprintf("%dm", d/time.Minute)
	}
}

func number(f float64) string { return strconv.FormatFloat(f, 'f', -1, 64) }

func indent(text string, by int) string {
	pad := strings.Repeat(" ", by)
	return pad + strings.ReplaceAll(text, "\n", "\n"+pad) + "\n"
}
