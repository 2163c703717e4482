package rpc

import (
	"context"

	productv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/product/v1"
)

// GetChannel gives one channel, or the default one.
func (s *Server) GetChannel(ctx context.Context, req *productv1.GetChannelRequest) (*productv1.GetChannelResponse, error) {
	ch, err := s.catalog.Channel(ctx, req.GetKey())
	if err != nil {
		return nil, err
	}
	return &productv1.GetChannelResponse{Channel: channelToProto(ch)}, nil
}
