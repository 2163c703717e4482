package rpc_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	pricingv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/pricing/v1"
	typev1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/type/v1"
	"github.com/cartwright-shop/cartwright/services/platform/errs"
	"github.com/cartwright-shop/cartwright/services/platform/id"
)

const (
	byCode      = pricingv1.PromotionTrigger_PROMOTION_TRIGGER_CODE
	always      = pricingv1.PromotionTrigger_PROMOTION_TRIGGER_AUTOMATIC
	wholeOrder  = pricingv1.PromotionScope_PROMOTION_SCOPE_ORDER
	matchedOnly = pricingv1.PromotionScope_PROMOTION_SCOPE_MATCHING_LINES
)

// Staff would get back another promotion than they made, of any kind.
func TestPromotionsRoundTrip(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	conditions := &pricingv1.PromotionConditions{
		Selector:     &pricingv1.LineSelector{Skus: []string{"A"}, CategoryIds: []string{"c1"}, Tags: []string{"new"}},
		MinSubtotals: []*typev1.Money{gbp(100), money("JPY", 100)}, MinQuantity: 2, CustomerGroups: []string{"vip"}, Channels: []string{"uk-web"},
	}
	for key, p := range map[string]*pricingv1.Promotion{
		"percent": {Action: percent(15), Scope: matchedOnly},
		"amount":  {Action: &pricingv1.Promotion_AmountOff{AmountOff: &pricingv1.AmountOff{Amounts: []*typev1.Money{gbp(500), money("EUR", 600)}}}, Scope: wholeOrder},
		"give": {Scope: wholeOrder, Action: &pricingv1.Promotion_BuyXGetY{BuyXGetY: &pricingv1.BuyXGetY{
			BuyQuantity: 2, GetQuantity: 1, RatePpm: 500_000, MaxRepeats: 3, Get: &pricingv1.LineSelector{Tags: []string{"sale"}},
		}}},
		"ship": {Scope: wholeOrder, Action: &pricingv1.Promotion_FreeShipping{FreeShipping: &pricingv1.FreeShipping{}}},
	} {
		p.Key, p.Name, p.Trigger, p.Conditions, p.Active = key, "Name of "+key, byCode, conditions, true
		p.Exclusive, p.Priority, p.LimitTotal, p.LimitPerCustomer, p.LimitPerCode = true, 4, 100, 2, 3
		p.ValidFrom, p.ValidUntil = &timestamppb.Timestamp{Seconds: 1}, &timestamppb.Timestamp{Seconds: 4_000_000_000}
		made := s.promote(t, p)
		got, err := s.GetPromotion(staff(), &pricingv1.GetPromotionRequest{Key: key})
		require.NoError(t, err)
		require.True(t, proto.Equal(made, got.GetPromotion()))
		want := proto.CloneOf(p)
		want.Id, want.Version, want.CreateTime, want.UpdateTime = made.GetId(), 1, made.GetCreateTime(), made.GetUpdateTime()
		require.Equal(t, want.String(), made.String())
	}
}

