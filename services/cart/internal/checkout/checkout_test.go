package checkout_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	cartv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/cart/v1"
	typev1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/type/v1"

	"github.com/cartwright-shop/cartwright/services/cart/internal/cart"
	"github.com/cartwright-shop/cartwright/services/cart/internal/checkout"
	"github.com/cartwright-shop/cartwright/services/cart/internal/postgres"
	"github.com/cartwright-shop/cartwright/services/platform/errs"
	"github.com/cartwright-shop/cartwright/services/platform/id"
)

func stocked(t *testing.T) *shop {
	s := newShop(t)
	s.inventory.set(skuA, 1000)
	s.inventory.set(skuB, 1000)
	return s
}

// A buyer with a coupon, a gift card and a bank card gets one order, is charged once, and sees every figure add up.
func TestBuyWithCouponGiftCardAndCard(t *testing.T) {
	t.Parallel()
	s := stocked(t)
	b := s.buyer("", true, 1200)
	o, err := b.buy(s.process(), "card", "tok_ok")
	require.NoError(t, err)
	require.Equal(t, cartv1.OrderStatus_ORDER_STATUS_PLACED, o.GetStatus())
	require.Equal(t, cartv1.PaymentStatus_PAYMENT_STATUS_CAPTURED, o.GetPaymentStatus())
	require.Equal(t, "UK-1001", o.GetNumber())
	totals := o.GetTotals()
	require.Equal(t, int64(fullPrice-reduction), totals.GetTotal().GetMinorUnits())
	require.Equal(t, int64(1200), totals.GetGiftCard().GetMinorUnits())
	require.Equal(t, int64(fullPrice-reduction-1200), totals.GetDue().GetMinorUnits())
	require.Equal(t, totals.GetTotal(), totals.GetCaptured())
	require.NotEmpty(t, o.GetExplanation())
	b.bought(t, o.GetId())
	require.Equal(t, int32(997), s.inventory.shirts())
}

// A gift card that covers everything needs no payment at all.
func TestGiftCardCoversEverything(t *testing.T) {
	t.Parallel()
	s := stocked(t)
	b := s.buyer("", false, 10_000)
	resp, err := s.process().checkouts.Checkout(b.calling(patient()), &cartv1.CheckoutRequest{CartId: b.cart.ID, RequestId: id.New()})
	require.NoError(t, err)
	require.Nil(t, resp.GetOrder().GetPayment())
	b.bought(t, resp.GetOrder().GetId())
}

// A buyer whose card is refused gets the cart back and buys the same cart with another card; repeating the refused request
// gives the same refusal and not a second order.
func TestDeclinedThenAnotherCard(t *testing.T) {
	t.Parallel()
	s := stocked(t)
	p := s.process()
	b := s.buyer("", true, 1200)
	req := b.request(id.New(), "card", "tok_declined")
	for range 2 {
		_, err := p.checkouts.Checkout(b.calling(p.ctx), req)
		require.ErrorIs(t, err, checkout.ErrDeclined.Err())
		require.Equal(t, errs.Unprocessable, errs.CodeOf(err))
		b.gaveUp(t, b.order().ID)
	}
	o, err := b.buy(p, "card", "tok_ok")
	require.NoError(t, err)
	b.bought(t, o.GetId())
	require.Equal(t, int32(997), s.inventory.shirts())
}

