package acceptance_test

import (
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cartwright-shop/cartwright/deploy/shopclient"
	adminv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/admin/v1"
	storefrontv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/storefront/v1"
	"github.com/cartwright-shop/cartwright/services/platform/id"
)

const (
	byCode    = adminv1.PromotionTrigger_PROMOTION_TRIGGER_CODE
	automatic = adminv1.PromotionTrigger_PROMOTION_TRIGGER_AUTOMATIC
)

// promotion is one that the journey made.
type promotion struct {
	staff *caller
	key   string
}

// only makes a promotion count for some items in one market, so that journeys do not give each other discounts.
func only(m *market, items ...*item) *adminv1.PromotionConditions {
	conditions := &adminv1.PromotionConditions{Channels: []string{m.channel}, Selector: &adminv1.LineSelector{}}
	for _, i := range items {
		conditions.Selector.Skus = append(conditions.Selector.Skus, i.sku)
	}
	return conditions
}

func (s *shop) promotion(t *testing.T, p *adminv1.Promotion) *promotion {
	t.Helper()
	staff := s.staff(t)
	p.Key = "promo-" + id.New()
	p.Name, p.Active = "Journey "+p.GetKey()[30:], true
	staff.do(http.MethodPost, "/admin/v1/promotions", &adminv1.CreatePromotionRequest{Promotion: p}, nil)
	return &promotion{staff: staff, key: p.GetKey()}
}

// code makes a code of the promotion that so many orders may use.
func (p *promotion) code(uses int32) string {
	p.staff.t.Helper()
	code := "CODE-" + strings.ToUpper(id.Secret()[:12])
	p.staff.do(http.MethodPost, "/admin/v1/promotions/"+p.key+"/codes", &adminv1.CreateCouponCodesRequest{Codes: []string{code}, MaxUses: uses}, nil)
	return code
}

// used is how many orders use the promotion now.
func (p *promotion) used() int64 {
	p.staff.t.Helper()
	answer := &adminv1.GetPromotionResponse{}
	p.staff.get("/admin/v1/promotions/"+p.key, answer)
	return answer.GetPromotion().GetUsedCount()
}

func percentOff(ppm int32) *adminv1.Promotion_PercentageOff {
	return &adminv1.Promotion_PercentageOff{PercentageOff: &adminv1.PercentageOff{RatePpm: ppm}}
}

// When this fails a coupon gives another discount than promised, or its use is not counted.
func TestPercentageCoupon(t *testing.T) {
	t.Parallel()
	m := theShop.market(gb)
	thing := theShop.sell(t, goods{price: "9.99", stock: 50}, m)
	promo := theShop.promotion(t, &adminv1.Promotion{Trigger: byCode, Action: percentOff(150_000), Conditions: only(m, thing)})
	code := promo.code(0)
	b := theShop.guest(t).fill(m, units(thing, 3)).ready()
	require.Equal(t, "GBP 0.00", text(b.cart.GetTotals().GetDiscount()))
	b.coupon(" " + strings.ToLower(code) + " ")
	require.Equal(t, "GBP 4.50", text(b.cart.GetTotals().GetDiscount()), "15 % of 29.97 is 4.4955")
	require.Equal(t, "GBP 29.42", text(b.cart.GetTotals().GetTotal()))
	require.Equal(t, code, b.cart.GetCoupons()[0].GetCode())
	b.refused(http.StatusConflict, "COUPON_ALREADY_APPLIED", b.couponCall(code))

	taken := &storefrontv1.RemoveCouponResponse{}
	b.do(http.MethodDelete, b.path("/coupons/"+code), nil, taken)
	require.Equal(t, "GBP 33.92", text(taken.GetCart().GetTotals().GetTotal()))
	b.coupon(code)

	order := b.bought(card("ok"))
	require.Equal(t, "GBP 4.50", text(order.GetTotals().GetDiscount()))
	require.Equal(t, code, order.GetDiscounts()[0].GetCode())
	require.Equal(t, moved{Authorized: 2942, Captured: 2942}, theShop.moved(t, order.GetId()))
	require.Equal(t, int64(1), promo.used())
}

