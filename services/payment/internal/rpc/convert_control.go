package rpc

import (
	paymentv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/payment/v1"
	"github.com/cartwright-shop/cartwright/services/payment/internal/payment"
	"github.com/cartwright-shop/cartwright/services/payment/internal/reconcile"
)

func classOf(c reconcile.Class) paymentv1.ReconciliationClass {
	return map[reconcile.Class]paymentv1.ReconciliationClass{
		reconcile.OursOnly:   paymentv1.ReconciliationClass_RECONCILIATION_CLASS_OURS_ONLY,
		reconcile.TheirsOnly: paymentv1.ReconciliationClass_RECONCILIATION_CLASS_THEIRS_ONLY,
		reconcile.Amount:     paymentv1.ReconciliationClass_RECONCILIATION_CLASS_AMOUNT,
		reconcile.Currency:   paymentv1.ReconciliationClass_RECONCILIATION_CLASS_CURRENCY,
		reconcile.Duplicate:  paymentv1.ReconciliationClass_RECONCILIATION_CLASS_DUPLICATE,
		reconcile.Timing:     paymentv1.ReconciliationClass_RECONCILIATION_CLASS_TIMING,
	}[c]
}

// classNamed is the domain's name of a class; empty for UNSPECIFIED.
func classNamed(class paymentv1.ReconciliationClass) reconcile.Class {
	for _, c := range reconcile.Classes() {
		if classOf(c) == class {
			return c
		}
	}
	return ""
}

func runOf(r reconcile.Run) *paymentv1.Reconciliation {
	return &paymentv1.Reconciliation{
		Id: r.ID, Provider: r.Provider, From: timeOf(r.From), Until: timeOf(r.Until), Matched: r.Matched,
		OursOnly: r.Found[reconcile.OursOnly], TheirsOnly: r.Found[reconcile.TheirsOnly], Amount: r.Found[reconcile.Amount],
		Currency: r.Found[reconcile.Currency], Duplicate: r.Found[reconcile.Duplicate], Timing: r.Found[reconcile.Timing],
		CreateTime: timeOf(r.CreatedAt),
	}
}

func findingOf(f reconcile.Finding) *paymentv1.ReconciliationFinding {
	return &paymentv1.ReconciliationFinding{
		Id: f.ID, Provider: f.Provider, Class: classOf(f.Class), OperationId: f.Key, Kind: kindOf(f.Kind), OrderId: f.OrderID,
		ProviderReference: f.Reference, OurStatus: statusOf(f.OurStatus), TheirStatus: statusOf(f.TheirStatus),
		OurAmount: amountOf(f.OurCurrency, f.OurAmount), TheirAmount: amountOf(f.TheirCurrency, f.TheirAmount),
		MovementTime: timeOf(f.MovedAt), CreateTime: timeOf(f.CreatedAt), UpdateTime: timeOf(f.UpdatedAt), CloseTime: optionalTime(f.ClosedAt),
	}
}

func eventStateOf(s payment.EventState) paymentv1.WebhookEventState {
	return map[payment.EventState]paymentv1.WebhookEventState{
		payment.EventReceived: paymentv1.WebhookEventState_WEBHOOK_EVENT_STATE_RECEIVED,
		payment.EventParked:   paymentv1.WebhookEventState_WEBHOOK_EVENT_STATE_PARKED,
		payment.EventApplied:  paymentv1.WebhookEventState_WEBHOOK_EVENT_STATE_APPLIED,
		payment.EventDead:     paymentv1.WebhookEventState_WEBHOOK_EVENT_STATE_DEAD,
	}[s]
}

func eventOf(e payment.StoredEvent) *paymentv1.WebhookEvent {
	return &paymentv1.WebhookEvent{
		Provider: e.Provider, EventId: e.ID, State: eventStateOf(e.State), OperationId: e.Operation, Tries: int32(min(e.Tries, 1<<30)),
		Conflicts: int32(min(e.Conflicts, 1<<30)), LastError: e.Problem, CreateTime: timeOf(e.ReceivedAt),
	}
}
