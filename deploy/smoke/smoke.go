// Package smoke buys one thing from a running shop, as a guest would, and gives it back. It is what `helm test` of the gateway runs:
// it needs nothing but the shop's address, and goes through every service.
package smoke

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/google/uuid"
	"google.golang.org/protobuf/proto"

	"github.com/cartwright-shop/cartwright/deploy/shopclient"
	storefrontv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/storefront/v1"
	typev1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/type/v1"
)

// Options say what to buy, and where.
type Options struct {
	// URL is the gateway's address.
	URL string
	// Channel is the one to buy in; the default one when empty.
	Channel string
	// SKU is what to buy; the first thing in stock when empty.
	SKU string
	// Method and Token are how to pay; a card that the sandbox provider accepts when empty.
	Method, Token string
	// StopBeforePayment ends with a cart that has a total: for shops whose provider takes real money.
	StopBeforePayment bool
	// Keep leaves the order as it is. Otherwise it is cancelled, which gives stock and money back.
	Keep bool
	// Patience is how long a call is repeated while the shop asks for it, and how long the order may take to be placed.
	Patience time.Duration
	// Say is told of every step.
	Say func(string)
}

// ErrNothingToBuy is a shop without a product that a guest could buy.
var ErrNothingToBuy = errors.New("no product of the channel has a price and is in stock")

// pages bounds how much of the catalogue is looked at for something to buy.
const pages = 5

// addresses are places that exist, by country.
func addresses() map[string]*typev1.Address {
	return map[string]*typev1.Address{
		"GB": {FullName: "Smoke Test", Line1: "12 St James's Square", City: "London", PostalCode: "SW1Y 4LB", CountryCode: "GB"},
		"DE": {FullName: "Smoke Test", Line1: "Hauptstr. 1", City: "Erlangen", PostalCode: "91054", CountryCode: "DE"},
		"FR": {FullName: "Smoke Test", Line1: "1 Rue de Rivoli", City: "Paris", PostalCode: "75001", CountryCode: "FR"},
		"ES": {FullName: "Smoke Test", Line1: "Calle Mayor 1", City: "Madrid", PostalCode: "28013", CountryCode: "ES"},
		"US": {FullName: "Smoke Test", Line1: "1 Main Street", City: "San Francisco", Region: "CA", PostalCode: "94105", CountryCode: "US"},
		"JP": {FullName: "Smoke Test", Line1: "1-1 Chiyoda", City: "Tokyo", PostalCode: "100-0001", CountryCode: "JP"},
	}
}

// buyer is one purchase under way.
type buyer struct {
	Options
	shop *shopclient.Client
	key  string
	cart *storefrontv1.Cart
}

// Buy buys. Its error says which step failed and what the shop answered.
func Buy(ctx context.Context, o Options) error {
	if o.Method == "" {
		o.Method = "card"
	}
	b := &buyer{Options: o, shop: shopclient.New(o.URL), key: uuid.NewString()}
	if err := b.fill(ctx); err != nil {
		return err
	}
	if err := b.deliver(ctx); err != nil {
		return err
	}
	b.Say(fmt.Sprintf("cart %s costs %s", b.cart.GetId(), b.total()))
	if b.StopBeforePayment {
		return nil
	}
	order, err := b.pay(ctx)
	if err != nil {
		return err
	}
	b.Say(fmt.Sprintf("order %s is placed", order.GetNumber()))
	if b.Keep {
		return nil
	}
	return b.cancel(ctx, order.GetId())
}

func (b *buyer) do(ctx context.Context, call shopclient.Call, out proto.Message) error {
	if err := b.shop.DoPatiently(ctx, b.Patience, call, out); err != nil {
		return fmt.Errorf("%s %s: %w", call.Verb, call.Path, err)
	}
	return nil
}

func (b *buyer) get(ctx context.Context, path string, out proto.Message) error {
	return b.do(ctx, shopclient.Call{Verb: http.MethodGet, Path: path}, out)
}

func (b *buyer) total() string {
	total := b.cart.GetTotals().GetTotal()
	return total.GetAmount() + " " + total.GetCurrencyCode()
}

// fill finds the channel and something to buy in it, and puts one of it into a cart.
func (b *buyer) fill(ctx context.Context) error {
	channel, err := b.channel(ctx)
	if err != nil {
		return err
	}
	address := addressIn(channel)
	if address == nil {
		return fmt.Errorf("channel %s: no address is known in %v", channel.GetKey(), channel.GetCountryCodes())
	}
	sku := b.SKU
	if sku == "" {
		if sku, err = b.find(ctx, channel.GetKey(), address.GetCountryCode()); err != nil {
			return fmt.Errorf("channel %s: %w", channel.GetKey(), err)
		}
	}
	b.Say(fmt.Sprintf("buying one %s in channel %s", sku, channel.GetKey()))
	created := &storefrontv1.CreateCartResponse{}
	err = b.do(ctx, shopclient.Call{Verb: http.MethodPost, Path: "/v1/carts", Key: b.key, In: &storefrontv1.CreateCartRequest{
		Channel: channel.GetKey(), CountryCode: address.GetCountryCode(), Lines: []*storefrontv1.LineInput{{Sku: sku, Quantity: 1}},
	}}, created)
	if err != nil {
		return err
	}
	email := "smoke@example.com"
	updated := &storefrontv1.UpdateCartResponse{}
	err = b.do(ctx, shopclient.Call{Verb: http.MethodPatch, Path: "/v1/carts/" + created.GetCart().GetId(), Key: b.key, In: &storefrontv1.UpdateCartRequest{
		Email: &email, ShippingAddress: address,
	}}, updated)
	b.cart = updated.GetCart()
	return err
}

