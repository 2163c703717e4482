package checkout_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cartwright-shop/cartwright/services/cart/internal/cart"
	"github.com/cartwright-shop/cartwright/services/cart/internal/order"
	"github.com/cartwright-shop/cartwright/services/cart/internal/postgres"
	"github.com/cartwright-shop/cartwright/services/platform/id"
)

// pickedUp is how long a checkout may lie after its process died: twelve seconds are the lease, one look and the work; the rest
// is for machines that do something else meanwhile.
const pickedUp = time.Minute

// crash is one thing that goes wrong at one call of one purchase.
type crash struct {
	method string
	fault  fault
	token  string
	buyer  *buyer
}

// crashes is every fault at every call of a way to buy.
func (s *shop) crashes(token string, methods ...string) []*crash {
	var all []*crash
	for _, method := range methods {
		for _, fault := range []fault{lostRequest, lostReply, killBefore, killAfter} {
			all = append(all, &crash{method: method, fault: fault, token: token, buyer: s.buyer("", true, 1200)})
		}
	}
	return all
}

// suffer runs all purchases at the same time, each by a process of its own that may die, beside one process that lives, and
// returns when nothing is under way any more.
func (s *shop) suffer(all []*crash) {
	s.process().work()
	var buyers sync.WaitGroup
	for _, c := range all {
		victim := s.process()
		a := armed{fault: c.fault}
		if c.fault == killBefore || c.fault == killAfter {
			a.kill = victim.kill
		}
		s.faults.arm(c.buyer.requestID, c.method, a)
		buyers.Go(func() {
			_, _ = c.buyer.buy(victim, "card", c.token) // what a dying process answers nobody hears
		})
	}
	buyers.Wait()
	store := postgres.NewOrderStore(s.database.DB)
	require.Eventually(s.t, func() bool {
		stats, err := store.SagaStats(patient())
		return err == nil && len(stats) == 0
	}, pickedUp, 50*time.Millisecond)
	for _, c := range all {
		require.True(s.t, s.faults.wasHit(c.buyer.requestID, c.method), "%s was never called", c.method)
	}
}

// Whatever goes wrong, and whenever, on the way to a placed order: the buyer has exactly one order, is charged exactly once,
// and the stock is taken exactly once.
func TestCrashOnTheWay(t *testing.T) {
	t.Parallel()
	s := stocked(t)
	all := s.crashes("tok_ok", "ConfirmQuote", "Reserve", "HoldGiftCard", "AuthorizePayment",
		"CommitReservation", "PostGiftCardHold", "CapturePayment", "RedeemCoupons")
	s.suffer(all)
	for _, c := range all {
		c.must(t, (*buyer).bought)
	}
	require.Equal(t, int32(1000-3*len(all)), s.inventory.shirts())
	require.Equal(t, 1000-len(all), s.pricing.limit)
}

// Whatever goes wrong while a refused purchase gives back what it took: nothing stays held, and the cart is open.
func TestCrashWhileGivingBack(t *testing.T) {
	t.Parallel()
	s := stocked(t)
	all := s.crashes("tok_declined", "ConfirmQuote", "Reserve", "HoldGiftCard", "AuthorizePayment",
		"VoidPayment", "ReleaseGiftCardHold", "ReleaseReservation", "ReleaseCoupons")
	s.suffer(all)
	for _, c := range all {
		c.must(t, (*buyer).gaveUp)
		require.Equal(t, int64(1200), s.payment.purse("", c.buyer.card).GiftOnCard, "%s: %s", c.method, c.fault)
	}
	require.Equal(t, int32(1000), s.inventory.shirts())
	require.Equal(t, 1000, s.pricing.limit)
}

// must says which crash broke the promise.
func (c *crash) must(t *testing.T, check func(*buyer, require.TestingT, string)) {
	o := c.buyer.order()
	require.NotNil(t, o, "%s: %s: no order", c.method, c.fault)
	check(c.buyer, labelled{t, c.method + ": " + string(c.fault)}, o.ID)
}

type labelled struct {
	*testing.T
	label string
}

func (l labelled) Errorf(format string, args ...any) {
	l.T.Errorf("%s: %s", l.label, fmt.Sprintf(format, args...))
}

