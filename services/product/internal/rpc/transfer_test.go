package rpc_test

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"

	productv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/product/v1"
	"github.com/cartwright-shop/cartwright/services/platform/errs"
)

// legacy is a file in the older dialect: variants over several rows, a row that only brings a picture, blank SKUs, a blank
// option name, and a product without options.
const legacy = `Handle,Title,Body (HTML),Vendor,Type,Tags,Published,Option1 Name,Option1 Value,Option2 Name,Option2 Value,Variant SKU,Variant Grams,Variant Inventory Qty,Variant Price,Variant Compare At Price,Variant Requires Shipping,Variant Taxable,Variant Barcode,Image Src,Image Position,Image Alt Text,SEO Title,Variant Image
harbour-jumper,Harbour Jumper,"<p>Thick, ""ribbed"" wool.</p>
<p>Two lines.</p>",Northwind,Knitwear,"wool, winter",true,Size,Small,,Navy,,450,7,60,79.50,true,true,,https://cdn.example.com/harbour-1.jpg,1,Front,Warm,
harbour-jumper,,,,,,,,Large,,Navy,,480,3,60.00,,true,true,'5012345678900,https://cdn.example.com/harbour-2.jpg,2,,,https://cdn.example.com/harbour-2.jpg
harbour-jumper,,,,,,,,,,,,,,,,,,,https://cdn.example.com/harbour-3.jpg,3,Back,,
gift-voucher,Gift Voucher,For the undecided.,Northwind,,,false,Title,Default Title,,,VOUCHER-25,0,,25,,false,false,,,,,,
`

func header(change ...func(h *productv1.ImportHeader)) *productv1.ImportHeader {
	h := &productv1.ImportHeader{PriceListKey: knownList, LocationKey: knownLocation}
	for _, c := range change {
		c(h)
	}
	return h
}

// importFile sends a file in small chunks, cut anywhere.
func (s shop) importFile(t *testing.T, h *productv1.ImportHeader, file string) (*productv1.ImportReport, error) {
	t.Helper()
	stream, err := s.ImportProducts(s.staff)
	require.NoError(t, err)
	require.NoError(t, stream.Send(&productv1.ImportProductsRequest{Part: &productv1.ImportProductsRequest_Header{Header: h}}))
	for len(file) > 0 {
		n := min(len(file), 97)
		err := stream.Send(&productv1.ImportProductsRequest{Part: &productv1.ImportProductsRequest_Chunk{Chunk: []byte(file[:n])}})
		if errors.Is(err, io.EOF) {
			break
		}
		require.NoError(t, err)
		file = file[n:]
	}
	resp, err := stream.CloseAndRecv()
	return resp.GetReport(), errs.FromGRPC(err)
}

func (s shop) imported(t *testing.T, h *productv1.ImportHeader, file string) *productv1.ImportReport {
	t.Helper()
	report, err := s.importFile(t, h, file)
	require.NoError(t, err)
	return report
}

func (s shop) exportFile(t *testing.T, req *productv1.ExportProductsRequest) string {
	t.Helper()
	stream, err := s.ExportProducts(s.staff, req)
	require.NoError(t, err)
	var file strings.Builder
	for {
		resp, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return file.String()
		}
		require.NoError(t, err)
		file.Write(resp.GetChunk())
	}
}

func (s shop) byHandle(t *testing.T, handle string) *productv1.Product {
	t.Helper()
	resp, err := s.GetProduct(s.staff, &productv1.GetProductRequest{
		Key: &productv1.GetProductRequest_Handle{Handle: handle}, IncludeUnpublished: true,
	})
	require.NoError(t, err, handle)
	return resp.GetProduct()
}

