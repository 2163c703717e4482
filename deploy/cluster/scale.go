package cluster

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

const (
	// shareTime is how soon a new pod must have its share of the work, and share the least of it.
	shareTime = 60 * time.Second
	share     = 0.10
	// settling is how long the CPU of pods is looked at before it counts as known.
	settling = 45 * time.Second
	// hpaTime is how long the autoscaler may take each way.
	hpaTime = 3 * time.Minute
	// busy is how much more there is to do when the autoscaler has to act.
	busy = 3
)

// scale doubles a service's pods and looks at how much each of the new ones does.
func (p *Proof) scale(ctx context.Context, service string) (outcome, error) {
	old, err := p.whole(ctx, service, p.Replicas)
	if err != nil {
		return outcome{}, err
	}
	if err := p.install(ctx, service, map[string]any{"replicas": 2 * p.Replicas}); err != nil {
		return outcome{}, err
	}
	pods, err := p.whole(ctx, service, 2*p.Replicas)
	if err != nil {
		return outcome{}, err
	}
	before, err := p.served(ctx, pods)
	if err != nil {
		return outcome{}, err
	}
	if err := pause(ctx, shareTime); err != nil {
		return outcome{}, err
	}
	after, err := p.served(ctx, pods)
	if err != nil {
		return outcome{}, err
	}
	total, least, most := 0.0, 0.0, 0.0
	for n := range pods {
		did := after[n] - before[n]
		total, most = total+did, max(most, did)
		if least == 0 || did < least {
			least = did
		}
	}
	lowest := 1.0
	for n, one := range pods {
		if !contains(old, one) {
			lowest = min(lowest, (after[n]-before[n])/total)
		}
	}
	told := outcome{note: fmt.Sprintf("%d→%d pods, the least busy new one did %.0f %% of %.0f calls in %s, most to least %.1f",
		p.Replicas, 2*p.Replicas, 100*lowest, total, shareTime, most/max(1, least))}
	if lowest < share {
		return told, fmt.Errorf("that is under %.0f %%", 100*share)
	}
	if err := p.install(ctx, service, nil); err != nil {
		return told, err
	}
	_, err = p.whole(ctx, service, p.Replicas)
	return told, err
}

func contains(pods []pod, one pod) bool {
	for _, other := range pods {
		if other.Metadata.UID == one.Metadata.UID {
			return true
		}
	}
	return false
}

// served is how many calls each pod has answered, by its own count.
func (p *Proof) served(ctx context.Context, pods []pod) ([]float64, error) {
	return p.counted(ctx, pods, "rpc_server_requests_total{")
}

// counted reads a counter of each pod; what begins with its name is added up.
func (p *Proof) counted(ctx context.Context, pods []pod, name string) ([]float64, error) {
	var list []float64
	for _, one := range pods {
		address, err := p.way.listen(ctx, 0, one.Status.PodIP+":9090")
		if err != nil {
			return nil, err
		}
		text, err := fetch(ctx, http.MethodGet, "http://"+address+"/metrics", nil)
		if err != nil {
			return nil, err
		}
		list = append(list, sum(text, name))
	}
	return list, nil
}

// sum adds up every counter whose name and labels begin with something.
func sum(metrics []byte, name string) float64 {
	total := 0.0
	for lines := bufio.NewScanner(bytes.NewReader(metrics)); lines.Scan(); {
		if rest, ok := strings.CutPrefix(lines.Text(), name); ok {
			value, err := strconv.ParseFloat(rest[strings.LastIndex(rest, " ")+1:], 64)
			if err == nil {
				total += value
			}
		}
	}
	return total
}

// autoscale has the autoscaler add pods when there is more to do, and take them away when there is less.
func (p *Proof) autoscale(ctx context.Context) (outcome, error) {
	const service = "gateway"
	const most = 100 // percent of what pods ask for
	few, many := p.Replicas, p.Replicas+1
	// The target is set to twice what there is to do now: three times as much is over it, and as much as now under it.
	settings := func(percent int) map[string]any {
		return map[string]any{"autoscaling": object{
			"enabled": true, "minReplicas": few, "maxReplicas": many, "cpuPercent": percent, "scaleDownWindowSeconds": 15,
		}}
	}
	if err := p.install(ctx, service, settings(most)); err != nil {
		return outcome{}, err
	}
	// Pods that have just begun have done nothing yet, so the most that is seen in a while is what there is to do.
	use, looked := 0, time.Now()
	err := waitFor(ctx, hpaTime, "the autoscaler knows the pods' CPU", func(ctx context.Context) (bool, error) {
		seen, err := p.utilization(ctx, service)
		use = max(use, seen)
		return use > 0 && time.Since(looked) > settling, err
	})
	if err != nil {
		return outcome{}, err
	}
	if err := p.install(ctx, service, settings(min(most, max(2, use*2)))); err != nil {
		return outcome{}, err
	}
	if err := p.pace(ctx, busy*p.Rate); err != nil {
		return outcome{}, err
	}
	began := time.Now()
	err = p.counts(ctx, service, many)
	up := time.Since(began)
	if slower := p.pace(ctx, p.Rate); err == nil {
		err = slower
	}
	if err != nil {
		return outcome{}, err
	}
	began = time.Now()
	err = p.counts(ctx, service, few)
	told := outcome{note: fmt.Sprintf("%d→%d gateways after %.0f s, back after %.0f s", few, many, up.Seconds(), time.Since(began).Seconds())}
	if err != nil {
		return told, err
	}
	return told, p.install(ctx, service, nil)
}

// counts waits until a service has so many ready pods.
func (p *Proof) counts(ctx context.Context, service string, want int) error {
	_, err := p.whole(ctx, service, want)
	return err
}

// utilization is what the autoscaler has seen of the pods' CPU, in percent of what they ask for.
func (p *Proof) utilization(ctx context.Context, service string) (int, error) {
	text, err := p.kube.kubectl(ctx, "-n", shopNamespace, "get", "hpa", service, "-o", "jsonpath={.status.currentMetrics[0].resource.current.averageUtilization}")
	if err != nil || len(text) == 0 {
		return 0, err
	}
	return strconv.Atoi(string(text))
}

// pace sets the rate of the load.
func (p *Proof) pace(ctx context.Context, rate float64) error {
	body, err := json.Marshal(rate)
	if err != nil {
		return err
	}
	return p.ask(ctx, http.MethodPut, "/load/rate", body, nil)
}
