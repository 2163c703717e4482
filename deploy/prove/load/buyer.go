package load

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/cartwright-shop/cartwright/deploy/audit"
	"github.com/cartwright-shop/cartwright/deploy/shopclient"
	adminv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/admin/v1"
	storefrontv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/storefront/v1"
	typev1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/type/v1"
	"github.com/cartwright-shop/cartwright/services/platform/id"
)

// settleTime is how long a buyer looks at an order that is not decided. It is longer than any recovery may take.
const settleTime = 3 * time.Minute

// lookEvery is how long a buyer waits before a second look, lookSeldom what the wait grows to.
const (
	lookEvery  = 150 * time.Millisecond
	lookSeldom = time.Second
)

// longer is the next wait of who looks and looks.
func longer(wait time.Duration) time.Duration { return min(wait*3/2, lookSeldom) }

// buyer is one purchase.
type buyer struct {
	crowd *Crowd
	dice  *rand.Rand
	kind  Kind
	cart  string
	// written says that the order was written down, acted that the buyer was at the provider, or will not go.
	written, acted bool
}

// buy does all that the kind of purchase is made of. What a shop may refuse is no error.
func (b *buyer) buy(ctx context.Context) error {
	if err := b.fill(ctx); err != nil {
		return fmt.Errorf("fill a cart: %w", err)
	}
	order, err := b.checkout(ctx)
	if err != nil || order == nil {
		return err
	}
	if order, err = b.settled(ctx, order.GetId()); err != nil {
		return err
	}
	if err := b.judge(order); err != nil {
		return err
	}
	return b.after(ctx, order)
}

func (b *buyer) do(ctx context.Context, verb, path string, in, out proto.Message) error {
	return b.crowd.call(ctx, b.crowd.market.Shop, shopclient.Call{Verb: verb, Path: path, In: in}, out)
}

func (b *buyer) staff(ctx context.Context, verb, path string, in, out proto.Message) error {
	return b.crowd.call(ctx, b.crowd.market.Staff, shopclient.Call{Verb: verb, Path: path, In: in}, out)
}

// fill makes a cart that can be bought.
func (b *buyer) fill(ctx context.Context) error {
	m := b.crowd.market
	channel := atOnce
	if b.kind == Parcels {
		channel = byParcel
	}
	first, second := b.dice.IntN(things), b.dice.IntN(things-1)
	if second >= first {
		second++
	}
	lines := []*storefrontv1.LineInput{{Sku: m.SKU(first), Quantity: int32(1 + b.dice.IntN(3))}, {Sku: m.SKU(second), Quantity: 1}}
	created := &storefrontv1.CreateCartResponse{}
	err := b.do(ctx, http.MethodPost, "/v1/carts", &storefrontv1.CreateCartRequest{Channel: channel, Lines: lines}, created)
	if err != nil {
		return err
	}
	b.cart = created.GetCart().GetId()
	if err := b.crowd.ledger.write(audit.Acknowledged{Kind: "cart", ID: b.cart}); err != nil {
		return err
	}
	email := "crowd@example.com"
	err = b.do(ctx, http.MethodPatch, b.path(""), &storefrontv1.UpdateCartRequest{Email: &email, ShippingAddress: &typev1.Address{
		FullName: "Ada Lovelace", Line1: "12 St James Square", City: "London", PostalCode: "SW1Y 4LB", CountryCode: "GB",
	}}, nil)
	if err != nil {
		return err
	}
	if err := b.do(ctx, http.MethodPut, b.path("/shipping-option"), &storefrontv1.SetShippingOptionRequest{Key: "standard"}, nil); err != nil {
		return err
	}
	return b.dress(ctx)
}

