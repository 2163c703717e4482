package channel

import (
	"cmp"
	"slices"

	productv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/product/v1"
)

func sorted(channels map[string]*productv1.Channel) []*productv1.Channel {
	list := make([]*productv1.Channel, 0, len(channels))
	for _, c := range channels {
		list = append(list, c)
	}
	slices.SortFunc(list, func(a, b *productv1.Channel) int {
		if a.GetIsDefault() != b.GetIsDefault() {
			if a.GetIsDefault() {
				return -1
			}
			return 1
		}
		return cmp.Compare(a.GetKey(), b.GetKey())
	})
	return list
}
