package rpc

import (
	pricingv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/pricing/v1"
	"github.com/cartwright-shop/cartwright/services/platform/money"
	"github.com/cartwright-shop/cartwright/services/platform/moneypb"
	"github.com/cartwright-shop/cartwright/services/pricing/internal/quote"
	"github.com/cartwright-shop/cartwright/services/pricing/internal/redemption"
)

func basketFromProto(b *pricingv1.Basket) quote.Basket {
	return quote.Basket{
		Buyer: buyerFromProto(b.GetContext()), CustomerKey: b.GetCustomerKey(), Codes: b.GetCouponCodes(),
		Lines: mapSlice(b.GetLines(), func(l *pricingv1.BasketLine) quote.Line {
			return quote.Line{
				ID: l.GetLineId(), SKU: l.GetSku(), Quantity: l.GetQuantity(), CategoryIDs: l.GetCategoryIds(), Tags: l.GetTags(),
			}
		}),
	}
}

// quoteToProto shows a quote, with the steps that explain it unless they are to be left out.
func quoteToProto(q quote.Quote, omitSteps bool) *pricingv1.Quote {
	out := &pricingv1.Quote{
		CurrencyCode: q.Currency, Lines: mapSlice(q.Lines, quoteLineToProto), UnpricedLineIds: q.Unpriced,
		Subtotal: moneypb.ToProto(q.Subtotal), Discount: moneypb.ToProto(q.Discount), Total: moneypb.ToProto(q.Total),
		Fingerprint: q.Fingerprint, QuoteTime: timestamp(q.At),
		RejectedCoupons: mapSlice(q.Rejected, func(r quote.Rejection) *pricingv1.RejectedCoupon {
			return &pricingv1.RejectedCoupon{Code: r.Code, Reason: r.Reason}
		}),
	}
	for _, applied := range q.Applied {
		if applied.FreeShipping() {
			out.FreeShipping = &pricingv1.FreeShippingGrant{
				PromotionId: applied.Promotion.ID, PromotionKey: applied.Promotion.Key, PromotionName: applied.Promotion.Name,
				Code: applied.Code,
			}
			continue
		}
		out.Discounts = append(out.Discounts, &pricingv1.Discount{
			PromotionId: applied.Promotion.ID, PromotionKey: applied.Promotion.Key, PromotionName: applied.Promotion.Name,
			Code: applied.Code, Amount: moneypb.ToProto(applied.Amount), Allocations: allocationsToProto(q, applied),
		})
	}
	if !omitSteps {
		explain(q, out)
	}
	return out
}

func quoteLineToProto(l quote.PricedLine) *pricingv1.QuoteLine {
	return &pricingv1.QuoteLine{
		LineId: l.ID, Sku: l.SKU, Quantity: l.Quantity, UnitPrice: moneypb.ToProto(l.Tier.Amount),
		CompareAt: optionalMoney(l.Tier.CompareAt), PriceListKey: l.Tier.ListKey, TierMinQuantity: l.Tier.ListTier,
		Subtotal: moneypb.ToProto(l.Subtotal), Discount: moneypb.ToProto(l.Discount), Total: moneypb.ToProto(l.Total),
	}
}

// explain writes the steps in the order they happened and tells each line which ones concern it.
func explain(q quote.Quote, out *pricingv1.Quote) {
	for i, line := range q.Lines {
		out.Lines[i].StepIndexes = append(out.Lines[i].StepIndexes, int32(len(out.Steps)))
		out.Steps = append(out.Steps, &pricingv1.ExplanationStep{Step: &pricingv1.ExplanationStep_Price{Price: &pricingv1.PriceStep{
			LineId: line.ID, PriceListKey: line.Tier.ListKey, TierMinQuantity: line.Tier.ListTier,
			UnitPrice: moneypb.ToProto(line.Tier.Amount), Quantity: line.Quantity, Subtotal: moneypb.ToProto(line.Subtotal),
		}}})
	}
	for _, applied := range q.Applied {
		for _, allocation := range applied.Allocations {
			line := out.Lines[allocation.Line]
			line.StepIndexes = append(line.StepIndexes, int32(len(out.Steps)))
		}
		out.Steps = append(out.Steps, &pricingv1.ExplanationStep{Step: &pricingv1.ExplanationStep_Promotion{Promotion: &pricingv1.PromotionStep{
			PromotionKey: applied.Promotion.Key, PromotionVersion: applied.Promotion.Version, Code: applied.Code,
			Kind: string(applied.Promotion.Rule.Kind), Basis: moneypb.ToProto(applied.Basis),
			RatePpm: int32(applied.Promotion.Rule.Rate), Rounding: string(quote.Rounding),
			Amount: moneypb.ToProto(applied.Amount), Allocations: allocationsToProto(q, applied),
		}}})
	}
}

func allocationsToProto(q quote.Quote, applied quote.Applied) []*pricingv1.DiscountAllocation {
	return mapSlice(applied.Allocations, func(a quote.Allocation) *pricingv1.DiscountAllocation {
		return &pricingv1.DiscountAllocation{LineId: q.Lines[a.Line].ID, Amount: moneypb.ToProto(a.Amount)}
	})
}

func orderUseToProto(u redemption.OrderUse) *pricingv1.OrderUse {
	return &pricingv1.OrderUse{
		OrderId: u.OrderID, Generation: u.Generation, State: stateToProto(u.State), Fingerprint: u.Fingerprint,
		ExpiresAt: optionalTimestamp(u.ExpiresAt), UpdateTime: timestamp(u.UpdatedAt),
		Uses: mapSlice(u.Uses, func(use redemption.Use) *pricingv1.PromotionUse {
			return &pricingv1.PromotionUse{
				PromotionKey: use.PromotionKey, Code: use.Code,
				Amount: moneypb.ToProto(money.Money{Currency: u.Currency, Minor: use.Minor}),
			}
		}),
	}
}

func stateToProto(s redemption.State) pricingv1.OrderUseState {
	switch s {
	case redemption.Reserved:
		return pricingv1.OrderUseState_ORDER_USE_STATE_RESERVED
	case redemption.Redeemed:
		return pricingv1.OrderUseState_ORDER_USE_STATE_REDEEMED
	case redemption.Released:
		return pricingv1.OrderUseState_ORDER_USE_STATE_RELEASED
	case redemption.Expired:
		return pricingv1.OrderUseState_ORDER_USE_STATE_EXPIRED
	default:
		return pricingv1.OrderUseState_ORDER_USE_STATE_UNSPECIFIED
	}
}
