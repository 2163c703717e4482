package rpc

import (
	"context"
	"slices"
	"strings"

	inventoryv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/inventory/v1"
	"github.com/cartwright-shop/cartwright/services/inventory/internal/stock"
)

// ListStock pages through stock levels by SKUs or location.
func (s *Server) ListStock(ctx context.Context, req *inventoryv1.ListStockRequest) (*inventoryv1.ListStockResponse, error) {
	list, err := begin(stockScope(req), req.GetPageSize(), req.GetPageToken(), stock.Key{})
	if err != nil {
		return nil, err
	}
	rows, err := s.stock.ListStock(ctx, stock.LevelFilter{
		SKUs: req.GetSkus(), Location: req.GetLocationKey(), After: list.cursor,
	}, list.limit())
	if err != nil {
		return nil, err
	}
	rows, next, err := finish(list, rows, func(l stock.Level) stock.Key { return l.Key })
	if err != nil {
		return nil, err
	}
	return &inventoryv1.ListStockResponse{Levels: mapSlice(rows, levelToProto), NextPageToken: next}, nil
}

// stockScope names the list; the order of the SKUs does not matter.
func stockScope(req *inventoryv1.ListStockRequest) string {
	return "stock/" + req.GetLocationKey() + "/" + strings.Join(slices.Sorted(slices.Values(req.GetSkus())), "\n")
}
