package rpc

import (
	"context"

	productv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/product/v1"
	"github.com/cartwright-shop/cartwright/services/platform/idempotency"
)

// CreateChannel adds a channel.
func (s *Server) CreateChannel(ctx context.Context, req *productv1.CreateChannelRequest) (*productv1.CreateChannelResponse, error) {
	call := idempotency.NewCall(ctx, productv1.ProductService_CreateChannel_FullMethodName, req.GetRequestId(), req)
	defer s.catalog.ForgetChannels()
	return idempotency.Do(ctx, s.keeper, call, &productv1.CreateChannelResponse{}, func(ctx context.Context) (*productv1.CreateChannelResponse, error) {
		ch, err := s.catalog.CreateChannel(ctx, req.GetKey(), channelFields(req.GetChannel()))
		if err != nil {
			return nil, err
		}
		return &productv1.CreateChannelResponse{Channel: channelToProto(ch)}, nil
	})
}
