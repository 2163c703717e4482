package app_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/health"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/status"

	cartv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/cart/v1"
	paymentv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/payment/v1"
	typev1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/type/v1"
	"github.com/cartwright-shop/cartwright/services/payment/internal/app"
	"github.com/cartwright-shop/cartwright/services/payment/internal/postgres"
	"github.com/cartwright-shop/cartwright/services/payment/internal/sandboxserver"
	"github.com/cartwright-shop/cartwright/services/platform/clock"
	"github.com/cartwright-shop/cartwright/services/platform/config"
	"github.com/cartwright-shop/cartwright/services/platform/grpcclient"
	"github.com/cartwright-shop/cartwright/services/platform/id"
	"github.com/cartwright-shop/cartwright/services/platform/identity"
	"github.com/cartwright-shop/cartwright/services/platform/postgrestest"
	"github.com/cartwright-shop/cartwright/services/platform/service"
)

const (
	testKey    = "test-api-key-of-the-merchant"
	testSecret = "test-webhook-secret-of-32-bytes!"
)

// shop is the whole payment service as it runs: its program on a database of its own, the provider over HTTP, and a
// receiver in the place of cart.
type shop struct {
	paymentv1.PaymentServiceClient

	t        *testing.T
	conn     grpc.ClientConnInterface
	db       *postgrestest.Database
	instance *service.Instance
	provider *sandboxserver.Server
	web      *httptest.Server
	hooks    *httptest.Server
	cart     *cart
	settings []string
	log      *log
}

// log keeps what the service wrote, for a test that failed.
type log struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *log) Write(line []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(line)
}

func (l *log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// cart takes the notices that are meant for the order's owner.
type cart struct {
	cartv1.UnimplementedCheckoutServiceServer
	mu      sync.Mutex
	down    int // how many notices are still refused
	notices []*cartv1.NotifyPaymentRequest
}

func (c *cart) NotifyPayment(_ context.Context, r *cartv1.NotifyPaymentRequest) (*cartv1.NotifyPaymentResponse, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.down > 0 {
		c.down--
		return nil, status.Error(codes.Unavailable, "down")
	}
	c.notices = append(c.notices, r)
	return &cartv1.NotifyPaymentResponse{}, nil
}

func (c *cart) told(payment string) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	n := 0
	for _, notice := range c.notices {
		if notice.GetPaymentId() == payment {
			n++
		}
	}
	return n
}

func newShop(t *testing.T, settings ...string) *shop {
	return newShopWith(t, sandboxserver.Config{}, settings...)
}

func newShopWith(t *testing.T, provider sandboxserver.Config, settings ...string) *shop {
	t.Helper()
	s := &shop{t: t, cart: &cart{}, log: &log{}, db: postgrestest.New(t, "payment", postgres.Migrations())}
	t.Cleanup(func() {
		if t.Failed() {
			t.Log(s.log.String())
		}
	})
	s.startProvider(provider)
	s.settings = append([]string{
		"GRPC_ADDR=127.0.0.1:0", "OPS_ADDR=127.0.0.1:0", "DATABASE_URL=" + s.db.AppDSN, "CART_ADDR=" + s.startCart(),
		"SANDBOX_URL=" + s.web.URL, "SANDBOX_API_KEY=" + testKey, "SANDBOX_WEBHOOK_SECRET=" + testSecret,
		"GIFT_CARD_KEY=test-gift-card-key-of-32-bytes!!", "RETURN_URL_HOSTS=shop.example.com,.example.org,localhost",
		"PROVIDER_TIMEOUT=5s", "RESOLVE_INTERVAL=100ms", "LOG_LEVEL=warn", "DATABASE_ACQUIRE_TIMEOUT=20s", "DRAIN_TIMEOUT=2s",
	}, settings...)
	s.start()
	return s
}

