package app_test

import (
	"context"
	"maps"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"

	paymentv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/payment/v1"
	"github.com/cartwright-shop/cartwright/services/payment/internal/sandboxserver"
	"github.com/cartwright-shop/cartwright/services/platform/errs"
	"github.com/cartwright-shop/cartwright/services/platform/id"
)

// mover is an RPC that moves money or sets it aside.
type mover struct {
	// request makes a good request of its own money.
	request func(s *shop) proto.Message
	// answer is an empty answer of the RPC.
	answer proto.Message
	// other changes what a request asks for, under the same id; nil when an id is all that is asked for.
	other func(r proto.Message)
	// effects counts what a request did, outside of the answers.
	effects func(s *shop, r proto.Message) int
}

// movers are all RPCs that move money or set it aside.
func movers() map[string]mover {
	all := paymentMovers()
	maps.Copy(all, cardMovers())
	return all
}

// paymentMovers are those of payments.
func paymentMovers() map[string]mover {
	paid := func(s *shop, capture int64) *paymentv1.Payment {
		p := s.authorize(ask(10_000, "card", "tok_ok"))
		if capture > 0 {
			p = s.capture(p.GetId(), capture, false).GetPayment()
		}
		return p
	}
	atProvider := func(kind string) func(s *shop, payment string) int {
		return func(s *shop, payment string) int { return s.effects(s.get(payment).GetOrderId(), kind) }
	}
	return map[string]mover{
		"AuthorizePayment": {
			request: func(*shop) proto.Message { return ask(10_000, "card", "tok_ok") }, answer: &paymentv1.AuthorizePaymentResponse{},
			other: func(r proto.Message) { r.(*paymentv1.AuthorizePaymentRequest).Amount = gbp(10_001) },
			effects: func(s *shop, r proto.Message) int {
				return s.effects(r.(*paymentv1.AuthorizePaymentRequest).GetOrderId(), "authorize")
			},
		},
		"CapturePayment": {
			request: func(s *shop) proto.Message {
				return &paymentv1.CapturePaymentRequest{PaymentId: paid(s, 0).GetId(), CaptureId: "c", RequestId: "r", Amount: gbp(4_000)}
			}, answer: &paymentv1.CapturePaymentResponse{},
			other: func(r proto.Message) { r.(*paymentv1.CapturePaymentRequest).Amount = gbp(4_001) },
			effects: func(s *shop, r proto.Message) int {
				return atProvider("capture")(s, r.(*paymentv1.CapturePaymentRequest).GetPaymentId())
			},
		},
		"RefundPayment": {
			request: func(s *shop) proto.Message {
				return &paymentv1.RefundPaymentRequest{PaymentId: paid(s, 9_000).GetId(), RefundId: "f", RequestId: "r", Amount: gbp(4_000)}
			}, answer: &paymentv1.RefundPaymentResponse{},
			other: func(r proto.Message) { r.(*paymentv1.RefundPaymentRequest).Amount = gbp(4_001) },
			effects: func(s *shop, r proto.Message) int {
				return atProvider("refund")(s, r.(*paymentv1.RefundPaymentRequest).GetPaymentId())
			},
		},
		"VoidPayment": {
			request: func(s *shop) proto.Message {
				return &paymentv1.VoidPaymentRequest{PaymentId: paid(s, 0).GetId(), VoidId: "v", RequestId: "r"}
			}, answer: &paymentv1.VoidPaymentResponse{},
			effects: func(s *shop, r proto.Message) int {
				return atProvider("void")(s, r.(*paymentv1.VoidPaymentRequest).GetPaymentId())
			},
		},
	}
}

