package rpc

import (
	"context"

	productv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/product/v1"
	"github.com/cartwright-shop/cartwright/services/platform/idempotency"
)

// UpdateChannel replaces a channel's fields.
func (s *Server) UpdateChannel(ctx context.Context, req *productv1.UpdateChannelRequest) (*productv1.UpdateChannelResponse, error) {
	call := idempotency.NewCall(ctx, productv1.ProductService_UpdateChannel_FullMethodName, req.GetRequestId(), req)
	defer s.catalog.ForgetChannels()
	return idempotency.Do(ctx, s.keeper, call, &productv1.UpdateChannelResponse{}, func(ctx context.Context) (*productv1.UpdateChannelResponse, error) {
		ch, err := s.catalog.UpdateChannel(ctx, req.GetKey(), channelFields(req.GetChannel()), req.GetVersion())
		if err != nil {
			return nil, err
		}
		return &productv1.UpdateChannelResponse{Channel: channelToProto(ch)}, nil
	})
}
