package money_test

import (
	"fmt"

	"github.com/cartwright-shop/cartwright/services/platform/money"
)

// A discount of 10.00 is spread over three lines.
func ExampleAllocate() {
	discount, _ := money.Parse("EUR", "10.00")
	parts, _ := money.Allocate(discount, []int64{1999, 1999, 500})
	for _, part := range parts {
		fmt.Println(part)
	}
	// Output:
	// 4.45 EUR
	// 4.44 EUR
	// 1.11 EUR
}

// A price of 19.99 has 20 % tax in it.
func ExampleMoney_InclusiveTax() {
	price, _ := money.Parse("GBP", "19.99")
	tax, _ := price.InclusiveTax(200_000, money.HalfUp)
	fmt.Println(tax)
	// Output: 3.33 GBP
}
