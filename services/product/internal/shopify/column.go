package shopify

import (
	"fmt"
	"strings"
)

// column is what a cell means, whichever of the two dialects names it.
type column uint8

const (
	colHandle column = iota
	colTitle
	colBody
	colVendor
	colCategory
	colType
	colTags
	colPublished
	colStatus
	colOption1Name
	colOption1Value
	colOption2Name
	colOption2Value
	colOption3Name
	colOption3Value
	colSKU
	colBarcode
	colPrice
	colCompareAt
	colQuantity
	colGrams
	colShips
	colTaxable
	colImage
	colImagePosition
	colImageAlt
	colVariantImage
	colTaxClass
	colData
	columnCount
)

// names gives the names of a column: first the older dialect, which exports use, then the newer one. The last two are ours: a
// Shopify file cannot hold tax classes, and nothing else that the columns before cannot.
func (c column) names() []string {
	return [columnCount][]string{
		colHandle:        {"Handle", "URL handle"},
		colTitle:         {"Title"},
		colBody:          {"Body (HTML)", "Description"},
		colVendor:        {"Vendor"},
		colCategory:      {"Product Category"},
		colType:          {"Type"},
		colTags:          {"Tags"},
		colPublished:     {"Published", "Published on online store"},
		colStatus:        {"Status"},
		colOption1Name:   {"Option1 Name"},
		colOption1Value:  {"Option1 Value"},
		colOption2Name:   {"Option2 Name"},
		colOption2Value:  {"Option2 Value"},
		colOption3Name:   {"Option3 Name"},
		colOption3Value:  {"Option3 Value"},
		colSKU:           {"Variant SKU", "SKU"},
		colBarcode:       {"Variant Barcode", "Barcode"},
		colPrice:         {"Variant Price", "Price"},
		colCompareAt:     {"Variant Compare At Price", "Compare-at price"},
		colQuantity:      {"Variant Inventory Qty", "Inventory quantity"},
		colGrams:         {"Variant Grams", "Weight value (grams)"},
		colShips:         {"Variant Requires Shipping", "Requires shipping"},
		colTaxable:       {"Variant Taxable", "Charge tax"},
		colImage:         {"Image Src", "Product image URL"},
		colImagePosition: {"Image Position"},
		colImageAlt:      {"Image Alt Text"},
		colVariantImage:  {"Variant Image", "Variant image URL"},
		colTaxClass:      {"Cartwright Tax Class"},
		colData:          {"Cartwright Data"},
	}[c]
}

// columns says where the cells of a file are.
type columns struct {
	at      [columnCount]int // -1 when the file does not have it
	name    [columnCount]string
	width   int
	ignored []string
}

const maxColumns = 1000

func readColumns(header []string) (columns, error) {
	known := map[string]column{}
	for c := range columnCount {
		for _, name := range c.names() {
			known[strings.ToLower(name)] = c
		}
	}
	out := columns{width: len(header)}
	for c := range columnCount {
		out.at[c] = -1
	}
	if len(header) > maxColumns {
		return out, ErrFileMalformed.New("The file has more than %d columns.", maxColumns)
	}
	for i, raw := range header {
		name := strings.TrimSpace(raw)
		c, ok := known[strings.ToLower(name)]
		if !ok {
			if name != "" {
				out.ignored = append(out.ignored, strings.ToValidUTF8(name, "?"))
			}
			continue
		}
		if out.at[c] >= 0 {
			return out, ErrColumnMissing.New("The columns %q and %q mean the same.", out.name[c], name)
		}
		out.at[c], out.name[c] = i, name
	}
	if out.at[colTitle] < 0 {
		return out, ErrColumnMissing.New("The file has no column %q; it has %s.", "Title", someOf(header))
	}
	return out, nil
}

func someOf(header []string) string {
	if len(header) > 5 {
		header = header[:5]
	}
	return strings.ToValidUTF8(fmt.Sprintf("%.40q", header), "?")
}

func (c columns) has(col column) bool { return c.at[col] >= 0 }

// label is the name of a column in this file, for reports.
func (c columns) label(col column) string {
	if c.name[col] != "" {
		return c.name[col]
	}
	return col.names()[0]
}

func optionName(i int) column  { return colOption1Name + column(2*i) }
func optionValue(i int) column { return colOption1Value + column(2*i) }

// row is one record of the file.
type row struct {
	number int64
	cells  []string
	cols   *columns
}

// get gives a cell without the space around it and without the mark that keeps spreadsheets from running it.
func (r row) get(col column) string { return strings.TrimSpace(r.raw(col)) }

func (r row) raw(col column) string {
	at := r.cols.at[col]
	if at < 0 || at >= len(r.cells) {
		return ""
	}
	return revive(r.cells[at])
}

// neutralise marks a cell that a spreadsheet would run as a formula; revive takes the mark off. The mark is an apostrophe, and
// a text that looks marked already gets another one, so revive is the exact inverse.
func neutralise(cell string) string {
	if formula(cell) {
		return "'" + cell
	}
	return cell
}

func revive(cell string) string {
	if len(cell) > 1 && cell[0] == '\'' && formula(cell[1:]) {
		return cell[1:]
	}
	return cell
}

func formula(cell string) bool {
	rest := strings.TrimLeft(cell, "'")
	return rest != "" && strings.IndexByte("=+-@\t\r", rest[0]) >= 0
}
