package checkout_test

import (
	"context"
	"slices"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	cartv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/cart/v1"
	paymentv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/payment/v1"

	"github.com/cartwright-shop/cartwright/services/cart/internal/cart"
	"github.com/cartwright-shop/cartwright/services/cart/internal/order"
	"github.com/cartwright-shop/cartwright/services/cart/internal/postgres"
	"github.com/cartwright-shop/cartwright/services/platform/errs"
	"github.com/cartwright-shop/cartwright/services/platform/id"
)

// The tests of this file are what shoppers and merchants went through with other shop systems.

// kinds are the kinds of an order's events.
func (s *shop) kinds(orderID string) (all []string) {
	events, err := postgres.NewOrderStore(s.database.DB).ListEvents(patient(), orderID, 0, 200)
	require.NoError(s.t, err)
	for _, e := range events {
		all = append(all, e.Kind)
	}
	return all
}

func count(all []string, kind string) int {
	return len(slices.DeleteFunc(slices.Clone(all), func(k string) bool { return k != kind }))
}

// The buyer came back from the bank at the moment the bank's notice arrived, and both completed the cart: one order in twenty
// to fifty was missing, or there twice. Three notices at once settled a payment three times.
func TestReturnAndNoticesPlaceOneOrder(t *testing.T) {
	t.Parallel()
	s := stocked(t)
	p, b := s.process().work(), s.buyer("", true, 1200)
	o, err := b.buy(p, "card", "tok_3ds")
	require.NoError(t, err)
	s.payment.approve(o.GetId())
	var all sync.WaitGroup
	for n := range 30 {
		all.Go(func() {
			if n%3 == 0 {
				_, err := p.checkouts.ResumeCheckout(b.calling(p.ctx), &cartv1.ResumeCheckoutRequest{OrderId: o.GetId()})
				require.NoError(t, err)
				return
			}
			require.NoError(t, b.news(p, o.GetId()))
		})
	}
	all.Wait()
	s.ended(o.GetId(), pickedUp)
	b.bought(t, o.GetId())
	require.Equal(t, 1, s.faults.count(b.requestID, "AuthorizePayment"), "no second session at the provider")
	for _, kind := range []string{"order.placed", "payment.captured", "payment.requires_action"} {
		require.Equal(t, 1, count(s.kinds(o.GetId()), kind), kind)
	}
}

// A notice of the provider raced the shop's own call and the provider was asked for a second payment. The maker called it
// intended. Here it is one of fifty that come at once.
func TestFiftyClicksAndANotice(t *testing.T) {
	t.Parallel()
	s := stocked(t)
	p, b := s.process().work(), s.buyer("", false, 0)
	req := b.request(id.New(), "card", "tok_ok")
	var all sync.WaitGroup
	for n := range 50 {
		all.Go(func() {
			if o := b.order(); n%10 == 0 && o != nil {
				require.NoError(t, b.news(p, o.ID))
				return
			}
			_, err := p.checkouts.Checkout(b.calling(p.ctx), req)
			for errs.Has(err, errs.IdempotencyInProgress) || errs.Has(err, errs.Overloaded) {
				_, err = p.checkouts.Checkout(b.calling(p.ctx), req)
			}
			require.NoError(t, err)
		})
	}
	all.Wait()
	s.ended(b.order().ID, pickedUp)
	b.bought(t, b.order().ID)
	require.Equal(t, 1, s.payment.purse(b.order().ID, "").Payments)
}

// The card was charged before anybody looked at the stock, and the mail that thanks for the order left while the stock was
// still being reserved. Here scarce things come first, money last, and the order is told of when it is secured.
func TestStockBeforeMoneyBeforeNews(t *testing.T) {
	t.Parallel()
	s := stocked(t)
	p, b := s.process(), s.buyer("", true, 1200)
	o, err := b.buy(p, "card", "tok_ok")
	require.NoError(t, err)
	require.Equal(t, []string{
		"ConfirmQuote", "Reserve", "HoldGiftCard", "AuthorizePayment", "CommitReservation", "PostGiftCardHold", "CapturePayment", "RedeemCoupons",
	}, s.faults.order(b.requestID))
	require.Equal(t, []string{"checkout.started", "order.placed", "payment.captured"}, s.kinds(o.GetId()))
	s.inventory.set(skuB, 0)
	late := s.buyer("", true, 1200)
	_, err = late.buy(p, "card", "tok_ok")
	require.Equal(t, "SOLD_OUT", errs.ReasonOf(err))
	require.Equal(t, []string{"ConfirmQuote", "Reserve"}, s.faults.order(late.requestID)[:2])
	require.Zero(t, s.faults.count(late.requestID, "AuthorizePayment"), "nobody is charged for what is not there")
	require.Zero(t, count(s.kinds(late.order().ID), "order.placed"))
}

