package app

import (
	"errors"
	"fmt"
	"net/url"
	"time"

	"github.com/cartwright-shop/cartwright/services/payment/internal/giftcard"
	"github.com/cartwright-shop/cartwright/services/payment/internal/payment"
	"github.com/cartwright-shop/cartwright/services/platform/service"
)

// Config is the settings of the payment service.
type Config struct {
	service.Config
	// CartAddr is who is told about changes of payments.
	CartAddr string `env:"CART_ADDR" envDefault:"cart:9000" desc:"host:port of cart, which is told about changes of payments."`
	// SandboxURL is the sandbox provider.
	SandboxURL string `env:"SANDBOX_URL" desc:"URL of the sandbox provider. Empty: its methods are not offered. Never set it where real orders are taken."`
	// SandboxAPIKey is the merchant's key at the sandbox provider.
	SandboxAPIKey string `env:"SANDBOX_API_KEY" secret:"true" desc:"API key at the sandbox provider."`
	// SandboxMerchant is the merchant's account at the sandbox provider.
	SandboxMerchant string `env:"SANDBOX_MERCHANT" envDefault:"cartwright-demo" desc:"Account at the sandbox provider; answers about another one are not believed."`
	// SandboxWebhookSecret verifies the sandbox provider's notifications.
	SandboxWebhookSecret string `env:"SANDBOX_WEBHOOK_SECRET" secret:"true" desc:"Secret that signs the sandbox provider's notifications."`
	// SandboxWebhookSecretNext is accepted beside it while the secret is being changed.
	SandboxWebhookSecretNext string `env:"SANDBOX_WEBHOOK_SECRET_NEXT" secret:"true" desc:"Second secret accepted while the first is being changed."`
	// ProviderTimeout bounds one call of a provider.
	ProviderTimeout time.Duration `env:"PROVIDER_TIMEOUT" envDefault:"8s" desc:"Longest wait for a provider's answer; past it the outcome is in doubt and is asked for."`
	// ResolveInterval paces the resolver.
	ResolveInterval time.Duration `env:"RESOLVE_INTERVAL" envDefault:"1s" desc:"How often operations in doubt are looked for, and the first wait before one is asked for; later waits double up to 10m."`
	// GiftCardKey makes and recognises gift card codes.
	GiftCardKey string `env:"GIFT_CARD_KEY" secret:"true" desc:"Secret of 32 bytes or more that gift card codes are made and recognised with. Changing it makes all issued codes unknown."`
	// ReturnURLHosts are where buyers may be sent back to.
	ReturnURLHosts []string `env:"RETURN_URL_HOSTS" envDefault:"localhost,127.0.0.1" desc:"Hosts that buyers may be sent back to, separated by commas; a leading dot allows subdomains."`
	// ExpiringAuthorizations is what happens to authorizations that are about to end.
	ExpiringAuthorizations string `env:"EXPIRING_AUTHORIZATIONS" envDefault:"tell" desc:"What happens 12 hours before an authorization ends with something left to capture: tell (the order's owner decides) or capture (all that is left)."`
	// MaxDeclines limits refused card attempts of an order and of a cart.
	MaxDeclines int `env:"CARD_MAX_DECLINES" envDefault:"5" desc:"Refused card payments per order and per cart in the window."`
	// MaxCustomerDeclines limits refused card attempts of a customer.
	MaxCustomerDeclines int `env:"CARD_MAX_CUSTOMER_DECLINES" envDefault:"10" desc:"Refused card payments per customer in the window."`
	// AttemptWindow is the time in which refused attempts are counted.
	AttemptWindow time.Duration `env:"CARD_ATTEMPT_WINDOW" envDefault:"1h" desc:"Time in which refused card payments are counted; at most two hours."`
}

func check(cfg Config) error {
	var problems []error
	if cfg.SandboxURL != "" {
		u, err := url.Parse(cfg.SandboxURL)
		if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
			problems = append(problems, errors.New("SANDBOX_URL: must be an http or https URL"))
		}
		for name, value := range map[string]string{"SANDBOX_API_KEY": cfg.SandboxAPIKey, "SANDBOX_WEBHOOK_SECRET": cfg.SandboxWebhookSecret} {
			if len(value) < 16 {
				problems = append(problems, fmt.Errorf("%s: must have 16 characters or more", name))
			}
		}
	}
	if cfg.SandboxWebhookSecretNext != "" && len(cfg.SandboxWebhookSecretNext) < 16 {
		problems = append(problems, errors.New("SANDBOX_WEBHOOK_SECRET_NEXT: must have 16 characters or more"))
	}
	if _, err := giftcard.NewCodes([]byte(cfg.GiftCardKey)); err != nil {
		problems = append(problems, fmt.Errorf("GIFT_CARD_KEY: %w", err))
	}
	if policy := payment.ExpiryPolicy(cfg.ExpiringAuthorizations); policy != payment.TellExpiring && policy != payment.CaptureExpiring {
		problems = append(problems, errors.New("EXPIRING_AUTHORIZATIONS: must be tell or capture"))
	}
	if cfg.ProviderTimeout < 100*time.Millisecond || cfg.ProviderTimeout > 20*time.Second {
		problems = append(problems, errors.New("PROVIDER_TIMEOUT: must be 100ms to 20s"))
	}
	if cfg.ResolveInterval < 50*time.Millisecond || cfg.ResolveInterval > time.Minute {
		problems = append(problems, errors.New("RESOLVE_INTERVAL: must be 50ms to 1m"))
	}
	if cfg.MaxDeclines < 1 || cfg.MaxCustomerDeclines < 1 {
		problems = append(problems, errors.New("CARD_MAX_DECLINES and CARD_MAX_CUSTOMER_DECLINES: must be 1 or more"))
	}
	if cfg.AttemptWindow < time.Minute || cfg.AttemptWindow > 2*time.Hour {
		problems = append(problems, errors.New("CARD_ATTEMPT_WINDOW: must be 1m to 2h"))
	}
	return errors.Join(problems...)
}
