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
		var err error
		p, err = c.insert(ctx, fields)
		if err != nil {
			return err
		}
		return c.list(ctx, &p)
	})
	return p, err
}

func (c *Catalog) insert(ctx context.Context, fields Fields) (Product, error) {
	now := c.now()
	p := Product{Fields: fields, ID: id.New(), Version: 1, CreatedAt: now, UpdatedAt: now}
	p.keepMediaIDs(nil)
	if err := c.checkReferences(ctx, p); err != nil {
		return Product{}, err
	}
	return p, c.store.InsertProduct(ctx, p)
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
		return c.store.UpdateProduct(ctx, *p)
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
		if p, err = c.store.LockProduct(ctx, productID); err != nil {
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
		return c.list(ctx, &p)
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
		if err := c.store.SetPublication(ctx, p.ID, p.In(ch.Key)); err != nil {
			return err
		}
		return c.store.UpdateProduct(ctx, *p)
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
		p, err := c.store.LockProduct(ctx, productID)
		if err != nil {
			return err
		}
		if version != 0 && p.Version != version {
			return conflict(p.Version)
		}
		return c.store.DeleteProduct(ctx, productID)
	})
}

// list makes the product's listings anew; it must run in the transaction that wrote the product, after ShareStructure. It
// also fills in the product's ancestors.
func (c *Catalog) list(ctx context.Context, p *Product) error {
	channels, err := c.store.AllChannels(ctx)
	if err != nil {
		return err
	}
	categories, err := c.store.CategoriesUp(ctx, p.CategoryIDs)
	if err != nil {
		return err
	}
	p.AncestorIDs = make([]string, 0, len(categories))
	for _, cat := range categories {
		p.AncestorIDs = append(p.AncestorIDs, cat.ID)
	}
	slices.Sort(p.AncestorIDs)
	return c.store.ReplaceListings(ctx, p.ID, Listings(*p, channels, categories))
}

// staleBatch bounds how long one step of reindexing keeps changes of the structure waiting.
const staleBatch = 50

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
			for _, productID := range ids {
				p, err := c.store.LockProduct(ctx, productID)
				if err != nil {
					return err
				}
				if err := c.list(ctx, &p); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return fmt.Errorf("reindex: %w", err)
		}
		if done == 0 {
			return nil
		}
	}
}
