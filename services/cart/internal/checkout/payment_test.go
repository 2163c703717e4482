package checkout_test

import (
	"context"
	"strings"
	"sync"

	paymentv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/payment/v1"
	typev1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/type/v1"

	"github.com/cartwright-shop/cartwright/services/platform/errs"
)

var (
	errPaymentState = errs.Define(errs.FailedPrecondition, "PAYMENT_STATE", "")
	errExceeds      = errs.Define(errs.FailedPrecondition, "AMOUNT_EXCEEDS", "")
	errInsufficient = errs.Define(errs.FailedPrecondition, "GIFTCARD_INSUFFICIENT", "")
)

// paymentPeer keeps the promises of the payment service's contract. The token says what the provider does.
type paymentPeer struct {
	paymentv1.UnimplementedPaymentServiceServer
	mu       sync.Mutex
	payments map[string]*payment
	cards    map[string]int64 // balance by card
	holds    map[string]*hold
}

type payment struct {
	order, method, token                   string
	state                                  paymentv1.PaymentState
	amount, captured, refunded, authorized int64
	decided                                map[string]paymentv1.OperationStatus // by capture and refund id
	decline                                string
}

type hold struct {
	card, order      string
	state            paymentv1.GiftCardHoldState
	amount, refunded int64
	refunds          map[string]bool
}

func newPaymentPeer() *paymentPeer {
	return &paymentPeer{payments: map[string]*payment{}, cards: map[string]int64{}, holds: map[string]*hold{}}
}

func (p *paymentPeer) AuthorizePayment(_ context.Context, req *paymentv1.AuthorizePaymentRequest) (*paymentv1.AuthorizePaymentResponse, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	pay, seen := p.payments[req.GetPaymentId()]
	if seen && pay.method == "" {
		return nil, errPaymentState.New("The payment was voided before it was asked for.")
	}
	if seen && (pay.method != req.GetMethod() || pay.token != req.GetToken() || pay.amount != req.GetAmount().GetMinorUnits()) {
		return nil, errs.IdempotencyKeyReused.New("The id was used for another payment.")
	}
	if !seen {
		pay = &payment{
			order: req.GetOrderId(), method: req.GetMethod(), token: req.GetToken(), amount: req.GetAmount().GetMinorUnits(),
			decided: map[string]paymentv1.OperationStatus{},
		}
		p.payments[req.GetPaymentId()] = pay
		pay.authorize()
	}
	return &paymentv1.AuthorizePaymentResponse{Payment: pay.message(req.GetPaymentId())}, nil
}

func (pay *payment) authorize() {
	switch {
	case pay.method == "qr":
		pay.state, pay.authorized, pay.captured = paymentv1.PaymentState_PAYMENT_STATE_CAPTURED, pay.amount, pay.amount
	case pay.method == "voucher", strings.HasPrefix(pay.token, "tok_3ds"):
		pay.state = paymentv1.PaymentState_PAYMENT_STATE_REQUIRES_ACTION
	case pay.token == "tok_declined":
		pay.state, pay.decline = paymentv1.PaymentState_PAYMENT_STATE_DECLINED, "declined"
	case pay.token == "tok_unknown":
		pay.state = paymentv1.PaymentState_PAYMENT_STATE_PROCESSING
	default:
		pay.state, pay.authorized = paymentv1.PaymentState_PAYMENT_STATE_AUTHORIZED, pay.amount
	}
}

func (pay *payment) message(id string) *paymentv1.Payment {
	money := func(minor int64) *typev1.Money { return &typev1.Money{CurrencyCode: "GBP", MinorUnits: minor} }
	msg := &paymentv1.Payment{
		Id: id, OrderId: pay.order, State: pay.state, Amount: money(pay.amount), Authorized: money(pay.authorized),
		Captured: money(pay.captured), Refunded: money(pay.refunded), DeclineReason: pay.decline,
	}
	if pay.state == paymentv1.PaymentState_PAYMENT_STATE_REQUIRES_ACTION {
		msg.NextAction = &paymentv1.NextAction{Type: paymentv1.NextActionType_NEXT_ACTION_TYPE_REDIRECT, Url: "https://bank.example/challenge"}
	}
	return msg
}

