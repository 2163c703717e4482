package acceptance_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/cartwright-shop/cartwright/deploy/shopclient"
	adminv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/admin/v1"
	storefrontv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/storefront/v1"
)

// gift is a gift card of which the journey knows the code.
type gift struct {
	staff    *caller
	id, code string
}

func (s *shop) gift(t *testing.T, currency, decimal string) *gift {
	t.Helper()
	staff := s.staff(t)
	answer := &adminv1.IssueGiftCardResponse{}
	staff.do(http.MethodPost, "/admin/v1/gift-cards", &adminv1.IssueGiftCardRequest{Amount: amount(currency, decimal), Note: "journey"}, answer)
	require.Equal(t, answer.GetCode()[len(answer.GetCode())-4:], answer.GetGiftCard().GetLast4())
	return &gift{staff: staff, id: answer.GetGiftCard().GetId(), code: answer.GetCode()}
}

// holds wants the card to have a balance of which so much can be spent.
func (g *gift) holds(balance, available string) {
	g.staff.t.Helper()
	answer := &adminv1.GetGiftCardResponse{}
	g.staff.get("/admin/v1/gift-cards/"+g.id, answer)
	require.Equal(g.staff.t, balance+" / "+available, answer.GetGiftCard().GetBalance().GetAmount()+" / "+answer.GetGiftCard().GetAvailable().GetAmount())
}

// When this fails a customer with a gift card pays too much, or the shop gets too little.
func TestCustomerPaysByGiftCardAndCard(t *testing.T) {
	t.Parallel()
	m := theShop.market(gb)
	thing := theShop.sell(t, goods{price: "40.00", stock: 5}, m)
	present := theShop.gift(t, "GBP", "15.00")
	buyer := theShop.customer(t)
	b := buyer.fill(m, units(thing, 1)).ready().giftCard(present.code)
	require.Equal(t, "GBP 43.95", text(b.cart.GetTotals().GetTotal()))
	require.Equal(t, "GBP 15.00", text(b.cart.GetTotals().GetGiftCards()))
	require.Equal(t, "GBP 28.95", text(b.cart.GetTotals().GetDue()))
	require.Equal(t, present.code[len(present.code)-4:], b.cart.GetGiftCards()[0].GetLast4())

	order := b.bought(card("ok"))
	require.Equal(t, captured, order.GetPaymentStatus())
	require.Equal(t, "GBP 15.00", text(order.GetTotals().GetGiftCard()))
	require.Equal(t, "GBP 43.95", text(order.GetTotals().GetCaptured()))
	require.Equal(t, moved{Authorized: 2895, Captured: 2895}, theShop.moved(t, order.GetId()))
	present.holds("0.00", "0.00")

	page := &storefrontv1.ListMyOrdersResponse{}
	buyer.get("/v1/me/orders", page)
	require.Len(t, page.GetOrders(), 1)
	require.Equal(t, order.GetId(), page.GetOrders()[0].GetId())
}

// When this fails a present cannot be spent without a card, or its rest is lost.
func TestGiftCardPaysAlone(t *testing.T) {
	t.Parallel()
	m := theShop.market(gb)
	thing := theShop.sell(t, goods{price: "40.00", stock: 5}, m)
	present := theShop.gift(t, "GBP", "100.00")
	buyer := theShop.customer(t)
	b := buyer.fill(m, units(thing, 1)).ready().giftCard(present.code)
	require.Equal(t, "GBP 0.00", text(b.cart.GetTotals().GetDue()))
	order := b.bought(nil)
	require.Equal(t, captured, order.GetPaymentStatus())
	require.Nil(t, order.GetPayment())
	require.Empty(t, theShop.attempts(t, order.GetId()), "the provider is not asked for nothing")
	present.holds("56.05", "56.05")

	worth := &storefrontv1.LookupGiftCardResponse{}
	buyer.do(http.MethodPost, "/v1/gift-cards/lookup", &storefrontv1.LookupGiftCardRequest{Code: present.code}, worth)
	require.Equal(t, "GBP 56.05", text(worth.GetAvailable()))
}

