package rpc

import (
	"context"

	inventoryv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/inventory/v1"
	"github.com/cartwright-shop/cartwright/services/inventory/internal/stock"
)

// ListLocations pages through the locations.
func (s *Server) ListLocations(ctx context.Context, req *inventoryv1.ListLocationsRequest) (*inventoryv1.ListLocationsResponse, error) {
	list, err := begin("locations/"+req.GetChannel(), req.GetPageSize(), req.GetPageToken(), "")
	if err != nil {
		return nil, err
	}
	rows, err := s.stock.ListLocations(ctx, req.GetChannel(), list.cursor, list.limit())
	if err != nil {
		return nil, err
	}
	rows, next, err := finish(list, rows, func(l stock.Location) string { return l.Key })
	if err != nil {
		return nil, err
	}
	return &inventoryv1.ListLocationsResponse{Locations: mapSlice(rows, locationToProto), NextPageToken: next}, nil
}
