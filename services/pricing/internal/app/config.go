package app

import "github.com/cartwright-shop/cartwright/services/platform/service"

// Config is the settings of the pricing service.
type Config struct {
	service.Config
}
