package rpc_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	pricingv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/pricing/v1"
	typev1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/type/v1"
	"github.com/cartwright-shop/cartwright/services/platform/errs"
	"github.com/cartwright-shop/cartwright/services/platform/id"
	"github.com/cartwright-shop/cartwright/services/platform/identity"
)

// busy is a shop whose basket of A, B and three C gets four promotions.
func busy(t testing.TB) (*shop, *pricingv1.Basket) {
	s := newShop(t)
	s.retail(t)
	s.promote(t, &pricingv1.Promotion{Key: "everyone", Trigger: always, Action: percent(10), Priority: 9})
	s.promote(t, &pricingv1.Promotion{Key: "five", Action: &pricingv1.Promotion_AmountOff{AmountOff: &pricingv1.AmountOff{Amounts: []*typev1.Money{gbp(501)}}}})
	s.promote(t, &pricingv1.Promotion{Key: "three-for-two", Trigger: always, Action: &pricingv1.Promotion_BuyXGetY{BuyXGetY: &pricingv1.BuyXGetY{
		BuyQuantity: 2, GetQuantity: 1, RatePpm: 1_000_000,
	}}, Conditions: &pricingv1.PromotionConditions{Selector: &pricingv1.LineSelector{Skus: []string{"C"}}}})
	s.promote(t, &pricingv1.Promotion{Key: "ship", Action: &pricingv1.Promotion_FreeShipping{FreeShipping: &pricingv1.FreeShipping{}}})
	s.codes(t, "five", "FIVE")
	s.codes(t, "ship", "SHIP")
	b := basket([]string{"five", "Ship"}, "A", "B", "C")
	b.Lines[2].Quantity = 3
	return s, b
}

// Nobody could say why the total is what it is: the explanation would not lead to it.
func TestExplanationReproducesTheTotals(t *testing.T) {
	t.Parallel()
	s, b := busy(t)
	q := s.quote(t, b)
	require.Len(t, q.GetDiscounts(), 3)
	require.Equal(t, "ship", q.GetFreeShipping().GetPromotionKey())
	require.Empty(t, q.GetRejectedCoupons())
	lines := map[string]int64{}
	for _, step := range q.GetSteps() {
		if price := step.GetPrice(); price != nil {
			lines[price.GetLineId()] = price.GetUnitPrice().GetMinorUnits() * int64(price.GetQuantity())
			require.Equal(t, price.GetSubtotal().GetMinorUnits(), lines[price.GetLineId()])
			continue
		}
		promotion, sum := step.GetPromotion(), int64(0)
		for _, allocation := range promotion.GetAllocations() {
			lines[allocation.GetLineId()] -= allocation.GetAmount().GetMinorUnits()
			sum += allocation.GetAmount().GetMinorUnits()
		}
		require.Equal(t, promotion.GetAmount().GetMinorUnits(), sum)
		if promotion.GetKind() == "percentage_off" {
			require.Equal(t, (promotion.GetBasis().GetMinorUnits()*int64(promotion.GetRatePpm())+500_000)/1_000_000, sum)
		}
	}
	var total int64
	for _, line := range q.GetLines() {
		require.Equal(t, line.GetTotal().GetMinorUnits(), lines[line.GetLineId()])
		require.NotEmpty(t, line.GetStepIndexes())
		total += lines[line.GetLineId()]
	}
	require.Equal(t, total, q.GetTotal().GetMinorUnits())
	require.Equal(t, q.GetSubtotal().GetMinorUnits()-q.GetDiscount().GetMinorUnits(), total)

	short, err := s.Quote(checkout(), &pricingv1.QuoteRequest{Basket: b, OmitSteps: true})
	require.NoError(t, err)
	require.Empty(t, short.GetQuote().GetSteps())
	require.Equal(t, q.GetFingerprint(), short.GetQuote().GetFingerprint())
}

// A cart page would fail because one of its lines, or all, have no price; or a line would be sold for nothing.
func TestQuoteWithoutPrices(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	s.retail(t)
	q := s.quote(t, basket(nil, "A", "UNPRICED"))
	require.Equal(t, []string{"2"}, q.GetUnpricedLineIds())
	require.EqualValues(t, 1000, q.GetTotal().GetMinorUnits())
	require.Zero(t, s.quote(t, basket([]string{"X"})).GetTotal().GetMinorUnits())
	req := s.confirmation(t, "o1", basket(nil, "A", "UNPRICED"))
	_, err := s.ConfirmQuote(checkout(), req)
	requireReason(t, err, errs.FailedPrecondition, "PRICE_MISSING", "basket.lines[1].sku")
}

// A quantity discount would not be given, or in the wrong place.
func TestQuoteUsesTiers(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	s.retail(t)
	_, err := s.SetPrices(staff(), &pricingv1.SetPricesRequest{RequestId: id.New(), PriceListKey: "gbp-retail", Entries: []*pricingv1.Price{
		{Sku: "A", MinQuantity: 10, Amount: gbp(900)},
	}})
	require.NoError(t, err)
	b := basket(nil, "A")
	for quantity, want := range map[int32]int64{9: 9000, 10: 9000, 11: 9900} {
		b.Lines[0].Quantity = quantity
		q := s.quote(t, b)
		require.Equal(t, want, q.GetTotal().GetMinorUnits())
	}
}

