package steady

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/cartwright-shop/cartwright/deploy/audit"
	"github.com/cartwright-shop/cartwright/deploy/shopclient"
	storefrontv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/storefront/v1"
	typev1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/type/v1"
	"github.com/cartwright-shop/cartwright/services/platform/id"
	"github.com/cartwright-shop/cartwright/services/platform/money"
)

// decided is how long an order may take until it is placed.
const decided = 2 * time.Minute

var errUndecided = errors.New("is not decided")

// buyer is one visit.
type buyer struct {
	load *Load
	cart string
}

func (b *buyer) get(ctx context.Context, name, path string, out proto.Message) error {
	return b.load.do(ctx, name, shopclient.Call{Verb: http.MethodGet, Path: path}, out)
}

// change sends a request under a key of its own: whatever becomes of the first try, it has one effect.
func (b *buyer) change(ctx context.Context, name string, call shopclient.Call, out proto.Message) error {
	call.Key = id.New()
	return b.load.do(ctx, name, call, out)
}

// browse looks at a page of products and at one of them.
func (b *buyer) browse(ctx context.Context) error {
	page := &storefrontv1.ListProductsResponse{}
	query := url.Values{"channel": {b.load.settings.Channel}, "countryCode": {"GB"}, "pageSize": {"24"}}
	if err := b.get(ctx, "list products", "/v1/products?"+query.Encode(), page); err != nil {
		return err
	}
	if len(page.GetProducts()) == 0 {
		return errors.New("list products: there are none")
	}
	query.Del("pageSize")
	chosen := page.GetProducts()[rand.IntN(len(page.GetProducts()))] //nolint:gosec // who looks at what is no secret
	return b.get(ctx, "show product", "/v1/products/"+chosen.GetHandle()+"?"+query.Encode(), nil)
}

// fill makes a cart of two things and reads it.
func (b *buyer) fill(ctx context.Context) error {
	skus := b.load.settings.SKUs
	first := rand.IntN(len(skus)) //nolint:gosec // who buys what is no secret
	created := &storefrontv1.CreateCartResponse{}
	err := b.change(ctx, "create cart", shopclient.Call{Verb: http.MethodPost, Path: "/v1/carts", In: &storefrontv1.CreateCartRequest{
		Channel: b.load.settings.Channel, CountryCode: "GB",
		Lines: []*storefrontv1.LineInput{{Sku: skus[first], Quantity: 1}, {Sku: skus[(first+1)%len(skus)], Quantity: 2}},
	}}, created)
	if err != nil {
		return err
	}
	b.cart = "/v1/carts/" + created.GetCart().GetId()
	b.load.promise(audit.Acknowledged{Kind: "cart", ID: created.GetCart().GetId()})
	return b.get(ctx, "show cart", b.cart, nil)
}

// buy takes a cart to a placed order.
func (b *buyer) buy(ctx context.Context) error {
	if err := b.fill(ctx); err != nil {
		return err
	}
	email := "steady@example.com"
	err := b.change(ctx, "address cart", shopclient.Call{Verb: http.MethodPatch, Path: b.cart, In: &storefrontv1.UpdateCartRequest{
		Email: &email, ShippingAddress: &typev1.Address{
			FullName: "Ada Lovelace", Line1: "12 St James Square", City: "London", PostalCode: "SW1Y 4LB", CountryCode: "GB",
		},
	}}, nil)
	if err != nil {
		return err
	}
	err = b.change(ctx, "choose shipping", shopclient.Call{
		Verb: http.MethodPut, Path: b.cart + "/shipping-option", In: &storefrontv1.SetShippingOptionRequest{Key: "standard"},
	}, nil)
	if err != nil {
		return err
	}
	answer := &storefrontv1.CheckoutResponse{}
	err = b.change(ctx, "check out", shopclient.Call{Verb: http.MethodPost, Path: b.cart + "/checkout", In: &storefrontv1.CheckoutRequest{
		Payment: &storefrontv1.PaymentInput{Method: "card", Token: "tok_ok_" + id.Secret()[:8]},
	}}, answer)
	if err != nil {
		return err
	}
	return b.placed(ctx, answer.GetOrder())
}

// placed waits until the order is placed and writes down that it was promised, once.
func (b *buyer) placed(ctx context.Context, order *storefrontv1.Order) error {
	deadline := time.Now().Add(decided)
	for promised := false; ; {
		if order.GetPlacedAt() != nil && !promised {
			promise, err := promiseOf(order)
			if err != nil {
				return err
			}
			b.load.promise(promise)
			promised = true
		}
		switch order.GetStatus() {
		case storefrontv1.OrderStatus_ORDER_STATUS_PLACED, storefrontv1.OrderStatus_ORDER_STATUS_COMPLETED:
			return nil
		case storefrontv1.OrderStatus_ORDER_STATUS_PENDING:
		default:
			return fmt.Errorf("order %s is %s: %s", order.GetId(), order.GetStatus(), order.GetFailure().GetReason())
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("order %s %w after %s", order.GetId(), errUndecided, decided)
		}
		answer := &storefrontv1.GetOrderResponse{}
		if err := b.get(ctx, "show order", "/v1/orders/"+order.GetId(), answer); err != nil {
			return err
		}
		order = answer.GetOrder()
	}
}

// promiseOf is what an auditor will look for.
func promiseOf(o *storefrontv1.Order) (audit.Acknowledged, error) {
	total, err := money.Parse(o.GetTotals().GetTotal().GetCurrencyCode(), o.GetTotals().GetTotal().GetAmount())
	if err != nil {
		return audit.Acknowledged{}, err
	}
	units := map[string]int64{}
	for _, line := range o.GetLines() {
		units[line.GetSku()] += int64(line.GetQuantity())
	}
	return audit.Acknowledged{Kind: "order", ID: o.GetId(), Amount: &total.Minor, Currency: o.GetCurrencyCode(), Hash: audit.Content(units)}, nil
}