func (b *buyer) channel(ctx context.Context) (*storefrontv1.Channel, error) {
	list := &storefrontv1.ListChannelsResponse{}
	if err := b.get(ctx, "/v1/channels", list); err != nil {
		return nil, err
	}
	for _, c := range list.GetChannels() {
		if c.GetKey() == b.Channel || b.Channel == "" && c.GetIsDefault() {
			return c, nil
		}
	}
	return nil, fmt.Errorf("the shop has no channel %q", b.Channel)
}

func addressIn(c *storefrontv1.Channel) *typev1.Address {
	known := addresses()
	for _, country := range append([]string{c.GetDefaultCountryCode()}, c.GetCountryCodes()...) {
		if known[country] != nil {
			return known[country]
		}
	}
	return nil
}

// find returns the first thing that has a price and is in stock.
func (b *buyer) find(ctx context.Context, channel, country string) (string, error) {
	query := url.Values{"channel": {channel}, "countryCode": {country}, "pageSize": {"50"}}
	for range pages {
		page := &storefrontv1.ListProductsResponse{}
		if err := b.get(ctx, "/v1/products?"+query.Encode(), page); err != nil {
			return "", err
		}
		for _, p := range page.GetProducts() {
			inStock := p.GetStock() == storefrontv1.StockBand_STOCK_BAND_IN_STOCK || p.GetStock() == storefrontv1.StockBand_STOCK_BAND_LOW
			if inStock && p.GetPrice().GetAmount() != nil && p.GetSku() != "" {
				return p.GetSku(), nil
			}
		}
		if page.GetNextPageToken() == "" {
			break
		}
		query.Set("pageToken", page.GetNextPageToken())
	}
	return "", ErrNothingToBuy
}

// deliver chooses the first way to deliver, unless there is nothing to carry.
func (b *buyer) deliver(ctx context.Context) error {
	if !b.cart.GetRequiresShipping() {
		return nil
	}
	path := "/v1/carts/" + b.cart.GetId()
	list := &storefrontv1.ListShippingOptionsResponse{}
	if err := b.get(ctx, path+"/shipping-options", list); err != nil {
		return err
	}
	if len(list.GetOptions()) == 0 {
		return fmt.Errorf("GET %s/shipping-options: nobody delivers to %s", path, b.cart.GetShippingAddress().GetCountryCode())
	}
	chosen := &storefrontv1.SetShippingOptionResponse{}
	err := b.do(ctx, shopclient.Call{
		Verb: http.MethodPut, Path: path + "/shipping-option", In: &storefrontv1.SetShippingOptionRequest{Key: list.GetOptions()[0].GetKey()},
	}, chosen)
	b.cart = chosen.GetCart()
	return err
}

// pay checks out with one key, so that a repeated call cannot pay twice, and waits until the order is placed.
func (b *buyer) pay(ctx context.Context) (*storefrontv1.Order, error) {
	token := b.Token
	if token == "" {
		token = "tok_ok_" + b.key
	}
	answer := &storefrontv1.CheckoutResponse{}
	err := b.do(ctx, shopclient.Call{Verb: http.MethodPost, Path: "/v1/carts/" + b.cart.GetId() + "/checkout", Key: b.key, In: &storefrontv1.CheckoutRequest{
		Payment: &storefrontv1.PaymentInput{Method: b.Method, Token: token},
	}}, answer)
	if err != nil {
		return nil, err
	}
	order, err := b.wait(ctx, answer.GetOrder().GetId(), storefrontv1.OrderStatus_ORDER_STATUS_PLACED, storefrontv1.OrderStatus_ORDER_STATUS_COMPLETED)
	if err != nil {
		return nil, err
	}
	if paid := order.GetTotals().GetTotal(); paid.GetAmount() != b.cart.GetTotals().GetTotal().GetAmount() {
		return nil, fmt.Errorf("order %s costs %s, the cart said %s", order.GetId(), paid.GetAmount(), b.total())
	}
	return order, nil
}

func (b *buyer) cancel(ctx context.Context, order string) error {
	err := b.do(ctx, shopclient.Call{Verb: http.MethodPost, Path: "/v1/orders/" + order + "/cancel", Key: b.key, In: &storefrontv1.CancelOrderRequest{
		Reason: "smoke test",
	}}, nil)
	if err != nil {
		return err
	}
	if _, err := b.wait(ctx, order, storefrontv1.OrderStatus_ORDER_STATUS_CANCELLED); err != nil {
		return err
	}
	b.Say("and cancelled")
	return nil
}

// wait reads an order until it has one of the wanted statuses. One that failed will not get there any more.
func (b *buyer) wait(ctx context.Context, id string, wanted ...storefrontv1.OrderStatus) (*storefrontv1.Order, error) {
	ctx, cancel := context.WithTimeout(ctx, b.Patience)
	defer cancel()
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	for {
		answer := &storefrontv1.GetOrderResponse{}
		if err := b.get(ctx, "/v1/orders/"+id, answer); err != nil {
			return nil, err
		}
		status := answer.GetOrder().GetStatus()
		for _, one := range wanted {
			if status == one {
				return answer.GetOrder(), nil
			}
		}
		if status == storefrontv1.OrderStatus_ORDER_STATUS_FAILED {
			return nil, fmt.Errorf("order %s failed: %s", id, answer.GetOrder().GetFailure().GetReason())
		}
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("order %s is still %s after %s", id, status, b.Patience)
		case <-tick.C:
		}
	}
}