// When this fails, a merchant who moves from Shopify loses products, prices or stock on the way.
func TestImportProductsReadsAShopifyFile(t *testing.T) {
	t.Parallel()
	s := openShop(t)
	s.channel(t, "uk-web")
	report := s.imported(t, header(), legacy)
	require.Empty(t, report.GetErrors())
	require.True(t, proto.Equal(&productv1.ImportReport{
		RowsRead: 4, ProductsCreated: 2, PricesSet: 3, StockSet: 2, IgnoredColumns: []string{"SEO Title"},
	}, report), "%v", report)

	p := s.byHandle(t, "harbour-jumper")
	require.Equal(t, "<p>Thick, \"ribbed\" wool.</p>\n<p>Two lines.</p>", p.GetDescriptionHtml())
	require.ElementsMatch(t, []string{"wool", "winter"}, p.GetTags())
	require.Equal(t, productv1.PublicationStatus_PUBLICATION_STATUS_PUBLISHED, p.GetStatus())
	require.Equal(t, []string{"Size", "Option 2"}, []string{p.GetOptions()[0].GetName(), p.GetOptions()[1].GetName()})
	require.Equal(t, "HARBOUR-JUMPER.SMALL.NAVY", p.GetVariants()[0].GetSku())
	require.Equal(t, "5012345678900", p.GetVariants()[1].GetBarcode())
	require.EqualValues(t, 480, p.GetVariants()[1].GetWeightGrams())
	require.Len(t, p.GetMedia(), 3)
	require.Equal(t, "Back", p.GetMedia()[2].GetAltText())
	require.Equal(t, []string{"HARBOUR-JUMPER.LARGE.NAVY"}, p.GetMedia()[1].GetSkus())
	price := s.peers.prices["HARBOUR-JUMPER.SMALL.NAVY"]
	require.EqualValues(t, 6000, price.GetAmount().GetMinorUnits())
	require.EqualValues(t, 7950, price.GetCompareAt().GetMinorUnits())
	require.EqualValues(t, 3, s.peers.stock["HARBOUR-JUMPER.LARGE.NAVY"])

	voucher := s.byHandle(t, "gift-voucher")
	require.Equal(t, productv1.PublicationStatus_PUBLICATION_STATUS_DRAFT, voucher.GetStatus())
	require.Empty(t, voucher.GetOptions())
	require.False(t, voucher.GetVariants()[0].GetRequiresShipping())
	require.Equal(t, "zero", voucher.GetVariants()[0].GetTaxClass())
}

// When this fails, importing a file again changes products that did not change, or writes prices and stock for nothing.
func TestImportProductsTwiceChangesNothing(t *testing.T) {
	t.Parallel()
	s := openShop(t)
	s.channel(t, "uk-web")
	s.imported(t, header(), legacy)
	before, writes := s.byHandle(t, "harbour-jumper"), s.peers.writes
	report := s.imported(t, header(), legacy)
	require.True(t, proto.Equal(&productv1.ImportReport{RowsRead: 4, ProductsUnchanged: 2, IgnoredColumns: []string{"SEO Title"}}, report), "%v", report)
	require.True(t, proto.Equal(before, s.byHandle(t, "harbour-jumper")))
	require.Equal(t, writes, s.peers.writes)

	changed := strings.Replace(strings.Replace(legacy, "Harbour Jumper", "Harbour Sweater", 1), ",7,60,", ",9,61,", 1)
	dry := s.imported(t, header(func(h *productv1.ImportHeader) { h.DryRun = true }), changed)
	require.EqualValues(t, 1, dry.GetProductsUpdated())
	require.EqualValues(t, 1, dry.GetPricesSet())
	require.EqualValues(t, 1, dry.GetStockSet())
	require.True(t, dry.GetDryRun())
	require.True(t, proto.Equal(before, s.byHandle(t, "harbour-jumper")), "a dry run writes nothing")
	require.Equal(t, writes, s.peers.writes)
	done := s.imported(t, header(), changed)
	dry.DryRun = false
	require.True(t, proto.Equal(dry, done), "a dry run foretells the real one: %v", done)
	require.Equal(t, "Harbour Sweater", s.byHandle(t, "harbour-jumper").GetTitle())
}

