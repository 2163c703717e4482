package checkout_test

import (
	"context"
	"sync"

	pricingv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/pricing/v1"

	"github.com/cartwright-shop/cartwright/services/platform/errs"
)

// pricingPeer keeps the promise of the pricing service's contract about orders' uses of coupons.
type pricingPeer struct {
	pricingv1.UnimplementedPricingServiceServer
	mu     sync.Mutex
	moved  map[string]bool // by fingerprint: the price is another one now
	limit  int             // uses of the coupon that are left
	orders map[string]pricingv1.OrderUseState
}

func newPricingPeer() *pricingPeer {
	return &pricingPeer{moved: map[string]bool{}, limit: 1000, orders: map[string]pricingv1.OrderUseState{}}
}

func (p *pricingPeer) ConfirmQuote(_ context.Context, req *pricingv1.ConfirmQuoteRequest) (*pricingv1.ConfirmQuoteResponse, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.moved[req.GetExpectedFingerprint()] {
		return nil, errs.Define(errs.FailedPrecondition, "PRICE_CHANGED", "").New("The price moved.")
	}
	use := &pricingv1.OrderUse{OrderId: req.GetOrderId()}
	if codes := req.GetBasket().GetCouponCodes(); len(codes) > 0 {
		switch p.orders[req.GetOrderId()] {
		case pricingv1.OrderUseState_ORDER_USE_STATE_RELEASED:
			return nil, errs.Define(errs.FailedPrecondition, "ORDER_USE_RELEASED", "").New("The order gave its uses back.")
		case pricingv1.OrderUseState_ORDER_USE_STATE_UNSPECIFIED:
			if p.limit == 0 {
				return nil, errs.Define(errs.FailedPrecondition, "COUPON_LIMIT_REACHED", "").New("The coupon is used up.")
			}
			p.limit--
			p.orders[req.GetOrderId()] = pricingv1.OrderUseState_ORDER_USE_STATE_RESERVED
		}
		use.Uses = []*pricingv1.PromotionUse{{PromotionKey: "ten-off", Code: codes[0]}}
	}
	return &pricingv1.ConfirmQuoteResponse{OrderUse: use}, nil
}

func (p *pricingPeer) RedeemCoupons(_ context.Context, req *pricingv1.RedeemCouponsRequest) (*pricingv1.RedeemCouponsResponse, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.orders[req.GetOrderId()] = pricingv1.OrderUseState_ORDER_USE_STATE_REDEEMED
	return &pricingv1.RedeemCouponsResponse{}, nil
}

func (p *pricingPeer) ReleaseCoupons(_ context.Context, req *pricingv1.ReleaseCouponsRequest) (*pricingv1.ReleaseCouponsResponse, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	state := p.orders[req.GetOrderId()]
	if state == pricingv1.OrderUseState_ORDER_USE_STATE_RESERVED || state == pricingv1.OrderUseState_ORDER_USE_STATE_REDEEMED {
		p.limit++
	}
	p.orders[req.GetOrderId()] = pricingv1.OrderUseState_ORDER_USE_STATE_RELEASED
	return &pricingv1.ReleaseCouponsResponse{}, nil
}

// move lets a quote cost something else from now on.
func (p *pricingPeer) move(fingerprint string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.moved[fingerprint] = true
}

func (p *pricingPeer) use(orderID string) pricingv1.OrderUseState {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.orders[orderID]
}
