package rpc_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	productv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/product/v1"
)

const (
	waitLong = 20 * time.Second
	waitStep = 20 * time.Millisecond
)

// When this fails, buyers miss products between two pages or see them twice.
func TestListProductsPagesThroughEverything(t *testing.T) {
	t.Parallel()
	s := openShop(t)
	s.channel(t, "uk-web")
	var newest []string
	for _, title := range []string{"delta", "Alpha", "Çelik", "bravo", "alpha"} {
		s.published(t, plain(title, fmt.Sprintf("SKU-%d", len(newest))))
		newest = append([]string{title}, newest...)
	}
	s.create(t, plain("hidden", "HIDDEN"))
	walk := func(req *productv1.ListProductsRequest) []string {
		var all []string
		req.PageSize = 2
		for {
			resp, err := s.ListProducts(s.buyer, req)
			require.NoError(t, err)
			require.LessOrEqual(t, len(resp.GetProducts()), 2)
			all = append(all, titles(resp.GetProducts())...)
			if req.PageToken = resp.GetNextPageToken(); req.PageToken == "" {
				return all
			}
		}
	}
	require.Equal(t, newest, walk(&productv1.ListProductsRequest{}))
	byTitle := walk(&productv1.ListProductsRequest{Sort: productv1.ProductSort_PRODUCT_SORT_TITLE})
	require.Equal(t, []string{"bravo", "Çelik", "delta"}, byTitle[2:])
	require.ElementsMatch(t, []string{"Alpha", "alpha"}, byTitle[:2])

	page, err := s.ListProducts(s.buyer, &productv1.ListProductsRequest{PageSize: 2})
	require.NoError(t, err)
	for name, req := range map[string]*productv1.ListProductsRequest{
		"other order":  {PageToken: page.GetNextPageToken(), Sort: productv1.ProductSort_PRODUCT_SORT_TITLE},
		"other filter": {PageToken: page.GetNextPageToken(), Filter: &productv1.ProductFilter{Tags: []string{"x"}}},
		"forged":       {PageToken: "Zm9yZ2Vk"},
	} {
		_, err := s.ListProducts(s.buyer, req)
		require.Error(t, err, name)
		refused(t, err, "PAGE_TOKEN_INVALID", "")
	}
	_, err = s.ListProducts(s.buyer, &productv1.ListProductsRequest{PageSize: -1})
	refused(t, err, "PAGE_SIZE_INVALID", "")
	_, err = s.ListProducts(s.buyer, &productv1.ListProductsRequest{PageSize: 1_000_000})
	require.NoError(t, err)
	_, err = s.ListProducts(s.buyer, &productv1.ListProductsRequest{Sort: productv1.ProductSort_PRODUCT_SORT_COLLECTION})
	refused(t, err, "FILTER_INVALID", "sort")
	_, err = s.ListProducts(s.buyer, &productv1.ListProductsRequest{Filter: &productv1.ProductFilter{Category: "nothing"}})
	refused(t, err, "CATEGORY_NOT_FOUND", "")
}

// When this fails, staff cannot find their drafts, or buyers can.
func TestListProductsShowsStaffEveryStatus(t *testing.T) {
	t.Parallel()
	s := openShop(t)
	s.channel(t, "uk-web")
	s.published(t, plain("Live", "LIVE"))
	s.create(t, plain("Draft", "DRAFT"))
	old := s.create(t, plain("Old", "OLD"))
	_, err := s.SetPublication(s.staff, &productv1.SetPublicationRequest{ProductId: old.GetId(), Status: productv1.PublicationStatus_PUBLICATION_STATUS_ARCHIVED})
	require.NoError(t, err)
	req := &productv1.ListProductsRequest{IncludeUnpublished: true, Sort: productv1.ProductSort_PRODUCT_SORT_TITLE, PageSize: 2}
	first, err := s.ListProducts(s.staff, req)
	require.NoError(t, err)
	req.PageToken = first.GetNextPageToken()
	second, err := s.ListProducts(s.staff, req)
	require.NoError(t, err)
	require.Equal(t, []string{"Draft", "Live", "Old"}, append(titles(first.GetProducts()), titles(second.GetProducts())...))
	draft := &productv1.ProductFilter{Status: productv1.PublicationStatus_PUBLICATION_STATUS_DRAFT}
	only, err := s.ListProducts(s.staff, &productv1.ListProductsRequest{IncludeUnpublished: true, Filter: draft})
	require.NoError(t, err)
	require.Equal(t, []string{"Draft"}, titles(only.GetProducts()))
	_, err = s.ListProducts(s.buyer, &productv1.ListProductsRequest{IncludeUnpublished: true})
	refused(t, err, "STAFF_ONLY", "includeUnpublished")
	_, err = s.ListProducts(s.buyer, &productv1.ListProductsRequest{Filter: draft})
	refused(t, err, "STAFF_ONLY", "filter.status")
}

