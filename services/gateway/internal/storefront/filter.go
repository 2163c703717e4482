package storefront

import (
	"slices"
	"strings"

	productv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/product/v1"
	"github.com/google/uuid"
)

// maxPage is the largest page a client gets; larger wishes are cut.
const maxPage = 100

func pageSize(wanted int32) int32 { return min(wanted, maxPage) }

// uuidLength is the length of the usual form of a UUID. The other forms that a parser takes may be handles.
const uuidLength = 36

// isID tells an id from a handle.
func isID(key string) bool { return len(key) == uuidLength && uuid.Validate(key) == nil }

// filtered is what a list and a search can be narrowed by.
type filtered interface {
	GetCategoryId() string
	GetCollection() string
	GetTags() []string
	GetVendors() []string
	GetAttributes() []string
}

// productFilter builds product's filter. Each attribute is "key:value"; values of one key are alternatives.
func productFilter(req filtered) *productv1.ProductFilter {
	filter := &productv1.ProductFilter{
		Category: req.GetCategoryId(), Collection: req.GetCollection(), Tags: req.GetTags(), Vendors: req.GetVendors(),
	}
	for _, attribute := range req.GetAttributes() {
		key, value, _ := strings.Cut(attribute, ":")
		at := slices.IndexFunc(filter.GetAttributes(), func(f *productv1.AttributeFilter) bool { return f.GetKey() == key })
		if at < 0 {
			at = len(filter.GetAttributes())
			filter.Attributes = append(filter.Attributes, &productv1.AttributeFilter{Key: key})
		}
		filter.Attributes[at].Values = append(filter.Attributes[at].Values, value)
	}
	return filter
}
