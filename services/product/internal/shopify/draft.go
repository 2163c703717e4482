package shopify

import (
	"fmt"
	"slices"
	"strings"

	"github.com/cartwright-shop/cartwright/services/platform/money"
	"github.com/cartwright-shop/cartwright/services/product/internal/catalog"
)

// draft is a product as a file describes it, before it meets what the shop has.
type draft struct {
	handle     string
	first      row
	status     catalog.Status
	data       *data
	options    []draftOption
	variants   []draftVariant
	images     []image
	categories *[]string // ids; nil keeps what is there
	// missing is set in a dry run when a category would have to be made.
	missing bool
	// soft are errors that cost a quantity, not the product.
	soft []RowError
	// skus are those of the variants after the merge, in their order.
	skus []string
	// pictures are the cells behind the media after the merge, in their order.
	pictures []picture
}

type draftOption struct {
	index int // 0..2, the column
	name  string
}

type draftVariant struct {
	row       row
	values    []string
	price     *money.Money
	compareAt money.Money
	quantity  *int64
}

type image struct {
	row      row
	url      string
	alt      string
	position int64
}

type picture struct {
	row    row
	column column
}

const (
	defaultOption = "Title"
	defaultValue  = "Default Title"
)

// newDraft reads what does not depend on the shop. Errors are of type *cellError.
func newDraft(g group, h Header) (*draft, error) {
	d := &draft{handle: g.handle, first: g.rows[0]}
	var err error
	if d.status, err = d.first.status(); err != nil {
		return nil, err
	}
	if d.status == "" {
		d.status = h.DefaultStatus
	}
	if d.data, err = d.first.data(); err != nil {
		return nil, err
	}
	var variantRows []row
	for i, r := range g.rows {
		if i == 0 || r.isVariant() {
			variantRows = append(variantRows, r)
		}
		if url := r.get(colImage); url != "" {
			img := image{row: r, url: url, alt: r.get(colImageAlt), position: int64(i + 1)}
			if r.get(colImagePosition) != "" {
				at, ok := r.whole(colImagePosition)
				if !ok {
					return nil, r.refuse(colImagePosition, ErrCellInvalid.New("%q is no position.", clip(r.get(colImagePosition))))
				}
				img.position = at
			}
			if !slices.ContainsFunc(d.images, func(x image) bool { return x.url == url }) {
				d.images = append(d.images, img)
			}
		}
	}
	slices.SortStableFunc(d.images, func(a, b image) int { return int(max(-1, min(1, a.position-b.position))) })
	d.readOptions(g.rows, variantRows)
	for _, r := range variantRows {
		if err := d.readVariant(r, h); err != nil {
			return nil, err
		}
	}
	return d, nil
}

// isVariant tells a row of a variant from one that only brings another picture.
func (r row) isVariant() bool {
	for _, col := range []column{colOption1Value, colOption2Value, colOption3Value, colSKU, colBarcode, colPrice, colQuantity} {
		if r.get(col) != "" {
			return true
		}
	}
	return false
}

// readOptions finds which option columns the product uses. A product without options says "Title", "Default Title".
func (d *draft) readOptions(rows, variantRows []row) {
	for i := range catalog.MaxOptions {
		name, used, plain := "", false, true
		for _, r := range rows {
			if name == "" {
				name = r.get(optionName(i))
			}
		}
		for _, r := range variantRows {
			if v := r.get(optionValue(i)); v != "" {
				used = true
				plain = plain && v == defaultValue
			}
		}
		if !used || plain && (name == "" || name == defaultOption) {
			continue
		}
		d.options = append(d.options, draftOption{index: i, name: name})
	}
}

