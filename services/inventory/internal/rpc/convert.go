package rpc

import (
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	inventoryv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/inventory/v1"
	"github.com/cartwright-shop/cartwright/services/inventory/internal/stock"
	"github.com/cartwright-shop/cartwright/services/platform/errs"
)

// outcome names the result of a step for the metric.
func outcome(err error) string {
	if err == nil {
		return "ok"
	}
	return errs.ReasonOf(err)
}

func timestamp(t time.Time) *timestamppb.Timestamp {
	if t.IsZero() {
		return nil
	}
	return timestamppb.New(t)
}

func mapSlice[A, B any](in []A, convert func(A) B) []B {
	out := make([]B, len(in))
	for i, a := range in {
		out[i] = convert(a)
	}
	return out
}

func locationToProto(l stock.Location) *inventoryv1.Location {
	return &inventoryv1.Location{
		Key: l.Key, Name: l.Name, CountryCode: l.CountryCode, Channels: l.Channels, Priority: l.Priority, Active: l.Active,
		Version: l.Version, CreateTime: timestamp(l.CreatedAt), UpdateTime: timestamp(l.UpdatedAt),
	}
}

func levelToProto(l stock.Level) *inventoryv1.StockLevel {
	return &inventoryv1.StockLevel{
		Sku: l.SKU, LocationKey: l.Location, OnHand: l.OnHand, Reserved: l.Reserved, Available: l.Free(),
		UpdateTime: timestamp(l.UpdatedAt),
	}
}

func movementToProto(m stock.Movement) *inventoryv1.Movement {
	return &inventoryv1.Movement{
		Id: m.ID, Sku: m.SKU, LocationKey: m.Location, Kind: movementKind(m.Kind), Delta: m.Delta, OnHandAfter: m.OnHandAfter,
		Actor: m.Cause.Actor, Reason: m.Cause.Reason, Reference: m.Cause.Reference, RequestId: m.Cause.RequestID,
		CreateTime: timestamp(m.CreatedAt),
	}
}

func movementKind(k stock.MovementKind) inventoryv1.MovementKind {
	switch k {
	case stock.MovementSet:
		return inventoryv1.MovementKind_MOVEMENT_KIND_SET
	case stock.MovementAdjust:
		return inventoryv1.MovementKind_MOVEMENT_KIND_ADJUST
	case stock.MovementShip:
		return inventoryv1.MovementKind_MOVEMENT_KIND_SHIP
	case stock.MovementReturn:
		return inventoryv1.MovementKind_MOVEMENT_KIND_RETURN
	default:
		return inventoryv1.MovementKind_MOVEMENT_KIND_UNSPECIFIED
	}
}

func policyToProto(p stock.BackorderPolicy) *inventoryv1.BackorderPolicy {
	mode := inventoryv1.BackorderMode_BACKORDER_MODE_NONE
	if p.Allowed {
		mode = inventoryv1.BackorderMode_BACKORDER_MODE_ALLOW
	}
	return &inventoryv1.BackorderPolicy{
		Sku: p.SKU, Mode: mode, Limit: p.Limit, Backordered: p.Backordered, UpdateTime: timestamp(p.UpdatedAt),
	}
}

func purchaseLimitToProto(l stock.PurchaseLimit) *inventoryv1.PurchaseLimit {
	return &inventoryv1.PurchaseLimit{
		Sku: l.SKU, Quantity: l.Quantity, WindowDays: l.WindowDays, UpdateTime: timestamp(l.UpdatedAt),
	}
}

func availabilityToProto(a stock.Availability) *inventoryv1.Availability {
	band := inventoryv1.StockBand_STOCK_BAND_OUT
	switch a.Band {
	case stock.BandLow:
		band = inventoryv1.StockBand_STOCK_BAND_LOW
	case stock.BandIn:
		band = inventoryv1.StockBand_STOCK_BAND_IN
	case stock.BandOut:
	}
	return &inventoryv1.Availability{
		Sku: a.SKU, Available: a.Available, Band: band, Backorderable: a.BackorderAvailable > 0,
		BackorderAvailable: a.BackorderAvailable, Tracked: a.Tracked,
	}
}

func reservationToProto(r stock.Reservation) *inventoryv1.Reservation {
	out := &inventoryv1.Reservation{
		Id: r.ID, OrderId: r.OrderID, Channel: r.Channel, State: reservationState(r.State), CreateTime: timestamp(r.CreatedAt),
	}
	for _, a := range r.Allocations { // in SKU order
		n := len(out.Lines)
		if n == 0 || out.Lines[n-1].Sku != a.SKU {
			out.Lines = append(out.Lines, &inventoryv1.ReservationLine{Sku: a.SKU})
			n++
		}
		line := out.Lines[n-1]
		line.Quantity += a.Quantity
		line.Shipped += a.Shipped
		line.Released += a.Released
		if a.Backordered() {
			line.Backordered += a.Open()
		}
		line.Allocations = append(line.Allocations, &inventoryv1.Allocation{
			LocationKey: a.Location, Quantity: a.Quantity, Shipped: a.Shipped, Released: a.Released,
		})
	}
	if len(out.Lines) > 0 {
		out.ExpireTime = timestamp(r.ExpiresAt)
	}
	return out
}

func reservationState(s stock.State) inventoryv1.ReservationState {
	switch s {
	case stock.Held:
		return inventoryv1.ReservationState_RESERVATION_STATE_HELD
	case stock.Committed:
		return inventoryv1.ReservationState_RESERVATION_STATE_COMMITTED
	case stock.Released:
		return inventoryv1.ReservationState_RESERVATION_STATE_RELEASED
	case stock.ExpiredState:
		return inventoryv1.ReservationState_RESERVATION_STATE_EXPIRED
	case stock.Refused:
		return inventoryv1.ReservationState_RESERVATION_STATE_REFUSED
	default:
		return inventoryv1.ReservationState_RESERVATION_STATE_UNSPECIFIED
	}
}

// unitsOf is what lines of several requests have in common.
type unitsOf interface {
	GetSku() string
	GetQuantity() int32
}

func lineFromProto[L unitsOf](l L) stock.Line {
	return stock.Line{SKU: l.GetSku(), Quantity: l.GetQuantity()}
}

func shipmentToProto(s stock.Shipment) *inventoryv1.Shipment {
	return &inventoryv1.Shipment{
		Id: s.ID, OrderId: s.OrderID, ReservationId: s.ReservationID, Carrier: s.Carrier, TrackingNumber: s.TrackingNumber,
		Version: s.Version, CreateTime: timestamp(s.CreatedAt), UpdateTime: timestamp(s.UpdatedAt),
		Items: mapSlice(s.Items, func(p stock.Pick) *inventoryv1.ShipmentItem {
			return &inventoryv1.ShipmentItem{Sku: p.SKU, LocationKey: p.Location, Quantity: p.Quantity}
		}),
	}
}

func returnToProto(r stock.Return) *inventoryv1.Return {
	return &inventoryv1.Return{
		Id: r.ID, OrderId: r.OrderID, Reason: r.Reason, CreateTime: timestamp(r.CreatedAt),
		Items: mapSlice(r.Items, func(item stock.ReturnItem) *inventoryv1.ReturnItem {
			return &inventoryv1.ReturnItem{Sku: item.SKU, LocationKey: item.Location, Quantity: item.Quantity, Restock: item.Restock}
		}),
	}
}
