package checkout_test

import (
	"context"
	"strings"
	"time"

	"github.com/stretchr/testify/require"

	cartv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/cart/v1"

	"github.com/cartwright-shop/cartwright/services/cart/internal/order"
	"github.com/cartwright-shop/cartwright/services/cart/internal/saga"
	"github.com/cartwright-shop/cartwright/services/platform/id"
)

// sceneTime is how long the process of a scene works before it is gone.
const sceneTime = 1200 * time.Millisecond

// purchase is a way to buy.
type purchase struct {
	mood, method, token string
	coupon              bool
	giftCard            int64
}

// mixed pays with coupon, gift card and card, so that every service is called.
func mixed(token string) purchase {
	return purchase{method: "card", token: token, coupon: true, giftCard: 1200}
}

func (w purchase) request(b *buyer) *cartv1.CheckoutRequest {
	if w.method == "" {
		return &cartv1.CheckoutRequest{CartId: b.cart.ID, RequestId: id.New()}
	}
	return b.request(id.New(), w.method, w.token)
}

// halted buys while method goes wrong, until the process is gone and the failed try is on record.
func (w purchase) halted(method string, how fault) func(*shop) *buyer {
	return func(s *shop) *buyer {
		b := s.buyer(w.mood, w.coupon, w.giftCard)
		if method != "" {
			s.faults.fail(b.requestID, method, how)
		}
		p := s.process()
		ctx, cancel := context.WithTimeout(b.calling(p.ctx), sceneTime)
		defer cancel()
		_, err := p.checkouts.Checkout(ctx, w.request(b))
		require.NoError(s.t, err)
		s.settled(b)
		return b
	}
}

// settled waits until nobody works on what is under way.
func (s *shop) settled(b *buyer) {
	require.Eventually(s.t, func() bool {
		var free bool
		err := s.database.DB.QueryRow(patient(), "SELECT bool_and(lease = '') FROM saga WHERE order_id = $1", b.order().ID).Scan(&free)
		return err == nil && free
	}, pickedUp, 20*time.Millisecond)
}

// killed buys until the process dies at method; its lease is still there.
func (w purchase) killed(method string, how fault) func(*shop) *buyer {
	return func(s *shop) *buyer {
		b, p := s.buyer(w.mood, w.coupon, w.giftCard), s.process()
		s.faults.arm(b.requestID, method, armed{fault: how, kill: p.kill})
		_, _ = p.checkouts.Checkout(b.calling(p.ctx), w.request(b))
		require.True(s.t, s.faults.wasHit(b.requestID, method))
		return b
	}
}

// altered is a scene with something done to its saga afterwards.
func altered(play func(*shop) *buyer, sql string) func(*shop) *buyer {
	return func(s *shop) *buyer {
		b := play(s)
		_, err := s.database.DB.Exec(patient(), sql)
		require.NoError(s.t, err)
		return b
	}
}

// at is the back office doing something to an order while method goes wrong.
func (w purchase) at(do func(*desk), method string, how fault) func(*shop) *buyer {
	return func(s *shop) *buyer {
		seller := s.process()
		d := s.sold(seller, w.mood, w.method, w.token, w.giftCard)
		if strings.HasPrefix(w.mood, "at placement, shipped") {
			_, err := d.ship()
			require.NoError(s.t, err)
		}
		if method != "" {
			s.faults.fail(d.b.requestID, method, how)
		}
		p := s.process()
		ctx, cancel := context.WithTimeout(p.ctx, sceneTime)
		defer cancel()
		p.ctx, d.process = ctx, p
		do(d)
		s.settled(d.b)
		return d.b
	}
}

func doCancel(d *desk) {
	_, _ = d.orders.CancelOrder(d.ctx(), &cartv1.CancelOrderRequest{OrderId: d.order.GetId(), RequestId: id.New()})
}

func doRefund(d *desk) {
	_, _ = d.refund(&cartv1.RefundOrderRequest{Lines: d.item(0, 2), Restock: true})
}

func doShip(d *desk) { _, _ = d.ship(d.shirts(2)) }

// scenes are the places where a saga of this release can stand.
func scenes() []scene {
	all := append(forwardScenes(), backwardScenes()...)
	all = append(all, waitingScenes()...)
	all = append(all, deadScenes()...)
	return append(all, deskScenes()...)
}

func slug(f fault) string { return strings.ReplaceAll(strings.TrimPrefix(string(f), "the "), " ", "-") }

// both makes a scene with the request lost and one with the reply lost.
func both(template scene, play func(how fault) func(*shop) *buyer) []scene {
	var all []scene
	for _, how := range []fault{lostRequest, lostReply} {
		sc := template
		sc.Name, sc.play = template.Name+"-"+slug(how), play(how)
		all = append(all, sc)
	}
	return all
}

