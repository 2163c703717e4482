package app

import (
	"errors"
	"fmt"
	"time"

	"github.com/cartwright-shop/cartwright/services/inventory/internal/stock"
	"github.com/cartwright-shop/cartwright/services/platform/service"
)

// Config is the settings of the inventory service.
type Config struct {
	service.Config
	// LowStockThreshold is the most available units that are still shown as LOW.
	LowStockThreshold int32 `env:"LOW_STOCK_THRESHOLD" envDefault:"5" desc:"Most available units that storefronts still see as LOW."`
	// ReserveBatch is the most carts decided in one statement.
	ReserveBatch int `env:"RESERVE_BATCH" envDefault:"512" desc:"Most carts that are decided in one statement, 1 to 2000. 1: each cart is a statement of its own, and callers wait in the database."`
	// ReserveQueue is the most callers that wait for their turn.
	ReserveQueue int `env:"RESERVE_QUEUE" envDefault:"8192" desc:"Most callers that wait for stock in this process; more are told to try again."`
	// AvailabilityMaxAge is how old the answer to "is it in stock?" may be.
	AvailabilityMaxAge time.Duration `env:"AVAILABILITY_MAX_AGE" envDefault:"2s" desc:"Age up to which availability is answered from memory, 0 to 1m. 0: it is read each time."`
	// ReservationRetention is how long reservations are kept that came to nothing.
	ReservationRetention time.Duration `env:"RESERVATION_RETENTION" envDefault:"2160h" desc:"How long released, expired and refused reservations are kept, 720h or more. Their ids stay taken for ever."`
}

const (
	maxBatch = 2000
	maxQueue = 1_000_000
)

func check(cfg Config) error {
	if cfg.LowStockThreshold < 0 || cfg.LowStockThreshold > stock.MaxOnHand {
		return errors.New("LOW_STOCK_THRESHOLD: must be 0 to 1000000000")
	}
	if cfg.ReserveBatch < 1 || cfg.ReserveBatch > maxBatch {
		return fmt.Errorf("RESERVE_BATCH: must be 1 to %d", maxBatch)
	}
	if cfg.ReserveQueue < 1 || cfg.ReserveQueue > maxQueue {
		return fmt.Errorf("RESERVE_QUEUE: must be 1 to %d", maxQueue)
	}
	if cfg.AvailabilityMaxAge < 0 || cfg.AvailabilityMaxAge > time.Minute {
		return errors.New("AVAILABILITY_MAX_AGE: must be 0 to 1m")
	}
	if cfg.ReservationRetention < stock.LeastRetention {
		return fmt.Errorf("RESERVATION_RETENTION: must be %s or more", stock.LeastRetention)
	}
	return nil
}
