package storefront

import (
	"context"

	productv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/product/v1"
	storefrontv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/storefront/v1"
	"github.com/cartwright-shop/cartwright/services/gateway/internal/channel"
)

// GetProduct composes a product page: one call to product, then one each to pricing and inventory side by side.
func (s *catalogService) GetProduct(ctx context.Context, req *storefrontv1.GetProductRequest) (*storefrontv1.GetProductResponse, error) {
	ctx, cancel := s.deps.browse(ctx)
	defer cancel()
	in, err := s.deps.Channels.Resolve(ctx, channel.Wanted{
		Channel: req.GetChannel(), CurrencyCode: req.GetCurrencyCode(), CountryCode: req.GetCountryCode(),
	})
	if err != nil {
		return nil, err
	}
	query := &productv1.GetProductRequest{Channel: in.Channel.GetKey(), Locale: req.GetLocale()}
	if isID(req.GetProduct()) {
		query.Key = &productv1.GetProductRequest_Id{Id: req.GetProduct()}
	} else {
		query.Key = &productv1.GetProductRequest_Handle{Handle: req.GetProduct()}
	}
	answer, err := s.deps.Peers.Products.GetProduct(ctx, query)
	if err != nil {
		return nil, err
	}
	all, err := s.deps.offersFor(ctx, in, skusOf(answer.GetProduct()))
	if err != nil {
		return nil, err
	}
	return &storefrontv1.GetProductResponse{Product: productPage(answer.GetProduct(), all)}, nil
}

func skusOf(product *productv1.Product) []string {
	skus := make([]string, 0, len(product.GetVariants()))
	for _, variant := range product.GetVariants() {
		skus = append(skus, variant.GetSku())
	}
	return skus
}

func productPage(product *productv1.Product, all offers) *storefrontv1.Product {
	out := &storefrontv1.Product{
		Id: product.GetId(), Handle: product.GetHandle(), Title: product.GetTitle(),
		DescriptionHtml: product.GetDescriptionHtml(), Vendor: product.GetVendor(), Tags: product.GetTags(),
		CategoryIds: product.GetCategoryIds(), Locale: product.GetLocale(),
	}
	for _, option := range product.GetOptions() {
		out.Options = append(out.Options, &storefrontv1.Option{Name: option.GetName(), Values: option.GetValues()})
	}
	for i, media := range product.GetMedia() {
		out.Media = append(out.Media, &storefrontv1.Media{Url: media.GetUrl(), AltText: media.GetAltText(), Position: int32(i) + 1})
	}
	for _, attribute := range product.GetAttributes() {
		out.Attributes = append(out.Attributes, publicAttribute(attribute))
	}
	for _, variant := range product.GetVariants() {
		out.Variants = append(out.Variants, publicVariant(product, variant, all))
	}
	return out
}

func publicVariant(product *productv1.Product, variant *productv1.Variant, all offers) *storefrontv1.Variant {
	out := &storefrontv1.Variant{
		Sku: variant.GetSku(), Title: variant.GetTitle(), Price: all.price(variant.GetSku()), Stock: all.band(variant.GetSku()),
		RequiresShipping: variant.RequiresShipping == nil || variant.GetRequiresShipping(), Barcode: variant.GetBarcode(),
		ImageUrl: variantImage(product, variant.GetSku()),
	}
	for i, value := range variant.GetOptionValues() {
		if i < len(product.GetOptions()) {
			out.Options = append(out.Options, &storefrontv1.OptionValue{Name: product.GetOptions()[i].GetName(), Value: value})
		}
	}
	return out
}

func variantImage(product *productv1.Product, sku string) string {
	for _, media := range product.GetMedia() {
		for _, owner := range media.GetSkus() {
			if owner == sku {
				return media.GetUrl()
			}
		}
	}
	return ""
}

func publicAttribute(attribute *productv1.Attribute) *storefrontv1.Attribute {
	out := &storefrontv1.Attribute{Key: attribute.GetKey()}
	for _, value := range attribute.GetValues() {
		out.Values = append(out.Values, attributeText(value))
	}
	return out
}

func attributeText(value *productv1.AttributeValue) string {
	switch v := value.GetValue().(type) {
	case *productv1.AttributeValue_Text:
		return v.Text
	case *productv1.AttributeValue_Decimal:
		return v.Decimal
	case *productv1.AttributeValue_Date:
		return v.Date
	case *productv1.AttributeValue_Flag:
		if v.Flag {
			return "true"
		}
		return "false"
	default:
		return ""
	}
}
