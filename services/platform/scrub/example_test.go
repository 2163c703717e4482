package scrub_test

import (
	"fmt"

	"github.com/cartwright-shop/cartwright/services/platform/scrub"
)

func Example() {
	fmt.Println(scrub.PAN("4242 4242 4242 4242"), scrub.PAN("+49 1512 3456789"))
	fmt.Println(scrub.Mask("paid with 4242-4242-4242-4242 today"))
	// Output:
	// true false
	// paid with [card number] today
}
