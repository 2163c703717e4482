package rpc

import (
	"context"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	cartv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/cart/v1"

	"github.com/cartwright-shop/cartwright/services/cart/internal/order"
	"github.com/cartwright-shop/cartwright/services/platform/errs"
)

// ListOrders answers a page of orders.
func (s *OrderServer) ListOrders(ctx context.Context, req *cartv1.ListOrdersRequest) (*cartv1.ListOrdersResponse, error) {
	from, err := instant("createdFrom", req.GetCreatedFrom())
	if err != nil {
		return nil, err
	}
	until, err := instant("createdUntil", req.GetCreatedUntil())
	if err != nil {
		return nil, err
	}
	page, err := s.service.ListOrders(ctx, order.Filter{
		Status:            statusOf(orderStatuses(), req.GetStatus()),
		PaymentStatus:     statusOf(paymentStatuses(), req.GetPaymentStatus()),
		FulfillmentStatus: statusOf(fulfillmentStatuses(), req.GetFulfillmentStatus()),
		Email:             req.GetEmail(), Number: req.GetNumber(), CustomerID: req.GetCustomerId(), Channel: req.GetChannel(),
		From: from, Until: until, NeedsAttention: req.GetNeedsAttention(),
	}, req.GetPageSize(), req.GetPageToken())
	if err != nil {
		return nil, err
	}
	resp := &cartv1.ListOrdersResponse{NextPageToken: page.NextToken}
	for _, o := range page.Orders {
		resp.Orders = append(resp.Orders, summaryToProto(ctx, o))
	}
	return resp, nil
}

// instant reads an optional moment; one that is no date is INVALID_VALUE.
func instant(path string, t *timestamppb.Timestamp) (time.Time, error) {
	if t == nil {
		return time.Time{}, nil
	}
	if err := t.CheckValid(); err != nil {
		return time.Time{}, errs.InvalidField.New("A moment is not valid.").Field(path, errs.InvalidField.Reason(), "This is no valid moment.")
	}
	return t.AsTime(), nil
}
