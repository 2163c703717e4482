package watch

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os/exec"
	"time"
)

// CloudWatch asks for what the collector of deploy/aws/telemetry sends there, by the aws command. It has sums over all pods of a service,
// and no RPCs and no reservations by step: medians are those of all calls, reservations held are not judged.
type CloudWatch struct {
	// Namespace is that of the metrics, Cluster and Service are dimensions.
	Namespace, Cluster, Service string
	// Now is the clock.
	Now func() time.Time
}

type metricQuery struct {
	ID         string `json:"Id"`
	MetricStat struct {
		Metric struct {
			Namespace  string      `json:"Namespace"`
			MetricName string      `json:"MetricName"`
			Dimensions []dimension `json:"Dimensions"`
		} `json:"Metric"`
		Period int    `json:"Period"`
		Stat   string `json:"Stat"`
	} `json:"MetricStat"`
}

type dimension struct {
	Name  string `json:"Name"`
	Value string `json:"Value"`
}

// late is by how much figures come later than they happen: they are read and sent once a minute.
const late = 3 * time.Minute

// lifetime is how far back everything goes.
const lifetime = time.Hour

func (c *CloudWatch) queries() []metricQuery {
	query := func(id, metric, stat, service string, more ...dimension) metricQuery {
		q := metricQuery{ID: id}
		q.MetricStat.Period, q.MetricStat.Stat = 60, stat
		q.MetricStat.Metric.Namespace, q.MetricStat.Metric.MetricName = c.Namespace, metric
		q.MetricStat.Metric.Dimensions = append([]dimension{{"cluster", c.Cluster}, {"service", service}}, more...)
		return q
	}
	stable, good := dimension{"track", "stable"}, dimension{"outcome", "good"}
	return []metricQuery{
		query("total", "rpc_server_requests_total", "Sum", c.Service, stable),
		query("good", "rpc_server_requests_total", "Sum", c.Service, stable, good),
		query("fast", "rpc_server_fast_total", "Sum", c.Service, stable),
		query("saga_age", "cartwright_saga_oldest_working_seconds", "Maximum", "cart"),
		query("sagas", "cartwright_saga_needs_attention", "Maximum", "cart"),
		query("operations", "payment_operations_need_attention", "Maximum", "payment"),
		query("findings", "payment_reconciliation_findings_real", "Maximum", "payment"),
		query("drift", "payment_ledger_drift_minor_units", "Maximum", "payment"),
	}
}

// Read asks for the minutes since each time, and for as many before as figures may be late.
func (c *CloudWatch) Read(ctx context.Context, _ []string, since ...time.Time) ([]Window, error) {
	var all []Window
	for _, from := range since {
		w, err := c.read(ctx, from)
		if err != nil {
			return nil, err
		}
		all = append(all, w)
	}
	return all, nil
}

func (c *CloudWatch) read(ctx context.Context, since time.Time) (Window, error) {
	now := c.Now().UTC()
	if since.IsZero() {
		since = now.Add(-lifetime)
	}
	if earliest := now.Add(-late); since.After(earliest) {
		since = earliest
	}
	values, err := c.ask(ctx, since.UTC().Truncate(time.Minute), now)
	if err != nil {
		return Window{}, err
	}
	total, seen := values["total"]
	if !seen {
		return Window{}, errors.New("cloudwatch has no calls of " + c.Service)
	}
	w := Window{RPCs: map[string]Calls{}, States: map[State]float64{}}
	w.RPCs[""] = Calls{
		Total: sum(total), Faults: max(0, sum(total)-sum(values["good"])),
		Buckets: map[float64]float64{0.25: sum(values["fast"]), math.Inf(1): sum(total)},
	}
	for id, state := range map[string]State{"saga_age": SagaAge, "sagas": Attention, "operations": Attention, "drift": Violations, "findings": Violations} {
		if list := values[id]; len(list) > 0 {
			w.States[state] = max(w.States[state], math.Abs(list[len(list)-1]))
		}
	}
	return w, nil
}

func sum(list []float64) (total float64) {
	for _, one := range list {
		total += one
	}
	return total
}

// ask returns the values by query, oldest first.
func (c *CloudWatch) ask(ctx context.Context, from, to time.Time) (map[string][]float64, error) {
	queries, err := json.Marshal(c.queries())
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	command := exec.CommandContext(ctx, "aws", "cloudwatch", "get-metric-data", "--scan-by", "TimestampAscending", "--output", "json",
		"--start-time", from.Format(time.RFC3339), "--end-time", to.Format(time.RFC3339), "--metric-data-queries", string(queries))
	var complaints bytes.Buffer
	command.Stderr = &complaints
	text, err := command.Output()
	if err != nil {
		return nil, fmt.Errorf("ask cloudwatch: %w: %.400s", err, complaints.String())
	}
	var answer struct {
		MetricDataResults []struct {
			ID     string `json:"Id"`
			Values []float64
		}
	}
	if err := json.Unmarshal(text, &answer); err != nil {
		return nil, fmt.Errorf("ask cloudwatch: %w", err)
	}
	values := map[string][]float64{}
	for _, result := range answer.MetricDataResults {
		if len(result.Values) > 0 {
			values[result.ID] = result.Values
		}
	}
	return values, nil
}

// Close has nothing to end.
func (c *CloudWatch) Close() error { return nil }