func (d *draft) readVariant(r row, h Header) error {
	v := draftVariant{row: r}
	for _, o := range d.options {
		value := r.get(optionValue(o.index))
		if value == "" {
			return r.refuse(optionValue(o.index), catalog.ErrVariantsInvalid.New("Other variants have a value for this option, this one has none."))
		}
		v.values = append(v.values, value)
	}
	if h.PriceList != "" {
		var err error
		if v.price, err = r.amount(colPrice, h.Currency); err != nil {
			return err
		}
		compareAt, err := r.amount(colCompareAt, h.Currency)
		if err != nil {
			return err
		}
		if compareAt != nil {
			v.compareAt = *compareAt
		}
	}
	if text := r.get(colQuantity); text != "" && h.Location != "" {
		n, ok := r.whole(colQuantity)
		if !ok || n < 0 || n > 1_000_000_000 {
			// Shops that sold more than they had export negative quantities: that must not cost them the product.
			d.soft = append(d.soft, RowError{
				Row: r.number, Column: r.cols.label(colQuantity), Handle: d.handle, Reason: ErrQuantityRange.Reason(),
				Message: fmt.Sprintf("The quantity %q was not taken over: it is a whole number from 0 to 1,000,000,000.", clip(text)),
			})
		} else {
			v.quantity = &n
		}
	}
	d.variants = append(d.variants, v)
	return nil
}

// merge gives the product as it shall be. Columns that the file does not have keep what is there; empty cells clear it.
func (d *draft) merge(old *catalog.Fields) (catalog.Fields, error) {
	var f catalog.Fields
	if old != nil {
		f = *old
	}
	f.Handle = d.handle
	if title := d.first.get(colTitle); title != "" || old == nil {
		f.Title = title
	}
	for _, text := range []struct {
		col  column
		into *string
	}{{colBody, &f.DescriptionHTML}, {colVendor, &f.Vendor}, {colType, &f.ProductType}} {
		if d.first.cols.has(text.col) {
			*text.into = d.first.get(text.col)
		}
	}
	if d.first.cols.has(colBody) {
		f.DescriptionHTML = d.first.raw(colBody)
	}
	if d.first.cols.has(colTags) {
		f.Tags = splitTags(d.first.get(colTags))
	}
	if d.categories != nil {
		f.CategoryIDs = slices.Clone(*d.categories)
	}
	if d.data != nil {
		f.Attributes, f.Translations = attributesIn(d.data.Attributes), translationsIn(d.data.Translations)
		if len(d.data.Tags) > 0 {
			f.Tags = slices.Clone(d.data.Tags)
		}
	}
	if err := d.mergeVariants(&f, old); err != nil {
		return f, err
	}
	d.mergeMedia(&f, old)
	return f, nil
}

func splitTags(text string) []string {
	var tags []string
	for tag := range strings.SplitSeq(text, ",") {
		if tag = strings.TrimSpace(tag); tag != "" {
			tags = append(tags, tag)
		}
	}
	return tags
}

func (d *draft) mergeVariants(f *catalog.Fields, old *catalog.Fields) error {
	var before catalog.Fields
	if old != nil {
		before = *old
	}
	f.Options = make([]catalog.Option, 0, len(d.options))
	for i, o := range d.options {
		f.Options = append(f.Options, d.mergeOption(i, o, before.Options))
	}
	f.Variants = make([]catalog.Variant, 0, len(d.variants))
	taken := map[string]bool{}
	for _, dv := range d.variants {
		taken[dv.row.get(colSKU)] = true
	}
	d.skus = d.skus[:0]
	for _, dv := range d.variants {
		v, err := d.mergeVariant(dv, before.Variants, taken)
		if err != nil {
			return err
		}
		f.Variants = append(f.Variants, v)
		d.skus = append(d.skus, v.SKU)
	}
	return nil
}

// mergeOption names an option and orders its values: as the export wrote them down, else as the shop has them, then by their
// rows.
func (d *draft) mergeOption(at int, o draftOption, before []catalog.Option) catalog.Option {
	out := catalog.Option{Name: o.name}
	if out.Name == "" && at < len(before) {
		out.Name = before[at].Name
	}
	if out.Name == "" {
		out.Name = fmt.Sprintf("Option %d", o.index+1)
	}
	used := make([]string, len(d.variants))
	for i, dv := range d.variants {
		used[i] = dv.values[at]
	}
	if d.data != nil {
		for _, do := range d.data.Options {
			if do.Name == out.Name {
				out.Values = slices.Clone(do.Values)
			}
		}
	} else {
		for _, bo := range before {
			if bo.Name == out.Name {
				out.Values = slices.DeleteFunc(slices.Clone(bo.Values), func(v string) bool { return !slices.Contains(used, v) })
			}
		}
	}
	for _, v := range used {
		if !slices.Contains(out.Values, v) {
			out.Values = append(out.Values, v)
		}
	}
	return out
}

