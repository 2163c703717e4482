package rpc_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/proto"

	cartv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/cart/v1"

	"github.com/cartwright-shop/cartwright/services/cart/internal/cart"
	"github.com/cartwright-shop/cartwright/services/cart/internal/totals"
	"github.com/cartwright-shop/cartwright/services/platform/id"
	"github.com/cartwright-shop/cartwright/services/platform/idempotency"
)

// A buyer fills a cart, says where it goes and how, and sees at each step what it costs: the whole life before checkout.
func TestFillingACart(t *testing.T) {
	t.Parallel()
	f := newCartFixture(t)
	f.deliverGB()
	c := f.start(f.guest, "uk-web", lines("MUG", 1, "BOOK", 1, "MUG", 1)...)
	require.Len(t, c.GetLines(), 2, "the same SKU is one line")
	require.Equal(t, "The MUG", c.GetLines()[0].GetTitle())
	require.Equal(t, int64(2*1250+999), c.GetTotals().GetTotal().GetMinorUnits())
	require.True(t, c.GetTotals().GetTaxEstimated())
	require.True(t, c.GetTotals().GetPricesIncludeTax())
	require.Equal(t, int64(417), c.GetTotals().GetTax().GetMinorUnits(), "25.00 contains 4.17 and a book nothing")

	c = f.sendTo(c.GetId(), at("GB", "", "sw1a 1aa"))
	require.Equal(t, "SW1A 1AA", c.GetShippingAddress().GetPostalCode())
	require.False(t, c.GetTotals().GetTaxEstimated())
	require.Equal(t, map[string]int64{"standard": 495, "courier": 1200}, f.options(c.GetId()))

	chosen, err := f.SetShippingOption(f.guest, &cartv1.SetShippingOptionRequest{CartId: c.GetId(), Key: "standard", ExpectedVersion: c.GetVersion()})
	require.NoError(t, err)
	c = chosen.GetCart()
	require.Equal(t, int64(3499+495), c.GetTotals().GetTotal().GetMinorUnits())
	require.Equal(t, int64(83), c.GetShippingOption().GetTax().GetMinorUnits())

	more, err := f.AddLines(f.guest, &cartv1.AddLinesRequest{CartId: c.GetId(), Lines: lines("MUG", 3)})
	require.NoError(t, err)
	c = more.GetCart()
	require.Equal(t, int32(5), c.GetLines()[0].GetQuantity())
	require.Zero(t, c.GetTotals().GetShipping().GetMinorUnits(), "free from 50.00 of goods")
	require.NotContains(t, f.options(c.GetId()), "courier", "a courier takes 2 kg and this is 2.3")

	less, err := f.UpdateLine(f.guest, &cartv1.UpdateLineRequest{CartId: c.GetId(), LineId: c.GetLines()[0].GetId(), Quantity: 0})
	require.NoError(t, err)
	require.Len(t, less.GetCart().GetLines(), 1)
	gone, err := f.RemoveLine(f.guest, &cartv1.RemoveLineRequest{CartId: c.GetId(), LineId: less.GetCart().GetLines()[0].GetId()})
	require.NoError(t, err)
	require.Empty(t, gone.GetCart().GetLines())
	require.Zero(t, gone.GetCart().GetTotals().GetTotal().GetMinorUnits())
	require.Nil(t, gone.GetCart().GetShippingOption())
	require.True(t, proto.Equal(gone.GetCart(), f.get(f.guest, c.GetId())), "what a change answers is what a reader sees")
}

func (f *cartFixture) options(cartID string) map[string]int64 {
	f.test.Helper()
	resp, err := f.ListShippingOptions(f.guest, &cartv1.ListShippingOptionsRequest{CartId: cartID})
	require.NoError(f.test, err)
	prices := map[string]int64{}
	for _, o := range resp.GetOptions() {
		prices[o.GetKey()] = o.GetTotal().GetMinorUnits()
	}
	return prices
}

