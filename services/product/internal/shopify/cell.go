package shopify

import (
	"strconv"
	"strings"

	"github.com/cartwright-shop/cartwright/services/platform/errs"
	"github.com/cartwright-shop/cartwright/services/platform/money"
	"github.com/cartwright-shop/cartwright/services/product/internal/catalog"
)

// cellError is a failure that knows its cell.
type cellError struct {
	row    row
	column column
	err    error
}

// Error implements error.
func (e *cellError) Error() string { return e.err.Error() }

// Unwrap gives the error without its cell.
func (e *cellError) Unwrap() error { return e.err }

func (r row) refuse(col column, err error) error { return &cellError{row: r, column: col, err: err} }

// truth reads TRUE and FALSE as spreadsheets and people write them; "" is absent.
func (r row) truth(col column, absent bool) (bool, error) {
	switch strings.ToLower(r.get(col)) {
	case "":
		return absent, nil
	case "true", "yes", "1", "t", "y":
		return true, nil
	case "false", "no", "0", "f", "n":
		return false, nil
	}
	return false, r.refuse(col, ErrCellInvalid.New("%q is neither TRUE nor FALSE.", clip(r.get(col))))
}

// whole reads a number that may be written as 250 or 250.0.
func (r row) whole(col column) (int64, bool) {
	text := r.get(col)
	if integer, fraction, ok := strings.Cut(text, "."); ok && strings.Trim(fraction, "0") == "" {
		text = integer
	}
	n, err := strconv.ParseInt(text, 10, 64)
	return n, err == nil
}

func (r row) grams() (int32, error) {
	if r.get(colGrams) == "" {
		return 0, nil
	}
	n, ok := r.whole(colGrams)
	if !ok || n < 0 || n > 100_000_000 {
		return 0, r.refuse(colGrams, ErrCellInvalid.New("%q is no weight in whole grams.", clip(r.get(colGrams))))
	}
	return int32(n), nil
}

// amount reads a price; nil when the cell is empty. Zeros behind the currency's last digit do no harm: Shopify writes 50.00
// for yen too.
func (r row) amount(col column, currency string) (*money.Money, error) {
	text := r.get(col)
	if text == "" {
		return nil, nil
	}
	if strings.Contains(text, ".") {
		text = strings.TrimSuffix(strings.TrimRight(text, "0"), ".")
	}
	m, err := money.Parse(currency, text)
	if err != nil {
		return nil, r.refuse(col, err)
	}
	if m.Minor < 0 {
		return nil, r.refuse(col, ErrAmountNegative.New("A price must not be negative."))
	}
	return &m, nil
}

// status reads what Shopify spreads over two columns; "" when neither says anything.
func (r row) status() (catalog.Status, error) {
	published, err := r.truth(colPublished, true)
	if err != nil {
		return "", err
	}
	switch strings.ToLower(r.get(colStatus)) {
	case "archived":
		return catalog.Archived, nil
	case "draft", "unlisted":
		return catalog.Draft, nil
	case "active":
	case "":
		if r.get(colPublished) == "" {
			return "", nil
		}
	default:
		return "", r.refuse(colStatus, ErrCellInvalid.New("%q is none of active, draft and archived.", clip(r.get(colStatus))))
	}
	if published {
		return catalog.Published, nil
	}
	return catalog.Draft, nil
}

func clip(s string) string {
	if r := []rune(s); len(r) > 80 {
		return string(r[:80])
	}
	return s
}

// fieldPath is the first field an error is about.
func fieldPath(err error) string {
	if fields := errs.FieldsOf(err); len(fields) > 0 {
		return fields[0].Path
	}
	return ""
}
