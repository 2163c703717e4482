package watching_test

import (
	"bufio"
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cartwright-shop/cartwright/deploy/prove/load"
)

// hearing keeps the request ids that the shop gave to checkouts, by the order that each made: people buy beside each other.
type hearing struct {
	mu  sync.Mutex
	ids map[string]string
}

type heardTransport struct {
	*hearing
	next http.RoundTripper
}

func (h *hearing) wrap(next http.RoundTripper) http.RoundTripper { return heardTransport{h, next} }

// RoundTrip implements http.RoundTripper.
func (h heardTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	response, err := h.next.RoundTrip(r)
	if err != nil || r.Method != http.MethodPost || !strings.HasSuffix(r.URL.Path, "/checkout") {
		return response, err
	}
	body, err := io.ReadAll(response.Body)
	if err = errors.Join(err, response.Body.Close()); err != nil {
		return nil, err
	}
	response.Body = io.NopCloser(bytes.NewReader(body))
	var answer struct{ Order struct{ ID string } }
	if json.Unmarshal(body, &answer) == nil && answer.Order.ID != "" {
		h.mu.Lock()
		h.ids[answer.Order.ID] = response.Header.Get("X-Request-Id")
		h.mu.Unlock()
	}
	return response, nil
}

func (h *hearing) checkout(order string) string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.ids[order]
}

// line is as much of a log line as is needed.
type line struct {
	Service   string  `json:"service"`
	Version   string  `json:"version"`
	Message   string  `json:"msg"`
	TraceID   string  `json:"trace_id"`
	RequestID string  `json:"request_id"`
	RPC       string  `json:"rpc"`
	Code      string  `json:"code"`
	Duration  float64 `json:"duration_ms"`
}

// linesOf are the lines in the logs of all services about one request.
func linesOf(t *testing.T, requestID string) []line {
	t.Helper()
	paths, err := watched.shop.Logs()
	require.NoError(t, err)
	var list []line
	for _, path := range paths {
		text, err := os.ReadFile(path)
		require.NoError(t, err)
		scanner := bufio.NewScanner(bytes.NewReader(text))
		scanner.Buffer(nil, 1<<20)
		for scanner.Scan() {
			var l line
			if json.Unmarshal(scanner.Bytes(), &l) == nil && l.RequestID == requestID {
				list = append(list, l)
			}
		}
		require.NoError(t, scanner.Err())
	}
	return list
}

// patience is how long spans and lines may take to arrive on a busy machine; a batch of spans is sent every five seconds.
const patience = 90 * time.Second

// When it fails, a slow or failed checkout can be followed into some services and not into others, or the lines of the log about it
// cannot be found from its trace.
func TestOneCheckoutIsOneTraceAndOneStoryInTheLogs(t *testing.T) {
	t.Parallel()
	order, err := watched.buy(t.Context(), load.GiftCard)
	require.NoError(t, err)
	require.NotEmpty(t, order)
	request := watched.heard.checkout(order)
	require.NotEmpty(t, request, "the gateway names every request")

	want := map[string][]string{
		"gateway": {"POST /v1/carts/{cart_id=*}/checkout"}, "cart": {"CheckoutService/Checkout"}, "pricing": {"PricingService/ConfirmQuote"},
		"inventory": {"InventoryService/Reserve", "InventoryService/CommitReservation"},
		"payment": {"PaymentService/HoldGiftCard", "PaymentService/AuthorizePayment", "PaymentService/PostGiftCardHold", "PaymentService/CapturePayment",
			"provider sandbox authorize", "provider sandbox capture"},
	}
	var lines []line
	require.Eventually(t, func() bool {
		lines = linesOf(t, request)
		return len(lines) > 8
	}, patience, 200*time.Millisecond, "every service logs its part of the checkout")
	id, err := hex.DecodeString(lines[0].TraceID)
	require.NoError(t, err, "a trace id is a number, and no request id that stands in for one")
	require.Len(t, id, 16)
	var spans []span
	require.Eventually(t, func() bool {
		spans = watched.collector.trace(id)
		return missing(want, spans) == ""
	}, patience, 200*time.Millisecond, "spans of all services are in the trace of the checkout")

	roots := map[string]bool{}
	ids := map[string]bool{}
	for _, s := range spans {
		ids[string(s.GetSpanId())] = true
	}
	for _, s := range spans {
		if !ids[string(s.GetParentSpanId())] {
			roots[s.service+" "+s.GetName()] = true
		}
	}
	require.Len(t, roots, 1, "the trace has one beginning: %v", roots)
	services := map[string]bool{}
	for _, l := range linesOf(t, request) {
		require.Equal(t, hex.EncodeToString(id), l.TraceID, "%s %s", l.Service, l.RPC)
		require.NotEmpty(t, l.Version)
		require.NotEmpty(t, l.RPC)
		require.NotEmpty(t, l.Code)
		services[l.Service] = true
	}
	for service := range want {
		require.True(t, services[service], "%s logged nothing about the checkout", service)
	}
}

// When it fails, what the shop does after a provider's news, by a job, cannot be followed from the news: why an order was placed, or was
// not, ends at a row in a table.
func TestWhatNewsCauseIsInTheirTrace(t *testing.T) {
	t.Parallel()
	order, err := watched.buy(t.Context(), load.Voucher)
	require.NoError(t, err)
	require.NotEmpty(t, order)
	want := map[string][]string{
		"gateway": {"PaymentService/ReceiveWebhook"}, "payment": {"PaymentService/ReceiveWebhook", "job apply_payment_event", "job notify_payment"},
		"cart": {"CheckoutService/NotifyPayment"},
	}
	require.Eventually(t, func() bool {
		for _, id := range watched.collector.traces("job notify_payment") {
			if missing(want, watched.collector.trace(id)) == "" {
				return true
			}
		}
		return false
	}, patience, 200*time.Millisecond, "the job is in the trace of the provider's request, and so is the call that it makes")
}

// When it fails, the trace of a checkout that waits for its buyer ends there: how it went on, and why, is in no trace that leads to it.
func TestWhatAWorkerGoesOnWithIsInTheTraceOfTheCheckout(t *testing.T) {
	t.Parallel()
	one := watched.crowd.One(load.Voucher)
	require.NoError(t, one.Fill(t.Context()))
	order, err := one.Checkout(t.Context())
	require.NoError(t, err)
	// Nobody looks after the order from here on: the news of the provider wake the checkout, and a worker of cart takes it.
	require.NoError(t, load.Click(t.Context(), order.GetPayment().GetNextAction().GetUrl(), "pay"))
	want := map[string][]string{
		"gateway": {"POST /v1/carts/{cart_id=*}/checkout"}, "cart": {"CheckoutService/Checkout", "saga checkout"},
		"inventory": {"InventoryService/Reserve", "InventoryService/CommitReservation"},
		"payment":   {"PaymentService/AuthorizePayment", "PaymentService/GetPayment"},
	}
	require.Eventually(t, func() bool {
		for _, id := range watched.collector.traces("saga checkout") {
			if missing(want, watched.collector.trace(id)) == "" {
				return true
			}
		}
		return false
	}, patience, 200*time.Millisecond, "the worker's calls are in the trace that the buyer began")
}

// missing is the first span that is wanted and not there.
func missing(want map[string][]string, spans []span) string {
	for service, names := range want {
		for _, name := range names {
			found := false
			for _, s := range spans {
				found = found || s.service == service && strings.HasSuffix(s.GetName(), name)
			}
			if !found {
				return service + " " + name
			}
		}
	}
	return ""
}
