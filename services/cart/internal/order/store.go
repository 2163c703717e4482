package order

import (
	"context"
	"time"

	"github.com/cartwright-shop/cartwright/services/cart/internal/saga"
	"github.com/cartwright-shop/cartwright/services/platform/money"
)

// Store keeps orders. Inside Tx its methods join the transaction.
type Store interface {
	saga.Store
	// GetOrder reads an order with lines, refunds and shipments; ErrNotFound when there is none.
	GetOrder(ctx context.Context, orderID string) (*Order, error)
	// LockOrder is GetOrder that keeps others from changing the order until the transaction ends.
	LockOrder(ctx context.Context, orderID string) (*Order, error)
	// UpdateOrder writes what may change of an order, without its lines, under its version, and raises that.
	// VERSION_CONFLICT when it was changed meanwhile.
	UpdateOrder(ctx context.Context, o *Order) error
	// UpdateLines writes the counters of the lines.
	UpdateLines(ctx context.Context, o *Order) error
	// ActiveSaga is the id of an operation or checkout that works on the order; empty when there is none.
	ActiveSaga(ctx context.Context, orderID string) (string, error)
	// InsertRefund and InsertShipment write new ones with their lines; the ends write how they ended.
	InsertRefund(ctx context.Context, r Refund) error
	EndRefund(ctx context.Context, r Refund) error
	InsertShipment(ctx context.Context, s Shipment) error
	EndShipment(ctx context.Context, s Shipment) error
	// AppendEvent adds to the history.
	AppendEvent(ctx context.Context, e Event) error
	// ListEvents reads the history after an event, oldest first.
	ListEvents(ctx context.Context, orderID string, after int64, limit int) ([]Event, error)
	// ListOrders reads orders, newest first.
	ListOrders(ctx context.Context, f Filter, limit int) ([]Summary, error)
}

// Filter says which orders to list. Empty fields match all.
type Filter struct {
	Status            Status
	PaymentStatus     PaymentStatus
	FulfillmentStatus FulfillmentStatus
	Email             string
	Number            string
	CustomerID        string
	Channel           string
	From, Until       time.Time
	NeedsAttention    bool
	// BoughtOnly leaves out orders that never were a purchase (pending and failed ones).
	BoughtOnly bool
	// After is the last order of the page before.
	After Cursor
}

// Cursor is where a page of orders ended.
type Cursor struct {
	CreatedAt time.Time `json:"c"`
	ID        string    `json:"i"`
}

// PaymentState is what a payment amounts to.
type PaymentState string

// The states of a payment, as the payment service names them.
const (
	PaymentNotNeeded      PaymentState = "not_needed"
	PaymentProcessing     PaymentState = "processing"
	PaymentRequiresAction PaymentState = "requires_action"
	PaymentPending        PaymentState = "pending"
	PaymentAuthorized     PaymentState = "authorized"
	PaymentCaptured       PaymentState = "captured"
	PaymentRefunded       PaymentState = "refunded"
	PaymentVoided         PaymentState = "voided"
	PaymentVoiding        PaymentState = "voiding"
	PaymentDeclined       PaymentState = "declined"
	PaymentBroken         PaymentState = "integrity_failure"
)

// Payment is what the payment service says about a payment.
type Payment struct {
	// ID names it.
	ID string
	// State is what it amounts to.
	State PaymentState
	// Authorized, Captured, Refunded and Capturable are amounts.
	Authorized, Captured, Refunded, Capturable int64
	// NextAction is what the buyer has to do; nil when nothing.
	NextAction *NextAction
	// DeclineReason is why it was refused, coarse on purpose.
	DeclineReason string
}

// Result is how far a capture or refund is.
type Result string

// The results. Unknown covers what the provider will decide later.
const (
	ResultOK      Result = "ok"
	ResultFailed  Result = "failed"
	ResultUnknown Result = "unknown"
)

// Movement moves money of a payment.
type Movement struct {
	// PaymentID names the payment and ID the movement: the idempotency key.
	PaymentID, ID string
	// Amount is how much.
	Amount money.Money
	// Final releases what is left uncaptured. Captures only.
	Final bool
}

// Payments is what orders need of the payment service. Every call is repeatable by its id; an error of which saga.Definite
// holds means that nothing was done.
type Payments interface {
	Capture(ctx context.Context, m Movement) (Result, error)
	Refund(ctx context.Context, m Movement) (Result, error)
	Void(ctx context.Context, paymentID, voidID, orderID string) (Payment, error)
	RefundToGiftCard(ctx context.Context, refundID, holdID string, amount money.Money) error
	ReleaseGiftCardHold(ctx context.Context, holdID, orderID string) error
}

// StockLine is units of a SKU.
type StockLine struct {
	// SKU names the stock.
	SKU string
	// Quantity is the units.
	Quantity int32
}

// Parcel is units that leave or come back.
type Parcel struct {
	// ID names the movement of stock: the idempotency key.
	ID string
	// OrderID and ReservationID say whose units they are.
	OrderID, ReservationID string
	// Lines are the units.
	Lines []StockLine
	// Carrier and TrackingNumber are of a shipment.
	Carrier, TrackingNumber string
	// Restock and Reason are of a return.
	Restock bool
	Reason  string
}

// Stock is what orders need of the inventory service, with the same rules as Payments.
type Stock interface {
	ReleaseAllocation(ctx context.Context, p Parcel) error
	CreateShipment(ctx context.Context, p Parcel) error
	ReceiveReturn(ctx context.Context, p Parcel) error
}

// Coupons is what orders need of the pricing service, with the same rules as Payments.
type Coupons interface {
	ReleaseCoupons(ctx context.Context, orderID string) error
}

// Peers are the services that orders call.
type Peers struct {
	Payments Payments
	Stock    Stock
	Coupons  Coupons
}
