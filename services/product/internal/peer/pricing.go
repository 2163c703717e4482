// Package peer asks the services that own prices and stock.
package peer

import (
	"context"

	pricingv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/pricing/v1"
	typev1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/type/v1"
	"github.com/cartwright-shop/cartwright/services/platform/moneypb"
	"github.com/cartwright-shop/cartwright/services/product/internal/shopify"
)

// pageSize is the most that pricing and inventory list at once.
const pageSize = 200

// Pricing is shopify.Prices at the pricing service.
type Pricing struct {
	client pricingv1.PricingServiceClient
}

var _ shopify.Prices = (*Pricing)(nil)

// NewPricing makes a Pricing.
func NewPricing(client pricingv1.PricingServiceClient) *Pricing { return &Pricing{client: client} }

// Prices implements shopify.Prices. Prices of larger quantities are not a product file's business and are left out.
func (p *Pricing) Prices(ctx context.Context, priceList string, skus []string) (map[string]shopify.Price, error) {
	out := make(map[string]shopify.Price, len(skus))
	req := &pricingv1.ListPricesRequest{PriceListKey: priceList, Skus: skus, PageSize: pageSize}
	for {
		resp, err := p.client.ListPrices(ctx, req)
		if err != nil {
			return nil, err
		}
		for _, entry := range resp.GetPrices() {
			if entry.GetMinQuantity() > 1 {
				continue
			}
			price, err := priceFromProto(entry)
			if err != nil {
				return nil, err
			}
			out[price.SKU] = price
		}
		if req.PageToken = resp.GetNextPageToken(); req.PageToken == "" {
			return out, nil
		}
	}
}

func priceFromProto(entry *pricingv1.Price) (shopify.Price, error) {
	price := shopify.Price{SKU: entry.GetSku()}
	var err error
	if price.Amount, err = moneypb.FromProto(entry.GetAmount()); err != nil {
		return price, err
	}
	if entry.GetCompareAt() != nil {
		price.CompareAt, err = moneypb.FromProto(entry.GetCompareAt())
	}
	return price, err
}

// SetPrices implements shopify.Prices.
func (p *Pricing) SetPrices(ctx context.Context, requestID, priceList string, prices []shopify.Price) error {
	req := &pricingv1.SetPricesRequest{RequestId: requestID, PriceListKey: priceList}
	for _, price := range prices {
		var compareAt *typev1.Money
		if price.CompareAt.Currency != "" {
			compareAt = moneypb.ToProto(price.CompareAt)
		}
		req.Entries = append(req.Entries, &pricingv1.Price{
			Sku: price.SKU, MinQuantity: 1, Amount: moneypb.ToProto(price.Amount), CompareAt: compareAt,
		})
	}
	_, err := p.client.SetPrices(ctx, req)
	return err
}
