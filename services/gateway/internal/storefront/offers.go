package storefront

import (
	"context"
	"fmt"
	"sync"

	inventoryv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/inventory/v1"
	pricingv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/pricing/v1"
	storefrontv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/storefront/v1"
	typev1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/type/v1"
	"github.com/cartwright-shop/cartwright/services/gateway/internal/channel"
	"github.com/cartwright-shop/cartwright/services/platform/identity"
	"github.com/cartwright-shop/cartwright/services/platform/moneypb"
	"go.uber.org/zap"
)

// maxSKUs is the largest batch that pricing and inventory take.
const maxSKUs = 500

// offers is what pricing and inventory say about the SKUs of a page.
type offers struct {
	prices map[string]*pricingv1.SkuPrice
	stock  map[string]*inventoryv1.Availability
}

// offersFor asks pricing and inventory at once, one batch each per 500 SKUs. Without prices there is no page; without
// stock there is, and its bands are unspecified: a shopper can look while inventory is down.
func (d Deps) offersFor(ctx context.Context, in channel.Context, skus []string) (offers, error) {
	all := offers{
		prices: make(map[string]*pricingv1.SkuPrice, len(skus)), stock: make(map[string]*inventoryv1.Availability, len(skus)),
	}
	for start := 0; start < len(skus); start += maxSKUs {
		batch := skus[start:min(start+maxSKUs, len(skus))]
		if err := d.addBatch(ctx, in, batch, all); err != nil {
			return offers{}, err
		}
	}
	return all, nil
}

func (d Deps) addBatch(ctx context.Context, in channel.Context, skus []string, all offers) error {
	var stock *inventoryv1.BatchGetAvailabilityResponse
	var stockErr error
	var group sync.WaitGroup
	group.Go(func() {
		stock, stockErr = d.Peers.Inventory.BatchGetAvailability(ctx, &inventoryv1.BatchGetAvailabilityRequest{
			Skus: skus, Channel: in.Channel.GetKey(),
		})
	})
	prices, err := d.Peers.Pricing.BatchGetPrices(ctx, &pricingv1.BatchGetPricesRequest{
		Skus: skus, Context: priceContext(ctx, in),
	})
	group.Wait()
	if err != nil {
		return fmt.Errorf("get prices of the page: %w", err)
	}
	if stockErr != nil {
		d.Log.Warn("page without stock", zap.Error(stockErr), zap.String("request_id", identity.RequestID(ctx)))
	}
	for _, price := range prices.GetPrices() {
		all.prices[price.GetSku()] = price
	}
	for _, availability := range stock.GetAvailabilities() {
		all.stock[availability.GetSku()] = availability
	}
	return nil
}

func priceContext(ctx context.Context, in channel.Context) *pricingv1.PriceContext {
	return &pricingv1.PriceContext{
		Channel: in.Channel.GetKey(), CurrencyCode: in.CurrencyCode, CountryCode: in.CountryCode,
		CustomerGroups: identity.From(ctx).Groups,
	}
}

// unitPrice returns what one unit of a SKU costs; false when it has no price or is sold only in larger quantities.
func (o offers) unitPrice(sku string) (int64, bool) {
	found := o.prices[sku]
	if found.GetUnitPrice() == nil || found.GetMinQuantity() > 1 {
		return 0, false
	}
	return found.GetUnitPrice().GetMinorUnits(), true
}

// price returns the public price of a SKU, nil when it has none. The price of a larger quantity is never shown as that of
// one unit.
func (o offers) price(sku string) *storefrontv1.Price {
	found := o.prices[sku]
	if found.GetUnitPrice() == nil {
		return nil
	}
	price := &storefrontv1.Price{}
	if found.GetMinQuantity() <= 1 {
		price.Amount, price.CompareAt = amount(found.GetUnitPrice()), amount(found.GetCompareAt())
	}
	for _, tier := range found.GetTiers() {
		if tier.GetMinQuantity() > 1 {
			price.Tiers = append(price.Tiers, &storefrontv1.PriceTier{MinQuantity: tier.GetMinQuantity(), Amount: amount(tier.GetAmount())})
		}
	}
	return price
}

// amount trusts the sum to be well formed: it comes from the service that checked it.
func amount(m *typev1.Money) *typev1.Amount {
	if m == nil {
		return nil
	}
	money, err := moneypb.FromProto(m)
	if err != nil {
		return nil
	}
	return moneypb.ToAmount(money)
}

// band returns how much of a SKU is left.
func (o offers) band(sku string) storefrontv1.StockBand {
	found := o.stock[sku]
	switch found.GetBand() {
	case inventoryv1.StockBand_STOCK_BAND_IN:
		return storefrontv1.StockBand_STOCK_BAND_IN_STOCK
	case inventoryv1.StockBand_STOCK_BAND_LOW:
		return storefrontv1.StockBand_STOCK_BAND_LOW
	case inventoryv1.StockBand_STOCK_BAND_OUT:
		if found.GetBackorderable() {
			return storefrontv1.StockBand_STOCK_BAND_BACKORDER
		}
		return storefrontv1.StockBand_STOCK_BAND_OUT
	default:
		return storefrontv1.StockBand_STOCK_BAND_UNSPECIFIED
	}
}

// bandOrder ranks bands for a product with several variants: the best one counts.
func bandOrder(band storefrontv1.StockBand) int {
	switch band {
	case storefrontv1.StockBand_STOCK_BAND_IN_STOCK:
		return 4
	case storefrontv1.StockBand_STOCK_BAND_LOW:
		return 3
	case storefrontv1.StockBand_STOCK_BAND_BACKORDER:
		return 2
	case storefrontv1.StockBand_STOCK_BAND_OUT:
		return 1
	default:
		return 0
	}
}