func (d *draft) mergeVariant(dv draftVariant, before []catalog.Variant, taken map[string]bool) (catalog.Variant, error) {
	r := dv.row
	v := catalog.Variant{SKU: r.get(colSKU), RequiresShipping: true}
	for _, b := range before {
		if v.SKU == b.SKU || v.SKU == "" && slices.Equal(b.OptionValues, dv.values) {
			v = b
			break
		}
	}
	if v.SKU == "" {
		v.SKU = catalog.DeriveSKU(d.handle, dv.values)
		if taken[v.SKU] {
			v.SKU = catalog.DeriveSKUApart(d.handle, dv.values)
		}
		taken[v.SKU] = true
	}
	v.OptionValues = dv.values
	has := r.cols.has
	var err error
	if has(colBarcode) {
		// Shopify marks barcodes as text, which has nothing to do with formulas.
		v.Barcode = strings.TrimPrefix(r.get(colBarcode), "'")
	}
	if has(colGrams) {
		if v.WeightGrams, err = r.grams(); err != nil {
			return v, err
		}
	}
	if has(colShips) {
		if v.RequiresShipping, err = r.truth(colShips, true); err != nil {
			return v, err
		}
	}
	v.TaxClass, err = r.taxClass(v.TaxClass)
	return v, err
}

// untaxed is the class of what Shopify calls not taxable.
const untaxed = "zero"

func (r row) taxClass(before string) (string, error) {
	if class := r.get(colTaxClass); class != "" {
		return class, nil
	}
	taxable, err := r.truth(colTaxable, true)
	switch {
	case err != nil || !r.cols.has(colTaxable):
		return before, err
	case !taxable:
		return untaxed, nil
	case before == untaxed:
		return "", nil
	}
	return before, nil
}

func (d *draft) mergeMedia(f *catalog.Fields, old *catalog.Fields) {
	var before []catalog.Media
	if old != nil {
		before = old.Media
	}
	links := map[string][]string{}
	d.pictures = d.pictures[:0]
	f.Media = nil
	if d.first.cols.has(colImage) {
		for _, img := range d.images {
			m := catalog.Media{URL: img.url, AltText: img.alt}
			if at := mediaAt(before, img.url); at >= 0 && !d.first.cols.has(colImageAlt) {
				m.AltText = before[at].AltText
			}
			f.Media = append(f.Media, m)
			d.pictures = append(d.pictures, picture{img.row, colImage})
		}
	} else {
		f.Media = slices.Clone(before)
		for range before {
			d.pictures = append(d.pictures, picture{d.first, colImage})
		}
	}
	for i, dv := range d.variants {
		url := dv.row.get(colVariantImage)
		if url == "" {
			continue
		}
		if mediaAt(f.Media, url) < 0 {
			f.Media = append(f.Media, catalog.Media{URL: url})
			d.pictures = append(d.pictures, picture{dv.row, colVariantImage})
		}
		links[url] = append(links[url], d.skus[i])
	}
	switch {
	case d.data != nil:
		clear(links)
		for _, m := range d.data.Media {
			links[m.URL] = m.SKUs
		}
	case !d.first.cols.has(colVariantImage):
		for _, m := range before {
			links[m.URL] = m.SKUs
		}
	}
	for i := range f.Media {
		f.Media[i].SKUs = slices.DeleteFunc(slices.Clone(links[f.Media[i].URL]), func(sku string) bool { return !slices.Contains(d.skus, sku) })
	}
}

func mediaAt(list []catalog.Media, url string) int {
	return slices.IndexFunc(list, func(m catalog.Media) bool { return m.URL == url })
}