// A request out of bounds would be computed, or answered without saying what is wrong with it.
func TestQuoteRefusals(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	s.retail(t)
	cases := []struct {
		reason, path string
		change       func(*pricingv1.Basket)
	}{
		{"LIST_TOO_LONG", "basket.couponCodes", func(b *pricingv1.Basket) { b.CouponCodes = make([]string, 51) }},
		{"QTY_RANGE", "basket.lines[0].quantity", func(b *pricingv1.Basket) { b.Lines[0].Quantity = 0 }},
		{"QTY_RANGE", "basket.lines[0].quantity", func(b *pricingv1.Basket) { b.Lines[0].Quantity = -1 }},
		{"CURRENCY_INVALID", "basket.context.currencyCode", func(b *pricingv1.Basket) { b.Context.CurrencyCode = "XXX" }},
		{"LINE_DUPLICATE", "basket.lines[1].lineId", func(b *pricingv1.Basket) { b.Lines[1].LineId = "1" }},
		{"FIELD_REQUIRED", "basket.context", func(b *pricingv1.Basket) { b.Context = nil }},
	}
	for _, c := range cases {
		b := basket(nil, "A", "B")
		c.change(b)
		_, err := s.Quote(checkout(), &pricingv1.QuoteRequest{Basket: b})
		requireReason(t, err, errs.Invalid, c.reason, c.path)
	}
}

// rejectable is a shop with a code for every way to be refused.
func rejectable(t testing.TB) *shop {
	s := newShop(t)
	s.retail(t)
	past := timestamppb.New(time.Now().Add(-time.Hour))
	s.promote(t, &pricingv1.Promotion{Key: "live"})
	s.promote(t, &pricingv1.Promotion{Key: "ended", ValidUntil: past})
	s.promote(t, &pricingv1.Promotion{Key: "unmet", Conditions: &pricingv1.PromotionConditions{MinQuantity: 99}})
	s.promote(t, &pricingv1.Promotion{Key: "used-up", LimitTotal: 1})
	for key, code := range map[string]string{"live": "GOOD", "ended": "ENDED", "unmet": "UNMET", "used-up": "USED-UP"} {
		s.codes(t, key, code)
	}
	s.codes(t, "live", "DISABLED")
	_, err := s.DisableCouponCode(staff(), &pricingv1.DisableCouponCodeRequest{Code: "DISABLED"})
	require.NoError(t, err)
	for code, req := range map[string]*pricingv1.CreateCouponCodesRequest{
		"FOREIGN": {CustomerKey: "somebody else"}, "CODE-ENDED": {ValidUntil: past},
	} {
		req.RequestId, req.PromotionKey, req.Codes = id.New(), "live", []string{code}
		_, err := s.CreateCouponCodes(staff(), req)
		require.NoError(t, err)
	}
	_, err = s.ConfirmQuote(checkout(), s.confirmation(t, "o1", basket([]string{"USED-UP"}, "A")))
	require.NoError(t, err)
	return s
}

var bad = []string{"UNKNOWN", "ENDED", "UNMET", "USED-UP", "DISABLED", "FOREIGN", "CODE-ENDED", "ünïcödé"}

// Somebody who tries codes would learn which of them exist: answers differ only in the code that was sent.
func TestRejectedCodesLookAlike(t *testing.T) {
	t.Parallel()
	s := rejectable(t)
	var first string
	for i, code := range bad {
		q := s.quote(t, basket([]string{code}, "A"))
		require.Len(t, q.GetRejectedCoupons(), 1)
		require.Equal(t, code, q.GetRejectedCoupons()[0].GetCode())
		require.Equal(t, "COUPON_REJECTED", q.GetRejectedCoupons()[0].GetReason())
		_, err := s.CheckCoupon(as(identity.Customer, fmt.Sprint("c", i)), &pricingv1.CheckCouponRequest{Basket: basket(nil, "A"), Code: code})
		requireReason(t, err, errs.Unprocessable, "COUPON_REJECTED", "code")
		if i == 0 {
			first = err.Error()
		}
		require.Equal(t, first, err.Error())
	}
	q := s.quote(t, basket([]string{"good", "GOOD", "UNKNOWN"}, "A"))
	require.EqualValues(t, 900, q.GetTotal().GetMinorUnits())
	require.Equal(t, "COUPON_ALREADY_APPLIED", q.GetRejectedCoupons()[0].GetReason())
	require.Equal(t, "COUPON_REJECTED", q.GetRejectedCoupons()[1].GetReason())
}

