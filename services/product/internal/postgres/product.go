package postgres

import (
	"context"
	"errors"

	"github.com/cartwright-shop/cartwright/services/platform/postgres"
	"github.com/cartwright-shop/cartwright/services/product/internal/catalog"
	"github.com/cartwright-shop/cartwright/services/product/internal/postgres/db"
)

func product(r db.ProductWhole) (catalog.Product, error) {
	p := catalog.Product{
		ID: r.ID, Version: r.Version, CreatedAt: r.CreatedAt.UTC(), UpdatedAt: r.UpdatedAt.UTC(), AncestorIDs: r.AncestorIds,
		Fields: catalog.Fields{
			Handle: r.Handle, Title: r.Title, DescriptionHTML: r.DescriptionHtml, Vendor: r.Vendor, ProductType: r.ProductType,
			Tags: r.Tags, CategoryIDs: r.CategoryIds,
		},
	}
	var errs [6]error
	p.Options, errs[0] = decodeOptions(r.Options)
	p.Media, errs[1] = decodeMedia(r.Media)
	var attributes []attributeJSON
	errs[2] = decode(r.Attributes, &attributes)
	p.Attributes = attributesFromJSON(attributes)
	p.Translations, errs[3] = decodeTranslations(r.Translations)
	p.Variants, errs[4] = decodeVariants(r.Variants)
	p.Publications, errs[5] = decodePublications(r.Publications)
	return p, errors.Join(errs[:]...)
}

