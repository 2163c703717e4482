package checkout_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	cartv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/cart/v1"

	"github.com/cartwright-shop/cartwright/services/cart/internal/cart"
	"github.com/cartwright-shop/cartwright/services/cart/internal/order"
	"github.com/cartwright-shop/cartwright/services/cart/internal/postgres"
	"github.com/cartwright-shop/cartwright/services/cart/internal/saga"
	"github.com/cartwright-shop/cartwright/services/platform/id"
)

// zombie is a process that stopped in the middle of a call, with the request under way, and wakes up when somebody else has
// done its work.
type zombie struct {
	buyer  *buyer
	method string
	token  string
	wake   chan struct{}
	gone   chan struct{}
}

// stopAt lets a process stop at its first call of method and returns when it has.
func (s *shop) stopAt(method, token string) *zombie {
	z := &zombie{buyer: s.buyer("", true, 1200), method: method, token: token, wake: make(chan struct{}), gone: make(chan struct{})}
	p, asleep := s.process(), make(chan struct{})
	p.store.frozen.Store(true)
	s.faults.arm(z.buyer.requestID, method, armed{fault: late, kill: func() { close(asleep); <-z.wake }})
	go func() {
		defer close(z.gone)
		ctx, cancel := context.WithTimeout(z.buyer.calling(p.ctx), 2*time.Minute)
		defer cancel()
		_, _ = p.checkouts.Checkout(ctx, z.buyer.request(id.New(), "card", token)) // it lost the checkout: its answer does not matter
	}()
	select {
	case <-asleep:
	case <-time.After(pickedUp):
		require.Fail(s.t, "the process never got to", method)
	}
	return z
}

// footprint is all there is of a purchase, here and at the other services.
func (z *zombie) footprint() string {
	s, o := z.buyer.shop, z.buyer.order()
	g, err := postgres.NewOrderStore(s.database.DB).GetSaga(patient(), o.ID)
	require.NoError(s.t, err)
	return fmt.Sprintf("order v%d saga v%d %s/%s, stock %s %d, money %+v, coupon %s", o.Version, g.Version, g.State, g.Step,
		s.inventory.stateOf(o.ID), s.inventory.shirts(), s.payment.purse(o.ID, z.buyer.card), s.pricing.use(o.ID))
}

// A process stopped for longer than its lease wakes up with its call still under way. Another one has finished by then: the
// late call has no second effect, whichever it is, and what the sleeper does next is not written. Elsewhere such a sleeper
// charged the buyer twice, or undid an order that was already packed.
func TestZombieHasNoSecondEffect(t *testing.T) {
	t.Parallel()
	s := stocked(t)
	var all []*zombie
	for _, method := range []string{
		"ConfirmQuote", "Reserve", "HoldGiftCard", "AuthorizePayment", "CommitReservation", "PostGiftCardHold", "CapturePayment", "RedeemCoupons",
	} {
		all = append(all, s.stopAt(method, "tok_ok"))
	}
	for _, method := range []string{"VoidPayment", "ReleaseGiftCardHold", "ReleaseReservation", "ReleaseCoupons"} {
		all = append(all, s.stopAt(method, "tok_declined"))
	}
	s.process().work()
	for _, z := range all {
		s.ended(z.buyer.order().ID, pickedUp)
	}
	for _, z := range all {
		before := z.footprint()
		close(z.wake)
		<-z.gone
		require.Equal(t, before, z.footprint(), "woke up at %s", z.method)
		if z.token == "tok_ok" {
			z.buyer.bought(t, z.buyer.order().ID)
		} else {
			z.buyer.gaveUp(t, z.buyer.order().ID)
		}
	}
}

// A sleeper that is refused when it wakes up wants to give everything back. The order was placed by another process
// meanwhile, and nothing of it is undone.
func TestZombieCannotUndoAnOrder(t *testing.T) {
	t.Parallel()
	s := stocked(t)
	z := s.stopAt("ConfirmQuote", "tok_ok")
	s.process().work()
	s.ended(z.buyer.order().ID, pickedUp)
	s.pricing.move(z.buyer.order0())
	before := z.footprint()
	close(z.wake)
	<-z.gone
	require.Equal(t, before, z.footprint())
	require.Zero(t, s.faults.count(z.buyer.requestID, "VoidPayment"), "no undo was even asked for")
	z.buyer.bought(t, z.buyer.order().ID)
}

