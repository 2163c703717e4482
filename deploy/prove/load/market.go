package load

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/cartwright-shop/cartwright/deploy/shopclient"
	adminv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/admin/v1"
	storefrontv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/storefront/v1"
	typev1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/type/v1"
	"github.com/cartwright-shop/cartwright/services/platform/id"
)

const (
	currency  = "GBP"
	warehouse = "prove"
	// atOnce charges when an order is placed, byParcel when it is shipped.
	atOnce, byParcel = "prove-once", "prove-parcel"
	// things are on sale, with more of each than anybody buys.
	things = 12
	plenty = 1_000_000
)

// Market is what the crowd buys at: two channels, some things, and a coupon.
type Market struct {
	// Shop calls without a token, Staff with every scope.
	Shop, Staff *shopclient.Client
	// Sandbox is the URL of the payment provider.
	Sandbox string

	skus   []string
	coupon string
}

// Open makes a market through the public API.
func Open(ctx context.Context, shop, staff *shopclient.Client, sandbox string) (*Market, error) {
	m := &Market{Shop: shop, Staff: staff, Sandbox: sandbox}
	for _, part := range []func(context.Context) error{m.places, m.goods, m.discounts, m.await} {
		if err := part(ctx); err != nil {
			return nil, fmt.Errorf("open a market: %w", err)
		}
	}
	return m, nil
}

// SKU is a thing on sale that nobody buys out.
func (m *Market) SKU(n int) string { return m.skus[n%len(m.skus)] }

func (m *Market) send(ctx context.Context, verb, path string, in, out proto.Message) error {
	call := shopclient.Call{Verb: verb, Path: path, Key: id.New(), In: in}
	if err := m.Staff.DoPatiently(ctx, time.Minute, call, out); err != nil {
		return fmt.Errorf("%s %s: %w", verb, path, err)
	}
	return nil
}

func (m *Market) places(ctx context.Context) error {
	err := m.send(ctx, http.MethodPost, "/admin/v1/locations", &adminv1.CreateLocationRequest{Key: warehouse, Name: "Warehouse", CountryCode: "GB"}, nil)
	for _, channel := range []string{atOnce, byParcel} {
		err = errors.Join(err, m.channel(ctx, channel))
	}
	return err
}

func (m *Market) channel(ctx context.Context, key string) error {
	steps := []struct {
		verb, path string
		in         proto.Message
	}{
		{http.MethodPost, "/admin/v1/channels", &adminv1.CreateChannelRequest{Key: key, Channel: &adminv1.ChannelFields{
			Name: key, CurrencyCodes: []string{currency}, CountryCodes: []string{"GB"}, Locales: []string{"en-GB"},
		}}},
		{http.MethodPost, "/admin/v1/price-lists", &adminv1.CreatePriceListRequest{PriceList: &adminv1.PriceList{
			Key: key, Name: key, CurrencyCode: currency, Channels: []string{key}, Active: true,
		}}},
		{http.MethodPost, "/admin/v1/shipping-zones", &adminv1.CreateShippingZoneRequest{Zone: &adminv1.ShippingZone{
			Key: key, Name: key, Channel: key, CurrencyCode: currency, Locations: []*adminv1.ShippingLocation{{CountryCode: "GB"}},
			Methods: []*adminv1.ShippingMethod{{
				Key: "standard", Name: "Standard", Kind: adminv1.ShippingPriceKind_SHIPPING_PRICE_KIND_FLAT, Price: pounds("3.95"), MinDays: 1, MaxDays: 3,
			}},
		}}},
	}
	if key == byParcel {
		steps = append(steps, struct {
			verb, path string
			in         proto.Message
		}{http.MethodPut, "/admin/v1/channel-settings/" + key, &adminv1.UpdateChannelSettingsRequest{Settings: &adminv1.ChannelSettings{
			Channel: key, CaptureMode: adminv1.CaptureMode_CAPTURE_MODE_AT_SHIPMENT,
		}}})
	}
	for _, step := range steps {
		if err := m.send(ctx, step.verb, step.path, step.in, nil); err != nil {
			return err
		}
	}
	return nil
}