// When this fails, files of Shopify's newer column names cannot be read.
func TestImportProductsReadsTheNewerDialect(t *testing.T) {
	t.Parallel()
	s := openShop(t)
	s.channel(t, "uk-web")
	file := "\ufeffTitle,URL handle,Description,Vendor,Product category,Type,Tags,Published on online store,Status,SKU,Barcode," +
		"Option1 name,Option1 value,Price,Compare-at price,Charge tax,Inventory quantity,Weight value (grams),Requires shipping," +
		"Product image URL,Image position,Image alt text,Variant image URL\n" +
		"Oak Stool,oak-stool,Solid oak.,Grain,Home > Furniture > Stools,Seat,oak,TRUE,Active,STOOL-L,,Height,45 cm,89.00,,TRUE,4,5200,TRUE,https://cdn.example.com/stool.jpg,1,Stool,\n" +
		",oak-stool,,,,,,,,STOOL-H,,,65 cm,99.00,,TRUE,2,6100,TRUE,,,,\n" +
		"Linen Napkin,,,,,,,,,,,,,12,,,,,,,,,\n"
	report := s.imported(t, header(func(h *productv1.ImportHeader) {
		h.DefaultStatus = productv1.PublicationStatus_PUBLICATION_STATUS_PUBLISHED
	}), file)
	require.Empty(t, report.GetErrors())
	require.EqualValues(t, 2, report.GetProductsCreated())
	stool := s.byHandle(t, "oak-stool")
	require.Equal(t, []string{"45 cm", "65 cm"}, stool.GetOptions()[0].GetValues())
	require.Len(t, stool.GetCategoryAncestorIds(), 3)
	found, err := s.ListProducts(s.buyer, &productv1.ListProductsRequest{Filter: &productv1.ProductFilter{Category: "furniture"}})
	require.NoError(t, err)
	require.Equal(t, []string{"Oak Stool"}, titles(found.GetProducts()))
	napkin := s.byHandle(t, "linen-napkin")
	require.Equal(t, "LINEN-NAPKIN", napkin.GetVariants()[0].GetSku())
	require.Equal(t, productv1.PublicationStatus_PUBLICATION_STATUS_PUBLISHED, napkin.GetStatus())
	again := s.imported(t, header(), file)
	require.EqualValues(t, 2, again.GetProductsUnchanged())
}

// When this fails, one wrong row costs a merchant the whole file, or they are not told which row it is.
func TestImportProductsKeepsGoodRowsAndNamesBadOnes(t *testing.T) {
	t.Parallel()
	s := openShop(t)
	s.channel(t, "uk-web")
	s.peers.reserved["RESERVED"] = 5
	rows := []string{
		"Handle,Title,Variant SKU,Variant Price,Variant Inventory Qty,Variant Grams,Variant Taxable,Status,Image Src,Option1 Name,Option1 Value",
		"good-1,Good one,GOOD-1,10,1,,,active,,,",
		"bad-price,Bad price,P,12.345,1,,,active,,,",
		"negative,Negative,N,-1,1,,,active,,,",
		"bad-sku,Bad SKU,sku with emoji 👕,10,1,,,active,,,",
		"bad-grams,Bad grams,G,10,1,heavy,,active,,,",
		"bad-tax,Bad tax,T,10,1,,perhaps,active,,,",
		"bad-status,Bad status,S,10,1,,,maybe,,,",
		"bad-image,Bad image,I,10,1,,,active,http://127.0.0.1/x.jpg,,",
		",,,,,,,,,,",
		`broken"row,x`,
		"no-title,,NT,10,1,,,active,,,",
		"sizes,Sizes,SZ-1,10,1,,,active,,Size,S",
		"sizes,,SZ-2,10,1,,,,,,",
		"good-2,Good two,GOOD-2,20,-3,,,active,,,",
		"reserved,Reserved,RESERVED,20,1,,,active,,,",
		"stolen,Stolen SKU,GOOD-1,20,1,,,active,,,",
		"good-1,Good one again,GOOD-1,10,1,,,active,,,",
		"good-3,Good three,GOOD-3,30,3,,,active,,,",
	}
	report := s.imported(t, header(), strings.Join(rows, "\n")+"\n")
	var got []string
	for _, e := range report.GetErrors() {
		got = append(got, fmt.Sprintf("%d %s %s %s", e.GetRow(), e.GetHandle(), e.GetColumn(), e.GetReason()))
		require.NotEmpty(t, e.GetMessage())
	}
	require.Equal(t, []string{
		"3 bad-price Variant Price AMOUNT_SCALE",
		"4 negative Variant Price AMOUNT_NEGATIVE",
		"5 bad-sku Variant SKU SKU_INVALID",
		"6 bad-grams Variant Grams CELL_INVALID",
		"7 bad-tax Variant Taxable CELL_INVALID",
		"8 bad-status Status CELL_INVALID",
		"9 bad-image Image Src URL_NOT_ALLOWED",
		"11   CSV_MALFORMED",
		"12 no-title Title TEXT_INVALID",
		"14 sizes Option1 Value VARIANTS_INVALID",
		"15 good-2 Variant Inventory Qty QTY_RANGE",
		"16 reserved Variant Inventory Qty STOCK_BELOW_RESERVED",
		"17 stolen Variant SKU SKU_TAKEN",
		"18 good-1 Handle ROWS_SCATTERED",
	}, got)
	require.EqualValues(t, 4, report.GetProductsCreated())
	require.EqualValues(t, 11, report.GetProductsFailed())
	require.EqualValues(t, 14, report.GetErrorsTotal())
	require.EqualValues(t, 2, report.GetStockSet(), "the quantities beside the refused one are set")
	require.EqualValues(t, 3, s.peers.stock["GOOD-3"])
	require.EqualValues(t, 4, report.GetPricesSet())
}

