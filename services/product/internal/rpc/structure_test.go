package rpc_test

import (
	"context"
	"fmt"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	productv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/product/v1"
	"github.com/cartwright-shop/cartwright/services/platform/errs"
	"github.com/cartwright-shop/cartwright/services/platform/id"
)

// When this fails, a fresh shop answers its first request with nonsense instead of saying that it has no channel.
func TestReadsNeedAChannel(t *testing.T) {
	t.Parallel()
	s := openShop(t)
	_, err := s.GetChannel(s.buyer, &productv1.GetChannelRequest{})
	refused(t, err, "CHANNEL_UNKNOWN", "")
	_, err = s.ListProducts(s.buyer, &productv1.ListProductsRequest{})
	refused(t, err, "CHANNEL_UNKNOWN", "channel")
	_, err = s.SearchProducts(s.buyer, &productv1.SearchProductsRequest{Query: "x"})
	refused(t, err, "CHANNEL_UNKNOWN", "channel")
	p := s.create(t, plain("Mug", "MUG"))
	got, err := s.GetProduct(s.staff, &productv1.GetProductRequest{Key: &productv1.GetProductRequest_Id{Id: p.GetId()}, IncludeUnpublished: true})
	require.NoError(t, err, "staff prepare products before there is a channel")
	require.Equal(t, "Mug", got.GetProduct().GetTitle())
}

// When this fails, staff who repeat themselves are told to try again for as long as an import runs, instead of what is wrong.
func TestATakenChannelIsRefusedDuringAnImport(t *testing.T) {
	t.Parallel()
	s := openShop(t)
	s.channel(t, "uk-web")
	importing, err := s.db.DB.Pool().Begin(t.Context())
	require.NoError(t, err)
	t.Cleanup(func() { _ = importing.Rollback(context.Background()) })
	_, err = importing.Exec(t.Context(), "SELECT pg_advisory_xact_lock_shared(hashtextextended('catalogue structure', 0))")
	require.NoError(t, err)

	_, err = s.CreateChannel(s.staff, &productv1.CreateChannelRequest{Key: "uk-web", Channel: channelFields()})
	refused(t, err, "CHANNEL_EXISTS", "key")
	_, err = s.CreateChannel(s.staff, &productv1.CreateChannelRequest{Key: "eu-web", Channel: channelFields()})
	refused(t, err, "CONFLICT", "")
	require.Positive(t, errs.RetryAfterOf(err))

	require.NoError(t, importing.Rollback(t.Context()))
	s.channel(t, "eu-web")
}

