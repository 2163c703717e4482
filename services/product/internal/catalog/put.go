package catalog

import (
	"context"
	"reflect"
	"slices"

	"github.com/cartwright-shop/cartwright/services/platform/errs"
)

// Incoming is a product of an imported file.
type Incoming struct {
	Handle string
	// Merge gives the fields the product shall have; old is nil when there is no product with the handle. It may be called more
	// than once.
	Merge func(old *Fields) (Fields, error)
	// Status in the channel of the import; empty keeps what is there.
	Status Status
}

// Outcome is what became of an incoming product.
type Outcome struct {
	Change  Change
	Product Product
	Err     error // set when the product was refused; Change then means nothing
}

// Change says what a put did, or would do.
type Change uint8

// The changes.
const (
	Unchanged Change = iota
	Created
	Updated
)

// planned is an incoming product next to what the shop has.
type planned struct {
	outcome *Outcome
	fields  Fields
	old     *Product
	status  Status
}

// Put brings products to the state a file asks for and writes only those that differ. One that is refused does not stop the
// others. With dry nothing is written. Handles must differ from one another.
func (c *Catalog) Put(ctx context.Context, channel string, incoming []Incoming, dry bool) ([]Outcome, error) {
	ch, err := c.channel(ctx, channel)
	if err != nil {
		return nil, err
	}
	handles := make([]string, len(incoming))
	for i, in := range incoming {
		handles[i] = in.Handle
	}
	found, err := c.store.ProductsByHandle(ctx, handles)
	if err != nil {
		return nil, err
	}
	outcomes := make([]Outcome, len(incoming))
	var plans []planned
	for i, in := range incoming {
		plan := planned{outcome: &outcomes[i], status: in.Status}
		if at := slices.IndexFunc(found, func(p Product) bool { return p.Handle == in.Handle }); at >= 0 {
			plan.old = &found[at]
		}
		if plan.prepare(in, ch.Key) {
			plans = append(plans, plan)
		}
	}
	if err := c.checkPlans(ctx, plans); err != nil {
		return nil, err
	}
	plans = slices.DeleteFunc(plans, func(p planned) bool { return p.outcome.Err != nil })
	if dry || len(plans) == 0 {
		return outcomes, nil
	}
	return outcomes, c.writePlans(ctx, ch.Key, plans)
}

// prepare merges and checks; it reports whether there is anything to write.
func (plan *planned) prepare(in Incoming, channel string) bool {
	var old *Fields
	if plan.old != nil {
		old = &plan.old.Fields
	}
	fields, err := in.Merge(old)
	if err == nil {
		fields.Handle = in.Handle
		err = fields.Check()
	}
	if err != nil {
		plan.outcome.Err = err
		return false
	}
	plan.fields = fields
	if plan.old == nil {
		plan.outcome.Change = Created
		plan.outcome.Product.Fields = fields
		return true
	}
	plan.fields.keepMediaIDs(plan.old.Media)
	if plan.status == plan.old.In(channel).Status {
		plan.status = ""
	}
	plan.outcome.Product = *plan.old
	if plan.fields.Equal(plan.old.Fields) && plan.status == "" {
		return false
	}
	plan.outcome.Change = Updated
	plan.outcome.Product.Fields = plan.fields
	return true
}

// Equal compares what is stored; lists that are empty and lists that are missing are the same.
func (f Fields) Equal(other Fields) bool { return reflect.DeepEqual(tidy(f), tidy(other)) }

func tidy(f Fields) Fields {
	f.Options = orNil(f.Options)
	f.Variants = slices.Clone(f.Variants)
	for i := range f.Variants {
		f.Variants[i].OptionValues = orNil(f.Variants[i].OptionValues)
	}
	f.Media = slices.Clone(orNil(f.Media))
	for i := range f.Media {
		f.Media[i].SKUs = orNil(f.Media[i].SKUs)
	}
	f.CategoryIDs, f.Tags, f.Attributes = orNil(f.CategoryIDs), orNil(f.Tags), orNil(f.Attributes)
	f.Translations = slices.Clone(orNil(f.Translations))
	for i := range f.Translations {
		t := &f.Translations[i]
		t.Attributes, t.Options = orNil(t.Attributes), slices.Clone(orNil(t.Options))
		for j := range t.Options {
			if len(t.Options[j].Values) == 0 {
				t.Options[j].Values = nil
			}
		}
	}
	return f
}

func orNil[T any](list []T) []T {
	if len(list) == 0 {
		return nil
	}
	return list
}

// checkPlans refuses SKUs that other products have, in the shop or in the same batch, before anything is written: a dry run
// says the same as the real one.
func (c *Catalog) checkPlans(ctx context.Context, plans []planned) error {
	var skus []string
	for _, plan := range plans {
		skus = append(skus, plan.fields.SKUs()...)
	}
	owners, err := c.store.SKUOwners(ctx, skus)
	if err != nil {
		return err
	}
	batch := map[string]string{}
	for _, plan := range plans {
		for i, v := range plan.fields.Variants {
			owner, owned := owners[v.SKU]
			mine := owned && plan.old != nil && owner == plan.old.ID
			other := batch[v.SKU]
			if owned && !mine || other != "" && other != plan.fields.Handle {
				plan.outcome.Err = ErrSKUTaken.At(index("product.variants", i)+".sku", "Another product has the SKU %q.", v.SKU)
				break
			}
			batch[v.SKU] = plan.fields.Handle
		}
	}
	return nil
}