func (p *paymentPeer) GetPayment(_ context.Context, req *paymentv1.GetPaymentRequest) (*paymentv1.GetPaymentResponse, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	pay, ok := p.payments[req.GetPaymentId()]
	if !ok {
		return nil, errs.Define(errs.NotFound, "PAYMENT_NOT_FOUND", "").New("There is no such payment.")
	}
	return &paymentv1.GetPaymentResponse{Payment: pay.message(req.GetPaymentId())}, nil
}

func (p *paymentPeer) ResolvePayment(ctx context.Context, req *paymentv1.ResolvePaymentRequest) (*paymentv1.ResolvePaymentResponse, error) {
	p.mu.Lock()
	if pay, ok := p.payments[req.GetPaymentId()]; ok && pay.state == paymentv1.PaymentState_PAYMENT_STATE_PROCESSING {
		pay.state, pay.authorized = paymentv1.PaymentState_PAYMENT_STATE_AUTHORIZED, pay.amount
	}
	p.mu.Unlock()
	got, err := p.GetPayment(ctx, &paymentv1.GetPaymentRequest{PaymentId: req.GetPaymentId()})
	return &paymentv1.ResolvePaymentResponse{Payment: got.GetPayment()}, err
}

// decide gives a capture or refund its result once. Tokens whose name says so fail, or are decided only when asked again.
func (pay *payment) decide(kind, id string, apply func()) paymentv1.OperationStatus {
	status := pay.decided[id]
	switch {
	case status == paymentv1.OperationStatus_OPERATION_STATUS_OK, status == paymentv1.OperationStatus_OPERATION_STATUS_FAILED:
		return status
	case strings.Contains(pay.token, "no"+kind):
		status = paymentv1.OperationStatus_OPERATION_STATUS_FAILED
	case strings.Contains(pay.token, "slow"+kind) && status == paymentv1.OperationStatus_OPERATION_STATUS_UNSPECIFIED:
		status = paymentv1.OperationStatus_OPERATION_STATUS_UNKNOWN
	default:
		status = paymentv1.OperationStatus_OPERATION_STATUS_OK
		apply()
	}
	pay.decided[id] = status
	return status
}

func (p *paymentPeer) CapturePayment(_ context.Context, req *paymentv1.CapturePaymentRequest) (*paymentv1.CapturePaymentResponse, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	pay, amount := p.payments[req.GetPaymentId()], req.GetAmount().GetMinorUnits()
	if pay == nil || pay.decided[req.GetCaptureId()] == 0 && pay.captured+amount > pay.authorized {
		return nil, errExceeds.New("More than is authorized.")
	}
	status := pay.decide("capture", req.GetCaptureId(), func() {
		pay.captured += amount
		pay.state = paymentv1.PaymentState_PAYMENT_STATE_CAPTURED
		if req.GetFinal() {
			pay.authorized = pay.captured
		}
	})
	return &paymentv1.CapturePaymentResponse{Payment: pay.message(req.GetPaymentId()), Operation: &paymentv1.Operation{Status: status}}, nil
}

func (p *paymentPeer) RefundPayment(_ context.Context, req *paymentv1.RefundPaymentRequest) (*paymentv1.RefundPaymentResponse, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	pay, amount := p.payments[req.GetPaymentId()], req.GetAmount().GetMinorUnits()
	if pay == nil || pay.decided[req.GetRefundId()] == 0 && pay.refunded+amount > pay.captured {
		return nil, errExceeds.New("More than was captured.")
	}
	status := pay.decide("refund", req.GetRefundId(), func() { pay.refunded += amount })
	return &paymentv1.RefundPaymentResponse{Payment: pay.message(req.GetPaymentId()), Operation: &paymentv1.Operation{Status: status}}, nil
}

