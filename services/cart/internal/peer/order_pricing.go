package peer

import (
	"context"

	"google.golang.org/protobuf/types/known/durationpb"

	pricingv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/pricing/v1"

	"github.com/cartwright-shop/cartwright/services/cart/internal/checkout"
	"github.com/cartwright-shop/cartwright/services/cart/internal/order"
)

// OrderPricing is the pricing service as checkouts and orders use it.
type OrderPricing struct {
	client pricingv1.PricingServiceClient
}

var (
	_ order.Coupons    = OrderPricing{}
	_ checkout.Pricing = OrderPricing{}
)

// NewOrderPricing wraps the client.
func NewOrderPricing(client pricingv1.PricingServiceClient) OrderPricing {
	return OrderPricing{client: client}
}

// Confirm implements checkout.Pricing.
func (p OrderPricing) Confirm(ctx context.Context, c checkout.Confirmation) (bool, error) {
	b := c.Basket
	req := &pricingv1.ConfirmQuoteRequest{
		RequestId: c.OrderID + "-confirm", OrderId: c.OrderID, ExpectedFingerprint: c.Fingerprint, Ttl: durationpb.New(c.TTL),
		Basket: &pricingv1.Basket{
			Context:     &pricingv1.PriceContext{Channel: b.Channel, CurrencyCode: b.Currency, CountryCode: b.Country, CustomerGroups: b.Groups},
			CustomerKey: b.CustomerKey, CouponCodes: b.Coupons,
		},
	}
	for _, l := range b.Lines {
		req.Basket.Lines = append(req.Basket.Lines, &pricingv1.BasketLine{
			LineId: l.LineID, Sku: l.SKU, Quantity: l.Quantity, ProductId: l.ProductID, CategoryIds: l.CategoryIDs, Tags: l.Tags,
		})
	}
	resp, err := p.client.ConfirmQuote(ctx, req)
	if err != nil {
		return false, err
	}
	return len(resp.GetOrderUse().GetUses()) > 0, nil
}

// RedeemCoupons implements checkout.Pricing.
func (p OrderPricing) RedeemCoupons(ctx context.Context, orderID string) error {
	_, err := p.client.RedeemCoupons(ctx, &pricingv1.RedeemCouponsRequest{RequestId: orderID + "-redeem", OrderId: orderID})
	return err
}

// ReleaseCoupons implements order.Coupons and checkout.Pricing.
func (p OrderPricing) ReleaseCoupons(ctx context.Context, orderID string) error {
	_, err := p.client.ReleaseCoupons(ctx, &pricingv1.ReleaseCouponsRequest{RequestId: orderID + "-release", OrderId: orderID})
	return err
}
