package storefront

import (
	"context"

	paymentv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/payment/v1"
	storefrontv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/storefront/v1"
	"github.com/cartwright-shop/cartwright/services/gateway/internal/caller"
	"github.com/cartwright-shop/cartwright/services/gateway/internal/channel"
	"github.com/cartwright-shop/cartwright/services/gateway/internal/peer"
	"github.com/cartwright-shop/cartwright/services/gateway/internal/relay"
)

// checkoutService serves CheckoutService. Checkout and ResumeCheckout are relays.
type checkoutService struct {
	storefrontv1.UnimplementedCheckoutServiceServer
	peers    *peer.Set
	mapper   *relay.Mapper
	channels *channel.Directory
}

// Checkout implements CheckoutService.
func (s *checkoutService) Checkout(ctx context.Context, req *storefrontv1.CheckoutRequest) (*storefrontv1.CheckoutResponse, error) {
	return relay.Call[*storefrontv1.CheckoutResponse](ctx, s.mapper, req, s.peers.Checkout.Checkout)
}

// ResumeCheckout implements CheckoutService.
func (s *checkoutService) ResumeCheckout(ctx context.Context, req *storefrontv1.ResumeCheckoutRequest) (*storefrontv1.ResumeCheckoutResponse, error) {
	return relay.Call[*storefrontv1.ResumeCheckoutResponse](ctx, s.mapper, req, s.peers.Checkout.ResumeCheckout)
}

// ListPaymentMethods completes the context before it asks payment.
func (s *checkoutService) ListPaymentMethods(ctx context.Context, req *storefrontv1.ListPaymentMethodsRequest) (*storefrontv1.ListPaymentMethodsResponse, error) {
	in, err := s.channels.Resolve(ctx, channel.Wanted{
		Channel: req.GetChannel(), CurrencyCode: req.GetCurrencyCode(), CountryCode: req.GetCountryCode(),
	})
	if err != nil {
		return nil, err
	}
	complete := &storefrontv1.ListPaymentMethodsRequest{
		Channel: in.Channel.GetKey(), CurrencyCode: in.CurrencyCode, CountryCode: in.CountryCode,
	}
	return relay.Call[*storefrontv1.ListPaymentMethodsResponse](ctx, s.mapper, complete, s.peers.Payments.ListPaymentMethods)
}

// LookupGiftCard counts a guest's tries by address: guests have no other name.
func (s *checkoutService) LookupGiftCard(ctx context.Context, req *storefrontv1.LookupGiftCardRequest) (*storefrontv1.LookupGiftCardResponse, error) {
	answer, err := s.peers.Payments.LookupGiftCard(ctx, &paymentv1.LookupGiftCardRequest{
		Code: req.GetCode(), AttemptScope: caller.Address(ctx),
	})
	if err != nil {
		return nil, err
	}
	out := &storefrontv1.LookupGiftCardResponse{}
	if err := s.mapper.Copy(out.ProtoReflect(), answer.ProtoReflect()); err != nil {
		return nil, err
	}
	return out, nil
}
