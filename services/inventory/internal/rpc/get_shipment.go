package rpc

import (
	"context"

	inventoryv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/inventory/v1"
)

// GetShipment reads a shipment.
func (s *Server) GetShipment(ctx context.Context, req *inventoryv1.GetShipmentRequest) (*inventoryv1.GetShipmentResponse, error) {
	shipment, err := s.stock.GetShipment(ctx, req.GetShipmentId())
	if err != nil {
		return nil, err
	}
	return &inventoryv1.GetShipmentResponse{Shipment: shipmentToProto(shipment)}, nil
}
