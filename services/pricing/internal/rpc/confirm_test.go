package rpc_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"

	pricingv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/pricing/v1"
	"github.com/cartwright-shop/cartwright/services/platform/errs"
	"github.com/cartwright-shop/cartwright/services/platform/id"
)

const (
	reserved = pricingv1.OrderUseState_ORDER_USE_STATE_RESERVED
	redeemed = pricingv1.OrderUseState_ORDER_USE_STATE_REDEEMED
	released = pricingv1.OrderUseState_ORDER_USE_STATE_RELEASED
	expired  = pricingv1.OrderUseState_ORDER_USE_STATE_EXPIRED
)

// limited is a shop with a code of a promotion that may be used so often.
func limited(t testing.TB, p *pricingv1.Promotion) *shop {
	s := newShop(t)
	s.retail(t)
	p.Key = "few"
	s.promote(t, p)
	s.codes(t, "few", "FEW")
	return s
}

func (s *shop) redeem(t testing.TB, orderID string, generation int32) (*pricingv1.OrderUse, error) {
	t.Helper()
	resp, err := s.RedeemCoupons(checkout(), &pricingv1.RedeemCouponsRequest{RequestId: id.New(), OrderId: orderID, Generation: generation})
	return resp.GetOrderUse(), err
}

func (s *shop) release(t testing.TB, orderID string, generation int32) *pricingv1.OrderUse {
	t.Helper()
	resp, err := s.ReleaseCoupons(checkout(), &pricingv1.ReleaseCouponsRequest{RequestId: id.New(), OrderId: orderID, Generation: generation})
	require.NoError(t, err)
	return resp.GetOrderUse()
}

// A buyer would pay another price than they saw, or not be told the new one.
func TestConfirmQuoteRefusesAMovedPrice(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	s.retail(t)
	req := s.confirmation(t, "o1", basket(nil, "A"))
	_, err := s.SetPrices(staff(), &pricingv1.SetPricesRequest{RequestId: id.New(), PriceListKey: "gbp-retail", Entries: []*pricingv1.Price{{Sku: "A", Amount: gbp(1100)}}})
	require.NoError(t, err)
	_, err = s.ConfirmQuote(checkout(), req)
	requireReason(t, err, errs.FailedPrecondition, "PRICE_CHANGED", "")
	require.Equal(t, "1100", errs.MetaOf(err, "total_minor"))
	require.Equal(t, "GBP", errs.MetaOf(err, "currency"))
	_, err = s.GetOrderUse(checkout(), &pricingv1.GetOrderUseRequest{OrderId: "o1"})
	requireReason(t, err, errs.NotFound, "ORDER_USE_NOT_FOUND", "")
	req.ExpectedFingerprint = errs.MetaOf(errOf(s.ConfirmQuote(checkout(), req)), "fingerprint")
	resp, err := s.ConfirmQuote(checkout(), req)
	require.NoError(t, err)
	require.EqualValues(t, 1100, resp.GetQuote().GetTotal().GetMinorUnits())
}

func errOf[T any](_ T, err error) error { return err }

// A use would be counted twice because a call was repeated, or not given back, or given back twice.
func TestUseLifecycle(t *testing.T) {
	t.Parallel()
	s := limited(t, &pricingv1.Promotion{LimitTotal: 10, LimitPerCustomer: 5, LimitPerCode: 7})
	req := s.confirmation(t, "o1", basket([]string{"few"}, "A"))
	first, err := s.ConfirmQuote(checkout(), req)
	require.NoError(t, err)
	require.Equal(t, reserved, first.GetOrderUse().GetState())
	require.Equal(t, "FEW", first.GetOrderUse().GetUses()[0].GetCode())
	require.EqualValues(t, 100, first.GetOrderUse().GetUses()[0].GetAmount().GetMinorUnits())
	require.WithinDuration(t, time.Now().Add(30*time.Minute), first.GetOrderUse().GetExpiresAt().AsTime(), time.Minute)
	again, err := s.ConfirmQuote(checkout(), req)
	require.NoError(t, err)
	require.True(t, proto.Equal(first, again))
	req.RequestId = id.New() // a new attempt of the caller, the same order
	again, err = s.ConfirmQuote(checkout(), req)
	require.NoError(t, err)
	require.Equal(t, first.GetQuote().GetFingerprint(), again.GetQuote().GetFingerprint())
	require.EqualValues(t, 1, s.used(t, "few"))

	for range 2 {
		use, err := s.redeem(t, "o1", 0)
		require.NoError(t, err)
		require.Equal(t, redeemed, use.GetState())
	}
	req.RequestId = id.New()
	late, err := s.ConfirmQuote(checkout(), req)
	require.NoError(t, err)
	require.Equal(t, redeemed, late.GetOrderUse().GetState())
	require.EqualValues(t, 1, s.used(t, "few"))

	for range 2 {
		require.Equal(t, released, s.release(t, "o1", 0).GetState())
		require.EqualValues(t, 0, s.used(t, "few"))
	}
	_, err = s.redeem(t, "o1", 0)
	requireReason(t, err, errs.FailedPrecondition, "ORDER_USE_RELEASED", "")
	s.requireCounters(t)
}