// start runs the program; it is called again after stop to show that nothing was kept in memory.
func (s *shop) start() {
	s.t.Helper()
	cfg, err := config.Load[app.Config](s.settings)
	require.NoError(s.t, err)
	s.instance, err = service.Start(context.Background(), app.Program(), cfg, s.log)
	require.NoError(s.t, err)
	s.t.Cleanup(s.instance.Stop)
	conn, err := grpcclient.Dial(grpcclient.Config{
		Peer: "payment", Addr: s.instance.GRPCAddr(), Log: zap.NewNop(), Metrics: prometheus.NewRegistry(), Timeout: waitFor, Clock: clock.System(),
	})
	require.NoError(s.t, err)
	s.t.Cleanup(func() { _ = conn.Close() })
	s.conn, s.PaymentServiceClient = conn, paymentv1.NewPaymentServiceClient(conn)
}

func (s *shop) startProvider(cfg sandboxserver.Config) {
	s.t.Helper()
	var handler http.Handler
	s.web = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { handler.ServeHTTP(w, r) }))
	s.t.Cleanup(s.web.Close)
	s.hooks = httptest.NewServer(http.HandlerFunc(s.receive))
	s.t.Cleanup(s.hooks.Close)
	cfg.JournalPath = filepath.Join(s.t.TempDir(), "journal.jsonl")
	cfg.APIKey, cfg.PublicURL, cfg.WebhookURL, cfg.WebhookSecret = testKey, s.web.URL, s.hooks.URL, testSecret
	if cfg.SlowDelay == 0 {
		cfg.SlowDelay = 2 * time.Second
	}
	if cfg.ConfirmDelay == 0 {
		cfg.ConfirmDelay = 100 * time.Millisecond
	}
	provider, err := sandboxserver.New(cfg)
	require.NoError(s.t, err)
	s.provider, handler = provider, provider.Handler()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- provider.Run(ctx) }()
	s.t.Cleanup(func() {
		cancel()
		require.NoError(s.t, <-ended)
		require.NoError(s.t, provider.Close())
	})
}

// receive stands where the gateway is: it hands a webhook on, byte for byte.
func (s *shop) receive(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err == nil {
		headers := map[string]string{}
		for name := range r.Header {
			headers[name] = r.Header.Get(name)
		}
		_, err = s.ReceiveWebhook(r.Context(), &paymentv1.ReceiveWebhookRequest{Provider: "sandbox", Headers: headers, Body: body})
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusServiceUnavailable)
	}
}

func (s *shop) startCart() string {
	s.t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(s.t, err)
	server := grpc.NewServer()
	healthpb.RegisterHealthServer(server, health.NewServer())
	cartv1.RegisterCheckoutServiceServer(server, s.cart)
	go func() { _ = server.Serve(listener) }()
	s.t.Cleanup(server.Stop)
	return listener.Addr().String()
}

// staff is a context of the back office.
func staff() context.Context {
	return identity.With(context.Background(), identity.Principal{Kind: identity.Staff, Subject: "s-1"})
}

func customer(subject string) context.Context {
	return identity.With(context.Background(), identity.Principal{Kind: identity.Customer, Subject: subject})
}

func gbp(minor int64) *typev1.Money { return &typev1.Money{CurrencyCode: "GBP", MinorUnits: minor} }

// ask is a request for a payment of an order of its own.
func ask(minor int64, method, token string) *paymentv1.AuthorizePaymentRequest {
	return &paymentv1.AuthorizePaymentRequest{
		PaymentId: id.New(), RequestId: id.New(), OrderId: id.Secret(), Amount: gbp(minor), Method: method, Token: token,
		ReturnUrl: "http://localhost:8080/return", Channel: "uk-web", CountryCode: "GB",
	}
}

func (s *shop) authorize(r *paymentv1.AuthorizePaymentRequest) *paymentv1.Payment {
	s.t.Helper()
	response, err := s.AuthorizePayment(context.Background(), r)
	require.NoError(s.t, err)
	return response.GetPayment()
}

func (s *shop) get(payment string) *paymentv1.Payment {
	s.t.Helper()
	response, err := s.GetPayment(context.Background(), &paymentv1.GetPaymentRequest{PaymentId: payment})
	require.NoError(s.t, err)
	return response.GetPayment()
}

func (s *shop) capture(payment string, minor int64, final bool) *paymentv1.CapturePaymentResponse {
	s.t.Helper()
	response, err := s.CapturePayment(context.Background(), &paymentv1.CapturePaymentRequest{
		PaymentId: payment, CaptureId: id.New(), RequestId: id.New(), Amount: gbp(minor), Final: final,
	})
	require.NoError(s.t, err)
	return response
}

