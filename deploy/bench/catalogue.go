package bench

import (
	"bytes"
	"context"
	"encoding/csv"
	"fmt"
	"net/http"

	"github.com/cartwright-shop/cartwright/deploy/demo"
	"github.com/cartwright-shop/cartwright/deploy/shopclient"
)

// The catalogue that docs/costs.md measures with.
const (
	// Products is the number of products.
	Products = 1000
	// Variants is the number of variants of each.
	Variants = 3
)

// Words are in the titles, so that searches find something.
func Words() []string {
	return []string{"lantern", "heart", "mug", "cushion", "candle", "clock", "basket", "ribbon"}
}

// Handle is the name of a product in addresses.
func Handle(product int) string { return fmt.Sprintf("bench-%04d", product) }

// SKU names a variant.
func SKU(product, variant int) string { return fmt.Sprintf("BENCH-%04d-%d", product, variant) }

// LoadCatalogue imports the catalogue into the demo shop's default channel.
func LoadCatalogue(ctx context.Context, staff *shopclient.Client) error {
	var file bytes.Buffer
	out := csv.NewWriter(&file)
	rows := [][]string{{
		"Handle", "Title", "Vendor", "Tags", "Published", "Option1 Name", "Option1 Value", "Variant SKU", "Variant Inventory Qty", "Variant Price", "Status",
	}}
	words := Words()
	for product := range Products {
		for variant := range Variants {
			rows = append(rows, []string{
				Handle(product), fmt.Sprintf("Painted %s number %d", words[product%len(words)], product), "Bench", words[product%len(words)], "true",
				"Size", fmt.Sprint(variant), SKU(product, variant), "1000000", fmt.Sprintf("%d.95", 4+product%40), "active",
			})
		}
	}
	if err := out.WriteAll(rows); err != nil {
		return err
	}
	channel := demo.Channels()[0]
	answer, err := staff.Send(ctx, shopclient.Call{
		Verb: http.MethodPost, ContentType: "text/csv", Raw: &file,
		Path: "/admin/v1/products/import?channel=" + channel.Key + "&priceListKey=" + channel.PriceList + "&locationKey=" + demo.LocationKey,
	})
	if err != nil {
		return err
	}
	if answer.Status != http.StatusOK {
		return fmt.Errorf("import catalogue: %d %.500s", answer.Status, answer.Body)
	}
	return nil
}