// requireCounters asks that every counter equals the uses there are: the audit an operator would run.
func (s *shop) requireCounters(t testing.TB) {
	t.Helper()
	var wrong int
	err := s.db.QueryRow(context.Background(), `
		SELECT (SELECT count(*) FROM promotion_counter c WHERE used <>
		           (SELECT count(*) FROM promotion_use u WHERE u.promotion_id = c.promotion_id AND u.counting))
		     + (SELECT count(*) FROM promotion_customer c WHERE used <>
		           (SELECT count(*) FROM promotion_use u WHERE u.promotion_id = c.promotion_id AND u.customer_key = c.customer_key AND u.counting))
		     + (SELECT count(*) FROM coupon_code c WHERE max_uses > 0 AND used <>
		           (SELECT count(*) FROM promotion_use u WHERE u.code = c.code AND u.counting))
		     + (SELECT count(*) FROM promotion_use u JOIN order_use o USING (order_id) WHERE u.counting <> (o.state IN ('reserved', 'redeemed')))`).Scan(&wrong)
	require.NoError(t, err)
	require.Zero(t, wrong)
}

// A cancelled checkout whose messages arrive in the wrong order would keep a use for ever.
func TestReleaseBeforeConfirmLeavesATombstone(t *testing.T) {
	t.Parallel()
	s := limited(t, &pricingv1.Promotion{LimitTotal: 1})
	req := s.confirmation(t, "o1", basket([]string{"FEW"}, "A"))
	require.Equal(t, released, s.release(t, "o1", 3).GetState())
	for _, generation := range []int32{0, 3} {
		req.Generation, req.RequestId = generation, id.New()
		_, err := s.ConfirmQuote(checkout(), req)
		requireReason(t, err, errs.FailedPrecondition, "ORDER_USE_RELEASED", "")
	}
	req.Generation, req.RequestId = 4, id.New()
	_, err := s.ConfirmQuote(checkout(), req)
	require.NoError(t, err)
	// A release of an earlier attempt that comes late takes nothing from the later one.
	require.Equal(t, reserved, s.release(t, "o1", 3).GetState())
	_, err = s.redeem(t, "o1", 3)
	requireReason(t, err, errs.FailedPrecondition, "ORDER_USE_RELEASED", "")
	_, err = s.redeem(t, "o1", 5)
	requireReason(t, err, errs.NotFound, "ORDER_USE_NOT_FOUND", "")
	require.EqualValues(t, 1, s.used(t, "few"))
	require.Equal(t, reserved, s.use(t, "o1").GetState())
	_, err = s.redeem(t, "none", 0)
	requireReason(t, err, errs.NotFound, "ORDER_USE_NOT_FOUND", "")
}

