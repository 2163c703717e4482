package rpc

import (
	"context"

	inventoryv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/inventory/v1"
	"github.com/cartwright-shop/cartwright/services/inventory/internal/stock"
)

// ReceiveReturn records goods that came back.
func (s *Server) ReceiveReturn(ctx context.Context, req *inventoryv1.ReceiveReturnRequest) (*inventoryv1.ReceiveReturnResponse, error) {
	received, err := s.stock.ReceiveReturn(ctx, stock.ReturnRequest{
		ID: req.GetReturnId(), OrderID: req.GetOrderId(), Location: req.GetLocationKey(), Reason: req.GetReason(),
		RequestID: req.GetRequestId(),
		Lines: mapSlice(req.GetLines(), func(l *inventoryv1.ReturnLine) stock.ReturnLine {
			return stock.ReturnLine{Line: lineFromProto(l), Restock: l.GetRestock()}
		}),
	})
	if err != nil {
		return nil, err
	}
	return &inventoryv1.ReceiveReturnResponse{Received: returnToProto(received)}, nil
}
