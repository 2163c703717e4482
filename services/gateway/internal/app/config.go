package app

import (
	"errors"
	"fmt"
	"net/url"
	"time"

	"github.com/cartwright-shop/cartwright/services/gateway/internal/caller"
	"github.com/cartwright-shop/cartwright/services/platform/service"
)

// Config is the gateway's settings.
type Config struct {
	service.Config
	// HTTPAddr is the public port.
	HTTPAddr string `env:"HTTP_ADDR" envDefault:":8080" desc:"Address of the public port: REST and gRPC."`
	// ProductAddr and the others are where the services listen.
	ProductAddr   string `env:"PRODUCT_ADDR" envDefault:"product:9000" desc:"host:port of product."`
	PricingAddr   string `env:"PRICING_ADDR" envDefault:"pricing:9000" desc:"host:port of pricing."`
	InventoryAddr string `env:"INVENTORY_ADDR" envDefault:"inventory:9000" desc:"host:port of inventory."`
	PaymentAddr   string `env:"PAYMENT_ADDR" envDefault:"payment:9000" desc:"host:port of payment."`
	CartAddr      string `env:"CART_ADDR" envDefault:"cart:9000" desc:"host:port of cart."`
	// Issuer is who signs tokens.
	Issuer string `env:"OIDC_ISSUER" desc:"Issuer of the tokens, compared exactly with their iss; its discovery document names the keys."`
	// Audience must be in tokens.
	Audience string `env:"OIDC_AUDIENCE" envDefault:"cartwright" desc:"Audience that a token must be made for."`
	// RequireAccessToken refuses tokens that do not say they are access tokens.
	RequireAccessToken bool `env:"OIDC_REQUIRE_AT_JWT" envDefault:"true" desc:"Refuse tokens whose typ header is not at+jwt (RFC 9068). Switch off only for an issuer that does not set it."`
	// Origins may call from a browser.
	Origins []string `env:"CORS_ORIGINS" desc:"Origins that may call from a browser, such as https://shop.example.com, separated by commas; * allows any. None: only pages of the gateway's own origin."`
	// TrustedProxies say whom they speak for.
	TrustedProxies []string `env:"TRUSTED_PROXIES" desc:"Addresses and networks of the load balancers in front, separated by commas: X-Forwarded-For counts only from them. Without it everybody behind a balancer is one client to CLIENT_RATE and to the limit on gift card tries."`
	// RequestDeadline bounds a request.
	RequestDeadline time.Duration `env:"REQUEST_DEADLINE" envDefault:"25s" desc:"How long one request may take; the slowest is a checkout whose provider is slow."`
	// BrowseDeadline bounds a request to the catalogue.
	BrowseDeadline time.Duration `env:"BROWSE_DEADLINE" envDefault:"3s" desc:"How long one request to the catalogue may take."`
	// MaxConcurrent bounds the work of the process.
	MaxConcurrent int `env:"MAX_CONCURRENT" envDefault:"1024" desc:"Requests worked on at once, those that wait for room among them. Above 80 % of it browsing is refused with OVERLOADED, above 90 % carts, above 95 % the back office, above 98 % checkouts."`
	// MinConcurrent is what the limit that is found does not fall below.
	MinConcurrent int `env:"MIN_CONCURRENT" envDefault:"0" desc:"Pages and carts are worked on as many at once as answers stay quick with, but never fewer than this; 0 means eight for each processor. MAX_CONCURRENT here leaves that as the only limit."`
	// ClientRate bounds one client address.
	ClientRate float64 `env:"CLIENT_RATE" envDefault:"0" desc:"Requests a second that one client address may send to this process; 0 means no limit."`
}

// check finds what the types of the settings cannot.
func check(c Config) error {
	var problems []error
	if issuer, err := url.Parse(c.Issuer); err != nil || issuer.Host == "" || issuer.Scheme != "http" && issuer.Scheme != "https" {
		problems = append(problems, errors.New("OIDC_ISSUER: must be an http or https URL"))
	}
	if c.Audience == "" {
		problems = append(problems, errors.New("OIDC_AUDIENCE: must be set"))
	}
	for _, origin := range c.Origins {
		if err := checkOrigin(origin); err != nil {
			problems = append(problems, fmt.Errorf("CORS_ORIGINS: %w", err))
		}
	}
	if _, err := caller.ParseProxies(c.TrustedProxies); err != nil {
		problems = append(problems, fmt.Errorf("TRUSTED_PROXIES: %w", err))
	}
	for name, wrong := range map[string]bool{
		"REQUEST_DEADLINE: must be more than zero": c.RequestDeadline <= 0, "BROWSE_DEADLINE: must be more than zero": c.BrowseDeadline <= 0,
		"MAX_CONCURRENT: must be more than zero": c.MaxConcurrent < 1, "CLIENT_RATE: must not be negative": c.ClientRate < 0,
		"MIN_CONCURRENT: must not be negative": c.MinConcurrent < 0,
	} {
		if wrong {
			problems = append(problems, errors.New(name))
		}
	}
	return errors.Join(problems...)
}

func checkOrigin(text string) error {
	if text == "*" {
		return nil
	}
	origin, err := url.Parse(text)
	if err != nil || origin.Scheme+"://"+origin.Host != text || origin.Host == "" {
		return fmt.Errorf("%q is no origin: write scheme://host[:port] and nothing after it, or *", text)
	}
	return nil
}