func (p *paymentPeer) VoidPayment(_ context.Context, req *paymentv1.VoidPaymentRequest) (*paymentv1.VoidPaymentResponse, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	pay, ok := p.payments[req.GetPaymentId()]
	if !ok {
		pay = &payment{order: req.GetOrderId(), state: paymentv1.PaymentState_PAYMENT_STATE_VOIDED}
		p.payments[req.GetPaymentId()] = pay
	}
	switch {
	case pay.state == paymentv1.PaymentState_PAYMENT_STATE_DECLINED:
	case pay.method == "qr":
		pay.refunded, pay.state = pay.captured, paymentv1.PaymentState_PAYMENT_STATE_REFUNDED
	case pay.captured == 0:
		pay.authorized, pay.state = 0, paymentv1.PaymentState_PAYMENT_STATE_VOIDED
	default:
		pay.authorized = pay.captured
	}
	return &paymentv1.VoidPaymentResponse{Payment: pay.message(req.GetPaymentId())}, nil
}

func (p *paymentPeer) HoldGiftCard(_ context.Context, req *paymentv1.HoldGiftCardRequest) (*paymentv1.HoldGiftCardResponse, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	h, seen := p.holds[req.GetHoldId()]
	if seen && h.state == paymentv1.GiftCardHoldState_GIFT_CARD_HOLD_STATE_RELEASED {
		return nil, errPaymentState.New("The hold was released before it was made.")
	}
	if !seen {
		amount := req.GetAmount().GetMinorUnits()
		if p.cards[req.GetGiftCardId()] < amount {
			return nil, errInsufficient.New("There is not enough on the card.")
		}
		p.cards[req.GetGiftCardId()] -= amount
		p.holds[req.GetHoldId()] = &hold{
			card: req.GetGiftCardId(), order: req.GetOrderId(), amount: amount, refunds: map[string]bool{},
			state: paymentv1.GiftCardHoldState_GIFT_CARD_HOLD_STATE_HELD,
		}
	}
	return &paymentv1.HoldGiftCardResponse{}, nil
}

func (p *paymentPeer) PostGiftCardHold(_ context.Context, req *paymentv1.PostGiftCardHoldRequest) (*paymentv1.PostGiftCardHoldResponse, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	h, ok := p.holds[req.GetHoldId()]
	if !ok || h.state == paymentv1.GiftCardHoldState_GIFT_CARD_HOLD_STATE_RELEASED || h.state == paymentv1.GiftCardHoldState_GIFT_CARD_HOLD_STATE_EXPIRED {
		return nil, errPaymentState.New("The hold is over.")
	}
	h.state = paymentv1.GiftCardHoldState_GIFT_CARD_HOLD_STATE_POSTED
	return &paymentv1.PostGiftCardHoldResponse{}, nil
}

func (p *paymentPeer) ReleaseGiftCardHold(_ context.Context, req *paymentv1.ReleaseGiftCardHoldRequest) (*paymentv1.ReleaseGiftCardHoldResponse, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	h, ok := p.holds[req.GetHoldId()]
	if !ok {
		p.holds[req.GetHoldId()] = &hold{state: paymentv1.GiftCardHoldState_GIFT_CARD_HOLD_STATE_RELEASED}
		return &paymentv1.ReleaseGiftCardHoldResponse{}, nil
	}
	if h.state == paymentv1.GiftCardHoldState_GIFT_CARD_HOLD_STATE_POSTED {
		return nil, errPaymentState.New("The hold was spent.")
	}
	if h.state == paymentv1.GiftCardHoldState_GIFT_CARD_HOLD_STATE_HELD {
		p.cards[h.card] += h.amount
	}
	h.state = paymentv1.GiftCardHoldState_GIFT_CARD_HOLD_STATE_RELEASED
	return &paymentv1.ReleaseGiftCardHoldResponse{}, nil
}

