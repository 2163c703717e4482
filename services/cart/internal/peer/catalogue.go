package peer

import (
	"context"
	"time"

	productv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/product/v1"

	"github.com/cartwright-shop/cartwright/services/cart/internal/cart"
	"github.com/cartwright-shop/cartwright/services/cart/internal/memo"
	"github.com/cartwright-shop/cartwright/services/platform/clock"
)

// Catalogue is the product service as carts use it. Channels are remembered for a while, as they hardly ever change.
type Catalogue struct {
	client   productv1.ProductServiceClient
	channels *memo.Memo[string, cart.Channel]
}

var _ cart.Catalogue = (*Catalogue)(nil)

// NewCatalogue wraps the client; channels are remembered for life.
func NewCatalogue(client productv1.ProductServiceClient, c clock.Clock, life time.Duration) *Catalogue {
	return &Catalogue{client: client, channels: memo.New[string, cart.Channel](c, life)}
}

// Channel implements cart.Catalogue.
func (p *Catalogue) Channel(ctx context.Context, key string) (cart.Channel, error) {
	return p.channels.Get(ctx, key, func(ctx context.Context) (cart.Channel, error) {
		ctx, cancel := bounded(ctx)
		defer cancel()
		resp, err := p.client.GetChannel(ctx, &productv1.GetChannelRequest{Key: key})
		if err != nil {
			return cart.Channel{}, err
		}
		c := resp.GetChannel()
		return cart.Channel{
			Key: c.GetKey(), Currencies: c.GetCurrencyCodes(), Countries: c.GetCountryCodes(), Locales: c.GetLocales(),
			DefaultCurrency: c.GetDefaultCurrencyCode(), DefaultCountry: c.GetDefaultCountryCode(), DefaultLocale: c.GetDefaultLocale(),
		}, nil
	})
}

// Variants implements cart.Catalogue.
func (p *Catalogue) Variants(ctx context.Context, channel, locale string, skus []string) (map[string]cart.Variant, error) {
	ctx, cancel := bounded(ctx)
	defer cancel()
	resp, err := p.client.BatchGetVariants(ctx, &productv1.BatchGetVariantsRequest{Channel: channel, Locale: locale, Skus: skus})
	if err != nil {
		return nil, err
	}
	variants := make(map[string]cart.Variant, len(resp.GetVariants()))
	for _, v := range resp.GetVariants() {
		variants[v.GetSku()] = cart.Variant{
			SKU: v.GetSku(), ProductID: v.GetProductId(), Handle: v.GetHandle(), Title: v.GetTitle(), VariantTitle: v.GetVariantTitle(),
			ImageURL: v.GetImageUrl(), CategoryIDs: v.GetCategoryIds(), Tags: v.GetTags(), TaxClass: v.GetTaxClass(),
			Published: v.GetPublished(), RequiresShipping: v.GetRequiresShipping(), WeightGrams: int64(v.GetWeightGrams()),
		}
	}
	return variants, nil
}
