package catalog

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/cartwright-shop/cartwright/services/platform/id"
)

// now is the time in the precision the database keeps, so that what a write answers equals what a read gives.
func (c *Catalog) now() time.Time { return c.clock.Now().UTC().Truncate(time.Microsecond) }

// CreateProduct adds a product, a draft in every channel.
func (c *Catalog) CreateProduct(ctx context.Context, fields Fields) (Product, error) {
	derive := fields.Handle == ""
	if derive {
		fields.Handle = HandleFor(fields.Title)
	}
	if err := fields.Check(); err != nil {
		return Product{}, err
	}
	var p Product
	err := c.store.Tx(ctx, func(ctx context.Context) error {
		if err := c.store.ShareStructure(ctx); err != nil {
			return err
		}
		if derive {
			handle, err := c.freeHandle(ctx, HandleFor(fields.Title))
			if err != nil {
				return err
			}
			fields.Handle = handle
		}
		p = c.newProduct(fields)
		if err := c.checkReferences(ctx, p); err != nil {
			return err
		}
		if err := c.store.InsertProducts(ctx, []Product{p}); err != nil {
			return err
		}
		return c.list(ctx, []*Product{&p})
	})
	return p, err
}

func (c *Catalog) newProduct(fields Fields) Product {
	now := c.now()
	p := Product{Fields: fields, ID: id.New(), Version: 1, CreatedAt: now, UpdatedAt: now}
	p.keepMediaIDs(nil)
	return p
}

// locked reads a product and keeps others from changing it until the transaction ends.
func (c *Catalog) locked(ctx context.Context, productID string) (Product, error) {
	found, err := c.store.LockProducts(ctx, []string{productID})
	if err != nil {
		return Product{}, err
	}
	if len(found) == 0 {
		return Product{}, ErrProductNotFound.New("There is no product %s.", productID)
	}
	return found[0], nil
}

// freeHandle finds a handle for a title that other products may have too.
func (c *Catalog) freeHandle(ctx context.Context, base string) (string, error) {
	base = cut(base, maxHandleLength-8)
	taken, err := c.store.HandlesLike(ctx, base)
	if err != nil {
		return "", err
	}
	if !slices.Contains(taken, base) {
		return base, nil
	}
	for n := 2; ; n++ {
		if handle := fmt.Sprintf("%s-%d", base, n); !slices.Contains(taken, handle) {
			return handle, nil
		}
	}
}

// checkReferences refuses SKUs of other products and categories that do not exist, with the path of what is wrong. The
// database's keys stand behind it.
func (c *Catalog) checkReferences(ctx context.Context, p Product) error {
	owners, err := c.store.SKUOwners(ctx, p.SKUs())
	if err != nil {
		return err
	}
	for i, v := range p.Variants {
		if owner, ok := owners[v.SKU]; ok && owner != p.ID {
			return ErrSKUTaken.At(index("product.variants", i)+".sku", "Another product has the SKU %q.", v.SKU)
		}
	}
	if len(p.CategoryIDs) == 0 {
		return nil
	}
	categories, err := c.store.CategoriesUp(ctx, p.CategoryIDs)
	if err != nil {
		return err
	}
	for i, categoryID := range p.CategoryIDs {
		if !slices.ContainsFunc(categories, func(cat Category) bool { return cat.ID == categoryID }) {
			return ErrCategoryNotFound.At(index("product.categoryIds", i), "There is no category %s.", categoryID)
		}
	}
	return nil
}

// UpdateProduct replaces a product's fields.
func (c *Catalog) UpdateProduct(ctx context.Context, productID string, fields Fields, version int64) (Product, error) {
	if err := fields.Check(); err != nil {
		return Product{}, err
	}
	return c.change(ctx, productID, version, func(ctx context.Context, p *Product) error {
		if fields.Handle == "" {
			fields.Handle = p.Handle
		}
		old := p.Media
		p.Fields = fields
		p.keepMediaIDs(old)
		if err := c.checkReferences(ctx, *p); err != nil {
			return err
		}
		return c.store.UpdateProducts(ctx, []Product{*p})
	})
}

// change locks a product, checks the version (0 accepts any), raises it, lets edit store what changed and lists the product
// anew.
func (c *Catalog) change(ctx context.Context, productID string, version int64,
	edit func(ctx context.Context, p *Product) error,
) (Product, error) {
	var p Product
	err := c.store.Tx(ctx, func(ctx context.Context) error {
		if err := c.store.ShareStructure(ctx); err != nil {
			return err
		}
		var err error
		if p, err = c.locked(ctx, productID); err != nil {
			return err
		}
		if version != 0 && p.Version != version {
			return conflict(p.Version)
		}
		p.Version++
		p.UpdatedAt = c.now()
		if err := edit(ctx, &p); err != nil {
			return err
		}
		return c.list(ctx, []*Product{&p})
	})
	return p, err
}

