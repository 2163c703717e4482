package peer

import (
	"context"
	"fmt"

	paymentv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/payment/v1"

	"github.com/cartwright-shop/cartwright/services/cart/internal/cart"
)

// GiftCards is the payment service as carts use it.
type GiftCards struct {
	client paymentv1.PaymentServiceClient
}

var _ cart.GiftCards = GiftCards{}

// NewGiftCards wraps the client.
func NewGiftCards(client paymentv1.PaymentServiceClient) GiftCards { return GiftCards{client: client} }

// Find implements cart.GiftCards.
func (p GiftCards) Find(ctx context.Context, code, currency, attempt string) (cart.GiftCard, error) {
	resp, err := p.client.LookupGiftCard(ctx, &paymentv1.LookupGiftCardRequest{Code: code, CurrencyCode: currency, AttemptScope: attempt})
	if err != nil {
		return cart.GiftCard{}, err
	}
	if got := resp.GetAvailable().GetCurrencyCode(); got != currency {
		return cart.GiftCard{}, fmt.Errorf("payment answered a gift card in %q, asked for %q", got, currency)
	}
	return cart.GiftCard{ID: resp.GetGiftCardId(), Last4: resp.GetLast4(), Balance: resp.GetAvailable().GetMinorUnits()}, nil
}
