// Package alerts is the one source of what people are told about a shop: service level objectives and alerts as data. From it come the
// rules of Prometheus with their unit tests, the alarms of CloudWatch and the monitors of Sumo Logic, so that the three cannot disagree.
// `make generate` writes them; docs/observability.md tells how to add an alert.
package alerts

import (
	"slices"
	"time"
)

// Services are those that are watched.
var Services = []string{"gateway", "product", "pricing", "cart", "inventory", "payment"}

// Auditor is the program that looks for what must never be, again and again. It tells metrics and serves nobody.
const Auditor = "audit"

// Watched are the services and the auditor, each with a file of its own in every system.
func Watched() []string { return append(slices.Clone(Services), Auditor) }

// withData are the services that have a database and jobs.
var withData = []string{"product", "pricing", "cart", "inventory", "payment"}

// callers are the services that call others.
var callers = []string{"gateway", "product", "cart", "payment"}

// Severity is how soon a person has to look.
type Severity string

// The severities.
const (
	// Page wakes somebody.
	Page Severity = "page"
	// Ticket waits for the next working day.
	Ticket Severity = "ticket"
)

// Op is how a label is compared.
type Op int

// The comparisons. A value may end in a star, which stands for any rest.
const (
	// In wants one of the values.
	In Op = iota
	// NotIn wants none of them.
	NotIn
)

// Match selects series by one label.
type Match struct {
	Label  string
	Op     Op
	Values []string
}

// Series are those of one metric that all matches select.
type Series struct {
	Metric string
	Match  []Match
	// Cloud is the name that the collector gives these series where a metric has no labels to choose by, in CloudWatch and Sumo Logic.
	// Empty keeps the metric's.
	Cloud string
	// From is who exports the metric when no service of ours does.
	From Exporter
}

func (s Series) cloudName() string {
	if s.Cloud != "" {
		return s.Cloud
	}
	return s.Metric
}

// Exporter is somebody else's program whose metrics are used.
type Exporter string

// The exporters.
const (
	// Ours is the ops port of a service.
	Ours Exporter = ""
	// KubeState is kube-state-metrics.
	KubeState Exporter = "kube-state-metrics"
	// CertManager is cert-manager.
	CertManager Exporter = "cert-manager"
)

// Kind is how series become the one figure that is compared with a threshold.
type Kind int

// The kinds.
const (
	// Largest is the largest value over all pods. A figure that every pod reads from the database counts once.
	Largest Kind = iota
	// Grown is by how much counters grew in the window, over all pods.
	Grown
	// Share is the growth of one counter over that of another in the window.
	Share
	// Ratio is the largest quotient of two gauges over all pods.
	Ratio
	// Missing is that there are no such series.
	Missing
	// Left is the seconds from now to the earliest time that series tell.
	Left
)

// Measure is the figure of an alert.
type Measure struct {
	Kind Kind
	Of   Series
	// Per is the divisor of Share and Ratio.
	Per Series
	// Window is that of Grown and Share.
	Window time.Duration
}

// Alert is one thing that somebody is told about.
type Alert struct {
	// Name is also that of its runbook.
	Name string
	// Service owns it.
	Service  string
	Severity Severity
	Measure  Measure
	// Threshold is what the figure may not be above, or with Below not below.
	Threshold float64
	Below     bool
	// For is how long it has to be so: nothing where the figure has a window, else five minutes or more, which Sumo Logic can tell.
	For time.Duration
	// Summary says what is wrong in one line.
	Summary string
	// NotInCloud says why CloudWatch and Sumo Logic do not have it. Empty: they do.
	NotInCloud string
}

// Alerts are those of one service that watch a single figure. The burning of error budgets is in SLOs.
func Alerts(service string) []Alert {
	if service == Auditor {
		return ofAuditor()
	}
	list := append(ofEvery(service), ofData(service)...)
	list = append(list, ofCallers(service)...)
	for _, a := range ofOne() {
		if a.Service == service {
			list = append(list, a)
		}
	}
	return list
}

// Names are the names of all alerts, each once, in the order of the alphabet.
func Names() []string {
	var names []string
	for _, service := range Watched() {
		for _, a := range Alerts(service) {
			names = append(names, a.Name)
		}
		for _, o := range SLOs(service) {
			names = append(names, o.alerts()...)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// Repository is where runbooks are read.
const Repository = "https://github.com/cartwright-shop/cartwright/blob/main/"

// Runbook is the address of an alert's runbook.
func Runbook(name string) string { return Repository + "deploy/runbooks/" + name + ".md" }
