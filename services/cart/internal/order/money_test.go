package order

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// drawOrder makes a placed order of any shape: any quantities and amounts, gift cards, delivery, either way of capturing.
func drawOrder(t *rapid.T) *Order {
	o := &Order{ID: "order", Currency: "GBP", Status: Placed, PaymentID: "payment", ReservationID: "reservation"}
	o.CaptureAtShipment = rapid.Bool().Draw(t, "at shipment")
	for i := range rapid.IntRange(1, 5).Draw(t, "lines") {
		total := rapid.Int64Range(0, 100_000).Draw(t, "total")
		o.Lines = append(o.Lines, Line{
			ID: fmt.Sprint(i), SKU: fmt.Sprint("SKU-", i), Quantity: rapid.Int32Range(1, 13).Draw(t, "quantity"),
			Total: total, Tax: rapid.Int64Range(0, total).Draw(t, "tax"),
		})
		o.Money.Total += total
	}
	if rapid.Bool().Draw(t, "delivered") {
		total := rapid.Int64Range(0, 2_000).Draw(t, "shipping")
		o.Snapshot.Shipping = &Shipping{Total: total, Tax: rapid.Int64Range(0, total).Draw(t, "shipping tax")}
		o.Money.Total += total
	}
	for i := range rapid.IntRange(0, 2).Draw(t, "gift cards") {
		amount := rapid.Int64Range(0, o.Money.Total-o.Money.Gift).Draw(t, "gift card")
		if amount > 0 {
			o.GiftCards = append(o.GiftCards, GiftCard{HoldID: fmt.Sprint("hold-", i), Amount: amount})
			o.Money.Gift += amount
		}
	}
	o.Money.Due, o.Money.GiftPosted = o.Money.Total-o.Money.Gift, true
	if !o.CaptureAtShipment {
		o.Money.Captured = o.Money.Due
	}
	return o
}

// drawItems names some units that are left of some lines.
func drawItems(t *rapid.T, o *Order, left func(Line) int32) []Item {
	var items []Item
	for _, l := range o.Lines {
		if units := rapid.Int32Range(0, left(l)).Draw(t, "units"); units > 0 {
			items = append(items, Item{LineID: l.ID, Quantity: units})
		}
	}
	return items
}

// checkMoney is what must hold after every step: nothing is taken or given back twice, and every minor unit has a place.
func checkMoney(t require.TestingT, o *Order) {
	m := o.Money
	require.LessOrEqual(t, m.Captured+m.NotCaptured, m.Due, "captured and given up is at most what is due")
	require.LessOrEqual(t, m.Refunded, m.Captured, "refunded is at most captured")
	require.LessOrEqual(t, m.GiftRefunded, m.Gift, "put back on gift cards is at most what was taken")
	var cards, lines int64
	for _, g := range o.GiftCards {
		require.GreaterOrEqual(t, g.Amount, g.Refunded)
		cards += g.Refunded
	}
	require.Equal(t, m.GiftRefunded, cards, "the cards add up to what went back to them")
	for _, l := range o.Lines {
		require.GreaterOrEqual(t, l.Left(), int32(0))
		require.LessOrEqual(t, l.Returned, l.Shipped)
		require.LessOrEqual(t, l.Refunded, l.Total)
		require.LessOrEqual(t, l.RefundedTax, l.Tax)
		lines += l.Refunded
	}
	require.Equal(t, lines+m.ShippingRefunded, m.NotCaptured+m.Refunded+m.GiftRefunded, "what lines and delivery gave back has a source")
}

// shipAll does what a shipment does to the order's money and units.
func shipAll(t require.TestingT, o *Order, items []Item) {
	s, err := o.PlanShipment(ShipmentWish{Items: items})
	require.NoError(t, err)
	require.LessOrEqual(t, s.Capture, o.Money.Uncaptured())
	o.Money.Captured += s.Capture
	o.ship(s)
	o.settle()
}

