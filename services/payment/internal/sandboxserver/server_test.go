package sandboxserver_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cartwright-shop/cartwright/services/payment/internal/sandboxserver"
	"github.com/cartwright-shop/cartwright/services/platform/clock/clocktest"
)

// bank is the provider over HTTP.
type bank struct {
	t      *testing.T
	server *sandboxserver.Server
	web    *httptest.Server
	stop   func()
}

func open(t *testing.T, cfg sandboxserver.Config) *bank {
	t.Helper()
	cfg.APIKey = "key"
	server, err := sandboxserver.New(cfg)
	require.NoError(t, err)
	b := &bank{t: t, server: server, web: httptest.NewServer(server.Handler())}
	server.SetURLs(b.web.URL, cfg.WebhookURL)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- server.Run(ctx) }()
	b.stop = sync.OnceFunc(func() {
		b.web.Close()
		cancel()
		require.NoError(t, <-ended)
		require.NoError(t, server.Close())
	})
	t.Cleanup(b.stop)
	return b
}

func (b *bank) send(method, path, key string, body any) (int, map[string]any) {
	b.t.Helper()
	encoded, err := json.Marshal(body)
	require.NoError(b.t, err)
	request, err := http.NewRequest(method, b.web.URL+path, bytes.NewReader(encoded))
	require.NoError(b.t, err)
	request.Header.Set("Authorization", "Bearer key")
	request.Header.Set("Idempotency-Key", key)
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	response, err := client.Do(request)
	require.NoError(b.t, err)
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	require.NoError(b.t, err)
	var answer map[string]any
	_ = json.Unmarshal(text, &answer)
	return response.StatusCode, answer
}

func card(reference string, amount int) map[string]any {
	return map[string]any{"merchant_reference": reference, "order_reference": "order-1", "method": "card", "token": "tok_ok_" + reference, "amount": amount, "currency": "GBP"}
}

// The provider's journal is the truth that a shop's books are compared with: fails when a restart, even after a torn write,
// loses what was answered.
func TestJournalSurvivesRestart(t *testing.T) {
	t.Parallel()
	cfg := sandboxserver.Config{JournalPath: filepath.Join(t.TempDir(), "journal.jsonl"), Sync: true}
	b := open(t, cfg)
	_, auth := b.send("POST", "/v1/authorizations", "k1", card("r1", 1_000))
	_, _ = b.send("POST", "/v1/authorizations/"+auth["id"].(string)+"/captures", "k2", map[string]any{"merchant_reference": "r2", "amount": 700, "currency": "GBP", "final": true})
	before := b.server.Summary("")
	b.stop()
	file, err := os.OpenFile(cfg.JournalPath, os.O_APPEND|os.O_WRONLY, 0)
	require.NoError(t, err)
	_, err = file.WriteString(`{"seq":99,"type":"attempt","torn`)
	require.NoError(t, err)
	require.NoError(t, file.Close())

	b = open(t, cfg)
	require.Equal(t, before, b.server.Summary(""))
	require.Equal(t, []sandboxserver.SummaryRow{{OrderReference: "order-1", Currency: "GBP", Authorized: 1_000, Captured: 700, Voided: 300}}, before)
	_, again := b.send("POST", "/v1/authorizations", "k1", card("r1", 1_000))
	require.Equal(t, auth["id"], again["id"], "keys are remembered too")
	_, log := b.send("GET", "/log?limit=2", "", nil)
	require.Len(t, log["attempts"], 2)
	_, rest := b.send("GET", "/log?limit=2&after="+jsonText(log["next"]), "", nil)
	require.Len(t, rest["attempts"], 1)
	require.Equal(t, true, rest["attempts"].([]any)[0].(map[string]any)["replayed"])
	_, captures := b.send("GET", "/log?kind=capture&order_reference=order-1", "", nil)
	require.Len(t, captures["attempts"], 1)
	_, summary := b.send("GET", "/summary", "", nil)
	require.InDelta(t, 700, summary["totals"].(map[string]any)["GBP"].(map[string]any)["captured"], 0)
}

