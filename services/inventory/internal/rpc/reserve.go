package rpc

import (
	"context"
	"time"

	inventoryv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/inventory/v1"
	"github.com/cartwright-shop/cartwright/services/inventory/internal/stock"
)

// Reserve holds a whole cart for a time, all or nothing.
func (s *Server) Reserve(ctx context.Context, req *inventoryv1.ReserveRequest) (*inventoryv1.ReserveResponse, error) {
	reservation, err := s.stock.Reserve(ctx, stock.ReserveRequest{
		ID: req.GetReservationId(), OrderID: req.GetOrderId(), Channel: req.GetChannel(), CustomerKey: req.GetCustomerKey(),
		Lines:     mapSlice(req.GetLines(), lineFromProto[*inventoryv1.ReserveLine]),
		TTL:       time.Duration(req.GetTtlSeconds()) * time.Second,
		RequestID: req.GetRequestId(),
	})
	s.outcomes.WithLabelValues("reserve", outcome(err)).Inc()
	if err != nil {
		return nil, err
	}
	return &inventoryv1.ReserveResponse{Reservation: reservationToProto(reservation)}, nil
}