// Whatever sequence of shipments and refunds a shop makes, the buyer never gets back more or less than was paid: a line
// refunded whole gives exactly its total and its tax, however it was split, and money and units always add up.
func TestAnyHistoryAddsUp(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		o := drawOrder(t)
		for range rapid.IntRange(1, 12).Draw(t, "steps") {
			if o.Status == Placed && rapid.Bool().Draw(t, "ship") {
				if items := drawItems(t, o, Line.Left); len(items) > 0 {
					shipAll(t, o, items)
				}
				checkMoney(t, o)
				continue
			}
			wish := RefundWish{Items: drawItems(t, o, Line.Refundable), Shipping: rapid.Bool().Draw(t, "refund shipping")}
			r, err := o.PlanRefund(wish)
			if errors.Is(err, ErrRefundEmpty.Err()) {
				continue
			}
			require.NoError(t, err)
			require.Equal(t, r.Total, r.NotCaptured+r.ToPayment+r.ToGiftCards)
			money, lines := o.Money, slices.Clone(o.Lines)
			o.reserve(r)
			checkMoney(t, o)
			if rapid.IntRange(0, 4).Draw(t, "refused") == 0 {
				o.unreserve(r)
				require.Equal(t, money, o.Money, "a refused refund leaves the order as it was")
				require.Equal(t, lines, o.Lines)
				continue
			}
			o.settle()
		}
		finish(t, o)
	})
}

// finish refunds all that is left and checks that everything came back exactly.
func finish(t *rapid.T, o *Order) {
	wish := RefundWish{Shipping: true}
	for _, l := range o.Lines {
		if l.Refundable() > 0 {
			wish.Items = append(wish.Items, Item{LineID: l.ID, Quantity: l.Refundable()})
		}
	}
	r, err := o.PlanRefund(wish)
	if !errors.Is(err, ErrRefundEmpty.Err()) {
		require.NoError(t, err)
		o.reserve(r)
	}
	checkMoney(t, o)
	for _, l := range o.Lines {
		require.Equal(t, l.Total, l.Refunded, "a line refunded whole gives its total")
		require.Equal(t, l.Tax, l.RefundedTax, "and its tax")
	}
	require.Equal(t, o.Money.Total, o.Money.NotCaptured+o.Money.Refunded+o.Money.GiftRefunded, "everything paid came back or was not taken")
}

// Shipping an order in any number of parcels takes exactly what is due, and never less than the value that has left.
func TestParcelsCaptureWhatIsDue(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		o := drawOrder(t)
		for !o.allUnitsDone() {
			items := drawItems(t, o, Line.Left)
			if len(items) == 0 {
				continue
			}
			shipAll(t, o, items)
			checkMoney(t, o)
			var value int64
			for _, l := range o.Lines {
				part, err := share(l.Total, l.Shipped, l.Quantity)
				require.NoError(t, err)
				value += part
			}
			require.GreaterOrEqual(t, o.Money.Gift+o.Money.Captured, min(value, o.Money.Total), "no unit leaves unpaid")
		}
		require.Equal(t, o.Money.Due, o.Money.Captured)
		require.Equal(t, Completed, o.Status)
		require.Equal(t, Fulfilled, o.FulfillmentStatus())
		require.Equal(t, Captured, o.PaymentStatus())
	})
}

// A line of three units for 10.00 gives back 3.33, 3.34, 3.33: a shop that rounded each alone would keep or lose a penny.
func TestPartialRefundsRoundCumulatively(t *testing.T) {
	t.Parallel()
	o := &Order{
		ID: "order", Currency: "GBP", Status: Placed, Lines: []Line{{ID: "a", SKU: "A", Quantity: 3, Total: 1000, Tax: 167}},
		Money: Money{Total: 1000, Due: 1000, Captured: 1000}, PaymentID: "payment",
	}
	var amounts, taxes []int64
	for range 3 {
		r, err := o.PlanRefund(RefundWish{Items: []Item{{LineID: "a", Quantity: 1}}})
		require.NoError(t, err)
		o.reserve(r)
		amounts, taxes = append(amounts, r.Total), append(taxes, r.Lines[0].Tax)
	}
	require.Equal(t, []int64{333, 334, 333}, amounts)
	require.Equal(t, []int64{56, 55, 56}, taxes)
}

