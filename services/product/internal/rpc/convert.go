package rpc

import (
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	productv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/product/v1"
	"github.com/cartwright-shop/cartwright/services/product/internal/catalog"
)

func mapped[A, B any](list []A, f func(A) B) []B {
	out := make([]B, len(list))
	for i, a := range list {
		out[i] = f(a)
	}
	return out
}

func timestamp(t time.Time) *timestamppb.Timestamp {
	if t.IsZero() {
		return nil
	}
	return timestamppb.New(t)
}

func statusToProto(s catalog.Status) productv1.PublicationStatus {
	switch s {
	case catalog.Draft:
		return productv1.PublicationStatus_PUBLICATION_STATUS_DRAFT
	case catalog.Published:
		return productv1.PublicationStatus_PUBLICATION_STATUS_PUBLISHED
	case catalog.Archived:
		return productv1.PublicationStatus_PUBLICATION_STATUS_ARCHIVED
	}
	return productv1.PublicationStatus_PUBLICATION_STATUS_UNSPECIFIED
}

func channelToProto(ch catalog.Channel) *productv1.Channel {
	return &productv1.Channel{
		Key: ch.Key, Name: ch.Name, CurrencyCodes: ch.Currencies, DefaultCurrencyCode: ch.DefaultCurrency,
		CountryCodes: ch.Countries, DefaultCountryCode: ch.DefaultCountry, Locales: ch.Locales, DefaultLocale: ch.DefaultLocale,
		IsDefault: ch.IsDefault, Version: ch.Version, CreateTime: timestamp(ch.CreatedAt), UpdateTime: timestamp(ch.UpdatedAt),
	}
}

func productToProto(s catalog.Seen) *productv1.Product {
	return &productv1.Product{
		Id: s.ID, Version: s.Version, Handle: s.Handle, Title: s.Title, DescriptionHtml: s.DescriptionHTML, Vendor: s.Vendor,
		ProductType: s.ProductType, CategoryIds: s.CategoryIDs, CategoryAncestorIds: s.AncestorIDs, Tags: s.Tags,
		Options: mapped(s.Options, func(o catalog.Option) *productv1.Option {
			return &productv1.Option{Name: o.Name, Values: o.Values}
		}),
		Variants: mapped(s.Variants, variantToProto),
		Media: mapped(s.Media, func(m catalog.Media) *productv1.Media {
			return &productv1.Media{Id: m.ID, Url: m.URL, AltText: m.AltText, Skus: m.SKUs}
		}),
		Attributes:   mapped(s.Attributes, attributeToProto),
		Translations: mapped(s.Translations, translationToProto),
		Publications: mapped(s.Publications, func(p catalog.Publication) *productv1.Publication {
			return &productv1.Publication{Channel: p.Channel, Status: statusToProto(p.Status), PublishTime: timestamp(p.PublishedAt)}
		}),
		Status: statusToProto(s.Publication.Status), PublishTime: timestamp(s.Publication.PublishedAt), Locale: s.Locale,
		CreateTime: timestamp(s.CreatedAt), UpdateTime: timestamp(s.UpdatedAt),
	}
}

func variantToProto(v catalog.Variant) *productv1.Variant {
	ships := v.RequiresShipping
	return &productv1.Variant{
		Sku: v.SKU, OptionValues: v.OptionValues, Barcode: v.Barcode, WeightGrams: v.WeightGrams, RequiresShipping: &ships,
		TaxClass: v.TaxClass, Title: v.Title(),
	}
}

func attributeToProto(a catalog.Attribute) *productv1.Attribute {
	return &productv1.Attribute{Key: a.Key, Values: mapped(a.Values, func(v catalog.Value) *productv1.AttributeValue {
		switch v.Kind {
		case catalog.DecimalValue:
			return &productv1.AttributeValue{Value: &productv1.AttributeValue_Decimal{Decimal: v.Text}}
		case catalog.FlagValue:
			return &productv1.AttributeValue{Value: &productv1.AttributeValue_Flag{Flag: v.Text == "true"}}
		case catalog.DateValue:
			return &productv1.AttributeValue{Value: &productv1.AttributeValue_Date{Date: v.Text}}
		}
		return &productv1.AttributeValue{Value: &productv1.AttributeValue_Text{Text: v.Text}}
	})}
}

