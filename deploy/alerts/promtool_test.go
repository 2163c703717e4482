package alerts_test

import (
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// When it fails, an alert does not ring when it has to, or rings when all is well. It runs where promtool is built already (make rules
// builds it): that takes longer than all tests of this module.
func TestRulesRingAndAreQuiet(t *testing.T) {
	t.Parallel()
	tool, err := filepath.Abs("../../.bin/promtool")
	require.NoError(t, err)
	if _, err := exec.LookPath(tool); err != nil {
		t.Log("NOT RUN: promtool is not built; make rules does both")
		return
	}
	tests, err := filepath.Glob("prometheus/*_test.yaml")
	require.NoError(t, err)
	require.NotEmpty(t, tests)
	output, err := exec.CommandContext(t.Context(), tool, append([]string{"test", "rules"}, tests...)...).CombinedOutput()
	require.NoError(t, err, "%s", output)
}
