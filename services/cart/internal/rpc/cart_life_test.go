package rpc_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	cartv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/cart/v1"

	"github.com/cartwright-shop/cartwright/services/cart/internal/cart"
	"github.com/cartwright-shop/cartwright/services/platform/errs"
	"github.com/cartwright-shop/cartwright/services/platform/id"
)

// Who logs in with a full cart keeps all of it, added to what waited from last time.
func TestMerge(t *testing.T) {
	t.Parallel()
	f := newCartFixture(t)
	ann := customer(t.Context(), "ann")
	merge := func(cartID string) (*cartv1.Cart, error) {
		resp, err := f.MergeCart(ann, &cartv1.MergeCartRequest{CartId: cartID, RequestId: id.New()})
		return resp.GetCart(), err
	}
	first := f.start(f.guest, "uk-web", lines("MUG", 1)...)
	f.sendTo(first.GetId(), at("GB", "", "M1 1AE"))
	mine, err := merge(first.GetId())
	require.NoError(t, err)
	require.Equal(t, "ann", mine.GetCustomerId())
	require.NotEqual(t, first.GetId(), mine.GetId(), "whoever knew the guest's id must not see the customer's cart")
	require.Equal(t, "M1 1AE", mine.GetShippingAddress().GetPostalCode())
	require.Equal(t, mine.GetId(), f.get(f.guest, first.GetId()).GetMergedInto())
	_, err = f.AddLines(f.guest, &cartv1.AddLinesRequest{CartId: first.GetId(), Lines: lines("MUG", 1)})
	refused(t, err, "CART_CONVERTED")

	next := f.start(f.guest, "uk-web", lines("TEA", 1, "MUG", 2)...)
	both, err := merge(next.GetId())
	require.NoError(t, err)
	require.Equal(t, mine.GetId(), both.GetId())
	require.Equal(t, int32(3), both.GetLines()[0].GetQuantity())
	require.Equal(t, int64(3*1250+333), both.GetTotals().GetTotal().GetMinorUnits())

	_, err = merge(mine.GetId())
	refused(t, err, "CART_SAME")
	_, err = merge(next.GetId())
	refused(t, err, "CART_CONVERTED")
	euros, err := f.CreateCart(f.guest, &cartv1.CreateCartRequest{Channel: "uk-web", CurrencyCode: "EUR", Lines: lines("MUG", 1)})
	require.NoError(t, err)
	_, err = merge(euros.GetCart().GetId())
	refused(t, err, "CURRENCY_MIXED")
	full := f.start(f.guest, "uk-web", lines("MUG", 999_998)...)
	_, err = merge(full.GetId())
	refused(t, err, "AMOUNT_RANGE")
	require.Equal(t, cartv1.CartState_CART_STATE_ACTIVE, f.get(f.guest, full.GetId()).GetState(), "a merge that fails leaves both carts alone")
}

// While a cart is being bought nobody changes it; afterwards it is either open again with everything in it, or bought for good.
func TestACartIsFrozenWhileItIsBought(t *testing.T) {
	t.Parallel()
	f := newCartFixture(t)
	c := f.start(f.guest, "uk-web", lines("MUG", 1)...)
	order, other := id.Secret(), id.Secret()
	refused(t, f.store.Freeze(f.guest, c.GetId(), c.GetVersion()+1, order), "VERSION_CONFLICT")
	refused(t, f.store.Freeze(f.guest, id.Secret(), 1, order), "CART_NOT_FOUND")
	require.NoError(t, f.store.Freeze(f.guest, c.GetId(), c.GetVersion(), order))
	require.NoError(t, f.store.Freeze(f.guest, c.GetId(), c.GetVersion(), order), "the same order may ask again")
	refused(t, f.store.Freeze(f.guest, c.GetId(), c.GetVersion(), other), "CHECKOUT_IN_PROGRESS")
	_, err := f.AddLines(f.guest, &cartv1.AddLinesRequest{CartId: c.GetId(), Lines: lines("MUG", 1)})
	refused(t, err, "CHECKOUT_IN_PROGRESS")
	require.Equal(t, order, f.get(f.guest, c.GetId()).GetOrderId())

	require.NoError(t, f.store.Reopen(f.guest, c.GetId(), other))
	require.Equal(t, cartv1.CartState_CART_STATE_CHECKING_OUT, f.get(f.guest, c.GetId()).GetState(), "another order's end is not this one's")
	require.NoError(t, f.store.Reopen(f.guest, c.GetId(), order))
	open := f.get(f.guest, c.GetId())
	require.Equal(t, cartv1.CartState_CART_STATE_ACTIVE, open.GetState())
	require.Len(t, open.GetLines(), 1)

	require.NoError(t, f.store.Freeze(f.guest, c.GetId(), open.GetVersion(), other))
	require.NoError(t, f.store.Convert(f.guest, c.GetId(), other))
	require.NoError(t, f.store.Reopen(f.guest, c.GetId(), other))
	require.Equal(t, cartv1.CartState_CART_STATE_CONVERTED, f.get(f.guest, c.GetId()).GetState(), "what is bought stays bought")
	refused(t, f.store.Freeze(f.guest, c.GetId(), open.GetVersion(), order), "CART_CONVERTED")
}