// dress puts coupons and gift cards on the cart.
func (b *buyer) dress(ctx context.Context) error {
	m := b.crowd.market
	if slices.Contains([]Kind{Coupon, GiftDenied, GiftRefund}, b.kind) {
		if err := b.do(ctx, http.MethodPost, b.path("/coupons"), &storefrontv1.ApplyCouponRequest{Code: m.coupon}, nil); err != nil && reasonOf(err) != "COUPON_ALREADY_APPLIED" {
			return err
		}
	}
	if slices.Contains([]Kind{GiftCard, GiftDenied, GiftRefund}, b.kind) {
		// A card of little worth, so that something is left to pay by card.
		gift, err := b.present(ctx)
		if err != nil {
			return err
		}
		if err := b.do(ctx, http.MethodPost, b.path("/gift-cards"), &storefrontv1.ApplyGiftCardRequest{Code: gift}, nil); err != nil && reasonOf(err) != "GIFTCARD_DUPLICATE" {
			return err
		}
	}
	return nil
}

func (b *buyer) present(ctx context.Context) (string, error) {
	answer := &adminv1.IssueGiftCardResponse{}
	err := b.staff(ctx, http.MethodPost, "/admin/v1/gift-cards", &adminv1.IssueGiftCardRequest{Amount: pounds("3.00"), Note: "prove"}, answer)
	if err != nil {
		return "", err
	}
	return answer.GetCode(), b.crowd.ledger.write(audit.Acknowledged{Kind: "gift_card", ID: answer.GetGiftCard().GetId()})
}

func (b *buyer) path(more string) string { return "/v1/carts/" + b.cart + more }

// payment is how the kind pays.
func (b *buyer) payment() *storefrontv1.PaymentInput {
	const back = "http://localhost/return"
	token := map[Kind]string{
		Challenge: "3ds", Denied: "3ds", Declined: "declined", GiftDenied: "declined", LostReply: "reply_lost", Hasty: "slow",
	}[b.kind]
	if token == "" {
		token = "ok"
	}
	switch b.kind {
	case Wallet, QR, Voucher:
		return &storefrontv1.PaymentInput{Method: string(b.kind), ReturnUrl: back}
	default:
		return &storefrontv1.PaymentInput{Method: "card", Token: "tok_" + token + "_" + id.Secret()[:8], ReturnUrl: back}
	}
}

// checkout buys the cart. No order and no error means that it was refused as it may be.
func (b *buyer) checkout(ctx context.Context) (*storefrontv1.Order, error) {
	if b.kind == Hasty {
		hasty, cancel := context.WithCancel(ctx)
		defer cancel()
		go b.regret(hasty)
	}
	answer := &storefrontv1.CheckoutResponse{}
	err := b.do(ctx, http.MethodPost, b.path("/checkout"), &storefrontv1.CheckoutRequest{Payment: b.payment()}, answer)
	switch reason := reasonOf(err); {
	case err == nil:
	case reason == "PAYMENT_DECLINED" && (b.kind == Declined || b.kind == GiftDenied):
		return nil, nil //nolint:nilnil // nothing was bought, as it should be
	case b.kind == Hasty && slices.Contains([]string{"ORDER_CANCELLED", "CHECKOUT_CANCELLED", "CHECKOUT_IN_PROGRESS"}, reason):
		return nil, nil //nolint:nilnil // the buyer did not want it any more
	default:
		return nil, fmt.Errorf("check out: %w", err)
	}
	return answer.GetOrder(), b.promised(answer.GetOrder())
}

// promised writes down that an order was placed, once.
func (b *buyer) promised(o *storefrontv1.Order) error {
	if o.GetPlacedAt() == nil || b.written {
		return nil
	}
	promise, err := orderPromise(o)
	if err != nil {
		return err
	}
	b.written = true
	return b.crowd.ledger.write(promise)
}

// regret cancels the order of the cart as soon as there is one.
func (b *buyer) regret(ctx context.Context) {
	for ctx.Err() == nil {
		answer := &storefrontv1.GetCartResponse{}
		err := b.do(ctx, http.MethodGet, b.path(""), nil, answer)
		if order := answer.GetCart().GetOrderId(); err == nil && order != "" {
			_ = b.do(ctx, http.MethodPost, "/v1/orders/"+order+"/cancel", &storefrontv1.CancelOrderRequest{Reason: "changed my mind"}, nil)
			return
		}
		select {
		case <-ctx.Done():
		case <-time.After(lookEvery):
		}
	}
}