func jsonText(v any) string {
	text, _ := json.Marshal(v)
	return string(text)
}

// The log tells an audit what became of everything: fails when an operation that a buyer decided, or that another one ended, is listed
// only as it began.
func TestLogListsChanges(t *testing.T) {
	t.Parallel()
	b := open(t, sandboxserver.Config{JournalPath: filepath.Join(t.TempDir(), "journal.jsonl")})
	wish := func(reference string) map[string]any {
		return map[string]any{"merchant_reference": reference, "order_reference": "o", "method": "card", "token": "tok_3ds", "amount": 500, "currency": "GBP"}
	}
	_, approved := b.send("POST", "/v1/authorizations", "a1", wish("r1"))
	_, voided := b.send("POST", "/v1/authorizations", "a2", wish("r2"))
	status, _ := b.send("POST", "/challenge/"+approved["id"].(string)+"/approve", "", nil)
	require.Less(t, status, 400)
	_, _ = b.send("POST", "/v1/authorizations/"+voided["id"].(string)+"/voids", "v2", map[string]any{"merchant_reference": "r3"})
	last := map[string]any{}
	pages, next := 0, "0"
	for next != "" {
		_, page := b.send("GET", "/log?changes=true&limit=1&after="+next, "", nil)
		for _, entry := range page["attempts"].([]any) {
			fields := entry.(map[string]any)
			last[fields["merchant_reference"].(string)] = fields["result"]
		}
		if next = jsonText(page["next"]); next == "0" {
			next = ""
		}
		pages++
	}
	require.Equal(t, map[string]any{"r1": "succeeded", "r2": "failed", "r3": "succeeded"}, last)
	require.Equal(t, 4, pages, "two attempts, a buyer's decision, and a void with what it ended")
	_, attempts := b.send("GET", "/log", "", nil)
	require.Len(t, attempts["attempts"], 3, "only attempts, unless changes are asked for")
}

// A key is honoured for a day, as at real providers: fails when tests could not tell a shop that repeats an old key from one
// that asks first.
func TestKeysAreForgottenAfterTheirWindow(t *testing.T) {
	t.Parallel()
	now := clocktest.New(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC))
	b := open(t, sandboxserver.Config{JournalPath: filepath.Join(t.TempDir(), "journal.jsonl"), Now: now.Now})
	_, first := b.send("POST", "/v1/authorizations", "k", card("r", 1_000))
	now.Advance(23*time.Hour + 59*time.Minute)
	_, second := b.send("POST", "/v1/authorizations", "k", card("r", 1_000))
	require.Equal(t, first["id"], second["id"])
	status, _ := b.send("POST", "/v1/authorizations", "k", card("r", 1_001))
	require.Equal(t, http.StatusUnprocessableEntity, status)
	now.Advance(2 * time.Minute)
	_, third := b.send("POST", "/v1/authorizations", "k", card("r", 1_000))
	require.NotEqual(t, first["id"], third["id"])
}

// A receiver that was down gets its events, and the same event twice has one id and a good signature: fails when an event is
// lost or forged.
func TestWebhooksAreSignedAndRetried(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	got, refusals := map[string]int{}, 2
	hook := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		mu.Lock()
		defer mu.Unlock()
		if refusals > 0 {
			refusals--
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		var event sandboxserver.Event
		sent := time.Now()
		if json.Unmarshal(body, &event) == nil && sandboxserver.Sign("s", event.ID, sent, body)["webhook-id"] == r.Header.Get("webhook-id") {
			got[event.ID]++
		}
	}))
	t.Cleanup(hook.Close)
	cfg := sandboxserver.Config{JournalPath: filepath.Join(t.TempDir(), "journal.jsonl"), WebhookURL: hook.URL, WebhookSecret: "s", AllEvents: true}
	b := open(t, cfg)
	b.server.Apply(sandboxserver.Control{Webhooks: &sandboxserver.WebhookMode{Duplicate: 1}})
	for _, reference := range []string{"a", "b"} {
		b.send("POST", "/v1/authorizations", reference, card(reference, 1_000))
	}
	require.Eventually(t, func() bool {
		mu.Lock()
		defer mu.Unlock()
		return len(got) == 2
	}, 30*time.Second, 20*time.Millisecond)
	require.Eventually(t, func() bool { return len(b.server.Events()) == 0 }, 30*time.Second, 20*time.Millisecond)
}