// Every refusal before the order is placed gives everything back and names its reason.
func TestRefusalsGiveEverythingBack(t *testing.T) {
	t.Parallel()
	s := stocked(t)
	p := s.process()
	refuses := func(b *buyer, method, token, reason string, code errs.Code) {
		_, err := b.buy(p, method, token)
		require.Equal(t, reason, errs.ReasonOf(err), "%v", err)
		require.Equal(t, code, errs.CodeOf(err))
		b.gaveUp(t, b.order().ID)
	}
	b := s.buyer("", true, 1200)
	s.pricing.moved[b.order0()] = true
	refuses(b, "card", "tok_ok", "PRICE_CHANGED", errs.FailedPrecondition)

	b = s.buyer("", false, 1200)
	s.payment.charge(b.card, 100) // spent elsewhere meanwhile
	refuses(b, "card", "tok_ok", "GIFTCARD_INSUFFICIENT", errs.FailedPrecondition)

	b = s.buyer("", false, 0)
	refuses(b, "card", "4711", "PATTERN_MISMATCH", errs.Invalid)
	require.Contains(t, b.order().Failure.Fields[0].Path, "payment.token")

	s.pricing.limit = 0
	refuses(s.buyer("", true, 0), "card", "tok_ok", "COUPON_LIMIT_REACHED", errs.FailedPrecondition)

	s.inventory.limit = 1
	b = s.buyer("", false, 1200)
	_, err := b.buy(p, "card", "tok_ok")
	require.Equal(t, "PURCHASE_LIMIT", errs.ReasonOf(err))
	require.Equal(t, errs.FailedPrecondition, errs.CodeOf(err))
	require.Equal(t, "lines[0].quantity", errs.FieldsOf(err)[0].Path, "the buyer is told which line")
	require.Equal(t, []string{"1", "1"}, []string{errs.MetaOf(err, "lines[0].limit"), errs.MetaOf(err, "lines[0].held")})
	b.gaveUp(t, b.order().ID)
	s.inventory.limit = 0

	s.inventory.set(skuB, 0)
	b = s.buyer("", false, 1200)
	_, err = b.buy(p, "card", "tok_ok")
	require.Equal(t, "SOLD_OUT", errs.ReasonOf(err))
	require.Equal(t, "lines[0].quantity", errs.FieldsOf(err)[0].Path, "the buyer is told which line")
	b.gaveUp(t, b.order().ID)
}

func (b *buyer) order0() string {
	p, err := price(b.cart, false)
	require.NoError(b.shop.t, err)
	return p.Quote.Fingerprint
}

// A buyer who agreed to another total, by as little as a penny, is told the new one, and nothing is written.
func TestExpectedTotal(t *testing.T) {
	t.Parallel()
	s := stocked(t)
	p, b := s.process(), s.buyer("", false, 0)
	req := b.request(id.New(), "card", "tok_ok")
	req.ExpectedTotal = &typev1.Money{CurrencyCode: "GBP", MinorUnits: fullPrice - 1}
	_, err := p.checkouts.Checkout(b.calling(p.ctx), req)
	require.ErrorIs(t, err, checkout.ErrPriceChanged.Err())
	require.Equal(t, "39.95", errs.MetaOf(err, "total"))
	require.Equal(t, "GBP", errs.MetaOf(err, "currency_code"))
	require.Nil(t, b.order())
	require.Equal(t, cart.Active, b.cartState())
	req.ExpectedTotal.MinorUnits = fullPrice
	resp, err := p.checkouts.Checkout(b.calling(p.ctx), req)
	require.NoError(t, err, "a refused validation does not use the key up")
	b.bought(t, resp.GetOrder().GetId())
}

// What a buyer forgot is refused before anything is written.
func TestIncompleteCheckouts(t *testing.T) {
	t.Parallel()
	s := stocked(t)
	p, b := s.process(), s.buyer("", false, 0)
	_, err := p.checkouts.Checkout(p.ctx, &cartv1.CheckoutRequest{CartId: b.cart.ID, RequestId: id.New()})
	require.Equal(t, "PAYMENT_REQUIRED", errs.ReasonOf(err))
	_, err = p.checkouts.Checkout(p.ctx, b.request("", "card", "tok_ok"))
	require.Equal(t, "IDEMPOTENCY_KEY_REQUIRED", errs.ReasonOf(err))
	_, err = p.checkouts.Checkout(p.ctx, &cartv1.CheckoutRequest{CartId: id.Secret(), RequestId: id.New()})
	require.ErrorIs(t, err, cart.ErrNotFound.Err())
	require.Nil(t, b.order())
}

// Fifty impatient clicks with one key make one order, and each click is told of that order or to wait.
func TestOneKeyOneOrder(t *testing.T) {
	t.Parallel()
	s := stocked(t)
	p, b := s.process(), s.buyer("", true, 1200)
	req := b.request(id.New(), "card", "tok_ok")
	orders := make([]string, 50)
	var clicks sync.WaitGroup
	for i := range orders {
		clicks.Go(func() {
			resp, err := p.checkouts.Checkout(b.calling(p.ctx), req)
			for errs.Has(err, errs.IdempotencyInProgress) || errs.Has(err, errs.Overloaded) {
				resp, err = p.checkouts.Checkout(b.calling(p.ctx), req)
			}
			if err != nil {
				orders[i] = err.Error()
				return
			}
			orders[i] = resp.GetOrder().GetId()
		})
	}
	clicks.Wait()
	for _, o := range orders {
		require.Equal(t, orders[0], o)
	}
	b.bought(t, orders[0])
	require.Equal(t, int32(997), s.inventory.shirts())
	other := b.request(req.GetRequestId(), "card", "tok_declined")
	_, err := p.checkouts.Checkout(b.calling(p.ctx), other)
	require.ErrorIs(t, err, errs.IdempotencyKeyReused.Err())
}