// A right code would not be taken, be taken twice, or be stacked against the merchant's rule.
func TestCheckCoupon(t *testing.T) {
	t.Parallel()
	s := rejectable(t)
	for _, key := range []string{"alone", "alone-too"} {
		s.promote(t, &pricingv1.Promotion{Key: key, Exclusive: true})
	}
	s.codes(t, "alone", "ALONE")
	s.codes(t, "alone-too", "ALONE-TOO")
	ctx := as(identity.Customer, "c1")
	resp, err := s.CheckCoupon(ctx, &pricingv1.CheckCouponRequest{Basket: basket(nil, "A"), Code: "gOOd"})
	require.NoError(t, err)
	require.Equal(t, "GOOD", resp.GetCode())
	require.EqualValues(t, 900, resp.GetQuote().GetTotal().GetMinorUnits())
	_, err = s.CheckCoupon(ctx, &pricingv1.CheckCouponRequest{Basket: basket([]string{"GOOD"}, "A"), Code: "good"})
	requireReason(t, err, errs.FailedPrecondition, "COUPON_ALREADY_APPLIED", "code")
	_, err = s.CheckCoupon(ctx, &pricingv1.CheckCouponRequest{Basket: basket([]string{"ALONE"}, "A"), Code: "ALONE-TOO"})
	requireReason(t, err, errs.FailedPrecondition, "COUPON_NOT_COMBINABLE", "code")
	ten := []string{"1", "2", "3", "4", "5", "6", "7", "8", "9", "10"}
	_, err = s.CheckCoupon(ctx, &pricingv1.CheckCouponRequest{Basket: basket(ten, "A"), Code: "GOOD"})
	requireReason(t, err, errs.Invalid, "LIST_TOO_LONG", "basket.couponCodes")
}

// Codes could be guessed by trying many at once, or one buyer's tries would lock another one out.
func TestCheckCouponLimitsAttempts(t *testing.T) {
	t.Parallel()
	s := rejectable(t)
	ctx := as(identity.Customer, "guesser")
	reasons := make([]string, 40)
	var wg sync.WaitGroup
	for i := range reasons {
		wg.Go(func() {
			_, err := s.CheckCoupon(ctx, &pricingv1.CheckCouponRequest{Basket: basket(nil, "A"), Code: fmt.Sprint("GUESS", i)})
			reasons[i] = errs.ReasonOf(err)
		})
	}
	wg.Wait()
	count := map[string]int{}
	for _, reason := range reasons {
		count[reason]++
	}
	require.Equal(t, map[string]int{"COUPON_REJECTED": 10, "COUPON_ATTEMPTS": 30}, count)
	_, err := s.CheckCoupon(ctx, &pricingv1.CheckCouponRequest{Basket: basket(nil, "A"), Code: "GOOD"})
	requireReason(t, err, errs.ResourceExhausted, "COUPON_ATTEMPTS", "")
	require.Positive(t, errs.RetryAfterOf(err))
	require.LessOrEqual(t, errs.RetryAfterOf(err), time.Minute)

	for _, other := range []struct {
		ctx context.Context
		key string
	}{{as(identity.Customer, "honest"), ""}, {context.Background(), "address-1"}, {context.Background(), ""}} {
		_, err = s.CheckCoupon(other.ctx, &pricingv1.CheckCouponRequest{Basket: basket(nil, "A"), Code: "GOOD", AttemptKey: other.key})
		require.NoError(t, err)
	}
	// A minute later, by the database's clock, the allowance is back.
	_, err = s.db.Exec(context.Background(), "UPDATE coupon_attempt SET rejected_at = rejected_at - interval '61 seconds'")
	require.NoError(t, err)
	_, err = s.CheckCoupon(ctx, &pricingv1.CheckCouponRequest{Basket: basket(nil, "A"), Code: "GOOD"})
	require.NoError(t, err)
}

// Two promotions that must not be combined would be, or the merchant's order of them would not hold.
func TestExclusiveAndPriority(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	s.retail(t)
	s.promote(t, &pricingv1.Promotion{Key: "low", Trigger: always, Action: percent(10), Priority: 1})
	s.promote(t, &pricingv1.Promotion{Key: "alone", Action: percent(50), Exclusive: true, Priority: 5})
	s.promote(t, &pricingv1.Promotion{Key: "alone-low", Action: percent(60), Exclusive: true})
	s.codes(t, "alone", "ALONE")
	s.codes(t, "alone-low", "ALONE-LOW")
	require.EqualValues(t, 500, s.quote(t, basket([]string{"ALONE"}, "A")).GetTotal().GetMinorUnits())
	for _, codes := range [][]string{{"ALONE", "ALONE-LOW"}, {"ALONE-LOW", "ALONE"}} {
		q := s.quote(t, basket(codes, "A"))
		require.EqualValues(t, 500, q.GetTotal().GetMinorUnits())
		require.Len(t, q.GetRejectedCoupons(), 1)
		require.True(t, proto.Equal(&pricingv1.RejectedCoupon{Code: "ALONE-LOW", Reason: "COUPON_NOT_COMBINABLE"}, q.GetRejectedCoupons()[0]))
	}
	require.EqualValues(t, 900, s.quote(t, basket([]string{"ALONE-LOW"}, "A")).GetTotal().GetMinorUnits())
}
