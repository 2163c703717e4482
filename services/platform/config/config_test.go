package config_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cartwright-shop/cartwright/services/platform/config"
)

type nested struct {
	URL string `env:"URL" desc:"Where it is."`
}

type common struct {
	Addr string `env:"ADDR" envDefault:":9000" desc:"Address to listen on."`
}

type settings struct {
	common
	Common
	Wait  time.Duration `env:"WAIT" envDefault:"5s" desc:"How long to wait."`
	Key   string        `env:"KEY,required" secret:"true" desc:"Signs things."`
	Peer  nested        `envPrefix:"PEER_"`
	Count int           `env:"COUNT" envDefault:"3"`
	plain string
}

// Common is embedded by settings.
type Common struct {
	Level string `env:"LEVEL" envDefault:"info" desc:"How much to log."`
}

func file(t *testing.T, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "secret")
	require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
	return path
}

// Defaults and values must both arrive, in embedded and prefixed structs too.
func TestSettingsComeFromTheEnvironment(t *testing.T) {
	t.Parallel()
	cfg, err := config.Load[settings]([]string{"KEY=k", "WAIT=250ms", "PEER_URL=http://peer", "OTHER=x"})
	require.NoError(t, err)
	require.Equal(t, 250*time.Millisecond, cfg.Wait)
	require.Equal(t, "http://peer", cfg.Peer.URL)
	require.Equal(t, 3, cfg.Count)
	require.Equal(t, "info", cfg.Level)
	require.Empty(t, cfg.plain)
}

// Secrets are mounted as files; a trailing newline from an editor must not become part of a password.
func TestEverySettingMayComeFromAFile(t *testing.T) {
	t.Parallel()
	cfg, err := config.Load[settings]([]string{"KEY_FILE=" + file(t, "s3cret\n"), "PEER_URL_FILE=" + file(t, "http://peer")})
	require.NoError(t, err)
	require.Equal(t, "s3cret", cfg.Key)
	require.Equal(t, "http://peer", cfg.Peer.URL)
}

// Whoever deploys must learn all that is wrong in one try, and no secret may be in the text.
func TestAllProblemsAreReportedAtOnce(t *testing.T) {
	t.Parallel()
	_, err := config.Load[settings]([]string{"WAIT=soon", "COUNT=many", "LEVEL_FILE=/no/such/file"})
	for _, part := range []string{"Wait", "Count", "KEY", "LEVEL_FILE"} {
		require.ErrorContains(t, err, part)
	}
	_, err = config.Load[settings]([]string{"KEY=s3cret", "KEY_FILE=" + file(t, "other")})
	require.ErrorContains(t, err, "KEY")
	require.NotContains(t, err.Error(), "s3cret")
}

// READMEs are made from the table; a setting that is missing there does not exist for operators.
func TestTheTableListsEverySetting(t *testing.T) {
	t.Parallel()
	list := config.Settings[settings]()
	names := make([]string, len(list))
	for i, s := range list {
		names[i] = s.Name
	}
	require.Equal(t, []string{"ADDR", "LEVEL", "WAIT", "KEY", "PEER_URL", "COUNT"}, names)
	table := config.Table(list)
	require.Contains(t, table, "| `KEY` | required | Signs things. Secret. |")
	require.Contains(t, table, "| `WAIT` | `5s` | How long to wait. |")
	require.Contains(t, table, "| `PEER_URL` | none | Where it is. |")
}
