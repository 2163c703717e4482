package shopify

import (
	"errors"
	"regexp"
	"strconv"

	"github.com/cartwright-shop/cartwright/services/platform/errs"
)

var (
	itemPath  = regexp.MustCompile(`^product\.(variants|media|options)\[(\d+)\](?:\.(\w+)(?:\[(\d+)\])?)?`)
	entryPath = regexp.MustCompile(`^entries\[(\d+)\]`)
)

// refusal turns an error about a product into one about a row and column.
func (d *draft) refusal(err error) RowError {
	out := RowError{Handle: d.handle, Row: d.first.number, Reason: errs.ReasonOf(err), Message: messageOf(err)}
	var cell *cellError
	if errors.As(err, &cell) {
		out.Row, out.Column = cell.row.number, cell.row.cols.label(cell.column)
		return out
	}
	if r, col, ok := d.locate(fieldPath(err)); ok {
		out.Row, out.Column = r.number, r.cols.label(col)
	}
	return out
}

func messageOf(err error) string {
	if e, ok := errors.AsType[*errs.Error](err); ok {
		return e.Message()
	}
	return "The row could not be imported."
}

// locate finds the cell behind a field of the product.
func (d *draft) locate(path string) (row, column, bool) {
	switch path {
	case "product.title":
		return d.first, colTitle, true
	case "product.handle":
		return d.first, colHandle, true
	case "product.descriptionHtml":
		return d.first, colBody, true
	case "product.vendor":
		return d.first, colVendor, true
	case "product.productType":
		return d.first, colType, true
	}
	match := itemPath.FindStringSubmatch(path)
	if match == nil {
		switch {
		case len(path) >= len("product.tags") && path[:len("product.tags")] == "product.tags":
			return d.first, colTags, true
		case d.data != nil:
			return d.first, colData, true
		}
		return d.first, 0, false
	}
	at, err := strconv.Atoi(match[2])
	switch {
	case err != nil:
	case match[1] == "variants" && at < len(d.variants):
		return d.variants[at].row, d.variantColumn(match[3], match[4]), true
	case match[1] == "media" && at < len(d.pictures):
		col := d.pictures[at].column
		if match[3] == "altText" {
			col = colImageAlt
		}
		return d.pictures[at].row, col, true
	case match[1] == "options" && at < len(d.options):
		if match[3] == "name" {
			return d.first, optionName(d.options[at].index), true
		}
		return d.first, optionValue(d.options[at].index), true
	}
	return d.first, 0, false
}

func (d *draft) variantColumn(field, item string) column {
	switch field {
	case "barcode":
		return colBarcode
	case "weightGrams":
		return colGrams
	case "taxClass":
		return colTaxClass
	case "optionValues":
		if at, err := strconv.Atoi(item); err == nil && at < len(d.options) {
			return optionValue(d.options[at].index)
		}
		return colOption1Value
	}
	return colSKU
}
