package admin

import (
	"context"

	adminv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/admin/v1"
	"github.com/cartwright-shop/cartwright/services/gateway/internal/peer"
	"github.com/cartwright-shop/cartwright/services/gateway/internal/relay"
)

// promotionAdminService relays PromotionAdminService: the methods have no rules of their own.
type promotionAdminService struct {
	adminv1.UnimplementedPromotionAdminServiceServer
	peers  *peer.Set
	mapper *relay.Mapper
}

// CreatePromotion implements PromotionAdminService.
func (s *promotionAdminService) CreatePromotion(ctx context.Context, req *adminv1.CreatePromotionRequest) (*adminv1.CreatePromotionResponse, error) {
	return relay.Call[*adminv1.CreatePromotionResponse](ctx, s.mapper, req, s.peers.Pricing.CreatePromotion)
}

// UpdatePromotion implements PromotionAdminService.
func (s *promotionAdminService) UpdatePromotion(ctx context.Context, req *adminv1.UpdatePromotionRequest) (*adminv1.UpdatePromotionResponse, error) {
	return relay.Call[*adminv1.UpdatePromotionResponse](ctx, s.mapper, req, s.peers.Pricing.UpdatePromotion)
}

// GetPromotion implements PromotionAdminService.
func (s *promotionAdminService) GetPromotion(ctx context.Context, req *adminv1.GetPromotionRequest) (*adminv1.GetPromotionResponse, error) {
	return relay.Call[*adminv1.GetPromotionResponse](ctx, s.mapper, req, s.peers.Pricing.GetPromotion)
}

// ListPromotions implements PromotionAdminService.
func (s *promotionAdminService) ListPromotions(ctx context.Context, req *adminv1.ListPromotionsRequest) (*adminv1.ListPromotionsResponse, error) {
	return relay.Call[*adminv1.ListPromotionsResponse](ctx, s.mapper, req, s.peers.Pricing.ListPromotions)
}

// ArchivePromotion implements PromotionAdminService.
func (s *promotionAdminService) ArchivePromotion(ctx context.Context, req *adminv1.ArchivePromotionRequest) (*adminv1.ArchivePromotionResponse, error) {
	return relay.Call[*adminv1.ArchivePromotionResponse](ctx, s.mapper, req, s.peers.Pricing.ArchivePromotion)
}

// CreateCouponCodes implements PromotionAdminService.
func (s *promotionAdminService) CreateCouponCodes(ctx context.Context, req *adminv1.CreateCouponCodesRequest) (*adminv1.CreateCouponCodesResponse, error) {
	return relay.Call[*adminv1.CreateCouponCodesResponse](ctx, s.mapper, req, s.peers.Pricing.CreateCouponCodes)
}

// ListCouponCodes implements PromotionAdminService.
func (s *promotionAdminService) ListCouponCodes(ctx context.Context, req *adminv1.ListCouponCodesRequest) (*adminv1.ListCouponCodesResponse, error) {
	return relay.Call[*adminv1.ListCouponCodesResponse](ctx, s.mapper, req, s.peers.Pricing.ListCouponCodes)
}

// DisableCouponCode implements PromotionAdminService.
func (s *promotionAdminService) DisableCouponCode(ctx context.Context, req *adminv1.DisableCouponCodeRequest) (*adminv1.DisableCouponCodeResponse, error) {
	return relay.Call[*adminv1.DisableCouponCodeResponse](ctx, s.mapper, req, s.peers.Pricing.DisableCouponCode)
}
