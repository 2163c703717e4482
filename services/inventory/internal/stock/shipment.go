package stock

import (
	"bytes"
	"context"
	"fmt"
	"time"
)

// Shipment is goods that left for the buyer.
type Shipment struct {
	// ID was chosen by the caller.
	ID string
	// OrderID is the order it belongs to.
	OrderID string
	// ReservationID is where its units were taken from.
	ReservationID string
	// Fingerprint tells what was asked for.
	Fingerprint []byte
	// Items are what is in it, in key order.
	Items []Pick
	// Carrier is who carries it.
	Carrier string
	// TrackingNumber is the carrier's number for it.
	TrackingNumber string
	// Version counts the edits from 1.
	Version int64
	// CreatedAt is when it was recorded.
	CreatedAt time.Time
	// UpdatedAt is when it was last edited.
	UpdatedAt time.Time
}

// ShipRequest records that units of a committed reservation left.
type ShipRequest struct {
	// ID names the shipment and makes repeats safe.
	ID string
	// OrderID is the order; it must be the reservation's.
	OrderID string
	// ReservationID is where to take the units from.
	ReservationID string
	// Lines are what left; equal SKUs are added up.
	Lines []Line
	// Location limits the shipment to what this location owes; empty for all.
	Location string
	// Carrier is who carries it.
	Carrier string
	// TrackingNumber is the carrier's number for it.
	TrackingNumber string
	// RequestID is the caller's, for the audit.
	RequestID string
}

// CreateShipment takes units off the shelf and off the reservation. Units that are backordered cannot be shipped.
func (s *Service) CreateShipment(ctx context.Context, r ShipRequest) (Shipment, error) {
	lines, err := sumLines(r.Lines)
	if err != nil {
		return Shipment{}, err
	}
	shipment := Shipment{
		ID: r.ID, OrderID: r.OrderID, ReservationID: r.ReservationID, Carrier: r.Carrier, TrackingNumber: r.TrackingNumber,
		Fingerprint: fingerprint([]string{"ship/1", r.OrderID, r.ReservationID, r.Location}, lines),
	}
	err = s.store.Tx(ctx, func(ctx context.Context) error {
		reservation, err := s.store.LockReservation(ctx, r.ReservationID)
		if err != nil {
			return err
		}
		if reservation.OrderID != r.OrderID {
			return ErrReservationNotFound.At("reservationId", "There is no such reservation of this order.")
		}
		if done, err := s.shippedBefore(ctx, shipment); done || err != nil {
			return err
		}
		if err := reservation.requireState(Committed); err != nil {
			return err
		}
		var open []Allocation
		for _, a := range reservation.Allocations {
			if !a.Backordered() && (r.Location == "" || a.Location == r.Location) {
				open = append(open, a)
			}
		}
		if shipment.Items, err = pickOpen(r.Lines, lines, open); err != nil {
			return err
		}
		return s.ship(ctx, shipment, causeOf(ctx, r.RequestID, "shipment", r.ID))
	})
	if err != nil {
		return Shipment{}, fmt.Errorf("create shipment: %w", err)
	}
	return s.GetShipment(ctx, r.ID)
}

func (s *Service) shippedBefore(ctx context.Context, want Shipment) (bool, error) {
	stored, err := s.store.GetShipment(ctx, want.ID)
	switch {
	case isShipmentNotFound(err):
		return false, nil
	case err != nil:
		return false, err
	case !bytes.Equal(stored.Fingerprint, want.Fingerprint):
		return false, reusedID("shipmentId")
	}
	return true, nil
}

func (s *Service) ship(ctx context.Context, shipment Shipment, cause Cause) error {
	inserted, err := s.store.InsertShipment(ctx, shipment, cause)
	if err != nil {
		return err
	}
	if !inserted { // taken by a shipment of another reservation: those do not wait for this one's lock
		return reusedID("shipmentId")
	}
	changes := make([]Change, len(shipment.Items))
	for i, p := range shipment.Items {
		changes[i] = Change{Key: p.Key, OnHand: -p.Quantity, Reserved: -p.Quantity}
	}
	if _, err := s.store.LockStock(ctx, sortedKeys(changes, func(c Change) Key { return c.Key })); err != nil {
		return err
	}
	_, err = s.store.ApplyChanges(ctx, MovementShip, cause, changes)
	return err
}

// UpdateShipment replaces carrier and tracking number of the version in s.
func (s *Service) UpdateShipment(ctx context.Context, shipment Shipment) (Shipment, error) {
	if err := s.store.UpdateShipment(ctx, shipment); err != nil {
		return Shipment{}, fmt.Errorf("update shipment: %w", err)
	}
	return s.GetShipment(ctx, shipment.ID)
}

// GetShipment returns a shipment.
func (s *Service) GetShipment(ctx context.Context, id string) (Shipment, error) {
	shipment, err := s.store.GetShipment(ctx, id)
	if err != nil {
		return Shipment{}, fmt.Errorf("get shipment: %w", err)
	}
	return shipment, nil
}

// ListShipments returns an order's shipments, oldest first.
func (s *Service) ListShipments(ctx context.Context, orderID string, after Mark, limit int) ([]Shipment, error) {
	shipments, err := s.store.ListShipments(ctx, orderID, after, limit)
	if err != nil {
		return nil, fmt.Errorf("list shipments: %w", err)
	}
	return shipments, nil
}