func forwardScenes() []scene {
	var all []scene
	add := func(name, step, method string, w purchase) {
		template := scene{Name: name, Kind: order.CheckoutKind, State: saga.Running, Step: step, End: endBought}
		all = append(all, both(template, func(how fault) func(*shop) *buyer { return w.halted(method, how) })...)
	}
	add("confirm-quote", "confirm_quote", "ConfirmQuote", mixed("tok_ok"))
	add("reserve-stock", "reserve_stock", "Reserve", mixed("tok_ok"))
	add("hold-gift-cards", "hold_gift_cards", "HoldGiftCard", mixed("tok_ok"))
	add("authorize-payment", "authorize_payment", "AuthorizePayment", mixed("tok_ok"))
	add("commit-stock", "commit_stock", "CommitReservation", mixed("tok_ok"))
	add("post-gift-cards", "post_gift_cards", "PostGiftCardHold", mixed("tok_ok"))
	add("capture-payment", "capture_payment", "CapturePayment", mixed("tok_ok"))
	add("redeem-coupons", "redeem_coupons", "RedeemCoupons", mixed("tok_ok"))
	giftOnly := purchase{giftCard: 10_000}
	add("gift-card-only-hold", "hold_gift_cards", "HoldGiftCard", giftOnly)
	add("gift-card-only-post", "post_gift_cards", "PostGiftCardHold", giftOnly)
	atOnce := purchase{method: "qr"}
	add("captured-at-once-authorize", "authorize_payment", "AuthorizePayment", atOnce)
	add("captured-at-once-commit-stock", "commit_stock", "CommitReservation", atOnce)
	later := purchase{mood: "at shipment", method: "card", token: "tok_ok", coupon: true, giftCard: 1200}
	add("at-shipment-commit-stock", "commit_stock", "CommitReservation", later)
	add("at-shipment-redeem-coupons", "redeem_coupons", "RedeemCoupons", later)
	return all
}

func backwardScenes() []scene {
	var all []scene
	add := func(name, step, method string) {
		template := scene{Name: "back-" + name, Kind: order.CheckoutKind, State: saga.Compensating, Step: step, End: endGaveUp}
		all = append(all, both(template, func(how fault) func(*shop) *buyer { return mixed("tok_declined").halted(method, how) })...)
	}
	add("void-payment", "void_payment", "VoidPayment")
	add("release-gift-cards", "release_gift_cards", "ReleaseGiftCardHold")
	add("release-stock", "release_stock", "ReleaseReservation")
	add("release-coupons", "release_coupons", "ReleaseCoupons")
	return all
}

func waitingScenes() []scene {
	const kind = order.CheckoutKind
	challenge, voucher := mixed("tok_3ds").halted("", ""), purchase{method: "voucher", giftCard: 500}.halted("", "")
	unknown := purchase{method: "card", token: "tok_unknown"}
	return []scene{
		{Name: "waits-for-challenge-passed", Kind: kind, State: saga.Waiting, Step: "await_payment", News: newsApproved, End: endBought, play: challenge},
		{Name: "waits-for-challenge-failed", Kind: kind, State: saga.Waiting, Step: "await_payment", News: newsRefused, End: endGaveUp, play: challenge},
		{Name: "waits-for-buyer-who-is-gone", Kind: kind, State: saga.Waiting, Step: "await_payment", End: endGaveUp, play: altered(challenge,
			"UPDATE saga SET deadline = now() - interval '1 minute', next_run_at = now() - interval '1 minute'")},
		{Name: "waits-for-voucher-paid", Kind: kind, State: saga.Waiting, Step: "await_payment", News: newsApproved, End: endBought, play: voucher},
		{Name: "waits-for-voucher-refused", Kind: kind, State: saga.Waiting, Step: "await_payment", News: newsRefused, End: endGaveUp, play: voucher},
		{Name: "cancelled-while-waiting", Kind: kind, State: saga.Running, Step: "await_payment", End: endGaveUp, play: altered(challenge,
			"UPDATE saga SET cancel_requested = true, wakes = wakes + 1, next_run_at = now(), state = 'running'")},
		{Name: "woken-by-news", Kind: kind, State: saga.Running, Step: "await_payment", News: newsApproved, End: endBought, play: altered(challenge,
			"UPDATE saga SET wakes = wakes + 1, next_run_at = now(), state = 'running'")},
		{Name: "payment-unknown", Kind: kind, State: saga.Running, Step: "await_payment", End: endBought, play: unknown.halted("ResolvePayment", lostRequest)},
		{Name: "payment-unknown-past-the-deadline", Kind: kind, State: saga.Running, Step: "await_payment", End: endBought, play: altered(
			unknown.halted("ResolvePayment", lostRequest), "UPDATE saga SET deadline = now() - interval '1 minute'")},
		{Name: "capture-decided-later", Kind: kind, State: saga.Waiting, Step: "capture_payment", News: newsDecided, End: endBought, play: mixed("tok_slowcapture").halted("", "")},
		{Name: "calls-for-a-person", Kind: kind, State: saga.Running, Step: "commit_stock", End: endBought, play: altered(
			mixed("tok_ok").halted("CommitReservation", lostRequest), "UPDATE saga SET attempts = 40, needs_attention = true")},
		{Name: "out-of-time", Kind: kind, State: saga.Running, Step: "reserve_stock", End: endGaveUp, play: altered(
			mixed("tok_ok").halted("Reserve", lostReply), "UPDATE saga SET deadline = now() - interval '1 minute'")},
	}
}