// Two tabs that buy the same cart with different keys make one order; the other tab is told so.
func TestTwoTabsOneOrder(t *testing.T) {
	t.Parallel()
	s := stocked(t)
	p, b := s.process(), s.buyer("", false, 0)
	var tabs sync.WaitGroup
	results := make([]string, 8)
	for i := range results {
		tabs.Go(func() {
			o, err := b.buy(p, "card", "tok_ok")
			results[i] = errs.ReasonOf(err)
			if err == nil {
				results[i] = "order " + o.GetId()
			}
		})
	}
	tabs.Wait()
	bought := 0
	for _, result := range results {
		if len(result) > 6 && result[:6] == "order " {
			bought++
			b.bought(t, result[6:])
			continue
		}
		require.Contains(t, []string{"CHECKOUT_IN_PROGRESS", "CART_CONVERTED", "VERSION_CONFLICT"}, result)
	}
	require.Equal(t, 1, bought)
	_, err := b.buy(p, "card", "tok_ok")
	require.ErrorIs(t, err, cart.ErrConverted.Err())
}

// A buyer who passes the bank's challenge and comes back has bought; one who fails it has the cart back; nobody is left
// with stock held for ever.
func TestChallenge(t *testing.T) {
	t.Parallel()
	s := stocked(t)
	p := s.process().work()
	b := s.buyer("", true, 1200)
	o, err := b.buy(p, "card", "tok_3ds")
	require.NoError(t, err)
	require.Equal(t, cartv1.OrderStatus_ORDER_STATUS_REQUIRES_ACTION, o.GetStatus())
	require.Equal(t, "https://bank.example/challenge", o.GetPayment().GetNextAction().GetUrl())
	require.WithinDuration(t, time.Now().Add(14*time.Minute), o.GetPayment().GetNextAction().GetExpiresAt().AsTime(), time.Minute, "the buyer knows how long")
	resumed, err := p.checkouts.ResumeCheckout(b.calling(p.ctx), &cartv1.ResumeCheckoutRequest{OrderId: o.GetId()})
	require.NoError(t, err)
	require.Equal(t, cartv1.OrderStatus_ORDER_STATUS_REQUIRES_ACTION, resumed.GetOrder().GetStatus(), "coming back early changes nothing")
	s.payment.approve(o.GetId())
	resumed, err = p.checkouts.ResumeCheckout(b.calling(p.ctx), &cartv1.ResumeCheckoutRequest{OrderId: o.GetId()})
	require.NoError(t, err)
	require.Equal(t, cartv1.OrderStatus_ORDER_STATUS_PLACED, resumed.GetOrder().GetStatus())
	b.bought(t, o.GetId())

	b = s.buyer("", true, 1200)
	o, err = b.buy(p, "card", "tok_3ds")
	require.NoError(t, err)
	s.payment.refuse(o.GetId())
	resumed, err = p.checkouts.ResumeCheckout(b.calling(p.ctx), &cartv1.ResumeCheckoutRequest{OrderId: o.GetId()})
	require.NoError(t, err)
	require.Equal(t, "PAYMENT_DECLINED", resumed.GetOrder().GetFailure().GetReason())
	b.gaveUp(t, o.GetId())
}

// A voucher paid at the bank later places the order when the payment service says so, however often it says it.
func TestVoucherPaidLater(t *testing.T) {
	t.Parallel()
	s := stocked(t)
	p := s.process().work()
	b := s.buyer("", false, 0)
	o, err := b.buy(p, "voucher", "")
	require.NoError(t, err)
	require.Equal(t, cartv1.OrderStatus_ORDER_STATUS_REQUIRES_ACTION, o.GetStatus())
	s.payment.approve(o.GetId())
	for range 3 {
		_, err = p.checkouts.NotifyPayment(p.ctx, &cartv1.NotifyPaymentRequest{EventId: "event-1", OrderId: o.GetId(), PaymentId: "p"})
		require.NoError(t, err)
	}
	s.ended(o.GetId(), pickedUp)
	b.bought(t, o.GetId())
	_, err = p.checkouts.NotifyPayment(p.ctx, &cartv1.NotifyPaymentRequest{EventId: "event-2", OrderId: id.Secret(), PaymentId: "p"})
	require.NoError(t, err, "news of an order nobody knows are no error")
}

