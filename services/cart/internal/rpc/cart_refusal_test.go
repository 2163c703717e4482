package rpc_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	cartv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/cart/v1"

	"github.com/cartwright-shop/cartwright/services/platform/errs"
	"github.com/cartwright-shop/cartwright/services/platform/id"
)

// checksum changes with any row of carts and keys, so that a refused request can be shown to have written nothing.
func (f *cartFixture) checksum() string {
	f.test.Helper()
	var sum string
	require.NoError(f.test, f.database.DB.QueryRow(f.guest, `SELECT md5(coalesce(string_agg(x, '|' ORDER BY x), '')) FROM (
		SELECT 'c' || c::text AS x FROM cart c UNION ALL SELECT 'l' || l::text FROM cart_line l UNION ALL SELECT 'k' || k::text FROM idempotency_key k
		UNION ALL SELECT 't' || t::text FROM tax_rate t UNION ALL SELECT 'z' || z::text FROM shipping_zone z
		UNION ALL SELECT 'a' || a::text FROM saved_address a UNION ALL SELECT 's' || s::text FROM channel_settings s) rows`).Scan(&sum))
	return sum
}

// Whatever a client gets wrong it is told by name and place, and nothing of it is written.
func TestRefusals(t *testing.T) {
	t.Parallel()
	f := newCartFixture(t)
	c := f.start(f.guest, "uk-web", lines("MUG", 999_999)...)
	add := func(inputs ...*cartv1.LineInput) error {
		_, err := f.AddLines(f.guest, &cartv1.AddLinesRequest{CartId: c.GetId(), RequestId: id.New(), Lines: inputs})
		return err
	}
	create := func(change func(*cartv1.CreateCartRequest)) error {
		req := &cartv1.CreateCartRequest{Channel: "uk-web", RequestId: id.New()}
		change(req)
		_, err := f.CreateCart(f.guest, req)
		return err
	}
	update := func(change func(*cartv1.UpdateCartRequest)) error {
		req := &cartv1.UpdateCartRequest{CartId: c.GetId(), RequestId: id.New()}
		change(req)
		_, err := f.UpdateCart(f.guest, req)
		return err
	}
	text := func(s string) *string { return &s }
	shipTo := func(country, region, postcode string) error {
		return update(func(r *cartv1.UpdateCartRequest) { r.ShippingAddress = at(country, region, postcode) })
	}
	before := f.checksum()
	for _, one := range []struct {
		what, reason, field string
		err                 error
	}{
		{"sku empty", "SKU_INVALID", "lines[0].sku", add(lines("", 1)...)},
		{"sku newline", "SKU_INVALID", "lines[0].sku", add(lines("A\nB", 1)...)},
		{"sku long", "SKU_INVALID", "lines[0].sku", add(lines(strings.Repeat("A", 65), 1)...)},
		{"quantity 0", "QTY_RANGE", "lines[0].quantity", add(lines("MUG", 0)...)},
		{"quantity -1", "QTY_RANGE", "lines[1].quantity", add(lines("MUG", 1, "MUG", -1)...)},
		{"quantity large", "QTY_RANGE", "lines[0].quantity", add(lines("MUG", 1_000_001)...)},
		{"no lines", "FIELD_REQUIRED", "lines", add()},
		{"sum of quantities", "AMOUNT_RANGE", "lines[0].quantity", add(lines("MUG", 2)...)},
		{"unknown sku", "SKU_UNAVAILABLE", "lines[1].sku", add(lines("TEA", 1, "NONE", 1)...)},
		{"other case", "SKU_UNAVAILABLE", "lines[0].sku", add(lines("mug", 1)...)},
		{"unlisted", "SKU_UNAVAILABLE", "lines[0].sku", add(lines("OLD", 1)...)},
		{"no price", "PRICE_MISSING", "lines[0].sku", add(lines("FREE", 1)...)},
		{"overflow", "AMOUNT_RANGE", "", add(lines("GOLD", 1_000_000)...)},
		{"many lines", "LIST_TOO_LONG", "lines", add(bulk(0, 101)...)},
		{"channel unknown", "CHANNEL_UNKNOWN", "", create(func(r *cartv1.CreateCartRequest) { r.Channel = "mars" })},
		{"currency lower case", "CURRENCY_INVALID", "currencyCode", create(func(r *cartv1.CreateCartRequest) { r.CurrencyCode = "gbp" })},
		{"currency not sold in", "CURRENCY_INVALID", "currencyCode", create(func(r *cartv1.CreateCartRequest) { r.CurrencyCode = "USD" })},
		{"country not served", "COUNTRY_NOT_SERVED", "countryCode", create(func(r *cartv1.CreateCartRequest) { r.CountryCode = "US" })},
		{"email", "EMAIL_INVALID", "email", create(func(r *cartv1.CreateCartRequest) { r.Email = "nobody" })},
		{"email with a header in it", "EMAIL_INVALID", "email", update(func(r *cartv1.UpdateCartRequest) { r.Email = text("a@example.com\r\nBcc: b@example.com") })},
		{"country UK", "ADDRESS_INVALID", "shippingAddress.countryCode", shipTo("UK", "", "SW1A 1AA")},
		{"country ZZ", "ADDRESS_INVALID", "shippingAddress.countryCode", shipTo("ZZ", "", "1")},
		{"postcode of another country", "ADDRESS_INVALID", "shippingAddress.postalCode", shipTo("GB", "", "10115")},
		{"state missing", "ADDRESS_INVALID", "shippingAddress.region", shipTo("US", "", "94103")},
		{"address line long", "FIELD_TOO_LONG", "shippingAddress.line1", update(func(r *cartv1.UpdateCartRequest) {
			r.ShippingAddress = at("GB", "", "SW1A 1AA")
			r.ShippingAddress.Line1 = strings.Repeat("x", 10_000)
		})},
		{"bidi control", "CHAR_NOT_ALLOWED", "shippingAddress.line1", update(func(r *cartv1.UpdateCartRequest) {
			r.ShippingAddress = at("GB", "", "SW1A 1AA")
			r.ShippingAddress.Line1 = "1 \u202eMain"
		})},
		{"key with control characters", "IDEMPOTENCY_KEY_INVALID", "requestId", update(func(r *cartv1.UpdateCartRequest) { r.RequestId = "a\tb" })},
		{"key too long", "IDEMPOTENCY_KEY_INVALID", "requestId", update(func(r *cartv1.UpdateCartRequest) { r.RequestId = strings.Repeat("k", 256) })},
		{"card number in a note", "PAN_NOT_ACCEPTED", "", update(func(r *cartv1.UpdateCartRequest) { r.Note = text("4242 4242 4242 4242") })},
		{"line unknown", "LINE_NOT_FOUND", "", second(f.RemoveLine(f.guest, &cartv1.RemoveLineRequest{CartId: c.GetId(), LineId: id.New()}))},
		{"coupon", "COUPON_REJECTED", "", second(f.ApplyCoupon(f.guest, &cartv1.ApplyCouponRequest{CartId: c.GetId(), Code: "WRONG"}))},
		{"gift card", "GIFTCARD_REJECTED", "", second(f.ApplyGiftCard(f.guest, &cartv1.ApplyGiftCardRequest{CartId: c.GetId(), Code: "WRONG"}))},
		{"delivery before there is an address", "SHIPPING_UNAVAILABLE", "key", second(f.SetShippingOption(f.guest, &cartv1.SetShippingOptionRequest{CartId: c.GetId(), Key: "standard"}))},
		{"cart unknown", "CART_NOT_FOUND", "", second(f.GetCart(f.guest, &cartv1.GetCartRequest{CartId: id.Secret()}))},
		{"cart id", "ID_INVALID", "cartId", second(f.GetCart(f.guest, &cartv1.GetCartRequest{CartId: "1"}))},
		{"merge by nobody", "UNAUTHENTICATED", "", second(f.MergeCart(f.guest, &cartv1.MergeCartRequest{CartId: c.GetId()}))},
		{"own cart of nobody", "UNAUTHENTICATED", "", second(f.GetCustomerCart(f.guest, &cartv1.GetCustomerCartRequest{}))},
	} {
		refused(t, one.err, one.reason, strings.Fields(one.field)...)
	}
	require.Equal(t, before, f.checksum())
}

