// Command product serves the catalogue.
package main

import (
	"os"

	"github.com/cartwright-shop/cartwright/services/platform/service"
	"github.com/cartwright-shop/cartwright/services/product/internal/app"
)

func main() { os.Exit(service.Run(app.Program())) }
