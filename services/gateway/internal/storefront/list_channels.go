package storefront

import (
	"context"

	storefrontv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/storefront/v1"
)

// ListChannels answers from the directory that the other methods resolve their contexts with.
func (s *catalogService) ListChannels(ctx context.Context, _ *storefrontv1.ListChannelsRequest) (*storefrontv1.ListChannelsResponse, error) {
	ctx, cancel := s.deps.browse(ctx)
	defer cancel()
	channels, err := s.deps.Channels.All(ctx)
	if err != nil {
		return nil, err
	}
	out := &storefrontv1.ListChannelsResponse{}
	for _, c := range channels {
		public := &storefrontv1.Channel{}
		if err := s.deps.Mapper.Copy(public.ProtoReflect(), c.ProtoReflect()); err != nil {
			return nil, err
		}
		out.Channels = append(out.Channels, public)
	}
	return out, nil
}
