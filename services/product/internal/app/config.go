package app

import (
	"errors"
	"net"

	"github.com/cartwright-shop/cartwright/services/platform/service"
)

// Config is the service's settings.
type Config struct {
	service.Config
	// PricingAddr is where imports send prices.
	PricingAddr string `env:"PRICING_ADDR" envDefault:"pricing:9000" desc:"host:port of the pricing service, for the prices of imports and exports."`
	// InventoryAddr is where imports send stock.
	InventoryAddr string `env:"INVENTORY_ADDR" envDefault:"inventory:9000" desc:"host:port of the inventory service, for the stock of imports and exports."`
}

func check(cfg Config) error {
	var problems []error
	for name, addr := range map[string]string{"PRICING_ADDR": cfg.PricingAddr, "INVENTORY_ADDR": cfg.InventoryAddr} {
		if _, _, err := net.SplitHostPort(addr); err != nil {
			problems = append(problems, errors.New(name+": must be host:port"))
		}
	}
	return errors.Join(problems...)
}