func (s *shop) refund(payment string, minor int64) *paymentv1.RefundPaymentResponse {
	s.t.Helper()
	response, err := s.RefundPayment(context.Background(), &paymentv1.RefundPaymentRequest{
		PaymentId: payment, RefundId: id.New(), RequestId: id.New(), Amount: gbp(minor),
	})
	require.NoError(s.t, err)
	return response
}

func (s *shop) void(payment string) *paymentv1.Payment {
	s.t.Helper()
	response, err := s.VoidPayment(context.Background(), &paymentv1.VoidPaymentRequest{PaymentId: payment, VoidId: id.New(), RequestId: id.New()})
	require.NoError(s.t, err)
	return response.GetPayment()
}

// becomes waits until a payment has a state.
func (s *shop) becomes(payment string, state paymentv1.PaymentState) *paymentv1.Payment {
	s.t.Helper()
	var p *paymentv1.Payment
	require.Eventually(s.t, func() bool {
		p = s.get(payment)
		return p.GetState() == state
	}, waitFor, tick, "the payment should become %s", state)
	return p
}

// buyer clicks on the provider's page, and answers where the browser is sent.
func (s *shop) buyer(page, decision string) string {
	s.t.Helper()
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	response, err := client.Post(page+"/"+decision, "application/x-www-form-urlencoded", strings.NewReader(""))
	require.NoError(s.t, err)
	require.NoError(s.t, response.Body.Close())
	return response.Header.Get("Location")
}

// books are the provider's own sums of an order: the outside truth.
func (s *shop) books(order string) sandboxserver.SummaryRow {
	s.t.Helper()
	rows := s.provider.Summary(order)
	if len(rows) == 0 {
		return sandboxserver.SummaryRow{}
	}
	require.Len(s.t, rows, 1)
	return rows[0]
}

// metric reads a metric as an operator does; -1 when there is none of that name.
func (s *shop) metric(name string) float64 {
	s.t.Helper()
	response, err := http.Get("http://" + s.instance.OpsAddr() + "/metrics")
	require.NoError(s.t, err)
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	require.NoError(s.t, err)
	for line := range strings.Lines(string(text)) {
		if value, ok := strings.CutPrefix(line, name+" "); ok {
			number, err := strconv.ParseFloat(strings.TrimSpace(value), 64)
			require.NoError(s.t, err)
			return number
		}
	}
	return -1
}

// attempts are the provider's log of an order.
func (s *shop) attempts(order string) []sandboxserver.Attempt {
	s.t.Helper()
	response, err := http.Get(s.web.URL + "/log?order_reference=" + order)
	require.NoError(s.t, err)
	defer response.Body.Close()
	var log struct{ Attempts []sandboxserver.Attempt }
	require.NoError(s.t, json.NewDecoder(response.Body).Decode(&log))
	return log.Attempts
}

// due is what the ledger says of an order: minus what was paid.
func (s *shop) due(order string) int64 {
	s.t.Helper()
	response, err := s.ListLedgerEntries(staff(), &paymentv1.ListLedgerEntriesRequest{OrderId: order})
	require.NoError(s.t, err)
	sum := int64(0)
	for _, entry := range response.GetEntries() {
		for _, posting := range entry.GetPostings() {
			if posting.GetAccount() == "order:due" {
				sum += posting.GetAmount().GetMinorUnits()
			}
		}
	}
	return sum
}

// balanced checks that the whole ledger sums to nothing.
func (s *shop) balanced() {
	s.t.Helper()
	response, err := s.GetTrialBalance(staff(), &paymentv1.GetTrialBalanceRequest{})
	require.NoError(s.t, err)
	sums := map[string]int64{}
	for _, row := range response.GetRows() {
		sums[row.GetCurrencyCode()] += row.GetBalance().GetMinorUnits()
	}
	for currency, sum := range sums {
		require.Zero(s.t, sum, currency)
	}
}

const (
	waitFor = 30 * time.Second
	tick    = 20 * time.Millisecond
)