// When this fails a gift card can be spent twice, or a declined card eats it.
func TestGiftCardComesBackWhenTheCardIsDeclined(t *testing.T) {
	t.Parallel()
	m := theShop.market(gb)
	thing := theShop.sell(t, goods{price: "40.00", stock: 5}, m)
	present := theShop.gift(t, "GBP", "15.00")
	b := theShop.customer(t).fill(m, units(thing, 1)).ready().giftCard(present.code)
	b.refused(http.StatusUnprocessableEntity, "PAYMENT_DECLINED", b.buyCall(card("declined")))
	present.holds("15.00", "15.00")
	b.bought(card("ok"))
	present.holds("0.00", "0.00")

	again := theShop.customer(t).fill(m, units(thing, 1)).ready()
	again.refused(http.StatusUnprocessableEntity, "GIFTCARD_REJECTED", again.giftCardCall(present.code))
}

func (b *basket) giftCardCall(code string) shopclient.Call {
	return shopclient.Call{Verb: http.MethodPost, Path: b.path("/gift-cards"), In: &storefrontv1.ApplyGiftCardRequest{Code: code}}
}

// When this fails a thief can tell a spent or expired card from a code that never was, or guess codes for ever.
func TestGiftCardRefusals(t *testing.T) {
	t.Parallel()
	m := theShop.market(gb)
	staff := theShop.staff(t)
	thing := theShop.sell(t, goods{price: "40.00", stock: 5}, m)
	disabled, foreign, good := theShop.gift(t, "GBP", "5.00"), theShop.gift(t, "EUR", "5.00"), theShop.gift(t, "GBP", "5.00")
	staff.do(http.MethodPost, "/admin/v1/gift-cards/"+disabled.id+"/disable", &adminv1.DisableGiftCardRequest{}, nil)
	staff.refused(http.StatusBadRequest, "EXPIRY_PAST", shopclient.Call{Verb: http.MethodPost, Path: "/admin/v1/gift-cards", In: &adminv1.IssueGiftCardRequest{
		Amount: amount("GBP", "5.00"), ExpiresAt: timestamppb.New(time.Now().Add(-time.Minute)),
	}}, "expiresAt")

	b := theShop.customer(t).fill(m, units(thing, 1)).ready()
	wrong := b.refused(http.StatusUnprocessableEntity, "GIFTCARD_REJECTED", b.giftCardCall("ABCD-EFGH-JKMN-PQRS-TVWX"))
	stopped := b.refused(http.StatusUnprocessableEntity, "GIFTCARD_REJECTED", b.giftCardCall(disabled.code))
	wrong.Instance, stopped.Instance = "", ""
	require.Equal(t, wrong, stopped, "a disabled card and no card look the same")
	b.refused(http.StatusUnprocessableEntity, "CURRENCY_MISMATCH", b.giftCardCall(foreign.code))
	b.giftCard(good.code)
	b.refused(http.StatusConflict, "GIFTCARD_DUPLICATE", b.giftCardCall(good.code))

	guesser := theShop.customer(t).fill(m, units(thing, 1)).ready()
	var last *shopclient.Problem
	for range 10 {
		last = guesser.refused(http.StatusUnprocessableEntity, "GIFTCARD_REJECTED", guesser.giftCardCall("ABCD-EFGH-JKMN-PQRS-TVWX"))
	}
	require.NotNil(t, last)
	last = guesser.refused(http.StatusTooManyRequests, "GIFTCARD_RATE_LIMITED", guesser.giftCardCall(theShop.gift(t, "GBP", "5.00").code))
	require.NotEmpty(t, last.RetryAfter)
}

// When this fails a gift card put on by mistake cannot be taken off.
func TestGiftCardTakenOff(t *testing.T) {
	t.Parallel()
	m := theShop.market(gb)
	thing := theShop.sell(t, goods{price: "40.00", stock: 5}, m)
	present := theShop.gift(t, "GBP", "15.00")
	b := theShop.customer(t).fill(m, units(thing, 1)).ready().giftCard(present.code)
	answer := &storefrontv1.RemoveGiftCardResponse{}
	b.do(http.MethodDelete, b.path("/gift-cards/"+b.cart.GetGiftCards()[0].GetGiftCardId()), nil, answer)
	require.Empty(t, answer.GetCart().GetGiftCards())
	require.Equal(t, "GBP 43.95", text(answer.GetCart().GetTotals().GetDue()))
	present.holds("15.00", "15.00")
}