// Staff would overwrite a colleague's change, revive what was ended, or not find their promotions.
func TestPromotionLifecycle(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	made := s.promote(t, &pricingv1.Promotion{Key: "spring"})
	_, err := s.CreatePromotion(staff(), &pricingv1.CreatePromotionRequest{Promotion: made})
	requireReason(t, err, errs.AlreadyExists, "PROMOTION_EXISTS", "promotion.key")
	made.Name = "Spring!"
	updated, err := s.UpdatePromotion(staff(), &pricingv1.UpdatePromotionRequest{Promotion: made})
	require.NoError(t, err)
	require.Equal(t, "Spring!", updated.GetPromotion().GetName())
	require.EqualValues(t, 2, updated.GetPromotion().GetVersion())
	_, err = s.UpdatePromotion(staff(), &pricingv1.UpdatePromotionRequest{Promotion: made})
	requireReason(t, err, errs.Aborted, "VERSION_CONFLICT", "promotion.version")
	other := updated.GetPromotion()
	other.Trigger = always
	_, err = s.UpdatePromotion(staff(), &pricingv1.UpdatePromotionRequest{Promotion: other})
	requireReason(t, err, errs.FailedPrecondition, "PROMOTION_TRIGGER_FIXED", "promotion.trigger")

	archived, err := s.ArchivePromotion(staff(), &pricingv1.ArchivePromotionRequest{Key: "spring", Version: 2})
	require.NoError(t, err)
	require.NotNil(t, archived.GetPromotion().GetArchiveTime())
	_, err = s.ArchivePromotion(staff(), &pricingv1.ArchivePromotionRequest{Key: "spring", Version: 3})
	requireReason(t, err, errs.FailedPrecondition, "PROMOTION_ARCHIVED", "")
	_, err = s.CreateCouponCodes(staff(), &pricingv1.CreateCouponCodesRequest{RequestId: id.New(), PromotionKey: "spring", GenerateCount: 1})
	requireReason(t, err, errs.FailedPrecondition, "PROMOTION_ARCHIVED", "")
	_, err = s.GetPromotion(staff(), &pricingv1.GetPromotionRequest{Key: "none"})
	requireReason(t, err, errs.NotFound, "PROMOTION_NOT_FOUND", "")

	s.promote(t, &pricingv1.Promotion{Key: "a"})
	s.promote(t, &pricingv1.Promotion{Key: "b"})
	keys := func(state pricingv1.PromotionState) (keys []string) {
		req := &pricingv1.ListPromotionsRequest{State: state, PageSize: 1}
		for {
			page, err := s.ListPromotions(staff(), req)
			require.NoError(t, err)
			for _, p := range page.GetPromotions() {
				keys = append(keys, p.GetKey())
			}
			if req.PageToken = page.GetNextPageToken(); req.PageToken == "" {
				return keys
			}
		}
	}
	require.Equal(t, []string{"a", "b"}, keys(pricingv1.PromotionState_PROMOTION_STATE_LIVE))
	require.Equal(t, []string{"spring"}, keys(pricingv1.PromotionState_PROMOTION_STATE_ARCHIVED))
	require.Equal(t, []string{"a", "b", "spring"}, keys(pricingv1.PromotionState_PROMOTION_STATE_UNSPECIFIED))
}

// A slip of staff would give a discount above 100 %, a raise, or nothing in a currency that does not exist.
func TestPromotionRefusals(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	amount := func(amounts ...*typev1.Money) func(*pricingv1.Promotion) {
		return func(p *pricingv1.Promotion) {
			p.Action = &pricingv1.Promotion_AmountOff{AmountOff: &pricingv1.AmountOff{Amounts: amounts}}
		}
	}
	cases := []struct {
		name, reason, path string
		change             func(*pricingv1.Promotion)
	}{
		{"101 %", "PERCENT_RANGE", "promotion.percentageOff.ratePpm", func(p *pricingv1.Promotion) { p.Action = percent(101) }},
		{"-5 %", "PERCENT_RANGE", "promotion.percentageOff.ratePpm", func(p *pricingv1.Promotion) { p.Action = percent(-5) }},
		{"0 %", "PERCENT_RANGE", "promotion.percentageOff.ratePpm", func(p *pricingv1.Promotion) { p.Action = percent(0) }},
		{"negative", "AMOUNT_NEGATIVE", "promotion.amountOff.amounts[0].minorUnits", amount(gbp(-1))},
		{"nothing", "AMOUNT_ZERO", "promotion.amountOff.amounts[0].minorUnits", amount(gbp(0))},
		{"too much", "AMOUNT_RANGE", "promotion.amountOff.amounts[0].minorUnits", amount(gbp(1 << 62))},
		{"twice", "CURRENCY_DUPLICATE", "promotion.amountOff.amounts[1].currencyCode", amount(gbp(1), gbp(2))},
		{"currency", "CURRENCY_INVALID", "promotion.amountOff.amounts[0].currencyCode", amount(money("XXX", 1))},
		{"no action", "FIELD_REQUIRED", "promotion.action", func(p *pricingv1.Promotion) { p.Action = nil }},
		{"window", "RANGE_INVALID", "promotion.validUntil", func(p *pricingv1.Promotion) {
			p.ValidFrom, p.ValidUntil = timestamppb.Now(), timestamppb.New(time.Now().Add(-time.Hour))
		}},
		{"trigger", "ENUM_UNKNOWN", "promotion.trigger", func(p *pricingv1.Promotion) { p.Trigger = 0 }},
		{"limit", "OUT_OF_RANGE", "promotion.limitTotal", func(p *pricingv1.Promotion) { p.LimitTotal = -1 }},
		{"condition", "AMOUNT_NEGATIVE", "promotion.conditions.minSubtotals[0].minorUnits", func(p *pricingv1.Promotion) {
			p.Conditions = &pricingv1.PromotionConditions{MinSubtotals: []*typev1.Money{gbp(-1)}}
		}},
	}
	for _, c := range cases {
		p := &pricingv1.Promotion{Key: "p", Name: "P", Trigger: byCode, Action: percent(10)}
		c.change(p)
		_, err := s.CreatePromotion(staff(), &pricingv1.CreatePromotionRequest{Promotion: p})
		requireReason(t, err, errs.Invalid, c.reason, c.path)
	}
}

