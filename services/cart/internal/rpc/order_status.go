package rpc

import (
	cartv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/cart/v1"

	"github.com/cartwright-shop/cartwright/services/cart/internal/order"
)

func orderStatuses() map[order.Status]cartv1.OrderStatus {
	return map[order.Status]cartv1.OrderStatus{
		order.Pending:        cartv1.OrderStatus_ORDER_STATUS_PENDING,
		order.RequiresAction: cartv1.OrderStatus_ORDER_STATUS_REQUIRES_ACTION,
		order.Placed:         cartv1.OrderStatus_ORDER_STATUS_PLACED,
		order.Failed:         cartv1.OrderStatus_ORDER_STATUS_FAILED,
		order.Cancelled:      cartv1.OrderStatus_ORDER_STATUS_CANCELLED,
		order.Completed:      cartv1.OrderStatus_ORDER_STATUS_COMPLETED,
	}
}

func paymentStatuses() map[order.PaymentStatus]cartv1.PaymentStatus {
	return map[order.PaymentStatus]cartv1.PaymentStatus{
		order.Unpaid:            cartv1.PaymentStatus_PAYMENT_STATUS_UNPAID,
		order.Authorized:        cartv1.PaymentStatus_PAYMENT_STATUS_AUTHORIZED,
		order.PartiallyCaptured: cartv1.PaymentStatus_PAYMENT_STATUS_PARTIALLY_CAPTURED,
		order.Captured:          cartv1.PaymentStatus_PAYMENT_STATUS_CAPTURED,
		order.PartiallyRefunded: cartv1.PaymentStatus_PAYMENT_STATUS_PARTIALLY_REFUNDED,
		order.Refunded:          cartv1.PaymentStatus_PAYMENT_STATUS_REFUNDED,
		order.PaymentProblem:    cartv1.PaymentStatus_PAYMENT_STATUS_PROBLEM,
		order.Voided:            cartv1.PaymentStatus_PAYMENT_STATUS_VOIDED,
	}
}

func fulfillmentStatuses() map[order.FulfillmentStatus]cartv1.FulfillmentStatus {
	return map[order.FulfillmentStatus]cartv1.FulfillmentStatus{
		order.Unfulfilled:       cartv1.FulfillmentStatus_FULFILLMENT_STATUS_UNFULFILLED,
		order.Partial:           cartv1.FulfillmentStatus_FULFILLMENT_STATUS_PARTIAL,
		order.Fulfilled:         cartv1.FulfillmentStatus_FULFILLMENT_STATUS_FULFILLED,
		order.PartiallyReturned: cartv1.FulfillmentStatus_FULFILLMENT_STATUS_PARTIALLY_RETURNED,
		order.Returned:          cartv1.FulfillmentStatus_FULFILLMENT_STATUS_RETURNED,
	}
}

func operationStatuses() map[order.OperationStatus]cartv1.OperationStatus {
	return map[order.OperationStatus]cartv1.OperationStatus{
		order.OperationPending:   cartv1.OperationStatus_OPERATION_STATUS_PENDING,
		order.OperationSucceeded: cartv1.OperationStatus_OPERATION_STATUS_SUCCEEDED,
		order.OperationFailed:    cartv1.OperationStatus_OPERATION_STATUS_FAILED,
	}
}

// statusOf is the domain's name of a message's status; empty for an unspecified one.
func statusOf[D, P comparable](names map[D]P, value P) D {
	var none D
	for domain, message := range names {
		if message == value {
			return domain
		}
	}
	return none
}
