package app

import (
	"errors"

	"github.com/cartwright-shop/cartwright/services/inventory/internal/stock"
	"github.com/cartwright-shop/cartwright/services/platform/service"
)

// Config is the settings of the inventory service.
type Config struct {
	service.Config
	// LowStockThreshold is the most available units that are still shown as LOW.
	LowStockThreshold int32 `env:"LOW_STOCK_THRESHOLD" envDefault:"5" desc:"Most available units that storefronts still see as LOW."`
}

func check(cfg Config) error {
	if cfg.LowStockThreshold < 0 || cfg.LowStockThreshold > stock.MaxOnHand {
		return errors.New("LOW_STOCK_THRESHOLD: must be 0 to 1000000000")
	}
	return nil
}
