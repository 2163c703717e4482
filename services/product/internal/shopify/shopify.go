// Package shopify reads and writes product files as Shopify does: CSV with several rows per product, in the older and the newer
// column names. It turns rows into products of the catalogue and back, and brings the prices and quantities of the file to the
// services that own them.
package shopify

import (
	"context"

	"github.com/cartwright-shop/cartwright/services/platform/errs"
	"github.com/cartwright-shop/cartwright/services/platform/money"
	"github.com/cartwright-shop/cartwright/services/product/internal/catalog"
)

// Errors of files. Those of a row come with its number in the report; the others end the import.
var (
	ErrHeaderMissing  = errs.Define(errs.Invalid, "IMPORT_HEADER_MISSING", "The first message of an import is its header, and there is only one.")
	ErrFileMalformed  = errs.Define(errs.Invalid, "CSV_MALFORMED", "The file is not CSV with a line of column names, or a row is not well formed.")
	ErrColumnMissing  = errs.Define(errs.Invalid, "COLUMN_MISSING", "The file has no Title column, or a column comes twice.")
	ErrRowTooLong     = errs.Define(errs.Invalid, "ROW_TOO_LONG", "A row or a product is longer than the import reads at once.")
	ErrRowsScattered  = errs.Define(errs.Invalid, "ROWS_SCATTERED", "The rows of one product must follow each other.")
	ErrCellInvalid    = errs.Define(errs.Invalid, "CELL_INVALID", "A cell does not hold what its column asks for.")
	ErrAmountNegative = errs.Define(errs.Invalid, "AMOUNT_NEGATIVE", "A price must not be negative.")
	ErrQuantityRange  = errs.Define(errs.Invalid, "QTY_RANGE", "A quantity is a whole number from 0 to 1,000,000,000.")
)

// Price is the price of one piece in a price list.
type Price struct {
	SKU       string
	Amount    money.Money
	CompareAt money.Money // without a currency when there is none
}

// Level is the quantity of a SKU at a location.
type Level struct {
	SKU    string
	OnHand int64
}

// Prices is the pricing service. Its errors name the entry they are about in their field paths ("entries[3].amount").
type Prices interface {
	// Prices gives the prices of one piece that the list has for these SKUs, at most 500.
	Prices(ctx context.Context, priceList string, skus []string) (map[string]Price, error)
	// SetPrices writes at most 500 prices, all or none.
	SetPrices(ctx context.Context, requestID, priceList string, prices []Price) error
}

// Stock is the inventory service. Its errors name the entry they are about like those of Prices.
type Stock interface {
	// Levels gives the quantities at the location for those of the SKUs, at most 500, that it has counted.
	Levels(ctx context.Context, location string, skus []string) (map[string]int64, error)
	// SetLevels writes at most 500 quantities, all or none.
	SetLevels(ctx context.Context, requestID, location string, levels []Level) error
}

// Header says what to do with a file.
type Header struct {
	RequestID     string
	Channel       string // key; empty for the default
	PriceList     string // empty: prices in the file are ignored
	Currency      string // empty: the channel's default
	Location      string // empty: quantities in the file are ignored
	DryRun        bool
	DefaultStatus catalog.Status // of products whose rows say nothing; empty keeps what is there
}

// RowError is something wrong in a row.
type RowError struct {
	Row     int64 // as a spreadsheet counts: the line of column names is row 1
	Column  string
	Handle  string
	Reason  string
	Message string
}

// maxErrors bounds the errors of a report, so that a wholly wrong file costs no memory.
const maxErrors = 1000

// Report sums up an import.
type Report struct {
	RowsRead       int64
	Created        int64
	Updated        int64
	Unchanged      int64
	Failed         int64
	PricesSet      int64
	StockSet       int64
	Errors         []RowError
	ErrorsTotal    int64
	DryRun         bool
	IgnoredColumns []string
}

func (r *Report) fail(e RowError) {
	r.ErrorsTotal++
	if len(r.Errors) < maxErrors {
		r.Errors = append(r.Errors, e)
	}
}