func second[T any](_ T, err error) error { return err }

func bulk(from, n int) []*cartv1.LineInput {
	var inputs []*cartv1.LineInput
	for i := range n {
		inputs = append(inputs, &cartv1.LineInput{Sku: fmt.Sprintf("BULK-%d", from+i), Quantity: 1})
	}
	return inputs
}

// A wholesale buyer's cart of 500 lines works, and the 501st is refused by name.
func TestACartHoldsFiveHundredLines(t *testing.T) {
	t.Parallel()
	f := newCartFixture(t)
	c := f.start(f.guest, "uk-web", bulk(0, 100)...)
	for from := 100; from < 500; from += 100 {
		_, err := f.AddLines(f.guest, &cartv1.AddLinesRequest{CartId: c.GetId(), Lines: bulk(from, 100)})
		require.NoError(t, err)
	}
	full := f.get(f.guest, c.GetId())
	require.Len(t, full.GetLines(), 500)
	require.Equal(t, "BULK-499", full.GetLines()[499].GetSku(), "lines stay in the order they were added")
	require.Equal(t, int64(50_000), full.GetTotals().GetTotal().GetMinorUnits())
	_, err := f.AddLines(f.guest, &cartv1.AddLinesRequest{CartId: c.GetId(), Lines: lines("BULK-7", 1, "MUG", 1)})
	refused(t, err, "CART_LIMIT", "lines[1]")
}

