// Package onlineretail reads the Online Retail order stream (Chen, Sain, Guo 2012, doi:10.1057/dbm.2012.17) and
// holds the rules by which its rows become a catalogue and orders. It knows the file, not the shop.
package onlineretail

import (
	"bufio"
	"compress/gzip"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
)

// Row is one invoice line as the file has it.
type Row struct {
	// Line is the line number in the file, counted from 1 with the header.
	Line int
	// InvoiceNo names the invoice; a cancellation starts with "C", a bad-debt adjustment with "A".
	InvoiceNo string
	// StockCode names the article, with the case the file has.
	StockCode string
	// Description is free text; staff wrote notes such as "damaged" into it.
	Description string
	// Quantity is negative on cancellations and on stock write-offs.
	Quantity int64
	// InvoiceDate is the time of the invoice, without a zone.
	InvoiceDate time.Time
	// PricePence is the unit price in pence, rounded half away from zero where the file has a third decimal.
	PricePence int64
	// CustomerID is empty for a quarter of the file.
	CustomerID string
	// Country is an English name, not always a country ("Unspecified", "EIRE", "European Community").
	Country string
}

// columns names each field by the headers that the published versions of the data set use for it.
var columns = [][]string{
	{"InvoiceNo", "Invoice"},
	{"StockCode"},
	{"Description"},
	{"Quantity"},
	{"InvoiceDate"},
	{"UnitPrice", "Price"},
	{"CustomerID", "Customer ID"},
	{"Country"},
}

// Reader yields rows in file order.
type Reader struct {
	csv   *csv.Reader
	index []int
}

// NewReader reads plain or gzip CSV, telling them apart by the first two bytes.
func NewReader(r io.Reader) (*Reader, error) {
	buffered := bufio.NewReaderSize(r, 64<<10)
	magic, err := buffered.Peek(2)
	if err != nil {
		return nil, fmt.Errorf("read order stream: %w", err)
	}
	var source io.Reader = buffered
	if magic[0] == 0x1f && magic[1] == 0x8b {
		if source, err = gzip.NewReader(buffered); err != nil {
			return nil, fmt.Errorf("read order stream: %w", err)
		}
	}
	reader := csv.NewReader(source)
	reader.ReuseRecord = true
	reader.LazyQuotes = true
	header, err := reader.Read()
	if err != nil {
		return nil, fmt.Errorf("read header: %w", err)
	}
	index, err := locate(header)
	if err != nil {
		return nil, err
	}
	return &Reader{csv: reader, index: index}, nil
}

func locate(header []string) ([]int, error) {
	at := map[string]int{}
	for i, name := range header {
		at[strings.TrimSpace(strings.TrimPrefix(name, "\ufeff"))] = i
	}
	index := make([]int, len(columns))
	for i, names := range columns {
		index[i] = -1
		for _, name := range names {
			if position, ok := at[name]; ok {
				index[i] = position
			}
		}
		if index[i] < 0 {
			return nil, fmt.Errorf("header has no column %s", names[0])
		}
	}
	return index, nil
}

// Read returns the next row, or io.EOF. A row that cannot be read is an error with its line number.
func (r *Reader) Read() (Row, error) {
	record, err := r.csv.Read()
	if err != nil {
		return Row{}, err
	}
	line, _ := r.csv.FieldPos(0)
	field := func(i int) string { return strings.TrimSpace(record[r.index[i]]) }
	row := Row{
		Line: line, InvoiceNo: strings.Clone(field(0)), StockCode: strings.Clone(field(1)),
		Description: strings.Clone(field(2)), CustomerID: strings.TrimSuffix(strings.Clone(field(6)), ".0"),
		Country: strings.Clone(field(7)),
	}
	if row.Quantity, err = strconv.ParseInt(field(3), 10, 64); err != nil {
		return Row{}, fmt.Errorf("line %d: quantity %q: %w", line, field(3), err)
	}
	if row.InvoiceDate, err = parseDate(field(4)); err != nil {
		return Row{}, fmt.Errorf("line %d: %w", line, err)
	}
	if row.PricePence, err = parsePence(field(5)); err != nil {
		return Row{}, fmt.Errorf("line %d: %w", line, err)
	}
	return row, nil
}

func parseDate(text string) (time.Time, error) {
	for _, layout := range []string{"2006-01-02T15:04:05", "2006-01-02 15:04:05", "1/2/2006 15:04", "2006-01-02 15:04"} {
		if at, err := time.Parse(layout, text); err == nil {
			return at, nil
		}
	}
	return time.Time{}, fmt.Errorf("date %q is in no known form", text)
}

// parsePence reads a decimal amount of pounds without passing through a float.
func parsePence(text string) (int64, error) {
	digits, negative := strings.CutPrefix(text, "-")
	whole, fraction, _ := strings.Cut(digits, ".")
	fraction = (fraction + "000")[:max(3, len(fraction))]
	pounds, err := strconv.ParseInt(whole, 10, 40)
	if err != nil {
		return 0, fmt.Errorf("price %q: %w", text, err)
	}
	mills, err := strconv.ParseInt(fraction[:3], 10, 32)
	if err != nil {
		return 0, fmt.Errorf("price %q: %w", text, err)
	}
	pence := pounds*100 + (mills+5)/10
	if negative {
		pence = -pence
	}
	return pence, nil
}

// ReadAll reads every row.
func ReadAll(r io.Reader) ([]Row, error) {
	reader, err := NewReader(r)
	if err != nil {
		return nil, err
	}
	var rows []Row
	for {
		row, err := reader.Read()
		if errors.Is(err, io.EOF) {
			return rows, nil
		}
		if err != nil {
			return nil, err
		}
		rows = append(rows, row)
	}
}