func (m *Market) goods(ctx context.Context) error {
	for n := range things {
		sku, err := m.Sell(ctx, plenty, fmt.Sprintf("%d.%02d", 4+n, 99-7*n))
		if err != nil {
			return err
		}
		m.skus = append(m.skus, sku)
	}
	return nil
}

// Sell puts something new on sale in both channels and returns its SKU.
func (m *Market) Sell(ctx context.Context, stock int32, price string) (string, error) {
	sku, ships := "P-"+strings.ToUpper(id.New()[19:]), true
	created := &adminv1.CreateProductResponse{}
	err := m.send(ctx, http.MethodPost, "/admin/v1/products", &adminv1.CreateProductRequest{Product: &adminv1.ProductFields{
		Title: "Thing " + sku, Handle: strings.ToLower("thing-" + sku), Variants: []*adminv1.Variant{{Sku: sku, RequiresShipping: &ships}},
	}}, created)
	for _, channel := range []string{atOnce, byParcel} {
		err = errors.Join(err, m.send(ctx, http.MethodPut, "/admin/v1/products/"+created.GetProduct().GetId()+"/publications/"+channel,
			&adminv1.SetPublicationRequest{Status: adminv1.PublicationStatus_PUBLICATION_STATUS_PUBLISHED}, nil), m.Price(ctx, channel, sku, price))
	}
	return sku, errors.Join(err, m.send(ctx, http.MethodPost, "/admin/v1/stock/set", &adminv1.SetStockRequest{
		Entries: []*adminv1.SetStockEntry{{Sku: sku, LocationKey: warehouse, OnHand: stock}}, Reason: "count",
	}, nil))
}

// Price sets what a thing costs in a channel.
func (m *Market) Price(ctx context.Context, channel, sku, price string) error {
	return m.send(ctx, http.MethodPost, "/admin/v1/price-lists/"+channel+"/prices", &adminv1.SetPricesRequest{
		Entries: []*adminv1.Price{{Sku: sku, MinQuantity: 1, Amount: pounds(price)}},
	}, nil)
}

func (m *Market) discounts(ctx context.Context) error {
	m.coupon = "PROVE-" + strings.ToUpper(id.Secret()[:10])
	err := m.send(ctx, http.MethodPost, "/admin/v1/promotions", &adminv1.CreatePromotionRequest{Promotion: &adminv1.Promotion{
		Key: "prove", Name: "Prove", Active: true, Trigger: adminv1.PromotionTrigger_PROMOTION_TRIGGER_CODE, LimitTotal: plenty,
		Action: &adminv1.Promotion_PercentageOff{PercentageOff: &adminv1.PercentageOff{RatePpm: 100_000}},
	}}, nil)
	return errors.Join(err, m.send(ctx, http.MethodPost, "/admin/v1/promotions/prove/codes", &adminv1.CreateCouponCodesRequest{Codes: []string{m.coupon}}, nil))
}

// await waits until the storefront knows the channels.
func (m *Market) await(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	for {
		answer := &storefrontv1.ListChannelsResponse{}
		err := m.Shop.DoPatiently(ctx, time.Minute, shopclient.Call{Verb: http.MethodGet, Path: "/v1/channels"}, answer)
		known := func(key string) bool {
			return slices.ContainsFunc(answer.GetChannels(), func(c *storefrontv1.Channel) bool { return c.GetKey() == key })
		}
		if err != nil || known(atOnce) && known(byParcel) {
			return err
		}
		select {
		case <-ctx.Done():
			return errors.New("the storefront does not show the new channels")
		case <-time.After(100 * time.Millisecond):
		}
	}
}

func pounds(decimal string) *typev1.Amount {
	return &typev1.Amount{CurrencyCode: currency, Amount: decimal}
}
