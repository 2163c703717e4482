package shopify

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/cartwright-shop/cartwright/services/platform/errs"
	"github.com/cartwright-shop/cartwright/services/platform/id"
	"github.com/cartwright-shop/cartwright/services/product/internal/catalog"
)

// Importer brings product files into the shop.
type Importer struct {
	catalog *catalog.Catalog
	prices  Prices
	stock   Stock
}

// NewImporter makes an importer.
func NewImporter(cat *catalog.Catalog, prices Prices, stock Stock) *Importer {
	return &Importer{catalog: cat, prices: prices, stock: stock}
}

// A batch is what is written at once: enough to make a commit worth its while, little enough to hold.
const (
	batchProducts = 50
	batchVariants = 500
)

// run is one import under way.
type run struct {
	*Importer
	header     Header
	report     *Report
	batch      []*draft
	variants   int
	step       int
	categories map[string]string // ids by path
}

// Import reads a file to its end. What is wrong in it is in the report; an error means that the import broke off, and that
// what was read so far is imported: run again, it goes through the same file and changes only what is left.
func (im *Importer) Import(ctx context.Context, h Header, src io.Reader) (Report, error) {
	report := Report{DryRun: h.DryRun}
	ch, err := im.catalog.Channel(ctx, h.Channel)
	if err != nil {
		return report, err
	}
	h.Channel = ch.Key
	if h.Currency == "" {
		h.Currency = ch.DefaultCurrency
	}
	if h.RequestID == "" {
		h.RequestID = id.New()
	}
	rows, err := newReader(src, &report)
	if err != nil {
		return report, err
	}
	r := &run{Importer: im, header: h, report: &report, categories: map[string]string{}}
	for {
		g, err := rows.next()
		report.RowsRead = rows.rows
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return report, err
		}
		if err := r.add(ctx, g); err != nil {
			return report, err
		}
	}
	err = r.flush(ctx)
	slices.SortStableFunc(report.Errors, func(a, b RowError) int { return int(a.Row - b.Row) })
	return report, err
}

func (r *run) add(ctx context.Context, g group) error {
	if g.err != nil {
		r.report.Failed++
		r.report.fail(*g.err)
		return nil
	}
	d, err := newDraft(g, r.header)
	if err != nil {
		r.report.Failed++
		r.report.fail((&draft{handle: g.handle, first: g.rows[0]}).refusal(err))
		return nil
	}
	if err := r.categorise(ctx, d); err != nil {
		if transient(err) {
			return err
		}
		r.report.Failed++
		r.report.fail(d.refusal(err))
		return nil
	}
	if len(r.batch) == batchProducts || r.variants+len(d.variants) > batchVariants {
		if err := r.flush(ctx); err != nil {
			return err
		}
	}
	r.batch = append(r.batch, d)
	r.variants += len(d.variants)
	return nil
}

// categorise finds or makes the categories a product names: all of those in the data column, else the one of Shopify's column,
// written "Clothing > Shirts".
func (r *run) categorise(ctx context.Context, d *draft) error {
	var paths [][]string
	switch name := d.first.get(colCategory); {
	case d.data != nil:
		paths = d.data.Categories
	case name != "":
		var path []string
		for part := range strings.SplitSeq(name, ">") {
			if part = strings.TrimSpace(part); part != "" {
				path = append(path, part)
			}
		}
		paths = append(paths, path)
	default:
		return nil
	}
	ids := []string{}
	for _, path := range paths {
		key := strings.Join(path, "\x00")
		categoryID, ok := r.categories[key]
		if !ok && len(path) > 0 {
			var err error
			if categoryID, err = r.catalog.EnsureCategory(ctx, path, r.header.DryRun); err != nil {
				return d.first.refuse(d.categoryColumn(), err)
			}
			r.categories[key] = categoryID
		}
		if categoryID != "" {
			ids = append(ids, categoryID)
		} else {
			d.missing = d.missing || len(path) > 0
		}
	}
	d.categories = &ids
	return nil
}

func (d *draft) categoryColumn() column {
	if d.data != nil {
		return colData
	}
	return colCategory
}

// flush writes the batch: products in one transaction, then their prices and quantities to the services that own them.
func (r *run) flush(ctx context.Context) error {
	if len(r.batch) == 0 {
		return nil
	}
	batch := r.batch
	r.batch, r.variants = nil, 0
	r.step++
	incoming := make([]catalog.Incoming, len(batch))
	for i, d := range batch {
		incoming[i] = catalog.Incoming{Handle: d.handle, Merge: d.merge, Status: d.status}
	}
	outcomes, err := r.catalog.Put(ctx, r.header.Channel, incoming, r.header.DryRun)
	if err != nil {
		return fmt.Errorf("import products: %w", err)
	}
	good := batch[:0:0]
	for i, out := range outcomes {
		if out.Err != nil {
			r.report.Failed++
			r.report.fail(batch[i].refusal(out.Err))
			continue
		}
		r.count(batch[i], out.Change)
		good = append(good, batch[i])
		for _, e := range batch[i].soft {
			r.report.fail(e)
		}
	}
	if err := r.setPrices(ctx, good); err != nil {
		return err
	}
	return r.setStock(ctx, good)
}

func (r *run) count(d *draft, change catalog.Change) {
	if change == catalog.Unchanged && d.missing {
		change = catalog.Updated
	}
	switch change {
	case catalog.Created:
		r.report.Created++
	case catalog.Updated:
		r.report.Updated++
	default:
		r.report.Unchanged++
	}
}

// transient errors end an import, since everything after them would fail too; the others are about the file.
func transient(err error) bool {
	switch errs.CodeOf(err) {
	case errs.Invalid, errs.NotFound, errs.AlreadyExists, errs.FailedPrecondition, errs.Unprocessable, errs.Aborted,
		errs.PermissionDenied, errs.TooLarge:
		return false
	}
	return true
}
