package rpc

import (
	"context"

	cartv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/cart/v1"

	"github.com/cartwright-shop/cartwright/services/cart/internal/order"
	"github.com/cartwright-shop/cartwright/services/platform/idempotency"
)

// CancelOrder cancels an order of which nothing was shipped.
func (s *OrderServer) CancelOrder(ctx context.Context, req *cartv1.CancelOrderRequest) (*cartv1.CancelOrderResponse, error) {
	if err := needKey(req.GetRequestId()); err != nil {
		return nil, err
	}
	orderID := req.GetOrderId()
	done, err := operation[*cartv1.CancelOrderResponse]{
		call: idempotency.NewCall(ctx, cancelOrderMethod, req.GetRequestId(), req).For(orderID), orderID: orderID,
		begin: func(claim order.Claim) (order.Outcome, error) {
			return s.service.CancelOrder(ctx, orderID, req.GetReason(), claim)
		},
		refer: func(operationID string) *cartv1.CancelOrderResponse {
			reference := &cartv1.Order{Id: orderID}
			if operationID != "" {
				reference.Refunds = []*cartv1.Refund{{Id: operationID}}
			}
			return &cartv1.CancelOrderResponse{Order: reference}
		},
		find: func(stored *cartv1.CancelOrderResponse) string {
			if refunds := stored.GetOrder().GetRefunds(); len(refunds) > 0 {
				return refunds[0].GetId()
			}
			return ""
		},
	}.run(ctx, s)
	if err != nil {
		return nil, err
	}
	return &cartv1.CancelOrderResponse{Order: orderToProto(ctx, done.Order)}, nil
}