// When this fails, a price list that does not exist loses the products, or a service that is down looks like a wrong file.
func TestImportProductsSaysWhatOtherServicesRefuse(t *testing.T) {
	t.Parallel()
	s := openShop(t)
	s.channel(t, "uk-web")
	report := s.imported(t, header(func(h *productv1.ImportHeader) { h.PriceListKey, h.LocationKey = "unknown", "unknown" }), legacy)
	require.EqualValues(t, 2, report.GetProductsCreated())
	require.Equal(t, "PRICE_LIST_NOT_FOUND", report.GetErrors()[0].GetReason())
	require.Equal(t, "Variant Price", report.GetErrors()[0].GetColumn())
	require.EqualValues(t, 5, report.GetErrorsTotal())
	euros := s.imported(t, header(func(h *productv1.ImportHeader) { h.CurrencyCode = "EUR" }), legacy)
	require.Equal(t, "CURRENCY_MIXED", euros.GetErrors()[0].GetReason())
	require.EqualValues(t, 3, euros.GetErrorsTotal())

	s.peers.mu.Lock()
	s.peers.down = true
	s.peers.mu.Unlock()
	_, err := s.importFile(t, header(), strings.ReplaceAll(legacy, "60", "61"))
	refused(t, err, "DEPENDENCY_UNAVAILABLE", "")
	s.peers.mu.Lock()
	s.peers.down = false
	s.peers.mu.Unlock()
	mended := s.imported(t, header(), legacy)
	require.EqualValues(t, 2, mended.GetProductsUnchanged())
	require.EqualValues(t, 3, mended.GetPricesSet(), "prices follow when the file is read again")
}

