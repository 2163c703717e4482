package rpc

import (
	"context"

	inventoryv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/inventory/v1"
	"github.com/cartwright-shop/cartwright/services/inventory/internal/stock"
	"github.com/cartwright-shop/cartwright/services/platform/idempotency"
)

// UpdateShipment edits carrier and tracking number under the shipment's version.
func (s *Server) UpdateShipment(ctx context.Context, req *inventoryv1.UpdateShipmentRequest) (*inventoryv1.UpdateShipmentResponse, error) {
	call := idempotency.NewCall(ctx, inventoryv1.InventoryService_UpdateShipment_FullMethodName, req.GetRequestId(), req)
	return idempotency.Do(ctx, s.keeper, call, &inventoryv1.UpdateShipmentResponse{}, func(ctx context.Context) (*inventoryv1.UpdateShipmentResponse, error) {
		shipment, err := s.stock.UpdateShipment(ctx, stock.Shipment{
			ID: req.GetShipmentId(), Carrier: req.GetCarrier(), TrackingNumber: req.GetTrackingNumber(), Version: req.GetVersion(),
		})
		if err != nil {
			return nil, err
		}
		return &inventoryv1.UpdateShipmentResponse{Shipment: shipmentToProto(shipment)}, nil
	})
}