// Publish asks for a status in a channel.
type Publish struct {
	ProductID string
	Channel   string // key; empty for the default
	Status    Status
	Version   int64 // 0 accepts any
}

// SetPublication sets a product's status in a channel.
func (c *Catalog) SetPublication(ctx context.Context, what Publish) (Product, Channel, error) {
	ch, err := c.channel(ctx, what.Channel)
	if err != nil {
		return Product{}, Channel{}, err
	}
	p, err := c.change(ctx, what.ProductID, what.Version, func(ctx context.Context, p *Product) error {
		c.publish(p, ch.Key, what.Status)
		if err := c.store.SetPublications(ctx, []Product{*p}, ch.Key); err != nil {
			return err
		}
		return c.store.UpdateProducts(ctx, []Product{*p})
	})
	return p, ch, err
}

// publish sets the status in p; the time of publishing is that of the last step to published.
func (c *Catalog) publish(p *Product, channel string, status Status) {
	pub := p.In(channel)
	if status == Published && pub.Status != Published {
		pub.PublishedAt = c.now()
	}
	pub.Status = status
	p.Publications = slices.Clone(p.Publications)
	for i := range p.Publications {
		if p.Publications[i].Channel == channel {
			p.Publications[i] = pub
			return
		}
	}
	p.Publications = append(p.Publications, pub)
}

// DeleteProduct removes a product for good.
func (c *Catalog) DeleteProduct(ctx context.Context, productID string, version int64) error {
	return c.store.Tx(ctx, func(ctx context.Context) error {
		p, err := c.locked(ctx, productID)
		if err != nil {
			return err
		}
		if version != 0 && p.Version != version {
			return conflict(p.Version)
		}
		return c.store.DeleteProduct(ctx, productID)
	})
}

// list makes the products' listings anew; it must run in the transaction that wrote the products, after ShareStructure. It also
// fills in the products' ancestors.
func (c *Catalog) list(ctx context.Context, products []*Product) error {
	channels, err := c.store.AllChannels(ctx)
	if err != nil {
		return err
	}
	var categoryIDs []string
	for _, p := range products {
		categoryIDs = append(categoryIDs, p.CategoryIDs...)
	}
	slices.Sort(categoryIDs)
	categories, err := c.store.CategoriesUp(ctx, slices.Compact(categoryIDs))
	if err != nil {
		return err
	}
	ids := make([]string, len(products))
	var listings []Listing
	for i, p := range products {
		ids[i] = p.ID
		above := placesOf(*p, categories)
		p.AncestorIDs = make([]string, len(above))
		for j, cat := range above {
			p.AncestorIDs[j] = cat.ID
		}
		slices.Sort(p.AncestorIDs)
		listings = append(listings, Listings(*p, channels, above)...)
	}
	return c.store.ReplaceListings(ctx, ids, listings)
}

// placesOf picks the product's categories and their ancestors.
func placesOf(p Product, categories []Category) []Category {
	var ids []string
	for _, cat := range categories {
		if slices.Contains(p.CategoryIDs, cat.ID) {
			ids = append(append(ids, cat.ID), cat.AncestorIDs...)
		}
	}
	return slices.DeleteFunc(slices.Clone(categories), func(cat Category) bool { return !slices.Contains(ids, cat.ID) })
}

// staleBatch bounds how long one step of reindexing keeps changes of the structure waiting: each product has a row per channel,
// and who waits for more than a second is refused.
const staleBatch = 10

// ReindexStale lists products again that a change of channels or categories marked, one batch at a time, until none is left.
// Any number of processes may do so at once; what one of them drops in the middle stays marked.
func (c *Catalog) ReindexStale(ctx context.Context) error {
	for {
		done := 0
		err := c.store.Tx(ctx, func(ctx context.Context) error {
			if err := c.store.ShareStructure(ctx); err != nil {
				return err
			}
			ids, err := c.store.TakeStale(ctx, staleBatch)
			if err != nil {
				return err
			}
			done = len(ids)
			found, err := c.store.LockProducts(ctx, ids)
			if err != nil || len(found) == 0 {
				return err
			}
			return c.list(ctx, pointers(found))
		})
		if err != nil {
			return fmt.Errorf("reindex: %w", err)
		}
		if done == 0 {
			return nil
		}
	}
}

func pointers(list []Product) []*Product {
	out := make([]*Product, len(list))
	for i := range list {
		out[i] = &list[i]
	}
	return out
}
