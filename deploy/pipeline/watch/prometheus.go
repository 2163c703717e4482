package watch

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Prometheus asks a server of that API. It reads the counters of pods and reckons with them itself, so that a version is judged alike
// wherever its figures come from. Series need the labels namespace and pod, as a ServiceMonitor gives them.
type Prometheus struct {
	// URL is the server's address, Namespace that of the shop, Token what it is asked with, if anything.
	URL, Namespace, Token string
	// Service is the one whose calls are told apart by those who make them.
	Service string
	history history
}

// Read asks for the last figures of every pod of the shop. Pods that the server has nothing of were not seen.
func (p *Prometheus) Read(ctx context.Context, pods []string, since ...time.Time) ([]Window, error) {
	if len(pods) == 0 {
		return nil, errors.New("there are no pods to look at")
	}
	query := fmt.Sprintf("{__name__=~%q,namespace=%q}", strings.Join(wanted, "|"), p.Namespace)
	list, err := p.query(ctx, query)
	if err != nil {
		return nil, err
	}
	now := snapshot{at: time.Now(), pods: map[string]map[string]series{}}
	for pod, series := range list {
		if slices.Contains(pods, pod) || anyOfShop(series) {
			now.pods[pod] = series
		}
	}
	for _, pod := range pods {
		if now.pods[pod] == nil {
			return nil, fmt.Errorf("prometheus has nothing of pod %s", pod)
		}
	}
	return p.history.windows(now, p.Service, pods, since), nil
}

func anyOfShop(list map[string]series) bool {
	for _, one := range list {
		if !strings.HasPrefix(one.metric, "rpc_server_") {
			return true
		}
	}
	return false
}

func (p *Prometheus) query(ctx context.Context, query string) (map[string]map[string]series, error) {
	ctx, cancel := context.WithTimeout(ctx, scrapeTime)
	defer cancel()
	body := strings.NewReader(url.Values{"query": {query}}.Encode())
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, strings.TrimSuffix(p.URL, "/")+"/api/v1/query", body)
	if err != nil {
		return nil, err
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if p.Token != "" {
		request.Header.Set("Authorization", "Bearer "+p.Token)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, fmt.Errorf("ask prometheus: %w", err)
	}
	defer response.Body.Close()
	var answer struct {
		Status, Error string
		Data          struct {
			ResultType string
			Result     []struct {
				Metric map[string]string
				Value  [2]any
			}
		}
	}
	if err := json.NewDecoder(io.LimitReader(response.Body, 256<<20)).Decode(&answer); err != nil {
		return nil, fmt.Errorf("ask prometheus: %s: %w", response.Status, err)
	}
	if answer.Status != "success" || answer.Data.ResultType != "vector" {
		return nil, fmt.Errorf("ask prometheus: %s: %s %s", response.Status, answer.Status, answer.Error)
	}
	list := map[string]map[string]series{}
	for _, result := range answer.Data.Result {
		text, _ := result.Value[1].(string)
		value, err := strconv.ParseFloat(text, 64)
		if err != nil {
			return nil, fmt.Errorf("prometheus gave no number: %w", err)
		}
		pod := result.Metric["pod"]
		if list[pod] == nil {
			list[pod] = map[string]series{}
		}
		one := series{metric: result.Metric["__name__"], labels: result.Metric, value: value}
		list[pod][one.key()] = one
	}
	return list, nil
}

// Close has nothing to end.
func (p *Prometheus) Close() error { return nil }
