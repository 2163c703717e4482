package id_test

import (
	"fmt"

	"github.com/cartwright-shop/cartwright/services/platform/id"
)

// Three sorts of names for three sorts of readers.
func Example() {
	fmt.Println(len(id.New()), len(id.Secret()), len(id.Code(4, 4)))
	// Output: 36 26 19
}
