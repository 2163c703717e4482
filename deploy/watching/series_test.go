package watching_test

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cartwright-shop/cartwright/services/platform/id"
)

// ids is how many things that nobody has seen are asked for.
const ids = 10_000

// places take a name that the client has made up.
func places() []string {
	return []string{
		"/v1/carts/%s", "/v1/orders/%s", "/v1/products/%s", "/v1/collections/%s", "/v1/channels?channel=%s", "/v1/search?query=%s", "/%s/%[1]s", "/v1/products?channel=%s",
	}
}

// strange are requests for something by such a name, in every place that takes one. What sets some of them apart comes at steps that
// share no divisor with the number of places: else it would take a place for itself.
func strange(ctx context.Context, base, name string, n int) (*http.Request, error) {
	all := places()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, base+fmt.Sprintf(all[n%len(all)], name), nil)
	if err != nil {
		return nil, err
	}
	request.Header.Set("X-Request-Id", name)
	request.Header.Set("User-Agent", name)
	if n%5 == 0 { // an address that is no route, a method that is none
		request.Method, request.URL.Path = http.MethodPost, "/webhooks/"+strings.ToLower(name)
		request.Header.Set("Idempotency-Key", name)
	}
	if n%9 == 0 {
		request.Method = "X" + strings.ToUpper(name[:8])
	}
	return request, nil
}

// ask sends the strange requests, eight at a time.
func ask(t *testing.T, names []string) {
	t.Helper()
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 8}, Timeout: patience}
	t.Cleanup(client.CloseIdleConnections)
	var next atomic.Int64
	var all sync.WaitGroup
	failed := make([]error, 8)
	for worker := range failed {
		all.Go(func() {
			for n := int(next.Add(1)) - 1; n < len(names); n = int(next.Add(1)) - 1 {
				request, err := strange(t.Context(), watched.shop.URL(), names[n], n)
				if err != nil {
					failed[worker] = err
					return
				}
				answer, err := client.Do(request)
				if err != nil {
					failed[worker] = err
					return
				}
				_ = answer.Body.Close()
			}
		})
	}
	all.Wait()
	for _, err := range failed {
		require.NoError(t, err)
	}
}

// When it fails, a place that takes a name is never asked for, and series that it makes go unseen.
func TestEveryPlaceIsAskedFor(t *testing.T) {
	t.Parallel()
	const base, name = "http://shop", "Aname-of-my-own"
	asked := map[string]int{}
	for n := range ids {
		request, err := strange(t.Context(), base, name, n)
		require.NoError(t, err)
		asked[request.Method+" "+request.URL.Path]++
		if request.URL.RawQuery != "" {
			asked[request.Method+" "+request.URL.RequestURI()]++
		}
	}
	for _, place := range places() {
		path := fmt.Sprintf(place, name)
		require.Greater(t, asked["GET "+path], 500, path)
	}
	require.Greater(t, asked["POST /webhooks/"+strings.ToLower(name)], 500)
	require.Greater(t, asked["XANAME-OF /v1/carts/"+name], 50)
}

// When it fails, whoever asks for many different things makes a series for each: the memory of every service and of Prometheus grows
// until one of them is killed.
func TestTenThousandIDsMakeNoSeries(t *testing.T) {
	t.Parallel()
	names := make([]string, ids)
	mine := map[string]bool{}
	for n := range names {
		names[n] = id.Secret()
		mine[names[n]], mine[strings.ToUpper(names[n])], mine["X"+strings.ToUpper(names[n][:8])] = true, true, true
	}
	began := time.Now()
	ask(t, names)
	t.Logf("%d requests in %s", ids, time.Since(began).Round(time.Millisecond))

	all, err := everything(t.Context())
	require.NoError(t, err)
	for service, metrics := range all {
		for metric, labels := range metrics {
			for label, values := range labels {
				require.False(t, slices.ContainsFunc(values, func(v string) bool { return mine[v] }), "%s: %s has a client's words in %s", service, metric, label)
				require.Less(t, len(values), 200, "%s: %s{%s}: %v", service, metric, label, values[:min(len(values), 10)])
			}
		}
	}
}
