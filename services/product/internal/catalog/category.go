package catalog

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/cartwright-shop/cartwright/services/platform/id"
)

const maxCategoryDepth = 8

// CategoryFields is what staff may write of a category.
type CategoryFields struct {
	Handle          string
	Name            string
	DescriptionHTML string
	ParentID        string
	Position        int32
	Translations    []NameTranslation
}

// Category is a node of the tree.
type Category struct {
	CategoryFields
	ID          string
	Version     int64
	AncestorIDs []string // from the root down to the parent
	SortPath    string   // orders the tree: parents before children, siblings by position, then handle
	CreatedAt   time.Time
	UpdatedAt   time.Time
}

// Localize gives the category's text for a locale; the empty one means the base text.
func (cat Category) Localize(locale string) Category {
	if canonical, ok := CanonicalLocale(locale); ok {
		cat.Name, cat.DescriptionHTML = localName(withParents(nil, canonical), cat.Name, cat.DescriptionHTML, cat.Translations)
	}
	return cat
}

func checkNamed(root string, handle, name *string, description string, texts []NameTranslation) error {
	*name = strings.TrimSpace(*name)
	if why := badText(*name, 255, false); why != "" || *name == "" {
		return ErrTextInvalid.At(root+".name", "The name %s.", orEmpty(why))
	}
	if why := badText(description, MaxDescription, true); why != "" {
		return ErrTextInvalid.At(root+".descriptionHtml", "The description %s.", why)
	}
	if *handle != "" && !ValidHandle(*handle) {
		return ErrHandleInvalid.At(root+".handle", "%q is no handle.", cut(*handle, 80))
	}
	return checkNames(root+".translations", texts)
}

// place sets ancestors and sort path from the parent.
func (cat *Category) place(parent *Category) error {
	cat.AncestorIDs, cat.SortPath = nil, ""
	if parent != nil {
		cat.AncestorIDs = append(slices.Clone(parent.AncestorIDs), parent.ID)
		cat.SortPath = parent.SortPath
	}
	if len(cat.AncestorIDs) >= maxCategoryDepth {
		return ErrCategoryTree.At("category.parentId", "The tree is at most %d deep.", maxCategoryDepth)
	}
	cat.SortPath += fmt.Sprintf("%07d:%s/", cat.Position, cat.Handle)
	return nil
}

// parent gives the category above, nil for a root.
func (c *Catalog) parent(ctx context.Context, parentID string) (*Category, error) {
	if parentID == "" {
		return nil, nil
	}
	parent, err := c.store.Category(ctx, parentID)
	if err != nil {
		return nil, ErrCategoryNotFound.At("category.parentId", "There is no category %s.", parentID).Because(err)
	}
	return &parent, nil
}

// Category gives one category by id, or by handle when id is empty.
func (c *Catalog) Category(ctx context.Context, key Key, locale string) (Category, error) {
	var cat Category
	var err error
	if key.ID != "" {
		cat, err = c.store.Category(ctx, key.ID)
	} else {
		cat, err = c.store.CategoryByHandle(ctx, key.Handle)
	}
	if err != nil {
		return Category{}, err
	}
	return cat.Localize(locale), nil
}

// ListCategories pages through the tree, parents before children.
func (c *Catalog) ListCategories(ctx context.Context, q CategoryQuery, locale string) ([]Category, error) {
	list, err := c.store.ListCategories(ctx, q)
	for i := range list {
		list[i] = list[i].Localize(locale)
	}
	return list, err
}

// CreateCategory adds a node to the tree.
func (c *Catalog) CreateCategory(ctx context.Context, fields CategoryFields) (Category, error) {
	if err := checkNamed("category", &fields.Handle, &fields.Name, fields.DescriptionHTML, fields.Translations); err != nil {
		return Category{}, err
	}
	if fields.Handle == "" {
		fields.Handle = HandleFor(fields.Name)
	}
	now := c.now()
	cat := Category{CategoryFields: fields, ID: id.New(), Version: 1, CreatedAt: now, UpdatedAt: now}
	err := c.store.Tx(ctx, func(ctx context.Context) error {
		if err := c.store.LockStructure(ctx); err != nil {
			return err
		}
		parent, err := c.parent(ctx, fields.ParentID)
		if err != nil {
			return err
		}
		if err := cat.place(parent); err != nil {
			return err
		}
		return c.store.InsertCategory(ctx, cat)
	})
	return cat, err
}

// UpdateCategory replaces a category's fields and moves it with everything below. Listings follow by a job.
func (c *Catalog) UpdateCategory(ctx context.Context, categoryID string, fields CategoryFields, version int64) (Category, error) {
	if err := checkNamed("category", &fields.Handle, &fields.Name, fields.DescriptionHTML, fields.Translations); err != nil {
		return Category{}, err
	}
	var cat Category
	err := c.store.Tx(ctx, func(ctx context.Context) error {
		if err := c.store.LockStructure(ctx); err != nil {
			return err
		}
		old, err := c.store.Category(ctx, categoryID)
		if err != nil {
			return err
		}
		if old.Version != version {
			return conflict(old.Version)
		}
		if fields.Handle == "" {
			fields.Handle = old.Handle
		}
		cat = old
		cat.CategoryFields = fields
		cat.Version++
		cat.UpdatedAt = c.now()
		if err := c.move(ctx, &cat); err != nil {
			return err
		}
		if err := c.store.UpdateCategory(ctx, cat, old); err != nil {
			return err
		}
		return c.store.ReindexLater(ctx, Reindex{Category: categoryID})
	})
	return cat, err
}

// move places a category that exists below its (new) parent and checks that the tree stays a tree.
func (c *Catalog) move(ctx context.Context, cat *Category) error {
	parent, err := c.parent(ctx, cat.ParentID)
	if err != nil {
		return err
	}
	if parent != nil && (parent.ID == cat.ID || slices.Contains(parent.AncestorIDs, cat.ID)) {
		return ErrCategoryTree.At("category.parentId", "A category cannot move below itself.")
	}
	if err := cat.place(parent); err != nil {
		return err
	}
	below, err := c.store.CategoryBelow(ctx, cat.ID)
	if err != nil {
		return err
	}
	if len(cat.AncestorIDs)+1+below > maxCategoryDepth {
		return ErrCategoryTree.At("category.parentId", "The tree is at most %d deep.", maxCategoryDepth)
	}
	return nil
}

// DeleteCategory removes a node without children; its products leave it.
func (c *Catalog) DeleteCategory(ctx context.Context, categoryID string, version int64) error {
	return c.store.Tx(ctx, func(ctx context.Context) error {
		if err := c.store.LockStructure(ctx); err != nil {
			return err
		}
		cat, err := c.store.Category(ctx, categoryID)
		if err != nil {
			return err
		}
		if version != 0 && cat.Version != version {
			return conflict(cat.Version)
		}
		below, err := c.store.CategoryBelow(ctx, categoryID)
		if err != nil {
			return err
		}
		if below > 0 {
			return ErrCategoryNotEmpty.New("The category %q has children.", cat.Name)
		}
		if err := c.store.ReindexLater(ctx, Reindex{Category: categoryID}); err != nil {
			return err
		}
		return c.store.DeleteCategory(ctx, categoryID)
	})
}
