package catalog

import (
	"context"
	"slices"
	"strings"

	"github.com/cartwright-shop/cartwright/services/platform/errs"
	"github.com/cartwright-shop/cartwright/services/platform/id"
	"github.com/cartwright-shop/cartwright/services/platform/identity"
)

// View says from where a product is looked at.
type View struct {
	Channel            string // key; empty for the default
	Locale             string // empty for the channel's default
	IncludeUnpublished bool   // staff and services only
}

// Seen is a product as one channel shows it.
type Seen struct {
	Product
	Publication Publication
	Locale      string // empty for the base text
}

func (v View) allowed(ctx context.Context) error {
	if v.IncludeUnpublished && !mayManage(identity.From(ctx)) {
		return ErrStaffOnly.At("includeUnpublished", "Only staff and services may see what is not published.")
	}
	return nil
}

// look resolves the channel of a view. Staff may look at products before the shop has any channel.
func (c *Catalog) look(ctx context.Context, v View) (Channel, error) {
	if err := v.allowed(ctx); err != nil {
		return Channel{}, err
	}
	ch, err := c.channel(ctx, v.Channel)
	if v.IncludeUnpublished && v.Channel == "" && errs.Has(err, ErrChannelUnknown) {
		return Channel{}, nil
	}
	return ch, err
}

func (v View) of(p Product, ch Channel) (Seen, bool) {
	pub := p.In(ch.Key)
	seen := Seen{Product: p, Publication: pub}
	if v.IncludeUnpublished && v.Locale == "" {
		return seen, true
	}
	if pub.Status != Published && !v.IncludeUnpublished {
		return Seen{}, false
	}
	seen.Locale = ch.Resolve(v.Locale)
	seen.Product = p.Localize(localeChain(seen.Locale, ch.DefaultLocale))
	if !v.IncludeUnpublished {
		seen.Translations, seen.Publications = nil, nil
	}
	return seen, true
}

// Product gives one product. One that the viewer may not see does not exist for them.
func (c *Catalog) Product(ctx context.Context, key Key, v View) (Seen, error) {
	ch, err := c.look(ctx, v)
	if err != nil {
		return Seen{}, err
	}
	p, err := c.store.Product(ctx, key)
	if err != nil {
		return Seen{}, err
	}
	seen, ok := v.of(p, ch)
	if !ok {
		return Seen{}, ErrProductNotFound.New("There is no such product in this channel.")
	}
	return seen, nil
}

// Products gives those of the ids that exist and may be seen, in the order asked, each once.
func (c *Catalog) Products(ctx context.Context, ids []string, v View) ([]Seen, error) {
	ch, err := c.look(ctx, v)
	if err != nil {
		return nil, err
	}
	found, err := c.store.Products(ctx, ids)
	if err != nil {
		return nil, err
	}
	byID := make(map[string]Product, len(found))
	for _, p := range found {
		byID[p.ID] = p
	}
	out := make([]Seen, 0, len(found))
	for _, productID := range canonicalIDs(ids) {
		p, ok := byID[productID]
		if !ok {
			continue
		}
		delete(byID, productID)
		if seen, ok := v.of(p, ch); ok {
			out = append(out, seen)
		}
	}
	return out, nil
}

// Offer is what some SKUs are in a channel and locale.
type Offer struct {
	Variants []Sellable
	Channel  string
	Locale   string
}

// Variants answers for carts, in the order the SKUs were first asked. One query.
func (c *Catalog) Variants(ctx context.Context, skus []string, v View) (Offer, error) {
	ch, err := c.channel(ctx, v.Channel)
	if err != nil {
		return Offer{}, err
	}
	locale := ch.Resolve(v.Locale)
	found, err := c.store.Sellable(ctx, ch.Key, locale, skus)
	if err != nil {
		return Offer{}, err
	}
	at := make(map[string]int, len(found))
	for i := range found {
		at[found[i].SKU] = i
	}
	out := make([]Sellable, 0, len(found))
	for _, sku := range skus {
		if i, ok := at[sku]; ok {
			out = append(out, found[i])
			delete(at, sku)
		}
	}
	return Offer{Variants: out, Channel: ch.Key, Locale: locale}, nil
}

// Sort orders a list.
type Sort uint8

// The orders; ByDefault is ByPosition when a collection is the filter, else ByNewest.
const (
	ByDefault Sort = iota
	ByNewest
	ByTitle
	ByPosition
)

