package shopify

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/cartwright-shop/cartwright/services/product/internal/catalog"
)

// Exporter writes product files.
type Exporter struct {
	catalog *catalog.Catalog
	prices  Prices
	stock   Stock
}

// NewExporter makes an exporter.
func NewExporter(cat *catalog.Catalog, prices Prices, stock Stock) *Exporter {
	return &Exporter{catalog: cat, prices: prices, stock: stock}
}

// Scope says what goes into a file.
type Scope struct {
	Channel   string         // key; empty for the default
	PriceList string         // empty leaves the price columns out
	Location  string         // empty leaves the quantity column out
	Status    catalog.Status // empty for every product
}

const (
	exportPage  = 50
	exportChunk = 32 << 10
)

// export is one file under way.
type export struct {
	*Exporter
	scope   Scope
	columns []column
	buffer  bytes.Buffer
	csv     *csv.Writer
	emit    func(chunk []byte) error
}

// figures are what other services know of a page of products.
type figures struct {
	prices map[string]Price
	levels map[string]int64
	paths  map[string][]string
}

// Export writes the catalogue in the columns that Import reads, page by page in the order of the products' ids. Each chunk is
// valid only until emit returns.
func (ex *Exporter) Export(ctx context.Context, scope Scope, emit func(chunk []byte) error) error {
	ch, err := ex.catalog.Channel(ctx, scope.Channel)
	if err != nil {
		return err
	}
	scope.Channel = ch.Key
	e := &export{Exporter: ex, scope: scope, emit: emit}
	e.csv = csv.NewWriter(&e.buffer)
	var header []string
	for c := range columnCount {
		if (c == colPrice || c == colCompareAt) && scope.PriceList == "" || c == colQuantity && scope.Location == "" {
			continue
		}
		e.columns = append(e.columns, c)
		header = append(header, c.names()[0])
	}
	if err := e.csv.Write(header); err != nil {
		return fmt.Errorf("write csv: %w", err)
	}
	after := ""
	for {
		page, err := ex.catalog.ProductsAfter(ctx, after, exportPage)
		if err != nil {
			return err
		}
		if len(page) == 0 {
			return e.flush(true)
		}
		after = page[len(page)-1].ID
		if err := e.page(ctx, page); err != nil {
			return err
		}
	}
}

func (e *export) page(ctx context.Context, page []catalog.Product) error {
	if e.scope.Status != "" {
		page = slices.DeleteFunc(page, func(p catalog.Product) bool { return p.In(e.scope.Channel).Status != e.scope.Status })
	}
	fig, err := e.figures(ctx, page)
	if err != nil {
		return err
	}
	for _, p := range page {
		if err := e.product(p, fig); err != nil {
			return err
		}
		if err := e.flush(false); err != nil {
			return err
		}
	}
	return nil
}

// figures asks each other service once per 500 SKUs.
func (e *export) figures(ctx context.Context, page []catalog.Product) (figures, error) {
	fig := figures{prices: map[string]Price{}, levels: map[string]int64{}}
	var skus, categoryIDs []string
	for _, p := range page {
		skus = append(skus, p.SKUs()...)
		categoryIDs = append(categoryIDs, p.CategoryIDs...)
	}
	for part := range slices.Chunk(skus, maxEntries) {
		if e.scope.PriceList != "" {
			prices, err := e.prices.Prices(ctx, e.scope.PriceList, part)
			if err != nil {
				return fig, fmt.Errorf("get prices: %w", err)
			}
			maps.Copy(fig.prices, prices)
		}
		if e.scope.Location != "" {
			levels, err := e.stock.Levels(ctx, e.scope.Location, part)
			if err != nil {
				return fig, fmt.Errorf("get stock: %w", err)
			}
			maps.Copy(fig.levels, levels)
		}
	}
	var err error
	if len(categoryIDs) > 0 {
		fig.paths, err = e.catalog.CategoryPaths(ctx, categoryIDs)
	}
	return fig, err
}

