package payment

// Changed is the task to tell the order's owner that a payment changed. Its JSON form is stored, so its names stay.
type Changed struct {
	// EventID is the same in every try.
	EventID string `json:"event_id"`
	// OrderID is the order.
	OrderID string `json:"order_id"`
	// PaymentID is the payment.
	PaymentID string `json:"payment_id"`
	// Cause is the trace of what changed it; empty when nothing was traced.
	Cause string `json:"cause,omitempty"`
}

// Kind names the task in the queue.
func (Changed) Kind() string { return "notify_payment" }

// Arrived is the task to apply a notification. Its JSON form is stored, so its names stay.
type Arrived struct {
	// Provider and EventID name the notification.
	Provider string `json:"provider"`
	EventID  string `json:"event_id"`
	// Cause is the trace of the request that brought it; empty when nothing was traced.
	Cause string `json:"cause,omitempty"`
}

// Kind names the task in the queue.
func (Arrived) Kind() string { return "apply_payment_event" }
