package rpc

import (
	"context"

	inventoryv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/inventory/v1"
	"github.com/cartwright-shop/cartwright/services/inventory/internal/stock"
)

// ListShipments pages through the shipments of an order, oldest first.
func (s *Server) ListShipments(ctx context.Context, req *inventoryv1.ListShipmentsRequest) (*inventoryv1.ListShipmentsResponse, error) {
	list, err := begin("shipments/"+req.GetOrderId(), req.GetPageSize(), req.GetPageToken(), stock.Mark{})
	if err != nil {
		return nil, err
	}
	rows, err := s.stock.ListShipments(ctx, req.GetOrderId(), list.cursor, list.limit())
	if err != nil {
		return nil, err
	}
	rows, next, err := finish(list, rows, func(r stock.Shipment) stock.Mark { return stock.Mark{Time: r.CreatedAt, ID: r.ID} })
	if err != nil {
		return nil, err
	}
	return &inventoryv1.ListShipmentsResponse{Shipments: mapSlice(rows, shipmentToProto), NextPageToken: next}, nil
}
