package app_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"github.com/cartwright-shop/cartwright/services/payment/internal/giftcard"
	"github.com/cartwright-shop/cartwright/services/payment/internal/payment"
	"github.com/cartwright-shop/cartwright/services/payment/internal/postgres"
	"github.com/cartwright-shop/cartwright/services/payment/internal/sandbox"
	"github.com/cartwright-shop/cartwright/services/payment/internal/sandboxserver"
	"github.com/cartwright-shop/cartwright/services/platform/clock"
	"github.com/cartwright-shop/cartwright/services/platform/clock/clocktest"
	"github.com/cartwright-shop/cartwright/services/platform/id"
	"github.com/cartwright-shop/cartwright/services/platform/job"
	"github.com/cartwright-shop/cartwright/services/platform/money"
	platform "github.com/cartwright-shop/cartwright/services/platform/postgres"
	"github.com/cartwright-shop/cartwright/services/platform/postgrestest"
)

// engine is the rules on a real database and the provider over HTTP, without the process around them: what runs in the
// background there is called here when the test wants it, at the time the test wants.
type engine struct {
	*payment.Service

	t        *testing.T
	db       *postgrestest.Database
	pool     *platform.DB
	store    *postgres.Store
	provider *sandboxserver.Server
	adapter  *sandbox.Provider
	cards    *giftcard.Service
	clock    *clocktest.Fake
	queue    *queue
}

// queue takes the jobs that a running service would work on.
type queue struct {
	mu    sync.Mutex
	tasks []job.Args
}

func (q *queue) Insert(_ context.Context, args job.Args, _ ...job.InsertOption) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.tasks = append(q.tasks, args)
	return nil
}

// told counts the notices about a payment.
func (q *queue) told(paymentID string) int {
	q.mu.Lock()
	defer q.mu.Unlock()
	n := 0
	for _, task := range q.tasks {
		if changed, ok := task.(payment.Changed); ok && changed.PaymentID == paymentID {
			n++
		}
	}
	return n
}

func newEngine(t *testing.T, provider sandboxserver.Config, cfg payment.Config) *engine {
	t.Helper()
	e := &engine{t: t, clock: clocktest.New(time.Now()), queue: &queue{}, db: postgrestest.New(t, "payment", postgres.Migrations())}
	var handler http.Handler
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { handler.ServeHTTP(w, r) }))
	t.Cleanup(web.Close)
	provider.JournalPath, provider.APIKey, provider.PublicURL = filepath.Join(t.TempDir(), "journal.jsonl"), testKey, web.URL
	provider.WebhookURL, provider.WebhookSecret, provider.Now = "http://127.0.0.1:1/", testSecret, e.clock.Now
	server, err := sandboxserver.New(provider)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, server.Close()) })
	server.Apply(sandboxserver.Control{Webhooks: &sandboxserver.WebhookMode{Hold: true}})
	e.provider, handler = server, server.Handler()
	e.pool, err = platform.Open(t.Context(), platform.Config{URL: e.db.AppDSN, AcquireTimeout: 20 * time.Second})
	require.NoError(t, err)
	t.Cleanup(e.pool.Close)
	e.store = postgres.New(e.pool, e.queue)
	e.adapter = sandbox.New(sandbox.Config{URL: web.URL, APIKey: testKey, Merchant: "cartwright-demo", WebhookSecrets: []string{testSecret}})
	if cfg.CallTimeout == 0 {
		cfg.CallTimeout = 5 * time.Second
	}
	e.Service = payment.NewService(e.store, []payment.Provider{e.adapter}, clock.System(), cfg, zap.NewNop())
	e.cards = cardsOn(t, e.store)
	return e
}

// cardsOn are the rules of gift cards on a store.
func cardsOn(t *testing.T, store *postgres.Store) *giftcard.Service {
	t.Helper()
	codes, err := giftcard.NewCodes([]byte("test-gift-card-key-of-32-bytes!!"))
	require.NoError(t, err)
	return giftcard.NewService(store, codes, clock.System())
}

