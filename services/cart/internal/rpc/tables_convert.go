package rpc

import (
	"fmt"

	cartv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/cart/v1"
	typev1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/type/v1"

	"github.com/cartwright-shop/cartwright/services/cart/internal/address"
	"github.com/cartwright-shop/cartwright/services/cart/internal/settings"
	"github.com/cartwright-shop/cartwright/services/cart/internal/shipping"
	"github.com/cartwright-shop/cartwright/services/cart/internal/tax"
	"github.com/cartwright-shop/cartwright/services/platform/errs"
)

func shippingKinds() map[shipping.Kind]cartv1.ShippingPriceKind {
	return map[shipping.Kind]cartv1.ShippingPriceKind{
		shipping.Flat:       cartv1.ShippingPriceKind_SHIPPING_PRICE_KIND_FLAT,
		shipping.ByWeight:   cartv1.ShippingPriceKind_SHIPPING_PRICE_KIND_BY_WEIGHT,
		shipping.BySubtotal: cartv1.ShippingPriceKind_SHIPPING_PRICE_KIND_BY_SUBTOTAL,
	}
}

func zoneOf(msg *cartv1.ShippingZone) (shipping.Zone, error) {
	z := shipping.Zone{
		Key: msg.GetKey(), Name: msg.GetName(), Channel: msg.GetChannel(), Currency: msg.GetCurrencyCode(),
		Priority: msg.GetPriority(), Version: msg.GetVersion(),
	}
	for _, l := range msg.GetLocations() {
		z.Locations = append(z.Locations, shipping.Location{Country: l.GetCountryCode(), Region: l.GetRegion(), PostcodePrefix: l.GetPostcodePrefix()})
	}
	for i, m := range msg.GetMethods() {
		method, err := tariff{currency: z.Currency, path: fmt.Sprintf("zone.methods[%d]", i)}.method(m)
		if err != nil {
			return shipping.Zone{}, err
		}
		z.Methods = append(z.Methods, method)
	}
	return z, nil
}

// tariff reads the prices of a method, which are all in the zone's currency.
type tariff struct{ currency, path string }

func (t tariff) amount(field string, m *typev1.Money) (int64, error) {
	if m.GetCurrencyCode() != t.currency {
		return 0, errs.InvalidField.New("The shipping zone contradicts itself.").
			Field(t.path+"."+field, shipping.ErrInvalid.Reason(), "Must be in the zone's currency.")
	}
	return m.GetMinorUnits(), nil
}

func (t tariff) method(msg *cartv1.ShippingMethod) (shipping.Method, error) {
	m := shipping.Method{
		Key: msg.GetKey(), Name: msg.GetName(), Names: msg.GetNames(), Kind: statusOf(shippingKinds(), msg.GetKind()),
		TaxClass: msg.GetTaxClass(), MinDays: msg.GetMinDays(), MaxDays: msg.GetMaxDays(),
	}
	var err error
	if m.Kind == shipping.Flat {
		if m.Price, err = t.amount("price", msg.GetPrice()); err != nil {
			return shipping.Method{}, err
		}
	}
	if msg.GetFreeAbove() != nil {
		free, err := t.amount("freeAbove", msg.GetFreeAbove())
		if err != nil {
			return shipping.Method{}, err
		}
		m.FreeAbove = &free
	}
	if m.Kind != shipping.BySubtotal && len(msg.GetSubtotalTiers()) > 0 || m.Kind != shipping.ByWeight && len(msg.GetWeightTiers()) > 0 {
		return shipping.Method{}, errs.InvalidField.New("The shipping zone contradicts itself.").
			Field(t.path+".kind", shipping.ErrInvalid.Reason(), "The method has tiers of another kind.")
	}
	m.Tiers, err = t.tiers(msg)
	return m, err
}

func (t tariff) tiers(msg *cartv1.ShippingMethod) ([]shipping.Tier, error) {
	var tiers []shipping.Tier
	for i, tier := range msg.GetWeightTiers() {
		price, err := t.amount(fmt.Sprintf("weightTiers[%d].price", i), tier.GetPrice())
		if err != nil {
			return nil, err
		}
		tiers = append(tiers, shipping.Tier{Limit: tier.GetUpToGrams(), Price: price})
	}
	for i, tier := range msg.GetSubtotalTiers() {
		from, err := t.amount(fmt.Sprintf("subtotalTiers[%d].from", i), tier.GetFrom())
		if err != nil {
			return nil, err
		}
		price, err := t.amount(fmt.Sprintf("subtotalTiers[%d].price", i), tier.GetPrice())
		if err != nil {
			return nil, err
		}
		tiers = append(tiers, shipping.Tier{Limit: from, Price: price})
	}
	return tiers, nil
}

func zoneToProto(z shipping.Zone) *cartv1.ShippingZone {
	in := amounts(z.Currency)
	msg := &cartv1.ShippingZone{
		Key: z.Key, Name: z.Name, Channel: z.Channel, CurrencyCode: z.Currency, Priority: z.Priority, Version: z.Version,
		UpdatedAt: timestamp(z.UpdatedAt),
	}
	for _, l := range z.Locations {
		msg.Locations = append(msg.Locations, &cartv1.ShippingLocation{CountryCode: l.Country, Region: l.Region, PostcodePrefix: l.PostcodePrefix})
	}
	for _, m := range z.Methods {
		msg.Methods = append(msg.Methods, methodToProto(in, m))
	}
	return msg
}

