package acceptance_test

import (
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cartwright-shop/cartwright/deploy/smoke"
)

// When this fails an operator cannot tell a shop that sells from one that only answers: the purchase that follows every install
// does not work, leaves stock taken, or passes where nothing can be bought.
func TestSmokePurchase(t *testing.T) {
	t.Parallel()
	m := theShop.market(us)
	thing := theShop.sell(t, goods{price: "20.00", stock: 10}, m)
	var mu sync.Mutex
	var said []string
	options := smoke.Options{URL: theShop.url, Channel: m.channel, SKU: thing.sku, Patience: time.Minute, Say: func(text string) {
		mu.Lock()
		defer mu.Unlock()
		said = append(said, text)
	}}
	require.NoError(t, smoke.Buy(t.Context(), options))
	require.Equal(t, "and cancelled", said[len(said)-1])
	until(t, settleTime, "the stock is given back", func() bool { return thing.level().GetAvailable() == 10 })

	options.StopBeforePayment = true
	require.NoError(t, smoke.Buy(t.Context(), options))
	thing.left(10, 10)

	options.StopBeforePayment, options.Keep = false, true
	require.NoError(t, smoke.Buy(t.Context(), options))
	thing.left(10, 9)

	options.Token = "tok_declined"
	require.ErrorContains(t, smoke.Buy(t.Context(), options), "PAYMENT_DECLINED")
	options.Channel = "nowhere"
	require.ErrorContains(t, smoke.Buy(t.Context(), options), `no channel "nowhere"`)
}

// When this fails the purchase after an install needs somebody to say what to buy.
func TestSmokeFindsSomethingToBuy(t *testing.T) {
	t.Parallel()
	m := theShop.market(jp)
	theShop.sell(t, goods{price: "500", stock: 10}, m)
	until(t, settleTime, "the listing shows the new product", func() bool {
		return smoke.Buy(t.Context(), smoke.Options{URL: theShop.url, Channel: m.channel, Patience: settleTime, StopBeforePayment: true, Say: func(string) {}}) == nil
	})
}
