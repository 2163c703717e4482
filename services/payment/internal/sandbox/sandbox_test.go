package sandbox_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cartwright-shop/cartwright/services/payment/internal/payment"
	"github.com/cartwright-shop/cartwright/services/payment/internal/payment/providertest"
	"github.com/cartwright-shop/cartwright/services/payment/internal/sandbox"
	"github.com/cartwright-shop/cartwright/services/payment/internal/sandboxserver"
	"github.com/cartwright-shop/cartwright/services/platform/id"
)

const secret = "a-webhook-secret-of-32-bytes-...."

func serve(t *testing.T) (*sandboxserver.Server, string) {
	t.Helper()
	server, err := sandboxserver.New(sandboxserver.Config{
		JournalPath: filepath.Join(t.TempDir(), "journal.jsonl"), APIKey: "key", ConfirmDelay: 50 * time.Millisecond,
	})
	require.NoError(t, err)
	web := httptest.NewServer(server.Handler())
	server.SetURLs(web.URL, "")
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- server.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		require.NoError(t, <-ended)
		web.Close()
		require.NoError(t, server.Close())
	})
	return server, web.URL
}

// A provider's adapter keeps the promises that the rules of payments rely on: fails when it guesses, repeats or believes.
func TestConformance(t *testing.T) {
	t.Parallel()
	_, url := serve(t)
	adapter := func(url string) *sandbox.Provider {
		return sandbox.New(sandbox.Config{URL: url, APIKey: "key", Merchant: "cartwright-demo", WebhookSecrets: []string{secret, "", "the-next-secret"}})
	}
	providertest.Run(t, providertest.Harness{
		Provider: adapter(url), Unreachable: adapter("http://127.0.0.1:1"), GoodToken: "tok_ok", BadToken: "tok_declined",
		Approve: func(t *testing.T, page string) {
			t.Helper()
			response, err := http.Post(page+"/approve", "", strings.NewReader(""))
			if err == nil { // the return URL of the test leads nowhere
				require.NoError(t, response.Body.Close())
			}
		},
		Notification: func(t *testing.T, key string, at time.Time) (map[string]string, []byte) {
			t.Helper()
			request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url+"/v1/operations?merchant_reference="+key, nil)
			require.NoError(t, err)
			request.Header.Set("Authorization", "Bearer key")
			response, err := http.DefaultClient.Do(request)
			require.NoError(t, err)
			defer response.Body.Close()
			var op sandboxserver.Operation
			require.NoError(t, json.NewDecoder(response.Body).Decode(&op))
			event := sandboxserver.Event{ID: "evt_" + id.New(), Type: "authorize.succeeded", Merchant: op.Merchant, Mode: op.Mode, Operation: &op}
			body, err := json.Marshal(event)
			require.NoError(t, err)
			return sandboxserver.Sign(secret, event.ID, at, body), body
		},
	})
}

// An answer about somebody else's account is no answer: fails when the adapter believes it.
func TestAnswersOfOtherAccountsAreNotBelieved(t *testing.T) {
	t.Parallel()
	_, url := serve(t)
	stranger := sandbox.New(sandbox.Config{URL: url, APIKey: "key", Merchant: "somebody-else"})
	_, err := stranger.Authorize(t.Context(), payment.Call{
		Operation: payment.Operation{ID: id.New(), OrderID: "o", Kind: payment.Authorize, Amount: 100, Currency: "GBP"}, Method: "card", Token: "tok_ok",
	})
	require.ErrorContains(t, err, "cartwright-demo")
	thief := sandbox.New(sandbox.Config{URL: url, APIKey: "wrong", Merchant: "cartwright-demo"})
	_, err = thief.Query(t.Context(), "x")
	require.ErrorContains(t, err, "unauthorized")
	require.NotErrorIs(t, err, payment.ErrNoOperation)
}