// writePlans writes all in one transaction; when one of them fails there, each in its own, so that only it is lost.
func (c *Catalog) writePlans(ctx context.Context, channel string, plans []planned) error {
	err := c.writeTogether(ctx, channel, plans)
	if err == nil || ctx.Err() != nil || broken(err) {
		return err
	}
	for i := range plans {
		err := c.writeTogether(ctx, channel, plans[i:i+1])
		if err != nil && broken(err) {
			return err
		}
		plans[i].outcome.Err = err
	}
	return nil
}

// broken tells a failure of the shop from one of a product.
func broken(err error) bool {
	code := errs.CodeOf(err)
	return code == errs.Internal || code == errs.Unavailable || code == errs.ResourceExhausted
}

func (c *Catalog) writeTogether(ctx context.Context, channel string, plans []planned) error {
	return c.store.Tx(ctx, func(ctx context.Context) error {
		if err := c.store.ShareStructure(ctx); err != nil {
			return err
		}
		products, fresh, err := c.planned(ctx, plans)
		if err != nil {
			return err
		}
		for i, plan := range plans {
			if plan.status != "" {
				c.publish(&products[i], channel, plan.status)
			}
		}
		var inserts, updates, published []Product
		for i, p := range products {
			if fresh[i] {
				inserts = append(inserts, p)
			} else {
				updates = append(updates, p)
			}
			if plans[i].status != "" {
				published = append(published, p)
			}
		}
		if err := c.writeLists(ctx, inserts, updates); err != nil {
			return err
		}
		if len(published) > 0 {
			if err := c.store.SetPublications(ctx, published, channel); err != nil {
				return err
			}
		}
		if err := c.list(ctx, pointers(products)); err != nil {
			return err
		}
		for i := range plans {
			plans[i].outcome.Product = products[i]
		}
		return nil
	})
}

func (c *Catalog) writeLists(ctx context.Context, inserts, updates []Product) error {
	if len(inserts) > 0 {
		if err := c.store.InsertProducts(ctx, inserts); err != nil {
			return err
		}
	}
	if len(updates) > 0 {
		return c.store.UpdateProducts(ctx, updates)
	}
	return nil
}

// planned gives the products as they shall be, and which of them are new. Those that exist were read before the transaction:
// they are locked, and refused when somebody changed them since.
func (c *Catalog) planned(ctx context.Context, plans []planned) ([]Product, []bool, error) {
	var ids []string
	for _, plan := range plans {
		if plan.old != nil {
			ids = append(ids, plan.old.ID)
		}
	}
	var locked []Product
	if len(ids) > 0 {
		var err error
		if locked, err = c.store.LockProducts(ctx, ids); err != nil {
			return nil, nil, err
		}
	}
	products, fresh := make([]Product, len(plans)), make([]bool, len(plans))
	for i, plan := range plans {
		if plan.old == nil {
			products[i], fresh[i] = c.newProduct(plan.fields), true
			continue
		}
		at := slices.IndexFunc(locked, func(p Product) bool { return p.ID == plan.old.ID })
		if at < 0 {
			return nil, nil, ErrProductNotFound.New("The product %q was deleted meanwhile.", plan.old.Handle)
		}
		p := locked[at]
		if p.Version != plan.old.Version {
			return nil, nil, conflict(p.Version)
		}
		p.Fields = plan.fields
		p.Version++
		p.UpdatedAt = c.now()
		products[i] = p
	}
	return products, fresh, nil
}

// ProductsAfter pages through all products by id, for exports.
func (c *Catalog) ProductsAfter(ctx context.Context, after string, limit int) ([]Product, error) {
	return c.store.ProductsAfter(ctx, after, limit)
}

// CategoryPaths gives the handles from the root down to each category, for exports.
func (c *Catalog) CategoryPaths(ctx context.Context, ids []string) (map[string][]string, error) {
	categories, err := c.store.CategoriesUp(ctx, ids)
	if err != nil {
		return nil, err
	}
	names := make(map[string]string, len(categories))
	for _, cat := range categories {
		names[cat.ID] = cat.Name
	}
	out := make(map[string][]string, len(ids))
	for _, cat := range categories {
		path := make([]string, 0, len(cat.AncestorIDs)+1)
		for _, ancestor := range cat.AncestorIDs {
			path = append(path, names[ancestor])
		}
		out[cat.ID] = append(path, cat.Name)
	}
	return out, nil
}

// EnsureCategory gives the id of the category at a path of names from the root, making what is missing. With dry nothing is
// made, and "" stands for a category that does not exist yet.
func (c *Catalog) EnsureCategory(ctx context.Context, path []string, dry bool) (string, error) {
	if len(path) > maxCategoryDepth {
		return "", ErrCategoryTree.New("The tree is at most %d deep.", maxCategoryDepth)
	}
	parentID, handle := "", ""
	for _, name := range path {
		cat, ok, err := c.store.CategoryChild(ctx, parentID, name)
		if err != nil {
			return "", err
		}
		if ok {
			parentID, handle = cat.ID, cat.Handle
			continue
		}
		if dry {
			return "", nil
		}
		made, err := c.makeCategory(ctx, parentID, handle, name)
		if err != nil {
			return "", err
		}
		parentID, handle = made.ID, made.Handle
	}
	return parentID, nil
}

// makeCategory adds a child; where its own handle is taken it takes one behind its parent's.
func (c *Catalog) makeCategory(ctx context.Context, parentID, parentHandle, name string) (Category, error) {
	cat, err := c.CreateCategory(ctx, CategoryFields{Name: name, ParentID: parentID})
	if !errs.Has(err, ErrHandleTaken) {
		return cat, err
	}
	handle := cut(parentHandle+"-"+HandleFor(name), maxHandleLength-7) + "-" + shortHash(parentID + name)[:6]
	return c.CreateCategory(ctx, CategoryFields{Name: name, ParentID: parentID, Handle: Slug(handle)})
}
