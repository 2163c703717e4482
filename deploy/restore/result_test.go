package restore

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// tableOf is the table of results.
func tableOf(t *testing.T, results ...Result) string {
	t.Helper()
	var printed bytes.Buffer
	p := Plan{Dir: t.TempDir(), Output: &printed}
	require.NoError(t, report(p, results))
	kept, err := os.ReadFile(filepath.Join(p.Dir, tableFile))
	require.NoError(t, err)
	require.Contains(t, printed.String(), string(kept))
	return string(kept)
}

// When it fails, the table of a restore that failed reads like that of one that lost nothing.
func TestTheTableOfAFailedRestoreSaysSo(t *testing.T) {
	t.Parallel()
	full := Result{
		What: "the newest point", reached: stageWhole, Took: 9 * time.Second, Promises: 100, Missing: 7, Orders: 3, Movements: 4, Captures: 1,
		Minor: 250, Numbers: 5, Parked: 2, Bought: 6, Steps: []Step{{Name: "play the log back", Took: time.Second}},
	}
	table := tableOf(t, full)
	require.NotContains(t, table, notRun)
	require.NotContains(t, table, "FAILED")
	require.Contains(t, table, "given again | 5, 0 |")

	table = tableOf(t, full, Result{What: "a time"})
	for _, row := range []string{
		"(RTO) | 9.0 s | NOT RUN |", "play the log back | 1.0 s | NOT RUN |", "(RPO) | 0.0 s | NOT RUN |",
		"missing | 100, 7 (3 orders) | NOT RUN |", "found by reconciliation | 4, of them 1 captures of £2.50 | NOT RUN |",
		"given again | 5, 0 | NOT RUN |", "set aside | 2 | NOT RUN |", "orders placed afterwards | 6 | NOT RUN |",
	} {
		require.Contains(t, table, row)
	}

	twice := full
	twice.reached, twice.Again = stageLooked, 3
	table = tableOf(t, twice)
	require.Contains(t, table, "given again | FAILED (5, 3) |")
	require.Contains(t, table, "found by reconciliation | FAILED (4, of them 1 captures of £2.50) |")

	early := Result{reached: stagePlayed, Numbers: 5}
	require.ErrorIs(t, early.timed("audit", func() error { return ErrWrong }), ErrWrong)
	table = tableOf(t, early)
	require.Contains(t, table, "given again | FAILED (5, NOT RUN) |")
	require.Contains(t, table, "audit | FAILED (0.0 s) |")
}