// Undo that comes before do: the checkout was ended while the request to reserve, to hold or to authorize was held up somewhere.
// When it arrives it is refused. Elsewhere it was carried out, and held stock and money that nobody knew of.
func TestUndoBeforeDo(t *testing.T) {
	t.Parallel()
	s := stocked(t)
	var all []*zombie
	for _, method := range []string{"ConfirmQuote", "Reserve", "HoldGiftCard", "AuthorizePayment"} {
		all = append(all, s.stopAt(method, "tok_ok"))
	}
	p := s.process().work()
	for _, z := range all {
		_, err := p.sagas.CompensateSaga(asStaff(p.ctx), &cartv1.CompensateSagaRequest{SagaId: z.buyer.order().ID, RequestId: id.New(), Reason: "hangs"})
		require.NoError(t, err)
	}
	for _, z := range all {
		s.ended(z.buyer.order().ID, pickedUp)
		z.buyer.gaveUp(t, z.buyer.order().ID)
		before := z.footprint()
		close(z.wake)
		<-z.gone
		require.Equal(t, before, z.footprint(), "%s came after its undoing", z.method)
		z.buyer.gaveUp(t, z.buyer.order().ID)
	}
	require.Equal(t, int32(1000), s.inventory.shirts())
	require.Equal(t, 1000, s.pricing.limit)
}

// A process that dies keeps its checkout from others for the lease only: within twelve seconds another one works on it. One
// popular queue leaves such work alone for an hour, in which the shopper looks at a spinner.
func TestDeadProcessIsReplacedInTime(t *testing.T) {
	t.Parallel()
	require.LessOrEqual(t, saga.Lease, 10*time.Second)
	s := stocked(t)
	p, b := s.process(), s.buyer("", false, 0)
	s.faults.arm(b.requestID, "AuthorizePayment", armed{fault: killAfter, kill: p.kill})
	_, _ = b.buy(p, "card", "tok_ok")
	orderID := b.order().ID
	lease := func() (token string, until time.Time) {
		require.NoError(t, s.database.DB.QueryRow(patient(), "SELECT lease, lease_until FROM saga WHERE id = $1", orderID).Scan(&token, &until))
		return token, until
	}
	dead, over := lease()
	// The one who takes over stops at its first call, so that its lease can be read.
	asleep, wake := make(chan struct{}), make(chan struct{})
	s.faults.arm(b.requestID, "ConfirmQuote", armed{fault: late, kill: func() { close(asleep); <-wake }})
	s.process().work()
	<-asleep
	heir, until := lease()
	close(wake)
	require.NotEqual(t, dead, heir)
	taken := until.Add(-saga.Lease)
	require.False(t, taken.Before(over), "nobody takes what is leased")
	require.LessOrEqual(t, taken.Sub(over), 5*time.Second, "two seconds, and what a busy machine adds")
	s.ended(orderID, pickedUp)
	b.bought(t, orderID)
}

// A payment of which nobody knows whether it was made is asked about until somebody knows, also when the checkout's time is over:
// whoever gives it up by guessing keeps the money of a buyer without an order, or sells to one without money.
func TestUnknownPaymentIsNeverUndone(t *testing.T) {
	t.Parallel()
	s := stocked(t)
	p, b := s.process(), s.buyer("", true, 1200)
	o := s.stuckAt(p, b, "tok_unknown", "ResolvePayment")
	_, err := s.database.DB.Exec(p.ctx, "UPDATE saga SET deadline = now() - interval '1 minute', next_run_at = now() WHERE id = $1", o.ID)
	require.NoError(t, err)
	tries := s.faults.count(b.requestID, "ResolvePayment")
	p.work()
	require.Eventually(t, func() bool { return s.faults.count(b.requestID, "ResolvePayment") >= tries+3 }, pickedUp, 20*time.Millisecond)
	require.Zero(t, s.faults.count(b.requestID, "VoidPayment"))
	require.Equal(t, "1 held, 0 committed", s.inventory.stateOf(o.ID))
	require.Equal(t, cart.CheckingOut, b.cartState())
	s.faults.mend(b.requestID, "ResolvePayment")
	s.ended(o.ID, pickedUp)
	b.bought(t, o.ID)
}