// When this fails, the shop has no default channel, or two.
func TestChannelsAreKeptConsistent(t *testing.T) {
	t.Parallel()
	s := openShop(t)
	fields := channelFields("en-gb", "de")
	made, err := s.CreateChannel(s.staff, &productv1.CreateChannelRequest{Key: "uk-web", Channel: fields})
	require.NoError(t, err)
	ch := made.GetChannel()
	require.True(t, ch.GetIsDefault(), "the first channel is the default")
	require.Equal(t, []string{"en-GB", "de"}, ch.GetLocales())
	require.Equal(t, "en-GB", ch.GetDefaultLocale())
	require.Equal(t, "GBP", ch.GetDefaultCurrencyCode())

	_, err = s.CreateChannel(s.staff, &productv1.CreateChannelRequest{Key: "uk-web", Channel: fields})
	refused(t, err, "CHANNEL_EXISTS", "key")
	for reason, change := range map[string]func(f *productv1.ChannelFields){
		"CHANNEL_INVALID":  func(f *productv1.ChannelFields) { f.DefaultCurrencyCode = "USD" },
		"CURRENCY_INVALID": func(f *productv1.ChannelFields) { f.CurrencyCodes = []string{"XXQ"} },
		"LIST_NOT_UNIQUE":  func(f *productv1.ChannelFields) { f.Locales = []string{"de", "de"} },
		"FIELD_REQUIRED":   func(f *productv1.ChannelFields) { f.CountryCodes = nil },
	} {
		bad := channelFields()
		change(bad)
		_, err := s.CreateChannel(s.staff, &productv1.CreateChannelRequest{Key: "bad", Channel: bad})
		refused(t, err, reason, "")
	}

	eu := channelFields()
	eu.IsDefault = true
	_, err = s.CreateChannel(s.staff, &productv1.CreateChannelRequest{Key: "eu-web", Channel: eu})
	require.NoError(t, err)
	def, err := s.GetChannel(s.buyer, &productv1.GetChannelRequest{})
	require.NoError(t, err)
	require.Equal(t, "eu-web", def.GetChannel().GetKey())
	old, err := s.GetChannel(s.buyer, &productv1.GetChannelRequest{Key: "uk-web"})
	require.NoError(t, err)
	require.False(t, old.GetChannel().GetIsDefault())

	eu.IsDefault = false
	_, err = s.UpdateChannel(s.staff, &productv1.UpdateChannelRequest{Key: "eu-web", Channel: eu, Version: 1})
	refused(t, err, "CHANNEL_INVALID", "channel.isDefault")
	_, err = s.UpdateChannel(s.staff, &productv1.UpdateChannelRequest{Key: "uk-web", Channel: eu, Version: 1})
	refused(t, err, "VERSION_CONFLICT", "")
	_, err = s.UpdateChannel(s.staff, &productv1.UpdateChannelRequest{Key: "us-web", Channel: eu, Version: 1})
	refused(t, err, "CHANNEL_UNKNOWN", "key")
	updated, err := s.UpdateChannel(s.staff, &productv1.UpdateChannelRequest{Key: "uk-web", Channel: eu, Version: 2})
	require.NoError(t, err)
	require.EqualValues(t, 3, updated.GetChannel().GetVersion())

	first, err := s.ListChannels(s.buyer, &productv1.ListChannelsRequest{PageSize: 1})
	require.NoError(t, err)
	require.Equal(t, "eu-web", first.GetChannels()[0].GetKey())
	second, err := s.ListChannels(s.buyer, &productv1.ListChannelsRequest{PageSize: 1, PageToken: first.GetNextPageToken()})
	require.NoError(t, err)
	require.Equal(t, "uk-web", second.GetChannels()[0].GetKey())
	require.Empty(t, second.GetNextPageToken())
	_, err = s.ListChannels(s.buyer, &productv1.ListChannelsRequest{PageToken: "AAAA"})
	refused(t, err, "PAGE_TOKEN_INVALID", "")
	_, err = s.ListChannels(s.buyer, &productv1.ListChannelsRequest{PageSize: -1})
	refused(t, err, "PAGE_SIZE_INVALID", "")
}

// When this fails, a channel or locale that is added later shows nothing, or keeps showing what it no longer should.
func TestProductsFollowTheirChannels(t *testing.T) {
	t.Parallel()
	s := openShop(t)
	s.channel(t, "uk-web")
	p := s.published(t, shirt("LS"))
	s.channel(t, "eu-web", "de")
	before, err := s.BatchGetVariants(s.buyer, &productv1.BatchGetVariantsRequest{Skus: []string{"LS-S"}, Channel: "eu-web"})
	require.NoError(t, err)
	require.Equal(t, "Linen Shirt", before.GetVariants()[0].GetTitle())
	require.False(t, before.GetVariants()[0].GetPublished())
	s.reindexed(t)
	after, err := s.BatchGetVariants(s.buyer, &productv1.BatchGetVariantsRequest{Skus: []string{"LS-S"}, Channel: "eu-web"})
	require.NoError(t, err)
	require.Equal(t, "Leinenhemd", after.GetVariants()[0].GetTitle())
	require.False(t, after.GetVariants()[0].GetPublished())
	drafts, err := s.ListProducts(s.staff, &productv1.ListProductsRequest{Channel: "eu-web", IncludeUnpublished: true})
	require.NoError(t, err)
	require.Equal(t, p.GetId(), drafts.GetProducts()[0].GetId())
}

func (s shop) category(t *testing.T, name, parent string) *productv1.Category {
	t.Helper()
	resp, err := s.CreateCategory(s.staff, &productv1.CreateCategoryRequest{Category: &productv1.CategoryFields{Name: name, ParentId: parent}})
	require.NoError(t, err)
	return resp.GetCategory()
}