// A checkout that is tried again with another basket would hold both, or be refused by its own use.
func TestConfirmAgainReplacesTheUse(t *testing.T) {
	t.Parallel()
	s := limited(t, &pricingv1.Promotion{LimitTotal: 1, LimitPerCustomer: 1, LimitPerCode: 1})
	with, without := basket([]string{"FEW"}, "A"), basket(nil, "A", "B")
	req := s.confirmation(t, "o1", with)
	_, err := s.ConfirmQuote(checkout(), req)
	require.NoError(t, err)
	req.RequestId = id.New() // its own use is the last one: pricing it again must not find the limit reached
	_, err = s.ConfirmQuote(checkout(), req)
	require.NoError(t, err)
	_, err = s.ConfirmQuote(checkout(), s.confirmation(t, "o1", without))
	require.NoError(t, err)
	require.EqualValues(t, 0, s.used(t, "few"))
	require.Empty(t, s.use(t, "o1").GetUses())
	req.RequestId, req.OrderId = id.New(), "o2"
	_, err = s.ConfirmQuote(checkout(), req)
	require.NoError(t, err)
	_, err = s.redeem(t, "o2", 0)
	require.NoError(t, err)
	other := s.confirmation(t, "o2", without)
	_, err = s.ConfirmQuote(checkout(), other)
	requireReason(t, err, errs.FailedPrecondition, "ORDER_USE_REDEEMED", "")
	s.requireCounters(t)
}

// An abandoned checkout would keep the last use of a code for ever; a slow one would lose the use it was promised while
// there are some left.
func TestReservationsExpire(t *testing.T) {
	t.Parallel()
	s := limited(t, &pricingv1.Promotion{LimitTotal: 1})
	ctx := context.Background()
	req := s.confirmation(t, "o1", basket([]string{"FEW"}, "A"))
	req.Ttl = durationpb.New(time.Hour)
	_, err := s.ConfirmQuote(checkout(), req)
	require.NoError(t, err)
	require.NoError(t, s.worker.Expire(ctx))
	require.Equal(t, reserved, s.use(t, "o1").GetState())
	lapse := func(orderID string) {
		_, err := s.db.Exec(ctx, "UPDATE order_use SET expires_at = now() - interval '1 second' WHERE order_id = $1", orderID)
		require.NoError(t, err)
		require.NoError(t, s.worker.Expire(ctx))
		require.Equal(t, expired, s.use(t, orderID).GetState())
		require.EqualValues(t, 0, s.used(t, "few"))
	}
	lapse("o1")
	use, err := s.redeem(t, "o1", 0)
	require.NoError(t, err)
	require.Equal(t, redeemed, use.GetState())
	require.EqualValues(t, 1, s.used(t, "few"))
	s.release(t, "o1", 0)

	_, err = s.ConfirmQuote(checkout(), s.confirmation(t, "o2", basket([]string{"FEW"}, "A")))
	require.NoError(t, err)
	lapse("o2")
	_, err = s.ConfirmQuote(checkout(), s.confirmation(t, "o3", basket([]string{"FEW"}, "A")))
	require.NoError(t, err)
	_, err = s.redeem(t, "o2", 0)
	requireReason(t, err, errs.FailedPrecondition, "COUPON_LIMIT_REACHED", "")
	require.Equal(t, released, s.release(t, "o2", 0).GetState())
	s.requireCounters(t)

	req = s.confirmation(t, "o4", basket(nil, "A"))
	for _, ttl := range []time.Duration{time.Second, -time.Hour, 87600 * time.Hour} {
		req.Ttl = durationpb.New(ttl)
		_, err = s.ConfirmQuote(checkout(), req)
		requireReason(t, err, errs.Invalid, "TTL_RANGE", "ttl")
	}
	require.NoError(t, s.worker.Purge(ctx))
}

// A quote would be confirmed for nobody, so that limits per customer do not hold.
func TestConfirmNeedsACustomer(t *testing.T) {
	t.Parallel()
	s := limited(t, &pricingv1.Promotion{LimitPerCustomer: 1})
	b := basket([]string{"FEW"}, "A")
	b.CustomerKey = ""
	_, err := s.ConfirmQuote(checkout(), s.confirmation(t, "o1", b)) // the quote itself works for a guest who has not said who they are
	requireReason(t, err, errs.Invalid, "CUSTOMER_KEY_REQUIRED", "basket.customerKey")
}

