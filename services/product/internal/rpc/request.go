package rpc

import (
	"strconv"

	productv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/product/v1"
	"github.com/cartwright-shop/cartwright/services/product/internal/catalog"
)

func statusFromProto(s productv1.PublicationStatus) catalog.Status {
	switch s {
	case productv1.PublicationStatus_PUBLICATION_STATUS_DRAFT:
		return catalog.Draft
	case productv1.PublicationStatus_PUBLICATION_STATUS_PUBLISHED:
		return catalog.Published
	case productv1.PublicationStatus_PUBLICATION_STATUS_ARCHIVED:
		return catalog.Archived
	}
	return ""
}

func channelFields(f *productv1.ChannelFields) catalog.ChannelFields {
	return catalog.ChannelFields{
		Name: f.GetName(), Currencies: f.GetCurrencyCodes(), DefaultCurrency: f.GetDefaultCurrencyCode(),
		Countries: f.GetCountryCodes(), DefaultCountry: f.GetDefaultCountryCode(), Locales: f.GetLocales(),
		DefaultLocale: f.GetDefaultLocale(), IsDefault: f.GetIsDefault(),
	}
}

func productFields(f *productv1.ProductFields) catalog.Fields {
	return catalog.Fields{
		Handle: f.GetHandle(), Title: f.GetTitle(), DescriptionHTML: f.GetDescriptionHtml(), Vendor: f.GetVendor(),
		ProductType: f.GetProductType(), CategoryIDs: f.GetCategoryIds(), Tags: f.GetTags(),
		Options: mapped(f.GetOptions(), func(o *productv1.Option) catalog.Option {
			return catalog.Option{Name: o.GetName(), Values: o.GetValues()}
		}),
		Variants: mapped(f.GetVariants(), func(v *productv1.Variant) catalog.Variant {
			return catalog.Variant{
				SKU: v.GetSku(), OptionValues: v.GetOptionValues(), Barcode: v.GetBarcode(), WeightGrams: v.GetWeightGrams(),
				RequiresShipping: v.RequiresShipping == nil || v.GetRequiresShipping(), TaxClass: v.GetTaxClass(),
			}
		}),
		Media: mapped(f.GetMedia(), func(m *productv1.Media) catalog.Media {
			return catalog.Media{URL: m.GetUrl(), AltText: m.GetAltText(), SKUs: m.GetSkus()}
		}),
		Attributes: attributes(f.GetAttributes()),
		Translations: mapped(f.GetTranslations(), func(t *productv1.ProductTranslation) catalog.Translation {
			return catalog.Translation{
				Locale: t.GetLocale(), Title: t.GetTitle(), DescriptionHTML: t.GetDescriptionHtml(),
				Attributes: attributes(t.GetAttributes()),
				Options: mapped(t.GetOptions(), func(o *productv1.OptionTranslation) catalog.OptionTranslation {
					return catalog.OptionTranslation{Option: o.GetOption(), Name: o.GetName(), Values: o.GetValues()}
				}),
			}
		}),
	}
}

func attributes(list []*productv1.Attribute) []catalog.Attribute {
	return mapped(list, func(a *productv1.Attribute) catalog.Attribute {
		return catalog.Attribute{Key: a.GetKey(), Values: mapped(a.GetValues(), attributeValue)}
	})
}

func attributeValue(v *productv1.AttributeValue) catalog.Value {
	switch x := v.GetValue().(type) {
	case *productv1.AttributeValue_Decimal:
		return catalog.Value{Kind: catalog.DecimalValue, Text: x.Decimal}
	case *productv1.AttributeValue_Flag:
		return catalog.Value{Kind: catalog.FlagValue, Text: strconv.FormatBool(x.Flag)}
	case *productv1.AttributeValue_Date:
		return catalog.Value{Kind: catalog.DateValue, Text: x.Date}
	}
	return catalog.Value{Kind: catalog.TextValue, Text: v.GetText()}
}

func names(list []*productv1.CategoryTranslation) []catalog.NameTranslation {
	return mapped(list, func(t *productv1.CategoryTranslation) catalog.NameTranslation {
		return catalog.NameTranslation{Locale: t.GetLocale(), Name: t.GetName(), DescriptionHTML: t.GetDescriptionHtml()}
	})
}

func categoryFields(f *productv1.CategoryFields) catalog.CategoryFields {
	return catalog.CategoryFields{
		Handle: f.GetHandle(), Name: f.GetName(), DescriptionHTML: f.GetDescriptionHtml(), ParentID: f.GetParentId(),
		Position: f.GetPosition(), Translations: names(f.GetTranslations()),
	}
}

func collectionFields(f *productv1.CollectionFields) catalog.CollectionFields {
	return catalog.CollectionFields{
		Handle: f.GetHandle(), Name: f.GetName(), DescriptionHTML: f.GetDescriptionHtml(), Translations: names(f.GetTranslations()),
	}
}

func filter(f *productv1.ProductFilter) catalog.Filter {
	return catalog.Filter{
		Category: f.GetCategory(), Collection: f.GetCollection(), Tags: f.GetTags(), Vendors: f.GetVendors(),
		Status: statusFromProto(f.GetStatus()),
		Attributes: mapped(f.GetAttributes(), func(a *productv1.AttributeFilter) catalog.AttributeFilter {
			return catalog.AttributeFilter{Key: a.GetKey(), Values: a.GetValues()}
		}),
	}
}

func sorting(s productv1.ProductSort) catalog.Sort {
	switch s {
	case productv1.ProductSort_PRODUCT_SORT_NEWEST:
		return catalog.ByNewest
	case productv1.ProductSort_PRODUCT_SORT_TITLE:
		return catalog.ByTitle
	case productv1.ProductSort_PRODUCT_SORT_COLLECTION:
		return catalog.ByPosition
	}
	return catalog.ByDefault
}
