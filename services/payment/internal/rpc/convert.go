package rpc

import (
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	paymentv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/payment/v1"
	typev1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/type/v1"
	"github.com/cartwright-shop/cartwright/services/payment/internal/giftcard"
	"github.com/cartwright-shop/cartwright/services/payment/internal/payment"
	"github.com/cartwright-shop/cartwright/services/platform/errs"
	"github.com/cartwright-shop/cartwright/services/platform/money"
)

// Values of enumerations by domain name; what is missing is UNSPECIFIED.

func stateOf(s payment.State) paymentv1.PaymentState {
	return map[payment.State]paymentv1.PaymentState{
		payment.NotNeeded:         paymentv1.PaymentState_PAYMENT_STATE_NOT_NEEDED,
		payment.Processing:        paymentv1.PaymentState_PAYMENT_STATE_PROCESSING,
		payment.RequiresAction:    paymentv1.PaymentState_PAYMENT_STATE_REQUIRES_ACTION,
		payment.WaitsForProvider:  paymentv1.PaymentState_PAYMENT_STATE_PENDING,
		payment.Authorized:        paymentv1.PaymentState_PAYMENT_STATE_AUTHORIZED,
		payment.PartiallyCaptured: paymentv1.PaymentState_PAYMENT_STATE_PARTIALLY_CAPTURED,
		payment.Captured:          paymentv1.PaymentState_PAYMENT_STATE_CAPTURED,
		payment.PartiallyRefunded: paymentv1.PaymentState_PAYMENT_STATE_PARTIALLY_REFUNDED,
		payment.Refunded:          paymentv1.PaymentState_PAYMENT_STATE_REFUNDED,
		payment.Voided:            paymentv1.PaymentState_PAYMENT_STATE_VOIDED,
		payment.Voiding:           paymentv1.PaymentState_PAYMENT_STATE_VOIDING,
		payment.Declined:          paymentv1.PaymentState_PAYMENT_STATE_DECLINED,
		payment.IntegrityFailure:  paymentv1.PaymentState_PAYMENT_STATE_INTEGRITY_FAILURE,
		payment.Expired:           paymentv1.PaymentState_PAYMENT_STATE_EXPIRED,
	}[s]
}

func kindOf(k payment.Kind) paymentv1.OperationKind {
	return map[payment.Kind]paymentv1.OperationKind{
		payment.Authorize: paymentv1.OperationKind_OPERATION_KIND_AUTHORIZE,
		payment.Capture:   paymentv1.OperationKind_OPERATION_KIND_CAPTURE,
		payment.Void:      paymentv1.OperationKind_OPERATION_KIND_VOID,
		payment.Refund:    paymentv1.OperationKind_OPERATION_KIND_REFUND,
	}[k]
}

func statusOf(s payment.Status) paymentv1.OperationStatus {
	return map[payment.Status]paymentv1.OperationStatus{
		payment.Sending: paymentv1.OperationStatus_OPERATION_STATUS_SENDING,
		payment.Unknown: paymentv1.OperationStatus_OPERATION_STATUS_UNKNOWN,
		payment.Pending: paymentv1.OperationStatus_OPERATION_STATUS_PENDING,
		payment.Failed:  paymentv1.OperationStatus_OPERATION_STATUS_FAILED,
		payment.OK:      paymentv1.OperationStatus_OPERATION_STATUS_OK,
	}[s]
}

func actionTypeOf(s string) paymentv1.NextActionType {
	return map[string]paymentv1.NextActionType{
		"redirect": paymentv1.NextActionType_NEXT_ACTION_TYPE_REDIRECT,
		"qr":       paymentv1.NextActionType_NEXT_ACTION_TYPE_QR,
		"voucher":  paymentv1.NextActionType_NEXT_ACTION_TYPE_VOUCHER,
	}[s]
}

func holdStateOf(s giftcard.HoldState) paymentv1.GiftCardHoldState {
	return map[giftcard.HoldState]paymentv1.GiftCardHoldState{
		giftcard.Held:     paymentv1.GiftCardHoldState_GIFT_CARD_HOLD_STATE_HELD,
		giftcard.Posted:   paymentv1.GiftCardHoldState_GIFT_CARD_HOLD_STATE_POSTED,
		giftcard.Released: paymentv1.GiftCardHoldState_GIFT_CARD_HOLD_STATE_RELEASED,
		giftcard.Expired:  paymentv1.GiftCardHoldState_GIFT_CARD_HOLD_STATE_EXPIRED,
	}[s]
}

func amountOf(currency string, minor int64) *typev1.Money {
	if currency == "" {
		return nil // a tombstone has no currency
	}
	return &typev1.Money{CurrencyCode: currency, MinorUnits: minor}
}

// moneyOf reads an amount; a missing one has no currency, which the domain refuses.
func moneyOf(m *typev1.Money) money.Money {
	return money.Money{Currency: m.GetCurrencyCode(), Minor: m.GetMinorUnits()}
}

