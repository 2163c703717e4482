package postgres

import (
	"context"
	"maps"
	"slices"

	"github.com/cartwright-shop/cartwright/services/product/internal/catalog"
	"github.com/cartwright-shop/cartwright/services/product/internal/postgres/db"
)

// ReplaceListings implements catalog.ListingStore.
func (s *Store) ReplaceListings(ctx context.Context, productID string, listings []catalog.Listing) error {
	kept := make([]string, len(listings))
	params := make([]db.UpsertListingParams, len(listings))
	for i, l := range listings {
		kept[i] = l.Channel + "/" + l.Locale
		params[i] = db.UpsertListingParams{
			ProductID: productID, ChannelKey: l.Channel, Locale: l.Locale, Status: string(l.Status), SortAt: l.SortAt,
			SortTitle: l.SortTitle, PublishedAt: nullable(l.PublishedAt), Handle: l.Handle, Title: l.Title, Vendor: l.Vendor,
			ProductType: l.ProductType, ImageUrl: l.ImageURL, ImageAlt: l.ImageAlt, Skus: list(l.SKUs),
			VariantTitles: list(l.VariantTitles), CategoryIds: list(l.CategoryIDs), Tags: list(l.Tags), Facets: list(l.Facets),
			Version: l.Version, UpdatedAt: l.UpdatedAt, Config: l.Config,
			Scope: scope(l.Channel, l.Locale, l.Status), TextA: l.Text[0], TextB: l.Text[1], TextC: l.Text[2], TextD: l.Text[3],
		}
	}
	if err := s.q.DeleteOtherListings(ctx, db.DeleteOtherListingsParams{ProductID: productID, Kept: kept}); err != nil {
		return wrap("delete listings", err)
	}
	if len(params) == 0 {
		return nil
	}
	if err := firstError(s.q.UpsertListing(ctx, params).Exec); err != nil {
		return wrap("write listings", err)
	}
	if err := s.addWords(ctx, listings); err != nil {
		return err
	}
	return s.setLabels(ctx, listings)
}

// addWords adds what is new, in the order of locale and word so that concurrent writers cannot wait for each other in a circle.
func (s *Store) addWords(ctx context.Context, listings []catalog.Listing) error {
	byLocale := map[string][]string{}
	for _, l := range listings {
		byLocale[l.Locale] = append(byLocale[l.Locale], l.Words...)
	}
	var params []db.AddWordsParams
	for _, locale := range slices.Sorted(maps.Keys(byLocale)) {
		words := byLocale[locale]
		slices.Sort(words)
		unknown, err := s.q.UnknownWords(ctx, db.UnknownWordsParams{Locale: locale, Words: slices.Compact(words)})
		if err != nil {
			return wrap("look up words", err)
		}
		slices.Sort(unknown)
		for _, word := range unknown {
			params = append(params, db.AddWordsParams{Locale: locale, Word: word, Deletions: catalog.Deletions(word)})
		}
	}
	if len(params) == 0 {
		return nil
	}
	return wrap("add words", firstError(s.q.AddWords(ctx, params).Exec))
}

func (s *Store) setLabels(ctx context.Context, listings []catalog.Listing) error {
	labels := map[string]map[string]string{}
	for _, l := range listings {
		if len(l.Labels) > 0 {
			labels[l.Locale] = l.Labels
		}
	}
	var params []db.SetLabelsParams
	for _, locale := range slices.Sorted(maps.Keys(labels)) {
		for _, token := range slices.Sorted(maps.Keys(labels[locale])) {
			params = append(params, db.SetLabelsParams{Locale: locale, Token: token, Label: labels[locale][token]})
		}
	}
	if len(params) == 0 {
		return nil
	}
	return wrap("set facet labels", firstError(s.q.SetLabels(ctx, params).Exec))
}

// SimilarWords implements catalog.ListingStore: words about one typing error away, else those that share most of their letters.
func (s *Store) SimilarWords(ctx context.Context, locale, word string) ([]string, error) {
	words, err := s.q.WordsOneErrorAway(ctx, db.WordsOneErrorAwayParams{Locale: locale, Deletions: catalog.Deletions(word)})
	if err != nil {
		return nil, wrap("look up words one error away", err)
	}
	if len(words) > 0 {
		return words, nil
	}
	words, err = s.q.WordsLike(ctx, db.WordsLikeParams{Locale: locale, Word: word})
	return words, wrap("look up similar words", err)
}

// scope is the lexeme of a listing that says where it is shown. It starts with a character that no word of a text has.
func scope(channel, locale string, status catalog.Status) string {
	return "=" + channel + "/" + locale + "/" + string(status)
}

// FacetLabels implements catalog.ListingStore.
func (s *Store) FacetLabels(ctx context.Context, locale string, tokens []string) (map[string]string, error) {
	rows, err := s.q.FacetLabels(ctx, db.FacetLabelsParams{Locale: locale, Tokens: tokens})
	if err != nil {
		return nil, wrap("get facet labels", err)
	}
	labels := make(map[string]string, len(rows))
	for _, r := range rows {
		labels[r.Token] = r.Label
	}
	return labels, nil
}

// Sellable implements catalog.ListingStore.
func (s *Store) Sellable(ctx context.Context, channel, locale string, skus []string) ([]catalog.Sellable, error) {
	rows, err := s.q.Sellable(ctx, db.SellableParams{ChannelKey: channel, Locale: locale, Skus: skus})
	if err != nil {
		return nil, wrap("get variants", err)
	}
	out := make([]catalog.Sellable, len(rows))
	for i, r := range rows {
		out[i] = catalog.Sellable{
			SKU: r.Sku, ProductID: r.ProductID, Handle: r.Handle, Title: r.Title, VariantTitle: r.VariantTitle,
			CategoryIDs: r.CategoryIds, Tags: r.Tags, TaxClass: r.TaxClass, Published: r.Published,
			RequiresShipping: r.RequiresShipping, WeightGrams: r.WeightGrams, ImageURL: r.ImageUrl, ImageAlt: r.ImageAlt,
			ProductVersion: r.ProductVersion,
		}
	}
	return out, nil
}