func products(rows []db.ProductWhole, err error) ([]catalog.Product, error) {
	if err != nil {
		return nil, wrap("get products", err)
	}
	out := make([]catalog.Product, len(rows))
	for i, r := range rows {
		if out[i], err = product(r); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func oneProduct(r db.ProductWhole, err error) (catalog.Product, error) {
	if postgres.NoRows(err) {
		return catalog.Product{}, catalog.ErrProductNotFound.New("There is no such product.").Because(err)
	}
	if err != nil {
		return catalog.Product{}, wrap("get product", err)
	}
	return product(r)
}

// Product implements catalog.ProductStore.
func (s *Store) Product(ctx context.Context, key catalog.Key) (catalog.Product, error) {
	if key.ID != "" {
		return oneProduct(s.q.GetProduct(ctx, key.ID))
	}
	return oneProduct(s.q.GetProductByHandle(ctx, key.Handle))
}

// Products implements catalog.ProductStore.
func (s *Store) Products(ctx context.Context, ids []string) ([]catalog.Product, error) {
	return products(s.q.GetProducts(ctx, ids))
}

// ProductsByHandle implements catalog.ProductStore.
func (s *Store) ProductsByHandle(ctx context.Context, handles []string) ([]catalog.Product, error) {
	return products(s.q.GetProductsByHandle(ctx, handles))
}

// ProductsAfter implements catalog.ProductStore.
func (s *Store) ProductsAfter(ctx context.Context, after string, limit int) ([]catalog.Product, error) {
	if after == "" {
		after = "00000000-0000-0000-0000-000000000000"
	}
	return products(s.q.GetProductsAfter(ctx, db.GetProductsAfterParams{After: after, MaxRows: int32(limit)}))
}

// LockProducts implements catalog.ProductStore.
func (s *Store) LockProducts(ctx context.Context, ids []string) ([]catalog.Product, error) {
	locked, err := s.q.LockProducts(ctx, ids)
	if err != nil || len(locked) == 0 {
		return nil, wrap("lock products", err)
	}
	// Read after the locks are held: what the statement that locked saw may be older.
	return s.Products(ctx, locked)
}

// HandlesLike implements catalog.ProductStore.
func (s *Store) HandlesLike(ctx context.Context, base string) ([]string, error) {
	handles, err := s.q.HandlesLike(ctx, base)
	return handles, wrap("list handles", err)
}

// SKUOwners implements catalog.ProductStore.
func (s *Store) SKUOwners(ctx context.Context, skus []string) (map[string]string, error) {
	rows, err := s.q.SKUOwners(ctx, skus)
	if err != nil {
		return nil, wrap("get owners of skus", err)
	}
	owners := make(map[string]string, len(rows))
	for _, r := range rows {
		owners[r.Sku] = r.ProductID
	}
	return owners, nil
}

type encodedProduct struct {
	options, media, attributes, translations []byte
}

func encodeProduct(p catalog.Product) (e encodedProduct, err error) {
	var errs [4]error
	e.options, errs[0] = encodeOptions(p.Options)
	e.media, errs[1] = encodeMedia(p.Media)
	e.attributes, errs[2] = encode(attributesToJSON(p.Attributes))
	e.translations, errs[3] = encodeTranslations(p.Translations)
	return e, errors.Join(errs[:]...)
}

// InsertProducts implements catalog.ProductStore.
func (s *Store) InsertProducts(ctx context.Context, list []catalog.Product) error {
	params := make([]db.InsertProductParams, len(list))
	for i, p := range list {
		e, err := encodeProduct(p)
		if err != nil {
			return err
		}
		params[i] = db.InsertProductParams{
			ID: p.ID, Version: p.Version, Handle: p.Handle, Title: p.Title, DescriptionHtml: p.DescriptionHTML, Vendor: p.Vendor,
			ProductType: p.ProductType, Options: e.options, Media: e.media, Tags: texts(p.Tags), Attributes: e.attributes,
			Translations: e.translations, CreatedAt: p.CreatedAt, UpdatedAt: p.UpdatedAt,
		}
	}
	if err := firstError(s.q.InsertProduct(ctx, params).Exec); err != nil {
		return productError("insert products", err)
	}
	return s.writeParts(ctx, list)
}

// UpdateProducts implements catalog.ProductStore.
func (s *Store) UpdateProducts(ctx context.Context, list []catalog.Product) error {
	params := make([]db.UpdateProductParams, len(list))
	variants := make([]db.DeleteOtherVariantsParams, len(list))
	categories := make([]db.ClearCategoriesParams, len(list))
	for i, p := range list {
		e, err := encodeProduct(p)
		if err != nil {
			return err
		}
		params[i] = db.UpdateProductParams{
			ID: p.ID, Version: p.Version, Handle: p.Handle, Title: p.Title, DescriptionHtml: p.DescriptionHTML, Vendor: p.Vendor,
			ProductType: p.ProductType, Options: e.options, Media: e.media, Tags: texts(p.Tags), Attributes: e.attributes,
			Translations: e.translations, UpdatedAt: p.UpdatedAt,
		}
		variants[i] = db.DeleteOtherVariantsParams{ProductID: p.ID, Skus: p.SKUs()}
		categories[i] = db.ClearCategoriesParams{ProductID: p.ID, CategoryIds: texts(p.CategoryIDs)}
	}
	if err := firstError(s.q.UpdateProduct(ctx, params).Exec); err != nil {
		return productError("update products", err)
	}
	if err := firstError(s.q.DeleteOtherVariants(ctx, variants).Exec); err != nil {
		return wrap("delete variants", err)
	}
	if err := firstError(s.q.ClearCategories(ctx, categories).Exec); err != nil {
		return wrap("clear categories", err)
	}
	return s.writeParts(ctx, list)
}

// writeParts writes variants and categories of products that are there.
func (s *Store) writeParts(ctx context.Context, list []catalog.Product) error {
	var variants []db.UpsertVariantParams
	var categories []db.SetCategoriesParams
	ids := make([]string, len(list))
	for i, p := range list {
		ids[i] = p.ID
		variants = append(variants, variantParams(p)...)
		if len(p.CategoryIDs) > 0 {
			categories = append(categories, db.SetCategoriesParams{ProductID: p.ID, CategoryIds: p.CategoryIDs})
		}
	}
	if err := firstError(s.q.UpsertVariant(ctx, variants).Exec); err != nil {
		return wrap("write variants", err)
	}
	count, err := s.q.CountVariants(ctx, ids)
	if err != nil {
		return wrap("count variants", err)
	}
	// Fewer rows than variants: another product took one of the SKUs after they were checked.
	if int(count) != len(variants) {
		return catalog.ErrSKUTaken.New("Another product has one of the SKUs.")
	}
	if len(categories) == 0 {
		return nil
	}
	err = firstError(s.q.SetCategories(ctx, categories).Exec)
	if postgres.IsForeignKey(err, "") {
		return catalog.ErrCategoryNotFound.At("product.categoryIds", "There is no such category.").Because(err)
	}
	return wrap("set categories", err)
}

func variantParams(p catalog.Product) []db.UpsertVariantParams {
	params := make([]db.UpsertVariantParams, len(p.Variants))
	for i, v := range p.Variants {
		picture := p.PictureOf(v.SKU)
		params[i] = db.UpsertVariantParams{
			Sku: v.SKU, ProductID: p.ID, Position: int32(i), OptionValues: texts(v.OptionValues), Barcode: v.Barcode,
			WeightGrams: v.WeightGrams, RequiresShipping: v.RequiresShipping, TaxClass: v.TaxClass,
			ImageUrl: picture.URL, ImageAlt: picture.AltText,
		}
	}
	return params
}

func productError(operation string, err error) error {
	if postgres.IsUnique(err, "product_handle_key") {
		return catalog.ErrHandleTaken.At("product.handle", "Another product has this handle.").Because(err)
	}
	return wrap(operation, err)
}

// firstError runs a batch to its end and gives its first error.
func firstError(exec func(func(int, error))) error {
	var first error
	exec(func(_ int, err error) {
		if first == nil {
			first = err
		}
	})
	return first
}

// SetPublications implements catalog.ProductStore.
func (s *Store) SetPublications(ctx context.Context, list []catalog.Product, channel string) error {
	params := make([]db.SetPublicationParams, len(list))
	for i, p := range list {
		pub := p.In(channel)
		params[i] = db.SetPublicationParams{
			ProductID: p.ID, ChannelKey: channel, Status: string(pub.Status), PublishedAt: nullable(pub.PublishedAt),
		}
	}
	return wrap("set publications", firstError(s.q.SetPublication(ctx, params).Exec))
}

// DeleteProduct implements catalog.ProductStore.
func (s *Store) DeleteProduct(ctx context.Context, productID string) error {
	return wrap("delete product", s.q.DeleteProduct(ctx, productID))
}
