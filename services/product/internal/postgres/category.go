package postgres

import (
	"context"

	"github.com/cartwright-shop/cartwright/services/platform/postgres"
	"github.com/cartwright-shop/cartwright/services/product/internal/catalog"
	"github.com/cartwright-shop/cartwright/services/product/internal/postgres/db"
)

func category(r db.Category) (catalog.Category, error) {
	translations, err := decodeNames(r.Translations)
	cat := catalog.Category{
		ID: r.ID, Version: r.Version, AncestorIDs: r.AncestorIds, SortPath: r.SortPath,
		CreatedAt: r.CreatedAt.UTC(), UpdatedAt: r.UpdatedAt.UTC(),
		CategoryFields: catalog.CategoryFields{
			Handle: r.Handle, Name: r.Name, DescriptionHTML: r.DescriptionHtml, Position: r.Position, Translations: translations,
		},
	}
	if r.ParentID != nil {
		cat.ParentID = *r.ParentID
	}
	return cat, err
}

func categories(rows []db.Category, err error) ([]catalog.Category, error) {
	if err != nil {
		return nil, wrap("list categories", err)
	}
	out := make([]catalog.Category, len(rows))
	for i, r := range rows {
		if out[i], err = category(r); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func oneCategory(r db.Category, err error) (catalog.Category, error) {
	if postgres.NoRows(err) {
		return catalog.Category{}, catalog.ErrCategoryNotFound.New("There is no such category.").Because(err)
	}
	if err != nil {
		return catalog.Category{}, wrap("get category", err)
	}
	return category(r)
}

// Category implements catalog.StructureStore.
func (s *Store) Category(ctx context.Context, categoryID string) (catalog.Category, error) {
	return oneCategory(s.q.GetCategory(ctx, categoryID))
}

// CategoryByHandle implements catalog.StructureStore.
func (s *Store) CategoryByHandle(ctx context.Context, handle string) (catalog.Category, error) {
	return oneCategory(s.q.GetCategoryByHandle(ctx, handle))
}

// CategoryChild implements catalog.StructureStore.
func (s *Store) CategoryChild(ctx context.Context, parentID, name string) (catalog.Category, bool, error) {
	r, err := s.q.GetCategoryChild(ctx, db.GetCategoryChildParams{ParentID: optional(parentID), Name: name})
	if postgres.NoRows(err) {
		return catalog.Category{}, false, nil
	}
	cat, err := oneCategory(r, err)
	return cat, err == nil, err
}

// CategoriesUp implements catalog.StructureStore.
func (s *Store) CategoriesUp(ctx context.Context, ids []string) ([]catalog.Category, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	return categories(s.q.ListCategoriesUp(ctx, ids))
}

// ListCategories implements catalog.StructureStore.
func (s *Store) ListCategories(ctx context.Context, q catalog.CategoryQuery) ([]catalog.Category, error) {
	if q.Below != "" {
		return categories(s.q.ListCategoriesBelow(ctx, db.ListCategoriesBelowParams{
			Below: q.Below, After: q.After, MaxRows: int32(q.Limit),
		}))
	}
	return categories(s.q.ListCategories(ctx, db.ListCategoriesParams{After: q.After, MaxRows: int32(q.Limit)}))
}

// InsertCategory implements catalog.StructureStore.
func (s *Store) InsertCategory(ctx context.Context, cat catalog.Category) error {
	translations, err := encodeNames(cat.Translations)
	if err != nil {
		return err
	}
	return categoryError(cat, s.q.InsertCategory(ctx, db.InsertCategoryParams{
		ID: cat.ID, Handle: cat.Handle, Name: cat.Name, DescriptionHtml: cat.DescriptionHTML, ParentID: optional(cat.ParentID),
		AncestorIds: texts(cat.AncestorIDs), Position: cat.Position, SortPath: cat.SortPath, Translations: translations,
		Version: cat.Version, CreatedAt: cat.CreatedAt, UpdatedAt: cat.UpdatedAt,
	}))
}

// UpdateCategory implements catalog.StructureStore.
func (s *Store) UpdateCategory(ctx context.Context, cat, old catalog.Category) error {
	translations, err := encodeNames(cat.Translations)
	if err != nil {
		return err
	}
	if cat.SortPath != old.SortPath {
		err := s.q.MoveCategoriesBelow(ctx, db.MoveCategoriesBelowParams{
			ID: cat.ID, NewAncestors: texts(cat.AncestorIDs), NewPath: cat.SortPath, OldPath: old.SortPath,
		})
		if err != nil {
			return wrap("move categories", err)
		}
	}
	return categoryError(cat, s.q.UpdateCategory(ctx, db.UpdateCategoryParams{
		ID: cat.ID, Handle: cat.Handle, Name: cat.Name, DescriptionHtml: cat.DescriptionHTML, ParentID: optional(cat.ParentID),
		AncestorIds: texts(cat.AncestorIDs), Position: cat.Position, SortPath: cat.SortPath, Translations: translations,
		Version: cat.Version, UpdatedAt: cat.UpdatedAt,
	}))
}

func categoryError(cat catalog.Category, err error) error {
	if postgres.IsUnique(err, "category_handle_key") || postgres.IsUnique(err, "category_sort_path") {
		return catalog.ErrHandleTaken.At("category.handle", "Another category has the handle %q.", cat.Handle).Because(err)
	}
	return wrap("write category", err)
}

// CategoryBelow implements catalog.StructureStore.
func (s *Store) CategoryBelow(ctx context.Context, categoryID string) (int, error) {
	levels, err := s.q.CategoryBelow(ctx, categoryID)
	return int(levels), wrap("count levels below category", err)
}

// DeleteCategory implements catalog.StructureStore.
func (s *Store) DeleteCategory(ctx context.Context, categoryID string) error {
	if err := s.q.LeaveCategory(ctx, categoryID); err != nil {
		return wrap("take products out of category", err)
	}
	return wrap("delete category", s.q.DeleteCategory(ctx, categoryID))
}

func optional(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}
