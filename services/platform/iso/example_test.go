package iso_test

import (
	"fmt"

	"github.com/cartwright-shop/cartwright/services/platform/iso"
)

// What is not in force is unknown.
func Example() {
	yen, _ := iso.Currency("JPY")
	_, mark := iso.Currency("DEM")
	_, uk := iso.Country("UK")
	france, _ := iso.Country("FR")
	fmt.Println(yen.Digits, mark, uk, france.EU)
	// Output: 0 false false true
}
