package catalog

import (
	"context"
	"slices"
	"time"

	"github.com/cartwright-shop/cartwright/services/platform/id"
)

// Key names a thing by id or, when that is empty, by handle.
type Key struct {
	ID     string
	Handle string
}

// CollectionFields is what staff may write of a collection.
type CollectionFields struct {
	Handle          string
	Name            string
	DescriptionHTML string
	Translations    []NameTranslation
}

// Collection is a list of products ordered by hand.
type Collection struct {
	CollectionFields
	ID           string
	Version      int64
	ProductCount int32
	CreatedAt    time.Time
	UpdatedAt    time.Time
}

// Localize gives the collection's text for a locale; the empty one means the base text.
func (col Collection) Localize(locale string) Collection {
	if canonical, ok := CanonicalLocale(locale); ok {
		col.Name, col.DescriptionHTML = localName(withParents(nil, canonical), col.Name, col.DescriptionHTML, col.Translations)
	}
	return col
}

// Collection gives one collection.
func (c *Catalog) Collection(ctx context.Context, key Key, locale string) (Collection, error) {
	var col Collection
	var err error
	if key.ID != "" {
		col, err = c.store.Collection(ctx, key.ID)
	} else {
		col, err = c.store.CollectionByHandle(ctx, key.Handle)
	}
	if err != nil {
		return Collection{}, err
	}
	return col.Localize(locale), nil
}

// ListCollections gives collections with a handle above after, in order.
func (c *Catalog) ListCollections(ctx context.Context, after string, limit int, locale string) ([]Collection, error) {
	list, err := c.store.ListCollections(ctx, after, limit)
	for i := range list {
		list[i] = list[i].Localize(locale)
	}
	return list, err
}

// CreateCollection adds an empty collection.
func (c *Catalog) CreateCollection(ctx context.Context, fields CollectionFields) (Collection, error) {
	if err := checkNamed("collection", &fields.Handle, &fields.Name, fields.DescriptionHTML, fields.Translations); err != nil {
		return Collection{}, err
	}
	if fields.Handle == "" {
		fields.Handle = HandleFor(fields.Name)
	}
	now := c.now()
	col := Collection{CollectionFields: fields, ID: id.New(), Version: 1, CreatedAt: now, UpdatedAt: now}
	return col, c.store.InsertCollection(ctx, col)
}

// changeCollection locks a collection, checks the version (0 accepts any), lets change edit it and stores it.
func (c *Catalog) changeCollection(ctx context.Context, collectionID string, version int64,
	change func(ctx context.Context, col *Collection) error,
) (Collection, error) {
	var col Collection
	err := c.store.Tx(ctx, func(ctx context.Context) error {
		var err error
		if col, err = c.store.LockCollection(ctx, collectionID); err != nil {
			return err
		}
		if version != 0 && col.Version != version {
			return conflict(col.Version)
		}
		col.Version++
		col.UpdatedAt = c.now()
		if err := change(ctx, &col); err != nil {
			return err
		}
		return c.store.UpdateCollection(ctx, col)
	})
	return col, err
}

// UpdateCollection replaces a collection's fields.
func (c *Catalog) UpdateCollection(ctx context.Context, collectionID string, fields CollectionFields, version int64) (Collection, error) {
	if err := checkNamed("collection", &fields.Handle, &fields.Name, fields.DescriptionHTML, fields.Translations); err != nil {
		return Collection{}, err
	}
	return c.changeCollection(ctx, collectionID, version, func(_ context.Context, col *Collection) error {
		if fields.Handle == "" {
			fields.Handle = col.Handle
		}
		col.CollectionFields = fields
		return nil
	})
}

// SetCollectionProducts replaces the products of a collection, in order.
func (c *Catalog) SetCollectionProducts(ctx context.Context, collectionID string, productIDs []string, version int64) (Collection, error) {
	productIDs = canonicalIDs(productIDs)
	if sorted := slices.Sorted(slices.Values(productIDs)); len(slices.Compact(sorted)) != len(productIDs) {
		return Collection{}, ErrFilterInvalid.At("productIds", "A product comes twice.")
	}
	return c.changeCollection(ctx, collectionID, version, func(ctx context.Context, col *Collection) error {
		col.ProductCount = int32(len(productIDs))
		return c.store.SetCollectionProducts(ctx, collectionID, productIDs)
	})
}

// DeleteCollection removes a collection; its products stay.
func (c *Catalog) DeleteCollection(ctx context.Context, collectionID string, version int64) error {
	return c.store.Tx(ctx, func(ctx context.Context) error {
		col, err := c.store.LockCollection(ctx, collectionID)
		if err != nil {
			return err
		}
		if version != 0 && col.Version != version {
			return conflict(col.Version)
		}
		return c.store.DeleteCollection(ctx, collectionID)
	})
}
