package restore

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"google.golang.org/protobuf/proto"

	"github.com/cartwright-shop/cartwright/deploy/prove/load"
	"github.com/cartwright-shop/cartwright/deploy/shopclient"
	adminv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/admin/v1"
	storefrontv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/storefront/v1"
	"github.com/cartwright-shop/cartwright/services/platform/id"
)

// witness is a buyer of whom a restored shop knows the first half: what was done before its point in time.
type witness struct {
	// cart is ready to be bought in the restored shop; made is another one, made by a call that it remembers.
	cart, made string
	remembered shopclient.Call
	// create and checkout are calls that it has forgotten, with what they gave: a cart and the order of the first one.
	create, checkout shopclient.Call
	gone             string
	order            *storefrontv1.Order
	// late is an order that it has forgotten, which is paid at the page of the provider when the shop is there again.
	late, page string
	// parcel is an order of before whose parcels, and with them the charge, it has forgotten.
	parcel *storefrontv1.Order
}

// newCart is a call that makes an empty cart.
func newCart() shopclient.Call {
	return shopclient.Call{Verb: http.MethodPost, Path: "/v1/carts", Key: id.New(), In: &storefrontv1.CreateCartRequest{Channel: load.AtOnce}}
}

// remembered does what the restored shop will know.
func (s *scene) remembered(ctx context.Context, crowd *load.Crowd) (*witness, error) {
	one := crowd.One(load.Card)
	if err := one.Fill(ctx); err != nil {
		return nil, err
	}
	cart, err := one.Cart(ctx)
	if err != nil {
		return nil, err
	}
	w := &witness{cart: cart.GetId(), remembered: newCart()}
	answer := &storefrontv1.CreateCartResponse{}
	_, err = s.ask(ctx, w.remembered, answer)
	if w.made = answer.GetCart().GetId(); err != nil {
		return nil, err
	}
	two := crowd.One(load.Parcels)
	if err := two.Fill(ctx); err != nil {
		return nil, err
	}
	if w.parcel, err = two.Checkout(ctx); err != nil {
		return nil, err
	}
	w.parcel, err = two.Settled(ctx, w.parcel.GetId())
	return w, err
}

// forgotten does what the restored shop will not know: it buys the cart, makes another one, and begins an order that is paid later. What
// was done once is not done again.
func (s *scene) forgotten(ctx context.Context, crowd *load.Crowd, w *witness) error {
	if w.order != nil {
		return nil
	}
	if err := crowd.One(load.Parcels).Ship(ctx, w.parcel); err != nil {
		return err
	}
	w.create = newCart()
	cart := &storefrontv1.CreateCartResponse{}
	if _, err := s.ask(ctx, w.create, cart); err != nil {
		return err
	}
	w.gone = cart.GetCart().GetId()
	one := crowd.One(load.Voucher)
	if err := one.Fill(ctx); err != nil {
		return err
	}
	order, err := one.Checkout(ctx)
	if err != nil {
		return err
	}
	if w.late, w.page = order.GetId(), order.GetPayment().GetNextAction().GetUrl(); w.page == "" {
		return fmt.Errorf("order %s shows no page to pay", order.GetId())
	}
	w.checkout = shopclient.Call{Verb: http.MethodPost, Path: "/v1/carts/" + w.cart + "/checkout", Key: id.New(), In: &storefrontv1.CheckoutRequest{
		Payment: &storefrontv1.PaymentInput{Method: "card", Token: "tok_ok_" + id.Secret()[:8], ReturnUrl: "http://localhost/return"},
	}}
	answer := &storefrontv1.CheckoutResponse{}
	if _, err := s.ask(ctx, w.checkout, answer); err != nil {
		return fmt.Errorf("buy the cart: %w", err)
	}
	w.order = answer.GetOrder()
	return nil
}