// product writes as many rows as the product has variants or pictures.
func (e *export) product(p catalog.Product, fig figures) error {
	for i := range max(len(p.Variants), len(p.Media)) {
		cells := map[column]string{colHandle: p.Handle}
		if i == 0 {
			if err := e.common(cells, p, fig); err != nil {
				return err
			}
		}
		if i < len(p.Variants) {
			e.variant(cells, p, p.Variants[i], fig)
		}
		if i < len(p.Media) {
			m := p.Media[i]
			cells[colImage], cells[colImagePosition], cells[colImageAlt] = m.URL, strconv.Itoa(i+1), m.AltText
		}
		record := make([]string, len(e.columns))
		for j, c := range e.columns {
			record[j] = neutralise(cells[c])
		}
		if err := e.csv.Write(record); err != nil {
			return fmt.Errorf("write csv: %w", err)
		}
	}
	return nil
}

// common fills the cells that only a product's first row has.
func (e *export) common(cells map[column]string, p catalog.Product, fig figures) error {
	var categories [][]string
	for _, categoryID := range p.CategoryIDs {
		categories = append(categories, fig.paths[categoryID])
	}
	extra, err := json.Marshal(dataOf(p.Fields, categories))
	if err != nil {
		return fmt.Errorf("encode product data: %w", err)
	}
	cells[colTitle], cells[colBody], cells[colVendor], cells[colType] = p.Title, p.DescriptionHTML, p.Vendor, p.ProductType
	cells[colTags], cells[colData] = strings.Join(p.Tags, ", "), string(extra)
	if len(categories) > 0 {
		cells[colCategory] = strings.Join(categories[0], " > ")
	}
	switch p.In(e.scope.Channel).Status {
	case catalog.Published:
		cells[colStatus], cells[colPublished] = "active", "TRUE"
	case catalog.Archived:
		cells[colStatus], cells[colPublished] = "archived", "FALSE"
	default:
		cells[colStatus], cells[colPublished] = "draft", "FALSE"
	}
	for i, o := range p.Options {
		cells[optionName(i)] = o.Name
	}
	if len(p.Options) == 0 {
		cells[colOption1Name], cells[colOption1Value] = defaultOption, defaultValue
	}
	return nil
}

func (e *export) variant(cells map[column]string, p catalog.Product, v catalog.Variant, fig figures) {
	for i, value := range v.OptionValues {
		cells[optionValue(i)] = value
	}
	cells[colSKU], cells[colBarcode], cells[colTaxClass] = v.SKU, v.Barcode, v.TaxClass
	if strings.HasPrefix(v.Barcode, "'") {
		cells[colBarcode] = "'" + v.Barcode // the import takes one apostrophe off
	}
	cells[colGrams], cells[colShips] = strconv.Itoa(int(v.WeightGrams)), truthOut(v.RequiresShipping)
	cells[colTaxable] = truthOut(v.TaxClass != untaxed)
	for _, m := range p.Media {
		if slices.Contains(m.SKUs, v.SKU) {
			cells[colVariantImage] = m.URL
			break
		}
	}
	if price, ok := fig.prices[v.SKU]; ok {
		cells[colPrice] = price.Amount.Decimal()
		if price.CompareAt.Currency != "" {
			cells[colCompareAt] = price.CompareAt.Decimal()
		}
	}
	if level, ok := fig.levels[v.SKU]; ok {
		cells[colQuantity] = strconv.FormatInt(level, 10)
	}
}

func truthOut(b bool) string {
	if b {
		return "TRUE"
	}
	return "FALSE"
}

// flush sends what has gathered, in chunks of a size that suits a stream.
func (e *export) flush(all bool) error {
	e.csv.Flush()
	if err := e.csv.Error(); err != nil {
		return fmt.Errorf("write csv: %w", err)
	}
	for e.buffer.Len() >= exportChunk || all && e.buffer.Len() > 0 {
		if err := e.emit(e.buffer.Next(exportChunk)); err != nil {
			return err
		}
	}
	return nil
}
