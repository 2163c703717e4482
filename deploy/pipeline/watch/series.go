package watch

import (
	"bufio"
	"bytes"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// wanted are the metrics that windows are made of.
var wanted = []string{
	"rpc_server_requests_total", "rpc_server_duration_seconds_bucket", "rpc_client_requests_total", "rpc_client_duration_seconds_bucket",
	"inventory_reservations_total", "inventory_reservations_expired_total",
	"cartwright_saga_oldest_seconds", "cartwright_saga_needs_attention", "payment_operations_need_attention", "payment_ledger_drift_minor_units",
	"payment_reconciliation_findings", "audit_violations",
}

// series is one figure of one pod.
type series struct {
	metric string
	labels map[string]string
	value  float64
}

// key tells series of a pod apart.
func (s series) key() string {
	names := make([]string, 0, len(s.labels))
	for name, value := range s.labels {
		names = append(names, name+"="+strconv.Quote(value))
	}
	slices.Sort(names)
	return s.metric + "{" + strings.Join(names, ",") + "}"
}

// parse reads the wanted series of what a pod tells in the text format of Prometheus.
func parse(text []byte) ([]series, error) {
	var list []series
	lines := bufio.NewScanner(bytes.NewReader(text))
	lines.Buffer(nil, 1<<20)
	known := false
	for lines.Scan() {
		line := lines.Text()
		if strings.HasPrefix(line, "# TYPE ") {
			known = true
		}
		end := strings.IndexAny(line, "{ ")
		if strings.HasPrefix(line, "#") || end < 0 || !slices.Contains(wanted, line[:end]) {
			continue
		}
		one, err := parseLine(line[:end], line[end:])
		if err != nil {
			return nil, fmt.Errorf("%q: %w", line, err)
		}
		list = append(list, one)
	}
	if err := lines.Err(); err != nil {
		return nil, err
	}
	if !known {
		return nil, fmt.Errorf("this is no page of metrics: %.80q", text)
	}
	return list, nil
}

func parseLine(metric, rest string) (series, error) {
	s := series{metric: metric, labels: map[string]string{}}
	for rest, _ = strings.CutPrefix(rest, "{"); !strings.HasPrefix(rest, " ") && rest != ""; {
		if after, ended := strings.CutPrefix(rest, "}"); ended {
			rest = after
			break
		}
		name, quoted, found := strings.Cut(strings.TrimLeft(rest, ", "), "=")
		literal, err := strconv.QuotedPrefix(quoted)
		if !found || err != nil {
			return s, fmt.Errorf("label without value")
		}
		if s.labels[name], err = strconv.Unquote(literal); err != nil {
			return s, err
		}
		rest = quoted[len(literal):]
	}
	fields := strings.Fields(rest)
	if len(fields) == 0 {
		return s, fmt.Errorf("no value")
	}
	var err error
	s.value, err = strconv.ParseFloat(fields[0], 64)
	return s, err
}

// snapshot is what all pods told at a time.
type snapshot struct {
	at   time.Time
	pods map[string]map[string]series
}

// grown is by how much a counter grew since an earlier snapshot. A pod that was not there then has counted all of it since; a counter
// that fell has begun anew.
func (s snapshot) grown(earlier snapshot, pod, key string) float64 {
	now := s.pods[pod][key].value
	then := earlier.pods[pod][key].value
	if now < then {
		return now
	}
	return now - then
}

// since makes the window between two snapshots. The earlier one may be empty: then it holds all that was ever counted. Of callers that
// were not seen then it is not known what they counted since.
func (s snapshot) since(earlier snapshot, service string, own []string) Window {
	w := Window{RPCs: map[string]Calls{}, Callers: map[string]Calls{}, States: map[State]float64{}}
	for pod, list := range s.pods {
		for key, one := range list {
			w.state(one)
			switch _, known := earlier.pods[pod]; {
			case strings.HasPrefix(one.metric, "rpc_server_") && slices.Contains(own, pod):
				call(w.RPCs, one, s.grown(earlier, pod, key))
			case strings.HasPrefix(one.metric, "rpc_client_") && one.labels["peer"] == service && (known || earlier.pods == nil):
				call(w.Callers, one, s.grown(earlier, pod, key))
			}
		}
	}
	return w
}

// reservations counts those begun and ended between two snapshots that have the same pods.
func (s snapshot) reservations(earlier snapshot) (begun, ended float64) {
	for pod, list := range s.pods {
		for key, one := range list {
			switch {
			case !stock(one):
			case one.labels["step"] == "reserve":
				begun += s.grown(earlier, pod, key)
			default:
				ended += s.grown(earlier, pod, key)
			}
		}
	}
	return begun, ended
}

// stock tells whether a series counts reservations that have begun or ended.
func stock(one series) bool {
	return one.metric == "inventory_reservations_expired_total" || one.metric == "inventory_reservations_total" && one.labels["outcome"] == "ok"
}

func call(rpcs map[string]Calls, one series, grown float64) {
	name := one.labels["rpc"]
	c := rpcs[name]
	switch one.metric {
	case "rpc_server_requests_total", "rpc_client_requests_total":
		c.Total += grown
		// A service that refuses those it should serve has too much to do. Its own count of that is mixed with clients it rightly refuses.
		refused := one.metric == "rpc_client_requests_total" && one.labels["code"] == "ResourceExhausted"
		if refused || slices.Contains(faults, one.labels["code"]) {
			c.Faults += grown
		}
	case "rpc_server_duration_seconds_bucket", "rpc_client_duration_seconds_bucket":
		le, err := strconv.ParseFloat(one.labels["le"], 64)
		if err != nil {
			return
		}
		if c.Buckets == nil {
			c.Buckets = map[float64]float64{}
		}
		c.Buckets[le] += grown
	default:
		return
	}
	rpcs[name] = c
}

// state takes a figure that every pod reads from the database: the largest counts.
func (w *Window) state(one series) {
	add := func(state State, value float64) { w.States[state] = max(w.States[state], value) }
	switch one.metric {
	case "cartwright_saga_oldest_seconds":
		if s := one.labels["state"]; s == "running" || s == "compensating" {
			add(SagaAge, one.value)
		}
	case "cartwright_saga_needs_attention", "payment_operations_need_attention":
		add(Attention, one.value)
	case "audit_violations":
		add(Violations, one.value)
	case "payment_ledger_drift_minor_units":
		add(Violations, math.Abs(one.value))
	case "payment_reconciliation_findings":
		if one.labels["class"] != "timing" {
			add(Violations, one.value)
		}
	}
}

// history keeps snapshots for as long as windows look back.
type history struct {
	list []snapshot
	// floor is the last time at which the pods that count reservations changed. What one pod begins another ends, so the counts of a pod
	// that is gone are missed in those of the others.
	floor int
}

// kept is how many snapshots there are before old ones are thinned out.
const kept = 120

// windows adds a snapshot and returns what happened since each time: since the last snapshot that is not younger. The zero time is the
// beginning of all counters.
func (h *history) windows(now snapshot, service string, own []string, since []time.Time) []Window {
	if len(h.list) == 0 || changed(h.list[len(h.list)-1], now) {
		h.floor = len(h.list)
	}
	h.list = append(h.list, now)
	var all []Window
	for _, from := range since {
		all = append(all, h.window(now, service, own, from))
	}
	h.thin()
	return all
}

func (h *history) window(now snapshot, service string, own []string, since time.Time) Window {
	at := 0
	for i, s := range h.list {
		if !s.at.After(since) {
			at = i
		}
	}
	earlier := h.list[at]
	if since.IsZero() {
		earlier = snapshot{}
	}
	w := now.since(earlier, service, own)
	w.Reserved, w.Ended = now.reservations(h.list[max(at, h.floor)])
	return w
}

// thin drops every other old snapshot between the floor and the young ones.
func (h *history) thin() {
	if len(h.list) < kept {
		return
	}
	var list []snapshot
	floor := 0
	for i, s := range h.list {
		if i == h.floor {
			floor = len(list)
		}
		if i == h.floor || i%2 == 0 || i > kept/2 {
			list = append(list, s)
		}
	}
	h.list, h.floor = list, floor
}

// changed tells whether pods that count reservations came, went or began anew.
func changed(last, now snapshot) bool {
	count := func(s snapshot) map[string]float64 {
		counts := map[string]float64{}
		for pod, list := range s.pods {
			for key, one := range list {
				if one.metric == "inventory_reservations_expired_total" {
					counts[pod] += 0
				}
				if stock(one) {
					counts[pod+key] = one.value
				}
			}
		}
		return counts
	}
	then, here := count(last), count(now)
	for key, value := range then {
		if current, there := here[key]; !there || current < value {
			return true
		}
	}
	for pod := range now.pods {
		_, before := then[pod]
		if _, after := here[pod]; after && !before {
			return true
		}
	}
	return false
}