// Money goes back to the card that paid before it goes to a gift card, and never twice: the split is part of the contract.
func TestRefundGoesToTheCardFirst(t *testing.T) {
	t.Parallel()
	o := &Order{
		ID: "order", Currency: "GBP", Status: Placed, Lines: []Line{{ID: "a", SKU: "A", Quantity: 2, Total: 2000, Shipped: 2}},
		Money:     Money{Total: 2000, Due: 700, Gift: 1300, GiftPosted: true, Captured: 700},
		GiftCards: []GiftCard{{HoldID: "first", Amount: 1000}, {HoldID: "second", Amount: 300}}, PaymentID: "payment",
	}
	r, err := o.PlanRefund(RefundWish{Items: []Item{{LineID: "a", Quantity: 1}}})
	require.NoError(t, err)
	require.Equal(t, int64(700), r.ToPayment)
	require.Equal(t, []GiftCardPart{{HoldID: "second", Amount: 300}}, r.GiftCards)
	o.reserve(r)
	r, err = o.PlanRefund(RefundWish{Items: []Item{{LineID: "a", Quantity: 1}}})
	require.NoError(t, err)
	require.Equal(t, int64(0), r.ToPayment)
	require.Equal(t, []GiftCardPart{{HoldID: "first", Amount: 1000}}, r.GiftCards)
}

// More units than are left, a line named twice and a line of another order are refused with the field that is wrong, so
// that no clerk gives back what was never bought.
func TestRefundRefusesWhatIsNotThere(t *testing.T) {
	t.Parallel()
	o := &Order{
		ID: "order", Currency: "GBP", Status: Placed, Lines: []Line{{ID: "a", SKU: "A", Quantity: 2, Total: 2000}},
		Money: Money{Total: 2000, Due: 2000, Captured: 2000},
	}
	_, err := o.PlanRefund(RefundWish{Items: []Item{{LineID: "a", Quantity: 3}}})
	require.ErrorIs(t, err, ErrQuantity.Err())
	_, err = o.PlanRefund(RefundWish{Items: []Item{{LineID: "a", Quantity: 1}, {LineID: "a", Quantity: 1}}})
	require.ErrorIs(t, err, ErrLineTwice.Err())
	_, err = o.PlanRefund(RefundWish{Items: []Item{{LineID: "b", Quantity: 1}}})
	require.ErrorIs(t, err, ErrLine.Err())
	_, err = o.PlanRefund(RefundWish{})
	require.ErrorIs(t, err, ErrRefundEmpty.Err())
	_, err = o.PlanShipment(ShipmentWish{Items: []Item{{LineID: "a", Quantity: 3}}})
	require.ErrorIs(t, err, ErrQuantity.Err())
	o.Lines[0].Shipped = 2
	_, err = o.PlanShipment(ShipmentWish{})
	require.ErrorIs(t, err, ErrShipmentEmpty.Err())
}

// Cancelling an order of which nothing was taken gives everything up without moving money: the buyer is never charged.
func TestCancelBeforeCaptureMovesNoMoney(t *testing.T) {
	t.Parallel()
	o := &Order{
		ID: "order", Currency: "GBP", Status: Placed, CaptureAtShipment: true, Lines: []Line{{ID: "a", SKU: "A", Quantity: 2, Total: 2000}},
		Snapshot: Snapshot{Shipping: &Shipping{Total: 500}}, Money: Money{Total: 2500, Due: 2500}, PaymentID: "payment",
		PlacedAt: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC),
	}
	r, err := o.PlanCancel("changed my mind")
	require.NoError(t, err)
	require.Equal(t, int64(2500), r.NotCaptured)
	require.Zero(t, r.ToPayment)
	o.reserve(r)
	o.settle()
	require.Equal(t, Cancelled, o.Status)
	require.Equal(t, Voided, o.PaymentStatus())
}
