package alerts

import (
	"slices"
	"time"
)

func is(label string, values ...string) Match    { return Match{label, In, values} }
func isNot(label string, values ...string) Match { return Match{label, NotIn, values} }

// ofEvery are the alerts that every service has.
func ofEvery(service string) []Alert {
	pod := []string{service, "*-" + service}
	return []Alert{
		{
			Name: "ServiceSilent", Service: service, Severity: Page, For: 5 * time.Minute,
			Measure: Measure{Kind: Missing, Of: Series{Metric: "build_info"}},
			Summary: "No process of " + service + " tells anything: it is down, or nobody reads its metrics.",
		},
		{
			Name: "PodRestarts", Service: service, Severity: Page, Threshold: 2,
			Measure: Measure{Kind: Grown, Window: 15 * time.Minute, Of: Series{
				Metric: "kube_pod_container_status_restarts_total", From: KubeState, Match: []Match{is("container", service)}, Cloud: "pod_restarts_total",
			}},
			Summary: "Containers of " + service + " end and are started again.",
		},
		{
			Name: "ScaledToTheEnd", Service: service, Severity: Ticket, Threshold: 0.99, For: 15 * time.Minute,
			Measure: Measure{
				Kind: Ratio,
				Of: Series{
					Metric: "kube_horizontalpodautoscaler_status_current_replicas", From: KubeState, Match: []Match{is("horizontalpodautoscaler", pod...)}, Cloud: "pods",
				},
				Per: Series{
					Metric: "kube_horizontalpodautoscaler_spec_max_replicas", From: KubeState, Match: []Match{is("horizontalpodautoscaler", pod...)}, Cloud: "pods_max",
				},
			},
			Summary: service + " has as many pods as it may have; more work will not be served.",
		},
		{
			Name: "CertificateEnds", Service: service, Severity: Page, Threshold: 4 * 3600, Below: true, For: 10 * time.Minute,
			Measure: Measure{Kind: Left, Of: Series{
				Metric: "certmanager_certificate_expiration_timestamp_seconds", From: CertManager, Match: []Match{is("name", pod...)},
			}},
			Summary:    "The certificate of " + service + " ends within four hours and was not made anew.",
			NotInCloud: "neither can compare a time that a metric tells with now",
		},
		{
			Name: "HandlersPanic", Service: service, Severity: Page,
			Measure: Measure{Kind: Grown, Window: 10 * time.Minute, Of: Series{Metric: "rpc_server_panics_total"}},
			Summary: "A handler of " + service + " panicked: a request met a bug.",
		},
		{
			Name: "WorkersFail", Service: service, Severity: Ticket, Threshold: 5,
			Measure: Measure{Kind: Grown, Window: 15 * time.Minute, Of: Series{Metric: "worker_restarts_total"}},
			Summary: "Background workers of " + service + " fail again and again.",
		},
		{
			Name: "FilesRunOut", Service: service, Severity: Ticket, Threshold: 0.8, For: 10 * time.Minute,
			Measure: Measure{Kind: Ratio, Of: Series{Metric: "process_open_fds"}, Per: Series{Metric: "process_max_fds"}},
			Summary: "A process of " + service + " has nearly as many files and connections open as it may.",
		},
	}
}

