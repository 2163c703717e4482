package dashboards

import (
	"fmt"
	"slices"
	"strings"

	"github.com/cartwright-shop/cartwright/deploy/alerts"
)

// faults are the codes that are the shop's fault.
const faults = `code=~"Internal|Unknown|Unavailable|DeadlineExceeded|DataLoss"`

// page writes the selectors of one service: % stands for job and namespace.
type page string

func (p page) on(expr string) string {
	return strings.ReplaceAll(expr, "%", fmt.Sprintf(`namespace=~"$namespace",job=%q`, string(p)))
}

func (p page) panel(title, description, unit string, expressions ...string) Panel {
	panel := Panel{Title: title, Description: description, Unit: unit}
	for i := 0; i+1 < len(expressions); i += 2 {
		panel.Of = append(panel.Of, Target{Expr: p.on(expressions[i]), Legend: expressions[i+1]})
	}
	return panel
}

func ofService(service string) Dashboard {
	p := page(service)
	rows := []Row{p.calls(), p.objectives(), p.process()}
	if service != "pricing" && service != "inventory" {
		rows = append(rows, p.peers())
	}
	if service != "gateway" {
		rows = append(rows, p.data())
	}
	if own := p.own(); len(own.Panels) > 0 {
		rows = slices.Insert(rows, 2, own)
	}
	return Dashboard{UID: "cartwright-" + service, Title: "Cartwright: " + service, Rows: rows, Job: service}
}

func (p page) calls() Row {
	return Row{"Calls", []Panel{
		p.panel("Calls", "Calls served, by RPC.", "reqps", `sum by (rpc) (rate(rpc_server_requests_total{%}[5m]))`, "{{rpc}}"),
		p.panel("Failures", "Calls that failed by the shop's fault, by RPC and code. Refusals are answers and not here.", "reqps",
			`sum by (rpc, code) (rate(rpc_server_requests_total{%,`+faults+`}[5m]))`, "{{rpc}} {{code}}"),
		p.panel("Answers by code", "All calls by gRPC code, refusals too.", "reqps", `sum by (code) (rate(rpc_server_requests_total{%}[5m]))`, "{{code}}"),
		p.panel("Time, middle and worst", "Half and 99 % of all calls took less.", "s",
			`histogram_quantile(0.5, sum by (le) (rate(rpc_server_duration_seconds_bucket{%}[5m])))`, "50 %",
			`histogram_quantile(0.99, sum by (le) (rate(rpc_server_duration_seconds_bucket{%}[5m])))`, "99 %"),
		p.panel("Slowest RPCs", "99 % of the calls of an RPC took less; the ten slowest.", "s",
			`topk(10, histogram_quantile(0.99, sum by (rpc, le) (rate(rpc_server_duration_seconds_bucket{%}[5m]))))`, "{{rpc}}"),
		p.panel("Under way", "Calls that run now, by pod.", "short", `sum by (pod) (rpc_server_in_flight{%})`, "{{pod}}"),
	}}
}

// objectives show how many times as fast as it may the budget goes; the alerts ring at 14.4, 6 and 1.
func (p page) objectives() Row {
	row := Row{Title: "Objectives"}
	for _, o := range alerts.SLOs(string(p)) {
		panel := Panel{Title: o.Name, Description: o.Says + ". At 1 the month's budget ends with the month; the alerts ring at 14.4, 6 and 1.", Unit: "short"}
		for _, objective := range o.Objectives() {
			panel.Of = append(panel.Of, Target{Expr: burn(objective, "1h"), Legend: objective.ID() + ", 1 h"}, Target{Expr: burn(objective, "6h"), Legend: objective.ID() + ", 6 h"})
		}
		row.Panels = append(row.Panels, panel)
	}
	return row
}

func burn(o alerts.Objective, window string) string {
	selector := fmt.Sprintf(`{namespace=~"$namespace",slo=%q}`, o.ID())
	return fmt.Sprintf("avg_over_time(slo:bad:rate5m%s[%s]) / avg_over_time(slo:total:rate5m%s[%s]) / %s", selector, window, selector, window, o.Budget())
}