// When this fails, the filters of a shop page leave out what fits or keep what does not.
func TestFiltersNarrowLists(t *testing.T) {
	t.Parallel()
	s := openShop(t)
	s.channel(t, "uk-web", "en-GB", "de")
	s.published(t, shirt("LS"))
	other := shirt("CS")
	other.Title, other.Vendor, other.Tags, other.Translations = "Cotton Shirt", "Weft", []string{"summer"}, nil
	other.Attributes[0].Values = other.Attributes[0].Values[1:]
	s.published(t, other)
	attribute := func(key string, values ...string) *productv1.ProductFilter {
		return &productv1.ProductFilter{Attributes: []*productv1.AttributeFilter{{Key: key, Values: values}}}
	}
	for name, c := range map[string]struct {
		filter *productv1.ProductFilter
		want   []string
	}{
		"tag of both":       {&productv1.ProductFilter{Tags: []string{"summer"}}, []string{"Cotton Shirt", "Linen Shirt"}},
		"both tags":         {&productv1.ProductFilter{Tags: []string{"summer", "linen"}}, []string{"Linen Shirt"}},
		"no such tag":       {&productv1.ProductFilter{Tags: []string{"winter"}}, []string{}},
		"attribute":         {attribute("material", "linen"), []string{"Linen Shirt"}},
		"any of two values": {attribute("material", "linen", "cotton"), []string{"Cotton Shirt", "Linen Shirt"}},
		"number":            {attribute("weight", "1.5"), []string{"Cotton Shirt", "Linen Shirt"}},
		"vendors":           {&productv1.ProductFilter{Vendors: []string{"Weft", "Nobody"}}, []string{"Cotton Shirt"}},
	} {
		resp, err := s.ListProducts(s.buyer, &productv1.ListProductsRequest{Filter: c.filter, Sort: productv1.ProductSort_PRODUCT_SORT_TITLE})
		require.NoError(t, err, name)
		require.Equal(t, c.want, titles(resp.GetProducts()), name)
		found, err := s.SearchProducts(s.buyer, &productv1.SearchProductsRequest{Query: "shirt", Filter: c.filter})
		require.NoError(t, err, name)
		require.ElementsMatch(t, c.want, titles(found.GetProducts()), name)
	}
	resp, err := s.ListProducts(s.buyer, &productv1.ListProductsRequest{Filter: attribute("material", "linen"), Locale: "de"})
	require.NoError(t, err)
	require.Equal(t, []string{"Leinenhemd"}, titles(resp.GetProducts()), "filters speak the base language in every locale")
	_, err = s.ListProducts(s.buyer, &productv1.ListProductsRequest{Filter: attribute("material")})
	refused(t, err, "FIELD_REQUIRED", "filter.attributes[0].values")
}

// When this fails, buyers who search find nothing, or the wrong thing first.
func TestSearchProductsFindsWhatBuyersMean(t *testing.T) {
	t.Parallel()
	s := openShop(t)
	s.channel(t, "uk-web", "en-GB", "de")
	lamps := s.category(t, "Lamps", "")
	s.published(t, shirt("LS"))
	lamp := plain("Brass Desk Lamp", "LAMP-1")
	lamp.DescriptionHtml, lamp.CategoryIds = "<p>Reads well beside a <em>café</em> table, shirt not included.</p>", []string{lamps.GetId()}
	s.published(t, lamp)
	bag := plain("Canvas Jacket Bag", "BAG 7")
	bag.Tags = []string{"jacket"}
	s.published(t, bag)
	s.create(t, plain("Secret Lamp", "SECRET"))
	s.published(t, plain("Art Print", "ART"))
	s.published(t, plain("Heart Mirror", "HEART"))
	for query, want := range map[string][]string{
		"lamp":           {"Brass Desk Lamp"},
		"LAMPS":          {"Brass Desk Lamp"},
		"shirts":         {"Linen Shirt", "Brass Desk Lamp"},
		"summer shirt":   {"Linen Shirt"},
		`"desk lamp"`:    {"Brass Desk Lamp"},
		`"lamp desk"`:    {},
		"shirt -brass":   {"Linen Shirt"},
		"lamp or jacket": {"Brass Desk Lamp", "Canvas Jacket Bag"},
		"cafe":           {"Brass Desk Lamp"},
		"loom":           {"Linen Shirt"},
		"LS-M":           {"Linen Shirt"},
		"jaket":          {"Canvas Jacket Bag"},
		"jacekt":         {"Canvas Jacket Bag"},
		"brsas lapm":     {"Brass Desk Lamp"},
		"hart":           {"Heart Mirror"},
		"brsas+dsek":     {"Brass Desk Lamp"},
		"shirt -bras":    {"Linen Shirt", "Brass Desk Lamp"},
		"secret":         {},
		"zzzzzz":         {},
		"!!! ':*&|(":     {},
		"":               {"Heart Mirror", "Art Print", "Canvas Jacket Bag", "Brass Desk Lamp", "Linen Shirt"},
	} {
		resp, err := s.SearchProducts(s.buyer, &productv1.SearchProductsRequest{Query: query})
		require.NoError(t, err, query)
		got := titles(resp.GetProducts())
		if strings.Contains(query, " or ") {
			require.ElementsMatch(t, want, got, query)
		} else {
			require.Equal(t, want, got, query)
		}
	}
	fixed, err := s.SearchProducts(s.buyer, &productv1.SearchProductsRequest{Query: "brsas lamp"})
	require.NoError(t, err)
	require.Equal(t, "brass lamp", fixed.GetCorrectedQuery())
	german, err := s.SearchProducts(s.buyer, &productv1.SearchProductsRequest{Query: "Leinenhemden", Locale: "de"})
	require.NoError(t, err)
	require.Equal(t, []string{"Leinenhemd"}, titles(german.GetProducts()))
	require.Empty(t, german.GetCorrectedQuery())
	staff, err := s.SearchProducts(s.staff, &productv1.SearchProductsRequest{Query: "secret", IncludeUnpublished: true})
	require.NoError(t, err)
	require.Equal(t, []string{"Secret Lamp"}, titles(staff.GetProducts()))
	_, err = s.SearchProducts(s.buyer, &productv1.SearchProductsRequest{Query: strings.Repeat("a+", 5000)})
	refused(t, err, "QUERY_TOO_LONG", "query")
	_, err = s.SearchProducts(s.buyer, &productv1.SearchProductsRequest{Query: "secret", IncludeUnpublished: true})
	refused(t, err, "STAFF_ONLY", "")
}

