package rpc

import (
	pricingv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/pricing/v1"
	"github.com/cartwright-shop/cartwright/services/platform/money"
	"github.com/cartwright-shop/cartwright/services/platform/moneypb"
	"github.com/cartwright-shop/cartwright/services/pricing/internal/promotion"
)

func promotionFromProto(p *pricingv1.Promotion) promotion.Promotion {
	return promotion.Promotion{
		Key: p.GetKey(), Name: p.GetName(), Trigger: triggerFromProto(p.GetTrigger()), Rule: ruleFromProto(p),
		Exclusive: p.GetExclusive(), Priority: p.GetPriority(),
		LimitTotal: p.GetLimitTotal(), LimitPerCustomer: p.GetLimitPerCustomer(), LimitPerCode: p.GetLimitPerCode(),
		ValidFrom: optionalTime(p.GetValidFrom()), ValidUntil: optionalTime(p.GetValidUntil()),
		Active: p.GetActive(), Version: p.GetVersion(),
	}
}

func triggerFromProto(t pricingv1.PromotionTrigger) promotion.Trigger {
	if t == pricingv1.PromotionTrigger_PROMOTION_TRIGGER_CODE {
		return promotion.Code
	}
	return promotion.Automatic
}

func ruleFromProto(p *pricingv1.Promotion) promotion.Rule {
	conditions := p.GetConditions()
	rule := promotion.Rule{
		Scope: promotion.Order,
		Conditions: promotion.Conditions{
			Selector:     selectorFromProto(conditions.GetSelector()),
			MinSubtotals: mapSlice(conditions.GetMinSubtotals(), plainMoney),
			MinQuantity:  int64(conditions.GetMinQuantity()),
			Groups:       conditions.GetCustomerGroups(),
			Channels:     conditions.GetChannels(),
		},
	}
	if p.GetScope() == pricingv1.PromotionScope_PROMOTION_SCOPE_MATCHING_LINES {
		rule.Scope = promotion.MatchingLines
	}
	switch action := p.GetAction().(type) {
	case *pricingv1.Promotion_PercentageOff:
		rule.Kind, rule.Rate = promotion.KindPercentage, money.Rate(action.PercentageOff.GetRatePpm())
	case *pricingv1.Promotion_AmountOff:
		rule.Kind, rule.Amounts = promotion.KindAmount, mapSlice(action.AmountOff.GetAmounts(), plainMoney)
	case *pricingv1.Promotion_BuyXGetY:
		give := action.BuyXGetY
		rule.Kind, rule.Rate = promotion.KindBuyXGetY, money.Rate(give.GetRatePpm())
		rule.Buy, rule.Get = int64(give.GetBuyQuantity()), int64(give.GetGetQuantity())
		rule.MaxRepeats, rule.GetSelector = int64(give.GetMaxRepeats()), selectorFromProto(give.GetGet())
	case *pricingv1.Promotion_FreeShipping:
		rule.Kind = promotion.KindFreeShipping
	}
	return rule
}

func selectorFromProto(s *pricingv1.LineSelector) promotion.Selector {
	return promotion.Selector{SKUs: s.GetSkus(), CategoryIDs: s.GetCategoryIds(), Tags: s.GetTags()}
}

func promotionToProto(p promotion.Promotion) *pricingv1.Promotion {
	out := &pricingv1.Promotion{
		Id: p.ID, Key: p.Key, Name: p.Name, Trigger: pricingv1.PromotionTrigger_PROMOTION_TRIGGER_AUTOMATIC,
		Scope: pricingv1.PromotionScope_PROMOTION_SCOPE_ORDER, Exclusive: p.Exclusive, Priority: p.Priority,
		LimitTotal: p.LimitTotal, LimitPerCustomer: p.LimitPerCustomer, LimitPerCode: p.LimitPerCode,
		ValidFrom: optionalTimestamp(p.ValidFrom), ValidUntil: optionalTimestamp(p.ValidUntil), Active: p.Active,
		Version: p.Version, UsedCount: p.Used, ArchiveTime: optionalTimestamp(p.ArchivedAt),
		CreateTime: timestamp(p.CreatedAt), UpdateTime: timestamp(p.UpdatedAt),
		Conditions: &pricingv1.PromotionConditions{
			Selector:       selectorToProto(p.Rule.Conditions.Selector),
			MinSubtotals:   mapSlice(p.Rule.Conditions.MinSubtotals, moneypb.ToProto),
			MinQuantity:    int32(p.Rule.Conditions.MinQuantity),
			CustomerGroups: p.Rule.Conditions.Groups,
			Channels:       p.Rule.Conditions.Channels,
		},
	}
	if p.Trigger == promotion.Code {
		out.Trigger = pricingv1.PromotionTrigger_PROMOTION_TRIGGER_CODE
	}
	if p.Rule.Scope == promotion.MatchingLines {
		out.Scope = pricingv1.PromotionScope_PROMOTION_SCOPE_MATCHING_LINES
	}
	actionToProto(p.Rule, out)
	return out
}

func actionToProto(r promotion.Rule, out *pricingv1.Promotion) {
	switch r.Kind {
	case promotion.KindPercentage:
		out.Action = &pricingv1.Promotion_PercentageOff{PercentageOff: &pricingv1.PercentageOff{RatePpm: int32(r.Rate)}}
	case promotion.KindAmount:
		out.Action = &pricingv1.Promotion_AmountOff{AmountOff: &pricingv1.AmountOff{Amounts: mapSlice(r.Amounts, moneypb.ToProto)}}
	case promotion.KindBuyXGetY:
		out.Action = &pricingv1.Promotion_BuyXGetY{BuyXGetY: &pricingv1.BuyXGetY{
			BuyQuantity: int32(r.Buy), GetQuantity: int32(r.Get), RatePpm: int32(r.Rate), MaxRepeats: int32(r.MaxRepeats),
			Get: selectorToProto(r.GetSelector),
		}}
	case promotion.KindFreeShipping:
		out.Action = &pricingv1.Promotion_FreeShipping{FreeShipping: &pricingv1.FreeShipping{}}
	}
}

func selectorToProto(s promotion.Selector) *pricingv1.LineSelector {
	return &pricingv1.LineSelector{Skus: s.SKUs, CategoryIds: s.CategoryIDs, Tags: s.Tags}
}

func couponToProto(c promotion.Coupon) *pricingv1.CouponCode {
	return &pricingv1.CouponCode{
		Code: c.Code, PromotionKey: c.PromotionKey, MaxUses: c.MaxUses, UsedCount: c.Used, CustomerKey: c.CustomerKey,
		ValidUntil: optionalTimestamp(c.ValidUntil), DisableTime: optionalTimestamp(c.DisabledAt), CreateTime: timestamp(c.CreatedAt),
	}
}
