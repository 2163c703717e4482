package peer

import (
	"context"
	"fmt"

	pricingv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/pricing/v1"
	typev1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/type/v1"

	"github.com/cartwright-shop/cartwright/services/cart/internal/cart"
)

// Pricing is the pricing service as carts use it.
type Pricing struct {
	client pricingv1.PricingServiceClient
}

var _ cart.Pricing = Pricing{}

// NewPricing wraps the client.
func NewPricing(client pricingv1.PricingServiceClient) Pricing { return Pricing{client: client} }

// Quote implements cart.Pricing.
func (p Pricing) Quote(ctx context.Context, b cart.Basket) (cart.Quote, error) {
	ctx, cancel := bounded(ctx)
	defer cancel()
	resp, err := p.client.Quote(ctx, &pricingv1.QuoteRequest{Basket: basketOf(b), OmitSteps: true})
	if err != nil {
		return cart.Quote{}, err
	}
	return quoteOf(b.Currency, resp.GetQuote())
}

// CheckCoupon implements cart.Pricing.
func (p Pricing) CheckCoupon(ctx context.Context, b cart.Basket, code, attempt string) (string, error) {
	resp, err := p.client.CheckCoupon(ctx, &pricingv1.CheckCouponRequest{Basket: basketOf(b), Code: code, AttemptKey: attempt})
	if err != nil {
		return "", err
	}
	return resp.GetCode(), nil
}

func basketOf(b cart.Basket) *pricingv1.Basket {
	basket := &pricingv1.Basket{
		Context:     &pricingv1.PriceContext{Channel: b.Channel, CurrencyCode: b.Currency, CountryCode: b.Country, CustomerGroups: b.Groups},
		CustomerKey: b.CustomerKey, CouponCodes: b.Coupons,
	}
	for _, l := range b.Lines {
		basket.Lines = append(basket.Lines, &pricingv1.BasketLine{
			LineId: l.LineID, Sku: l.SKU, Quantity: l.Quantity, ProductId: l.ProductID, CategoryIds: l.CategoryIDs, Tags: l.Tags,
		})
	}
	return basket
}

// quoteOf reads a quote. An amount in another currency than asked for is refused: nothing may add up pounds and yen.
func quoteOf(currency string, q *pricingv1.Quote) (cart.Quote, error) {
	if q.GetCurrencyCode() != currency {
		return cart.Quote{}, fmt.Errorf("pricing quoted in %q, asked for %q", q.GetCurrencyCode(), currency)
	}
	quote := cart.Quote{Unpriced: q.GetUnpricedLineIds(), Fingerprint: q.GetFingerprint()}
	amount := func(m *typev1.Money) (int64, error) {
		if m.GetCurrencyCode() != currency {
			return 0, fmt.Errorf("pricing quoted an amount in %q, asked for %q", m.GetCurrencyCode(), currency)
		}
		return m.GetMinorUnits(), nil
	}
	for _, l := range q.GetLines() {
		unit, err := amount(l.GetUnitPrice())
		if err != nil {
			return cart.Quote{}, err
		}
		quote.Lines = append(quote.Lines, cart.QuoteLine{LineID: l.GetLineId(), Unit: unit, PriceList: l.GetPriceListKey()})
	}
	for _, d := range q.GetDiscounts() {
		discount := cart.QuoteDiscount{PromotionKey: d.GetPromotionKey(), Name: d.GetPromotionName(), Code: d.GetCode(), ByLine: map[string]int64{}}
		for _, a := range d.GetAllocations() {
			off, err := amount(a.GetAmount())
			if err != nil {
				return cart.Quote{}, err
			}
			discount.ByLine[a.GetLineId()] += off
		}
		quote.Discounts = append(quote.Discounts, discount)
	}
	if free := q.GetFreeShipping(); free != nil {
		quote.FreeShipping = &cart.FreeShipping{PromotionKey: free.GetPromotionKey(), Name: free.GetPromotionName(), Code: free.GetCode()}
	}
	for _, r := range q.GetRejectedCoupons() {
		quote.Rejected = append(quote.Rejected, r.GetCode())
	}
	return quote, nil
}
