package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/cartwright-shop/cartwright/services/payment/internal/sandboxserver"
	"github.com/cartwright-shop/cartwright/services/platform/config"
	"github.com/cartwright-shop/cartwright/services/platform/service"
	"github.com/cartwright-shop/cartwright/services/platform/telemetry"
)

// SandboxConfig is the settings of the sandbox provider.
type SandboxConfig struct {
	// Addr is where it is served.
	Addr string `env:"SANDBOX_ADDR" envDefault:"127.0.0.1:8081" desc:"Address of the provider."`
	// PublicURL is where buyers reach its pages.
	PublicURL string `env:"SANDBOX_PUBLIC_URL" desc:"URL of the provider as buyers see it. Empty: http:// and the address."`
	// Journal is the file that keeps every attempt.
	Journal string `env:"SANDBOX_JOURNAL" envDefault:"sandbox-journal.jsonl" desc:"File that keeps every attempt; it is the provider's only state."`
	// Sync flushes the journal before each answer.
	Sync bool `env:"SANDBOX_SYNC" envDefault:"false" desc:"Flush the journal to the disk before each answer, to survive a crash of the machine."`
	// Merchant is the account.
	Merchant string `env:"SANDBOX_MERCHANT" envDefault:"cartwright-demo" desc:"The merchant's account."`
	// APIKey is the merchant's key.
	APIKey string `env:"SANDBOX_API_KEY,notEmpty" secret:"true" desc:"The merchant's API key."`
	// WebhookURL receives events.
	WebhookURL string `env:"SANDBOX_WEBHOOK_URL" desc:"Where events are sent. Empty: nowhere."`
	// WebhookSecret signs events.
	WebhookSecret string `env:"SANDBOX_WEBHOOK_SECRET" secret:"true" desc:"Secret that signs events."`
	// AllEvents sends events for everything.
	AllEvents bool `env:"SANDBOX_ALL_EVENTS" envDefault:"false" desc:"Send an event for every change, not only for those that no answer told."`
	// KeyWindow is how long idempotency keys are honoured.
	KeyWindow time.Duration `env:"SANDBOX_KEY_WINDOW" envDefault:"24h" desc:"How long an idempotency key is honoured."`
	// ActionTTL is how long buyers have.
	ActionTTL time.Duration `env:"SANDBOX_ACTION_TTL" envDefault:"15m" desc:"How long a buyer has for a challenge, an approval or a QR code."`
	// ConfirmDelay is how long a paid voucher takes.
	ConfirmDelay time.Duration `env:"SANDBOX_CONFIRM_DELAY" envDefault:"500ms" desc:"How long a paid voucher takes to be confirmed."`
	// SlowDelay is how long a slow card takes.
	SlowDelay time.Duration `env:"SANDBOX_SLOW_DELAY" envDefault:"3s" desc:"How long the slow card takes."`
}

// RunSandbox serves the sandbox provider until ctx ends.
func RunSandbox(ctx context.Context, environ []string, out io.Writer) error {
	cfg, err := config.Load[SandboxConfig](environ)
	if err != nil {
		return err
	}
	if cfg.WebhookURL != "" && cfg.WebhookSecret == "" {
		return errors.New("SANDBOX_WEBHOOK_SECRET: must be set when there is a SANDBOX_WEBHOOK_URL")
	}
	log := telemetry.NewLogger(out, zap.NewAtomicLevelAt(zapcore.InfoLevel), "sandbox", service.Version())
	listener, err := net.Listen("tcp", cfg.Addr)
	if err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	if cfg.PublicURL == "" {
		cfg.PublicURL = "http://" + listener.Addr().String()
	}
	server, err := sandboxserver.New(sandboxserver.Config{
		JournalPath: cfg.Journal, Sync: cfg.Sync, Merchant: cfg.Merchant, APIKey: cfg.APIKey, PublicURL: cfg.PublicURL,
		WebhookURL: cfg.WebhookURL, WebhookSecret: cfg.WebhookSecret, AllEvents: cfg.AllEvents, KeyWindow: cfg.KeyWindow,
		ActionTTL: cfg.ActionTTL, ConfirmDelay: cfg.ConfirmDelay, SlowDelay: cfg.SlowDelay, Log: log,
	})
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	log.Info("the sandbox provider is ready", zap.String("url", cfg.PublicURL), zap.String("journal", cfg.Journal))
	return errors.Join(serveSandbox(ctx, server, listener, log), server.Close())
}

func serveSandbox(ctx context.Context, server *sandboxserver.Server, listener net.Listener, log *zap.Logger) error {
	web := &http.Server{
		Handler: server.Handler(), ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute,
		ErrorLog: zap.NewStdLog(log.WithOptions(zap.IncreaseLevel(zapcore.ErrorLevel))),
	}
	ended := make(chan error, 1)
	go func() { ended <- web.Serve(listener) }()
	running, stop := context.WithCancel(ctx)
	defer stop()
	background := make(chan error, 1)
	go func() { background <- server.Run(running) }()
	select {
	case err := <-ended:
		stop()
		return errors.Join(err, <-background)
	case <-ctx.Done():
	}
	err := <-background
	drain, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	if shutdownErr := web.Shutdown(drain); shutdownErr != nil {
		err = errors.Join(err, web.Close())
	}
	return err
}
