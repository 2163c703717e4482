package rpc_test

import (
	"context"
	"fmt"
	"net"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"

	pricingv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/pricing/v1"
	typev1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/type/v1"
	"github.com/cartwright-shop/cartwright/services/platform/clock"
	"github.com/cartwright-shop/cartwright/services/platform/errs"
	"github.com/cartwright-shop/cartwright/services/platform/grpcclient"
	"github.com/cartwright-shop/cartwright/services/platform/grpcserver"
	"github.com/cartwright-shop/cartwright/services/platform/id"
	"github.com/cartwright-shop/cartwright/services/platform/idempotency"
	"github.com/cartwright-shop/cartwright/services/platform/identity"
	platform "github.com/cartwright-shop/cartwright/services/platform/postgres"
	"github.com/cartwright-shop/cartwright/services/platform/postgrestest"
	"github.com/cartwright-shop/cartwright/services/pricing/internal/job"
	"github.com/cartwright-shop/cartwright/services/pricing/internal/postgres"
	"github.com/cartwright-shop/cartwright/services/pricing/internal/pricelist"
	"github.com/cartwright-shop/cartwright/services/pricing/internal/promotion"
	"github.com/cartwright-shop/cartwright/services/pricing/internal/quote"
	"github.com/cartwright-shop/cartwright/services/pricing/internal/redemption"
	"github.com/cartwright-shop/cartwright/services/pricing/internal/rpc"
)

// shop is a pricing service with its own database, reached as other services reach it.
type shop struct {
	pricingv1.PricingServiceClient
	conn   grpc.ClientConnInterface
	db     *platform.DB
	admin  string
	worker *job.Worker
}

const callTimeout = time.Minute

func newShop(t testing.TB) *shop {
	t.Helper()
	database := postgrestest.New(t, "pricing", postgres.Migrations())
	// Storms of the tests wait for a connection instead of being shed, so that every answer is the domain's.
	db, err := platform.Open(context.Background(), platform.Config{URL: database.AppDSN, MaxConns: 12, AcquireTimeout: callTimeout})
	require.NoError(t, err)
	t.Cleanup(db.Close)
	store, keeper, metrics := postgres.New(db), idempotency.New(db), prometheus.NewRegistry()
	quotes := quote.New(store, clock.System())
	uses := redemption.New(store, quotes)
	server, err := rpc.New(rpc.Domain{
		Lists: pricelist.New(store), Promotions: promotion.New(store), Quotes: quotes, Uses: uses,
	}, keeper, metrics)
	require.NoError(t, err)
	worker, err := job.New(uses, store, keeper, metrics)
	require.NoError(t, err)

	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	transport := grpcserver.New(grpcserver.Config{})
	transport.Register(func(r grpc.ServiceRegistrar) { pricingv1.RegisterPricingServiceServer(r, server) })
	served := make(chan error, 1)
	go func() { served <- transport.Serve(listener) }()
	conn, err := grpcclient.Dial(grpcclient.Config{Peer: "pricing", Addr: listener.Addr().String(), Timeout: callTimeout})
	require.NoError(t, err)
	t.Cleanup(func() {
		require.NoError(t, conn.Close())
		transport.Stop(context.Background())
		require.NoError(t, <-served)
	})
	return &shop{
		PricingServiceClient: pricingv1.NewPricingServiceClient(conn), conn: conn, db: db, admin: database.AdminDSN, worker: worker,
	}
}

func as(kind identity.Kind, subject string) context.Context {
	return identity.With(context.Background(), identity.Principal{Kind: kind, Subject: subject})
}

// staff is the caller of the back office, checkout the one of orders.
func staff() context.Context    { return as(identity.Staff, "s1") }
func checkout() context.Context { return as(identity.Service, "cart") }

func money(currency string, minor int64) *typev1.Money {
	return &typev1.Money{CurrencyCode: currency, MinorUnits: minor}
}

func gbp(minor int64) *typev1.Money { return money("GBP", minor) }

// list makes an active price list with prices in its currency.
func (s *shop) list(t testing.TB, l *pricingv1.PriceList, prices map[string]int64) *pricingv1.PriceList {
	t.Helper()
	l.Active = true
	if l.Name == "" {
		l.Name = l.GetKey()
	}
	made, err := s.CreatePriceList(staff(), &pricingv1.CreatePriceListRequest{PriceList: l})
	require.NoError(t, err)
	if len(prices) > 0 {
		req := &pricingv1.SetPricesRequest{RequestId: id.New(), PriceListKey: l.GetKey()}
		for sku, minor := range prices {
			req.Entries = append(req.Entries, &pricingv1.Price{Sku: sku, Amount: money(l.GetCurrencyCode(), minor)})
		}
		_, err = s.SetPrices(staff(), req)
		require.NoError(t, err)
	}
	return made.GetPriceList()
}

