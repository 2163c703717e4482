package release_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// repository has one commit with migrations and thresholds of cart.
func repository(t *testing.T) (root, commit string) {
	t.Helper()
	root = t.TempDir()
	for name, text := range map[string]string{
		"services/cart/internal/postgres/migration/001_create_cart.sql": "SELECT 1;\n",
		"services/cart/internal/postgres/migration/002_index_cart.sql":  "SELECT 2;\n",
	} {
		file := filepath.Join(root, name)
		require.NoError(t, os.MkdirAll(filepath.Dir(file), 0o755))
		require.NoError(t, os.WriteFile(file, []byte(text), 0o644))
	}
	var output []byte
	for _, arguments := range [][]string{
		{"init", "-q"}, {"add", "."}, {"-c", "user.name=a", "-c", "user.email=a@example.com", "commit", "-q", "-m", "one"}, {"rev-parse", "HEAD"},
	} {
		var err error
		output, err = exec.Command("git", append([]string{"-C", root}, arguments...)...).CombinedOutput()
		require.NoError(t, err, string(output))
	}
	return root, strings.TrimSpace(string(output))
}
