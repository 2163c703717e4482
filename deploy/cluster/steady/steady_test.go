package steady

import (
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cartwright-shop/cartwright/deploy/shopclient"
)

// traffic returns a load whose buyers do not begin by themselves, at a shop that answers with what is given.
func traffic(t *testing.T, answer http.HandlerFunc) *Load {
	t.Helper()
	shop := httptest.NewServer(answer)
	t.Cleanup(shop.Close)
	l, err := Start(t.Context(), Settings{Gateway: shop.URL, SKUs: []string{"a", "b"}, Rate: 1000, Buyers: 1})
	require.NoError(t, err)
	l.Stop()
	l.figures, l.pace = Figures{}, time.NewTicker(time.Millisecond)
	t.Cleanup(l.pace.Stop)
	return l
}

// When a failure hides behind a second try that works, an upgrade that breaks requests is called a good one.
func TestEveryFailedTryCounts(t *testing.T) {
	t.Parallel()
	var tries atomic.Int64
	var keys [2]string
	l := traffic(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPost {
			http.Error(w, "no shop", http.StatusTeapot)
			return
		}
		n := tries.Add(1)
		keys[n-1] = r.Header.Get("Idempotency-Key")
		if n == 1 {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		w.WriteHeader(http.StatusOK)
	})
	require.NoError(t, l.do(t.Context(), "create cart", shopclient.Call{Verb: http.MethodPost, Path: "/", Key: "k"}, nil))
	f := l.Figures()
	require.Equal(t, 2, f.Requests)
	require.Equal(t, 1, f.Failed)
	require.Len(t, f.Failures, 1)
	require.Equal(t, "create cart", f.Failures[0].Request)
	require.Equal(t, [2]string{"k", "k"}, keys, "the second try is the same wish")
}

// A refusal that no second try changes must end a visit as lost, not be repeated until the proof ends.
func TestRefusalsAreLost(t *testing.T) {
	t.Parallel()
	l := traffic(t, func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusUnprocessableEntity)
		_, _ = w.Write([]byte(`{"status": 422, "reason": "CART_EMPTY"}`))
	})
	require.ErrorContains(t, l.do(t.Context(), "check out", shopclient.Call{Verb: http.MethodPost, Path: "/"}, nil), "CART_EMPTY")
	require.Equal(t, 1, l.Figures().Failed)
}