// A code could be guessed, would be lost by its case, or would silently move from one promotion to another.
func TestCouponCodes(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	s.promote(t, &pricingv1.Promotion{Key: "p", LimitPerCode: 3})
	s.promote(t, &pricingv1.Promotion{Key: "auto", Trigger: always})
	create := func(req *pricingv1.CreateCouponCodesRequest) ([]*pricingv1.CouponCode, error) {
		req.RequestId = id.New()
		resp, err := s.CreateCouponCodes(staff(), req)
		return resp.GetCouponCodes(), err
	}
	chosen, err := create(&pricingv1.CreateCouponCodesRequest{PromotionKey: "p", Codes: []string{"summer-10", "Autumn_10"}, CustomerKey: "c9"})
	require.NoError(t, err)
	require.Equal(t, "SUMMER-10", chosen[0].GetCode())
	require.Equal(t, "AUTUMN_10", chosen[1].GetCode())
	require.EqualValues(t, 3, chosen[0].GetMaxUses())
	require.Equal(t, "c9", chosen[0].GetCustomerKey())
	generated, err := create(&pricingv1.CreateCouponCodesRequest{PromotionKey: "p", GenerateCount: 1000, Prefix: "spring-", MaxUses: 1})
	require.NoError(t, err)
	require.Len(t, generated, 1000)
	random := strings.ReplaceAll(strings.TrimPrefix(generated[0].GetCode(), "SPRING-"), "-", "")
	require.GreaterOrEqual(t, len(random)*5, 80, "random bits")

	_, err = create(&pricingv1.CreateCouponCodesRequest{PromotionKey: "p", Codes: []string{"fresh", "Summer-10"}})
	requireReason(t, err, errs.AlreadyExists, "COUPON_EXISTS", "codes[1]")
	_, err = create(&pricingv1.CreateCouponCodesRequest{PromotionKey: "p", Codes: []string{"fresh", "FRESH"}})
	requireReason(t, err, errs.AlreadyExists, "COUPON_EXISTS", "codes[1]")
	_, err = create(&pricingv1.CreateCouponCodesRequest{PromotionKey: "p", Codes: []string{"fresh"}, GenerateCount: 1})
	requireReason(t, err, errs.Invalid, "COUPON_CHOICE", "")
	_, err = create(&pricingv1.CreateCouponCodesRequest{PromotionKey: "auto", GenerateCount: 1})
	requireReason(t, err, errs.FailedPrecondition, "PROMOTION_AUTOMATIC", "")

	disabled, err := s.DisableCouponCode(staff(), &pricingv1.DisableCouponCodeRequest{Code: "summer-10"})
	require.NoError(t, err)
	require.NotNil(t, disabled.GetCouponCode().GetDisableTime())
	_, err = s.DisableCouponCode(staff(), &pricingv1.DisableCouponCodeRequest{Code: "fresh"})
	requireReason(t, err, errs.NotFound, "COUPON_NOT_FOUND", "")

	req, count := &pricingv1.ListCouponCodesRequest{PromotionKey: "p", PageSize: 200}, 0
	for {
		page, err := s.ListCouponCodes(staff(), req)
		require.NoError(t, err)
		count += len(page.GetCouponCodes())
		if req.PageToken = page.GetNextPageToken(); req.PageToken == "" {
			break
		}
	}
	require.Equal(t, 1002, count)
}

// Quotes would slow down with every promotion staff forget, until carts time out.
func TestAutomaticPromotionsAreBounded(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	_, err := s.db.Exec(context.Background(), `
		INSERT INTO promotion (id, key, name, trigger, rule, exclusive, priority, limit_total, limit_per_customer, limit_per_code, active)
		SELECT gen_random_uuid(), 'p' || n, 'P', 'automatic', '{"kind": "free_shipping"}', false, 0, 0, 0, 0, true FROM generate_series(1, 500) AS n`)
	require.NoError(t, err)
	_, err = s.CreatePromotion(staff(), &pricingv1.CreatePromotionRequest{Promotion: &pricingv1.Promotion{
		Key: "one-more", Name: "One more", Trigger: always, Action: percent(1),
	}})
	requireReason(t, err, errs.FailedPrecondition, "PROMOTION_LIMIT", "")
	s.promote(t, &pricingv1.Promotion{Key: "by-code"})
}
