package postgres_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cartwright-shop/cartwright/services/product/internal/catalog"
)

// BenchmarkReads measures the reads that pages of the shop are made of, on a catalogue of the demo's size.
func BenchmarkReads(b *testing.B) {
	s := seed(b)
	ctx := context.Background()
	uk := catalog.View{Channel: "uk-web"}
	product, err := s.catalog.Product(ctx, catalog.Key{Handle: "product-7"}, uk)
	require.NoError(b, err)
	for name, read := range map[string]func() (int, error){
		"list24": func() (int, error) {
			page, err := s.catalog.List(ctx, catalog.ListRequest{View: uk, Limit: 24})
			return len(page.Products), err
		},
		"list24-category": func() (int, error) {
			page, err := s.catalog.List(ctx, catalog.ListRequest{View: uk, Limit: 24, Filter: catalog.Filter{Category: s.categories[3]}})
			return len(page.Products), err
		},
		"search": func() (int, error) {
			page, err := s.catalog.Search(ctx, catalog.SearchRequest{View: uk, Limit: 24, Text: "retrospot lantern"})
			return len(page.Products), err
		},
		"search-broad": func() (int, error) {
			page, err := s.catalog.Search(ctx, catalog.SearchRequest{View: uk, Limit: 24, Text: "vintage"})
			return len(page.Products), err
		},
		"search-facets": func() (int, error) {
			page, err := s.catalog.Search(ctx, catalog.SearchRequest{View: uk, Limit: 24, Text: "vintage", Facets: true})
			return len(page.Products), err
		},
		"search-all-facets": func() (int, error) {
			page, err := s.catalog.Search(ctx, catalog.SearchRequest{View: uk, Limit: 24, Facets: true})
			return len(page.Products), err
		},
		"search-typo": func() (int, error) {
			page, err := s.catalog.Search(ctx, catalog.SearchRequest{View: uk, Limit: 24, Text: "retrospto lantrn"})
			return len(page.Products), err
		},
		"product": func() (int, error) {
			_, err := s.catalog.Product(ctx, catalog.Key{ID: product.ID}, uk)
			return 1, err
		},
		"variants20": func() (int, error) {
			offer, err := s.catalog.Variants(ctx, s.skus[:20], uk)
			return len(offer.Variants), err
		},
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				n, err := read()
				require.NoError(b, err)
				require.Positive(b, n)
			}
		})
	}
}
