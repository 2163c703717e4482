package rpc

import (
	"context"

	inventoryv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/inventory/v1"
	"github.com/cartwright-shop/cartwright/services/inventory/internal/stock"
)

// ListReturns pages through the returns of an order, oldest first.
func (s *Server) ListReturns(ctx context.Context, req *inventoryv1.ListReturnsRequest) (*inventoryv1.ListReturnsResponse, error) {
	list, err := begin("returns/"+req.GetOrderId(), req.GetPageSize(), req.GetPageToken(), stock.Mark{})
	if err != nil {
		return nil, err
	}
	rows, err := s.stock.ListReturns(ctx, req.GetOrderId(), list.cursor, list.limit())
	if err != nil {
		return nil, err
	}
	rows, next, err := finish(list, rows, func(r stock.Return) stock.Mark { return stock.Mark{Time: r.CreatedAt, ID: r.ID} })
	if err != nil {
		return nil, err
	}
	return &inventoryv1.ListReturnsResponse{Returns: mapSlice(rows, returnToProto), NextPageToken: next}, nil
}
