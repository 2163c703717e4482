package peer

import (
	"context"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"

	paymentv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/payment/v1"

	"github.com/cartwright-shop/cartwright/services/cart/internal/checkout"
	"github.com/cartwright-shop/cartwright/services/cart/internal/order"
	"github.com/cartwright-shop/cartwright/services/platform/errs"
	"github.com/cartwright-shop/cartwright/services/platform/money"
	"github.com/cartwright-shop/cartwright/services/platform/moneypb"
)

// OrderPayments is the payment service as checkouts and orders use it. Request ids are derived from the ids that make the
// calls repeatable, so the audit trail of a repeat is that of the first call.
type OrderPayments struct {
	client paymentv1.PaymentServiceClient
}

var (
	_ order.Payments    = OrderPayments{}
	_ checkout.Payments = OrderPayments{}
)

// NewOrderPayments wraps the client.
func NewOrderPayments(client paymentv1.PaymentServiceClient) OrderPayments {
	return OrderPayments{client: client}
}

// Authorize implements checkout.Payments.
func (p OrderPayments) Authorize(ctx context.Context, a checkout.Authorization) (order.Payment, error) {
	resp, err := p.client.AuthorizePayment(ctx, &paymentv1.AuthorizePaymentRequest{
		PaymentId: a.PaymentID, RequestId: a.PaymentID, OrderId: a.OrderID, CartId: a.CartID, Amount: moneypb.ToProto(a.Amount),
		Method: a.Input.Method, Token: a.Input.Token, ReturnUrl: a.Input.ReturnURL, Channel: a.Channel, CountryCode: a.Country,
		CustomerReference: a.CustomerID,
	})
	if err != nil {
		return order.Payment{}, atPayment(err)
	}
	return payment(resp.GetPayment()), nil
}

// atPayment names the fields of a refused payment as the buyer's request has them.
func atPayment(err error) error {
	fields := errs.FieldsOf(err)
	if errs.CodeOf(err) != errs.Invalid || len(fields) == 0 {
		return err
	}
	moved := errs.InvalidField.New("The payment is not valid.").Because(err)
	for _, f := range fields {
		moved.Field("payment."+f.Path, f.Reason, f.Message)
	}
	return moved
}

// GetPayment implements checkout.Payments.
func (p OrderPayments) GetPayment(ctx context.Context, paymentID string) (order.Payment, error) {
	resp, err := p.client.GetPayment(ctx, &paymentv1.GetPaymentRequest{PaymentId: paymentID})
	if err != nil {
		return order.Payment{}, err
	}
	return payment(resp.GetPayment()), nil
}

// ResolvePayment implements checkout.Payments.
func (p OrderPayments) ResolvePayment(ctx context.Context, paymentID string) (order.Payment, error) {
	resp, err := p.client.ResolvePayment(ctx, &paymentv1.ResolvePaymentRequest{PaymentId: paymentID})
	if err != nil {
		return order.Payment{}, err
	}
	return payment(resp.GetPayment()), nil
}

// Capture implements order.Payments.
func (p OrderPayments) Capture(ctx context.Context, m order.Movement) (order.Result, error) {
	resp, err := p.client.CapturePayment(ctx, &paymentv1.CapturePaymentRequest{
		PaymentId: m.PaymentID, CaptureId: m.ID, RequestId: m.ID, Amount: moneypb.ToProto(m.Amount), Final: m.Final,
	})
	if err != nil {
		return "", err
	}
	return result(resp.GetOperation()), nil
}

// Refund implements order.Payments.
func (p OrderPayments) Refund(ctx context.Context, m order.Movement) (order.Result, error) {
	resp, err := p.client.RefundPayment(ctx, &paymentv1.RefundPaymentRequest{
		PaymentId: m.PaymentID, RefundId: m.ID, RequestId: m.ID, Amount: moneypb.ToProto(m.Amount),
	})
	if err != nil {
		return "", err
	}
	return result(resp.GetOperation()), nil
}

// Void implements order.Payments. A void that is not finished is kept and finished by the payment service.
func (p OrderPayments) Void(ctx context.Context, paymentID, voidID, orderID string) (order.Payment, error) {
	resp, err := p.client.VoidPayment(ctx, &paymentv1.VoidPaymentRequest{PaymentId: paymentID, VoidId: voidID, RequestId: voidID, OrderId: orderID})
	if err != nil {
		return order.Payment{}, err
	}
	return payment(resp.GetPayment()), nil
}

// HoldGiftCard implements checkout.Payments.
func (p OrderPayments) HoldGiftCard(ctx context.Context, h checkout.GiftCardHold) error {
	_, err := p.client.HoldGiftCard(ctx, &paymentv1.HoldGiftCardRequest{
		HoldId: h.ID, RequestId: h.ID, GiftCardId: h.GiftCardID, OrderId: h.OrderID, Amount: moneypb.ToProto(h.Amount), Ttl: durationpb.New(h.TTL),
	})
	return err
}

