package storefront

import (
	"slices"
	"strings"

	productv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/product/v1"
)

// maxPage is the largest page a client gets; larger wishes are cut.
const maxPage = 100

func pageSize(wanted int32) int32 { return min(wanted, maxPage) }

// productFilter builds product's filter. Each attribute is "key:value"; values of one key are alternatives.
func productFilter(category string, tags, attributes []string) *productv1.ProductFilter {
	filter := &productv1.ProductFilter{Category: category, Tags: tags}
	var keys []string
	values := map[string][]string{}
	for _, attribute := range attributes {
		key, value, _ := strings.Cut(attribute, ":")
		if !slices.Contains(keys, key) {
			keys = append(keys, key)
		}
		values[key] = append(values[key], value)
	}
	for _, key := range keys {
		filter.Attributes = append(filter.Attributes, &productv1.AttributeFilter{Key: key, Values: values[key]})
	}
	return filter
}