// cardMovers are those of gift cards.
func cardMovers() map[string]mover {
	rows := func(s *shop, query string, args ...any) (n int) {
		require.NoError(s.t, s.db.DB.QueryRow(s.t.Context(), query, args...).Scan(&n))
		return n
	}
	heldCard := func(s *shop) *paymentv1.HoldGiftCardRequest {
		r := holdOf(s.issue(1_000).GetGiftCard().GetId(), 600)
		_, err := s.hold(r)
		require.NoError(s.t, err)
		return r
	}
	return map[string]mover{
		"IssueGiftCard": {
			request: func(*shop) proto.Message {
				return &paymentv1.IssueGiftCardRequest{RequestId: id.New(), Amount: gbp(1_000)}
			},
			answer: &paymentv1.IssueGiftCardResponse{},
			other:  func(r proto.Message) { r.(*paymentv1.IssueGiftCardRequest).Amount = gbp(1_001) },
			effects: func(s *shop, r proto.Message) int {
				return rows(s, "SELECT count(*) FROM ledger_transaction WHERE kind = 'giftcard_issue' AND request_id = $1", r.(*paymentv1.IssueGiftCardRequest).GetRequestId())
			},
		},
		"HoldGiftCard": {
			request: func(s *shop) proto.Message { return holdOf(s.issue(100_000).GetGiftCard().GetId(), 600) }, answer: &paymentv1.HoldGiftCardResponse{},
			other: func(r proto.Message) { r.(*paymentv1.HoldGiftCardRequest).Amount = gbp(601) },
			effects: func(s *shop, r proto.Message) int {
				held := s.card(r.(*paymentv1.HoldGiftCardRequest).GetGiftCardId()).GetHeld().GetMinorUnits()
				return int(held / 600)
			},
		},
		"PostGiftCardHold": {
			request: func(s *shop) proto.Message {
				return &paymentv1.PostGiftCardHoldRequest{HoldId: heldCard(s).GetHoldId(), RequestId: "r", Amount: gbp(500)}
			}, answer: &paymentv1.PostGiftCardHoldResponse{},
			other: func(r proto.Message) { r.(*paymentv1.PostGiftCardHoldRequest).Amount = gbp(501) },
			effects: func(s *shop, r proto.Message) int {
				return rows(s, "SELECT count(*) FROM ledger_transaction WHERE source = $1", "giftcard_hold:"+r.(*paymentv1.PostGiftCardHoldRequest).GetHoldId())
			},
		},
		"ReleaseGiftCardHold": {
			request: func(s *shop) proto.Message {
				return &paymentv1.ReleaseGiftCardHoldRequest{HoldId: heldCard(s).GetHoldId(), RequestId: "r"}
			},
			answer: &paymentv1.ReleaseGiftCardHoldResponse{},
			effects: func(s *shop, r proto.Message) int {
				return rows(s, "SELECT count(*) FROM gift_card AS c JOIN gift_card_hold AS h ON h.gift_card_id = c.id WHERE h.id = $1 AND c.held = 0",
					r.(*paymentv1.ReleaseGiftCardHoldRequest).GetHoldId())
			},
		},
		"RefundToGiftCard": {
			request: func(s *shop) proto.Message {
				hold := heldCard(s).GetHoldId()
				_, err := s.post(hold, nil)
				require.NoError(s.t, err)
				return &paymentv1.RefundToGiftCardRequest{RefundId: "f", RequestId: "r", HoldId: hold, Amount: gbp(200)}
			}, answer: &paymentv1.RefundToGiftCardResponse{},
			other: func(r proto.Message) { r.(*paymentv1.RefundToGiftCardRequest).Amount = gbp(201) },
			effects: func(s *shop, r proto.Message) int {
				return rows(s, "SELECT count(*) FROM gift_card_refund WHERE hold_id = $1", r.(*paymentv1.RefundToGiftCardRequest).GetHoldId())
			},
		},
	}
}

// invoke calls an RPC as staff, again as long as the first request is at work.
func (s *shop) invoke(name string, request, answer proto.Message) (proto.Message, error) {
	for {
		got := answer.ProtoReflect().New().Interface()
		err := s.conn.Invoke(staff(), "/cartwright.payment.v1.PaymentService/"+name, request, got, grpc.WaitForReady(true))
		if errs.ReasonOf(err) != "IDEMPOTENCY_IN_PROGRESS" {
			return got, err
		}
		<-time.After(tick)
	}
}

// A buyer who clicks twice, a gateway that retries and a caller that died and came back are served once: elsewhere the same
// order was charged two and three times. Fails when one of fifty equal requests has an effect of its own, or an answer of its
// own.
func TestFiftyEqualRequestsHaveOneEffectAndOneAnswer(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	for name, m := range movers() {
		request := m.request(s)
		answers := storm(t, 50, func(context.Context) (proto.Message, error) { return s.invoke(name, request, m.answer) })
		last, err := s.invoke(name, request, m.answer)
		require.NoError(t, err, name)
		for _, answer := range answers {
			if void, ok := answer.(*paymentv1.VoidPaymentResponse); ok && void.GetPayment().GetState() == paymentv1.PaymentState_PAYMENT_STATE_VOIDING {
				continue // asked and not finished: the honest answer while the first is at work
			}
			require.True(t, proto.Equal(last, answer), "%s:\n%v\n%v", name, last, answer)
		}
		require.Equal(t, 1, m.effects(s, request), name)
	}
	s.balanced()
}