func translationToProto(t catalog.Translation) *productv1.ProductTranslation {
	return &productv1.ProductTranslation{
		Locale: t.Locale, Title: t.Title, DescriptionHtml: t.DescriptionHTML, Attributes: mapped(t.Attributes, attributeToProto),
		Options: mapped(t.Options, func(o catalog.OptionTranslation) *productv1.OptionTranslation {
			return &productv1.OptionTranslation{Option: o.Option, Name: o.Name, Values: o.Values}
		}),
	}
}

func summaryToProto(s catalog.Summary) *productv1.ProductSummary {
	return &productv1.ProductSummary{
		Id: s.ID, Handle: s.Handle, Title: s.Title, Vendor: s.Vendor, ProductType: s.ProductType, ImageUrl: s.ImageURL,
		ImageAltText: s.ImageAlt, Skus: s.SKUs, CategoryIds: s.CategoryIDs, Tags: s.Tags, Status: statusToProto(s.Status),
		PublishTime: timestamp(s.PublishedAt), UpdateTime: timestamp(s.UpdatedAt), Version: s.Version,
	}
}

func sellableToProto(v catalog.Sellable) *productv1.SellableVariant {
	return &productv1.SellableVariant{
		Sku: v.SKU, ProductId: v.ProductID, Handle: v.Handle, Title: v.Title, VariantTitle: v.VariantTitle,
		CategoryIds: v.CategoryIDs, Tags: v.Tags, TaxClass: v.TaxClass, Published: v.Published,
		RequiresShipping: v.RequiresShipping, WeightGrams: v.WeightGrams, ImageUrl: v.ImageURL, ImageAltText: v.ImageAlt,
		ProductVersion: v.ProductVersion,
	}
}

func facetToProto(f catalog.Facet) *productv1.Facet {
	kind := productv1.FacetKind_FACET_KIND_UNSPECIFIED
	switch f.Kind {
	case catalog.CategoryFacet:
		kind = productv1.FacetKind_FACET_KIND_CATEGORY
	case catalog.TagFacet:
		kind = productv1.FacetKind_FACET_KIND_TAG
	case catalog.VendorFacet:
		kind = productv1.FacetKind_FACET_KIND_VENDOR
	case catalog.AttributeFacet:
		kind = productv1.FacetKind_FACET_KIND_ATTRIBUTE
	}
	return &productv1.Facet{Kind: kind, Key: f.Key, Values: mapped(f.Values, func(v catalog.FacetValue) *productv1.FacetValue {
		return &productv1.FacetValue{Value: v.Value, Label: v.Label, Count: v.Count}
	})}
}

func namesToProto(list []catalog.NameTranslation) []*productv1.CategoryTranslation {
	return mapped(list, func(t catalog.NameTranslation) *productv1.CategoryTranslation {
		return &productv1.CategoryTranslation{Locale: t.Locale, Name: t.Name, DescriptionHtml: t.DescriptionHTML}
	})
}

func categoryToProto(c catalog.Category) *productv1.Category {
	return &productv1.Category{
		Id: c.ID, Version: c.Version, Handle: c.Handle, Name: c.Name, DescriptionHtml: c.DescriptionHTML, ParentId: c.ParentID,
		AncestorIds: c.AncestorIDs, Position: c.Position, Translations: namesToProto(c.Translations),
		CreateTime: timestamp(c.CreatedAt), UpdateTime: timestamp(c.UpdatedAt),
	}
}

func collectionToProto(c catalog.Collection) *productv1.Collection {
	return &productv1.Collection{
		Id: c.ID, Version: c.Version, Handle: c.Handle, Name: c.Name, DescriptionHtml: c.DescriptionHTML,
		Translations: namesToProto(c.Translations), ProductCount: c.ProductCount,
		CreateTime: timestamp(c.CreatedAt), UpdateTime: timestamp(c.UpdatedAt),
	}
}