// Codes that exclude each other or are there already are told apart from codes that give nothing; all of the latter look the
// same, so that nobody can fish for codes.
func TestCoupons(t *testing.T) {
	t.Parallel()
	f := newCartFixture(t)
	c := f.start(f.guest, "uk-web", lines("MUG", 2)...)
	apply := func(code string) (*cartv1.Cart, error) {
		resp, err := f.ApplyCoupon(f.guest, &cartv1.ApplyCouponRequest{CartId: c.GetId(), Code: code})
		return resp.GetCart(), err
	}
	with, err := apply("ten")
	require.NoError(t, err)
	require.Equal(t, int64(2250), with.GetTotals().GetTotal().GetMinorUnits())
	_, err = apply("TEN ")
	refused(t, err, "COUPON_ALREADY_APPLIED")
	_, err = apply("SOLO")
	refused(t, err, "COUPON_NOT_COMBINABLE")
	_, unknown := apply("NOPE")
	_, expired := apply("EXPIRED-2019")
	require.True(t, proto.Equal(status.Convert(errs.ToGRPC(unknown)).Proto(), status.Convert(errs.ToGRPC(expired)).Proto()))
	without, err := f.RemoveCoupon(f.guest, &cartv1.RemoveCouponRequest{CartId: c.GetId(), Code: "Ten"})
	require.NoError(t, err)
	require.Empty(t, without.GetCart().GetCoupons())
	require.Equal(t, int64(2500), without.GetCart().GetTotals().GetTotal().GetMinorUnits())
}

// Gift cards pay in the order they were given, never more than is owed.
func TestGiftCards(t *testing.T) {
	t.Parallel()
	f := newCartFixture(t)
	c := f.start(f.guest, "uk-web", lines("BOOK", 1)...)
	for _, code := range []string{"GIFT-50", "GIFT-1000"} {
		_, err := f.ApplyGiftCard(f.guest, &cartv1.ApplyGiftCardRequest{CartId: c.GetId(), Code: code})
		require.NoError(t, err)
	}
	_, err := f.ApplyGiftCard(f.guest, &cartv1.ApplyGiftCardRequest{CartId: c.GetId(), Code: "GIFT-50"})
	refused(t, err, "GIFTCARD_DUPLICATE")
	both := f.get(f.guest, c.GetId())
	require.Equal(t, []int64{50, 949}, []int64{both.GetGiftCards()[0].GetAmount().GetMinorUnits(), both.GetGiftCards()[1].GetAmount().GetMinorUnits()})
	require.Zero(t, both.GetTotals().GetDue().GetMinorUnits())
	one, err := f.RemoveGiftCard(f.guest, &cartv1.RemoveGiftCardRequest{CartId: c.GetId(), GiftCardId: both.GetGiftCards()[1].GetGiftCardId()})
	require.NoError(t, err)
	require.Equal(t, int64(949), one.GetCart().GetTotals().GetDue().GetMinorUnits())
}

// A signed-in buyer's cart is theirs alone: to a stranger it does not exist, down to the last byte.
func TestACustomersCartIsTheirs(t *testing.T) {
	t.Parallel()
	f := newCartFixture(t)
	ann, bob := customer(t.Context(), "ann"), customer(t.Context(), "bob")
	c := f.start(ann, "uk-web", lines("MUG", 1)...)
	require.Equal(t, "ann@example.com", c.GetEmail())
	missing := func(ctx context.Context, cartID string) []error {
		return []error{
			second(f.GetCart(ctx, &cartv1.GetCartRequest{CartId: cartID})),
			second(f.AddLines(ctx, &cartv1.AddLinesRequest{CartId: cartID, Lines: lines("MUG", 1)})),
			second(f.MergeCart(ctx, &cartv1.MergeCartRequest{CartId: cartID})),
			second(f.ApplyGiftCard(ctx, &cartv1.ApplyGiftCardRequest{CartId: cartID, Code: "GIFT-50"})),
		}
	}
	none := missing(bob, id.Secret())
	for i, err := range missing(bob, c.GetId()) {
		refused(t, err, "CART_NOT_FOUND")
		require.True(t, proto.Equal(status.Convert(errs.ToGRPC(none[i])).Proto(), status.Convert(errs.ToGRPC(err)).Proto()))
	}
	refused(t, missing(f.guest, c.GetId())[0], "CART_NOT_FOUND")
	require.NotNil(t, f.get(f.staff, c.GetId()), "staff may look")
	refused(t, missing(f.staff, c.GetId())[1], "CART_NOT_FOUND")

	_, err := f.CreateCart(ann, &cartv1.CreateCartRequest{Channel: "uk-web"})
	refused(t, err, "CART_EXISTS")
	require.Equal(t, c.GetId(), errs.MetaOf(err, "cart_id"))
	mine, err := f.GetCustomerCart(ann, &cartv1.GetCustomerCartRequest{})
	require.NoError(t, err)
	require.Equal(t, c.GetId(), mine.GetCart().GetId())
	_, err = f.GetCustomerCart(ann, &cartv1.GetCustomerCartRequest{Channel: "us-web"})
	refused(t, err, "CART_NOT_FOUND")
}