// When this fails, an unusable file is taken for an empty one, or takes the service down.
func TestImportProductsRefusesWhatIsNoProductFile(t *testing.T) {
	t.Parallel()
	s := openShop(t)
	_, err := s.importFile(t, header(), legacy)
	refused(t, err, "CHANNEL_UNKNOWN", "channel")
	s.channel(t, "uk-web")
	for file, reason := range map[string]string{
		"":                          "CSV_MALFORMED",
		"Name,Price\nx,1\n":         "COLUMN_MISSING",
		"Title,SKU,Variant SKU\n":   "COLUMN_MISSING",
		"\x89PNG\r\n\x1a\n\x00\x00": "COLUMN_MISSING",
		"Title\n\"" + strings.Repeat("never closed ", 200_000): "ROW_TOO_LONG",
	} {
		_, err := s.importFile(t, header(), file)
		refused(t, err, reason, "")
	}
	stream, err := s.ImportProducts(s.staff)
	require.NoError(t, err)
	require.NoError(t, stream.Send(&productv1.ImportProductsRequest{Part: &productv1.ImportProductsRequest_Chunk{Chunk: []byte("Title\n")}}))
	_, err = stream.CloseAndRecv()
	refused(t, errs.FromGRPC(err), "IMPORT_HEADER_MISSING", "")
	_, err = s.importFile(t, header(func(h *productv1.ImportHeader) { h.CurrencyCode = "usd" }), legacy)
	refused(t, err, "CURRENCY_INVALID", "")
}

// When this fails, an export opened in a spreadsheet runs somebody's formula, or does not bring back the same shop.
func TestExportProductsImportsToTheSameCatalogue(t *testing.T) {
	t.Parallel()
	s := openShop(t)
	s.channel(t, "uk-web", "en-GB", "de")
	full := shirt("LS")
	clothing := s.category(t, "Clothing", "")
	full.CategoryIds = []string{s.category(t, "Shirts", clothing.GetId()).GetId(), s.category(t, "Sale, 50%", "").GetId()}
	full.Options[0].Values = []string{"XS", "M", "S"}
	full.Tags = append(full.Tags, "with, comma", "=1+1")
	full.Media = append(full.Media, &productv1.Media{Url: "https://cdn.example.com/both.jpg", Skus: []string{"LS-S", "LS-M"}})
	full.Media = append(full.Media, &productv1.Media{Url: "https://cdn.example.com/4.jpg", AltText: "line\nbreak"})
	full.Variants[0].Barcode = "'0123"
	s.published(t, full)
	evil := plain("=cmd|' /C calc'!A0", "EVIL")
	evil.Vendor, evil.ProductType, evil.DescriptionHtml = "+Vendor", "'-type", "@SUM(1)\r\n  indented"
	s.create(t, evil)
	s.imported(t, header(), legacy)

	req := &productv1.ExportProductsRequest{PriceListKey: knownList, LocationKey: knownLocation}
	file := s.exportFile(t, req)
	require.Contains(t, file, `'=cmd|' /C calc'!A0`)
	require.NotContains(t, file, ",=cmd")
	require.NotContains(t, file, ",@SUM")
	require.NotContains(t, file, ",+Vendor")
	report := s.imported(t, header(), file)
	require.Empty(t, report.GetErrors())
	require.EqualValues(t, 4, report.GetProductsUnchanged(), "%v", report)
	require.Zero(t, report.GetPricesSet()+report.GetStockSet())

	other := openShop(t)
	other.channel(t, "uk-web", "en-GB", "de")
	fresh := other.imported(t, header(), file)
	require.EqualValues(t, 4, fresh.GetProductsCreated(), "%v", fresh)
	require.Empty(t, fresh.GetErrors())
	require.Equal(t, rowsOf(file), rowsOf(other.exportFile(t, req)))
	drafts := s.exportFile(t, &productv1.ExportProductsRequest{Status: productv1.PublicationStatus_PUBLICATION_STATUS_DRAFT})
	require.Contains(t, drafts, "gift-voucher")
	require.NotContains(t, drafts, "linen-shirt")
	require.NotContains(t, drafts, "Variant Price")
	stream, err := s.ExportProducts(s.staff, &productv1.ExportProductsRequest{Channel: "nowhere"})
	require.NoError(t, err)
	_, err = stream.Recv()
	refused(t, errs.FromGRPC(err), "CHANNEL_UNKNOWN", "")
	stream, err = s.ExportProducts(s.staff, &productv1.ExportProductsRequest{PriceListKey: "unknown"})
	require.NoError(t, err)
	_, err = stream.Recv()
	refused(t, errs.FromGRPC(err), "PRICE_LIST_NOT_FOUND", "")
}

func rowsOf(file string) []string { return strings.Split(file, "\n") }