func timeOf(t time.Time) *timestamppb.Timestamp {
	if t.IsZero() {
		return nil
	}
	return timestamppb.New(t)
}

func optionalTime(t *time.Time) *timestamppb.Timestamp {
	if t == nil {
		return nil
	}
	return timestamppb.New(*t)
}

// givenTime reads an optional time of a request; times before year 1 and after 9999 are refused.
func givenTime(path string, t *timestamppb.Timestamp) (*time.Time, error) {
	if t == nil {
		return nil, nil
	}
	if !t.IsValid() {
		return nil, errs.InvalidField.New("A time is out of range.").Field(path, "TIME_INVALID", "The time is not between the years 1 and 9999.")
	}
	given := t.AsTime().Truncate(time.Microsecond)
	return &given, nil
}

func paymentOf(p *payment.Payment) *paymentv1.Payment {
	amount := func(minor int64) *typev1.Money { return amountOf(p.Currency, minor) }
	message := &paymentv1.Payment{
		Id: p.ID, OrderId: p.OrderID, Channel: p.Channel, Method: p.Method, Provider: p.Provider, State: stateOf(p.State),
		Amount: amount(p.Amount), Authorized: amount(p.Authorized), Captured: amount(p.Captured), Refunded: amount(p.Refunded),
		Voided: amount(p.Voided), Capturable: amount(max(p.Capturable(), 0)), Refundable: amount(max(p.Refundable(), 0)),
		DeclineReason: p.DeclineReason, SeparatesCapture: p.SeparatesCapture, VoidRequested: p.VoidRequested,
		Version: p.Version, CreateTime: timeOf(p.CreatedAt), UpdateTime: timeOf(p.UpdatedAt),
	}
	if p.State == payment.RequiresAction && p.NextAction != nil {
		message.NextAction = &paymentv1.NextAction{
			Type: actionTypeOf(p.NextAction.Type), Url: p.NextAction.URL, Data: p.NextAction.Data, ExpiresAt: timeOf(p.NextAction.ExpiresAt),
		}
	}
	if p.Capturable() > 0 {
		message.CaptureBefore = optionalTime(p.CaptureBefore)
	}
	for _, op := range p.Operations {
		message.Operations = append(message.Operations, operationOf(op))
	}
	return message
}

func operationOf(op payment.Operation) *paymentv1.Operation {
	return &paymentv1.Operation{
		Id: op.ID, PaymentId: op.PaymentID, OrderId: op.OrderID, Kind: kindOf(op.Kind), Status: statusOf(op.Status),
		Amount: amountOf(op.Currency, op.Amount), CallerId: op.CallerID, RequestId: op.RequestID, Actor: op.Actor,
		ProviderReference: op.ProviderReference, FailureReason: op.FailureReason, Final: op.Final,
		Attempts:       int32(min(op.Attempts, 1<<30)),
		NeedsAttention: op.NeedsAttention, CreateTime: timeOf(op.CreatedAt), UpdateTime: timeOf(op.UpdatedAt),
	}
}

func cardOf(c giftcard.Card) *paymentv1.GiftCard {
	status := paymentv1.GiftCardStatus_GIFT_CARD_STATUS_ACTIVE
	if c.Status == giftcard.Disabled {
		status = paymentv1.GiftCardStatus_GIFT_CARD_STATUS_DISABLED
	}
	return &paymentv1.GiftCard{
		Id: c.ID, Last4: c.Last4, Initial: amountOf(c.Currency, c.Initial), Balance: amountOf(c.Currency, c.Balance),
		Held: amountOf(c.Currency, c.Held), Available: amountOf(c.Currency, c.Available()), Status: status,
		ExpiresAt: optionalTime(c.ExpiresAt), Note: c.Note, Version: c.Version, CreateTime: timeOf(c.CreatedAt), UpdateTime: timeOf(c.UpdatedAt),
	}
}

func holdOf(h giftcard.Hold) *paymentv1.GiftCardHold {
	return &paymentv1.GiftCardHold{
		Id: h.ID, GiftCardId: h.CardID, Last4: h.Last4, OrderId: h.OrderID, State: holdStateOf(h.State),
		Amount: amountOf(h.Currency, h.Amount), Posted: amountOf(h.Currency, h.Posted), Refunded: amountOf(h.Currency, h.Refunded),
		ExpiresAt: optionalTime(h.ExpiresAt), CreateTime: timeOf(h.CreatedAt), UpdateTime: timeOf(h.UpdatedAt),
	}
}

func settingOf(m payment.MethodSetting) *paymentv1.PaymentMethodSetting {
	message := &paymentv1.PaymentMethodSetting{
		Channel: m.Channel, Method: m.Method, Title: m.Title, Enabled: m.Enabled, Countries: m.Countries, Currencies: m.Currencies,
		Position: int32(m.Position), Version: m.Version, UpdateTime: timeOf(m.UpdatedAt),
	}
	for _, currency := range sortedKeys(m.Minimums) {
		message.Minimums = append(message.Minimums, amountOf(currency, m.Minimums[currency]))
	}
	return message
}