// A parcel to the Highlands costs what the Highlands cost, and goods that need no parcel need no way to deliver.
func TestTheClosestZoneDelivers(t *testing.T) {
	t.Parallel()
	f := newCartFixture(t)
	f.deliverGB()
	c := f.start(f.guest, "uk-web", lines("MUG", 1)...)
	f.sendTo(c.GetId(), at("GB", "", "IV2 3BW"))
	require.Equal(t, map[string]int64{"standard": 995}, f.options(c.GetId()))
	_, err := f.SetShippingOption(f.guest, &cartv1.SetShippingOptionRequest{CartId: c.GetId(), Key: "courier"})
	refused(t, err, "SHIPPING_UNAVAILABLE", "key")
	_, err = f.SetShippingOption(f.guest, &cartv1.SetShippingOptionRequest{CartId: c.GetId(), Key: "standard"})
	require.NoError(t, err)
	moved := f.sendTo(c.GetId(), at("ES", "", "28001"))
	require.Nil(t, moved.GetShippingOption(), "Spain has no standard delivery: nothing may be charged for it")
	f.sendTo(c.GetId(), at("JP", "", "100-0001"))
	_, err = f.ListShippingOptions(f.guest, &cartv1.ListShippingOptionsRequest{CartId: c.GetId()})
	refused(t, err, "SHIPPING_UNAVAILABLE")

	song := f.start(f.guest, "uk-web", lines("SONG", 1)...)
	require.False(t, song.GetRequiresShipping())
	require.Empty(t, f.options(song.GetId()))
	_, err = f.SetShippingOption(f.guest, &cartv1.SetShippingOptionRequest{CartId: song.GetId(), Key: "standard"})
	refused(t, err, "SHIPPING_UNAVAILABLE")
}

// Every country gets its own tax: contained in Europe, on top in the US, none in the Canaries, whole yen in Japan's money.
func TestTaxFollowsTheDestination(t *testing.T) {
	t.Parallel()
	f := newCartFixture(t)
	c := f.start(f.guest, "uk-web", lines("MUG", 1, "TEA", 3)...)
	for _, want := range []struct {
		country, postcode string
		mug, tea          int64
	}{
		{"GB", "BT1 5GS", 208, 48},                      // 20 % of 12.50 and 5 % of 9.99, contained
		{"DE", "10115", 200, 65},                        // 19 % and 7 %
		{"ES", "28001", 217, 91},                        // 21 % and 10 %
		{"ES", "35001", 0, 0},                           // Canary Islands
		{"FI", "00100", 254, 91}, {"FI", "22100", 0, 0}, // 25.5 % and 10 %; Åland
	} {
		got := f.sendTo(c.GetId(), at(want.country, "", want.postcode))
		require.Equal(t, want.mug, got.GetLines()[0].GetTax().GetMinorUnits(), "%s %s", want.country, want.postcode)
		require.Equal(t, want.tea, got.GetLines()[1].GetTax().GetMinorUnits(), "%s %s", want.country, want.postcode)
		require.Equal(t, int64(1250+999), got.GetTotals().GetTotal().GetMinorUnits(), "an inclusive price is what the buyer pays")
	}

	us := f.start(f.guest, "us-web", lines("MUG", 3)...)
	require.True(t, us.GetTotals().GetTaxEstimated(), "without a state nobody knows the tax")
	require.Zero(t, us.GetTotals().GetTax().GetMinorUnits())
	_, err := f.UpdateCart(f.guest, &cartv1.UpdateCartRequest{CartId: us.GetId(), ShippingAddress: at("US", "", "94103")})
	refused(t, err, "ADDRESS_INVALID", "shippingAddress.region")
	us = f.sendTo(us.GetId(), at("US", "CA", "94103"))
	require.False(t, us.GetTotals().GetPricesIncludeTax())
	require.Equal(t, int64(272), us.GetTotals().GetTax().GetMinorUnits(), "7.25 % of 37.50 is 2.71875")
	require.Equal(t, int64(3750+272), us.GetTotals().GetTotal().GetMinorUnits())
	require.Equal(t, "CA sales tax 7.25%", us.GetTotals().GetTaxes()[0].GetName())
	require.Zero(t, f.sendTo(us.GetId(), at("US", "OR", "97201")).GetTotals().GetTax().GetMinorUnits())

	yen, err := f.CreateCart(f.guest, &cartv1.CreateCartRequest{Channel: "us-web", CurrencyCode: "JPY", Lines: lines("SONG", 7)})
	require.NoError(t, err)
	require.Equal(t, int64(28), f.sendTo(yen.GetCart().GetId(), at("US", "NY", "10001-1234")).GetTotals().GetTax().GetMinorUnits(), "4 % of ¥693 is ¥27.72")
}