func methodToProto(in amounts, m shipping.Method) *cartv1.ShippingMethod {
	msg := &cartv1.ShippingMethod{
		Key: m.Key, Name: m.Name, Names: m.Names, Kind: shippingKinds()[m.Kind], TaxClass: m.TaxClass, MinDays: m.MinDays, MaxDays: m.MaxDays,
	}
	if m.FreeAbove != nil {
		msg.FreeAbove = in.of(*m.FreeAbove)
	}
	switch m.Kind {
	case shipping.ByWeight:
		for _, tier := range m.Tiers {
			msg.WeightTiers = append(msg.WeightTiers, &cartv1.WeightTier{UpToGrams: tier.Limit, Price: in.of(tier.Price)})
		}
	case shipping.BySubtotal:
		for _, tier := range m.Tiers {
			msg.SubtotalTiers = append(msg.SubtotalTiers, &cartv1.SubtotalTier{From: in.of(tier.Limit), Price: in.of(tier.Price)})
		}
	default:
		msg.Price = in.of(m.Price)
	}
	return msg
}

func rateToProto(r tax.Rate) *cartv1.TaxRate {
	msg := &cartv1.TaxRate{
		Id: r.ID, CountryCode: r.Country, Region: r.Region, PostcodePattern: r.PostcodePattern, TaxClass: r.Class, RatePpm: int64(r.Rate),
		Name: r.Name, ValidFrom: r.ValidFrom.Format(tax.Day), Source: r.Source, Version: r.Version, UpdatedAt: timestamp(r.UpdatedAt),
	}
	if !r.ValidUntil.IsZero() {
		msg.ValidUntil = r.ValidUntil.Format(tax.Day)
	}
	return msg
}

func savedToProto(s address.Saved) *cartv1.SavedAddress {
	return &cartv1.SavedAddress{
		Id: s.ID, Label: s.Label, Address: orderAddress(&s.Address), DefaultShipping: s.DefaultShipping, DefaultBilling: s.DefaultBilling,
		Version: s.Version, CreatedAt: timestamp(s.CreatedAt), UpdatedAt: timestamp(s.UpdatedAt),
	}
}

func captureModes() map[settings.Capture]cartv1.CaptureMode {
	return map[settings.Capture]cartv1.CaptureMode{
		settings.AtPlacement: cartv1.CaptureMode_CAPTURE_MODE_AT_PLACEMENT,
		settings.AtShipment:  cartv1.CaptureMode_CAPTURE_MODE_AT_SHIPMENT,
	}
}

func taxDisplays() map[settings.Display]cartv1.TaxDisplay {
	return map[settings.Display]cartv1.TaxDisplay{
		settings.ByDestination: cartv1.TaxDisplay_TAX_DISPLAY_BY_DESTINATION,
		settings.Inclusive:     cartv1.TaxDisplay_TAX_DISPLAY_INCLUSIVE,
		settings.Exclusive:     cartv1.TaxDisplay_TAX_DISPLAY_EXCLUSIVE,
	}
}

func roundingPolicies() map[tax.Policy]cartv1.RoundingPolicy {
	return map[tax.Policy]cartv1.RoundingPolicy{
		tax.HalfUpLine:    cartv1.RoundingPolicy_ROUNDING_POLICY_HALF_UP_LINE,
		tax.HalfEvenLine:  cartv1.RoundingPolicy_ROUNDING_POLICY_HALF_EVEN_LINE,
		tax.DownLine:      cartv1.RoundingPolicy_ROUNDING_POLICY_DOWN_LINE,
		tax.HalfUpTotal:   cartv1.RoundingPolicy_ROUNDING_POLICY_HALF_UP_TOTAL,
		tax.HalfEvenTotal: cartv1.RoundingPolicy_ROUNDING_POLICY_HALF_EVEN_TOTAL,
		tax.DownTotal:     cartv1.RoundingPolicy_ROUNDING_POLICY_DOWN_TOTAL,
	}
}

func settingsOf(msg *cartv1.ChannelSettings) settings.Settings {
	return settings.Settings{
		Channel: msg.GetChannel(), Capture: statusOf(captureModes(), msg.GetCaptureMode()), Display: statusOf(taxDisplays(), msg.GetTaxDisplay()),
		Rounding: statusOf(roundingPolicies(), msg.GetRounding()), OrderPrefix: msg.GetOrderNumberPrefix(),
		ShippingTaxClass: msg.GetShippingTaxClass(), ShippingTaxProportional: msg.GetShippingTaxProportional(),
		HomeCountry: msg.GetHomeCountryCode(), RemoveHomeTax: msg.GetRemoveHomeTax(), Version: msg.GetVersion(),
	}
}

func settingsToProto(s settings.Settings) *cartv1.ChannelSettings {
	return &cartv1.ChannelSettings{
		Channel: s.Channel, CaptureMode: captureModes()[s.Capture], TaxDisplay: taxDisplays()[s.Display],
		Rounding: roundingPolicies()[s.Rounding], OrderNumberPrefix: s.OrderPrefix, ShippingTaxClass: s.ShippingTaxClass,
		ShippingTaxProportional: s.ShippingTaxProportional, HomeCountryCode: s.HomeCountry, RemoveHomeTax: s.RemoveHomeTax,
		Version: s.Version, UpdatedAt: timestamp(s.UpdatedAt),
	}
}
