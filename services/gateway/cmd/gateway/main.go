// Command gateway serves the public API of the shop.
package main

import (
	"os"

	"github.com/cartwright-shop/cartwright/services/gateway/internal/app"
	"github.com/cartwright-shop/cartwright/services/platform/service"
)

func main() { os.Exit(service.Run(app.Program())) }