// Filter narrows a list; everything given must hold.
type Filter struct {
	Category   string // id or handle
	Collection string // id or handle
	Tags       []string
	Attributes []AttributeFilter
	Vendors    []string
	Status     Status // empty for all the viewer may see
}

// AttributeFilter keeps products that have any of the values.
type AttributeFilter struct {
	Key    string
	Values []string
}

// query resolves a view and a filter to a query of the read model.
func (c *Catalog) query(ctx context.Context, v View, f Filter) (ListQuery, Channel, error) {
	if err := v.allowed(ctx); err != nil {
		return ListQuery{}, Channel{}, err
	}
	ch, err := c.channel(ctx, v.Channel)
	if err != nil {
		return ListQuery{}, Channel{}, err
	}
	q := ListQuery{Channel: ch.Key, Locale: ch.Resolve(v.Locale), Statuses: []Status{Published}}
	switch {
	case f.Status != "" && f.Status != Published && !v.IncludeUnpublished:
		return ListQuery{}, Channel{}, ErrStaffOnly.At("filter.status", "Only staff may list what is not published, and only with includeUnpublished.")
	case f.Status != "":
		q.Statuses = []Status{f.Status}
	case v.IncludeUnpublished:
		q.Statuses = []Status{Draft, Published, Archived}
	}
	if f.Category != "" {
		categoryID := strings.ToLower(f.Category)
		if !id.Valid(categoryID) {
			cat, err := c.store.CategoryByHandle(ctx, f.Category)
			if err != nil {
				return ListQuery{}, Channel{}, err
			}
			categoryID = cat.ID
		}
		q.All = append(q.All, categoryToken+categoryID)
	}
	if f.Collection != "" {
		q.Collection = strings.ToLower(f.Collection)
		if !id.Valid(q.Collection) {
			col, err := c.store.CollectionByHandle(ctx, f.Collection)
			if err != nil {
				return ListQuery{}, Channel{}, err
			}
			q.Collection = col.ID
		}
	}
	f.tokens(&q)
	return q, ch, nil
}

func (f Filter) tokens(q *ListQuery) {
	for _, tag := range f.Tags {
		q.All = append(q.All, tagToken+tag)
	}
	oneOf := func(tokens []string) {
		switch len(tokens) {
		case 0:
		case 1:
			q.All = append(q.All, tokens[0])
		default:
			q.Any = append(q.Any, tokens)
		}
	}
	for _, a := range f.Attributes {
		tokens := make([]string, len(a.Values))
		for i, value := range a.Values {
			tokens[i] = attributeTokenOf(a.Key, value)
		}
		oneOf(tokens)
	}
	vendors := make([]string, len(f.Vendors))
	for i, vendor := range f.Vendors {
		vendors[i] = vendorToken + vendor
	}
	oneOf(vendors)
}

// Page is one page of a list.
type Page struct {
	Products []Summary
	Next     *Cursor // nil on the last page
	Channel  string
	Locale   string
}

// ListRequest asks for one page of a channel's products.
type ListRequest struct {
	View   View
	Filter Filter
	Sort   Sort
	After  Cursor
	Limit  int
}

// List gives one page of a channel's products. One keyset query; nothing is counted.
func (c *Catalog) List(ctx context.Context, r ListRequest) (Page, error) {
	q, ch, err := c.query(ctx, r.View, r.Filter)
	if err != nil {
		return Page{}, err
	}
	q.Sort = r.Sort
	if q.Sort == ByDefault {
		q.Sort = ByNewest
		if q.Collection != "" {
			q.Sort = ByPosition
		}
	}
	if q.Sort == ByPosition && q.Collection == "" {
		return Page{}, ErrFilterInvalid.At("sort", "The order of a collection needs a collection as the filter.")
	}
	q.After, q.Limit = r.After, r.Limit+1
	found, err := c.store.List(ctx, q)
	if err != nil {
		return Page{}, err
	}
	page := Page{Channel: ch.Key, Locale: q.Locale}
	page.Products, page.Next = pageOf(found, r.Limit)
	return page, nil
}

// pageOf cuts the one row too many that says whether there is a next page.
func pageOf(found []Summary, limit int) ([]Summary, *Cursor) {
	if len(found) <= limit {
		return found, nil
	}
	found = slices.Clip(found[:limit])
	next := found[limit-1].Cursor
	return found, &next
}

func mayManage(p identity.Principal) bool {
	return p.Kind == identity.Staff || p.Kind == identity.Service
}