// A buyer who had paid was shown an error, because what was settled was asked to become settled.
func TestComingBackToAPaidOrder(t *testing.T) {
	t.Parallel()
	s := stocked(t)
	p, b := s.process(), s.buyer("", false, 0)
	o, err := b.buy(p, "card", "tok_ok")
	require.NoError(t, err)
	for range 3 {
		resumed, err := p.checkouts.ResumeCheckout(b.calling(p.ctx), &cartv1.ResumeCheckoutRequest{OrderId: o.GetId()})
		require.NoError(t, err)
		require.Equal(t, cartv1.OrderStatus_ORDER_STATUS_PLACED, resumed.GetOrder().GetStatus())
		require.NoError(t, b.news(p, o.GetId()))
	}
	b.bought(t, o.GetId())
}

// The provider had refunded and the shop's own transaction was rolled back: the money was gone and the order knew nothing of it,
// so the clerk refunded again.
func TestRefundedAtTheProviderIsBooked(t *testing.T) {
	t.Parallel()
	s := stocked(t)
	d := s.sold(s.process(), "", "card", "tok_ok", 0)
	broken := s.process()
	broken.store.refuse.Store(2) // the beginning works, the booking does not
	d.process = broken
	refund, err := d.refund(&cartv1.RefundOrderRequest{Lines: d.item(0, 1)})
	require.NoError(t, err)
	require.Equal(t, int64(900), d.purse().Refunded)
	s.process().work()
	s.ended(d.order.GetId(), pickedUp)
	o := d.b.order()
	require.Equal(t, refund.GetId(), o.Refunds[0].ID)
	require.Equal(t, order.OperationSucceeded, o.Refunds[0].Status)
	require.Equal(t, int64(900), o.Money.Refunded)
	require.Equal(t, int64(900), d.purse().Refunded)
}

// A buyer paid after the order had been given up: the notice was answered with an error, came again every hour for days, and the
// money stayed with the shop.
func TestNoticeAfterTheEnd(t *testing.T) {
	t.Parallel()
	s := stocked(t)
	p, b := s.process().work(), s.buyer("", true, 1200)
	o, err := b.buy(p, "impatient", "tok_3ds")
	require.NoError(t, err)
	s.ended(o.GetId(), pickedUp)
	s.payment.approve(o.GetId())
	for range 3 {
		require.NoError(t, b.news(p, o.GetId()))
	}
	b.gaveUp(t, o.GetId())
	require.NoError(t, b.news(p, id.Secret()), "news of an order nobody knows are no error either")
}

// The disk of the database was full when the bank asked the buyer to confirm: the wait for that was not stored, the payment was
// asked for again without its token, which had been forgotten, and the buyer was refused for having used a key twice.
func TestWaitThatWasNotStoredKeepsThePayment(t *testing.T) {
	t.Parallel()
	s := stocked(t)
	p, b := s.process().work(), s.buyer("", true, 1200)
	p.store.refuse.Store(2) // the order is stored, the wait is not
	o, err := b.buy(p, "card", "tok_3ds")
	require.NoError(t, err)
	require.Zero(t, p.store.refuse.Load())
	s.payment.approve(o.GetId())
	require.NoError(t, b.news(p, o.GetId()))
	s.ended(o.GetId(), pickedUp)
	b.bought(t, o.GetId())
}

// The notice of a refund sent the buyer the confirmation of the order once more.
func TestNoticeOfARefundConfirmsNothing(t *testing.T) {
	t.Parallel()
	s := stocked(t)
	p := s.process().work()
	d := s.sold(p, "", "card", "tok_ok", 0)
	_, err := d.refund(&cartv1.RefundOrderRequest{Lines: d.item(0, 1)})
	require.NoError(t, err)
	for range 3 {
		require.NoError(t, d.b.news(p, d.order.GetId()))
	}
	for _, kind := range []string{"order.placed", "payment.captured", "refund.succeeded"} {
		require.Equal(t, 1, count(s.kinds(d.order.GetId()), kind), kind)
	}
}