// A code for the first hundred would be used a hundred and one times, or ninety-nine, when a thousand buyers come at once.
func TestLimitIsExactUnderAStorm(t *testing.T) {
	t.Parallel()
	s := limited(t, &pricingv1.Promotion{LimitTotal: 100})
	template := s.confirmation(t, "", basket([]string{"FEW"}, "A"))
	const buyers = 1200
	outcomes := make([]string, buyers)
	var wg sync.WaitGroup
	for i := range buyers {
		wg.Go(func() {
			req := proto.CloneOf(template)
			req.OrderId, req.RequestId, req.Basket.CustomerKey = fmt.Sprint("o", i), id.New(), fmt.Sprint("c", i)
			err := patiently(func() error { return errOf(s.ConfirmQuote(checkout(), req)) })
			if err == nil && i%3 == 0 {
				err = patiently(func() error { return errOf(s.redeem(t, req.GetOrderId(), 0)) })
			}
			outcomes[i] = errs.ReasonOf(err)
		})
	}
	wg.Wait()
	count := map[string]int{}
	for _, outcome := range outcomes {
		count[outcome]++
	}
	require.Equal(t, map[string]int{"": 100, "COUPON_LIMIT_REACHED": buyers - 100}, count)
	require.EqualValues(t, 100, s.used(t, "few"))
	s.requireCounters(t)
}

// patiently repeats a call while the service asks for that: who queues for one counter longer than its lock timeout is told
// CONFLICT, which decides nothing.
func patiently(call func() error) error {
	for {
		if err := call(); !errs.Has(err, errs.Conflict) {
			return err
		}
	}
}

// Somebody who opens many tabs would use a code for one order many times.
func TestLimitsPerCustomerAndCodeAreExact(t *testing.T) {
	t.Parallel()
	s := limited(t, &pricingv1.Promotion{LimitPerCustomer: 2, LimitPerCode: 7})
	s.codes(t, "few", "OTHER")
	granted := make([]string, 200)
	templates := []*pricingv1.ConfirmQuoteRequest{
		s.confirmation(t, "", basket([]string{"FEW"}, "A")), s.confirmation(t, "", basket([]string{"OTHER"}, "A")),
	}
	var wg sync.WaitGroup
	for i := range granted {
		wg.Go(func() {
			req := proto.CloneOf(templates[i%2])
			req.OrderId, req.RequestId, req.Basket.CustomerKey = fmt.Sprint("o", i), id.New(), fmt.Sprint("c", i/2%5)
			if err := patiently(func() error { return errOf(s.ConfirmQuote(checkout(), req)) }); err == nil {
				granted[i] = req.GetBasket().GetCustomerKey()
			}
		})
	}
	wg.Wait()
	perCustomer := map[string]int{}
	for _, customer := range granted {
		perCustomer[customer]++
	}
	delete(perCustomer, "")
	require.Equal(t, map[string]int{"c0": 2, "c1": 2, "c2": 2, "c3": 2, "c4": 2}, perCustomer)
	s.requireCounters(t)
}

// A code for the first seven would be used by everybody who looked at it while it was free: all of them are priced before the
// first one counts.
func TestACodeThatAllSawFreeIsUsedAsOftenAsItMay(t *testing.T) {
	t.Parallel()
	s := limited(t, &pricingv1.Promotion{LimitPerCode: 7})
	template := s.confirmation(t, "", basket([]string{"FEW"}, "A"))
	holder, err := s.db.Pool().Begin(t.Context())
	require.NoError(t, err)
	defer func() { _ = holder.Rollback(context.Background()) }()
	_, err = holder.Exec(t.Context(), "SELECT FROM coupon_code FOR UPDATE")
	require.NoError(t, err)
	outcomes := make([]string, 40)
	var wg sync.WaitGroup
	for i := range outcomes {
		wg.Go(func() {
			req := proto.CloneOf(template)
			req.OrderId, req.RequestId, req.Basket.CustomerKey = fmt.Sprint("o", i), id.New(), fmt.Sprint("c", i)
			outcomes[i] = errs.ReasonOf(patiently(func() error { return errOf(s.ConfirmQuote(checkout(), req)) }))
		})
	}
	var waiting int
	require.Eventually(t, func() bool {
		_, err := holder.Exec(context.Background(), "SELECT pg_stat_clear_snapshot()") // a transaction sees others as they were once
		require.NoError(t, err)
		require.NoError(t, holder.QueryRow(context.Background(), `SELECT count(*) FROM pg_stat_activity
			WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE '%TakeCode%'`).Scan(&waiting))
		return waiting >= 8
	}, 30*time.Second, 5*time.Millisecond)
	require.NoError(t, holder.Rollback(t.Context()))
	wg.Wait()
	count := map[string]int{}
	for _, outcome := range outcomes {
		count[outcome]++
	}
	require.Equal(t, map[string]int{"": 7, "COUPON_LIMIT_REACHED": len(outcomes) - 7}, count)
	s.requireCounters(t)
}