// The explanation a buyer gets adds up to what they pay, and the trace that is kept replays to the same totals.
func TestTheExplanationGivesTheTotal(t *testing.T) {
	t.Parallel()
	f := newCartFixture(t)
	f.deliverGB()
	c := f.start(f.guest, "uk-web", lines("MUG", 3, "TEA", 2)...)
	f.sendTo(c.GetId(), at("GB", "", "M1 1AE"))
	for _, code := range []string{"ten", " SHIP "} {
		_, err := f.ApplyCoupon(f.guest, &cartv1.ApplyCouponRequest{CartId: c.GetId(), Code: code})
		require.NoError(t, err)
	}
	_, err := f.ApplyGiftCard(f.guest, &cartv1.ApplyGiftCardRequest{CartId: c.GetId(), Code: "GIFT-1000"})
	require.NoError(t, err)
	chosen, err := f.SetShippingOption(f.guest, &cartv1.SetShippingOptionRequest{CartId: c.GetId(), Key: "standard"})
	require.NoError(t, err)
	c = chosen.GetCart()
	sum, total := int64(0), int64(0)
	for _, step := range c.GetExplanation() {
		switch {
		case step.GetKind() == "total":
			total = step.GetAmount().GetMinorUnits()
			require.Equal(t, sum, total)
		case !step.GetContained() && step.GetKind() != "due":
			sum += step.GetAmount().GetMinorUnits()
		}
		require.NotEmpty(t, step.GetText())
	}
	require.Equal(t, total, c.GetTotals().GetTotal().GetMinorUnits())
	require.Equal(t, c.GetTotals().GetDue().GetMinorUnits(), sum)
	require.Equal(t, int64(375+66), c.GetTotals().GetDiscount().GetMinorUnits())
	require.Equal(t, int64(495), c.GetTotals().GetShippingDiscount().GetMinorUnits())
	require.Len(t, c.GetDiscounts(), 2)
	require.Equal(t, int64(1000), c.GetGiftCards()[0].GetAmount().GetMinorUnits())
	require.Equal(t, "1000", c.GetGiftCards()[0].GetLast4())

	kept, err := f.store.Find(f.guest, c.GetId())
	require.NoError(t, err)
	again, err := totals.Replay("GBP", kept.Priced.Trace)
	require.NoError(t, err)
	require.Equal(t, kept.Priced.Totals, again)
	require.NotContains(t, fmt.Sprintf("%+v", kept), "GIFT-1000", "a gift card's code is money: it is never kept")
}

// A client that repeats a call after a lost answer gets the first answer and adds nothing twice.
func TestARepeatedCallTakesEffectOnce(t *testing.T) {
	t.Parallel()
	f := newCartFixture(t)
	create := &cartv1.CreateCartRequest{Channel: "uk-web", Lines: lines("MUG", 1), RequestId: id.New()}
	first, err := f.CreateCart(f.guest, create)
	require.NoError(t, err)
	again, err := f.CreateCart(f.guest, create)
	require.NoError(t, err)
	require.True(t, proto.Equal(first, again))

	add := &cartv1.AddLinesRequest{CartId: first.GetCart().GetId(), Lines: lines("MUG", 2), RequestId: "again"}
	one, err := f.AddLines(f.guest, add)
	require.NoError(t, err)
	_, err = f.AddLines(f.guest, &cartv1.AddLinesRequest{CartId: add.GetCartId(), Lines: lines("TEA", 1)})
	require.NoError(t, err)
	var header metadata.MD
	two, err := f.AddLines(f.guest, add, grpc.Header(&header))
	require.NoError(t, err)
	require.True(t, proto.Equal(one, two), "the answer is the first one, not the cart as it became since")
	require.Equal(t, []string{"true"}, header.Get(idempotency.ReplayedHeader))
	require.Equal(t, int32(3), f.get(f.guest, add.GetCartId()).GetLines()[0].GetQuantity())

	other := proto.Clone(add).(*cartv1.AddLinesRequest)
	other.Lines = lines("MUG", 7)
	_, err = f.AddLines(f.guest, other)
	refused(t, err, "IDEMPOTENCY_KEY_REUSED")
	elsewhere := f.start(f.guest, "uk-web")
	other.CartId = elsewhere.GetId()
	_, err = f.AddLines(f.guest, other)
	require.NoError(t, err, "another guest's key is another key")

	short := &cartv1.CreateCartRequest{Channel: "uk-web", RequestId: "1"}
	mine, err := f.CreateCart(f.guest, short)
	require.NoError(t, err)
	theirs, err := f.CreateCart(f.guest, short)
	require.NoError(t, err)
	require.NotEqual(t, mine.GetCart().GetId(), theirs.GetCart().GetId(), "a key that can be guessed must not open a stranger's cart")
}

