package service

import (
	"runtime/debug"
	"testing"

	"github.com/stretchr/testify/require"
)

// Whoever looks at a log line or a metric at night must learn from it which build runs, however it was built.
func TestABuildHasAName(t *testing.T) {
	t.Parallel()
	committed := &debug.BuildInfo{Settings: []debug.BuildSetting{{Key: "vcs.revision", Value: "0123456789abcdef"}}}
	require.Equal(t, "1.2.3+fedcba987654", versionOf("1.2.3+fedcba987654", committed), "a release is named by its stamp")
	require.Equal(t, "0123456789ab", versionOf(unstamped, committed))
	require.Equal(t, "(devel)", versionOf(unstamped, &debug.BuildInfo{Main: debug.Module{Version: "(devel)"}}))
	require.Equal(t, "unknown", versionOf(unstamped, &debug.BuildInfo{}))
	require.Equal(t, "unknown", versionOf(unstamped, nil))
}
