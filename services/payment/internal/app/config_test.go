package app_test

import (
	"context"
	"net"
	"net/http"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cartwright-shop/cartwright/services/payment/internal/app"
	"github.com/cartwright-shop/cartwright/services/platform/config"
)

// A wrong setting is one clear line before anything is served: fails when a shop starts with a secret that anyone can guess.
func TestSettingsAreChecked(t *testing.T) {
	t.Parallel()
	good := []string{
		"SANDBOX_URL=http://localhost:1", "SANDBOX_API_KEY=0123456789abcdef", "SANDBOX_WEBHOOK_SECRET=0123456789abcdef",
		"GIFT_CARD_KEY=0123456789abcdef0123456789abcdef",
	}
	check := func(settings ...string) error {
		cfg, err := config.Load[app.Config](append(append([]string{}, good...), settings...))
		require.NoError(t, err)
		return app.Program().Check(cfg)
	}
	require.NoError(t, check())
	require.NoError(t, check("SANDBOX_URL=", "SANDBOX_API_KEY=", "SANDBOX_WEBHOOK_SECRET="), "a shop without the sandbox")
	for setting, name := range map[string]string{
		"SANDBOX_URL=localhost": "SANDBOX_URL", "SANDBOX_API_KEY=": "SANDBOX_API_KEY", "SANDBOX_WEBHOOK_SECRET=": "SANDBOX_WEBHOOK_SECRET",
		"SANDBOX_WEBHOOK_SECRET_NEXT=x": "SANDBOX_WEBHOOK_SECRET_NEXT", "GIFT_CARD_KEY=short": "GIFT_CARD_KEY", "PROVIDER_TIMEOUT=1m": "PROVIDER_TIMEOUT",
		"RESOLVE_INTERVAL=1ms": "RESOLVE_INTERVAL", "CARD_MAX_DECLINES=0": "CARD_MAX_DECLINES", "CARD_ATTEMPT_WINDOW=3h": "CARD_ATTEMPT_WINDOW",
	} {
		require.ErrorContains(t, check(setting), name)
	}
}

// The sandbox provider's own program starts, answers and ends when it is told to: fails when `make up` would hang on it.
func TestSandboxProgram(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	addr := listener.Addr().String()
	require.NoError(t, listener.Close())
	require.ErrorContains(t, app.RunSandbox(t.Context(), nil, &log{}), "SANDBOX_API_KEY")
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		ended <- app.RunSandbox(ctx, []string{"SANDBOX_ADDR=" + addr, "SANDBOX_API_KEY=key", "SANDBOX_JOURNAL=" + filepath.Join(t.TempDir(), "j")}, &log{})
	}()
	require.Eventually(t, func() bool {
		response, err := http.Get("http://" + addr + "/livez")
		return err == nil && response.Body.Close() == nil && response.StatusCode == http.StatusOK
	}, waitFor, tick)
	cancel()
	require.NoError(t, <-ended)
}