// When this fails, the numbers beside the filters of a search page lie.
func TestSearchProductsCountsFacets(t *testing.T) {
	t.Parallel()
	s := openShop(t)
	s.channel(t, "uk-web", "en-GB", "de")
	root := s.category(t, "Clothing", "")
	child := s.category(t, "Shirts", root.GetId())
	for i := range 5 {
		fields := shirt(fmt.Sprintf("LS%d", i))
		fields.CategoryIds = []string{child.GetId()}
		if i%2 == 0 {
			fields.Attributes[0].Values = fields.Attributes[0].Values[:1]
			fields.Translations[0].Attributes[0].Values = fields.Translations[0].Attributes[0].Values[:1]
		}
		s.published(t, fields)
	}
	s.create(t, shirt("DRAFT"))
	req := &productv1.SearchProductsRequest{Query: "leinen", IncludeFacets: true, Locale: "de", PageSize: 2}
	first, err := s.SearchProducts(s.buyer, req)
	require.NoError(t, err)
	count := func(kind productv1.FacetKind, key, value string) (string, int32) {
		for _, f := range first.GetFacets() {
			for _, v := range f.GetValues() {
				if f.GetKind() == kind && f.GetKey() == key && v.GetValue() == value {
					return v.GetLabel(), v.GetCount()
				}
			}
		}
		return "", 0
	}
	for _, c := range []struct {
		kind              productv1.FacetKind
		key, value, label string
		count             int32
	}{
		{productv1.FacetKind_FACET_KIND_CATEGORY, "", root.GetId(), "Clothing", 5},
		{productv1.FacetKind_FACET_KIND_CATEGORY, "", child.GetId(), "Shirts", 5},
		{productv1.FacetKind_FACET_KIND_TAG, "", "summer", "summer", 5},
		{productv1.FacetKind_FACET_KIND_VENDOR, "", "Loom & Co", "Loom & Co", 5},
		{productv1.FacetKind_FACET_KIND_ATTRIBUTE, "material", "linen", "Leinen", 5},
		{productv1.FacetKind_FACET_KIND_ATTRIBUTE, "material", "cotton", "Baumwolle", 2},
		{productv1.FacetKind_FACET_KIND_ATTRIBUTE, "weight", "1.5", "1.5", 5},
	} {
		label, n := count(c.kind, c.key, c.value)
		require.Equal(t, c.count, n, c.value)
		require.Equal(t, c.label, label)
	}
	seen := map[string]bool{}
	for {
		resp, err := s.SearchProducts(s.buyer, req)
		require.NoError(t, err)
		for _, p := range resp.GetProducts() {
			require.False(t, seen[p.GetId()], "a product came twice")
			seen[p.GetId()] = true
		}
		if req.PageToken = resp.GetNextPageToken(); req.PageToken == "" {
			break
		}
	}
	require.Len(t, seen, 5)
	_, err = s.SearchProducts(s.buyer, &productv1.SearchProductsRequest{Query: "other", Locale: "de", PageToken: first.GetNextPageToken()})
	refused(t, err, "PAGE_TOKEN_INVALID", "")
}