// PostGiftCardHold implements checkout.Payments.
func (p OrderPayments) PostGiftCardHold(ctx context.Context, holdID string) error {
	_, err := p.client.PostGiftCardHold(ctx, &paymentv1.PostGiftCardHoldRequest{HoldId: holdID, RequestId: holdID})
	return err
}

// ReleaseGiftCardHold implements order.Payments.
func (p OrderPayments) ReleaseGiftCardHold(ctx context.Context, holdID, orderID string) error {
	_, err := p.client.ReleaseGiftCardHold(ctx, &paymentv1.ReleaseGiftCardHoldRequest{HoldId: holdID, RequestId: holdID, OrderId: orderID})
	return err
}

// RefundToGiftCard implements order.Payments.
func (p OrderPayments) RefundToGiftCard(ctx context.Context, refundID, holdID string, amount money.Money) error {
	_, err := p.client.RefundToGiftCard(ctx, &paymentv1.RefundToGiftCardRequest{
		RefundId: refundID, RequestId: refundID, HoldId: holdID, Amount: moneypb.ToProto(amount),
	})
	return err
}

func payment(p *paymentv1.Payment) order.Payment {
	return order.Payment{
		ID: p.GetId(), State: paymentState(p), Authorized: p.GetAuthorized().GetMinorUnits(), Captured: p.GetCaptured().GetMinorUnits(),
		Refunded: p.GetRefunded().GetMinorUnits(), Capturable: p.GetCapturable().GetMinorUnits(),
		NextAction: nextAction(p.GetNextAction()), DeclineReason: p.GetDeclineReason(),
	}
}

// paymentState takes a state this build does not know for one that is not decided, so that nothing is placed or undone on it.
func paymentState(p *paymentv1.Payment) order.PaymentState {
	switch p.GetState() {
	case paymentv1.PaymentState_PAYMENT_STATE_NOT_NEEDED:
		return order.PaymentNotNeeded
	case paymentv1.PaymentState_PAYMENT_STATE_REQUIRES_ACTION:
		return order.PaymentRequiresAction
	case paymentv1.PaymentState_PAYMENT_STATE_PENDING:
		return order.PaymentPending
	case paymentv1.PaymentState_PAYMENT_STATE_AUTHORIZED:
		return order.PaymentAuthorized
	case paymentv1.PaymentState_PAYMENT_STATE_CAPTURED, paymentv1.PaymentState_PAYMENT_STATE_PARTIALLY_CAPTURED:
		return order.PaymentCaptured
	case paymentv1.PaymentState_PAYMENT_STATE_REFUNDED, paymentv1.PaymentState_PAYMENT_STATE_PARTIALLY_REFUNDED:
		return order.PaymentRefunded
	case paymentv1.PaymentState_PAYMENT_STATE_VOIDED, paymentv1.PaymentState_PAYMENT_STATE_EXPIRED:
		return order.PaymentVoided
	case paymentv1.PaymentState_PAYMENT_STATE_VOIDING:
		return order.PaymentVoiding
	case paymentv1.PaymentState_PAYMENT_STATE_DECLINED:
		return order.PaymentDeclined
	case paymentv1.PaymentState_PAYMENT_STATE_INTEGRITY_FAILURE:
		return order.PaymentBroken
	default:
		return order.PaymentProcessing
	}
}

func nextAction(a *paymentv1.NextAction) *order.NextAction {
	kinds := map[paymentv1.NextActionType]string{
		paymentv1.NextActionType_NEXT_ACTION_TYPE_REDIRECT: order.ActionRedirect,
		paymentv1.NextActionType_NEXT_ACTION_TYPE_QR:       order.ActionQR,
		paymentv1.NextActionType_NEXT_ACTION_TYPE_VOUCHER:  order.ActionVoucher,
	}
	kind, ok := kinds[a.GetType()]
	if !ok {
		return nil
	}
	action := &order.NextAction{Type: kind, URL: a.GetUrl(), Data: a.GetData()}
	if a.GetExpiresAt() != nil {
		action.ExpiresAt = a.GetExpiresAt().AsTime().Truncate(time.Microsecond)
	}
	return action
}

func result(o *paymentv1.Operation) order.Result {
	switch o.GetStatus() {
	case paymentv1.OperationStatus_OPERATION_STATUS_OK:
		return order.ResultOK
	case paymentv1.OperationStatus_OPERATION_STATUS_FAILED:
		return order.ResultFailed
	default:
		return order.ResultUnknown
	}
}