func (p *paymentPeer) RefundToGiftCard(_ context.Context, req *paymentv1.RefundToGiftCardRequest) (*paymentv1.RefundToGiftCardResponse, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	h, ok := p.holds[req.GetHoldId()]
	if !ok || h.state != paymentv1.GiftCardHoldState_GIFT_CARD_HOLD_STATE_POSTED {
		return nil, errPaymentState.New("The hold was not spent.")
	}
	if amount := req.GetAmount().GetMinorUnits(); !h.refunds[req.GetRefundId()] {
		if h.refunded+amount > h.amount {
			return nil, errExceeds.New("More than was spent.")
		}
		h.refunds[req.GetRefundId()] = true
		h.refunded += amount
		p.cards[h.card] += amount
	}
	return &paymentv1.RefundToGiftCardResponse{}, nil
}

// approve is the buyer passing the bank's challenge, or paying the voucher; refuse is failing it.
func (p *paymentPeer) approve(orderID string) {
	p.each(orderID, func(pay *payment) {
		if pay.state == paymentv1.PaymentState_PAYMENT_STATE_REQUIRES_ACTION {
			pay.state, pay.authorized = paymentv1.PaymentState_PAYMENT_STATE_AUTHORIZED, pay.amount
		}
	})
}

func (p *paymentPeer) refuse(orderID string) {
	p.each(orderID, func(pay *payment) { pay.state = paymentv1.PaymentState_PAYMENT_STATE_DECLINED })
}

// lose ends the authorization of an order elsewhere: it ran out, or somebody voided it at the provider.
func (p *paymentPeer) lose(orderID string) {
	p.each(orderID, func(pay *payment) {
		pay.state, pay.authorized = paymentv1.PaymentState_PAYMENT_STATE_VOIDED, pay.captured
	})
}

// recover lets a provider that refused captures take them again.
func (p *paymentPeer) recover(orderID string) {
	p.each(orderID, func(pay *payment) { pay.token = "tok_ok" })
}

func (p *paymentPeer) each(orderID string, fn func(*payment)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, pay := range p.payments {
		if pay.order == orderID {
			fn(pay)
		}
	}
}

// expireHolds gives the order's gift card holds back, as the sweeper would.
func (p *paymentPeer) expireHolds(orderID string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, h := range p.holds {
		if h.order == orderID && h.state == paymentv1.GiftCardHoldState_GIFT_CARD_HOLD_STATE_HELD {
			h.state = paymentv1.GiftCardHoldState_GIFT_CARD_HOLD_STATE_EXPIRED
			p.cards[h.card] += h.amount
		}
	}
}

// purse is what the payment service has of an order.
type purse struct {
	Payments                             int
	Authorized, Captured, Refunded       int64
	HoldsHeld                            int
	GiftPosted, GiftRefunded, GiftOnCard int64
}

func (p *paymentPeer) purse(orderID, card string) purse {
	p.mu.Lock()
	defer p.mu.Unlock()
	found := purse{GiftOnCard: p.cards[card]}
	for _, pay := range p.payments {
		if pay.order == orderID && pay.authorized+pay.captured > 0 {
			found.Payments++
			found.Authorized += pay.authorized
			found.Captured += pay.captured
			found.Refunded += pay.refunded
		}
	}
	for _, h := range p.holds {
		if h.order != orderID {
			continue
		}
		switch h.state {
		case paymentv1.GiftCardHoldState_GIFT_CARD_HOLD_STATE_HELD:
			found.HoldsHeld++
		case paymentv1.GiftCardHoldState_GIFT_CARD_HOLD_STATE_POSTED:
			found.GiftPosted += h.amount
			found.GiftRefunded += h.refunded
		}
	}
	return found
}

func (p *paymentPeer) charge(card string, amount int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.cards[card] = amount
}
