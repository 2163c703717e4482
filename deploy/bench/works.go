package bench

import (
	"context"
	"fmt"
	"net/http"
	"net/url"

	storefrontv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/storefront/v1"
	typev1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/type/v1"

	"github.com/cartwright-shop/cartwright/deploy/demo"
	"github.com/cartwright-shop/cartwright/deploy/shopclient"
)

// Works are those of docs/costs.md that one request or one purchase does.
func Works(shop *shopclient.Client, run string) []Work {
	b, words := buyer{shop: shop, run: run}, Words()
	return []Work{
		{Name: "product list, 24 items", Target: 400, Do: b.get(func(int) string { return "/v1/products?pageSize=24" })},
		{Name: "product detail", Target: 200, Do: b.get(func(n int) string { return "/v1/products/" + Handle(n%Products) })},
		{Name: "search by keyword", Target: 800, Do: b.get(func(n int) string {
			return "/v1/search?" + url.Values{"query": {words[n%len(words)]}}.Encode()
		})},
		{Name: "new cart with one line", Target: 1200, Do: b.newCart},
		{Name: "whole checkout, cart to paid order", Target: 5000, Do: b.checkout},
	}
}

type buyer struct {
	shop *shopclient.Client
	run  string
}

func (b buyer) get(path func(n int) string) func(context.Context, int) error {
	return func(ctx context.Context, n int) error {
		answer, err := b.shop.Send(ctx, shopclient.Call{Verb: http.MethodGet, Path: path(n)})
		if err != nil {
			return err
		}
		if answer.Status != http.StatusOK {
			return fmt.Errorf("GET %s: %d %.300s", path(n), answer.Status, answer.Body)
		}
		return nil
	}
}

func (b buyer) newCart(ctx context.Context, n int) error {
	_, err := b.cart(ctx, n)
	return err
}

func (b buyer) cart(ctx context.Context, n int) (string, error) {
	out := &storefrontv1.CreateCartResponse{}
	err := b.shop.Do(ctx, shopclient.Call{Verb: http.MethodPost, Path: "/v1/carts", In: &storefrontv1.CreateCartRequest{
		Lines: []*storefrontv1.LineInput{{Sku: SKU(n%Products, n%Variants), Quantity: 1}},
	}}, out)
	return out.GetCart().GetId(), err
}

// checkout is what a guest does: cart, address, delivery, payment.
func (b buyer) checkout(ctx context.Context, n int) error {
	cart, err := b.cart(ctx, n)
	if err != nil {
		return err
	}
	return b.pay(ctx, cart, fmt.Sprintf("%s-%d", b.run, n))
}

func (b buyer) pay(ctx context.Context, cart, key string) error {
	email := "bench@example.com"
	err := b.shop.Do(ctx, shopclient.Call{Verb: http.MethodPatch, Path: "/v1/carts/" + cart, In: &storefrontv1.UpdateCartRequest{
		Email: &email, ShippingAddress: &typev1.Address{
			FullName: "Ada Lovelace", Line1: "12 St James's Square", City: "London", PostalCode: "SW1Y 4LB", CountryCode: "GB",
		},
	}}, nil)
	if err != nil {
		return fmt.Errorf("set address: %w", err)
	}
	err = b.shop.Do(ctx, shopclient.Call{
		Verb: http.MethodPut, Path: "/v1/carts/" + cart + "/shipping-option", In: &storefrontv1.SetShippingOptionRequest{Key: demo.StandardMethod},
	}, nil)
	if err != nil {
		return fmt.Errorf("choose delivery: %w", err)
	}
	out := &storefrontv1.CheckoutResponse{}
	err = b.shop.Do(ctx, shopclient.Call{
		Verb: http.MethodPost, Path: "/v1/carts/" + cart + "/checkout", Key: key,
		In: &storefrontv1.CheckoutRequest{Payment: &storefrontv1.PaymentInput{Method: "card", Token: "tok_ok_" + key}},
	}, out)
	if err != nil {
		return fmt.Errorf("check out: %w", err)
	}
	if status := out.GetOrder().GetStatus(); status != storefrontv1.OrderStatus_ORDER_STATUS_PLACED && status != storefrontv1.OrderStatus_ORDER_STATUS_COMPLETED {
		return fmt.Errorf("order %s is %s", out.GetOrder().GetId(), status)
	}
	return nil
}
