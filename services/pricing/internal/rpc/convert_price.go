package rpc

import (
	pricingv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/pricing/v1"
	"github.com/cartwright-shop/cartwright/services/platform/moneypb"
	"github.com/cartwright-shop/cartwright/services/pricing/internal/pricelist"
)

func priceListFromProto(l *pricingv1.PriceList) pricelist.PriceList {
	return pricelist.PriceList{
		Key: l.GetKey(), Name: l.GetName(), Currency: l.GetCurrencyCode(),
		Channels: l.GetChannels(), Countries: l.GetCountryCodes(), Groups: l.GetCustomerGroups(),
		Priority: l.GetPriority(), ValidFrom: optionalTime(l.GetValidFrom()), ValidUntil: optionalTime(l.GetValidUntil()),
		Active: l.GetActive(), Version: l.GetVersion(),
	}
}

func priceListToProto(l pricelist.PriceList) *pricingv1.PriceList {
	return &pricingv1.PriceList{
		Key: l.Key, Name: l.Name, CurrencyCode: l.Currency,
		Channels: l.Channels, CountryCodes: l.Countries, CustomerGroups: l.Groups,
		Priority: l.Priority, ValidFrom: optionalTimestamp(l.ValidFrom), ValidUntil: optionalTimestamp(l.ValidUntil),
		Active: l.Active, Version: l.Version, CreateTime: timestamp(l.CreatedAt), UpdateTime: timestamp(l.UpdatedAt),
	}
}

func priceFromProto(p *pricingv1.Price) pricelist.Price {
	price := pricelist.Price{SKU: p.GetSku(), MinQuantity: p.GetMinQuantity(), Amount: plainMoney(p.GetAmount())}
	if p.GetCompareAt() != nil {
		compareAt := plainMoney(p.GetCompareAt())
		price.CompareAt = &compareAt
	}
	return price
}

func priceToProto(p pricelist.Price) *pricingv1.Price {
	return &pricingv1.Price{
		Sku: p.SKU, MinQuantity: p.MinQuantity, Amount: moneypb.ToProto(p.Amount), CompareAt: optionalMoney(p.CompareAt),
		UpdateTime: timestamp(p.UpdatedAt),
	}
}

func buyerFromProto(c *pricingv1.PriceContext) pricelist.Buyer {
	return pricelist.Buyer{
		Channel: c.GetChannel(), Currency: c.GetCurrencyCode(), Country: c.GetCountryCode(), Groups: c.GetCustomerGroups(),
		At: optionalTime(c.GetAt()),
	}
}

func skuPriceToProto(sku string, ladder pricelist.Ladder) *pricingv1.SkuPrice {
	first := ladder[0]
	return &pricingv1.SkuPrice{
		Sku: sku, UnitPrice: moneypb.ToProto(first.Amount), CompareAt: optionalMoney(first.CompareAt),
		MinQuantity: first.MinQuantity, PriceListKey: first.ListKey,
		Tiers: mapSlice(ladder, func(t pricelist.Tier) *pricingv1.PriceTier {
			return &pricingv1.PriceTier{
				MinQuantity: t.MinQuantity, Amount: moneypb.ToProto(t.Amount), CompareAt: optionalMoney(t.CompareAt),
				PriceListKey: t.ListKey,
			}
		}),
	}
}
