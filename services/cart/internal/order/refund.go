package order

import (
	"fmt"
	"time"

	"github.com/cartwright-shop/cartwright/services/platform/money"
)

// OperationStatus is how far a refund or shipment is.
type OperationStatus string

// The statuses of an operation.
const (
	OperationPending   OperationStatus = "pending"
	OperationSucceeded OperationStatus = "succeeded"
	OperationFailed    OperationStatus = "failed"
)

// Refund is money and units given back. A cancellation is the refund of everything that is left.
type Refund struct {
	// ID names the refund here and in the payment and inventory services.
	ID string
	// OrderID names the order.
	OrderID string
	// Cancel says that it cancels the order: coupon uses are returned too.
	Cancel bool
	// Status is how far it is.
	Status OperationStatus
	// Reason is what the caller gave.
	Reason string
	// Actor is who asked.
	Actor Actor
	// Lines are what is given back.
	Lines []RefundLine
	// Shipping is the delivery cost given back and ShippingTax the tax in it.
	Shipping, ShippingTax int64
	// Total is everything: the lines and the shipping.
	Total int64
	// NotCaptured, ToPayment and ToGiftCards are where it comes from; they add up to Total.
	NotCaptured, ToPayment, ToGiftCards int64
	// Cancelled is the part of ToPayment + ToGiftCards that pays back what was never shipped.
	Cancelled int64
	// GiftCards are the parts of ToGiftCards by hold.
	GiftCards []GiftCardPart
	// Restock says whether returned units go back on the shelf.
	Restock bool
	// Failure says why it failed; nil otherwise.
	Failure *Failure
	// CreatedAt and CompletedAt are when; zero when not.
	CreatedAt, CompletedAt time.Time
}

// RefundLine is the part of one line in a refund.
type RefundLine struct {
	// LineID and SKU name what is given back.
	LineID string `json:"line_id"`
	SKU    string `json:"sku"`
	// Quantity is the units: Cancelled of them were never shipped and Returned were.
	Quantity  int32 `json:"quantity"`
	Cancelled int32 `json:"cancelled,omitempty"`
	Returned  int32 `json:"returned,omitempty"`
	// Amount is the money for them and Tax the tax in it.
	Amount int64 `json:"amount"`
	Tax    int64 `json:"tax,omitempty"`
}

// GiftCardPart is money that goes back to one gift card.
type GiftCardPart struct {
	// HoldID names the hold it was taken by.
	HoldID string `json:"hold_id"`
	// Amount is how much.
	Amount int64 `json:"amount"`
}

// Item names units of a line.
type Item struct {
	// LineID names the line.
	LineID string
	// Quantity is the units, at least 1.
	Quantity int32
}

// RefundWish is what somebody wants back.
type RefundWish struct {
	// Items are the units.
	Items []Item
	// Shipping says whether the rest of the delivery cost is wanted.
	Shipping bool
	// Restock says whether returned units go back on the shelf.
	Restock bool
	// Reason is why.
	Reason string
}

// PlanRefund works out what a wish comes to, without changing the order. The money of a line is given back by units counted
// from the first refund: after k units of n the line's refunds add up to round(total·k/n), so that any sequence of refunds
// of all units adds up to the total.
//
// Units not yet shipped go first. Money that pays for them is taken, in this order, from what was not captured yet,
// from the payment, from the gift cards; money for shipped units from the payment, the gift cards, and, by what
// rounding may leave, from what was not captured.
func (o *Order) PlanRefund(w RefundWish) (Refund, error) {
	r := Refund{OrderID: o.ID, Status: OperationPending, Reason: w.Reason, Restock: w.Restock}
	if err := o.checkItems(w.Items, "lines", Line.Refundable); err != nil {
		return Refund{}, err
	}
	var forCancelled, forReturned int64
	for _, item := range w.Items {
		line, cancelledPart, err := o.refundLine(item)
		if err != nil {
			return Refund{}, err
		}
		r.Lines = append(r.Lines, line)
		r.Total += line.Amount
		forCancelled += cancelledPart
		forReturned += line.Amount - cancelledPart
	}
	if w.Shipping {
		r.Shipping = o.ShippingTotal() - o.Money.ShippingRefunded
		r.ShippingTax = o.ShippingTax() - o.Money.ShippingRefundedTax
		r.Total += r.Shipping
		if o.allUnitsDone() && o.anyShipped() {
			forReturned += r.Shipping
		} else {
			forCancelled += r.Shipping
		}
	}
	if len(r.Lines) == 0 && r.Shipping == 0 {
		return Refund{}, ErrRefundEmpty.New("There is nothing to refund in the request.")
	}
	return r, o.fund(&r, forCancelled, forReturned)
}

// PlanCancel works out the refund of everything that is left of an order of which nothing was shipped.
func (o *Order) PlanCancel(reason string) (Refund, error) {
	wish := RefundWish{Shipping: true, Reason: reason}
	for _, l := range o.Lines {
		if left := l.Refundable(); left > 0 {
			wish.Items = append(wish.Items, Item{LineID: l.ID, Quantity: left})
		}
	}
	r, err := o.PlanRefund(wish)
	r.Cancel = true
	return r, err
}