func (b *basket) couponCall(code string) shopclient.Call {
	return shopclient.Call{Verb: http.MethodPost, Path: b.path("/coupons"), In: &storefrontv1.ApplyCouponRequest{Code: code}}
}

// When this fails a code that is unknown, disabled or of another customer can be told apart, which gives codes away.
func TestCouponRefusalsLookTheSame(t *testing.T) {
	t.Parallel()
	m := theShop.market(gb)
	thing := theShop.sell(t, goods{price: "10.00", stock: 50}, m)
	promo := theShop.promotion(t, &adminv1.Promotion{Trigger: byCode, Action: percentOff(100_000), Conditions: only(m, thing)})
	disabled := promo.code(0)
	promo.staff.do(http.MethodPost, "/admin/v1/coupon-codes/"+disabled+"/disable", &adminv1.DisableCouponCodeRequest{}, nil)
	personal := "MINE-" + strings.ToUpper(id.Secret()[:12])
	promo.staff.do(http.MethodPost, "/admin/v1/promotions/"+promo.key+"/codes", &adminv1.CreateCouponCodesRequest{Codes: []string{personal}, CustomerKey: "customer:nobody"}, nil)

	b := theShop.guest(t).fill(m, units(thing, 1)).ready()
	var seen []*shopclient.Problem
	for _, code := range []string{"NEVER-WAS", disabled, personal} {
		refusal := b.refused(http.StatusUnprocessableEntity, "COUPON_REJECTED", b.couponCall(code))
		refusal.Instance = ""
		seen = append(seen, refusal)
	}
	require.Equal(t, seen[0], seen[1])
	require.Equal(t, seen[0], seen[2])
}

// When this fails more orders use a code than the merchant allows: two carts have it, one may buy.
func TestCouponLimitReached(t *testing.T) {
	t.Parallel()
	m := theShop.market(gb)
	thing := theShop.sell(t, goods{price: "10.00", stock: 50}, m)
	promo := theShop.promotion(t, &adminv1.Promotion{Trigger: byCode, Action: percentOff(500_000), Conditions: only(m, thing)})
	code := promo.code(1)
	first := theShop.guest(t).fill(m, units(thing, 1)).ready().coupon(code)
	second := theShop.guest(t).fill(m, units(thing, 1)).ready().coupon(code)
	require.Equal(t, "GBP 8.95", text(second.cart.GetTotals().GetTotal()))
	first.bought(card("ok"))
	err := second.try(second.expecting("8.95"), nil)
	refusal := problemOf(t, err)
	require.Contains(t, []string{"COUPON_LIMIT_REACHED", "PRICE_CHANGED"}, refusal.Reason)
	require.Equal(t, http.StatusConflict, refusal.Status)
	thing.left(50, 49)
	require.Equal(t, "GBP 13.95", text(second.read().GetTotals().GetTotal()), "the cart shows the price without the coupon")
	second.bought(card("ok"))
	require.Equal(t, int64(1), promo.used())
}

// When this fails a rush of buyers uses a limited code more often than allowed, or less.
func TestCouponLimitHoldsInARush(t *testing.T) {
	t.Parallel()
	const limit, buyers = 3, 10
	m := theShop.market(gb)
	thing := theShop.sell(t, goods{price: "10.00", stock: 50}, m)
	promo := theShop.promotion(t, &adminv1.Promotion{Trigger: byCode, Action: percentOff(500_000), Conditions: only(m, thing), LimitTotal: limit})
	code := promo.code(0)
	carts := make([]*basket, buyers)
	for i := range carts {
		carts[i] = theShop.guest(t).fill(m, units(thing, 1)).ready().coupon(code)
	}
	outcomes := make([]error, buyers)
	var rush sync.WaitGroup
	for i, b := range carts {
		rush.Go(func() { outcomes[i] = b.try(b.expecting("8.95"), nil) })
	}
	rush.Wait()
	bought := 0
	for _, err := range outcomes {
		if err == nil {
			bought++
			continue
		}
		require.Contains(t, []string{"COUPON_LIMIT_REACHED", "PRICE_CHANGED"}, problemOf(t, err).Reason)
	}
	require.Equal(t, limit, bought)
	require.Equal(t, int64(limit), promo.used())
}

