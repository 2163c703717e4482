package rpc

import (
	"context"
	"math"

	inventoryv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/inventory/v1"
	"github.com/cartwright-shop/cartwright/services/inventory/internal/stock"
)

// ListMovements pages through the history of a SKU, newest first.
func (s *Server) ListMovements(ctx context.Context, req *inventoryv1.ListMovementsRequest) (*inventoryv1.ListMovementsResponse, error) {
	list, err := begin("movements/"+req.GetLocationKey()+"/"+req.GetSku(), req.GetPageSize(), req.GetPageToken(), int64(math.MaxInt64))
	if err != nil {
		return nil, err
	}
	rows, err := s.stock.ListMovements(ctx, stock.MovementFilter{
		SKU: req.GetSku(), Location: req.GetLocationKey(), Before: list.cursor,
	}, list.limit())
	if err != nil {
		return nil, err
	}
	rows, next, err := finish(list, rows, func(m stock.Movement) int64 { return m.ID })
	if err != nil {
		return nil, err
	}
	return &inventoryv1.ListMovementsResponse{Movements: mapSlice(rows, movementToProto), NextPageToken: next}, nil
}
