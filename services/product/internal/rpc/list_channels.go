package rpc

import (
	"context"

	productv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/product/v1"
	"github.com/cartwright-shop/cartwright/services/product/internal/catalog"
)

// ListChannels lists the channels by key.
func (s *Server) ListChannels(ctx context.Context, req *productv1.ListChannelsRequest) (*productv1.ListChannelsResponse, error) {
	k, err := openKeyed(req.GetPageSize(), req.GetPageToken(), "channels")
	if err != nil {
		return nil, err
	}
	rows, err := s.catalog.ListChannels(ctx, k.after, k.limit+1)
	if err != nil {
		return nil, err
	}
	rows, next, err := cutKeyed(k, rows, func(ch catalog.Channel) string { return ch.Key })
	if err != nil {
		return nil, err
	}
	return &productv1.ListChannelsResponse{Channels: mapped(rows, channelToProto), NextPageToken: next}, nil
}
