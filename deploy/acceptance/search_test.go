package acceptance_test

import (
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"

	adminv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/admin/v1"
	storefrontv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/storefront/v1"
	"github.com/cartwright-shop/cartwright/services/platform/id"
)

// handleOf is a part of a key that nobody else uses.
func handleOf(t *testing.T) string {
	t.Helper()
	return id.New()[19:]
}

func (c *caller) search(m *market, words string, filter ...string) *storefrontv1.SearchProductsResponse {
	c.t.Helper()
	query := url.Values{"channel": {m.channel}, "query": {words}}
	for n := 0; n+1 < len(filter); n += 2 {
		query.Add(filter[n], filter[n+1])
	}
	answer := &storefrontv1.SearchProductsResponse{}
	c.get("/v1/search?"+query.Encode(), answer)
	return answer
}

func titles(products []*storefrontv1.ProductSummary) []string {
	var list []string
	for _, product := range products {
		list = append(list, product.GetTitle())
	}
	return list
}

// When this fails shoppers who mistype find nothing, and nobody can narrow what they find.
func TestSearch(t *testing.T) {
	t.Parallel()
	m := theShop.market(us)
	shelf := theShop.category(t, "Preserves", "")
	jar := func(title, flavour string, tags ...string) {
		theShop.sell(t, goods{title: title, price: "5.00", stock: 9, category: shelf, tags: tags, fields: func(f *adminv1.ProductFields) {
			f.Vendor = "Grandmother"
			f.Attributes = []*adminv1.Attribute{{Key: "flavour", Values: []*adminv1.AttributeValue{{Value: &adminv1.AttributeValue_Text{Text: flavour}}}}}
		}}, m)
	}
	jar("Seville marmalade", "orange", "breakfast", "sour")
	jar("Tangerine marmalade", "tangerine", "breakfast")
	jar("Rhubarb compote", "rhubarb")
	guest := theShop.guest(t)
	until(t, settleTime, "what was published is found", func() bool { return len(guest.search(m, "marmalade").GetProducts()) == 2 })

	for _, mistyped := range []string{"marmelade", "marmalad", "mamralade", "MARMALADE sevile"} {
		require.Contains(t, titles(guest.search(m, mistyped).GetProducts()), "Seville marmalade", mistyped)
	}
	require.Empty(t, guest.search(m, "zzgarbagezz").GetProducts())
	require.Equal(t, "Rhubarb compote", guest.search(m, "rhubarb").GetProducts()[0].GetTitle())

	found := guest.search(m, "marmalade")
	counts := map[string]int32{}
	for _, facet := range found.GetFacets() {
		for _, count := range facet.GetCounts() {
			counts[facet.GetKey()+"="+count.GetLabel()] = count.GetCount()
		}
	}
	require.Equal(t, int32(2), counts["category=Preserves"], counts)
	require.Equal(t, int32(2), counts["tag=breakfast"], counts)
	require.Equal(t, int32(1), counts["tag=sour"], counts)
	require.Equal(t, int32(2), counts["vendor=Grandmother"], counts)
	require.Equal(t, int32(1), counts["attribute:flavour=orange"], counts)

	require.Equal(t, []string{"Seville marmalade"}, titles(guest.search(m, "marmalade", "tags", "sour").GetProducts()))
	require.Equal(t, []string{"Tangerine marmalade"}, titles(guest.search(m, "marmalade", "attributes", "flavour:tangerine").GetProducts()))
	first := guest.search(m, "marmalade", "pageSize", "1")
	second := guest.search(m, "marmalade", "pageSize", "1", "pageToken", first.GetNextPageToken())
	require.NotEqual(t, titles(first.GetProducts()), titles(second.GetProducts()))
	require.Empty(t, second.GetNextPageToken())
	require.Equal(t, "USD 5.00", text(found.GetProducts()[0].GetPrice().GetAmount()))
}