func categoryNames(list []*productv1.Category) []string {
	out := make([]string, len(list))
	for i, c := range list {
		out[i] = c.GetName()
	}
	return out
}

// When this fails, the shop's menu is out of order or a category hides its products after it moved.
func TestCategoriesFormOneTree(t *testing.T) {
	t.Parallel()
	s := openShop(t)
	s.channel(t, "uk-web")
	clothing := s.category(t, "Clothing", "")
	shirts := s.category(t, "Shirts", clothing.GetId())
	linen := s.category(t, "Linen", shirts.GetId())
	home := s.category(t, "Home", "")
	fields := shirt("LS")
	fields.CategoryIds = []string{linen.GetId()}
	p := s.published(t, fields)
	in := func(category string) int {
		resp, err := s.ListProducts(s.buyer, &productv1.ListProductsRequest{Filter: &productv1.ProductFilter{Category: category}})
		require.NoError(t, err)
		return len(resp.GetProducts())
	}
	require.Equal(t, 1, in("clothing"), "products of descendants count")
	require.Equal(t, 1, in(shirts.GetId()))
	require.Equal(t, 0, in("home"))

	list, err := s.ListCategories(s.buyer, &productv1.ListCategoriesRequest{PageSize: 3})
	require.NoError(t, err)
	require.Equal(t, []string{"Clothing", "Shirts", "Linen"}, categoryNames(list.GetCategories()))
	rest, err := s.ListCategories(s.buyer, &productv1.ListCategoriesRequest{PageSize: 3, PageToken: list.GetNextPageToken()})
	require.NoError(t, err)
	require.Equal(t, []string{"Home"}, categoryNames(rest.GetCategories()))
	_, err = s.ListCategories(s.buyer, &productv1.ListCategoriesRequest{ParentId: home.GetId(), PageToken: list.GetNextPageToken()})
	refused(t, err, "PAGE_TOKEN_INVALID", "")

	update := func(c *productv1.Category, parent string, version int64) error {
		_, err := s.UpdateCategory(s.staff, &productv1.UpdateCategoryRequest{
			Id: c.GetId(), Version: version, Category: &productv1.CategoryFields{
				Name: c.GetName(), ParentId: parent, Translations: []*productv1.CategoryTranslation{{Locale: "de", Name: "Hemden"}},
			},
		})
		return err
	}
	refused(t, update(shirts, linen.GetId(), 1), "CATEGORY_TREE", "category.parentId")
	refused(t, update(shirts, shirts.GetId(), 1), "CATEGORY_TREE", "category.parentId")
	refused(t, update(shirts, home.GetId(), 7), "VERSION_CONFLICT", "")
	refused(t, update(shirts, id.New(), 1), "CATEGORY_NOT_FOUND", "category.parentId")
	require.NoError(t, update(shirts, home.GetId(), 1))
	s.reindexed(t)
	require.Equal(t, 0, in("clothing"))
	require.Equal(t, 1, in("home"))
	below, err := s.ListCategories(s.buyer, &productv1.ListCategoriesRequest{ParentId: home.GetId(), Locale: "de-AT"})
	require.NoError(t, err)
	require.Equal(t, []string{"Hemden", "Linen"}, categoryNames(below.GetCategories()))
	require.Equal(t, []string{home.GetId(), shirts.GetId()}, below.GetCategories()[1].GetAncestorIds())

	_, err = s.DeleteCategory(s.staff, &productv1.DeleteCategoryRequest{Id: shirts.GetId()})
	refused(t, err, "CATEGORY_NOT_EMPTY", "")
	_, err = s.DeleteCategory(s.staff, &productv1.DeleteCategoryRequest{Id: linen.GetId(), Version: 3})
	refused(t, err, "VERSION_CONFLICT", "")
	_, err = s.DeleteCategory(s.staff, &productv1.DeleteCategoryRequest{Id: linen.GetId(), Version: 1})
	require.NoError(t, err)
	_, err = s.GetCategory(s.buyer, &productv1.GetCategoryRequest{Key: &productv1.GetCategoryRequest_Id{Id: linen.GetId()}})
	refused(t, err, "CATEGORY_NOT_FOUND", "")
	got, err := s.GetProduct(s.buyer, &productv1.GetProductRequest{Key: &productv1.GetProductRequest_Id{Id: p.GetId()}})
	require.NoError(t, err)
	require.Empty(t, got.GetProduct().GetCategoryIds())
	require.Greater(t, got.GetProduct().GetVersion(), p.GetVersion())
	require.Eventually(t, func() bool { return in("home") == 0 }, waitLong, waitStep)
	byHandle, err := s.GetCategory(s.buyer, &productv1.GetCategoryRequest{Key: &productv1.GetCategoryRequest_Handle{Handle: "home"}})
	require.NoError(t, err)
	require.Equal(t, home.GetId(), byHandle.GetCategory().GetId())
}

