// Package demo carries the shop that `make up` opens: a catalogue made of a real gift retailer's order lines, and the
// two weeks of orders themselves. Source: D. Chen, S. L. Sain, K. Guo, "Data mining for the online retail industry",
// Journal of Database Marketing and Customer Strategy Management 19 (2012), doi:10.1057/dbm.2012.17, data set "Online
// Retail", CC BY 4.0; filtered by date (14 to 30 November 2011), the catalogue derived by package onlineretail.
package demo

import (
	"bytes"
	_ "embed"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/cartwright-shop/cartwright/deploy/demo/onlineretail"
)

//go:embed catalogue.tsv
var catalogueTSV string

//go:embed orders.csv.gz
var ordersGzip []byte

// Orders returns the shipped two weeks of orders, gzip CSV.
func Orders() io.Reader { return bytes.NewReader(ordersGzip) }

// Catalogue returns the demo products in order of SKU.
func Catalogue() ([]onlineretail.Product, error) {
	return ParseCatalogue(catalogueTSV)
}

// catalogueHeader is the first line of the file.
const catalogueHeader = "sku\ttitle\tcategory\tgbp\teur\tusd\tstock"

// FormatCatalogue writes products as tab-separated text, amounts in minor units.
func FormatCatalogue(products []onlineretail.Product) string {
	var b strings.Builder
	b.WriteString(catalogueHeader + "\n")
	for _, p := range products {
		fmt.Fprintf(&b, "%s\t%s\t%s\t%d\t%d\t%d\t%d\n", p.SKU, p.Title, p.Category, p.GBP, p.EUR, p.USD, p.Stock)
	}
	return b.String()
}

// ParseCatalogue reads what FormatCatalogue writes.
func ParseCatalogue(text string) ([]onlineretail.Product, error) {
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	if lines[0] != catalogueHeader {
		return nil, fmt.Errorf("read demo catalogue: header is %q", lines[0])
	}
	products := make([]onlineretail.Product, 0, len(lines)-1)
	for i, line := range lines[1:] {
		fields := strings.Split(line, "\t")
		if len(fields) != 7 {
			return nil, fmt.Errorf("read demo catalogue: line %d has %d fields", i+2, len(fields))
		}
		var numbers [4]int64
		for j := range numbers {
			n, err := strconv.ParseInt(fields[3+j], 10, 64)
			if err != nil {
				return nil, fmt.Errorf("read demo catalogue: line %d: %w", i+2, err)
			}
			numbers[j] = n
		}
		products = append(products, onlineretail.Product{
			SKU: fields[0], Title: fields[1], Category: fields[2],
			GBP: numbers[0], EUR: numbers[1], USD: numbers[2], Stock: numbers[3],
		})
	}
	return products, nil
}
