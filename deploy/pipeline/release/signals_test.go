package release_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

var metricLine = regexp.MustCompile(`(?m)^(\w+)(?:\{(.*)\})? ([-0-9.e]+)$`)

// prometheus answers a query with what the pods of the rig tell, as a server that scrapes them does.
func prometheus(r *rig) *httptest.Server {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		query := request.FormValue("query")
		if request.URL.Path != "/api/v1/query" || !strings.Contains(query, `namespace="shop"`) || !strings.Contains(query, "rpc_client_requests_total") {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		r.mu.Lock()
		defer r.mu.Unlock()
		result := []any{}
		for name, p := range r.pods {
			var text strings.Builder
			p.tell(&text, r)
			for _, match := range metricLine.FindAllStringSubmatch(text.String(), -1) {
				labels := map[string]string{"__name__": match[1], "namespace": "shop", "pod": name}
				for pair := range strings.SplitSeq(match[2], ",") {
					if key, value, found := strings.Cut(pair, "="); found {
						labels[key] = strings.Trim(value, `"`)
					}
				}
				result = append(result, map[string]any{"metric": labels, "value": []any{1.5, match[3]}})
			}
		}
		_ = json.NewEncoder(w).Encode(map[string]any{"status": "success", "data": map[string]any{"resultType": "vector", "result": result}})
	}))
	r.Cleanup(server.Close)
	return server
}

// When it fails, a version that Prometheus saw fail stays, or a good one is taken back.
func TestPrometheusTellsGoodFromBad(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		bad  behaviour
		code int
		says string
	}{
		"good":   {behaviour{}, 0, ""},
		"errors": {behaviour{faults: func(int) int { return 10 }}, 3, "errors at 3 looks"},
		"slow":   {behaviour{slow: true}, 3, "slower at 3 looks"},
		"leak":   {behaviour{leak: true}, 3, "held at 3 looks"},
		"silent": {behaviour{silent: func(int) bool { return true }}, 3, "prometheus has nothing of pod"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			r.bad = c.bad
			report, code, _ := r.run("--signals", "prometheus="+prometheus(r).URL, "--every", "20ms")
			require.Equal(t, c.code, code, report.Reason)
			require.Contains(t, report.Reason, c.says)
			require.Zero(t, r.called("kubectl --namespace shop port-forward"))
		})
	}
	r := newRig(t)
	broken := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, `{"status":"error","error":"no disk"}`)
	}))
	t.Cleanup(broken.Close)
	report, code, _ := r.run("--signals", "prometheus="+broken.URL, "--every", "20ms")
	require.Equal(t, 2, code)
	require.Contains(t, report.Reason, "no disk")
}

// When it fails, a version that CloudWatch saw fail stays, or a good one is taken back.
func TestCloudWatchTellsGoodFromBad(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		good, fast, saga, code int
		says                   string
	}{
		"good":    {1000, 990, 3, 0, ""},
		"errors":  {950, 990, 3, 3, "errors at 3 looks"},
		"slow":    {1000, 700, 3, 3, "p99 at 3 looks"},
		"sagas":   {1000, 990, 300, 3, "sagaAge at 3 looks"},
		"nothing": {0, 0, 0, 3, "cloudwatch has no calls of cart"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			r.on = func(call call) (answer, bool) {
				if call.Name != "aws" {
					return answer{}, false
				}
				one := c
				if r.current() == oldImage {
					one.good, one.fast, one.saga = 1000, 990, 3
				}
				result := []any{}
				for id, value := range map[string]int{"total": 1000, "good": one.good, "fast": one.fast, "saga_age": one.saga} {
					if one.good > 0 {
						result = append(result, map[string]any{"Id": id, "Values": []int{value}})
					}
				}
				return printed(map[string]any{"MetricDataResults": result}), true
			}
			report, code, _ := r.run("--signals", "cloudwatch=Cartwright", "--metrics-cluster", "production", "--every", "20ms", "--window", "20ms")
			require.Equal(t, c.code, code, report.Reason)
			require.Contains(t, report.Reason, c.says)
			require.NotZero(t, r.called("aws cloudwatch get-metric-data", `"Name":"cluster","Value":"production"`, `"Name":"track","Value":"stable"`, fmt.Sprintf("%q", "cartwright_saga_oldest_working_seconds")))
		})
	}
}