// The buyer's pages decide once and send the buyer back only to the shop: fails when a page can be made to redirect elsewhere,
// or when a second click changes the outcome.
func TestBuyersPages(t *testing.T) {
	t.Parallel()
	b := open(t, sandboxserver.Config{JournalPath: filepath.Join(t.TempDir(), "journal.jsonl"), ConfirmDelay: time.Millisecond})
	for method, path := range map[string]string{"wallet": "wallet", "qr": "qr", "voucher": "vouchers"} {
		body := map[string]any{"merchant_reference": method, "order_reference": "<script>", "method": method, "amount": 5, "currency": "GBP", "return_url": "http://localhost/back"}
		_, op := b.send("POST", "/v1/authorizations", method, body)
		page := "/" + path + "/" + op["id"].(string)
		require.Equal(t, b.web.URL+page, op["next_action"].(map[string]any)["url"])
		response, err := http.Get(b.web.URL + page)
		require.NoError(t, err)
		text, err := io.ReadAll(response.Body)
		require.NoError(t, err)
		require.NoError(t, response.Body.Close())
		require.Contains(t, string(text), "Approve")
		require.NotContains(t, string(text), "<script>")
		status, _ := b.send("POST", page+"/approve?return_url=http://evil.test/", "", nil)
		require.Equal(t, http.StatusSeeOther, status)
		b.send("POST", page+"/deny", "", nil)
		require.Eventually(t, func() bool {
			_, op := b.send("GET", "/v1/operations?merchant_reference="+method, "", nil)
			return op["status"] == "succeeded"
		}, 30*time.Second, 10*time.Millisecond)
	}
	status, _ := b.send("GET", "/challenge/nobody", "", nil)
	require.Equal(t, http.StatusNotFound, status)
}

// The controls do what they say and refuse what they do not know: fails when a chaos run believes it made a fault and did not.
func TestControls(t *testing.T) {
	t.Parallel()
	b := open(t, sandboxserver.Config{JournalPath: filepath.Join(t.TempDir(), "journal.jsonl")})
	status, _ := b.send("POST", "/control", "", map[string]any{"faults": []any{map[string]any{"action": "explode", "count": 1}}})
	require.Equal(t, http.StatusBadRequest, status)
	status, _ = b.send("POST", "/control", "", map[string]any{"nonsense": 1})
	require.Equal(t, http.StatusBadRequest, status)
	status, _ = b.send("POST", "/control", "", map[string]any{"faults": []any{map[string]any{"action": "error", "kind": "authorize", "count": 1}}})
	require.Equal(t, http.StatusOK, status)
	status, _ = b.send("POST", "/v1/authorizations", "k", card("r", 1))
	require.Equal(t, http.StatusServiceUnavailable, status)
	status, _ = b.send("POST", "/v1/authorizations", "k", card("r", 1))
	require.Equal(t, http.StatusOK, status)
	for name, body := range map[string]map[string]any{
		"no amount": card("x", 0), "no reference": card("", 1),
		"no method":   {"merchant_reference": "x", "method": "cheque", "amount": 1, "currency": "GBP"},
		"no currency": {"merchant_reference": "x", "method": "qr", "amount": 1},
	} {
		status, _ = b.send("POST", "/v1/authorizations", name, body)
		require.Equal(t, http.StatusBadRequest, status, name)
	}
	status, _ = b.send("POST", "/v1/authorizations/sbx_none/captures", "c", map[string]any{"merchant_reference": "c", "amount": 1, "currency": "GBP"})
	require.Equal(t, http.StatusNotFound, status)
}
