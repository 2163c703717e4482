package acceptance_test

import (
	"encoding/csv"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/encoding/protojson"

	"github.com/cartwright-shop/cartwright/deploy/shopclient"
	adminv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/admin/v1"
	storefrontv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/storefront/v1"
)

// shopifyHeader is the 46 columns of a real export of Shopify.
const shopifyHeader = "Handle,Title,Body (HTML),Vendor,Type,Tags,Published,Option1 Name,Option1 Value,Option2 Name,Option2 Value," +
	"Option3 Name,Option3 Value,Variant SKU,Variant Grams,Variant Inventory Tracker,Variant Inventory Qty,Variant Inventory Policy," +
	"Variant Fulfillment Service,Variant Price,Variant Compare At Price,Variant Requires Shipping,Variant Taxable,Variant Barcode," +
	"Image Src,Image Position,Image Alt Text,Gift Card,SEO Title,SEO Description,Google Shopping / Google Product Category," +
	"Google Shopping / Gender,Google Shopping / Age Group,Google Shopping / MPN,Google Shopping / AdWords Grouping," +
	"Google Shopping / AdWords Labels,Google Shopping / Condition,Google Shopping / Custom Product,Google Shopping / Custom Label 0," +
	"Google Shopping / Custom Label 1,Google Shopping / Custom Label 2,Google Shopping / Custom Label 3," +
	"Google Shopping / Custom Label 4,Variant Image,Variant Weight Unit,Variant Tax Code"

// sheet writes rows in the columns of a Shopify file.
type sheet struct {
	columns []string
	rows    []map[string]string
}

func (s sheet) text(t *testing.T) string {
	t.Helper()
	var b strings.Builder
	out := csv.NewWriter(&b)
	require.NoError(t, out.Write(s.columns))
	for _, row := range s.rows {
		record := make([]string, len(s.columns))
		for i, column := range s.columns {
			record[i] = row[column]
		}
		require.NoError(t, out.Write(record))
	}
	out.Flush()
	return b.String()
}

// apparel is two products as shops export them: a shirt in several rows, the later ones without the product's columns, one
// for a picture only; and a plain thing whose SKU and option name are blank.
func apparel(suffix string) sheet {
	image := func(n string) string { return "https://images.example.com/" + n + suffix + ".jpg" }
	return sheet{columns: strings.Split(shopifyHeader, ","), rows: []map[string]string{
		{
			"Handle": "shirt-" + suffix, "Title": "Ocean Shirt", "Body (HTML)": "<p>Blue, \"soft\", long.</p>", "Vendor": "partners-demo", "Tags": "men, summer",
			"Published": "true", "Option1 Name": "Size", "Option1 Value": "Small", "Variant SKU": "S-" + suffix, "Variant Grams": "200",
			"Variant Inventory Qty": "5", "Variant Price": "50", "Variant Compare At Price": "60.00", "Variant Requires Shipping": "true",
			"Variant Taxable": "true", "Image Src": image("front"), "Image Position": "1", "Image Alt Text": "Front", "Gift Card": "false",
		},
		{"Handle": "shirt-" + suffix, "Option1 Value": "Large", "Variant Inventory Qty": "7", "Variant Price": "52.50", "Variant Requires Shipping": "true", "Variant Taxable": "true"},
		{"Handle": "shirt-" + suffix, "Image Src": image("back"), "Image Position": "2", "Image Alt Text": "Back"},
		{
			"Handle": "mug-" + suffix, "Title": "Mug", "Vendor": "partners-demo", "Published": "true", "Option1 Value": "Default Title",
			"Variant Inventory Qty": "3", "Variant Price": "7.00", "Variant Requires Shipping": "true", "Variant Taxable": "true",
		},
	}}
}

// load imports a file into the market for files.
func (c *caller) load(file string, dryRun bool) *adminv1.ImportReport {
	c.t.Helper()
	m := theShop.market(files)
	query := url.Values{"channel": {m.channel}, "priceListKey": {m.priceList}, "currencyCode": {m.currency}, "locationKey": {theShop.location()}}
	if dryRun {
		query.Set("dryRun", "true")
	}
	answer := c.send(shopclient.Call{Verb: http.MethodPost, Path: "/admin/v1/products/import?" + query.Encode(), Raw: strings.NewReader(file), ContentType: "text/csv"})
	require.Equal(c.t, http.StatusOK, answer.Status, string(answer.Body))
	out := &adminv1.ImportProductsResponse{}
	require.NoError(c.t, protojson.Unmarshal(answer.Body, out))
	return out.GetReport()
}

