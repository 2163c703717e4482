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
	call := idempotency.NewCall(ctx, cancelOrderMethod, req.GetRequestId(), req).For(orderID)
	stored, found, err := idempotency.Lookup(ctx, s.keeper, call, &cartv1.CancelOrderResponse{})
	if err != nil {
		return nil, err
	}
	var done order.Outcome
	if found {
		operation := ""
		if refunds := stored.GetOrder().GetRefunds(); len(refunds) > 0 {
			operation = refunds[0].GetId()
		}
		done, err = s.service.Replay(ctx, orderID, operation)
	} else {
		done, err = s.service.CancelOrder(ctx, orderID, req.GetReason(), claimOnce(s.keeper, call, func(operationID string) *cartv1.CancelOrderResponse {
			reference := &cartv1.Order{Id: orderID}
			if operationID != "" {
				reference.Refunds = []*cartv1.Refund{{Id: operationID}}
			}
			return &cartv1.CancelOrderResponse{Order: reference}
		}))
	}
	if err != nil {
		return nil, err
	}
	return &cartv1.CancelOrderResponse{Order: orderToProto(ctx, done.Order)}, nil
}
