package postgres

import (
	"context"

	"github.com/cartwright-shop/cartwright/services/platform/postgres"
	"github.com/cartwright-shop/cartwright/services/product/internal/catalog"
	"github.com/cartwright-shop/cartwright/services/product/internal/postgres/db"
)

func collection(r db.GetCollectionRow, err error) (catalog.Collection, error) {
	if postgres.NoRows(err) {
		return catalog.Collection{}, catalog.ErrCollectionNotFound.New("There is no such collection.").Because(err)
	}
	if err != nil {
		return catalog.Collection{}, wrap("get collection", err)
	}
	translations, err := decodeNames(r.Translations)
	return catalog.Collection{
		ID: r.ID, Version: r.Version, ProductCount: r.ProductCount, CreatedAt: r.CreatedAt.UTC(), UpdatedAt: r.UpdatedAt.UTC(),
		CollectionFields: catalog.CollectionFields{
			Handle: r.Handle, Name: r.Name, DescriptionHTML: r.DescriptionHtml, Translations: translations,
		},
	}, err
}

// Collection implements catalog.StructureStore.
func (s *Store) Collection(ctx context.Context, collectionID string) (catalog.Collection, error) {
	return collection(s.q.GetCollection(ctx, collectionID))
}

// CollectionByHandle implements catalog.StructureStore.
func (s *Store) CollectionByHandle(ctx context.Context, handle string) (catalog.Collection, error) {
	r, err := s.q.GetCollectionByHandle(ctx, handle)
	return collection(db.GetCollectionRow(r), err)
}

// LockCollection implements catalog.StructureStore.
func (s *Store) LockCollection(ctx context.Context, collectionID string) (catalog.Collection, error) {
	r, err := s.q.LockCollection(ctx, collectionID)
	return collection(db.GetCollectionRow(r), err)
}

// ListCollections implements catalog.StructureStore.
func (s *Store) ListCollections(ctx context.Context, after string, limit int) ([]catalog.Collection, error) {
	rows, err := s.q.ListCollections(ctx, db.ListCollectionsParams{After: after, MaxRows: int32(limit)})
	if err != nil {
		return nil, wrap("list collections", err)
	}
	out := make([]catalog.Collection, len(rows))
	for i, r := range rows {
		if out[i], err = collection(db.GetCollectionRow(r), nil); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// InsertCollection implements catalog.StructureStore; it fails with ErrHandleTaken.
func (s *Store) InsertCollection(ctx context.Context, col catalog.Collection) error {
	translations, err := encodeNames(col.Translations)
	if err != nil {
		return err
	}
	return collectionError(col, s.q.InsertCollection(ctx, db.InsertCollectionParams{
		ID: col.ID, Handle: col.Handle, Name: col.Name, DescriptionHtml: col.DescriptionHTML, Translations: translations,
		Version: col.Version, CreatedAt: col.CreatedAt, UpdatedAt: col.UpdatedAt,
	}))
}

// UpdateCollection implements catalog.StructureStore; it fails with ErrHandleTaken.
func (s *Store) UpdateCollection(ctx context.Context, col catalog.Collection) error {
	translations, err := encodeNames(col.Translations)
	if err != nil {
		return err
	}
	return collectionError(col, s.q.UpdateCollection(ctx, db.UpdateCollectionParams{
		ID: col.ID, Handle: col.Handle, Name: col.Name, DescriptionHtml: col.DescriptionHTML, Translations: translations,
		Version: col.Version, UpdatedAt: col.UpdatedAt,
	}))
}

func collectionError(col catalog.Collection, err error) error {
	if postgres.IsUnique(err, "collection_handle_key") {
		return catalog.ErrHandleTaken.At("collection.handle", "Another collection has the handle %q.", col.Handle).Because(err)
	}
	return wrap("write collection", err)
}

// DeleteCollection implements catalog.StructureStore.
func (s *Store) DeleteCollection(ctx context.Context, collectionID string) error {
	return wrap("delete collection", s.q.DeleteCollection(ctx, collectionID))
}

// SetCollectionProducts implements catalog.StructureStore.
func (s *Store) SetCollectionProducts(ctx context.Context, collectionID string, productIDs []string) error {
	if err := s.q.ClearCollection(ctx, collectionID); err != nil {
		return wrap("clear collection", err)
	}
	if len(productIDs) == 0 {
		return nil
	}
	err := s.q.FillCollection(ctx, db.FillCollectionParams{CollectionID: collectionID, ProductIds: productIDs})
	if postgres.IsForeignKey(err, "collection_product_product_id_fkey") {
		return catalog.ErrProductNotFound.At("productIds", "One of the products does not exist.").Because(err)
	}
	return wrap("fill collection", err)
}