func (p page) process() Row {
	return Row{"Processes", []Panel{
		p.panel("Pods", "Processes that tell their metrics, by version.", "short", `count by (version) (build_info{%})`, "{{version}}"),
		p.panel("CPU", "Cores used, by pod.", "short", `sum by (pod) (rate(process_cpu_seconds_total{%}[5m]))`, "{{pod}}"),
		p.panel("Memory", "Resident memory and the heap in use, by pod.", "bytes",
			`sum by (pod) (process_resident_memory_bytes{%})`, "{{pod}}", `sum by (pod) (go_memstats_heap_inuse_bytes{%})`, "{{pod}} heap"),
		p.panel("Goroutines", "Goroutines, by pod. A line that only rises is a leak.", "short", `sum by (pod) (go_goroutines{%})`, "{{pod}}"),
		p.panel("Garbage collection", "Share of time in which the collector stopped a process.", "percentunit",
			`sum by (pod) (rate(go_gc_duration_seconds_sum{%}[5m]))`, "{{pod}}"),
		p.panel("Files", "Share of the files and connections that a process may have open.", "percentunit",
			`max by (pod) (process_open_fds{%} / process_max_fds{%})`, "{{pod}}"),
		p.panel("Failures inside", "Handlers that panicked, workers that were started again.", "short",
			`sum(increase(rpc_server_panics_total{%}[5m]))`, "panics", `sum by (worker) (increase(worker_restarts_total{%}[5m]))`, "{{worker}}"),
	}}
}

func (p page) peers() Row {
	return Row{"Calls to others", []Panel{
		p.panel("Calls", "Calls to other services, by service.", "reqps", `sum by (peer) (rate(rpc_client_requests_total{%}[5m]))`, "{{peer}}"),
		p.panel("Failures", "Calls that failed by the other's fault, by service and code.", "reqps",
			`sum by (peer, code) (rate(rpc_client_requests_total{%,`+faults+`}[5m]))`, "{{peer}} {{code}}"),
		p.panel("Time", "99 % of the calls took less, repetitions included.", "s",
			`histogram_quantile(0.99, sum by (peer, le) (rate(rpc_client_duration_seconds_bucket{%}[5m])))`, "{{peer}}"),
		p.panel("Cut off", "1 while calls to a service are refused without being sent.", "short", `max by (peer, pod) (rpc_client_breaker_open{%})`, "{{peer}} {{pod}}"),
	}}
}

func (p page) data() Row {
	return Row{"Database and jobs", []Panel{
		p.panel("Connections", "Share of its connections that a pod uses.", "percentunit",
			`max by (pod) (cartwright_db_connections_in_use{%} / cartwright_db_connections_max{%})`, "{{pod}}"),
		p.panel("Waiting", "Mean time that a call waits for a connection.", "s",
			`sum(rate(cartwright_db_wait_seconds_total{%}[5m])) / sum(rate(cartwright_db_acquires_total{%}[5m]))`, "wait"),
		p.panel("Given up", "Calls that waited for a connection in vain.", "reqps", `sum(rate(cartwright_db_acquire_failures_total{%}[5m]))`, "given up"),
		p.panel("Jobs that wait", "How long the oldest job of a kind is due.", "s", `max by (kind) (cartwright_job_oldest_seconds{%,state="waiting"})`, "{{kind}}"),
		p.panel("Jobs", "Jobs that wait, failed and are tried again, or are dead.", "short", `max by (kind, state) (cartwright_job_backlog{%})`, "{{kind}} {{state}}"),
		p.panel("Tries of jobs", "Tries by kind and result.", "ops", `sum by (kind, result) (rate(cartwright_job_runs_total{%}[5m]))`, "{{kind}} {{result}}"),
		p.panel("Old answers", "How long the oldest stored answer has outlived its time.", "s", `max(cartwright_idempotency_purge_lag_seconds{%})`, "lag"),
	}}
}

// budgets are the objectives of all services, those that count for buyers.
func budgets() []Target {
	var list []Target
	for _, service := range alerts.Services {
		for _, o := range alerts.SLOs(service) {
			if o.Name == service {
				continue // what is left over
			}
			for _, objective := range o.Objectives() {
				list = append(list, Target{Expr: burn(objective, "1h"), Legend: objective.ID()})
			}
		}
	}
	return list
}