// ofData are the alerts of services with a database and jobs.
func ofData(service string) []Alert {
	if !slices.Contains(withData, service) {
		return nil
	}
	return []Alert{
		{
			Name: "PoolFull", Service: service, Severity: Page, Threshold: 0.9, For: 10 * time.Minute,
			Measure: Measure{Kind: Ratio, Of: Series{Metric: "cartwright_db_connections_in_use"}, Per: Series{Metric: "cartwright_db_connections_max"}},
			Summary: "A process of " + service + " uses nearly all connections to the database that it may have.",
		},
		{
			Name: "PoolGivesUp", Service: service, Severity: Page, Threshold: 20,
			Measure: Measure{Kind: Grown, Window: 5 * time.Minute, Of: Series{Metric: "cartwright_db_acquire_failures_total"}},
			Summary: "Callers of " + service + " wait for a connection to the database in vain.",
		},
		{
			Name: "JobsLate", Service: service, Severity: Page, Threshold: 120, For: 5 * time.Minute,
			Measure: Measure{Kind: Largest, Of: Series{
				Metric: "cartwright_job_oldest_seconds", Match: []Match{is("state", "waiting")}, Cloud: "cartwright_job_oldest_waiting_seconds",
			}},
			Summary: "A job of " + service + " is due and nobody does it.",
		},
		{
			Name: "JobsFail", Service: service, Severity: Ticket, Threshold: 20, For: 15 * time.Minute,
			Measure: Measure{Kind: Largest, Of: Series{
				Metric: "cartwright_job_backlog", Match: []Match{is("state", "retrying")}, Cloud: "cartwright_job_backlog_retrying",
			}},
			Summary: "Many jobs of " + service + " failed and wait for another try.",
		},
		{
			Name: "JobsDead", Service: service, Severity: Ticket, For: 5 * time.Minute,
			Measure: Measure{Kind: Largest, Of: Series{
				Metric: "cartwright_job_backlog", Match: []Match{is("state", "dead")}, Cloud: "cartwright_job_backlog_dead",
			}},
			Summary: "A job of " + service + " was given up: what it had to do was not done.",
		},
		{
			Name: "JobsSilent", Service: service, Severity: Page, Threshold: 1, Below: true,
			Measure: Measure{Kind: Grown, Window: 10 * time.Minute, Of: Series{
				Metric: "cartwright_job_runs_total", Match: []Match{is("result", "ok")}, Cloud: "cartwright_job_runs_ok_total",
			}},
			Summary: "No job of " + service + " has ended well for ten minutes, and some run every minute.",
		},
		{
			Name: "AnswersPileUp", Service: service, Severity: Ticket, Threshold: 86400, For: 10 * time.Minute,
			Measure: Measure{Kind: Largest, Of: Series{Metric: "cartwright_idempotency_purge_lag_seconds"}},
			Summary: "Stored answers of " + service + " outlive their time by a day: the purge does not keep up.",
		},
	}
}

// ofCallers are the alerts of services that call others.
func ofCallers(service string) []Alert {
	if !slices.Contains(callers, service) {
		return nil
	}
	return []Alert{{
		Name: "PeerCutOff", Service: service, Severity: Page, For: 5 * time.Minute,
		Measure: Measure{Kind: Largest, Of: Series{Metric: "rpc_client_breaker_open"}},
		Summary: service + " has stopped calling a service that does not answer.",
	}}
}

// ofAuditor are the alerts about what the auditor finds. It tells nothing of the kind before its first look has ended, so an auditor that
// dies in every look is as silent as one that is not there.
func ofAuditor() []Alert {
	return []Alert{
		{
			Name: "AuditViolations", Service: Auditor, Severity: Page, For: 5 * time.Minute,
			Measure: Measure{Kind: Largest, Of: Series{Metric: "audit_violations"}},
			Summary: "The audit found what must never be: stock, money or orders that do not agree.",
		},
		{
			Name: "AuditStale", Service: Auditor, Severity: Ticket, Threshold: 3 * 3600, For: 10 * time.Minute,
			Measure: Measure{Kind: Largest, Of: Series{Metric: "audit_age_seconds"}},
			Summary: "No audit has ended for three hours: nobody looks for what must never be.",
		},
		{
			Name: "AuditSilent", Service: Auditor, Severity: Ticket, For: time.Hour,
			Measure: Measure{Kind: Missing, Of: Series{Metric: "audit_age_seconds"}},
			Summary: "The auditor has told no result for an hour: it does not run, or has never got to the end.",
		},
	}
}