// Who shops on while the bank thinks, and is then refused, finds everything in the one cart they have.
func TestAReopenedCartJoinsTheOneBegunMeanwhile(t *testing.T) {
	t.Parallel()
	f := newCartFixture(t)
	ann := customer(t.Context(), "ann")
	c := f.start(ann, "uk-web", lines("MUG", 1, "TEA", 2)...)
	order := id.Secret()
	require.NoError(t, f.store.Freeze(ann, c.GetId(), c.GetVersion(), order))
	next := f.start(ann, "uk-web", lines("BOOK", 1, "TEA", 1)...)
	require.NoError(t, f.store.Reopen(ann, c.GetId(), order))
	require.Equal(t, next.GetId(), f.get(ann, c.GetId()).GetMergedInto())
	mine, err := f.GetCustomerCart(ann, &cartv1.GetCustomerCartRequest{Channel: "uk-web"})
	require.NoError(t, err)
	quantities := map[string]int32{}
	for _, line := range mine.GetCart().GetLines() {
		quantities[line.GetSku()] = line.GetQuantity()
	}
	require.Equal(t, map[string]int32{"BOOK": 1, "TEA": 3, "MUG": 1}, quantities)
	require.Equal(t, int64(999+3*333+1250), mine.GetCart().GetTotals().GetTotal().GetMinorUnits())
}

// A checkout must not start on a cart that cannot be delivered, billed or paid for; the buyer is told what is missing.
func TestWhatACheckoutNeeds(t *testing.T) {
	t.Parallel()
	f := newCartFixture(t)
	f.deliverGB()
	ready := func(cartID string) error {
		c, err := f.store.Find(f.guest, cartID)
		require.NoError(t, err)
		return cart.Ready(c, c.Priced)
	}
	c := f.start(f.guest, "uk-web")
	refused(t, ready(c.GetId()), "CART_EMPTY")
	_, err := f.AddLines(f.guest, &cartv1.AddLinesRequest{CartId: c.GetId(), Lines: lines("MUG", 1)})
	require.NoError(t, err)
	refused(t, ready(c.GetId()), "EMAIL_REQUIRED", "email")
	email := "ann@example.com"
	_, err = f.UpdateCart(f.guest, &cartv1.UpdateCartRequest{CartId: c.GetId(), Email: &email})
	require.NoError(t, err)
	refused(t, ready(c.GetId()), "ADDRESS_REQUIRED", "shippingAddress")
	f.sendTo(c.GetId(), at("GB", "", "M1 1AE"))
	refused(t, ready(c.GetId()), "SHIPPING_REQUIRED", "shippingOption")
	_, err = f.SetShippingOption(f.guest, &cartv1.SetShippingOptionRequest{CartId: c.GetId(), Key: "courier"})
	require.NoError(t, err)
	require.NoError(t, ready(c.GetId()))
	f.sendTo(c.GetId(), at("ES", "", "28001"))
	refused(t, ready(c.GetId()), "SHIPPING_UNAVAILABLE", "key")
}

// Abandoned carts go away in the end, and never one that somebody used a moment ago, owns, or bought.
func TestSweep(t *testing.T) {
	t.Parallel()
	f := newCartFixture(t)
	old, fresh := f.start(f.guest, "uk-web", lines("MUG", 1)...), f.start(f.guest, "uk-web")
	mine := f.start(customer(t.Context(), "ann"), "uk-web")
	age := func(cartID string, days int) {
		_, err := f.database.DB.Exec(f.guest, `UPDATE cart SET created_at = now() - make_interval(days => $2), updated_at = now() - make_interval(days => $2) WHERE id = $1`, cartID, days)
		require.NoError(t, err)
	}
	age(old.GetId(), 31)
	age(mine.GetId(), 31)
	require.NoError(t, f.carts.Sweep(t.Context()))
	require.Equal(t, cartv1.CartState_CART_STATE_EXPIRED, f.get(f.guest, old.GetId()).GetState())
	require.Equal(t, cartv1.CartState_CART_STATE_ACTIVE, f.get(f.guest, fresh.GetId()).GetState())
	require.Equal(t, cartv1.CartState_CART_STATE_ACTIVE, f.get(f.staff, mine.GetId()).GetState())
	_, err := f.AddLines(f.guest, &cartv1.AddLinesRequest{CartId: old.GetId(), Lines: lines("MUG", 1)})
	refused(t, err, "CART_CONVERTED")
	age(old.GetId(), 61)
	require.NoError(t, f.carts.Sweep(t.Context()))
	_, err = f.store.Find(t.Context(), old.GetId())
	require.True(t, errs.Has(err, cart.ErrNotFound))
}

// No transaction may be open while another service is asked: one slow neighbour would hold rows and connections of everybody.
func TestNothingIsLockedWhilePricingIsAsked(t *testing.T) {
	t.Parallel()
	f := newCartFixture(t)
	c := f.start(f.guest, "uk-web", lines("MUG", 1)...)
	err := f.store.Tx(t.Context(), func(ctx context.Context) error {
		stored, err := f.store.Find(ctx, c.GetId())
		require.NoError(t, err)
		_, err = f.carts.Price(ctx, stored)
		return err
	})
	require.Error(t, err)
	var open int
	f.clock.Advance(time.Minute)
	f.get(f.guest, c.GetId())
	require.NoError(t, f.database.DB.QueryRow(t.Context(), `SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state = 'idle in transaction'`).Scan(&open))
	require.Zero(t, open)
}