// A process that lost the answer to a commit does not know whether it happened; the order is right either way, also when
// it was the commit that placed it.
func TestCommitWithoutAnswer(t *testing.T) {
	t.Parallel()
	s := stocked(t)
	s.process().work()
	buyers, commits := []*buyer{}, sync.WaitGroup{}
	for nth := range 3 { // the beginning, the placing and the end
		p, b := s.process(), s.buyer("", true, 1200)
		p.store.cutOff.Store(int32(nth) + 1)
		buyers = append(buyers, b)
		req := b.request(id.New(), "card", "tok_ok")
		commits.Go(func() {
			ctx, cancel := context.WithTimeout(b.calling(p.ctx), pickedUp)
			defer cancel()
			_, err := p.checkouts.Checkout(ctx, req)
			for err != nil && ctx.Err() == nil {
				_, err = p.checkouts.Checkout(ctx, req)
			}
		})
	}
	commits.Wait()
	for _, b := range buyers {
		o := b.order()
		s.ended(o.ID, pickedUp)
		b.bought(t, o.ID)
	}
	require.Equal(t, int32(1000-9), s.inventory.shirts())
}

// A commit that does not happen is tried again with all that was found out before it: a capture that was forgotten here would
// leave an order that was paid and looks unpaid, and that nobody could refund.
func TestFailedCommitForgetsNothing(t *testing.T) {
	t.Parallel()
	s := stocked(t)
	s.process().work()
	for nth := range int32(2) { // the placing and the end
		for _, method := range []string{"card", "qr"} {
			p, b := s.process(), s.buyer("", true, 1200)
			p.store.refuse.Store(nth + 2)
			ctx, cancel := context.WithTimeout(b.calling(p.ctx), pickedUp)
			resp, err := p.checkouts.Checkout(ctx, b.request(id.New(), method, "tok_ok"))
			cancel()
			require.NoError(t, err)
			s.ended(resp.GetOrder().GetId(), pickedUp)
			b.bought(t, resp.GetOrder().GetId())
		}
	}
}

// A process that was stopped for longer than its lease and wakes up writes nothing: another one has the checkout, and
// the buyer is not charged twice.
func TestPausedProcessWritesNothing(t *testing.T) {
	t.Parallel()
	s := stocked(t)
	paused, b := s.process(), s.buyer("", true, 1200)
	paused.store.frozen.Store(true)
	asleep, wake := make(chan struct{}), make(chan struct{})
	s.faults.arm(b.requestID, "CommitReservation", armed{fault: lostReply, kill: func() { close(asleep); <-wake }})
	answered := make(chan struct{})
	go func() {
		defer close(answered)
		ctx, cancel := context.WithTimeout(b.calling(paused.ctx), time.Minute)
		defer cancel()
		_, _ = paused.checkouts.Checkout(ctx, b.request(id.New(), "card", "tok_ok")) // it lost the checkout: its answer does not matter
	}()
	<-asleep
	o := b.order()
	require.Equal(t, order.Placed, o.Status)
	s.process().work()
	s.ended(o.ID, pickedUp)
	b.bought(t, o.ID)
	after := b.order()
	close(wake)
	<-answered
	require.Equal(t, after.Version, b.order().Version, "the process that slept wrote nothing")
	b.bought(t, o.ID)
}

// A process that is told to stop gives its checkouts back at once: the next one does not wait for the lease.
func TestStoppedProcessGivesBack(t *testing.T) {
	t.Parallel()
	s := stocked(t)
	stopping, b := s.process(), s.buyer("", false, 0)
	s.faults.arm(b.requestID, "HoldGiftCard", armed{fault: lostRequest})
	s.faults.arm(b.requestID, "AuthorizePayment", armed{fault: lostRequest, kill: stopping.stop})
	_, err := b.buy(stopping, "card", "tok_ok")
	require.NoError(t, err, "the order is answered as it is")
	require.Equal(t, cart.CheckingOut, b.cartState())
	s.process().work()
	o := b.order()
	s.ended(o.ID, 8*time.Second) // less than the lease
	b.bought(t, o.ID)
}
