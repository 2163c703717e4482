package rpc

import (
	"context"

	cartv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/cart/v1"

	"github.com/cartwright-shop/cartwright/services/cart/internal/order"
	"github.com/cartwright-shop/cartwright/services/platform/idempotency"
)

// RefundOrder gives units and money back.
func (s *OrderServer) RefundOrder(ctx context.Context, req *cartv1.RefundOrderRequest) (*cartv1.RefundOrderResponse, error) {
	if err := needKey(req.GetRequestId()); err != nil {
		return nil, err
	}
	orderID := req.GetOrderId()
	wish := order.RefundWish{Shipping: req.GetShipping(), Restock: req.GetRestock(), Reason: req.GetReason()}
	for _, l := range req.GetLines() {
		wish.Items = append(wish.Items, order.Item{LineID: l.GetOrderLineId(), Quantity: l.GetQuantity()})
	}
	done, err := operation[*cartv1.RefundOrderResponse]{
		call: idempotency.NewCall(ctx, refundOrderMethod, req.GetRequestId(), req).For(orderID), orderID: orderID,
		begin: func(claim order.Claim) (order.Outcome, error) {
			return s.service.RefundOrder(ctx, orderID, wish, claim)
		},
		refer: func(operationID string) *cartv1.RefundOrderResponse {
			return &cartv1.RefundOrderResponse{Refund: &cartv1.Refund{Id: operationID}}
		},
		find: func(stored *cartv1.RefundOrderResponse) string { return stored.GetRefund().GetId() },
	}.run(ctx, s)
	if err != nil {
		return nil, err
	}
	resp := &cartv1.RefundOrderResponse{Order: orderToProto(ctx, done.Order)}
	for _, r := range resp.GetOrder().GetRefunds() {
		if r.GetId() == done.OperationID {
			resp.Refund = r
		}
	}
	return resp, nil
}