// When this fails, a category tree grows without end or two categories answer to one URL.
func TestCategoriesAreBounded(t *testing.T) {
	t.Parallel()
	s := openShop(t)
	parent := ""
	for depth := range 8 {
		parent = s.category(t, fmt.Sprintf("Level %d", depth), parent).GetId()
	}
	_, err := s.CreateCategory(s.staff, &productv1.CreateCategoryRequest{Category: &productv1.CategoryFields{Name: "Too deep", ParentId: parent}})
	refused(t, err, "CATEGORY_TREE", "category.parentId")
	_, err = s.CreateCategory(s.staff, &productv1.CreateCategoryRequest{Category: &productv1.CategoryFields{Name: "level 0"}})
	refused(t, err, "HANDLE_TAKEN", "category.handle")
	_, err = s.CreateCategory(s.staff, &productv1.CreateCategoryRequest{Category: &productv1.CategoryFields{Name: ""}})
	refused(t, err, "FIELD_REQUIRED", "category.name")
	top := s.category(t, "Top", "")
	all, err := s.ListCategories(s.buyer, &productv1.ListCategoriesRequest{})
	require.NoError(t, err)
	first := all.GetCategories()[0]
	_, err = s.UpdateCategory(s.staff, &productv1.UpdateCategoryRequest{
		Id: first.GetId(), Version: 1, Category: &productv1.CategoryFields{Name: "Level 0", ParentId: top.GetId()},
	})
	refused(t, err, "CATEGORY_TREE", "category.parentId")
}

// When this fails, a product made while its category moves is listed under the old place for good.
func TestCategoriesMoveUnderConcurrentProducts(t *testing.T) {
	t.Parallel()
	s := openShop(t)
	s.channel(t, "uk-web")
	a, b := s.category(t, "A", ""), s.category(t, "B", "")
	moving := s.category(t, "Moving", a.GetId())
	var group sync.WaitGroup
	for worker := range 4 {
		group.Go(func() {
			for i := range 5 {
				sku := fmt.Sprintf("P%d-%d", worker, i)
				fields := plain(sku, sku)
				fields.CategoryIds = []string{moving.GetId()}
				s.published(t, fields)
			}
		})
	}
	group.Go(func() {
		for i := range 5 {
			parent := []string{b.GetId(), a.GetId()}[i%2]
			patiently(t, func() error {
				_, err := s.UpdateCategory(s.staff, &productv1.UpdateCategoryRequest{
					Id: moving.GetId(), Version: int64(i + 1), Category: &productv1.CategoryFields{Name: "Moving", ParentId: parent},
				})
				return err
			})
		}
	})
	group.Wait()
	s.reindexed(t)
	count := func(ctx context.Context, category string) int {
		resp, err := s.ListProducts(ctx, &productv1.ListProductsRequest{Filter: &productv1.ProductFilter{Category: category}})
		require.NoError(t, err)
		return len(resp.GetProducts())
	}
	require.Equal(t, 20, count(s.buyer, "b"))
	require.Equal(t, 0, count(s.buyer, "a"))
}

