package order

import "time"

// Shipment is one parcel.
type Shipment struct {
	// ID names the shipment here and in the inventory service, and its capture in the payment service.
	ID string
	// OrderID names the order.
	OrderID string
	// Status is how far it is.
	Status OperationStatus
	// Actor is who asked.
	Actor Actor
	// Lines are the units in it.
	Lines []ShipmentLine
	// Carrier and TrackingNumber are what the buyer follows it by.
	Carrier, TrackingNumber string
	// Capture is what has to be captured before it leaves, and Final says that nothing is captured after it.
	Capture int64
	Final   bool
	// Captured is what was captured for it.
	Captured int64
	// Failure says why it failed; nil otherwise.
	Failure *Failure
	// CreatedAt and ShippedAt are when; zero when not.
	CreatedAt, ShippedAt time.Time
}

// ShipmentLine is the part of one line in a shipment.
type ShipmentLine struct {
	// LineID and SKU name what leaves.
	LineID string `json:"line_id"`
	SKU    string `json:"sku"`
	// Quantity is the units.
	Quantity int32 `json:"quantity"`
}

// ShipmentWish is what somebody wants to ship.
type ShipmentWish struct {
	// Items are the units; none means everything that is left.
	Items []Item
	// Carrier and TrackingNumber are what the buyer follows it by.
	Carrier, TrackingNumber string
}

// PlanShipment works out what a parcel holds and what has to be captured before it leaves: the value of all units shipped
// so far and of those in it, less what gift cards and earlier captures already paid for. The last parcel captures all that
// is left, the delivery cost included. An order that captures at placement has nothing left, unless that capture was
// refused: then any parcel needs all of it. While a payment problem is
// open, no parcel leaves that captures nothing: a capture that works is what ends the problem.
func (o *Order) PlanShipment(w ShipmentWish) (Shipment, error) {
	items := w.Items
	if len(items) == 0 {
		for _, l := range o.Lines {
			if left := l.Left(); left > 0 {
				items = append(items, Item{LineID: l.ID, Quantity: left})
			}
		}
		if len(items) == 0 {
			return Shipment{}, ErrShipmentEmpty.New("Nothing of the order is left to ship.")
		}
	}
	if err := o.checkItems(items, "lines", Line.Left); err != nil {
		return Shipment{}, err
	}
	s := Shipment{OrderID: o.ID, Status: OperationPending, Carrier: w.Carrier, TrackingNumber: w.TrackingNumber}
	parcel := make(map[string]int32, len(items))
	for _, item := range items {
		parcel[item.LineID] = item.Quantity
		s.Lines = append(s.Lines, ShipmentLine{LineID: item.LineID, SKU: o.Line(item.LineID).SKU, Quantity: item.Quantity})
	}
	var value, left int64
	for _, l := range o.Lines {
		part, err := share(l.Total, l.Shipped+parcel[l.ID], l.Quantity)
		if err != nil {
			return Shipment{}, err
		}
		value += part
		left += int64(l.Left() - parcel[l.ID])
	}
	uncaptured := o.Money.Uncaptured()
	if left == 0 || !o.CaptureAtShipment {
		s.Capture = uncaptured
	} else {
		paid := o.Money.Gift + o.Money.Captured - o.Money.CancelRefunded
		s.Capture = min(max(value-paid, 0), uncaptured)
	}
	if o.Money.Problem && s.Capture == 0 && uncaptured > 0 {
		return Shipment{}, ErrUnsecured.New("The payment of the order is not secured any more: %s cannot be captured.", o.Amount(uncaptured))
	}
	s.Final = s.Capture > 0 && s.Capture == uncaptured
	return s, nil
}

// ship counts a parcel that left.
func (o *Order) ship(s Shipment) {
	for _, sl := range s.Lines {
		o.Line(sl.LineID).Shipped += sl.Quantity
	}
}