// A method that captures at once is captured when the order is placed; the order knows.
func TestMethodThatCapturesAtOnce(t *testing.T) {
	t.Parallel()
	s := stocked(t)
	b := s.buyer("", false, 0)
	o, err := b.buy(s.process(), "qr", "")
	require.NoError(t, err)
	require.Equal(t, cartv1.PaymentStatus_PAYMENT_STATUS_CAPTURED, o.GetPaymentStatus())
	b.bought(t, o.GetId())
}

// A payment whose outcome the provider does not tell at once is neither placed nor undone before it is known.
func TestUnknownPaymentIsResolved(t *testing.T) {
	t.Parallel()
	s := stocked(t)
	b := s.buyer("", false, 0)
	o, err := b.buy(s.process(), "card", "tok_unknown")
	require.NoError(t, err)
	b.bought(t, o.GetId())
}

// A buyer who never comes back loses the place, not the shop its stock: when the time is over everything is released.
func TestBuyerNeverComesBack(t *testing.T) {
	t.Parallel()
	s := stocked(t)
	p := s.process().work()
	gone, back := s.buyer("", true, 1200), s.buyer("", true, 1200)
	o, err := gone.buy(p, "impatient", "tok_3ds")
	require.NoError(t, err)
	late, err := back.buy(p, "impatient", "tok_3ds")
	require.NoError(t, err)
	s.payment.approve(late.GetId()) // paid, but the news never come: the last look finds it
	s.ended(o.GetId(), pickedUp)
	s.ended(late.GetId(), pickedUp)
	gone.gaveUp(t, o.GetId())
	back.bought(t, late.GetId())
	got, err := p.orders.GetOrder(p.ctx, &cartv1.GetOrderRequest{OrderId: o.GetId()})
	require.NoError(t, err)
	require.Equal(t, "PAYMENT_EXPIRED", got.GetOrder().GetFailure().GetReason())
}

// A buyer may cancel while the bank still waits: everything is given back and the cart is open.
func TestCancelWhileWaiting(t *testing.T) {
	t.Parallel()
	s := stocked(t)
	p := s.process()
	b := s.buyer("", true, 1200)
	o, err := b.buy(p, "card", "tok_3ds")
	require.NoError(t, err)
	req := &cartv1.CancelOrderRequest{OrderId: o.GetId(), RequestId: id.New(), Reason: "changed my mind"}
	for range 2 {
		resp, err := p.orders.CancelOrder(b.calling(p.ctx), req)
		require.NoError(t, err)
		require.Equal(t, cartv1.OrderStatus_ORDER_STATUS_CANCELLED, resp.GetOrder().GetStatus())
		require.Equal(t, cartv1.PaymentStatus_PAYMENT_STATUS_UNPAID, resp.GetOrder().GetPaymentStatus())
	}
	b.gaveUp(t, o.GetId())
}

// A buyer who cancels while the bank is being asked gets either the order or the cancellation, never a charge without an
// order: here the cancellation comes first and the payment that was made is released.
func TestCancelWhileAuthorizing(t *testing.T) {
	t.Parallel()
	s := stocked(t)
	p := s.process().work()
	b := s.buyer("", true, 1200)
	asked, cancelled := make(chan struct{}), make(chan struct{})
	s.faults.arm(b.requestID, "AuthorizePayment", armed{fault: lostReply, kill: func() { close(asked); <-cancelled }})
	bought := make(chan *cartv1.Order, 1)
	go func() {
		o, _ := b.buy(p, "card", "tok_ok")
		bought <- o
	}()
	<-asked
	o := b.order()
	store := postgres.NewOrderStore(s.database.DB)
	active, err := store.CancelSaga(p.ctx, o.ID)
	require.NoError(t, err)
	require.True(t, active)
	close(cancelled)
	require.Equal(t, cartv1.OrderStatus_ORDER_STATUS_CANCELLED, (<-bought).GetStatus())
	s.ended(o.ID, pickedUp)
	b.gaveUp(t, o.ID)
}

