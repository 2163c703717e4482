package demo

import (
	"encoding/csv"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/cartwright-shop/cartwright/deploy/demo/onlineretail"
)

// WriteCSV writes products in the columns of a Shopify product CSV with the prices of one currency, so that the demo
// shop is loaded by the import that every merchant has.
func WriteCSV(w io.Writer, products []onlineretail.Product, currency string) error {
	out := csv.NewWriter(w)
	header := []string{
		"Handle", "Title", "Vendor", "Product Category", "Type", "Tags", "Published", "Option1 Name", "Option1 Value", "Variant SKU",
		"Variant Inventory Qty", "Variant Price", "Variant Requires Shipping", "Variant Taxable", "Status",
	}
	if err := out.Write(header); err != nil {
		return err
	}
	paths := categoryPaths()
	handles := Handles(products)
	for _, p := range products {
		record := []string{
			handles[p.SKU], p.Title, "Online Retail", paths[p.Category], "", p.Category, "true", "Title", "Default Title", p.SKU,
			strconv.FormatInt(p.Stock, 10), decimal(priceIn(p, currency)), "true", "true", "active",
		}
		if err := out.Write(record); err != nil {
			return err
		}
	}
	out.Flush()
	return out.Error()
}

func priceIn(p onlineretail.Product, currency string) int64 {
	switch currency {
	case "EUR":
		return p.EUR
	case "USD":
		return p.USD
	default:
		return p.GBP
	}
}

// decimal writes hundredths.
func decimal(minor int64) string { return fmt.Sprintf("%d.%02d", minor/100, minor%100) }

func categoryPaths() map[string]string {
	names := map[string]string{}
	paths := map[string]string{}
	for _, category := range onlineretail.Categories() {
		names[category.Key] = category.Name
		paths[category.Key] = category.Name
		if category.Parent != "" {
			paths[category.Key] = names[category.Parent] + " > " + category.Name
		}
	}
	return paths
}

// Handles gives every product an address of its title and SKU. SKUs that differ only in case get a number.
func Handles(products []onlineretail.Product) map[string]string {
	taken := map[string]bool{}
	handles := map[string]string{}
	for _, p := range products {
		handle := slug(p.Title + " " + p.SKU)
		for n := 2; taken[handle]; n++ {
			handle = slug(fmt.Sprintf("%s %s %d", p.Title, p.SKU, n))
		}
		taken[handle] = true
		handles[p.SKU] = handle
	}
	return handles
}

func slug(text string) string {
	var b strings.Builder
	for _, c := range strings.ToLower(text) {
		switch {
		case c >= 'a' && c <= 'z' || c >= '0' && c <= '9':
			b.WriteRune(c)
		case b.Len() > 0 && !strings.HasSuffix(b.String(), "-"):
			b.WriteByte('-')
		}
	}
	return strings.Trim(b.String(), "-")
}
