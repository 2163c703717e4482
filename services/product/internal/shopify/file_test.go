package shopify

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/cartwright-shop/cartwright/services/product/internal/catalog"
)

// When this fails, opening an export in a spreadsheet runs a formula, or a text comes back changed.
func TestNeutralisedCellsAreInertAndComeBack(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		cell := rapid.OneOf(rapid.String(), rapid.StringMatching(`'{0,3}[=+@\t\r-]?[a-z'=]{0,5}`)).Draw(t, "cell")
		out := neutralise(cell)
		if out != "" && strings.ContainsRune("=+-@\t\r", rune(out[0])) {
			t.Fatalf("%q is still run", out)
		}
		if back := revive(out); back != cell {
			t.Fatalf("%q came back as %q", cell, back)
		}
	})
}

// all reads a file to its end and merges every product with nothing.
func all(t require.TestingT, file string, h Header) (Report, []catalog.Fields) {
	var report Report
	r, err := newReader(strings.NewReader(file), &report)
	if err != nil {
		return report, nil
	}
	var out []catalog.Fields
	for {
		g, err := r.next()
		report.RowsRead = r.rows
		if err != nil {
			require.True(t, errors.Is(err, io.EOF) || errors.Is(err, ErrRowTooLong.Err()), "%v", err)
			return report, out
		}
		if g.err != nil {
			report.fail(*g.err)
			continue
		}
		d, err := newDraft(g, h)
		if err != nil {
			report.fail((&draft{handle: g.handle, first: g.rows[0]}).refusal(err))
			continue
		}
		fields, err := d.merge(nil)
		if err == nil {
			err = fields.Check()
		}
		if err != nil {
			e := d.refusal(err)
			require.NotEmpty(t, e.Reason)
			require.GreaterOrEqual(t, e.Row, int64(2))
			report.fail(e)
			continue
		}
		out = append(out, fields)
	}
}

// When this fails, a hostile or broken file takes the service down, or a product slips in that breaks the shop's rules.
func FuzzImportReadsAnything(f *testing.F) {
	f.Add("Handle,Title,Variant SKU,Variant Price\na,A,SKU,1.00\na,,SKU2,2\n")
	f.Add("Title,URL handle,Option1 name,Option1 value,Price,Inventory quantity\nA,,,Red,1,-1\n,,,Blue,x,2\n")
	f.Add("Handle,Title,Image Src,Image Position,Variant Image,Cartwright Data\na,A,https://x.example.com/1.jpg,2,,{\"media\":[{\"url\":\"x\",\"skus\":[\"y\"]}]}\n")
	f.Add("\ufeffTitle\n\"a\"\"b\n\n\xff\xfe\n")
	f.Fuzz(func(t *testing.T, file string) {
		report, products := all(t, file, Header{PriceList: "list", Currency: "GBP", Location: "main"})
		require.LessOrEqual(t, int64(len(products)), report.RowsRead)
		seen := map[string]bool{}
		for _, p := range products {
			require.True(t, catalog.ValidHandle(p.Handle), p.Handle)
			require.False(t, seen[p.Handle])
			seen[p.Handle] = true
		}
	})
}

