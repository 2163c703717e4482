package shopify

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"
)

// entry is one figure of the file for another service, with the cell it came from.
type entry[T any] struct {
	draft  *draft
	row    row
	column column
	sku    string
	value  T
}

// maxEntries is what pricing and inventory take at once.
const maxEntries = 500

// setPrices brings the prices that are new or different to pricing.
func (r *run) setPrices(ctx context.Context, batch []*draft) error {
	if r.header.PriceList == "" {
		return nil
	}
	var all []entry[Price]
	for _, d := range batch {
		for i, dv := range d.variants {
			if dv.price != nil {
				price := Price{SKU: d.skus[i], Amount: *dv.price, CompareAt: dv.compareAt}
				all = append(all, entry[Price]{draft: d, row: dv.row, column: colPrice, sku: d.skus[i], value: price})
			}
		}
	}
	return spread(ctx, r, all, target[Price]{
		name: "prices", count: &r.report.PricesSet,
		differs: func(ctx context.Context, part []entry[Price]) ([]entry[Price], error) {
			have, err := r.prices.Prices(ctx, r.header.PriceList, skusOf(part))
			return slices.DeleteFunc(part, func(e entry[Price]) bool {
				old, ok := have[e.sku]
				return ok && old == e.value
			}), err
		},
		set: func(ctx context.Context, requestID string, values []Price) error {
			return r.prices.SetPrices(ctx, requestID, r.header.PriceList, values)
		},
	})
}

// setStock brings the quantities that are new or different to inventory.
func (r *run) setStock(ctx context.Context, batch []*draft) error {
	if r.header.Location == "" {
		return nil
	}
	var all []entry[Level]
	for _, d := range batch {
		for i, dv := range d.variants {
			if dv.quantity != nil {
				level := Level{SKU: d.skus[i], OnHand: *dv.quantity}
				all = append(all, entry[Level]{draft: d, row: dv.row, column: colQuantity, sku: d.skus[i], value: level})
			}
		}
	}
	return spread(ctx, r, all, target[Level]{
		name: "stock", count: &r.report.StockSet,
		differs: func(ctx context.Context, part []entry[Level]) ([]entry[Level], error) {
			have, err := r.stock.Levels(ctx, r.header.Location, skusOf(part))
			return slices.DeleteFunc(part, func(e entry[Level]) bool {
				old, ok := have[e.sku]
				return ok && old == e.value.OnHand
			}), err
		},
		set: func(ctx context.Context, requestID string, values []Level) error {
			return r.stock.SetLevels(ctx, requestID, r.header.Location, values)
		},
	})
}

func skusOf[T any](part []entry[T]) []string {
	skus := make([]string, len(part))
	for i, e := range part {
		skus[i] = e.sku
	}
	return skus
}

// target is where entries go.
type target[T any] struct {
	name    string
	count   *int64
	differs func(ctx context.Context, part []entry[T]) ([]entry[T], error)
	set     func(ctx context.Context, requestID string, values []T) error
}

// spread sends entries that differ in pieces. What the other service refuses is reported with its row; the products stay.
func spread[T any](ctx context.Context, r *run, all []entry[T], to target[T]) error {
	piece := 0
	for part := range slices.Chunk(all, maxEntries) {
		piece++
		part, err := to.differs(ctx, slices.Clone(part))
		if err != nil {
			if transient(err) {
				return fmt.Errorf("compare %s: %w", to.name, err)
			}
			refuse(r, part, err)
			continue
		}
		if r.header.DryRun {
			*to.count += int64(len(part))
			continue
		}
		if err := send(ctx, r, part, to, piece); err != nil {
			return err
		}
	}
	return nil
}

// send writes all entries or none; entries that the answer names are reported and the others sent again, as often as it takes.
func send[T any](ctx context.Context, r *run, part []entry[T], to target[T], piece int) error {
	for attempt := 0; len(part) > 0; attempt++ {
		values := make([]T, len(part))
		for i, e := range part {
			values[i] = e.value
		}
		err := to.set(ctx, r.requestID(to.name, piece, attempt, fmt.Sprint(values)), values)
		if err == nil {
			*to.count += int64(len(part))
			return nil
		}
		if transient(err) {
			return fmt.Errorf("set %s: %w", to.name, err)
		}
		at, ok := entryAt(err, len(part))
		if !ok {
			refuse(r, part, err)
			return nil
		}
		refuse(r, part[at:at+1], err)
		part = slices.Delete(part, at, at+1)
	}
	return nil
}

func entryAt(err error, n int) (int, bool) {
	match := entryPath.FindStringSubmatch(fieldPath(err))
	if match == nil {
		return 0, false
	}
	at, convErr := strconv.Atoi(match[1])
	return at, convErr == nil && at < n
}

func refuse[T any](r *run, part []entry[T], err error) {
	for _, e := range part {
		out := e.draft.refusal(err)
		out.Row, out.Column = e.row.number, e.row.cols.label(e.column)
		r.report.fail(out)
	}
}

// requestID names one write, so that repeating the import with the same header repeats no write that was answered. What is
// written is part of the name: a file that was mended in between is another request.
func (r *run) requestID(name string, piece, attempt int, content string) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s\x00%s\x00%d\x00%d\x00%d\x00%s", r.header.RequestID, name, r.step, piece, attempt, content))
	return "import-" + name + "-" + hex.EncodeToString(sum[:16])
}