// The notice of a payment ran into an error, came again, and made a second order out of the cart the buyer had begun meanwhile.
func TestRepeatedNoticeMakesNoOtherOrder(t *testing.T) {
	t.Parallel()
	s := stocked(t)
	p, b := s.process().work(), s.buyer("", false, 0)
	o, err := b.buy(p, "voucher", "")
	require.NoError(t, err)
	other := s.buyer("", false, 0) // the next cart of the same person
	s.payment.approve(o.GetId())
	deaf := s.process()
	for range 3 {
		deaf.store.refuse.Store(1)
		require.Error(t, b.news(deaf, o.GetId()))
	}
	require.NoError(t, b.news(p, o.GetId()))
	s.ended(o.GetId(), pickedUp)
	b.bought(t, o.GetId())
	require.Equal(t, cart.Active, other.cartState())
	require.Nil(t, other.order())
}

// The last unit was held for the shopper's own first try, so that the second, with another card, was told that it is sold out.
func TestShopperIsNotBlockedByTheirOwnHold(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	s.inventory.set(skuA, 3)
	s.inventory.set(skuB, 1)
	p, b := s.process(), s.buyer("", false, 0)
	_, err := b.buy(p, "card", "tok_declined")
	require.Equal(t, "PAYMENT_DECLINED", errs.ReasonOf(err))
	waiting, err := b.buy(p, "card", "tok_3ds")
	require.NoError(t, err)
	_, err = p.orders.CancelOrder(b.calling(p.ctx), &cartv1.CancelOrderRequest{OrderId: waiting.GetId(), RequestId: id.New()})
	require.NoError(t, err)
	s.faults.arm(b.requestID, "Reserve", armed{fault: lostReply}) // the repeat finds the hold of the first request
	o, err := b.buy(p, "card", "tok_ok")
	require.NoError(t, err)
	b.bought(t, o.GetId())
	require.Zero(t, s.inventory.shirts())
}

// Two carts paid with one gift card at the same moment, and both were accepted: the card was spent twice.
func TestOneGiftCardTwoCarts(t *testing.T) {
	t.Parallel()
	s := stocked(t)
	p := s.process()
	first, second := s.buyer("", false, 10_000), s.buyer("", false, 0)
	s.payment.charge(first.card, fullPrice) // enough for one of them
	second.card = first.card
	second.cart.GiftCards = first.cart.GiftCards
	require.NoError(t, s.carts.Save(patient(), second.cart))
	var both sync.WaitGroup
	reasons := make([]string, 2)
	for n, b := range []*buyer{first, second} {
		both.Go(func() {
			_, err := p.checkouts.Checkout(b.calling(p.ctx), &cartv1.CheckoutRequest{CartId: b.cart.ID, RequestId: id.New()})
			reasons[n] = errs.ReasonOf(err)
		})
	}
	both.Wait()
	slices.Sort(reasons)
	require.Equal(t, []string{"", "GIFTCARD_INSUFFICIENT"}, reasons)
	require.Zero(t, s.payment.purse("", first.card).GiftOnCard)
}

// Rows of stock stayed locked while a payment provider took its time, and checkouts waited for each other until the database killed
// some. Here no call leaves while a transaction is open: the client itself refuses.
func TestNoCallLeavesInsideATransaction(t *testing.T) {
	t.Parallel()
	s := stocked(t)
	b := s.buyer("", false, 0)
	payments := paymentv1.NewPaymentServiceClient(dial(t, "payment", s.addrs[2]))
	req := &paymentv1.GetPaymentRequest{PaymentId: id.Secret() + "-p0"}
	err := s.database.DB.Tx(b.calling(patient()), func(ctx context.Context) error {
		_, err := payments.GetPayment(ctx, req)
		return err
	})
	require.Error(t, err)
	require.Zero(t, s.faults.count(b.requestID, "GetPayment"), "the call was not made")
	_, err = payments.GetPayment(b.calling(patient()), req)
	require.Equal(t, "PAYMENT_NOT_FOUND", errs.ReasonOf(err))
	require.Equal(t, 1, s.faults.count(b.requestID, "GetPayment"))
}
