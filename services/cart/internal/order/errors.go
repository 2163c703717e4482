package order

import "github.com/cartwright-shop/cartwright/services/platform/errs"

// How orders refuse.
var (
	// ErrNotFound is an order that does not exist or is somebody else's.
	ErrNotFound = errs.Define(errs.NotFound, "ORDER_NOT_FOUND", "The order does not exist or is not visible to the caller.")
	// ErrState is a change that the order's state forbids.
	ErrState = errs.Define(errs.FailedPrecondition, "ORDER_STATE", "The state of the order does not allow the change, for example cancelling what was shipped.")
	// ErrBusy is an order that another operation works on.
	ErrBusy = errs.Define(errs.Aborted, "ORDER_BUSY", "Another operation of the order is still running; try again.")
	// ErrQuantity is more units than are left.
	ErrQuantity = errs.Define(errs.FailedPrecondition, "QTY_EXCEEDS", "More units are named than are left to ship, return or refund.")
	// ErrLine is a line the order does not have.
	ErrLine = errs.Define(errs.Invalid, "ORDER_LINE_UNKNOWN", "The order has no such line.")
	// ErrLineTwice is a line named twice in one request.
	ErrLineTwice = errs.Define(errs.Invalid, "ORDER_LINE_REPEATED", "A line is named twice in one request.")
	// ErrRefundEmpty is a refund of nothing.
	ErrRefundEmpty = errs.Define(errs.Invalid, "REFUND_EMPTY", "The refund names neither lines nor a shipping cost that is left to refund.")
	// ErrShipmentEmpty is a shipment of nothing.
	ErrShipmentEmpty = errs.Define(errs.FailedPrecondition, "SHIPMENT_EMPTY", "Nothing of the order is left to ship.")
	// ErrUnsecured is a parcel of an order whose payment is not secured any more.
	ErrUnsecured = errs.Define(errs.FailedPrecondition, "ORDER_PAYMENT_PROBLEM", "The payment of the order is not secured any more; nothing ships before it is.")
	// ErrCapture is a capture the provider refused.
	ErrCapture = errs.Define(errs.FailedPrecondition, "PAYMENT_CAPTURE_FAILED", "The payment provider refused to capture the value of the shipment; nothing was shipped.")
	// ErrRefund is a refund the provider refused.
	ErrRefund = errs.Define(errs.FailedPrecondition, "PAYMENT_REFUND_FAILED", "The payment provider refused the refund; the order is unchanged.")
	// ErrRange is a range that ends before it begins.
	ErrRange = errs.Define(errs.Invalid, "RANGE_INVALID", "A range ends before it begins.")
	// ErrFilter is a filter that only staff may use.
	ErrFilter = errs.Define(errs.PermissionDenied, "FILTER_NOT_ALLOWED", "The filter may only be used by staff.")
)
