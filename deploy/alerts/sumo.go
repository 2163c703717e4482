package alerts

import (
	"fmt"
	"strings"
	"time"
)

// sumo writes the objectives and monitors of one service for Sumo Logic's API: /v1/slos and /v1/monitors. Who sends them replaces the
// sloId of a monitor, here the name of an objective, by the id that the API gave it.
func sumo(service string) ([]byte, error) {
	var slos, monitors []fields
	for _, o := range SLOs(service) {
		for _, objective := range o.Objectives() {
			slos = append(slos, objective.sumo())
			for _, burn := range Burns() {
				monitors = append(monitors, objective.monitor(burn))
			}
		}
	}
	for _, a := range Alerts(service) {
		if a.NotInCloud == "" {
			monitors = append(monitors, a.monitor())
		}
	}
	return encode(fields{"slos": slos, "monitors": monitors})
}

func (o Objective) sumo() fields {
	query := func(group, metric string, more ...string) fields {
		selector := fmt.Sprintf("metric=%s service=%s slo=%s ", metric, o.Service, o.Name) + strings.Join(more, " ")
		return fields{"queryGroupType": group, "queryGroup": []fields{
			{"rowId": "A", "query": strings.TrimSpace(selector) + " | quantize to 1m using sum | sum", "useRowCount": false},
		}}
	}
	queries := []fields{query("Unsuccessful", "rpc_server_requests_total", "outcome=failed"), query("Total", "rpc_server_requests_total")}
	signal := "Error"
	if o.Slowness {
		queries[0], signal = query("Successful", o.inTime()), "Latency"
	}
	return fields{
		"type": "SlosLibrarySlo", "name": o.ID(), "description": o.Says, "signalType": signal, "service": o.Service, "application": "cartwright",
		"compliance": fields{"complianceType": "Rolling", "target": o.target(), "timezone": "UTC", "size": promTime(period)},
		"indicator":  fields{"evaluationType": "Request", "queryType": "Metrics", "queries": queries},
	}
}

func monitor(name, kind, description string, severity Severity) fields {
	return fields{
		"type": "MonitorsLibraryMonitor", "name": name, "description": description, "monitorType": kind, "isDisabled": false,
		"notifications": []fields{}, "tags": fields{"severity": string(severity)},
	}
}

// monitor rings when both windows took more of the budget than they may. Sumo Logic counts that in percent of the whole budget.
func (o Objective) monitor(b Burn) fields {
	m := monitor(o.Alert()+" "+b.Rate, "Slo", o.summary(), b.Severity)
	spent := func(window time.Duration) fields {
		return fields{"timeRange": "-" + promTime(window), "burnRateThreshold": round(100 * b.rate() * window.Hours() / period.Hours())}
	}
	rates := []fields{spent(b.Long), spent(b.Short)}
	m["sloId"], m["playbook"] = o.ID(), Runbook(o.Alert())
	m["triggers"] = []fields{
		{"triggerType": "Critical", "detectionMethod": "SloBurnRateCondition", "burnRates": rates},
		{"triggerType": "ResolvedCritical", "detectionMethod": "SloBurnRateCondition", "burnRates": rates},
	}
	return m
}

func (a Alert) monitor() fields {
	m := monitor(a.Service+" "+a.Name, "Metrics", a.Summary, a.Severity)
	m["playbook"] = Runbook(a.Name)
	window := "-" + promTime(max(a.For, a.Measure.Window))
	if a.Measure.Kind == Missing {
		m["queries"] = []fields{{"rowId": "A", "query": a.Measure.Of.sumo(a, "max")}}
		m["triggers"] = []fields{
			{"triggerType": "MissingData", "detectionMethod": "MetricsMissingDataCondition", "timeRange": window, "triggerSource": "AllTimeSeries"},
			{"triggerType": "ResolvedMissingData", "detectionMethod": "MetricsMissingDataCondition", "timeRange": window, "triggerSource": "AllTimeSeries"},
		}
		return m
	}
	m["queries"] = a.queries()
	wrong, right := "GreaterThan", "LessThanOrEqual"
	if a.Below {
		wrong, right = "LessThan", "GreaterThanOrEqual"
	}
	trigger := func(kind, compare string) fields {
		return fields{
			"triggerType": kind, "detectionMethod": "MetricsStaticCondition", "timeRange": window, "threshold": a.Threshold, "thresholdType": compare,
			"occurrenceType": "Always", "triggerSource": "AnyTimeSeries",
		}
	}
	m["triggers"] = []fields{trigger("Critical", wrong), trigger("ResolvedCritical", right)}
	return m
}

func (a Alert) queries() []fields {
	switch a.Measure.Kind {
	case Grown:
		return []fields{{"rowId": "A", "query": a.Measure.Of.sumo(a, "sum")}}
	case Share, Ratio:
		how := "max"
		if a.Measure.Kind == Share {
			how = "sum"
		}
		return []fields{
			{"rowId": "A", "query": a.Measure.Of.sumo(a, how)}, {"rowId": "B", "query": a.Measure.Per.sumo(a, how)},
			{"rowId": "C", "query": "#A / #B along cluster"},
		}
	default:
		return []fields{{"rowId": "A", "query": a.Measure.Of.sumo(a, "max")}}
	}
}

// sumo is the series as a query. Counters arrive as what they grew by.
func (s Series) sumo(a Alert, how string) string {
	step := promTime(max(a.Measure.Window, time.Minute))
	return fmt.Sprintf("metric=%s service=%s | quantize to %s using %s | %s by cluster", s.cloudName(), a.Service, step, how, how)
}