// One id means one thing, also at the same instant: elsewhere a request was checked first and written down later, and both of
// two bodies moved money. Fails when the refused body has an effect, or is answered like the other.
func TestOneIDTakesOneOfTwoBodies(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	for name, m := range movers() {
		if m.other == nil {
			continue
		}
		one := m.request(s)
		two := proto.Clone(one)
		m.other(two)
		var took, refused [2]atomic.Int64
		var wg sync.WaitGroup
		for i := range 50 {
			wg.Go(func() {
				_, err := s.invoke(name, []proto.Message{one, two}[i%2], m.answer)
				switch errs.ReasonOf(err) {
				case "":
					took[i%2].Add(1)
				case "IDEMPOTENCY_KEY_REUSED":
					refused[i%2].Add(1)
				default:
					t.Errorf("%s: %v", name, err)
				}
			})
		}
		wg.Wait()
		winner := 0
		if took[1].Load() > 0 {
			winner = 1
		}
		require.Equal(t, int64(25), took[winner].Load(), name)
		require.Equal(t, int64(25), refused[1-winner].Load(), name)
		require.Equal(t, 1, m.effects(s, one), name)
	}
	s.balanced()
}

// The provider's news is one of the fifty: elsewhere the webhook and the shop's own request each opened a charge, or each
// finished the order. Fails when a notification beside the requests for the same money adds to it.
func TestNewsBesideTheRequestsAddsNothing(t *testing.T) {
	t.Parallel()
	s := newShopWith(t, sandboxserver.Config{AllEvents: true})
	s.provider.Apply(sandboxserver.Control{Webhooks: &sandboxserver.WebhookMode{Duplicate: 2}})
	r := ask(10_000, "card", "tok_ok")
	storm(t, 50, func(ctx context.Context) (*paymentv1.AuthorizePaymentResponse, error) {
		return s.AuthorizePayment(ctx, r)
	})
	capture := &paymentv1.CapturePaymentRequest{PaymentId: r.GetPaymentId(), CaptureId: "c", RequestId: "r", Amount: gbp(10_000), Final: true}
	for _, a := range storm(t, 50, func(ctx context.Context) (*paymentv1.CapturePaymentResponse, error) {
		return s.CapturePayment(ctx, capture)
	}) {
		require.Equal(t, paymentv1.OperationStatus_OPERATION_STATUS_OK, a.GetOperation().GetStatus())
	}
	require.Eventually(t, func() bool { return len(s.provider.Events()) == 0 }, waitFor, tick, "all news was taken")
	s.applied()
	require.Equal(t, 1, s.effects(r.GetOrderId(), "authorize"))
	require.Equal(t, 1, s.effects(r.GetOrderId(), "capture"))
	require.Equal(t, int64(-10_000), s.due(r.GetOrderId()))
}

// A refund in many steps gives back what was captured, to the penny, whatever the steps are: fails when rounding or a race
// leaves a penny over or gives one too many.
func TestRefundInStepsAddsUp(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	p := s.authorize(ask(10_007, "card", "tok_ok"))
	s.capture(p.GetId(), 10_007, true)
	var wg sync.WaitGroup
	for _, step := range []int64{1, 3_333, 3_333, 3_333, 2, 2, 2, 1} {
		wg.Go(func() {
			_, err := s.RefundPayment(t.Context(), &paymentv1.RefundPaymentRequest{PaymentId: p.GetId(), RefundId: id.New(), RequestId: "r", Amount: gbp(step)})
			if err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	after := s.get(p.GetId())
	require.Equal(t, paymentv1.PaymentState_PAYMENT_STATE_REFUNDED, after.GetState())
	require.Equal(t, int64(10_007), s.books(p.GetOrderId()).Refunded)
	_, err := s.RefundPayment(t.Context(), &paymentv1.RefundPaymentRequest{PaymentId: p.GetId(), RefundId: id.New(), RequestId: "r", Amount: gbp(1)})
	require.Equal(t, "AMOUNT_EXCEEDS", errs.ReasonOf(err))
	require.Zero(t, s.due(p.GetOrderId()))
}