// When this fails a merchant cannot move here: a file as Shopify writes it becomes products that can be bought, and the same
// file again changes nothing.
func TestImportThenBuy(t *testing.T) {
	t.Parallel()
	m := theShop.market(files)
	staff, guest := theShop.staff(t), theShop.guest(t)
	suffix := handleOf(t)
	file := apparel(suffix).text(t)

	trial := staff.load(file, true)
	require.True(t, trial.GetDryRun())
	require.Equal(t, int32(2), trial.GetProductsCreated())
	guest.refused(http.StatusNotFound, "PRODUCT_NOT_FOUND", shopclient.Call{Verb: http.MethodGet, Path: "/v1/products/shirt-" + suffix + "?channel=" + m.channel})

	report := staff.load(file, false)
	require.Empty(t, report.GetErrors())
	require.Equal(t, []int32{4, 2, 0, 0, 3, 3}, []int32{
		report.GetRowsRead(), report.GetProductsCreated(), report.GetProductsUpdated(), report.GetProductsFailed(), report.GetPricesSet(), report.GetStockSet(),
	})
	again := staff.load(file, false)
	require.Equal(t, []int32{4, 0, 0, 2, 0, 0}, []int32{
		again.GetRowsRead(), again.GetProductsCreated(), again.GetProductsUpdated(), again.GetProductsUnchanged(), again.GetPricesSet(), again.GetStockSet(),
	}, "the same file twice changes nothing")

	shirt := guest.product("shirt-"+suffix, m)
	require.Equal(t, "<p>Blue, \"soft\", long.</p>", shirt.GetDescriptionHtml())
	require.ElementsMatch(t, []string{"men", "summer"}, shirt.GetTags())
	require.Len(t, shirt.GetVariants(), 2)
	require.Len(t, shirt.GetMedia(), 2)
	require.Equal(t, "Back", shirt.GetMedia()[1].GetAltText())
	small, large := shirt.GetVariants()[0], shirt.GetVariants()[1]
	require.Equal(t, "S-"+suffix, small.GetSku())
	require.NotEmpty(t, large.GetSku(), "a blank SKU gets one")
	require.Equal(t, "GBP 60.00", text(small.GetPrice().GetCompareAt()))
	mug := guest.product("mug-"+suffix, m)
	require.Empty(t, mug.GetOptions())

	b := guest.fill(m,
		&storefrontv1.LineInput{Sku: large.GetSku(), Quantity: 1}, &storefrontv1.LineInput{Sku: mug.GetVariants()[0].GetSku(), Quantity: 1}).ready()
	order := b.bought(card("ok"))
	require.Equal(t, "GBP 63.45", text(order.GetTotals().GetTotal()), "52.50 + 7.00 + 3.95")
	require.Equal(t, "Large", order.GetLines()[0].GetVariantTitle())
}

// When this fails one wrong row costs a merchant the whole file, or is dropped without a word.
func TestImportNamesWrongRows(t *testing.T) {
	t.Parallel()
	staff := theShop.staff(t)
	suffix := handleOf(t)
	file := apparel(suffix)
	file.rows[1]["Variant Price"] = "fifty"
	file.rows = append(file.rows,
		map[string]string{"Handle": "negative-" + suffix, "Title": "Negative", "Variant Price": "-1"},
		map[string]string{"Handle": "metadata-" + suffix, "Title": "Metadata", "Variant Price": "1", "Image Src": "http://169.254.169.254/"},
		map[string]string{"Handle": "formula-" + suffix, "Title": "=cmd()", "Published": "true", "Variant Price": "1"})
	report := staff.load(file.text(t), false)
	require.Equal(t, int32(2), report.GetProductsCreated(), "the mug and the formula: %v", report)
	require.Equal(t, int32(3), report.GetProductsFailed())
	wrong := map[int32]string{}
	for _, e := range report.GetErrors() {
		wrong[e.GetRow()] = e.GetColumn() + " " + e.GetReason()
	}
	require.Equal(t, map[int32]string{
		3: "Variant Price AMOUNT_INVALID", 6: "Variant Price AMOUNT_NEGATIVE", 7: "Image Src URL_NOT_ALLOWED",
	}, wrong)
	require.Equal(t, "=cmd()", theShop.guest(t).product("formula-"+suffix, theShop.market(files)).GetTitle())

	for body, reason := range map[string]string{
		"":                               "CSV_MALFORMED",
		"Handle,Vendor\na,b\n":           "COLUMN_MISSING",
		"Handle,Title\n\"open,A\n":       "",
		"Handle,Title,Title\na,b,c\n":    "COLUMN_MISSING",
		"Handle,Title\na,\xff\xfe bad\n": "",
	} {
		answer := staff.send(shopclient.Call{Verb: http.MethodPost, Path: "/admin/v1/products/import?channel=" + theShop.market(files).channel, Raw: strings.NewReader(body), ContentType: "text/csv"})
		require.Less(t, answer.Status, 500, "%q: %s", body, answer.Body)
		if reason != "" {
			require.Contains(t, string(answer.Body), reason, "%q", body)
		}
	}
}

// When this fails a merchant's backup is not what was saved: an export that is imported again changes nothing.
func TestExportImportsUnchanged(t *testing.T) {
	t.Parallel()
	m := theShop.market(files)
	staff := theShop.staff(t)
	suffix := handleOf(t)
	staff.load(apparel(suffix).text(t), false)
	query := url.Values{"channel": {m.channel}, "priceListKey": {m.priceList}, "locationKey": {theShop.location()}, "status": {"PUBLICATION_STATUS_PUBLISHED"}}
	answer := staff.send(shopclient.Call{Verb: http.MethodGet, Path: "/admin/v1/products/export?" + query.Encode()})
	require.Equal(t, http.StatusOK, answer.Status)
	require.Contains(t, answer.Header.Get("Content-Type"), "text/csv")
	require.Contains(t, string(answer.Body), "shirt-"+suffix)
	for line := range strings.Lines(string(answer.Body)) {
		require.NotContains(t, line, ",=cmd()", "a formula cannot run in a spreadsheet")
	}
	report := staff.load(string(answer.Body), false)
	require.Empty(t, report.GetErrors())
	require.Zero(t, report.GetProductsCreated()+report.GetProductsUpdated(), "%v", report)
	require.Zero(t, report.GetPricesSet())
	require.GreaterOrEqual(t, report.GetProductsUnchanged(), int32(2))
}
