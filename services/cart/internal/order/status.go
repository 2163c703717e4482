package order

// PaymentStatus says how far the money is, gift cards included.
type PaymentStatus string

// The payment statuses.
const (
	Unpaid            PaymentStatus = "unpaid"
	Authorized        PaymentStatus = "authorized"
	PartiallyCaptured PaymentStatus = "partially_captured"
	Captured          PaymentStatus = "captured"
	PartiallyRefunded PaymentStatus = "partially_refunded"
	Refunded          PaymentStatus = "refunded"
	PaymentProblem    PaymentStatus = "problem"
	Voided            PaymentStatus = "voided"
)

// FulfillmentStatus says how far the goods are.
type FulfillmentStatus string

// The fulfillment statuses.
const (
	Unfulfilled       FulfillmentStatus = "unfulfilled"
	Partial           FulfillmentStatus = "partial"
	Fulfilled         FulfillmentStatus = "fulfilled"
	PartiallyReturned FulfillmentStatus = "partially_returned"
	Returned          FulfillmentStatus = "returned"
)

// Money says how far the money of an order is. Everything the buyer owes is Gift + Due.
type Money struct {
	// Total is what the buyer owes: Gift + Due.
	Total int64
	// Gift is what gift cards cover.
	Gift int64
	// Due is what the payment covers.
	Due int64
	// GiftPosted says that the gift cards were charged; until then Gift is only held.
	GiftPosted bool
	// Captured is what was taken by the payment. Captured + NotCaptured <= Due.
	Captured int64
	// NotCaptured is the part of Due that will not be taken any more.
	NotCaptured int64
	// Refunded is what went back through the payment; at most Captured.
	Refunded int64
	// GiftRefunded is what went back to gift cards, or was never posted to them; at most Gift.
	GiftRefunded int64
	// CancelRefunded is the part of Refunded + GiftRefunded that paid back what was never shipped.
	CancelRefunded int64
	// ShippingRefunded is the delivery cost given back or not captured any more, and ShippingRefundedTax the tax in it.
	ShippingRefunded, ShippingRefundedTax int64
	// Problem says that the provider refused a capture and nobody has mended it.
	Problem bool
}

// Uncaptured is what the payment may still take.
func (m Money) Uncaptured() int64 { return m.Due - m.NotCaptured - m.Captured }

// PaymentStatus derives how far the money is.
func (o *Order) PaymentStatus() PaymentStatus {
	m := o.Money
	switch {
	case o.Status == Pending, o.Status == RequiresAction, o.Status == Failed, o.Status == Cancelled && o.PlacedAt.IsZero():
		return Unpaid
	}
	if m.Problem {
		return PaymentProblem
	}
	taken := m.Captured
	if m.GiftPosted {
		taken += m.Gift
	}
	back := m.Refunded + m.GiftRefunded
	switch {
	case m.Total > 0 && m.NotCaptured+m.GiftRefunded == m.Total && taken == 0:
		return Voided
	case back > 0 && back >= taken && m.Uncaptured() == 0:
		return Refunded
	case back > 0:
		return PartiallyRefunded
	case taken == m.Total-m.NotCaptured:
		return Captured
	case taken > 0:
		return PartiallyCaptured
	default:
		return Authorized
	}
}

// FulfillmentStatus derives how far the goods are.
func (o *Order) FulfillmentStatus() FulfillmentStatus {
	var left, shipped, returned int64
	for _, l := range o.Lines {
		left += int64(l.Left())
		shipped += int64(l.Shipped)
		returned += int64(l.Returned)
	}
	switch {
	case shipped == 0:
		return Unfulfilled
	case left > 0:
		return Partial
	case returned == 0:
		return Fulfilled
	case returned < shipped:
		return PartiallyReturned
	default:
		return Returned
	}
}

// allUnitsDone says whether no unit is left to ship or cancel.
func (o *Order) allUnitsDone() bool {
	for _, l := range o.Lines {
		if l.Left() > 0 {
			return false
		}
	}
	return true
}

func (o *Order) anyShipped() bool {
	for _, l := range o.Lines {
		if l.Shipped > 0 {
			return true
		}
	}
	return false
}

// givenBack says whether nothing of the order is left: no unit was shipped or will be, and no delivery is paid.
func (o *Order) givenBack() bool {
	return o.allUnitsDone() && !o.anyShipped() && o.Money.ShippingRefunded == o.ShippingTotal()
}

// settle brings the status of a placed order up to what happened to it.
func (o *Order) settle() {
	if o.Status != Placed && o.Status != Completed {
		return
	}
	switch {
	case o.allUnitsDone() && o.anyShipped() && o.Money.Uncaptured() == 0 && !o.Money.Problem:
		o.Status = Completed
	case o.givenBack():
		o.Status = Cancelled
	default:
		o.Status = Placed
	}
}