// When this fails "three for two" gives away the dear one, or nothing.
func TestBuyXGetY(t *testing.T) {
	t.Parallel()
	m := theShop.market(gb)
	dear := theShop.sell(t, goods{price: "12.00", stock: 50}, m)
	cheap := theShop.sell(t, goods{price: "5.00", stock: 50}, m)
	theShop.promotion(t, &adminv1.Promotion{
		Trigger: automatic, Conditions: only(m, dear, cheap),
		Action: &adminv1.Promotion_BuyXGetY{BuyXGetY: &adminv1.BuyXGetY{BuyQuantity: 2, GetQuantity: 1, RatePpm: 1_000_000}},
	})
	two := theShop.guest(t).fill(m, units(dear, 2))
	require.Equal(t, "GBP 0.00", text(two.cart.GetTotals().GetDiscount()))
	b := theShop.guest(t).fill(m, units(dear, 2), units(cheap, 1)).ready()
	require.Equal(t, "GBP 5.00", text(b.cart.GetTotals().GetDiscount()))
	order := b.bought(card("ok"))
	require.Equal(t, "GBP 27.95", text(order.GetTotals().GetTotal()))
	require.Equal(t, "GBP 0.00", text(order.GetLines()[1].GetTotal()), "the cheapest is free")
}

// When this fails buyers who were promised free delivery pay for it, or for every parcel the shop pays.
func TestFreeShipping(t *testing.T) {
	t.Parallel()
	m := theShop.market(gb)
	thing := theShop.sell(t, goods{price: "10.00", stock: 50}, m)
	conditions := only(m, thing)
	conditions.MinSubtotals = append(conditions.MinSubtotals, amount("GBP", "20.00"))
	theShop.promotion(t, &adminv1.Promotion{
		Trigger: automatic, Conditions: conditions, Action: &adminv1.Promotion_FreeShipping{FreeShipping: &adminv1.FreeShipping{}},
	})
	one := theShop.guest(t).fill(m, units(thing, 1)).ready()
	require.Equal(t, "GBP 13.95", text(one.cart.GetTotals().GetTotal()))
	b := theShop.guest(t).fill(m, units(thing, 2)).ready().by("express")
	require.Equal(t, "GBP 6.95", text(b.cart.GetTotals().GetShippingDiscount()))
	order := b.bought(card("ok"))
	require.Equal(t, "GBP 20.00", text(order.GetTotals().GetTotal()))
	require.Equal(t, "GBP 6.95", text(order.GetShipping().GetDiscount()))
}

// When this fails a fixed amount off is not shared among the lines to the penny, so a later refund is wrong.
func TestAmountOffIsSharedExactly(t *testing.T) {
	t.Parallel()
	m := theShop.market(gb)
	a := theShop.sell(t, goods{price: "3.33", stock: 50}, m)
	b := theShop.sell(t, goods{price: "3.33", stock: 50}, m)
	c := theShop.sell(t, goods{price: "3.34", stock: 50}, m)
	promo := theShop.promotion(t, &adminv1.Promotion{
		Trigger: byCode, Conditions: only(m, a, b, c),
		Action: &adminv1.Promotion_AmountOff{AmountOff: &adminv1.AmountOff{Amounts: amounts("GBP", "1.00")}},
	})
	cart := theShop.guest(t).fill(m, units(a, 1), units(b, 1), units(c, 1)).ready().coupon(promo.code(0))
	var shared int64
	for _, line := range cart.cart.GetLines() {
		require.GreaterOrEqual(t, minor(t, line.GetDiscount()), int64(33))
		shared += minor(t, line.GetDiscount())
	}
	require.Equal(t, int64(100), shared)
	require.Equal(t, "GBP 12.95", text(cart.bought(card("ok")).GetTotals().GetTotal()))
}
