package main

import (
	"encoding/base64"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// A login that is written wrong fails at the push, after everything else was done; one that others can read is a leak.
func TestLogin(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "docker")
	require.NoError(t, run([]string{"registry.example.com"}, strings.NewReader("secret\n"), dir))
	text, err := os.ReadFile(filepath.Join(dir, "config.json"))
	require.NoError(t, err)
	login := base64.StdEncoding.EncodeToString([]byte("AWS:secret"))
	require.JSONEq(t, `{"auths": {"registry.example.com": {"auth": "`+login+`"}}}`, string(text))
	info, err := os.Stat(filepath.Join(dir, "config.json"))
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode().Perm())

	require.ErrorContains(t, run([]string{"registry.example.com"}, strings.NewReader("\n"), dir), "no password")
	require.ErrorContains(t, run(nil, strings.NewReader("secret"), dir), "registry")
	require.ErrorContains(t, run([]string{"registry.example.com"}, strings.NewReader("secret"), ""), "DOCKER_CONFIG")
}
