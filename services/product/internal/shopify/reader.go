package shopify

import (
	"encoding/csv"
	"errors"
	"hash/maphash"
	"io"
	"slices"
	"strings"

	"github.com/cartwright-shop/cartwright/services/product/internal/catalog"
)

const (
	maxRowBytes     = 1 << 20
	maxProductRows  = 1000
	maxProductBytes = 4 << 20
)

// group is all the rows of one product.
type group struct {
	handle string
	rows   []row
	err    *RowError // why the rows cannot be a product at all
}

// reader turns a stream of CSV into products, holding no more than one of them.
type reader struct {
	csv     *csv.Reader
	bound   *boundedReader
	cols    columns
	row     int64 // number of the last row read
	rows    int64 // rows read, without the column names
	pending *row
	report  *Report
	seed    maphash.Seed
	seen    map[uint64]struct{} // hashes of handles that are complete
}

// boundedReader fails when one record gets longer than maxRowBytes: an opening quote that is never closed would otherwise pull
// the whole file into memory.
type boundedReader struct {
	src       io.Reader
	delivered int64
	consumed  func() int64
}

// Read implements io.Reader.
func (b *boundedReader) Read(p []byte) (int, error) {
	if b.delivered-b.consumed() > maxRowBytes {
		return 0, errRowTooLong
	}
	n, err := b.src.Read(p)
	b.delivered += int64(n)
	return n, err
}

var errRowTooLong = errors.New("row too long")

func newReader(src io.Reader, report *Report) (*reader, error) {
	bound := &boundedReader{src: src}
	r := csv.NewReader(bound)
	r.FieldsPerRecord = -1
	bound.consumed = r.InputOffset
	header, err := r.Read()
	switch {
	case errors.Is(err, io.EOF):
		return nil, ErrFileMalformed.New("The file is empty.")
	case errors.Is(err, errRowTooLong):
		return nil, ErrRowTooLong.New("The line of column names is longer than 1 MiB.")
	case err != nil && malformed(err):
		return nil, ErrFileMalformed.New("The line of column names is not CSV.").Because(err)
	case err != nil:
		return nil, err
	}
	header[0] = strings.TrimPrefix(header[0], "\ufeff")
	cols, err := readColumns(header)
	if err != nil {
		return nil, err
	}
	report.IgnoredColumns = cols.ignored
	return &reader{
		csv: r, bound: bound, cols: cols, row: 1, report: report, seed: maphash.MakeSeed(), seen: map[uint64]struct{}{},
	}, nil
}

func malformed(err error) bool {
	var parse *csv.ParseError
	return errors.As(err, &parse)
}

// record reads the next row. Rows that are not CSV are reported and passed over; io.EOF ends the file, another error the
// import.
func (r *reader) record() (*row, error) {
	for {
		cells, err := r.csv.Read()
		if errors.Is(err, io.EOF) {
			return nil, io.EOF
		}
		r.row++
		if errors.Is(err, errRowTooLong) {
			return nil, ErrRowTooLong.New("Row %d is longer than 1 MiB, or a quote in it is never closed.", r.row)
		}
		if err != nil && !malformed(err) {
			return nil, err
		}
		r.rows++
		if err != nil {
			r.report.fail(RowError{Row: r.row, Reason: ErrFileMalformed.Reason(), Message: "The row is not CSV: a quote is out of place."})
			continue
		}
		out := &row{number: r.row, cells: cells, cols: &r.cols}
		if !slices.ContainsFunc(cells, func(c string) bool { return strings.TrimSpace(c) != "" }) {
			continue
		}
		if len(cells) > r.cols.width && slices.ContainsFunc(cells[r.cols.width:], func(c string) bool { return c != "" }) {
			r.report.fail(RowError{
				Row: r.row, Handle: out.handle(), Reason: ErrFileMalformed.Reason(), Message: "The row has more cells than the file has columns.",
			})
			continue
		}
		return out, nil
	}
}

// handle is the product a row belongs to; "" when it says nothing and belongs to the one before.
func (r row) handle() string {
	if h := r.get(colHandle); h != "" {
		if catalog.ValidHandle(h) {
			return h
		}
		return catalog.HandleFor(h)
	}
	if t := r.get(colTitle); t != "" {
		return catalog.HandleFor(t)
	}
	return ""
}

// next gives the rows of the next product, or io.EOF.
func (r *reader) next() (group, error) {
	var g group
	size := 0
	for {
		current, err := r.take()
		if errors.Is(err, io.EOF) {
			if len(g.rows) == 0 {
				return group{}, io.EOF
			}
			return r.finish(g), nil
		}
		if err != nil {
			return group{}, err
		}
		handle := current.handle()
		if len(g.rows) > 0 && handle != "" && handle != g.handle {
			r.pending = current
			return r.finish(g), nil
		}
		if len(g.rows) == 0 {
			g.handle = handle
		}
		for _, cell := range current.cells {
			size += len(cell)
		}
		if len(g.rows) >= maxProductRows || size > maxProductBytes {
			g.err = &RowError{
				Row: current.number, Handle: g.handle, Reason: ErrRowTooLong.Reason(), Message: "The product has more than 1,000 rows or 4 MiB.",
			}
			continue
		}
		g.rows = append(g.rows, *current)
	}
}

func (r *reader) take() (*row, error) {
	if r.pending != nil {
		current := r.pending
		r.pending = nil
		return current, nil
	}
	return r.record()
}

func (r *reader) finish(g group) group {
	if g.handle == "" {
		g.err = &RowError{
			Row: g.rows[0].number, Column: r.cols.label(colTitle), Reason: ErrCellInvalid.Reason(), Message: "The row has neither a handle nor a title.",
		}
		return g
	}
	key := maphash.String(r.seed, g.handle)
	if _, again := r.seen[key]; again && g.err == nil {
		g.err = &RowError{
			Row: g.rows[0].number, Column: r.cols.label(colHandle), Handle: g.handle, Reason: ErrRowsScattered.Reason(),
			Message: "There were rows of this product further up; the rows of one product must follow each other.",
		}
	}
	r.seen[key] = struct{}{}
	return g
}
