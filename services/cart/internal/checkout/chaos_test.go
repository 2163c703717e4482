package checkout_test

import (
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cartwright-shop/cartwright/services/cart/internal/order"
	"github.com/cartwright-shop/cartwright/services/cart/internal/postgres"
)

// Any mix of buyers, cards, lost messages and dying processes, on scarce stock and scarce coupons: each buyer either has
// exactly one paid order or an open cart, no unit is sold twice and no coupon used once too often.
func TestChaos(t *testing.T) {
	t.Parallel()
	s := stocked(t)
	const people, stock, coupons = 60, 90, 20
	s.inventory.set(skuA, stock)
	s.pricing.limit = coupons
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	dice := rand.New(rand.NewPCG(seed, 0))
	methods := []string{
		"ConfirmQuote", "Reserve", "HoldGiftCard", "AuthorizePayment", "GetPayment", "CommitReservation", "PostGiftCardHold",
		"CapturePayment", "RedeemCoupons", "VoidPayment", "ReleaseGiftCardHold", "ReleaseReservation", "ReleaseCoupons",
	}
	tokens := []string{"tok_ok", "tok_ok", "tok_ok", "tok_declined", "tok_unknown", "tok_slowcapture"}
	s.process().work()
	s.process().work()
	var buyers []*buyer
	var crowd sync.WaitGroup
	for range people {
		b, p, token := s.buyer([]string{"", "at shipment"}[dice.IntN(2)], dice.IntN(2) == 0, int64(dice.IntN(3))*1000), s.process(), tokens[dice.IntN(len(tokens))]
		for range dice.IntN(4) {
			s.faults.arm(b.requestID, methods[dice.IntN(len(methods))], armed{fault: []fault{lostRequest, lostReply}[dice.IntN(2)]})
		}
		if dice.IntN(6) == 0 {
			s.faults.arm(b.requestID, methods[dice.IntN(len(methods))], armed{fault: []fault{killBefore, killAfter}[dice.IntN(2)], kill: p.kill})
		}
		buyers = append(buyers, b)
		crowd.Go(func() { _, _ = b.buy(p, "card", token) })
	}
	crowd.Wait()
	store := postgres.NewOrderStore(s.database.DB)
	require.Eventually(t, func() bool {
		for _, b := range buyers { // a capture decided later is told by the payment service
			if o := b.order(); o != nil && o.Status == order.Placed {
				_ = store.WakeSagas(t.Context(), o.ID)
			}
		}
		stats, err := store.SagaStats(t.Context())
		return err == nil && len(stats) == 0
	}, 40*time.Second, 200*time.Millisecond)
	sold, used := int32(0), 0
	for _, b := range buyers {
		o := b.order()
		if o == nil {
			continue
		}
		if o.Status != order.Placed {
			b.gaveUp(t, o.ID)
			continue
		}
		b.bought(t, o.ID)
		sold += 3
		if len(b.cart.Coupons) > 0 {
			used++
		}
	}
	require.Positive(t, sold)
	require.Equal(t, int32(stock)-sold, s.inventory.shirts())
	require.Equal(t, coupons-used, s.pricing.limit)
}