// Stock that went back on sale before the order was placed is taken again; when it is gone the buyer gets the money back
// and nothing is oversold.
func TestStockLostBeforeCommit(t *testing.T) {
	t.Parallel()
	s := stocked(t)
	p := s.process().work()
	lucky := s.buyer("", true, 1200)
	o, err := lucky.buy(p, "card", "tok_3ds")
	require.NoError(t, err)
	s.inventory.expire(o.GetId())
	s.payment.expireHolds(o.GetId())
	s.payment.approve(o.GetId())
	_, err = p.checkouts.ResumeCheckout(lucky.calling(p.ctx), &cartv1.ResumeCheckoutRequest{OrderId: o.GetId()})
	require.NoError(t, err)
	s.ended(o.GetId(), pickedUp)
	lucky.bought(t, o.GetId())

	unlucky := s.buyer("", true, 1200)
	o, err = unlucky.buy(p, "card", "tok_3ds")
	require.NoError(t, err)
	s.inventory.expire(o.GetId())
	s.inventory.set(skuA, 0)
	s.payment.approve(o.GetId())
	_, err = p.checkouts.ResumeCheckout(unlucky.calling(p.ctx), &cartv1.ResumeCheckoutRequest{OrderId: o.GetId()})
	require.NoError(t, err)
	s.ended(o.GetId(), pickedUp)
	got, err := p.orders.GetOrder(asStaff(p.ctx), &cartv1.GetOrderRequest{OrderId: o.GetId()})
	require.NoError(t, err)
	require.Equal(t, cartv1.OrderStatus_ORDER_STATUS_CANCELLED, got.GetOrder().GetStatus())
	require.True(t, got.GetOrder().GetNeedsAttention())
	require.Equal(t, purse{GiftOnCard: 1200}, s.payment.purse(o.GetId(), unlucky.card))
	require.Equal(t, "0 held, 0 committed", s.inventory.stateOf(o.GetId()))
}

// A call that has less time than the purchase needs answers the order as pending; the purchase goes on without it.
func TestCallOutOfTime(t *testing.T) {
	t.Parallel()
	s := stocked(t)
	p := s.process().work()
	b := s.buyer("", false, 0)
	answered := make(chan struct{})
	s.faults.arm(b.requestID, "Reserve", armed{fault: lostReply, kill: func() { <-answered }})
	ctx, cancel := context.WithTimeout(b.calling(p.ctx), 3*time.Second)
	defer cancel()
	resp, err := p.checkouts.Checkout(ctx, b.request(id.New(), "card", "tok_ok"))
	close(answered)
	require.NoError(t, err)
	require.Equal(t, cartv1.OrderStatus_ORDER_STATUS_PENDING, resp.GetOrder().GetStatus())
	s.ended(resp.GetOrder().GetId(), pickedUp)
	b.bought(t, resp.GetOrder().GetId())
}

// A checkout that cannot be finished before its time is over gives everything back and says so: the buyer may try again.
func TestCheckoutRunsOutOfTime(t *testing.T) {
	t.Parallel()
	s := stocked(t)
	p := s.process()
	b := s.buyer("", true, 1200)
	answered := make(chan struct{})
	s.faults.arm(b.requestID, "Reserve", armed{fault: lostReply, kill: func() { <-answered }})
	ctx, cancel := context.WithTimeout(b.calling(p.ctx), 3*time.Second)
	defer cancel()
	resp, err := p.checkouts.Checkout(ctx, b.request(id.New(), "card", "tok_ok"))
	close(answered)
	require.NoError(t, err)
	orderID := resp.GetOrder().GetId()
	_, err = s.database.DB.Exec(p.ctx, "UPDATE saga SET deadline = now() - interval '1 s' WHERE order_id = $1", orderID)
	require.NoError(t, err)
	p.work()
	s.ended(orderID, pickedUp)
	b.gaveUp(t, orderID)
	got, err := p.orders.GetOrder(b.calling(p.ctx), &cartv1.GetOrderRequest{OrderId: orderID})
	require.NoError(t, err)
	require.Equal(t, checkout.ErrTimedOut.Reason(), got.GetOrder().GetFailure().GetReason())
}

// Order numbers are given to placed orders only, each once.
func TestOrderNumbers(t *testing.T) {
	t.Parallel()
	s := stocked(t)
	p := s.process()
	var buyers sync.WaitGroup
	numbers := make([]string, 20)
	for i := range numbers {
		b := s.buyer(fmt.Sprint(i), false, 0)
		buyers.Go(func() {
			if o, err := b.buy(p, "card", "tok_ok"); err == nil {
				numbers[i] = o.GetNumber()
			}
		})
	}
	buyers.Wait()
	seen := map[string]bool{}
	for _, number := range numbers {
		require.NotEmpty(t, number)
		require.False(t, seen[number])
		seen[number] = true
	}
}
