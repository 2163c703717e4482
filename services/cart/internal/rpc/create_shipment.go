package rpc

import (
	"context"

	cartv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/cart/v1"

	"github.com/cartwright-shop/cartwright/services/cart/internal/order"
	"github.com/cartwright-shop/cartwright/services/platform/idempotency"
)

// CreateShipment captures what has to be and ships units.
func (s *OrderServer) CreateShipment(ctx context.Context, req *cartv1.CreateShipmentRequest) (*cartv1.CreateShipmentResponse, error) {
	if err := needKey(req.GetRequestId()); err != nil {
		return nil, err
	}
	orderID := req.GetOrderId()
	wish := order.ShipmentWish{Carrier: req.GetCarrier(), TrackingNumber: req.GetTrackingNumber()}
	for _, l := range req.GetLines() {
		wish.Items = append(wish.Items, order.Item{LineID: l.GetOrderLineId(), Quantity: l.GetQuantity()})
	}
	call := idempotency.NewCall(ctx, createShipmentMethod, req.GetRequestId(), req).For(orderID)
	stored, found, err := idempotency.Lookup(ctx, s.keeper, call, &cartv1.CreateShipmentResponse{})
	if err != nil {
		return nil, err
	}
	var done order.Outcome
	if found {
		done, err = s.service.Replay(ctx, orderID, stored.GetShipment().GetId())
	} else {
		done, err = s.service.CreateShipment(ctx, orderID, wish, claimOnce(s.keeper, call, func(operationID string) *cartv1.CreateShipmentResponse {
			return &cartv1.CreateShipmentResponse{Shipment: &cartv1.Shipment{Id: operationID}}
		}))
	}
	if err != nil {
		return nil, err
	}
	resp := &cartv1.CreateShipmentResponse{Order: orderToProto(ctx, done.Order)}
	for _, sh := range resp.GetOrder().GetShipments() {
		if sh.GetId() == done.OperationID {
			resp.Shipment = sh
		}
	}
	return resp, nil
}