// The answer to a commit is lost on the wire, really: the connection is cut between the server's commit and its reply. The call
// reads what became of it by its key and goes on; it neither fails nor does anything twice.
func TestCommitAnswerCutOnTheWire(t *testing.T) {
	t.Parallel()
	s := stocked(t)
	var buyers sync.WaitGroup
	for nth := range int32(3) { // the beginning, the placing and the end
		w, db := openWire(s)
		p, b := s.processOn(db), s.buyer("", true, 1200)
		w.cutAt.Store(nth + 1)
		buyers.Go(func() {
			ctx, cancel := context.WithTimeout(b.calling(p.ctx), pickedUp)
			defer cancel()
			resp, err := p.checkouts.Checkout(ctx, b.request(id.New(), "card", "tok_ok"))
			require.NoError(t, err, "commit %d", nth+1)
			require.Equal(t, int32(1), w.cut.Load())
			require.Equal(t, cartv1.OrderStatus_ORDER_STATUS_PLACED, resp.GetOrder().GetStatus())
			require.Equal(t, cartv1.PaymentStatus_PAYMENT_STATUS_CAPTURED, resp.GetOrder().GetPaymentStatus())
			b.bought(t, resp.GetOrder().GetId())
			for _, method := range []string{"ConfirmQuote", "Reserve", "AuthorizePayment", "CapturePayment"} {
				require.Equal(t, 1, s.faults.count(b.requestID, method), "%s after commit %d: nobody began anew", method, nth+1)
			}
		})
	}
	buyers.Wait()
	require.Equal(t, int32(1000-9), s.inventory.shirts())
}

// Work that is committed while an older piece of work is still open is not a sign that the older one is done: both are picked
// up. A reader that remembers the last number it saw loses the one that was committed late.
func TestNothingCommittedLateIsSkipped(t *testing.T) {
	t.Parallel()
	s := stocked(t)
	slow, early, b := s.process(), s.buyer("", false, 0), s.buyer("", false, 0)
	opened, commit := make(chan struct{}), make(chan struct{})
	slow.store.beforeCommit.Store(func() { close(opened); <-commit })
	answered := make(chan struct{})
	go func() {
		defer close(answered)
		_, _ = early.buy(slow, "card", "tok_ok")
	}()
	<-opened
	p := s.process().work()
	o, err := b.buy(p, "card", "tok_ok")
	require.NoError(t, err)
	b.bought(t, o.GetId())
	slow.store.dead.Store(true) // its commit comes through, it does nothing more
	close(commit)
	<-answered
	s.ended(early.order().ID, pickedUp)
	early.bought(t, early.order().ID)
	kinds := func(orderID string) (all []string) {
		events, err := postgres.NewOrderStore(s.database.DB).ListEvents(patient(), orderID, 0, 100)
		require.NoError(t, err)
		for _, e := range events {
			all = append(all, e.Kind)
		}
		return all
	}
	require.Equal(t, []string{"checkout.started", "order.placed", "payment.captured"}, kinds(early.order().ID), "in the order in which it happened")
	require.Equal(t, kinds(early.order().ID), kinds(o.GetId()))
}

// News of a payment and their effect are one commit: when that fails the news count as not heard and come again; heard once they
// have no second effect. Elsewhere news that were marked as read and then lost left paid orders open for ever.
func TestNewsAreTakenWithTheirEffect(t *testing.T) {
	t.Parallel()
	s := stocked(t)
	p, b := s.process().work(), s.buyer("", false, 0)
	o, err := b.buy(p, "voucher", "")
	require.NoError(t, err)
	s.payment.approve(o.GetId())
	news := &cartv1.NotifyPaymentRequest{EventId: id.New(), OrderId: o.GetId(), PaymentId: "p"}
	deaf := s.process()
	deaf.store.refuse.Store(1)
	_, err = deaf.checkouts.NotifyPayment(p.ctx, news)
	require.Error(t, err)
	require.Equal(t, order.RequiresAction, b.order().Status)
	for range 3 {
		_, err = p.checkouts.NotifyPayment(p.ctx, news)
		require.NoError(t, err)
	}
	s.ended(o.GetId(), pickedUp)
	b.bought(t, o.GetId())
}