// act does on the provider's page what the kind does there, and comes back. Once is enough.
func (b *buyer) act(ctx context.Context, order *storefrontv1.Order) error {
	if b.acted {
		return nil
	}
	b.acted = true
	button := "approve"
	switch b.kind {
	case Denied:
		button = "deny"
	case Voucher:
		button = "pay"
	}
	if err := Click(ctx, order.GetPayment().GetNextAction().GetUrl(), button); err != nil {
		return err
	}
	return b.do(ctx, http.MethodPost, "/v1/orders/"+order.GetId()+"/resume", &storefrontv1.ResumeCheckoutRequest{}, nil)
}

// Click presses a button on a page of the provider, again while the provider is away.
func Click(ctx context.Context, page, button string) error {
	browser := &http.Client{Timeout: 10 * time.Second, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	deadline := time.Now().Add(patience)
	for {
		request, err := http.NewRequestWithContext(ctx, http.MethodPost, page+"/"+button, http.NoBody)
		if err != nil {
			return err
		}
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		answer, err := browser.Do(request)
		if err == nil {
			_ = answer.Body.Close()
			return nil
		}
		if time.Now().After(deadline) || ctx.Err() != nil {
			return err
		}
		select {
		case <-ctx.Done():
		case <-time.After(lookEvery):
		}
	}
}

// settled reads an order until its checkout has ended and nothing is under way.
func (b *buyer) settled(ctx context.Context, orderID string) (*storefrontv1.Order, error) {
	deadline := time.Now().Add(settleTime)
	for look := lookEvery; ; look = longer(look) {
		answer := &storefrontv1.GetOrderResponse{}
		if err := b.do(ctx, http.MethodGet, "/v1/orders/"+orderID, nil, answer); err != nil {
			return nil, fmt.Errorf("read order %s: %w", orderID, err)
		}
		o := answer.GetOrder()
		if err := b.promised(o); err != nil {
			return nil, err
		}
		switch o.GetStatus() {
		case storefrontv1.OrderStatus_ORDER_STATUS_PENDING:
		case storefrontv1.OrderStatus_ORDER_STATUS_REQUIRES_ACTION:
			if err := b.act(ctx, o); err != nil {
				return nil, fmt.Errorf("act for order %s: %w", orderID, err)
			}
		case storefrontv1.OrderStatus_ORDER_STATUS_PLACED:
			if o.GetPaymentStatus() != storefrontv1.PaymentStatus_PAYMENT_STATUS_AUTHORIZED || b.kind == Parcels {
				return o, nil
			}
		default:
			return o, nil
		}
		if time.Now().After(deadline) {
			return nil, fmt.Errorf("order %s is %s (%s) after %s", orderID, o.GetStatus(), o.GetPaymentStatus(), settleTime)
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(look):
		}
	}
}

// judge compares what became of an order with what may.
func (b *buyer) judge(o *storefrontv1.Order) error {
	placed := o.GetStatus() == storefrontv1.OrderStatus_ORDER_STATUS_PLACED
	reason := o.GetFailure().GetReason()
	switch b.kind {
	case Denied, Declined, GiftDenied:
		if placed {
			return fmt.Errorf("order %s was placed although the bank said no", o.GetId())
		}
	case Hasty:
	default:
		// Time is the only reason to fail for who pays: an outage may take longer than the hold.
		if !placed && reason != "CHECKOUT_TIMED_OUT" && reason != "PAYMENT_EXPIRED" {
			return fmt.Errorf("order %s is %s: %s", o.GetId(), o.GetStatus(), reason)
		}
	}
	return nil
}

var errUndecided = errors.New("is not decided")
