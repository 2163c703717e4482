// Command cart serves cartwright.cart.v1: serve | migrate | check | version.
package main

import (
	"os"

	"github.com/cartwright-shop/cartwright/services/cart/internal/app"
	"github.com/cartwright-shop/cartwright/services/platform/service"
)

func main() { os.Exit(service.Run(app.Program())) }
