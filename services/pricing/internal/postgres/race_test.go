package postgres_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cartwright-shop/cartwright/services/platform/clock"
	"github.com/cartwright-shop/cartwright/services/platform/money"
	"github.com/cartwright-shop/cartwright/services/platform/postgrestest"
	"github.com/cartwright-shop/cartwright/services/pricing/internal/postgres"
	"github.com/cartwright-shop/cartwright/services/pricing/internal/pricelist"
	"github.com/cartwright-shop/cartwright/services/pricing/internal/promotion"
	"github.com/cartwright-shop/cartwright/services/pricing/internal/quote"
	"github.com/cartwright-shop/cartwright/services/pricing/internal/redemption"
)

// meddled runs something after an order has read the terms of its promotions and before it acts on them.
type meddled struct {
	*postgres.Store
	meddle func()
}

func (m meddled) HoldPromotions(ctx context.Context, ids []string) (map[string]redemption.Terms, error) {
	terms, err := m.Store.HoldPromotions(ctx, ids)
	m.meddle()
	return terms, err
}

// A limit that staff set while an order is being confirmed would not know of that order: it could be passed by one for each
// order under way.
func TestLimitsWaitForOrdersUnderWay(t *testing.T) {
	t.Parallel()
	database := postgrestest.New(t, "pricing", postgres.Migrations())
	store, ctx := postgres.New(database.DB), context.Background()
	_, err := store.CreatePriceList(ctx, pricelist.PriceList{Key: "gbp", Name: "GBP", Currency: "GBP", Active: true})
	require.NoError(t, err)
	_, err = store.SetPrices(ctx, "gbp", []pricelist.Price{{SKU: "A", MinQuantity: 1, Amount: money.Money{Currency: "GBP", Minor: 100}}})
	require.NoError(t, err)
	promotions, quotes := promotion.New(store), quote.New(store, clock.System())
	p, err := promotions.CreatePromotion(ctx, promotion.Promotion{
		Key: "p", Name: "P", Trigger: promotion.Automatic, Active: true,
		Rule: promotion.Rule{Kind: promotion.KindPercentage, Scope: promotion.Order, Rate: 100_000},
	})
	require.NoError(t, err)
	basket := quote.Basket{
		Buyer: pricelist.Buyer{Channel: "uk-web", Currency: "GBP"}, CustomerKey: "c", Lines: []quote.Line{{ID: "1", SKU: "A", Quantity: 1}},
	}
	q, err := quotes.Quote(ctx, basket)
	require.NoError(t, err)

	updated := make(chan error, 1)
	uses := redemption.New(meddled{Store: store, meddle: func() {
		go func() {
			p.LimitTotal, p.LimitPerCustomer = 10, 10
			updated <- store.Tx(ctx, func(ctx context.Context) error {
				_, err := promotions.UpdatePromotion(ctx, p)
				return err
			})
		}()
		require.Eventually(t, func() bool { // until the change waits for the order, or did not wait
			var waiting bool
			err := database.DB.QueryRow(ctx, "SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted)").Scan(&waiting)
			return err == nil && (waiting || len(updated) > 0)
		}, 10*time.Second, 5*time.Millisecond)
	}}, quotes)
	require.NoError(t, store.Tx(ctx, func(ctx context.Context) error {
		_, _, err := uses.ConfirmQuote(ctx, redemption.Confirmation{OrderID: "o1", Basket: basket, Expected: q.Fingerprint, TTL: time.Hour})
		return err
	}))
	require.NoError(t, <-updated)
	p, err = promotions.GetPromotion(ctx, "p")
	require.NoError(t, err)
	require.EqualValues(t, 1, p.Used)
	var customer int
	require.NoError(t, database.DB.QueryRow(ctx, "SELECT used FROM promotion_customer WHERE customer_key = 'c'").Scan(&customer))
	require.Equal(t, 1, customer)
}
