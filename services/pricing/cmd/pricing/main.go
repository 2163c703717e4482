// Command pricing serves cartwright.pricing.v1: serve | migrate | check | version.
package main

import (
	"os"

	"github.com/cartwright-shop/cartwright/services/platform/service"
	"github.com/cartwright-shop/cartwright/services/pricing/internal/app"
)

func main() { os.Exit(service.Run(app.Program())) }
