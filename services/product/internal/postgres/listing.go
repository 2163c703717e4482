package postgres

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/cartwright-shop/cartwright/services/product/internal/catalog"
	"github.com/cartwright-shop/cartwright/services/product/internal/postgres/db"
)

// ReplaceListings implements catalog.ListingStore.
func (s *Store) ReplaceListings(ctx context.Context, ids []string, listings []catalog.Listing) error {
	kept := map[string]bool{}
	for _, l := range listings {
		kept[l.Channel+"/"+l.Locale] = true
	}
	err := s.q.DeleteOtherListings(ctx, db.DeleteOtherListingsParams{ProductIds: ids, Kept: slices.Sorted(maps.Keys(kept))})
	if err != nil {
		return wrap("delete listings", err)
	}
	rows, err := s.q.ListingTexts(ctx, ids)
	if err != nil {
		return wrap("read listings", err)
	}
	have := make(map[[3]string][]byte, len(rows))
	for _, r := range rows {
		have[[3]string{r.ProductID, r.ChannelKey, r.Locale}] = r.TextHash
	}
	var fresh []catalog.Listing
	var writes []db.UpsertListingParams
	var touches []db.TouchListingParams
	for _, l := range listings {
		params := listingParams(l)
		if bytes.Equal(params.TextHash, have[[3]string{l.ProductID, l.Channel, l.Locale}]) {
			touches = append(touches, db.TouchListingParams{
				ProductID: params.ProductID, ChannelKey: params.ChannelKey, Locale: params.Locale, PublishedAt: params.PublishedAt,
				Handle: params.Handle, Vendor: params.Vendor, ProductType: params.ProductType, ImageUrl: params.ImageUrl,
				ImageAlt: params.ImageAlt, VariantTitles: params.VariantTitles, Version: params.Version, UpdatedAt: params.UpdatedAt,
			})
			continue
		}
		fresh = append(fresh, l)
		writes = append(writes, params)
	}
	if err := s.touch(ctx, touches); err != nil || len(writes) == 0 {
		return err
	}
	if err := firstError(s.q.UpsertListing(ctx, writes).Exec); err != nil {
		return wrap("write listings", err)
	}
	if err := s.addWords(ctx, fresh); err != nil {
		return err
	}
	return s.setLabels(ctx, fresh)
}

func (s *Store) touch(ctx context.Context, touches []db.TouchListingParams) error {
	if len(touches) == 0 {
		return nil
	}
	return wrap("touch listings", firstError(s.q.TouchListing(ctx, touches).Exec))
}

func listingParams(l catalog.Listing) db.UpsertListingParams {
	params := db.UpsertListingParams{
		ProductID: l.ProductID, ChannelKey: l.Channel, Locale: l.Locale, Status: string(l.Status), SortAt: l.SortAt,
		SortTitle: l.SortTitle, PublishedAt: nullable(l.PublishedAt), Handle: l.Handle, Title: l.Title, Vendor: l.Vendor,
		ProductType: l.ProductType, ImageUrl: l.ImageURL, ImageAlt: l.ImageAlt, Skus: texts(l.SKUs),
		VariantTitles: texts(l.VariantTitles), CategoryIds: texts(l.CategoryIDs), Tags: texts(l.Tags), Facets: texts(l.Facets),
		Version: l.Version, UpdatedAt: l.UpdatedAt, Config: l.Config, Scope: scope(l.Channel, l.Locale, l.Status),
		TextA: catalog.Fold(l.Text[0]), TextB: catalog.Fold(l.Text[1]), TextC: catalog.Fold(l.Text[2]), TextD: catalog.Fold(l.Text[3]),
	}
	params.TextHash = textHash(params, l.Labels)
	return params
}

// textHash covers everything that TouchListing does not write, and what follows from a listing's text elsewhere.
func textHash(p db.UpsertListingParams, labels map[string]string) []byte {
	hash := sha256.New()
	part := func(list ...string) {
		for _, text := range list {
			hash.Write(fmt.Appendf(nil, "%d:%s", len(text), text))
		}
		hash.Write([]byte{0xff})
	}
	part(p.Scope, p.Config, p.SortAt.UTC().Format(time.RFC3339Nano), p.SortTitle, p.Title, p.TextA, p.TextB, p.TextC, p.TextD)
	part(p.Skus...)
	part(p.CategoryIds...)
	part(p.Tags...)
	part(p.Facets...)
	for _, token := range slices.Sorted(maps.Keys(labels)) {
		part(token, labels[token])
	}
	return hash.Sum(nil)[:16]
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
		if labels[l.Locale] == nil {
			labels[l.Locale] = map[string]string{}
		}
		maps.Copy(labels[l.Locale], l.Labels)
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
