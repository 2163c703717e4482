package main

import (
	"fmt"
	"io"

	"github.com/cartwright-shop/cartwright/deploy/local/stack"
)

// tour is five calls that buy something. It needs curl and sed only.
const tour = `
  S=%s; J='Content-Type: application/json'
  curl -s "$S/v1/search?query=hart+t-light&pageSize=2"
  C=$(curl -s $S/v1/carts -H "$J" -d '{"lines":[{"sku":"85123A","quantity":2}]}' | sed 's/.*"cart": *{"id": *"\([a-z2-7]*\)".*/\1/')
  curl -s -X PATCH $S/v1/carts/$C -H "$J" -d '{"email":"ada@example.com","shippingAddress":{"fullName":"Ada Lovelace","line1":"12 St James Square","city":"London","postalCode":"SW1Y 4LB","countryCode":"GB"}}'
  curl -s -X PUT $S/v1/carts/$C/shipping-option -H "$J" -d '{"key":"standard"}'
  curl -s $S/v1/carts/$C/checkout -H "$J" -H "Idempotency-Key: tour-$C" -d '{"payment":{"method":"card","token":"tok_ok_tour"}}'
`

func printGuide(output io.Writer, shop *stack.Shop, token string) {
	fmt.Fprintf(output, "\nready\n\n")
	fmt.Fprintf(output, "  shop API       %s/v1/products\n", shop.URL())
	fmt.Fprintf(output, "  API reference  %s/docs   (OpenAPI 3.1: %s/openapi.json)\n", shop.URL(), shop.URL())
	fmt.Fprintf(output, "  payments       %s/log   (sandbox provider)\n", shop.SandboxURL())
	fmt.Fprintf(output, "  tokens         %s/token   (POST {\"sub\": \"customer-1\", \"email\": \"...\"})\n", shop.IssuerURL())
	for _, name := range stack.ServiceNames {
		fmt.Fprintf(output, "  ops %-10s %s/metrics\n", name, shop.OpsURL(name))
	}
	fmt.Fprintf(output, "\nadmin token (24 hours), for routes under %s/admin/v1:\n\n  %s\n", shop.URL(), token)
	fmt.Fprintf(output, "\nbuy something:\n"+tour, shop.URL())
	fmt.Fprintf(output, "\nCtrl-C stops everything. The data stays; make up FRESH=1 starts over.\n")
}
