package rpc

import (
	"context"

	inventoryv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/inventory/v1"
	"github.com/cartwright-shop/cartwright/services/inventory/internal/stock"
)

// CreateShipment records goods that left.
func (s *Server) CreateShipment(ctx context.Context, req *inventoryv1.CreateShipmentRequest) (*inventoryv1.CreateShipmentResponse, error) {
	shipment, err := s.stock.CreateShipment(ctx, stock.ShipRequest{
		ID: req.GetShipmentId(), OrderID: req.GetOrderId(), ReservationID: req.GetReservationId(),
		Lines:    mapSlice(req.GetLines(), lineFromProto[*inventoryv1.CreateShipmentLine]),
		Location: req.GetLocationKey(), Carrier: req.GetCarrier(), TrackingNumber: req.GetTrackingNumber(),
		RequestID: req.GetRequestId(),
	})
	if err != nil {
		return nil, err
	}
	return &inventoryv1.CreateShipmentResponse{Shipment: shipmentToProto(shipment)}, nil
}