// again sends the calls of before once more. What the restored shop remembers is answered as it was; what it has forgotten is new: a
// second cart, a second order, under another id and another number.
func (s *scene) again(ctx context.Context, w *witness) error {
	cart := &storefrontv1.CreateCartResponse{}
	if _, err := s.ask(ctx, w.remembered, cart); err != nil {
		return err
	}
	if got := cart.GetCart().GetId(); got != w.made {
		return fmt.Errorf("%w: a key of before the restored time gives cart %s instead of %s", ErrWrong, got, w.made)
	}
	old, err := s.ask(ctx, w.create, cart)
	if err != nil {
		return err
	}
	if got := cart.GetCart().GetId(); got == w.gone || old {
		return fmt.Errorf("%w: a forgotten key gives its old cart %s", ErrWrong, got)
	}
	answer := &storefrontv1.CheckoutResponse{}
	if old, err = s.ask(ctx, w.checkout, answer); err != nil {
		return fmt.Errorf("buy the cart again with its forgotten key: %w", err)
	}
	order := answer.GetOrder()
	if order.GetId() == w.order.GetId() || order.GetPlacedAt() == nil || old {
		return fmt.Errorf("%w: a forgotten key gives order %s, placed at %v", ErrWrong, order.GetId(), order.GetPlacedAt())
	}
	return nil
}

// reship records the forgotten parcels again, as staff may who compare with the carrier's list. The provider has charged for them and
// refuses to do so twice, so that the shop must refuse, too; then the order is cancelled in the shop.
func (s *scene) reship(ctx context.Context, crowd *load.Crowd, w *witness) error {
	send := shopclient.Call{
		Verb: http.MethodPost, Path: "/admin/v1/orders/" + w.parcel.GetId() + "/shipments", Key: id.New(),
		In: &adminv1.CreateShipmentRequest{Carrier: "Royal Mail", TrackingNumber: "RM"},
	}
	if err := s.staff.DoPatiently(ctx, moreTime, send, nil); load.Reason(err) != "PAYMENT_CAPTURE_FAILED" {
		return fmt.Errorf("%w: forgotten parcels of order %s can be charged for once more: %w", ErrWrong, w.parcel.GetId(), err)
	}
	one := crowd.One(load.Parcels)
	if err := one.Cancel(ctx, w.parcel.GetId()); err != nil {
		return fmt.Errorf("cancel an order that is paid and was forgotten to be: %w", err)
	}
	return until(ctx, restTime, "the order is cancelled", func() error {
		order, err := one.Staff(ctx, w.parcel.GetId())
		if err == nil && order.GetStatus() != adminv1.OrderStatus_ORDER_STATUS_CANCELLED {
			err = fmt.Errorf("%w: order %s is %s", ErrWrong, order.GetId(), order.GetStatus())
		}
		return err
	})
}

// pay pays for the order that the shop has forgotten. Its buyer gets an order that is not found.
func (s *scene) pay(ctx context.Context, w *witness) error {
	if err := load.Click(ctx, w.page, "pay"); err != nil {
		return err
	}
	err := s.shop.Client().DoPatiently(ctx, moreTime, shopclient.Call{Verb: http.MethodGet, Path: "/v1/orders/" + w.late}, nil)
	var problem *shopclient.Problem
	if !errors.As(err, &problem) || problem.Status != http.StatusNotFound {
		return fmt.Errorf("%w: forgotten order %s is not unknown: %w", ErrWrong, w.late, err)
	}
	return nil
}

// ask sends a call until it is answered for good, and tells whether the answer is an old one.
func (s *scene) ask(ctx context.Context, call shopclient.Call, out proto.Message) (replayed bool, err error) {
	client := s.shop.Client().WithTransport(func(web http.RoundTripper) http.RoundTripper { return &ear{web, &replayed} })
	err = client.DoPatiently(ctx, moreTime, call, out)
	return replayed, err
}

// ear hears whether the last answer was an old one.
type ear struct {
	web      http.RoundTripper
	replayed *bool
}

// RoundTrip implements http.RoundTripper.
func (e *ear) RoundTrip(r *http.Request) (*http.Response, error) {
	answer, err := e.web.RoundTrip(r)
	if err == nil {
		*e.replayed = answer.Header.Get("Idempotent-Replayed") == "true"
	}
	return answer, err
}