// When this fails, a hand-made selection loses its order or its products.
func TestCollectionsKeepTheMerchantsOrder(t *testing.T) {
	t.Parallel()
	s := openShop(t)
	s.channel(t, "uk-web")
	var ids []string
	for _, name := range []string{"A", "B", "C", "D"} {
		ids = append(ids, s.published(t, plain(name, name)).GetId())
	}
	draft := s.create(t, plain("E", "E"))
	made, err := s.CreateCollection(s.staff, &productv1.CreateCollectionRequest{Collection: &productv1.CollectionFields{
		Name: "Summer sale", Translations: []*productv1.CategoryTranslation{{Locale: "de", Name: "Sommer"}},
	}})
	require.NoError(t, err)
	col := made.GetCollection()
	order := []string{ids[2], ids[0], draft.GetId(), ids[3], ids[1]}
	filled, err := s.SetCollectionProducts(s.staff, &productv1.SetCollectionProductsRequest{Id: col.GetId(), ProductIds: order, Version: 1})
	require.NoError(t, err)
	require.EqualValues(t, 5, filled.GetCollection().GetProductCount())
	req := &productv1.ListProductsRequest{Filter: &productv1.ProductFilter{Collection: "summer-sale"}, PageSize: 3}
	first, err := s.ListProducts(s.buyer, req)
	require.NoError(t, err)
	require.Equal(t, []string{"C", "A", "D"}, titles(first.GetProducts()))
	req.PageToken = first.GetNextPageToken()
	second, err := s.ListProducts(s.buyer, req)
	require.NoError(t, err)
	require.Equal(t, []string{"B"}, titles(second.GetProducts()))
	all, err := s.ListProducts(s.staff, &productv1.ListProductsRequest{Filter: &productv1.ProductFilter{Collection: col.GetId()}, IncludeUnpublished: true})
	require.NoError(t, err)
	require.Equal(t, []string{"C", "A", "E", "D", "B"}, titles(all.GetProducts()))

	_, err = s.SetCollectionProducts(s.staff, &productv1.SetCollectionProductsRequest{Id: col.GetId(), ProductIds: order, Version: 1})
	refused(t, err, "VERSION_CONFLICT", "")
	_, err = s.SetCollectionProducts(s.staff, &productv1.SetCollectionProductsRequest{Id: col.GetId(), ProductIds: []string{id.New()}})
	refused(t, err, "PRODUCT_NOT_FOUND", "productIds")
	_, err = s.SetCollectionProducts(s.staff, &productv1.SetCollectionProductsRequest{Id: col.GetId(), ProductIds: []string{ids[0], ids[0]}})
	refused(t, err, "LIST_NOT_UNIQUE", "")
	updated, err := s.UpdateCollection(s.staff, &productv1.UpdateCollectionRequest{
		Id: col.GetId(), Version: 2, Collection: &productv1.CollectionFields{Name: "Sale", Handle: "sale"},
	})
	require.NoError(t, err)
	require.EqualValues(t, 5, updated.GetCollection().GetProductCount())
	_, err = s.UpdateCollection(s.staff, &productv1.UpdateCollectionRequest{Id: col.GetId(), Version: 2, Collection: &productv1.CollectionFields{Name: "Sale"}})
	refused(t, err, "VERSION_CONFLICT", "")
	_, err = s.CreateCollection(s.staff, &productv1.CreateCollectionRequest{Collection: &productv1.CollectionFields{Name: "Sale"}})
	refused(t, err, "HANDLE_TAKEN", "collection.handle")
	list, err := s.ListCollections(s.buyer, &productv1.ListCollectionsRequest{})
	require.NoError(t, err)
	require.Len(t, list.GetCollections(), 1)
	_, err = s.ListCollections(s.buyer, &productv1.ListCollectionsRequest{PageToken: "x"})
	refused(t, err, "PAGE_TOKEN_INVALID", "")
	_, err = s.DeleteCollection(s.staff, &productv1.DeleteCollectionRequest{Id: col.GetId(), Version: 1})
	refused(t, err, "VERSION_CONFLICT", "")
	_, err = s.DeleteCollection(s.staff, &productv1.DeleteCollectionRequest{Id: col.GetId()})
	require.NoError(t, err)
	_, err = s.GetCollection(s.buyer, &productv1.GetCollectionRequest{Key: &productv1.GetCollectionRequest_Handle{Handle: "sale"}})
	refused(t, err, "COLLECTION_NOT_FOUND", "")
	_, err = s.ListProducts(s.buyer, &productv1.ListProductsRequest{Filter: &productv1.ProductFilter{Collection: "sale"}})
	refused(t, err, "COLLECTION_NOT_FOUND", "")
}