// Confirm, release and expiry of the same orders at once would leave a counter that no longer tells the truth.
func TestCountersSurviveEverythingAtOnce(t *testing.T) {
	t.Parallel()
	s := limited(t, &pricingv1.Promotion{LimitTotal: 40, LimitPerCustomer: 30, LimitPerCode: 35})
	s.promote(t, &pricingv1.Promotion{Key: "auto", Trigger: always, LimitTotal: 1000, Action: percent(5)})
	template := s.confirmation(t, "", basket([]string{"FEW"}, "A"))
	var wg sync.WaitGroup
	for i := range 60 {
		order := fmt.Sprint("o", i%20)
		wg.Go(func() {
			for generation := range int32(5) {
				req := proto.CloneOf(template)
				req.OrderId, req.RequestId, req.Generation = order, id.New(), generation
				_, _ = s.ConfirmQuote(checkout(), req)
				switch i % 3 {
				case 0:
					_, _ = s.RedeemCoupons(checkout(), &pricingv1.RedeemCouponsRequest{RequestId: id.New(), OrderId: order, Generation: generation})
				case 1:
					_, _ = s.ReleaseCoupons(checkout(), &pricingv1.ReleaseCouponsRequest{RequestId: id.New(), OrderId: order, Generation: generation})
				default:
					_, _ = s.db.Exec(context.Background(), "UPDATE order_use SET expires_at = now() WHERE order_id = $1 AND state = 'reserved'", order)
					_ = s.worker.Expire(context.Background())
				}
			}
		})
	}
	wg.Wait()
	s.requireCounters(t)
}

// Lowering a limit, or setting one on a promotion that runs, would forget the orders that use it already.
func TestLimitsCanChangeWhileOrdersCome(t *testing.T) {
	t.Parallel()
	s := limited(t, &pricingv1.Promotion{})
	template := s.confirmation(t, "", basket([]string{"FEW"}, "A"))
	confirm := func(i int) error {
		req := proto.CloneOf(template)
		req.OrderId, req.RequestId, req.Basket.CustomerKey = fmt.Sprint("o", i), id.New(), fmt.Sprint("c", i%4)
		_, err := s.ConfirmQuote(checkout(), req)
		return err
	}
	change := func(total int64, customer int32) error {
		for {
			got, err := s.GetPromotion(staff(), &pricingv1.GetPromotionRequest{Key: "few"})
			if err != nil {
				return err
			}
			p := got.GetPromotion()
			p.LimitTotal, p.LimitPerCustomer = total, customer
			_, err = s.UpdatePromotion(staff(), &pricingv1.UpdatePromotionRequest{Promotion: p})
			if errs.Has(err, errs.VersionConflict) {
				continue
			}
			return err
		}
	}
	var wg sync.WaitGroup
	for i := range 60 {
		wg.Go(func() { _ = confirm(i) })
	}
	wg.Go(func() {
		for i := range int64(5) {
			_ = change(100+i, 50)
			_ = change(0, 0)
		}
		_ = change(1000, 1000)
	})
	wg.Wait()
	s.requireCounters(t)
	used := s.used(t, "few")
	require.Positive(t, used)
	requireReason(t, change(used-1, 0), errs.FailedPrecondition, "LIMIT_BELOW_USE", "promotion.limitTotal")
	require.NoError(t, change(used, 0))
	require.Equal(t, "COUPON_LIMIT_REACHED", errs.ReasonOf(confirm(1000)))
	// The buyer is shown the price without the code and may go on.
	q := s.quote(t, template.GetBasket())
	require.EqualValues(t, 1000, q.GetTotal().GetMinorUnits())
	require.Equal(t, "COUPON_REJECTED", q.GetRejectedCoupons()[0].GetReason())
}