// Two tabs of a buyer that add at the same moment lose nothing, and the same call sent many times at once adds once.
func TestChangesAtTheSameTimeAreAllKept(t *testing.T) {
	t.Parallel()
	f := newCartFixture(t)
	c := f.start(f.guest, "uk-web", lines("MUG", 1)...)
	failures := make(chan error, 8)
	for range 4 {
		go func() {
			_, err := f.AddLines(f.guest, &cartv1.AddLinesRequest{CartId: c.GetId(), Lines: lines("MUG", 1)})
			failures <- err
		}()
		go func() {
			_, err := f.AddLines(f.guest, &cartv1.AddLinesRequest{CartId: c.GetId(), Lines: lines("TEA", 5), RequestId: "the-same"})
			failures <- err
		}()
	}
	for range 8 {
		require.NoError(t, <-failures)
	}
	c = f.get(f.guest, c.GetId())
	quantities := map[string]int32{}
	for _, line := range c.GetLines() {
		quantities[line.GetSku()] = line.GetQuantity()
	}
	require.Equal(t, map[string]int32{"MUG": 5, "TEA": 5}, quantities)

	_, err := f.AddLines(f.guest, &cartv1.AddLinesRequest{CartId: c.GetId(), ExpectedVersion: 1, Lines: lines("MUG", 1)})
	refused(t, err, "VERSION_CONFLICT")
}

// A page that shows a cart over and over must not ask pricing each time, must notice a new price soon, and must show the cart while
// the other services are down.
func TestPricesAreRememberedForAWhile(t *testing.T) {
	t.Parallel()
	f := newCartFixture(t)
	c := f.start(f.guest, "uk-web", lines("MUG", 1)...)
	asked := f.neighbours.asked()
	f.neighbours.set("MUG", func(it *item) { it.price = 1300 })
	require.Equal(t, int64(1250), f.get(f.guest, c.GetId()).GetTotals().GetTotal().GetMinorUnits())
	require.Equal(t, asked, f.neighbours.asked())
	f.clock.Advance(31 * time.Second)
	require.Equal(t, int64(1300), f.get(f.guest, c.GetId()).GetTotals().GetTotal().GetMinorUnits())

	f.neighbours.setDown(true)
	f.clock.Advance(time.Hour)
	old := f.get(f.guest, c.GetId())
	require.Equal(t, int64(1300), old.GetTotals().GetTotal().GetMinorUnits())
	require.Equal(t, f.clock.Now().Add(-time.Hour), old.GetPricedAt().AsTime(), "the buyer can see how old the price is")
	note := "Ring twice"
	noted, err := f.UpdateCart(f.guest, &cartv1.UpdateCartRequest{CartId: c.GetId(), Note: &note})
	require.NoError(t, err, "a note needs no price")
	require.Equal(t, note, noted.GetCart().GetNote())
	_, err = f.AddLines(f.guest, &cartv1.AddLinesRequest{CartId: c.GetId(), Lines: lines("TEA", 1)})
	refused(t, err, "DEPENDENCY_UNAVAILABLE")
	f.neighbours.setDown(false)

	stored, err := f.store.Find(f.guest, c.GetId())
	require.NoError(t, err)
	f.neighbours.set("MUG", func(it *item) { it.price = 1400 })
	fresh, err := f.carts.Price(f.guest, stored)
	require.NoError(t, err)
	require.Equal(t, int64(1400), fresh.Totals.Total, "a checkout always asks")
}

// Goods that are withdrawn while they are in a cart are shown as such, cost nothing, and stop the purchase by name.
func TestWithdrawnGoodsAreMarked(t *testing.T) {
	t.Parallel()
	f := newCartFixture(t)
	c := f.start(f.guest, "uk-web", lines("MUG", 1, "TEA", 1)...)
	f.neighbours.set("MUG", func(it *item) { it.unlisted = true })
	f.neighbours.set("TEA", func(it *item) { it.price = 0 })
	f.clock.Advance(time.Minute)
	c = f.get(f.guest, c.GetId())
	require.Equal(t, cartv1.LineProblem_LINE_PROBLEM_SKU_UNAVAILABLE, c.GetLines()[0].GetProblem())
	require.Equal(t, cartv1.LineProblem_LINE_PROBLEM_PRICE_MISSING, c.GetLines()[1].GetProblem())
	require.Zero(t, c.GetTotals().GetTotal().GetMinorUnits())
	stored, err := f.store.Find(f.guest, c.GetId())
	require.NoError(t, err)
	refused(t, cart.Ready(stored, stored.Priced), "SKU_UNAVAILABLE", "lines[0].sku")
	added, err := f.AddLines(f.guest, &cartv1.AddLinesRequest{CartId: c.GetId(), Lines: lines("BOOK", 1)})
	require.NoError(t, err, "one bad line must not block the cart")
	require.Equal(t, int64(999), added.GetCart().GetTotals().GetTotal().GetMinorUnits())
}