// issue makes a gift card.
func issue(t *testing.T, cards *giftcard.Service, minor int64) string {
	t.Helper()
	card, _, err := cards.Issue(context.Background(), giftcard.IssueRequest{RequestID: id.New(), Amount: money.Money{Currency: "GBP", Minor: minor}})
	require.NoError(t, err)
	return card.ID
}

func pounds(minor int64) *money.Money { return &money.Money{Currency: "GBP", Minor: minor} }

// authorize opens a payment of an order of its own.
func (e *engine) authorize(minor int64, token string) *payment.Payment {
	e.t.Helper()
	p, err := e.Authorize(e.t.Context(), request(minor, token))
	require.NoError(e.t, err)
	return p
}

func request(minor int64, token string) payment.AuthorizeRequest {
	return payment.AuthorizeRequest{
		PaymentID: id.New(), RequestID: id.New(), OrderID: id.Secret(), Amount: money.Money{Currency: "GBP", Minor: minor},
		Method: "card", Channel: "uk-web", Country: "GB", Token: token,
	}
}

func (e *engine) get(paymentID string) *payment.Payment {
	e.t.Helper()
	p, err := e.Get(e.t.Context(), paymentID)
	require.NoError(e.t, err)
	return p
}

func move(paymentID, callerID string, minor int64) payment.MoveRequest {
	return payment.MoveRequest{PaymentID: paymentID, CallerID: callerID, RequestID: "r", Amount: money.Money{Currency: "GBP", Minor: minor}}
}

// books are the provider's own sums of an order.
func (e *engine) books(order string) sandboxserver.SummaryRow {
	e.t.Helper()
	rows := e.provider.Summary(order)
	if len(rows) == 0 {
		return sandboxserver.SummaryRow{}
	}
	return rows[0]
}

// deliver stores a notification as it comes from the provider and applies it at once, as the job does.
func (e *engine) deliver(body []byte) error {
	e.t.Helper()
	var event sandboxserver.Event
	require.NoError(e.t, json.Unmarshal(body, &event))
	_, err := e.ReceiveWebhook(e.t.Context(), "sandbox", sandboxserver.Sign(testSecret, event.ID, time.Now(), body), body)
	require.NoError(e.t, err)
	return e.ApplyEvent(e.t.Context(), "sandbox", event.ID)
}

// ledger is what the books say of a payment, entry by entry.
func (e *engine) ledger(paymentID string) []string {
	e.t.Helper()
	rows, err := e.db.DB.Query(e.t.Context(), `
		SELECT t.kind || ' ' || t.source || ' ' || p.account || ' ' || p.currency || ' ' || p.amount
		FROM ledger_transaction AS t JOIN posting AS p ON p.transaction_id = t.id WHERE t.payment_id = $1 ORDER BY t.source, p.line`, paymentID)
	require.NoError(e.t, err)
	defer rows.Close()
	var lines []string
	for rows.Next() {
		var line string
		require.NoError(e.t, rows.Scan(&line))
		lines = append(lines, line)
	}
	require.NoError(e.t, rows.Err())
	return lines
}

// exec changes one row behind the service's back.
func (e *engine) exec(statement string, args ...any) {
	e.t.Helper()
	_, err := e.db.DB.Exec(e.t.Context(), statement, args...)
	require.NoError(e.t, err)
}

// eventID reads the id of a notification.
func eventID(t *testing.T, body []byte) string {
	t.Helper()
	var event sandboxserver.Event
	require.NoError(t, json.Unmarshal(body, &event))
	return event.ID
}

// rewrittenBody is a notification under an id of its own, so that its repetition is applied and not recognised.
func rewrittenBody(t *testing.T, body []byte) []byte {
	t.Helper()
	var event sandboxserver.Event
	require.NoError(t, json.Unmarshal(body, &event))
	return rewritten(t, event, "evt_"+id.New())
}