// checkItems refuses unknown and repeated lines and more units than limit leaves.
func (o *Order) checkItems(items []Item, path string, limit func(Line) int32) error {
	seen := make(map[string]bool, len(items))
	for i, item := range items {
		line := o.Line(item.LineID)
		if line == nil {
			return ErrLine.At(fmt.Sprintf("%s[%d].orderLineId", path, i), "The order has no line %s.", item.LineID)
		}
		if seen[item.LineID] {
			return ErrLineTwice.At(fmt.Sprintf("%s[%d].orderLineId", path, i), "The line is named twice.")
		}
		seen[item.LineID] = true
		if left := limit(*line); item.Quantity > left {
			field := fmt.Sprintf("%s[%d].quantity", path, i)
			return ErrQuantity.At(field, "Only %d units are left.", left).Meta(fmt.Sprintf("%s[%d].available", path, i), fmt.Sprint(left))
		}
	}
	return nil
}

// refundLine works out one line and which part of its amount is for units that were not shipped.
func (o *Order) refundLine(item Item) (RefundLine, int64, error) {
	l := *o.Line(item.LineID)
	line := RefundLine{LineID: l.ID, SKU: l.SKU, Quantity: item.Quantity}
	line.Cancelled = min(item.Quantity, l.Left())
	line.Returned = item.Quantity - line.Cancelled
	before := l.Cancelled + l.Returned
	upTo := func(whole int64, units int32) (int64, error) { return share(whole, units, l.Quantity) }
	total, err := upTo(l.Total, before+item.Quantity)
	if err != nil {
		return RefundLine{}, 0, err
	}
	tax, err := upTo(l.Tax, before+item.Quantity)
	if err != nil {
		return RefundLine{}, 0, err
	}
	partly, err := upTo(l.Total, before+line.Cancelled)
	if err != nil {
		return RefundLine{}, 0, err
	}
	line.Amount, line.Tax = total-l.Refunded, tax-l.RefundedTax
	return line, partly - l.Refunded, nil
}

// share is round(whole·part/of), the same rounding for every line of every order.
func share(whole int64, part, of int32) (int64, error) {
	m, err := money.Money{Minor: whole}.Share(int64(part), int64(of), money.HalfUp)
	if err != nil {
		return 0, fmt.Errorf("share of a line: %w", err)
	}
	return m.Minor, nil
}

// fund says where the money of a refund comes from.
func (o *Order) fund(r *Refund, forCancelled, forReturned int64) error {
	uncaptured := o.Money.Uncaptured()
	payment := o.Money.Captured - o.Money.Refunded
	gift := o.Money.Gift - o.Money.GiftRefunded
	take := func(want int64, from *int64) int64 {
		taken := min(want, *from)
		*from -= taken
		return taken
	}
	notCaptured := take(forCancelled, &uncaptured)
	paid := take(forCancelled-notCaptured, &payment)
	card := take(forCancelled-notCaptured-paid, &gift)
	r.Cancelled = paid + card
	short := forCancelled - notCaptured - paid - card

	paidBack := take(forReturned, &payment)
	cardBack := take(forReturned-paidBack, &gift)
	rest := take(forReturned-paidBack-cardBack, &uncaptured)
	short += forReturned - paidBack - cardBack - rest
	if short != 0 {
		return fmt.Errorf("refund of order %s: %d minor units have no source", o.ID, short)
	}
	r.NotCaptured, r.ToPayment, r.ToGiftCards = notCaptured+rest, paid+paidBack, card+cardBack
	r.GiftCards = o.giftParts(r.ToGiftCards)
	return nil
}

// giftParts spreads an amount over the gift cards, last used first, so that the first card is spent for good the longest.
func (o *Order) giftParts(amount int64) []GiftCardPart {
	var parts []GiftCardPart
	for i := len(o.GiftCards) - 1; i >= 0 && amount > 0; i-- {
		card := o.GiftCards[i]
		if part := min(amount, card.Amount-card.Refunded); part > 0 {
			parts = append(parts, GiftCardPart{HoldID: card.HoldID, Amount: part})
			amount -= part
		}
	}
	return parts
}

// reserve counts a refund into the order before its money moves, so that nothing is given back twice.
func (o *Order) reserve(r Refund) { o.count(r, 1) }

// unreserve takes a refund that failed out again.
func (o *Order) unreserve(r Refund) { o.count(r, -1) }

func (o *Order) count(r Refund, sign int64) {
	for _, rl := range r.Lines {
		l := o.Line(rl.LineID)
		l.Cancelled += int32(sign) * rl.Cancelled
		l.Returned += int32(sign) * rl.Returned
		l.Refunded += sign * rl.Amount
		l.RefundedTax += sign * rl.Tax
	}
	o.Money.ShippingRefunded += sign * r.Shipping
	o.Money.ShippingRefundedTax += sign * r.ShippingTax
	o.Money.NotCaptured += sign * r.NotCaptured
	o.Money.Refunded += sign * r.ToPayment
	o.Money.GiftRefunded += sign * r.ToGiftCards
	o.Money.CancelRefunded += sign * r.Cancelled
	for _, part := range r.GiftCards {
		for i := range o.GiftCards {
			if o.GiftCards[i].HoldID == part.HoldID {
				o.GiftCards[i].Refunded += sign * part.Amount
			}
		}
	}
}