func deadScenes() []scene {
	const kind = order.CheckoutKind
	return []scene{
		{Name: "dead-before-confirm-quote", Kind: kind, State: saga.Running, Step: "confirm_quote", End: endBought, play: mixed("tok_ok").killed("ConfirmQuote", killBefore)},
		{Name: "dead-after-reserve", Kind: kind, State: saga.Running, Step: "confirm_quote", End: endBought, play: mixed("tok_ok").killed("Reserve", killAfter)},
		{Name: "dead-after-authorize", Kind: kind, State: saga.Running, Step: "confirm_quote", End: endBought, play: mixed("tok_ok").killed("AuthorizePayment", killAfter)},
		{Name: "dead-after-captured-at-once", Kind: kind, State: saga.Running, Step: "confirm_quote", End: endBought, play: purchase{method: "qr"}.killed("AuthorizePayment", killAfter)},
		{Name: "dead-after-commit-stock", Kind: kind, State: saga.Running, Step: "commit_stock", End: endBought, play: mixed("tok_ok").killed("CommitReservation", killAfter)},
		{Name: "dead-after-capture", Kind: kind, State: saga.Running, Step: "commit_stock", End: endBought, play: mixed("tok_ok").killed("CapturePayment", killAfter)},
		{Name: "dead-after-void", Kind: kind, State: saga.Compensating, Step: "void_payment", End: endGaveUp, play: mixed("tok_declined").killed("VoidPayment", killAfter)},
	}
}

func deskScenes() []scene {
	var all []scene
	add := func(name, kind, step string, play func(how fault) func(*shop) *buyer) {
		all = append(all, both(scene{Name: name, Kind: kind, State: saga.Running, Step: step, End: endBooks}, play)...)
	}
	now := purchase{mood: "at placement", method: "card", token: "tok_ok", giftCard: 2000}
	shipped, later := now, now
	shipped.mood, later.mood = "at placement, shipped", "at shipment"
	add("refund-payment", order.RefundKind, "refund_payment", func(how fault) func(*shop) *buyer { return shipped.at(doRefund, "RefundPayment", how) })
	add("refund-gift-cards", order.RefundKind, "refund_gift_cards", func(how fault) func(*shop) *buyer { return shipped.at(doRefund, "RefundToGiftCard", how) })
	add("refund-return-stock", order.RefundKind, "return_stock", func(how fault) func(*shop) *buyer { return shipped.at(doRefund, "ReceiveReturn", how) })
	add("cancel-refund-payment", order.RefundKind, "refund_payment", func(how fault) func(*shop) *buyer { return now.at(doCancel, "RefundPayment", how) })
	add("cancel-return-stock", order.RefundKind, "return_stock", func(how fault) func(*shop) *buyer { return now.at(doCancel, "ReleaseAllocation", how) })
	add("cancel-release-coupons", order.RefundKind, "release_coupons", func(how fault) func(*shop) *buyer { return now.at(doCancel, "ReleaseCoupons", how) })
	add("cancel-before-capture", order.RefundKind, "settle_payment", func(how fault) func(*shop) *buyer { return later.at(doCancel, "VoidPayment", how) })
	add("shipment-capture", order.ShipmentKind, "capture", func(how fault) func(*shop) *buyer {
		whole := later
		whole.giftCard = 500
		return whole.at(doShip, "CapturePayment", how)
	})
	add("shipment-ship", order.ShipmentKind, "ship", func(how fault) func(*shop) *buyer { return later.at(doShip, "CreateShipment", how) })
	slowRefund, slowCapture := shipped, later
	slowRefund.token, slowCapture.token, slowCapture.giftCard = "tok_slowrefund", "tok_slowcapture", 500
	return append(all,
		scene{Name: "refund-decided-later", Kind: order.RefundKind, State: saga.Waiting, Step: "refund_payment", News: newsDecided, End: endBooks, play: slowRefund.at(doRefund, "", "")},
		scene{Name: "shipment-capture-decided-later", Kind: order.ShipmentKind, State: saga.Waiting, Step: "capture", News: newsDecided, End: endBooks, play: slowCapture.at(doShip, "", "")},
	)
}
