package app

import (
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/cartwright-shop/cartwright/services/cart/internal/checkout"
	worker "github.com/cartwright-shop/cartwright/services/cart/internal/job"
	"github.com/cartwright-shop/cartwright/services/platform/service"
)

// Config is the settings of the cart service.
type Config struct {
	service.Config
	// ProductAddr, PricingAddr, InventoryAddr and PaymentAddr are where the other services are.
	ProductAddr   string `env:"PRODUCT_ADDR" envDefault:"product:9000" desc:"host:port of product."`
	PricingAddr   string `env:"PRICING_ADDR" envDefault:"pricing:9000" desc:"host:port of pricing."`
	InventoryAddr string `env:"INVENTORY_ADDR" envDefault:"inventory:9000" desc:"host:port of inventory."`
	PaymentAddr   string `env:"PAYMENT_ADDR" envDefault:"payment:9000" desc:"host:port of payment."`
	// PriceFreshness is how long a cart's price is answered again without asking.
	PriceFreshness time.Duration `env:"PRICE_FRESHNESS" envDefault:"30s" desc:"How long a cart shows its prices before they are asked for again. A checkout always asks."`
	// TableFreshness is how long settings, tax rates, zones and channels are remembered.
	TableFreshness time.Duration `env:"TABLE_FRESHNESS" envDefault:"5s" desc:"How long settings, tax rates, shipping zones and channels are remembered."`
	// CheckoutHold is how long stock is held while a buyer pays.
	CheckoutHold time.Duration `env:"CHECKOUT_HOLD" envDefault:"15m" desc:"How long a checkout holds stock for the payment."`
	// CheckoutMethodHolds are exceptions of it by payment method.
	CheckoutMethodHolds map[string]time.Duration `env:"CHECKOUT_METHOD_HOLDS" envDefault:"voucher:72h" desc:"How long for payment methods that take longer: method:duration, separated by commas."`
	// CheckoutMargin is how long before the end of the hold a checkout gives up.
	CheckoutMargin time.Duration `env:"CHECKOUT_MARGIN" envDefault:"5m" desc:"How long before the stock would go back on sale a checkout gives up."`
}

func (c Config) checkout() checkout.Config {
	return checkout.Config{Hold: c.CheckoutHold, MethodHolds: c.CheckoutMethodHolds, Margin: c.CheckoutMargin}
}

func check(c Config) error {
	var problems []error
	for _, peer := range []struct{ name, addr string }{
		{"PRODUCT_ADDR", c.ProductAddr}, {"PRICING_ADDR", c.PricingAddr}, {"INVENTORY_ADDR", c.InventoryAddr}, {"PAYMENT_ADDR", c.PaymentAddr},
	} {
		if _, _, err := net.SplitHostPort(peer.addr); err != nil {
			problems = append(problems, fmt.Errorf("%s: %w", peer.name, err))
		}
	}
	for _, setting := range []struct {
		name string
		d    time.Duration
		most time.Duration
	}{{"PRICE_FRESHNESS", c.PriceFreshness, time.Hour}, {"TABLE_FRESHNESS", c.TableFreshness, time.Minute}} {
		if setting.d < 0 || setting.d > setting.most {
			problems = append(problems, fmt.Errorf("%s: must be 0 to %s", setting.name, setting.most))
		}
	}
	if err := c.checkout().Check(); err != nil {
		problems = append(problems, fmt.Errorf("CHECKOUT_HOLD, CHECKOUT_METHOD_HOLDS, CHECKOUT_MARGIN: %w", err))
	}
	problems = append(problems, c.checkNesting()...)
	return errors.Join(problems...)
}

// providerTime is the longest that the payment service may be set to wait for a provider.
const providerTime = 20 * time.Second

// checkNesting holds that whatever waits for something else has more time than that: a provider < one step < the checkout < the
// hold of its stock. The other way round a checkout gives up what is being done for it, or places an order whose stock has gone
// back on sale.
func (c Config) checkNesting() (problems []error) {
	if worker.RunTimeout <= providerTime {
		problems = append(problems, fmt.Errorf("a step may take %s, a provider alone %s", worker.RunTimeout, providerTime))
	}
	if c.CallTimeout >= worker.RunTimeout {
		problems = append(problems, fmt.Errorf("CALL_TIMEOUT: must be less than the %s that one step may take", worker.RunTimeout))
	}
	if c.CheckoutMargin < worker.RunTimeout {
		problems = append(problems, fmt.Errorf("CHECKOUT_MARGIN: must be at least the %s that one step may take: an order placed at the last moment commits its stock in it", worker.RunTimeout))
	}
	for method, hold := range c.holds() {
		if hold-c.CheckoutMargin <= worker.RunTimeout {
			problems = append(problems, fmt.Errorf("%s: a checkout would give up after %s, one step may take %s", method, hold-c.CheckoutMargin, worker.RunTimeout))
		}
	}
	return problems
}

// holds are the times that stock is held, by the setting that says so.
func (c Config) holds() map[string]time.Duration {
	holds := map[string]time.Duration{"CHECKOUT_HOLD": c.CheckoutHold}
	for method, hold := range c.CheckoutMethodHolds {
		holds["CHECKOUT_METHOD_HOLDS "+method] = hold
	}
	return holds
}