// retail makes the list most tests sell from: A at 10.00, B at 5.00, C at 3.33.
func (s *shop) retail(t testing.TB) {
	t.Helper()
	s.list(t, &pricingv1.PriceList{Key: "gbp-retail", CurrencyCode: "GBP"}, map[string]int64{"A": 1000, "B": 500, "C": 333})
}

// promote makes an active promotion.
func (s *shop) promote(t testing.TB, p *pricingv1.Promotion) *pricingv1.Promotion {
	t.Helper()
	p.Active = true
	if p.Name == "" {
		p.Name = p.GetKey()
	}
	if p.Trigger == pricingv1.PromotionTrigger_PROMOTION_TRIGGER_UNSPECIFIED {
		p.Trigger = pricingv1.PromotionTrigger_PROMOTION_TRIGGER_CODE
	}
	if p.GetAction() == nil {
		p.Action = percent(10)
	}
	made, err := s.CreatePromotion(staff(), &pricingv1.CreatePromotionRequest{Promotion: p})
	require.NoError(t, err)
	return made.GetPromotion()
}

// codes makes coupon codes of a promotion.
func (s *shop) codes(t testing.TB, key string, codes ...string) {
	t.Helper()
	_, err := s.CreateCouponCodes(staff(), &pricingv1.CreateCouponCodesRequest{RequestId: id.New(), PromotionKey: key, Codes: codes})
	require.NoError(t, err)
}

func percent(n int32) *pricingv1.Promotion_PercentageOff {
	return &pricingv1.Promotion_PercentageOff{PercentageOff: &pricingv1.PercentageOff{RatePpm: n * 10_000}}
}

// basket has one line per SKU, numbered from 1, one unit each.
func basket(codes []string, skus ...string) *pricingv1.Basket {
	b := &pricingv1.Basket{Context: &pricingv1.PriceContext{Channel: "uk-web", CurrencyCode: "GBP"}, CouponCodes: codes, CustomerKey: "c1"}
	for i, sku := range skus {
		b.Lines = append(b.Lines, &pricingv1.BasketLine{LineId: fmt.Sprint(i + 1), Sku: sku, Quantity: 1})
	}
	return b
}

func (s *shop) quote(t testing.TB, b *pricingv1.Basket) *pricingv1.Quote {
	t.Helper()
	resp, err := s.Quote(checkout(), &pricingv1.QuoteRequest{Basket: b})
	require.NoError(t, err)
	return resp.GetQuote()
}

// confirmation confirms for an order what the basket costs now.
func (s *shop) confirmation(t testing.TB, orderID string, b *pricingv1.Basket) *pricingv1.ConfirmQuoteRequest {
	t.Helper()
	return &pricingv1.ConfirmQuoteRequest{
		RequestId: id.New(), OrderId: orderID, Basket: b, ExpectedFingerprint: s.quote(t, b).GetFingerprint(),
	}
}

func (s *shop) use(t testing.TB, orderID string) *pricingv1.OrderUse {
	t.Helper()
	resp, err := s.GetOrderUse(checkout(), &pricingv1.GetOrderUseRequest{OrderId: orderID})
	require.NoError(t, err)
	return resp.GetOrderUse()
}

func (s *shop) used(t testing.TB, key string) int64 {
	t.Helper()
	resp, err := s.GetPromotion(staff(), &pricingv1.GetPromotionRequest{Key: key})
	require.NoError(t, err)
	return resp.GetPromotion().GetUsedCount()
}

// requireReason asks for an error with a reason, a code and, unless empty, a path of its first violation.
func requireReason(t testing.TB, err error, code errs.Code, reason, path string) {
	t.Helper()
	require.Error(t, err)
	require.Equal(t, reason, errs.ReasonOf(err), "%v", err)
	require.Equal(t, code, errs.CodeOf(err), "%v", err)
	if path != "" {
		fields := errs.FieldsOf(err)
		require.NotEmpty(t, fields, "%v", err)
		require.Equal(t, path, fields[0].Path)
	}
}
