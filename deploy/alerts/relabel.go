package alerts

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// relabel writes the rules by which a collector gives series the names and labels that alarms of CloudWatch and monitors of Sumo Logic
// ask for: neither can choose among the series of a metric by patterns. They belong to the metric_relabel_configs of its job, in front of
// those that keep and drop, and every series of a service needs the label service before. A series can get one name only.
func relabel() []byte {
	var w strings.Builder
	w.WriteString(generated)
	w.WriteString("# Two dollars are how the OpenTelemetry collector writes one.\n")
	relabelOurs(&w)
	w.WriteString("# What others export about a service.\n")
	relabelOthers(&w)
	return []byte(w.String())
}

// relabelOurs writes the rules for the ops ports of services.
func relabelOurs(w *strings.Builder) {
	w.WriteString("# Calls belong to the objective that counts them, else to the one that is named like their service.\n")
	calls := `rpc_server_(requests_total|fast_total|duration_seconds_bucket)`
	writeRelabel(w, []string{"__name__", "service"}, calls+";(.+)", "slo", "$$2")
	for _, o := range sets() {
		if o.RPCs.Op == In {
			writeRelabel(w, []string{"__name__", "service", "rpc"}, calls+";"+o.Service+";("+o.RPCs.pattern()+")", "slo", o.Name)
		}
	}
	w.WriteString("# Calls within the time that is promised for them.\n")
	for _, o := range sets() {
		objective := Objective{SLO: o, Slowness: true}
		if o.Within != "" && objective.inTime() == "rpc_server_in_time_total" {
			writeRelabel(w, []string{"__name__", "slo", "le"}, "rpc_server_duration_seconds_bucket;"+o.Name+";"+o.Within, "__name__", objective.inTime())
		}
	}
	w.WriteString("# Parts of a metric.\n")
	for _, s := range renamed() {
		if s.From == Ours {
			s.writeRename(w)
		}
	}
}

// relabelOthers writes the rules for other exporters, whose series name a service in one of their labels.
func relabelOthers(w *strings.Builder) {
	named := map[string]string{}
	for _, s := range renamed() {
		for _, m := range s.Match {
			if s.From != Ours {
				writeRelabel(w, []string{"__name__", m.Label}, s.Metric+";(?:.*-)?("+strings.Join(Services, "|")+")", "service", "$$1")
				named[s.Metric] = s.Cloud
			}
		}
	}
	for _, metric := range slices.Sorted(maps.Keys(named)) {
		writeRelabel(w, []string{"__name__"}, metric, "__name__", named[metric])
	}
}

// sent are the names of the metrics that alarms and monitors read, with the sets of labels by which they are sent.
func sent() map[string]string {
	list := map[string]string{
		"rpc_server_requests_total": "[cluster, service, slo], [cluster, service, slo, outcome]", "rpc_server_fast_total": "[cluster, service, slo]",
		"rpc_server_in_time_total": "[cluster, service, slo]",
	}
	for _, service := range Watched() {
		for _, a := range Alerts(service) {
			for _, s := range []Series{a.Measure.Of, a.Measure.Per} {
				if a.NotInCloud == "" && s.Metric != "" {
					list[s.cloudName()] = "[cluster, service]"
				}
			}
		}
	}
	return list
}

// names writes what is sent.
func names() []byte {
	list := sent()
	var w strings.Builder
	w.WriteString(generated)
	for _, name := range slices.Sorted(maps.Keys(list)) {
		fmt.Fprintf(&w, "%s: [%s]\n", name, list[name])
	}
	return []byte(w.String())
}

// renamed are the series that have a name of their own in the cloud, each metric of others once.
func renamed() []Series {
	var list []Series
	seen := map[string]bool{}
	for _, service := range Watched() {
		for _, a := range Alerts(service) {
			for _, s := range []Series{a.Measure.Of, a.Measure.Per} {
				if s.Cloud != "" && !seen[s.Cloud] {
					seen[s.Cloud] = true
					list = append(list, s)
				}
			}
		}
	}
	return list
}

func (s Series) writeRename(w *strings.Builder) {
	labels, regex := []string{"__name__"}, s.Metric
	var not []Match
	for _, m := range s.Match {
		if m.Op == NotIn {
			not = append(not, m)
			continue
		}
		labels, regex = append(labels, m.Label), regex+";("+m.pattern()+")"
	}
	writeRelabel(w, labels, regex, "__name__", s.Cloud)
	for _, m := range not { // there is no rule for what does not match, so those are named back
		writeRelabel(w, []string{"__name__", m.Label}, s.Cloud+";("+m.pattern()+")", "__name__", s.Metric)
	}
}

func writeRelabel(w *strings.Builder, labels []string, regex, target, value string) {
	fmt.Fprintf(w, "- {source_labels: [%s], regex: %s, target_label: %s, replacement: %s}\n",
		strings.Join(labels, ", "), strconv.Quote(regex), target, strconv.Quote(value))
}
