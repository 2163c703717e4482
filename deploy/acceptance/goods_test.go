package acceptance_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	adminv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/admin/v1"
	"github.com/cartwright-shop/cartwright/services/platform/id"
)

// goods is what a journey wants to sell. The zero value is a plain thing without stock.
type goods struct {
	title    string
	price    string // in the currency of every market
	stock    int32
	taxClass string
	grams    int32
	tags     []string
	category string
	digital  bool
	fields   func(*adminv1.ProductFields) // changes what is stored, for what is rare
}

// item is a thing on sale with one SKU.
type item struct {
	shop    *shop
	staff   *caller
	id, sku string
	handle  string
	version int32
}

// sell puts something on sale in markets.
func (s *shop) sell(t *testing.T, g goods, markets ...*market) *item {
	t.Helper()
	staff := s.staff(t)
	sku := "T-" + strings.ToUpper(id.New()[19:])
	if g.title == "" {
		g.title = "Thing " + sku
	}
	ships := !g.digital
	fields := &adminv1.ProductFields{
		Title: g.title, Handle: strings.ToLower("thing-" + sku), Tags: g.tags,
		Variants: []*adminv1.Variant{{Sku: sku, TaxClass: g.taxClass, WeightGrams: g.grams, RequiresShipping: &ships}},
	}
	if g.category != "" {
		fields.CategoryIds = []string{g.category}
	}
	if g.fields != nil {
		g.fields(fields)
	}
	created := &adminv1.CreateProductResponse{}
	staff.do(http.MethodPost, "/admin/v1/products", &adminv1.CreateProductRequest{Product: fields}, created)
	i := &item{shop: s, staff: staff, id: created.GetProduct().GetId(), sku: sku, handle: created.GetProduct().GetHandle(), version: created.GetProduct().GetVersion()}
	for _, m := range markets {
		i.publish(m, adminv1.PublicationStatus_PUBLICATION_STATUS_PUBLISHED)
		if g.price != "" {
			i.price(m, g.price)
		}
	}
	if g.stock > 0 {
		i.stock(g.stock)
	}
	return i
}

func (i *item) publish(m *market, status adminv1.PublicationStatus) {
	i.staff.t.Helper()
	i.staff.do(http.MethodPut, "/admin/v1/products/"+i.id+"/publications/"+m.channel, &adminv1.SetPublicationRequest{Status: status}, nil)
}

// price sets what one unit costs.
func (i *item) price(m *market, decimal string) {
	i.staff.t.Helper()
	i.tier(m, 1, decimal)
}

// tier sets what a unit costs from a quantity on.
func (i *item) tier(m *market, from int32, decimal string) {
	i.staff.t.Helper()
	i.staff.do(http.MethodPost, "/admin/v1/price-lists/"+m.priceList+"/prices", &adminv1.SetPricesRequest{
		Entries: []*adminv1.Price{{Sku: i.sku, MinQuantity: from, Amount: amount(m.currency, decimal)}},
	}, nil)
}

// stock counts the units in the warehouse.
func (i *item) stock(units int32) {
	i.staff.t.Helper()
	i.staff.do(http.MethodPost, "/admin/v1/stock/set", &adminv1.SetStockRequest{
		Entries: []*adminv1.SetStockEntry{{Sku: i.sku, LocationKey: i.shop.location(), OnHand: units}}, Reason: "count",
	}, nil)
}

// level is what the warehouse says of the item.
func (i *item) level() *adminv1.StockLevel {
	i.staff.t.Helper()
	page := &adminv1.ListStockResponse{}
	i.staff.get("/admin/v1/stock?skus="+url.QueryEscape(i.sku), page)
	require.Len(i.staff.t, page.GetLevels(), 1, "%s has one level", i.sku)
	return page.GetLevels()[0]
}

// left wants the warehouse to have so many units on the shelf and so many that can be sold.
func (i *item) left(onHand, available int32) {
	i.staff.t.Helper()
	level := i.level()
	require.Equal(i.staff.t, fmt.Sprintf("%d on hand, %d available", onHand, available),
		fmt.Sprintf("%d on hand, %d available", level.GetOnHand(), level.GetAvailable()), "stock of %s", i.sku)
}
