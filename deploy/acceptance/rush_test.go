package acceptance_test

import (
	"errors"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cartwright-shop/cartwright/deploy/shopclient"
	storefrontv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/storefront/v1"
)

// What happens at the minute a sale begins.
const (
	rushBuyers = 200
	rushStock  = 50
	// rushTime is the longest a buyer waits for an answer.
	rushTime = 5 * time.Second
)

// When 200 buyers wanted the last 50 of something at the same moment, one shop sold all 200 of them, and another answered 174
// with an error page, some of whom had paid. Here exactly 50 have an order that is paid once, the other 150 are told that it is
// sold out, and nobody sees an error of the shop's own.
func TestRush200BuyersOf50Units(t *testing.T) {
	t.Parallel()
	m := theShop.market(gb)
	thing := theShop.sell(t, goods{price: "10.00", stock: rushStock}, m)
	carts := make([]*basket, rushBuyers)
	for i := range carts {
		carts[i] = theShop.guest(t).fill(m, units(thing, 1)).ready()
	}
	outcomes, answers, waited := make([]error, rushBuyers), make([]*storefrontv1.CheckoutResponse, rushBuyers), make([]time.Duration, rushBuyers)
	var rush sync.WaitGroup
	for i, b := range carts {
		answers[i] = &storefrontv1.CheckoutResponse{}
		rush.Go(func() {
			began := time.Now()
			outcomes[i] = b.client.Do(t.Context(), b.buyCall(card("ok")), answers[i])
			waited[i] = time.Since(began)
		})
	}
	rush.Wait()
	bought, soldOut, longest := 0, 0, time.Duration(0)
	for i, err := range outcomes {
		longest = max(longest, waited[i])
		var problem *shopclient.Problem
		if errors.As(err, &problem) {
			require.Equal(t, http.StatusConflict, problem.Status, "%v", err)
			require.Equal(t, "SOLD_OUT", problem.Reason, "%v", err)
			soldOut++
			continue
		}
		require.NoError(t, err)
		bought++
		order := carts[i].settled(answers[i].GetOrder().GetId())
		require.Equal(t, placed, order.GetStatus())
		require.Equal(t, moved{Authorized: 1395, Captured: 1395}, theShop.moved(t, order.GetId()))
	}
	t.Logf("%d bought, %d told it is sold out, the longest wait was %s", bought, soldOut, longest)
	require.Equal(t, rushStock, bought)
	require.Equal(t, rushBuyers-rushStock, soldOut)
	thing.left(rushStock, 0)
	require.LessOrEqual(t, longest, rushTime)
}
