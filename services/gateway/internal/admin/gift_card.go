package admin

import (
	"context"

	adminv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/admin/v1"
	"github.com/cartwright-shop/cartwright/services/gateway/internal/peer"
	"github.com/cartwright-shop/cartwright/services/gateway/internal/relay"
)

// giftCardAdminService relays GiftCardAdminService: the methods have no rules of their own.
type giftCardAdminService struct {
	adminv1.UnimplementedGiftCardAdminServiceServer
	peers  *peer.Set
	mapper *relay.Mapper
}

// IssueGiftCard implements GiftCardAdminService.
func (s *giftCardAdminService) IssueGiftCard(ctx context.Context, req *adminv1.IssueGiftCardRequest) (*adminv1.IssueGiftCardResponse, error) {
	return relay.Call[*adminv1.IssueGiftCardResponse](ctx, s.mapper, req, s.peers.Payments.IssueGiftCard)
}

// GetGiftCard implements GiftCardAdminService.
func (s *giftCardAdminService) GetGiftCard(ctx context.Context, req *adminv1.GetGiftCardRequest) (*adminv1.GetGiftCardResponse, error) {
	return relay.Call[*adminv1.GetGiftCardResponse](ctx, s.mapper, req, s.peers.Payments.GetGiftCard)
}

// ListGiftCards implements GiftCardAdminService.
func (s *giftCardAdminService) ListGiftCards(ctx context.Context, req *adminv1.ListGiftCardsRequest) (*adminv1.ListGiftCardsResponse, error) {
	return relay.Call[*adminv1.ListGiftCardsResponse](ctx, s.mapper, req, s.peers.Payments.ListGiftCards)
}

// DisableGiftCard implements GiftCardAdminService.
func (s *giftCardAdminService) DisableGiftCard(ctx context.Context, req *adminv1.DisableGiftCardRequest) (*adminv1.DisableGiftCardResponse, error) {
	return relay.Call[*adminv1.DisableGiftCardResponse](ctx, s.mapper, req, s.peers.Payments.DisableGiftCard)
}
