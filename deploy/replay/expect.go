package replay

import (
	"slices"

	"github.com/cartwright-shop/cartwright/deploy/demo"
)

// total is what a sale must cost, from the catalogue's prices and the demo shop's delivery prices alone. Prices contain
// tax in Europe, and no other place of the data set has a tax that the shop collects, so tax adds nothing.
func (p Prices) total(sale *Sale) int64 {
	goods := p.goods(sale.Lines)
	return goods + delivery(sale.Place.CountryCode, goods)
}

func (p Prices) goods(lines []Line) int64 {
	sum := int64(0)
	for _, line := range lines {
		sum += p[line.SKU] * line.Quantity
	}
	return sum
}

func delivery(country string, goods int64) int64 {
	for _, zone := range channel().Zones {
		if !slices.Contains(zone.Countries, country) {
			continue
		}
		for _, method := range zone.Methods {
			if method.Key == demo.StandardMethod {
				if method.FreeAbove > 0 && goods >= method.FreeAbove {
					return 0
				}
				return method.Price
			}
		}
	}
	return 0
}

// channel is the one the stream is played on: it sells in pounds to every country of the data set.
func channel() demo.Channel { return demo.Channels()[0] }