// genProduct draws a product that the shop would accept.
func genProduct(t *rapid.T, n int) catalog.Fields {
	text := rapid.StringMatching(`[ '=+@A-Za-zäß,"\n;-]{0,20}`)
	name := rapid.StringMatching(`['=+@A-Za-zäß,"-][A-Za-z ,"']{0,8}[a-zß]`)
	f := catalog.Fields{
		Handle: fmt.Sprintf("p-%d", n), Title: name.Draw(t, "title"), DescriptionHTML: text.Draw(t, "description"),
		Vendor: rapid.StringMatching(`[ A-Z=+]{0,5}`).Draw(t, "vendor"),
		Tags:   rapid.SliceOfN(name, 0, 3).Draw(t, "tags"),
	}
	options := rapid.IntRange(0, 3).Draw(t, "options")
	for i := range options {
		values := rapid.SliceOfNDistinct(name, 1, 3, rapid.ID[string]).Draw(t, "values")
		f.Options = append(f.Options, catalog.Option{Name: fmt.Sprintf("%s %d", name.Draw(t, "option"), i), Values: values})
	}
	var grow func(values []string)
	grow = func(values []string) {
		if len(values) < options {
			for _, v := range f.Options[len(values)].Values {
				grow(append(values[:len(values):len(values)], v))
			}
			return
		}
		f.Variants = append(f.Variants, catalog.Variant{
			SKU: fmt.Sprintf("P%d-%d", n, len(f.Variants)), OptionValues: values, RequiresShipping: rapid.Bool().Draw(t, "ships"),
			WeightGrams: rapid.Int32Range(0, 5000).Draw(t, "grams"), TaxClass: rapid.SampledFrom([]string{"standard", "zero", "books"}).Draw(t, "tax"),
			Barcode: rapid.StringMatching(`'?[0-9=]{0,13}`).Draw(t, "barcode"),
		})
	}
	grow(nil)
	for i := range rapid.IntRange(0, 4).Draw(t, "media") {
		m := catalog.Media{URL: fmt.Sprintf("https://cdn.example.com/%d/%d.jpg", n, i), AltText: text.Draw(t, "alt")}
		for _, v := range f.Variants {
			if rapid.Bool().Draw(t, "shown") {
				m.SKUs = append(m.SKUs, v.SKU)
			}
		}
		f.Media = append(f.Media, m)
	}
	if rapid.Bool().Draw(t, "attributes") {
		f.Attributes = []catalog.Attribute{{Key: "note", Values: []catalog.Value{{Kind: catalog.TextValue, Text: name.Draw(t, "note")}}}}
	}
	if rapid.Bool().Draw(t, "translated") {
		f.Translations = []catalog.Translation{{Locale: "de", Title: name.Draw(t, "german"), DescriptionHTML: text.Draw(t, "beschreibung")}}
	}
	return f
}

// When this fails, a merchant's export does not bring back the catalogue it was made from.
func TestAnyProductSurvivesExportAndImport(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var want []catalog.Fields
		for n := range rapid.IntRange(1, 3).Draw(t, "products") {
			valid := rapid.Custom(func(t *rapid.T) catalog.Fields { return genProduct(t, n) }).
				Filter(func(f catalog.Fields) bool { return f.Check() == nil })
			f := valid.Draw(t, "product")
			require.NoError(t, f.Check())
			want = append(want, f)
		}
		report, got := all(t, written(t, want), Header{})
		require.Empty(t, report.Errors)
		require.Len(t, got, len(want))
		for i := range want {
			require.True(t, want[i].Equal(got[i]), "%#v\ncame back as\n%#v", want[i], got[i])
		}
	})
}

// written is the file that an export of the products gives.
func written(t require.TestingT, products []catalog.Fields) string {
	var file bytes.Buffer
	e := &export{scope: Scope{Channel: "web"}, emit: func(chunk []byte) error { file.Write(chunk); return nil }}
	e.csv = csv.NewWriter(&e.buffer)
	var header []string
	for c := range columnCount {
		e.columns = append(e.columns, c)
		header = append(header, c.names()[0])
	}
	require.NoError(t, e.csv.Write(header))
	for _, f := range products {
		require.NoError(t, e.product(catalog.Product{Fields: f}, figures{}))
	}
	require.NoError(t, e.flush(true))
	return file.String()
}

// endless is a product file without end.
type endless struct {
	row  int
	rest string
	stop int
}

func (e *endless) Read(p []byte) (int, error) {
	if e.rest == "" {
		if e.row == e.stop {
			return 0, io.EOF
		}
		e.rest = fmt.Sprintf("p-%d,Product %d,%s\n", e.row, e.row, strings.Repeat("x", 200))
		if e.row == 0 {
			e.rest = "Handle,Title,Body (HTML)\n" + e.rest
		}
		e.row++
	}
	n := copy(p, e.rest)
	e.rest = e.rest[n:]
	return n, nil
}

// When this fails, a large file takes the memory of the whole service.
func TestFilesAreReadInConstantMemory(t *testing.T) {
	t.Parallel()
	var report Report
	r, err := newReader(&endless{stop: 200_000}, &report)
	require.NoError(t, err)
	count := 0
	var peak uint64
	for {
		_, err := r.next()
		if errors.Is(err, io.EOF) {
			break
		}
		require.NoError(t, err)
		if count++; count%50_000 == 0 {
			runtime.GC()
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			peak = max(peak, m.HeapAlloc)
		}
	}
	require.Equal(t, 200_000, count)
	require.Less(t, peak, uint64(40<<20), "46 MB of rows were read")
}
